package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var policySelectsNothing = &Rule{
	ID: "NP06", Severity: diag.Warning,
	Title:       "A policy selects no pod",
	Items:       []string{"C1"},
	Constraints: []string{"K1"},
	Reads:       []Need{NeedsPods},
	Doc: `Each policy's podSelector is held against the labels of the pods of its namespace: the pod templates that are given, those that the
model stands in for, and the proxies of gateways. A policy that selects nothing is no error to Kubernetes and does nothing, which is
mostly a typing mistake, or a leftover.

Correct the labels: they are those of the pods' template, not of the Deployment. Where no pods of the namespace are known, or the
selector goes by a label that a controller puts on pods as they are made (as cert-manager does), the policy is not checked.`,
	check: func(c *Check) {
		n := c.network()
		for _, p := range n.policies {
			if everyPod(p.spec.PodSelector) {
				c.Looked()
				continue
			}
			if len(n.selected(p)) > 0 {
				c.Looked()
				continue
			}
			if why := n.cannotSelect(p.Namespace, p.spec.PodSelector); why != "" {
				c.Skip(p.Ref(), "%s", why)
				continue
			}
			c.Looked()
			c.Report(p.Object, Field("spec", "podSelector"), n.nearestPods(p.Namespace, p.spec.PodSelector),
				"no pod of %s has the labels %s, so it does nothing", namespaceText(p.Namespace), selectorText(p.spec.PodSelector))
		}
	},
}

// madeByControllers are labels that are on no template: the ones of StatefulSets,
// Jobs and ReplicaSets (Kubernetes, "Well-Known Labels"), of Argo Rollouts and of
// cert-manager's solvers.
var madeByControllers = []string{
	"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index", "pod-template-hash", "pod-template-generation", "controller-revision-hash",
	"batch.kubernetes.io/job-name", "batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-completion-index", "job-name", "controller-uid",
	"rollouts-pod-template-hash", "acme.cert-manager.io/http01-solver", "acme.cert-manager.io/http-domain", "acme.cert-manager.io/http-token",
	"security.istio.io/tlsMode", "service.istio.io/canonical-name", "service.istio.io/canonical-revision",
}

const gatewayLabel = "gateway.networking.k8s.io/gateway-name"

// cannotSelect says why it is not known whether a selector selects pods of a
// namespace, "" where it is.
func (n *network) cannotSelect(namespace string, s manifest.Selector) string {
	keys := []string{}
	for k := range s.MatchLabels {
		keys = append(keys, k)
	}
	for _, r := range s.MatchExpressions {
		keys = append(keys, r.Key)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if slices.Contains(madeByControllers, k) {
			return fmt.Sprintf("a controller puts the label %s on pods as it makes them", k)
		}
		if k == gatewayLabel && !slices.ContainsFunc(inventory.All[manifest.Gateway](n.Inventory), func(g inventory.Item[manifest.Gateway]) bool { return g.Namespace == namespace }) {
			return fmt.Sprintf("no Gateway of %s is given, whose proxies have the label %s", namespaceText(namespace), k)
		}
	}
	if !n.HasPods(namespace) {
		return "no workload of " + namespaceText(namespace) + " is given"
	}
	return n.operatorPods(namespace, s)
}

// nearestPods says which labels the pods of a namespace have that a selector
// comes closest to.
func (n *network) nearestPods(namespace string, s manifest.Selector) string {
	return n.nearestOthers(namespace, s, nil)
}

// nearestOthers is nearestPods for a peer: the pods that its own policy is for
// are not whom it means.
func (n *network) nearestOthers(namespace string, s manifest.Selector, own *networkPolicy) string {
	pods := n.podsAsSpelt(namespace)
	meant := selectorText(manifest.Selector{MatchLabels: shortLabels(s.MatchLabels)})
	var words []string
	of := map[string]*inventory.Workload{}
	for _, word := range pods.likely(meant) {
		n.step()
		for _, w := range pods.of[word] {
			if own == nil || own.Namespace != namespace || everyPod(own.spec.PodSelector) || !own.spec.PodSelector.Matches(w.Labels) {
				of[word] = w
			}
		}
		if of[word] != nil {
			words = append(words, word)
		}
	}
	if near := diag.Nearest(meant, words); near != "" {
		return fmt.Sprintf("did you mean the pods of %s: {matchLabels: %s}?", of[near].Name, flowLabels(podLabelsOf(of[near])))
	}
	return "write the labels of a pod template in the namespace, or remove it"
}

// podSpelling are the pods of a namespace by the labels by which they are meant.
type podSpelling struct {
	*spelling
	of map[string][]*inventory.Workload
}

func (n *network) podsAsSpelt(namespace string) *podSpelling {
	if known := n.spelt[namespace]; known != nil {
		return known
	}
	out := &podSpelling{of: map[string][]*inventory.Workload{}}
	var words []string
	for _, w := range n.Pods(namespace, manifest.Selector{}) {
		word := selectorText(manifest.Selector{MatchLabels: podLabelsOf(w)})
		words = append(words, word)
		out.of[word] = append(out.of[word], w)
	}
	out.spelling = newSpelling(words)
	if n.spelt == nil {
		n.spelt = map[string]*podSpelling{}
	}
	n.spelt[namespace] = out
	return out
}

var peerSelectsNothing = &Rule{
	ID: "NP07", Severity: diag.Warning,
	Title:       "A peer selects no pod",
	Items:       []string{"C9"},
	Constraints: []string{"K1"},
	Reads:       []Need{NeedsPods},
	Doc: `Each peer of a rule is held against the pods of the namespaces that it means. One that selects nobody admits nobody: mostly a typing
mistake in a label, or a caller that is gone.

Correct the labels of its podSelector, or remove it. A bare podSelector means the policy's own namespace; for pods elsewhere the same
list item needs a namespaceSelector. Where the pods of one of the namespaces are not known, the peer is not checked.`,
	check: func(c *Check) {
		n := c.network()
		for _, p := range n.policies {
			for _, r := range p.rules {
				for i, peer := range r.peers {
					if peer.IPBlock == nil {
						n.checkPeer(r, i, peer)
					}
				}
			}
		}
	},
}

func (n *network) checkPeer(r policyRule, i int, peer manifest.Peer) {
	from := r.policy.Namespace
	at := r.policy.Ref() + ", " + manifest.PathText(r.path("peers", i)...)
	if (peer.PodSelector == nil || everyPod(*peer.PodSelector)) && slices.ContainsFunc(n.peerNamespaces(from, peer), n.HasPods) {
		n.Looked() // without the list of everybody
		return
	}
	pods, complete := n.peerPods(from, peer)
	if len(pods) > 0 {
		n.Looked()
		return
	}
	if peer.NamespaceSelector != nil && len(n.peerNamespaces(from, peer)) == 0 {
		if name := peer.NamespaceSelector.MatchLabels[reach.NameLabel]; name != "" {
			n.Skip(at, "no workload of namespace %s is given", name)
		}
		return // labels that no namespace has are NP20's
	}
	if n.oneMeant(r, i-1, i) || n.oneMeant(r, i, i+1) {
		return // NP10's
	}
	selector := manifest.Selector{}
	if peer.PodSelector != nil {
		selector = *peer.PodSelector
	}
	for _, name := range n.peerNamespaces(from, peer) {
		if why := n.cannotSelect(name, selector); why != "" {
			n.Skip(at, "%s", why)
			return
		}
	}
	if !complete {
		n.Skip(at, "it means namespaces whose pods are not given")
		return
	}
	n.Looked()
	names := n.peerNamespaces(from, peer)
	n.Report(r.policy.Object, r.path("peers", i), n.nearestOthers(names[0], selector, r.policy),
		"no pod of %s has the labels %s, so this peer is nobody", namespacesText(names), selectorText(selector))
}

var orForAnd = &Rule{
	ID: "NP10", Severity: diag.Warning,
	Title:       "Two peers where one with both selectors was meant",
	Items:       []string{"C9"},
	Constraints: []string{"K1"},
	Doc: `In a rule's list, ` + "`- namespaceSelector: …`" + ` followed by ` + "`- podSelector: …`" + ` are two peers: every pod of those namespaces, **or** those pods of
the policy's own namespace. One dash, with both keys below it, means those pods of those namespaces (Kubernetes, "Network Policies",
"Behavior of to and from selectors"). The first opens far more than it seems to.

The rule looks for a peer with nothing but a namespaceSelector beside one with nothing but a podSelector that selects no pod of the policy's
own namespace, or only pods of the other. Remove the second dash.`,
	check: func(c *Check) {
		n := c.network()
		for _, p := range n.policies {
			for _, r := range p.rules {
				c.Looked()
				for i := 1; i < len(r.peers); i++ {
					if !n.oneMeant(r, i-1, i) {
						continue
					}
					spaces, pods := r.peers[i-1], r.peers[i]
					if spaces.NamespaceSelector == nil {
						spaces, pods = pods, spaces
					}
					c.Report(p.Object, r.path("peers", i), "write one peer: - {namespaceSelector: "+selectorYAML(*spaces.NamespaceSelector)+", podSelector: "+selectorYAML(*pods.PodSelector)+"}",
						"these are two peers: every pod of the namespaces with %s, and the pods %s of %s, where there are none",
						selectorText(*spaces.NamespaceSelector), selectorText(*pods.PodSelector), namespaceText(p.Namespace))
				}
			}
		}
	},
}

// oneMeant reports whether two peers that stand beside each other were meant to be one.
func (n *network) oneMeant(r policyRule, i, j int) bool {
	if i < 0 || j >= len(r.peers) {
		return false
	}
	spaces, pods := r.peers[i], r.peers[j]
	if spaces.NamespaceSelector == nil {
		spaces, pods = pods, spaces
	}
	if spaces.NamespaceSelector == nil || spaces.PodSelector != nil || spaces.IPBlock != nil || everyPod(*spaces.NamespaceSelector) ||
		pods.PodSelector == nil || pods.NamespaceSelector != nil || pods.IPBlock != nil || everyPod(*pods.PodSelector) {
		return false
	}
	return n.podsElsewhere(r.policy.Namespace, *spaces.NamespaceSelector, *pods.PodSelector)
}

// podsElsewhere reports whether pods with these labels run in the namespaces
// that are meant, or nothing is known of those, and none in the policy's own.
func (n *network) podsElsewhere(own string, spaces, pods manifest.Selector) bool {
	if len(n.Pods(own, pods))+len(n.PartyPods(own, pods)) > 0 {
		return false
	}
	there, _ := n.peerPods(own, manifest.Peer{NamespaceSelector: &spaces, PodSelector: &pods})
	if len(there) > 0 {
		return true
	}
	// Where every pod of the own namespace is known, a selector for none of them
	// was meant for others.
	return n.HasPods(own) && n.cannotSelect(own, pods) == "" && !n.knownThrough(own, spaces)
}

// knownThrough reports whether all pods of the namespaces that are meant are known.
func (n *network) knownThrough(own string, spaces manifest.Selector) bool {
	_, complete := n.peerPods(own, manifest.Peer{NamespaceSelector: &spaces})
	return complete
}

// selectorYAML writes a selector in one line.
func selectorYAML(s manifest.Selector) string {
	var parts []string
	if len(s.MatchLabels) > 0 {
		parts = append(parts, "matchLabels: "+flowLabels(s.MatchLabels))
	}
	if len(s.MatchExpressions) > 0 {
		var list []string
		for _, r := range s.MatchExpressions {
			text := "{key: " + r.Key + ", operator: " + r.Operator
			if len(r.Values) > 0 {
				text += ", values: [" + strings.Join(r.Values, ", ") + "]"
			}
			list = append(list, text+"}")
		}
		parts = append(parts, "matchExpressions: ["+strings.Join(list, ", ")+"]")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

var namespaceLabelMissing = &Rule{
	ID: "NP20", Severity: diag.Warning,
	Title:       "A namespaceSelector goes by a label that no namespace has",
	Items:       []string{"C9"},
	Constraints: []string{"K1"},
	Doc: `Each namespaceSelector's labels are looked for in the Namespace manifests. Kubernetes gives every namespace one label by itself,
` + "`kubernetes.io/metadata.name`" + ` (Kubernetes, "Automatic labelling"); any other is there only if somebody put it there. ` + "`name: kube-system`" + `, as
many examples have it, selects nothing on a cluster where nobody did.

Select by ` + "`kubernetes.io/metadata.name`" + `, or write the label into the Namespace manifest. Without any Namespace manifest nothing is known of
labels, and the rule is not checked but for the label ` + "`name`" + ` of a namespace that every cluster begins with; labels of platforms that keep them themselves, as OpenShift does, are passed over.`,
	check: func(c *Check) {
		n := c.network()
		given := false
		for _, ns := range c.Namespaces {
			given = given || ns.Object != nil
		}
		for _, p := range n.policies {
			for _, r := range p.rules {
				for i, peer := range r.peers {
					if peer.NamespaceSelector == nil {
						continue
					}
					labels := n.labelsAsked(*peer.NamespaceSelector)
					if len(labels) > 0 && !given && !slices.ContainsFunc(labels, asked.clusters) {
						c.Skip(p.Ref()+", "+manifest.PathText(r.path("peers", i)...), "no Namespace manifest is given that could have the label %s", labels[0].text)
						continue
					}
					c.Looked()
					for _, l := range labels {
						switch {
						case !given && l.clusters():
							c.Report(p.Object, r.path(append([]any{"peers", i, "namespaceSelector"}, l.path...)...), n.namespaceFix(l),
								"namespace %s has the label %s only where somebody put it there; Kubernetes gives each %s alone", l.requirement.Values[0], l.text, reach.NameLabel)
						case given && !n.anyNamespace(l.requirement):
							c.Report(p.Object, r.path(append([]any{"peers", i, "namespaceSelector"}, l.path...)...), n.namespaceFix(l),
								"no Namespace that is given has the label %s, and Kubernetes gives each %s alone", l.text, reach.NameLabel)
						}
					}
				}
			}
		}
	},
}

// asked is one condition of a namespace selector that a manifest must meet.
type asked struct {
	requirement manifest.Requirement
	text        string
	path        []any
}

// clusterNamespaces are those that every cluster begins with (Kubernetes, "Namespaces").
var clusterNamespaces = []string{"default", "kube-node-lease", "kube-public", "kube-system"}

// clusters reports whether a label is there to name one of the cluster's own
// namespaces, which nobody writes a manifest for.
func (a asked) clusters() bool {
	r := a.requirement
	return r.Key == "name" && len(r.Values) == 1 && slices.Contains(clusterNamespaces, r.Values[0])
}

// keptByPlatforms begin the labels that platforms put on namespaces themselves
// (OpenShift "Network policy", Rancher projects).
var keptByPlatforms = []string{"network.openshift.io/", "policy-group.network.openshift.io/", "openshift.io/", "field.cattle.io/", "hypershift.openshift.io/"}

// labelsAsked are the conditions that a label of some namespace must meet.
func (n *network) labelsAsked(s manifest.Selector) []asked {
	var out []asked
	add := func(r manifest.Requirement, path ...any) {
		if r.Key == reach.NameLabel || r.Operator != "In" && r.Operator != "Exists" ||
			slices.ContainsFunc(keptByPlatforms, func(p string) bool { return strings.HasPrefix(r.Key, p) }) {
			return
		}
		text := r.Key
		if len(r.Values) > 0 {
			text += "=" + strings.Join(r.Values, " or ")
		}
		out = append(out, asked{r, text, path})
	}
	var keys []string
	for k := range s.MatchLabels {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		add(manifest.Requirement{Key: k, Operator: "In", Values: []string{s.MatchLabels[k]}}, "matchLabels", k)
	}
	for i, r := range s.MatchExpressions {
		add(r, "matchExpressions", i)
	}
	return out
}

func (n *network) anyNamespace(r manifest.Requirement) bool {
	selector := manifest.Selector{MatchExpressions: []manifest.Requirement{r}}
	return slices.ContainsFunc(n.peerNamespaces("", manifest.Peer{NamespaceSelector: &selector}), func(name string) bool {
		ns := n.Namespace(name)
		return ns != nil && ns.Object != nil
	})
}

func (n *network) namespaceFix(l asked) string {
	if len(l.requirement.Values) == 1 && (l.requirement.Key == "name" || l.requirement.Key == "namespace" || n.namespaces[l.requirement.Values[0]] != nil) {
		return fmt.Sprintf("select it by its name: namespaceSelector: {matchLabels: {%s: %s}}", reach.NameLabel, l.requirement.Values[0])
	}
	return fmt.Sprintf("select by {matchLabels: {%s: <name>}}, or give the Namespace the label", reach.NameLabel)
}
