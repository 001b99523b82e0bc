package reach

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// area is a rectangle of connections: everyone in from may open these ports of
// everyone in to. What is allowed is always a union of areas, so a rule for
// all pods of a namespace stays one area.
type area struct {
	from, to *members
	ports    Ports
	via      *Workload
}

// network computes the areas that NetworkPolicies allow among workloads.
type network struct {
	set     *Set
	pods    []*Workload
	sets    *membership
	labels  labelIndex
	outside map[Direction][]grant // what crosses the border, by the workloads that it is for

	expanded map[string]*members
	split    map[string][]share
}

// grant lets workloads talk to addresses.
type grant struct {
	pods      *members
	addresses Addresses
	ports     Ports
}

// share is workloads that understand a rule's ports alike: named ports have
// different numbers on different pods.
type share struct {
	pods  *members
	ports Ports
}

func newNetwork(s *Set, pods []*Workload) *network {
	return &network{
		set: s, pods: pods, sets: newMembership(len(pods)), labels: indexLabels(pods),
		outside:  map[Direction][]grant{},
		expanded: map[string]*members{},
		split:    map[string][]share{},
	}
}

// areas are both sides' permissions, met.
func (n *network) areas() []area {
	return n.join(n.side(Egress), n.side(Ingress))
}

// side gives what the policies of one end allow. The other end of each area is
// whoever the rule names.
func (n *network) side(d Direction) []area {
	var out []area
	isolated := map[*members]bool{}
	for _, p := range n.set.policies {
		rules, isolates := p.rules(d)
		if !isolates {
			continue
		}
		self := n.expand(nil, &p.spec.PodSelector, p.object.Namespace)
		if self.empty() {
			continue
		}
		isolated[self] = true
		for _, r := range rules {
			out = append(out, n.rule(d, p, r, self)...)
		}
	}
	// Whom no policy isolates may do everything.
	free := n.sets.minus(n.sets.everyone, n.sets.union(append(sortedSets(isolated), n.sets.none)...))
	if !free.empty() {
		out = append(out, oriented(d, free, n.sets.everyone, AllPorts()))
		n.outside[d] = append(n.outside[d], grant{free, Anywhere(), AllPorts()})
	}
	return n.merge(out)
}

func sortedSets(m map[*members]bool) []*members {
	var out []*members
	for s := range m {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *members) int { return cmp.Compare(a.id, b.id) })
	return out
}

// oriented is an area seen from the end whose policies were asked.
func oriented(d Direction, self, other *members, ports Ports) area {
	if d == Egress {
		return area{from: self, to: other, ports: ports}
	}
	return area{from: other, to: self, ports: ports}
}

func (n *network) rule(d Direction, p *policy, r rule, self *members) []area {
	others := n.sets.everyone
	addresses := Anywhere()
	if len(r.peers) > 0 {
		sets := []*members{n.sets.none}
		var ranges []addressRange
		for _, peer := range r.peers {
			if peer.block.IsValid() {
				ranges = append(ranges, peer.addresses().ranges...)
				sets = append(sets, n.within(peer))
				continue
			}
			sets = append(sets, n.expand(peer.namespaces, peer.pods, p.object.Namespace))
		}
		addresses = normalAddresses(ranges)
		others = n.sets.union(sets...)
	}
	destinations := others
	if d == Ingress {
		destinations = self
	}
	var out []area
	for _, s := range n.shares(r.ports, destinations) {
		if s.ports.IsEmpty() {
			continue
		}
		if d == Egress {
			out = append(out, oriented(d, self, s.pods, s.ports))
		} else {
			out = append(out, oriented(d, s.pods, others, s.ports))
			if !addresses.IsEmpty() {
				n.outside[d] = append(n.outside[d], grant{s.pods, addresses, s.ports})
			}
		}
	}
	if numbers, _ := numbered(r.ports); d == Egress && !addresses.IsEmpty() && !numbers.IsEmpty() {
		n.outside[d] = append(n.outside[d], grant{self, addresses, numbers})
	}
	return slices.DeleteFunc(out, func(a area) bool { return a.from.empty() || a.to.empty() })
}

// numbered are the ports that a rule gives by number, and those that it names.
func numbered(ports []manifest.PolicyPort) (Ports, []manifest.PolicyPort) {
	if len(ports) == 0 {
		return AllPorts(), nil
	}
	var spans []span
	var named []manifest.PolicyPort
	for _, p := range ports {
		switch {
		case p.Port.Name != "":
			named = append(named, p)
		case p.Port.IsZero():
			spans = append(spans, spansOf(p.Protocol, 1, lastPort)...)
		default:
			spans = append(spans, spansOf(p.Protocol, p.Port.Number, max(p.Port.Number, p.EndPort))...)
		}
	}
	return normal(spans), named
}

// shares parts destinations by what a rule's ports are on them.
func (n *network) shares(ports []manifest.PolicyPort, destinations *members) []share {
	numbers, named := numbered(ports)
	if len(named) == 0 {
		return []share{{destinations, numbers}}
	}
	var key strings.Builder
	key.Write(binary.AppendUvarint(nil, uint64(destinations.id)))
	key.WriteString(numbers.key())
	for _, p := range named {
		key.WriteString("|" + transport(p.Protocol) + "/" + p.Port.Name)
	}
	if known, ok := n.split[key.String()]; ok {
		return known
	}
	lists := map[string][]int32{}
	meaning := map[string]Ports{}
	for _, i := range destinations.list {
		own := numbers
		for _, p := range named {
			if number, ok := n.pods[i].resolve(p.Port.Name, transport(p.Protocol)); ok {
				own = own.Union(PortRange(p.Protocol, number, number))
			}
		}
		lists[own.key()] = append(lists[own.key()], i)
		meaning[own.key()] = own
	}
	var out []share
	for _, k := range sortedKeys(lists) {
		out = append(out, share{n.sets.of(lists[k]), meaning[k]})
	}
	n.split[key.String()] = out
	return out
}

// expand gives the pods that selectors mean. Without a namespaceSelector they
// are those of own. Pods on their node's network are known by no labels.
func (n *network) expand(namespaces, pods *manifest.Selector, own string) *members {
	key := own + "\x00" + selectorKey(pods)
	if namespaces != nil {
		key = "\x01" + selectorKey(namespaces) + "\x00" + selectorKey(pods)
	}
	if m, ok := n.expanded[key]; ok {
		return m
	}
	var list []int32
	for _, ns := range n.labels.namespaces {
		if namespaces == nil && ns != own || namespaces != nil && !n.set.matchesNamespace(*namespaces, ns) {
			continue
		}
		for _, i := range n.labels.candidates(ns, pods) {
			w := n.pods[i]
			if !w.HostNetwork && (pods == nil || pods.Matches(w.Labels)) {
				list = append(list, i)
			}
		}
	}
	slices.Sort(list)
	m := n.sets.of(list)
	n.expanded[key] = m
	return m
}

// selectorKey spells a selector so that equal ones are spelt alike.
func selectorKey(s *manifest.Selector) string {
	if s == nil {
		return "-"
	}
	var b strings.Builder
	for _, k := range sortedKeys(s.MatchLabels) {
		b.WriteString(k + "=" + s.MatchLabels[k] + ",")
	}
	for _, r := range s.MatchExpressions {
		b.WriteString(r.Key + " " + r.Operator + " (" + strings.Join(r.Values, ",") + "),")
	}
	return b.String()
}

// within gives the pods whose addresses a block holds, where that is asked.
func (n *network) within(p peer) *members {
	if n.set.mode != BlocksMatchPods {
		return n.sets.none
	}
	low, high := p.block.Addr(), lastOf(p.block)
	byIP := n.labels.byIP
	i, _ := slices.BinarySearchFunc(byIP, low, func(j int32, ip netip.Addr) int { return n.pods[j].IP.Unmap().Compare(ip) })
	var list []int32
	for ; i < len(byIP) && n.pods[byIP[i]].IP.Unmap().Compare(high) <= 0; i++ {
		if p.contains(n.pods[byIP[i]].IP) {
			list = append(list, byIP[i])
		}
	}
	slices.Sort(list)
	return n.sets.of(list)
}

// labelIndex finds workloads by namespace and label.
type labelIndex struct {
	namespaces  []string // sorted
	inNamespace map[string][]int32
	byLabel     map[string]map[pair][]int32
	byIP        []int32 // those with an address, sorted by it
}

func indexLabels(pods []*Workload) labelIndex {
	x := labelIndex{inNamespace: map[string][]int32{}, byLabel: map[string]map[pair][]int32{}}
	for i, w := range pods {
		x.inNamespace[w.Namespace] = append(x.inNamespace[w.Namespace], int32(i))
		index := x.byLabel[w.Namespace]
		if index == nil {
			index = map[pair][]int32{}
			x.byLabel[w.Namespace] = index
		}
		for k, v := range w.Labels {
			index[pair{k, v}] = append(index[pair{k, v}], int32(i))
		}
		if w.IP.IsValid() {
			x.byIP = append(x.byIP, int32(i))
		}
	}
	x.namespaces = sortedKeys(x.inNamespace)
	slices.SortStableFunc(x.byIP, func(a, b int32) int { return pods[a].IP.Unmap().Compare(pods[b].IP.Unmap()) })
	return x
}

// candidates are workloads of a namespace among which a selector's are: those
// of its rarest label.
func (x labelIndex) candidates(namespace string, s *manifest.Selector) []int32 {
	best := x.inNamespace[namespace]
	if s == nil {
		return best
	}
	for k, v := range s.MatchLabels {
		if found := x.byLabel[namespace][pair{k, v}]; len(found) < len(best) {
			best = found
		}
	}
	return best
}
