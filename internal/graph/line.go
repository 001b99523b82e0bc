package graph

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Sizes of the drawing, in pixels.
const (
	nameSize   = 13 // font sizes
	smallSize  = 11
	nodeWidth  = 88 // at least
	nodeText   = 190
	pillText   = 150 // at most
	slotHeight = 22  // of a label of one line, with its air
	lineHeight = 14
	headRoom   = 14 // between a label and its node, for the arrow's head
	columnPad  = 8
)

// slot is where edges of one look arrive at a node: one arrow, one label.
type slot struct {
	node  int
	right bool // arrives at the node's right side: its callers stand further right, or in the same column
	state State
	mtls  bool
	split []Share
	lines []string // the label
	full  string   // the label in one line, unabridged
	edges []int

	offset int // of its line below the node's top
	width  int // of the label's box; 0 without a label
	height int
}

// vertex is what stands in a column: a node, or a bend where a line passes.
type vertex struct {
	node   int // index, or -1 for a bend
	column int
	lane   int
	height int
	at     int // place in the column
	mean   int // the mean place of its neighbours, while the column is sorted
	y      int // top
	left   []*segment
	right  []*segment
}

// segment is a piece of a line, from one column to the next or, for a line
// that stays in its column, around through the channel. Lines to one slot
// share segments from where they meet.
type segment struct {
	a, b   *vertex // a is in the column to the left
	aw, bw int     // offsets of its ends below their tops
	slot   *slot
	from   int      // the node whose line begins here, or -1
	next   *segment // the piece that follows, nil where the slot is reached
	rank   int      // of its right end, while crossings are counted
	around bool     // both ends are at the right side of column a
}

// weave is the sketch with its lines laid through the columns.
type weave struct {
	*sketch
	boxes    []nodeBox // of nodes
	slots    []*slot
	at       []*vertex // of nodes
	order    [][]*vertex
	segments []*segment
}

// nodeBox is what stands in a node's box.
type nodeBox struct {
	name   []string
	badges [][]badge
	width  int
	height int
	left   []*slot
	right  []*slot
	exitL  int // offset of the point where lines leave to the left; -1 if none does
	exitR  int
}

type badge struct {
	text  string
	width int
}

func newWeave(s *sketch) *weave {
	w := &weave{sketch: s, at: make([]*vertex, len(s.g.Nodes)), order: make([][]*vertex, s.columns)}
	w.gatherSlots()
	w.fillBoxes()
	for i := range s.g.Nodes {
		v := &vertex{node: i, column: s.column[i], lane: s.lane[i], height: w.boxes[i].height}
		w.at[i] = v
		w.add(v)
	}
	for _, sl := range w.slots {
		w.lay(sl)
	}
	for c := range w.order {
		w.renumber(c)
	}
	w.attach()
	return w
}

func (w *weave) add(v *vertex) { w.order[v.column] = append(w.order[v.column], v) }

func (w *weave) renumber(c int) {
	for i, v := range w.order[c] {
		v.at = i
	}
}

// rim holds for the columns that only free nodes stand in.
func (s *sketch) rim(column int) bool { return column < s.first || column >= s.columns-s.last }

// gatherSlots puts edges that look alike and arrive on the same side of the
// same node into one slot.
func (w *weave) gatherSlots() {
	type look struct {
		node  int
		right bool
		key   string
	}
	byLook := map[look]*slot{}
	for i, ends := range w.ends {
		e := &w.g.Edges[i]
		k := look{ends[1], w.column[ends[0]] >= w.column[ends[1]], e.words() + "\x00" + strings.Join(e.Labels, "\x00")}
		sl := byLook[k]
		if sl == nil {
			sl = &slot{node: ends[1], right: k.right, state: e.look(), mtls: e.MTLS, split: e.Split, full: e.words()}
			sl.label(e)
			byLook[k] = sl
			w.slots = append(w.slots, sl)
		}
		sl.edges = append(sl.edges, i)
	}
	slices.SortStableFunc(w.slots, func(a, b *slot) int {
		return cmp.Or(cmp.Compare(a.node, b.node), stateRank(a.state)-stateRank(b.state), natural(a.full, b.full))
	})
}

func stateRank(s State) int { return slices.Index(States, s) }

// label lays out the label: what is carried, with a lock where both ends prove
// who they are, a sign where the state is another than allowed, and below it
// how it is split.
func (s *slot) label(e *Edge) {
	first := ""
	for i, l := range e.Labels {
		longer := first
		if i > 0 {
			longer += ", "
		}
		longer += Visible(l)
		if i > 0 && width(longer, smallSize, false) > pillText-40 {
			first += " +" + strconv.Itoa(len(e.Labels)-i)
			break
		}
		first = longer
	}
	switch s.state {
	case Denied:
		first = strings.TrimSpace("\u00d7 " + first)
	case Undeclared:
		first = strings.TrimSpace("! " + first)
	case Unknown:
		first = strings.TrimSpace("? " + first)
	}
	if first != "" || s.mtls {
		s.lines = append(s.lines, clip(first, pillText, smallSize, false))
	}
	if len(s.split) > 0 {
		parts := make([]string, len(s.split))
		for i, p := range s.split {
			parts[i] = Visible(p.text())
		}
		s.lines = append(s.lines, clip(strings.Join(parts, " · "), pillText, smallSize, false))
	}
	s.height = slotHeight
	if len(s.lines) == 0 {
		return
	}
	for i, l := range s.lines {
		wide := width(l, smallSize, s.state == Denied || s.state == Undeclared) + 12
		if i == 0 && s.mtls {
			wide += 12
		}
		s.width = max(s.width, wide)
	}
	s.height += (len(s.lines) - 1) * lineHeight
	if len(s.split) > 0 {
		s.height += 4 // the bar
	}
}

// fillBoxes decides what stands in each node's box, and how large it is.
func (w *weave) fillBoxes() {
	w.boxes = make([]nodeBox, len(w.g.Nodes))
	exits := make([][2]bool, len(w.boxes)) // lines leave to the left, to the right
	for i := range w.ends {
		from, to := w.ends[i][0], w.ends[i][1]
		if w.column[from] > w.column[to] {
			exits[from][0] = true
		} else {
			exits[from][1] = true
		}
	}
	for _, s := range w.slots {
		b := &w.boxes[s.node]
		if s.right {
			b.right = append(b.right, s)
		} else {
			b.left = append(b.left, s)
		}
	}
	groups, alone := map[string]string{}, map[string]int{}
	for _, gr := range w.g.Groups {
		groups[gr.ID] = Visible(gr.Label)
	}
	for _, n := range w.g.Nodes {
		if n.Group != "" {
			alone[n.Group]++
		}
	}
	for i := range w.boxes {
		b, n := &w.boxes[i], &w.g.Nodes[i]
		const icon = 22
		b.name = wrapped(Visible(n.Label), nodeText, nameSize, true)
		for _, l := range b.name {
			b.width = max(b.width, width(l, nameSize, true)+icon+22)
		}
		row := 0
		for _, text := range n.Badges {
			text = clip(Visible(text), nodeText-10, smallSize, false)
			g := badge{text, width(text, smallSize, false) + 12}
			if len(b.badges) == 0 || row+g.width > nodeText {
				b.badges = append(b.badges, nil)
				row = 0
			}
			b.badges[len(b.badges)-1] = append(b.badges[len(b.badges)-1], g)
			row += g.width + 4
			b.width = max(b.width, row+16)
		}
		if alone[n.Group] == 1 { // the box around it has a name as well
			b.width = max(b.width, min(nodeText, width(groups[n.Group], nameSize, true)+8))
		}
		b.width = max(b.width, nodeWidth)
		b.height = 20 + 16*len(b.name) + 20*len(b.badges)
		b.exitL, b.exitR = -1, -1
		b.height = max(b.height, sideHeight(b.left, exits[i][0])+6, sideHeight(b.right, exits[i][1])+6)
		if exits[i][0] {
			b.exitL = 0
		}
		if exits[i][1] {
			b.exitR = 0
		}
		b.stack()
	}
}

const exitHeight = 14

// sideHeight is what the slots of one side take, with the point of departure
// where there is one.
func sideHeight(slots []*slot, exit bool) int {
	sum := 0
	for _, s := range slots {
		sum += s.height
	}
	if exit {
		sum += exitHeight
	}
	return sum
}

// stack places the slots of both sides, in their order, and the points of
// departure: on the left below the slots, on the right above them.
func (b *nodeBox) stack() {
	y := (b.height - sideHeight(b.left, b.exitL >= 0)) / 2
	for _, s := range b.left {
		s.offset = y + s.height/2
		y += s.height
	}
	if b.exitL >= 0 {
		b.exitL = y + exitHeight/2
	}
	y = (b.height - sideHeight(b.right, b.exitR >= 0)) / 2
	if b.exitR >= 0 {
		b.exitR = y + exitHeight/2
		y += exitHeight
	}
	for _, s := range b.right {
		s.offset = y + s.height/2
		y += s.height
	}
}

// lay leads the lines of a slot through the columns between: from the furthest
// caller's on, one bend a column, at which the nearer ones join.
func (w *weave) lay(s *slot) {
	target := w.at[s.node]
	step := 1
	if s.right {
		step = -1
	}
	reach := target.column // the column of the furthest caller
	lane := target.lane
	for _, e := range s.edges {
		from := w.at[w.ends[e][0]]
		if (from.column-reach)*step < 0 {
			reach = from.column
		}
		if lane == free {
			lane = from.lane
		}
	}
	join := func(a, b *vertex) *segment {
		g := &segment{a: a, b: b, slot: s, from: -1}
		if a.column > b.column {
			g.a, g.b = b, a
		}
		w.segments = append(w.segments, g)
		g.a.right = append(g.a.right, g)
		g.b.left = append(g.b.left, g)
		return g
	}
	// From the slot outwards: what the next line from further away leads to.
	entry := map[int]*vertex{}    // by column, what a line that comes from the column before leads to
	follows := map[int]*segment{} // by column, the segment that goes on from there
	entry[target.column] = target
	at := target
	for c := target.column - step; (c-reach)*step > 0; c -= step {
		bend := &vertex{node: -1, column: c, lane: lane}
		if lane == free && !w.rim(c) {
			bend.lane = 0
		}
		w.add(bend)
		g := join(bend, at)
		if at != target {
			g.next = follows[at.column]
		}
		follows[c] = g
		entry[c] = bend
		at = bend
	}
	for _, e := range s.edges {
		i := w.ends[e][0]
		from := w.at[i]
		if from.column == target.column {
			w.segments = append(w.segments, &segment{a: from, b: target, slot: s, from: i, around: true})
			continue
		}
		c := from.column + step
		g := join(from, entry[c])
		g.from, g.next = i, follows[c]
	}
}

// attach reads from the boxes where each segment's ends are.
func (w *weave) attach() {
	for _, g := range w.segments {
		g.aw, g.bw = 0, 0
		source, target, sourceEnd, targetEnd := g.a, g.b, &g.aw, &g.bw
		if g.slot.right && !g.around {
			source, target, sourceEnd, targetEnd = g.b, g.a, &g.bw, &g.aw
		}
		if source.node >= 0 {
			*sourceEnd = w.boxes[source.node].exitR
			if g.slot.right && !g.around {
				*sourceEnd = w.boxes[source.node].exitL
			}
		}
		if target.node >= 0 {
			*targetEnd = g.slot.offset
		}
	}
}
