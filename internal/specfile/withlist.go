package specfile

import (
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/spec"
)

// changeList edits a list.
func (e *editor) changeList(n *yaml.Node, was, want reflect.Value, s slot) {
	if want.Len() == 0 && was.Len() > 0 {
		e.changed(s)
		e.replace(n, want, s)
		return
	}
	from, moved := align(was, want)
	c := e.entries(n, s, was.Type().Elem())
	for i := range c.items {
		c.items[i].gone = true
	}
	for _, i := range from {
		if i >= 0 {
			c.items[i].gone = false
		}
	}
	e.leave(c, s)
	given := s.gift.entries()
	last := -1
	for j, i := range from {
		in := slot{path: &place{parent: s.path, index: max(i, 0)}, column: c.column, flow: c.flow}
		in.gift = given[identity(want.Index(j))]
		if i >= 0 {
			e.change(n.Content[i], was.Index(i), want.Index(j), in)
			last = i
			continue
		}
		e.changed(s)
		c.add(last, e.newEntry(c, moved[j], was, want.Index(j), in))
	}
	e.collection(c)
}

// leave notes the path of the first entry that goes.
func (e *editor) leave(c *collection, s slot) {
	if i := slices.IndexFunc(c.items, func(i item) bool { return i.gone }); i >= 0 {
		e.changed(slot{path: &place{parent: s.path, index: i}})
	}
}

// newEntry is an entry of a list as it is to be inserted: its own text where
// it has only moved, what the other text says where there is one, or printed.
func (e *editor) newEntry(c *collection, moved int, was, v reflect.Value, s slot) addition {
	if c.flow {
		return addition{flow(v)}
	}
	if moved >= 0 && equalValues(was.Index(moved), v) {
		if lines, ok := e.lines.copied(c.node, moved); ok {
			return lines
		}
	}
	if s.gift.of(v) {
		if lines, ok := e.donor.copied(s.gift.holder, s.gift.index); ok {
			return lines
		}
	}
	own := e.own
	own.gap = c.gap
	return own.entry(v)
}

// align says for each entry of want which one of was it is, or -1 where it is
// new. The entries that are found keep their order; one that has moved is new,
// and moved says where it was.
func align(was, want reflect.Value) (from, moved []int) {
	from = make([]int, want.Len())
	moved = make([]int, want.Len())
	places := map[string][]int{}
	for i := range was.Len() {
		id := identity(was.Index(i))
		places[id] = append(places[id], i)
	}
	for j := range from {
		from[j], moved[j] = -1, -1
		id := identity(want.Index(j))
		if at := places[id]; len(at) > 0 {
			from[j], places[id] = at[0], at[1:]
		}
	}
	stays := rising(from)
	taken := make([]bool, was.Len())
	for j, i := range from {
		if i >= 0 {
			taken[i] = true
		}
		if i >= 0 && !stays[j] {
			from[j], moved[j] = -1, i
		}
	}
	limits := make([]int, len(from)) // the first entry that is found again behind each
	for j, next := len(from)-1, was.Len(); j >= 0; j-- {
		if from[j] >= 0 {
			next = from[j]
		}
		limits[j] = next
	}
	// What is new in one place and gone from the same is a change.
	for j, i := 0, 0; j < len(from); j++ {
		if from[j] >= 0 {
			i = from[j] + 1
			continue
		}
		if moved[j] >= 0 {
			continue
		}
		if k := alike(was, want.Index(j), taken, i, limits[j]); k >= 0 {
			from[j], taken[k] = k, true
			i = k + 1
		}
	}
	return from, moved
}

// alike chooses the entry, from i on and before end, that has become v: one
// that differs in its name alone, or else the first that is gone.
func alike(was, v reflect.Value, taken []bool, i, end int) int {
	found := -1
	const farthest = 64 // entries looked at, so that work stays in proportion
	for k := i; k < min(end, i+farthest); k++ {
		switch {
		case taken[k]:
		case anonymous(was.Index(k), v):
			return k
		case found < 0:
			found = k
		}
	}
	return found
}

// anonymous reports whether two entries differ in their names alone.
func anonymous(a, b reflect.Value) bool {
	name := nameOf(a)
	if !name.IsValid() {
		return false
	}
	c := reflect.New(b.Type()).Elem()
	c.Set(b)
	nameOf(c).Set(name)
	return equalValues(a, c)
}

// nameOf gives the field that tells entries of a list apart, or no value.
func nameOf(v reflect.Value) reflect.Value {
	tab := tables[v.Type()]
	if tab == nil {
		return reflect.Value{}
	}
	if i, ok := tab.byKey["name"]; ok {
		return v.Field(tab.fields[i].index)
	}
	if tab.shorthand >= 0 {
		return v.Field(tab.shorthand)
	}
	return reflect.Value{}
}

// identity is what an entry of a list is known by: the name of what has one,
// also a port's default one, the callee of a call, the path of a path; else all
// that it says.
func identity(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case spec.Call:
		return fmt.Sprintf("%q %q %s", x.Service, x.Namespace, x.Port.Text())
	case spec.Path:
		return x.Path
	case spec.Port:
		return "name " + called(v)
	}
	if name := nameOf(v); name.IsValid() && name.String() != "" {
		return "name " + name.String()
	}
	return flow(v)
}

// rising marks a longest rising run of the numbers that are not negative.
func rising(numbers []int) []bool {
	var ends []int // the index of the least last number of a run, by length
	before := make([]int, len(numbers))
	for j, n := range numbers {
		if n < 0 {
			continue
		}
		at, _ := slices.BinarySearchFunc(ends, n, func(end, n int) int { return numbers[end] - n })
		before[j] = -1
		if at > 0 {
			before[j] = ends[at-1]
		}
		if at == len(ends) {
			ends = append(ends, j)
		} else {
			ends[at] = j
		}
	}
	marks := make([]bool, len(numbers))
	if len(ends) > 0 {
		for j := ends[len(ends)-1]; j >= 0; j = before[j] {
			marks[j] = true
		}
	}
	return marks
}

// entries are the items of a list.
func (e *editor) entries(n *yaml.Node, s slot, elem reflect.Type) *collection {
	c := &collection{node: n, slot: s, gap: e.own.gap}
	c.flow = s.flow || n.Style&yaml.FlowStyle != 0
	for i, entry := range n.Content {
		it := item{start: e.lines.begin(entry), node: entry}
		if !c.flow {
			it.start = e.lines.dash(n, i)
		}
		c.items = append(c.items, it)
	}
	if c.flow {
		return c
	}
	c.column = e.lines.column(e.lines.body(n))
	last := n.Content[len(n.Content)-1]
	dash := c.items[len(c.items)-1].start
	if by := e.lines.begin(last) - dash; last.Line == e.lines.lineAt(dash) && by > 1 && by < 9 {
		c.gap = by
	}
	c.spaced = e.spaced(c, blockType(elem))
	return c
}

// spaced reports whether empty lines part the entries of a list; a list of one
// says nothing, and is taken to be as Format writes it.
func (e *editor) spaced(c *collection, otherwise bool) bool {
	if len(c.items) < 2 {
		return otherwise
	}
	first := e.lines.lineAt(c.items[0].start)
	for n := e.lines.lineAt(c.items[len(c.items)-1].start) - 1; n > first; n-- {
		if e.lines.blank(n) {
			return true
		}
		if _, ok := e.lines.comment(n); !ok {
			return false
		}
	}
	return false
}
