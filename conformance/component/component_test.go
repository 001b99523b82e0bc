package component

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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
		if err == nil && !d.IsDir() && !strings.HasSuffix(name, ".lock") {
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
		wg.Go(func() { paths[i], errs[i] = s.build(t.Context(), "hello") })
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
	second, err := os.Stat(again)
	if err != nil {
		t.Fatal(err)
	}
	if !os.SameFile(first, second) {
		t.Error("a kept binary was built again")
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
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := hello(t)
			if tt.noGo {
				t.Setenv("PATH", t.TempDir())
			}
			path, err := s.build(t.Context(), tt.component)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("build gives %q and error %v, want one with %q", path, err, tt.want)
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
