package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/graph"
)

// TestCounts counts what is drawn: a pair once, and nothing that is folded.
func TestCounts(t *testing.T) {
	g := &graph.Graph{Nodes: []graph.Node{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "dns", Kind: graph.DNS}, {ID: "door", Kind: graph.FrontDoor}}}
	for _, from := range []string{"a", "b", "c"} {
		g.Edges = append(g.Edges, graph.Edge{From: from, To: "dns", Labels: []string{"53/UDP"}})
	}
	g.Edges = append(g.Edges,
		graph.Edge{From: "door", To: "a", Labels: []string{"80/TCP"}},
		graph.Edge{From: "a", To: "b", Labels: []string{"80/TCP"}},
		graph.Edge{From: "a", To: "b", Labels: []string{"81/TCP"}, State: graph.Denied},
		graph.Edge{From: "a", To: "b", Labels: []string{"82/TCP"}, State: graph.Undeclared},
		graph.Edge{From: "a", To: "b", Labels: []string{"83/TCP"}, State: graph.Undeclared, MTLS: true},
	)
	if diff := cmp.Diff(graph.Counts{Services: 3, Connections: 2, Denied: 1, Undeclared: 1}, g.Counts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	const sum = "3 services · 2 connections · 1 declared but denied · 1 allowed but undeclared"
	if svg := string(g.SVG()); !strings.Contains(svg, sum) {
		t.Errorf("the picture does not say %q", sum)
	}
}

// TestSize: the file is as wide as there is room and no larger than it was laid
// out; the page sets its own size.
func TestSize(t *testing.T) {
	g := &graph.Graph{Nodes: []graph.Node{{ID: "a"}}}
	head, _, _ := strings.Cut(string(g.SVG()), ">")
	var x, y, w, h int
	if _, err := fmt.Sscanf(head[strings.Index(head, "viewBox"):], `viewBox="%d %d %d %d"`, &x, &y, &w, &h); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(`width="100%%" style="max-width:%dpx;height:auto"`, w); !strings.Contains(head, want) {
		t.Errorf("%s: want %s", head, want)
	}
	if head, _, _ := strings.Cut(string(g.Inline()), ">"); strings.Contains(head, "style=") || strings.Contains(head, "100%") {
		t.Errorf("in a page: %s", head)
	}
}

// TestGroupName: a box around one node is as wide as its name.
func TestGroupName(t *testing.T) {
	g := &graph.Graph{Groups: []graph.Group{{ID: "m", Label: "namespace monitoring"}}, Nodes: []graph.Node{{ID: "a", Group: "m"}}}
	if !strings.Contains(string(g.SVG()), ">namespace monitoring</text>") {
		t.Error("the name of the box is cut")
	}
}
