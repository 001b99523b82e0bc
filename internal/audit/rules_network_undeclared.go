package audit

import (
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

var edgeUndeclared = &Rule{
	ID: "NP05", Severity: diag.Warning,
	Title:       "Policies allow a connection that nobody declares",
	Items:       []string{"C9"},
	Constraints: []string{"K1"},
	Reads:       []Need{NeedsModel, NeedsPods},
	Doc: `What the policies allow is held against what kgen.yaml declares. Between two services of the model every port that the callee's containers
listen on must be declared (` + "`calls`" + `, or ` + "`callers`" + ` with its own pods) if both ends' policies let it pass. And each rule's peers
elsewhere must be somebody that the model names: a caller, a callee, the front door, Prometheus, DNS, the mesh, a range of
` + "`egress`" + `. A connection that nobody declares is one that nobody looks after, and the way on for whoever gets into a pod.

Declare it in kgen.yaml, or remove the rule. The mesh's own ports (15008, 15012, 15020, 15090), DNS, scrapes and the front door's
connections are part of what the model says. What is open because of a missing default-deny (NP01, NP02) or a rule for everyone (NP11)
is not repeated here.`,
	check: func(c *Check) {
		n := c.network()
		n.undeclaredPairs()
		for _, p := range n.policies {
			if !n.ofModel(p) {
				continue
			}
			for _, r := range p.rules {
				n.undeclaredPeers(r)
			}
		}
	},
}

// meshPorts are the mesh's own (Istio, "Ports used by Istio").
var meshPorts = reach.PortsOf(reach.TCP(inventory.HBONE), reach.TCP(inventory.XDS), reach.TCP(inventory.AgentMetrics), reach.TCP(inventory.ProxyMetrics), reach.TCP(15021))

// undeclaredPairs goes through what is allowed among the model's services, class
// by class of connections that are alike.
func (n *network) undeclaredPairs() {
	var workloads []*reach.Workload
	for _, w := range n.Workloads {
		if w.Service != nil && !w.HostNetwork {
			workloads = append(workloads, &w.Workload)
		}
	}
	declared := map[[2]*reach.Workload]reach.Ports{}
	for _, e := range n.edges() {
		if e.To != nil && e.Model != "" {
			k := [2]*reach.Workload{&e.From.Workload, &e.To.Workload}
			declared[k] = declared[k].Union(reach.PortsOf(e.Ports...))
		}
	}
	type pair struct{ from, to string }
	found := map[pair]reach.Ports{}
	example := map[pair][2]*reach.Workload{}
	var order []pair
	for class := range n.Policies.Connections(reach.Network, workloads).Classes() {
		relevant := class.Ports.Minus(meshPorts)
		if relevant.IsEmpty() {
			continue
		}
		// Who is open because nothing isolates it is NP01's and NP02's.
		callers := slices.DeleteFunc(class.From, func(w *reach.Workload) bool {
			n.step()
			_, out := n.Policies.Isolated(w)
			return !out
		})
		for _, to := range class.To {
			ports, _ := relevant.On(to)
			if ports.IsEmpty() {
				continue
			}
			n.Looked()
			if in, _ := n.Policies.Isolated(to); !in {
				continue
			}
			for _, from := range callers {
				n.Looked()
				extra := ports.Minus(declared[[2]*reach.Workload{from, to}])
				if from == to || extra.IsEmpty() || n.owners[from].Service == n.owners[to].Service {
					continue
				}
				if extra = n.ruled(from, to, extra); extra.IsEmpty() {
					continue
				}
				k := pair{n.owners[from].Service.Name, n.owners[to].Service.Name}
				if _, known := found[k]; !known {
					order = append(order, k)
					example[k] = [2]*reach.Workload{from, to}
				}
				found[k] = found[k].Union(extra)
			}
		}
	}
	slices.SortFunc(order, func(a, b pair) int { return strings.Compare(a.from+" "+a.to, b.from+" "+b.to) })
	for _, k := range order {
		n.reportUndeclared(example[k][0], example[k][1], found[k])
	}
}

// ruled are the ports that rules for somebody let pass at both ends: not those
// that are open because an end is not isolated, or by a rule for everyone.
func (n *network) ruled(from, to *reach.Workload, ports reach.Ports) reach.Ports {
	var out []reach.Port
	for r := range ports.Ranges() {
		for number := r.First; number <= r.Last; number++ {
			at := reach.Port{Protocol: r.Protocol, Number: number}
			if n.admitting(reach.Egress, reach.Pod(from), reach.Pod(to), at) != nil && n.admitting(reach.Ingress, reach.Pod(to), reach.Pod(from), at) != nil {
				out = append(out, at)
			}
		}
	}
	return reach.PortsOf(out...)
}

// admitting is a rule for somebody by which one end lets a connection pass; nil
// where it is not isolated, or only a rule for everyone does.
func (n *network) admitting(d reach.Direction, self, other reach.Endpoint, port reach.Port) *policyRule {
	destination := self
	if d == reach.Egress {
		destination = other
	}
	for _, p := range n.selecting(self, d) {
		for i, r := range p.rules {
			if r.direction == d && matchesPorts(r, destination, port) && len(r.peers) > 0 && slices.ContainsFunc(r.peers, func(peer manifest.Peer) bool {
				return !everyoneInCluster(peer) && n.matchesPeer(p.Namespace, peer, other) == matches
			}) {
				return &p.rules[i]
			}
		}
	}
	return nil
}

func everyoneInCluster(p manifest.Peer) bool {
	return p.NamespaceSelector != nil && everyPod(*p.NamespaceSelector) && (p.PodSelector == nil || everyPod(*p.PodSelector))
}

func (n *network) reportUndeclared(from, to *reach.Workload, ports reach.Ports) {
	var at reach.Port
	for r := range ports.Ranges() {
		at = reach.Port{Protocol: r.Protocol, Number: r.First}
		break
	}
	in := n.admitting(reach.Ingress, reach.Pod(to), reach.Pod(from), at)
	out := n.admitting(reach.Egress, reach.Pod(from), reach.Pod(to), at)
	a, b := n.owners[from].Service, n.owners[to].Service
	n.Report(in.policy.Object, in.path(), "remove the rule, or declare it in kgen.yaml: calls: ["+b.Name+"] of service "+a.Name,
		"it lets %s in to %s on %s, and kgen.yaml declares no such call", n.groupOf(reach.Pod(from)), n.groupOf(reach.Pod(to)), ports.Text()).
		See(out.policy.Object, out.path(), "lets %s out", n.groupOf(reach.Pod(from)))
}

// ofModel reports whether a policy selects pods of the model, or all of its namespace.
func (n *network) ofModel(p *networkPolicy) bool {
	return p.Namespace == n.Model.Spec.Namespace && slices.ContainsFunc(n.Pods(p.Namespace, p.spec.PodSelector), func(w *inventory.Workload) bool { return w.Service != nil })
}

// undeclaredPeers holds the peers of a rule that are elsewhere against whom the
// model names.
func (n *network) undeclaredPeers(r policyRule) {
	for i, peer := range r.peers {
		switch {
		case peer.IPBlock != nil:
			n.Looked()
			if !n.declaredBlock(r, peer.IPBlock) {
				fix, verb := "remove it, or declare it in kgen.yaml under egress", "lets them out to"
				if r.direction == reach.Ingress {
					fix, verb = "remove it; who comes from outside comes through the front door or a load balancer of kgen.yaml", "lets in"
				}
				n.Report(r.policy.Object, r.path("peers", i), fix, "it %s %s%s, which kgen.yaml does not name", verb, peer.IPBlock.CIDR, n.onPorts(r, len(r.ports) == 0))
			}
		case peer.NamespaceSelector != nil && !everyoneInCluster(peer):
			n.Looked()
			if !n.declaredPods(r, peer) {
				fix, verb := "remove it, or declare it in kgen.yaml under calls, with its namespace and podLabels", "lets them out to"
				if r.direction == reach.Ingress {
					fix, verb = "remove it, or declare it in kgen.yaml under callers, with its namespace and podLabels", "lets in"
				}
				n.Report(r.policy.Object, r.path("peers", i), fix, "it %s pods %s of namespaces with %s%s, and kgen.yaml names nobody there for them",
					verb, selectorText(podsOf(peer)), selectorText(*peer.NamespaceSelector), n.onPorts(r, len(r.ports) == 0))
			}
		}
	}
}

func podsOf(p manifest.Peer) manifest.Selector {
	if p.PodSelector == nil {
		return manifest.Selector{}
	}
	return *p.PodSelector
}

// declaredPods reports whether a peer elsewhere is somebody whom the model names
// for these pods: a caller of theirs, a callee, the front door of what is
// exposed, or the platform. A namespace that goes by labels that nothing gives
// is for NP20 to judge.
func (n *network) declaredPods(r policyRule, peer manifest.Peer) bool {
	names := n.peerNamespaces(r.policy.Namespace, peer)
	if len(names) == 0 && peer.NamespaceSelector.MatchLabels[reach.NameLabel] == "" {
		return true
	}
	pods, _ := n.peerPods(r.policy.Namespace, peer)
	for _, p := range pods {
		switch p.Party {
		case inventory.Caller, inventory.Callee:
			if !everyPod(podsOf(peer)) && n.edgeWith(r, p) {
				return true
			}
		case inventory.FrontDoor:
			if n.exposes(r.policy) {
				return true
			}
		default:
			return true // the model's own pods, whom undeclaredPairs judges, and the platform
		}
	}
	// A caller without labels is every pod of its namespace.
	for _, name := range names {
		for _, p := range n.PartyPods(name, manifest.Selector{}) {
			if p.Party == inventory.Caller && n.anyPod(r, p) {
				return true
			}
		}
	}
	return false
}

// edgeWith reports whether the model declares a connection between the pods
// that a rule is about and a party, in the rule's direction.
func (n *network) edgeWith(r policyRule, p *inventory.Workload) bool {
	far := reach.Egress // the party's own part in it
	if r.direction == reach.Egress {
		far = reach.Ingress
	}
	return slices.ContainsFunc(n.edgesAt(p, far), func(i int) bool {
		n.step()
		e := n.edges()[i]
		own := e.From
		if r.direction == reach.Ingress {
			own = e.To
		}
		return e.Model != "" && own != nil && r.policy.spec.PodSelector.Matches(own.Labels)
	})
}

// exposes reports whether the front door serves any of the pods that a policy selects.
func (n *network) exposes(p *networkPolicy) bool {
	return slices.ContainsFunc(n.Pods(p.Namespace, p.spec.PodSelector), func(w *inventory.Workload) bool {
		return w.Service != nil && len(w.Service.Hosts) > 0
	})
}

// anyPod reports whether a caller of the pods that a rule is about stands for
// every pod of its namespace.
func (n *network) anyPod(r policyRule, p *inventory.Workload) bool {
	if r.direction != reach.Ingress {
		return false
	}
	return slices.ContainsFunc(n.Pods(r.policy.Namespace, r.policy.spec.PodSelector), func(w *inventory.Workload) bool {
		return w.Service != nil && slices.ContainsFunc(w.Service.Callers, func(c spec.Caller) bool { return c.Namespace == p.Namespace && len(c.PodLabels) == 0 })
	})
}

// declaredBlock reports whether an address range is one that the model, or what
// the model says of the platform, names.
func (n *network) declaredBlock(r policyRule, b *manifest.IPBlock) bool {
	block, err := netip.ParsePrefix(b.CIDR)
	if err != nil || everyPort(r.ports) && wholeInternet(b) {
		return true // NP13's, and NP11's
	}
	s := &n.Model.Spec
	within := func(text string) bool {
		outer, err := netip.ParsePrefix(text)
		return err == nil && outer.Bits() <= block.Bits() && outer.Contains(block.Addr())
	}
	if r.direction == reach.Egress {
		if slices.ContainsFunc(s.DNS.IPBlocks, within) {
			return true
		}
		for _, w := range n.Pods(r.policy.Namespace, r.policy.spec.PodSelector) {
			for _, e := range serviceEgress(w) {
				if e.Host != "" && !holdsPrivate(b) && !blockHas(b, metadata) || within(e.CIDR) {
					return true
				}
			}
		}
		return false
	}
	if s.Ingress != nil && s.Ingress.Controller != nil && slices.ContainsFunc(s.Ingress.Controller.IPBlocks, within) {
		return true
	}
	if n.Meshed() && (block.Addr() == probeAddress || block.Addr() == probeAddress6) && block.IsSingleIP() {
		return true
	}
	for _, w := range n.Pods(r.policy.Namespace, r.policy.spec.PodSelector) {
		if w.Service != nil && w.Service.LoadBalancer != nil && slices.ContainsFunc(w.Service.LoadBalancer.SourceRanges, within) {
			return true
		}
	}
	return false
}

func serviceEgress(w *inventory.Workload) []spec.Egress {
	if w.Service == nil {
		return nil
	}
	return w.Service.Egress
}
