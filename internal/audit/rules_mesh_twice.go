package audit

import (
	"fmt"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var virtualServiceTwice = &Rule{
	ID: "SM05", Severity: diag.Warning,
	Title:       "Two VirtualServices or routes are for one host in the mesh",
	Items:       []string{"C2"},
	Constraints: []string{"K15"},
	Reads:       []Need{NeedsMesh},
	Doc: `For calls inside the mesh Istio takes one VirtualService a host, and which of two it takes is not defined (analysis message IST0109); at a
gateway it merges them. Two count as two where some namespace sees both, by ` + "`exportTo`" + `. Likewise two routes of the Gateway API, in one namespace, that
both take every request to the same port of a Service: the older one gets them, and the other none.

Write one object for the host, with one entry for each case. The host is compared by what it stands for, so that ` + "`api`" + ` and
` + "`api.shop.svc.cluster.local`" + ` are one in namespace shop.`,
	check: func(c *Check) {
		m := c.mesh()
		first := map[string][]virtualService{}
		for _, v := range inventory.All[manifest.VirtualService](c.Inventory) {
			if !forMesh(v.V) {
				continue
			}
			seen := map[string]bool{}
			for i, host := range v.V.Spec.Hosts {
				h := m.host(host, v.Namespace)
				if seen[h.key] {
					continue
				}
				seen[h.key] = true
				c.Looked()
				for _, o := range first[h.key] {
					if exportsMeet(exportsOf(o.V.Spec.ExportTo, o.Namespace), exportsOf(v.V.Spec.ExportTo, v.Namespace)) {
						c.Report(v.Object, Field("spec", "hosts", i), "write the routes of both in one VirtualService",
							"%s has a VirtualService already, %s: Istio takes one of them, and does not say which", m.full(h), o.Ref()).
							See(o.Object, Field("spec", "hosts"), "is for the same host")
						break
					}
				}
				first[h.key] = append(first[h.key], v)
			}
		}
		m.routesTwice()
	},
}

// routesTwice looks for routes that take every request to one port of a Service.
func (m *mesh) routesTwice() {
	first := map[string]inventory.Item[manifest.Route]{}
	for _, r := range inventory.All[manifest.Route](m.Inventory) {
		for i, p := range r.V.Spec.ParentRefs {
			if !p.Service() {
				continue
			}
			m.Looked()
			if !takesAll(r.V) {
				continue
			}
			namespace := p.Namespace
			if namespace == "" {
				namespace = r.Namespace
			}
			// A route in another namespace than its Service is for that namespace's own calls.
			key := fmt.Sprintf("%s %s:%d", r.Namespace, serviceKey(namespace, p.Name), p.Port)
			o, known := first[key]
			if !known {
				first[key] = r
				continue
			}
			m.Report(r.Object, Field("spec", "parentRefs", i), "write the rules of both in one route, or give the rules matches",
				"%s takes every request to Service %s already: the older of the two gets them, and the other none", o.Ref(), p.Name).
				See(o.Object, Field("spec", "parentRefs"), "hangs on the same Service")
		}
	}
}

// takesAll reports whether a rule of the route has no condition.
func takesAll(r *manifest.Route) bool {
	for _, rule := range r.Spec.Rules {
		if len(rule.Matches) == 0 {
			return true
		}
		for _, match := range rule.Matches {
			if match.Method == nil && len(match.Headers) == 0 && (match.Path == nil || match.Path.Value == "/" && match.Path.Type != "Exact") {
				return true
			}
		}
	}
	return false
}

var destinationRuleTwice = &Rule{
	ID: "SM06", Severity: diag.Warning,
	Title:       "Several DestinationRules are for one host",
	Items:       []string{"C8"},
	Constraints: []string{"K15"},
	Reads:       []Need{NeedsMesh},
	Doc: `Of two DestinationRules for one host, Istio keeps the traffic policy of the older one and adds the subsets of the other (istio.io/istio,
pilot/pkg/model, mergeDestinationRule): the second one's circuit breaker and TLS settings are dropped without a word, and of two
subsets of one name the second is dropped. Subsets and traffic policy belong in **one** object. Two rules that no namespace sees both
of, by ` + "`exportTo`" + `, rules with a ` + "`workloadSelector`" + `, and rules in different namespaces, which a caller's namespace may have for
itself, are left alone.

Merge them into one.`,
	check: func(c *Check) {
		m := c.mesh()
		first := map[string][]destinationRule{}
		for _, d := range inventory.All[manifest.DestinationRule](c.Inventory) {
			if d.Has("spec", "workloadSelector") || d.V.Spec.Host == "" {
				continue
			}
			c.Looked()
			key := d.Namespace + " " + m.host(d.V.Spec.Host, d.Namespace).key
			for _, o := range first[key] {
				if exportsMeet(exportsOf(o.V.Spec.ExportTo, o.Namespace), exportsOf(d.V.Spec.ExportTo, d.Namespace)) {
					c.Report(d.Object, Field("spec", "host"), "write subsets and trafficPolicy of both in one DestinationRule",
						"%s has a DestinationRule already, %s: %s", m.full(m.host(d.V.Spec.Host, d.Namespace)), o.Ref(), dropped(o.V, d.V)).
						See(o.Object, Field("spec", "host"), "is for the same host")
					break
				}
			}
			first[key] = append(first[key], d)
		}
	},
}

// dropped says what becomes of the second rule for a host.
func dropped(a, b *manifest.DestinationRule) string {
	var twice []string
	for _, s := range a.Spec.Subsets {
		for _, o := range b.Spec.Subsets {
			if s.Name == o.Name {
				twice = append(twice, s.Name)
			}
		}
	}
	var out []string
	if a.Spec.TrafficPolicy != nil && b.Spec.TrafficPolicy != nil {
		out = append(out, "Istio drops the younger one's trafficPolicy")
	}
	if len(twice) > 0 {
		out = append(out, "of the two subsets "+some(twice)+" it keeps one")
	}
	if len(out) == 0 {
		return "what the younger one says holds only as far as the older is silent"
	}
	return strings.Join(out, ", and ")
}
