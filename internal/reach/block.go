package reach

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Block is connections that are alike: from each of some workloads to each of
// others, none to itself. The destinations have the same ports by number.
type Block struct {
	c      *Connections
	from   *members
	except []int32 // of from: not meant
	to     []int32
	sample Connection
	itself bool // it is of one workload with itself
}

// Sample is one of the block's connections: all others have its Ports and Some.
func (b *Block) Sample() Connection { return b.sample }

// Len is how many connections there are.
func (b *Block) Len() int {
	itself := 0
	for _, j := range b.to {
		if b.holds(j) {
			itself++
		}
	}
	return (len(b.from.list)-len(b.except))*len(b.to) - itself
}

// holds reports whether a workload is among the callers.
func (b *Block) holds(i int32) bool {
	_, out := slices.BinarySearch(b.except, i)
	return !out && b.from.has(i)
}

// All yields the connections one by one.
func (b *Block) All() iter.Seq[Connection] {
	return func(yield func(Connection) bool) {
		for _, i := range b.from.list {
			for _, j := range b.to {
				if i == j != b.itself || !b.holds(i) {
					continue
				}
				c := b.sample
				c.From.Workload, c.To.Workload = b.c.pods[i], b.c.pods[j]
				if !yield(c) {
					return
				}
			}
		}
	}
}

// few is how many workloads a set has at most whose members are looked at one by one.
var few = 32

// alike finds what is alike. A caller of Connections is told from another by
// the areas that it is in, and by what the policies at the destination say of
// it; a destination from another by the areas and the policies.
type alike struct {
	*network
	c      *Connections
	who    *identities
	castes []*members // workloads that may differ though no policy names them
	moved  map[*members]*members
	less   map[[2]int]*members
	named  map[named]*members
	placed *members // those with an address
}

// destination is workloads to which the same connections lead.
type destination struct {
	list []int32
	ways []wayIn
}

// wayIn is the areas that lead to a destination by one waypoint, or directly.
type wayIn struct {
	via   *Workload
	areas []int32
}

func newAlike(c *Connections, kind func(*Workload) string) *alike {
	f := &alike{network: newNetwork(c.set, c.pods), c: c, moved: map[*members]*members{}, less: map[[2]int]*members{}, named: map[named]*members{}}
	f.who = f.identities()
	castes := map[string][]int32{}
	for i, w := range c.pods {
		key := kind(w)
		if c.layer != Network {
			key += "\x00" + string(w.Mesh)
		}
		if w.HostNetwork {
			key += "\x00host"
		}
		castes[key] = append(castes[key], int32(i))
	}
	for _, key := range sortedKeys(castes) {
		f.castes = append(f.castes, f.sets.of(castes[key]))
	}
	f.placed = f.sets.where(func(i int32) bool { return c.pods[i].IP.IsValid() })
	return f
}

// own is a set of the areas among the sets of this computation.
func (f *alike) own(m *members) *members {
	if m.all {
		return f.sets.everyone
	}
	if f.moved[m] == nil {
		f.moved[m] = f.sets.of(m.list)
	}
	return f.moved[m]
}

func (f *alike) without(a, b *members) *members {
	key := [2]int{a.id, b.id}
	if f.less[key] == nil {
		f.less[key] = f.sets.minus(a, b)
	}
	return f.less[key]
}

// destinations are the workloads by what leads to them and what they have.
func (f *alike) destinations(kind func(*Workload) string) []*destination {
	var out []*destination
	known := map[string]*destination{}
	x := f.c.to
	for j, w := range f.c.pods {
		var areas []int32
		areas = append(areas, x.everyone...)
		for _, set := range x.holding[int32(j)] {
			areas = append(areas, x.bySet[set]...)
		}
		var key strings.Builder
		for _, i := range areas[len(x.everyone):] {
			key.WriteString(strconv.Itoa(int(i)) + ",")
		}
		key.WriteString("\x00" + kind(w) + "\x00" + w.listens().key() + "\x00" + string(w.Mesh))
		if w.HostNetwork {
			key.WriteString("\x00host")
		}
		if len(w.Ports) == 0 {
			key.WriteString("\x00none")
		}
		if f.c.layer != Network {
			key.WriteString("\x00" + f.guardKey(j, areas))
		}
		d := known[key.String()]
		if d == nil {
			d = &destination{}
			at := map[*Workload]int{}
			for _, i := range areas {
				via := f.c.areas[i].via
				k, ok := at[via]
				if !ok {
					k = len(d.ways)
					at[via] = k
					d.ways = append(d.ways, wayIn{via: via})
				}
				d.ways[k].areas = append(d.ways[k].areas, i)
			}
			slices.SortFunc(d.ways, func(a, b wayIn) int { return compareVia(a.via, b.via) })
			known[key.String()] = d
			out = append(out, d)
		}
		d.list = append(d.list, int32(j))
	}
	return out
}

// guardKey tells workloads apart of which the mesh says different things.
func (f *alike) guardKey(j int, areas []int32) string {
	for _, i := range areas {
		if f.c.areas[i].via != nil {
			return "alone " + strconv.Itoa(j) // a waypoint's rules are those of its Services
		}
	}
	r := f.set.meshRulesOf(f.pods[j])
	var b strings.Builder
	for _, p := range []Ports{r.guard.opaque, r.captured, r.strict, r.disabled} {
		b.WriteString(p.key() + "\x00")
	}
	for _, list := range [][]*authz{r.guard.custom, r.guard.deny, r.guard.allow} {
		for _, a := range list {
			b.WriteString(a.object.Ref() + " " + a.object.Place() + ",")
		}
		b.WriteString(";")
	}
	return b.String()
}

// part is callers that the areas treat alike.
type part struct {
	set   *members
	ports Ports
}

// single is one caller with what the areas allow it.
type single struct {
	at    int32
	ports Ports
}

// callers parts those of some areas. Large sets are cut by each other; of small
// ones, each workload is taken by itself.
func (f *alike) callers(areas []int32) (parts []part, singles []single) {
	type source struct {
		set   *members
		ports Ports
	}
	var large []source
	alone := map[int32]Ports{}
	for _, i := range areas {
		a := &f.c.areas[i]
		if len(a.from.list) > few {
			large = append(large, source{f.own(a.from), a.ports})
			continue
		}
		for _, s := range a.from.list {
			alone[s] = alone[s].Union(a.ports)
		}
	}
	for _, l := range large {
		var next []part
		rest := l.set
		for _, p := range parts {
			if in := f.sets.intersect(p.set, l.set); !in.empty() {
				next = append(next, part{in, p.ports.Union(l.ports)})
			}
			if out := f.without(p.set, l.set); !out.empty() {
				next = append(next, part{out, p.ports})
			}
			rest = f.without(rest, p.set)
		}
		if !rest.empty() {
			next = append(next, part{rest, l.ports})
		}
		parts = next
	}
	for _, s := range sortedKeys(alone) {
		ports := alone[s]
		for _, p := range parts {
			if p.set.has(s) {
				ports = ports.Union(p.ports)
			}
		}
		singles = append(singles, single{s, ports})
	}
	return parts, singles
}

// told are the sets of callers that policies at a destination name, and whether
// they look at addresses.
func (f *alike) told(to, via *Workload) (sets []*members, addresses bool) {
	if f.c.layer == Network {
		return nil, false
	}
	guards := []*guard{&f.set.meshRulesOf(to).guard}
	if via != nil {
		guards = nil
		for _, front := range to.Fronts {
			if front.Waypoint == via {
				guards = append(guards, f.set.waypointGuard(front, to))
			}
		}
		sets = append(sets, f.sets.of([]int32{int32(f.indexOf(via))}))
	}
	for _, g := range guards {
		for _, a := range slices.Concat(g.custom, g.deny, g.allow) {
			addresses = addresses || len(a.blocks) > 0
			for n := range a.names.exact {
				sets = append(sets, f.meant(n))
			}
			for _, n := range a.names.globs {
				sets = append(sets, f.meant(n))
			}
		}
	}
	return sets, addresses
}

// meant are the workloads with an identity that a value names.
func (f *alike) meant(n named) *members {
	if m := f.named[n]; m != nil {
		return m
	}
	var list []int32
	take := func(namespace, account string, pods []int32) {
		value := namespace
		switch n.field {
		case byPrincipal:
			value = (&source{trustDomain: f.set.TrustDomain, namespace: namespace, account: account}).principal()
		case byAccount:
			value = namespace + "/" + account
		}
		if value == n.value || n.field != byAccount && glob(n.value, value) {
			list = append(list, pods...)
		}
	}
	exact, _ := strings.CutPrefix(n.value, f.set.TrustDomain+"/ns/")
	switch {
	case n.field == byNamespace:
		for namespace, pods := range f.who.inMesh {
			if namespace == n.value || strings.Contains(n.value, "*") {
				take(namespace, "", pods)
			}
		}
	case n.field == byAccount || !strings.Contains(n.value, "*"):
		key := n.value
		if n.field == byPrincipal {
			key = strings.Replace(exact, "/sa/", "/", 1)
		}
		namespace, account, _ := strings.Cut(key, "/")
		take(namespace, account, f.who.byAccount[key])
	default:
		for key, pods := range f.who.byAccount {
			namespace, account, _ := strings.Cut(key, "/")
			take(namespace, account, pods)
		}
	}
	slices.Sort(list)
	f.named[n] = f.sets.of(list)
	return f.named[n]
}

// of gives the blocks that lead to a destination by one way, each caller in at
// most one.
func (f *alike) of(d *destination, way wayIn) []Block {
	parts, singles := f.callers(way.areas)
	to := f.c.pods[d.list[0]]
	alone := map[int32]Ports{}
	for _, s := range singles {
		alone[s.at] = s.ports
	}
	cuts, addresses := f.told(to, way.via)
	if addresses {
		for _, i := range f.placed.list {
			for _, p := range parts {
				if _, known := alone[i]; !known && p.set.has(i) {
					alone[i] = p.ports
				}
			}
		}
	}
	for _, m := range cuts {
		if len(m.list) > few {
			continue
		}
		for _, i := range m.list {
			for _, p := range parts {
				if _, known := alone[i]; !known && p.set.has(i) {
					alone[i] = p.ports
				}
			}
		}
	}
	var atoms []part
	for _, p := range parts {
		sets := []*members{p.set}
		for _, by := range append(slices.Clone(f.castes), cuts...) {
			if len(by.list) <= few && !slices.Contains(f.castes, by) {
				continue
			}
			var next []*members
			for _, m := range sets {
				for _, half := range []*members{f.sets.intersect(m, by), f.without(m, by)} {
					if !half.empty() {
						next = append(next, half)
					}
				}
			}
			sets = next
		}
		for _, m := range sets {
			atoms = append(atoms, part{m, p.ports})
		}
	}
	single := sortedKeys(alone)
	var out []Block
	for _, a := range atoms {
		b := Block{c: f.c, from: a.set, to: d.list}
		for _, i := range single {
			if a.set.has(i) {
				b.except = append(b.except, i)
			}
		}
		out = f.judged(out, b, way.via, a.ports)
	}
	for _, i := range single {
		out = f.judged(out, Block{c: f.c, from: f.sets.of([]int32{i}), to: d.list}, way.via, alone[i])
	}
	return out
}

// judged adds a block with what the mesh leaves of its ports, if that is anything.
func (f *alike) judged(out []Block, b Block, via *Workload, ports Ports) []Block {
	for _, j := range b.to[:min(2, len(b.to))] { // of two, at least one is not the caller
		for _, i := range b.from.list {
			if i == j || !b.holds(i) {
				continue
			}
			c, some := f.c.connection(f.c.pods[i], f.c.pods[j], via, ports)
			if !some {
				return out
			}
			b.sample = c
			return append(out, b)
		}
	}
	return out
}
