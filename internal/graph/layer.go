package graph

import (
	"cmp"
	"math"
	"slices"
)

// sketch is a graph on its way to a drawing: who stands in which column, and
// in which lane. A lane is a band across all columns that belongs to one
// group, so that a group is one box.
type sketch struct {
	g       *Graph
	ends    [][2]int // of each edge, as indexes of nodes
	lane    []int    // of each node; free for those in the columns at the rims
	lanes   int
	group   []int // of each lane: the index of its group, or -1
	column  []int // of each node
	columns int
	first   int // so many columns at the left hold free nodes only
	last    int // and so many at the right
}

// free is the lane of nodes that stand at the rims, outside of all lanes.
const free = -1

func newSketch(g *Graph) *sketch {
	s := &sketch{g: g, ends: make([][2]int, len(g.Edges)), lane: make([]int, len(g.Nodes)), column: make([]int, len(g.Nodes))}
	index := g.nodeIndex()
	for i, e := range g.Edges {
		s.ends[i] = [2]int{index[e.From], index[e.To]}
	}
	s.assignLanes()
	s.assignColumns()
	return s
}

// assignLanes gives every group a lane, near the lanes that it talks with, and
// finds the nodes of no group that can stand at a rim: where traffic comes in
// from outside, and where it leaves.
func (s *sketch) assignLanes() {
	in, out := make([]int, len(s.g.Nodes)), make([]int, len(s.g.Nodes))
	for _, e := range s.ends {
		if e[0] != e[1] {
			out[e[0]]++
			in[e[1]]++
		}
	}
	groups := map[string]int{}
	for i, gr := range s.g.Groups {
		groups[gr.ID] = i
	}
	const none = -1
	of := make([]int, len(s.g.Nodes)) // group by node, none for ordinary nodes without
	loose := false
	for i, n := range s.g.Nodes {
		rim := n.Kind != Service && n.Kind != Waypoint && n.Group == ""
		switch {
		case n.Group != "":
			of[i] = groups[n.Group]
		case rim && in[i] == 0 && out[i] > 0, rim && out[i] == 0 && in[i] > 0:
			of[i] = len(s.g.Groups) + 1
		default:
			of[i] = len(s.g.Groups)
			loose = true
		}
	}
	count := len(s.g.Groups)
	s.group = make([]int, count)
	for i := range s.group {
		s.group[i] = i
	}
	if loose {
		s.group = append(s.group, none)
		count++
	}
	weight := make([]map[int]int, count)
	for i := range weight {
		weight[i] = map[int]int{}
	}
	for _, e := range s.ends {
		a, b := of[e[0]], of[e[1]]
		if a != b && a < count && b < count {
			weight[a][b]++
			weight[b][a]++
		}
	}
	order := arrange(weight)
	lane := make([]int, count)
	ordered := make([]int, count)
	for at, i := range order {
		lane[i] = at
		ordered[at] = s.group[i]
	}
	s.group, s.lanes = ordered, count
	for i := range s.lane {
		s.lane[i] = free
		if of[i] < count {
			s.lane[i] = lane[of[i]]
		}
	}
}

// arrange orders things in a row such that those with much in common stand
// close: from the order given, by mean and then by swapping neighbours as long
// as that shortens the whole.
func arrange(weight []map[int]int) []int {
	order := make([]int, len(weight))
	place := make([]int, len(weight))
	for i := range order {
		order[i], place[i] = i, i
	}
	length := func() int {
		sum := 0
		for a, m := range weight {
			for b, w := range m {
				sum += w * abs(place[a]-place[b])
			}
		}
		return sum
	}
	best, shortest := slices.Clone(order), length()
	for range 8 {
		mean := make([]int, len(order))
		for a, m := range weight {
			sum, total := 64*place[a], 1
			for b, w := range m {
				sum += 64 * w * place[b]
				total += w
			}
			mean[a] = sum / total
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
		for at, i := range order {
			place[i] = at
		}
		if l := length(); l < shortest {
			best, shortest = slices.Clone(order), l
		}
	}
	order = best
	for at, i := range order {
		place[i] = at
	}
	for better, rounds := true, 0; better && rounds < 16; rounds++ {
		better = false
		for at := 0; at+1 < len(order); at++ {
			a, b := order[at], order[at+1]
			gain := 0 // of moving a behind b
			for c, w := range weight[a] {
				if c != b {
					gain += w * (abs(at-place[c]) - abs(at+1-place[c]))
				}
			}
			for c, w := range weight[b] {
				if c != a {
					gain += w * (abs(at+1-place[c]) - abs(at-place[c]))
				}
			}
			if gain > 0 {
				order[at], order[at+1] = b, a
				place[a], place[b] = at+1, at
				better = true
			}
		}
	}
	return order
}

// columnLimit is how many nodes of a lane stand in one column at most, such
// that the whole is somewhat wider than high.
func columnLimit(all, lane int) int {
	if all == 0 {
		return 1
	}
	return max(5, int(math.Sqrt(float64(all*7)))*lane/all+1)
}

// assignColumns puts callers left of whom they call, as far as there are no
// cycles, and not too many nodes into one column. Among those that could stand
// in a column, those with the longest chain of calls behind them come first.
// A graph that is both deep and large is pushed together into fewer columns,
// so that the number of bends stays in proportion to its edges: a line within
// one column goes around in the channel.
func (s *sketch) assignColumns() {
	n := len(s.g.Nodes)
	var rim [2][]int // the free nodes, at the left and at the right
	called := make([]bool, n)
	linked := make([]bool, n)
	for _, e := range s.ends {
		if e[0] != e[1] {
			called[e[1]] = true
			linked[e[0]], linked[e[1]] = true, true
		}
	}
	size := make([]int, s.lanes)
	for i, l := range s.lane {
		switch {
		case l != free:
			size[l]++
		case called[i]:
			rim[1] = append(rim[1], i)
		default:
			rim[0] = append(rim[0], i)
		}
	}
	limit := make([]int, s.lanes)
	for l := range limit {
		limit[l] = columnLimit(n, size[l])
	}
	rimLimit := columnLimit(n, n)
	s.first = (len(rim[0]) + rimLimit - 1) / rimLimit
	s.last = (len(rim[1]) + rimLimit - 1) / rimLimit

	next, previous := s.acyclic()
	height := make([]int, n) // the longest chain of calls from here
	waits := make([]int, n)
	var order []int
	for i := range n {
		if waits[i] = len(previous[i]); waits[i] == 0 {
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, to := range next[order[at]] {
			if waits[to]--; waits[to] == 0 {
				order = append(order, to)
			}
		}
	}
	for _, i := range slices.Backward(order) {
		for _, to := range next[i] {
			height[i] = max(height[i], height[to]+1)
		}
	}

	ready := make([][]int, s.lanes)
	var waiting []int // the lanes that have somebody ready, in order
	left := 0
	enqueue := func(i int) {
		l := s.lane[i]
		if len(ready[l]) == 0 {
			waiting = append(waiting, l)
		}
		ready[l] = append(ready[l], i)
	}
	for i := range n {
		waits[i] = len(previous[i])
		if s.lane[i] != free && linked[i] {
			left++
			if waits[i] == 0 {
				enqueue(i)
			}
		}
	}
	count := map[[2]int]int{} // nodes by lane and column
	end := s.first
	for ; left > 0; end++ {
		var placed []int
		lanes := waiting
		waiting = nil
		for _, l := range lanes {
			slices.SortFunc(ready[l], func(a, b int) int { return cmp.Or(cmp.Compare(height[b], height[a]), cmp.Compare(a, b)) })
			take := min(limit[l], len(ready[l]))
			placed = append(placed, ready[l][:take]...)
			if ready[l] = ready[l][take:]; len(ready[l]) > 0 {
				waiting = append(waiting, l)
			}
			count[[2]int{l, end}] = take
		}
		for _, i := range placed {
			s.column[i] = end
			left--
			for _, to := range next[i] {
				if waits[to]--; waits[to] == 0 {
					enqueue(to)
				}
			}
		}
	}
	s.pull(next, previous, count, limit, end)
	if most := max(40, 600_000/(len(s.ends)+1)); end-s.first > most {
		for i := range n {
			s.column[i] = s.first + (s.column[i]-s.first)*most/(end-s.first)
		}
		end = s.first + most
		clear(count)
	}

	fill := make([]int, s.lanes) // the column of each lane with room for who talks to nobody
	for l := range fill {
		fill[l] = s.first
	}
	for i := range n {
		if s.lane[i] == free || linked[i] {
			continue
		}
		l := s.lane[i]
		for count[[2]int{l, fill[l]}] >= limit[l] {
			fill[l]++
		}
		count[[2]int{l, fill[l]}]++
		s.column[i] = fill[l]
		end = max(end, fill[l]+1)
	}
	for at, i := range rim[0] {
		s.column[i] = at / rimLimit
	}
	for at, i := range rim[1] {
		s.column[i] = end + at/rimLimit
	}
	s.columns = end + s.last
}

// pull moves nodes right, next to whom they call, where that shortens more
// lines than it lengthens and their lane has room in the column.
func (s *sketch) pull(next, previous [][]int, count map[[2]int]int, limit []int, end int) {
	var movable []int
	for i := range s.column {
		if s.lane[i] != free && len(next[i]) > len(previous[i]) {
			movable = append(movable, i)
		}
	}
	slices.SortFunc(movable, func(a, b int) int { return cmp.Or(cmp.Compare(s.column[b], s.column[a]), cmp.Compare(a, b)) })
	for _, i := range movable {
		nearest := end
		for _, to := range next[i] {
			nearest = min(nearest, s.column[to])
		}
		l := s.lane[i]
		for to := nearest - 1; to > s.column[i]; to-- {
			if count[[2]int{l, to}] < limit[l] {
				count[[2]int{l, to}]++
				count[[2]int{l, s.column[i]}]--
				s.column[i] = to
				break
			}
		}
	}
}

// acyclic gives who follows and who precedes whom among the nodes that stand
// in lanes, with as few edges as can be found turned around for there to be no
// cycle. It is the greedy of Eades, Lin and Smyth: sinks go to the end, sources
// to the beginning, and otherwise whoever calls most and is called least.
func (s *sketch) acyclic() (next, previous [][]int) {
	n := len(s.g.Nodes)
	out, in := make([][]int, n), make([][]int, n)
	for _, e := range s.ends {
		if e[0] != e[1] && s.lane[e[0]] != free && s.lane[e[1]] != free {
			out[e[0]] = append(out[e[0]], e[1])
			in[e[1]] = append(in[e[1]], e[0])
		}
	}
	outs, ins := make([]int, n), make([]int, n)
	bound := 0
	for i := range n {
		outs[i], ins[i] = len(out[i]), len(in[i])
		bound = max(bound, outs[i], ins[i])
	}
	// One queue for sinks, one for sources, and one for each difference of
	// calls out and in; an entry that is out of date is passed over.
	buckets := make([][]int, 2*bound+3)
	const sinks, sources = 0, 1
	bucket := func(i int) int {
		switch {
		case outs[i] == 0:
			return sinks
		case ins[i] == 0:
			return sources
		}
		return 2 + outs[i] - ins[i] + bound
	}
	rank := make([]int, n)
	done := make([]bool, n)
	top := len(buckets) - 1
	put := func(i int) {
		b := bucket(i)
		buckets[b] = append(buckets[b], i)
		top = max(top, b)
	}
	for i := range n {
		put(i)
	}
	head := make([]int, len(buckets))
	take := func(b int) (int, bool) {
		for head[b] < len(buckets[b]) {
			i := buckets[b][head[b]]
			head[b]++
			if !done[i] && bucket(i) == b {
				return i, true
			}
		}
		return 0, false
	}
	lowest, highest := 0, n-1
	for lowest <= highest {
		i, ok := take(sinks)
		if ok {
			rank[i] = highest
			highest--
		} else {
			if i, ok = take(sources); !ok {
				for ; top > 1; top-- {
					if i, ok = take(top); ok {
						break
					}
				}
			}
			rank[i] = lowest
			lowest++
		}
		done[i] = true
		for _, to := range out[i] {
			if !done[to] {
				ins[to]--
				put(to)
			}
		}
		for _, from := range in[i] {
			if !done[from] {
				outs[from]--
				put(from)
			}
		}
	}
	next, previous = make([][]int, n), make([][]int, n)
	for i := range n {
		for _, to := range out[i] {
			a, b := i, to
			if rank[a] > rank[b] {
				a, b = b, a
			}
			next[a] = append(next[a], b)
			previous[b] = append(previous[b], a)
		}
	}
	return next, previous
}

func abs(n int) int { return max(n, -n) }
