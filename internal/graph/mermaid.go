package graph

import (
	"bytes"
	"fmt"
	"strings"
)

// What GitHub's Mermaid draws at most: the defaults of Mermaid's maxEdges and
// maxTextSize, which a page, but no diagram, can raise.
const (
	mermaidEdges = 500
	mermaidText  = 50_000
)

// mermaidArrow is an edge's look by its state. Mermaid has no dashes of its
// own choosing without colours that fit only one of its themes.
var mermaidArrow = map[State]string{Allowed: "-->", Denied: "-.-x", Undeclared: "==>", Unknown: "-.-o"}

// mermaidShape encloses a node's label by its kind.
var mermaidShape = map[Kind][2]string{
	FrontDoor:    {"([", "])"},
	External:     {"[/", "/]"},
	Waypoint:     {"{{", "}}"},
	Prometheus:   {"[[", "]]"},
	DNS:          {"[[", "]]"},
	ControlPlane: {"[[", "]]"},
}

// Mermaid gives the graph as a Mermaid flowchart, from left to right, with
// groups as subgraphs: what a Markdown page shows. A denied edge is dotted and
// ends in a cross, an undeclared one is thick, an unknown one is dotted and ends in
// a circle, and each says so. More than Mermaid draws on GitHub (500 edges,
// 50,000 characters) is an error.
func (g *Graph) Mermaid() ([]byte, error) {
	g = g.normal()
	if len(g.Edges) > mermaidEdges {
		return nil, fmt.Errorf("%d edges are more than the %d that Mermaid draws; filter the graph, or draw it as SVG", len(g.Edges), mermaidEdges)
	}
	var b bytes.Buffer
	b.WriteString("flowchart LR\n")
	line := func(indent, format string, args ...any) { fmt.Fprintf(&b, indent+format+"\n", args...) }
	node := func(indent string, i int, n *Node) {
		shape, ok := mermaidShape[n.Kind]
		if !ok {
			shape = [2]string{"[", "]"}
		}
		text := mermaidWords(n.Label)
		if len(n.Badges) > 0 {
			text += "<br>" + mermaidWords(strings.Join(n.Badges, ", "))
		}
		line(indent, "n%d%s\"%s\"%s", i, shape[0], text, shape[1])
	}
	for i := range g.Nodes {
		if g.Nodes[i].Group == "" {
			node("  ", i, &g.Nodes[i])
		}
	}
	for j, gr := range g.Groups {
		line("  ", "subgraph g%d[\"%s\"]", j, mermaidWords(gr.Label))
		for i := range g.Nodes {
			if g.Nodes[i].Group == gr.ID {
				node("    ", i, &g.Nodes[i])
			}
		}
		line("  ", "end")
	}
	index := g.nodeIndex()
	for i := range g.Edges {
		e := &g.Edges[i]
		label := ""
		if text := e.words(); text != "" {
			label = `|"` + mermaidWords(text) + `"|`
		}
		line("  ", "n%d %s%s n%d", index[e.From], mermaidArrow[e.look()], label, index[e.To])
	}
	if n := len([]rune(b.String())); n > mermaidText {
		return nil, fmt.Errorf("%d characters are more than the %d that Mermaid draws; filter the graph, or draw it as SVG", n, mermaidText)
	}
	return b.Bytes(), nil
}

// look is the state, or Unknown where it is none of the four.
func (e *Edge) look() State {
	switch e.State {
	case Allowed, Denied, Undeclared:
		return e.State
	}
	return Unknown
}

// words says what an edge carries, and in which state it is, in one line.
func (e *Edge) words() string {
	words := strings.Join(e.Labels, ", ")
	add := func(s string) {
		if words != "" {
			words += " · "
		}
		words += s
	}
	for _, s := range e.Split {
		add(s.text())
	}
	if e.MTLS {
		add("mTLS")
	}
	if e.look() != Allowed {
		add(string(e.look()))
	}
	return words
}

// mermaidWords is one line of a quoted text. Mermaid reads #code; as the
// character of that code. Quoted or not, it takes %% for a comment or a
// directive, $$ for a formula, and backticks, stars and what begins a list for Markdown.
func mermaidWords(s string) string {
	var b strings.Builder
	text := []rune(Visible(s))
	for i, r := range text {
		twin := i+1 < len(text) && text[i+1] == r
		bullet := i == 0 && (r == '-' || r == '+') || r == '.' && strings.Trim(string(text[:i]), "0123456789") == ""
		if strings.ContainsRune("\"#&<>`\\;*", r) || twin && (r == '%' || r == '$') || bullet {
			fmt.Fprintf(&b, "#%d;", r)
			continue
		}
		b.WriteRune(r)
	}
	if b.Len() == 0 {
		return " "
	}
	return b.String()
}
