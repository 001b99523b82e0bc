package conformance

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
)

// A netDice makes worlds up. The vocabulary is small, so that what is made up
// meets: a selector finds pods, a name finds ports, a block finds addresses.
type netDice struct{ *rand.Rand }

var (
	netPodLabels       = map[string][]string{"app": {"web", "db", "api"}, "tier": {"front", "back", ""}, "version": {"v1", "v2"}}
	netNamespaceLabels = map[string][]string{"team": {"red", "blue"}, "env": {"prod", "test", ""}}
	netNames           = []string{"a", "b", "c"}
	netPortNames       = []string{"http", "metrics", "dns"}
	netNumbers         = []int{53, 80, 443, 8080, 8081, 8082, 9090, 65535}
	netProtocols       = []string{"TCP", "UDP", "SCTP"}
	netBases           = []string{"10.0.0.0", "10.0.1.0", "10.1.0.0", "203.0.113.0", "2001:db8::", "2001:db8:1::"}
)

func oneOf[T any](d netDice, list []T) T { return list[d.IntN(len(list))] }

// chance is true in so many cases of a hundred.
func (d netDice) chance(percent int) bool { return d.IntN(100) < percent }

// some is a list of one to most things.
func some[T any](d netDice, most int, thing func() T) []T {
	var out []T
	for range 1 + d.IntN(most) {
		out = append(out, thing())
	}
	return out
}

func (d netDice) world() *netWorld {
	w := &netWorld{Namespaces: map[string]map[string]string{}, BlocksMatchPods: d.chance(50)}
	for _, name := range netNames {
		labels := map[string]string{}
		if name != "c" { // which has no manifest
			labels = d.labels(netNamespaceLabels, 60)
		}
		labels["kubernetes.io/metadata.name"] = name
		w.Namespaces[name] = labels
	}
	addresses := map[string]bool{}
	address := func() string {
		for {
			a := d.address().String()
			if !addresses[a] {
				addresses[a] = true
				return a
			}
		}
	}
	for range 5 {
		w.Pods = append(w.Pods, netPod{oneOf(d, netNames), d.labels(netPodLabels, 70), address(), d.containerPorts()})
	}
	for range 3 {
		w.Addresses = append(w.Addresses, address())
	}
	// The ports that pods have are the likeliest to be allowed; others follow.
	for _, p := range w.Pods {
		for _, own := range p.Ports {
			if port := (netPort{own.Number, own.Protocol}); !slices.Contains(w.Ports, port) && len(w.Ports) < 5 {
				w.Ports = append(w.Ports, port)
			}
		}
	}
	for len(w.Ports) < 8 {
		if port := (netPort{oneOf(d, netNumbers), oneOf(d, netProtocols)}); !slices.Contains(w.Ports, port) {
			w.Ports = append(w.Ports, port)
		}
	}
	for i := range 1 + d.IntN(5) {
		w.Policies = append(w.Policies, d.policy(fmt.Sprintf("p%d", i)))
	}
	return w
}

func (d netDice) labels(of map[string][]string, percent int) map[string]string {
	out := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(of)) {
		if d.chance(percent) {
			out[key] = oneOf(d, of[key])
		}
	}
	return out
}

// containerPorts: a name stands for one number a protocol, but two names may
// stand for one number, and a port need not have a name.
func (d netDice) containerPorts() []netNamedPort {
	var out []netNamedPort
	for _, name := range netPortNames {
		for _, protocol := range netProtocols {
			if d.chance(30) {
				out = append(out, netNamedPort{name, oneOf(d, netNumbers), protocol})
			}
		}
	}
	if d.chance(30) {
		out = append(out, netNamedPort{"", oneOf(d, netNumbers), oneOf(d, netProtocols)})
	}
	return out
}

// address is near one of the bases.
func (d netDice) address() netip.Addr {
	a := netip.MustParseAddr(oneOf(d, netBases))
	bytes := a.AsSlice()
	bytes[len(bytes)-1] = byte(d.IntN(256))
	if d.chance(20) {
		bytes[len(bytes)-2] ^= byte(d.IntN(4))
	}
	a, _ = netip.AddrFromSlice(bytes)
	return a
}

func (d netDice) policy(name string) map[string]any {
	spec := map[string]any{"podSelector": d.selector(netPodLabels, 30)}
	switch d.IntN(8) {
	case 0, 1: // left out
	case 2:
		spec["policyTypes"] = []any{}
	case 3, 4:
		spec["policyTypes"] = []any{"Ingress"}
	case 5:
		spec["policyTypes"] = []any{"Egress"}
	case 6:
		spec["policyTypes"] = []any{"Egress", "Ingress"}
	case 7:
		spec["policyTypes"] = []any{"Ingress", "Egress"}
	}
	for _, side := range []struct{ rules, peers string }{{"ingress", "from"}, {"egress", "to"}} {
		switch d.IntN(10) {
		case 0, 1: // left out
		case 2:
			spec[side.rules] = []any{}
		case 3:
			spec[side.rules] = nil
		default:
			spec[side.rules] = some(d, 3, func() any { return d.rule(side.peers) })
		}
	}
	return map[string]any{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
		"metadata": map[string]any{"name": name, "namespace": oneOf(d, netNames)}, "spec": spec}
}

func (d netDice) rule(peers string) any {
	rule := map[string]any{}
	switch d.IntN(12) {
	case 0: // left out
	case 1:
		rule[peers] = []any{}
	default:
		rule[peers] = some(d, 3, d.peer)
	}
	switch d.IntN(6) {
	case 0, 1: // left out
	case 2:
		rule["ports"] = []any{}
	default:
		rule["ports"] = some(d, 3, d.port)
	}
	return rule
}

func (d netDice) peer() any {
	peer := map[string]any{}
	switch d.IntN(6) {
	case 0, 1:
		peer["podSelector"] = d.selector(netPodLabels, 20)
	case 2:
		peer["namespaceSelector"] = d.selector(netNamespaceLabels, 20)
	case 3:
		peer["podSelector"] = d.selector(netPodLabels, 20)
		peer["namespaceSelector"] = d.selector(netNamespaceLabels, 20)
	default:
		peer["ipBlock"] = d.block()
	}
	return peer
}

// selector is the empty one in so many cases of a hundred.
func (d netDice) selector(of map[string][]string, percent int) any {
	s := map[string]any{}
	if d.chance(percent) {
		return s
	}
	keys := slices.Sorted(maps.Keys(of))
	if of["team"] != nil && d.chance(20) {
		s["matchLabels"] = map[string]any{"kubernetes.io/metadata.name": oneOf(d, netNames)}
		return s
	}
	if d.chance(60) {
		key := oneOf(d, keys)
		labels := map[string]any{key: oneOf(d, of[key])}
		if d.chance(20) {
			key := oneOf(d, keys)
			labels[key] = oneOf(d, of[key])
		}
		s["matchLabels"] = labels
	}
	if s["matchLabels"] == nil || d.chance(30) {
		s["matchExpressions"] = some(d, 2, func() any {
			key, operator := oneOf(d, keys), oneOf(d, []string{"In", "NotIn", "Exists", "DoesNotExist"})
			r := map[string]any{"key": key, "operator": operator}
			if operator == "In" || operator == "NotIn" {
				r["values"] = some(d, 2, func() any { return oneOf(d, of[key]) })
			}
			return r
		})
	}
	return s
}

// block is around an address, with holes around addresses that are near it.
func (d netDice) block() any {
	around := func(a netip.Addr, fewest, most int) netip.Prefix {
		p, _ := a.Prefix(fewest + d.IntN(most-fewest+1))
		return p
	}
	a := d.address()
	fewest := 20
	if a.Is6() {
		fewest = 40
	}
	outer := around(a, fewest, a.BitLen()-2)
	if d.chance(10) {
		outer, _ = a.Prefix(0)
	}
	block := map[string]any{"cidr": outer.String()}
	if d.chance(50) {
		var holes []any
		for range 1 + d.IntN(2) {
			for {
				near := d.address()
				if near.Is6() == a.Is6() && outer.Contains(near) {
					holes = append(holes, around(near, outer.Bits()+1, near.BitLen()).String())
					break
				}
				if d.chance(20) {
					holes = append(holes, netip.PrefixFrom(a, a.BitLen()).String())
					break
				}
			}
		}
		block["except"] = holes
	}
	return block
}

func (d netDice) port() any {
	p := map[string]any{}
	if d.chance(60) {
		p["protocol"] = oneOf(d, netProtocols)
	}
	switch d.IntN(8) {
	case 0: // every port of the protocol
	case 1, 2:
		p["port"] = oneOf(d, netPortNames)
	case 3, 4:
		first, last := oneOf(d, netNumbers), oneOf(d, netNumbers)
		p["port"], p["endPort"] = min(first, last), max(first, last)
	default:
		p["port"] = oneOf(d, netNumbers)
	}
	return p
}
