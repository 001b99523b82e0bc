package kustomize_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/tree"
)

// The files testdata/*.yaml are what `kustomize build` v5.8.2 printed for the
// folders beside them.
var cases = []struct {
	name, top, dir string
}{
	{name: "legacy", top: "legacy", dir: "."},
	{name: "fifo", top: "fifo", dir: "."},
	{name: "overlay", top: "overlay", dir: "production"},
}

func TestBuildPrintsWhatStockKustomizePrints(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want := read(t, filepath.Join("testdata", c.name+".yaml"))
			got, err := kustomize.Build(filepath.Join("testdata", c.top, c.dir))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("from the disk (-stock +kgen):\n%s", diff)
			}
			got, err = kustomize.BuildTree(load(t, filepath.Join("testdata", c.top)), c.dir)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("from memory (-stock +kgen):\n%s", diff)
			}
		})
	}
}

func TestBuildRefuses(t *testing.T) {
	escape := "security; file"
	if _, err := kustomize.Build(filepath.Join("testdata", "escape", "top")); err == nil || !strings.Contains(err.Error(), escape) {
		t.Errorf("a file outside the folder: got %v, want %q", err, escape)
	}
	if _, err := kustomize.BuildTree(load(t, filepath.Join("testdata", "escape")), "top"); err == nil || !strings.Contains(err.Error(), escape) {
		t.Errorf("a file outside the folder, in memory: got %v, want %q", err, escape)
	}
	if _, err := kustomize.Build("https://example.com/elsewhere.git"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an address: got %v, want that there is no such folder", err)
	}
	if _, err := kustomize.Build(filepath.Join("testdata", "legacy", "policy.yaml")); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("a file: got %v, want that it is no folder", err)
	}
	if _, err := kustomize.BuildTree(tree.New(), "."); err == nil {
		t.Error("an empty tree was built")
	}
}

// TestBuildSurvivesKustomize: two objects that patches give one name make
// kustomize panic.
func TestBuildSurvivesKustomize(t *testing.T) {
	files := tree.New()
	files.Set("kustomization.yaml", []byte("resources: [a.yaml, b.yaml]\npatches:\n- target: {kind: Service}\n  patch: '[{\"op\": \"replace\", \"path\": \"/metadata/name\", \"value\": \"c\"}]'\n"))
	files.Set("a.yaml", []byte("{apiVersion: v1, kind: Service, metadata: {name: a}}"))
	files.Set("b.yaml", []byte("{apiVersion: v1, kind: Service, metadata: {name: b}}"))
	if _, err := kustomize.BuildTree(files, "."); err == nil || !strings.Contains(err.Error(), "already registered id") {
		t.Errorf("got %v, want that an id is registered already", err)
	}
}

// TestWarnings: what kustomize warns of reaches the standard error of a build,
// and not that of who reads a tree, be it refused or not.
func TestWarnings(t *testing.T) {
	dir := t.TempDir()
	said := func(build func()) string {
		t.Helper()
		file, err := os.CreateTemp(dir, "stderr")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		before := os.Stderr
		os.Stderr = file
		defer func() { os.Stderr = before }()
		build()
		if os.Stderr != file {
			t.Error("the standard error is not the one from before the build")
		}
		return read(t, file.Name())
	}
	deprecated := map[string]string{"kustomization.yaml": "resources: [a.yaml]\ncommonLabels: {a: b}\n", "a.yaml": "{apiVersion: v1, kind: Service, metadata: {name: a}}"}
	files := tree.New()
	folder := filepath.Join(dir, "deprecated")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range deprecated {
		files.Set(name, []byte(text))
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var onDisk, inMemory []byte
	var err error
	if got := said(func() { onDisk, err = kustomize.Build(folder) }); err != nil || !strings.Contains(got, "'commonLabels' is deprecated") {
		t.Errorf("a build: error %v, and on the standard error %q: want a warning of commonLabels", err, got)
	}
	if got := said(func() { inMemory, err = kustomize.BuildTree(files, ".") }); err != nil || got != "" || string(inMemory) != string(onDisk) || len(inMemory) == 0 {
		t.Errorf("a tree: error %v, %q on the standard error, and\n%s", err, got, inMemory)
	}
	files.Set("kustomization.yaml", []byte("resources: [a.yaml]\ncommonLabels: {a: b}\npatches: [{path: none.yaml}]\n"))
	if got := said(func() { _, err = kustomize.BuildTree(files, ".") }); err == nil || got != "" {
		t.Errorf("a tree that is refused: error %v, and %q on the standard error", err, got)
	}
}

func TestBuildsAtOnceDoNotDisturbEachOther(t *testing.T) {
	want := read(t, filepath.Join("testdata", "legacy.yaml"))
	files := load(t, filepath.Join("testdata", "legacy"))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			got, err := kustomize.BuildTree(files, ".")
			if err != nil || string(got) != want {
				t.Errorf("got %v and\n%s", err, got)
			}
		})
	}
	all.Wait()
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func load(t *testing.T, dir string) *tree.Tree {
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
