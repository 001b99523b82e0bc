package gen

import (
	"maps"
	"slices"

	"kgen.dev/kgen/internal/spec"
)

// ServiceObject is one Service manifest.
type ServiceObject struct {
	Name         string
	Comment      string
	Scrape       string // the value of [ScrapeLabel], where metrics are scraped through it
	Annotations  []Annotation
	Waypoint     bool
	Headless     bool
	LoadBalancer *spec.LoadBalancerOptions
	Selector     map[string]string
	Ports        []ServicePort
	App          *App
}

// ServicePort is one of its ports.
type ServicePort struct {
	Name        string
	Port        spec.PortNumber
	Target      spec.PortRef
	Transport   string // TCP, UDP or SCTP
	AppProtocol string
}

// ServiceObjects are the service's own Service and those beside it: one a
// version where proxies split by Service, and one for the metrics of a load balancer.
func (s *Service) ServiceObjects() []ServiceObject {
	if !s.HasService() {
		return nil
	}
	root := ServiceObject{
		Name: s.Name, Selector: s.PodLabels, App: s.App,
		Annotations: s.ServiceAnnotations(), Waypoint: s.UsesWaypoint(), Headless: s.Type == spec.Headless,
		Ports: s.servicePorts(s.Ports),
	}
	if s.Type == spec.LoadBalancer {
		root.LoadBalancer = s.LoadBalancer
	}
	if s.MetricsService() == s.Name {
		root.Scrape = s.Scrape()
	}
	if s.AddsMetricsPort() {
		root.Ports = append(root.Ports, s.metricsServicePort())
	}
	var out []ServiceObject
	if len(root.Ports) > 0 {
		out = append(out, root)
	}
	for _, v := range s.VersionServices() {
		selector := maps.Clone(s.PodLabels)
		maps.Copy(selector, v.Labels)
		comment := "Version " + v.Name + " alone, for routes that split by weight."
		if s.Canary.Owned() {
			comment = "The " + v.Name + " pods alone: their Rollout adds the label rollouts-pod-template-hash to the selector."
		}
		out = append(out, ServiceObject{
			Name: v.Service, Comment: comment, App: s.App,
			Annotations: root.Annotations, Selector: selector, Ports: s.servicePorts(s.HTTPPorts()),
		})
	}
	if name := s.MetricsService(); s.Metrics != nil && name != s.Name {
		out = append(out, ServiceObject{
			Name: name, Comment: "Metrics have a Service of their own, because the load balancer would publish their port.", App: s.App,
			Scrape:   s.Scrape(),
			Selector: s.PodLabels, Ports: []ServicePort{s.metricsServicePort()},
		})
	}
	return out
}

func (s *Service) metricsServicePort() ServicePort {
	return ServicePort{Name: spec.MetricsPortName, Port: s.Metrics.Port, Target: spec.PortRef{Number: s.Metrics.Port}, Transport: "TCP", AppProtocol: "http"}
}

func (s *Service) servicePorts(ports []spec.Port) []ServicePort {
	var out []ServicePort
	for _, p := range ports {
		out = append(out, ServicePort{Name: p.Name, Port: p.Port, Target: p.TargetPort, Transport: p.Protocol.Transport(), AppProtocol: s.appProtocol(p)})
	}
	return out
}

// appProtocol names what the port speaks in the words of those who read it:
// Kubernetes' own h2c for controllers of the Gateway API, Istio's names in a mesh.
// (Istio takes kubernetes.io/h2c for HTTP/2 too.)
func (s *Service) appProtocol(p spec.Port) string {
	switch p.Protocol {
	case spec.GRPC:
		if s.Exposed() && s.App.UsesGateway() && !s.App.Class().InMesh {
			return "kubernetes.io/h2c"
		}
	case spec.HTTP2:
		return "kubernetes.io/h2c"
	}
	return string(p.Protocol)
}

// Listener is one of the Gateway's.
type Listener struct {
	Name        string
	Host        string
	Port        spec.PortNumber
	Protocol    string
	Secret      string
	Passthrough bool
}

// Listeners are one for each host, and the plain one that only redirects.
func (a *App) Listeners() []Listener {
	class := a.Class()
	var out []Listener
	if a.Redirects() {
		out = append(out, Listener{Name: "http", Port: class.HTTPPort, Protocol: "HTTP"})
	}
	for _, h := range a.Hosts {
		l := Listener{Name: h.Listener(a), Host: h.Name, Port: class.HTTPSPort, Protocol: "HTTPS"}
		switch {
		case h.Passthrough:
			l.Protocol, l.Passthrough = "TLS", true
		case a.Ingress.TLS == nil:
			l.Port, l.Protocol = class.HTTPPort, "HTTP"
		default:
			l.Secret = h.Secret(a)
		}
		out = append(out, l)
	}
	return out
}

// ListenerPorts are the ports that the Gateway listens on, each once.
func (a *App) ListenerPorts() []spec.PortNumber {
	var out []spec.PortNumber
	for _, l := range a.Listeners() {
		if !slices.Contains(out, l.Port) {
			out = append(out, l.Port)
		}
	}
	return out
}

// InfrastructureLabels are put on the proxies that the controller deploys for
// the Gateway, where the model names labels that they would not carry anyway.
func (a *App) InfrastructureLabels() map[string]string {
	if !a.Class().FollowsGateway {
		return nil
	}
	out := map[string]string{}
	for k, v := range a.Ingress.Controller.PodLabels {
		if k != "gateway.networking.k8s.io/gateway-name" {
			out[k] = v
		}
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
