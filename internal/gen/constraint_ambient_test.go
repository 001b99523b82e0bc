package gen_test

import (
	"slices"

	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// probeAddresses are from where the kubelet's probes seem to come in ambient
// mode (Istio: SNAT of host-network probes).
var probeAddresses = []string{"169.254.7.127", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff"}

func checkAmbient(w *world) {
	for _, p := range w.pods {
		self := reach.Pod(p.workload)
		for _, probe := range probeAddresses {
			for _, port := range p.workload.Ports {
				if port.Number >= unknownContainerPort || port.Protocol != "TCP" {
					continue
				}
				ok, _ := w.policies.Allowed(address(probe), self, reach.TCP(port.Number))
				if w.ambient() && !ok {
					w.model(p.service, "probes from %s do not reach port %d", probe, port.Number)
				}
				if !w.ambient() && ok && p.service.Type != spec.LoadBalancer {
					w.model(p.service, "port %d admits ambient's probe address without ambient", port.Number)
				}
			}
		}
	}
	if !w.ambient() {
		return
	}
	for _, name := range w.waypoints() {
		point := w.waypointPod(name)
		for _, p := range w.pods {
			if p.service.Type == spec.Headless && w.labelledForWaypoint(p.service) {
				w.model(p.service, "a headless Service is labelled for a waypoint that its traffic never passes")
			}
			var sends bool
			for i := range w.s.Services {
				callee := &w.s.Services[i]
				for port := range w.reachPorts(callee, w.declared(p.service, callee)) {
					sends = sends || port.Protocol == "TCP" && w.waypoint(callee) == name
				}
			}
			w.compare("the hop to the waypoint", reach.Pod(p.workload), point, []reach.Port{reach.TCP(hbone), reach.TCP(80), reach.TCP(15020)},
				map[reach.Port]bool{reach.TCP(hbone): sends})
			w.compare("the hop from the waypoint", point, reach.Pod(p.workload), interesting(p),
				map[reach.Port]bool{reach.TCP(hbone): w.waypoint(p.service) == name && w.waypointUsed(p.service)})
			for _, c := range p.service.Callers {
				labels := c.PodLabels
				if len(labels) == 0 {
					labels = map[string]string{"any": "thing"}
				}
				if ok, _ := w.policies.Allowed(stranger(c.Namespace, "caller", labels), point, reach.TCP(hbone)); !ok && w.waypoint(p.service) == name && w.hasTCP(p.service) {
					w.model(p.service, "its caller in %s does not reach the waypoint %s", c.Namespace, name)
				}
			}
		}
		for _, door := range w.frontDoors() {
			sends := w.frontDoorInMesh() && slices.ContainsFunc(w.s.Services, func(s spec.Service) bool {
				return len(w.exposedPorts(&s)) > 0 && w.ingressUsesWaypoint(&s) && w.waypoint(&s) == name
			})
			w.compare("the front door's hop to the waypoint", door, point, nil, map[reach.Port]bool{reach.TCP(hbone): sends})
		}
		w.compare("the waypoint to istiod", point, w.istiod(), []reach.Port{reach.TCP(443)}, map[reach.Port]bool{reach.TCP(15012): true})
		w.compare("the waypoint to DNS", point, w.dns(), nil, map[reach.Port]bool{reach.UDP(int(w.s.DNS.Port)): true, reach.TCP(int(w.s.DNS.Port)): true})
		w.compare("a stray pod to the waypoint", stranger("elsewhere", "stray", map[string]string{"stray": "pod"}), point, []reach.Port{reach.TCP(hbone), reach.TCP(15020)}, nil)
	}
}

func (w *world) labelledForWaypoint(s *spec.Service) bool {
	svc, ok := w.renderedService(s.Name)
	return ok && svc.Labels["istio.io/use-waypoint"] != "" && svc.Labels["istio.io/use-waypoint"] != "none"
}

func (w *world) hasTCP(s *spec.Service) bool {
	return slices.ContainsFunc(s.Ports, func(p spec.Port) bool { return transportOf(p.Protocol) == "TCP" })
}

// waypointUsed reports whether anyone sends TCP to s through its waypoint.
func (w *world) waypointUsed(s *spec.Service) bool {
	if !w.hasTCP(s) {
		return false
	}
	for i := range w.s.Services {
		for port := range w.reachPorts(s, w.declared(&w.s.Services[i], s)) {
			if port.Protocol == "TCP" {
				return true
			}
		}
	}
	return len(s.Callers) > 0 || w.frontDoorInMesh() && w.ingressUsesWaypoint(s) && len(w.exposedPorts(s)) > 0
}
