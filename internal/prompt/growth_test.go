package prompt

import (
	"fmt"
	"testing"

	"kgen.dev/kgen/internal/spec"
)

// large is a sound model of n services, each of which calls another.
func large(n int) *spec.Network {
	m := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "large"}}
	m.Spec.Mesh.Provider = spec.Istio
	m.Spec.Ingress = &spec.Ingress{TLS: &spec.TLS{ClusterIssuer: "ca"}}
	m.Spec.Domain = "example.com"
	for i := range n {
		m.Spec.Services = append(m.Spec.Services, spec.Service{
			Name: fmt.Sprintf("svc-%d", i), Ports: []spec.Port{{Name: "http", Port: 80}, {Name: "admin", Port: 9000}},
			Calls: []spec.Call{{Service: fmt.Sprintf("svc-%d", (i+1)%n)}},
		})
	}
	return m
}

// flags are what a command line says of one more service.
func flags() ServicePreset {
	return ServicePreset{Service: spec.Service{Name: "payments", Ports: []spec.Port{{Port: 80}}}, CalledBy: []string{"svc-1"}}
}

// TestAServiceIsAddedForOneJudgement holds that with nobody to ask, a service
// costs hardly more than to judge the model with it once.
func TestAServiceIsAddedForOneJudgement(t *testing.T) {
	const n = 500
	m, preset := large(n), flags()
	whole := added(m, preset.Service, preset.CalledBy)
	if errs := spec.Validate(whole).Errors(); len(errs) > 0 {
		t.Fatal(errs)
	}
	once := testing.AllocsPerRun(3, func() { spec.Validate(whole) })
	for name, preset := range map[string]ServicePreset{
		"called":   preset,
		"no ports": {Service: spec.Service{Name: "payments"}},
	} {
		got := testing.AllocsPerRun(3, func() {
			if _, err := AddService(t.Context(), Defaults{}, m, preset); err != nil {
				t.Fatal(err)
			}
		})
		if got < once*0.8 || got > once*1.2 {
			t.Errorf("%s: %v allocations, where one judgement of the model takes %v", name, got, once)
		}
	}
}

func BenchmarkAddService(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		m := large(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := AddService(b.Context(), Defaults{}, m, flags()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
