package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// gap is what the policies of one end of a connection lack: a rule, in one
// direction, for the other end.
type gap struct {
	direction   reach.Direction
	self, other reach.Endpoint
	ports       []reach.Port
	policies    []*manifest.Object // they isolate self, and none admits other
	why         string             // what the connection is for, as a clause
	name, block string             // of other, where it stands for a range of addresses
	half        *policyRule        // the rule that is all that speaks for it; nil where it is declared
}

// gaps asks whether connections may be opened and gives what is missing, at most
// one gap for each direction.
func (n *network) gaps(why string, from, to reach.Endpoint, ports ...reach.Port) []gap {
	var out []gap
	for _, d := range directions {
		g := gap{direction: d, self: to, other: from, why: why}
		if d == reach.Egress {
			g.self, g.other = from, to
		}
		out = append(out, g)
	}
	for _, port := range ports {
		ok, reasons := n.Policies.Allowed(from, to, port)
		if ok {
			continue
		}
		for _, r := range reasons {
			if r.Verdict != reach.Isolates {
				continue
			}
			g := &out[slices.Index(directions, r.Direction)]
			if !slices.Contains(g.ports, port) {
				g.ports = append(g.ports, port)
			}
			if !slices.Contains(g.policies, r.Policy) {
				g.policies = append(g.policies, r.Policy)
			}
		}
	}
	return slices.DeleteFunc(out, func(g gap) bool { return len(g.ports) == 0 })
}

// destination is the end whose ports are meant.
func (g gap) destination() reach.Endpoint {
	if g.direction == reach.Ingress {
		return g.self
	}
	return g.other
}

// uncertain says why a gap may be none: a rule would admit the other end if its
// namespace, which has no manifest, had a label; or if the plugin held an ipBlock
// against pods. It is "" where there is no such rule for one of the ports.
func (n *network) uncertain(g gap) string {
	why := ""
	for _, port := range g.ports {
		found := ""
		for _, p := range n.selecting(g.self, g.direction) {
			for _, r := range p.rules {
				if r.direction != g.direction || !matchesPorts(r, g.destination(), port) || n.matchesPeers(r, g.other) != perhaps {
					continue
				}
				found = fmt.Sprintf("%s admits an address range, and whether that means pods is for the network plugin to say", p.Ref())
				if slices.ContainsFunc(r.peers, func(peer manifest.Peer) bool {
					return peer.IPBlock == nil && n.matchesPeer(p.Namespace, peer, g.other) == perhaps
				}) {
					found = fmt.Sprintf("%s goes by labels of %s, which has no manifest here", p.Ref(), namespaceText(g.other.Workload.Namespace))
				}
			}
		}
		if found == "" {
			return ""
		}
		why = found
	}
	return why
}

// selecting are the policies that isolate an end in a direction.
func (n *network) selecting(e reach.Endpoint, d reach.Direction) []*networkPolicy {
	var out []*networkPolicy
	if e.Workload == nil {
		return nil
	}
	for _, p := range n.covering(e.Workload) {
		if p.isolates[d] {
			out = append(out, p)
		}
	}
	return out
}

// explained reports whether a more precise rule than a denied connection's finds
// why: the port is written wrong (NP08, NP09), the direction's rules are ignored
// (NP12), or the policy is refused as a whole (NP13).
func (n *network) explained(g gap) bool {
	w := g.self.Workload
	if w == nil {
		return false
	}
	for _, p := range n.covering(w) {
		for _, r := range p.rules {
			if r.direction != g.direction || n.matchesPeers(r, g.other) == noMatch {
				continue
			}
			if !p.isolates[g.direction] && matchesPorts(r, g.destination(), g.ports[0]) {
				return true
			}
			if slices.ContainsFunc(n.wrongPorts(r), func(w wrongPort) bool { return w.kind != undeclaredPort }) {
				return true
			}
		}
	}
	return n.refusedFor(w)
}

// reportGaps says what is missing, one finding for each policy, direction and
// kind of pods, whatever the number of connections: one missing rule, or one
// that names too little, denies them all.
func (n *network) reportGaps(gaps []gap) {
	type key struct {
		policy    *manifest.Object
		direction reach.Direction
		self      string
	}
	groups := map[key][]gap{}
	var order []key
	for _, g := range gaps {
		k := key{n.blamed(g), g.direction, n.groupOf(g.self)}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], g)
	}
	for _, k := range order {
		f := n.Report(k.policy, n.directionField(k.policy, k.direction), n.missingRule(k.policy, groups[k]), "%s", n.gapText(groups[k]))
		if !slices.ContainsFunc(groups[k], func(g gap) bool { return g.half == nil }) {
			f.Severity = diag.Warning
			half := groups[k][0].half
			f.See(half.policy.Object, half.path(), "the other half of it")
		}
		for _, p := range n.wouldHelp(k.policy.Namespace, k.policy, groups[k][0]) {
			f.See(p.Object, Field("spec", "podSelector"), "admits it, but selects no pod")
		}
	}
}

// gapText says what gaps of one direction of one kind of pods come to: "it does
// not let web and cart in to api on 8080/TCP: kgen.yaml declares it".
func (n *network) gapText(gaps []gap) string {
	ports := map[string][]reach.Port{}
	var names, whys []string
	said := map[string]bool{}
	for _, g := range gaps {
		n.step()
		name := n.otherName(g)
		names = append(names, name)
		for _, p := range g.ports {
			if !slices.Contains(ports[name], p) {
				ports[name] = append(ports[name], p)
			}
		}
		if !said[g.why] {
			said[g.why] = true
			whys = append(whys, g.why)
		}
	}
	others, on := some(names), " on "+portsText(ports[names[0]])
	for _, list := range ports {
		if portsText(list) != portsText(ports[names[0]]) {
			var words []string
			for name, list := range ports {
				words = append(words, name+" ("+portsText(list)+")")
			}
			others, on = some(words), ""
			break
		}
	}
	self := n.groupOf(gaps[0].self)
	if gaps[0].direction == reach.Egress {
		return fmt.Sprintf("it does not let %s out to %s%s: %s", self, others, on, some(whys))
	}
	return fmt.Sprintf("it does not let %s in to %s%s: %s", others, self, on, some(whys))
}

func (n *network) otherName(g gap) string {
	if g.name != "" {
		return g.name
	}
	return n.groupOf(g.other)
}

// wouldAdmit reports whether a policy has a rule for a gap, whomever it selects.
func (n *network) wouldAdmit(p *networkPolicy, g gap) bool {
	return slices.ContainsFunc(p.rules, func(r policyRule) bool {
		return r.direction == g.direction && n.matchesPeers(r, g.other) == matches && matchesPorts(r, g.destination(), g.ports[0])
	})
}

// blamed is the policy in which the missing rule belongs: the pods' own rather
// than one for every pod.
func (n *network) blamed(g gap) *manifest.Object {
	for _, o := range g.policies {
		if v, err := manifest.View[manifest.NetworkPolicy](o); err == nil && !everyPod(v.Spec.PodSelector) {
			return o
		}
	}
	for _, o := range n.Policies.Policies(g.self.Workload) {
		if v, err := manifest.View[manifest.NetworkPolicy](o); err == nil && !everyPod(v.Spec.PodSelector) && slices.Contains(v.Spec.PolicyTypes, title(g.direction)) {
			return o
		}
	}
	return g.policies[0]
}

func title(d reach.Direction) string {
	if d == reach.Egress {
		return "Egress"
	}
	return "Ingress"
}

// directionField is where a rule of a direction is missing: its list, or what
// isolates in that direction.
func (n *network) directionField(o *manifest.Object, d reach.Direction) []any {
	if o.Has("spec", string(d)) {
		return Field("spec", string(d))
	}
	return Field("spec", "policyTypes")
}

func portsText(ports []reach.Port) string {
	ports = slices.Clone(ports)
	slices.SortFunc(ports, func(a, b reach.Port) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), strings.Compare(a.Protocol, b.Protocol))
	})
	var out []string
	for _, p := range slices.Compact(ports) {
		out = append(out, p.Text())
	}
	return strings.Join(out, ", ")
}

// groupOf names the pods of an end: versions of one service are one.
func (n *network) groupOf(e reach.Endpoint) string {
	switch w := n.owners[e.Workload]; {
	case n.imagined[e.Workload] != "":
		return n.imagined[e.Workload]
	case e == inventory.Internet():
		return "the internet"
	case e.Workload == nil:
		return e.Text()
	case w == nil, w.Service == nil && w.Party != inventory.Caller:
		return e.Workload.Text()
	case w.Service != nil:
		return w.Namespace + "/" + w.Service.Name
	default:
		return "pods of namespace " + w.Namespace
	}
}

// missingRule is the YAML that closes the gaps: in the policy, or in one of the
// pods' own where that is for every pod.
func (n *network) missingRule(o *manifest.Object, gaps []gap) string {
	list := string(gaps[0].direction)
	rules := n.rulesYAML(o.Namespace, gaps)
	if v, err := manifest.View[manifest.NetworkPolicy](o); err == nil && everyPod(v.Spec.PodSelector) {
		labels := shortLabels(gaps[0].self.Workload.Labels)
		if w := n.owners[gaps[0].self.Workload]; w != nil {
			labels = podLabelsOf(w)
		}
		return fmt.Sprintf("write a NetworkPolicy with podSelector: {matchLabels: %s}, policyTypes: [%s], %s: [%s]", flowLabels(labels), title(gaps[0].direction), list, rules)
	}
	if v, err := manifest.View[manifest.NetworkPolicy](o); err == nil && len(v.Spec.PolicyTypes) > 0 && !slices.Contains(v.Spec.PolicyTypes, title(gaps[0].direction)) {
		return fmt.Sprintf("add %s to policyTypes of %s, and %s: [%s]", title(gaps[0].direction), o.Name, list, rules)
	}
	return fmt.Sprintf("add to spec.%s of %s: %s", list, o.Name, rules)
}

// rulesYAML are the rules that close gaps, those of equal ports in one.
func (n *network) rulesYAML(from string, gaps []gap) string {
	side := "from"
	if gaps[0].direction == reach.Egress {
		side = "to"
	}
	var ports []string
	peers := map[string][]string{}
	written := map[[2]string]bool{}
	for _, g := range gaps {
		n.step()
		peer, on := n.peerYAML(from, g), portsYAML(g.ports)
		if peers[on] == nil {
			ports = append(ports, on)
		}
		if at := [2]string{on, peer}; !written[at] {
			written[at] = true
			peers[on] = append(peers[on], peer)
		}
	}
	var out []string
	for _, on := range ports[:min(len(ports), 3)] {
		shown := peers[on]
		if len(shown) > 4 {
			shown = append(slices.Clone(shown[:3]), "…")
		}
		out = append(out, fmt.Sprintf("{%s: [%s], ports: %s}", side, strings.Join(shown, ", "), on))
	}
	if len(ports) > 3 {
		out = append(out, "…")
	}
	return strings.Join(out, ", ")
}

// peerYAML names an end as a policy of a namespace does.
func (n *network) peerYAML(from string, g gap) string {
	e := g.other
	if g.block != "" {
		return "{ipBlock: {cidr: " + g.block + "}}"
	}
	if e == inventory.Internet() {
		return "{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]}}"
	}
	if e.Workload == nil {
		bits := "/32"
		if e.IP.Is6() {
			bits = "/128"
		}
		return "{ipBlock: {cidr: " + e.IP.String() + bits + "}}"
	}
	labels := shortLabels(e.Workload.Labels)
	if w := n.owners[e.Workload]; w != nil {
		labels = podLabelsOf(w)
	}
	pods := "podSelector: {matchLabels: " + flowLabels(labels) + "}"
	if len(labels) == 0 {
		pods = "podSelector: {}"
	}
	if e.Workload.Namespace == from {
		return "{" + pods + "}"
	}
	return "{namespaceSelector: {matchLabels: {" + reach.NameLabel + ": " + e.Workload.Namespace + "}}, " + pods + "}"
}

func portsYAML(ports []reach.Port) string {
	var out []string
	for _, p := range ports {
		out = append(out, fmt.Sprintf("{port: %d, protocol: %s}", p.Number, p.Protocol))
	}
	return "[" + strings.Join(out, ", ") + "]"
}

// shortLabels are the ones that name an application, of pods' labels; all of
// them where none does.
func shortLabels(labels map[string]string) map[string]string {
	for _, key := range []string{"app", "app.kubernetes.io/name", "k8s-app", "name"} {
		if v := labels[key]; v != "" {
			return map[string]string{key: v}
		}
	}
	return labels
}

// podLabelsOf are the labels by which a workload's pods are meant.
func podLabelsOf(w *inventory.Workload) map[string]string {
	if w.Service != nil {
		return w.Service.PodLabels
	}
	return shortLabels(w.Labels)
}

// flowLabels writes labels as YAML in one line.
func flowLabels(labels map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(labels)) {
		v := labels[k]
		if v == "true" || v == "false" || v == "" || strings.Trim(v, "0123456789.") == "" {
			v = fmt.Sprintf("%q", v)
		}
		out = append(out, k+": "+v)
	}
	return "{" + strings.Join(out, ", ") + "}"
}
