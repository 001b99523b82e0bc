package audit

import (
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// authPolicy is an AuthorizationPolicy with whom it guards, as far as that is known.
type authPolicy struct {
	inventory.Item[manifest.AuthorizationPolicy]
	action string // ALLOW, DENY, AUDIT or CUSTOM
	dryRun bool   // it is logged and not carried out
	// pods are those that it is for: by its selector, or behind the Services that
	// it targets.
	pods []*inventory.Workload
	// services are those that it targets at their waypoints; none for a policy for pods.
	services []*inventory.Service
	targeted bool // it has targetRefs
}

// dryRunAnnotation makes a policy one that is only logged (Istio, "Dry run").
const dryRunAnnotation = "istio.io/dry-run"

// authPolicies are the AuthorizationPolicies, in the order of the objects.
func (n *network) authPolicies() []*authPolicy {
	var out []*authPolicy
	everyone := map[string][]*inventory.Workload{}
	for _, item := range inventory.All[manifest.AuthorizationPolicy](n.Inventory) {
		p := &authPolicy{Item: item, action: item.V.Spec.Action}
		if p.action == "" {
			p.action = "ALLOW"
		}
		p.dryRun, _ = strconv.ParseBool(item.Annotations[dryRunAnnotation])
		refs := item.V.Spec.TargetRefs
		if len(refs) == 0 && item.V.Spec.TargetRef != nil {
			refs = []manifest.TargetRef{*item.V.Spec.TargetRef}
		}
		if p.targeted = len(refs) > 0; p.targeted {
			n.aim(p, refs)
		} else {
			p.pods = n.guardedBy(p, everyone)
		}
		out = append(out, p)
	}
	return out
}

// aim finds what targetRefs mean: a Service, or the Services behind a waypoint.
func (n *network) aim(p *authPolicy, refs []manifest.TargetRef) {
	take := func(s *inventory.Service) {
		if s != nil && !slices.Contains(p.services, s) {
			p.services = append(p.services, s)
			p.pods = append(p.pods, s.Pods...)
		}
	}
	for _, ref := range refs {
		switch ref.Kind {
		case "Service":
			take(n.Service(p.Namespace, ref.Name))
		case "Gateway":
			for _, s := range n.Services {
				if w := n.Waypoint(s); w != nil && w.Namespace == p.Namespace && w.Name == ref.Name {
					take(s)
				}
			}
		}
	}
}

// guardedBy are the pods that a policy without targets is for: in the mesh's own
// namespace, those of every namespace. Waypoints heed targets alone. What
// everyone holds is what was found for policies without a selector.
func (n *network) guardedBy(p *authPolicy, everyone map[string][]*inventory.Workload) []*inventory.Workload {
	selector := p.selector()
	if found, known := everyone[p.Namespace]; known && everyPod(selector) {
		return found
	}
	names := []string{p.Namespace}
	if p.Namespace == n.Policies.RootNamespace {
		names = names[:0]
		for name := range n.namespaces {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	var out []*inventory.Workload
	for _, name := range names {
		for _, w := range slices.Concat(n.Pods(name, selector), n.PartyPods(name, selector)) {
			if w.Mesh != reach.Waypoint {
				out = append(out, w)
			}
		}
	}
	if everyPod(selector) {
		everyone[p.Namespace] = out
	}
	return out
}

// selector is the policy's own; the empty one where it has none.
func (p *authPolicy) selector() manifest.Selector {
	if p.V.Spec.Selector == nil {
		return manifest.Selector{}
	}
	return *p.V.Spec.Selector
}

// principal is a service account's name in the mesh, as policies write it.
type principal struct{ trustDomain, namespace, account string }

// parsePrincipal reads <trust domain>/ns/<namespace>/sa/<account> (Istio,
// "Authorization Policy": source.principals). Any part may hold an asterisk.
func parsePrincipal(text string) (principal, bool) {
	parts := strings.Split(text, "/")
	if len(parts) != 5 || parts[1] != "ns" || parts[3] != "sa" || slices.Contains(parts, "") {
		return principal{}, false
	}
	return principal{parts[0], parts[2], parts[4]}, true
}

// ownAccount is the service account that a workload's pods run under.
func ownAccount(w *inventory.Workload) string {
	if w.Account == "" {
		return "default"
	}
	return w.Account
}
