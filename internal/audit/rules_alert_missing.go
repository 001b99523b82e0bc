package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/promql"
	"kgen.dev/kgen/internal/spec"
)

var alertMissing = &Rule{
	ID: "AL04", Severity: diag.Warning,
	Title:       "Something that should be alerted on is not",
	Items:       []string{"C6", "P5"},
	Constraints: []string{"K29"},
	Reads:       []Need{NeedsModel},
	Doc: `What kgen.yaml says of the application is held against the alerts: a service with ports has some alert that names it in its label
` + "`service`" + `; a service with ` + "`metrics`" + ` has one on ` + "`up`" + `, which tells when they are gone; an objective for availability has one on the share of errors, one for
latency one on the duration; a canary under way has one that compares its versions; each certificate that cert-manager issues has one that
fires before it expires. Objectives and canaries are checked where the mesh tells of requests: in sidecars, or with a waypoint.

Write the alert; ` + "`kgen generate`" + ` writes all of these.`,
	check: func(c *Check) {
		a := &alerts{Check: c, byService: map[string][]*promRule{}}
		for _, r := range c.rules() {
			if r.Alert != "" && r.expr != nil {
				a.list = append(a.list, r)
				a.byService[r.labels["service"]] = append(a.byService[r.labels["service"]], r)
			}
		}
		if len(inventory.All[manifest.PrometheusRule](c.Inventory)) == 0 {
			c.Skip("", "no rule of Prometheus is given")
			return
		}
		for i := range c.Model.Spec.Services {
			a.hold(fmt.Sprintf("services[%d]", i), &c.Model.Spec.Services[i])
		}
		a.certificates()
	},
}

type alerts struct {
	*Check
	list      []*promRule
	byService map[string][]*promRule
	callees   map[string]bool // services that somebody in the application calls
}

// about reports whether an alert of a service reads a series that fits.
func (a *alerts) about(s *spec.Service, fits func(*promql.Node) bool) bool {
	return slices.ContainsFunc(a.byService[s.Name], func(r *promRule) bool { return slices.ContainsFunc(r.selectors(), fits) })
}

func (a *alerts) hold(at string, s *spec.Service) {
	if len(s.Ports) == 0 && s.Metrics == nil {
		return
	}
	a.Looked()
	if len(a.byService[s.Name]) == 0 {
		a.ReportModel(at, "write alerts with the labels service: "+s.Name+" and namespace: "+a.Model.Spec.Namespace+"; kgen generate does", "no alert is about %s", s.Name)
		return
	}
	lacks := func(path, what string) {
		a.ReportModel(at+path, "write the alert; kgen generate does", "%s has no alert %s", s.Name, what)
	}
	if s.Metrics != nil && !a.about(s, func(n *promql.Node) bool { return n.Selector.Name == "up" }) {
		lacks(".metrics", "on up, which would tell that its metrics are gone")
	}
	if len(s.Ports) > 0 && !a.about(s, func(n *promql.Node) bool { return strings.HasPrefix(n.Selector.Name, "kube_") }) {
		lacks("", "that would tell that no pod stands behind it, on kube_endpoint_address")
	}
	if !a.told(s) {
		return
	}
	if s.SLO != nil && s.SLO.Availability != 0 && !a.about(s, errorsOf) {
		lacks(".slo.availability", "on its share of errors")
	}
	if s.SLO != nil && s.SLO.Latency != nil && !a.about(s, durationOf) {
		lacks(".slo.latency", "on how long it takes")
	}
	if s.Canary != nil && !s.Canary.Pinned() && !s.Canary.Owned() && !a.compares(s) {
		lacks(".canary", "that compares "+s.Canary.Version+" with "+s.Canary.Stable)
	}
}

// errorsOf and durationOf: series of errors and of durations, or of recording
// rules that are named after them.
func errorsOf(n *promql.Node) bool {
	name := n.Selector.Name
	if strings.Contains(name, ":") {
		return strings.Contains(name, "error")
	}
	return slices.ContainsFunc(n.Selector.Matchers, func(m promql.Matcher) bool {
		return m.Label == "response_code" || m.Label == "grpc_response_status" || m.Label == "code" || m.Label == "status"
	})
}

func durationOf(n *promql.Node) bool {
	return strings.Contains(n.Selector.Name, "duration") || strings.Contains(n.Selector.Name, "latency")
}

// compares reports whether one alert of a service asks for both of its versions.
func (a *alerts) compares(s *spec.Service) bool {
	return slices.ContainsFunc(a.byService[s.Name], func(r *promRule) bool {
		asks := func(version string) bool {
			return slices.ContainsFunc(r.selectors(), func(n *promql.Node) bool {
				return slices.ContainsFunc(n.Selector.Matchers, func(m promql.Matcher) bool {
					return (strings.HasSuffix(m.Label, "version") || strings.HasSuffix(m.Label, "revision") || strings.HasSuffix(m.Label, "service_name")) &&
						(m.Value == version || strings.HasSuffix(m.Value, "-"+version))
				})
			})
		}
		return asks(s.Canary.Version) && asks(s.Canary.Stable)
	})
}

// told reports whether the mesh tells of requests to a service: somebody calls
// it over HTTP, and a proxy sees that.
func (a *alerts) told(s *spec.Service) bool {
	mesh, in := a.Model.Spec.Mesh, a.Model.Spec.Ingress
	if mesh.Provider != spec.Istio || !slices.ContainsFunc(s.Ports, func(p spec.Port) bool { return p.Protocol.IsHTTP() }) {
		return false
	}
	object := a.Service(a.Model.Spec.Namespace, s.Name)
	if mesh.Mode == spec.Ambient && (object == nil || a.Waypoint(object) == nil) {
		return false
	}
	if a.callees == nil {
		a.callees = map[string]bool{}
		for _, d := range a.Declared() {
			if slices.ContainsFunc(d.Ports, func(p spec.Port) bool { return p.Protocol.IsHTTP() }) {
				a.callees[d.To.Name] = true
			}
		}
	}
	class := spec.Class{}
	if in != nil {
		class, _ = spec.ClassOf(in.Class)
	}
	exposed := in != nil && s.Exposed() && (class.InMesh || mesh.Mode == spec.Sidecar)
	outside := slices.ContainsFunc(s.Callers, func(caller spec.Caller) bool {
		return slices.ContainsFunc(s.PortsFor(caller.Port), func(p spec.Port) bool { return p.Protocol.IsHTTP() })
	})
	return a.callees[s.Name] || exposed || outside
}

// certificates asks of each certificate that cert-manager issues for an alert.
func (a *alerts) certificates() {
	type certificate struct {
		object *manifest.Object
		field  []any
		name   string
	}
	var all []certificate
	seen := map[string]bool{}
	add := func(o *manifest.Object, name string, field ...any) {
		if key := o.Namespace + "/" + name; name != "" && !seen[key] {
			seen[key] = true
			all = append(all, certificate{o, field, name})
		}
	}
	for _, o := range inventory.All[manifest.Certificate](a.Inventory) {
		if !slices.ContainsFunc(o.V.Spec.DNSNames, func(string) bool { return true }) {
			continue // a CA, whose life is another's to watch
		}
		add(o.Object, o.Name, "metadata", "name")
	}
	for _, o := range inventory.All[manifest.Ingress](a.Inventory) {
		if o.Annotations["cert-manager.io/cluster-issuer"]+o.Annotations["cert-manager.io/issuer"] == "" {
			continue
		}
		for i, t := range o.V.Spec.TLS {
			add(o.Object, t.SecretName, "spec", "tls", i, "secretName") // cert-manager names the Certificate so
		}
	}
	named, others := a.expiries()
	for _, one := range all {
		a.Looked()
		covers := func(s *promql.Selector) bool { return covers(s, one.object.Namespace, one.name) }
		if !slices.ContainsFunc(named[one.name], covers) && !slices.ContainsFunc(others, covers) {
			a.Report(one.object, one.field, fmt.Sprintf("write an alert on certmanager_certificate_expiration_timestamp_seconds{exported_namespace=%q,name=%q} - time() < 14 * 86400", one.object.Namespace, one.name),
				"no alert tells that the certificate %s expires", one.name)
		}
	}
}

// expiries are the selectors of alerts that select when certificates expire:
// those that name one by its name, and the others.
func (a *alerts) expiries() (named map[string][]*promql.Selector, others []*promql.Selector) {
	named = map[string][]*promql.Selector{}
	for _, r := range a.list {
		for _, n := range r.selectors() {
			if n.Selector.Name != "certmanager_certificate_expiration_timestamp_seconds" {
				continue
			}
			i := slices.IndexFunc(n.Selector.Matchers, func(m promql.Matcher) bool { return m.Label == "name" && m.Op == "=" })
			if i < 0 {
				others = append(others, n.Selector)
			} else {
				named[n.Selector.Matchers[i].Value] = append(named[n.Selector.Matchers[i].Value], n.Selector)
			}
		}
	}
	return named, others
}

// covers reports whether a selector of expiries selects a certificate's.
func covers(s *promql.Selector, namespace, name string) bool {
	for _, m := range s.Matchers {
		if m.Label == "name" && !m.Matches(name) || m.Label == "exported_namespace" && !m.Matches(namespace) {
			return false
		}
	}
	return true
}
