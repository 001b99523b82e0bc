package specfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/spec"
)

// thousand is a file of 1000 services and some 15,000 lines.
func thousand() string { return many(1000) }

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
	for _, n := range []int{10, 100, 1000, 10000} {
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
	for _, n := range []int{10, 100, 1000, 10000} {
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

func BenchmarkDecode(b *testing.B) {
	text := []byte(thousand())
	b.ReportAllocs()
	for b.Loop() {
		if f, _ := decode("kgen.yaml", text); !f.decoded {
			b.Fatal("the file does not decode")
		}
	}
}

func BenchmarkAddService(b *testing.B) {
	f, _ := Parse("kgen.yaml", []byte(thousand()))
	for b.Loop() {
		s := &spec.Service{Name: "payments", Ports: []spec.Port{{Port: 80}}}
		if _, err := f.AddService(s, by("svc-1", "svc-500")); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWith changes, removes and adds something in a service each.
func BenchmarkWith(b *testing.B) {
	f, _ := Parse("kgen.yaml", []byte(thousand()))
	want := *f.Network
	want.Spec.Services = slices.Delete(slices.Clone(f.Network.Spec.Services), 500, 501)
	want.Spec.Services[3].Timeout = 1e9
	want.Spec.Services[900].Replicas = 3
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.With(&want); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFormat(b *testing.B) {
	f, _ := Parse("kgen.yaml", []byte(thousand()))
	for b.Loop() {
		Format(f.Network)
	}
}
