//go:build unix

package txn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestApply(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			_, _, want := rehearse(t, s)
			dir := t.TempDir()
			s.fill(t, dir)
			if err := Apply(context.Background(), dir, s.ops); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want, take(t, dir)); d != "" {
				t.Errorf("on the real disk it is another tree:\n%s", d)
			}
			if r, err := Recover(dir); err != nil || r.Outcome != Nothing {
				t.Errorf("Recover after success: %v, %v", r, err)
			}
		})
	}
	t.Run("exact result", func(t *testing.T) {
		_, _, is := rehearse(t, scenarios[1])
		want := snapshot{
			"README.md":                  "-rw-r--r-- mine\n",
			"kgen.yaml":                  "-rw-r--r-- kind: Network\nname: new\n",
			"same.yaml":                  "-rw-r--r-- same\n",
			"networking":                 "d---------",
			"networking/ingress":         "d---------",
			"networking/ingress/web.yml": "-rw-r--r-- new web\n",
			"a":                          "d---------",
			"a/b":                        "d---------",
			"a/b/c.yml":                  "-rw-r--r-- deep\n",
			".kgen":                      "d---------",
			".kgen/base.txtar":           "-rw-r--r-- new base\n",
		}
		if d := cmp.Diff(want, is); d != "" {
			t.Error(d)
		}
	})
}

// TestModes keeps the mode of a file that is replaced, whatever the umask, and
// of one that is put back.
func TestModes(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	modes := map[string]fs.FileMode{"a": 0o644, "b": 0o600, "c": 0o664, "d": 0o755, "e": 0o222}
	dir := t.TempDir()
	var ops []Op
	for name, mode := range modes {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("old\n"), 0o600))
		must(t, os.Chmod(filepath.Join(dir, name), mode))
		ops = append(ops, Op{Path: name, Data: []byte("new\n")})
	}
	was := take(t, dir)
	f := newFaulty(t, dir, -1, "")
	if err, _ := f.apply(inOrder(t, ops)); err != nil {
		t.Fatal(err)
	}
	last := len(f.trace) - 1 // the sync when all are replaced
	for f.trace[last] != "SyncAll" {
		last--
	}
	check := func(want string) {
		for name, mode := range modes {
			info, err := os.Stat(filepath.Join(dir, name))
			must(t, err)
			if got := info.Mode().Perm(); got != mode {
				t.Errorf("%s: %s had mode %v and has %v", want, name, mode, got)
			}
		}
	}
	check("replaced")
	was.lay(t, dir)
	if err, _ := newFaulty(t, dir, last, failBefore).apply(inOrder(t, ops)); err == nil {
		t.Fatal("the fault was not heard")
	}
	check("put back")
	if d := cmp.Diff(was, take(t, dir)); d != "" {
		t.Error(d)
	}
	must(t, Apply(t.Context(), dir, []Op{{Path: "new", Data: []byte("1")}}))
	info, err := os.Stat(filepath.Join(dir, "new"))
	must(t, err)
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("a new file has mode %v in spite of the umask", got)
	}
}

// TestEndless refuses a file that is made to look larger than any memory.
func TestEndless(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, map[string]string{"a": ""})
	must(t, os.Truncate(filepath.Join(dir, "a"), 1<<40))
	err := Apply(t.Context(), dir, []Op{{Path: "a", Data: []byte("new\n")}})
	want := "a has 1048576 MiB, and kgen writes no file of more than 1024; move it out of the way; nothing was changed"
	if err == nil || err.Error() != want {
		t.Errorf("err = %v", err)
	}
}

// TestHardLink leaves the old contents under the other name of a file.
func TestHardLink(t *testing.T) {
	top := t.TempDir()
	fill(t, top, map[string]string{"repo/a": "old\n"})
	must(t, os.Link(filepath.Join(top, "repo", "a"), filepath.Join(top, "outside")))
	must(t, Apply(t.Context(), filepath.Join(top, "repo"), []Op{{Path: "a", Data: []byte("new\n")}}))
	want := snapshot{"repo": "d---------", "repo/a": "-rw-r--r-- new\n", "outside": "-rw-r--r-- old\n"}
	if d := cmp.Diff(want, take(t, top)); d != "" {
		t.Error(d)
	}
}

// TestRefused lists what is in the way: each time the error is exact, and
// nothing has changed inside or outside.
func TestRefused(t *testing.T) {
	write := func(paths ...string) (ops []Op) {
		for _, p := range paths {
			ops = append(ops, Op{Path: p, Data: []byte("new\n")})
		}
		return ops
	}
	link := func(to, at string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { must(t, os.Symlink(to, filepath.Join(dir, at))) }
	}
	tests := []struct {
		name    string
		prepare func(t *testing.T, dir string)
		ops     []Op
		want    string
	}{
		{"a linked file", link("../outside/secret", "a.yaml"), write("a.yaml", "b.yaml"),
			"a.yaml is a symbolic link, but a file has to be there; move it out of the way; nothing was changed"},
		{"a link to a file inside", link("kgen.yaml", "a.yaml"), write("a.yaml"),
			"a.yaml is a symbolic link, but a file has to be there; move it out of the way; nothing was changed"},
		{"a dangling link", link("nowhere", "a.yaml"), write("a.yaml"),
			"a.yaml is a symbolic link, but a file has to be there; move it out of the way; nothing was changed"},
		{"a linked file to delete", link("kgen.yaml", "a.yaml"), []Op{{Path: "a.yaml", Delete: true}},
			"a.yaml is a symbolic link, but a file has to be there; move it out of the way; nothing was changed"},
		{"a linked folder, said once", link("../outside", "networking"), write("networking/a.yaml", "networking/b.yaml"),
			"networking is a symbolic link, but a folder has to be there; move it out of the way; nothing was changed"},
		{"a linked folder inside", func(t *testing.T, dir string) {
			must(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
			must(t, os.Symlink("real", filepath.Join(dir, "networking")))
		}, write("networking/deep/a.yaml"),
			"networking is a symbolic link, but a folder has to be there; move it out of the way; nothing was changed"},
		{"a linked .kgen", link("../outside", ".kgen"), write("a.yaml"),
			".kgen is a symbolic link, but a folder has to be there; move it out of the way; nothing was changed"},
		{"a folder instead of a file", func(t *testing.T, dir string) { must(t, os.Mkdir(filepath.Join(dir, "a.yaml"), 0o755)) }, write("a.yaml"),
			"a.yaml is a folder, but a file has to be there; move it out of the way; nothing was changed"},
		{"a file instead of a folder", nil, write("kgen.yaml/a.yaml"),
			"kgen.yaml is a file, but a folder has to be there; move it out of the way; nothing was changed"},
		{"a pipe", func(t *testing.T, dir string) { must(t, syscall.Mkfifo(filepath.Join(dir, "a.yaml"), 0o644)) }, write("a.yaml"),
			"a.yaml is a named pipe, but a file has to be there; move it out of the way; nothing was changed"},
		{"a socket", func(t *testing.T, dir string) {
			l, err := net.Listen("unix", filepath.Join(dir, "a.yaml"))
			must(t, err)
			t.Cleanup(func() { l.Close() })
		}, write("a.yaml"),
			"a.yaml is a socket, but a file has to be there; move it out of the way; nothing was changed"},
		{"kgen's own name taken", func(t *testing.T, dir string) {
			fill(t, dir, map[string]string{"networking/.kgen.tmp.0": "whose?"})
		}, write("networking/a.yaml"),
			"networking/.kgen.tmp.0 is in the way: kgen writes under this name before it renames; move it; nothing was changed"},
		{"a journal nobody recovered", func(t *testing.T, dir string) {
			fill(t, dir, map[string]string{".kgen/journal": "x"})
		}, write("a.yaml"),
			".kgen/journal: an earlier run was interrupted; run `kgen recover` first; nothing was changed"},
		{"a file saved in between", nil, []Op{{Path: "kgen.yaml", Data: []byte("new\n"), Seen: &Seen{Exists: true, Data: []byte("older\n")}}},
			"kgen.yaml has changed since kgen read it; run again to take the change into account; nothing was changed"},
		{"a file made in between", nil, []Op{{Path: "kgen.yaml", Data: []byte("new\n"), Seen: &Seen{}}},
			"kgen.yaml has changed since kgen read it; run again to take the change into account; nothing was changed"},
		{"a file gone in between", nil, []Op{{Path: "a.yaml", Delete: true, Seen: &Seen{Exists: true}}},
			"a.yaml has changed since kgen read it; run again to take the change into account; nothing was changed"},
		{"several files saved in between", func(t *testing.T, dir string) {
			fill(t, dir, map[string]string{"a.yaml": "mine\n"})
		}, []Op{{Path: "kgen.yaml", Data: []byte("new\n"), Seen: &Seen{}}, {Path: "a.yaml", Data: []byte("new\n"), Seen: &Seen{}}, {Path: "b.yaml", Data: []byte("new\n"), Seen: &Seen{}}},
			"a.yaml, kgen.yaml have changed since kgen read them; run again to take the changes into account; nothing was changed"},
		{"a read-only file", func(t *testing.T, dir string) { must(t, os.Chmod(filepath.Join(dir, "kgen.yaml"), 0o444)) }, write("kgen.yaml"),
			"kgen.yaml is read-only; make it writable and run again; nothing was changed"},
		{"a path that leaves", nil, write("../outside/secret"), `"../outside/secret" is not a clean relative path`},
		{"an absolute path", nil, write("/etc/passwd"), `"/etc/passwd" is not a clean relative path`},
		{"the folder itself", nil, write("."), `"." is not a clean relative path`},
		{"git's files", nil, write("sub/.GIT/config"), "sub/.GIT/config is git's own; kgen does not write there"},
		{"git's files under a short name", nil, write("GIT~1/config"), "GIT~1/config is git's own; kgen does not write there"},
		{"git's files with what nobody sees", nil, write(".g\u200cit/config"), ".g\u200cit/config is git's own; kgen does not write there"},
		{"git's files as a stream", nil, write(".git ::$INDEX_ALLOCATION/config"), ".git ::$INDEX_ALLOCATION/config is git's own; kgen does not write there"},
		{"the journal as a file", nil, write(".kgen/journal"), ".kgen/journal is a name that kgen needs for itself while it writes"},
		{"twice the same", nil, write("a.yaml", "a.yaml"), "a.yaml is changed twice in one step"},
		{"file and folder at once", nil, write("a", "a/b"), "a is changed as a file and holds a/b"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			top := t.TempDir()
			t.Chdir(top) // a socket's path has to be short
			fill(t, top, map[string]string{"outside/secret": "secret\n", "repo/kgen.yaml": "kind: Network\n"})
			if tt.prepare != nil {
				tt.prepare(t, "repo")
			}
			before := take(t, top)
			err := Apply(context.Background(), "repo", tt.ops)
			if err == nil {
				t.Fatal("not refused")
			}
			if d := cmp.Diff(tt.want, err.Error()); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(before, take(t, top)); d != "" {
				t.Errorf("changed:\n%s", d)
			}
		})
	}
}

// TestNewFolder makes the folder and its parents, and on failure none of them.
func TestNewFolder(t *testing.T) {
	ops := []Op{{Path: "networking/a.yaml", Data: []byte("new\n")}}
	t.Run("made", func(t *testing.T) {
		top := t.TempDir()
		must(t, Apply(context.Background(), filepath.Join(top, "x", "y"), ops))
		want := snapshot{
			"x": "d---------", "x/y": "d---------", "x/y/networking": "d---------",
			"x/y/networking/a.yaml": "-rw-r--r-- new\n",
		}
		if d := cmp.Diff(want, take(t, top)); d != "" {
			t.Error(d)
		}
	})
	t.Run("refused operations", func(t *testing.T) {
		top := t.TempDir()
		err := Apply(context.Background(), filepath.Join(top, "x", "y"), []Op{{Path: "a", Data: []byte("1"), Seen: &Seen{Exists: true}}})
		if err == nil || len(take(t, top)) != 0 {
			t.Errorf("err = %v, left: %v", err, take(t, top))
		}
	})
	for n := range 8 {
		t.Run(fmt.Sprintf("interrupted at question %d", n), func(t *testing.T) {
			top := t.TempDir()
			ctx := &interrupted{Context: context.Background(), after: n}
			err := Apply(ctx, filepath.Join(top, "x", "y"), ops)
			if err == nil {
				if n <= 2 {
					t.Error("an interrupt before the commit point was not heard")
				}
				return
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("err = %v", err)
			}
			if d := cmp.Diff(snapshot{}, take(t, top)); d != "" {
				t.Errorf("left behind:\n%s", d)
			}
		})
	}
	t.Run("a file where the folder should be", func(t *testing.T) {
		top := t.TempDir()
		fill(t, top, map[string]string{"x": "a file\n"})
		err := Apply(context.Background(), filepath.Join(top, "x"), ops)
		want := filepath.Join(top, "x") + " is a file, but a folder has to be there; move it out of the way; nothing was changed"
		if err == nil || err.Error() != want {
			t.Errorf("err = %v", err)
		}
	})
}

// interrupted is a context that ends after a number of questions.
type interrupted struct {
	context.Context
	after int
}

func (c *interrupted) Err() error {
	if c.after--; c.after < 0 {
		return context.Canceled
	}
	return nil
}

// TestUntouched keeps the time stamps of files that are right already, and
// makes no folder for nothing.
func TestUntouched(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, map[string]string{"a": "same\n", "b": "old\n"})
	stat := func(p string) fs.FileInfo {
		info, err := os.Stat(filepath.Join(dir, p))
		must(t, err)
		return info
	}
	before := stat("a")
	must(t, Apply(context.Background(), dir, []Op{{Path: "a", Data: []byte("same\n")}, {Path: "gone", Delete: true}}))
	if d := cmp.Diff(snapshot{"a": "-rw-r--r-- same\n", "b": "-rw-r--r-- old\n"}, take(t, dir)); d != "" {
		t.Error(d)
	}
	must(t, Apply(context.Background(), dir, []Op{{Path: "a", Data: []byte("same\n")}, {Path: "b", Data: []byte("new\n")}}))
	if after := stat("a"); !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()) {
		t.Error("a was written again")
	}
	missing := filepath.Join(dir, "missing")
	must(t, Apply(context.Background(), missing, nil))
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing to do, but the folder is there: %v", err)
	}
}

// full is a disk that says how little space it has.
type full struct {
	*disk
	blocks int64
}

func (f full) Free() (blocks, size int64, ok bool) { return f.blocks, 4096, true }

func TestSpace(t *testing.T) {
	tests := []struct {
		name string
		free int64
		ops  []Op
		want string
	}{
		{"enough", 4, []Op{{Path: "new", Data: make([]byte, 16384)}}, ""},
		{"too little", 4, []Op{{Path: "new", Data: make([]byte, 16385)}},
			"no space left on the device: 20 KiB are needed and 16 KiB are free; make room and run again; nothing was changed"},
		{"deletions take none", 0, []Op{{Path: "a", Delete: true}}, ""},
		{"whole blocks, old files still there", 2, []Op{{Path: "a", Data: []byte("x")}, {Path: "b", Data: []byte("x")}, {Path: "d", Data: []byte("x")}},
			"no space left on the device: 12 KiB are needed and 8 KiB are free; make room and run again; nothing was changed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir, map[string]string{"a": "1", "b": "2", "c": "3"})
			before := take(t, dir)
			root, err := os.OpenRoot(dir)
			must(t, err)
			defer root.Close()
			err = apply(context.Background(), full{newDisk(root), tt.free}, inOrder(t, tt.ops))
			if got := fmt.Sprint(err); tt.want != "" && got != tt.want {
				t.Errorf("err = %v", err)
			}
			if tt.want == "" && err != nil {
				t.Errorf("err = %v", err)
			}
			if changed := !cmp.Equal(before, take(t, dir)); changed != (tt.want == "") {
				t.Errorf("changed = %v", changed)
			}
		})
	}
}

func TestRead(t *testing.T) {
	top := t.TempDir()
	fill(t, top, map[string]string{"repo/a": "1", "repo/d/b": "2", "outside/c": "3"})
	must(t, os.Symlink("../outside", filepath.Join(top, "repo", "link")))
	must(t, os.Symlink("a", filepath.Join(top, "repo", "alias")))
	root, err := os.OpenRoot(filepath.Join(top, "repo"))
	must(t, err)
	defer root.Close()
	got, obstacles, err := Read(root, []string{"link/c", "d/b", "a", "link/x", "no/such", "alias", "a/below", "d", "none"})
	must(t, err)
	if d := cmp.Diff(map[string][]byte{"a": []byte("1"), "d/b": []byte("2")}, got); d != "" {
		t.Error(d)
	}
	want := []*Obstacle{
		{Path: "a", Found: "a file", Want: "a folder"},
		{Path: "alias", Found: "a symbolic link", Want: "a file"},
		{Path: "d", Found: "a folder", Want: "a file"},
		{Path: "link", Found: "a symbolic link", Want: "a folder"},
	}
	if d := cmp.Diff(want, obstacles); d != "" {
		t.Error(d)
	}
	if _, _, err := Read(root, []string{"../outside/c"}); err == nil || err.Error() != `"../outside/c" is not a clean relative path` {
		t.Errorf("err = %v", err)
	}
}

// BenchmarkApply writes six files of 1.5 KB a service in 20 folders, and the
// archive of all of them: first all new, then all changed.
func BenchmarkApply(b *testing.B) {
	build := func(services int, fill byte) []Op {
		ops := make([]Op, 6*services)
		for i := range ops {
			ops[i] = Op{Path: fmt.Sprintf("networking/part-%02d/service-%05d.yaml", i%20, i), Data: bytes.Repeat([]byte{fill}, 1500)}
		}
		return append(ops, Op{Path: ".kgen/base.txtar", Data: []byte(strings.Repeat(string(fill), len(ops)*1500))})
	}
	for _, services := range []int{10, 100, 1000, 10000} {
		for _, how := range []string{"new", "changed"} {
			b.Run(fmt.Sprint(services, "/", how), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					b.StopTimer()
					dir := b.TempDir()
					if how == "changed" {
						if err := Apply(context.Background(), dir, build(services, 'a')); err != nil {
							b.Fatal(err)
						}
					}
					ops := build(services, 'b')
					b.StartTimer()
					if err := Apply(context.Background(), dir, ops); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
