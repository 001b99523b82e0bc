package draw

import (
	"net/netip"

	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// internet is the node of addresses outside that have no name of their own.
const internet = "the internet"

// outside makes the node of a host or a range.
func (d *drawing) outside(name string, addresses reach.Addresses) {
	if name == "" {
		return
	}
	if _, known := d.outsides[name]; !known {
		d.outsides[name] = addresses
		d.sheet.Graph.Nodes = append(d.sheet.Graph.Nodes, graph.Node{ID: name, Label: name, Kind: graph.External})
	}
}

// meantAddresses are those of a name in the model: a range's own, and any for a
// host, because policies know no names.
func meantAddresses(name string) reach.Addresses {
	if block, err := netip.ParsePrefix(name); err == nil {
		return reach.AddressesOf(block)
	}
	return reach.Anywhere()
}

// origin is from where a door lets in who comes by an address: the narrowest of
// the ranges that hold the address, or the internet.
func (d *drawing) origin(door *inventory.Door, ip netip.Addr) (string, reach.Addresses) {
	var found netip.Prefix
	for _, text := range d.ranges(door) {
		block, err := netip.ParsePrefix(text)
		if err == nil && block.Bits() > 0 && block.Contains(ip) && (!found.IsValid() || block.Bits() > found.Bits()) {
			found = block.Masked()
		}
	}
	if !found.IsValid() {
		return internet, reach.Anywhere()
	}
	return found.String(), reach.AddressesOf(found)
}

// ranges are those that a door's object lets in, and those in which its
// controller's proxies stand.
func (d *drawing) ranges(door *inventory.Door) []string {
	var out []string
	if view, err := door.Object.Viewed(); err == nil {
		if s, ok := view.(*manifest.Service); ok {
			return s.Spec.LoadBalancerSourceRanges
		}
	}
	if m := d.inv.Model; m != nil && m.Spec.Ingress != nil && m.Spec.Ingress.Controller != nil {
		out = append(out, m.Spec.Ingress.Controller.IPBlocks...)
	}
	if class, ok := spec.ClassOf(door.Class); ok {
		for _, api := range []spec.IngressAPI{spec.IngressResource, spec.GatewayAPI} {
			if c := class.Controller(api, "", ""); c != nil {
				out = append(out, c.IPBlocks...)
			}
		}
	}
	return out
}

// border takes down what is allowed from and to the outside and not meant.
func (d *drawing) border() {
	meant, platform := d.meantOutside(), d.inv.PlatformAddresses()
	for con := range d.c.Outside() {
		w, party, out := con.From.Workload, con.To.Outside, true
		if w == nil {
			w, party, out = con.To.Workload, con.From.Outside, false
		}
		own := d.own[w]
		if own == nil || own.Party != "" || party.Addresses.Minus(platform).IsEmpty() {
			continue
		}
		if out && d.open.out[w] || !out && d.open.in[w] {
			continue // its badge says so
		}
		node, ports := d.ids[w], con.Any()
		if !out {
			if listening, _ := ports.On(w); len(w.Ports) > 0 {
				ports = listening
			}
		}
		ports = unmeant(party.Addresses, ports, meant[side{node, out}])
		if ports.IsEmpty() {
			continue
		}
		other := con.From.Text()
		if out {
			other = con.To.Text()
		}
		d.outside(other, party.Addresses)
		l := d.link(other, node)
		if out {
			l = d.link(node, other)
		}
		ports = ports.Minus(l.Allowed)
		if d.inv.Model == nil {
			l.Allowed = l.Allowed.Union(ports)
		} else {
			l.Undeclared = l.Undeclared.Union(ports)
		}
	}
}

// unmeant are the ports on which some of the addresses are meant by nobody. Two
// ranges that are meant may be one zone of what is allowed.
func unmeant(addresses reach.Addresses, ports reach.Ports, meant []outer) reach.Ports {
	for _, m := range meant {
		common, left := ports.Intersect(m.ports), addresses
		for _, other := range meant {
			if common.Minus(other.ports).IsEmpty() {
				left = left.Minus(other.addresses)
			}
		}
		if left.IsEmpty() {
			ports = ports.Minus(common)
		}
	}
	return ports
}

// A side is a node and whether it is the one that opens connections.
type side struct {
	node string
	out  bool
}

// outer is what a node means to do with addresses outside, and may.
type outer struct {
	addresses reach.Addresses
	ports     reach.Ports
}

// meantOutside is what each node means to talk about with whom outside, and may.
func (d *drawing) meantOutside() map[side][]outer {
	out := map[side][]outer{}
	for at, l := range d.links {
		if to, outside := d.outsides[at[1]]; outside {
			out[side{at[0], true}] = append(out[side{at[0], true}], outer{to, l.Allowed})
		}
		if from, outside := d.outsides[at[0]]; outside {
			out[side{at[1], false}] = append(out[side{at[1], false}], outer{from, l.Allowed})
		}
	}
	return out
}
