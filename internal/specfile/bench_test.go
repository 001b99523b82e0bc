package specfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/spec"
)

// thousand is a file of 1000 services and some 15,000 lines.
func thousand() string {
	var b strings.Builder
	b.WriteString(head + "  mesh: {provider: istio}\n  services:\n")
	for i := range 1000 {
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
`, i, i, (i+1)%1000, (i+7)%1000)
	}
	return b.String()
}

func BenchmarkParse(b *testing.B) {
	text := []byte(thousand())
	b.ReportAllocs()
	for b.Loop() {
		if _, errs := Parse("kgen.yaml", text); len(errs) > 0 {
			b.Fatal(errs)
		}
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
