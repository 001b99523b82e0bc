package gen_test

import (
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

var serviceConstraints = []constraint{
	{"K8", "a Service's selector selects pods of its service and of no other", checkSelectors},
	{"K9", "a Service's target ports are the pod's", checkTargets},
	{"K10", "ports are named, and name, appProtocol and protocol agree", checkPortNames},
	{"S1", "the Services are the model's, with their types and ports", checkServices},
}

func (w *world) selected(svc item[manifest.Service]) []*pod {
	var out []*pod
	for _, p := range w.pods {
		if svc.Namespace == w.s.Namespace && len(svc.v.Spec.Selector) > 0 && (manifest.Selector{MatchLabels: svc.v.Spec.Selector}).Matches(p.workload.Labels) {
			out = append(out, p)
		}
	}
	return out
}

func checkSelectors(w *world) {
	for _, svc := range all[manifest.Service](w) {
		pods := w.selected(svc)
		if len(pods) == 0 {
			w.at(svc.Object, "selects no pod of the model")
			continue
		}
		for _, p := range pods[1:] {
			if p.service != pods[0].service {
				w.at(svc.Object, "selects pods of %s and of %s", pods[0].service.Name, p.service.Name)
			}
		}
		s := pods[0].service
		if _, pinned := svc.v.Spec.Selector["version"]; pinned && svc.Name == s.Name {
			w.at(svc.Object, "the root Service selects one version only")
		}
		// The Services of versions and of metrics have names of their own, so
		// that a monitor of one does not select them all.
		if name := svc.Labels["app.kubernetes.io/name"]; name != s.Name && name != svc.Name && (svc.File != madeByFlagger || svc.Name == s.Name) {
			w.at(svc.Object, "label app.kubernetes.io/name is %q, want %q, by which monitors select it", name, svc.Name)
		}
	}
}

func checkTargets(w *world) {
	for _, svc := range all[manifest.Service](w) {
		for _, port := range svc.v.Spec.Ports {
			for _, p := range w.selected(svc) {
				target, ok := reach.Target(port, p.workload)
				if !ok || !slices.ContainsFunc(p.workload.Ports, func(c reach.NamedPort) bool {
					return c.Number == target.Number && c.Protocol == target.Protocol
				}) {
					w.at(svc.Object, "port %s leads to %s/%s, which the pods of %s do not have", port.Name, port.Target().Text(), port.Transport(), p.service.Name)
				}
			}
		}
	}
}

// appProtocols are the values that say what a port speaks, for Kubernetes,
// Gateway API and Istio (KEP-1422, GEP-1911, Istio "protocol selection").
var appProtocols = map[spec.Protocol][]string{
	spec.HTTP:  {"http"},
	spec.HTTP2: {"http2", "kubernetes.io/h2c"},
	spec.GRPC:  {"grpc", "kubernetes.io/h2c"},
	spec.HTTPS: {"https"},
	spec.TLSP:  {"tls"},
	spec.TCP:   {"tcp"},
	spec.UDP:   {"", "udp"},
	spec.SCTP:  {"", "sctp"},
}

// istioNames are the name prefixes by which Istio tells protocols.
var istioNames = map[string][]spec.Protocol{
	"http": {spec.HTTP}, "http2": {spec.HTTP2}, "grpc": {spec.GRPC}, "https": {spec.HTTPS}, "tls": {spec.TLSP},
	"tcp": {spec.TCP}, "udp": {spec.UDP}, "sctp": {spec.SCTP}, "mysql": {spec.TCP}, "redis": {spec.TCP}, "mongo": {spec.TCP},
}

func checkPortNames(w *world) {
	for _, svc := range all[manifest.Service](w) {
		names := map[string]bool{}
		for _, port := range svc.v.Spec.Ports {
			if err := spec.CheckPortName(port.Name); err != nil {
				w.at(svc.Object, "port %d: its name %v", port.Port, err)
			}
			if names[port.Name] {
				w.at(svc.Object, "two ports are named %s", port.Name)
			}
			names[port.Name] = true
			protocol, modelled := w.protocolOf(svc, port)
			if !modelled {
				continue
			}
			if !slices.Contains(appProtocols[protocol], port.AppProtocol) {
				w.at(svc.Object, "port %s speaks %s and its appProtocol is %q, want one of %q", port.Name, protocol, port.AppProtocol, appProtocols[protocol])
			}
			if port.Transport() != transportOf(protocol) {
				w.at(svc.Object, "port %s speaks %s and its protocol is %s", port.Name, protocol, port.Transport())
			}
			prefix, _, _ := strings.Cut(port.Name, "-")
			if means, known := istioNames[prefix]; known && !slices.Contains(means, protocol) && w.modelName(svc, port) != port.Name {
				w.at(svc.Object, "port %s is named for another protocol than the %s that it speaks", port.Name, protocol)
			}
			exposed := w.gatewayAPI() && w.portExposed(svc, port)
			if exposed && protocol == spec.GRPC && w.s.Ingress.Class != "istio" && port.AppProtocol != "kubernetes.io/h2c" {
				w.at(svc.Object, "port %s is gRPC behind a Gateway: appProtocol is %q, want kubernetes.io/h2c", port.Name, port.AppProtocol)
			}
		}
	}
}

// modelPort is the model's port that a rendered one stands for, or -1.
func (w *world) modelPort(svc item[manifest.Service], port manifest.ServicePort) (*spec.Service, int) {
	pods := w.selected(svc)
	if len(pods) == 0 {
		return nil, -1
	}
	s := pods[0].service
	return s, slices.IndexFunc(s.Ports, func(p spec.Port) bool {
		return int(p.Port) == port.Port && transportOf(p.Protocol) == port.Transport()
	})
}

func (w *world) modelName(svc item[manifest.Service], port manifest.ServicePort) string {
	if s, i := w.modelPort(svc, port); i >= 0 {
		return s.Ports[i].Name
	}
	return ""
}

func (w *world) portExposed(svc item[manifest.Service], port manifest.ServicePort) bool {
	s, i := w.modelPort(svc, port)
	return i >= 0 && slices.Contains(w.exposedPorts(s), i)
}

func (w *world) protocolOf(svc item[manifest.Service], port manifest.ServicePort) (spec.Protocol, bool) {
	s, i := w.modelPort(svc, port)
	switch {
	case s == nil:
		return "", false
	case i >= 0:
		return s.Ports[i].Protocol, true
	case s.Metrics != nil && port.Target().Number == int(s.Metrics.Port):
		return spec.HTTP, true
	}
	w.at(svc.Object, "port %d/%s is not in the model", port.Port, port.Transport())
	return "", false
}

func checkServices(w *world) {
	for i := range w.s.Services {
		s := &w.s.Services[i]
		svc, ok := w.renderedService(s.Name)
		if !ok {
			if len(s.Ports) > 0 {
				w.model(s, "there is no Service %s", s.Name)
			}
			continue
		}
		if len(s.Ports)+len(svc.v.Spec.Ports) == 0 {
			w.at(svc.Object, "a Service without ports")
		}
		if !maps.Equal(svc.v.Spec.Selector, s.PodLabels) && !flagger(s) {
			w.at(svc.Object, "selector is %v, want the model's podLabels %v", svc.v.Spec.Selector, s.PodLabels)
		}
		w.checkType(s, svc)
		w.checkPorts(s, svc)
		if s.Canary != nil && (w.ambient() || w.gatewayAPI() && len(s.Hosts) > 0) {
			for _, version := range versionsOf(s) {
				w.checkVersionService(s, version)
			}
		}
	}
}

func (w *world) checkType(s *spec.Service, svc item[manifest.Service]) {
	v := svc.v.Spec
	switch s.Type {
	case spec.LoadBalancer:
		if v.Type != "LoadBalancer" || v.ExternalTrafficPolicy != "Local" {
			w.at(svc.Object, "type is %q with externalTrafficPolicy %q, want LoadBalancer with Local", v.Type, v.ExternalTrafficPolicy)
		}
		if !slices.Equal(v.LoadBalancerSourceRanges, s.LoadBalancer.SourceRanges) {
			w.at(svc.Object, "loadBalancerSourceRanges are %v, want %v", v.LoadBalancerSourceRanges, s.LoadBalancer.SourceRanges)
		}
	case spec.Headless:
		if v.ClusterIP != "None" {
			w.at(svc.Object, "clusterIP is %q, want None", v.ClusterIP)
		}
	default:
		if v.Type != "ClusterIP" && v.Type != "" || v.ClusterIP != "" {
			w.at(svc.Object, "type is %s, clusterIP %q; want an ordinary ClusterIP", v.Type, v.ClusterIP)
		}
	}
}

func (w *world) checkPorts(s *spec.Service, svc item[manifest.Service]) {
	for _, p := range s.Ports {
		if !slices.ContainsFunc(svc.v.Spec.Ports, func(r manifest.ServicePort) bool {
			target := p.TargetPort.Name
			if target == "" {
				return r.Port == int(p.Port) && r.Transport() == transportOf(p.Protocol) && r.Target().Name == "" && r.Target().Number == int(p.TargetPort.Number)
			}
			return r.Port == int(p.Port) && r.Transport() == transportOf(p.Protocol) && r.Target().Name == target
		}) {
			w.at(svc.Object, "no port %d leads to %s as the model's %s does", p.Port, p.TargetPort.Text(), p.Name)
		}
	}
	for _, r := range svc.v.Spec.Ports {
		_, i := w.modelPort(svc, r)
		metrics := s.Metrics != nil && r.Target().Number == int(s.Metrics.Port)
		if i < 0 && metrics && s.Type == spec.LoadBalancer {
			w.at(svc.Object, "the load balancer offers the metrics port %d to its clients", r.Port)
		}
	}
}

func (w *world) checkVersionService(s *spec.Service, version string) {
	svc, ok := w.renderedService(s.Name + "-" + version)
	if !ok {
		w.model(s, "there is no Service %s-%s for its weight", s.Name, version)
		return
	}
	want := maps.Clone(s.PodLabels)
	switch {
	case flagger(s):
		return // by whatever tells its Deployments apart
	case !rollouts(s):
		want["version"] = version
	}
	if !maps.Equal(svc.v.Spec.Selector, want) {
		w.at(svc.Object, "selector is %v, want %v", svc.v.Spec.Selector, want)
	}
	if svc.v.Spec.Type != "ClusterIP" && svc.v.Spec.Type != "" {
		w.at(svc.Object, "a version's Service is of type %s, want ClusterIP", svc.v.Spec.Type)
	}
	for _, p := range s.Ports {
		if speaksHTTP(p.Protocol) && !slices.ContainsFunc(svc.v.Spec.Ports, func(r manifest.ServicePort) bool { return r.Port == int(p.Port) }) {
			w.at(svc.Object, "has no port %d of the root Service", p.Port)
		}
	}
}
