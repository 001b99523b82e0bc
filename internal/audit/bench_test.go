package audit

import (
	"context"
	"fmt"
	"testing"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

// manyServices is an application of n services in a mesh: every tenth is served
// outside, every fifth has a canary, each calls two others.
func manyServices(n int) *spec.Network {
	net := &spec.Network{
		APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "many"},
		Spec: spec.Spec{Mesh: spec.Mesh{Provider: spec.Istio}, Ingress: &spec.Ingress{TLS: &spec.TLS{ClusterIssuer: "issuer"}}},
	}
	for i := range n {
		s := spec.Service{
			Name:    fmt.Sprintf("service-%d", i),
			Ports:   []spec.Port{{Port: 80, TargetPort: spec.PortRef{Number: 8080}}},
			Metrics: &spec.Metrics{Port: 9090},
			Calls:   []spec.Call{{Service: fmt.Sprintf("service-%d", (i+1)%n)}, {Service: fmt.Sprintf("service-%d", (i+7)%n)}},
		}
		if i%10 == 0 {
			s.Hosts = []string{fmt.Sprintf("s%d.example.com", i)}
		}
		if i%5 == 0 {
			s.Canary = &spec.Canary{Version: "v2", Weight: 10}
		}
		net.Spec.Services = append(net.Spec.Services, s)
	}
	return net
}

func rendered(b testing.TB, n *spec.Network) *tree.Tree {
	b.Helper()
	files, err := gen.Render(n, gen.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return files
}

// judgeAll is what kgen audit does, from bytes to findings, with every allowed
// connection computed besides.
func judgeAll(b testing.TB, files *tree.Tree, model *spec.Network) *Result {
	b.Helper()
	set, err := source.FromTree(context.Background(), files, ".")
	if err != nil {
		b.Fatal(err)
	}
	if err := set.Findings.Err(); err != nil {
		b.Fatal(err)
	}
	inv := inventory.New(set.Objects, model)
	var all []*reach.Workload
	for _, w := range append(append([]*inventory.Workload{}, inv.Workloads...), inv.Parties...) {
		all = append(all, &w.Workload)
	}
	pairs := 0
	for range inv.Policies.Connections(reach.All, all).Pairs() {
		pairs++
	}
	r, err := Run(context.Background(), &World{Inventory: inv, Source: set}, Options{Today: today})
	if err != nil {
		b.Fatal(err)
	}
	if pairs == 0 || len(r.Findings) > 0 {
		b.Fatalf("%d connections; findings: %v", pairs, open(r))
	}
	return r
}

// BenchmarkAudit builds, computes who reaches whom, and runs every rule.
func BenchmarkAudit(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			model := manyServices(n)
			files := rendered(b, model)
			b.ReportAllocs()
			for b.Loop() {
				judgeAll(b, files, model)
			}
		})
	}
}
