package audit

import (
	"maps"
	"slices"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
)

// lostPeer is a selector of pods that selects none for the labels that a
// kustomization added to it.
type lostPeer struct {
	policy inventory.Item[manifest.NetworkPolicy]
	path   []any
	whom   string
}

// relabels reports labels that a kustomization adds to selectors whose pods do
// not get them.
func (c *Check) relabels(m source.Mutator) {
	if len(m.Labels) == 0 {
		return
	}
	var lost []lostPeer
	for _, p := range inventory.All[manifest.NetworkPolicy](c.Inventory) {
		look := func(s *manifest.Selector, spaces *manifest.Selector, path ...any) {
			if s == nil || !carries(s.MatchLabels, m.Labels) {
				return
			}
			c.Looked()
			if whom := c.lostWith(p.Namespace, *s, spaces, m.Labels); whom != "" {
				lost = append(lost, lostPeer{p, append(path, "podSelector"), whom})
			}
		}
		look(&p.V.Spec.PodSelector, nil, "spec")
		for i, r := range p.V.Spec.Ingress {
			for j, peer := range r.From {
				look(peer.PodSelector, peer.NamespaceSelector, "spec", "ingress", i, "from", j)
			}
		}
		for i, r := range p.V.Spec.Egress {
			for j, peer := range r.To {
				look(peer.PodSelector, peer.NamespaceSelector, "spec", "egress", i, "to", j)
			}
		}
	}
	if len(lost) == 0 {
		return
	}
	f := c.ReportFile(m.Position, "write labels: [{pairs: {…}}] without includeSelectors", "%s adds %s to the selectors of NetworkPolicies too: in %s, %s",
		m.Field, selectorText(manifest.Selector{MatchLabels: m.Labels}), lost[0].policy.Ref(), lost[0].whom)
	for _, l := range lost[:min(3, len(lost))] {
		f.See(l.policy.Object, l.path, "%s", l.whom)
	}
}

// carries reports whether labels hold all of others.
func carries(labels, others map[string]string) bool {
	for k, v := range others {
		if labels[k] != v {
			return false
		}
	}
	return true
}

// lostWith says whom a selector does not select for the labels that were added,
// "" where it selects somebody, where it selected nobody without them either, or
// where that is not known.
func (c *Check) lostWith(own string, s manifest.Selector, spaces *manifest.Selector, added map[string]string) string {
	before := manifest.Selector{MatchLabels: maps.Clone(s.MatchLabels), MatchExpressions: s.MatchExpressions}
	for k := range added {
		delete(before.MatchLabels, k)
	}
	meant, elsewhere := "", spaces != nil
	for _, n := range c.Namespaces {
		if spaces == nil && n.Name != own || spaces != nil && !spaces.Matches(n.Labels) {
			continue
		}
		if len(c.Pods(n.Name, s))+len(c.PartyPods(n.Name, s)) > 0 {
			return ""
		}
		elsewhere = elsewhere && !c.HasPods(n.Name)
		if meant == "" && len(c.Pods(n.Name, before))+len(c.PartyPods(n.Name, before)) > 0 {
			meant = "no pod of " + namespaceText(n.Name) + " is selected any more"
		}
	}
	for _, p := range c.Parties {
		at := map[string]string{"kubernetes.io/metadata.name": p.Namespace}
		if spaces != nil && spaces.Matches(at) && slices.Contains(c.PartyPods(p.Namespace, before), p) {
			return "the pods of " + namespaceText(p.Namespace) + " are built elsewhere, and are not selected any more"
		}
	}
	if meant == "" && elsewhere {
		return "pods of other namespaces, which are built elsewhere, are not selected any more"
	}
	return meant
}
