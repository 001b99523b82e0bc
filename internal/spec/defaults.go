package spec

import (
	"maps"
	"strings"
	"time"
)

// WithDefaults returns a copy of n in which everything that the file may leave
// out is filled in. The receiver is not changed and the result is never
// written back into the user's file. Applying it twice changes nothing.
func (n *Network) WithDefaults() *Network {
	out := *n
	s := &out.Spec
	def(&s.Namespace, n.Metadata.Name)
	def(&s.ClusterDomain, "cluster.local")
	s.DNS = s.DNS.withDefaults()
	def(&s.Mesh.Provider, NoMesh)
	if s.Mesh.Provider == Istio {
		def(&s.Mesh.Mode, Sidecar)
		def(&s.Mesh.Namespace, "istio-system")
	}
	if s.Ingress != nil {
		in := *s.Ingress
		def(&in.API, GatewayAPI)
		switch {
		case in.Class != "":
		case s.Mesh.Provider == Istio && in.API == GatewayAPI:
			in.Class = "istio"
		case in.API == GatewayAPI:
			in.Class = "envoy-gateway"
		default:
			in.Class = "traefik"
		}
		if in.Class == "istio" {
			// istiod serves an Istio Gateway also where there is no mesh to speak of.
			def(&s.Mesh.Namespace, "istio-system")
		}
		class, _ := ClassOf(in.Class)
		in.Controller = class.controllerFor(in.API, in.Controller, n.Metadata.Name, s.Namespace)
		s.Ingress = &in
	}
	s.Monitoring = s.Monitoring.withDefaults()
	s.Delivery = s.Delivery.withDefaults()
	s.Services = make([]Service, len(n.Spec.Services))
	room := roomFor(n.Spec.Services)
	for i := range n.Spec.Services {
		s.Services[i] = n.Spec.Services[i].withDefaults(s, room)
	}
	return &out
}

func def[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (d DNS) withDefaults() DNS {
	def(&d.Profile, CoreDNS)
	namespace, labels, port := "kube-system", map[string]string{"k8s-app": "kube-dns"}, PortNumber(53)
	if d.Profile == OpenShift {
		namespace, labels, port = "openshift-dns", map[string]string{"dns.operator.openshift.io/daemonset-dns": "default"}, 5353
	}
	def(&d.Namespace, namespace)
	def(&d.Port, port)
	if d.PodLabels == nil {
		d.PodLabels = labels
	}
	if d.Profile == NodeLocal && d.IPBlocks == nil {
		d.IPBlocks = []string{"169.254.20.10/32"}
	}
	return d
}

func (m Monitoring) withDefaults() Monitoring {
	def(&m.Namespace, "monitoring")
	def(&m.Retention, Duration(10*24*time.Hour))
	if m.PrometheusLabels == nil {
		m.PrometheusLabels = map[string]string{"app.kubernetes.io/name": "prometheus"}
	}
	if m.SelectorLabels == nil {
		m.SelectorLabels = map[string]string{"release": "kube-prometheus-stack"}
	}
	if m.ServiceAccount == "" {
		m.ServiceAccount = prometheusServiceAccount(m.SelectorLabels["release"])
	}
	return m
}

// prometheusServiceAccount names the account as the kube-prometheus-stack chart
// does for a Helm release (its fullname template, cut at 26 characters), and as
// kube-prometheus does where there is no release.
func prometheusServiceAccount(release string) string {
	if release == "" {
		return "prometheus-k8s"
	}
	name := release
	if !strings.Contains(release, "kube-prometheus-stack") {
		name = release + "-kube-prometheus-stack"
	}
	return strings.TrimSuffix(name[:min(len(name), 26)], "-") + "-prometheus"
}

// room is memory for what services have with their defaults, in one piece a kind:
// a thousand services would otherwise take thousands of small ones.
type room struct {
	ports    []Port
	calls    []Call
	egress   []Egress
	breakers []CircuitBreaker
}

func roomFor(services []Service) *room {
	var ports, calls, egress int
	for i := range services {
		ports += len(services[i].Ports)
		calls += len(services[i].Calls)
		egress += len(services[i].Egress)
	}
	return &room{make([]Port, ports), make([]Call, calls), make([]Egress, egress), make([]CircuitBreaker, len(services))}
}

// cut takes n values off the front. What is appended to them goes elsewhere.
func cut[T any](from *[]T, n int) []T {
	out := (*from)[:n:n]
	*from = (*from)[n:]
	return out
}

func (s Service) withDefaults(n *Spec, r *room) Service {
	if s.PodLabels == nil {
		s.PodLabels = map[string]string{"app": s.Name}
	}
	def(&s.ServiceAccount, s.Name)
	def(&s.Replicas, 2)
	def(&s.Type, ClusterIP)

	ports := cut(&r.ports, len(s.Ports))
	for i, p := range s.Ports {
		def(&p.Protocol, HTTP)
		def(&p.Name, string(p.Protocol))
		if p.TargetPort.IsZero() {
			p.TargetPort = PortRef{Number: p.Port}
		}
		if p.TargetPort.Name == "" {
			p.ContainerPort = p.TargetPort.Number
		}
		ports[i] = p
	}
	s.Ports = ports

	if len(s.Paths) > 0 && len(s.Hosts) == 0 && n.Domain != "" {
		s.Hosts = []string{s.Name + "." + n.Domain}
	}
	if len(s.Hosts) > 0 {
		paths := []Path{{Path: "/"}}
		if len(s.Paths) > 0 {
			paths = append([]Path(nil), s.Paths...)
		}
		for i := range paths {
			def(&paths[i].Port, firstExposable(ports))
		}
		s.Paths = paths
	}

	if s.Type == LoadBalancer {
		lb := LoadBalancerOptions{}
		if s.LoadBalancer != nil {
			lb = *s.LoadBalancer
		}
		if len(lb.SourceRanges) == 0 {
			lb.SourceRanges = []string{"0.0.0.0/0"}
		}
		s.LoadBalancer = &lb
	}
	calls := cut(&r.calls, len(s.Calls))
	for i, c := range s.Calls {
		if c.Namespace == n.Namespace {
			c.Namespace = ""
		}
		if c.Namespace != "" && c.PodLabels == nil {
			c.PodLabels = map[string]string{"app": c.Service}
		}
		calls[i] = c
	}
	s.Calls = calls
	egress := cut(&r.egress, len(s.Egress))
	for i, e := range s.Egress {
		def(&e.Protocol, TCP)
		if e.Port != 0 {
			e.Ports = append([]PortNumber{e.Port}, e.Ports...)
			e.Port = 0
		}
		egress[i] = e
	}
	s.Egress = egress
	if s.Canary != nil {
		c := *s.Canary
		if def(&c.Owner, KgenOwner); !c.Owned() {
			def(&c.Stable, "v1")
		}
		s.Canary = &c
	}
	if s.Metrics != nil {
		m := *s.Metrics
		def(&m.Path, "/metrics")
		s.Metrics = &m
	}
	if s.Retries != nil {
		r := *s.Retries
		if r.PerTryTimeout == 0 && s.Timeout != 0 && r.Attempts > 0 {
			r.PerTryTimeout = Duration((time.Duration(s.Timeout) / time.Duration(r.Attempts)).Truncate(time.Millisecond))
		}
		s.Retries = &r
	}
	breaker := cut(&r.breakers, 1)
	if s.CircuitBreaker != nil {
		breaker[0] = *s.CircuitBreaker
	}
	breaker[0].setDefaults(s.Replicas, s.Canary != nil)
	s.CircuitBreaker = &breaker[0]
	if s.SLO != nil && s.SLO.Latency != nil {
		slo, latency := *s.SLO, *s.SLO.Latency
		def(&latency.Percentile, 99)
		slo.Latency = &latency
		s.SLO = &slo
	}
	return s
}

// firstExposable is the name of the port that a host leads to unless a path
// says otherwise: the first that speaks HTTP, else the first that speaks TLS.
func firstExposable(ports []Port) string {
	for _, p := range ports {
		if p.Protocol.IsHTTP() {
			return p.Name
		}
	}
	for _, p := range ports {
		if p.Protocol.IsTLS() {
			return p.Name
		}
	}
	return ""
}

func (b *CircuitBreaker) setDefaults(replicas Count, canary bool) {
	def(&b.MaxConnections, 100)
	def(&b.MaxPendingRequests, 100)
	def(&b.MaxRequests, 200)
	def(&b.ConnectTimeout, Duration(3*time.Second))
	def(&b.Consecutive5xxErrors, 5)
	// Gateway errors are 5xx errors too: a higher count would never be reached first.
	def(&b.ConsecutiveGatewayErrors, min(3, b.Consecutive5xxErrors))
	def(&b.Interval, Duration(10*time.Second))
	def(&b.BaseEjectionTime, Duration(30*time.Second))
	def(&b.MaxEjectionPercent, max(50, LeastEjection(replicas, canary)))
}

// LeastEjection is the smallest maxEjectionPercent that lets one pod go: Envoy
// ejects none where the percentage of the endpoints is less than one. Endpoints
// are counted a subset, and a canary's may be a single pod.
func LeastEjection(replicas Count, canary bool) Share {
	if canary || replicas <= 1 {
		return 100
	}
	return Share((100 + int(replicas) - 1) / int(replicas))
}

// IsHTTP reports whether proxies can route requests of this protocol.
func (p Protocol) IsHTTP() bool { return p == HTTP || p == HTTP2 || p == GRPC }

// IsTLS reports whether the pod itself terminates TLS.
func (p Protocol) IsTLS() bool { return p == HTTPS || p == TLSP }

// Transport is the protocol that Kubernetes knows it by: TCP, UDP or SCTP.
func (p Protocol) Transport() string {
	switch p {
	case UDP:
		return "UDP"
	case SCTP:
		return "SCTP"
	}
	return "TCP"
}

// Exposed reports whether the front door serves the service.
func (s *Service) Exposed() bool { return len(s.Hosts) > 0 || len(s.Paths) > 0 }

// IsPeer reports whether a caller is the service's own pods: the members of a
// cluster that talk to one another.
func (s *Service) IsPeer(c Caller, namespace string) bool {
	return c.Namespace == namespace && maps.Equal(c.PodLabels, s.PodLabels)
}

// Port returns the port of that name.
func (s *Service) Port(name string) (Port, bool) {
	for _, p := range s.Ports {
		if p.Name == name {
			return p, true
		}
	}
	return Port{}, false
}

// Ports that a reference means: all of them for the zero reference, otherwise
// the one of that name or number, none if there is no such port.
func (s *Service) PortsFor(ref PortRef) []Port {
	if ref.IsZero() {
		return s.Ports
	}
	for i, p := range s.Ports {
		if ref.Name != "" && p.Name == ref.Name || ref.Number != 0 && p.Port == ref.Number {
			return s.Ports[i : i+1]
		}
	}
	return nil
}
