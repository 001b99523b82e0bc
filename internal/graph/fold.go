package graph

import "slices"

// badgeOf says what stands on a node in place of its edge with such a node.
var badgeOf = map[Kind]string{Prometheus: "scraped", DNS: "DNS", ControlPlane: "control plane"}

// crowd is the number of ordinary edges from which on a node that everybody
// has to do with is folded in the SVG.
const crowd = 3

// Fold turns the allowed edges of nodes that everybody has to do with (what
// scrapes, resolves names, configures proxies) into badges of their partners.
// Such a node stays only where an edge is left that is not as it should be.
func (g *Graph) Fold() *Graph { return g.fold(0) }

// fold folds the nodes that have at least so many edges that can be folded.
func (g *Graph) fold(least int) *Graph {
	g = g.normal()
	index := g.nodeIndex()
	foldable := func(e *Edge) (node, partner int, ok bool) {
		from, to := index[e.From], index[e.To]
		node, partner = to, from
		if slices.Contains(everybodys, g.Nodes[from].Kind) {
			node, partner = from, to
		}
		return node, partner, e.State == Allowed && from != to && slices.Contains(everybodys, g.Nodes[node].Kind)
	}
	ordinary := make([]int, len(g.Nodes))
	for i := range g.Edges {
		if node, _, ok := foldable(&g.Edges[i]); ok {
			ordinary[node]++
		}
	}
	folded := func(node int) bool { return ordinary[node] > 0 && ordinary[node] >= least }

	out := &Graph{Title: g.Title, Description: g.Description, Groups: g.Groups}
	left := make([]int, len(g.Nodes))
	badges := make([][]string, len(g.Nodes))
	for i := range g.Edges {
		e := &g.Edges[i]
		node, partner, ok := foldable(e)
		if ok && folded(node) {
			badges[partner] = append(badges[partner], badgeOf[g.Nodes[node].Kind])
			continue
		}
		left[index[e.From]]++
		left[index[e.To]]++
		out.Edges = append(out.Edges, *e)
	}
	for i, n := range g.Nodes {
		if folded(i) && left[i] == 0 {
			continue
		}
		n.Badges = append(slices.Clone(n.Badges), badges[i]...)
		out.Nodes = append(out.Nodes, n)
	}
	return out.normal()
}
