package plan

import (
	"bytes"
	"fmt"
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
// Contents differ in their only line, so that there is nothing to merge.
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
	"AB-": {Orphaned, "kgen no longer makes it, but it was edited by hand", 'A', '-'},
	"AAA": {Unchanged, "up to date", 'A', '-'},
	"AAB": {Update, "the model or the templates changed", 'B', 'B'},
	"ABA": {Keep, "edited by hand", 'A', '-'},
	"ABB": {Unchanged, "up to date", 'B', '-'},
	"ABC": {Conflict, "edited by hand in lines that kgen would change", 'A', '-'},
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
					when := string([]rune{b, d, w}) + ", empty " + string(empty)
					archive, err := FormatBase(base)
					if err != nil {
						t.Fatal(err)
					}
					if b != '-' {
						disk.Set(BasePath, archive)
					}
					p := made(t, Input{Base: NewBase(base), Disk: disk, Wanted: wanted})

					var changes []Change
					if want.action != "" {
						changes = []Change{{Path: "f", Action: want.action, Reason: want.reason}}
					}
					var got []Change
					for _, c := range p.Changes {
						if c.Path == "f" {
							got = append(got, Change{Path: c.Path, Action: c.Action, Reason: c.Reason})
						}
					}
					if diff := cmp.Diff(changes, got); diff != "" {
						t.Errorf("%s:\n%s", when, diff)
					}
					newBase := tree.New()
					if letter := names[want.newBase]; letter != 0 {
						newBase.Set("f", contents(letter))
					}
					var ops []txn.Op
					seen := func(path string) *txn.Seen {
						data, exists := disk.File(path)
						return &txn.Seen{Data: data, Exists: exists}
					}
					if after, err := FormatBase(newBase); err != nil {
						t.Fatal(err)
					} else if b != '-' && !bytes.Equal(archive, after) || b == '-' && newBase.Len() > 0 {
						ops = append(ops, txn.Op{Path: BasePath, Data: after, Seen: seen(BasePath)})
					}
					if want.writes != '-' {
						op := txn.Op{Path: "f", Delete: want.writes == 'x', Seen: seen("f")}
						if !op.Delete {
							op.Data = contents(names[want.writes])
						}
						ops = append(ops, op)
					}
					if diff := cmp.Diff(ops, p.Ops()); diff != "" {
						t.Errorf("%s: what is executed:\n%s", when, diff)
					}
				}
			}
		}
	}
	if len(used) != len(decisions) {
		t.Errorf("only %d of %d rows were met", len(used), len(decisions))
	}
}

func made(t *testing.T, in Input) *Plan {
	t.Helper()
	p, err := Make(in)
	if err != nil {
		t.Fatal(err)
	}
	return p
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

// TestManyFiles has one file for each thing that can have happened to it.
func TestManyFiles(t *testing.T) {
	const one = "a: 1\nb: 1\nc: 1\n"
	base := treeOf(t, "same.md", one, "edited.md", one, "merged.md", one, "both.md", one, "old.md", one,
		"stale.md", one, "gone.md", one, "lost.md", one, "kept.md", one, "upd.md", one)
	mine := strings.Replace(one, "a: 1", "a: 1 # mine", 1)
	two := strings.Replace(one, "c: 1", "c: 2", 1)
	disk := treeOf(t, "same.md", one, "edited.md", mine, "merged.md", mine, "both.md", strings.Replace(one, "c: 1", "c: 3", 1),
		"old.md", one, "stale.md", mine, "upd.md", one, "theirs.md", "x", "elsewhere.md", "y")
	wanted := treeOf(t, "same.md", one, "edited.md", one, "merged.md", two, "both.md", two, "lost.md", one,
		"upd.md", two, "theirs.md", "2", "new.md", "2")
	p := made(t, Input{
		Base: NewBase(base), Disk: disk, Wanted: wanted, Missing: []string{"kept.md"},
		Own: treeOf(t, "kgen.yaml", "model"),
	})
	var got []string
	for _, c := range p.Changes {
		got = append(got, fmt.Sprintf("%s %s: %s", c.Action, c.Path, c.Reason))
	}
	if d := cmp.Diff([]string{
		"create .kgen/base.txtar: new",
		"conflict both.md: edited by hand in lines that kgen would change",
		"keep edited.md: edited by hand",
		"unchanged gone.md: already gone; kgen no longer makes it",
		"missing kept.md: deleted by hand",
		"create kgen.yaml: new",
		"create lost.md: missing",
		"merge merged.md: edited by hand, and kgen has something new",
		"create new.md: new",
		"delete old.md: kgen no longer makes it",
		"unchanged same.md: up to date",
		"orphaned stale.md: kgen no longer makes it, but it was edited by hand",
		"conflict theirs.md: there is a file that kgen did not write",
		"update upd.md: the model or the templates changed",
	}, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]Clash{{Line: 3, Count: 1, Wanted: 3, WantedCount: 1}}, p.Conflicts()[0].Clashes); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff("a: 1 # mine\nb: 1\nc: 2\n", string(p.With(Merge)[0].After.Data)); d != "" {
		t.Error(d)
	}
	after, err := ParseBase(p.Changes[0].After.Data)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"both.md", "edited.md", "kept.md", "lost.md", "merged.md", "new.md", "same.md", "stale.md", "upd.md"}, after.Paths()); d != "" {
		t.Error(d)
	}
}

// TestResolutions takes one side or both where the same line was changed twice.
func TestResolutions(t *testing.T) {
	base := "a: 1\n-\nb: 1\nc: 1\nd: 1\n"
	mine := "a: 1\n-\nb: 2 # mine\nc: 1\nd: 4 # mine\n"
	theirs := "a: 0\n-\nb: 3\nc: 1\nd: 1\n"
	tests := []struct {
		resolution Resolution
		action     Action
		want       string
	}{
		{Refuse, Conflict, theirs},
		{Ours, Merge, "a: 0\n-\nb: 2 # mine\nc: 1\nd: 4 # mine\n"},
		{Theirs, Merge, "a: 0\n-\nb: 3\nc: 1\nd: 4 # mine\n"},
		{Markers, Merge, "a: 0\n-\n<<<<<<< yours\nb: 2 # mine\n||||||| what kgen wrote\nb: 1\n=======\nb: 3\n>>>>>>> kgen\nc: 1\nd: 4 # mine\n"},
	}
	for _, tt := range tests {
		p := made(t, Input{
			Base: NewBase(treeOf(t, "f.md", base)), Disk: treeOf(t, "f.md", mine), Wanted: treeOf(t, "f.md", theirs), Resolution: tt.resolution,
		})
		c := p.Changes[len(p.Changes)-1]
		if c.Action != tt.action || len(c.Clashes) != 1 {
			t.Errorf("%q: %s (%s), %d clashes", tt.resolution, c.Action, c.Reason, len(c.Clashes))
		}
		if d := cmp.Diff(tt.want, string(c.After.Data)); d != "" {
			t.Errorf("%q:\n%s", tt.resolution, d)
		}
	}
}

// TestOursAdopts keeps a file that kgen did not write, and merges into it from then on.
func TestOursAdopts(t *testing.T) {
	mine, wanted := "mine\na\nb\n", "a\nb\n"
	p := made(t, Input{Base: NewBase(treeOf(t)), Disk: treeOf(t, "f.md", mine), Wanted: treeOf(t, "f.md", wanted), Resolution: Ours})
	if c := p.Changes[1]; c.Action != Keep || string(c.After.Data) != mine {
		t.Errorf("%+v", c)
	}
	base, err := ParseBase(p.Changes[0].After.Data)
	if err != nil {
		t.Fatal(err)
	}
	p = made(t, Input{Base: base, Disk: treeOf(t, "f.md", mine), Wanted: treeOf(t, "f.md", "a\nc\n")})
	if c := p.Changes[1]; c.Action != Merge || string(c.After.Data) != "mine\na\nc\n" {
		t.Errorf("%+v", c)
	}
	for _, r := range []Resolution{Theirs, Markers} {
		p = made(t, Input{Base: NewBase(treeOf(t)), Disk: treeOf(t, "f.md", mine), Wanted: treeOf(t, "f.md", wanted), Resolution: r})
		if c := p.Conflicts(); len(c) != 1 || !c[0].Foreign {
			t.Errorf("%s: %+v", r, c)
		}
	}
}

// TestTwiceIsNothing executes a plan and makes it again: only the edits are
// left to be named, and nothing to be written.
func TestTwiceIsNothing(t *testing.T) {
	dir := t.TempDir()
	base := treeOf(t, "edited", "1\n", "merged", "1\n2\n3\n", "old/a", "1\n", "upd", "1\n", "stale", "1\n")
	wanted := treeOf(t, "edited", "1\n", "merged", "1\n2\n3\n4\n", "new/deep", "no newline", "upd", "2\n", "marker", "-- x --\n")
	for path, data := range map[string]string{"edited": "mine\n", "merged": "mine\n2\n3\n", "old/a": "1\n", "upd": "1\n", "stale": "mine\n"} {
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
	run := func(base *Base) (listed []string, writes int) {
		disk, list, err := ReadDisk(root, append(Paths(base.Tree, wanted), BasePath))
		if err != nil || len(list) > 0 {
			t.Fatal(list, err)
		}
		p := made(t, Input{Base: base, Disk: disk, Wanted: wanted})
		if err := txn.Apply(t.Context(), dir, p.Ops()); err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Listed() {
			listed = append(listed, fmt.Sprintf("%s %s: %s", c.Action, c.Path, c.Reason))
		}
		return listed, len(p.Writes())
	}
	if _, n := run(NewBase(base)); n != 6 {
		t.Errorf("%d writes", n)
	}
	again, err := ReadBase(root)
	if err != nil {
		t.Fatal(err)
	}
	listed, n := run(again)
	if d := cmp.Diff([]string{
		"keep edited: edited by hand",
		"keep merged: edited by hand",
		"orphaned stale: kgen no longer makes it, but it was edited by hand",
	}, listed); d != "" {
		t.Error(d)
	}
	if n != 0 {
		t.Errorf("the second time writes %d files", n)
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
