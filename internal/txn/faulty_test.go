package txn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"testing"
)

// A fault says how the operation that it strikes goes wrong.
type fault string

const (
	failBefore  fault = "fails"                       // an error, nothing done
	failAfter   fault = "fails although it was done"  // an error, but done
	failForever fault = "fails, and all that follow"  // a disk that has gone
	crashBefore fault = "is never reached"            // killed before it
	crashAfter  fault = "is the last"                 // killed after it
	crashTorn   fault = "is torn"                     // killed half way through a write
	powerCut    fault = "is the last before the dark" // killed after it, and no unsynced contents were kept
	namesLost   fault = "is the last but its names"   // killed after it, and no unsynced rename or removal was kept
)

var (
	faults  = []fault{failBefore, failAfter, failForever, crashBefore, crashAfter, crashTorn, powerCut, namesLost}
	crashes = []fault{crashTorn, powerCut, namesLost}

	errFault = errors.New("input/output error")
)

func (f fault) crash() bool {
	return f == crashBefore || f == crashAfter || f == crashTorn || f == powerCut || f == namesLost
}

// killed is what a crash panics with.
type killed struct{}

// faulty is a real disk whose operation number at goes wrong. It does not
// really sync, but it remembers what a power cut would take.
type faulty struct {
	*disk
	dir      string
	fault    fault
	at       int // -1: never
	n        int // operations so far
	struck   bool
	rearm    func() // called when the first fault has struck
	unsynced map[string]bool
	names    []lostName
}

// A lostName is what a folder's entry was before a rename or removal that has not been synced.
type lostName struct {
	path string
	had  bool
	data []byte
}

func (f *faulty) place(p string) string { return filepath.Join(f.dir, filepath.FromSlash(p)) }

// remember keeps what is at these paths until it is synced.
func (f *faulty) remember(paths ...string) {
	for _, p := range paths {
		data, err := os.ReadFile(f.place(p))
		f.names = append(f.names, lostName{p, err == nil, data})
	}
}

func (f *faulty) loseNames() {
	for i := len(f.names) - 1; i >= 0; i-- {
		if n := f.names[i]; n.had {
			os.MkdirAll(filepath.Dir(f.place(n.path)), 0o755)
			os.WriteFile(f.place(n.path), n.data, 0o644)
		} else {
			os.Remove(f.place(n.path))
		}
	}
}

func newFaulty(t *testing.T, dir string, at int, how fault) *faulty {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &faulty{disk: newDisk(root), dir: dir, fault: how, at: at, unsynced: map[string]bool{}}
}

// apply and recover run once on the faulty disk, and tell whether the run was killed.
func (f *faulty) apply(ops []Op) (err error, dead bool) {
	return f.survive(func() error { return apply(context.Background(), f, ops) })
}

func (f *faulty) recover() (err error, dead bool) {
	return f.survive(func() error { _, err := recovery(f); return err })
}

func (f *faulty) survive(do func() error) (err error, dead bool) {
	defer func() {
		f.disk.Close()
		f.disk.root.Close()
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			dead = true
		}
	}()
	return do(), false
}

func (f *faulty) step(do, half func() error) error {
	n := f.n
	f.n++
	if f.fault == failForever && f.struck {
		return errFault
	}
	if n != f.at {
		return do()
	}
	f.struck = true
	how := f.fault
	if f.rearm != nil {
		f.rearm()
		f.rearm = nil
	}
	switch how {
	case failBefore, failForever:
		return errFault
	case failAfter:
		do()
		return errFault
	case crashAfter, powerCut, namesLost:
		do()
	case crashTorn:
		if half != nil {
			half()
		}
	}
	if how == namesLost {
		f.loseNames()
	}
	if how == powerCut {
		for p := range f.unsynced {
			os.Truncate(f.place(p), 0)
		}
	}
	panic(killed{})
}

func (f *faulty) Lstat(p string) (info fs.FileInfo, err error) {
	err = f.step(func() (err error) { info, err = f.disk.Lstat(p); return err }, nil)
	return info, err
}

func (f *faulty) Read(p string) (data []byte, info fs.FileInfo, err error) {
	err = f.step(func() (err error) { data, info, err = f.disk.Read(p); return err }, nil)
	return data, info, err
}

func (f *faulty) WriteNew(p string, data []byte, mode fs.FileMode) error {
	write := func(data []byte) func() error {
		return func() error {
			err := f.disk.WriteNew(p, data, mode)
			if err == nil {
				f.unsynced[p] = true
			}
			return err
		}
	}
	return f.step(write(data), write(data[:len(data)/2]))
}

func (f *faulty) Rename(from, to string) error {
	return f.step(func() error {
		f.remember(from, to)
		err := f.disk.Rename(from, to)
		if err == nil {
			delete(f.unsynced, to)
			if f.unsynced[from] {
				delete(f.unsynced, from)
				f.unsynced[to] = true
			}
		}
		return err
	}, nil)
}

func (f *faulty) Remove(p string) error {
	return f.step(func() error { f.remember(p); delete(f.unsynced, p); return f.disk.Remove(p) }, nil)
}

func (f *faulty) Sync(p string) error {
	return f.step(func() error {
		delete(f.unsynced, p)
		f.names = slices.DeleteFunc(f.names, func(n lostName) bool { return path.Dir(n.path) == p })
		return nil
	}, nil)
}

func (f *faulty) SyncAll([]string) error {
	return f.step(func() error { clear(f.unsynced); f.names = nil; return nil }, nil)
}

func (f *faulty) Mkdir(p string) error {
	return f.step(func() error { return f.disk.Mkdir(p) }, nil)
}

func (f *faulty) RemoveFolder(p string) error {
	return f.step(func() error { return f.disk.RemoveFolder(p) }, nil)
}

func (f *faulty) Writable(p string) error {
	return f.step(func() error { return f.disk.Writable(p) }, nil)
}

// snapshot is everything in a folder: files with mode and contents, folders.
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
