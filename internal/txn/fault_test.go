package txn

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A scenario is a tree and a change of it.
type scenario struct {
	name  string
	old   map[string]string
	modes map[string]fs.FileMode // of those that are not ordinary
	ops   []Op
}

func (s scenario) fill(t *testing.T, dir string) {
	t.Helper()
	fill(t, dir, s.old)
	for p, mode := range s.modes {
		must(t, os.Chmod(filepath.Join(dir, filepath.FromSlash(p)), mode))
	}
}

// scenarios are what every fault strikes.
var scenarios = []scenario{
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
	{
		// What a person has edited is merged, what they deleted is left or made
		// again, what they added and how they set the modes stays.
		name: "among a person's edits",
		old: map[string]string{
			"kgen.yaml":                  "# mine\nkind: Network\n",
			"networking/ingress/web.yml": "old web\n# mine\n",
			"networking/ingress/own.yml": "all mine\n",
			"networking/mesh/go.yml":     "not needed\n",
			"networking/mesh/own.yml":    "mine too\n",
			".kgen/base.txtar":           "old base\n",
			".kgen/templates/own.tmpl":   "mine as well\n",
		},
		modes: map[string]fs.FileMode{"kgen.yaml": 0o600, "networking/ingress/web.yml": 0o755, ".kgen/base.txtar": 0o664, "networking/mesh/go.yml": 0o640},
		ops: []Op{
			{Path: "kgen.yaml", Data: []byte("# mine\nkind: Network\nname: new\n"), Seen: &Seen{true, []byte("# mine\nkind: Network\n")}},
			{Path: "networking/ingress/web.yml", Data: []byte("new web\n# mine\n"), Seen: &Seen{true, []byte("old web\n# mine\n")}},
			{Path: "networking/ingress/gone.yml", Data: []byte("deleted by hand, made again\n"), Seen: &Seen{}},
			{Path: "networking/mesh/go.yml", Delete: true, Seen: &Seen{true, []byte("not needed\n")}},
			{Path: ".kgen/base.txtar", Data: []byte("new base\n"), Seen: &Seen{true, []byte("old base\n")}},
		},
	},
}

// TestFaultsAreEverywhere counts the operations that the scenarios make: each
// one that a transaction knows is among them, in a run, its undoing or Recover.
func TestFaultsAreEverywhere(t *testing.T) {
	called := map[string]int{}
	for _, s := range scenarios {
		operations, _, _ := rehearse(t, s)
		for at := range operations {
			dir := scratch(t)
			s.fill(t, dir)
			for _, f := range []*faulty{newFaulty(t, dir, at, failAfter), newFaulty(t, dir, at, crashAfter), newFaulty(t, dir, -1, "")} {
				if f.at < 0 {
					f.recover()
				} else {
					f.apply(inOrder(t, s.ops))
				}
				for name, n := range f.called {
					called[name] += n
				}
			}
		}
	}
	for m := range reflect.TypeFor[files]().Methods() {
		if called[m.Name] == 0 {
			t.Errorf("no scenario makes the operation %s, so no fault strikes it", m.Name)
		}
	}
	t.Log(called)
}

// TestFaultEverywhere breaks a transaction at each of its operations in each
// way, lets Recover run, and finds the old tree or the new one.
func TestFaultEverywhere(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			operations, was, is := rehearse(t, s)
			counts := map[string]int{}
			for _, how := range faults {
				for at := range operations {
					dir := scratch(t)
					s.fill(t, dir)
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
			operations, was, is := rehearse(t, s)
			runs := 0
			for at := range operations {
				for _, how := range []fault{crashTorn, powerCut, namesLost, journalLost} {
					for then := at + 1; ; then++ {
						dir := scratch(t)
						s.fill(t, dir)
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

// TestCrashInRecover kills runs at each of their operations in each way, and
// Recover at each of its own, in every state of the tree that any number of
// such kills can leave: from each of them Recover finds the old tree or the new.
func TestCrashInRecover(t *testing.T) {
	ways := []fault{failTorn, powerCut, namesLost, journalLost} // what the others leave, one of these does too
	for _, s := range []scenario{scenarios[0], scenarios[3]} {
		t.Run(s.name, func(t *testing.T) {
			operations, was, is := rehearse(t, s)
			var states []snapshot
			known := map[string]bool{}
			reached := func(dir string) {
				state := take(t, dir)
				if text := fmt.Sprint(state); !known[text] { // maps are printed in order
					known[text] = true
					states = append(states, state)
				}
			}
			for at := range operations {
				for _, how := range crashes {
					dir := scratch(t)
					s.fill(t, dir)
					newFaulty(t, dir, at, how).apply(inOrder(t, s.ops))
					reached(dir)
				}
			}
			runs, first := 0, len(states)
			dir := scratch(t)
			for i := 0; i < len(states); i++ {
				states[i].lay(t, dir)
				f := newFaulty(t, dir, -1, "")
				if err, _ := f.recover(); err != nil {
					t.Fatalf("Recover: %v, from\n%v", err, states[i])
				}
				oldOrNew(t, fmt.Sprint("from ", states[i]), take(t, dir), was, is, true)
				for at, name := range f.trace {
					ways := ways
					if slices.Contains(looks, name) {
						ways = ways[:1]
					}
					for _, how := range ways {
						states[i].lay(t, dir)
						newFaulty(t, dir, at, how).recover()
						reached(dir)
						runs++
					}
				}
			}
			t.Logf("%d states after a killed run and %d after a killed Recover; Recover was broken %d times in them", first, len(states)-first, runs)
		})
	}
}

// TestPowerCutInRecover kills runs, and cuts the power while Recover finishes
// them, or when it has: then what the killed run had not synced is lost with what
// Recover had not. The next Recover finds the old tree or the new one, and what
// was finished is the new one.
func TestPowerCutInRecover(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			operations, was, is := rehearse(t, s)
			runs := 0
			for at := range operations {
				// recovers kills a run, and lets Recover go on from there with its unsynced files.
				recovers := func(then int, how fault) (dir string, f *faulty, r Recovered) {
					dir = scratch(t)
					s.fill(t, dir)
					first := newFaulty(t, dir, at, crashAfter)
					first.apply(inOrder(t, s.ops))
					f = newFaulty(t, dir, then, how)
					f.unsynced, f.names = first.unsynced, first.names
					r, err, _ := f.recovered()
					if err != nil {
						t.Fatalf("operation %d was the last: Recover: %v", at, err)
					}
					return dir, f, r
				}
				_, whole, _ := recovers(-1, "")
				for then, name := range append(whole.trace, "") {
					if slices.Contains(looks, name) {
						continue
					}
					for _, how := range []fault{powerCut, namesLost, journalLost} {
						when := fmt.Sprintf("operation %d was the last, Recover's %d %s", at, then, how)
						dir, f, did := recovers(then, how)
						if name == "" {
							f.lose(how)
						}
						if err, _ := newFaulty(t, dir, -1, "").recover(); err != nil {
							t.Fatalf("%s: Recover: %v", when, err)
						}
						found := oldOrNew(t, when, take(t, dir), was, is, true)
						if did.Outcome == Finished && found != "new" {
							t.Errorf("%s: it had finished, but the tree is %s", when, found)
						}
						runs++
					}
				}
			}
			t.Logf("the power was cut %d times", runs)
		})
	}
}

// rehearse runs without a fault: how many operations, the tree before and after.
func rehearse(t *testing.T, s scenario) (operations int, was, is snapshot) {
	t.Helper()
	dir := scratch(t)
	s.fill(t, dir)
	was = take(t, dir)
	f := newFaulty(t, dir, -1, "")
	if err, _ := f.apply(inOrder(t, s.ops)); err != nil {
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
