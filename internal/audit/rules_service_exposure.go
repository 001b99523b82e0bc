package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

var serviceExposed = &Rule{
	ID: "SV04", Severity: diag.Error,
	Title: "A Service is open to the outside, and is internal",
	Items: []string{"C7", "P2"},
	Doc: `A Service of type LoadBalancer or NodePort, or with externalIPs, passes by the front door, its TLS and its alerts. Where kgen.yaml says what
the Service is, it must be of type LoadBalancer there, with the same ` + "`sourceRanges`" + `; and an Ingress or a route may lead only to services
that have hosts there. Elsewhere a load balancer must say from where it may be reached, by ` + "`loadBalancerSourceRanges`" + ` or the annotation of
its cloud for an internal one. Ports for metrics are never for clients. The Services of front doors themselves are what is meant to be
open, and node ports are needed by the load balancers of AWS and Google Cloud that lead to them.

Make it ClusterIP behind the front door, or declare it in kgen.yaml, or write who may reach it.`,
	check: func(c *Check) {
		x := &exposure{Check: c, needed: map[*inventory.Service]bool{}}
		for _, d := range c.Doors {
			for _, b := range d.Backends {
				if b.Service != nil && (d.Class == "alb" || googleClass(d.Class)) {
					x.needed[b.Service] = true
				}
			}
		}
		for _, s := range c.Services {
			x.checkService(s)
		}
		for _, d := range c.Doors {
			if d.Kind == inventory.IngressDoor || d.Kind == inventory.RouteDoor || d.Kind == inventory.IstioDoor {
				x.checkBackends(d)
			}
		}
	},
}

// exposure is what the rule about exposed Services goes by.
type exposure struct {
	*Check
	needed map[*inventory.Service]bool // by load balancers outside the cluster
}

func (x *exposure) checkService(s *inventory.Service) {
	x.Looked()
	if s.Has("spec", "externalIPs") && !x.ofDoor(s) {
		x.Report(s.Object, Field("spec", "externalIPs"), "remove them, and serve it by the front door", "its externalIPs open it on every node")
		return
	}
	kind := s.V.Spec.Type
	if kind != "LoadBalancer" && kind != "NodePort" || x.ofDoor(s) {
		return
	}
	field := Field("spec", "type")
	const inside = "write type: ClusterIP, and serve it by the front door if it is meant for the outside"
	switch {
	case s.Model != nil && (kind == "NodePort" && !x.needed[s] || kind == "LoadBalancer" && (s.Model.Type != spec.LoadBalancer || s.Version != "")):
		x.Report(s.Object, field, inside, "it is of type %s, and %s by kgen.yaml", kind, s.Model.Type)
		return
	case kind == "NodePort" && !x.needed[s]:
		x.Report(s.Object, field, inside, "it is open on every node of the cluster")
		return
	case kind == "LoadBalancer" && s.Model != nil:
		var missing []string
		for _, r := range s.Model.LoadBalancer.SourceRanges {
			missing = append(missing, string(r))
		}
		if !sameRanges(s.V.Spec.LoadBalancerSourceRanges, missing) {
			x.Report(s.Object, rangesField(s), fmt.Sprintf("write loadBalancerSourceRanges: [%s]", strings.Join(missing, ", ")), "it may be reached from %s, and from %s by kgen.yaml",
				rangesText(s.V.Spec.LoadBalancerSourceRanges), rangesText(missing))
			return
		}
	case kind == "LoadBalancer" && !inner(s) && openRanges(s.V.Spec.LoadBalancerSourceRanges):
		x.Report(s.Object, rangesField(s), "write loadBalancerSourceRanges: [<range>], or type: ClusterIP and serve it by the front door",
			"its load balancer may be reached from %s", rangesText(s.V.Spec.LoadBalancerSourceRanges))
		return
	}
	if kind == "LoadBalancer" {
		x.checkMetrics(s)
	}
}

// checkMetrics: what a load balancer offers is for clients.
func (x *exposure) checkMetrics(s *inventory.Service) {
	for i, p := range s.V.Spec.Ports {
		if metricsPort(s, p) {
			x.Report(s.Object, Field("spec", "ports", i), "move the port to a Service of its own, of type ClusterIP", "it offers port %s, where metrics are, to its clients", portText(p))
		}
	}
}

// metricsPort reports whether a port is for Prometheus alone: by the model, or by its name.
func metricsPort(s *inventory.Service, p manifest.ServicePort) bool {
	if s.Model != nil {
		return !slices.ContainsFunc(s.Model.Ports, func(m spec.Port) bool { return int(m.Port) == p.Port }) && s.Model.Metrics != nil && p.Target().Number == int(s.Model.Metrics.Port)
	}
	return p.Name == "metrics" || strings.HasSuffix(p.Name, "-metrics")
}

// rangesField is where a load balancer says from where it may be reached, or its type.
func rangesField(s *inventory.Service) []any {
	if s.Has("spec", "loadBalancerSourceRanges") {
		return Field("spec", "loadBalancerSourceRanges")
	}
	return Field("spec", "type")
}

func sameRanges(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

func openRanges(ranges []string) bool {
	return len(ranges) == 0 || slices.Contains(ranges, "0.0.0.0/0") || slices.Contains(ranges, "::/0")
}

func rangesText(ranges []string) string {
	if openRanges(ranges) {
		return "any address"
	}
	return some(ranges)
}

// innerAnnotations ask a cloud for a load balancer inside the network (AWS Load
// Balancer Controller, AKS, GKE, OpenStack, each "internal load balancer").
var innerAnnotations = map[string]string{
	"service.beta.kubernetes.io/aws-load-balancer-internal":       "true",
	"service.beta.kubernetes.io/aws-load-balancer-scheme":         "internal",
	"service.beta.kubernetes.io/azure-load-balancer-internal":     "true",
	"networking.gke.io/load-balancer-type":                        "internal",
	"cloud.google.com/load-balancer-type":                         "internal",
	"service.beta.kubernetes.io/openstack-internal-load-balancer": "true",
}

func inner(s *inventory.Service) bool {
	for key, value := range innerAnnotations {
		if strings.EqualFold(s.Annotations[key], value) {
			return true
		}
	}
	return false
}

// doorNames are the names of applications that are front doors (their charts).
var doorNames = []string{
	"ingress-nginx", "nginx-ingress", "traefik", "kubernetes-ingress", "haproxy-ingress", "envoy", "contour", "kong", "istio-ingressgateway", "istio-ingress", "gateway", "emissary-ingress", "apisix",
}

// ofDoor reports whether a Service leads to the proxies of a front door.
func (x *exposure) ofDoor(s *inventory.Service) bool {
	l := s.V.Spec.Selector
	if l["istio"] == "ingressgateway" || l["istio"] == "ingress" || l[gatewayLabel] != "" || l["gateway.envoyproxy.io/owning-gateway-name"] != "" ||
		slices.Contains(doorNames, l["app.kubernetes.io/name"]) || slices.Contains(doorNames, l["app"]) {
		return true
	}
	return len(l) > 0 && slices.ContainsFunc(x.PartyPods(s.Namespace, manifest.Selector{MatchLabels: l}), func(w *inventory.Workload) bool { return w.Party == inventory.FrontDoor })
}

// checkBackends: the front door leads to what kgen.yaml gives hosts to.
func (x *exposure) checkBackends(d *inventory.Door) {
	for _, b := range d.Backends {
		if b.Service == nil || b.Service.Model == nil {
			continue
		}
		x.Looked()
		s := b.Service
		if p, ok := s.Port(b.Port); ok && metricsPort(s, p) {
			x.Report(d.Object, b.Path, "lead to a port that is for clients", "it opens port %s of %s, where metrics are, to the outside", portText(p), s.Name)
			continue
		}
		if len(s.Model.Hosts) == 0 {
			x.Report(d.Object, b.Path, "remove it, or give the service hosts in kgen.yaml", "it opens %s to the outside, which has no hosts by kgen.yaml", s.Name)
		}
	}
}
