package gen_test

import (
	"slices"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// checkFrontDoorAdmitted: the front door reaches the ports behind its hosts and
// no others; pods that are not exposed, not at all.
func checkFrontDoorAdmitted(w *world) {
	if w.s.Ingress != nil && w.s.Ingress.Class == "cilium" {
		w.checkCiliumEntity()
	}
	for _, door := range w.frontDoors() {
		for _, p := range w.pods {
			want := map[reach.Port]bool{}
			if w.doorSees(p) {
				want = w.reachPorts(p.service, w.exposedPorts(p.service))
			}
			switch {
			case w.frontDoorInMesh() && w.ingressUsesWaypoint(p.service):
				want = map[reach.Port]bool{}
			case w.frontDoorInMesh() && w.ambient() && len(want) > 0:
				want[reach.TCP(hbone)] = true
			}
			if p.service.Type == spec.LoadBalancer && door.Workload == nil && covered(p.service.LoadBalancer.SourceRanges, door.IP) {
				for port := range w.reachPorts(p.service, portsFor(p.service, spec.PortRef{})) {
					want[port] = true
				}
			}
			w.compare("the front door", door, reach.Pod(p.workload), interesting(p), want)
		}
		if w.certificatesHere() {
			solver := stranger(w.s.Namespace, "solver", map[string]string{"acme.cert-manager.io/http01-solver": "true"})
			w.compare("the front door to the solver", door, solver, []reach.Port{reach.TCP(80)}, map[reach.Port]bool{reach.TCP(8089): true})
			w.compare("a stray pod to the solver", stranger("elsewhere", "stray", map[string]string{"stray": "pod"}), solver, []reach.Port{reach.TCP(8089)}, nil)
		}
	}
	for _, g := range w.frontGateways() {
		w.checkGatewayHere(g)
	}
}

// doorSees reports whether the front door leads to the pods of this version: a
// class that cannot split leads to the stable ones, or to all of them.
func (w *world) doorSees(p *pod) bool {
	if p.service.Canary == nil || p.version == versionsOf(p.service)[0] || w.gatewayAPI() {
		return true
	}
	ok := false
	for _, door := range w.frontDoors() {
		for _, i := range w.exposedPorts(p.service) {
			allowed, _ := w.policies.Allowed(door, reach.Pod(p.workload), w.reachPort(p.service, i))
			ok = ok || allowed
		}
	}
	return ok
}

// certificatesHere reports whether cert-manager's solver pods would run in the
// model's namespace: they run beside the Certificate.
func (w *world) certificatesHere() bool {
	for _, c := range all[manifest.Certificate](w) {
		if c.Namespace == w.s.Namespace {
			return true
		}
	}
	for _, o := range w.objects {
		if (o.Kind == "Ingress" || o.Kind == "Gateway") && o.Namespace == w.s.Namespace &&
			(o.Annotations["cert-manager.io/cluster-issuer"] != "" || o.Annotations["cert-manager.io/issuer"] != "") {
			return true
		}
	}
	return false
}

// checkCiliumEntity: Cilium's proxy has the identity "ingress", which only a
// CiliumNetworkPolicy can name.
func (w *world) checkCiliumEntity() {
	for _, p := range w.pods {
		want := w.reachPorts(p.service, w.exposedPorts(p.service))
		got := map[reach.Port]bool{}
		for _, cnp := range all[manifest.CiliumNetworkPolicy](w) {
			if cnp.Namespace != w.s.Namespace || !cnp.v.Spec.EndpointSelector.Matches(p.workload.Labels) {
				continue
			}
			for _, rule := range cnp.v.Spec.Ingress {
				if slices.Contains(rule.FromEntities, "ingress") {
					for _, tp := range rule.ToPorts {
						for _, port := range tp.Ports {
							got[ciliumPort(p, port)] = true
						}
					}
					if len(rule.ToPorts) == 0 {
						w.at(cnp.Object, "admits the ingress entity on every port")
					}
				}
				for _, e := range rule.FromEntities {
					if e != "ingress" {
						w.at(cnp.Object, "admits the entity %s", e)
					}
				}
			}
		}
		for port := range want {
			if !got[port] && w.doorSeesStable(p) {
				w.model(p.service, "no CiliumNetworkPolicy admits the ingress entity on %s", port.Text())
			}
		}
		for port := range got {
			if !want[port] {
				w.model(p.service, "a CiliumNetworkPolicy admits the ingress entity on %s, which is not exposed", port.Text())
			}
		}
	}
}

func (w *world) doorSeesStable(p *pod) bool {
	return p.service.Canary == nil || p.version == versionsOf(p.service)[0] || w.gatewayAPI()
}

func ciliumPort(p *pod, port manifest.CiliumPort) reach.Port {
	for _, c := range p.workload.Ports {
		if c.Name != "" && c.Name == port.Port {
			return reach.Port{Protocol: port.Protocol, Number: c.Number}
		}
	}
	number := 0
	for _, digit := range port.Port {
		number = number*10 + int(digit-'0')
	}
	return reach.Port{Protocol: port.Protocol, Number: number}
}

// checkGatewayHere: a Gateway whose pods run in the model's own namespace is
// isolated like everything there, so its listeners must be opened and its
// backends, DNS and control plane be reachable for it.
func (w *world) checkGatewayHere(g item[manifest.Gateway]) {
	provisioned := w.s.Ingress.Class == "istio" || w.s.Ingress.Class == "nginx"
	if !provisioned || g.Namespace != w.s.Namespace {
		return
	}
	self := reach.Pod(&reach.Workload{Namespace: g.Namespace, Name: g.Name,
		Labels: map[string]string{"gateway.networking.k8s.io/gateway-name": g.Name}})
	for _, l := range g.v.Spec.Listeners {
		if ok, _ := w.policies.Allowed(address("198.51.100.77"), self, reach.TCP(l.Port)); !ok {
			w.at(g.Object, "nobody can reach listener %s on port %d", l.Name, l.Port)
		}
	}
	if w.s.Ingress.Class == "istio" {
		if ok, _ := w.policies.Allowed(self, w.istiod(), reach.TCP(15012)); !ok {
			w.at(g.Object, "its pods cannot reach istiod")
		}
	}
	if ok, _ := w.policies.Allowed(self, w.dns(), reach.UDP(int(w.s.DNS.Port))); !ok {
		w.at(g.Object, "its pods cannot reach DNS")
	}
	if ok, _ := w.policies.Allowed(stranger("elsewhere", "stray", nil), self, reach.TCP(15000)); ok {
		w.at(g.Object, "its admin port is open")
	}
}

func checkScrapesAdmitted(w *world) {
	for _, p := range w.pods {
		want := map[reach.Port]bool{}
		for _, s := range w.scrapes() {
			if s.pod == p {
				want[reach.TCP(s.port)] = true
			}
		}
		w.compare("Prometheus", w.prometheus(), reach.Pod(p.workload), interesting(p), want)
	}
	for _, name := range w.waypoints() {
		w.compare("Prometheus to the waypoint", w.prometheus(), w.waypointPod(name), []reach.Port{reach.TCP(hbone), reach.TCP(15000)}, map[reach.Port]bool{reach.TCP(15020): true})
	}
}
