package manifest

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
)

// Position is a place in a file that a person can open.
type Position struct {
	File   string
	Line   int // 1-based; 0 if unknown
	Column int // 1-based, in runes; 0 if unknown
}

// String gives file:line:column, without what is unknown.
func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	s := p.File + ":" + strconv.Itoa(p.Line)
	if p.Column > 0 {
		s += ":" + strconv.Itoa(p.Column)
	}
	return s
}

// At is the place of a part of the object, which keys (string) and indices
// (int) lead to: At("spec", "ingress", 0, "from"). Of a part that is not there
// it is the place of the deepest part on the way that is. A scalar's place is
// its own, also where an alias stands for it; a mapping's or a list's is that
// of its key, or of itself as an item. A part that a patch brought stands in
// the patch's file.
func (o *Object) At(path ...any) Position {
	position, _ := o.locate(path)
	return position
}

// Has reports whether the object has the part that path leads to.
func (o *Object) Has(path ...any) bool {
	_, found := o.locate(path)
	return found
}

func (o *Object) locate(path []any) (Position, bool) {
	node, file := o.Node, o.File
	if node == nil {
		return Position{File: o.File, Line: o.Line}, len(path) == 0
	}
	if other, ok := o.Files[node]; ok {
		file = other
	}
	at := Position{file, node.Line, node.Column}
	for _, step := range path {
		if node.Kind == yaml.AliasNode {
			node = node.Alias
		}
		var key, value *yaml.Node
		switch step := step.(type) {
		case string:
			key, value = Entry(node, step)
		case int:
			if node.Kind == yaml.SequenceNode && step >= 0 && step < len(node.Content) {
				value = node.Content[step]
			}
		}
		if value == nil {
			return at, false
		}
		keyFile := file
		if other, ok := o.Files[key]; ok && key != nil {
			keyFile = other
		}
		if other, ok := o.Files[value]; ok {
			file = other
		}
		node = value
		at = Position{file, value.Line, value.Column}
		collection := value.Kind == yaml.MappingNode || value.Kind == yaml.SequenceNode
		nothing := value.Kind == yaml.ScalarNode && value.Value == "" && value.Style == 0
		if key != nil && keyFile == file && (collection || nothing) {
			at = Position{file, key.Line, key.Column}
		}
	}
	return at, true
}

// mostMerged bounds the mappings that a look-up goes through by merge keys.
const mostMerged = 1000

func entry(node *yaml.Node, name string, budget *int) (key, value *yaml.Node) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if *budget--; node.Kind != yaml.MappingNode || *budget < 0 {
		return nil, nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		k := node.Content[i]
		if k.Value == name && k.Kind == yaml.ScalarNode || k.Kind == yaml.AliasNode && k.Alias.Value == name {
			return k, node.Content[i+1]
		}
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Kind != yaml.ScalarNode || node.Content[i].Tag != "!!merge" {
			continue
		}
		merged := []*yaml.Node{node.Content[i+1]}
		if merged[0].Kind == yaml.SequenceNode {
			merged = merged[0].Content
		}
		for _, m := range merged {
			if k, v := entry(m, name, budget); v != nil {
				return k, v
			}
		}
	}
	return nil, nil
}

// PathText spells a path of keys and indices: spec.ingress[0].from. A key that
// is not made of letters, digits, "-" and "_" alone stands in brackets:
// metadata.labels[app.kubernetes.io/name].
func PathText(path ...any) string {
	var b strings.Builder
	for _, step := range path {
		switch step := step.(type) {
		case int:
			b.WriteString("[" + strconv.Itoa(step) + "]")
		case string:
			if !simple(step) {
				b.WriteString("[" + step + "]")
				continue
			}
			if b.Len() > 0 {
				b.WriteByte('.')
			}
			b.WriteString(step)
		}
	}
	return b.String()
}

func simple(key string) bool {
	for _, r := range key {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_' {
			return false
		}
	}
	return key != ""
}

// Field finds the key and the value of an entry of the object's mapping; nil if
// there is none.
func (o *Object) Field(name string) (key, value *yaml.Node) {
	if o.Node == nil {
		return nil, nil
	}
	return Entry(o.Node, name)
}

// Entry finds a mapping's entry, also one that a merge key brings; nil if there
// is none.
func Entry(node *yaml.Node, name string) (key, value *yaml.Node) {
	budget := mostMerged
	return entry(node, name, &budget)
}

// With is a copy of the object that says what node says, which is its mapping
// changed. files says which parts of it came from elsewhere (see Files).
func (o *Object) With(node *yaml.Node, files map[*yaml.Node]string) (*Object, error) {
	found, findings := fromNode(o.File, node, 0)
	if err := findings.Err(); err != nil {
		return nil, err
	}
	if len(found) != 1 {
		return nil, diag.List{{File: o.File, Line: o.Line, Severity: diag.Error, Code: "not-an-object", Message: "this is no longer one object"}}
	}
	changed := found[0]
	changed.Line, changed.Files = o.Line, files
	return changed, nil
}

// ValueOf is what a node says.
func ValueOf(node *yaml.Node) (Value, error) { return new(valuer).value(node, 0) }
