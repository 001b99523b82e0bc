package gen

import (
	"fmt"
	"maps"
	"slices"

	"kgen.dev/kgen/internal/spec"
)

// DestinationRule is one host's: its subsets and its circuit breaker in one
// object, because of two on a host Istio drops the second's traffic policy.
type DestinationRule struct {
	Name    string
	Host    string
	MTLS    bool // name the mesh's mutual TLS; in ambient mode ztunnel does it unasked
	HTTP    bool
	Breaker *spec.CircuitBreaker
	Subsets []Version
	App     *App
}

// DestinationRules are those of the service, first its own, then those of its
// per-version Services, which proxies reach under names of their own.
func (s *Service) DestinationRules() []DestinationRule {
	if !s.App.Meshed() || len(s.StreamPorts()) == 0 || s.App.Ambient() && !s.UsesWaypoint() {
		return nil
	}
	rule := DestinationRule{
		Name: s.Stem, Host: s.FQDN(), MTLS: s.App.Sidecar(), HTTP: len(s.HTTPPorts()) > 0,
		Breaker: s.CircuitBreaker, App: s.App,
	}
	rules := []DestinationRule{rule}
	if s.App.Sidecar() {
		rules[0].Subsets = s.Versions()
	}
	if s.Flagger() {
		rules = nil // of the service's own host there is nothing left to say
	}
	if s.FlaggerRoute() || !s.Flagger() && (s.App.Ambient() || s.App.DoorInMesh()) {
		for _, v := range s.VersionServices() {
			own := rule
			own.Name, own.Host, own.HTTP = v.Service, fqdn(v.Service, s.App), true
			rules = append(rules, own)
		}
	}
	return rules
}

// Route is what sidecars do with requests to one HTTP port.
type Route struct {
	Port     spec.Port
	Match    bool // the service has other ports, so the route names its own
	Versions []Version
	Service  *Service
}

// Routes are the VirtualService's: none where there is nothing to say beyond
// what a sidecar does anyway, and none in ambient mode, where the Gateway API routes.
func (s *Service) Routes() []Route {
	if !s.App.Sidecar() || s.Flagger() || s.Canary == nil && s.Timeout == 0 && s.Retries == nil {
		return nil
	}
	var routes []Route
	for _, p := range s.HTTPPorts() {
		routes = append(routes, Route{Port: p, Match: len(s.Ports) > 1, Versions: s.Versions(), Service: s})
	}
	return routes
}

// MeshRoutes are the same in ambient mode: routes of the Gateway API, bound to
// the Service and carried by the waypoint.
func (s *Service) MeshRoutes() []HTTPRoute {
	if !s.UsesWaypoint() || s.Canary == nil && s.Timeout == 0 {
		return nil
	}
	var routes []HTTPRoute
	for _, p := range s.HTTPPorts() {
		if p.Protocol == spec.GRPC && s.Canary == nil {
			continue // a GRPCRoute has no timeout to set
		}
		name := s.Stem
		if len(s.HTTPPorts()) > 1 {
			name += "." + p.Name
		}
		routes = append(routes, HTTPRoute{
			Kind: routeKind(p), Name: name + ".mesh", App: s.App,
			Parents: []Parent{{Kind: "Service", Name: s.Name, Port: p.Port}},
			Rules:   []RouteRule{{Backends: s.backends(p), Timeout: s.timeoutFor(p)}},
		})
	}
	return routes
}

func (s *Service) timeoutFor(p spec.Port) spec.Duration {
	if p.Protocol == spec.GRPC {
		return 0
	}
	return s.Timeout
}

// PeerAuthentication relaxes mutual TLS on the ports where someone comes in
// who is no part of the mesh.
type PeerAuthentication struct {
	Name  string
	Pods  map[string]string
	Ports []spec.PortNumber // permissive
	// All says that the exception cannot be narrowed to a port, because its
	// number is not known.
	All     bool
	Why     []string
	Service *Service
}

// plainPorts are the container ports on which connections arrive in the clear,
// with who sends them; number 0 stands for a port known by name only.
func (s *Service) plainPorts() (ports map[spec.PortNumber][]string) {
	ports = map[spec.PortNumber][]string{}
	add := func(p spec.Port, why string) {
		if carried(p) && !slices.Contains(ports[p.ContainerPort], why) {
			ports[p.ContainerPort] = append(ports[p.ContainerPort], why)
		}
	}
	if s.Exposed() && !s.App.DoorInMesh() {
		for _, p := range s.exposedPorts() {
			add(p, "the front door")
		}
	}
	if s.Type == spec.LoadBalancer {
		for _, p := range s.Ports {
			add(p, "the load balancer's clients")
		}
	}
	if s.Metrics != nil {
		add(spec.Port{ContainerPort: s.Metrics.Port}, "Prometheus")
	}
	return ports
}

// PeerAuthentications are the service's exceptions: none where it has none.
func (s *Service) PeerAuthentications() []PeerAuthentication {
	plain := s.plainPorts()
	if !s.App.Meshed() || len(plain) == 0 {
		return nil
	}
	pa := PeerAuthentication{Service: s}
	for _, number := range slices.Sorted(maps.Keys(plain)) {
		for _, why := range plain[number] {
			if !slices.Contains(pa.Why, why) {
				pa.Why = append(pa.Why, why)
			}
		}
		if number == 0 {
			pa.All = true
			continue
		}
		pa.Ports = append(pa.Ports, number)
	}
	return twins(s, func(suffix string, pods map[string]string) PeerAuthentication {
		own := pa
		own.Name, own.Pods = s.Stem+suffix, pods
		return own
	})
}

// WhyText says who comes in, in prose.
func (p PeerAuthentication) WhyText() string { return enumerate(p.Why) }

// AuthorizationPolicy says who may call, by identity.
type AuthorizationPolicy struct {
	Name    string
	Comment string
	Pods    map[string]string // selects workloads, or
	Target  string            // the Service that the waypoint guards
	Rules   []AuthRule
	App     *App
}

// AuthRule admits sources to ports; no port means every port.
type AuthRule struct {
	Comment string
	Sources []AuthSource
	Ports   []string
	Paths   []string
}

// AuthSource is who may come; one of its fields is set.
type AuthSource struct {
	Principals []string
	Namespaces []string
	IPBlocks   []string
	// Anonymous are those without a mesh identity: plain connections.
	Anonymous bool
}

// anonymous admits who comes in the clear, and the same ones should they be in
// the mesh after all; it does not admit everybody else of the mesh.
func anonymous(namespace string) []AuthSource {
	out := []AuthSource{{Anonymous: true}}
	if namespace != "" {
		out = append(out, AuthSource{Namespaces: []string{namespace}})
	}
	return out
}

func (a *App) principal(namespace, account string) string {
	// "cluster.local" stands for the mesh's own trust domain whatever its name
	// is (Istio: "trust domain aliases").
	return "cluster.local/ns/" + namespace + "/sa/" + account
}

// doorRule admits the front door's proxies by identity.
func (a *App) doorRule(r AuthRule) AuthRule {
	r.Comment = "The front door."
	if a.Ingress.API == spec.GatewayAPI {
		// Istio names a Gateway's ServiceAccount <gateway>-<class>.
		r.Sources = []AuthSource{{Principals: []string{a.principal(a.GatewayNamespace(), a.Name+"-"+a.Ingress.Class)}}}
	} else {
		r.Sources = []AuthSource{{Namespaces: []string{a.Ingress.Controller.Namespace}}}
	}
	return r
}

// containerPorts are port numbers as an AuthorizationPolicy writes them; nil,
// meaning every port, where one of them is known by name only.
func containerPorts(ports []spec.Port) []string {
	var out []string
	for _, p := range ports {
		if p.ContainerPort == 0 {
			return nil
		}
		if n := fmt.Sprint(p.ContainerPort); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// callerAuth are the rules for the declared callers, in the model and outside.
func (s *Service) callerAuth(ports func([]spec.Port) []string) []AuthRule {
	var rules []AuthRule
	var names [][]string
	index := map[string]int{}
	add := func(key, name string, from AuthSource, ports []string) {
		key += fmt.Sprint(ports)
		i, known := index[key]
		if !known {
			i = len(rules)
			index[key] = i
			rules = append(rules, AuthRule{Sources: []AuthSource{{}}, Ports: ports})
			names = append(names, nil)
		}
		names[i] = append(names[i], name)
		source := &rules[i].Sources[0]
		for _, p := range from.Principals {
			if !slices.Contains(source.Principals, p) {
				source.Principals = append(source.Principals, p)
			}
		}
		for _, n := range from.Namespaces {
			if !slices.Contains(source.Namespaces, n) {
				source.Namespaces = append(source.Namespaces, n)
			}
		}
	}
	for _, e := range s.CalledBy {
		if stream := portsWith(e.Ports, carried); len(stream) > 0 {
			add("own", e.Peer.Name, AuthSource{Principals: []string{s.App.principal(s.App.Namespace, e.Peer.ServiceAccount)}}, ports(stream))
		}
	}
	for _, c := range s.Outside {
		stream := portsWith(s.PortsFor(c.Port), carried)
		if len(stream) == 0 {
			continue
		}
		from := AuthSource{Namespaces: []string{c.Namespace}}
		if c.ServiceAccount != "" {
			from = AuthSource{Principals: []string{s.App.principal(c.Namespace, c.ServiceAccount)}}
		}
		// Of one source all fields have to hold, so accounts and whole namespaces
		// stand in rules of their own.
		add(fmt.Sprint(c.Namespace, c.ServiceAccount != ""), "pods of "+c.Namespace, from, ports(stream))
	}
	for i := range rules {
		rules[i].Comment = "Called by " + enumerate(names[i]) + "."
	}
	return rules
}

// calledPorts are the ports that the mesh carries and that somebody calls.
func (s *Service) calledPorts() []spec.Port {
	return portsWith(s.StreamPorts(), func(p spec.Port) bool {
		return slices.ContainsFunc(s.CalledBy, func(e Edge) bool { return slices.Contains(e.Ports, p) }) ||
			slices.ContainsFunc(s.Outside, func(c spec.Caller) bool { return slices.Contains(s.PortsFor(c.Port), p) })
	})
}

// AuthorizationPolicies are the service's: who may call it. In ambient mode a
// service behind the waypoint has two, because ztunnel sees the waypoint where
// the waypoint sees the caller.
func (s *Service) AuthorizationPolicies() []AuthorizationPolicy {
	if !s.App.Meshed() || len(s.StreamPorts()) == 0 && s.Metrics == nil {
		return nil
	}
	own := AuthorizationPolicy{App: s.App}
	var policies []AuthorizationPolicy
	if s.UsesWaypoint() {
		if callers := s.callerAuth(frontPorts); len(callers) > 0 {
			policies = append(policies, AuthorizationPolicy{
				Name: s.Stem + ".callers", Target: s.Name, Rules: callers, App: s.App,
				Comment: "At the waypoint, where callers are known. Both the Service's and the pod's port number stand here:\nwhich of them the waypoint sees depends on how the caller dialled.",
			})
			own.Rules = append(own.Rules, AuthRule{
				Comment: "The waypoint, on behalf of the callers that it admits.",
				Sources: []AuthSource{{Principals: []string{s.App.principal(s.App.Namespace, "waypoint")}}},
				Ports:   containerPorts(s.calledPorts()),
			})
		}
	} else {
		own.Rules = append(own.Rules, s.callerAuth(containerPorts)...)
	}
	if s.Exposed() {
		r := AuthRule{Ports: containerPorts(s.exposedPorts())}
		if s.App.DoorInMesh() {
			r = s.App.doorRule(r)
		} else {
			r.Comment = "The front door has no identity in the mesh; the NetworkPolicy narrows this to its pods."
			r.Sources = anonymous(s.App.Ingress.Controller.Namespace)
		}
		own.Rules = append(own.Rules, r)
	}
	if s.Type == spec.LoadBalancer && len(s.StreamPorts()) > 0 {
		own.Rules = append(own.Rules, AuthRule{
			Comment: "Clients of the load balancer.", Sources: []AuthSource{{IPBlocks: s.LoadBalancer.SourceRanges}}, Ports: containerPorts(s.StreamPorts()),
		})
	}
	if s.Metrics != nil {
		r := AuthRule{
			Comment: "Prometheus has no identity in the mesh; the NetworkPolicy narrows this to its pods.",
			Sources: anonymous(s.App.Monitoring.Namespace),
			Ports:   []string{fmt.Sprint(s.Metrics.Port)},
		}
		// Where the port serves more than metrics, a sidecar admits just the path;
		// ztunnel cannot see paths.
		if _, shared := s.metricsPort(); shared && s.App.Sidecar() {
			r.Paths = []string{s.Metrics.Path}
		}
		own.Rules = append(own.Rules, r)
	}
	if len(own.Rules) == 0 {
		return policies // the namespace's default-deny says it all
	}
	return append(policies, twins(s, func(suffix string, pods map[string]string) AuthorizationPolicy {
		each := own
		each.Name, each.Pods = s.Stem+suffix, pods
		return each
	})...)
}

// frontPorts are container ports and Service ports together.
func frontPorts(ports []spec.Port) []string {
	out := containerPorts(ports)
	if out == nil {
		return nil
	}
	for _, p := range ports {
		if n := fmt.Sprint(p.Port); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// SolverException lets the HTTP-01 challenge reach the solver in ambient mode,
// where it is captured like any pod of the namespace. (With sidecars cert-manager
// itself asks for none to be injected.)
func (a *App) SolverException() bool { return a.Ambient() && a.Issued() }

// SolverPods are the labels of the solver.
func (a *App) SolverPods() map[string]string { return solverLabels }

// External is a host outside the cluster that services call, as the mesh knows it.
type External struct {
	Name  string
	Host  string
	Ports []ExternalPort
	App   *App
	Users []string
}

// ExternalPort is one of its ports: HTTP on 80, TLS on 443.
type ExternalPort struct {
	Number   spec.PortNumber
	Name     string
	Protocol string
}

// Externals gathers the hosts that services call outside the cluster, once each:
// two ServiceEntries for one host would contradict each other.
func (a *App) Externals() []External {
	if !a.Meshed() {
		return nil
	}
	var out []External
	index := map[string]int{}
	for _, s := range a.Services {
		for _, e := range s.Egress {
			if e.Host == "" || e.Protocol == spec.UDP || !slices.ContainsFunc(e.Ports, named) {
				continue
			}
			i, known := index[e.Host]
			if !known {
				i = len(out)
				index[e.Host] = i
				out = append(out, External{Name: e.Host, Host: e.Host, App: a})
			}
			x := &out[i]
			if !slices.Contains(x.Users, s.Name) {
				x.Users = append(x.Users, s.Name)
			}
			for _, p := range e.Ports {
				if named(p) && !slices.ContainsFunc(x.Ports, func(o ExternalPort) bool { return o.Number == p }) {
					x.Ports = append(x.Ports, externalPort(p))
				}
			}
		}
	}
	return out
}

// named reports a port on which the mesh can tell hosts apart, by the Host
// header or the server name. On any other port a ServiceEntry would take every
// connection of that port to its own host (istioctl analyze: IST0134), so those
// pass by the mesh.
func named(p spec.PortNumber) bool { return p == 80 || p == 443 }

func externalPort(p spec.PortNumber) ExternalPort {
	if p == 80 {
		return ExternalPort{p, "http", "HTTP"}
	}
	return ExternalPort{p, "tls", "TLS"}
}

// UsersText names the services that call the host.
func (x External) UsersText() string { return enumerate(x.Users) }
