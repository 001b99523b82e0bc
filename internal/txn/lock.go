package txn

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

// Lock makes concurrent runs on a folder take turns. It locks the folder
// itself and leaves nothing on the disk. A dir that does not exist is locked
// by the nearest folder above it that does, so that two runs which would make
// it take turns as well. If the lock is taken, waiting is called once before
// the wait; ctx ends the wait. The lock ends with unlock or with the process.
func Lock(ctx context.Context, dir string, waiting func()) (unlock func(), err error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		at := nearestFolder(dir)
		f, err := os.Open(at)
		if err != nil {
			return nil, plain(at, "locking", err)
		}
		ok, err := tryLock(f)
		if err == nil && !ok {
			if waiting != nil {
				waiting()
				waiting = nil
			}
			if f, err = awaitLock(ctx, f); f == nil {
				return nil, err
			}
		}
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("%s: locking: %w; is the folder on a file system that has locks?", at, err)
		}
		// Whoever held the lock may have made dir, or removed the folder.
		if nearestFolder(dir) == at && sameFolder(f, at) {
			return func() { release(f) }, nil
		}
		release(f)
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
