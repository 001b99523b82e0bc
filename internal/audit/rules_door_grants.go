package audit

import (
	"fmt"
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var referenceUngranted = &Rule{
	ID: "IN03", Severity: diag.Error,
	Title:       "A reference into another namespace is granted by nobody",
	Items:       []string{"C3"},
	Constraints: []string{"K22"},
	Doc: `A Gateway that reads a Secret of another namespace, and a route at a Gateway that leads to a Service of another one, need a ReferenceGrant in
the namespace that they reach into (Gateway API, "ReferenceGrant"). Without it the listener has no certificate, or the backend counts as
missing. The grant names the group, the kind and the namespace of who refers, and the kind and perhaps the name of what it refers to.

Add the ReferenceGrant that the finding shows. Where nothing of the other namespace is given, its grants are not known, and the
reference is not checked.`,
	check: func(c *Check) {
		d := c.doorway()
		grants := newGrants(c.Inventory)
		for _, r := range d.routes {
			if !slices.ContainsFunc(r.V.Spec.ParentRefs, func(p manifest.ParentRef) bool { ours, _, _ := d.parent(r, p); return ours }) {
				continue
			}
			for i, rule := range r.V.Spec.Rules {
				for j, b := range rule.BackendRefs {
					if isService(b) && backendNamespace(r, b) != r.Namespace {
						d.checkGrant(grants, r.Object, reference{r.Group(), r.Kind, r.Namespace, backendNamespace(r, b), "Service", b.Name},
							Field("spec", "rules", i, "backendRefs", j, "namespace"))
					}
				}
			}
		}
		for _, g := range d.order {
			for i, l := range g.V.Spec.Listeners {
				if l.TLS == nil {
					continue
				}
				for j, ref := range l.TLS.CertificateRefs {
					if isSecret(ref) && ref.Namespace != "" && ref.Namespace != g.Namespace {
						d.checkGrant(grants, g.Object, reference{g.Group(), "Gateway", g.Namespace, ref.Namespace, "Secret", ref.Name},
							Field("spec", "listeners", i, "tls", "certificateRefs", j, "namespace"))
					}
				}
			}
		}
	},
}

// isSecret reports whether a reference names a Secret.
func isSecret(r manifest.ObjectRef) bool {
	return (r.Kind == "" || r.Kind == "Secret") && (r.Group == nil || *r.Group == "")
}

// reference is who refers to what, across namespaces.
type reference struct {
	group, kind, from   string
	to, target, targets string // namespace, kind and name of what is referred to
}

// grants are what ReferenceGrants allow; a reference without a name stands for
// all of a kind.
type grants map[reference]bool

func newGrants(inv *inventory.Inventory) grants {
	out := grants{}
	for _, g := range inventory.All[manifest.ReferenceGrant](inv) {
		for _, from := range g.V.Spec.From {
			for _, to := range g.V.Spec.To {
				if to.Group == "" {
					out[reference{from.Group, from.Kind, from.Namespace, g.Namespace, to.Kind, to.Name}] = true
				}
			}
		}
	}
	return out
}

func (g grants) allow(r reference) bool {
	any := r
	any.targets = ""
	return g[r] || g[any]
}

func (d *doorway) checkGrant(g grants, o *manifest.Object, r reference, field []any) {
	if d.Namespace(r.to) == nil {
		d.Skip(o.Ref()+", "+manifest.PathText(field...), "nothing of namespace %s is given, where a ReferenceGrant would be", r.to)
		return
	}
	d.Looked()
	if g.allow(r) {
		return
	}
	g[r] = true // said once
	d.Report(o, field, fmt.Sprintf("add to namespace %s: {apiVersion: gateway.networking.k8s.io/v1, kind: ReferenceGrant, spec: {from: [{group: %s, kind: %s, namespace: %s}], to: [{group: \"\", kind: %s, name: %s}]}}",
		r.to, r.group, r.kind, r.from, r.target, r.targets),
		"no ReferenceGrant of namespace %s lets a %s of namespace %s refer to %s %s", r.to, r.kind, r.from, r.target, r.targets)
}
