package graph

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// dotEdge and dotNode are what Graphviz draws by state and by kind.
var (
	dotEdge = map[State]string{
		Allowed:    `color="#4a5a6e"`,
		Denied:     `color="#c8371b" fontcolor="#c8371b" style=dashed arrowhead=tee`,
		Undeclared: `color="#8a3fa8" fontcolor="#8a3fa8" style=dotted penwidth=2 arrowhead=empty`,
		Unknown:    `color="#767676" fontcolor="#5f5f5f" style=dotted arrowhead=odot`,
	}
	dotNode = map[Kind]string{
		FrontDoor: "shape=box style=\"rounded,bold\"", External: "shape=box style=dashed", Waypoint: "shape=hexagon",
		Prometheus: "shape=component", DNS: "shape=component", ControlPlane: "shape=component",
	}
)

// DOT gives the graph in the language of Graphviz, groups as clusters.
func (g *Graph) DOT() []byte {
	g = g.normal()
	var b bytes.Buffer
	line := func(indent, format string, args ...any) { fmt.Fprintf(&b, indent+format+"\n", args...) }
	line("", "digraph %s {", dotText(g.Title))
	line("  ", "charset=\"UTF-8\" rankdir=LR fontname=\"sans-serif\" label=%s labelloc=t", dotText(g.Title))
	line("  ", "node [shape=box style=rounded fontname=\"sans-serif\" fontsize=12]")
	line("  ", "edge [fontname=\"sans-serif\" fontsize=10]")
	node := func(indent string, i int, n *Node) {
		lines := append([]string{n.Label}, n.Badges...)
		attributes := "label=" + dotText(lines...) + " tooltip=" + dotText(append([]string{n.ID, string(n.Kind)}, n.Details...)...)
		if look, ok := dotNode[n.Kind]; ok {
			attributes += " " + look
		}
		line(indent, "n%d [%s]", i, attributes)
	}
	for i := range g.Nodes {
		if g.Nodes[i].Group == "" {
			node("  ", i, &g.Nodes[i])
		}
	}
	for j, gr := range g.Groups {
		line("  ", "subgraph cluster_%d {", j)
		line("    ", "label=%s style=rounded color=\"#8c99a8\"", dotText(gr.Label))
		for i := range g.Nodes {
			if g.Nodes[i].Group == gr.ID {
				node("    ", i, &g.Nodes[i])
			}
		}
		line("  ", "}")
	}
	index := g.nodeIndex()
	for i := range g.Edges {
		e := &g.Edges[i]
		words := slices.Clone(e.Labels)
		for _, s := range e.Split {
			words = append(words, s.text())
		}
		if e.MTLS {
			words = append(words, "mTLS")
		}
		if e.look() != Allowed {
			words = append(words, string(e.look()))
		}
		line("  ", "n%d -> n%d [label=%s %s]", index[e.From], index[e.To], dotText(words...), dotEdge[e.look()])
	}
	b.WriteString("}\n")
	return b.Bytes()
}

// dotEscapes is made once: making it costs more than using it.
var dotEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;")

// dotText is a quoted text of some lines. In Graphviz's quoted strings a
// backslash begins an escape, and & an HTML entity, even so.
func dotText(lines ...string) string {
	escaped := make([]string, len(lines))
	for i, s := range lines {
		escaped[i] = dotEscapes.Replace(Visible(s))
	}
	return `"` + strings.Join(escaped, `\n`) + `"`
}
