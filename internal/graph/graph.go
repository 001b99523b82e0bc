// Package graph draws who talks to whom: nodes in groups, and edges with what
// they carry and in which state they are, as Mermaid, as DOT and as SVG. It
// knows nothing of Kubernetes: who calls it says what a node stands for.
//
// Every picture is a pure function of the graph as a set: the order in which
// nodes, edges, labels and badges are given changes no byte of it, and
// coordinates are whole numbers throughout, so that no machine's floating
// point shows.
//
// The SVG is laid out in layers, from callers on the left to the called on the
// right, in columns of its own kind. Nodes, and the labels of what arrives at
// them, stand in columns; between two columns runs a channel that holds
// nothing but curves. What passes a column on its way further does so in a
// straight line, at a height of its own. So no line can run through a box or a
// label, whatever the graph. Edges of one look that arrive at one node join
// before they do, and share one arrow and one label.
package graph

import (
	"cmp"
	"slices"
	"strings"
)

// Kind is what a node stands for. Any other word is drawn like a service,
// with the word as its tooltip.
type Kind string

const (
	Service      Kind = "service"
	FrontDoor    Kind = "front door"    // where the outside comes in: a gateway, an ingress, a host
	External     Kind = "external"      // a peer outside: a network, a host name
	Waypoint     Kind = "waypoint"      // a proxy that traffic passes on its way
	Prometheus   Kind = "prometheus"    // what scrapes metrics
	DNS          Kind = "dns"           // what resolves names
	ControlPlane Kind = "control plane" // what configures proxies
)

// everybodys are the kinds that nearly every node has an edge with. See Fold.
var everybodys = []Kind{Prometheus, DNS, ControlPlane}

// State is how what was declared and what is allowed agree on an edge. The
// zero value counts as Allowed.
type State string

const (
	Allowed    State = "allowed"    // declared, and allowed
	Denied     State = "denied"     // declared, but denied
	Undeclared State = "undeclared" // allowed, though nothing declares it
	Unknown    State = "unknown"    // nobody can say
)

// States are all states, in the order of legends.
var States = []State{Allowed, Denied, Undeclared, Unknown}

// Graph is what is drawn.
type Graph struct {
	Title       string
	Description string  // one or two sentences for who cannot see the picture; made up from the counts where empty
	Groups      []Group // a group that only nodes name needs no entry; one without nodes is not drawn
	Nodes       []Node
	Edges       []Edge
}

// Group is a box around nodes: a namespace.
type Group struct {
	ID    string
	Label string // ID where empty
}

// Node is one party.
type Node struct {
	ID      string // unique; "shop/web"
	Label   string // what stands in the box; ID where empty
	Kind    Kind   // Service where empty
	Group   string // ID of its group; "" stands outside of all boxes
	Badges  []string
	Details []string // lines of the tooltip
}

// Edge is a connection from one node to another. An end that no node has the
// ID of is drawn as a node of that name. Edges of equal ends, state, split and
// MTLS are one edge with the labels of all.
type Edge struct {
	From, To string   // node IDs
	Labels   []string // "8080/TCP"
	State    State
	Split    []Share // how its traffic divides; empty where it does not
	MTLS     bool    // both ends prove who they are
	Details  []string
}

// Share is a part of an edge's traffic.
type Share struct {
	Label  string // "v2"
	Weight int    // percent
}

// normal gives the graph with every default filled in, every name that is
// used defined once, groups without nodes left out, and everything in one order: groups and nodes by ID,
// edges by their ends, state and the rest. The receiver stays as it is.
func (g *Graph) normal() *Graph {
	out := &Graph{Title: g.Title, Description: g.Description}

	groups := map[string]Group{}
	for _, gr := range g.Groups {
		if gr.Label == "" {
			gr.Label = gr.ID
		}
		if old, ok := groups[gr.ID]; !ok || gr.Label < old.Label {
			groups[gr.ID] = gr
		}
	}
	nodes := map[string]Node{}
	for _, n := range g.Nodes {
		n.Label = cmp.Or(n.Label, n.ID)
		n.Kind = cmp.Or(n.Kind, Service)
		if old, ok := nodes[n.ID]; ok {
			n = merged(old, n)
		}
		n.Badges, n.Details = set(n.Badges), distinct(n.Details)
		nodes[n.ID] = n
	}
	edges := map[string]Edge{}
	for _, e := range g.Edges {
		for _, id := range []string{e.From, e.To} {
			if _, ok := nodes[id]; !ok {
				nodes[id] = Node{ID: id, Label: id, Kind: Service}
			}
		}
		e.State = cmp.Or(e.State, Allowed)
		e.Split = slices.SortedFunc(slices.Values(e.Split), func(a, b Share) int {
			return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Weight, b.Weight))
		})
		k := e.key()
		if old, ok := edges[k]; ok {
			e.Labels = append(slices.Clone(old.Labels), e.Labels...)
			e.Details = append(slices.Clone(old.Details), e.Details...)
		}
		e.Labels, e.Details = set(e.Labels), set(e.Details)
		edges[k] = e
	}
	used := map[string]bool{}
	for _, n := range nodes {
		if n.Group != "" && !used[n.Group] {
			used[n.Group] = true
			gr, ok := groups[n.Group]
			if !ok {
				gr = Group{ID: n.Group, Label: n.Group}
			}
			out.Groups = append(out.Groups, gr)
		}
		out.Nodes = append(out.Nodes, n)
	}
	keys := make([]string, 0, len(edges))
	for k := range edges {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		out.Edges = append(out.Edges, edges[k])
	}
	slices.SortFunc(out.Groups, func(a, b Group) int { return natural(a.ID, b.ID) })
	slices.SortFunc(out.Nodes, func(a, b Node) int { return natural(a.ID, b.ID) })
	return out
}

// merged is one node out of two of the same ID. It does not matter which came
// first.
func merged(a, b Node) Node {
	if cmp.Or(strings.Compare(a.Label, b.Label), strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Group, b.Group)) > 0 {
		a, b = b, a
	}
	a.Badges = append(slices.Clone(a.Badges), b.Badges...)
	a.Details = set(append(slices.Clone(a.Details), b.Details...))
	return a
}

// key tells edges that are one from those that are not.
func (e *Edge) key() string {
	var b strings.Builder
	for _, s := range []string{e.From, e.To, string(e.State)} {
		b.WriteString(strings.ReplaceAll(s, "\x00", "\x00\x00"))
		b.WriteString("\x00\x01")
	}
	if e.MTLS {
		b.WriteByte('m')
	}
	for _, s := range e.Split {
		b.WriteString(strings.ReplaceAll(s.text(), "\x00", "\x00\x00"))
		b.WriteString("\x00\x01")
	}
	return b.String()
}

// set sorts and drops what is there twice.
func set(list []string) []string {
	return slices.Compact(slices.SortedFunc(slices.Values(list), natural))
}

// distinct drops what is there twice and keeps the order.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// natural compares names with numbers in them the way that people count:
// s9 comes before s10. It is a total order: only equal strings compare equal.
func natural(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if digit(x[0]) && digit(y[0]) {
			i, j := digits(x), digits(y)
			p, q := strings.TrimLeft(x[:i], "0"), strings.TrimLeft(y[:j], "0")
			if c := cmp.Or(cmp.Compare(len(p), len(q)), strings.Compare(p, q)); c != 0 {
				return c
			}
			x, y = x[i:], y[j:]
			continue
		}
		if x[0] != y[0] {
			return cmp.Compare(x[0], y[0])
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

func digit(b byte) bool { return '0' <= b && b <= '9' }

// digits counts the digits at the start.
func digits(s string) int {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	return n
}

// nodeIndex gives the place of each node in Nodes, by ID.
func (g *Graph) nodeIndex() map[string]int {
	index := make(map[string]int, len(g.Nodes))
	for i, n := range g.Nodes {
		index[n.ID] = i
	}
	return index
}
