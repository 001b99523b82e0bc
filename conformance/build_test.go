package conformance

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/kustomize"
)

// stockBuild is what the stock command prints for a folder.
func stockBuild(ctx context.Context, binary, dir string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, binary, "build", dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("kustomize build: %w\n%s", err, stderr.String())
	}
	if stderr.Len() > 0 {
		return nil, fmt.Errorf("kustomize build warns:\n%s", stderr.String())
	}
	return out, nil
}

// TestBuildIsStockKustomize: kgen's build in process prints the bytes that the
// stock command prints, from the root and from each folder below it.
func TestBuildIsStockKustomize(t *testing.T) {
	record.Start(t, record.Build, "kgen build prints what stock kustomize prints, byte for byte, from disk and from memory, for each folder and environment")
	binary := component.Build(t, "kustomize")
	for _, m := range models(t) {
		t.Run(m.name, func(t *testing.T) {
			top := m.write(t)
			folders := []string{".", "networking", "monitoring"}
			for _, e := range m.network.Spec.Environments {
				folders = append(folders, "environments/"+e.Name)
			}
			for _, dir := range folders {
				folder := filepath.Join(top, dir)
				want, err := stockBuild(t.Context(), binary, folder)
				if err != nil {
					t.Fatal(err)
				}
				got, err := kustomize.Build(folder)
				if err != nil {
					t.Fatal(err)
				}
				if line, stock, ours, different := differ(want, got); different {
					t.Errorf("%s, line %d: stock kustomize prints %q, kgen %q", dir, line, stock, ours)
				}
				inMemory, err := kustomize.BuildTree(m.tree, dir)
				if err != nil {
					t.Fatal(err)
				}
				if line, stock, ours, different := differ(want, inMemory); different {
					t.Errorf("%s in memory, line %d: stock kustomize prints %q, kgen %q", dir, line, stock, ours)
				}
				if kinds := bytes.Count(want, []byte("\nkind: ")); kinds < 3 {
					t.Errorf("%s: %d objects were built; there is nothing to compare", dir, kinds)
				}
				record.Checks(t, 2)
			}
		})
	}
}

// TestBuildSeesAChangedByte is the control: one byte in one file of the tree
// that only one of the two builds.
func TestBuildSeesAChangedByte(t *testing.T) {
	record.Start(t, record.Build, "control: one changed byte is seen")
	binary := component.Build(t, "kustomize")
	m := models(t)[0]
	top := m.write(t)
	before, err := kustomize.Build(top)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(top, "networking", "network-policies", "allow-dns.yaml")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(data, []byte("port: 53"), []byte("port: 54"), 1)
	if bytes.Equal(changed, data) {
		t.Fatalf("%s has no port 53 to change", file)
	}
	if err := os.WriteFile(file, changed, 0o644); err != nil {
		t.Fatal(err)
	}
	after, err := stockBuild(t.Context(), binary, top)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, different := differ(before, after); !different {
		t.Error("a changed byte goes unseen")
	}
	record.Checks(t, 1)
}
