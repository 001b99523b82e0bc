package build_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
)

// rendered writes the repository of n services, each with two calls and a
// metrics port, to a folder.
func rendered(b *testing.B, n int) string {
	b.Helper()
	m := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "large"}}
	m.Spec.Mesh = spec.Mesh{Provider: spec.Istio}
	for i := range n {
		m.Spec.Services = append(m.Spec.Services, spec.Service{
			Name:    fmt.Sprintf("service-%05d", i),
			Ports:   []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}}},
			Metrics: &spec.Metrics{Port: 9090},
			Calls:   []spec.Call{{Service: fmt.Sprintf("service-%05d", (i+1)%n)}, {Service: fmt.Sprintf("service-%05d", (i+n/2)%n)}},
		})
	}
	files, err := gen.Render(m, gen.Options{})
	if err != nil {
		b.Fatal(err)
	}
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
	return dir
}

// BenchmarkBuild builds the repositories that kgen writes, from the disk.
func BenchmarkBuild(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := rendered(b, n)
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				r, err := build.Run(context.Background(), dir)
				if err != nil {
					b.Fatal(err)
				}
				if r.Because != "" {
					b.Fatal(r.Path())
				}
				written, err := r.WriteTo(io.Discard)
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(written)
			}
		})
	}
}
