package txn

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestStamps tells plain files from all else, and follows no link.
func TestStamps(t *testing.T) {
	dir := scratch(t)
	fill(t, dir, map[string]string{"a": "12345", "sub/b": "", "real/c": "c"})
	must(t, os.Symlink("a", filepath.Join(dir, "link")))
	must(t, os.Symlink("real", filepath.Join(dir, "folder")))
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	paths := []string{"a", "sub/b", "real/c", "link", "folder/c", "sub", "none", "none/x", "../x", ".", ""}
	got := Stamps(root, paths)
	for i, p := range paths {
		info, err := os.Lstat(filepath.Join(dir, p))
		plain := i < 3
		switch {
		case !plain && got[i] != (Stamp{}):
			t.Errorf("%q has a stamp: %+v", p, got[i])
		case plain && (err != nil || got[i].Size != info.Size() || got[i].Modified != info.ModTime().UnixNano() || got[i].Inode == 0 || got[i].Changed < got[i].Modified):
			t.Errorf("%q: %+v, but %v, %v", p, got[i], info, err)
		}
	}
}

// TestNote leaves a whole file or what was there, and nothing else.
func TestNote(t *testing.T) {
	dir := scratch(t)
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	for _, text := range []string{"one", "two"} {
		fill(t, dir, map[string]string{"sub/deep/n.tmp": "torn", "sub/deep/n.clock": ""}) // what a killed run leaves
		must(t, Note(root, "sub/deep/n", func(now int64) []byte {
			if now == 0 {
				t.Error("no time")
			}
			return []byte(text)
		}))
		if d := cmp.Diff(snapshot{"sub": "d---------", "sub/deep": "d---------", "sub/deep/n": "-rw-r--r-- " + text}, take(t, dir)); d != "" {
			t.Error(d)
		}
	}
	must(t, os.Remove(filepath.Join(dir, "sub/deep/n")))
	must(t, os.Symlink("elsewhere", filepath.Join(dir, "sub/deep/n")))
	before := take(t, dir)
	if err := Note(root, "sub/deep/n", func(int64) []byte { return []byte("three") }); err == nil {
		t.Error("a link was replaced")
	}
	if d := cmp.Diff(before, take(t, dir)); d != "" {
		t.Error(d)
	}
}
