package main

import (
	"fmt"
	"maps"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// An arbiter has two kinds of requirement judged by Kubernetes' own library,
// because cyclonus reads them otherwise than the API's documentation has them:
// NotIn holds for labels without the key (k8s.io/apimachinery, Requirement.Matches),
// where cyclonus has it fail; and a matchLabels entry whose value is empty wants
// the key to be there, where cyclonus takes a missing key for an empty value.
//
// A requirement of these is replaced by one that a label exists which only what
// satisfies the requirement is given. All else of a selector stays cyclonus' own
// to judge.
type arbiter struct {
	pods       []*pod
	namespaces map[string]map[string]string

	requirements int
}

// rewrite returns the policies with such requirements replaced, and leaves the
// arbiter with the labels that go with them.
func (a *arbiter) rewrite(policies []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	pods := make([]*pod, len(a.pods))
	for i, p := range a.pods {
		own := *p
		own.Labels = cloned(p.Labels)
		pods[i] = &own
	}
	a.pods = pods
	namespaces := map[string]map[string]string{}
	for name, own := range a.namespaces {
		namespaces[name] = cloned(own)
	}
	a.namespaces = namespaces

	var podLabels, namespaceLabels []map[string]string
	for _, p := range pods {
		podLabels = append(podLabels, p.Labels)
	}
	for _, own := range namespaces {
		namespaceLabels = append(namespaceLabels, own)
	}
	out := make([]*networkingv1.NetworkPolicy, len(policies))
	for i, p := range policies {
		own := p.DeepCopy()
		a.selector(&own.Spec.PodSelector, podLabels)
		for _, rule := range own.Spec.Ingress {
			a.peers(rule.From, podLabels, namespaceLabels)
		}
		for _, rule := range own.Spec.Egress {
			a.peers(rule.To, podLabels, namespaceLabels)
		}
		out[i] = own
	}
	return out
}

func (a *arbiter) peers(peers []networkingv1.NetworkPolicyPeer, pods, namespaces []map[string]string) {
	for i := range peers {
		a.selector(peers[i].PodSelector, pods)
		a.selector(peers[i].NamespaceSelector, namespaces)
	}
}

func (a *arbiter) selector(s *metav1.LabelSelector, candidates []map[string]string) {
	if s == nil {
		return
	}
	var replaced []metav1.LabelSelectorRequirement
	judge := func(asked metav1.LabelSelector) {
		replaced = append(replaced, metav1.LabelSelectorRequirement{Key: a.mark(asked, candidates), Operator: metav1.LabelSelectorOpExists})
	}
	for key, value := range s.MatchLabels {
		if value == "" {
			delete(s.MatchLabels, key)
			judge(metav1.LabelSelector{MatchLabels: map[string]string{key: ""}})
		}
	}
	for _, r := range s.MatchExpressions {
		if r.Operator == metav1.LabelSelectorOpNotIn {
			judge(metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{r}})
			continue
		}
		replaced = append(replaced, r)
	}
	s.MatchExpressions = replaced
}

// mark gives a label of its own to each of the candidates that what is asked
// matches, and returns the label's key.
func (a *arbiter) mark(asked metav1.LabelSelector, candidates []map[string]string) string {
	key := fmt.Sprintf("arbiter/%d", a.requirements)
	a.requirements++
	selector, err := metav1.LabelSelectorAsSelector(&asked)
	if err != nil {
		panic(err) // the policy has been admitted
	}
	matches := make([]bool, len(candidates))
	for i, own := range candidates {
		matches[i] = selector.Matches(labels.Set(own))
	}
	for i, own := range candidates {
		if matches[i] {
			own[key] = "yes"
		}
	}
	return key
}

func cloned(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return maps.Clone(m)
}
