package txn

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// A fault says how the operation that it strikes goes wrong.
type fault string

const (
	failBefore  fault = "fails"                       // an error, nothing done
	failAfter   fault = "fails although it was done"  // an error, but done
	failTorn    fault = "fails half way"              // an error, and half of what was to be written
	failLost    fault = "fails and loses"             // an error, and what was not synced is gone: a disk that cannot write
	failForever fault = "fails, and all that follow"  // a disk that has gone
	crashBefore fault = "is never reached"            // killed before it
	crashAfter  fault = "is the last"                 // killed after it
	crashTorn   fault = "is torn"                     // killed half way through a write
	powerCut    fault = "is the last before the dark" // killed after it, and no unsynced contents were kept
	namesLost   fault = "is the last but its names"   // killed after it, and no unsynced name or removal was kept
	journalLost fault = "is the last but the journal" // killed after it, and no unsynced name of kgen's own was kept
)

var (
	faults  = []fault{failBefore, failAfter, failTorn, failLost, failForever, crashBefore, crashAfter, crashTorn, powerCut, namesLost, journalLost}
	crashes = []fault{crashBefore, crashAfter, crashTorn, powerCut, namesLost, journalLost}
)

func (f fault) crash() bool { return slices.Contains(crashes, f) }

// err is what the operation says that it strikes.
func (f fault) err() error {
	if f == failTorn {
		return syscall.ENOSPC
	}
	return syscall.EIO
}

// killed is what a crash panics with.
type killed struct{}

// faulty is a real disk whose operation number at goes wrong. It does not
// really sync, but it remembers what a power cut would take. The disk is a
// field of its own, so that an operation without its fault does not compile.
type faulty struct {
	real     *disk
	dir      string
	fault    fault
	at       int    // -1: never
	n        int    // operations so far
	strike   func() // called before operation number at, instead of a fault
	struck   bool
	rearm    func() // called when the first fault has struck
	unsynced map[string]bool
	names    []lostName
	called   map[string]int // operations by name
	trace    []string       // their names in order
}

// looks are the operations that change nothing, so that it is all one whether a
// run is killed before, after or in the middle of them.
var looks = []string{"Lstat", "Read", "Writable", "Free"}

// A lostName is what a folder's entry was before a change of it that has not been synced.
type lostName struct {
	path string
	had  bool
	data []byte
	mode fs.FileMode
}

func (f *faulty) place(p string) string { return filepath.Join(f.dir, filepath.FromSlash(p)) }

// remember keeps what is at these paths until it is synced.
func (f *faulty) remember(paths ...string) {
	for _, p := range paths {
		n := lostName{path: p}
		if info, err := os.Lstat(f.place(p)); err == nil && info.Mode().IsRegular() {
			n.data, err = os.ReadFile(f.place(p))
			n.had, n.mode = err == nil, info.Mode().Perm()
		}
		f.names = append(f.names, n)
	}
}

// loseNames takes back what was not synced, a folder with all that is in it.
func (f *faulty) loseNames(concerns func(path string) bool) {
	for _, n := range slices.Backward(f.names) {
		switch {
		case !concerns(n.path):
		case n.had:
			os.MkdirAll(filepath.Dir(f.place(n.path)), 0o755)
			os.Remove(f.place(n.path))
			os.WriteFile(f.place(n.path), n.data, n.mode)
			os.Chmod(f.place(n.path), n.mode)
		default:
			os.RemoveAll(f.place(n.path))
		}
	}
}

func (f *faulty) loseContents() {
	for p := range f.unsynced {
		os.Truncate(f.place(p), 0)
	}
}

func newFaulty(t *testing.T, dir string, at int, how fault) *faulty {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &faulty{real: newDisk(root), dir: dir, fault: how, at: at, unsynced: map[string]bool{}, called: map[string]int{}}
}

// apply and recover run once on the faulty disk, and tell whether the run was killed.
func (f *faulty) apply(ops []Op) (err error, dead bool) {
	return f.survive(func() error { return apply(context.Background(), f, ops) })
}

func (f *faulty) recover() (err error, dead bool) {
	_, err, dead = f.recovered()
	return err, dead
}

func (f *faulty) recovered() (r Recovered, err error, dead bool) {
	err, dead = f.survive(func() (err error) { r, err = recovery(f); return err })
	return r, err, dead
}

func (f *faulty) survive(do func() error) (err error, dead bool) {
	defer func() {
		f.real.Close()
		f.real.root.Close()
		if r := recover(); r != nil {
			if _, ok := r.(killed); !ok {
				panic(r)
			}
			dead = true
		}
	}()
	return do(), false
}

func (f *faulty) step(name string, do, half func() error) error {
	n := f.n
	f.n++
	f.called[name]++
	f.trace = append(f.trace, name)
	if f.fault == failForever && f.struck {
		return f.fault.err()
	}
	if n != f.at {
		return do()
	}
	f.struck = true
	if f.strike != nil {
		f.strike()
		return do()
	}
	how := f.fault
	if f.rearm != nil {
		f.rearm()
		f.rearm = nil
	}
	switch how {
	case failAfter, crashAfter, powerCut, namesLost, journalLost:
		do()
	case failTorn, crashTorn:
		if half != nil {
			half()
		}
	}
	f.lose(how)
	if how.crash() {
		panic(killed{})
	}
	return how.err()
}

// lose takes back what a fault takes of that which was not synced.
func (f *faulty) lose(how fault) {
	switch how {
	case namesLost:
		f.loseNames(func(string) bool { return true })
	case journalLost:
		f.loseNames(func(p string) bool { return p == Folder || path.Dir(p) == Folder })
	case powerCut, failLost:
		f.loseContents()
	}
}

func (f *faulty) Lstat(p string) (info fs.FileInfo, err error) {
	err = f.step("Lstat", func() (err error) { info, err = f.real.Lstat(p); return err }, nil)
	return info, err
}

func (f *faulty) Read(p string, expected []byte) (data []byte, info fs.FileInfo, err error) {
	err = f.step("Read", func() (err error) { data, info, err = f.real.Read(p, expected); return err }, nil)
	return data, info, err
}

func (f *faulty) WriteNew(p string, data [][]byte, like fs.FileInfo) error {
	write := func(data [][]byte) func() error {
		return func() error {
			f.remember(p)
			err := f.real.WriteNew(p, data, like)
			if err == nil {
				f.unsynced[p] = true
			}
			return err
		}
	}
	return f.step("WriteNew", write(data), write(half(data)))
}

// half is the first half of what comes in pieces.
func half(pieces [][]byte) [][]byte {
	var out [][]byte
	left := length(pieces) / 2
	for _, p := range pieces {
		p = p[:min(len(p), left)]
		out, left = append(out, p), left-len(p)
	}
	return out
}

func (f *faulty) Rename(from, to string, was fs.FileInfo) error {
	return f.step("Rename", func() error {
		f.remember(from, to)
		err := f.real.Rename(from, to, was)
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

func (f *faulty) Delete(p string, was fs.FileInfo) error {
	return f.step("Delete", func() error { f.remember(p); delete(f.unsynced, p); return f.real.Delete(p, was) }, nil)
}

func (f *faulty) Remove(p string) error {
	return f.step("Remove", func() error { f.remember(p); delete(f.unsynced, p); return f.real.Remove(p) }, nil)
}

func (f *faulty) Sync(p string) error {
	return f.step("Sync", func() error { return f.keep(p) }, nil)
}

// keep has one file's contents, or one folder's names, survive a power cut.
func (f *faulty) keep(p string) error {
	delete(f.unsynced, p)
	f.names = slices.DeleteFunc(f.names, func(n lostName) bool { return path.Dir(n.path) == p })
	return nil
}

// SyncAll keeps no more than it is asked for, as a system does that syncs file by file.
func (f *faulty) SyncAll(paths []string) error {
	keep := func(paths []string) func() error { return func() error { return syncEach(f.keep, paths) } }
	return f.step("SyncAll", keep(paths), keep(paths[:len(paths)/2]))
}

func (f *faulty) Mkdir(p string) error {
	return f.step("Mkdir", func() error { f.remember(p); return f.real.Mkdir(p) }, nil)
}

func (f *faulty) RemoveFolder(p string) error {
	return f.step("RemoveFolder", func() error { return f.real.RemoveFolder(p) }, nil)
}

func (f *faulty) Writable(p string) error {
	return f.step("Writable", func() error { return f.real.Writable(p) }, nil)
}

func (f *faulty) Free() (blocks, size int64, ok bool) {
	err := f.step("Free", func() error { blocks, size, ok = f.real.Free(); return nil }, nil)
	return blocks, size, ok && err == nil
}
