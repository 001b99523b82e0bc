package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

func number(n int) string { return strconv.Itoa(n) }

var directions = []reach.Direction{reach.Ingress, reach.Egress}

var defaultDeny = &Rule{
	ID: "NP01", Severity: diag.Error,
	Title:       "A namespace does not deny by default",
	Items:       []string{"C1", "C9", "P1"},
	Constraints: []string{"K1"},
	Doc: `Each namespace in which the application runs is held against a pod that nobody has named yet: some policy must isolate it
in both directions. Kubernetes lets everything pass to and from a pod until the first policy selects it (Kubernetes, "Network Policies"),
so without this every new pod starts open, and a mistyped label opens an old one.

Write one NetworkPolicy per namespace with ` + "`podSelector: {}`" + `, ` + "`policyTypes: [Ingress, Egress]`" + ` and no rules, and policies for what is
meant to pass beside it. Namespaces of the cluster itself (` + "`kube-*`" + `) are passed over. Where a policy of the network plugin or of the
whole cluster selects every pod, what it denies is not known here, and the namespace is not checked.

It is an error where a kgen.yaml says what is meant, or where the namespace's own manifest is given and no policy at all. Elsewhere it is
a warning: the namespace, and whatever denies by default in it, may be somebody else's to apply.`,
	check: func(c *Check) {
		n := c.network()
		for _, ns := range c.Namespaces {
			if !n.inhabited(ns.Name) || strings.HasPrefix(ns.Name, "kube-") {
				continue
			}
			open := n.openByDefault(ns.Name)
			if other := n.overridden(ns.Name); other != nil && len(open) > 0 {
				c.Skip(namespaceText(ns.Name), "%s speaks for every pod, and kgen does not know what it denies", other.Ref())
				continue
			}
			c.Looked()
			if len(open) > 0 {
				n.reportOpen(ns, open)
			}
		}
	},
}

// inhabited reports whether the application has pods in a namespace, as far as
// can be seen: workloads, Services that select any, or policies.
func (n *network) inhabited(namespace string) bool {
	if len(n.in[namespace]) > 0 {
		return true
	}
	for _, w := range n.Pods(namespace, manifest.Selector{}) {
		if !w.HostNetwork {
			return true
		}
	}
	return slices.ContainsFunc(n.servicesIn(namespace), func(s *inventory.Service) bool { return len(s.V.Spec.Selector) > 0 && !s.External() })
}

// servicesIn are the Services of a namespace, in their order.
func (n *network) servicesIn(namespace string) []*inventory.Service {
	if n.services == nil {
		n.services = map[string][]*inventory.Service{}
		for _, s := range n.Services {
			n.services[s.Namespace] = append(n.services[s.Namespace], s)
		}
	}
	return n.services[namespace]
}

// stray is a pod that no policy names.
func stray(namespace string) *reach.Workload {
	return &reach.Workload{Namespace: namespace, Name: "any", Labels: map[string]string{"kgen.dev/pod": "that-nobody-names"}}
}

// openByDefault are the directions in which a pod that nobody names is not isolated.
func (n *network) openByDefault(namespace string) []reach.Direction {
	in, out := n.Policies.Isolated(stray(namespace))
	var open []reach.Direction
	if !in {
		open = append(open, reach.Ingress)
	}
	if !out {
		open = append(open, reach.Egress)
	}
	return open
}

// overridden is a policy of another kind that selects every pod of a namespace, or nil.
func (n *network) overridden(namespace string) *manifest.Object {
	for _, o := range n.Policies.Overrides {
		if o.Namespace != "" && o.Namespace != namespace {
			continue
		}
		if o.Group() == "policy.networking.k8s.io" {
			return o
		}
		v, err := o.Value()
		if err != nil {
			continue
		}
		spec, _ := v.Field("spec")
		if endpoints, given := spec.Field("endpointSelector"); given && len(endpoints.Fields) == 0 {
			return o
		}
		if selector, given := spec.Field("selector"); strings.HasSuffix(o.Group(), "projectcalico.org") && (!given || selector.Scalar == "all()" || selector.Scalar == "") {
			return o
		}
	}
	return nil
}

func (n *network) reportOpen(ns *inventory.Namespace, open []reach.Direction) {
	if f := n.foundOpen(ns, open); n.Model == nil && (ns.Object == nil || len(n.in[ns.Name]) > 0) {
		f.Severity = diag.Warning
	}
}

func (n *network) foundOpen(ns *inventory.Namespace, open []reach.Direction) *Finding {
	words := make([]string, len(open))
	for i, d := range open {
		words[i] = string(d)
	}
	what := strings.Join(words, " and ")
	fix := fmt.Sprintf("apply {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: default-deny, namespace: %s}, spec: {podSelector: {}, policyTypes: [Ingress, Egress]}}", ns.Name)
	if ns.Name == "" {
		fix = strings.Replace(fix, ", namespace: ", "", 1)
	}
	for _, p := range n.in[ns.Name] {
		if everyPod(p.spec.PodSelector) && len(p.rules) == 0 && len(open) == 1 {
			return n.Report(p.Object, Field("spec", "policyTypes"), "write policyTypes: [Ingress, Egress]",
				"it denies one direction by default and leaves %s open: a pod of %s that no other policy selects is not isolated for %s", what, namespaceText(ns.Name), what)
		}
	}
	o := ns.Object
	field := Field("metadata", "name")
	if o == nil {
		o, field = n.firstOf(ns.Name), Field("metadata", "namespace")
	}
	if o == nil {
		return n.ReportModel("namespace", fix, "%s denies no %s by default: a pod that no policy selects is open", namespaceText(ns.Name), what)
	}
	return n.Report(o, field, fix, "no policy of %s denies %s by default: a pod that no policy selects is open", namespaceText(ns.Name), what)
}

// firstOf is the first object of a namespace that a reader would look for its
// policies at: a policy, a workload, a Service.
func (n *network) firstOf(namespace string) *manifest.Object {
	for _, p := range n.in[namespace] {
		return p.Object
	}
	for _, w := range n.Pods(namespace, manifest.Selector{}) {
		if w.Object != nil {
			return w.Object
		}
	}
	for _, s := range n.servicesIn(namespace) {
		return s.Object
	}
	return nil
}

var podNotIsolated = &Rule{
	ID: "NP02", Severity: diag.Error,
	Title:       "A pod is outside of the default-deny",
	Items:       []string{"C1", "P1"},
	Constraints: []string{"K1"},
	Reads:       []Need{NeedsPods},
	Doc: `Each workload is looked at: where its namespace denies by default, its pods must be isolated in both directions too. They are not
where the default-deny's podSelector makes an exception of them and no policy of their own takes its place in that direction; whoever
finds their address then reaches every port, or they reach everyone.

Take the exception out of the selector, or write a policy for these pods that names both policyTypes. A pod with ` + "`hostNetwork: true`" + ` has its
node's address, and NetworkPolicy does not say what becomes of it (Kubernetes, "Network Policies"): it is not checked. A namespace that
denies nothing by default is rule NP01's.`,
	check: func(c *Check) {
		n := c.network()
		defaults := map[string]map[reach.Direction]bool{}
		for _, w := range c.Workloads {
			if w.HostNetwork {
				c.Skip(w.Ref(), "its pods are on their nodes' network, where NetworkPolicies are not defined")
				continue
			}
			open, known := defaults[w.Namespace]
			if !known {
				open = map[reach.Direction]bool{}
				for _, d := range n.openByDefault(w.Namespace) {
					open[d] = true
				}
				defaults[w.Namespace] = open
			}
			in, out := c.Policies.Isolated(&w.Workload)
			c.Looked()
			for _, d := range directions {
				isolated := in
				if d == reach.Egress {
					isolated = out
				}
				if !isolated && !open[d] {
					n.reportException(w, d)
				}
			}
		}
	},
}

func (n *network) reportException(w *inventory.Workload, d reach.Direction) {
	deny := n.denying(w.Namespace, d)
	fix := fmt.Sprintf("write a NetworkPolicy with podSelector: {matchLabels: %s} and policyTypes: [Ingress, Egress], or let %s select these pods", flowLabels(podLabelsOf(w)), deny.Name)
	if w.Object != nil {
		n.Report(w.Object, podsField(w, "metadata", "labels"), fix, "its pods are not isolated for %s: no policy selects them for that direction", d).
			See(deny.Object, Field("spec", "podSelector"), "denies %s to other pods, but not to these", d)
		return
	}
	n.Report(deny.Object, Field("spec", "podSelector"), fix, "it does not select the pods of %s, which no policy isolates for %s", w.Name, d)
}

// denying is the first policy of a namespace that isolates a pod that nobody
// names, or nil.
func (n *network) denying(namespace string, d reach.Direction) *networkPolicy {
	k := namespaced{namespace, d}
	if known, again := n.deniers[k]; again {
		return known
	}
	if n.deniers == nil {
		n.deniers = map[namespaced]*networkPolicy{}
	}
	n.deniers[k] = nil
	for _, p := range n.covering(stray(namespace)) {
		if p.isolates[d] {
			n.deniers[k] = p
			break
		}
	}
	return n.deniers[k]
}

// namespaced is a direction in a namespace.
type namespaced struct {
	name      string
	direction reach.Direction
}

// podsField is the field path of a part of a workload's pod template.
func podsField(w *inventory.Workload, path ...any) []any {
	pods, err := manifest.PodsOf(w.Object)
	if err != nil || pods == nil {
		return nil
	}
	return pods.At(path...)
}
