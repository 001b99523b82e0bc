package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/cli"
)

// model has n services, each with two calls and a metrics port.
func model(n int) string {
	var b strings.Builder
	b.WriteString("apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata:\n  name: large\nspec:\n  mesh: {provider: istio, mode: sidecar}\n  services:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - name: service-%04d\n    ports:\n    - {name: http, port: 80, targetPort: 8080}\n    calls: [service-%04d, service-%04d]\n    metrics: {port: 9090}\n",
			i, (i+1)%n, (i+2)%n)
	}
	return b.String()
}

func mustRun(b *testing.B, args ...string) {
	b.Helper()
	var out, errs bytes.Buffer
	if code := cli.Main(context.Background(), cli.IO{In: strings.NewReader(""), Out: &out, Err: &errs}, args); code != 0 {
		b.Fatalf("kgen %v: exit %d\n%s", args, code, errs.String())
	}
}

func sizes() []int { return []int{10, 100, 1000, 10000} }

// BenchmarkInit renders a model and writes the repository.
func BenchmarkInit(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			from := filepath.Join(b.TempDir(), "kgen.yaml")
			if err := os.WriteFile(from, []byte(model(n)), 0o644); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			// Nothing is removed before all is measured: some file systems take long to
			// give out again what a removed file had.
			dir := b.TempDir()
			for i := 0; b.Loop(); i++ {
				mustRun(b, "init", filepath.Join(dir, fmt.Sprint(i)), "--from", from, "--yes")
			}
		})
	}
}

// BenchmarkAddService adds one service that another one calls.
func BenchmarkAddService(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := repository(b, n)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				mustRun(b, "-C", dir, "add", "service", fmt.Sprintf("added-%d", i), "--port", "8080", "--called-by", "service-0001", "--yes")
			}
		})
	}
}

// BenchmarkCanarySet gives one canary another share.
func BenchmarkCanarySet(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := repository(b, n)
			mustRun(b, "-C", dir, "canary", "start", "service-0001", "--version", "v2", "--yes")
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				mustRun(b, "-C", dir, "canary", "set", "service-0001", fmt.Sprint(20+i%50), "--yes")
			}
		})
	}
}

// BenchmarkGenerateNothing has nothing to do.
func BenchmarkGenerateNothing(b *testing.B) {
	for _, n := range sizes() {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dir := repository(b, n)
			b.ReportAllocs()
			for b.Loop() {
				mustRun(b, "-C", dir, "generate")
			}
		})
	}
}

func repository(b *testing.B, n int) string {
	b.Helper()
	from := filepath.Join(b.TempDir(), "kgen.yaml")
	if err := os.WriteFile(from, []byte(model(n)), 0o644); err != nil {
		b.Fatal(err)
	}
	dir := filepath.Join(b.TempDir(), "repository")
	mustRun(b, "init", dir, "--from", from, "--yes")
	return dir
}
