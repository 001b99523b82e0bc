// Package reporttest makes pages to try the report on.
package reporttest

import (
	"fmt"
	"slices"

	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/report"
)

// Page is a report on a graph with something in each of its parts: an item of
// the checklist in every state, findings of every kind, a canary for each split.
func Page(g *graph.Graph) *report.Page {
	p := &report.Page{
		Title: g.Title,
		Model: "kgen.yaml and networking/",
		Notes: []string{"NetworkPolicy-only view: a ClusterNetworkPolicy is present and can override what is shown."},
		Graph: g,
	}
	for _, n := range g.Nodes {
		p.Parties = append(p.Parties, report.Party{
			ID:       n.ID,
			Ports:    []string{n.Label + " http 80 → 8080/TCP"},
			Policies: []report.Policy{{Name: "NetworkPolicy " + n.ID, Place: "networking/network-policies/" + n.Label + ".yaml:6"}},
		})
	}
	services, canaries := 0, map[string]bool{}
	for _, n := range g.Nodes {
		if n.Kind == graph.Service || n.Kind == "" {
			services++
		}
	}
	for _, e := range g.Edges {
		switch e.State {
		case graph.Denied:
			p.Findings = append(p.Findings, report.Finding{
				Rule: "NP04", Severity: report.Error, File: "networking/network-policies/api.yaml", Line: 12, Column: 5, Object: "NetworkPolicy " + e.To,
				Message: fmt.Sprintf("%s calls %s, but no ingress rule admits it", e.From, e.To), Fix: "add an ingress rule for " + e.From, Nodes: []string{e.From, e.To},
			})
		case graph.Undeclared:
			p.Findings = append(p.Findings, report.Finding{
				Rule: "NP05", Severity: report.Warning, File: "networking/network-policies/store.yaml", Line: 20, Object: "NetworkPolicy " + e.To,
				Message: fmt.Sprintf("%s may reach %s, which nothing declares", e.From, e.To), Fix: "declare the call in kgen.yaml, or remove the rule", Nodes: []string{e.From, e.To},
			})
		}
		if len(e.Split) > 0 && !canaries[e.To] {
			canaries[e.To] = true
			p.Canaries = append(p.Canaries, report.Canary{Node: e.To, Name: e.To, Shares: e.Split, Note: "Weights are set in the model.", Place: "kgen.yaml:31"})
		}
	}
	p.Findings = append(p.Findings, report.Finding{
		Rule: "SM08", Severity: report.Warning, File: "networking/service-mesh/ads.yaml", Line: 9, Object: "DestinationRule ads",
		Message: "the circuit breaker can never eject", Suppressed: "one replica until the sale is over", Until: "2027-01-31",
	})
	slices.SortStableFunc(p.Canaries, func(a, b report.Canary) int { return len(a.Name) - len(b.Name) })
	open := p.Findings[:len(p.Findings)-1]
	titles := []string{
		"Network policies", "A mesh for complex routing", "Secure ingress", "TLS everywhere", "Network metrics", "Network alerts", "Service types", "Circuit breakers", "Segmentation", "Regular audits",
		"No policies", "Internal services exposed", "Missing TLS", "Poor service discovery", "Inadequate monitoring",
	}
	for i, title := range titles {
		it := report.Item{ID: fmt.Sprintf("C%d", i+1), Title: title, Pitfall: i >= 10, State: report.Satisfied, Passed: []report.Check{{ID: "NP02", Title: "A pod is outside of the default-deny"}, {ID: "NP03", Title: "A pod cannot resolve names"}}}
		if i >= 10 {
			it.ID = fmt.Sprintf("P%d", i-9)
		}
		switch {
		case (i == 0 || i == 8) && len(open) > 0:
			it.State, it.Findings = report.Violated, open[:min(4, len(open))]
		case i == 5:
			it.State, it.Passed, it.Why = report.NotChecked, nil, []string{"no Prometheus rules were given"}
		}
		p.Checklist = append(p.Checklist, it)
	}
	mood := report.Good
	if len(open) > 0 {
		mood = report.Bad
	}
	p.Summary = []report.Number{
		{Label: "services", Value: fmt.Sprint(services)},
		{Label: "connections", Value: fmt.Sprint(len(g.Edges))},
		{Label: "findings", Value: fmt.Sprint(len(open)), State: mood},
		{Label: "checklist items satisfied", Value: "12 of 15", State: report.Poor},
	}
	return p
}
