package audit

import (
	"fmt"
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var scrapeBlocked = &Rule{
	ID: "MO04", Severity: diag.Warning,
	Title:       "The mesh refuses the scrape",
	Items:       []string{"C5", "C4"},
	Constraints: []string{"K28"},
	Reads:       []Need{NeedsPods, NeedsMesh},
	Doc: `Prometheus usually runs outside the mesh and speaks plaintext. A port of an application that takes mutual TLS alone refuses it, and so does
an AuthorizationPolicy that names no one who could scrape. Each port that a monitor leads to is asked whether PeerAuthentication and
AuthorizationPolicy let Prometheus through; the proxies' own ports, 15090 and 15020, are not under them (Istio, "Prometheus": integration).

Except the port alone: a PeerAuthentication with a selector and ` + "`portLevelMtls: {\"9090\": {mode: PERMISSIVE}}`" + `, and an ALLOW rule for that
port. An endpoint with ` + "`scheme: https`" + ` and a ` + "`tlsConfig`" + ` that has the mesh's certificates is taken for one that knows.`,
	check: func(c *Check) {
		prometheus := c.Party(inventory.Prometheus)
		targets := c.Targets()
		if prometheus == nil || len(targets) == 0 {
			c.Skip("", "no monitor is given that leads to a pod that is known")
			return
		}
		type refusal struct {
			monitor *manifest.Object
			field   string
			policy  *manifest.Object
		}
		said := map[refusal]bool{}
		for _, t := range targets {
			if t.Pods.HostNetwork || securely(t) || (t.Port.Number == inventory.ProxyMetrics || t.Port.Number == inventory.AgentMetrics) && t.Pods.Mesh != reach.NoMesh {
				c.Looked()
				continue
			}
			c.Looked()
			answer := c.Policies.Explain(reach.MeshPolicy, prometheus.Endpoint(), t.Pods.Endpoint(), t.Port)
			if answer.Answer != reach.Denied {
				continue
			}
			reason := blocking(answer)
			key := refusal{t.Monitor, manifest.PathText(t.Path...), reason.Policy}
			if said[key] {
				continue
			}
			said[key] = true
			c.reportBlocked(t, reason)
		}
	},
}

// securely reports whether a target is scraped with certificates.
func securely(t inventory.Target) bool {
	m, err := manifest.View[manifest.Monitor](t.Monitor)
	if err != nil {
		return false
	}
	i, ok := t.Path[len(t.Path)-1].(int)
	endpoints := m.Scrapes()
	return ok && i < len(endpoints) && endpoints[i].Scheme == "https" && endpoints[i].TLSConfig != nil
}

// blocking is the first reason of the mesh for a denial.
func blocking(e reach.Explanation) reach.Reason {
	for _, route := range e.Routes {
		i := slices.IndexFunc(route.Reasons, func(r reach.Reason) bool { return r.Verdict == reach.Refuses || r.Verdict == reach.Isolates })
		if i >= 0 {
			return route.Reasons[i]
		}
	}
	return reach.Reason{}
}

func (c *Check) reportBlocked(t inventory.Target, reason reach.Reason) {
	labels := ownLabels(t.Pods)
	who := t.Pods.Name
	if t.Pods.Service != nil {
		who = t.Pods.Service.Name
	}
	plaintext := reason.Policy == nil || reason.Policy.Kind == "PeerAuthentication"
	fix := fmt.Sprintf("write a PeerAuthentication with selector: {matchLabels: %s}, mtls: {mode: STRICT}, portLevelMtls: {%q: {mode: PERMISSIVE}}", labels, fmt.Sprint(t.Port.Number))
	what := fmt.Sprintf("%s takes mutual TLS alone on %s, and Prometheus speaks plaintext", who, t.Port.Text())
	if !plaintext {
		fix = fmt.Sprintf("write an AuthorizationPolicy with selector: {matchLabels: %s}, action: ALLOW, rules: [{to: [{operation: {ports: [%q]}}]}]", labels, fmt.Sprint(t.Port.Number))
		what = fmt.Sprintf("no AuthorizationPolicy lets Prometheus through to %s on %s", who, t.Port.Text())
		if reason.Verdict == reach.Refuses {
			fix = "leave the port of the metrics out of the DENY rule: to: [{operation: {notPorts: [\"" + fmt.Sprint(t.Port.Number) + "\"]}}]"
			what = fmt.Sprintf("%s denies Prometheus %s of %s", reason.Policy.Ref(), t.Port.Text(), who)
		}
	}
	f := c.Report(t.Monitor, t.Path, fix, "%s", what)
	if reason.Policy != nil {
		f.Related = append(f.Related, Related{reason.Position(), reason.Text()})
	}
}

// ownLabels select a workload's pods, in flow style.
func ownLabels(w *inventory.Workload) string {
	if w.Service != nil {
		return flowLabels(w.Service.PodLabels)
	}
	for _, key := range []string{"app.kubernetes.io/name", "app"} {
		if v := w.Labels[key]; v != "" {
			return flowLabels(map[string]string{key: v})
		}
	}
	return flowLabels(w.Labels)
}
