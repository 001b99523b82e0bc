package txn

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRecover(t *testing.T) {
	good := joined(formatJournal([]entry{
		{path: "a", data: []byte("new\n"), had: true, was: digestOf("old\n")},
		{path: "sub/b", delete: true, had: true, was: digestOf("b\n")},
	}))
	three := joined(formatJournal([]entry{
		{path: "a", data: []byte("new\n"), had: true, was: digestOf("old\n")},
		{path: "c", data: []byte("c\n")},
		{path: "sub/b", delete: true, had: true, was: digestOf("b\n")},
	}))
	tests := []struct {
		name    string
		files   map[string]string
		want    map[string]string
		outcome Recovered
		says    string
		err     string
	}{
		{
			name:  "no .kgen",
			files: map[string]string{"a": "old\n"}, want: map[string]string{"a": "old\n"},
			outcome: Recovered{Outcome: Nothing},
		},
		{
			name:  "no journal",
			files: map[string]string{".kgen/base.txtar": "x\n"}, want: map[string]string{".kgen/base.txtar": "x\n"},
			outcome: Recovered{Outcome: Nothing},
		},
		{
			name:  "a whole journal that was not committed",
			files: map[string]string{".kgen/journal.tmp": good, "a": "old\n"}, want: map[string]string{"a": "old\n"},
			outcome: Recovered{Outcome: Discarded},
			says:    "an earlier run was interrupted before it changed anything; its leftovers are removed",
		},
		{
			name:  "a torn one beside the archive",
			files: map[string]string{".kgen/journal.tmp": good[:20], ".kgen/base.txtar": "x\n"}, want: map[string]string{".kgen/base.txtar": "x\n"},
			outcome: Recovered{Outcome: Discarded},
			says:    "an earlier run was interrupted before it changed anything; its leftovers are removed",
		},
		{
			name:  "nothing done",
			files: map[string]string{".kgen/journal": good, ".kgen.tmp.0": "ne", "a": "old\n", "sub/b": "b\n"}, want: map[string]string{"a": "new\n"},
			outcome: Recovered{Outcome: Finished, Paths: []string{"a", "sub/b"}},
			says:    "an earlier run was interrupted; it is finished now (files left to do: 2)",
		},
		{
			name:  "half done",
			files: map[string]string{".kgen/journal": good, "a": "new\n", "sub/b": "b\n", "sub/mine": "mine\n"}, want: map[string]string{"a": "new\n", "sub/mine": "mine\n"},
			outcome: Recovered{Outcome: Finished, Paths: []string{"sub/b"}},
			says:    "an earlier run was interrupted; it is finished now (files left to do: 1)",
		},
		{
			name:  "damaged",
			files: map[string]string{".kgen/journal": strings.Replace(good, "new", "old", 1), "a": "old\n"},
			want:  map[string]string{".kgen/journal": strings.Replace(good, "new", "old", 1), "a": "old\n"},
			err:   ".kgen/journal is damaged: its checksum is wrong; compare the files with your version control, then delete it",
		},
		{
			name:  "cut off",
			files: map[string]string{".kgen/journal": "kgen"}, want: map[string]string{".kgen/journal": "kgen"},
			err: ".kgen/journal is damaged: it does not begin and end as a journal does; compare the files with your version control, then delete it",
		},
		{
			name:  "one that was taken back, and its leftovers",
			files: map[string]string{".kgen/journal.tmp": good, ".kgen.tmp.0": "new\n", "a": "mine\n", "sub/b": "b\n"}, want: map[string]string{"a": "mine\n", "sub/b": "b\n"},
			outcome: Recovered{Outcome: Discarded},
			says:    "an earlier run was interrupted before it changed anything; its leftovers are removed",
		},
		{
			name:  "one done, all edited files are named",
			files: map[string]string{".kgen/journal": three, "a": "mine\n", "sub/b": "mine too\n", "c": "c\n"},
			want:  map[string]string{".kgen/journal": three, "a": "mine\n", "sub/b": "mine too\n", "c": "c\n"},
			err: "a was edited after a run of kgen was interrupted; to finish that run, move the file away, run `kgen recover`, and bring the edit back; to give it up, delete .kgen/journal\n" +
				"sub/b was edited after a run of kgen was interrupted; to finish that run, move the file away, run `kgen recover`, and bring the edit back; to give it up, delete .kgen/journal",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, want := t.TempDir(), t.TempDir()
			fill(t, dir, tt.files)
			fill(t, want, tt.want)
			got, err := Recover(dir)
			if tt.err != "" {
				if err == nil {
					t.Fatal("no error")
				}
				if d := cmp.Diff(tt.err, err.Error()); d != "" {
					t.Error(d)
				}
			} else if err != nil {
				t.Fatal(err)
			} else if d := cmp.Diff(tt.outcome, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(tt.says, got.String()); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(take(t, want), take(t, dir)); d != "" {
				t.Errorf("the tree:\n%s", d)
			}
		})
	}
	t.Run("no folder", func(t *testing.T) {
		if got, err := Recover(filepath.Join(t.TempDir(), "none")); err != nil || got.Outcome != Nothing {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// TestRecoverStaysInside runs a journal whose file has become a link since.
func TestRecoverStaysInside(t *testing.T) {
	top := t.TempDir()
	fill(t, top, map[string]string{
		"outside/a":          "old\n",
		"repo/.kgen/journal": joined(formatJournal([]entry{{path: "sub/a", data: []byte("new\n"), had: true, was: digestOf("old\n")}})),
	})
	must(t, os.Symlink("../outside", filepath.Join(top, "repo", "sub")))
	before := take(t, top)
	_, err := Recover(filepath.Join(top, "repo"))
	if want := "finishing an interrupted run: sub is a symbolic link, but a folder has to be there; move it out of the way; run `kgen recover` once the cause is gone"; err == nil || err.Error() != want {
		t.Errorf("err = %v", err)
	}
	if d := cmp.Diff(before, take(t, top)); d != "" {
		t.Error(d)
	}
}

func digestOf(s string) digest { return newDigest([]byte(s)) }

func FuzzJournal(f *testing.F) {
	f.Add("a/b.yaml", []byte("data\n"), []byte("old"), true, false)
	f.Add("new\nline", []byte(nil), []byte(nil), false, true)
	f.Add("é \"q\"", []byte("end \nwrite \"x\" was none size 3\n"), []byte("\x00"), true, true)
	f.Fuzz(func(t *testing.T, p string, data, old []byte, had, del bool) {
		if checkPath(p) != nil {
			return
		}
		e := entry{path: p, temp: tempPath(p, 0), delete: del, had: had}
		if had {
			e.was = newDigest(old)
		}
		if !del {
			e.data = data
		}
		second := entry{path: p + ".2", temp: tempPath(p+".2", 1), data: old}
		if checkPath(second.path) != nil {
			return
		}
		journal := []byte(joined(formatJournal([]entry{e, second})))
		got, err := parseJournal(journal)
		if err != nil {
			t.Fatal(err)
		}
		same := cmp.Comparer(func(a, b entry) bool {
			return a.path == b.path && a.temp == b.temp && a.delete == b.delete && a.had == b.had && a.was == b.was && bytes.Equal(a.data, b.data)
		})
		if d := cmp.Diff([]entry{e, second}, got, same); d != "" {
			t.Error(d)
		}
		for _, at := range []int{0, len(journal) / 2, len(journal) - 2} {
			broken := bytes.Clone(journal)
			broken[at] ^= 0x20
			if _, err := parseJournal(broken); err == nil {
				t.Errorf("byte %d is wrong, and the journal was believed", at)
			}
			if _, err := parseJournal(journal[:at]); err == nil {
				t.Errorf("cut at %d, and the journal was believed", at)
			}
		}
	})
}

// FuzzJournalText parses texts that have the right checksum and anything
// else between: whatever is accepted could have been written.
func FuzzJournalText(f *testing.F) {
	f.Add("write \"a\" was none size 1\nx\n")
	f.Add("delete \"a\" was none\ndelete \"a\" was none\n")
	f.Add("write \"../a\" was none size 1\nx\n")
	f.Add("write \"a\" was none size 99999999\nx\n")
	f.Add("write \"a\" was none size -1\nx\n")
	f.Add("write `a` was 00 size 0\n\n")
	f.Fuzz(func(t *testing.T, body string) {
		text := journalHead + body
		entries, err := parseJournal([]byte(text + journalSum(newDigest([]byte(text)))))
		if err != nil {
			return
		}
		ops := make([]Op, len(entries))
		for i, e := range entries {
			ops[i] = Op{Path: e.path, Data: e.data, Delete: e.delete}
			if e.delete && e.data != nil {
				t.Errorf("%s is deleted and has contents", e.path)
			}
			if err := checkPath(e.path); err != nil {
				t.Error(err)
			}
		}
		again, err := parseJournal([]byte(joined(formatJournal(entries))))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(entries, again, cmp.AllowUnexported(entry{})); d != "" {
			t.Error(d)
		}
	})
}

// TestReadOnly cannot rely on permissions (the tests may run as root), so the
// folder says no through the same door that the system uses.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, map[string]string{"networking/a": "old\n"})
	before := take(t, dir)
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	ops := []Op{{Path: "networking/a", Data: []byte("new\n")}, {Path: "networking/new/b", Data: []byte("new\n")}}
	err = apply(context.Background(), readOnly{newDisk(root), "networking"}, ops)
	if want := "networking: writing into the folder: permission denied; nothing was changed"; err == nil || err.Error() != want {
		t.Errorf("err = %v", err)
	}
	if d := cmp.Diff(before, take(t, dir)); d != "" {
		t.Error(d)
	}
}

// readOnly is a disk with one folder that may not be written in.
type readOnly struct {
	*disk
	folder string
}

func (r readOnly) Writable(p string) error {
	if p == r.folder {
		return plain(p, "writing into the folder", os.ErrPermission)
	}
	return r.disk.Writable(p)
}

// joined is what comes in pieces.
func joined(pieces [][]byte) string { return string(bytes.Join(pieces, nil)) }
