package graph_test

import (
	"fmt"
	"testing"

	"kgen.dev/kgen/internal/graph"
)

// chain is n services of one namespace: each calls the next two, is scraped,
// and asks for names.
func chain(n int) *graph.Graph {
	g := &graph.Graph{Title: "chain", Groups: []graph.Group{{ID: "shop"}}}
	g.Nodes = append(g.Nodes, graph.Node{ID: "prometheus", Kind: graph.Prometheus}, graph.Node{ID: "dns", Kind: graph.DNS})
	name := func(i int) string { return fmt.Sprintf("shop/service-%d", i%n) }
	for i := range n {
		g.Nodes = append(g.Nodes, graph.Node{ID: name(i), Group: "shop", Details: []string{"listens on 8080/TCP"}})
		g.Edges = append(g.Edges,
			graph.Edge{From: name(i), To: name(i + 1), Labels: []string{"8080/TCP"}, MTLS: true},
			graph.Edge{From: name(i), To: name(i + 2), Labels: []string{"8080/TCP"}, MTLS: true},
			graph.Edge{From: "prometheus", To: name(i), Labels: []string{"9090/TCP"}},
			graph.Edge{From: name(i), To: "dns", Labels: []string{"53/UDP"}})
	}
	return g
}

// drawings are the forms of a picture that have no bound.
var drawings = []struct {
	name string
	draw func(*graph.Graph) []byte
}{{"dot", (*graph.Graph).DOT}, {"svg", (*graph.Graph).SVG}}

// TestDrawingGrowsInAStraightLine counts what is allocated and what is written:
// ten times the services are at most twelve times as much.
func TestDrawingGrowsInAStraightLine(t *testing.T) {
	for _, form := range drawings {
		measure := func(n int) (allocations float64, size int) {
			g := chain(n)
			allocations = testing.AllocsPerRun(1, func() { size = len(form.draw(g)) })
			return allocations, size
		}
		few, short := measure(100)
		many, long := measure(1_000)
		t.Logf("%s: %.0f and %.0f allocations, %d and %d bytes", form.name, few, many, short, long)
		if many > 12*few || long > 12*short {
			t.Errorf("%s: ten times the services are more than twelve times the work", form.name)
		}
	}
}

// BenchmarkDraw draws chains of services.
func BenchmarkDraw(b *testing.B) {
	for _, form := range drawings {
		for _, n := range []int{10, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", form.name, n), func(b *testing.B) {
				g := chain(n)
				b.ReportAllocs()
				for b.Loop() {
					form.draw(g)
				}
			})
		}
	}
}

// BenchmarkMermaid draws as many as Mermaid takes.
func BenchmarkMermaid(b *testing.B) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := chain(n)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := g.Mermaid(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
