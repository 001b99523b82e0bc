//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package txn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLockTakesTurns lets many holders add to an unguarded number.
func TestLockTakesTurns(t *testing.T) {
	dir := t.TempDir()
	const holders, rounds = 20, 20
	var sum, inside atomic.Int64 // the lock is the kernel's: the race detector does not see it
	var wg sync.WaitGroup
	for range holders {
		wg.Go(func() {
			for range rounds {
				unlock, err := Lock(context.Background(), dir, nil)
				if err != nil {
					t.Error(err)
					return
				}
				if n := inside.Add(1); n != 1 {
					t.Errorf("%d at once", n)
				}
				sum.Store(sum.Load() + 1)
				inside.Add(-1)
				unlock()
			}
		})
	}
	wg.Wait()
	if n := sum.Load(); n != holders*rounds {
		t.Errorf("sum = %d", n)
	}
	if d := cmp.Diff(snapshot{}, take(t, dir)); d != "" {
		t.Errorf("the lock left something:\n%s", d)
	}
}

func TestLockWaits(t *testing.T) {
	dir := t.TempDir()
	first, err := Lock(context.Background(), dir, func() { t.Error("nobody to wait for") })
	must(t, err)
	waiting, got := make(chan struct{}, 2), make(chan error, 1)
	go func() {
		unlock, err := Lock(context.Background(), dir, func() { waiting <- struct{}{} })
		if err == nil {
			unlock()
		}
		got <- err
	}()
	<-waiting
	select {
	case err := <-got:
		t.Fatalf("the second run did not wait: %v", err)
	default:
	}
	first()
	must(t, <-got)
	if len(waiting) != 0 {
		t.Error("said twice that it waits")
	}
}

func TestLockIsCancelled(t *testing.T) {
	dir := t.TempDir()
	first, err := Lock(context.Background(), dir, nil)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := Lock(ctx, dir, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	if _, err := Lock(ctx, dir, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	first()
	// Whoever gave up does not keep the lock when it comes to them.
	again, err := Lock(context.Background(), dir, nil)
	must(t, err)
	again()
}

// TestLockMissingFolder makes two runs that both want to make a folder take
// turns, and the second sees that the first has made it.
func TestLockMissingFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "x", "y")
	first, err := Lock(context.Background(), dir, nil)
	must(t, err)
	waiting, got := make(chan struct{}), make(chan error, 1)
	go func() {
		unlock, err := Lock(context.Background(), dir, func() { close(waiting) })
		if err == nil {
			err = isLocked(dir)
			unlock()
		}
		got <- err
	}()
	<-waiting
	must(t, Apply(context.Background(), dir, []Op{{Path: "a", Data: []byte("1")}}))
	first()
	must(t, <-got)
}

// TestLockedFromTheStart holds a folder that a run has just made against
// another run that comes upon it half full, and removes one that stays empty.
func TestLockedFromTheStart(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "x", "y")
	first, err := Lock(context.Background(), dir, nil)
	must(t, err)
	must(t, isLocked(dir))
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := Lock(ctx, dir, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("a second run came in: %v", err)
	}
	first()
	if d := cmp.Diff(snapshot{}, take(t, top)); d != "" {
		t.Errorf("the lock left something:\n%s", d)
	}
}

func isLocked(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if free, err := tryLock(f, alone); err != nil || free {
		return fmt.Errorf("%s is not locked: %v", dir, err)
	}
	return nil
}
