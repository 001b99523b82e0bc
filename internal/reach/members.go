package reach

import (
	"slices"
)

// members is a set of workloads, by their index, that exists once: two equal
// sets are the same pointer.
type members struct {
	id   int
	list []int32 // sorted
	all  bool    // every workload there is
}

func (m *members) empty() bool { return len(m.list) == 0 }

func (m *members) has(i int32) bool {
	if m.all {
		return true
	}
	_, found := slices.BinarySearch(m.list, i)
	return found
}

// membership makes and keeps the sets of one computation.
type membership struct {
	known      map[string]*members
	everyone   *members
	none       *members
	everything []int32
	met        map[[2]int]*members
}

func newMembership(n int) *membership {
	s := &membership{known: map[string]*members{}, met: map[[2]int]*members{}, everything: make([]int32, n)}
	for i := range s.everything {
		s.everything[i] = int32(i)
	}
	s.none = s.of(nil)
	s.everyone = s.of(s.everything)
	s.everyone.all = true
	return s
}

// of gives the set of a sorted list without repetitions, which it keeps.
func (s *membership) of(list []int32) *members {
	key := make([]byte, 0, 4*len(list))
	for _, i := range list {
		key = append(key, byte(i), byte(i>>8), byte(i>>16), byte(i>>24))
	}
	if m, ok := s.known[string(key)]; ok {
		return m
	}
	m := &members{id: len(s.known), list: list}
	s.known[string(key)] = m
	return m
}

// where is the set of the workloads for which keep holds.
func (s *membership) where(keep func(i int32) bool) *members {
	var list []int32
	for _, i := range s.everything {
		if keep(i) {
			list = append(list, i)
		}
	}
	return s.of(list)
}

func (s *membership) union(sets ...*members) *members {
	if len(sets) == 1 {
		return sets[0]
	}
	var list []int32
	for _, m := range sets {
		if m.all {
			return m
		}
		list = append(list, m.list...)
	}
	slices.Sort(list)
	return s.of(slices.Compact(list))
}

func (s *membership) intersect(a, b *members) *members {
	switch {
	case a == b, b.all:
		return a
	case a.all:
		return b
	}
	if len(a.list) > len(b.list) {
		a, b = b, a
	}
	if a.empty() {
		return a
	}
	// Small sets meet faster than they are looked up.
	remember := len(a.list) > 8
	key := [2]int{a.id, b.id}
	if remember {
		if m, ok := s.met[key]; ok {
			return m
		}
	}
	m := s.of(common(a.list, b.list))
	if remember {
		s.met[key] = m
	}
	return m
}

// common is what two sorted lists share; a is the shorter.
func common(a, b []int32) []int32 {
	var out []int32
	if len(b) > 16*len(a) {
		for _, x := range a {
			if _, found := slices.BinarySearch(b, x); found {
				out = append(out, x)
			}
		}
		return out
	}
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] < b[j]:
			i++
		case a[i] > b[j]:
			j++
		default:
			out = append(out, a[i])
			i, j = i+1, j+1
		}
	}
	return out
}

func (s *membership) minus(a, b *members) *members {
	if b.empty() || a.empty() {
		return a
	}
	var list []int32
	for _, x := range a.list {
		if !b.has(x) {
			list = append(list, x)
		}
	}
	return s.of(list)
}
