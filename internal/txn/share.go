package txn

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// Share holds a folder whole for a run that only reads it: nobody writes there
// until release, while others read. Where an interrupted run left something it
// locks the folder first as Lock does and calls Recover, and recovered tells
// what that did. The folder must exist. If another run writes there, waiting is
// called once before the wait; ctx ends the wait.
//
// Whoever may only read a repository can share it: leftovers of a run that had
// changed nothing are then left where they are. So they are where the file
// system has no locks, since nobody can write there either.
func Share(ctx context.Context, dir string, waiting func()) (recovered Recovered, release func(), err error) {
	recovered.Outcome = Nothing
	var denied error // why Recover could not write, if it was tried
	for {
		if err := ctx.Err(); err != nil {
			return recovered, nil, err
		}
		done, err := share(ctx, dir, &waiting)
		if err != nil {
			return recovered, nil, err
		}
		left, err := leftovers(dir)
		if err == nil && (!left.any || denied != nil && !left.committed) {
			return recovered, done, nil
		}
		done()
		if err != nil || denied != nil {
			return recovered, nil, errors.Join(err, denied)
		}
		// Once that is done the folder is whole, but nobody's for a moment: look again.
		did, err := recoverAlone(ctx, dir, &waiting)
		switch {
		case err != nil && !mayNotWrite(err):
			return recovered, nil, err
		case err != nil:
			denied = err
		case did.Outcome != Nothing:
			recovered = did
		}
	}
}

// share locks a folder for reading.
func share(ctx context.Context, dir string, waiting *func()) (done func(), err error) {
	f, err := hold(ctx, dir, together, waiting)
	if errors.Is(err, errNoLocks) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	return func() { release(f) }, nil
}

// recoverAlone is Recover under a Lock.
func recoverAlone(ctx context.Context, dir string, waiting *func()) (Recovered, error) {
	f, err := hold(ctx, dir, alone, waiting)
	if err != nil {
		return Recovered{Outcome: Nothing}, err
	}
	defer release(f)
	return Recover(dir)
}

// leftovers tells whether an interrupted run left a journal, committed or not.
func leftovers(dir string) (left struct{ any, committed bool }, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return left, plain(dir, "opening the folder", err)
	}
	defer root.Close()
	d := newDisk(root)
	defer d.Close()
	for _, p := range []string{journalPath, journalTempPath} {
		_, err := d.Lstat(p)
		switch {
		case err == nil:
			left.any = true
			left.committed = left.committed || p == journalPath
		case !errors.Is(err, fs.ErrNotExist):
			return left, err
		}
	}
	return left, nil
}

func mayNotWrite(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) || errors.Is(err, errNoLocks)
}
