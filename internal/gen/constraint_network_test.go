package gen_test

import (
	"cmp"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

var networkConstraints = []constraint{
	{"K1", "every declared edge is allowed and every allowed edge is declared", checkEdges},
	{"K1-outside", "parties outside the model reach, and are reached, exactly as declared", checkOutside},
	{"K2", "policy ports are container ports of the pods they are for", checkPolicyPorts},
	{"K3", "every egress-isolated pod reaches DNS on UDP and TCP", checkDNS},
	{"K4", "each exposed backend admits exactly its controller, on the container port", checkFrontDoorAdmitted},
	{"K5", "each scraped port admits Prometheus, and nothing else does", checkScrapesAdmitted},
	{"K6", "injected pods reach istiod", checkIstiod},
	{"K7", "ambient: 15008 on each hop, probes, the waypoint in between", checkAmbient},
	{"NP", "both directions denied by default; no policy selects nothing", checkDefaultDeny},
}

const hbone = 15008

// interesting are the ports on which a pod could be asked: its own, the
// mesh's, and one that nobody has.
func interesting(p *pod) []reach.Port {
	out := []reach.Port{reach.TCP(hbone), reach.TCP(15090), reach.TCP(15020), reach.TCP(15012), reach.TCP(1), reach.UDP(1), reach.TCP(8089)}
	for _, port := range p.workload.Ports {
		out = append(out, reach.Port{Protocol: port.Protocol, Number: port.Number})
	}
	for _, port := range p.service.Ports {
		// The Service's own port, in case a policy names it instead of the pod's.
		out = append(out, reach.Port{Protocol: transportOf(port.Protocol), Number: int(port.Port)})
	}
	slices.SortFunc(out, func(a, b reach.Port) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.Protocol, b.Protocol))
	})
	return slices.Compact(out)
}

// expectHops is what policies must let pass from a mesh client to the pods of
// s so that the ports in want work: the ports themselves, and in ambient mode
// the tunnel. With a waypoint in between nothing goes straight but UDP.
func (w *world) expectHops(s *spec.Service, want map[reach.Port]bool) map[reach.Port]bool {
	out := map[reach.Port]bool{}
	for p := range want {
		switch {
		case p.Protocol != "TCP" || !w.ambient():
			out[p] = true
		case w.waypoint(s) == "":
			out[p], out[reach.TCP(hbone)] = true, true
		}
	}
	return out
}

// compare asks for every port and reports where the answer is not want's.
func (w *world) compare(what string, from, to reach.Endpoint, ports []reach.Port, want map[reach.Port]bool) {
	for p := range want {
		if !slices.Contains(ports, p) {
			ports = append(slices.Clone(ports), p)
		}
	}
	for _, p := range ports {
		got, reasons := w.policies.Allowed(from, to, p)
		if got == want[p] {
			continue
		}
		where, object := "-", from.Text()+" to "+to.Text()
		var why []string
		for _, r := range reasons {
			if r.Policy != nil && (r.Verdict == reach.Admits) == got {
				where = r.Policy.File
				why = append(why, string(r.Direction)+" "+string(r.Verdict)+" "+r.Policy.Name)
			}
		}
		if got {
			w.fault(where, object, "%s is allowed on %s and not declared (%s)", what, p.Text(), strings.Join(why, ", "))
		} else {
			w.fault(where, object, "%s is declared on %s and denied (%s)", what, p.Text(), strings.Join(why, ", "))
		}
	}
}

func checkEdges(w *world) {
	for _, a := range w.pods {
		for _, b := range w.pods {
			want := map[reach.Port]bool{}
			if a.service != b.service {
				want = w.expectHops(b.service, w.reachPorts(b.service, w.declared(a.service, b.service)))
			}
			w.compare("the call", reach.Pod(a.workload), reach.Pod(b.workload), interesting(b), want)
		}
	}
}

// checkPolicyPorts holds the ports of ingress rules against the pods that the
// policy selects, and the ports of egress rules against the pods of the peer.
func checkPolicyPorts(w *world) {
	for _, np := range all[manifest.NetworkPolicy](w) {
		var selected []*pod
		for _, p := range w.pods {
			if np.Namespace == w.s.Namespace && np.v.Spec.PodSelector.Matches(p.workload.Labels) {
				selected = append(selected, p)
			}
		}
		for _, rule := range np.v.Spec.Ingress {
			w.portsExist(np, rule.Ports, selected)
		}
		for _, rule := range np.v.Spec.Egress {
			for _, peer := range rule.To {
				if peer.PodSelector == nil || peer.NamespaceSelector != nil && !peer.NamespaceSelector.Matches(map[string]string{reach.NameLabel: w.s.Namespace}) {
					continue
				}
				var peers []*pod
				for _, p := range w.pods {
					if peer.PodSelector.Matches(p.workload.Labels) {
						peers = append(peers, p)
					}
				}
				w.portsExist(np, rule.Ports, peers)
			}
		}
	}
}

// meshPorts are opened by the mesh itself, not by a container of the model.
var meshPorts = []int{hbone, 15090, 15020, 15012}

func (w *world) portsExist(np item[manifest.NetworkPolicy], ports []manifest.PolicyPort, pods []*pod) {
	for _, port := range ports {
		protocol := port.Protocol
		if protocol == "" {
			protocol = "TCP"
		}
		if port.Port.Name == "" && w.mesh() && slices.Contains(meshPorts, port.Port.Number) {
			continue
		}
		if port.Port.IsZero() {
			w.at(np.Object, "a rule opens every port of %s", protocol)
			continue
		}
		for _, p := range pods {
			if !slices.ContainsFunc(p.workload.Ports, func(c reach.NamedPort) bool {
				number := port.Port.Number == c.Number || port.EndPort != 0 && port.Port.Number <= c.Number && c.Number <= port.EndPort
				return c.Protocol == protocol && (port.Port.Name != "" && c.Name == port.Port.Name || port.Port.Name == "" && number)
			}) {
				w.at(np.Object, "port %s/%s is no container port of %s", port.Port.Text(), protocol, p.service.Name)
			}
		}
	}
}

func checkDefaultDeny(w *world) {
	stray := &reach.Workload{Namespace: w.s.Namespace, Name: "stray", Labels: map[string]string{"stray": "pod"}}
	if in, out := w.policies.Isolated(stray); !in || !out {
		w.fault("-", "NetworkPolicy", "a pod of namespace %s that nobody names is isolated for ingress: %t, egress: %t; want both", w.s.Namespace, in, out)
	}
	if !slices.ContainsFunc(all[manifest.NetworkPolicy](w), func(np item[manifest.NetworkPolicy]) bool {
		v := np.v.Spec
		return np.Namespace == w.s.Namespace && len(v.PodSelector.MatchLabels)+len(v.PodSelector.MatchExpressions)+len(v.Ingress)+len(v.Egress) == 0 && len(v.PolicyTypes) == 2
	}) {
		w.fault("-", "NetworkPolicy", "none denies both directions to every pod of %s", w.s.Namespace)
	}
	for _, np := range all[manifest.NetworkPolicy](w) {
		if len(np.v.Spec.PolicyTypes) == 0 {
			w.at(np.Object, "leaves its policyTypes to a default")
		}
		for _, t := range []struct {
			kind  string
			rules int
		}{{"Ingress", len(np.v.Spec.Ingress)}, {"Egress", len(np.v.Spec.Egress)}} {
			if t.rules > 0 && !slices.Contains(np.v.Spec.PolicyTypes, t.kind) {
				w.at(np.Object, "has %s rules that its policyTypes ignore", t.kind)
			}
		}
		if np.Namespace != w.s.Namespace {
			continue
		}
		special := func(key string) bool { _, ok := np.v.Spec.PodSelector.MatchLabels[key]; return ok }
		if special("gateway.networking.k8s.io/gateway-name") || special("acme.cert-manager.io/http01-solver") {
			continue
		}
		if !slices.ContainsFunc(w.pods, func(p *pod) bool { return np.v.Spec.PodSelector.Matches(p.workload.Labels) }) {
			w.at(np.Object, "selects no pod of the model")
		}
	}
}
