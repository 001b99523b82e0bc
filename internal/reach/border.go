package reach

import (
	"cmp"
	"encoding/binary"
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
	mine := map[Direction][][]uint32{} // the grants of each workload
	for _, d := range []Direction{Egress, Ingress} {
		mine[d] = make([][]uint32, len(c.pods))
		for k, g := range grants[d] {
			for _, i := range g.pods.list {
				mine[d][i] = append(mine[d][i], uint32(k))
			}
		}
	}
	// Many workloads have the same rules, and some rules have many ranges.
	disjoint := map[string][]zone{}
	summed := map[string][]Connection{}
	for i, w := range c.pods {
		for _, d := range []Direction{Egress, Ingress} {
			key := grantsKey(d, mine[d][i])
			zones, known := disjoint[key]
			if !known {
				zones = apart(granted(grants[d], mine[d][i]))
				disjoint[key] = zones
			}
			guarded := d == Ingress && c.layer != Network
			if guarded {
				zones = cut(zones, c.set.blocksAt(w))
			}
			found, known := summed[key]
			if !known {
				for _, z := range zones {
					found = c.cross(found, d, w, &Outside{Addresses: z.addresses}, []zone{z})
				}
				found = sumUp(found)
				for i := range found {
					found[i].outside(party(found[i].other().Addresses))
				}
				byOther(found)
				if !guarded {
					summed[key] = found
				}
			}
			found = slices.Clone(found)
			for i := range found {
				found[i].inward(w)
			}
			for _, o := range own {
				found = c.cross(found, d, w, o, zones)
			}
			if len(own) > 0 {
				byOther(found)
			}
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

// inward replaces the end that is a workload.
func (o *Connection) inward(w *Workload) {
	if o.From.Outside != nil {
		o.To.Workload = w
	} else {
		o.From.Workload = w
	}
	o.Unknown = w.HostNetwork
}

// blocksAt are the addresses that the mesh's policies at a workload tell apart:
// those of each list of blocks together, because a rule asks whether any holds.
func (s *Set) blocksAt(w *Workload) []Addresses {
	g := &s.meshRulesOf(w).guard
	var out []Addresses
	seen := map[string]bool{}
	for _, a := range slices.Concat(g.custom, g.deny, g.allow) {
		for _, block := range a.blocks {
			if key := block.key(); !block.IsEmpty() && !seen[key] {
				seen[key] = true
				out = append(out, block)
			}
		}
	}
	slices.SortFunc(out, func(a, b Addresses) int { return strings.Compare(a.key(), b.key()) })
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

// grantsKey tells workloads with different grants apart.
func grantsKey(d Direction, grants []uint32) string {
	b := make([]byte, 0, len(d)+4*len(grants))
	b = append(b, d...)
	for _, k := range grants {
		b = binary.LittleEndian.AppendUint32(b, k)
	}
	return string(b)
}

func granted(grants []grant, list []uint32) []zone {
	out := make([]zone, len(list))
	for i, k := range list {
		out[i] = zone{grants[k].addresses, grants[k].ports}
	}
	return out
}

// byOther puts connections of one workload in the order of their other ends' texts.
func byOther(list []Connection) {
	texts := map[*Outside]string{} // that of many ranges is long: it is made once
	for _, o := range list {
		if other := o.other(); texts[other] == "" {
			texts[other] = other.Text()
		}
	}
	slices.SortStableFunc(list, func(a, b Connection) int { return strings.Compare(texts[a.other()], texts[b.other()]) })
}

// cross adds the connection of a workload with one party, as the zones allow.
func (c *Connections) cross(out []Connection, d Direction, w *Workload, o *Outside, zones []zone) []Connection {
	whole, part := AllPorts(), Ports{}
	var covered []addressRange
	for _, z := range zones {
		inside := o.Addresses.Intersect(z.addresses)
		if inside.IsEmpty() {
			continue
		}
		covered = append(covered, inside.ranges...)
		whole, part = whole.Intersect(z.ports), part.Union(z.ports)
	}
	if !o.Addresses.Minus(normalAddresses(covered)).IsEmpty() {
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
