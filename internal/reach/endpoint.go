package reach

import (
	"fmt"
	"net/netip"
	"slices"

	"kgen.dev/kgen/internal/manifest"
)

// Workload is a set of pods that are alike to policies. A *Workload is one
// workload: two pointers are two, however alike. It must not change once it was
// asked about.
type Workload struct {
	Namespace   string
	Name        string
	Labels      map[string]string // the pods', not the Deployment's
	Ports       []NamedPort       // the container ports, by which named ports resolve
	HostNetwork bool              // its pods share their node's address
	IP          netip.Addr        // invalid if unknown; read in mode BlocksMatchPods and for a mesh's ipBlocks
	Role        Role

	// What a mesh knows of the pods.
	Account    string  // the service account; empty means default
	Mesh       Mesh    // how the mesh captures them
	Fronts     []Front // the Services that lead to them
	Uncaptured []int   // TCP ports that the sidecar leaves alone: traffic.sidecar.istio.io/excludeInboundPorts
}

// Role says what a workload is to the application.
type Role string

const (
	Application Role = ""           // a part of it
	FrontDoor   Role = "front door" // the way in from outside: an ingress controller, a gateway
	Platform    Role = "platform"   // what the cluster brings: DNS, Prometheus, istiod, waypoints
)

// Mesh says how a mesh handles a workload's traffic.
type Mesh string

const (
	NoMesh   Mesh = ""         // not at all
	Sidecar  Mesh = "sidecar"  // by an Envoy in each pod
	Ambient  Mesh = "ambient"  // by the node's ztunnel
	Gateway  Mesh = "gateway"  // it is itself a proxy at the edge, with an identity
	Waypoint Mesh = "waypoint" // it is itself ambient's proxy in front of Services
)

// Front is a Service that leads to a workload, in the workload's namespace.
type Front struct {
	Service  string
	Waypoint *Workload   // the waypoint that ambient callers of the Service pass; nil for none
	Ingress  bool        // gateways pass it as well: istio.io/ingress-use-waypoint
	Ports    []FrontPort // TCP only
}

// FrontPort is a Service's port and the container port that it leads to.
type FrontPort struct{ Port, Target int }

// NamedPort is a container port. Name may be empty.
type NamedPort struct {
	Name     string
	Number   int
	Protocol string // TCP, UDP or SCTP; empty means TCP
	App      App    // what is spoken there
}

// App is what a proxy takes a port's traffic for. It goes by the Service port's
// appProtocol or name, and where those do not say by the first bytes.
type App string

const (
	AppUnknown App = ""     // found out from the traffic
	AppHTTP    App = "http" // HTTP of any version, gRPC
	AppTCP     App = "tcp"  // anything else: rules about requests do not apply to it
)

// Port is what a connection is made to: a container's port, never a Service's.
type Port struct {
	Protocol string // TCP, UDP or SCTP
	Number   int
}

// TCP, UDP and SCTP make ports.
func TCP(number int) Port  { return Port{"TCP", number} }
func UDP(number int) Port  { return Port{"UDP", number} }
func SCTP(number int) Port { return Port{"SCTP", number} }

// Text gives 8080/TCP.
func (p Port) Text() string { return fmt.Sprintf("%d/%s", p.Number, p.Protocol) }

// Endpoint is one end of a connection: pods of a workload, an address that is
// no pod's, or the node that the other end's pod runs on.
type Endpoint struct {
	Workload *Workload
	IP       netip.Addr
	name     string // what an address stands for
	node     bool
}

// Pod is an endpoint that is a pod of w. Two pods of one workload are two
// endpoints: what a pod says to itself never meets a policy.
func Pod(w *Workload) Endpoint { return Endpoint{Workload: w} }

// Address is an endpoint outside the cluster's pods.
func Address(ip netip.Addr) Endpoint { return Endpoint{IP: ip} }

// As is the endpoint under a name: an address that stands for others is told by it.
func (e Endpoint) As(name string) Endpoint {
	e.name = name
	return e
}

// OwnNode is the node of the pod at the other end, as the kubelet's probes use it.
func OwnNode() Endpoint { return Endpoint{node: true} }

// Text names the endpoint for a reader.
func (e Endpoint) Text() string {
	switch {
	case e.node:
		return "its node"
	case e.Workload != nil:
		return e.Workload.Text()
	case e.name != "":
		return e.name
	}
	return e.IP.String()
}

// Text is namespace/name, or the name where no namespace is known.
func (w *Workload) Text() string {
	if w.Namespace == "" {
		return w.Name
	}
	return w.Namespace + "/" + w.Name
}

func (w *Workload) account() string {
	if w.Account == "" {
		return "default"
	}
	return w.Account
}

// resolve gives the number that a named port has on w for a protocol.
func (w *Workload) resolve(name, protocol string) (int, bool) {
	i := slices.IndexFunc(w.Ports, func(p NamedPort) bool {
		return p.Name == name && transport(p.Protocol) == protocol
	})
	if i < 0 {
		return 0, false
	}
	return w.Ports[i].Number, true
}

// Target is where a Service's port leads on w's pods, which is what policies
// judge: they never see the Service's own address or port.
func Target(p manifest.ServicePort, w *Workload) (Port, bool) {
	target := p.Target()
	if target.Name == "" {
		return Port{p.Transport(), target.Number}, true
	}
	number, ok := w.resolve(target.Name, p.Transport())
	return Port{p.Transport(), number}, ok
}

func transport(protocol string) string {
	if protocol == "" {
		return "TCP"
	}
	return protocol
}
