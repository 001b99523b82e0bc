package gen_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

var meshConstraints = []constraint{
	{"K11", "each subset that a VirtualService names is in the host's DestinationRule", checkSubsetsDefined},
	{"K12", "each subset selects pods of its host", checkSubsetsSelect},
	{"K13", "each destination's host and port exist; the port is named where there are several", checkDestinations},
	{"K14", "weights sum to 100 and are the model's", checkWeights},
	{"K15", "one VirtualService and one DestinationRule a host", checkOneEach},
	{"K16", "the breaker can eject at least one pod, and is the model's", checkBreaker},
	{"K17", "retries fit into the timeout, and both are the model's", checkRetries},
	{"K20", "the namespace joins the mesh in exactly one way", checkNamespaceLabels},
	{"K21", "layer 7 in ambient hangs on a waypoint that exists", checkWaypoints},
	{"M1", "without a mesh there are no mesh objects, external hosts have a ServiceEntry", checkMeshObjects},
}

func (w *world) destinationRules(host string) []item[manifest.DestinationRule] {
	var out []item[manifest.DestinationRule]
	for _, dr := range all[manifest.DestinationRule](w) {
		if dr.v.Spec.Host == host {
			out = append(out, dr)
		}
	}
	return out
}

// eachDestination visits every destination of every VirtualService.
func (w *world) eachDestination(visit func(item[manifest.VirtualService], manifest.Destination)) {
	for _, vs := range all[manifest.VirtualService](w) {
		for _, routes := range [][]manifest.VirtualRoute{vs.v.Spec.HTTP, vs.v.Spec.TCP, vs.v.Spec.TLS} {
			for _, r := range routes {
				for _, d := range r.Route {
					visit(vs, d)
				}
			}
		}
	}
}

func checkSubsetsDefined(w *world) {
	w.eachDestination(func(vs item[manifest.VirtualService], d manifest.Destination) {
		if d.Destination.Subset == "" {
			return
		}
		for _, dr := range w.destinationRules(d.Destination.Host) {
			if slices.ContainsFunc(dr.v.Spec.Subsets, func(s manifest.Subset) bool { return s.Name == d.Destination.Subset }) {
				return
			}
		}
		w.at(vs.Object, "subset %s of %s is in no DestinationRule", d.Destination.Subset, d.Destination.Host)
	})
}

func checkSubsetsSelect(w *world) {
	for _, dr := range all[manifest.DestinationRule](w) {
		s, name := w.serviceOf(dr.v.Spec.Host)
		if s == nil {
			continue
		}
		svc, _ := w.renderedService(name)
		for _, subset := range dr.v.Spec.Subsets {
			labels := map[string]string{}
			if svc.v != nil {
				maps.Copy(labels, svc.v.Spec.Selector)
			}
			maps.Copy(labels, subset.Labels)
			if !slices.ContainsFunc(w.pods, func(p *pod) bool {
				return p.service == s && len(subset.Labels) > 0 && (manifest.Selector{MatchLabels: labels}).Matches(p.workload.Labels)
			}) {
				w.at(dr.Object, "subset %s (%v) selects no pod of %s", subset.Name, subset.Labels, s.Name)
			}
		}
	}
}

func checkDestinations(w *world) {
	w.eachDestination(func(vs item[manifest.VirtualService], d manifest.Destination) {
		host := d.Destination.Host
		s, name := w.serviceOf(host)
		if s == nil {
			if !w.externalHost(host) {
				w.at(vs.Object, "destination %s is no service of the model by its full name", host)
			}
			return
		}
		svc, ok := w.renderedService(name)
		if !ok {
			w.at(vs.Object, "destination %s has no Service", host)
			return
		}
		switch {
		case d.Destination.Port == nil && len(svc.v.Spec.Ports) > 1:
			w.at(vs.Object, "destination %s leaves open which of %d ports is meant", host, len(svc.v.Spec.Ports))
		case d.Destination.Port != nil && !hasPort(svc, d.Destination.Port.Number):
			w.at(vs.Object, "destination %s has no port %d", host, d.Destination.Port.Number)
		}
	})
	for _, dr := range all[manifest.DestinationRule](w) {
		if s, _ := w.serviceOf(dr.v.Spec.Host); s == nil && !w.externalHost(dr.v.Spec.Host) {
			w.at(dr.Object, "host %s is no service of the model by its full name", dr.v.Spec.Host)
		}
	}
	for _, vs := range all[manifest.VirtualService](w) {
		for _, h := range vs.v.Spec.Hosts {
			if !strings.Contains(h, ".") {
				w.at(vs.Object, "host %s is short: it means another service in another namespace", h)
			}
		}
	}
}

// externalHost reports whether the model calls that host outside, or a service
// of that full name in another namespace.
func (w *world) externalHost(host string) bool {
	for _, s := range w.s.Services {
		for _, e := range s.Egress {
			if e.Host == host {
				return true
			}
		}
		for _, c := range s.Calls {
			if c.Namespace != "" && host == c.Service+"."+c.Namespace+".svc."+w.s.ClusterDomain {
				return true
			}
		}
	}
	return false
}

func hasPort(svc item[manifest.Service], number int) bool {
	return slices.ContainsFunc(svc.v.Spec.Ports, func(p manifest.ServicePort) bool { return p.Port == number })
}

func checkOneEach(w *world) {
	rules, routes := map[string]string{}, map[string]string{}
	for _, dr := range all[manifest.DestinationRule](w) {
		if other := rules[dr.v.Spec.Host]; other != "" {
			w.at(dr.Object, "%s has a DestinationRule already: %s", dr.v.Spec.Host, other)
		}
		rules[dr.v.Spec.Host] = dr.Ref()
	}
	for _, vs := range all[manifest.VirtualService](w) {
		if len(vs.v.Spec.Gateways) > 0 && !slices.Contains(vs.v.Spec.Gateways, "mesh") {
			continue
		}
		for _, host := range vs.v.Spec.Hosts {
			if other := routes[host]; other != "" {
				w.at(vs.Object, "%s has a VirtualService already: %s", host, other)
			}
			routes[host] = vs.Ref()
		}
	}
	for _, route := range all[manifest.Route](w) {
		for _, parent := range route.v.Spec.ParentRefs {
			if parent.Service() {
				key := parent.Name + ":" + strconv.Itoa(parent.Port)
				if other := routes[key]; other != "" {
					w.at(route.Object, "Service %s has a route already: %s", key, other)
				}
				routes[key] = route.Ref()
				if routes[w.fqdn(parent.Name)] != "" {
					w.at(route.Object, "a VirtualService steers %s as well", parent.Name)
				}
			}
		}
	}
}

func checkNamespaceLabels(w *world) {
	ns := w.object("Namespace", "", w.s.Namespace)
	if ns == nil {
		w.fault("-", "Namespace "+w.s.Namespace, "there is no manifest of it")
		return
	}
	joins := map[string]string{}
	for _, key := range []string{"istio-injection", "istio.io/rev", "istio.io/dataplane-mode"} {
		if value, ok := ns.Labels[key]; ok {
			joins[key] = value
		}
	}
	want := map[string]string{}
	switch {
	case w.ambient():
		want["istio.io/dataplane-mode"] = "ambient"
	case w.sidecar() && w.s.Mesh.Revision != "":
		want["istio.io/rev"] = w.s.Mesh.Revision
	case w.sidecar():
		want["istio-injection"] = "enabled"
	}
	if !maps.Equal(joins, want) {
		w.at(ns, "joins the mesh by %v, want %v", joins, want)
	}
}

func checkWaypoints(w *world) {
	exists := w.waypoints()
	bound := func(o *manifest.Object, service string) {
		s := w.service(service)
		switch {
		case s == nil:
			w.at(o, "is bound to Service %s, which is not in the model", service)
		case w.ambient() && w.waypoint(s) == "":
			w.at(o, "speaks of requests to %s, which has no waypoint", service)
		case w.ambient() && !slices.Contains(exists, w.waypoint(s)):
			w.at(o, "the waypoint %s of %s does not exist", w.waypoint(s), service)
		}
	}
	if !w.ambient() {
		for _, g := range all[manifest.Gateway](w) {
			if g.v.Spec.GatewayClassName == "istio-waypoint" {
				w.at(g.Object, "a waypoint without ambient")
			}
		}
		return
	}
	for _, g := range all[manifest.Gateway](w) {
		if g.v.Spec.GatewayClassName != "istio-waypoint" {
			continue
		}
		l := g.v.Spec.Listeners
		if len(l) != 1 || l[0].Protocol != "HBONE" || l[0].Port != hbone || g.Namespace != w.s.Namespace {
			w.at(g.Object, "a waypoint has one listener, HBONE on 15008, in the namespace that it serves")
		}
	}
	for _, svc := range all[manifest.Service](w) {
		if name := svc.Labels["istio.io/use-waypoint"]; name != "" && name != "none" && !slices.Contains(exists, name) {
			w.at(svc.Object, "its waypoint %s does not exist", name)
		}
	}
	for _, vs := range all[manifest.VirtualService](w) {
		w.at(vs.Object, "a VirtualService in ambient mode; routes are the Gateway API's")
	}
	for _, route := range all[manifest.Route](w) {
		for _, parent := range route.v.Spec.ParentRefs {
			if parent.Service() {
				bound(route.Object, parent.Name)
				if parent.Port == 0 {
					w.at(route.Object, "names no port of Service %s", parent.Name)
				}
			}
		}
	}
	for _, ap := range all[manifest.AuthorizationPolicy](w) {
		for _, ref := range ap.v.Spec.TargetRefs {
			if ref.Kind == "Service" {
				bound(ap.Object, ref.Name)
			}
		}
		for _, r := range ap.v.Spec.Rules {
			for _, to := range r.To {
				if to.Operation.HTTP() && len(ap.v.Spec.TargetRefs) == 0 {
					w.at(ap.Object, "speaks of requests by selector: ztunnel makes a denial of it")
				}
			}
		}
	}
	for i := range w.s.Services {
		s := &w.s.Services[i]
		if (s.Canary != nil || s.SLO != nil && w.called(s)) && w.waypoint(s) == "" && s.Type != spec.Headless {
			w.model(s, "needs layer 7 and has no waypoint")
		}
	}
}

func checkMeshObjects(w *world) {
	for _, o := range w.objects {
		if istio := strings.HasSuffix(o.Group(), "istio.io"); istio && !w.mesh() {
			w.at(o, "an Istio object without a mesh")
		}
	}
	if !w.mesh() {
		return
	}
	for i := range w.s.Services {
		for _, e := range w.s.Services[i].Egress {
			if e.Host == "" {
				continue
			}
			for _, port := range e.Ports {
				if e.Protocol != spec.UDP && !w.entryFor(e.Host, int(port)) {
					w.model(&w.s.Services[i], "no ServiceEntry names %s:%d", e.Host, port)
				}
			}
		}
	}
	for _, se := range all[manifest.ServiceEntry](w) {
		if se.v.Spec.Location != "MESH_EXTERNAL" {
			w.at(se.Object, "location is %q, want MESH_EXTERNAL", se.v.Spec.Location)
		}
		for _, h := range se.v.Spec.Hosts {
			if !w.externalHost(h) {
				w.at(se.Object, "host %s is not in the model", h)
			}
		}
	}
}

func (w *world) entryFor(host string, port int) bool {
	for _, se := range all[manifest.ServiceEntry](w) {
		if slices.Contains(se.v.Spec.Hosts, host) {
			for _, p := range se.v.Spec.Ports {
				if p.Number == port {
					return true
				}
			}
		}
	}
	return false
}
