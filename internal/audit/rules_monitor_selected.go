package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var monitorNotSelected = &Rule{
	ID: "MO03", Severity: diag.Error,
	Title:       "Prometheus does not take a monitor or rule in, or may not see what it is to scrape",
	Items:       []string{"C5", "P5"},
	Constraints: []string{"K27"},
	Doc: `Prometheus takes in the ServiceMonitors, PodMonitors and PrometheusRules whose labels satisfy its selectors and no others (Prometheus
Operator, "API reference": ` + "`serviceMonitorSelector`" + ` and its kin); with kube-prometheus-stack that is the label ` + "`release`" + `. The selectors are
those of the Prometheus objects that are given, otherwise ` + "`monitoring.selectorLabels`" + ` of kgen.yaml; without either, labels are not checked.

To find targets in a namespace, Prometheus' ServiceAccount must be allowed to get, list and watch Services, Endpoints and Pods there.
kube-prometheus grants that in three namespaces only, kube-prometheus-stack in all. A RoleBinding that is meant for it must name the account
that it runs under, and the Role must allow all of that. Write what the finding shows.`,
	check: func(c *Check) {
		s := c.scraping()
		if len(s.readers) == 0 {
			c.Skip("", "neither a kgen.yaml nor a Prometheus object says what Prometheus selects")
			return
		}
		found := 0
		for _, o := range c.Objects {
			if o.Group() == monitoringGroup && selectable[o.Kind] != "" {
				found++
				s.selected(o)
			}
		}
		if found == 0 {
			c.Skip("", "no monitor and no rule is given")
		}
		s.access()
	},
}

const monitoringGroup = "monitoring.coreos.com"

// selectable are the kinds that Prometheus takes in, by the beginning of the
// fields that say which.
var selectable = map[string]string{
	"ServiceMonitor": "serviceMonitor", "PodMonitor": "podMonitor", "PrometheusRule": "rule", "Probe": "probe", "ScrapeConfig": "scrapeConfig",
}

// reader is one Prometheus: what it selects, and under which account it runs.
type reader struct {
	object             *manifest.Object // nil for the one that the model is about
	namespace, account string
	selectors          map[string]*manifest.Selector // by kind; nil selects nothing
	namespaces         map[string]*manifest.Selector // nil selects its own
	whole              bool                          // it may read every namespace
	retention          string
	interval           string
}

type scraping struct {
	*Check
	readers []reader
}

// prometheusSpec is what of a Prometheus object matters here.
type prometheusSpec struct {
	Spec struct {
		ServiceAccountName              string             `yaml:"serviceAccountName"`
		Retention                       string             `yaml:"retention"`
		ScrapeInterval                  string             `yaml:"scrapeInterval"`
		ServiceMonitorSelector          *manifest.Selector `yaml:"serviceMonitorSelector"`
		ServiceMonitorNamespaceSelector *manifest.Selector `yaml:"serviceMonitorNamespaceSelector"`
		PodMonitorSelector              *manifest.Selector `yaml:"podMonitorSelector"`
		PodMonitorNamespaceSelector     *manifest.Selector `yaml:"podMonitorNamespaceSelector"`
		RuleSelector                    *manifest.Selector `yaml:"ruleSelector"`
		RuleNamespaceSelector           *manifest.Selector `yaml:"ruleNamespaceSelector"`
		ProbeSelector                   *manifest.Selector `yaml:"probeSelector"`
		ProbeNamespaceSelector          *manifest.Selector `yaml:"probeNamespaceSelector"`
		ScrapeConfigSelector            *manifest.Selector `yaml:"scrapeConfigSelector"`
		ScrapeConfigNamespaceSelector   *manifest.Selector `yaml:"scrapeConfigNamespaceSelector"`
	} `yaml:"spec"`
}

func (c *Check) scraping() *scraping {
	s := &scraping{Check: c}
	for _, o := range c.Objects {
		if o.Kind != "Prometheus" || o.Group() != monitoringGroup || o.Node == nil {
			continue
		}
		var p prometheusSpec
		if o.Node.Decode(&p) != nil {
			continue
		}
		s.readers = append(s.readers, reader{
			object: o, namespace: o.Namespace, account: cmp.Or(p.Spec.ServiceAccountName, "default"), retention: p.Spec.Retention, interval: p.Spec.ScrapeInterval,
			selectors: map[string]*manifest.Selector{"ServiceMonitor": p.Spec.ServiceMonitorSelector, "PodMonitor": p.Spec.PodMonitorSelector,
				"PrometheusRule": p.Spec.RuleSelector, "Probe": p.Spec.ProbeSelector, "ScrapeConfig": p.Spec.ScrapeConfigSelector},
			namespaces: map[string]*manifest.Selector{"ServiceMonitor": p.Spec.ServiceMonitorNamespaceSelector, "PodMonitor": p.Spec.PodMonitorNamespaceSelector,
				"PrometheusRule": p.Spec.RuleNamespaceSelector, "Probe": p.Spec.ProbeNamespaceSelector, "ScrapeConfig": p.Spec.ScrapeConfigNamespaceSelector},
		})
	}
	if len(s.readers) > 0 || c.Model == nil {
		return s
	}
	m := c.Model.Spec.Monitoring
	r := reader{namespace: m.Namespace, account: m.ServiceAccount, whole: m.SelectorLabels["release"] != "",
		selectors: map[string]*manifest.Selector{}, namespaces: map[string]*manifest.Selector{}}
	for kind := range selectable {
		r.selectors[kind] = &manifest.Selector{MatchLabels: m.SelectorLabels}
		r.namespaces[kind] = &manifest.Selector{} // the charts' Prometheus looks into all
	}
	s.readers = append(s.readers, r)
	return s
}

// takes reports whether a Prometheus takes an object in, and if not, whether
// that is for its namespace.
func (s *scraping) takes(r reader, o *manifest.Object) (takes, namespace bool) {
	if n := r.namespaces[o.Kind]; n == nil {
		if o.Namespace != r.namespace {
			return false, true
		}
	} else if known := s.Namespace(o.Namespace); known != nil && known.Object != nil && !n.Matches(known.Labels) {
		return false, true
	}
	selector := r.selectors[o.Kind]
	return selector != nil && selector.Matches(o.Labels), false
}

func (s *scraping) selected(o *manifest.Object) {
	s.Looked()
	where := false
	for _, r := range s.readers {
		takes, namespace := s.takes(r, o)
		if takes {
			return
		}
		where = where || namespace
	}
	r := s.readers[0]
	field := Field("metadata", "labels")
	switch {
	case where:
		s.Report(o, Field("metadata", "namespace"), "move it into namespace "+r.namespace+", or let Prometheus look into "+o.Namespace,
			"Prometheus of namespace %s does not look into namespace %s for a %s", r.namespace, o.Namespace, o.Kind)
	case r.selectors[o.Kind] == nil:
		f := s.Report(o, nil, fmt.Sprintf("write %sSelector: {} in %s", selectable[o.Kind], r.object.Ref()), "%s has no %sSelector, so it takes no %s in", r.object.Ref(), selectable[o.Kind], o.Kind)
		f.See(r.object, Field("spec"), "it selects no %s", o.Kind)
	default:
		if key := firstMissing(r.selectors[o.Kind].MatchLabels, o.Labels); key != "" && o.Labels[key] != "" {
			field = append(field, key)
		}
		s.Report(o, field, "write metadata: {labels: "+flowLabels(r.selectors[o.Kind].MatchLabels)+"}", "Prometheus selects a %s by %s, and this one has %s",
			o.Kind, selectorText(*r.selectors[o.Kind]), labelsText(o.Labels))
	}
}

func firstMissing(want, have map[string]string) string {
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if have[k] != want[k] {
			return k
		}
	}
	return ""
}

// discovery is what Prometheus reads to find its targets (Prometheus Operator,
// "RBAC"); Endpoints may be read as EndpointSlices.
var discovery = []struct{ group, resource string }{{"", "services"}, {"", "endpoints"}, {"", "pods"}}

var reading = []string{"get", "list", "watch"}

// access holds the Roles and bindings that are about discovery against the
// accounts that Prometheus runs under.
func (s *scraping) access() {
	roles := map[string]inventory.Item[manifest.Role]{}
	for _, r := range inventory.All[manifest.Role](s.Inventory) {
		roles[r.Namespace+"/"+r.Name] = r
	}
	granted := map[string]bool{}
	tried := map[string]bool{}
	for _, b := range inventory.All[manifest.RoleBinding](s.Inventory) {
		role, known := roles[b.Namespace+"/"+b.V.RoleRef.Name]
		known = known && b.V.RoleRef.Kind == "Role"
		ours := slices.ContainsFunc(s.readers, func(r reader) bool { return binds(b, r) })
		switch {
		case ours && !known && b.V.RoleRef.Kind == "Role":
			s.Looked()
			tried[b.Namespace] = true
			s.Report(b.Object, Field("roleRef", "name"), "name a Role that is there, or write it", "it binds Prometheus to Role %s, which is not there", b.V.RoleRef.Name)
		case ours && !known:
			granted[b.Namespace] = true // a ClusterRole, which is not given
		case ours:
			s.Looked()
			tried[b.Namespace] = true
			if lacks := lacking(role.V.Rules); lacks != "" {
				s.Report(role.Object, Field("rules"), "allow get, list and watch of services, endpoints and pods", "Prometheus is not allowed to %s, so it finds no target in namespace %s", lacks, b.Namespace)
			} else {
				granted[b.Namespace] = true
			}
		case known && lacking(role.V.Rules) == "" && s.meant(b):
			s.Looked()
			tried[b.Namespace] = true
			r := s.readers[0]
			s.Report(b.Object, Field("subjects"), fmt.Sprintf("write subjects: [{kind: ServiceAccount, name: %s, namespace: %s}]", r.account, r.namespace),
				"it is not for the account under which Prometheus runs, %s of namespace %s", r.account, r.namespace)
		}
	}
	for _, n := range s.Namespaces {
		if granted[n.Name] || tried[n.Name] || !s.HasPods(n.Name) || !s.scrapes(n.Name) {
			continue
		}
		s.withoutAccess(n.Name)
	}
}

func (s *scraping) scrapes(namespace string) bool {
	return slices.ContainsFunc(inventory.All[manifest.Monitor](s.Inventory), func(m inventory.Item[manifest.Monitor]) bool {
		return slices.Contains(m.V.Spec.NamespaceSelector.MatchNames, namespace)
	})
}

// withoutAccess says that nothing lets Prometheus find targets in a namespace,
// where that is sure: whoever installed it may have granted the whole cluster.
func (s *scraping) withoutAccess(namespace string) {
	r := s.readers[0]
	if r.whole {
		s.Looked()
		return
	}
	if r.object != nil {
		s.Skip("namespace "+namespace, "what the account of %s may read in the whole cluster is not given", r.object.Ref())
		return
	}
	for _, m := range inventory.All[manifest.Monitor](s.Inventory) {
		if slices.Contains(m.V.Spec.NamespaceSelector.MatchNames, namespace) {
			s.Looked()
			s.Report(m.Object, Field("spec", "namespaceSelector"), fmt.Sprintf("write a Role in namespace %s that allows get, list and watch of services, endpoints and pods, and bind it to ServiceAccount %s of namespace %s", namespace, r.account, r.namespace),
				"nothing allows Prometheus to find targets in namespace %s", namespace)
			return
		}
	}
}

// binds reports whether a binding is for the account of a Prometheus.
func binds(b inventory.Item[manifest.RoleBinding], r reader) bool {
	return slices.ContainsFunc(b.V.Subjects, func(s manifest.Subject) bool {
		return s.Kind == "ServiceAccount" && s.Name == r.account && cmp.Or(s.Namespace, b.Namespace) == r.namespace
	})
}

// meant reports whether a binding is for some Prometheus: it binds an account
// in a namespace of one.
func (s *scraping) meant(b inventory.Item[manifest.RoleBinding]) bool {
	return slices.ContainsFunc(b.V.Subjects, func(subject manifest.Subject) bool {
		return slices.ContainsFunc(s.readers, func(r reader) bool { return subject.Namespace == r.namespace || subject.Name == r.account })
	})
}

// lacking is what of discovery rules do not allow, "" where they allow all.
func lacking(rules []manifest.PolicyRule) string {
	allows := func(group, resource, verb string) bool {
		return slices.ContainsFunc(rules, func(p manifest.PolicyRule) bool {
			has := func(list []string, word string) bool {
				return slices.Contains(list, word) || slices.Contains(list, "*")
			}
			return has(p.APIGroups, group) && has(p.Resources, resource) && has(p.Verbs, verb) && len(p.ResourceNames) == 0
		})
	}
	for _, d := range discovery {
		for _, verb := range reading {
			slices := d.resource == "endpoints" && allows("discovery.k8s.io", "endpointslices", verb)
			if !slices && !allows(d.group, d.resource, verb) {
				return verb + " " + d.resource
			}
		}
	}
	return ""
}
