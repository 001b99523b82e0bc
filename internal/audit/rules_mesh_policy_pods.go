package audit

import (
	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
)

var policyGuardsNobody = &Rule{
	ID: "SM17", Severity: diag.Warning,
	Title:       "A policy of the mesh is for no pod",
	Items:       []string{"C4", "C9"},
	Constraints: []string{"K19"},
	Reads:       []Need{NeedsMesh, NeedsPods},
	Doc: `The selector of each AuthorizationPolicy is held against the labels of the pods of its namespace, those of gateways among them; in the mesh's
own namespace a policy is for the pods of every namespace (Istio, "Authorization Policy": selector). A policy that is for nobody is no error
to Istio, and does nothing: whom a DENY was to keep out comes in, and whom an ALLOW was to admit is refused, or, where there is no
other policy, everyone is admitted. A DENY for nobody is an error in the namespace of which kgen.yaml says all pods, and a warning
elsewhere: there may be more pods than those that are given.

Correct the labels: they are those of the pods' template. Where no pods of the namespace are known, or a controller puts the label
on pods as it makes them, the policy is not checked. Targets that do not exist are rule SM13's.`,
	check: func(c *Check) {
		n := c.network()
		for _, p := range n.authPolicies() {
			if p.targeted || everyPod(p.selector()) {
				continue
			}
			if len(p.pods) == 0 {
				if why := n.cannotGuard(p); why != "" {
					c.Skip(p.Ref(), "%s", why)
					continue
				}
			}
			c.Looked()
			if len(p.pods) > 0 {
				continue
			}
			where := namespaceText(p.Namespace)
			if p.Namespace == n.Policies.RootNamespace {
				where = "any namespace"
			}
			outcome := "does nothing"
			switch p.action {
			case "DENY":
				outcome = "denies nobody anything"
			case "ALLOW":
				outcome = "admits nobody to anything"
			}
			fix := n.nearestPods(p.Namespace, p.selector())
			if !n.whole(p.Namespace) {
				c.Report(p.Object, Field("spec", "selector"), fix,
					"of the pods of %s that are given none has the labels %s: without others it %s", where, selectorText(p.selector()), outcome)
				continue
			}
			f := c.Report(p.Object, Field("spec", "selector"), fix,
				"no pod of %s has the labels %s, so it %s", where, selectorText(p.selector()), outcome)
			if p.action == "DENY" {
				f.Severity = diag.Error
			}
		}
	},
}

// whole reports whether all pods of a namespace are known: it is the one that
// kgen.yaml is about. Without a model, those that are given may be some of many.
func (n *network) whole(namespace string) bool {
	return n.Model != nil && namespace == n.Model.Spec.Namespace
}

// cannotGuard says why it is not known whether a policy is for any pods, "" where it is.
func (n *network) cannotGuard(p *authPolicy) string {
	if p.Namespace != n.Policies.RootNamespace {
		return n.cannotSelect(p.Namespace, p.selector())
	}
	for _, known := range n.Namespaces {
		if why := n.cannotSelect(known.Name, p.selector()); why != "" {
			return why
		}
	}
	if n.PartiesOf(inventory.FrontDoor) == nil {
		return "no gateway of the mesh is given, and it may be for one"
	}
	return ""
}
