package specfile

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
)

// Set changes one value below v, a pointer to a type of the model, as an
// assignment says:
//
//	replicas=3                       a key's value
//	canary.weight=10                 below another key
//	ports[0].port=80                 of an entry, by its index,
//	ports[grpc].port=9000            its name, a call's service, or what it says
//	podLabels.tier=web               of a label: the rest of the path is its key
//	hosts=[a.example.com, b.example.com]
//	hosts=a.example.com              a list of one
//	hosts+=b.example.com             one entry more, or several: +=[b, c]
//	timeout-                         without the key
//	ports[grpc]-                     without the entry
//
// += and not an index such as [+], because shells and jq write it so, and none
// of its characters needs quotes in a shell.
//
// What stands behind = is YAML between brackets or one word, read by what reads
// the file, with the same errors. An error is a diag.List whose paths are
// relative to v, and leaves v as it was. Nothing is changed that another copy
// of *v shares.
func Set(v any, assignment string) error {
	root := reflect.ValueOf(v).Elem()
	a, err := cutAssignment(assignment)
	if err != nil {
		return err
	}
	fresh := reflect.New(root.Type()).Elem()
	fresh.Set(root)
	a.step(fresh, a.path, &place{}, &field{required: true})
	if len(a.list) > 0 {
		return a.list
	}
	root.Set(fresh)
	return nil
}

// assignment is what an assignment says to do.
type assignment struct {
	text string
	path string
	op   string // "=", "+=" or "-"
	node *yaml.Node
	list diag.List
}

// cutAssignment takes an assignment apart.
func cutAssignment(text string) (*assignment, error) {
	a := &assignment{text: text}
	at := equals(text)
	if at < 0 {
		path, found := strings.CutSuffix(text, "-")
		if !found || path == "" {
			a.fail(nil, "bad-assignment", "write KEY=VALUE, KEY+=VALUE, or KEY- to remove the key", "is no assignment")
			return nil, a.list
		}
		a.path, a.op = path, "-"
		return a, nil
	}
	a.path, a.op = text[:at], "="
	if path, found := strings.CutSuffix(a.path, "+"); found {
		a.path, a.op = path, "+="
	}
	if a.path == "" {
		a.fail(nil, "bad-assignment", "write KEY=VALUE", "names no key before the =")
		return nil, a.list
	}
	a.read(text[at+1:])
	return a, a.list.Err()
}

// equals gives the place of the = of an assignment, or -1. One between brackets
// belongs to the name of an entry.
func equals(text string) int {
	depth := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == '=' && depth <= 0:
			return i
		}
	}
	return -1
}

// read reads the value of an assignment.
func (a *assignment) read(text string) {
	if strings.TrimSpace(text) == "" {
		a.fail(pathOnly(a.path), "no-value", fmt.Sprintf("write a value behind the =, or %s- to remove the key", a.path), "has no value")
		return
	}
	d := &decoder{}
	n := d.load([]byte(text))
	switch {
	case len(d.list) > 0 && d.list[0].Code == "syntax":
		a.fail(pathOnly(a.path), "syntax", "put text in quotes, and close every bracket", "%s", d.list[0].Message)
	case len(d.list) > 0:
		a.fail(pathOnly(a.path), d.list[0].Code, d.list[0].Fix, "%s", d.list[0].Message)
	case n == nil:
		a.fail(pathOnly(a.path), "no-value", "put it in quotes", "has no value")
	case (n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode) && n.Style&yaml.FlowStyle == 0:
		a.fail(pathOnly(a.path), "wrong-type", "write {key: value} or [a, b], or put text in quotes", "%s is in block style", excerpt(text))
	}
	a.node = n
}

// pathOnly is a place whose text is a path as it was typed.
func pathOnly(path string) *place { return &place{parent: &place{}, key: path} }

// fail records an error about a part of the assignment.
func (a *assignment) fail(p *place, code, fix, format string, args ...any) {
	path := ""
	if p != nil {
		path = p.String()
	}
	a.list = append(a.list, diag.Diagnostic{Path: path, Severity: diag.Error, Code: code, Fix: fix,
		Message: fmt.Sprintf(format, args...) + ", in " + excerpt(a.text)})
}

// step follows the rest of the path below v, which is no part of another value.
func (a *assignment) step(v reflect.Value, rest string, p *place, f *field) {
	if rest == "" {
		a.do(v, p, f)
		return
	}
	switch t := v.Type(); {
	case t.Kind() == reflect.Pointer:
		if v.IsNil() && a.op == "-" {
			v = reflect.New(t).Elem() // followed for errors alone
		}
		fresh := reflect.New(t.Elem())
		if !v.IsNil() {
			fresh.Elem().Set(v.Elem())
		}
		v.Set(fresh)
		a.step(fresh.Elem(), rest, p, f)
	case tables[t] != nil:
		a.stepKey(v, rest, p)
	case t.Kind() == reflect.Slice:
		a.stepEntry(v, rest, p)
	case t.Kind() == reflect.Map:
		a.stepLabel(v, rest, p)
	default:
		a.fail(p, "unknown-key", "end the path there", "has nothing below it, and %s is wanted", excerpt(rest))
	}
}

func (a *assignment) stepKey(v reflect.Value, rest string, p *place) {
	rest = strings.TrimPrefix(rest, ".")
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		end = len(rest)
	}
	key, rest := rest[:end], rest[end:]
	tab, at := tables[v.Type()], &place{parent: p, key: key}
	i, known := tab.byKey[key]
	if !known {
		fix := "known keys are " + strings.Join(tab.keys, ", ")
		if near := diag.Nearest(key, tab.keys); near != "" {
			fix = "did you mean " + near + "?"
		}
		a.fail(at, "unknown-key", fix, "unknown key")
		return
	}
	a.step(v.Field(tab.fields[i].index), rest, at, &tab.fields[i])
}

// stepLabel takes the whole rest of the path for a label's key: those hold dots.
func (a *assignment) stepLabel(v reflect.Value, rest string, p *place) {
	key := strings.TrimPrefix(rest, ".")
	if inner, ok := strings.CutPrefix(rest, "["); ok {
		key = strings.TrimSuffix(inner, "]")
	}
	t := v.Type()
	if key == "" {
		a.fail(p, "missing", fmt.Sprintf("write %s.app=…", p), "names no label")
		return
	}
	k, at := reflect.ValueOf(key).Convert(t.Key()), &place{parent: p, key: key}
	fresh := reflect.MakeMap(t)
	for _, old := range v.MapKeys() {
		fresh.SetMapIndex(old, v.MapIndex(old))
	}
	value := reflect.New(t.Elem()).Elem()
	if a.do(value, at, nil); a.op == "-" {
		value = reflect.Value{}
	}
	fresh.SetMapIndex(k, value)
	v.Set(fresh)
	if fresh.Len() == 0 {
		v.SetZero()
	}
}

// do makes the change at the end of the path.
func (a *assignment) do(v reflect.Value, p *place, f *field) {
	list := v.Kind() == reflect.Slice
	switch {
	case a.op == "-":
		if f != nil && f.required {
			a.fail(p, "missing", "give it another value", "is required")
			return
		}
		v.SetZero()
		return
	case a.op == "+=" && !list:
		a.fail(p, "wrong-type", "write = instead of +=", "is no list that could grow")
		return
	}
	n := a.node
	if list && (n.Kind == yaml.ScalarNode && singleWord(v.Type().Elem()) || n.Kind == yaml.MappingNode && a.op == "+=") {
		n = &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: []*yaml.Node{n}, Line: 1, Column: 1}
	}
	fresh := reflect.New(v.Type()).Elem()
	d := &decoder{}
	d.value(n, fresh, p, f)
	for _, found := range d.list {
		found.Line, found.Column = 0, 0
		found.Message += ", in " + excerpt(a.text)
		a.list = append(a.list, found)
	}
	if a.op == "+=" {
		fresh = reflect.AppendSlice(v.Slice3(0, v.Len(), v.Len()), fresh)
	}
	v.Set(fresh)
}

// singleWord reports whether entries of a list may be written as one word.
func singleWord(t reflect.Type) bool {
	tab := tables[t]
	return tab == nil || tab.shorthand >= 0
}
