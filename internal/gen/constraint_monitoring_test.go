package gen_test

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

var monitoringConstraints = []constraint{
	{"K26", "each monitor selects something and its port exists; each metrics port is scraped once", checkMonitors},
	{"K27", "Prometheus selects each monitor and rule, and may read the namespace", checkSelected},
	{"K29", "each series of a rule comes from a component that is scraped", checkSeries},
	{"K30", "label values in rules are the model's", checkRuleLabels},
	{"K31", "no rule looks back further than the retention", checkRetention},
	{"A1", "each alert has its labels, annotations and a duration", checkAlerts},
	{"A2", "what should be alerted on is", checkCoverage},
}

func checkMonitors(w *world) {
	for _, m := range all[manifest.Monitor](w) {
		here := slices.Contains(m.v.Spec.NamespaceSelector.MatchNames, w.s.Namespace)
		if m.v.Spec.NamespaceSelector.Any {
			w.at(m.Object, "selects in every namespace")
		}
		if len(m.v.Scrapes()) == 0 {
			w.at(m.Object, "has no endpoint")
		}
		if !here || w.forProxies(m) {
			continue
		}
		if !slices.ContainsFunc(w.scrapes(), func(s scrape) bool { return s.monitor == m.Object }) {
			w.at(m.Object, "selects no port of the model")
		}
	}
	for _, p := range w.pods {
		times := map[int]int{}
		for _, s := range w.scrapes() {
			if s.pod != p {
				continue
			}
			times[s.port]++
			if m := p.service.Metrics; m != nil && s.port == int(m.Port) && s.path != m.Path {
				w.at(s.monitor, "scrapes %s of %s, want %s", s.path, p.service.Name, m.Path)
			}
		}
		want := map[int]bool{}
		if p.service.Metrics != nil {
			want[int(p.service.Metrics.Port)] = true
		}
		if w.sidecar() {
			want[15090] = true
		}
		for port := range want {
			if times[port] != 1 {
				w.model(p.service, "port %d is scraped %d times, want once", port, times[port])
			}
		}
		for port := range times {
			if !want[port] {
				w.model(p.service, "port %d is scraped, and is no metrics port", port)
			}
		}
	}
}

// forProxies reports whether a monitor is for pods that are not the model's:
// waypoints, gateways, ztunnel, the front door.
func (w *world) forProxies(m item[manifest.Monitor]) bool {
	for key := range m.v.Spec.Selector.MatchLabels {
		if strings.HasPrefix(key, "gateway.") {
			return true
		}
	}
	return slices.ContainsFunc(m.v.Spec.Selector.MatchExpressions, func(r manifest.Requirement) bool { return strings.HasPrefix(r.Key, "gateway.") })
}

func checkSelected(w *world) {
	mon := w.s.Monitoring
	for _, o := range w.objects {
		if o.Group() != "monitoring.coreos.com" {
			continue
		}
		if !(manifest.Selector{MatchLabels: mon.SelectorLabels}).Matches(o.Labels) {
			w.at(o, "labels %v do not satisfy Prometheus's selector %v", o.Labels, mon.SelectorLabels)
		}
		if o.Namespace != mon.Namespace {
			w.at(o, "is in namespace %s, where Prometheus does not look; want %s", o.Namespace, mon.Namespace)
		}
	}
	scraped := map[string]bool{}
	for _, m := range all[manifest.Monitor](w) {
		for _, ns := range m.v.Spec.NamespaceSelector.MatchNames {
			if ns == w.s.Namespace {
				scraped[ns] = true
			}
		}
	}
	for ns := range scraped {
		w.checkRBAC(ns)
	}
}

func (w *world) checkRBAC(ns string) {
	for _, b := range all[manifest.RoleBinding](w) {
		if b.Namespace != ns || b.v.RoleRef.Kind != "Role" {
			continue
		}
		bound := slices.ContainsFunc(b.v.Subjects, func(s manifest.Subject) bool {
			return s.Kind == "ServiceAccount" && s.Namespace == w.s.Monitoring.Namespace && s.Name == w.s.Monitoring.ServiceAccount
		})
		for _, r := range all[manifest.Role](w) {
			if !bound || r.Namespace != ns || r.Name != b.v.RoleRef.Name {
				continue
			}
			missing := false
			for _, resource := range []string{"services", "endpoints", "pods"} {
				for _, verb := range []string{"get", "list", "watch"} {
					if !slices.ContainsFunc(r.v.Rules, func(p manifest.PolicyRule) bool {
						return slices.Contains(p.APIGroups, "") && slices.Contains(p.Resources, resource) && slices.Contains(p.Verbs, verb)
					}) {
						w.at(r.Object, "does not let Prometheus %s %s", verb, resource)
						missing = true
					}
				}
			}
			for _, p := range r.v.Rules {
				if slices.Contains(p.Resources, "*") || slices.Contains(p.Verbs, "*") || slices.Contains(p.Resources, "secrets") {
					w.at(r.Object, "grants more than reading targets")
				}
			}
			if !missing {
				return
			}
		}
	}
	w.fault("-", "RoleBinding", "nothing lets %s/%s read namespace %s", w.s.Monitoring.Namespace, w.s.Monitoring.ServiceAccount, ns)
}
