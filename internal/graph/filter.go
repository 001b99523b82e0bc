package graph

import (
	"path"
	"slices"
)

// Filter says which part of a graph is wanted. A field that is empty asks for
// nothing.
type Filter struct {
	// Groups and Names say whom the picture is about: nodes of one of these
	// groups whose ID or label is one of these names or matches one as a
	// pattern (path.Match: "shop/*"). Whom they talk with is drawn as well,
	// but not what those talk about among each other.
	Groups, Names []string
	// Kinds are the kinds that are drawn at all, however they got in.
	Kinds []Kind
	// States are the states of the edges that are drawn. Nodes that are left
	// without an edge are not drawn then, unless Names names them.
	States []State
}

// Filter gives the part of the graph that is asked for, as a graph of its own.
func (g *Graph) Filter(f Filter) *Graph {
	g = g.normal()
	focus := map[string]bool{}
	named := map[string]bool{}
	kept := map[string]bool{}
	for _, n := range g.Nodes {
		if len(f.Kinds) > 0 && !slices.Contains(f.Kinds, n.Kind) {
			continue
		}
		kept[n.ID] = true
		byName := n.answersTo(f.Names)
		named[n.ID] = byName
		focus[n.ID] = (len(f.Names) == 0 || byName) && (len(f.Groups) == 0 || slices.Contains(f.Groups, n.Group))
	}
	drawn := map[string]bool{}
	out := &Graph{Title: g.Title, Description: g.Description}
	for _, e := range g.Edges {
		ends := kept[e.From] && kept[e.To] && (focus[e.From] || focus[e.To])
		if ends && (len(f.States) == 0 || slices.Contains(f.States, e.State)) {
			out.Edges = append(out.Edges, e)
			drawn[e.From], drawn[e.To] = true, true
		}
	}
	used := map[string]bool{}
	for _, n := range g.Nodes {
		if drawn[n.ID] || focus[n.ID] && (len(f.States) == 0 || named[n.ID]) {
			out.Nodes = append(out.Nodes, n)
			used[n.Group] = true
		}
	}
	for _, gr := range g.Groups {
		if used[gr.ID] {
			out.Groups = append(out.Groups, gr)
		}
	}
	return out
}

// Matching gives the IDs of the nodes that a name of a Filter means, in order.
func (g *Graph) Matching(name string) []string {
	var ids []string
	for _, n := range g.normal().Nodes {
		if n.answersTo([]string{name}) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

func (n *Node) answersTo(names []string) bool {
	for _, name := range names {
		if name == n.ID || name == n.Label {
			return true
		}
		for _, s := range []string{n.ID, n.Label} {
			if ok, err := path.Match(name, s); err == nil && ok {
				return true
			}
		}
	}
	return false
}
