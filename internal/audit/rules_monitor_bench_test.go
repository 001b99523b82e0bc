package audit

import (
	"context"
	"fmt"
	"testing"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/spec"
)

// BenchmarkMonitoring runs the rules about monitors, alerts and the repository
// over what kgen renders for n services with metrics, objectives and hosts.
func BenchmarkMonitoring(b *testing.B) {
	for _, n := range []int{100, 1000} {
		m := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "large"}}
		m.Spec.Mesh = spec.Mesh{Provider: spec.Istio}
		m.Spec.Ingress = &spec.Ingress{TLS: &spec.TLS{ClusterIssuer: "ca"}}
		for i := range n {
			m.Spec.Services = append(m.Spec.Services, spec.Service{
				Name: fmt.Sprintf("service-%04d", i), Ports: []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}}},
				Hosts: []string{fmt.Sprintf("service-%04d.example.com", i)}, Metrics: &spec.Metrics{Port: 9090},
				Calls: []spec.Call{{Service: fmt.Sprintf("service-%04d", (i+1)%n)}}, SLO: &spec.SLO{Availability: 99.9},
			})
		}
		files, err := gen.Render(m, gen.Options{})
		if err != nil {
			b.Fatal(err)
		}
		set, err := source.FromTree(context.Background(), files, ".")
		if err != nil {
			b.Fatal(err)
		}
		w := &World{Inventory: inventory.New(set.Objects, m), Source: set}
		for _, rules := range []string{"MO", "AL", "RP"} {
			b.Run(fmt.Sprint(rules, "/", n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					r, err := Run(context.Background(), w, Options{Rules: []string{rules}, Today: today})
					if err != nil || len(r.Findings) > 0 {
						b.Fatalf("error %v, findings %v", err, open(r))
					}
				}
			})
		}
	}
}
