package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
)

// Value is what a piece of YAML says, however it is spelt: a mapping, a list or
// a scalar. Aliases are followed and merge keys resolved.
type Value struct {
	Kind   ValueKind
	Fields []Field // of a mapping, in the order of the file
	Items  []Value // of a list
	Scalar any     // nil, bool, int, int64, uint64, float64 or string
}

// ValueKind tells mappings, lists and scalars apart.
type ValueKind int

const (
	Scalar ValueKind = iota
	Mapping
	Sequence
)

// Field is one entry of a mapping.
type Field struct {
	Key   string
	Value Value
}

// Field gives the value of a mapping's key, and whether it has that key.
func (v Value) Field(key string) (Value, bool) {
	for _, f := range v.Fields {
		if f.Key == key {
			return f.Value, true
		}
	}
	return Value{}, false
}

// Equal reports whether two values say the same: the order of a mapping's keys
// does not count, that of a list's items does.
func (v Value) Equal(o Value) bool {
	if v.Kind != o.Kind || len(v.Fields) != len(o.Fields) || len(v.Items) != len(o.Items) || v.Scalar != o.Scalar {
		return false
	}
	for i, f := range v.Fields {
		// Nearly always the keys are in the same order.
		other := o.Fields[i].Value
		if o.Fields[i].Key != f.Key {
			var ok bool
			if other, ok = o.Field(f.Key); !ok {
				return false
			}
		}
		if !f.Value.Equal(other) {
			return false
		}
	}
	for i := range v.Items {
		if !v.Items[i].Equal(o.Items[i]) {
			return false
		}
	}
	return true
}

// Value is the whole object as a value.
func (o *Object) Value() (Value, error) {
	v, err := new(valuer).value(o.Node, 0)
	if err != nil {
		return Value{}, fmt.Errorf("%s: %w", o.Place(), err)
	}
	return v, nil
}

// ParseValue reads a file that holds one document of any shape.
func ParseValue(file string, data []byte) (Value, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document, next yaml.Node
	if err := decoder.Decode(&document); err != nil && !errors.Is(err, io.EOF) {
		return Value{}, diag.List{syntax(file, err)}
	}
	switch err := decoder.Decode(&next); {
	case err == nil:
		return Value{}, fmt.Errorf("%s:%d: a second document begins, and one is wanted", file, next.Line)
	case !errors.Is(err, io.EOF):
		return Value{}, diag.List{syntax(file, err)}
	}
	if len(document.Content) == 0 {
		return Value{}, nil
	}
	v, err := new(valuer).value(document.Content[0], 0)
	if err != nil {
		return Value{}, fmt.Errorf("%s: %w", file, err)
	}
	return v, nil
}

// mostAliased and deepestValue bound what aliases can make of a small file.
const (
	mostAliased  = 100_000
	deepestValue = 200
)

// A valuer reads nodes. It counts the values below aliases, and knows how many
// aliases it is below.
type valuer struct{ values, aliases int }

func (r *valuer) value(n *yaml.Node, depth int) (Value, error) {
	if r.aliases > 0 {
		r.values++
	}
	if r.values > mostAliased || depth > deepestValue {
		return Value{}, fmt.Errorf("line %d: aliases make too much of this file", n.Line)
	}
	switch n.Kind {
	case yaml.AliasNode:
		r.aliases++
		v, err := r.value(n.Alias, depth+1)
		r.aliases--
		return v, err
	case yaml.SequenceNode:
		v := Value{Kind: Sequence}
		for _, c := range n.Content {
			item, err := r.value(c, depth+1)
			if err != nil {
				return Value{}, err
			}
			v.Items = append(v.Items, item)
		}
		return v, nil
	case yaml.MappingNode:
		return r.mapping(n, depth)
	}
	v := Value{}
	if tag := n.ShortTag(); tag == "!!timestamp" || tag == "!!binary" {
		v.Scalar = n.Value // JSON has no such thing
		return v, nil
	}
	if err := n.Decode(&v.Scalar); err != nil {
		return Value{}, err
	}
	return v, nil
}

func (r *valuer) mapping(n *yaml.Node, depth int) (Value, error) {
	v := Value{Kind: Mapping}
	seen := map[string]bool{}
	var merged []Value
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		value, err := r.value(n.Content[i+1], depth+1)
		if err != nil {
			return Value{}, err
		}
		if key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge" {
			if value.Kind == Sequence {
				merged = append(merged, value.Items...)
			} else {
				merged = append(merged, value)
			}
			continue
		}
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if seen[key.Value] {
			return Value{}, fmt.Errorf("line %d: key %q is given twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		v.Fields = append(v.Fields, Field{key.Value, value})
	}
	for _, m := range merged {
		for _, f := range m.Fields {
			if !seen[f.Key] {
				seen[f.Key] = true
				v.Fields = append(v.Fields, f)
			}
		}
	}
	return v, nil
}
