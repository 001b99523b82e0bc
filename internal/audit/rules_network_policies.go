package audit

import (
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// network is what the rules about NetworkPolicies share: the policies that the
// API server would take, and the namespaces that are known.
type network struct {
	*Check
	policies   []*networkPolicy
	in         map[string][]*networkPolicy // by namespace
	bySelector map[string]*policyIndex     // likewise
	of         map[*manifest.Object]*networkPolicy
	covers     map[*reach.Workload][]*networkPolicy // filled by covering
	turnedDown map[string]*policyIndex              // the refused ones, by namespace; filled by refusedFor
	idle       map[string]*idlePolicies             // by namespace; filled by idleIn
	wrong      map[ruleAt][]wrongPort               // filled by wrongPorts
	asked      map[string][]string                  // namespaces by selector; filled by peerNamespaces
	spelt      map[string]*podSpelling              // by namespace; filled by podsAsSpelt
	outgoing   map[*inventory.Workload][]int        // indices into edges; filled by edgesAt
	incoming   map[*inventory.Workload][]int
	services   map[string][]*inventory.Service // by namespace; filled by servicesIn
	deniers    map[namespaced]*networkPolicy   // filled by denying
	halved     int                             // pairs that halves has asked about
	more       map[string]bool                 // namespaces of which more is given than policies; filled by policiesAlone
	namespaces map[string]map[string]string
	owners     map[*reach.Workload]*inventory.Workload
	fronts     map[*inventory.Workload][]*inventory.Service // filled by servicesOf
	open       map[*inventory.Workload]bool                 // filled by public
	declared   []inventory.Edge                             // filled by edges
	imagined   map[*reach.Workload]string                   // pods that selectors alone speak of, as a reader calls them; filled by meant
}

// networkPolicy is a NetworkPolicy with its rules in one form for both directions.
type networkPolicy struct {
	*manifest.Object
	order    int // among those that are looked at
	spec     *manifest.NetworkPolicySpec
	isolates map[reach.Direction]bool
	rules    []policyRule
}

// policyRule is one ingress or egress rule.
type policyRule struct {
	policy    *networkPolicy
	direction reach.Direction
	index     int
	peers     []manifest.Peer // none: anyone
	ports     []manifest.PolicyPort
}

// ruleAt is the place of a rule among all.
type ruleAt struct {
	policy    *networkPolicy
	direction reach.Direction
	index     int
}

func (r policyRule) at() ruleAt { return ruleAt{r.policy, r.direction, r.index} }

// path is the field path of the rule, or of a part of it: "peers" and "ports"
// stand for the keys of its direction.
func (r policyRule) path(more ...any) []any {
	for i, step := range more {
		if step == "peers" {
			more[i] = "from"
			if r.direction == reach.Egress {
				more[i] = "to"
			}
		}
	}
	return append([]any{"spec", string(r.direction), r.index}, more...)
}

func (c *Check) network() *network {
	n := &network{
		Check: c, in: map[string][]*networkPolicy{}, bySelector: map[string]*policyIndex{}, of: map[*manifest.Object]*networkPolicy{},
		covers: map[*reach.Workload][]*networkPolicy{}, idle: map[string]*idlePolicies{}, namespaces: map[string]map[string]string{},
		owners: make(map[*reach.Workload]*inventory.Workload, len(c.Workloads)),
	}
	refused := c.refused()
	for _, o := range inventory.All[manifest.NetworkPolicy](c.Inventory) {
		if refused[o.Ref()] != nil {
			continue
		}
		p := newNetworkPolicy(o)
		p.order = len(n.policies)
		n.of[o.Object] = p
		if n.bySelector[o.Namespace] == nil {
			n.bySelector[o.Namespace] = &policyIndex{}
		}
		n.bySelector[o.Namespace].add(p)
		n.policies = append(n.policies, p)
		n.in[o.Namespace] = append(n.in[o.Namespace], p)
	}
	for _, known := range c.Namespaces {
		n.namespaces[known.Name] = known.Labels
	}
	for _, w := range c.Workloads {
		n.owners[&w.Workload] = w
	}
	for _, p := range c.Parties {
		n.owners[&p.Workload] = p
		if n.namespaces[p.Namespace] == nil {
			n.namespaces[p.Namespace] = map[string]string{reach.NameLabel: p.Namespace}
		}
	}
	return n
}

// newNetworkPolicy reads the types as the API server defaults them: without any,
// a policy isolates ingress, and egress if it has an egress rule.
func newNetworkPolicy(o inventory.Item[manifest.NetworkPolicy]) *networkPolicy {
	s := &o.V.Spec
	p := &networkPolicy{Object: o.Object, spec: s, isolates: map[reach.Direction]bool{
		reach.Ingress: slices.Contains(s.PolicyTypes, "Ingress") || len(s.PolicyTypes) == 0,
		reach.Egress:  slices.Contains(s.PolicyTypes, "Egress") || len(s.PolicyTypes) == 0 && len(s.Egress) > 0,
	}}
	for i, r := range s.Ingress {
		p.rules = append(p.rules, policyRule{p, reach.Ingress, i, r.From, r.Ports})
	}
	for i, r := range s.Egress {
		p.rules = append(p.rules, policyRule{p, reach.Egress, i, r.To, r.Ports})
	}
	return p
}

// refused is what the API server would say of the policies that it would not
// take, by the Ref of each.
func (c *Check) refused() map[string]diag.List {
	out := map[string]diag.List{}
	for _, d := range c.Refused {
		ref, _, _ := strings.Cut(d.Message, ": ")
		out[ref] = append(out[ref], d)
	}
	return out
}

// everyPod reports whether a selector selects all pods.
func everyPod(s manifest.Selector) bool { return len(s.MatchLabels)+len(s.MatchExpressions) == 0 }

// selected are the pods that are known and that a policy selects.
func (n *network) selected(p *networkPolicy) []*inventory.Workload {
	return slices.Concat(n.Pods(p.Namespace, p.spec.PodSelector), n.PartyPods(p.Namespace, p.spec.PodSelector))
}

// peerNamespaces are the known namespaces that a peer with selectors means, by name.
func (n *network) peerNamespaces(from string, p manifest.Peer) []string {
	if p.NamespaceSelector == nil {
		return []string{from}
	}
	if name, exact := p.NamespaceSelector.MatchLabels[reach.NameLabel]; exact {
		if labels, known := n.namespaces[name]; known && p.NamespaceSelector.Matches(labels) {
			return []string{name}
		}
		return nil
	}
	key := selectorText(*p.NamespaceSelector)
	if known, again := n.asked[key]; again {
		return known
	}
	var out []string
	for name, labels := range n.namespaces {
		n.step()
		if p.NamespaceSelector.Matches(labels) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	if n.asked == nil {
		n.asked = map[string][]string{}
	}
	n.asked[key] = out
	return out
}

// peerPods are the known pods that a peer with selectors means; complete reports
// whether there can be no others: every namespace that it means is one whose
// pods are known.
func (n *network) peerPods(from string, p manifest.Peer) (pods []*inventory.Workload, complete bool) {
	selector := manifest.Selector{}
	if p.PodSelector != nil {
		selector = *p.PodSelector
	}
	names := n.peerNamespaces(from, p)
	complete = len(names) > 0 && (p.NamespaceSelector == nil || p.NamespaceSelector.MatchLabels[reach.NameLabel] != "" || n.labelled(*p.NamespaceSelector))
	for _, name := range names {
		pods = append(append(pods, n.Pods(name, selector)...), n.PartyPods(name, selector)...)
		complete = complete && n.HasPods(name)
	}
	return pods, complete
}

// labelled reports whether a namespace selector goes by labels that manifests
// give. A selector for everyone, or by what a namespace lacks, means namespaces
// that nobody has told of as well.
func (n *network) labelled(s manifest.Selector) bool {
	return len(s.MatchLabels) > 0 || slices.ContainsFunc(s.MatchExpressions, func(r manifest.Requirement) bool { return r.Operator == "In" || r.Operator == "Exists" })
}

// match is how sure it is that a rule speaks of somebody.
type match int

const (
	noMatch match = iota
	perhaps       // if a namespace without a manifest has a label, or a plugin holds ipBlocks against pods
	matches
)

// matchesPeer holds a peer against one end of a connection. A pod on its node's
// network is known by no label.
func (n *network) matchesPeer(from string, p manifest.Peer, e reach.Endpoint) match {
	w := e.Workload
	if p.IPBlock != nil {
		switch {
		case w != nil && holdsPrivate(p.IPBlock):
			return perhaps
		case w == nil && e.IP.IsValid() && blockHas(p.IPBlock, e.IP):
			return matches
		}
		return noMatch
	}
	if w == nil || w.HostNetwork || p.PodSelector != nil && !p.PodSelector.Matches(w.Labels) {
		return noMatch
	}
	switch {
	case p.NamespaceSelector == nil && w.Namespace == from:
		return matches
	case p.NamespaceSelector == nil:
		return noMatch
	case p.NamespaceSelector.Matches(n.namespaces[w.Namespace]):
		return matches
	case n.unlabelled(w.Namespace) && p.NamespaceSelector.MatchLabels[reach.NameLabel] == "":
		return perhaps
	}
	return noMatch
}

// unlabelled reports whether no manifest says which labels a namespace has.
func (n *network) unlabelled(name string) bool {
	known := n.Namespace(name)
	return known == nil || known.Object == nil
}

func (n *network) matchesPeers(r policyRule, e reach.Endpoint) match {
	if len(r.peers) == 0 {
		return matches
	}
	best := noMatch
	for _, p := range r.peers {
		n.step()
		best = max(best, n.matchesPeer(r.policy.Namespace, p, e))
	}
	return best
}

// matchesPort holds one entry of a rule's ports against a port of a destination.
func matchesPort(p manifest.PolicyPort, destination reach.Endpoint, port reach.Port) bool {
	switch {
	case transportOf(p.Protocol) != port.Protocol:
		return false
	case p.Port.IsZero():
		return true
	case p.Port.Name != "":
		return destination.Workload != nil && slices.ContainsFunc(destination.Workload.Ports, func(c reach.NamedPort) bool {
			return c.Name == p.Port.Name && transportOf(c.Protocol) == port.Protocol && c.Number == port.Number
		})
	case p.EndPort != 0:
		return p.Port.Number <= port.Number && port.Number <= p.EndPort
	}
	return p.Port.Number == port.Number
}

func matchesPorts(r policyRule, destination reach.Endpoint, port reach.Port) bool {
	return len(r.ports) == 0 || slices.ContainsFunc(r.ports, func(p manifest.PolicyPort) bool { return matchesPort(p, destination, port) })
}

// transportOf is a protocol as it is where none is written.
func transportOf(protocol string) string {
	if protocol == "" {
		return "TCP"
	}
	return protocol
}

// private are the ranges in which clusters give their pods and Services
// addresses (RFC 1918, RFC 6598, RFC 4193).
var private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("fc00::/7"),
}

// holdsPrivate reports whether a block holds addresses that pods may have: some
// of a private range that it does not except as a whole. One address alone is
// nobody's pod: theirs change.
func holdsPrivate(b *manifest.IPBlock) bool {
	block, err := netip.ParsePrefix(b.CIDR)
	return err == nil && !block.IsSingleIP() && slices.ContainsFunc(private, func(p netip.Prefix) bool {
		return block.Overlaps(p) && !excepted(b, p)
	})
}

// excepted reports whether one of a block's exceptions holds all of a range.
func excepted(b *manifest.IPBlock, whole netip.Prefix) bool {
	return slices.ContainsFunc(b.Except, func(text string) bool {
		hole, err := netip.ParsePrefix(text)
		return err == nil && hole.Bits() <= whole.Bits() && hole.Contains(whole.Addr())
	})
}

// blockHas reports whether an address is in a block and in none of its exceptions.
func blockHas(b *manifest.IPBlock, at netip.Addr) bool {
	at = at.Unmap()
	block, err := netip.ParsePrefix(b.CIDR)
	return err == nil && block.Contains(at) && !slices.ContainsFunc(b.Except, func(text string) bool {
		hole, err := netip.ParsePrefix(text)
		return err == nil && hole.Contains(at)
	})
}

// selectorText spells a selector as a reader would: app=web,tier in (a, b).
func selectorText(s manifest.Selector) string {
	var parts []string
	for k, v := range s.MatchLabels {
		parts = append(parts, k+"="+v)
	}
	slices.Sort(parts)
	for _, r := range s.MatchExpressions {
		switch r.Operator {
		case "In", "NotIn":
			words := map[string]string{"In": " in (", "NotIn": " not in ("}
			parts = append(parts, r.Key+words[r.Operator]+strings.Join(r.Values, ", ")+")")
		case "Exists":
			parts = append(parts, r.Key)
		case "DoesNotExist":
			parts = append(parts, "no "+r.Key)
		}
	}
	if len(parts) == 0 {
		return "all"
	}
	return strings.Join(parts, ",")
}

// namespaceText names a namespace in a sentence; manifests may leave it to whoever applies them.
func namespaceText(name string) string {
	if name == "" {
		return "the namespace that they are applied to"
	}
	return "namespace " + name
}

// namespacesText names several.
func namespacesText(names []string) string {
	if len(names) == 1 {
		return namespaceText(names[0])
	}
	return "namespaces " + some(names)
}

// some lists names in prose: all of a few, two of many.
func some(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	names = slices.Compact(names)
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n > 4:
		return strings.Join(names[:3], ", ") + " and " + number(n-3) + " others"
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}
