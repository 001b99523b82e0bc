package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

var subsetUndefined = &Rule{
	ID: "SM01", Severity: diag.Error,
	Title:       "A route leads to a subset that no DestinationRule defines",
	Items:       []string{"C2"},
	Constraints: []string{"K11"},
	Reads:       []Need{NeedsMesh},
	Doc: `Each subset that a VirtualService names as a destination has to be one of the subsets of a DestinationRule for the same host. Istio makes one
cluster for each subset, and a route to a cluster that does not exist answers 503 (Istio, "DestinationRule": subsets; analysis message
IST0101). Hosts are compared by what they stand for: ` + "`api`" + ` and ` + "`api.shop.svc.cluster.local`" + ` are one in namespace shop.

Define the subset in the host's one DestinationRule, by the label that tells the pods apart, and apply that before the route. Where the
host is of a namespace of which nothing is given, the subset is not checked.`,
	check: func(c *Check) {
		m := c.mesh()
		type key struct {
			route        *manifest.Object
			host, subset string
		}
		said := map[key]bool{}
		for _, r := range m.virtualRoutes() {
			for i, d := range r.Route {
				h, subset := m.host(d.Destination.Host, r.Namespace), d.Destination.Subset
				if subset == "" || said[key{r.Object, h.key, subset}] {
					continue
				}
				rules := m.rulesFor(h, r.Namespace)
				if m.presence(h) == unknownHost && len(rules) == 0 {
					c.Skip(fmt.Sprintf("subset %s of %s", subset, m.full(h)), "nothing of that host is given")
					continue
				}
				if m.presence(h) == absentHost || h.partial {
					continue // rule SM03 says so
				}
				c.Looked()
				names := subsetNames(rules)
				if slices.Contains(names, subset) {
					continue
				}
				said[key{r.Object, h.key, subset}] = true
				m.reportSubset(r, i, h, subset, rules, names)
			}
		}
	},
}

// rulesFor are the DestinationRules for a host that proxies of a namespace see.
func (m *mesh) rulesFor(h meshHost, namespace string) []destinationRule {
	var out []destinationRule
	for _, d := range m.rules[h.key] {
		if exportsMeet(exportsOf(d.V.Spec.ExportTo, d.Namespace), []string{namespace}) {
			out = append(out, d)
		}
	}
	return out
}

func subsetNames(rules []destinationRule) []string {
	var out []string
	for _, d := range rules {
		for _, s := range d.V.Spec.Subsets {
			out = append(out, s.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (m *mesh) reportSubset(r virtualRoute, i int, h meshHost, subset string, rules []destinationRule, names []string) {
	field := r.at("route", i, "destination", "subset")
	if len(rules) == 0 {
		fix := fmt.Sprintf("write a DestinationRule: {host: %s, subsets: [{name: %s, labels: {version: %s}}]}", m.full(h), subset, subset)
		m.Report(r.Object, field, fix, "subset %s of %s is defined nowhere, as no DestinationRule is for that host: requests that are routed there get 503", subset, m.full(h))
		return
	}
	fix := fmt.Sprintf("add {name: %s, labels: {version: %s}} to its subsets", subset, subset)
	if near := diag.Nearest(subset, names); near != "" {
		fix = fmt.Sprintf("did you mean %s? Otherwise %s", near, fix)
	}
	defined := "defines none"
	if len(names) > 0 {
		defined = "defines " + some(names)
	}
	d := rules[0]
	m.Report(r.Object, field, fix, "subset %s of %s is not defined: %s %s, and requests that are routed there get 503", subset, m.full(h), d.Ref(), defined).
		See(d.Object, Field("spec", "subsets"), "it %s", defined)
}

var subsetSelectsNothing = &Rule{
	ID: "SM02", Severity: diag.Error,
	Title:       "A subset selects no pod",
	Items:       []string{"C2"},
	Constraints: []string{"K12"},
	Reads:       []Need{NeedsMesh, NeedsPods},
	Doc: `A subset's labels are held against the pods that its host's Service selects, together with the Service's own selector: the pod templates that
are given, or those that kgen.yaml stands in for. A subset without a pod is a cluster without an endpoint, and what is routed there gets
503 (Istio, "DestinationRule": Subset; live analysis IST0173). The same goes for two subsets that select the same pods where kgen.yaml
splits traffic between two versions: the split is none.

Put the label (` + "`version: v2`" + `) on the pod template, not on the Deployment, or correct the subset. A Service whose selector selects nothing at
all is rule SV01's. The hash by which Argo Rollouts tells pods apart is the controller's to write, and not looked at.`,
	check: func(c *Check) {
		m := c.mesh()
		for _, d := range inventory.All[manifest.DestinationRule](c.Inventory) {
			if len(d.V.Spec.Subsets) == 0 {
				continue
			}
			h := m.host(d.V.Spec.Host, d.Namespace)
			if !h.InCluster {
				c.Skip(d.Ref(), "the pods behind %s are not in the cluster's own Services", d.V.Spec.Host)
				continue
			}
			pods := m.pods(h)
			if len(pods) == 0 {
				c.Skip(d.Ref(), "no pods of %s are known", m.full(h))
				continue
			}
			m.checkSubsets(d, h, pods)
		}
	},
}

// rolloutsHash is the label by which Argo Rollouts tells the two versions apart.
const rolloutsHash = "rollouts-pod-template-hash"

func (m *mesh) checkSubsets(d destinationRule, h meshHost, pods []*inventory.Workload) {
	same := map[string]string{} // the pods of a subset, to its name
	for i, s := range d.V.Spec.Subsets {
		m.Looked()
		labels := maps.Clone(s.Labels)
		delete(labels, rolloutsHash)
		selected := selectedBy(pods, labels)
		if len(selected) == 0 {
			m.Report(d.Object, Field("spec", "subsets", i, "labels"), m.subsetFix(pods, s),
				"subset %s (%s) selects none of the pods of %s: requests that are routed there get 503", s.Name, selectorText(manifest.Selector{MatchLabels: labels}), m.full(h))
			continue
		}
		if !splits(pods) {
			continue
		}
		text := m.podText(selected)
		if other, known := same[text]; known {
			m.Report(d.Object, Field("spec", "subsets", i), fmt.Sprintf("tell the versions apart: {name: %s, labels: {version: %s}}", s.Name, s.Name),
				"subsets %s and %s of %s select the same pods, so that a split between them is none", other, s.Name, m.full(h))
			continue
		}
		same[text] = s.Name
	}
}

func selectedBy(pods []*inventory.Workload, labels map[string]string) []*inventory.Workload {
	var out []*inventory.Workload
	for _, w := range pods {
		if (manifest.Selector{MatchLabels: labels}).Matches(w.Labels) {
			out = append(out, w)
		}
	}
	return out
}

// splits reports whether the model splits traffic between versions of these pods
// by their labels.
func splits(pods []*inventory.Workload) bool {
	s := pods[0].Service
	return s != nil && s.Canary != nil && s.Canary.Owner != spec.RolloutsOwner && s.Canary.Owner != spec.FlaggerOwner && !s.Canary.Pinned()
}

func (m *mesh) podText(pods []*inventory.Workload) string {
	var out []string
	for _, w := range pods {
		out = append(out, w.Text())
	}
	slices.Sort(out)
	return strings.Join(out, ",")
}

// subsetFix says which values the labels of a subset have on the pods.
func (m *mesh) subsetFix(pods []*inventory.Workload, s manifest.Subset) string {
	for _, key := range slices.Sorted(maps.Keys(s.Labels)) {
		var values []string
		for _, w := range pods {
			if v := w.Labels[key]; v != "" {
				values = append(values, v)
			}
		}
		if slices.Contains(values, s.Labels[key]) {
			continue
		}
		if len(values) == 0 {
			return fmt.Sprintf("the pods have no label %s: add %s: %s to the labels of the pod template", key, key, s.Labels[key])
		}
		return fmt.Sprintf("on the pods %s is %s: write one of these, or put %s: %s on the pod template of the new version", key, some(values), key, s.Labels[key])
	}
	return "put all of these labels on one pod template"
}
