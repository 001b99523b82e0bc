package index

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/txn"
)

// repository is a folder with files, and an index of them all, not yet written.
func repository(t *testing.T, files map[string]string) (dir string, root *os.Root, x *Index) {
	t.Helper()
	dir = t.TempDir()
	x = &Index{Maker: "kgen test", Model: SumOf([]byte("model"))}
	for name, text := range files {
		save(t, filepath.Join(dir, name), text)
		if name != plan.BasePath {
			x.Files = append(x.Files, File{Part: plan.Part{Path: name}})
		}
	}
	slices.SortFunc(x.Files, func(a, b File) int { return bytes.Compare([]byte(a.Path), []byte(b.Path)) })
	for i := range x.Files {
		x.Files[i].Unwanted = i%2 == 1
		x.Files[i].From, x.Files[i].To = 100+10*i, 107+10*i
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	return dir, root, x
}

func save(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// settle waits until the file system's clock has gone on.
func settle(t *testing.T, root *os.Root, files ...string) {
	t.Helper()
	for late := true; late; {
		if err := txn.Note(root, ".kgen/tick", func(now int64) []byte {
			late = slices.ContainsFunc(txn.Stamps(root, files), func(s txn.Stamp) bool { return s.Changed >= now })
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

var longAgo = time.Unix(1e9, 0)

func TestWriteAndRead(t *testing.T) {
	dir, root, x := repository(t, map[string]string{"a.yaml": "a\n", "sub/b.yaml": "b\n", "sub/c.yaml": "c\n", plan.BasePath: "archive\n"})
	settle(t, root, "a.yaml", "sub/b.yaml", "sub/c.yaml", plan.BasePath)
	if err := x.Write(root, []byte("archive\n"), map[string]bool{"a.yaml": true, "sub/b.yaml": true}); err != nil {
		t.Fatal(err)
	}
	got := Read(root)
	if d := cmp.Diff(x, got); d != "" {
		t.Fatal(d)
	}
	if got.Base.Stamp == (txn.Stamp{}) || !got.Base.Of(root, []byte("archive\n")) {
		t.Errorf("the archive is not known again: %v", got.Base)
	}
	if d := cmp.Diff([]int{2}, got.Changed(root)); d != "" {
		t.Errorf("what was not fresh: %s", d)
	}
	ignored, err := os.ReadFile(filepath.Join(dir, ".kgen/cache/.gitignore"))
	if err != nil || !bytes.HasSuffix(ignored, []byte("\n*\n")) {
		t.Errorf("git would see it: %q, %v", ignored, err)
	}
	changes := map[string]func(name string) error{
		"other contents": func(name string) error { return os.WriteFile(name, []byte("B\n"), 0o644) },
		"an old time":    func(name string) error { return os.Chtimes(name, longAgo, longAgo) },
		"removed":        os.Remove,
		"a link":         func(name string) error { os.Remove(name); return os.Symlink("c.yaml", name) },
		"a folder":       func(name string) error { os.Remove(name); return os.Mkdir(name, 0o755) },
		"renamed over": func(name string) error {
			save(t, name+".new", "B\n")
			return os.Rename(name+".new", name)
		},
	}
	for what, change := range changes {
		t.Run(what, func(t *testing.T) {
			b := filepath.Join(dir, "sub", "b.yaml")
			os.RemoveAll(b)
			save(t, b, "b\n")
			settle(t, root, "sub/b.yaml")
			if err := x.Write(root, []byte("archive\n"), map[string]bool{"a.yaml": true, "sub/b.yaml": true}); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]int{2}, Read(root).Changed(root)); d != "" {
				t.Fatalf("before: %s", d)
			}
			if err := change(b); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]int{1, 2}, Read(root).Changed(root)); d != "" {
				t.Error(d)
			}
		})
	}
	save(t, filepath.Join(dir, plan.BasePath), "ARCHIVE\n")
	if got.Base.Of(root, []byte("ARCHIVE\n")) {
		t.Error("another archive is taken for the index's")
	}
}

// TestWriteInTheSameTick changes files right before and right after they are
// looked at, by contents of the same length: each is told of.
func TestWriteInTheSameTick(t *testing.T) {
	files := map[string]string{plan.BasePath: "archive\n"}
	fresh := map[string]bool{}
	for i := range 50 {
		name := fmt.Sprintf("f%02d.yaml", i)
		files[name], fresh[name] = "a\n", true
	}
	dir, root, x := repository(t, files)
	for turn := range 40 {
		for i, f := range x.Files {
			if i%7 == turn%7 {
				save(t, filepath.Join(dir, f.Path), fmt.Sprintf("%c\n", 'a'+turn%26))
			}
		}
		save(t, filepath.Join(dir, plan.BasePath), "archive\n")
		if err := x.Write(root, []byte("archive\n"), fresh); err != nil {
			t.Fatal(err)
		}
		read := Read(root)
		if !read.Base.Of(root, []byte("archive\n")) {
			t.Fatal("the archive is not known again")
		}
		var want []int
		for i, f := range x.Files {
			if i%5 == turn%5 {
				save(t, filepath.Join(dir, f.Path), "z\n")
				want = append(want, i)
			}
		}
		save(t, filepath.Join(dir, plan.BasePath), "ARCHIVE\n")
		if read.Base.Of(root, []byte("ARCHIVE\n")) {
			t.Fatalf("turn %d: another archive is taken for the index's", turn)
		}
		changed := read.Changed(root)
		for _, i := range want {
			if !slices.Contains(changed, i) {
				t.Fatalf("turn %d: %s was written and nobody tells", turn, x.Files[i].Path)
			}
		}
	}
}

func TestReadRefuses(t *testing.T) {
	_, root, x := repository(t, map[string]string{"a.yaml": "a\n", "b.yaml": "b\n", plan.BasePath: "archive\n"})
	whole := x.format()
	for n := range whole {
		if _, err := parse(whole[:n]); err == nil {
			t.Errorf("the first %d bytes pass for an index", n)
		}
		bent := bytes.Clone(whole)
		bent[n] ^= 0x20
		if _, err := parse(bent); err == nil {
			t.Errorf("byte %d may be another", n)
		}
	}
	if x, err := parse(whole); err != nil || len(x.Files) != 2 {
		t.Errorf("%v, %v", x, err)
	}
	x.Files[0], x.Files[1] = x.Files[1], x.Files[0]
	x.Files[0].From, x.Files[0].To, x.Files[1].From, x.Files[1].To = 1, 2, 3, 4
	if _, err := parse(x.format()); err == nil {
		t.Error("files out of order pass")
	}
	if Read(root) != nil {
		t.Error("read without one")
	}
}

// TestWriteStaysInside meets links where the index would stand.
func TestWriteStaysInside(t *testing.T) {
	for _, place := range []string{".kgen", ".kgen/cache"} {
		dir, root, x := repository(t, map[string]string{"a.yaml": "a\n"})
		outside := t.TempDir()
		at := filepath.Join(dir, place)
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, at); err != nil {
			t.Fatal(err)
		}
		if err := x.Write(root, nil, nil); err == nil {
			t.Errorf("%s: written through a link", place)
		}
		if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
			t.Errorf("%s: outside is now %v, %v", place, left, err)
		}
	}
}

// FuzzParse reads any bytes: what is accepted is written again as it was.
func FuzzParse(f *testing.F) {
	x := Index{Maker: "kgen", Files: []File{{plan.Part{Path: "a", From: 3, To: 9}, true, txn.Stamp{Size: 1, Modified: -2, Changed: 3, Inode: 4}}}}
	f.Add(x.format())
	f.Fuzz(func(t *testing.T, body []byte) {
		sum := SumOf(append([]byte(head), body...))
		data := slices.Concat([]byte(head), body, sum[:])
		got, err := parse(data)
		if err != nil {
			return
		}
		again, err := parse(got.format())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(got, again); d != "" {
			t.Error(d)
		}
	})
}
