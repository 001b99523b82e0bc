// Package reach computes from manifests alone who may talk to whom. It holds
// the semantics of Kubernetes NetworkPolicy as the API's documentation states
// them (networking.k8s.io/v1): policies only ever add permissions, both ends
// of a connection have a say, and an end that no policy isolates agrees to
// everything.
//
// What it says is the NetworkPolicy-only view: see Set.Overrides.
package reach

import (
	"fmt"
	"net/netip"
	"slices"

	"kgen.dev/kgen/internal/manifest"
)

// Workload is a set of pods that are alike to policies.
type Workload struct {
	Namespace   string
	Name        string
	Labels      map[string]string
	Ports       []NamedPort // the container ports, by which named ports resolve
	HostNetwork bool        // its pods share their node's address
	IP          netip.Addr  // invalid if unknown; only read in mode BlocksMatchPods
}

// NamedPort is a container port. Name may be empty.
type NamedPort struct {
	Name     string
	Number   int
	Protocol string // TCP, UDP or SCTP; empty means TCP
}

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
	node     bool
}

// Pod is an endpoint that is a pod of w. Two pods of one workload are two
// endpoints: what a pod says to itself never meets a policy.
func Pod(w *Workload) Endpoint { return Endpoint{Workload: w} }

// Address is an endpoint outside the cluster's pods.
func Address(ip netip.Addr) Endpoint { return Endpoint{IP: ip} }

// OwnNode is the node of the pod at the other end, as the kubelet's probes use it.
func OwnNode() Endpoint { return Endpoint{node: true} }

// Text names the endpoint for a reader.
func (e Endpoint) Text() string {
	switch {
	case e.node:
		return "its node"
	case e.Workload != nil:
		return e.Workload.Namespace + "/" + e.Workload.Name
	}
	return e.IP.String()
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
