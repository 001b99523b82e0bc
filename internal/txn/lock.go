package txn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// A turn is how a run holds a folder.
type turn int

const (
	alone    turn = iota // nobody else does
	together             // others may, who hold it together too
)

// Lock makes concurrent runs on a folder take turns. It locks the folder
// itself, which takes no permission to write, and leaves nothing on the disk: a
// dir that does not exist is made, so that there is one thing to lock for all
// who would make it, and unlock removes it again if nothing was put into it. If
// the lock is taken, waiting is called once before the wait; ctx ends the wait.
// The lock ends with unlock or with the process.
//
// It is between the runs of one machine: no network file system passes on the
// lock of a folder. A file system that knows no locks is an error.
func Lock(ctx context.Context, dir string, waiting func()) (unlock func(), err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		made, err := makeAll(dir)
		unmake := func() {
			for _, folder := range slices.Backward(made) {
				os.Remove(folder) // stays if there is anything in it
			}
		}
		if err != nil {
			unmake()
			return nil, plain(dir, "making the folder", err)
		}
		at := nearestFolder(dir)
		f, err := hold(ctx, at, alone, &waiting)
		if errors.Is(err, fs.ErrNotExist) {
			continue // whoever had made it before us has just removed it
		}
		if err != nil {
			unmake()
			return nil, err
		}
		// Whoever held the lock may have removed the folder.
		if nearestFolder(dir) == at && sameFolder(f, at) {
			return func() { unmake(); release(f) }, nil
		}
		release(f)
	}
}

// hold opens a folder and locks it. What waiting points to is called at most
// once, and is nil from then on.
func hold(ctx context.Context, at string, how turn, waiting *func()) (*os.File, error) {
	f, err := os.Open(at)
	if err != nil {
		return nil, plain(at, "locking", err)
	}
	ok, err := tryLock(f, how)
	if err == nil && !ok {
		if *waiting != nil {
			(*waiting)()
			*waiting = nil
		}
		if f, err = awaitLock(ctx, f, how); f == nil {
			return nil, err
		}
	}
	if err != nil {
		f.Close()
		return nil, lockFailed(at, err)
	}
	return f, nil
}

// errNoLocks is that a file system has no locks.
var errNoLocks = errors.New("its file system has no locks, without which two runs of kgen could write at once; work on a copy on another disk")

func lockFailed(at string, err error) error {
	for _, none := range []error{syscall.ENOTSUP, syscall.EOPNOTSUPP, syscall.ENOSYS, syscall.ENOLCK, syscall.EINVAL} {
		if errors.Is(err, none) {
			return fmt.Errorf("%s: locking: %w (%w)", at, errNoLocks, err)
		}
	}
	return plain(at, "locking", err)
}

// makeAll makes dir and what is missing above it, and returns what it made,
// outermost first. Where something else than a folder stands in the way it
// makes nothing: what is refused, and how, is the caller's to say.
func makeAll(dir string) (made []string, err error) {
	dir = filepath.Clean(dir)
	if _, err := os.Lstat(dir); err == nil {
		return nil, nil
	}
	if parent := filepath.Dir(dir); parent != dir {
		if made, err = makeAll(parent); err != nil {
			return made, err
		}
	}
	switch err := os.Mkdir(dir, folderMode); {
	case err == nil:
		return append(made, dir), nil
	case errors.Is(err, fs.ErrExist), errors.Is(err, syscall.ENOTDIR):
		return made, nil
	default:
		return made, err
	}
}

// awaitLock waits in the kernel, which serves those who wait in their order.
// A wait cannot be called off there, so after ctx has ended it is left to give
// the lock straight back; then the returned file is nil.
func awaitLock(ctx context.Context, f *os.File, how turn) (*os.File, error) {
	done := make(chan error, 1)
	go func() { done <- waitLock(f, how) }()
	select {
	case err := <-done:
		return f, err
	case <-ctx.Done():
		go func() {
			<-done
			release(f)
		}()
		return nil, ctx.Err()
	}
}

// nearestFolder is dir, or what exists above it.
func nearestFolder(dir string) string {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		if info, err := os.Stat(at); err == nil && info.IsDir() || at == filepath.Dir(at) {
			return at
		}
	}
}

func sameFolder(f *os.File, at string) bool {
	held, err := f.Stat()
	if err != nil {
		return false
	}
	now, err := os.Stat(at)
	return err == nil && os.SameFile(held, now)
}
