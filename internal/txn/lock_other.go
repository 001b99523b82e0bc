//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package txn

import (
	"os"
	"path/filepath"
	"sync"
)

// Where the system has no flock, the runs of one process take turns, readers
// too; those of several do not.
var (
	turns sync.Mutex
	taken = map[string]chan struct{}{}
)

func lockName(f *os.File) string {
	if abs, err := filepath.Abs(f.Name()); err == nil {
		return abs
	}
	return f.Name()
}

func tryLock(f *os.File, _ turn) (bool, error) {
	turns.Lock()
	defer turns.Unlock()
	if taken[lockName(f)] != nil {
		return false, nil
	}
	taken[lockName(f)] = make(chan struct{})
	return true, nil
}

func waitLock(f *os.File, how turn) error {
	for {
		turns.Lock()
		busy := taken[lockName(f)]
		turns.Unlock()
		if busy != nil {
			<-busy
		}
		if ok, _ := tryLock(f, how); ok {
			return nil
		}
	}
}

func release(f *os.File) {
	turns.Lock()
	if busy := taken[lockName(f)]; busy != nil {
		close(busy)
		delete(taken, lockName(f))
	}
	turns.Unlock()
	f.Close()
}
