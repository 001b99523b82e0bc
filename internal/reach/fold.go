package reach

import (
	"encoding/binary"
	"slices"
)

// Claim is what a listing says of a connection: the ports that it names, and
// in which words.
type Claim struct {
	Ports, Some Ports
	Text        string
}

// Folded is connections with what is alike put together.
type Folded struct {
	// Count is how many connections there are.
	Count int

	groups []Group
	blocks []Block
}

// Group is one line of a listing: each of From may do with each of To, and
// neither with itself, what Text says. What two may do is what all groups say
// that hold both.
type Group struct {
	From, To []*Workload // by namespace and name
	Itself   bool        // each of From with itself, and To is From
	Text     string
}

// Fold gives the connections among workloads of which say says something, as
// groups. What say says must depend on nothing but the ports, the way, the
// kinds of both ends and the ports that the destination declares. The work
// follows the policies and the number of workloads, and not the pairs.
func (c *Connections) Fold(kind func(*Workload) string, say func(Connection) (Claim, bool)) *Folded {
	f := newAlike(c, kind)
	out := &Folded{}
	lines := newLines(f.sets)
	for _, d := range f.destinations(kind) {
		for _, way := range d.ways {
			out.take(lines, f.of(d, way), say)
		}
	}
	out.groups = lines.merged(c)
	out.groups = append(out.groups, out.themselves(c, kind, say)...)
	return out
}

// Groups are the folded connections.
func (f *Folded) Groups() []Group { return f.groups }

// Connections are all of them, by the namespaces and names of the first, then
// of the second.
func (f *Folded) Connections() []Connection {
	var out []Connection
	for i := range f.blocks {
		for c := range f.blocks[i].All() {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b Connection) int {
		if order := compareParties(a.From, b.From); order != 0 {
			return order
		}
		if order := compareParties(a.To, b.To); order != 0 {
			return order
		}
		return compareVia(a.Via, b.Via)
	})
	return out
}

// take adds the blocks of one destination and way. Of a large block those are
// no exceptions that may do what it says and more: they have a line of their
// own for what that is.
func (f *Folded) take(l *lines, blocks []Block, say func(Connection) (Claim, bool)) {
	alone := map[int32]Connection{}
	for i := range blocks {
		if len(blocks[i].from.list) == 1 {
			alone[blocks[i].from.list[0]] = blocks[i].sample
		}
	}
	covered := map[int32]string{} // what is said of it already
	for i := range blocks {
		b := &blocks[i]
		claim, said := say(b.sample)
		if !said {
			continue
		}
		f.Count += b.Len()
		f.blocks = append(f.blocks, *b)
		if len(b.from.list) == 1 {
			continue
		}
		var except []int32
		for _, e := range b.except {
			c, known := alone[e]
			switch {
			case known && claim.Ports.Minus(c.Ports).IsEmpty() && claim.Some.Minus(c.Any()).IsEmpty():
				covered[e] = claim.Text
			case len(b.to) == 1 && b.to[0] == e: // with itself, of which no line speaks
			default:
				except = append(except, e)
			}
		}
		l.add(b.from, except, b.to, claim.Text)
	}
	callers := map[string][]int32{}
	var to []int32
	for i := range blocks {
		b := &blocks[i]
		if len(b.from.list) != 1 {
			continue
		}
		if claim, said := say(b.sample); said && covered[b.from.list[0]] != claim.Text {
			callers[claim.Text] = append(callers[claim.Text], b.from.list[0])
			to = b.to
		}
	}
	for _, text := range sortedKeys(callers) {
		slices.Sort(callers[text])
		l.add(l.sets.of(callers[text]), nil, to, text)
	}
}

// themselves are the workloads whose pods may talk to each other because a rule
// means them.
func (f *Folded) themselves(c *Connections, kind func(*Workload) string, say func(Connection) (Claim, bool)) []Group {
	with := map[string][]*Workload{}
	for j, w := range c.pods {
		if !c.set.meansItself(w) {
			continue
		}
		for _, con := range c.Between(w, w) {
			if claim, said := say(con); said {
				f.Count++
				f.blocks = append(f.blocks, Block{c: c, from: &members{list: []int32{int32(j)}}, to: []int32{int32(j)}, itself: true, sample: con})
				with[claim.Text] = append(with[claim.Text], w)
			}
		}
	}
	var out []Group
	for _, text := range sortedKeys(with) {
		out = append(out, Group{From: with[text], To: with[text], Itself: true, Text: text})
	}
	return out
}

// lines puts blocks together that say the same: first those of the same
// callers, then those of the same destinations.
type lines struct {
	sets  *membership
	order []lineKey
	to    map[lineKey][]int32
	cases map[lineKey][]int32
}

type lineKey struct {
	end    int    // the set of the callers, or of the destinations
	except string // of the callers
	text   string
}

func newLines(sets *membership) *lines {
	return &lines{sets: sets, to: map[lineKey][]int32{}, cases: map[lineKey][]int32{}}
}

func (l *lines) add(from *members, except, to []int32, text string) {
	var spelt []byte
	for _, i := range except {
		spelt = binary.LittleEndian.AppendUint32(spelt, uint32(i))
	}
	key := lineKey{from.id, string(spelt), text}
	if l.to[key] == nil {
		l.order = append(l.order, key)
		l.cases[key] = from.list
		if len(except) > 0 {
			l.cases[key] = slices.DeleteFunc(slices.Clone(from.list), func(i int32) bool { _, out := slices.BinarySearch(except, i); return out })
		}
	}
	l.to[key] = append(l.to[key], to...)
}

func (l *lines) merged(c *Connections) []Group {
	var order []lineKey
	from, to := map[lineKey][]int32{}, map[lineKey][]int32{}
	for _, key := range l.order {
		slices.Sort(l.to[key])
		list := slices.Compact(l.to[key])
		by := lineKey{end: l.sets.of(list).id, text: key.text}
		if to[by] == nil {
			order = append(order, by)
			to[by] = list
		}
		from[by] = append(from[by], l.cases[key]...)
	}
	named := func(list []int32) []*Workload {
		out := make([]*Workload, len(list))
		for i, j := range list {
			out[i] = c.pods[j]
		}
		return out
	}
	var out []Group
	for _, key := range order {
		slices.Sort(from[key])
		out = append(out, Group{From: named(slices.Compact(from[key])), To: named(to[key]), Text: key.text})
	}
	return out
}
