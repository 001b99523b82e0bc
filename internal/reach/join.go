package reach

import (
	"cmp"
	"slices"
)

// merge makes fewer areas that say the same: first those that differ in their
// callers alone become one, then those that differ in their destinations alone.
func (n *network) merge(areas []area) []area {
	areas = n.mergeBy(areas, func(a *area) (same, differs **members) { return &a.to, &a.from })
	areas = n.mergeBy(areas, func(a *area) (same, differs **members) { return &a.from, &a.to })
	slices.SortStableFunc(areas, func(a, b area) int {
		return cmp.Or(cmp.Compare(a.from.id, b.from.id), cmp.Compare(a.to.id, b.to.id), cmp.Compare(a.ports.key(), b.ports.key()))
	})
	return areas
}

func (n *network) mergeBy(areas []area, ends func(*area) (same, differs **members)) []area {
	type group struct {
		id    int
		ports string
		via   *Workload
	}
	type sum struct {
		area
		further []*members // what differs in the areas after the first
	}
	sums := make([]sum, 0, len(areas))
	at := make(map[group]int, len(areas))
	for _, a := range areas {
		same, differs := ends(&a)
		g := group{(*same).id, a.ports.key(), a.via}
		i, known := at[g]
		if !known {
			at[g] = len(sums)
			sums = append(sums, sum{area: a})
			continue
		}
		if _, first := ends(&sums[i].area); *first != *differs {
			sums[i].further = append(sums[i].further, *differs)
		}
	}
	out := make([]area, 0, len(sums))
	for i := range sums {
		a := sums[i].area
		if further := sums[i].further; len(further) > 0 {
			_, differs := ends(&a)
			further = append(further, *differs)
			slices.SortFunc(further, func(a, b *members) int { return cmp.Compare(a.id, b.id) })
			*differs = n.sets.union(slices.Compact(further)...)
		}
		out = append(out, a)
	}
	return out
}

// areaIndex finds the areas of a list that have a workload at one end.
type areaIndex struct {
	areas    []area
	everyone []int32                // areas with everyone at that end
	bySet    map[*members][]int32   // the others, by the set
	holding  map[int32][]*members   // sets that hold a workload
	end      func(a *area) *members // which end
}

func indexAreas(areas []area, end func(a *area) *members) *areaIndex {
	x := &areaIndex{areas: areas, bySet: map[*members][]int32{}, holding: map[int32][]*members{}, end: end}
	for i := range areas {
		m := end(&areas[i])
		if m.all {
			x.everyone = append(x.everyone, int32(i))
			continue
		}
		if x.bySet[m] == nil {
			for _, w := range m.list {
				x.holding[w] = append(x.holding[w], m)
			}
		}
		x.bySet[m] = append(x.bySet[m], int32(i))
	}
	return x
}

// cost is how many areas of the index a set meets, counted until limit.
func (x *areaIndex) cost(m *members, limit int) int {
	if m.all {
		return len(x.areas)
	}
	total := len(x.everyone)
	for _, w := range m.list {
		for _, s := range x.holding[w] {
			total += len(x.bySet[s])
		}
		total++
		if total >= limit {
			break
		}
	}
	return total
}

// meeting yields the areas that have a workload of m at the index's end, each
// once; met remembers them.
func (x *areaIndex) meeting(m *members, met map[int32]bool, yield func(i int32)) {
	if m.all {
		for i := range x.areas {
			yield(int32(i))
		}
		return
	}
	clear(met)
	for _, i := range x.everyone {
		yield(i)
	}
	for _, w := range m.list {
		for _, s := range x.holding[w] {
			for _, i := range x.bySet[s] {
				if !met[i] {
					met[i] = true
					yield(i)
				}
			}
		}
	}
}

// join gives what both lists allow. For each area it looks for partners from
// the end where there are fewer, so that the work follows what the policies
// name and not the number of pairs.
func (n *network) join(left, right []area) []area {
	byTo := indexAreas(right, func(a *area) *members { return a.to })
	byFrom := indexAreas(right, func(a *area) *members { return a.from })
	met := map[int32]bool{}
	var out []area
	for _, l := range left {
		pair := func(i int32) {
			r := right[i]
			ports := l.ports.Intersect(r.ports)
			if ports.IsEmpty() {
				return
			}
			from := n.sets.intersect(l.from, r.from)
			if from.empty() {
				return
			}
			to := n.sets.intersect(l.to, r.to)
			if to.empty() {
				return
			}
			out = append(out, area{from, to, ports, cmp.Or(l.via, r.via)})
		}
		viaTo := byTo.cost(l.to, len(right))
		if viaTo <= byFrom.cost(l.from, viaTo) {
			byTo.meeting(l.to, met, pair)
		} else {
			byFrom.meeting(l.from, met, pair)
		}
	}
	return n.merge(out)
}
