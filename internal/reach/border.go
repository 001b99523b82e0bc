package reach

import (
	"cmp"
	"iter"
	"slices"
	"strings"
)

// Outside yields what workloads may open at addresses outside, and what those
// may open at workloads: by the workload's namespace and name, outgoing first,
// then by the addresses. Of one workload and direction no address is in two
// Connections, except in those that the caller named: of these Ports are the
// ports on which every address passes, and Some those on which some do.
func (c *Connections) Outside() iter.Seq[Connection] { return slices.Values(c.outside) }

// OutsideOf is Outside for one workload.
func (c *Connections) OutsideOf(w *Workload) []Connection {
	i, found := slices.BinarySearchFunc(c.outside, w, func(o Connection, w *Workload) int { return cmp.Compare(c.index[o.inside()], c.index[w]) })
	if _, known := c.index[w]; !found || !known {
		return nil
	}
	j := i
	for j < len(c.outside) && c.outside[j].inside() == w {
		j++
	}
	return c.outside[i:j:j]
}

// inside is the end of a border crossing that is a workload.
func (o Connection) inside() *Workload { return cmp.Or(o.From.Workload, o.To.Workload) }

// zone is addresses that one workload treats alike.
type zone struct {
	addresses Addresses
	ports     Ports
}

// border turns grants into connections, workload by workload.
func (c *Connections) border(grants map[Direction][]grant, named []Outside) []Connection {
	parties := map[string]*Outside{}
	party := func(a Addresses) *Outside {
		key := a.key()
		if parties[key] == nil {
			parties[key] = &Outside{Addresses: a}
		}
		return parties[key]
	}
	own := make([]*Outside, len(named))
	for i := range named {
		own[i] = &named[i]
	}
	var out []Connection
	mine := map[Direction][][]zone{}
	for _, d := range []Direction{Egress, Ingress} {
		mine[d] = make([][]zone, len(c.pods))
		for _, g := range grants[d] {
			for _, i := range g.pods.list {
				mine[d][i] = append(mine[d][i], zone{g.addresses, g.ports})
			}
		}
	}
	disjoint := map[string][]zone{} // many workloads have the same rules
	for i, w := range c.pods {
		for _, d := range []Direction{Egress, Ingress} {
			key := zonesKey(mine[d][i])
			zones, known := disjoint[key]
			if !known {
				zones = apart(mine[d][i])
				disjoint[key] = zones
			}
			if d == Ingress && c.layer != Network {
				zones = cut(zones, c.set.blocksAt(w))
			}
			var found []Connection
			for _, z := range zones {
				found = c.cross(found, d, w, &Outside{Addresses: z.addresses}, []zone{z})
			}
			found = sumUp(found)
			for i := range found {
				found[i].outside(party(found[i].other().Addresses))
			}
			for _, o := range own {
				found = c.cross(found, d, w, o, zones)
			}
			slices.SortStableFunc(found, func(a, b Connection) int {
				return strings.Compare(a.other().Text(), b.other().Text())
			})
			out = append(out, found...)
		}
	}
	return out
}

func (o Connection) other() *Outside {
	if o.From.Outside != nil {
		return o.From.Outside
	}
	return o.To.Outside
}

// outside replaces the end that is addresses.
func (o *Connection) outside(party *Outside) {
	if o.From.Outside != nil {
		o.From.Outside = party
	} else {
		o.To.Outside = party
	}
}

// blocksAt are the addresses that the mesh's policies at a workload tell apart.
func (s *Set) blocksAt(w *Workload) []Addresses {
	g := &s.meshRulesOf(w).guard
	var out []Addresses
	add := func(lists ...[]string) {
		for _, v := range slices.Concat(lists...) {
			if block, ok := parseBlock(v); ok {
				out = append(out, AddressesOf(block))
			}
		}
	}
	for _, a := range slices.Concat(g.custom, g.deny, g.allow) {
		for _, r := range a.rules {
			for _, f := range r.From {
				add(f.Source.IPBlocks, f.Source.NotIPBlocks)
			}
			for _, w := range r.When {
				if w.Key == "source.ip" {
					add(w.Values, w.NotValues)
				}
			}
		}
	}
	return out
}

// cut makes zones that no block is partly in.
func cut(zones []zone, blocks []Addresses) []zone {
	for _, b := range blocks {
		var next []zone
		for _, z := range zones {
			for _, part := range []Addresses{z.addresses.Intersect(b), z.addresses.Minus(b)} {
				if !part.IsEmpty() {
					next = append(next, zone{part, z.ports})
				}
			}
		}
		zones = next
	}
	return zones
}

func zonesKey(zones []zone) string {
	var b strings.Builder
	for _, z := range zones {
		b.WriteString(z.addresses.key() + "\x00" + z.ports.key() + "\x01")
	}
	return b.String()
}

// cross adds the connection of a workload with one party, as the zones allow.
func (c *Connections) cross(out []Connection, d Direction, w *Workload, o *Outside, zones []zone) []Connection {
	whole, part := AllPorts(), Ports{}
	left := o.Addresses
	for _, z := range zones {
		inside := o.Addresses.Intersect(z.addresses)
		if inside.IsEmpty() {
			continue
		}
		left = left.Minus(inside)
		whole, part = whole.Intersect(z.ports), part.Union(z.ports)
	}
	if !left.IsEmpty() {
		whole = Ports{}
	}
	r := ruling{whole, part.Minus(whole)}
	if c.layer != Network && d == Ingress {
		r = r.then(c.set.admit(o.Addresses, w))
	}
	if r.any().IsEmpty() {
		return out
	}
	connection := Connection{From: Party{Workload: w}, To: Party{Outside: o}, Ports: r.yes, Some: r.some, Unknown: w.HostNetwork}
	if d == Ingress {
		connection.From, connection.To = connection.To, connection.From
	}
	return append(out, connection)
}

// admit gives what the mesh lets addresses open at a workload. They speak
// plaintext and have no identity.
func (s *Set) admit(from Addresses, to *Workload) ruling {
	return s.meshRulesOf(to).judge(source{addresses: from})
}

// apart makes zones that share no address, of zones that may; those with the
// same ports become one.
func apart(zones []zone) []zone {
	var out []zone
	for _, z := range zones {
		rest := z.addresses
		var next []zone
		for _, o := range out {
			both := o.addresses.Intersect(rest)
			if both.IsEmpty() {
				next = append(next, o)
				continue
			}
			if alone := o.addresses.Minus(both); !alone.IsEmpty() {
				next = append(next, zone{alone, o.ports})
			}
			next = append(next, zone{both, o.ports.Union(z.ports)})
			rest = rest.Minus(both)
		}
		if !rest.IsEmpty() {
			next = append(next, zone{rest, z.ports})
		}
		out = next
	}
	sums := map[string]zone{}
	for _, z := range out {
		if z.ports.IsEmpty() {
			continue
		}
		sum := sums[z.ports.key()]
		sums[z.ports.key()] = zone{sum.addresses.Union(z.addresses), z.ports}
	}
	out = out[:0:0]
	for _, key := range sortedKeys(sums) {
		out = append(out, sums[key])
	}
	return out
}
