package report_test

import (
	"fmt"
	"testing"

	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/report"
)

// chain is a page on n services, each of which calls the next two and has a
// policy and a finding.
func chain(n int) *report.Page {
	g := &graph.Graph{}
	p := &report.Page{Title: "chain", Graph: g}
	name := func(i int) string { return fmt.Sprintf("shop/service-%d", i%n) }
	for i := range n {
		g.Nodes = append(g.Nodes, graph.Node{ID: name(i), Group: "shop"})
		g.Edges = append(g.Edges,
			graph.Edge{From: name(i), To: name(i + 1), Labels: []string{"8080/TCP"}},
			graph.Edge{From: name(i), To: name(i + 2), Labels: []string{"8080/TCP"}})
		p.Parties = append(p.Parties, report.Party{ID: name(i), Ports: []string{"http 80 → 8080/TCP"}, Policies: []report.Policy{{Name: "NetworkPolicy " + name(i), Place: "networking.yaml:1"}}})
		p.Findings = append(p.Findings, report.Finding{Rule: "NP01", Severity: report.Warning, Message: "nobody selects it", Nodes: []string{name(i)}})
	}
	return p
}

// TestPageGrowsInAStraightLine counts what is allocated and what is written. The
// table of all pairs is a square up to its bound, and so the two sizes are above
// it: ten times the services are at most twelve times as much.
func TestPageGrowsInAStraightLine(t *testing.T) {
	measure := func(n int) (allocations float64, size int) {
		p := chain(n)
		allocations = testing.AllocsPerRun(1, func() {
			out, err := p.HTML()
			if err != nil {
				t.Fatal(err)
			}
			size = len(out)
		})
		return allocations, size
	}
	few, short := measure(210)
	many, long := measure(2_100)
	t.Logf("%.0f and %.0f allocations, %d and %d bytes", few, many, short, long)
	if many > 12*few || long > 12*short {
		t.Error("ten times the services are more than twelve times the work")
	}
}

// BenchmarkHTML makes pages.
func BenchmarkHTML(b *testing.B) {
	for _, n := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			p := chain(n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := p.HTML(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
