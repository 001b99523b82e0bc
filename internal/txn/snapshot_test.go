package txn

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// snapshot is everything in a folder: files with mode and contents, links with
// where they lead, folders.
type snapshot map[string]string

func take(t *testing.T, dir string) snapshot {
	t.Helper()
	s := snapshot{}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || p == dir {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			to, err := os.Readlink(p)
			s[filepath.ToSlash(rel)] = "-> " + to
			return err
		}
		if !info.Mode().IsRegular() {
			s[filepath.ToSlash(rel)] = info.Mode().Type().String()
			return nil
		}
		data, err := os.ReadFile(p)
		s[filepath.ToSlash(rel)] = fmt.Sprintf("%v %s", info.Mode(), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// withoutEmptyFolders leaves out the folders that nothing is in. An error while
// one is removed is no reason to undo a run, and git does not see them.
func (s snapshot) withoutEmptyFolders() snapshot {
	full := map[string]bool{}
	for p, what := range s {
		if what != fs.ModeDir.String() {
			for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
				full[dir] = true
			}
		}
	}
	out := snapshot{}
	for p, what := range s {
		if what != fs.ModeDir.String() || full[p] {
			out[p] = what
		}
	}
	return out
}

// withoutTemps leaves out what kgen writes beside the files before it renames it.
func (s snapshot) withoutTemps() snapshot {
	out := snapshot{}
	for p, what := range s {
		if !strings.HasPrefix(path.Base(p), tempPrefix) {
			out[p] = what
		}
	}
	return out
}

// without leaves out what is at the paths and below, and then empty folders.
func (s snapshot) without(paths ...string) snapshot {
	out := snapshot{}
	for p, what := range s {
		if !slices.ContainsFunc(paths, func(x string) bool { return p == x || strings.HasPrefix(p, x+"/") }) {
			out[p] = what
		}
	}
	return out.withoutEmptyFolders()
}

// lay makes a folder what the snapshot was taken of.
func (s snapshot) lay(t *testing.T, dir string) {
	t.Helper()
	was, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range was {
		must(t, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	for _, p := range slices.Sorted(maps.Keys(s)) {
		at, what := filepath.Join(dir, filepath.FromSlash(p)), s[p]
		if what == fs.ModeDir.String() {
			must(t, os.Mkdir(at, 0o755))
			continue
		}
		mode, data, _ := strings.Cut(what, " ")
		var perm fs.FileMode
		for _, bit := range mode[1:] {
			perm <<= 1
			if bit != '-' {
				perm |= 1
			}
		}
		must(t, os.WriteFile(at, []byte(data), perm))
		must(t, os.Chmod(at, perm))
	}
}

func fill(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for p, data := range files {
		at := filepath.Join(dir, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// scratch is an empty folder, in memory where the system offers that: these
// tests make thousands, and what they prove does not depend on the disk.
func scratch(t *testing.T) string {
	t.Helper()
	const memory = "/dev/shm"
	dir, err := os.MkdirTemp(memory, "txn")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
