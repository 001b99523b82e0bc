package specfile

import (
	"reflect"

	"go.yaml.in/yaml/v3"
)

// gift is a value in the text that additions are copied from: the item of that
// index in a mapping or list.
type gift struct {
	holder *yaml.Node
	index  int
	node   *yaml.Node
	value  reflect.Value
}

// member gives what a gift that is a mapping has for a field.
func (g gift) member(f *field) gift {
	if g.node == nil || g.node.Kind != yaml.MappingNode {
		return gift{}
	}
	for i := 0; i+1 < len(g.node.Content); i += 2 {
		if keyText(g.node.Content[i]) == f.key {
			return gift{g.node, i / 2, g.node.Content[i+1], reflect.Indirect(g.value.Field(f.index))}
		}
	}
	return gift{}
}

// entries indexes a gift that is a list, by what its entries are known by.
func (g gift) entries() map[string]gift {
	if g.node == nil || g.node.Kind != yaml.SequenceNode {
		return nil
	}
	out := map[string]gift{}
	for i, n := range g.node.Content {
		v := g.value.Index(i)
		out[identity(v)] = gift{g.node, i, n, v}
	}
	return out
}

// of reports whether the gift says exactly v.
func (g gift) of(v reflect.Value) bool {
	return g.node != nil && equalValues(g.value, reflect.Indirect(v))
}

func equalValues(a, b reflect.Value) bool {
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

// copied gives the text of an item of a block list or mapping, with its
// comments, moved to the first column. There is none where it shares anything
// by an anchor, or its lines with something else.
func (l *lines) copied(holder *yaml.Node, i int) (addition, bool) {
	if holder.Style&yaml.FlowStyle != 0 || holder.Kind == yaml.AliasNode || shares(holder) {
		return nil, false
	}
	each := 1 // nodes of an item
	if holder.Kind == yaml.MappingNode {
		each = 2
	}
	start := l.begin(holder.Content[each*i])
	if each == 1 {
		start = l.dash(holder, i)
	}
	if !l.first(start) {
		return nil, false
	}
	column, before := l.column(start), 0
	if i > 0 {
		before = l.tail(l.end(holder.Content[each*i-1]), column)
	}
	end := l.end(holder.Content[each*i+each-1])
	return l.cut(l.head(l.lineAt(start), column, before), l.tail(end, column), column)
}

// shares reports whether a node has anchors or aliases in it.
func shares(n *yaml.Node) bool {
	if n.Anchor != "" || n.Kind == yaml.AliasNode {
		return true
	}
	for _, c := range n.Content {
		if shares(c) {
			return true
		}
	}
	return false
}

// cut gives lines without their first columns; none where text stands in those.
func (l *lines) cut(from, to, column int) (out addition, ok bool) {
	for n := from; n <= to; n++ {
		content, _ := l.line(n)
		by := min(column-1, indentOf(content))
		switch {
		case l.blank(n):
			content, by = "", 0
		case by < column-1 && content[by] != '#':
			return nil, false
		}
		out = append(out, content[by:])
	}
	return out, true
}
