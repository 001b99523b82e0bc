package manifest

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
)

// opaque is implemented by types that read their own node, such as IntOrString.
var opaque = reflect.TypeFor[yaml.Unmarshaler]()

var intOrString = reflect.TypeFor[IntOrString]()

// yaml11Bool are plain words that a YAML 1.1 reader, which kubectl's is, takes
// for booleans though this package's reader takes them for strings.
var yaml11Bool = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false)$`)

// checker walks a node beside the type that it is to be decoded into.
type checker struct {
	file     string
	files    map[*yaml.Node]string // the parts that came from other files
	tolerant bool
	numbers  bool // whether numbers and booleans are checked here, for their column
	findings diag.List
	seen     map[visit]bool // made with the first anchor
}

// visit keeps aliases from being walked more than once for each type.
type visit struct {
	node *yaml.Node
	typ  reflect.Type
}

// trail is the way to a node, written out only where there is something to say.
type trail struct {
	up    *trail
	key   string
	item  bool // of a list, which has an index and no key
	index int
}

func (t *trail) String() string {
	switch {
	case t == nil:
		return ""
	case t.item:
		return fmt.Sprintf("%s[%d]", t.up, t.index)
	}
	return join(t.up.String(), t.key)
}

func (c *checker) fault(node *yaml.Node, path *trail, code, fix, format string, args ...any) {
	c.findings = append(c.findings, diag.Diagnostic{
		File: c.file, Line: node.Line, Column: node.Column, Path: path.String(),
		Severity: diag.Error, Code: code, Fix: fix, Message: fmt.Sprintf(format, args...),
	})
}

// walk reports keys that t has no field for, and words that are no strings
// where t wants one.
func (c *checker) walk(node *yaml.Node, t reflect.Type, path *trail) {
	again := node.Anchor != ""
	if node.Kind == yaml.AliasNode {
		node, again = node.Alias, true
	}
	if other, ok := c.files[node]; ok && other != c.file {
		defer func(file string) { c.file = file }(c.file)
		c.file = other
	}
	if c.numbers && t == intOrString {
		c.walkIntOrString(node, path)
		return
	}
	if readsItself(t) {
		return
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
		if readsItself(t) {
			return
		}
	}
	// Whatever else there is, is met once.
	if again {
		if c.seen == nil {
			c.seen = map[visit]bool{}
		}
		if c.seen[visit{node, t}] {
			return
		}
		c.seen[visit{node, t}] = true
	}
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" {
		return
	}
	switch t.Kind() {
	case reflect.Struct:
		c.walkStruct(node, t, path)
	case reflect.Slice:
		if node.Kind != yaml.SequenceNode {
			c.fault(node, path, "wrong-type", "write a list", "is no list")
			return
		}
		for i, item := range node.Content {
			c.walk(item, t.Elem(), &trail{up: path, item: true, index: i})
		}
	case reflect.Map:
		if node.Kind != yaml.MappingNode {
			c.fault(node, path, "wrong-type", "write keys with values", "is no mapping")
			return
		}
		for i := 0; i+1 < len(node.Content); i += 2 {
			c.walk(node.Content[i], t.Key(), path)
			c.walk(node.Content[i+1], t.Elem(), &trail{up: path, key: node.Content[i].Value})
		}
	case reflect.String:
		c.walkString(node, path)
	case reflect.Int, reflect.Bool, reflect.Float64:
		if c.numbers {
			c.walkScalar(node, t.Kind(), path)
		}
	}
}

// walkScalar reports what is not the number or the boolean that is wanted, and
// numbers that no field of an API holds.
func (c *checker) walkScalar(node *yaml.Node, kind reflect.Kind, path *trail) {
	want, fix := "a whole number", "write a whole number"
	switch kind {
	case reflect.Bool:
		want, fix = "true or false", "write true or false"
	case reflect.Float64:
		want, fix = "a number", "write a number"
	}
	var err error
	switch tag := node.ShortTag(); {
	case node.Kind != yaml.ScalarNode:
		err = errors.New("no scalar")
	case kind == reflect.Int && tag == "!!int":
		err = node.Decode(new(int))
	case kind == reflect.Bool && tag == "!!bool":
	case kind == reflect.Float64 && (tag == "!!float" || tag == "!!int"):
	default:
		err = errors.New("another type")
	}
	if err != nil {
		c.fault(node, path, "wrong-type", fix, "is not %s", want)
	}
}

func (c *checker) walkIntOrString(node *yaml.Node, path *trail) {
	tag := node.ShortTag()
	if node.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!str" && tag != "!!null" || tag == "!!int" && node.Decode(new(int)) != nil {
		c.fault(node, path, "wrong-type", "write a number or a name", "is neither a number nor a name")
	}
}

func (c *checker) walkString(node *yaml.Node, path *trail) {
	if node.Kind != yaml.ScalarNode {
		c.fault(node, path, "wrong-type", "write one word or line", "is no string")
		return
	}
	if node.ShortTag() != "!!str" || node.Style == 0 && yaml11Bool.MatchString(node.Value) {
		c.fault(node, path, "unquoted", "quote it", "%s is read as %s, not as a string", node.Value, readAs(node))
	}
}

// readAs says what a scalar without quotes is taken for.
func readAs(node *yaml.Node) string {
	switch node.ShortTag() {
	case "!!int", "!!float":
		return "a number"
	case "!!timestamp":
		return "a date"
	case "!!null":
		return "nothing"
	case "!!bool", "!!str": // the latter by readers of YAML 1.1
		return "a boolean"
	}
	return "another type"
}

func (c *checker) walkStruct(node *yaml.Node, t reflect.Type, path *trail) {
	if node.Kind != yaml.MappingNode {
		c.fault(node, path, "wrong-type", "write keys with values", "is no mapping")
		return
	}
	fields := keysOf(t)
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field, known := fields[key.Value]
		if !known {
			if !c.tolerant {
				names := make([]string, 0, len(fields))
				for name := range fields {
					names = append(names, name)
				}
				fix := "remove it"
				if near := diag.Nearest(key.Value, names); near != "" {
					fix = "write " + near
				}
				c.fault(key, &trail{up: path, key: key.Value}, "unknown-field", fix, "there is no such field")
			}
			continue
		}
		c.walk(value, field, &trail{up: path, key: key.Value})
	}
}

// keys are the YAML keys of struct types, by type: map[string]reflect.Type.
var keys sync.Map

// keysOf gives the types of a struct's YAML keys. It is not to be changed.
func keysOf(t reflect.Type) map[string]reflect.Type {
	if known, ok := keys.Load(t); ok {
		return known.(map[string]reflect.Type)
	}
	fields := map[string]reflect.Type{}
	collect(t, fields)
	keys.Store(t, fields)
	return fields
}

// selfReading tells of types whether they read their own node: bool.
var selfReading sync.Map

func readsItself(t reflect.Type) bool {
	if known, ok := selfReading.Load(t); ok {
		return known.(bool)
	}
	itself := reflect.PointerTo(t).Implements(opaque) || t == reflect.TypeFor[yaml.Node]()
	selfReading.Store(t, itself)
	return itself
}

// collect lists a struct's YAML keys, those of inlined structs among them.
func collect(t reflect.Type, into map[string]reflect.Type) {
	for field := range fieldsOf(t) {
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if options == "inline" {
			collect(field.Type, into)
			continue
		}
		into[name] = field.Type
	}
}

func fieldsOf(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
