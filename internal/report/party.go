package report

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/graph"
)

type partySheet struct {
	ID, Label, Group string
	Kind             graph.Kind
	Badges           []string
	Details          []string // the node's own
	Ports            []string
	Callers, Calls   []linkSheet
	Policies         []Policy
	Findings         []findingSheet
}

type linkSheet struct {
	ID, Label, Words string
	State            graph.State // empty if allowed
}

// newParties tells of every node all that the page knows.
func newParties(p *Page, g *graph.Graph, l labels) []partySheet {
	groups := map[string]string{}
	for _, gr := range g.Groups {
		groups[gr.ID] = gr.Label
	}
	sheets := make([]partySheet, len(g.Nodes))
	for i, n := range g.Nodes {
		sheets[i] = partySheet{ID: n.ID, Label: l.of(n.ID), Group: groups[n.Group], Kind: n.Kind, Badges: n.Badges, Details: n.Details}
	}
	for _, e := range g.Edges {
		from, to := l.at[e.From], l.at[e.To]
		words := strings.Join(e.Labels, ", ")
		for _, share := range e.Split {
			words += ", " + newCanary(Canary{Shares: []graph.Share{share}}).Text
		}
		if e.MTLS {
			words += ", mTLS"
		}
		link := linkSheet{Words: strings.TrimPrefix(words, ", "), State: known(e.State)}
		if link.State == graph.Allowed {
			link.State = ""
		}
		out, in := link, link
		out.ID, out.Label = e.To, l.of(e.To)
		in.ID, in.Label = e.From, l.of(e.From)
		sheets[from].Calls = append(sheets[from].Calls, out)
		sheets[to].Callers = append(sheets[to].Callers, in)
	}
	for _, party := range p.Parties {
		if i, ok := l.at[party.ID]; ok {
			sheets[i].Ports = append(sheets[i].Ports, party.Ports...)
			sheets[i].Policies = append(sheets[i].Policies, party.Policies...)
		}
	}
	for _, f := range p.Findings {
		for _, id := range slices.Compact(slices.Sorted(slices.Values(f.Nodes))) {
			if i, ok := l.at[id]; ok {
				sheets[i].Findings = append(sheets[i].Findings, newFinding(f))
			}
		}
	}
	return sheets
}
