package inventory

import (
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// Service is a Service object and the pods that it leads to.
type Service struct {
	*manifest.Object
	V *manifest.Service
	// Pods are the workloads that its selector selects; none without a selector.
	Pods []*Workload
	// Model is the model's service that it belongs to, or nil.
	Model *spec.Service
	// Version is the one version of Model that it leads to, "" where it leads to all.
	Version string
}

// Headless reports whether it has no address of its own.
func (s *Service) Headless() bool { return s.V.Spec.ClusterIP == "None" }

// External reports whether it stands for a name outside the cluster.
func (s *Service) External() bool { return s.V.Spec.Type == "ExternalName" }

// Port is the port of a name or a number, and whether there is one.
func (s *Service) Port(p manifest.IntOrString) (manifest.ServicePort, bool) {
	for _, port := range s.V.Spec.Ports {
		if p.Name != "" && port.Name == p.Name || p.Name == "" && port.Port == p.Number {
			return port, true
		}
	}
	return manifest.ServicePort{}, false
}

func (inv *Inventory) takeServices() {
	for _, s := range All[manifest.Service](inv) {
		service := &Service{Object: s.Object, V: s.V}
		inv.Services = append(inv.Services, service)
		if at := (name{s.Namespace, s.Name}); inv.services[at] == nil {
			inv.services[at] = service
		}
	}
}

// Service is the Service of that name, or nil.
func (inv *Inventory) Service(namespace, serviceName string) *Service {
	return inv.services[name{namespace, serviceName}]
}

// clusterDomain is the DNS domain below which Services have their names.
func (inv *Inventory) clusterDomain() string {
	if inv.Model != nil {
		return inv.Model.Spec.ClusterDomain
	}
	return "cluster.local"
}

// Host is what a host name of the mesh stands for.
type Host struct {
	Namespace, Name string
	// InCluster reports whether the name is a Service's: with the cluster's domain,
	// or without any (Istio then takes the namespace of the object that says it).
	InCluster bool
	// Service is the Service of that name, nil where none is given.
	Service *Service
}

// Host takes apart a host as Istio's objects name it, seen from a namespace:
// "api", "api.shop", "api.shop.svc" and "api.shop.svc.cluster.local" are one
// Service; "example.com" and "*.example.com" are none. A name of one label is
// the namespace's own (Istio, "VirtualService.hosts").
func (inv *Inventory) Host(host, from string) Host {
	labels := strings.Split(strings.TrimSuffix(host, "."+inv.clusterDomain()), ".")
	full := strings.HasSuffix(host, "."+inv.clusterDomain())
	h := Host{Name: labels[0], Namespace: from}
	switch {
	case strings.HasPrefix(host, "*"):
		return Host{Name: host}
	case len(labels) == 1 && !full:
		h.InCluster = true
	case len(labels) == 3 && labels[2] == "svc":
		h.Namespace, h.InCluster = labels[1], true
	case len(labels) == 2 && inv.services[name{labels[1], labels[0]}] != nil:
		h.Namespace, h.InCluster = labels[1], true
	default:
		return Host{Name: host}
	}
	h.Service = inv.services[name{h.Namespace, h.Name}]
	return h
}

// join finds what belongs together once everything is known: a Service's pods,
// and the model's service that a Service and its pods are of.
func (inv *Inventory) join() {
	for _, s := range inv.Services {
		if len(s.V.Spec.Selector) > 0 {
			s.Pods = inv.Pods(s.Namespace, manifest.Selector{MatchLabels: s.V.Spec.Selector})
		}
		s.Model, s.Version = inv.modelled(s)
		for _, w := range s.Pods {
			inv.front(s, w)
		}
	}
}

// front tells a workload of a Service that leads to it, and what is spoken on
// its ports.
func (inv *Inventory) front(s *Service, w *Workload) {
	f := reach.Front{Service: s.Name, Ingress: s.Labels[IngressUsesItToo] == "true"}
	if p := inv.Waypoint(s); p != nil {
		f.Waypoint = &p.Workload
	}
	for _, p := range s.V.Spec.Ports {
		target, ok := w.Target(p)
		if !ok {
			continue
		}
		if target.Protocol == "TCP" {
			f.Ports = append(f.Ports, reach.FrontPort{Port: p.Port, Target: target.Number})
		}
		app := Spoken(p)
		for i := range w.Ports {
			if c := &w.Ports[i]; c.Number == target.Number && c.App == reach.AppUnknown {
				c.App = app
			}
		}
	}
	w.Fronts = append(w.Fronts, f)
}

// Spoken is what a mesh takes the traffic of a Service's port for: its
// appProtocol, otherwise its name up to the first hyphen (Istio, "Protocol
// selection").
func Spoken(p manifest.ServicePort) reach.App {
	word := strings.ToLower(p.AppProtocol)
	if word == "" {
		word, _, _ = strings.Cut(p.Name, "-")
	}
	switch word {
	case "http", "http2", "grpc", "grpc-web", "kubernetes.io/h2c", "kubernetes.io/ws":
		return reach.AppHTTP
	case "tcp", "tls", "https", "mongo", "mysql", "redis", "udp", "kubernetes.io/wss":
		return reach.AppTCP
	}
	return reach.AppUnknown
}

// Target is where a Service's port leads on a workload's pods; package reach's
// Target for this package's workloads.
func (w *Workload) Target(p manifest.ServicePort) (reach.Port, bool) {
	return reach.Target(p, &w.Workload)
}
