package txn

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scenarios are the trees and changes that every fault strikes.
var scenarios = []struct {
	name string
	old  map[string]string
	ops  []Op
}{
	{
		name: "into an empty folder",
		ops: []Op{
			{Path: "kgen.yaml", Data: []byte("kind: Network\n")},
			{Path: "networking/services/api.yaml", Data: []byte("kind: Service\n")},
			{Path: ".kgen/base.txtar", Data: []byte("-- a --\n")},
		},
	},
	{
		name: "everything at once",
		old: map[string]string{
			"README.md":                  "mine\n",
			"kgen.yaml":                  "kind: Network\n",
			"same.yaml":                  "same\n",
			"networking/ingress/web.yml": "old web\n",
			"networking/mesh/only.yml":   "the only one\n",
			".kgen/base.txtar":           "old base\n",
		},
		ops: []Op{
			{Path: "kgen.yaml", Data: []byte("kind: Network\nname: new\n")},
			{Path: "same.yaml", Data: []byte("same\n")},
			{Path: "networking/ingress/web.yml", Data: []byte("new web\n")},
			{Path: "networking/mesh/only.yml", Delete: true},
			{Path: "a/b/c.yml", Data: []byte("deep\n")},
			{Path: ".kgen/base.txtar", Data: []byte("new base\n")},
		},
	},
	{
		name: "the last files go",
		old:  map[string]string{"a/b/one.yml": "1\n", "a/b/two.yml": "2\n", "a/three.yml": "3\n", "keep": ""},
		ops: []Op{
			{Path: "a/b/one.yml", Delete: true}, {Path: "a/b/two.yml", Delete: true},
			{Path: "a/three.yml", Delete: true}, {Path: "a/never.yml", Delete: true},
		},
	},
}

// TestFaultEverywhere breaks a transaction at each of its operations in each
// way, lets Recover run, and finds the old tree or the new one.
func TestFaultEverywhere(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			operations, was, is := rehearse(t, s.old, s.ops)
			counts := map[string]int{}
			for _, how := range faults {
				for at := range operations {
					dir := scratch(t)
					fill(t, dir, s.old)
					f := newFaulty(t, dir, at, how)
					err, dead := f.apply(inOrder(t, s.ops))
					if dead != how.crash() {
						t.Fatalf("operation %d %s: killed = %v", at, how, dead)
					}
					before := take(t, dir)
					if err, _ := newFaulty(t, dir, -1, "").recover(); err != nil {
						t.Fatalf("operation %d %s: Recover: %v", at, how, err)
					}
					outcome := oldOrNew(t, fmt.Sprintf("operation %d %s", at, how), take(t, dir), was, is, !dead)
					if !dead && err == nil && outcome != "new" {
						t.Errorf("operation %d %s: success, but the tree is %s", at, how, outcome)
					}
					if !dead && err != nil && how != failForever && outcome == "old" {
						if d := cmp.Diff(was.withoutEmptyFolders(), before.withoutEmptyFolders()); d != "" {
							t.Errorf("operation %d %s: after %v not all is undone before Recover:\n%s", at, how, err, d)
						}
					}
					counts[fmt.Sprintf("%s: %s", how, outcome)]++
				}
			}
			t.Logf("%d operations, %d faults each; afterwards: %v", operations, len(faults), counts)
		})
	}
}

// TestCrashAfterFault lets an operation fail and then kills the run while it
// undoes, at each operation that it still makes.
func TestCrashAfterFault(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			operations, was, is := rehearse(t, s.old, s.ops)
			runs := 0
			for at := range operations {
				for _, how := range crashes {
					for then := at + 1; ; then++ {
						dir := scratch(t)
						fill(t, dir, s.old)
						f := newFaulty(t, dir, at, failAfter)
						f.rearm = func() { f.at, f.fault = then, how }
						_, dead := f.apply(inOrder(t, s.ops))
						if err, _ := newFaulty(t, dir, -1, "").recover(); err != nil {
							t.Fatalf("operation %d failed, %d %s: Recover: %v", at, then, how, err)
						}
						oldOrNew(t, fmt.Sprintf("operation %d failed, %d %s", at, then, how), take(t, dir), was, is, true)
						runs++
						if !dead {
							break
						}
					}
				}
			}
			t.Logf("%d runs failed and then were killed", runs)
		})
	}
}

// TestCrashInRecover cuts the power, then breaks Recover at each operation, and
// lets a second Recover finish.
func TestCrashInRecover(t *testing.T) {
	s := scenarios[1]
	operations, was, is := rehearse(t, s.old, s.ops)
	runs := 0
	for at := range operations {
		for _, again := range []fault{failAfter, crashTorn, powerCut, namesLost} {
			for then := 0; ; then++ {
				dir := scratch(t)
				fill(t, dir, s.old)
				newFaulty(t, dir, at, powerCut).apply(inOrder(t, s.ops))
				f := newFaulty(t, dir, then, again)
				f.recover()
				when := fmt.Sprintf("operation %d %s, in Recover %d %s", at, powerCut, then, again)
				if err, _ := newFaulty(t, dir, -1, "").recover(); err != nil {
					t.Fatalf("%s: %v", when, err)
				}
				oldOrNew(t, when, take(t, dir), was, is, !again.crash())
				runs++
				if !f.struck {
					break
				}
			}
		}
	}
	t.Logf("%d runs were killed and recovered twice", runs)
}

// TestPersonEditsAfterCrash lets somebody save a file between the crash and
// Recover: the words stay, and Recover names the file if it was to change.
func TestPersonEditsAfterCrash(t *testing.T) {
	s := scenarios[1]
	operations, was, is := rehearse(t, s.old, s.ops)
	refused, finished := 0, 0
	for _, edited := range []string{"kgen.yaml", "networking/mesh/only.yml", "a/b/c.yml"} {
		for at := range operations {
			dir := scratch(t)
			fill(t, dir, s.old)
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
				if d := cmp.Diff(before, after); d != "" {
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

// rehearse runs without a fault: how many operations, the tree before and after.
func rehearse(t *testing.T, old map[string]string, ops []Op) (operations int, was, is snapshot) {
	t.Helper()
	dir := scratch(t)
	fill(t, dir, old)
	was = take(t, dir)
	f := newFaulty(t, dir, -1, "")
	if err, _ := f.apply(inOrder(t, ops)); err != nil {
		t.Fatal(err)
	}
	is = take(t, dir)
	if cmp.Equal(was, is) {
		t.Fatal("the scenario changes nothing")
	}
	return f.n, was, is
}

func inOrder(t *testing.T, ops []Op) []Op {
	t.Helper()
	sorted, err := ordered(ops)
	if err != nil {
		t.Fatal(err)
	}
	return sorted
}

// oldOrNew compares a tree with both; lenient ignores empty folders.
func oldOrNew(t *testing.T, when string, got, was, is snapshot, lenient bool) string {
	t.Helper()
	if lenient {
		got, was, is = got.withoutEmptyFolders(), was.withoutEmptyFolders(), is.withoutEmptyFolders()
	}
	if cmp.Equal(got, was) {
		return "old"
	}
	if d := cmp.Diff(is, got); d != "" {
		t.Fatalf("%s: the tree is neither old nor new; against the new one:\n%s", when, d)
	}
	return "new"
}
