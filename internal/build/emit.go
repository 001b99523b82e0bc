package build

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
)

// emitter prints objects from their nodes as kustomize does by way of JSON and
// go-yaml v2: keys sorted, block style, lists not indented. At the first thing
// of which it is not certain it stops, and at says where.
type emitter struct {
	out []byte
	at  *yaml.Node
	key []int // room for the order of keys, of all mappings that are open

	printed map[*manifest.Object][]byte // what is printed already
}

// deepest bounds the nesting of what is printed without the library.
const deepest = 100

// longestKey is the length of a key that still stands before a colon alone.
const longestKey = 128

// object appends an object; false if it is not certain, and then nothing is appended.
func (e *emitter) object(n *yaml.Node) bool {
	before := len(e.out)
	e.key = e.key[:0]
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 || n.LineComment != "" || n.FootComment != "" || !e.bare(n) || !e.mapping(n, 0, true, false, deepest) {
		if e.at == nil {
			e.at = n
		}
		e.out = e.out[:before]
		return false
	}
	return true
}

func (e *emitter) unsure(n *yaml.Node) bool {
	if e.at == nil {
		e.at = n
	}
	return false
}

// bare reports whether a node has nothing but its value: no anchor and no tag.
func (e *emitter) bare(n *yaml.Node) bool {
	return n.Anchor == "" && n.Style&yaml.TaggedStyle == 0 && n.Kind != yaml.AliasNode || e.unsure(n)
}

// uncommented reports whether no comment belongs to a node. kustomize carries
// comments through the build; where one stands in an unusual place, what
// becomes of it, and of what it stands beside, is the library's to say.
func (e *emitter) uncommented(n *yaml.Node) bool {
	return n.HeadComment == "" && n.LineComment == "" && n.FootComment == "" || e.unsure(n)
}

// sorted gives the indices of a mapping's keys in their order; false if there
// is one that only the library can print, or one twice.
func (e *emitter) sorted(n *yaml.Node) ([]int, bool) {
	first := len(e.key)
	ordered := true
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if !e.bare(key) || key.FootComment != "" || key.LineComment != "" || key.Kind != yaml.ScalarNode || key.Tag != "!!str" || len(key.Value) > longestKey || key.Value == "<<" {
			return nil, e.unsure(key)
		}
		if ordered && i > 0 {
			ordered = keyLess(n.Content[i-2].Value, key.Value)
		}
		e.key = append(e.key, i)
	}
	indices := e.key[first:len(e.key):len(e.key)]
	if ordered {
		return indices, true
	}
	slices.SortFunc(indices, func(a, b int) int {
		switch x, y := n.Content[a].Value, n.Content[b].Value; {
		case x == y:
			return 0
		case keyLess(x, y):
			return -1
		}
		return 1
	})
	for i := 1; i < len(indices); i++ {
		if n.Content[indices[i]].Value == n.Content[indices[i-1]].Value {
			return nil, e.unsure(n.Content[indices[i]])
		}
	}
	return indices, true
}

// mapping appends the pairs of a mapping that is not empty, each on a line of
// its own; the first goes on with the line that out ends in, if begun. flow says
// that it stands within braces, as a patch's part of an object may, whatever
// its own style.
func (e *emitter) mapping(n *yaml.Node, indent int, begun, flow bool, depth int) bool {
	if depth == 0 {
		return e.unsure(n)
	}
	first := len(e.key)
	indices, ok := e.sorted(n)
	if !ok {
		return false
	}
	flow = flow || n.Style&yaml.FlowStyle != 0
	for _, i := range indices {
		key, value := n.Content[i], n.Content[i+1]
		if flow && key.HeadComment != "" {
			return e.unsure(key)
		}
		if !begun {
			e.out = blanks(e.out, indent)
		}
		begun = false
		as := styleOf(key.Value)
		if as == unsure || as == literal {
			return e.unsure(key)
		}
		e.out = keyText(e.out, key.Value, as)
		e.out = append(e.out, ':')
		if value.HeadComment != "" || !e.value(value, indent, indent+2, flow, depth) {
			return e.unsure(value)
		}
	}
	e.key = e.key[:first]
	return true
}

// keyText appends a key, which is never folded.
func keyText(out []byte, s string, as style) []byte {
	switch as {
	case single:
		s = "'" + strings.ReplaceAll(s, "'", "''") + "'"
	case double:
		s = `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(s) + `"`
	}
	return append(out, s...)
}

// sequence appends the items of a list that is not empty.
func (e *emitter) sequence(n *yaml.Node, indent int, begun, flow bool, depth int) bool {
	if depth == 0 {
		return e.unsure(n)
	}
	flow = flow || n.Style&yaml.FlowStyle != 0
	for _, item := range n.Content {
		if flow && item.HeadComment != "" {
			return e.unsure(item)
		}
		if !begun {
			e.out = blanks(e.out, indent)
		}
		begun = false
		e.out = append(e.out, '-')
		if item.Kind == yaml.ScalarNode && item.Tag == "!!null" {
			return e.unsure(item)
		}
		if len(item.Content) == 0 {
			if !e.value(item, indent, indent+2, flow, depth) {
				return false
			}
			continue
		}
		if !e.bare(item) || item.LineComment != "" || item.FootComment != "" {
			return e.unsure(item)
		}
		e.out = append(e.out, ' ')
		ok := false
		switch item.Kind {
		case yaml.MappingNode:
			ok = e.mapping(item, indent+2, true, flow, depth-1)
		case yaml.SequenceNode:
			ok = e.sequence(item, indent+2, true, flow, depth-1)
		}
		if !ok {
			return e.unsure(item)
		}
	}
	return true
}

// value appends what stands behind a key or a dash, and the end of the line.
// Lists below start at the column of list, everything else at that of below.
func (e *emitter) value(n *yaml.Node, list, below int, flow bool, depth int) bool {
	if !e.bare(n) || n.FootComment != "" {
		return e.unsure(n)
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if flow && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 {
			return e.unsure(n)
		}
		if n.LineComment != "" && (flow || n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0 || n.Value == "") {
			return e.unsure(n)
		}
		// Within braces, kustomize's library writes nothing as an empty text.
		if flow && n.Tag == "!!null" && n.Value == "" {
			return e.unsure(n)
		}
		return e.scalar(n, below)
	case yaml.MappingNode, yaml.SequenceNode:
	default:
		return e.unsure(n)
	}
	if !e.uncommented(n) {
		return false
	}
	switch {
	case n.Kind == yaml.MappingNode && len(n.Content) == 0:
		e.out = append(e.out, " {}\n"...)
	case len(n.Content) == 0:
		e.out = append(e.out, " []\n"...)
	case n.Kind == yaml.MappingNode:
		e.out = append(e.out, '\n')
		return e.mapping(n, below, false, flow, depth-1)
	default:
		e.out = append(e.out, '\n')
		return e.sequence(n, list, false, flow, depth-1)
	}
	return true
}

func (e *emitter) scalar(n *yaml.Node, indent int) bool {
	e.out = append(e.out, ' ')
	switch n.Tag {
	case "!!str":
		as := styleOf(n.Value)
		if as == unsure || as == literal && n.Style&yaml.LiteralStyle == 0 || n.Style&yaml.FoldedStyle != 0 {
			return e.unsure(n)
		}
		e.out = append(text(e.out, n.Value, as, indent), '\n')
		return true
	case "!!bool":
		if n.Value != "true" && n.Value != "false" {
			return e.unsure(n)
		}
	case "!!int":
		if !shortInteger(n.Value) {
			return e.unsure(n)
		}
	case "!!null":
		e.out = append(e.out, "null\n"...)
		return true
	default:
		return e.unsure(n)
	}
	e.out = append(append(e.out, n.Value...), '\n')
	return true
}

// shortInteger reports whether a number is a decimal integer that survives a
// way through a float.
func shortInteger(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || len(digits) > 15 || digits[0] == '0' && s != "0" {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}
