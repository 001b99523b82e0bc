package component

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func hello(t *testing.T) store {
	t.Helper()
	sources := t.TempDir()
	if err := os.CopyFS(sources, os.DirFS(filepath.Join("testdata", "components"))); err != nil {
		t.Fatal(err)
	}
	return store{sources: sources, cache: filepath.Join(t.TempDir(), "cache")}
}

// binaries lists what the cache holds, without the locks.
func binaries(t *testing.T, s store) []string {
	t.Helper()
	names := []string{}
	err := fs.WalkDir(os.DirFS(s.cache), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasSuffix(name, ".lock") && d.Name() != built {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestBuildOnce(t *testing.T) {
	s := hello(t)
	const builders = 4
	paths := make([]string, builders)
	errs := make([]error, builders)
	var wg sync.WaitGroup
	for i := range builders {
		wg.Go(func() {
			b, err := s.build(t.Context(), "hello")
			paths[i], errs[i] = b.path, err
		})
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatalf("builder %d: %v", i, err)
		}
	}
	first, err := os.Stat(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	if distinct := slices.Compact(paths); len(distinct) != 1 {
		t.Errorf("builders disagree: %q", distinct)
	}
	if got := binaries(t, s); len(got) != 1 {
		t.Errorf("the cache holds %q, want one binary and nothing half made", got)
	}
	out, err := exec.Command(paths[0]).Output()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("hello\n", string(out)); diff != "" {
		t.Error(diff)
	}
	again, err := s.build(t.Context(), "hello")
	if err != nil {
		t.Fatal(err)
	}
	second, err := os.Stat(again.path)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(first, second) {
		t.Error("a kept binary was built again")
	}
}

// TestKeep: what fails half way leaves nothing, and what is kept is not made again.
func TestKeep(t *testing.T) {
	s := hello(t)
	folder := filepath.Join(s.cache, "thing-1")
	gone := errors.New("gone")
	if _, err := s.keep("thing", folder, func(dir string) error {
		return errors.Join(os.WriteFile(filepath.Join(dir, "half"), nil, 0o644), gone)
	}); !errors.Is(err, gone) {
		t.Errorf("making fails, and keep says %v", err)
	}
	if got := binaries(t, s); len(got) != 0 {
		t.Errorf("it has left %q", got)
	}
	made := 0
	for range 2 {
		got, err := s.keep("thing", folder, func(dir string) error {
			made++
			return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o644)
		})
		if err != nil || got != folder {
			t.Errorf("it is kept in %s: %v", got, err)
		}
	}
	if diff := cmp.Diff([]string{"thing-1/whole"}, binaries(t, s)); diff != "" || made != 1 {
		t.Errorf("it was made %d times (-want +kept):\n%s", made, diff)
	}
}

// TestBuildTellsItsTime: a binary that is kept says how long it took, and one
// that is not says nothing.
func TestBuildTellsItsTime(t *testing.T) {
	s := hello(t)
	if seconds, known, err := s.buildSeconds(t.Context(), "hello"); known || err != nil {
		t.Errorf("before it is built, it took %q: %v", seconds, err)
	}
	if _, err := s.build(t.Context(), "hello"); err != nil {
		t.Fatal(err)
	}
	seconds, known, err := s.buildSeconds(t.Context(), "hello")
	if _, number := strconv.Atoi(seconds); !known || err != nil || number != nil {
		t.Errorf("it took %q seconds, known %t: %v, %v", seconds, known, err, number)
	}
}

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       description
	}{
		{"a command of its own", "tool example.test/c\nrequire (\n\texample.test/b v1.2.0\n\texample.test/a v1.0.0 // indirect\n)\n",
			description{tool: "example.test/c", requires: []string{"example.test/b v1.2.0"}}},
		{"another's command", "tool example.test/b/cmd/d\nrequire (\n\texample.test/b v1.2.0\n\texample.test/b/cmd v0.3.0\n)\n",
			description{tool: "example.test/b/cmd/d", version: "v0.3.0", module: "example.test/b/cmd", requires: []string{"example.test/b v1.2.0", "example.test/b/cmd v0.3.0"}}},
		{"files", "require example.test/b v1.2.0\n", description{requires: []string{"example.test/b v1.2.0"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.test/c\n\ngo 1.26.0\n\n"+tt.text), 0o644); err != nil {
				t.Fatal(err)
			}
			got, err := describe(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(description{})); diff != "" {
				t.Error(diff)
			}
		})
	}
	two := t.TempDir()
	if err := os.WriteFile(filepath.Join(two, "go.mod"), []byte("module example.test/c\n\ngo 1.26.0\n\ntool (\n\texample.test/c/d\n\texample.test/c/e\n)\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if d, err := describe(t.Context(), two); err == nil || !strings.Contains(err.Error(), "2 tool directives") {
		t.Errorf("two commands are %+v: %v", d, err)
	}
}

func TestAnotherModuleIsAnotherBinary(t *testing.T) {
	for _, file := range []string{"go.mod", "main.go"} {
		t.Run(file, func(t *testing.T) {
			s := hello(t)
			before, err := s.build(t.Context(), "hello")
			if err != nil {
				t.Fatal(err)
			}
			changed := filepath.Join(s.sources, "hello", file)
			data, err := os.ReadFile(changed)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(changed, append(data, "\n// A change.\n"...), 0o644); err != nil {
				t.Fatal(err)
			}
			after, err := s.build(t.Context(), "hello")
			if err != nil {
				t.Fatal(err)
			}
			if before == after {
				t.Errorf("%s stands for two %s files", before, file)
			}
			if got := binaries(t, s); len(got) != 2 {
				t.Errorf("the cache holds %q, want both", got)
			}
		})
	}
}

func TestBuildSaysWhatIsMissing(t *testing.T) {
	for _, tt := range []struct {
		name, component string
		noGo            bool
		want            string
	}{
		{name: "component", component: "absent", want: "no such component"},
		{name: "toolchain", component: "hello", noGo: true, want: `"go": executable file not found`},
		{name: "package", component: "unheard", want: "example.test/nobody/has/heard/of/it"},
		{name: "command", component: "files", want: "no tool directive"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := hello(t)
			if tt.noGo {
				t.Setenv("PATH", t.TempDir())
			}
			b, err := s.build(t.Context(), tt.component)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("build gives %+v and error %v, want one with %q", b, err, tt.want)
			}
			if err := os.MkdirAll(s.cache, 0o755); err != nil {
				t.Fatal(err)
			}
			if got := binaries(t, s); len(got) != 0 {
				t.Errorf("a build that failed left %q", got)
			}
		})
	}
}

// hurried is a test whose time is over at a given instant.
type hurried struct {
	testing.TB
	at time.Time
}

func (h hurried) Deadline() (time.Time, bool) { return h.at, true }

// TestBuildEndsBeforeGoTestDoes, so that it can say what took so long.
func TestBuildEndsBeforeGoTestDoes(t *testing.T) {
	at := time.Now().Add(time.Hour)
	ctx, cancel := untilDeadline(hurried{t, at})
	defer cancel()
	if end, set := ctx.Deadline(); !set || !end.Before(at) {
		t.Errorf("a build may go on until %v (%t), the test until %v", end, set, at)
	}
}
