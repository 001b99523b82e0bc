package graph

import (
	"fmt"
	"slices"
	"strings"
)

// rect is an upright rectangle.
type rect struct{ x, y, w, h int }

func (r rect) right() int  { return r.x + r.w }
func (r rect) bottom() int { return r.y + r.h }

// drawing is a graph with the place of everything, in pixels from the top left.
type drawing struct {
	*weave
	width, height int
	title         string
	notes         []string // what is true of every service, and so stands on none
	node          []rect   // by node
	groups        []groupBox
	pill          []rect // by slot; no width where it has no label
	columns       []columnBox
	legend        []legendItem
}

type groupBox struct {
	rect
	label string // abridged
	full  string
}

// columnBox says where a column begins, where its nodes stand, and where it ends.
type columnBox struct{ left, nodes, nodesEnd, right int }

type legendItem struct {
	x, y int
	kind string // "allowed", …, "mtls", "note", or "" and then node
	node Kind
	text string
}

const (
	margin     = 24
	titleSize  = 18
	titleRoom  = 58
	legendRow  = 22
	legendRoom = 16
)

// arrangement lays a graph out. It is where the picture is decided; what
// follows writes it down.
func (g *Graph) arrangement() *drawing {
	g = g.fold(crowd)
	d := &drawing{title: Visible(g.Title)}
	if d.title == "" {
		d.title = "Network"
	}
	d.shareBadges(g)
	d.weave = newWeave(newSketch(g))
	d.untangle()
	bands, bottom := d.settle()
	d.spread()
	d.box(bands)
	d.shift(titleRoom + margin/2)
	d.explain(bottom + titleRoom + margin/2)
	return d
}

// shareBadges takes badges that every one of many services has from the nodes
// into a note.
func (d *drawing) shareBadges(g *Graph) {
	services := 0
	count := map[string]int{}
	for _, n := range g.Nodes {
		if n.Kind == Service {
			services++
			for _, b := range n.Badges {
				count[b]++
			}
		}
	}
	var shared []string
	for b, n := range count {
		if n == services && services >= 3 {
			shared = append(shared, b)
		}
	}
	if len(shared) == 0 {
		return
	}
	shared = set(shared)
	for i := range g.Nodes {
		if g.Nodes[i].Kind == Service {
			g.Nodes[i].Badges = slices.DeleteFunc(slices.Clone(g.Nodes[i].Badges), func(b string) bool { return slices.Contains(shared, b) })
		}
	}
	for _, b := range shared {
		d.notes = append(d.notes, clip(Visible(b), 200, smallSize, false))
	}
}

// spread gives columns and channels their widths, and nodes and labels their
// places. A channel is the wider, the more lines run through it and the
// steeper they are.
func (d *drawing) spread() {
	d.columns = make([]columnBox, len(d.order))
	d.node = make([]rect, len(d.g.Nodes))
	d.pill = make([]rect, len(d.slots))
	left, nodes, right := make([]int, len(d.order)), make([]int, len(d.order)), make([]int, len(d.order))
	for i := range d.boxes {
		c := d.column[i]
		nodes[c] = max(nodes[c], d.boxes[i].width)
	}
	for _, s := range d.slots {
		c := d.column[s.node]
		side := &left[c]
		if s.right {
			side = &right[c]
		}
		*side = max(*side, s.width+headRoom+8)
	}
	lines, steep := make([]int, len(d.order)), make([]int, len(d.order))
	for _, g := range d.segments {
		c := g.a.column
		lines[c]++
		steep[c] = max(steep[c], abs(g.a.y+g.aw-g.b.y-g.bw))
	}
	x := margin
	for c := range d.columns {
		if nodes[c] == 0 {
			nodes[c] = columnPad
		}
		d.columns[c] = columnBox{x, x + left[c], x + left[c] + nodes[c], x + left[c] + nodes[c] + right[c]}
		x = d.columns[c].right
		d.width = max(d.width, x+margin)
		x += 30 + min(60, lines[c]*2/3) + min(70, steep[c]/12)
	}
	if len(d.columns) > 0 { // lines that go around at the last column
		if last := len(d.columns) - 1; lines[last] > 0 {
			d.width += 40 + min(90, steep[last]/8)
		}
	}
	for i, v := range d.at {
		c := d.columns[d.column[i]]
		d.node[i] = rect{c.nodes, v.y, c.nodesEnd - c.nodes, v.height}
	}
	for i, s := range d.slots {
		n := d.node[s.node]
		h := s.height - 4
		d.pill[i] = rect{n.x - headRoom - s.width, n.y + s.offset - h/2, s.width, h}
		if s.right {
			d.pill[i].x = n.right() + headRoom
		}
	}
}

// box draws the groups around their lanes, from their first column to their last.
func (d *drawing) box(bands []band) {
	first, last := make([]int, len(bands)), make([]int, len(bands))
	for l := range first {
		first[l] = len(d.columns)
	}
	for i, l := range d.lane {
		if l != free {
			first[l], last[l] = min(first[l], d.column[i]), max(last[l], d.column[i])
		}
	}
	for l, b := range bands {
		if d.group[l] < 0 {
			continue
		}
		x, end := d.columns[first[l]].left-groupPad+4, d.columns[last[l]].right+groupPad-2
		full := Visible(d.g.Groups[d.group[l]].Label)
		d.groups = append(d.groups, groupBox{
			rect:  rect{x, b.top - groupHead, end - x, b.bottom - b.top + groupHead + groupPad},
			label: clip(full, d.columns[first[l]].right-d.columns[first[l]].left-8, nameSize, true),
			full:  full,
		})
	}
}

// shift moves all of it down, to make room for the title.
func (d *drawing) shift(y int) {
	for _, v := range d.at {
		v.y += y
	}
	for _, column := range d.order {
		for _, v := range column {
			if v.node < 0 {
				v.y += y
			}
		}
	}
	for i := range d.node {
		d.node[i].y += y
	}
	for i := range d.pill {
		d.pill[i].y += y
	}
	for i := range d.groups {
		d.groups[i].y += y
	}
}

// summary counts what is drawn, in a line.
func (d *drawing) summary() string {
	c := d.g.counts()
	parts := []string{counted(c.Services, "service"), counted(c.Connections, "connection")}
	if n := c.Denied; n > 0 {
		parts = append(parts, fmt.Sprintf("%d declared but denied", n))
	}
	if n := c.Undeclared; n > 0 {
		parts = append(parts, fmt.Sprintf("%d allowed but undeclared", n))
	}
	if n := c.Unknown; n > 0 {
		parts = append(parts, fmt.Sprintf("%d unknown", n))
	}
	return strings.Join(parts, " · ")
}

func counted(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// stateText explains a state in the legend.
var stateText = map[State]string{
	Allowed:    "allowed",
	Denied:     "declared, but denied",
	Undeclared: "allowed, but undeclared",
	Unknown:    "unknown",
}

// explain puts the legend of what occurs below the picture, and ends the page.
func (d *drawing) explain(y int) {
	var items []legendItem
	states, kinds, locked := map[State]bool{}, map[Kind]bool{}, false
	for i := range d.g.Edges {
		states[d.g.Edges[i].look()] = true
		locked = locked || d.g.Edges[i].MTLS
	}
	for _, n := range d.g.Nodes {
		kinds[n.Kind] = true
	}
	for _, s := range States {
		if states[s] {
			items = append(items, legendItem{kind: string(s), text: stateText[s]})
		}
	}
	if locked {
		items = append(items, legendItem{kind: "mtls", text: "mutual TLS"})
	}
	for _, k := range []Kind{Service, FrontDoor, External, Waypoint, Prometheus, DNS, ControlPlane} {
		if kinds[k] {
			items = append(items, legendItem{node: k, text: string(k)})
		}
	}
	if len(d.notes) > 0 {
		items = append(items, legendItem{kind: "note", text: clip("every service: "+strings.Join(d.notes, ", "), 700, smallSize, false)})
	}
	d.width = max(d.width, 320, min(900, 2*margin+width(d.title, titleSize, true)), 2*margin+width(d.summary(), nameSize, false))
	d.title = clip(d.title, d.width-2*margin, titleSize, true)
	x := margin
	y += margin + legendRoom
	for i := range items {
		it := &items[i]
		w := it.iconWidth() + width(it.text, smallSize, false) + 20
		d.width = max(d.width, min(w+2*margin, 760))
		if x+w > d.width-margin && x > margin {
			x = margin
			y += legendRow
		}
		it.x, it.y = x, y
		x += w
	}
	d.legend = items
	d.height = y + legendRow/2 + margin
}

func (it *legendItem) iconWidth() int {
	switch {
	case it.kind == "note":
		return 0
	case it.node != "" || it.kind == "mtls":
		return 22
	}
	return 48
}
