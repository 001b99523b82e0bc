package source_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

// large renders a model of n services, each with two calls and a metrics port.
func large(t testing.TB, n int) *tree.Tree {
	t.Helper()
	m := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "large"}}
	m.Spec.Mesh = spec.Mesh{Provider: spec.Istio}
	for i := range n {
		m.Spec.Services = append(m.Spec.Services, spec.Service{
			Name:    fmt.Sprintf("service-%04d", i),
			Ports:   []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}}},
			Metrics: &spec.Metrics{Port: 9090},
			Calls:   []spec.Call{{Service: fmt.Sprintf("service-%04d", (i+1)%n)}, {Service: fmt.Sprintf("service-%04d", (i+n/2)%n)}},
		})
	}
	files, err := gen.Render(m, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// BenchmarkRead reads and builds what kgen renders, from memory and from the disk.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{100, 1000} {
		files := large(b, n)
		dir := b.TempDir()
		for name, data := range files.All() {
			path := filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				b.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				b.Fatal(err)
			}
		}
		check := func(b *testing.B, set *source.Set, err error) {
			if err != nil || len(set.Findings) > 0 || set.Builds[0].Because != "" || len(set.Objects) < 5*n {
				b.Fatalf("error %v, findings %v, builds %v, %d objects", err, set.Findings, set.Builds, len(set.Objects))
			}
		}
		b.Run(fmt.Sprint("tree/", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set, err := source.FromTree(context.Background(), files, ".")
				check(b, set, err)
			}
		})
		b.Run(fmt.Sprint("disk/", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set, err := source.Read(context.Background(), nil, []string{dir})
				check(b, set, err)
			}
		})
	}
}
