package gen_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// split is what one rule does to one service: version to weight.
type split map[string]int

func canarySplit(s *spec.Service) split {
	versions := versionsOf(s)
	if len(versions) == 1 {
		return split{versions[0]: 100}
	}
	return split{versions[0]: 100 - int(s.Canary.Weight), versions[1]: int(s.Canary.Weight)}
}

func checkWeights(w *world) {
	meshSplit := map[string][]int{} // service -> Service ports that the mesh splits
	doorSplit := map[string][]int{}
	for _, vs := range all[manifest.VirtualService](w) {
		for _, r := range append(slices.Clone(vs.v.Spec.HTTP), vs.v.Spec.TCP...) {
			got, s, ports := w.virtualSplit(r)
			w.checkSplit(vs.Object, s, got, len(r.Route))
			if s != nil && s.Canary != nil {
				meshSplit[s.Name] = append(meshSplit[s.Name], ports...)
			}
		}
	}
	for _, route := range all[manifest.Route](w, "HTTPRoute", "GRPCRoute") {
		inMesh, atDoor := false, false
		for _, parent := range route.v.Spec.ParentRefs {
			inMesh, atDoor = inMesh || parent.Service(), atDoor || !parent.Service()
		}
		for _, r := range route.v.Spec.Rules {
			if len(r.BackendRefs) == 0 {
				continue
			}
			got, s := w.routeSplit(r)
			w.checkSplit(route.Object, s, got, len(r.BackendRefs))
			if s == nil || s.Canary == nil {
				continue
			}
			for _, b := range r.BackendRefs {
				if inMesh {
					meshSplit[s.Name] = append(meshSplit[s.Name], b.Port)
				}
				if atDoor {
					doorSplit[s.Name] = append(doorSplit[s.Name], b.Port)
				}
			}
		}
	}
	for i := range w.s.Services {
		s := &w.s.Services[i]
		if s.Canary == nil {
			continue
		}
		for j, p := range s.Ports {
			if !speaksHTTP(p.Protocol) {
				continue
			}
			// Flagger's one route is the front door's where nobody else calls.
			elsewhere := flagger(s) && w.gatewayAPI() && len(s.Hosts) > 0 && !w.called(s)
			if w.mesh() && !elsewhere && !slices.Contains(meshSplit[s.Name], int(p.Port)) {
				w.model(s, "nothing in the mesh splits port %d", p.Port)
			}
			if w.gatewayAPI() && slices.Contains(w.exposedPorts(s), j) && !slices.Contains(doorSplit[s.Name], int(p.Port)) {
				w.model(s, "no route of the front door splits port %d", p.Port)
			}
		}
		if w.s.Ingress != nil && w.s.Ingress.API == spec.IngressResource && w.s.Ingress.Class == "nginx" && len(s.Hosts) > 0 && !s.Canary.Owned() {
			w.checkNginxCanary(s)
		}
	}
}

// virtualSplit reads the weights of a route, by version, and the ports meant.
func (w *world) virtualSplit(r manifest.VirtualRoute) (split, *spec.Service, []int) {
	got := split{}
	var of *spec.Service
	var ports []int
	for _, d := range r.Route {
		s, name := w.serviceOf(d.Destination.Host)
		if s == nil {
			continue
		}
		of = s
		weight := 0
		if d.Weight != nil {
			weight = *d.Weight
		} else if len(r.Route) == 1 {
			weight = 100
		}
		version := d.Destination.Subset
		if s.Canary != nil && name != s.Name {
			version = strings.TrimPrefix(name, s.Name+"-")
		}
		for _, dr := range w.destinationRules(d.Destination.Host) {
			for _, subset := range dr.v.Spec.Subsets {
				if subset.Name == d.Destination.Subset {
					if version = subset.Labels["version"]; rollouts(s) {
						version = subset.Name
					}
				}
			}
		}
		got[version] += weight
		if d.Destination.Port != nil {
			ports = append(ports, d.Destination.Port.Number)
		} else if len(s.Ports) == 1 {
			ports = append(ports, int(s.Ports[0].Port))
		}
	}
	return got, of, ports
}

func (w *world) routeSplit(r manifest.RouteRule) (split, *spec.Service) {
	got := split{}
	var of *spec.Service
	for _, b := range r.BackendRefs {
		s, name := w.serviceOf(w.fqdn(b.Name))
		if s == nil {
			continue
		}
		of = s
		weight := 1
		if b.Weight != nil {
			weight = *b.Weight
		} else if len(r.BackendRefs) == 1 {
			weight = 100
		}
		got[strings.TrimPrefix(strings.TrimPrefix(name, s.Name), "-")] += weight
	}
	return got, of
}

func (w *world) checkSplit(o *manifest.Object, s *spec.Service, got split, parties int) {
	if s == nil {
		return
	}
	sum := 0
	for _, weight := range got {
		sum += weight
	}
	switch {
	case sum != 100:
		w.at(o, "the weights of %s sum to %d, want 100", s.Name, sum)
	case s.Canary != nil && !maps.Equal(nonZero(got), nonZero(canarySplit(s))):
		w.at(o, "%s is split %v, want %v", s.Name, got, canarySplit(s))
	case s.Canary == nil && parties != 1:
		w.at(o, "%s has no canary and is split %v", s.Name, got)
	}
}

func nonZero(s split) split {
	out := maps.Clone(s)
	maps.DeleteFunc(out, func(_ string, weight int) bool { return weight == 0 })
	return out
}

func (w *world) checkNginxCanary(s *spec.Service) {
	for _, in := range all[manifest.Ingress](w) {
		if in.Annotations["nginx.ingress.kubernetes.io/canary"] != "true" || len(in.v.Spec.Rules) == 0 || !slices.Contains(s.Hosts, in.v.Spec.Rules[0].Host) {
			continue
		}
		if got, want := in.Annotations["nginx.ingress.kubernetes.io/canary-weight"], strconv.Itoa(int(s.Canary.Weight)); got != want {
			w.at(in.Object, "canary-weight is %q, want %q", got, want)
		}
		for _, rule := range in.v.Spec.Rules {
			for _, p := range rule.HTTP.Paths {
				if p.Backend.Service == nil || p.Backend.Service.Name != s.Name+"-"+s.Canary.Version {
					w.at(in.Object, "the canary Ingress does not lead to %s-%s", s.Name, s.Canary.Version)
				}
			}
		}
		return
	}
	w.model(s, "no second Ingress carries its weight")
}
