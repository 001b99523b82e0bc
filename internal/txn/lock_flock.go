//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package txn

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func tryLock(f *os.File, how turn) (bool, error) {
	err := flock(f, operation(how)|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

func waitLock(f *os.File, how turn) error { return flock(f, operation(how)) }

func operation(how turn) int {
	if how == together {
		return unix.LOCK_SH
	}
	return unix.LOCK_EX
}

func release(f *os.File) { f.Close() } // the lock goes with its only descriptor

func flock(f *os.File, how int) error {
	for {
		err := unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
