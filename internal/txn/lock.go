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

// Lock makes concurrent runs on a folder take turns. It locks the folder
// itself and leaves nothing on the disk: a dir that does not exist is made, so
// that there is one thing to lock for all who would make it, and unlock removes
// it again if nothing was put into it. If the lock is taken, waiting is called
// once before the wait; ctx ends the wait. The lock ends with unlock or with
// the process.
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
		f, err := os.Open(at)
		if errors.Is(err, fs.ErrNotExist) {
			continue // whoever had made it before us has just removed it
		}
		if err != nil {
			unmake()
			return nil, plain(at, "locking", err)
		}
		ok, err := tryLock(f)
		if err == nil && !ok {
			if waiting != nil {
				waiting()
				waiting = nil
			}
			if f, err = awaitLock(ctx, f); f == nil {
				unmake()
				return nil, err
			}
		}
		if err != nil {
			f.Close()
			unmake()
			return nil, fmt.Errorf("%s: locking: %w; is the folder on a file system that has locks?", at, err)
		}
		// Whoever held the lock may have removed the folder.
		if nearestFolder(dir) == at && sameFolder(f, at) {
			return func() { unmake(); release(f) }, nil
		}
		release(f)
	}
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
func awaitLock(ctx context.Context, f *os.File) (*os.File, error) {
	done := make(chan error, 1)
	go func() { done <- waitLock(f) }()
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
