package main

import (
	"bytes"
	"context"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/cli"
)

var update = flag.Bool("update", false, "rewrite the examples and the documentation that is made from code")

// run is one run of the command, with what it said.
func run(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = cli.Main(context.Background(), cli.IO{In: bytes.NewReader(nil), Out: &out, Err: &errs}, args)
	return code, out.String(), errs.String()
}

// TestExamples holds the checked-in examples equal to what kgen makes of their
// kgen.yaml, and clean and buildable as they stand. With -update it rewrites them.
func TestExamples(t *testing.T) {
	examples, err := filepath.Glob("../../examples/*/kgen.yaml")
	if err != nil || len(examples) < 6 {
		t.Fatalf("found %d examples: %v", len(examples), err)
	}
	for _, model := range examples {
		dir := filepath.Dir(model)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			made := filepath.Join(t.TempDir(), "made")
			if code, _, stderr := run(t, "init", made, "--from", model, "--yes"); code != 0 {
				t.Fatalf("exit %d:\n%s", code, stderr)
			}
			if *update {
				rewrite(t, made, dir)
			}
			if diff := cmp.Diff(read(t, dir), read(t, made)); diff != "" {
				t.Errorf("the example is not what kgen makes of it (-example +made); go test ./cmd/kgen -run Examples -update rewrites it\n%s", diff)
			}
			for _, args := range [][]string{{"generate", "--check", "-C", dir}, {"build", dir}} {
				if code, _, stderr := run(t, args...); code != 0 {
					t.Errorf("kgen %v: exit %d:\n%s", args, code, stderr)
				}
			}
		})
	}
}

// read returns every file below dir.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, relErr := filepath.Rel(dir, path)
		if relErr != nil {
			return relErr
		}
		files[filepath.ToSlash(rel)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// rewrite makes dir hold what made holds.
func rewrite(t *testing.T, made, dir string) {
	t.Helper()
	want := read(t, made)
	for name := range read(t, dir) {
		if _, ok := want[name]; !ok {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range want {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTwice runs every writing command a second time, which changes nothing.
func TestTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "twice")
	if code, _, stderr := run(t, "init", dir, "--from", "../../examples/guide/kgen.yaml", "--yes"); code != 0 {
		t.Fatalf("exit %d:\n%s", code, stderr)
	}
	before := read(t, dir)
	if code, _, stderr := run(t, "generate", "-C", dir); code != 0 {
		t.Fatalf("exit %d:\n%s", code, stderr)
	}
	if diff := cmp.Diff(before, read(t, dir)); diff != "" {
		t.Errorf("a second run changed something:\n%s", diff)
	}
	if code, _, _ := run(t, "init", dir, "--from", "../../examples/guide/kgen.yaml", "--yes"); code != 1 {
		t.Errorf("init over a repository: exit %d, want 1", code)
	}
	if diff := cmp.Diff(before, read(t, dir)); diff != "" {
		t.Errorf("a refused init changed something:\n%s", diff)
	}
	_, first, _ := run(t, "build", dir)
	_, second, _ := run(t, "build", dir)
	if first != second || first == "" {
		t.Error("two builds of the same folder differ, or are empty")
	}
}
