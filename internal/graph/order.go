package graph

import (
	"cmp"
	"slices"
)

// untangle orders what stands in each column such that few lines cross: every
// vertex goes to the mean place of those that it is tied to, in sweeps to the
// right and to the left, and neighbours change places where that helps. The
// best order seen is kept. Lanes stay together.
func (w *weave) untangle() {
	w.sweep()
	if w.swapLanes() {
		w.sweep()
	}
}

// swapLanes lets neighbouring lanes change places as long as that undoes
// crossings, where there are few enough of them to try. It reports whether any did.
func (w *weave) swapLanes() bool {
	if w.lanes < 2 || w.lanes*len(w.segments) > 40_000 {
		return false
	}
	swap := func(l int) {
		for _, column := range w.order {
			for _, v := range column {
				switch v.lane {
				case l:
					v.lane = l + 1
				case l + 1:
					v.lane = l
				}
			}
		}
		for i, lane := range w.lane {
			switch lane {
			case l:
				w.lane[i] = l + 1
			case l + 1:
				w.lane[i] = l
			}
		}
		w.group[l], w.group[l+1] = w.group[l+1], w.group[l]
		w.byLane()
	}
	fewest, any := w.crossings(), false
	for better, rounds := true, 0; better && rounds < 6; rounds++ {
		better = false
		for l := range w.lanes - 1 {
			before := w.snapshot()
			swap(l)
			if n := w.crossings(); n < fewest {
				fewest, better, any = n, true, true
				continue
			}
			swap(l)
			w.restore(before)
		}
	}
	return any
}

// byLane brings the vertices of each lane together, in their order.
func (w *weave) byLane() {
	for c := range w.order {
		slices.SortStableFunc(w.order[c], func(a, b *vertex) int { return cmp.Compare(a.lane, b.lane) })
		w.renumber(c)
	}
}

func (w *weave) sweep() {
	w.byLane()
	sweeps := 28
	switch size := len(w.segments); {
	case size > 60_000:
		sweeps = 4
	case size > 3_000:
		sweeps = 10
	}
	swap := len(w.segments) <= 3_000
	best, fewest := w.snapshot(), w.crossings()
	unchanged := 0
	for i := 0; i < sweeps && fewest > 0 && unchanged < 8; i++ {
		if i%2 == 0 {
			for c := 1; c < len(w.order); c++ {
				w.sortColumn(c, true, i%4 == 2)
			}
		} else {
			for c := len(w.order) - 2; c >= 0; c-- {
				w.sortColumn(c, false, i%4 == 3)
			}
		}
		if swap {
			w.transpose()
		}
		unchanged++
		if n := w.crossings(); n < fewest {
			best, fewest, unchanged = w.snapshot(), n, 0
		}
	}
	w.restore(best)
}

func (w *weave) restore(order [][]*vertex) {
	for c := range w.order {
		w.order[c] = order[c]
		w.renumber(c)
	}
}

func (w *weave) snapshot() [][]*vertex {
	out := make([][]*vertex, len(w.order))
	for c := range w.order {
		out[c] = slices.Clone(w.order[c])
	}
	return out
}

// unit is the length of a column in the measure that means are taken in.
const unit = 1 << 20

// sortColumn orders a column by the mean place of its vertices' neighbours, in
// the column to the left or to the right, or on both sides. Who has none stays
// where it is, more or less.
func (w *weave) sortColumn(c int, left, both bool) {
	column := w.order[c]
	for _, v := range column {
		sum, n := 0, 0
		if left || both {
			for _, g := range v.left {
				sum += w.place(g.a, g.aw)
				n++
			}
		}
		if !left || both {
			for _, g := range v.right {
				sum += w.place(g.b, g.bw)
				n++
			}
		}
		if n == 0 {
			sum, n = w.place(v, v.height/2), 1
		}
		v.mean = sum / n
	}
	slices.SortStableFunc(column, func(a, b *vertex) int {
		return cmp.Or(cmp.Compare(a.lane, b.lane), cmp.Compare(a.mean, b.mean))
	})
	w.renumber(c)
}

// place is where a point of a vertex is in its column, between 0 and unit.
func (w *weave) place(v *vertex, offset int) int {
	each := unit / len(w.order[v.column])
	return v.at*each + each*(offset+1)/(v.height+2)
}

// transpose lets neighbours in a column change places as long as that undoes crossings.
func (w *weave) transpose() {
	for range 6 {
		better := false
		for _, column := range w.order {
			for i := 0; i+1 < len(column); i++ {
				a, b := column[i], column[i+1]
				if a.lane == b.lane && crossed(a, b) > crossed(b, a) {
					column[i], column[i+1] = b, a
					b.at, a.at = i, i+1
					better = true
				}
			}
		}
		if !better {
			return
		}
	}
}

// crossed counts the crossings of the lines of a with those of b while a
// stands above b.
func crossed(a, b *vertex) int {
	n := 0
	for _, p := range a.left {
		for _, q := range b.left {
			if below(p.a, p.aw, q.a, q.aw) {
				n++
			}
		}
	}
	for _, p := range a.right {
		for _, q := range b.right {
			if below(p.b, p.bw, q.b, q.bw) {
				n++
			}
		}
	}
	return n
}

// below holds if the first point is truly below the second, in one column.
func below(a *vertex, ay int, b *vertex, by int) bool {
	return a.at > b.at || a.at == b.at && ay > by
}

// crossings counts the pairs of segments between two columns whose ends are in
// opposite orders. Lines that stay within a column are not counted.
func (w *weave) crossings() int {
	sum := 0
	for c := 0; c+1 < len(w.order); c++ {
		sum += w.crossingsBeside(c)
	}
	return sum
}

func (w *weave) crossingsBeside(c int) int {
	var ends []*segment
	for _, v := range w.order[c] {
		ends = append(ends, v.right...)
	}
	if len(ends) < 2 {
		return 0
	}
	slices.SortFunc(ends, func(p, q *segment) int {
		return cmp.Or(cmp.Compare(p.a.at, q.a.at), cmp.Compare(p.aw, q.aw), cmp.Compare(p.b.at, q.b.at), cmp.Compare(p.bw, q.bw))
	})
	// Ranks of the right ends, then inversions by a Fenwick tree. Segments that
	// begin at one point cannot cross: they are sorted by their right ends.
	byRight := slices.Clone(ends)
	slices.SortFunc(byRight, func(p, q *segment) int { return cmp.Or(cmp.Compare(p.b.at, q.b.at), cmp.Compare(p.bw, q.bw)) })
	r := 0
	for i, g := range byRight {
		if i > 0 && (g.b != byRight[i-1].b || g.bw != byRight[i-1].bw) {
			r++
		}
		g.rank = r
	}
	tree := make([]int, r+2)
	sum := 0
	for i, g := range ends {
		upTo := 0 // those before that end at or above this one
		for k := g.rank + 1; k > 0; k -= k & -k {
			upTo += tree[k]
		}
		sum += i - upTo
		for k := g.rank + 1; k < len(tree); k += k & -k {
			tree[k]++
		}
	}
	return sum
}
