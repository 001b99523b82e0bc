package reach

import (
	"net/netip"
	"slices"
	"strings"
)

// Addresses is a set of IP addresses, none of them a pod's. The zero value is
// empty. IPv4 and IPv6 are apart: no IPv4 block holds an IPv6 address.
type Addresses struct {
	ranges []addressRange // sorted, IPv4 first, neither overlapping nor touching
}

type addressRange struct{ first, last netip.Addr } // both ends included

// Anywhere is every address.
func Anywhere() Addresses {
	return AddressesOf(netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0"))
}

// AddressesOf is the addresses of all the blocks together.
func AddressesOf(blocks ...netip.Prefix) Addresses {
	var ranges []addressRange
	for _, b := range blocks {
		if b.IsValid() {
			ranges = append(ranges, addressRange{b.Masked().Addr(), lastOf(b)})
		}
	}
	return normalAddresses(ranges)
}

// addressOf is the set of one address, empty where it is invalid.
func addressOf(ip netip.Addr) Addresses {
	ip = ip.Unmap().WithZone("")
	return AddressesOf(netip.PrefixFrom(ip, ip.BitLen()))
}

// lastOf is the greatest address of a block.
func lastOf(b netip.Prefix) netip.Addr {
	bytes := b.Masked().Addr().AsSlice()
	for bit := b.Bits(); bit < 8*len(bytes); bit++ {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	last, _ := netip.AddrFromSlice(bytes)
	return last
}

func normalAddresses(ranges []addressRange) Addresses {
	slices.SortFunc(ranges, func(a, b addressRange) int { return a.first.Compare(b.first) })
	var out []addressRange
	for _, r := range ranges {
		if n := len(out); n > 0 {
			// Next is invalid after the last address of a family.
			after := out[n-1].last.Next()
			same := out[n-1].last.BitLen() == r.first.BitLen()
			if same && (!after.IsValid() || r.first.Compare(after) <= 0) {
				if out[n-1].last.Less(r.last) {
					out[n-1].last = r.last
				}
				continue
			}
		}
		out = append(out, r)
	}
	return Addresses{out}
}

// IsEmpty reports whether no address is in the set.
func (a Addresses) IsEmpty() bool { return len(a.ranges) == 0 }

// Equal reports whether two sets hold the same addresses.
func (a Addresses) Equal(b Addresses) bool { return slices.Equal(a.ranges, b.ranges) }

// Has reports whether an address is in the set. An IPv4 address in IPv6
// clothing is taken for what it is.
func (a Addresses) Has(ip netip.Addr) bool {
	ip = ip.Unmap().WithZone("")
	i := a.from(ip)
	return i < len(a.ranges) && a.ranges[i].first.Compare(ip) <= 0
}

// from is the index of the first range that does not end before an address.
// All of IPv4 is before all of IPv6.
func (a Addresses) from(ip netip.Addr) int {
	i, _ := slices.BinarySearchFunc(a.ranges, ip, func(r addressRange, ip netip.Addr) int { return r.last.Compare(ip) })
	return i
}

// Union is the addresses that are in either set.
func (a Addresses) Union(b Addresses) Addresses {
	return normalAddresses(slices.Concat(a.ranges, b.ranges))
}

// Intersect is the addresses that are in both sets.
func (a Addresses) Intersect(b Addresses) Addresses {
	if a.IsEmpty() || b.IsEmpty() {
		return Addresses{}
	}
	var out []addressRange
	// Few against many look only at what is near them.
	for i, j := a.from(b.ranges[0].first), b.from(a.ranges[0].first); i < len(a.ranges) && j < len(b.ranges); {
		r, s := a.ranges[i], b.ranges[j]
		first, last := r.first, r.last
		if first.Less(s.first) {
			first = s.first
		}
		if s.last.Less(last) {
			last = s.last
		}
		if first.Compare(last) <= 0 {
			out = append(out, addressRange{first, last})
		}
		if r.last.Less(s.last) {
			i++
		} else {
			j++
		}
	}
	return Addresses{out}
}

// Minus is the addresses that are in a and not in b.
func (a Addresses) Minus(b Addresses) Addresses {
	if a.IsEmpty() || b.IsEmpty() {
		return a
	}
	var out []addressRange
	next := b.from(a.ranges[0].first) // of b: the first hole that may be in what is left of a
	for _, r := range a.ranges {
		first, gone := r.first, false
		for next < len(b.ranges) && b.ranges[next].last.Less(first) {
			next++
		}
		for _, hole := range b.ranges[next:] {
			if r.last.Less(hole.first) {
				break
			}
			if first.Less(hole.first) {
				out = append(out, addressRange{first, hole.first.Prev()})
			}
			if gone = !hole.last.Less(r.last); gone {
				break
			}
			first = hole.last.Next()
		}
		if !gone {
			out = append(out, addressRange{first, r.last})
		}
	}
	return Addresses{out}
}

// Internet reports whether the set holds a whole family of addresses but for
// holes: more than half of all IPv4 or of all global IPv6 addresses.
func (a Addresses) Internet() bool {
	var v4 uint64
	for _, r := range a.ranges {
		if r.first.Is4() {
			f, l := r.first.As4(), r.last.As4()
			v4 += number(l) - number(f) + 1
			continue
		}
		// 2000::/3 is what is routed of IPv6; a range that spans more than half of it spans 2000:: to 3000::.
		half := addressRange{netip.MustParseAddr("2000::"), netip.MustParseAddr("2fff::")}
		if r.first.Compare(half.first) <= 0 && half.last.Compare(r.last) <= 0 {
			return true
		}
	}
	return v4 > 1<<31
}

func number(b [4]byte) uint64 {
	return uint64(b[0])<<24 | uint64(b[1])<<16 | uint64(b[2])<<8 | uint64(b[3])
}

// Text lists the set: as "anywhere", by its blocks and single addresses, by
// blocks with holes (0.0.0.0/0 except 10.0.0.0/8), or by first and last
// address, whichever is shorter.
func (a Addresses) Text() string {
	switch {
	case a.IsEmpty():
		return "no address"
	case a.Equal(Anywhere()):
		return "anywhere"
	}
	plain := a.list()
	if holed, ok := a.holed(); ok && len(holed) < len(plain) {
		return holed
	}
	return plain
}

// list names each range: as one block where it is one.
func (a Addresses) list() string {
	var parts []string
	for _, r := range a.ranges {
		if b, ok := r.block(); ok && b.IsSingleIP() {
			parts = append(parts, b.Addr().String())
		} else if ok {
			parts = append(parts, b.String())
		} else {
			parts = append(parts, r.first.String()+"-"+r.last.String())
		}
	}
	return strings.Join(parts, ", ")
}

// holed says the set as the smallest block around each family, and what it lacks.
func (a Addresses) holed() (string, bool) {
	var parts []string
	for _, bits := range []int{32, 128} {
		var family Addresses
		for _, r := range a.ranges {
			if r.first.BitLen() == bits {
				family.ranges = append(family.ranges, r)
			}
		}
		if family.IsEmpty() {
			continue
		}
		around := addressRange{family.ranges[0].first, family.ranges[len(family.ranges)-1].last}.around()
		holes := AddressesOf(around).Minus(family)
		if holes.IsEmpty() {
			parts = append(parts, around.String())
			continue
		}
		parts = append(parts, around.String()+" except "+holes.list())
	}
	return strings.Join(parts, ", "), len(parts) > 0
}

// around is the smallest block that holds the range.
func (r addressRange) around() netip.Prefix {
	for bits := r.first.BitLen(); bits > 0; bits-- {
		if b, err := r.first.Prefix(bits); err == nil && b.Contains(r.last) {
			return b
		}
	}
	b, _ := r.first.Prefix(0)
	return b
}

func (r addressRange) block() (netip.Prefix, bool) {
	b := r.around()
	return b, b.Addr() == r.first && lastOf(b) == r.last
}

// key identifies the set among sets.
func (a Addresses) key() string {
	var b []byte
	for _, r := range a.ranges {
		b = append(append(append(b, byte(r.first.BitLen())), r.first.AsSlice()...), r.last.AsSlice()...)
	}
	return string(b)
}
