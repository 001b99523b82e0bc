package graph

import "slices"

// Rect is a box of a drawing.
type Rect = rect

// Geometry is what a drawing's tests look at.
type Geometry struct {
	Width, Height int
	Nodes         map[string]Rect
	Labels        []Rect   // of arrows
	LabelOf       []string // the node that each leads to
	Groups        map[string]Rect
	Member        map[string]string // the group of each node, by IDs
	Columns       [][2]int          // what is between two of them is a channel
	Legend        []Rect
	Crossings     int
	Naive         int // crossings with every column in the order of its names
	Vertices      int
	Bends         []Rect // straight lines that pass a column
}

// Measure lays the graph out.
func Measure(g *Graph) Geometry {
	d := g.arrangement()
	m := Geometry{Width: d.width, Height: d.height, Nodes: map[string]Rect{}, Groups: map[string]Rect{}, Member: map[string]string{}, Crossings: d.crossings()}
	for i, n := range d.g.Nodes {
		m.Nodes[n.ID], m.Member[n.ID] = d.node[i], n.Group
	}
	for i, s := range d.slots {
		if s.width > 0 {
			m.Labels = append(m.Labels, d.pill[i])
			m.LabelOf = append(m.LabelOf, d.g.Nodes[s.node].ID)
		}
	}
	boxed := 0
	for l := range d.lanes {
		if d.group[l] >= 0 {
			m.Groups[d.g.Groups[d.group[l]].ID] = d.groups[boxed].rect
			boxed++
		}
	}
	for c, box := range d.columns {
		m.Columns = append(m.Columns, [2]int{box.left, box.right})
		for _, v := range d.order[c] {
			m.Vertices++
			if v.node < 0 {
				m.Bends = append(m.Bends, Rect{box.left, v.y, box.right - box.left, 1})
			}
		}
	}
	for _, it := range d.legend {
		m.Legend = append(m.Legend, Rect{it.x, it.y - 10, it.iconWidth() + width(it.text, smallSize, false), 20})
	}
	naive := newWeave(newSketch(d.g))
	for c := range naive.order {
		slices.SortStableFunc(naive.order[c], func(a, b *vertex) int { return a.lane - b.lane })
		naive.renumber(c)
	}
	m.Naive = naive.crossings()
	return m
}

// Acyclic gives how many edges have to be turned around for there to be no cycle.
func Acyclic(g *Graph) int {
	s := newSketch(g.normal())
	turned := 0
	for _, e := range s.ends {
		if s.column[e[0]] > s.column[e[1]] {
			turned++
		}
	}
	return turned
}

var (
	Natural = natural
	Width   = width
	Clip    = clip
	Hues    = hues
)

// Day and Night are a hue's colours.
func (h hue) Name() string  { return h.name }
func (h hue) Day() string   { return h.day }
func (h hue) Night() string { return h.night }

// Box gives a box's left, top, width and height.
func (r rect) Box() (x, y, w, h int) { return r.x, r.y, r.w, r.h }

// NewRect is a box.
func NewRect(x, y, w, h int) Rect { return rect{x, y, w, h} }

// Drawn is the part of a graph that its SVG draws as nodes and edges, with
// edges that differ only in the order of their shares, say, as one.
func Drawn(g *Graph) *Graph { return g.fold(crowd) }
