package audit

import (
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// watched is one monitor and what it selects, as far as that is given.
type watched struct {
	inventory.Item[manifest.Monitor]
	namespaces []string             // that it looks into; none where it looks into all
	services   []*inventory.Service // of a ServiceMonitor
	pods       []*inventory.Workload
	// unseen are the namespaces among them of which too little is given to say
	// that nothing matches there; "" stands for all others.
	unseen []string
}

func (w *watched) pod() bool { return w.Kind == "PodMonitor" }

// list is the field of the endpoints.
func (w *watched) list() string {
	if w.pod() {
		return "podMetricsEndpoints"
	}
	return "endpoints"
}

func (w *watched) endpoint(i int) []any { return Field("spec", w.list(), i) }

func (w *watched) endpoints() []manifest.Scrape {
	if w.pod() {
		return w.V.Spec.PodMetricsEndpoints
	}
	return w.V.Spec.Endpoints
}

func (w *watched) empty() bool { return len(w.services)+len(w.pods) == 0 }

// ownOnly reports whether the monitor looks into its own namespace for want of
// a word about others.
func (w *watched) ownOnly() bool {
	return !w.V.Spec.NamespaceSelector.Any && len(w.V.Spec.NamespaceSelector.MatchNames) == 0
}

// looksInto reports whether the monitor looks for something in a namespace.
func (w *watched) looksInto(namespace string) bool {
	return w.V.Spec.NamespaceSelector.Any || slices.Contains(w.namespaces, namespace)
}

// monitors are all of them with what they select.
type monitors struct {
	*Check
	list     []*watched
	services map[string]map[string][]*inventory.Service // by namespace and label
	all      map[string][]*inventory.Service            // by namespace
	flagger  map[string]bool                            // namespaces with Services that Flagger makes
}

func (c *Check) monitors() *monitors {
	m := &monitors{Check: c, services: map[string]map[string][]*inventory.Service{}, all: map[string][]*inventory.Service{}, flagger: map[string]bool{}}
	for _, s := range c.Services {
		m.all[s.Namespace] = append(m.all[s.Namespace], s)
		if m.services[s.Namespace] == nil {
			m.services[s.Namespace] = map[string][]*inventory.Service{}
		}
		for k, v := range s.Labels {
			m.services[s.Namespace][k+"="+v] = append(m.services[s.Namespace][k+"="+v], s)
		}
	}
	for _, canary := range inventory.All[manifest.Canary](c.Inventory) {
		m.flagger[canary.Namespace] = true
	}
	for _, item := range inventory.All[manifest.Monitor](c.Inventory) {
		m.list = append(m.list, m.watch(item))
	}
	return m
}

func (m *monitors) watch(item inventory.Item[manifest.Monitor]) *watched {
	w := &watched{Item: item}
	look := item.V.Spec.NamespaceSelector.MatchNames
	switch {
	case item.V.Spec.NamespaceSelector.Any:
		look = m.everyNamespace()
		w.unseen = []string{""}
	case len(look) == 0:
		look = []string{item.Namespace}
		w.namespaces = look
	default:
		w.namespaces = look
	}
	for _, n := range look {
		if w.pod() {
			w.pods = append(w.pods, m.podsIn(n, item.V.Spec.Selector)...)
			if !m.HasPods(n) {
				w.unseen = append(w.unseen, n)
			}
			continue
		}
		w.services = append(w.services, m.servicesIn(n, item.V.Spec.Selector)...)
		if len(m.all[n]) == 0 || m.flagger[n] || !m.HasPods(n) && platform(m.Inventory, n) {
			w.unseen = append(w.unseen, n)
		}
	}
	return w
}

func (m *monitors) everyNamespace() []string {
	var out []string
	for _, n := range m.Namespaces {
		out = append(out, n.Name)
	}
	return out
}

// platform reports whether a namespace is the cluster's or the mesh's, of which
// an application's repository shows a part at most.
func platform(inv *inventory.Inventory, namespace string) bool {
	return strings.HasPrefix(namespace, "kube-") || namespace == "istio-system" || inv.Model != nil && namespace == inv.Model.Spec.Mesh.Namespace
}

func (m *monitors) servicesIn(namespace string, s manifest.Selector) []*inventory.Service {
	candidates := m.all[namespace]
	for k, v := range s.MatchLabels {
		if some := m.services[namespace][k+"="+v]; len(some) < len(candidates) {
			candidates = some
		}
	}
	var out []*inventory.Service
	for _, service := range candidates {
		if s.Matches(service.Labels) {
			out = append(out, service)
		}
	}
	return out
}

// The labels that Istio's injector puts on pods (Istio, "Resource labels").
const (
	tlsModeLabel   = "security.istio.io/tlsMode"
	canonicalLabel = "service.istio.io/canonical-name"
	revisionLabel  = "service.istio.io/canonical-revision"
)

func (m *monitors) podsIn(namespace string, s manifest.Selector) []*inventory.Workload {
	plain := manifest.Selector{MatchLabels: s.MatchLabels, MatchExpressions: s.MatchExpressions}
	if s.MatchLabels[tlsModeLabel]+s.MatchLabels[canonicalLabel]+s.MatchLabels[revisionLabel] != "" {
		plain = manifest.Selector{} // these are not in any manifest
	}
	var out []*inventory.Workload
	for _, w := range slices.Concat(m.Pods(namespace, plain), m.PartyPods(namespace, plain)) {
		if s.Matches(podLabelsInMesh(w)) {
			out = append(out, w)
		}
	}
	return out
}

// podLabelsInMesh are a pod's labels once it has its sidecar.
func podLabelsInMesh(w *inventory.Workload) map[string]string {
	if w.Mesh != reach.Sidecar {
		return w.Labels
	}
	labels := maps.Clone(w.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[tlsModeLabel] = "istio"
	for key, from := range map[string][]string{canonicalLabel: {"app.kubernetes.io/name", "app"}, revisionLabel: {"app.kubernetes.io/version", "version"}} {
		for _, f := range from {
			if labels[key] == "" && labels[f] != "" {
				labels[key] = labels[f]
			}
		}
	}
	return labels
}

// telling reports whether a selector says which application it is about.
func telling(s manifest.Selector) bool {
	for k := range s.MatchLabels {
		if k != tlsModeLabel {
			return true
		}
	}
	return slices.ContainsFunc(s.MatchExpressions, func(r manifest.Requirement) bool { return r.Operator == "In" })
}
