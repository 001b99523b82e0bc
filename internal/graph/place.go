package graph

import (
	"cmp"
	"slices"
)

// Gaps of the drawing, in pixels.
const (
	nodeGap   = 16 // between two nodes of a column
	bendGap   = 9  // between two lines that pass
	mixedGap  = 13 // between a node and a line that passes
	groupHead = 30 // above what is in a box: the name of its group
	groupPad  = 12
	laneGap   = 18
)

// gap is the least distance between two neighbours of a column.
func gap(a, b *vertex) int {
	switch {
	case a.node >= 0 && b.node >= 0:
		return nodeGap
	case a.node < 0 && b.node < 0:
		return bendGap
	}
	return mixedGap
}

// pull is what a segment does to the heights of its ends: the longer a line
// is, the straighter it runs.
func (g *segment) pull() int {
	switch {
	case g.a.node < 0 && g.b.node < 0:
		return 10
	case g.a.node < 0 || g.b.node < 0:
		return 3
	}
	return 2
}

// band is where a lane lies, from its top to its bottom.
type band struct{ top, bottom int }

// settle gives every vertex its height on the page. In sweeps, each column is
// put where the columns beside it want it: exactly where the sum of squared
// distances is least among all positions that keep the order, the gaps and the
// lanes. It gives the lanes' bands and the bottom of it all.
func (w *weave) settle() (bands []band, bottom int) {
	bands = w.stackLanes()
	if len(bands) > 0 {
		bottom = bands[len(bands)-1].bottom
	}
	for c, column := range w.order {
		if w.rim(c) {
			bottom = max(bottom, packed(column))
		}
	}
	for c := range w.order {
		w.eachRun(c, bands, bottom, func(run []*vertex, b band) {
			y := b.top + (b.bottom-b.top-packed(run))/2
			for i, v := range run {
				if i > 0 {
					y += run[i-1].height + gap(run[i-1], v)
				}
				v.y = y
			}
		})
	}
	w.relax(bands, bottom, 6)
	for i := range w.boxes {
		w.sortSlots(i)
	}
	w.attach()
	w.relax(bands, bottom, 6)
	return w.tighten(bands)
}

func (w *weave) relax(bands []band, bottom, sweeps int) {
	if len(w.segments) > 60_000 {
		sweeps = 2
	}
	for range sweeps {
		for c := 1; c < len(w.order); c++ {
			w.fit(c, bands, bottom, true, false)
		}
		for c := len(w.order) - 2; c >= 0; c-- {
			w.fit(c, bands, bottom, false, true)
		}
	}
	for range 2 * sweeps {
		for c := range w.order {
			w.fit(c, bands, bottom, true, true)
		}
	}
}

// packed is the height of vertices on top of each other with no room to spare.
func packed(run []*vertex) int {
	sum := 0
	for i, v := range run {
		sum += v.height
		if i > 0 {
			sum += gap(run[i-1], v)
		}
	}
	return sum
}

// stackLanes puts the lanes below each other, each with some room to spare
// over its fullest column.
func (w *weave) stackLanes() []band {
	need := make([]int, w.lanes)
	for c := range w.order {
		if !w.rim(c) {
			for run := range runs(w.order[c]) {
				need[run[0].lane] = max(need[run[0].lane], packed(run))
			}
		}
	}
	bands := make([]band, w.lanes)
	y := 0
	for l := range bands {
		if w.group[l] >= 0 {
			y += groupHead
		}
		bands[l] = band{y, y + need[l] + need[l]/6}
		y = bands[l].bottom + laneGap
		if w.group[l] >= 0 {
			y += groupPad
		}
	}
	return bands
}

// runs gives the parts of a column that are in one lane, one after another.
func runs(column []*vertex) func(yield func([]*vertex) bool) {
	return func(yield func([]*vertex) bool) {
		for len(column) > 0 {
			n := 1
			for n < len(column) && column[n].lane == column[0].lane {
				n++
			}
			if !yield(column[:n]) {
				return
			}
			column = column[n:]
		}
	}
}

// eachRun gives every run of a column and the band that it may stand in; at
// the rims, the whole column and the whole height.
func (w *weave) eachRun(c int, bands []band, bottom int, do func(run []*vertex, b band)) {
	if w.rim(c) {
		if len(w.order[c]) > 0 {
			do(w.order[c], band{0, bottom})
		}
		return
	}
	for run := range runs(w.order[c]) {
		do(run, bands[run[0].lane])
	}
}

// fit puts one column where its neighbours want it.
func (w *weave) fit(c int, bands []band, bottom int, left, right bool) {
	w.eachRun(c, bands, bottom, func(run []*vertex, b band) {
		want, weight := make([]int, len(run)), make([]int, len(run))
		for i, v := range run {
			sum, total := 0, 0
			if left {
				for _, g := range v.left {
					sum += g.pull() * (g.a.y + g.aw - g.bw)
					total += g.pull()
				}
			}
			if right {
				for _, g := range v.right {
					sum += g.pull() * (g.b.y + g.bw - g.aw)
					total += g.pull()
				}
			}
			if total == 0 {
				sum, total = v.y, 1
			}
			want[i], weight[i] = floorDiv(sum, total), total
		}
		nearest(run, want, weight, b)
	})
}

// nearest solves it for one run: isotonic regression by pooling adjacent
// violators, in the coordinates in which gaps are gone, clamped to the band.
func nearest(run []*vertex, want, weight []int, b band) {
	type pool struct{ sum, weight, count int }
	var pools []pool
	offset := make([]int, len(run))
	for i, v := range run {
		if i > 0 {
			offset[i] = offset[i-1] + run[i-1].height + gap(run[i-1], v)
		}
		pools = append(pools, pool{weight[i] * (want[i] - offset[i]), weight[i], 1})
		for n := len(pools); n > 1 && pools[n-2].sum*pools[n-1].weight >= pools[n-1].sum*pools[n-2].weight; n = len(pools) {
			p, q := pools[n-2], pools[n-1]
			pools = append(pools[:n-2], pool{p.sum + q.sum, p.weight + q.weight, p.count + q.count})
		}
	}
	last := len(run) - 1
	low, high := b.top, max(b.top, b.bottom-offset[last]-run[last].height)
	i := 0
	for _, p := range pools {
		at := min(max(floorDiv(p.sum, p.weight), low), high)
		for range p.count {
			run[i].y = at + offset[i]
			i++
		}
	}
}

// floorDiv divides and rounds down, below zero too.
func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// sortSlots orders the slots of a node by where their lines come from.
func (w *weave) sortSlots(node int) {
	from := func(s *slot) int {
		sum, n := 0, 0
		v := w.at[node]
		for _, list := range [][]*segment{v.left, v.right} {
			for _, g := range list {
				if g.slot == s {
					other, offset := g.a, g.aw
					if other == v {
						other, offset = g.b, g.bw
					}
					sum += other.y + offset
					n++
				}
			}
		}
		if n == 0 {
			return 1 << 40 // from within the column: below the rest
		}
		return sum / n
	}
	b := &w.boxes[node]
	for _, side := range [][]*slot{b.left, b.right} {
		if len(side) > 1 {
			at := map[*slot]int{}
			for _, s := range side {
				at[s] = from(s)
			}
			slices.SortStableFunc(side, func(p, q *slot) int { return cmp.Compare(at[p], at[q]) })
		}
	}
	b.stack()
}

// tighten takes out what the lanes have to spare, and moves all to the top.
func (w *weave) tighten(bands []band) (tight []band, bottom int) {
	used := make([]band, len(bands))
	for l := range used {
		used[l] = band{1 << 40, -1 << 40}
	}
	for c, column := range w.order {
		if w.rim(c) {
			continue
		}
		for _, v := range column {
			used[v.lane].top = min(used[v.lane].top, v.y)
			used[v.lane].bottom = max(used[v.lane].bottom, v.y+v.height)
		}
	}
	y := 0
	tight = make([]band, len(bands))
	shift := make([]int, len(bands))
	for l, u := range used {
		if w.group[l] >= 0 {
			y += groupHead
		}
		shift[l] = y - u.top
		tight[l] = band{y, y + u.bottom - u.top}
		y = tight[l].bottom + laneGap
		if w.group[l] >= 0 {
			y += groupPad
		}
	}
	for c, column := range w.order {
		if !w.rim(c) {
			for _, v := range column {
				v.y += shift[v.lane]
			}
		}
	}
	if len(tight) > 0 {
		bottom = tight[len(tight)-1].bottom
	}
	for c, column := range w.order {
		if w.rim(c) {
			bottom = max(bottom, packed(column))
		}
	}
	for c := range w.order {
		if w.rim(c) {
			w.fit(c, tight, bottom, true, true)
		}
	}
	return tight, bottom
}
