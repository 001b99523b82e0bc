package txn

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// strikes are what a person, or a program of theirs, does to a path while kgen
// writes. What they leave there has to stay.
var strikes = []struct {
	name   string
	strike func(t *testing.T, at, outside string)
	left   string // as a snapshot has it; empty for nothing
}{
	{"saves in place", func(t *testing.T, at, _ string) {
		must(t, os.WriteFile(at, []byte("a person's words\n"), 0o644))
		must(t, os.Chmod(at, 0o644))
	}, "-rw-r--r-- a person's words\n"},
	{"saves by renaming", func(t *testing.T, at, _ string) {
		must(t, os.WriteFile(at+"~", []byte("a person's words\n"), 0o644))
		must(t, os.Rename(at+"~", at))
	}, "-rw-r--r-- a person's words\n"},
	{"deletes", func(t *testing.T, at, _ string) {
		if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}, ""},
	{"makes a folder", func(t *testing.T, at, _ string) {
		must(t, os.RemoveAll(at))
		must(t, os.Mkdir(at, 0o755))
		must(t, os.WriteFile(filepath.Join(at, "mine"), nil, 0o644))
	}, "d---------"},
	{"makes a link", func(t *testing.T, at, outside string) {
		must(t, os.RemoveAll(at))
		must(t, os.Symlink(filepath.Join(outside, "file"), at))
	}, "-> "},
}

// TestPersonSavesDuringRun lets somebody touch a file before each operation of a
// run: what they did stays, nobody follows their link, and all other files are
// old or new, new if the run says that it succeeded.
func TestPersonSavesDuringRun(t *testing.T) {
	for _, s := range []scenario{seen(scenarios[1]), scenarios[3]} {
		operations, was, is := rehearse(t, s)
		for _, how := range strikes {
			t.Run(s.name+", somebody "+how.name, func(t *testing.T) {
				counts := map[string]int{}
				for _, op := range s.ops {
					for at := range operations {
						top := scratch(t)
						dir, outside := filepath.Join(top, "repo"), filepath.Join(top, "outside")
						must(t, os.Mkdir(dir, 0o755))
						s.fill(t, dir)
						fill(t, outside, map[string]string{"file": "outside\n"})
						f := newFaulty(t, dir, at, "")
						f.strike = func() {
							place := f.place(op.Path)
							must(t, os.MkdirAll(filepath.Dir(place), 0o755))
							how.strike(t, place, outside)
						}
						when := fmt.Sprintf("operation %d, %s", at, op.Path)
						err, _ := f.apply(inOrder(t, s.ops))
						after := take(t, dir)
						left := how.left
						if left == "-> " {
							left += filepath.Join(outside, "file")
						}
						if left != "" && after[op.Path] != left {
							t.Fatalf("%s: %v, but there is %q", when, err, after[op.Path])
						}
						if d := cmp.Diff(snapshot{"file": "-rw-r--r-- outside\n"}, take(t, outside)); d != "" {
							t.Fatalf("%s: outside:\n%s", when, d)
						}
						outcome := oldOrNew(t, when, after.without(op.Path), was.without(op.Path), is.without(op.Path), true)
						if err == nil && outcome != "new" {
							t.Errorf("%s: success, but the tree is old", when)
						}
						var changed *Changed
						if errors.As(err, &changed) {
							if outcome != "old" || !slices.Equal(changed.Paths, []string{op.Path}) {
								t.Errorf("%s: the tree is %s after %v", when, outcome, err)
							}
							outcome = "changed"
						}
						counts[outcome]++
					}
				}
				t.Logf("%d runs: %v", operations*len(s.ops), counts)
				if counts["new"] == 0 || counts["old"]+counts["changed"] == 0 {
					t.Errorf("%v: the test has to see both", counts)
				}
			})
		}
	}
}

// TestFolderBecomesLink moves a folder away and puts a link in its place before
// each operation. Nothing is written through the link, and once the folder is
// back everything is old or new.
func TestFolderBecomesLink(t *testing.T) {
	s := scenarios[3]
	operations, was, is := rehearse(t, s)
	refused := 0
	for _, folder := range []string{"networking", "networking/ingress", ".kgen"} {
		for at := range operations {
			top := scratch(t)
			dir, outside := filepath.Join(top, "repo"), filepath.Join(top, "outside")
			must(t, os.Mkdir(dir, 0o755))
			s.fill(t, dir)
			must(t, os.Mkdir(outside, 0o755))
			s.fill(t, outside)
			before := take(t, outside)
			f := newFaulty(t, dir, at, "")
			place := f.place(folder)
			f.strike = func() {
				must(t, os.Rename(place, place+".moved"))
				must(t, os.Symlink(filepath.Join(outside, filepath.FromSlash(folder)), place))
			}
			when := fmt.Sprintf("operation %d, %s", at, folder)
			if err, _ := f.apply(inOrder(t, s.ops)); err != nil {
				refused++
			}
			newFaulty(t, dir, -1, "").recover()
			if d := cmp.Diff(before, take(t, outside)); d != "" {
				t.Fatalf("%s: written through the link:\n%s", when, d)
			}
			must(t, os.Remove(place))
			must(t, os.Rename(place+".moved", place))
			if err, _ := newFaulty(t, dir, -1, "").recover(); err != nil {
				t.Fatalf("%s: Recover: %v", when, err)
			}
			oldOrNew(t, when, take(t, dir), was, is, true)
		}
	}
	if refused == 0 {
		t.Error("no run saw a link")
	}
	t.Logf("%d runs, %d of them refused", 3*operations, refused)
}

// TestAllChangedAreNamed saves several files at once, before the run has looked
// at them and after.
func TestAllChangedAreNamed(t *testing.T) {
	s := scenarios[3]
	operations, was, _ := rehearse(t, s)
	edits := map[string]string{
		"networking/ingress/gone.yml": "a person's words\n", "networking/ingress/web.yml": "a person's words\n", "networking/mesh/go.yml": "a person's words\n",
	}
	want := &Changed{Paths: slices.Sorted(maps.Keys(edits))}
	late := 0
	for at := range operations {
		dir := scratch(t)
		s.fill(t, dir)
		f := newFaulty(t, dir, at, "")
		f.strike = func() { fill(t, dir, edits) }
		err, _ := f.apply(inOrder(t, s.ops))
		var changed *Changed
		if !errors.As(err, &changed) || len(changed.Paths) < len(want.Paths) {
			continue // the run had looked at some of them, or renamed them
		}
		if f.called["Rename"] > 0 {
			late++
		}
		if d := cmp.Diff(want, changed); d != "" {
			t.Errorf("operation %d: %s", at, d)
		}
		if d := cmp.Diff("networking/ingress/gone.yml, networking/ingress/web.yml, networking/mesh/go.yml have changed since kgen read them; "+
			"run again to take the changes into account; nothing was changed", err.Error()); d != "" {
			t.Errorf("operation %d: %s", at, d)
		}
		paths := slices.Collect(maps.Keys(edits))
		if d := cmp.Diff(was.without(paths...), take(t, dir).without(paths...)); d != "" {
			t.Errorf("operation %d: %s", at, d)
		}
	}
	if late == 0 {
		t.Error("no run came upon them after its commit point")
	}
}

// seen gives each operation of a scenario the file that it has to find.
func seen(s scenario) scenario {
	s.ops = slices.Clone(s.ops)
	for i, op := range s.ops {
		old, exists := s.old[op.Path]
		s.ops[i].Seen = &Seen{Exists: exists, Data: []byte(old)}
	}
	return s
}

// TestPersonEditsAfterCrash lets somebody save a file between the crash and
// Recover: the words stay, and Recover names the file if it was to change.
func TestPersonEditsAfterCrash(t *testing.T) {
	s := scenarios[1]
	operations, was, is := rehearse(t, s)
	refused, finished := 0, 0
	for _, edited := range []string{"kgen.yaml", "networking/mesh/only.yml", "a/b/c.yml"} {
		for at := range operations {
			dir := scratch(t)
			s.fill(t, dir)
			f := newFaulty(t, dir, at, crashAfter)
			f.apply(inOrder(t, s.ops))
			fill(t, dir, map[string]string{edited: "a person's words\n"})
			before := take(t, dir)
			err, _ := newFaulty(t, dir, -1, "").recover()
			after := take(t, dir)
			if got := after[edited]; got != "-rw-r--r-- a person's words\n" {
				t.Fatalf("operation %d: %s is now %q", at, edited, got)
			}
			if err != nil {
				refused++
				want := edited + " was edited after a run of kgen was interrupted; to finish that run, move the file away, " +
					"run `kgen recover`, and bring the edit back; to give it up, delete .kgen/journal"
				if d := cmp.Diff(want, err.Error()); d != "" {
					t.Errorf("operation %d: %s", at, d)
				}
				if d := cmp.Diff(before.withoutTemps(), after); d != "" {
					t.Errorf("operation %d: refused, but changed:\n%s", at, d)
				}
				os.Remove(filepath.Join(dir, filepath.FromSlash(edited)))
				if err, _ := newFaulty(t, dir, -1, "").recover(); err != nil {
					t.Errorf("operation %d: the way out did not work: %v", at, err)
				}
				if d := cmp.Diff(is, take(t, dir)); d != "" {
					t.Errorf("operation %d: after the way out:\n%s", at, d)
				}
				continue
			}
			finished++
			delete(after, edited)
			rest := func(s snapshot) snapshot {
				out := snapshot{}
				for p, what := range s {
					if p != edited {
						out[p] = what
					}
				}
				return out.withoutEmptyFolders()
			}
			oldOrNew(t, fmt.Sprintf("operation %d, %s edited", at, edited), rest(after), rest(was), rest(is), true)
		}
	}
	if refused == 0 || finished == 0 {
		t.Errorf("refused %d, finished %d: the test has to see both", refused, finished)
	}
	t.Logf("%d operations: refused for a person's edit %d times, not concerned %d times", operations, refused, finished)
}
