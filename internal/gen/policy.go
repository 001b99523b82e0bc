package gen

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// Policy is a NetworkPolicy: whom it selects, and who may come in and go out.
type Policy struct {
	Name    string
	Comment string
	Pods    map[string]string // nil selects every pod of the namespace
	Either  *Either           // a label that Pods leaves out
	Ingress []Rule
	Egress  []Rule
	App     *App
	// Only names the one direction that the policy is about; both if empty.
	Only string
}

// Rule lets peers through to ports. No peers means everybody, no ports all of them.
type Rule struct {
	Comment string
	Peers   []Peer
	Ports   []PolicyPort
}

// Peer is pods by labels, in a namespace or in the policy's own, or an address range.
type Peer struct {
	Namespace string            // "" is the policy's own
	Pods      map[string]string // nil is every pod
	Either    *Either           // a label that Pods leaves out
	CIDR      string
	Except    []string
}

// OwnPods reports a peer that is every pod of the policy's own namespace.
func (p Peer) OwnPods() bool {
	return p.Namespace == "" && p.Pods == nil && p.Either == nil && p.CIDR == ""
}

// Either is a label that holds one of several values on the pods that are meant.
type Either struct {
	Key    string
	Values []string
}

// PolicyPort is a container's port by number or name.
type PolicyPort struct {
	Port     string
	Protocol string
}

// What the mesh listens on (Istio "Ports used by Istio"; ambient: HBONE).
const (
	hbonePort     = "15008"
	xdsPort       = "15012"
	envoyStats    = "15090"
	mergedStats   = "15020"
	solverPort    = "8089" // cert-manager's HTTP-01 solver
	metadataRange = "169.254.169.254/32"
)

func tcp(port string) PolicyPort { return PolicyPort{port, "TCP"} }

// policyPorts are the container ports behind Service ports. In ambient mode
// what runs over TCP arrives wrapped in HBONE, and in the clear from outside
// the mesh: tunnel adds the first to the second.
func policyPorts(ports []spec.Port, tunnel bool) []PolicyPort {
	var out []PolicyPort
	add := func(p PolicyPort) {
		for _, o := range out {
			if o == p {
				return
			}
		}
		out = append(out, p)
	}
	for _, p := range ports {
		add(PolicyPort{p.TargetPort.Text(), p.Protocol.Transport()})
	}
	if tunnel && len(portsWith(ports, carried)) > 0 {
		add(tcp(hbonePort))
	}
	return out
}

// ruleSet gathers peers under equal ports, so that a policy has a rule for each
// set of ports and not for each peer.
type ruleSet struct {
	rules []Rule
	names [][]string
	index map[string]int
}

func (r *ruleSet) add(name string, ports []PolicyPort, peers ...Peer) {
	if len(ports) == 0 {
		return
	}
	key := fmt.Sprint(ports)
	i, known := r.index[key]
	if !known {
		if r.index == nil {
			r.index = map[string]int{}
		}
		i = len(r.rules)
		r.index[key] = i
		r.rules = append(r.rules, Rule{Ports: ports})
		r.names = append(r.names, nil)
	}
	r.rules[i].Peers = append(r.rules[i].Peers, peers...)
	r.names[i] = append(r.names[i], name)
}

func (r *ruleSet) finish(format string) []Rule {
	for i := range r.rules {
		r.rules[i].Comment = fmt.Sprintf(format, enumerate(r.names[i]))
	}
	return r.rules
}

// enumerate lists names in prose, or counts them where the list would be longer
// than what it explains.
func enumerate(names []string) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > 8:
		return fmt.Sprintf("%s, %s and %d others", names[0], names[1], n-2)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func (s *Service) peer() Peer {
	pods, either := s.pods()
	return Peer{Pods: pods, Either: either}
}

func waypointPeer() Peer { return Peer{Pods: waypointLabels} }

var waypointLabels = map[string]string{"gateway.networking.k8s.io/gateway-name": "waypoint"}

func (a *App) prometheus() Peer {
	return Peer{Namespace: a.Monitoring.Namespace, Pods: a.Monitoring.PrometheusLabels}
}

// doorPeers are the proxies of the front door, as a NetworkPolicy can name them.
func (a *App) doorPeers() []Peer {
	c := a.Ingress.Controller
	var peers []Peer
	if c.PodLabels != nil || c.Namespace != "" && c.IPBlocks == nil && !a.Class().IngressEntity {
		peers = append(peers, Peer{Namespace: c.Namespace, Pods: c.PodLabels})
	}
	for _, block := range c.IPBlocks {
		peers = append(peers, Peer{CIDR: block})
	}
	return peers
}

// EntityPolicy lets in Cilium's own proxies, which a NetworkPolicy cannot name.
type EntityPolicy struct {
	Name   string
	Pods   map[string]string
	Either *Either // a label that Pods leaves out
	Ports  []PolicyPort
	App    *App
}

// DoorEntity is the CiliumNetworkPolicy that a service behind Cilium's front
// door needs, or nil.
func (s *Service) DoorEntity() *EntityPolicy {
	if !s.Exposed() || !s.App.entityDoor() {
		return nil
	}
	pods, either := s.pods()
	return &EntityPolicy{s.Stem, pods, either, policyPorts(s.exposedPorts(), false), s.App}
}

func (a *App) entityDoor() bool { return a.Class().IngressEntity && len(a.doorPeers()) == 0 }

// NetworkPolicy is the service's own policy: both of its halves of every edge.
func (s *Service) NetworkPolicy() Policy {
	p := Policy{Name: s.Stem, App: s.App}
	p.Pods, p.Either = s.pods()
	p.Ingress = append(p.Ingress, s.callerRules()...)
	if s.Exposed() && !s.App.entityDoor() {
		p.Ingress = append(p.Ingress, Rule{
			Comment: "The front door serves " + enumerate(s.Service.Hosts) + ".",
			Peers:   s.App.doorPeers(),
			Ports:   policyPorts(s.exposedPorts(), s.App.Ambient() && s.App.DoorInMesh()),
		})
	}
	if s.Type == spec.LoadBalancer {
		rule := Rule{Comment: "Clients of the load balancer.", Ports: policyPorts(s.Ports, false)}
		for _, block := range s.LoadBalancer.SourceRanges {
			rule.Peers = append(rule.Peers, openRange(block, nil))
		}
		p.Ingress = append(p.Ingress, rule)
	}
	if s.Metrics != nil {
		port := tcp(fmt.Sprint(s.Metrics.Port))
		if declared, ok := s.metricsPort(); ok {
			port = policyPorts([]spec.Port{declared}, false)[0]
		}
		p.Ingress = append(p.Ingress, Rule{Comment: "Prometheus scrapes " + s.Metrics.Path + ".", Peers: []Peer{s.App.prometheus()}, Ports: []PolicyPort{port}})
	}
	p.Egress = append(p.Egress, s.calleeRules()...)
	p.Egress = append(p.Egress, s.outsideRules()...)
	return p
}

func (s *Service) callerRules() []Rule {
	var direct ruleSet
	viaWaypoint := false
	for _, e := range s.CalledBy {
		ports := e.Ports
		if s.UsesWaypoint() {
			viaWaypoint = viaWaypoint || len(portsWith(ports, carried)) > 0
			ports = portsWith(ports, datagram)
		}
		direct.add(e.Peer.Name, policyPorts(ports, s.App.Ambient()), e.Peer.peer())
	}
	for _, c := range s.Outside {
		ports := s.PortsFor(c.Port)
		if s.UsesWaypoint() {
			viaWaypoint = viaWaypoint || len(portsWith(ports, carried)) > 0
			ports = portsWith(ports, datagram)
		}
		direct.add("pods of "+c.Namespace, policyPorts(ports, s.App.Ambient()), Peer{Namespace: c.Namespace, Pods: c.PodLabels})
	}
	rules := direct.finish("Called by %s.")
	if viaWaypoint {
		rules = append([]Rule{{
			Comment: "Callers come through the waypoint, which checks who they are.",
			Peers:   []Peer{waypointPeer()},
			Ports:   []PolicyPort{tcp(hbonePort)},
		}}, rules...)
	}
	return rules
}

func datagram(p spec.Port) bool { return !carried(p) }

func (s *Service) calleeRules() []Rule {
	var direct ruleSet
	var viaWaypoint []string
	for _, e := range s.CallsTo {
		ports := e.Ports
		if e.Peer.UsesWaypoint() {
			if len(portsWith(ports, carried)) > 0 {
				viaWaypoint = append(viaWaypoint, e.Peer.Name)
			}
			ports = portsWith(ports, datagram)
		}
		direct.add(e.Peer.Name, policyPorts(ports, s.App.Ambient()), e.Peer.peer())
	}
	for _, c := range s.Calls {
		if c.Namespace == "" {
			continue
		}
		ports := []PolicyPort{tcp(c.Port.Text())}
		if s.App.Ambient() {
			ports = append(ports, tcp(hbonePort))
		}
		direct.add(c.Service+" in "+c.Namespace, ports, Peer{Namespace: c.Namespace, Pods: c.PodLabels})
	}
	rules := direct.finish("Calls %s.")
	if len(viaWaypoint) > 0 {
		rules = append([]Rule{{
			Comment: "Calls " + enumerate(viaWaypoint) + " through the waypoint.",
			Peers:   []Peer{waypointPeer()},
			Ports:   []PolicyPort{tcp(hbonePort)},
		}}, rules...)
	}
	return rules
}

// privateExcept are the ranges in which no public host lives: RFC 1918, RFC 6598
// and link-local, with the cloud's metadata service named for those who search for it.
var (
	privateExcept  = []string{"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", metadataRange, "172.16.0.0/12", "192.168.0.0/16"}
	privateExcept6 = []string{"fc00::/7", "fe80::/10"}
	// The metadata services: of every cloud, and of EC2 over IPv6.
	metadataRanges = []string{metadataRange, "fd00:ec2::254/128"}
)

func (s *Service) outsideRules() []Rule {
	var rules []Rule
	for _, e := range s.Egress {
		var ports []PolicyPort
		for _, p := range e.Ports {
			ports = append(ports, PolicyPort{fmt.Sprint(p), e.Protocol.Transport()})
		}
		if e.Host != "" {
			rules = append(rules, Rule{
				Comment: "Calls " + e.Host + ". A NetworkPolicy knows no host names: any public address, on these ports only.",
				Peers:   []Peer{{CIDR: "0.0.0.0/0", Except: privateExcept}, {CIDR: "::/0", Except: privateExcept6}},
				Ports:   ports,
			})
			continue
		}
		rules = append(rules, Rule{Comment: "Calls " + e.CIDR + ".", Peers: []Peer{openRange(e.CIDR, e.Except)}, Ports: ports})
	}
	return rules
}

// openRange is an address range without the cloud's metadata services, which
// hand out credentials to whoever reaches them.
func openRange(cidr string, except []string) Peer {
	p := Peer{CIDR: cidr, Except: except}
	outer, err := netip.ParsePrefix(cidr)
	if err != nil {
		return p
	}
	for _, text := range metadataRanges {
		metadata := netip.MustParsePrefix(text)
		closed := slices.ContainsFunc(except, func(x string) bool {
			inner, err := netip.ParsePrefix(x)
			return err == nil && inner.Overlaps(metadata)
		})
		if outer.Bits() < metadata.Bits() && outer.Overlaps(metadata) && !closed {
			p.Except = append(slices.Clone(p.Except), text)
		}
	}
	return p
}

// DNSPolicy lets every pod resolve names.
func (a *App) DNSPolicy() Policy {
	port := fmt.Sprint(a.DNS.Port)
	ports := []PolicyPort{{port, "UDP"}, {port, "TCP"}}
	p := Policy{Name: "allow-dns", Only: "Egress", App: a,
		Comment: "Without this, default-deny would also deny looking up a name.",
		Egress:  []Rule{{Comment: "The cluster's DNS pods.", Peers: []Peer{{Namespace: a.DNS.Namespace, Pods: a.DNS.PodLabels}}, Ports: ports}},
	}
	if len(a.DNS.IPBlocks) > 0 {
		rule := Rule{Comment: "DNS that answers on an address of its own, such as the cache on every node.", Ports: []PolicyPort{{"53", "UDP"}, {"53", "TCP"}}}
		for _, block := range a.DNS.IPBlocks {
			rule.Peers = append(rule.Peers, Peer{CIDR: block})
		}
		p.Egress = append(p.Egress, rule)
	}
	return p
}

func (a *App) istiod() Rule {
	return Rule{
		Comment: "Configuration and certificates from istiod.",
		Peers:   []Peer{{Namespace: a.Mesh.Namespace, Pods: map[string]string{"app": "istiod"}}},
		Ports:   []PolicyPort{tcp(xdsPort)},
	}
}

// MeshPolicy is what the mesh itself needs of every pod.
func (a *App) MeshPolicy() Policy {
	if a.Ambient() {
		return Policy{Name: "allow-mesh", Only: "Ingress", App: a,
			Comment: "In ambient mode the kubelet's probes arrive from these link-local addresses (Istio: \"Ambient and Kubernetes NetworkPolicy\").",
			Ingress: []Rule{{
				Comment: "Health probes, as ztunnel passes them on.",
				Peers:   []Peer{{CIDR: "169.254.7.127/32"}, {CIDR: "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"}},
			}},
		}
	}
	return Policy{Name: "allow-mesh", App: a,
		Comment: "What the sidecar in every pod needs.",
		Ingress: []Rule{{
			Comment: "Prometheus scrapes the sidecars.",
			Peers:   []Peer{a.prometheus()},
			Ports:   []PolicyPort{tcp(envoyStats)},
		}},
		Egress: []Rule{a.istiod()},
	}
}

// WaypointPolicy is the waypoint's own: every pod may try it and it may try
// every pod, because each caller's egress, each callee's ingress and the
// authorization policies already say which of these connections exist.
func (a *App) WaypointPolicy() Policy {
	p := Policy{Name: "waypoint", App: a, Pods: waypointLabels,
		Comment: "The waypoint stands in every HTTP edge. Who may use it is decided at both ends and by the authorization policies.",
		Ingress: []Rule{{Comment: "Callers of this namespace.", Peers: []Peer{{}}, Ports: []PolicyPort{tcp(hbonePort)}}},
		Egress: []Rule{
			{Comment: "The services behind it.", Peers: []Peer{{}}, Ports: []PolicyPort{tcp(hbonePort)}},
			a.istiod(),
		},
	}
	var outside []Peer
	var names []string
	seen := map[string]bool{}
	for _, s := range a.Services {
		if !s.UsesWaypoint() {
			continue
		}
		for _, c := range s.Outside {
			key := fmt.Sprint(c.Namespace, c.PodLabels)
			if !seen[key] && len(portsWith(s.PortsFor(c.Port), carried)) > 0 {
				seen[key] = true
				outside = append(outside, Peer{Namespace: c.Namespace, Pods: c.PodLabels})
				names = append(names, c.Namespace)
			}
		}
	}
	if len(outside) > 0 {
		p.Ingress = append(p.Ingress, Rule{Comment: "Callers from " + enumerate(names) + ".", Peers: outside, Ports: []PolicyPort{tcp(hbonePort)}})
	}
	p.Ingress = append(p.Ingress, Rule{Comment: "Prometheus scrapes the waypoint.", Peers: []Peer{a.prometheus()}, Ports: []PolicyPort{tcp(mergedStats)}})
	return p
}

// GatewayPolicy is the Gateway's own, where its proxies run in this namespace:
// the world may reach its listeners, and it may reach what it serves.
func (a *App) GatewayPolicy() Policy {
	p := Policy{Name: "gateway", App: a, Pods: a.Ingress.Controller.PodLabels,
		Comment: "The Gateway's proxies run in this namespace.",
	}
	world := Rule{Comment: "Everybody may knock at the listeners."}
	for _, port := range a.ListenerPorts() {
		world.Ports = append(world.Ports, tcp(fmt.Sprint(port)))
	}
	p.Ingress = append(p.Ingress, world)
	if a.DoorInMesh() {
		p.Ingress = append(p.Ingress, Rule{Comment: "Prometheus scrapes the proxies.", Peers: []Peer{a.prometheus()}, Ports: []PolicyPort{tcp(envoyStats)}})
	}
	var served ruleSet
	for _, s := range a.Exposed() {
		served.add(s.Name, policyPorts(s.exposedPorts(), a.Ambient() && a.DoorInMesh()), s.peer())
	}
	p.Egress = served.finish("Serves %s.")
	if a.Issued() {
		p.Egress = append(p.Egress, Rule{Comment: "Passes HTTP-01 challenges on.", Peers: []Peer{{Pods: solverLabels}}, Ports: []PolicyPort{tcp(solverPort)}})
	}
	p.Egress = append(p.Egress, a.istiod())
	return p
}

// SolverPolicy lets the front door reach cert-manager's HTTP-01 solver, a pod
// that appears in the namespace while a certificate is being issued.
func (a *App) SolverPolicy() Policy {
	return Policy{Name: "allow-acme-solver", Only: "Ingress", App: a, Pods: solverLabels,
		Comment: "While a certificate is issued over HTTP-01, cert-manager runs a solver pod here.",
		Ingress: []Rule{{Comment: "The front door passes the challenge on.", Peers: a.doorPeers(), Ports: []PolicyPort{tcp(solverPort)}}},
	}
}

var solverLabels = map[string]string{"acme.cert-manager.io/http01-solver": "true"}

// SolverEntity is SolverPolicy where the front door is Cilium's.
func (a *App) SolverEntity() *EntityPolicy {
	if !a.entityDoor() {
		return nil
	}
	return &EntityPolicy{"allow-acme-solver", solverLabels, nil, []PolicyPort{tcp(solverPort)}, a}
}
