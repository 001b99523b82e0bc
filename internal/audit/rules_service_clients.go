package audit

import (
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

var clientHidden = &Rule{
	ID: "SV06", Severity: diag.Warning,
	Title:       "Policies judge clients whose addresses a Service hides",
	Items:       []string{"C7"},
	Constraints: []string{"K4"},
	Reads:       []Need{NeedsPods},
	Doc: `A Service of type LoadBalancer or NodePort with ` + "`externalTrafficPolicy: Cluster`" + `, which is what it has without a word, may pass a client on
from another node, with that node's address in place of the client's (Kubernetes, "Source IP"). Where NetworkPolicies isolate the pods
behind it, who comes is then judged by an address that says nothing: a range of clients is refused, or every node's address has to be
let in, and everybody with it. So do logs and limits by address.

Write ` + "`externalTrafficPolicy: Local`" + `: traffic stays on the node where it came in and keeps its address; nodes without a pod are taken out by the load
balancer's health check. A load balancer inside the network, and the Services of front doors, which end the connection
themselves, are left alone.`,
	check: func(c *Check) {
		n := c.network()
		x := &exposure{Check: c, needed: map[*inventory.Service]bool{}}
		for _, d := range c.Doors {
			if d.Kind != inventory.LoadBalancerDoor && d.Kind != inventory.NodePortDoor {
				continue
			}
			s := c.Service(d.Object.Namespace, d.Object.Name)
			if s == nil || s.Object != d.Object || x.ofDoor(s) || inner(s) {
				continue
			}
			if d.Kind == inventory.NodePortDoor && c.servedByDoor(s) {
				continue // a cloud's load balancer stands before it
			}
			if s.Model != nil && s.Model.Type != spec.LoadBalancer {
				continue // it is not to be open at all: rule SV04 says so
			}
			if len(s.Pods) == 0 {
				c.Skip(s.Ref(), "no pods of it are given")
				continue
			}
			c.Looked()
			judged := slices.ContainsFunc(s.Pods, func(w *inventory.Workload) bool { return n.judgesClients(s, w) })
			if !judged || s.V.Spec.ExternalTrafficPolicy == "Local" {
				continue
			}
			field := Field("spec", "type")
			if s.Has("spec", "externalTrafficPolicy") {
				field = Field("spec", "externalTrafficPolicy")
			}
			c.Report(s.Object, field, "write externalTrafficPolicy: Local", "clients come in with the address of a node, and NetworkPolicies judge %s by it", n.podNames(s.Pods))
		}
	},
}

// judgesClients reports whether NetworkPolicies go by who comes to the pods behind
// a Service: they isolate them, and no rule lets everyone in.
func (n *network) judgesClients(s *inventory.Service, w *inventory.Workload) bool {
	policies := n.selecting(w.Endpoint(), reach.Ingress)
	for _, p := range policies {
		for _, r := range p.rules {
			if r.direction == reach.Ingress && len(r.peers) == 0 && slices.ContainsFunc(s.V.Spec.Ports, func(q manifest.ServicePort) bool {
				target, ok := w.Target(q)
				return ok && matchesPorts(r, w.Endpoint(), target)
			}) {
				return false
			}
		}
	}
	return len(policies) > 0
}

// servedByDoor reports whether an Ingress or a route leads to a Service.
func (c *Check) servedByDoor(s *inventory.Service) bool {
	return slices.ContainsFunc(c.Doors, func(d *inventory.Door) bool {
		return d.Kind != inventory.LoadBalancerDoor && d.Kind != inventory.NodePortDoor && slices.ContainsFunc(d.Backends, func(b inventory.Backend) bool { return b.Service == s })
	})
}
