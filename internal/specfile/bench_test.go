package specfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/spec"
)

// many is a file of n services of 15 lines.
func many(n int) string {
	var b strings.Builder
	b.WriteString(head + "  mesh: {provider: istio}\n  services:\n")
	for i := range n {
		fmt.Fprintf(&b, `  - name: svc-%d
    podLabels:
      app: svc-%d
      tier: backend
    ports:
    - name: http
      port: 80
      targetPort: 8080
      protocol: http
    calls:
    - svc-%d
    - service: svc-%d
      port: http
    metrics: {port: 9090}
    timeout: 5s
`, i, i, (i+1)%n, (i+7)%n)
	}
	return b.String()
}

// BenchmarkParse decodes and validates.
func BenchmarkParse(b *testing.B) {
	for _, n := range sizes {
		text := []byte(many(n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, errs := Parse("kgen.yaml", text); len(errs) > 0 {
					b.Fatal(errs)
				}
			}
		})
	}
}

// BenchmarkValidate judges what is decoded.
func BenchmarkValidate(b *testing.B) {
	for _, n := range sizes {
		f, errs := Parse("kgen.yaml", []byte(many(n)))
		if len(errs) > 0 {
			b.Fatal(errs)
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				spec.Validate(f.Network)
			}
		})
	}
}

// sizes are the numbers of services that the benchmarks go through.
var sizes = []int{10, 100, 1000, 10000}

func BenchmarkDecode(b *testing.B) {
	for _, n := range sizes {
		text := []byte(many(n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if f, _ := decode("kgen.yaml", text); !f.decoded {
					b.Fatal("the file does not decode")
				}
			}
		})
	}
}

// BenchmarkAddService makes the new text alone, from all of the old one.
func BenchmarkAddService(b *testing.B) {
	for _, n := range sizes {
		f, _ := Parse("kgen.yaml", []byte(many(n)))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.AddService(paying, by("svc-1", "svc-5")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAdded makes the new text, reads it and judges it.
func BenchmarkAdded(b *testing.B) {
	for _, n := range sizes {
		f, _ := Parse("kgen.yaml", []byte(many(n)))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, errs, err := f.Added(paying, by("svc-1", "svc-5")); err != nil || len(errs) > 0 {
					b.Fatal(err, errs)
				}
			}
		})
	}
}

// BenchmarkWith changes, removes and adds something in a service each.
func BenchmarkWith(b *testing.B) {
	for _, n := range sizes {
		f, _ := Parse("kgen.yaml", []byte(many(n)))
		want := *f.Network
		want.Spec.Services = slices.Delete(slices.Clone(f.Network.Spec.Services), n/2, n/2+1)
		want.Spec.Services[3].Timeout = 1e9
		want.Spec.Services[n*9/10-1].Replicas = 3
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.With(&want); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkChanged gives one service a canary, as kgen canary start does.
func BenchmarkChanged(b *testing.B) {
	for _, n := range sizes {
		f, _ := Parse("kgen.yaml", []byte(many(n)))
		want := withCanary(f.Network, n/2)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, errs, err := f.Changed(want); err != nil || len(errs) > 0 {
					b.Fatal(err, errs)
				}
			}
		})
	}
}

// paying is a service that no other file has.
var paying = &spec.Service{Name: "payments", Ports: []spec.Port{{Port: 80}}}

// withCanary is a model in which a service has a canary.
func withCanary(n *spec.Network, i int) *spec.Network {
	want := *n
	want.Spec.Services = slices.Clone(n.Spec.Services)
	want.Spec.Services[i].Canary = &spec.Canary{Version: "v2", Weight: 10}
	return &want
}

func BenchmarkFormat(b *testing.B) {
	for _, n := range sizes {
		f, _ := Parse("kgen.yaml", []byte(many(n)))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Format(f.Network)
			}
		})
	}
}
