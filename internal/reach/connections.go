package reach

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// Connections is everything that is allowed among workloads, and between them
// and addresses outside. It is computed from what policies name and kept as
// such: pairs are made when they are asked for. It is safe for concurrent use.
type Connections struct {
	set     *Set
	layer   Layer
	pods    []*Workload // by namespace and name
	index   map[*Workload]int32
	areas   []area
	from    *areaIndex
	to      *areaIndex
	outside []Connection
}

// Connection is what one party may open at another. A destination outside has
// no container ports: its ports are those of the addresses.
type Connection struct {
	From, To Party
	// Via is the waypoint that the connection passes, nil for the direct way.
	// The two are two Connections.
	Via *Workload
	// Ports always pass. Some pass for some requests, or from some addresses
	// or pods, and are not in Ports. One of the two may be empty.
	Ports, Some Ports
	// Unknown: an end is on its node's network, of which policies say nothing.
	Unknown bool
}

// Any is the ports on which at least something passes.
func (c Connection) Any() Ports { return c.Ports.Union(c.Some) }

// Text says the connection on one line: web -> db: 5432/TCP.
func (c Connection) Text() string {
	var b strings.Builder
	b.WriteString(c.From.Text() + " -> " + c.To.Text())
	if c.Via != nil {
		b.WriteString(" through " + c.Via.Text())
	}
	b.WriteString(": " + c.PortsText())
	return b.String()
}

// PortsText says the ports: the destination's own by number, those that pass
// for some requests with that remark.
func (c Connection) PortsText() string {
	var parts []string
	if !c.Ports.IsEmpty() {
		parts = append(parts, c.Ports.TextOn(c.To.Workload))
	}
	if !c.Some.IsEmpty() {
		parts = append(parts, c.Some.TextOn(c.To.Workload)+" for some requests")
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, ", ")
}

// Class is connections that are alike: everyone in From to everyone in To,
// except each to itself. In the layers with a mesh it is an upper bound, since
// what the mesh denies is known only of a pair.
type Class struct {
	From, To []*Workload
	Via      *Workload
	Ports    Ports
}

// Connections computes what is allowed among workloads, which are all parties:
// applications, front doors, what the platform brings. Waypoints that they
// name as Fronts are added. outside are addresses that the caller wants to
// hear of by name, beside those that policies name.
//
// The work follows the policies: it is linear in the number of services where
// each has its own few rules, and where rules are for everybody.
func (s *Set) Connections(layer Layer, workloads []*Workload, outside ...Outside) *Connections {
	c := &Connections{set: s, layer: layer, pods: withWaypoints(workloads), index: map[*Workload]int32{}}
	for i, w := range c.pods {
		c.index[w] = int32(i)
	}
	n := newNetwork(s, c.pods)
	policies := n.areas()
	switch layer {
	case Network:
		c.areas = policies
	case MeshPolicy:
		c.areas = n.meshAreas()
		c.areas = append(c.areas, n.viaAreas(nil)...)
		clear(n.outside)
		n.outside[Egress] = []grant{{n.sets.everyone, Anywhere(), AllPorts()}}
		n.outside[Ingress] = n.outside[Egress]
	default:
		c.areas = n.join(n.tunnelled(policies), n.meshAreas())
		c.areas = append(c.areas, n.viaAreas(policies)...)
	}
	c.from = indexAreas(c.areas, func(a *area) *members { return a.from })
	c.to = indexAreas(c.areas, func(a *area) *members { return a.to })
	c.outside = c.border(n.outside, outside)
	return c
}

// withWaypoints is the workloads by name, each once, with the waypoints in
// front of them.
func withWaypoints(workloads []*Workload) []*Workload {
	out := slices.Clone(workloads)
	for _, w := range workloads {
		for _, f := range w.Fronts {
			if f.Waypoint != nil {
				out = append(out, f.Waypoint)
			}
		}
	}
	seen := map[*Workload]bool{}
	out = slices.DeleteFunc(out, func(w *Workload) bool {
		again := seen[w]
		seen[w] = true
		return again || w == nil
	})
	slices.SortStableFunc(out, compareWorkloads)
	return out
}

// Workloads are the parties among which connections are, by namespace and name.
func (c *Connections) Workloads() []*Workload { return slices.Clone(c.pods) }

// Layer is the layer that was asked for.
func (c *Connections) Layer() Layer { return c.layer }

// Notes are the Set's.
func (c *Connections) Notes() []string { return c.set.Notes() }

// cell is one entry of a row.
type cell struct {
	other int32
	via   *Workload
	ports Ports
}

// scratch gathers the ports of a row; it is reused.
type scratch struct {
	ports   []Ports
	touched []int32
}

// row gathers the areas that a workload is in, from one end.
func (x *areaIndex) row(self int32, n int, other func(a *area) *members, s *scratch) []cell {
	byVia := map[*Workload][]int32{}
	add := func(areas []int32) {
		for _, i := range areas {
			via := x.areas[i].via
			byVia[via] = append(byVia[via], i)
		}
	}
	add(x.everyone)
	for _, set := range x.holding[self] {
		add(x.bySet[set])
	}
	var out []cell
	met := false // areas may have met in a destination
	for via, areas := range byVia {
		if len(areas) == 1 {
			a := &x.areas[areas[0]]
			for _, o := range other(a).list {
				out = append(out, cell{o, via, a.ports})
			}
			continue
		}
		met = true
		sum := 0
		for _, i := range areas {
			sum += len(other(&x.areas[i]).list)
		}
		if sum < n/8 {
			// Few of many: what is gathered is put together by sorting, so that a row
			// costs what is in it and not what there is in all.
			out = append(out, x.gather(areas, via, other)...)
			continue
		}
		if s.ports == nil {
			s.ports = make([]Ports, n)
		}
		s.touched = s.touched[:0]
		for _, i := range areas {
			a := &x.areas[i]
			for _, o := range other(a).list {
				if s.ports[o].IsEmpty() {
					s.touched = append(s.touched, o)
				}
				s.ports[o] = s.ports[o].Union(a.ports)
			}
		}
		for _, o := range s.touched {
			out = append(out, cell{o, via, s.ports[o]})
			s.ports[o] = Ports{}
		}
	}
	if len(byVia) > 1 || met {
		slices.SortFunc(out, func(a, b cell) int { return cmp.Or(cmp.Compare(a.other, b.other), compareVia(a.via, b.via)) })
		s.touched = s.touched[:0]
	}
	return out
}

// gather is what areas hold at their other ends, each of these once.
func (x *areaIndex) gather(areas []int32, via *Workload, other func(a *area) *members) []cell {
	var out []cell
	for _, i := range areas {
		a := &x.areas[i]
		for _, o := range other(a).list {
			out = append(out, cell{o, via, a.ports})
		}
	}
	slices.SortStableFunc(out, func(a, b cell) int { return cmp.Compare(a.other, b.other) })
	kept := out[:0]
	for _, c := range out {
		if last := len(kept) - 1; last >= 0 && kept[last].other == c.other {
			kept[last].ports = kept[last].ports.Union(c.ports)
			continue
		}
		kept = append(kept, c)
	}
	return kept
}

// compareVia puts the direct way first.
func compareVia(a, b *Workload) int {
	switch {
	case a == b:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return compareWorkloads(a, b)
}

// connection finishes a pair: what the mesh denies of it goes.
func (c *Connections) connection(from, to *Workload, via *Workload, ports Ports) (Connection, bool) {
	out := Connection{From: Party{Workload: from}, To: Party{Workload: to}, Via: via, Ports: ports,
		Unknown: from.HostNetwork || to.HostNetwork}
	if c.layer != Network {
		r := c.set.meshed(from, to, via).within(ports)
		out.Ports, out.Some = r.yes, r.some
	}
	return out, !out.Ports.IsEmpty() || !out.Some.IsEmpty()
}

// meshed is what the mesh's policies say of one way between two workloads.
func (s *Set) meshed(from, to, via *Workload) ruling {
	if via != nil {
		return s.through(from, via, to)
	}
	return s.enter(from, to)
}

// Pairs yields every connection between two workloads, by the namespaces and
// names of the first, then of the second. What a workload's pods may say to each
// other is among them where a rule of a policy that selects them names them as
// its peer, as that of a database cluster does; of others ask Between.
func (c *Connections) Pairs() iter.Seq[Connection] {
	return func(yield func(Connection) bool) {
		s := new(scratch)
		for i := range c.pods {
			for connection := range c.outgoing(int32(i), s) {
				if !yield(connection) {
					return
				}
			}
		}
	}
}

// From yields what a workload may open at others, by their namespaces and names.
func (c *Connections) From(w *Workload) iter.Seq[Connection] {
	i, ok := c.index[w]
	if !ok {
		return func(func(Connection) bool) {}
	}
	return c.outgoing(i, new(scratch))
}

func (c *Connections) outgoing(i int32, s *scratch) iter.Seq[Connection] {
	return func(yield func(Connection) bool) {
		for _, cell := range c.from.row(i, len(c.pods), func(a *area) *members { return a.to }, s) {
			if cell.other == i && !c.set.meansItself(c.pods[i]) {
				continue
			}
			if connection, some := c.connection(c.pods[i], c.pods[cell.other], cell.via, cell.ports); some && !yield(connection) {
				return
			}
		}
	}
}

// To yields what others may open at a workload, by their namespaces and names.
func (c *Connections) To(w *Workload) iter.Seq[Connection] {
	return func(yield func(Connection) bool) {
		i, ok := c.index[w]
		if !ok {
			return
		}
		for _, cell := range c.to.row(i, len(c.pods), func(a *area) *members { return a.from }, new(scratch)) {
			if cell.other == i && !c.set.meansItself(w) {
				continue
			}
			if connection, some := c.connection(c.pods[cell.other], w, cell.via, cell.ports); some && !yield(connection) {
				return
			}
		}
	}
}

// meansItself reports whether a rule for w's pods names them as its peer. Rules
// for everybody mean nobody in particular.
func (s *Set) meansItself(w *Workload) bool {
	for _, p := range s.policiesOf(w) {
		for _, d := range []Direction{Ingress, Egress} {
			rules, isolates := p.rules(d)
			for _, r := range rules {
				if isolates && len(r.peers) > 0 && s.peersMatch(r.peers, p.object.Namespace, Pod(w)) {
					return true
				}
			}
		}
	}
	return false
}

// Between is what one workload may open at another, the direct way first, then
// by waypoints. Of a workload and itself it is what one of its pods may open at
// another.
func (c *Connections) Between(from, to *Workload) []Connection {
	i, ok := c.index[from]
	j, known := c.index[to]
	if !ok || !known {
		return nil
	}
	sum := map[*Workload]Ports{}
	add := func(areas []int32) {
		for _, k := range areas {
			if a := &c.areas[k]; a.to.has(j) {
				sum[a.via] = sum[a.via].Union(a.ports)
			}
		}
	}
	add(c.from.everyone)
	for _, set := range c.from.holding[i] {
		add(c.from.bySet[set])
	}
	var out []Connection
	for via, ports := range sum {
		if connection, some := c.connection(from, to, via, ports); some {
			out = append(out, connection)
		}
	}
	slices.SortFunc(out, func(a, b Connection) int { return compareVia(a.Via, b.Via) })
	return out
}

// Classes yields the connections unexpanded. Classes may overlap: what a pair
// has is the union of the ports of all that hold it.
func (c *Connections) Classes() iter.Seq[Class] {
	return func(yield func(Class) bool) {
		for _, a := range c.areas {
			if !yield(Class{c.named(a.from), c.named(a.to), a.via, a.ports}) {
				return
			}
		}
	}
}

func (c *Connections) named(m *members) []*Workload {
	out := make([]*Workload, len(m.list))
	for i, j := range m.list {
		out[i] = c.pods[j]
	}
	return out
}
