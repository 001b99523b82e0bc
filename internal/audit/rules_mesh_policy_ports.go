package audit

import (
	"fmt"
	"slices"
	"strconv"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var policyPortUnserved = &Rule{
	ID: "SM16", Severity: diag.Error,
	Title:       "An AuthorizationPolicy names a port that no pod serves",
	Items:       []string{"C4", "C9"},
	Constraints: []string{"K19"},
	Reads:       []Need{NeedsMesh, NeedsPods},
	Doc: `Each port of an AuthorizationPolicy's rules, in ` + "`ports`" + `, ` + "`notPorts`" + ` and the condition ` + "`destination.port`" + `, is held against the pods that the
policy is for. It is the number of the container's port, where the proxy stands; the Service's number is right in a policy with
` + "`targetRefs`" + ` alone, whose waypoint sees the one or the other. A number that nobody serves makes an ALLOW rule admit nothing and a DENY
rule deny nothing; what is no number from 0 to 65535, as a name, istiod's webhook refuses (Istio, "Authorization Policy": Operation).

Write the container's port. Pods whose templates declare no port, and ports that kgen.yaml knows by name alone, are not checked.`,
	check: func(c *Check) {
		n := c.network()
		for _, p := range n.authPolicies() {
			for i, r := range p.V.Spec.Rules {
				for j := range r.To {
					o := &r.To[j].Operation
					n.portsServed(p, o.Ports, Field("spec", "rules", i, "to", j, "operation", "ports"))
					n.portsServed(p, o.NotPorts, Field("spec", "rules", i, "to", j, "operation", "notPorts"))
				}
				for j, w := range r.When {
					if w.Key == "destination.port" {
						n.portsServed(p, w.Values, Field("spec", "rules", i, "when", j, "values"))
						n.portsServed(p, w.NotValues, Field("spec", "rules", i, "when", j, "notValues"))
					}
				}
			}
		}
	},
}

// portsServed holds a list of ports against the pods that a policy is for.
func (n *network) portsServed(p *authPolicy, ports []string, at []any) {
	if len(ports) == 0 || len(p.pods) == 0 {
		return // a policy for nobody is SM17's, or SM13's
	}
	for i, text := range ports {
		path := append(slices.Clone(at), i)
		parsed, err := strconv.ParseUint(text, 10, 16) // as Istio does: 0 is one, "+80" is none
		if err != nil {
			n.Looked()
			n.Report(p.Object, path, n.portNames(p.pods)+"; write its number", "%q is no port: istiod's webhook refuses the policy", text)
			continue
		}
		number := int(parsed)
		served, known := n.served(p, number)
		if !known {
			n.Skip(p.Ref(), "not every port of %s is known", n.podNames(p.pods))
			return
		}
		n.Looked()
		if served {
			continue
		}
		outcome := map[string]string{"ALLOW": "it admits nobody there", "DENY": "it denies nothing"}[p.action]
		if outcome == "" {
			outcome = "it is about nothing"
		}
		if key, _ := at[len(at)-1].(string); key == "notPorts" || key == "notValues" {
			outcome = "it excepts nothing"
		}
		n.Report(p.Object, path, n.meantPort(p, number), "%s does not serve port %d: %s", n.podNames(p.pods), number, outcome)
	}
}

// served reports whether any of the pods that a policy is for serves a port, or
// a Service in front of them leads there; known is false where that may be and
// nobody says.
func (n *network) served(p *authPolicy, number int) (served, known bool) {
	at := reach.TCP(number)
	if meshPorts.Has(at) {
		return true, true
	}
	for _, s := range p.services {
		if slices.ContainsFunc(s.V.Spec.Ports, func(q manifest.ServicePort) bool { return q.Port == number }) {
			return true, true
		}
	}
	known = true
	for _, w := range p.pods {
		if w.Serves(at) || slices.Contains(n.probed(w), at) || n.behindService(w, at) {
			return true, true
		}
		known = known && len(w.Ports) > 0 && !slices.ContainsFunc(w.Ports, unknownPort)
	}
	return false, known
}

// behindService reports whether a Service in front of pods leads to a port of theirs.
func (n *network) behindService(w *inventory.Workload, at reach.Port) bool {
	return slices.ContainsFunc(n.servicesOf(w), func(s *inventory.Service) bool {
		return slices.ContainsFunc(s.V.Spec.Ports, func(q manifest.ServicePort) bool {
			target, ok := w.Target(q)
			return ok && target == at
		})
	})
}

// unknownPort reports whether a port stands for one that the model knows by name alone.
func unknownPort(p reach.NamedPort) bool { return p.Number >= inventory.UnknownPort && p.Name != "" }

// meantPort guesses which port was meant: the one behind the Service's port of
// that number.
func (n *network) meantPort(p *authPolicy, number int) string {
	for _, w := range p.pods {
		for _, s := range n.servicesOf(w) {
			for _, q := range s.V.Spec.Ports {
				if target, ok := w.Target(q); q.Port == number && ok {
					return fmt.Sprintf("write \"%d\", the container's port behind port %d of Service %s", target.Number, number, s.Name)
				}
			}
		}
	}
	return n.portNames(p.pods)
}
