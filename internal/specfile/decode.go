package specfile

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

const (
	// aliasBudget bounds how many nodes are read through aliases. A thousand
	// services that share a few blocks stay far below it; the smallest alias
	// bomb is far above.
	aliasBudget = 100_000
	// maxFindings bounds what is said about a file that is something else.
	maxFindings = 1000
)

// decoder fills the model from the text's nodes and collects what is wrong.
type decoder struct {
	name    string
	list    diag.List
	unread  []string // the paths that have no value in the model because of an error
	aliases []*yaml.Node
	aliased bool // something was read through an alias
	spent   int  // nodes read through aliases
	stopped bool // a limit is reached, and the rest is not read

	// way is memory for the places above the value that is being read, one a level:
	// nobody keeps a place, and of most nothing is said.
	way  [16]place
	word string // a label that is being read
}

// place is the way from the root to a value; it becomes text only in findings.
type place struct {
	parent *place
	key    string
	index  int // of a list's entry, where key is ""
	depth  int // of decoder.way, counted from 1; 0 where it is not there
}

// below gives the place of a key, or of an entry, of the value at p. It holds until
// the next one below p is asked for.
func (d *decoder) below(p *place, key string, index int) *place {
	if p.depth >= len(d.way) {
		return &place{parent: p, key: key, index: index, depth: p.depth + 1}
	}
	at := &d.way[p.depth]
	*at = place{p, key, index, p.depth + 1}
	return at
}

func (p *place) String() string {
	var segments []string
	for ; p.parent != nil; p = p.parent {
		switch {
		case p.key == "":
			segments = append(segments, "["+strconv.Itoa(p.index)+"]")
		case p.key == "spec" && p.parent.parent == nil && len(segments) > 0:
		default:
			segments = append(segments, "."+p.key)
		}
	}
	var b strings.Builder
	for i := len(segments) - 1; i >= 0; i-- {
		b.WriteString(segments[i])
	}
	return strings.TrimPrefix(b.String(), ".")
}

// at records a finding at a position.
func (d *decoder) at(line, column int, path, code, message, fix string) {
	if d.stopped {
		return
	}
	d.list = append(d.list, diag.Diagnostic{File: d.name, Line: line, Column: column, Path: path, Severity: diag.Error, Code: code, Message: message, Fix: fix})
	if len(d.list) == maxFindings {
		d.list = append(d.list, diag.Diagnostic{File: d.name, Line: line, Column: column, Path: path, Severity: diag.Error, Code: "too-many",
			Message: fmt.Sprintf("has more than %d errors", maxFindings), Fix: "correct these first"})
		d.stopped = true
	}
}

// fault records that the value at p cannot be read.
func (d *decoder) fault(n *yaml.Node, p *place, code, fix, format string, args ...any) {
	path := p.String()
	d.unread = append(d.unread, path)
	d.at(n.Line, n.Column, path, code, fmt.Sprintf(format, args...), fix)
}

// network decodes the document's root; it returns nil where that is no mapping.
func (d *decoder) network(root *yaml.Node) *spec.Network {
	n, top := &spec.Network{}, &place{}
	if root.Kind != yaml.MappingNode {
		d.fault(root, top, "wrong-type", "start with apiVersion: "+spec.APIVersion, "is %s, and a mapping is wanted", kindOf(root))
		return nil
	}
	d.value(root, reflect.ValueOf(n).Elem(), top, nil)
	return n
}

// value decodes a node into v. f is the field that v is, if it is one.
func (d *decoder) value(n *yaml.Node, v reflect.Value, p *place, f *field) {
	if d.stopped {
		return
	}
	if len(d.aliases) > 0 {
		if d.spent++; d.spent > aliasBudget {
			use := d.aliases[0]
			d.fault(use, p, "alias-bomb", "write the values out", "aliases stand for more than %d values", aliasBudget)
			d.stopped = true
			return
		}
	}
	if n.Kind == yaml.AliasNode {
		d.alias(n, v, p, f)
		return
	}
	if n.Style&yaml.TaggedStyle != 0 && n.Tag != "!!str" {
		d.fault(n, p, "tag", "remove it", "has the tag %s, and kgen.yaml takes none", n.Tag)
		return
	}
	t := v.Type()
	of := shapeOf(t)
	if of == pointerShape {
		fresh := reflect.New(t.Elem())
		before := len(d.unread)
		d.value(n, fresh.Elem(), p, f)
		if len(d.unread) == before || n.Kind == yaml.MappingNode {
			v.Set(fresh)
		}
		return
	}
	switch of {
	case scalarShape:
		d.scalar(n, v, p)
	case structShape:
		tab := tables[t]
		if tab.shorthand >= 0 && n.Kind == yaml.ScalarNode {
			d.text(n, v.Field(tab.shorthand), p, nil)
			return
		}
		if d.kind(n, yaml.MappingNode, p, tab.fix) {
			d.mapping(n, v, p, tab)
		}
	case listShape:
		if d.kind(n, yaml.SequenceNode, p, "write it as a list: [a, b], or with '- ' before each entry") {
			d.sequence(n, v, p)
		}
	case labelsShape:
		if d.kind(n, yaml.MappingNode, p, "write it as {key: value}") {
			d.labels(n, v, p)
		}
	case boolShape:
		d.boolean(n, v, p)
	default:
		d.text(n, v, p, f)
	}
}

// some joins the first words of a list that may be long.
func some(words []string) string {
	const enough = 6
	if len(words) > enough {
		return strings.Join(words[:enough-1], ", ") + ", …"
	}
	return strings.Join(words, ", ")
}

// alias decodes what an alias stands for.
func (d *decoder) alias(n *yaml.Node, v reflect.Value, p *place, f *field) {
	for _, open := range d.aliases {
		if open.Alias == n.Alias {
			d.fault(n, p, "alias-bomb", "write the value out", "*%s contains itself", n.Value)
			return
		}
	}
	d.aliases, d.aliased = append(d.aliases, n), true
	d.value(n.Alias, v, p, f)
	d.aliases = d.aliases[:len(d.aliases)-1]
}

// kind reports whether n is of the wanted kind, or records that it is not.
func (d *decoder) kind(n *yaml.Node, want yaml.Kind, p *place, fix string) bool {
	if n.Kind == want {
		return true
	}
	if isNull(n) {
		d.fault(n, p, "no-value", fix+", or remove it", "has no value")
		return false
	}
	wanted := "a mapping"
	if want == yaml.SequenceNode {
		wanted = "a list"
	}
	d.fault(n, p, "wrong-type", fix, "is %s, and %s is wanted", kindOf(n), wanted)
	return false
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, p *place, tab *table) {
	var few [32]*yaml.Node
	seen := append(few[:0], make([]*yaml.Node, len(tab.fields))...)
	var meant []string // the known keys that misspelt ones stand for
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, ok := d.key(n.Content[i], p)
		if !ok {
			continue
		}
		at := d.below(p, k, 0)
		which, known := tab.byKey[k]
		switch {
		case !known:
			fix := "known keys are " + strings.Join(tab.keys, ", ")
			if near := diag.Nearest(k, tab.keys); near != "" {
				fix = "did you mean " + near + "?"
				meant = append(meant, near)
				d.unread = append(d.unread, (&place{parent: p, key: near}).String())
			}
			d.fault(n.Content[i], at, "unknown-key", fix, "unknown key")
		case seen[which] != nil:
			d.fault(n.Content[i], at, "duplicate-key", "keep one of the two", "is given twice, first on line %d", seen[which].Line)
		default:
			seen[which] = n.Content[i]
			f := &tab.fields[which]
			d.value(n.Content[i+1], v.Field(f.index), at, f)
		}
	}
	for i, f := range tab.fields {
		if f.required && seen[i] == nil && !slices.Contains(meant, f.key) {
			d.fault(n, &place{parent: p, key: f.key}, "missing", "add the key "+f.key, "is missing")
		}
	}
}

// key reads a mapping's key.
func (d *decoder) key(n *yaml.Node, p *place) (string, bool) {
	from := n
	if n.Kind == yaml.AliasNode {
		from, d.aliased = n.Alias, true
	}
	switch {
	case from.Kind != yaml.ScalarNode:
		d.fault(n, p, "wrong-type", "write a word before the colon", "has a key that is %s", kindOf(from))
		return "", false
	case from.Style&yaml.TaggedStyle != 0 && from.Tag != "!!str":
		d.fault(n, p, "tag", "remove it", "has a key with the tag %s, and kgen.yaml takes none", from.Tag)
		return "", false
	case from.Tag == "!!merge":
		d.at(n.Line, n.Column, (&place{parent: p, key: from.Value}).String(), "merge-key", "merge keys are not read here", "write the keys out, or use an alias for a whole value")
		d.unread = append(d.unread, p.String())
		return "", false
	}
	return from.Value, true
}

func (d *decoder) sequence(n *yaml.Node, v reflect.Value, p *place) {
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, c := range n.Content {
		d.value(c, v.Index(i), d.below(p, "", i), nil)
	}
}

// labels reads a mapping of text to text.
func (d *decoder) labels(n *yaml.Node, v reflect.Value, p *place) {
	labels := make(map[string]string, len(n.Content)/2)
	lines := map[string]int{}
	word := reflect.ValueOf(&d.word).Elem()
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, ok := d.key(n.Content[i], p)
		if !ok {
			continue
		}
		at := d.below(p, k, 0)
		if first, dup := lines[k]; dup {
			d.fault(n.Content[i], at, "duplicate-key", "keep one of the two", "is given twice, first on line %d", first)
			continue
		}
		lines[k] = n.Content[i].Line
		before := len(d.unread)
		if n.Content[i].Kind == yaml.ScalarNode {
			d.text(n.Content[i], word, at, nil)
		}
		d.value(n.Content[i+1], word, at, nil)
		if len(d.unread) == before {
			labels[k] = d.word
		}
	}
	if len(labels) > 0 || len(n.Content) == 0 { // that nothing of it could be read is not the same as empty
		v.Set(reflect.ValueOf(labels))
	}
}
