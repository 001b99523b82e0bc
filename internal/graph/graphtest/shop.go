// Package graphtest makes graphs to try pictures on.
package graphtest

import (
	"fmt"
	"math/rand/v2"

	"kgen.dev/kgen/internal/graph"
)

// Shop is an application of so many services as they are in practice: front
// doors, tiers that call downwards, a few services that everybody calls,
// namespaces of 25, DNS and Prometheus, and some edges that are not as they
// should be.
func Shop(services int) *graph.Graph {
	r := rand.New(rand.NewPCG(1, uint64(services)))
	nouns := []string{"cart", "checkout", "catalog", "payment", "shipping", "email", "search", "profile", "review", "stock", "price", "tax", "coupon", "invoice", "ledger", "notify", "geo", "image", "video", "feed"}
	ends := []string{"api", "worker", "store", "gateway", "db"}
	g := &graph.Graph{Title: fmt.Sprintf("shop-%d", services)}
	namespaces := (services + 24) / 25
	id := func(i int) string { return fmt.Sprintf("s%d", i) }
	for i := range services {
		n := graph.Node{ID: id(i), Label: nouns[i%len(nouns)] + "-" + ends[i/len(nouns)%len(ends)], Group: fmt.Sprintf("team-%d", i%namespaces+1), Badges: []string{"mTLS"}}
		if i >= 100 {
			n.Label += fmt.Sprintf("-%d", i/100)
		}
		if i%9 == 4 {
			n.Badges = append(n.Badges, "canary 10 %")
		}
		n.Details = []string{"8080/TCP http"}
		g.Nodes = append(g.Nodes, n)
	}
	edge := func(from, to int) {
		e := graph.Edge{From: id(from), To: id(to), Labels: []string{[]string{"8080/TCP", "9000/TCP", "5432/TCP"}[to%3]}, MTLS: to%3 != 2}
		switch r.IntN(40) {
		case 0:
			e.State = graph.Denied
		case 1:
			e.State = graph.Undeclared
		case 2:
			e.State = graph.Unknown
		}
		if to%9 == 4 && e.State == "" {
			e.Split = []graph.Share{{Label: "v1", Weight: 90}, {Label: "v2", Weight: 10}}
		}
		g.Edges = append(g.Edges, e)
	}
	tiers := []int{0, 1 + services/14, 1 + services*4/14, 1 + services*7/14, 1 + services*11/14, services}
	for t := 1; t+1 < len(tiers); t++ {
		for i := min(tiers[t], services); i < min(tiers[t+1], services); i++ {
			callers := 1 + r.IntN(2)
			if i%17 == 3 {
				callers += 3 + services/40
			}
			for range callers {
				low, high := tiers[t-1], min(tiers[t], i)
				if r.IntN(6) == 0 {
					low = tiers[max(0, t-2)]
				} else if r.IntN(24) == 0 {
					high = i // within the tier
				}
				from := low + r.IntN(max(1, high-low))
				for tries := 0; tries < 3 && from%namespaces != i%namespaces; tries++ {
					from = low + r.IntN(max(1, high-low))
				}
				edge(from, i)
			}
			if i%23 == 11 {
				edge(i, r.IntN(i)) // a cycle
			}
		}
	}
	for i := 0; i < 1+services/40; i++ {
		host := fmt.Sprintf("%s.example.com", nouns[i%len(nouns)])
		g.Nodes = append(g.Nodes, graph.Node{ID: "host " + host, Label: host, Kind: graph.FrontDoor})
		g.Edges = append(g.Edges, graph.Edge{From: "host " + host, To: id(i), Labels: []string{"443/TCP"}})
	}
	g.Nodes = append(g.Nodes, graph.Node{ID: "api.stripe.com", Kind: graph.External}, graph.Node{ID: "prometheus", Kind: graph.Prometheus, Group: "monitoring"}, graph.Node{ID: "kube-dns", Kind: graph.DNS, Group: "kube-system"})
	g.Edges = append(g.Edges, graph.Edge{From: id(services - 1), To: "api.stripe.com", Labels: []string{"443/TCP"}})
	for i := range services {
		g.Edges = append(g.Edges, graph.Edge{From: "prometheus", To: id(i), Labels: []string{"15090/TCP"}}, graph.Edge{From: id(i), To: "kube-dns", Labels: []string{"53/UDP", "53/TCP"}})
	}
	return g
}
