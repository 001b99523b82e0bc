package plan

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/tree"
	"kgen.dev/kgen/internal/txn"
)

// decisions is the whole table: base, disk and wanted, a letter each for
// contents and a hyphen for no file; letters are given in order of appearance.
var decisions = map[string]struct {
	action  Action // "" : not in the plan
	reason  string
	newBase byte // which of the letters the base holds afterwards
	writes  byte // the letter that is written; 'x' for a deletion
}{
	"---": {"", "", '-', '-'},
	"-A-": {"", "", '-', '-'},
	"--A": {Create, "new", 'A', 'A'},
	"-AA": {Unchanged, "up to date", 'A', '-'},
	"-AB": {Conflict, "there is a file that kgen did not write", '-', '-'},
	"A--": {Unchanged, "already gone; kgen no longer makes it", '-', '-'},
	"A-A": {Create, "missing", 'A', 'A'},
	"A-B": {Create, "missing", 'B', 'B'},
	"AA-": {Delete, "kgen no longer makes it", '-', 'x'},
	"AB-": {StaleEdited, "kgen no longer makes it, but it was edited by hand", 'A', '-'},
	"AAA": {Unchanged, "up to date", 'A', '-'},
	"AAB": {Update, "the model or the templates changed", 'B', 'B'},
	"ABA": {Keep, "edited by hand", 'A', '-'},
	"ABB": {Unchanged, "up to date", 'B', '-'},
	"ABC": {Conflict, "edited by hand, and kgen would write something new", 'A', '-'},
}

// TestEveryCombination goes through all 64 of four contents (one of them no
// file) in three places, and lets an empty file stand for each letter in turn.
func TestEveryCombination(t *testing.T) {
	const letters = "-ABC"
	used := map[string]bool{}
	for _, b := range letters {
		for _, d := range letters {
			for _, w := range letters {
				combination, names := canonical(string([]rune{b, d, w}))
				want, ok := decisions[combination]
				if !ok {
					t.Fatalf("%s is not in the table", combination)
				}
				used[combination] = true
				for _, empty := range letters {
					contents := func(letter byte) []byte {
						if rune(letter) == empty {
							return nil
						}
						return []byte{letter, '\n'}
					}
					one := func(letter rune) *tree.Tree {
						out := tree.New()
						if letter != '-' {
							out.Set("f", contents(byte(letter)))
						}
						return out
					}
					base, disk, wanted := one(b), one(d), one(w)
					p := Make(base, disk, wanted)
					when := string([]rune{b, d, w}) + ", empty " + string(empty)

					var changes []Change
					if want.action != "" {
						changes = []Change{{Path: "f", Action: want.action, Reason: want.reason}}
					}
					if diff := cmp.Diff(changes, p.Changes); diff != "" {
						t.Errorf("%s:\n%s", when, diff)
					}
					newBase := tree.New()
					if letter := names[want.newBase]; letter != 0 {
						newBase.Set("f", contents(letter))
					}
					if !same(newBase, p.NewBase()) {
						t.Errorf("%s: the new base has %q", when, p.NewBase().Paths())
					}
					var ops []txn.Op
					if want.writes != '-' {
						seen := &txn.Seen{}
						seen.Data, seen.Exists = disk.File("f")
						op := txn.Op{Path: "f", Delete: want.writes == 'x', Seen: seen}
						if !op.Delete {
							op.Data = contents(names[want.writes])
						}
						ops = append(ops, op)
					}
					if !same(base, newBase) {
						archive, err := FormatBase(newBase)
						if err != nil {
							t.Fatal(err)
						}
						ops = append(ops, txn.Op{Path: ".kgen/base.txtar", Data: archive})
					}
					got, err := p.Ops()
					if err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(ops, got); diff != "" {
						t.Errorf("%s: what is executed:\n%s", when, diff)
					}
					clean := (want.action == "" || want.action == Unchanged) && same(base, newBase)
					if p.Clean() != clean {
						t.Errorf("%s: Clean() = %v", when, p.Clean())
					}
				}
			}
		}
	}
	if len(used) != len(decisions) {
		t.Errorf("only %d of %d rows were met", len(used), len(decisions))
	}
}

// canonical renames the letters by first appearance and returns what each stands for.
func canonical(s string) (string, map[byte]byte) {
	to, from := map[byte]byte{'-': '-'}, map[byte]byte{}
	out := []byte(s)
	for i := range out {
		if to[out[i]] == 0 {
			to[out[i]] = byte('A' + len(from))
			from[to[out[i]]] = out[i]
		}
		out[i] = to[out[i]]
	}
	return string(out), from
}

func treeOf(t *testing.T, files ...string) *tree.Tree {
	t.Helper()
	out := tree.New()
	for i := 0; i < len(files); i += 2 {
		if err := out.Add(files[i], []byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestPlanOfManyFiles(t *testing.T) {
	base := treeOf(t, "same", "1", "edited", "1", "both", "1", "old", "1", "stale", "1", "gone", "1", "lost", "1", "upd", "1")
	disk := treeOf(t, "same", "1", "edited", "1 mine", "both", "1 mine", "old", "1", "stale", "1 mine", "upd", "1", "theirs", "x", "elsewhere", "y")
	wanted := treeOf(t, "same", "1", "edited", "1", "both", "2", "lost", "1", "upd", "2", "theirs", "2", "new", "2")
	p := Make(base, disk, wanted)
	want := []Change{
		{"both", Conflict, "edited by hand, and kgen would write something new"},
		{"edited", Keep, "edited by hand"},
		{"gone", Unchanged, "already gone; kgen no longer makes it"},
		{"lost", Create, "missing"},
		{"new", Create, "new"},
		{"old", Delete, "kgen no longer makes it"},
		{"same", Unchanged, "up to date"},
		{"stale", StaleEdited, "kgen no longer makes it, but it was edited by hand"},
		{"theirs", Conflict, "there is a file that kgen did not write"},
		{"upd", Update, "the model or the templates changed"},
	}
	if d := cmp.Diff(want, p.Changes); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[Action]int{Conflict: 2, Keep: 1, Unchanged: 2, Create: 2, Delete: 1, StaleEdited: 1, Update: 1}, p.Counts()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Change{want[0], want[8]}, p.Conflicts()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"both", "edited", "lost", "new", "same", "stale", "upd"}, p.NewBase().Paths()); d != "" {
		t.Error(d)
	}
}

// TestTwiceIsNothing executes a plan and makes it again: only the edits are
// left to be named, and nothing to be written.
func TestTwiceIsNothing(t *testing.T) {
	dir := t.TempDir()
	base := treeOf(t, "edited", "1\n", "old/a", "1\n", "upd", "1\n", "stale", "1\n")
	wanted := treeOf(t, "edited", "1\n", "new/deep", "no newline", "upd", "2\n", "marker", "-- x --\n")
	for path, data := range map[string]string{"edited": "mine\n", "old/a": "1\n", "upd": "1\n", "stale": "mine\n"} {
		at := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	run := func(base *tree.Tree) ([]Change, []txn.Op) {
		disk, list, err := ReadDisk(root, Paths(base, wanted))
		if err != nil || len(list) > 0 {
			t.Fatal(list, err)
		}
		p := Make(base, disk, wanted)
		ops, err := p.Ops()
		if err != nil {
			t.Fatal(err)
		}
		if err := txn.Apply(context.Background(), dir, ops); err != nil {
			t.Fatal(err)
		}
		return p.With(Create, Update, Delete, Keep, Conflict, StaleEdited), ops
	}
	if _, ops := run(base); len(ops) != 5 {
		t.Errorf("%d operations", len(ops))
	}
	again, err := ReadBase(root)
	if err != nil {
		t.Fatal(err)
	}
	changes, ops := run(again)
	want := []Change{{"edited", Keep, "edited by hand"}, {"stale", StaleEdited, "kgen no longer makes it, but it was edited by hand"}}
	if d := cmp.Diff(want, changes); d != "" {
		t.Error(d)
	}
	if len(ops) != 0 {
		t.Errorf("the second time writes %v", ops)
	}
}

func TestReadDisk(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "repo")
	for _, d := range []string{"outside", "repo/folder"} {
		if err := os.MkdirAll(filepath.Join(top, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"outside/secret", "repo/here", "repo/folder/here"} {
		if err := os.WriteFile(filepath.Join(top, f), []byte(f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../outside", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	got, list, err := ReadDisk(root, []string{"here", "folder/here", "folder", "not/there", "link/secret"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"folder/here", "here"}, got.Paths()); d != "" {
		t.Error(d)
	}
	want := diag.List{
		{File: "folder", Severity: diag.Error, Code: "in-the-way", Message: "this is a folder, but a file has to be there", Fix: "move it out of the way"},
		{File: "link", Severity: diag.Error, Code: "in-the-way", Message: "this is a symbolic link, but a folder has to be there", Fix: "move it out of the way"},
	}
	if d := cmp.Diff(want, list); d != "" {
		t.Error(d)
	}
	if _, _, err := ReadDisk(root, []string{"../outside/secret"}); err == nil || !strings.Contains(err.Error(), "not a clean relative path") {
		t.Errorf("err = %v", err)
	}
}
