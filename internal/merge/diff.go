package merge

import (
	"bytes"
	"slices"
	"sort"
)

// lines are the texts of one comparison, each line once: as numbers they are
// compared in no time.
type lines struct{ number map[string]int }

func (l *lines) of(text []byte) (numbers []int) {
	for line := range bytes.Lines(text) {
		n, known := l.number[string(line)]
		if !known {
			n = len(l.number)
			l.number[string(line)] = n
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// A run is a stretch of lines that two texts have in common.
type run struct{ a, b, n int }

// common aligns two texts: the runs that they share, in order, as long as can be.
// Lines that are in each of them once are taken for landmarks first: much of
// YAML is the same line over and over, and the longest alignment alone often
// pairs lines that have nothing to do with each other.
func common(a, b []int) []run {
	var out []run
	add := func(r run) {
		if n := len(out); n > 0 && out[n-1].a+out[n-1].n == r.a && out[n-1].b+out[n-1].n == r.b {
			out[n-1].n += r.n
		} else if r.n > 0 {
			out = append(out, r)
		}
	}
	align(a, b, 0, 0, add)
	return out
}

func align(a, b []int, aOff, bOff int, add func(run)) {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	add(run{aOff, bOff, start})
	a, b = a[start:], b[start:]
	end := 0
	for end < len(a) && end < len(b) && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	aOff, bOff = aOff+start, bOff+start
	tail := run{aOff + len(a) - end, bOff + len(b) - end, end}
	a, b = a[:len(a)-end], b[:len(b)-end]
	defer add(tail)
	if len(a) == 0 || len(b) == 0 {
		return
	}
	marks := landmarks(a, b)
	if len(marks) == 0 {
		for _, r := range shortest(a, b) {
			add(run{aOff + r.a, bOff + r.b, r.n})
		}
		return
	}
	i, j := 0, 0
	for _, m := range marks {
		align(a[i:m.a], b[j:m.b], aOff+i, bOff+j, add)
		add(run{aOff + m.a, bOff + m.b, 1})
		i, j = m.a+1, m.b+1
	}
	align(a[i:], b[j:], aOff+i, bOff+j, add)
}

// landmarks are the lines that both texts have once, as many of them as follow
// each other in the same order in both.
func landmarks(a, b []int) []run {
	type seen struct{ a, b, inA, inB int }
	count := map[int]*seen{}
	for i, n := range a {
		s := count[n]
		if s == nil {
			s = &seen{}
			count[n] = s
		}
		s.a, s.inA = i, s.inA+1
	}
	for j, n := range b {
		if s := count[n]; s != nil {
			s.b, s.inB = j, s.inB+1
		}
	}
	var both []run
	for i, n := range a {
		if s := count[n]; s.inA == 1 && s.inB == 1 {
			both = append(both, run{i, s.b, 1})
		}
	}
	// The longest sequence that rises in b too: before holds, for each, the one
	// that it follows, and ends the last of the best sequence of each length.
	before := make([]int, len(both))
	var ends []int
	for i, m := range both {
		k := sort.Search(len(ends), func(k int) bool { return both[ends[k]].b > m.b })
		before[i] = -1
		if k > 0 {
			before[i] = ends[k-1]
		}
		if k == len(ends) {
			ends = append(ends, i)
		} else {
			ends[k] = i
		}
	}
	if len(ends) == 0 {
		return nil
	}
	var out []run
	for i := ends[len(ends)-1]; i >= 0; i = before[i] {
		out = append(out, both[i])
	}
	slices.Reverse(out)
	return out
}

// hopeless is the number of edits at which two texts without a landmark count
// as having nothing in common. It bounds time and memory.
const hopeless = 1000

// shortest aligns with the fewest edits (Myers, "An O(ND) Difference Algorithm
// and Its Variations", 1986), keeping the furthest points of each round.
func shortest(a, b []int) []run {
	most := min(len(a)+len(b), hopeless)
	var rounds [][]int
	furthest := make([]int, 2*most+3)
	at := func(k int) int { return k + most + 1 }
	for d := 0; d <= most; d++ {
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && furthest[at(k-1)] < furthest[at(k+1)] {
				x = furthest[at(k+1)]
			} else {
				x = furthest[at(k-1)] + 1
			}
			for x < len(a) && x-k < len(b) && a[x] == b[x-k] {
				x++
			}
			furthest[at(k)] = x
			if x >= len(a) && x-k >= len(b) {
				return retrace(a, rounds, d, k)
			}
		}
		rounds = append(rounds, slices.Clone(furthest[at(-d):at(d)+1]))
	}
	return nil
}

// retrace walks the rounds back from the end; rounds[d][k+d] is the furthest
// point of diagonal k after d edits.
func retrace(a []int, rounds [][]int, d, k int) []run {
	var out []run
	x := len(a)
	for ; d >= 0; d-- {
		startX, next := 0, k
		if d > 0 {
			last := rounds[d-1]
			point := func(k int) int {
				if k < -(d-1) || k > d-1 {
					return -1
				}
				return last[k+d-1]
			}
			if k == -d || k != d && point(k-1) < point(k+1) {
				next = k + 1
				startX = point(next)
			} else {
				next = k - 1
				startX = point(next) + 1
			}
		}
		if n := x - startX; n > 0 {
			out = append(out, run{startX, startX - k, n})
		}
		x = startX
		if next < k {
			x-- // a line of a went; otherwise one of b came
		}
		k = next
	}
	slices.Reverse(out)
	return out
}
