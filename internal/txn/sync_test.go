package txn

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSyncEach syncs each file before the folders, each of those once, and all
// that is above them.
func TestSyncEach(t *testing.T) {
	var synced []string
	sync := func(p string) error {
		synced = append(synced, p)
		if p == "gone/for/good" || p == "gone/for" {
			return plain(p, "syncing", fs.ErrNotExist)
		}
		return nil
	}
	must(t, syncEach(sync, []string{"a/b/c/new", "a/b/c/other", "a/d/e", "gone/for/good", "top"}))
	want := []string{"a/b/c/new", "a/b/c/other", "a/d/e", "gone/for/good", "top", ".", "a", "a/b", "a/b/c", "a/d", "gone", "gone/for"}
	if d := cmp.Diff(want, synced); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"a/b", "."} {
		fails := func(p string) error {
			if p == bad {
				return plain(p, "syncing", syscall.EIO)
			}
			return nil
		}
		if err := syncEach(fails, []string{"a/b/c"}); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s cannot be synced, and the error is %v", bad, err)
		}
	}
}

// TestSyncAllOfTheDisk syncs what is there of new folders and what has gone.
func TestSyncAllOfTheDisk(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, map[string]string{"a/b/c": "new\n"})
	root, err := os.OpenRoot(dir)
	must(t, err)
	defer root.Close()
	d := newDisk(root)
	defer d.Close()
	must(t, d.SyncAll([]string{"a/b/c", "a/b/gone", "a/gone/too", "top"}))
	must(t, syncEach(d.Sync, []string{"a/b/c", "a/b/gone", "a/gone/too", "top"}))
}

// TestTakenBackForSure tells that the journal may come back, where a disk does
// not say that it has gone.
func TestTakenBackForSure(t *testing.T) {
	for _, test := range []struct {
		name     string
		replaces bool // up to the first rename all goes well
		want     string
	}{
		{"before any write", false, ".kgen: syncing: input/output error; nothing was changed, " +
			"but taking it back is not on the disk: .kgen: syncing: input/output error; " +
			"see to the disk: if it fails now, `kgen recover` may complete the change"},
		{"after some", true, "b: replacing: input/output error; nothing was changed, " +
			"but taking it back is not on the disk: .kgen: syncing: input/output error; " +
			"see to the disk: if it fails now, `kgen recover` may complete the change"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir, map[string]string{"a": "old\n", ".kgen/base.txtar": "x\n"})
			before := take(t, dir)
			root, err := os.OpenRoot(dir)
			must(t, err)
			defer root.Close()
			d := &forgetful{disk: newDisk(root), replaces: test.replaces}
			defer d.Close()
			err = apply(context.Background(), d, []Op{{Path: "a", Data: []byte("new\n")}, {Path: "b", Data: []byte("new\n")}})
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(before, take(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// forgetful is a disk that does not sync the journal's folder: never, or not
// after it has failed to replace b.
type forgetful struct {
	*disk
	replaces bool
}

func (f *forgetful) Rename(from, to string, was fs.FileInfo) error {
	if f.replaces && to == "b" {
		f.replaces = false
		return plain(to, "replacing", syscall.EIO)
	}
	return f.disk.Rename(from, to, was)
}

func (f *forgetful) Sync(p string) error {
	if p == Folder && !f.replaces {
		return plain(p, "syncing", syscall.EIO)
	}
	return f.disk.Sync(p)
}
