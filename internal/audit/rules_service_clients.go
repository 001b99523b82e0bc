package audit

import (
	"slices"
	"strings"

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
let in, and everybody with it. So do logs and limits by address. Policies that let every address in judge nobody.

Write ` + "`externalTrafficPolicy: Local`" + `: traffic stays on the node where it came in and keeps its address; nodes without a pod are taken out by the load
balancer's health check. A load balancer of AWS with targets of the type ` + "`ip`" + ` goes past the nodes to the pods, where the field says
nothing: there its own address takes the client's place for TCP, unless ` + "`preserve_client_ip.enabled=true`" + ` is among the target group's
attributes (AWS, "Client IP preservation"). A load balancer inside the network, and the Services of front doors, which end the connection
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
			if !judged {
				continue
			}
			if d.Kind == inventory.LoadBalancerDoor && pastNodes(s) {
				if !keepsClients(s) {
					c.Report(s.Object, Field("spec", "type"), "write "+preserved+"=true into the annotation "+targetAttributes,
						"clients may come in with the address of the load balancer, whose targets are the pods, and NetworkPolicies judge %s by it", n.podNames(s.Pods))
				}
				continue
			}
			if s.V.Spec.ExternalTrafficPolicy == "Local" {
				continue
			}
			field := Field("spec", "type")
			if s.Has("spec", "externalTrafficPolicy") {
				field = Field("spec", "externalTrafficPolicy")
			}
			c.Report(s.Object, field, "write externalTrafficPolicy: Local", "clients may come in with the address of a node, and NetworkPolicies judge %s by it", n.podNames(s.Pods))
		}
	},
}

// judgesClients reports whether NetworkPolicies go by who comes to the pods behind
// a Service: they isolate them, and no rule lets everyone in, be it by every address.
func (n *network) judgesClients(s *inventory.Service, w *inventory.Workload) bool {
	policies := n.selecting(w.Endpoint(), reach.Ingress)
	for _, p := range policies {
		for _, r := range p.rules {
			if r.direction == reach.Ingress && (len(r.peers) == 0 || everyAddress(r.peers, s)) && slices.ContainsFunc(s.V.Spec.Ports, func(q manifest.ServicePort) bool {
				target, ok := w.Target(q)
				return ok && matchesPorts(r, w.Endpoint(), target)
			}) {
				return false
			}
		}
	}
	return len(policies) > 0
}

// everyAddress reports whether peers are every address that a Service's clients
// may have: of IPv4, or of IPv6 where the Service has no other.
func everyAddress(peers []manifest.Peer, s *inventory.Service) bool {
	all := []string{"0.0.0.0/0"}
	if slices.Equal(s.V.Spec.IPFamilies, []string{"IPv6"}) {
		all = []string{"::/0"}
	}
	return slices.ContainsFunc(peers, func(p manifest.Peer) bool {
		return p.IPBlock != nil && len(p.IPBlock.Except) == 0 && slices.Contains(all, p.IPBlock.CIDR)
	})
}

// The annotations of the AWS Load Balancer Controller that say where a network
// load balancer leads (its documentation, "Network Load Balancer", "Annotations").
const (
	balancerType     = "service.beta.kubernetes.io/aws-load-balancer-type"
	targetType       = "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type"
	targetAttributes = "service.beta.kubernetes.io/aws-load-balancer-target-group-attributes"
	preserved        = "preserve_client_ip.enabled"
)

// pastNodes reports whether a load balancer's targets are the pods.
func pastNodes(s *inventory.Service) bool {
	return s.Annotations[targetType] == "ip" || s.Annotations[balancerType] == "nlb-ip"
}

// keepsClients reports whether a load balancer whose targets are pods leaves
// clients their addresses: as its attributes say, otherwise for UDP alone.
func keepsClients(s *inventory.Service) bool {
	for attribute := range strings.SplitSeq(s.Annotations[targetAttributes], ",") {
		if key, value, _ := strings.Cut(strings.TrimSpace(attribute), "="); key == preserved {
			return value == "true"
		}
	}
	return !slices.ContainsFunc(s.V.Spec.Ports, func(q manifest.ServicePort) bool { return q.Transport() == "TCP" })
}

// servedByDoor reports whether an Ingress or a route leads to a Service.
func (c *Check) servedByDoor(s *inventory.Service) bool {
	return slices.ContainsFunc(c.Doors, func(d *inventory.Door) bool {
		return d.Kind != inventory.LoadBalancerDoor && d.Kind != inventory.NodePortDoor && slices.ContainsFunc(d.Backends, func(b inventory.Backend) bool { return b.Service == s })
	})
}
