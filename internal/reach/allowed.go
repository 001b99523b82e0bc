package reach

import (
	"net/netip"
	"slices"

	"kgen.dev/kgen/internal/manifest"
)

// Direction is the side of a connection that a policy speaks for.
type Direction string

const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
)

// Allowed reports whether a connection can be opened, and why. A denial's
// reasons name every policy that isolates without admitting; a permission's
// name the first rule that admits, in each direction. Replies need no rule.
func (s *Set) Allowed(from, to Endpoint, port Port) (bool, []Reason) {
	out, reasons := s.side(Egress, from, to, port)
	in, more := s.side(Ingress, to, from, port)
	return out && in, append(reasons, more...)
}

// side asks the policies of one end, self, about the other.
func (s *Set) side(d Direction, self, other Endpoint, port Port) (bool, []Reason) {
	because := func(v Verdict, p *manifest.Object, rule int) Reason {
		return Reason{Layer: Network, Direction: d, Verdict: v, Policy: p, Rule: rule, self: self, other: other, port: port}
	}
	switch {
	case self.Workload == nil, other.node && d == Ingress && !self.Workload.HostNetwork:
		return true, []Reason{because(Open, nil, -1)}
	case self.Workload.HostNetwork:
		return true, []Reason{because(Unknown, nil, -1)}
	}
	var denials []Reason
	for _, p := range s.policiesOf(self.Workload) {
		rules, isolates := p.rules(d)
		if !isolates {
			continue
		}
		// A named port is the destination's: resolved on self for ingress, on other for egress.
		destination := self
		if d == Egress {
			destination = other
		}
		for i, r := range rules {
			if s.peersMatch(r.peers, p.object.Namespace, other) && portsMatch(r.ports, destination, port) {
				return true, []Reason{because(Admits, p.object, i)}
			}
		}
		denials = append(denials, because(Isolates, p.object, -1))
	}
	if denials == nil {
		return true, []Reason{because(Open, nil, -1)}
	}
	if other.Workload != nil && other.Workload.HostNetwork {
		denials = append(denials, because(Unknown, nil, -1))
	}
	return false, denials
}

func (s *Set) peersMatch(peers []peer, namespace string, other Endpoint) bool {
	return len(peers) == 0 || slices.ContainsFunc(peers, func(p peer) bool { return s.peerMatches(p, namespace, other) })
}

// peerMatches: selectors are for pods, blocks for addresses. A pod on its
// node's network is not known by its labels.
func (s *Set) peerMatches(p peer, namespace string, other Endpoint) bool {
	w := other.Workload
	if p.block.IsValid() {
		switch {
		case w == nil:
			return p.contains(other.IP)
		case s.mode == BlocksMatchPods:
			return p.contains(w.IP)
		}
		return false
	}
	if w == nil || w.HostNetwork {
		return false
	}
	if p.namespaces == nil {
		if w.Namespace != namespace {
			return false
		}
	} else if !s.matchesNamespace(*p.namespaces, w.Namespace) {
		return false
	}
	return p.pods == nil || p.pods.Matches(w.Labels)
}

func (p peer) contains(ip netip.Addr) bool {
	ip = ip.Unmap()
	return p.block.Contains(ip) && !slices.ContainsFunc(p.except, func(hole netip.Prefix) bool { return hole.Contains(ip) })
}

func portsMatch(ports []manifest.PolicyPort, destination Endpoint, port Port) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p manifest.PolicyPort) bool { return portMatches(p, destination, port) })
}

func portMatches(p manifest.PolicyPort, destination Endpoint, port Port) bool {
	if transport(p.Protocol) != port.Protocol {
		return false
	}
	switch {
	case p.Port.IsZero():
		return true
	case p.Port.Name != "":
		if destination.Workload == nil {
			return false
		}
		number, ok := destination.Workload.resolve(p.Port.Name, port.Protocol)
		return ok && number == port.Number
	case p.EndPort != 0:
		return p.Port.Number <= port.Number && port.Number <= p.EndPort
	}
	return p.Port.Number == port.Number
}
