package audit

import (
	"slices"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// halves are the gaps opposite rules that name certain pods: one end admits the
// other, whose own policies isolate it and have no rule for that. Pods that are
// not given are taken to be as the selectors say, where that is enough to tell.
// It counts what it judges, and reports whether that was anything.
func (n *network) halves() (gaps []gap, judged bool) {
	if len(n.Policies.Overrides) > 0 {
		return nil, false // those may admit it as well
	}
	for _, p := range n.policies {
		for _, r := range p.rules {
			if !p.isolates[r.direction] {
				continue
			}
			for i, peer := range r.peers {
				if n.halved > mostRuled+50*len(n.policies) {
					n.Skip(p.Ref(), "the policies before it speak of more pairs of pods than are asked about; nor were those after it held against their other halves")
					return gaps, judged
				}
				found, ok := n.half(r, i, peer)
				gaps = append(gaps, found...)
				judged = judged || ok
			}
		}
	}
	return gaps, judged
}

// half are the gaps opposite one peer of a rule; none where any of the
// connections that it speaks of is allowed. It reports whether it could judge.
func (n *network) half(r policyRule, i int, peer manifest.Peer) ([]gap, bool) {
	namespace, certain := peerNamespace(r.policy.Namespace, peer)
	if !certain {
		return nil, false
	}
	own, others := n.meant(r.policy.Namespace, r.policy.spec.PodSelector), n.meant(namespace, *peer.PodSelector)
	why := r.policy.Ref() + " lets it in"
	if r.direction == reach.Egress {
		why = r.policy.Ref() + " lets it out"
	}
	var out []gap
	judged := 0
	for _, self := range own {
		for _, other := range others {
			from, to := reach.Pod(other), reach.Pod(self)
			if r.direction == reach.Egress {
				from, to = to, from
			}
			ports := n.portsOn(r, to.Workload)
			if self == other || len(ports) == 0 || judged == mostRuled {
				continue
			}
			judged++
			n.halved++
			n.step()
			found := n.gaps(why, from, to, ports...)
			far := slices.IndexFunc(found, func(g gap) bool { return g.direction != r.direction })
			if far < 0 || len(found[far].ports) < len(ports) {
				n.Looked()
				return nil, true
			}
			g := found[far]
			switch unsure := n.uncertain(g); {
			case unsure != "":
				n.Skip(r.policy.Ref()+", "+manifest.PathText(r.path("peers", i)...), "%s", unsure)
				return nil, true
			case len(found) > 1, n.explained(g), n.mightAdmit(g):
				return nil, true
			}
			g.half = &policyRule{r.policy, r.direction, r.index, r.peers, r.ports}
			out = append(out, g)
		}
	}
	if judged > 0 {
		n.Looked()
	}
	return out, judged > 0
}

// peerNamespace is the one namespace in which a peer names certain pods.
func peerNamespace(own string, p manifest.Peer) (string, bool) {
	if p.IPBlock != nil || p.PodSelector == nil || everyPod(*p.PodSelector) {
		return "", false
	}
	if p.NamespaceSelector == nil {
		return own, true
	}
	name := p.NamespaceSelector.MatchLabels[reach.NameLabel]
	return name, name != "" && len(p.NamespaceSelector.MatchLabels)+len(p.NamespaceSelector.MatchExpressions) == 1
}

// meant are the application's pods that a selector selects in a namespace; where
// nobody says which pods are there, but policies do what they are allowed, one
// that is as the selector says.
func (n *network) meant(namespace string, s manifest.Selector) []*reach.Workload {
	var out []*reach.Workload
	for _, w := range n.Pods(namespace, s) {
		if !w.HostNetwork {
			out = append(out, &w.Workload)
		}
	}
	if n.HasPods(namespace) || len(n.PartyPods(namespace, s)) > 0 || len(n.in[namespace]) == 0 || len(s.MatchExpressions) > 0 {
		return out
	}
	w := stray(namespace)
	if !everyPod(s) {
		w.Labels = s.MatchLabels
	}
	if n.imagined == nil {
		n.imagined = map[*reach.Workload]string{}
	}
	n.imagined[w] = "the pods " + selectorText(s) + " of " + namespaceText(namespace)
	return []*reach.Workload{w}
}

// portsOn are the ports of a rule on pods that it is for: those that containers
// declare; the numbers of the rule where none declares any. A port that the
// containers do not have is NP08's and NP09's, and the tunnel's is NP18's.
func (n *network) portsOn(r policyRule, to *reach.Workload) []reach.Port {
	var out []reach.Port
	if n.imagined[to] == "" {
		for _, c := range to.Ports {
			at := reach.Port{Protocol: transportOf(c.Protocol), Number: c.Number}
			if matchesPorts(r, reach.Pod(to), at) && !slices.Contains(out, at) {
				out = append(out, at)
			}
		}
	}
	if n.imagined[to] == "" && len(to.Ports) > 0 {
		return out
	}
	for _, p := range r.ports {
		at := reach.Port{Protocol: transportOf(p.Protocol), Number: p.Port.Number}
		if p.Port.Number != 0 && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}

// mightAdmit reports whether a rule would admit the other end of a gap if pods
// that are not given had more labels than the selectors that speak of them.
func (n *network) mightAdmit(g gap) bool {
	self := g.self.Workload
	for _, p := range n.bySelector[self.Namespace].candidates(self.Labels, n.imagined[self] != "") {
		n.step()
		if !n.mightSelect(p.spec.PodSelector, g.self.Workload) {
			continue
		}
		for _, r := range p.rules {
			if r.direction != g.direction || !slices.ContainsFunc(g.ports, func(at reach.Port) bool { return n.mightMatch(r, g.destination(), at) }) {
				continue
			}
			if len(r.peers) == 0 || slices.ContainsFunc(r.peers, func(peer manifest.Peer) bool {
				if peer.IPBlock != nil {
					return holdsPrivate(peer.IPBlock)
				}
				at := g.other.Workload
				inside := peer.NamespaceSelector == nil && at.Namespace == p.Namespace ||
					peer.NamespaceSelector != nil && (peer.NamespaceSelector.Matches(n.namespaces[at.Namespace]) || n.unlabelled(at.Namespace) && peer.NamespaceSelector.MatchLabels[reach.NameLabel] == "")
				return inside && n.mightSelect(podsOf(peer), at)
			}) {
				return true
			}
		}
	}
	return false
}

// mightSelect is Matches for pods that are known; for others it asks whether
// nothing contradicts it.
func (n *network) mightSelect(s manifest.Selector, w *reach.Workload) bool {
	if n.imagined[w] == "" {
		return s.Matches(w.Labels)
	}
	for k, v := range s.MatchLabels {
		if has, known := w.Labels[k]; known && has != v {
			return false
		}
	}
	return true
}

func (n *network) mightMatch(r policyRule, destination reach.Endpoint, port reach.Port) bool {
	return matchesPorts(r, destination, port) || n.imagined[destination.Workload] != "" &&
		slices.ContainsFunc(r.ports, func(p manifest.PolicyPort) bool { return p.Port.Name != "" })
}

// undeclared leaves out the halves of connections that are declared, of which
// more is said.
func (n *network) undeclared(halves, declared []gap) []gap {
	type ends struct {
		direction   reach.Direction
		self, other string
	}
	of := func(g gap) ends { return ends{g.direction, n.groupOf(g.self), n.otherName(g)} }
	known := map[ends]bool{}
	for _, g := range declared {
		known[of(g)] = true
	}
	return slices.DeleteFunc(halves, func(g gap) bool { return known[of(g)] })
}
