package reach

import (
	"cmp"
	"net/netip"
	"slices"
)

// zone is addresses that one workload treats alike.
type zone struct {
	addresses Addresses
	ports     Ports
}

// boundary is where a range of a zone begins, or where it ends.
type boundary struct {
	at   netip.Addr
	last bool // at is the range's last address, else its first
	zone int
}

// apart makes zones that share no address, of zones that may; those with the
// same ports become one. It goes through the addresses once, in order, with the
// zones that hold each, so that many ranges cost their number.
func apart(zones []zone) []zone {
	var boundaries []boundary
	for i, z := range zones {
		if z.ports.IsEmpty() {
			continue
		}
		for _, r := range z.addresses.ranges {
			boundaries = append(boundaries, boundary{r.first, false, i}, boundary{r.last, true, i})
		}
	}
	slices.SortFunc(boundaries, func(a, b boundary) int {
		return cmp.Or(a.at.Compare(b.at), compareBool(a.last, b.last), cmp.Compare(a.zone, b.zone))
	})
	sums := map[string]*zone{}
	var holding []int // the zones that hold what begins at first
	var first netip.Addr
	until := func(last netip.Addr) {
		if len(holding) == 0 || !first.IsValid() || last.Less(first) {
			return
		}
		ports := zones[holding[0]].ports
		if len(holding) > 1 {
			var spans []span
			for _, i := range holding {
				spans = append(spans, zones[i].ports.spans...)
			}
			ports = normal(spans)
		}
		key := ports.key()
		if sums[key] == nil {
			sums[key] = &zone{ports: ports}
		}
		sums[key].addresses.ranges = append(sums[key].addresses.ranges, addressRange{first, last})
	}
	for _, b := range boundaries {
		if b.last {
			until(b.at)
			i := slices.Index(holding, b.zone)
			holding = slices.Delete(holding, i, i+1)
			first = b.at.Next() // invalid after the last address of a family: nothing holds it then
			continue
		}
		until(b.at.Prev())
		holding = append(holding, b.zone)
		first = b.at
	}
	out := make([]zone, 0, len(sums))
	for _, key := range sortedKeys(sums) {
		out = append(out, zone{normalAddresses(sums[key].addresses.ranges), sums[key].ports})
	}
	return out
}

// compareBool puts false first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
