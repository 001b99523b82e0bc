package gen_test

import (
	"fmt"
	"testing"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
)

// largeModel has n services, each with two calls and a metrics port.
func largeModel(n int) *spec.Network {
	m := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "large"}}
	m.Spec.Mesh = spec.Mesh{Provider: spec.Istio}
	for i := range n {
		m.Spec.Services = append(m.Spec.Services, spec.Service{
			Name:    fmt.Sprintf("service-%04d", i),
			Ports:   []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}}},
			Metrics: &spec.Metrics{Port: 9090},
			Calls: []spec.Call{
				{Service: fmt.Sprintf("service-%04d", (i+1)%n)},
				{Service: fmt.Sprintf("service-%04d", (i*7+3)%n)},
			},
		})
		// A service does not call itself, nor the same one twice.
		s := &m.Spec.Services[i]
		if s.Calls[1].Service == s.Name || s.Calls[1].Service == s.Calls[0].Service {
			s.Calls[1].Service = fmt.Sprintf("service-%04d", (i+2)%n)
		}
	}
	return m
}

func BenchmarkRender(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		m := largeModel(n)
		if err := spec.Validate(m).Err(); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := gen.Render(m, gen.Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		known, err := gen.Render(m, gen.Options{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(n, "/known"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := gen.Render(m, gen.Options{Known: known}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
