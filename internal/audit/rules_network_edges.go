package audit

import (
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/reach"
)

var edgeDenied = &Rule{
	ID: "NP04", Severity: diag.Error,
	Title:       "A connection that is declared is denied",
	Items:       []string{"C1", "C9"},
	Constraints: []string{"K1", "K2"},
	Doc: `Each connection that is meant to be is held against the policies of both its ends: what kgen.yaml declares by ` + "`calls`" + `, ` + "`callers`" + ` and
` + "`egress`" + `, and what a container is given the address of, as in ` + "`API_ADDR: api:8080`" + ` or ` + "`http://api/`" + `, by its variables, its
arguments or a ConfigMap. A connection needs an egress rule at the
caller and an ingress rule at the callee, each only where the pod is isolated (Kubernetes, "Network Policies"), and both on the
**container's** port: policies never see a Service's. One half alone lets nothing pass.

Where nobody declares anything, a rule does: one that admits certain pods whose own policies isolate them and have no rule for the other
half, so that it opens nothing. That is a warning; the pods need not be given, where the policies alone tell.

Write the missing half; the finding says in which policy, and what. Where a Service's port or a port's name is at fault, rules NP08 and
NP09 say so instead; the hops of an ambient mesh are rule NP18's. A connection that only the mesh or a plugin's own policies deny is
not found here.`,
	check: func(c *Check) {
		n := c.network()
		edges := c.Edges()
		halves, judged := n.halves()
		if len(edges) == 0 && !judged {
			c.Skip("", "no kgen.yaml declares a call, and no environment variable, argument or ConfigMap that is given names a Service")
		}
		var gaps []gap
		for _, e := range edges {
			ports := n.directPorts(e)
			if len(ports) == 0 {
				continue
			}
			c.Looked()
			for _, g := range n.gaps(declaredBy(e), e.From.Endpoint(), edgeEnd(e), ports...) {
				if why := n.uncertain(g); why != "" {
					c.Skip("the connection from "+e.From.Text()+" to "+edgeText(e), "%s", why)
					continue
				}
				if e.To == nil && g.direction == reach.Egress {
					g.name = e.Outside
					if strings.Contains(e.Outside, "/") {
						g.block = e.Outside
					}
				}
				if !n.explained(g) {
					gaps = append(gaps, g)
				}
			}
		}
		n.reportGaps(append(gaps, n.undeclared(halves, gaps)...))
	},
}

func edgeEnd(e inventory.Edge) reach.Endpoint {
	if e.To != nil {
		return e.To.Endpoint()
	}
	return reach.Address(e.Address)
}

func edgeText(e inventory.Edge) string {
	if e.To != nil {
		return e.To.Text()
	}
	return e.Outside
}

// declaredBy says what declares an edge, as a clause.
func declaredBy(e inventory.Edge) string {
	if e.Variable != "" {
		return e.Object.Ref() + " names it in " + e.Variable
	}
	return "kgen.yaml declares it"
}

// directPorts are the ports of an edge whose packets go from pod to pod as they
// are: all, but for TCP that passes a waypoint in between.
func (n *network) directPorts(e inventory.Edge) []reach.Port {
	if e.From.HostNetwork || e.To != nil && e.To.HostNetwork {
		return nil
	}
	if n.waypointOf(e) == nil {
		return e.Ports
	}
	var out []reach.Port
	for _, p := range e.Ports {
		if p.Protocol != "TCP" {
			out = append(out, p)
		}
	}
	return out
}

// waypointOf is the waypoint that TCP of an edge passes, or nil. A caller in a
// namespace that nobody has told of is taken to be in the same mesh.
func (n *network) waypointOf(e inventory.Edge) *inventory.Workload {
	if e.To == nil || e.Service == nil || e.To.Mesh != reach.Ambient {
		return nil
	}
	if e.From.Mesh != reach.Ambient && !(e.From.Party == inventory.Caller && n.unlabelled(e.From.Namespace)) {
		return nil
	}
	return n.Waypoint(e.Service)
}
