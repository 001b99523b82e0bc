package reach

import "net/netip"

// private are the blocks whose addresses nobody reaches from outside: this
// network, private use, carriers' shared space, loopback, link-local, protocol
// assignments, benchmarks, multicast and reserved (IANA, "IPv4 Special-Purpose
// Address Registry"). Blocks for documentation stand for public ones, and are
// taken for them.
var private = []string{
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4",
}

// routed are the IPv6 blocks that are routed: global unicast, and the one by
// which IPv6 reaches IPv4 (RFC 6052).
var routed = []string{"2000::/3", "64:ff9b::/96"}

var public = AddressesOf(netip.MustParsePrefix("0.0.0.0/0")).Minus(blocks(private)).Union(blocks(routed))

func blocks(texts []string) Addresses {
	var out []netip.Prefix
	for _, text := range texts {
		out = append(out, netip.MustParsePrefix(text))
	}
	return AddressesOf(out...)
}

// Public is every address of the internet: all of IPv4 and IPv6 without what is
// private, local or reserved.
func Public() Addresses { return public }

// First is the lowest address of the set; the zero address of an empty one.
func (a Addresses) First() netip.Addr {
	if a.IsEmpty() {
		return netip.Addr{}
	}
	return a.ranges[0].first
}

// HoldsFamilyOf reports whether the set holds all IPv4 or all IPv6 addresses of
// another, which has some: pods have addresses of one family at least, and that
// may be the only one.
func (a Addresses) HoldsFamilyOf(whole Addresses) bool {
	for _, bits := range []int{32, 128} {
		var family Addresses
		for _, r := range whole.ranges {
			if r.first.BitLen() == bits {
				family.ranges = append(family.ranges, r)
			}
		}
		if !family.IsEmpty() && family.Minus(a).IsEmpty() {
			return true
		}
	}
	return false
}

// Crossing is what passes between a workload and some of the addresses, in one
// direction. In the layers with a mesh, Some are ports on which some requests
// of each of the addresses pass.
type Crossing struct {
	Addresses  Addresses // those of the question that a rule tells apart
	Connection           // with all of the rule's addresses
}

// Crossings are the connections between a workload and those addresses, by what
// the policies tell apart; none where nothing passes.
func (c *Connections) Crossings(w *Workload, d Direction, of Addresses) []Crossing {
	var out []Crossing
	for _, con := range c.OutsideOf(w) {
		o := con.other()
		if (con.From.Workload != nil) != (d == Egress) || o.Name != "" {
			continue
		}
		if both := o.Addresses.Intersect(of); !both.IsEmpty() {
			out = append(out, Crossing{both, con})
		}
	}
	return out
}
