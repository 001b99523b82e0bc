//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package txn

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestShareTogether lets several read at once, and nobody write meanwhile.
func TestShareTogether(t *testing.T) {
	dir := scratch(t)
	ctx, cancel := context.WithCancel(t.Context())
	alone := cancel // a wait would not end by itself
	_, first, err := Share(ctx, dir, alone)
	must(t, err)
	_, second, err := Share(ctx, dir, alone)
	must(t, err)
	ctx, cancel = context.WithCancel(t.Context())
	if _, err := Lock(ctx, dir, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("locked what others read: %v", err)
	}
	first()
	ctx, cancel = context.WithCancel(t.Context())
	if _, err := Lock(ctx, dir, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("locked what another reads: %v", err)
	}
	second()
	// The two that gave up may hold it for a moment, one after the other.
	unlock, err := Lock(t.Context(), dir, nil)
	must(t, err)
	ctx, cancel = context.WithCancel(t.Context())
	if _, _, err := Share(ctx, dir, cancel); !errors.Is(err, context.Canceled) {
		t.Errorf("read while another writes: %v", err)
	}
	unlock()
}

func TestShareRecovers(t *testing.T) {
	journal := joined(formatJournal([]entry{{path: "a", data: []byte("new\n"), had: true, was: digestOf("old\n")}}))
	two := joined(formatJournal([]entry{{path: "a", data: []byte("new\n"), had: true, was: digestOf("old\n")}, {path: "b", data: []byte("new\n")}}))
	tests := []struct {
		name  string
		files map[string]string
		want  Recovered
		left  map[string]string
		err   string
	}{
		{"nothing to do", map[string]string{"a": "old\n"}, Recovered{Outcome: Nothing}, map[string]string{"a": "old\n"}, ""},
		{"a torn journal", map[string]string{"a": "old\n", ".kgen/journal.tmp": "kgen"}, Recovered{Outcome: Discarded}, map[string]string{"a": "old\n"}, ""},
		{"a committed one", map[string]string{"a": "old\n", ".kgen/journal": journal}, Recovered{Outcome: Finished, Paths: []string{"a"}}, map[string]string{"a": "new\n"}, ""},
		{"an edit in its way", map[string]string{"a": "mine\n", "b": "new\n", ".kgen/journal": two}, Recovered{Outcome: Nothing}, map[string]string{"a": "mine\n", "b": "new\n", ".kgen/journal": two},
			"a was edited after a run of kgen was interrupted; to finish that run, move the file away, run `kgen recover`, and bring the edit back; to give it up, delete .kgen/journal"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, want := scratch(t), scratch(t)
			fill(t, dir, tt.files)
			fill(t, want, tt.left)
			got, release, err := Share(t.Context(), dir, func() { t.Error("nobody to wait for") })
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("err = %v", err)
				}
			} else {
				must(t, err)
				if isLocked(dir) != nil {
					t.Error("not held afterwards")
				}
				release()
			}
			if isLocked(dir) == nil {
				t.Error("still held")
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(take(t, want), take(t, dir)); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("no folder", func(t *testing.T) {
		if _, _, err := Share(t.Context(), filepath.Join(scratch(t), "none"), nil); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("err = %v", err)
		}
	})
}

// TestNoLocks explains what a file system answers that has no locks.
func TestNoLocks(t *testing.T) {
	for _, none := range []error{syscall.ENOTSUP, syscall.ENOSYS, syscall.ENOLCK} {
		err := lockFailed("shop", none)
		if want := "shop: locking: its file system has no locks, without which two runs of kgen could write at once; work on a copy on another disk (" + none.Error() + ")"; err.Error() != want {
			t.Errorf("err = %v", err)
		}
		if !mayNotWrite(err) || !errors.Is(err, none) {
			t.Errorf("%v is taken for something else", err)
		}
	}
	err := lockFailed("shop", &os.PathError{Op: "flock", Path: "shop", Err: syscall.EIO})
	if want := "shop: locking: input/output error"; err.Error() != want || mayNotWrite(err) {
		t.Errorf("err = %v", err)
	}
}
