package txn

import (
	"bytes"
	"fmt"
	"testing"
)

// operations are what writing n files of ten folders takes, by name.
func operations(t *testing.T, n int, before bool) map[string]int {
	t.Helper()
	build := func(fill byte) []Op {
		var ops []Op
		for i := range n {
			ops = append(ops, Op{Path: fmt.Sprintf("networking/part-%d/service-%04d.yaml", i%10, i), Data: bytes.Repeat([]byte{fill}, 100)})
		}
		return ops
	}
	dir := t.TempDir()
	if before {
		if err, _ := newFaulty(t, dir, -1, failBefore).apply(build('a')); err != nil {
			t.Fatal(err)
		}
	}
	f := newFaulty(t, dir, -1, failBefore)
	if err, _ := f.apply(build('b')); err != nil {
		t.Fatal(err)
	}
	return f.called
}

// TestWorkGrowsInAStraightLine counts operations on the disk: each file more
// takes as many more, what is asked about folders is asked once a folder, and the
// disk is waited for a fixed number of times.
func TestWorkGrowsInAStraightLine(t *testing.T) {
	for name, before := range map[string]bool{"new": false, "changed": true} {
		t.Run(name, func(t *testing.T) {
			small, middle, large := operations(t, 100, before), operations(t, 200, before), operations(t, 400, before)
			for op := range large {
				if step := middle[op] - small[op]; large[op]-middle[op] != 2*step {
					t.Errorf("%s: %d operations for 100 files, %d for 200, %d for 400", op, small[op], middle[op], large[op])
				}
			}
			for _, op := range []string{"Sync", "SyncAll", "Mkdir", "Writable", "Free"} {
				if large[op] != small[op] {
					t.Errorf("%s: %d times for 100 files, %d times for 400", op, small[op], large[op])
				}
			}
			for op, most := range map[string]int{"WriteNew": 1, "Rename": 1, "Read": 1, "Lstat": 2} { // for the temporary name, and before anything is replaced
				if each := (large[op] - small[op]) / 300; each > most {
					t.Errorf("%s: %d times a file", op, each)
				}
			}
		})
	}
}
