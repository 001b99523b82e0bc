package specfile

import (
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
)

// use is an alias, with what it says and is to say.
type use struct {
	node      *yaml.Node
	was, want reflect.Value
	slot      slot
}

// shared settles what aliases stand for, once it is known what the nodes that
// they refer to will say. An alias that is to say something else is written
// out; one that would change with its anchor, and should not, is refused.
func (e *editor) shared() {
	if !e.aliases {
		return
	}
	removed := e.removed()
	for _, u := range e.uses {
		if removed(e.lines.begin(u.node)) {
			continue
		}
		said, known := e.said[u.node.Alias]
		same := equalValues(u.was, u.want)
		switch {
		case removed(e.lines.begin(u.node.Alias)) && same:
			e.refuseShared(u, "removed")
		case known && equalValues(said, u.want):
		case same:
			e.refuseShared(u, "changed")
		default:
			e.changed(u.slot)
			e.replace(u.node, u.want, u.slot)
		}
	}
}

// removed reports whether an offset lies in text that goes.
func (e *editor) removed() func(offset int) bool {
	gone := slices.DeleteFunc(slices.Clone(e.splices), func(s splice) bool { return s.from == s.to })
	slices.SortFunc(gone, func(a, b splice) int { return a.from - b.from })
	return func(offset int) bool {
		i, found := slices.BinarySearchFunc(gone, offset, func(s splice, offset int) int { return s.from - offset })
		return found || i > 0 && offset < gone[i-1].to
	}
}

func (e *editor) refuseShared(u use, how string) {
	n := u.node.Alias
	e.refused = append(e.refused, diag.Diagnostic{File: e.file.Name, Line: n.Line, Column: n.Column, Severity: diag.Error, Code: "aliased",
		Path:    e.pathOf(n),
		Message: fmt.Sprintf("cannot be %s: it carries the anchor &%s, and *%s on line %d (%s) is to stay as it is", how, n.Anchor, n.Anchor, u.node.Line, u.slot.path),
		Fix:     fmt.Sprintf("write the value out in place of *%s first", n.Anchor)})
}

// pathOf finds a node's path in the model.
func (e *editor) pathOf(want *yaml.Node) string {
	var found *place
	var visit func(n *yaml.Node, p *place)
	visit = func(n *yaml.Node, p *place) {
		if n == want {
			found = p
		}
		for i, c := range n.Content {
			switch {
			case found != nil || n.Kind == yaml.AliasNode:
			case n.Kind == yaml.SequenceNode:
				visit(c, &place{parent: p, index: i})
			case i%2 == 1:
				visit(c, &place{parent: p, key: keyText(n.Content[i-1])})
			}
		}
	}
	visit(e.file.root(), &place{})
	if found == nil {
		return ""
	}
	return found.String()
}

// refuse records why a node cannot be changed.
func (e *editor) refuse(n *yaml.Node, p *place, code, fix, message string) {
	e.refused = append(e.refused, diag.Diagnostic{File: e.file.Name, Line: n.Line, Column: n.Column, Path: p.String(),
		Severity: diag.Error, Code: code, Message: message, Fix: fix})
}
