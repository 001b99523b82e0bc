package graph

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// SVG gives the graph as an SVG file that stands alone: light or dark as the
// reader's scheme is, with a title and a description, and with what a node or
// an edge has to say as its tooltip. Nodes that everybody has an edge with (what
// scrapes, resolves names, configures proxies) become badges from three edges on,
// and badges that every service has, a note.
func (g *Graph) SVG() []byte { return g.arrangement().svg(false) }

// Inline gives the graph as an svg element for an HTML page that has Style in
// its own sheet. For a script to follow a service: a g.node has its ID as
// data-node and can be focused; a g.slot (one arrow, with its label) is path
// number data-slot and leads to data-to; a path.line leads on to the line of
// number data-next (its own number is data-line), or else into slot data-slot,
// and where a node's line begins, data-from is that node. Nodes that were
// folded into badges are not in it.
func (g *Graph) Inline() []byte { return g.arrangement().svg(true) }

// pen writes SVG.
type pen struct{ bytes.Buffer }

func (p *pen) f(format string, args ...any) { fmt.Fprintf(p, format, args...) }

// markupEscapes is made once: making it costs more than using it.
var markupEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// escaped makes text safe between tags and between quotes.
func escaped(s string) string { return markupEscapes.Replace(Visible(s)) }

func (d *drawing) svg(inline bool) []byte {
	p := &pen{}
	role, top := "img", 0
	if inline {
		role, top = "group", titleRoom-margin // the page has the title
	}
	size := fmt.Sprintf("width=\"%d\" height=\"%d\"", d.width, d.height-top)
	if !inline { // as wide as there is room, and never larger than it was laid out
		size = fmt.Sprintf("width=\"100%%\" style=\"max-width:%dpx;height:auto\"", d.width)
	}
	p.f("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"kgen-graph\" viewBox=\"0 %d %d %d\" %s role=\"%s\" aria-labelledby=\"kg-title kg-desc\">\n", top, d.width, d.height-top, size, role)
	p.f("<title id=\"kg-title\">%s</title>\n<desc id=\"kg-desc\">%s</desc>\n", escaped(d.title), escaped(d.description()))
	if !inline {
		p.f("<style>\n%s</style>\n", Style())
	}
	p.f("<rect class=\"paper\" width=\"%d\" height=\"%d\"/>\n", d.width, d.height)
	if !inline {
		p.f("<text class=\"title\" x=\"%d\" y=\"%d\">%s</text>\n<text class=\"sum\" x=\"%d\" y=\"%d\">%s</text>\n", margin, margin+14, escaped(d.title), margin, margin+36, escaped(d.summary()))
	}
	p.f("<g class=\"groups\">\n")
	for _, gr := range d.groups {
		p.f("<g class=\"group\"><title>%s</title><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"10\"/><text x=\"%d\" y=\"%d\">%s</text></g>\n",
			escaped(gr.full), gr.x, gr.y, gr.w, gr.h, gr.x+groupPad, gr.y+20, escaped(gr.label))
	}
	p.f("</g>\n<g class=\"edges\">\n")
	d.lines(p)
	p.f("</g>\n<g class=\"slots\">\n")
	for i := range d.slots {
		d.slotOf(p, i)
	}
	p.f("</g>\n<g class=\"nodes\">\n")
	for i := range d.node {
		d.nodeOf(p, i, inline)
	}
	p.f("</g>\n<g class=\"legend\">\n")
	for i := range d.legend {
		d.legend[i].draw(p)
	}
	p.f("</g>\n</svg>\n")
	return p.Bytes()
}

// description is what a screen reader says of the whole.
func (d *drawing) description() string {
	if d.g.Description != "" {
		return d.g.Description
	}
	return "Who talks to whom: " + strings.ReplaceAll(d.summary(), " · ", ", ") + "."
}

// lines draws every segment in the direction of the traffic: from a node's
// side or a bend to the edge of the next column, where a bend or a slot's stem
// goes on.
func (d *drawing) lines(p *pen) {
	number := make(map[*segment]int, len(d.segments))
	for i, g := range d.segments {
		number[g] = i
	}
	slotNumber := make(map[*slot]int, len(d.slots))
	for i, s := range d.slots {
		slotNumber[s] = i
	}
	for i, g := range d.segments {
		p.f("<path class=\"line %s\" data-line=\"%d\" data-slot=\"%d\"", g.slot.state, i, slotNumber[g.slot])
		if g.from >= 0 {
			p.f(" data-from=\"%s\"", escaped(d.g.Nodes[g.from].ID))
		}
		if g.next != nil {
			p.f(" data-next=\"%d\"", number[g.next])
		}
		p.f(" d=\"%s\"/>\n", d.path(g))
	}
}

// path is a segment's course.
func (d *drawing) path(g *segment) string {
	ca, cb := d.columns[g.a.column], d.columns[g.b.column]
	ya, yb := g.a.y+g.aw, g.b.y+g.bw
	if g.around {
		reach := 18 + min(60, abs(ya-yb)/6)
		return fmt.Sprintf("M%d %dH%dC%d %d %d %d %d %d", d.node[g.a.node].right(), ya, ca.right, ca.right+reach, ya, ca.right+reach, yb, ca.right, yb)
	}
	x0, x1 := ca.right, cb.left
	y0, y1 := ya, yb
	source := g.a
	begin := ca.left
	if g.slot.right {
		x0, x1, y0, y1 = x1, x0, y1, y0
		source = g.b
		begin = cb.right
	}
	if source.node >= 0 {
		begin = d.node[source.node].right()
		if g.slot.right {
			begin = d.node[source.node].x
		}
	}
	var b strings.Builder
	b.WriteString("M" + strconv.Itoa(begin) + " " + strconv.Itoa(y0))
	if begin != x0 {
		b.WriteString("H" + strconv.Itoa(x0))
	}
	if y0 == y1 {
		b.WriteString("H" + strconv.Itoa(x1))
		return b.String()
	}
	middle := (x0 + x1) / 2
	fmt.Fprintf(&b, "C%d %d %d %d %d %d", middle, y0, middle, y1, x1, y1)
	return b.String()
}

// slotOf draws the last piece before a node, its arrow's head and the label.
func (d *drawing) slotOf(p *pen, i int) {
	s, n, box := d.slots[i], d.node[d.slots[i].node], d.pill[i]
	column := d.columns[d.column[s.node]]
	y := n.y + s.offset
	tip, start, back := n.x, column.left, -1
	if s.right {
		tip, start, back = n.right(), column.right, 1
	}
	p.f("<g class=\"slot %s\" data-slot=\"%d\" data-to=\"%s\"><title>%s</title>", s.state, i, escaped(d.g.Nodes[s.node].ID), escaped(d.slotTitle(s)))
	p.f("<path class=\"stem\" d=\"M%d %dH%d\"/>", start, y, tip+back*head(s.state))
	switch s.state {
	case Denied:
		x := tip + 7*back
		p.f("<path class=\"head\" d=\"M%d %dl7 7m0 -7l-7 7\"/>", x-3, y-3)
	case Unknown:
		p.f("<circle class=\"head\" cx=\"%d\" cy=\"%d\" r=\"3\"/>", tip+4*back, y)
	default:
		p.f("<path class=\"head\" d=\"M%d %dl%d -4v8z\"/>", tip, y, 8*back)
	}
	if s.width > 0 {
		p.f("<rect class=\"pill\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"%d\"/>", box.x, box.y, box.w, box.h, min(9, box.h/2))
		for j, l := range s.lines {
			x := box.x + 6
			if j == 0 && s.mtls {
				lock(p, box.x+6, box.y+4)
				x += 12
			}
			if l != "" {
				p.f("<text x=\"%d\" y=\"%d\">%s</text>", x, box.y+13+j*lineHeight, escaped(l))
			}
		}
		d.bar(p, s, box)
	}
	p.f("</g>\n")
}

// head is how much of the stem the arrow's head takes.
func head(s State) int {
	switch s {
	case Denied:
		return 0
	case Unknown:
		return 7
	}
	return 8
}

// bar shows a split as lengths.
func (d *drawing) bar(p *pen, s *slot, box rect) {
	total := 0
	for _, part := range s.split {
		total += max(0, part.Weight)
	}
	if total == 0 {
		return
	}
	x, sum := box.x+6, 0
	for i, part := range s.split {
		sum += max(0, part.Weight)
		end := box.x + 6 + (box.w-12)*sum/total
		if end > x {
			p.f("<rect class=\"share%d\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"3\"/>", i%4, x, box.bottom()-6, end-x)
		}
		x = end
	}
}

func lock(p *pen, x, y int) {
	p.f("<g class=\"lock\" transform=\"translate(%d %d)\"><path d=\"M2 4.5v-1.5a2 2 0 0 1 4 0v1.5\"/><rect class=\"body\" x=\"0.5\" y=\"4.5\" width=\"7\" height=\"5\" rx=\"1\"/></g>", x, y)
}

// slotTitle is the tooltip of an arrow: who calls, on what.
func (d *drawing) slotTitle(s *slot) string {
	var callers []string
	for i, e := range s.edges {
		if i == 12 {
			callers = append(callers, fmt.Sprintf("%d more", len(s.edges)-i))
			break
		}
		callers = append(callers, Visible(d.g.Edges[e].From))
	}
	text := strings.Join(callers, ", ") + " → " + Visible(d.g.Nodes[s.node].ID)
	if s.full != "" {
		text += ": " + Visible(s.full)
	}
	if len(s.edges) == 1 {
		for _, l := range d.g.Edges[s.edges[0]].Details {
			text += "; " + Visible(l)
		}
	}
	return text
}

func (d *drawing) nodeOf(p *pen, i int, inline bool) {
	n, b, r := &d.g.Nodes[i], &d.boxes[i], d.node[i]
	p.f("<g class=\"node %s\" data-node=\"%s\"", nodeClass(n.Kind), escaped(n.ID))
	if inline {
		p.f(" tabindex=\"-1\" role=\"button\" aria-label=\"%s\"", escaped(n.Label+", "+string(n.Kind)))
	}
	p.f(" transform=\"translate(%d %d)\"><title>%s", r.x, r.y, escaped(n.ID+" ("+string(n.Kind)+")"))
	for _, l := range n.Details {
		p.f("\n%s", escaped(l))
	}
	p.f("</title>")
	corner := 6
	if n.Kind == FrontDoor {
		corner = min(r.h/2, 18)
	}
	p.f("<rect class=\"box\" width=\"%d\" height=\"%d\" rx=\"%d\"/>", r.w, r.h, corner)
	y := (r.h - 16*len(b.name) - 20*len(b.badges)) / 2
	p.f("<path class=\"icon\" transform=\"translate(10 %d)\" d=\"%s\"/>", y+(16*len(b.name)-16)/2, icon(n.Kind))
	for _, l := range b.name {
		p.f("<text class=\"name\" x=\"32\" y=\"%d\">%s</text>", y+13, escaped(l))
		y += 16
	}
	for _, row := range b.badges {
		x := 9
		for _, g := range row {
			p.f("<g class=\"badge\"><rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"16\" rx=\"8\"/><text x=\"%d\" y=\"%d\">%s</text></g>", x, y+4, g.width, x+6, y+16, escaped(g.text))
			x += g.width + 4
		}
		y += 20
	}
	p.f("</g>\n")
}

func (it *legendItem) draw(p *pen) {
	x, y := it.x, it.y
	switch {
	case it.kind == "note":
	case it.kind == "mtls":
		lock(p, x+4, y-5)
	case it.node != "":
		p.f("<g class=\"%s\"><path class=\"icon\" transform=\"translate(%d %d)\" d=\"%s\"/></g>", nodeClass(it.node), x, y-8, icon(it.node))
	default:
		s := State(it.kind)
		p.f("<g class=\"%s\"><path class=\"stem\" d=\"M%d %dH%d\"/>", s, x, y, x+38-head(s))
		switch s {
		case Denied:
			p.f("<path class=\"head\" d=\"M%d %dl7 7m0 -7l-7 7\"/>", x+28, y-3)
		case Unknown:
			p.f("<circle class=\"head\" cx=\"%d\" cy=\"%d\" r=\"3\"/>", x+34, y)
		default:
			p.f("<path class=\"head\" d=\"M%d %dl-8 -4v8z\"/>", x+38, y)
		}
		p.f("</g>")
	}
	p.f("<text x=\"%d\" y=\"%d\">%s</text>\n", x+it.iconWidth(), y+4, escaped(it.text))
}
