package graphtest

import "kgen.dev/kgen/internal/graph"

// Boutique is Online Boutique as kgen sees it: twelve services and what they
// call, a host, a canary, and two edges that are not as they should be.
func Boutique() *graph.Graph {
	g := &graph.Graph{Title: "Online Boutique"}
	ports := map[string]string{
		"frontend": "8080/TCP", "checkoutservice": "5050/TCP", "recommendationservice": "8080/TCP", "cartservice": "7070/TCP",
		"productcatalogservice": "3550/TCP", "currencyservice": "7000/TCP", "shippingservice": "50051/TCP", "paymentservice": "50051/TCP",
		"emailservice": "8080/TCP", "adservice": "9555/TCP", "redis-cart": "6379/TCP", "loadgenerator": "",
	}
	for name, port := range ports {
		n := graph.Node{ID: "boutique/" + name, Label: name, Group: "boutique", Badges: []string{"mTLS"}}
		if port != "" {
			n.Details = []string{port}
		}
		if name == "recommendationservice" {
			n.Badges = append(n.Badges, "canary 10 %")
		}
		g.Nodes = append(g.Nodes, n)
	}
	call := func(from string, to ...string) {
		for _, name := range to {
			e := graph.Edge{From: "boutique/" + from, To: "boutique/" + name, Labels: []string{ports[name]}, MTLS: true}
			if name == "recommendationservice" {
				e.Split = []graph.Share{{Label: "v1", Weight: 90}, {Label: "v2", Weight: 10}}
			}
			switch from + " " + name {
			case "checkoutservice emailservice":
				e.State = graph.Denied
			case "adservice redis-cart":
				e.State = graph.Undeclared
			}
			g.Edges = append(g.Edges, e)
		}
	}
	call("frontend", "productcatalogservice", "currencyservice", "cartservice", "recommendationservice", "shippingservice", "checkoutservice", "adservice")
	call("checkoutservice", "productcatalogservice", "shippingservice", "paymentservice", "emailservice", "currencyservice", "cartservice")
	call("recommendationservice", "productcatalogservice")
	call("cartservice", "redis-cart")
	call("loadgenerator", "frontend")
	call("adservice", "redis-cart")
	g.Nodes = append(g.Nodes,
		graph.Node{ID: "boutique.example.com", Kind: graph.FrontDoor},
		graph.Node{ID: "monitoring/prometheus", Label: "prometheus", Kind: graph.Prometheus, Group: "monitoring"},
		graph.Node{ID: "kube-system/kube-dns", Label: "kube-dns", Kind: graph.DNS, Group: "kube-system"})
	g.Edges = append(g.Edges, graph.Edge{From: "boutique.example.com", To: "boutique/frontend", Labels: []string{"443/TCP"}})
	for name := range ports {
		g.Edges = append(g.Edges,
			graph.Edge{From: "monitoring/prometheus", To: "boutique/" + name, Labels: []string{"15090/TCP"}},
			graph.Edge{From: "boutique/" + name, To: "kube-system/kube-dns", Labels: []string{"53/UDP", "53/TCP"}})
	}
	return g
}
