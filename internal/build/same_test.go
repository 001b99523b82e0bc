package build_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/tree"
)

const examplesDir = "../../examples"

// example is one kustomization of one example.
type example struct {
	name  string
	files *tree.Tree
	dir   string
}

// examples are all kustomizations of all examples, environments among them.
func examples(t testing.TB) []example {
	t.Helper()
	entries, err := os.ReadDir(examplesDir)
	if err != nil {
		t.Fatal(err)
	}
	var all []example
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		files := load(t, filepath.Join(examplesDir, e.Name()))
		for _, name := range files.Paths() {
			if path.Base(name) == "kustomization.yaml" {
				all = append(all, example{e.Name(), files, path.Dir(name)})
			}
		}
	}
	if len(all) < 50 {
		t.Fatalf("%d kustomizations in the examples, want at least 50", len(all))
	}
	return all
}

// TestExamplesAreBuiltByKgen: kgen builds every kustomization that it writes
// itself, to the bytes that kustomize prints, from memory and from the disk.
func TestExamplesAreBuiltByKgen(t *testing.T) {
	for _, e := range examples(t) {
		t.Run(path.Join(e.name, e.dir), func(t *testing.T) {
			want, err := kustomize.BuildTree(e.files, e.dir)
			if err != nil {
				t.Fatal(err)
			}
			inMemory, err := build.Tree(context.Background(), e.files, e.dir)
			if err != nil {
				t.Fatal(err)
			}
			onDisk, err := build.Run(context.Background(), filepath.Join(examplesDir, e.name, filepath.FromSlash(e.dir)))
			if err != nil {
				t.Fatal(err)
			}
			for where, r := range map[string]*build.Result{"memory": inMemory, "disk": onDisk} {
				if r.Path() != "built by kgen" {
					t.Errorf("from %s: %s", where, r.Path())
				}
				if diff := cmp.Diff(string(want), string(r.Bytes())); diff != "" {
					t.Errorf("from %s (-kustomize +kgen):\n%s", where, diff)
				}
			}
			var out bytes.Buffer
			if n, err := inMemory.WriteTo(&out); err != nil || int(n) != len(want) || !bytes.Equal(out.Bytes(), want) {
				t.Errorf("wrote %d bytes, error %v, want the %d of the build", n, err, len(want))
			}
		})
	}
}

func load(t testing.TB, dir string) *tree.Tree {
	t.Helper()
	files := tree.New()
	top := os.DirFS(dir)
	err := fs.WalkDir(top, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(top, path)
		if err != nil {
			return err
		}
		return files.Add(path, data)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
