package audit

import (
	"maps"
	"slices"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// policyIndex finds the policies of a namespace by the labels of pods, so that a
// question about one pod looks at the policies that may be for it, and not at
// those of everybody.
type policyIndex struct {
	byLabel map[string]map[string][]*networkPolicy // key and value of one of the selector's labels
	rest    []*networkPolicy                       // selectors without labels
}

func (x *policyIndex) add(p *networkPolicy) {
	labels := p.spec.PodSelector.MatchLabels
	if len(labels) == 0 {
		x.rest = append(x.rest, p)
		return
	}
	key := slices.Max(slices.Collect(maps.Keys(labels)))
	if x.byLabel == nil {
		x.byLabel = map[string]map[string][]*networkPolicy{}
	}
	if x.byLabel[key] == nil {
		x.byLabel[key] = map[string][]*networkPolicy{}
	}
	x.byLabel[key][labels[key]] = append(x.byLabel[key][labels[key]], p)
}

// candidates are the policies whose selector may select pods with these labels,
// or with more labels, in no order.
func (x *policyIndex) candidates(labels map[string]string, more bool) []*networkPolicy {
	if x == nil {
		return nil
	}
	out := slices.Clone(x.rest)
	for key, byValue := range x.byLabel {
		if value, has := labels[key]; has {
			out = append(out, byValue[value]...)
		} else if more {
			for _, some := range byValue {
				out = append(out, some...)
			}
		}
	}
	return out
}

// covering are the policies whose selector selects a workload's pods, whatever
// they isolate, in their order.
func (n *network) covering(w *reach.Workload) []*networkPolicy {
	if found, known := n.covers[w]; known {
		return found
	}
	var out []*networkPolicy
	for _, p := range n.bySelector[w.Namespace].candidates(w.Labels, false) {
		n.step()
		if p.spec.PodSelector.Matches(w.Labels) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *networkPolicy) int { return a.order - b.order })
	n.covers[w] = out
	return out
}

// refusedFor reports whether one of the policies that the API server refuses is
// for a workload's pods.
func (n *network) refusedFor(w *reach.Workload) bool {
	if n.turnedDown == nil {
		n.turnedDown = map[string]*policyIndex{}
		refused := n.refused()
		for _, o := range inventory.All[manifest.NetworkPolicy](n.Inventory) {
			if refused[o.Ref()] == nil {
				continue
			}
			if n.turnedDown[o.Namespace] == nil {
				n.turnedDown[o.Namespace] = &policyIndex{}
			}
			n.turnedDown[o.Namespace].add(&networkPolicy{Object: o.Object, spec: &o.V.Spec})
		}
	}
	return slices.ContainsFunc(n.turnedDown[w.Namespace].candidates(w.Labels, false), func(p *networkPolicy) bool {
		n.step()
		return p.spec.PodSelector.Matches(w.Labels)
	})
}

// idlePolicies are the policies of a namespace that select no pod, by whom their
// rules name.
type idlePolicies struct {
	all    []*networkPolicy
	byPeer map[[2]string][]*networkPolicy // a label of a peer's podSelector
	rest   []*networkPolicy               // those with a rule for everyone, for addresses or for pods by no label
	byName map[string]*networkPolicy
}

func (n *network) idleIn(namespace string) *idlePolicies {
	if x, known := n.idle[namespace]; known {
		return x
	}
	x := &idlePolicies{byPeer: map[[2]string][]*networkPolicy{}, byName: map[string]*networkPolicy{}}
	n.idle[namespace] = x
	for _, p := range n.in[namespace] {
		if everyPod(p.spec.PodSelector) || len(n.selected(p)) > 0 {
			continue
		}
		x.all = append(x.all, p)
		x.byName[p.Name] = p
		broad := false
		for _, r := range p.rules {
			broad = broad || len(r.peers) == 0
			for _, peer := range r.peers {
				labels := podsOf(peer).MatchLabels
				if peer.IPBlock != nil || len(labels) == 0 {
					broad = true
					continue
				}
				key := slices.Max(slices.Collect(maps.Keys(labels)))
				at := [2]string{key, labels[key]}
				if have := x.byPeer[at]; len(have) == 0 || have[len(have)-1] != p {
					x.byPeer[at] = append(have, p)
				}
			}
		}
		if broad {
			x.rest = append(x.rest, p)
		}
	}
	return x
}

// mostIdle is how many policies that select nobody a finding names, and
// mostTried how many are asked for that.
const (
	mostIdle  = 3
	mostTried = 200
)

// wouldHelp are policies of a namespace that have a rule for a gap and select no
// pod: the one that is called as the pods are, then others, a few in all.
func (n *network) wouldHelp(namespace string, except *manifest.Object, g gap) []*networkPolicy {
	x := n.idleIn(namespace)
	if len(x.all) == 0 {
		return nil
	}
	var tried []*networkPolicy
	if w := n.owners[g.self.Workload]; w != nil && w.Service != nil && x.byName[w.Service.Name] != nil {
		tried = append(tried, x.byName[w.Service.Name])
	} else if p := x.byName[g.self.Workload.Name]; p != nil {
		tried = append(tried, p)
	}
	var others []*networkPolicy
	if w := g.other.Workload; w != nil {
		for key, value := range w.Labels {
			some := x.byPeer[[2]string{key, value}]
			others = append(others, some[:min(len(some), mostTried)]...)
		}
	}
	others = append(others, x.rest[:min(len(x.rest), mostTried)]...)
	slices.SortFunc(others, func(a, b *networkPolicy) int { return a.order - b.order })
	var out []*networkPolicy
	for _, p := range append(tried, slices.Compact(others)...) {
		n.step()
		if len(out) == mostIdle {
			break
		}
		if p.Object != except && !slices.Contains(out, p) && n.wouldAdmit(p, g) {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, func(a, b *networkPolicy) int { return a.order - b.order })
	return out
}
