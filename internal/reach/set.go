package reach

import (
	"errors"
	"maps"
	"slices"
	"sync"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// NameLabel is the label that the API server puts on every namespace.
const NameLabel = "kubernetes.io/metadata.name"

// BlockMode says what an ipBlock is held against. The API leaves it open
// whether it matches the addresses of pods; network plugins differ.
type BlockMode int

const (
	// BlocksMatchExternal holds ipBlocks against addresses that are no pod's only.
	BlocksMatchExternal BlockMode = iota
	// BlocksMatchPods holds them against pods with a known address as well.
	BlocksMatchPods
)

// Set is a set of policies with the namespaces that they live in. It is safe
// for concurrent use.
type Set struct {
	// Overrides are the cluster-wide policies (ClusterNetworkPolicy and its
	// forerunners) among the objects. Where there are any, they may allow or
	// deny what this package says otherwise.
	Overrides []*manifest.Object

	mode       BlockMode
	namespaces map[string]map[string]string
	byLabel    map[string]map[pair][]*policy // namespace, then one of the selector's labels
	rest       map[string][]*policy          // namespace: selectors without labels

	mu       sync.Mutex
	selected map[*Workload][]*policy
}

type pair struct{ key, value string }

// New reads the NetworkPolicies and Namespaces among objects. A policy that
// the API server would refuse is left out and reported: the error is then a
// diag.List and the Set is usable.
func New(objects []*manifest.Object, mode BlockMode) (*Set, error) {
	s := &Set{
		mode:       mode,
		namespaces: map[string]map[string]string{},
		byLabel:    map[string]map[pair][]*policy{},
		rest:       map[string][]*policy{},
		selected:   map[*Workload][]*policy{},
	}
	var findings diag.List
	for _, o := range objects {
		switch o.Kind {
		case "Namespace":
			if o.Group() == "" {
				s.namespaces[o.Name] = o.Labels
			}
		case "NetworkPolicy":
			if o.Group() != "networking.k8s.io" {
				continue
			}
			p, err := compile(o)
			if err != nil {
				var list diag.List
				if errors.As(err, &list) {
					findings = append(findings, list...)
				}
				continue
			}
			s.add(p)
		case "ClusterNetworkPolicy", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy":
			s.Overrides = append(s.Overrides, o)
		}
	}
	return s, findings.Err()
}

// add files a policy under one of its selector's labels, the greatest by name,
// so that a workload meets only the policies that may select it. Policies whose
// selector has no labels are few: the ones for all pods.
func (s *Set) add(p *policy) {
	ns := p.object.Namespace
	labels := p.spec.PodSelector.MatchLabels
	if len(labels) == 0 {
		s.rest[ns] = append(s.rest[ns], p)
		return
	}
	key := slices.Max(slices.Collect(maps.Keys(labels)))
	if s.byLabel[ns] == nil {
		s.byLabel[ns] = map[pair][]*policy{}
	}
	at := pair{key, labels[key]}
	s.byLabel[ns][at] = append(s.byLabel[ns][at], p)
}

// policiesOf are the policies that select w's pods, found once a workload. The
// workload must not change afterwards.
func (s *Set) policiesOf(w *Workload) []*policy {
	s.mu.Lock()
	defer s.mu.Unlock()
	if found, known := s.selected[w]; known {
		return found
	}
	found := []*policy{}
	for _, p := range s.rest[w.Namespace] {
		if p.spec.PodSelector.Matches(w.Labels) {
			found = append(found, p)
		}
	}
	index := s.byLabel[w.Namespace]
	for key, value := range w.Labels {
		for _, p := range index[pair{key, value}] {
			if p.spec.PodSelector.Matches(w.Labels) {
				found = append(found, p)
			}
		}
	}
	slices.SortFunc(found, byPlace)
	s.selected[w] = found
	return found
}

// Policies are the objects that select w's pods, in the order of their places.
func (s *Set) Policies(w *Workload) []*manifest.Object {
	var out []*manifest.Object
	for _, p := range s.policiesOf(w) {
		out = append(out, p.object)
	}
	return out
}

// Isolated reports whether any policy restricts what w's pods take in, and what they send.
func (s *Set) Isolated(w *Workload) (ingress, egress bool) {
	for _, p := range s.policiesOf(w) {
		ingress, egress = ingress || p.ingress, egress || p.egress
	}
	return ingress, egress
}

// matchesNamespace holds a selector against a namespace's labels, with the one that every namespace has.
// Namespaces without a manifest have that one only.
func (s *Set) matchesNamespace(selector manifest.Selector, name string) bool {
	labels := maps.Clone(s.namespaces[name])
	if labels == nil {
		labels = map[string]string{}
	}
	labels[NameLabel] = name
	return selector.Matches(labels)
}
