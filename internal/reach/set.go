package reach

import (
	"cmp"
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
// for concurrent use, once its fields are set.
type Set struct {
	// Overrides are the policies among the objects that this package does not
	// read though they may allow or deny what it says otherwise: cluster-wide
	// ones and those of network plugins. Notes says so to a reader.
	Overrides []*manifest.Object
	// RootNamespace is the namespace whose mesh policies are for the whole mesh.
	RootNamespace string
	// TrustDomain is the first part of every identity in the mesh.
	TrustDomain string

	mode       BlockMode
	namespaces map[string]map[string]string
	policies   []*policy
	byLabel    map[string]map[pair][]*policy // namespace, then one of the selector's labels
	rest       map[string][]*policy          // namespace: selectors without labels
	authz      map[string]*attached[*authz]
	peerAuth   map[string]*attached[*peerAuth]

	mu       sync.Mutex
	selected map[*Workload][]*policy
	rules    map[*Workload]*meshRules
	guards   map[guarded]*guard
}

type pair struct{ key, value string }

// New reads the NetworkPolicies, the mesh's policies and the Namespaces among
// objects. A policy that the API server would refuse is left out and reported:
// the error is then a diag.List and the Set is usable.
func New(objects []*manifest.Object, mode BlockMode) (*Set, error) {
	s := &Set{
		RootNamespace: "istio-system",
		TrustDomain:   "cluster.local",
		mode:          mode,
		namespaces:    map[string]map[string]string{},
		byLabel:       map[string]map[pair][]*policy{},
		rest:          map[string][]*policy{},
		authz:         map[string]*attached[*authz]{},
		peerAuth:      map[string]*attached[*peerAuth]{},
		selected:      map[*Workload][]*policy{},
		rules:         map[*Workload]*meshRules{},
		guards:        map[guarded]*guard{},
	}
	var findings diag.List
	for _, o := range objects {
		err := s.read(o)
		var list diag.List
		if errors.As(err, &list) {
			findings = append(findings, list...)
		}
	}
	slices.SortStableFunc(s.policies, byPlace)
	return s, findings.Err()
}

func (s *Set) read(o *manifest.Object) error {
	switch (kind{o.Group(), o.Kind}) {
	case kind{"", "Namespace"}:
		s.namespaces[o.Name] = namespaceLabels(o.Name, o.Labels)
	case kind{"networking.k8s.io", "NetworkPolicy"}:
		p, err := compile(o)
		if err != nil {
			return err
		}
		s.add(p)
	case kind{"security.istio.io", "AuthorizationPolicy"}:
		a, err := compileAuthz(o)
		if err != nil {
			return err
		}
		attach(s.authz, o.Namespace, a, a.labels, a.targets)
	case kind{"security.istio.io", "PeerAuthentication"}:
		a, err := compilePeerAuth(o)
		if err != nil {
			return err
		}
		attach(s.peerAuth, o.Namespace, a, a.labels, nil)
	default:
		if overriding[kind{o.Group(), o.Kind}] {
			s.Overrides = append(s.Overrides, o)
		}
	}
	return nil
}

// add files a policy under one of its selector's labels, the greatest by name,
// so that a workload meets only the policies that may select it. Policies whose
// selector has no labels are few: the ones for all pods.
func (s *Set) add(p *policy) {
	s.policies = append(s.policies, p)
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
	labels, known := s.namespaces[name]
	if !known {
		labels = namespaceLabels(name, nil)
	}
	return selector.Matches(labels)
}

func namespaceLabels(name string, labels map[string]string) map[string]string {
	out := map[string]string{}
	maps.Copy(out, labels)
	out[NameLabel] = name
	return out
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
