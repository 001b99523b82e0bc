// Package tree is an ordered set of files in memory. Rendering fills one,
// planning compares two with the disk, building reads one: what is checked is
// what is written.
package tree

import (
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"sync/atomic"
)

// Tree maps slash-separated relative paths to contents. The zero value is not
// usable; call New. A Tree is not safe for concurrent writes.
type Tree struct {
	files map[string][]byte
	// paths are the sorted keys of files, or nil where a path has come or gone
	// since they were sorted. Readers at once may each sort them.
	paths atomic.Pointer[[]string]
}

// New returns an empty tree.
func New() *Tree { return &Tree{files: map[string][]byte{}} }

// Add puts a file into the tree. The path must be a clean relative path
// (fs.ValidPath) that is not in the tree yet: two sources for one file is a
// mistake of the caller's, reported rather than resolved.
func (t *Tree) Add(path string, data []byte) error {
	if path == "." || !fs.ValidPath(path) {
		return fmt.Errorf("%q is not a clean relative path", path)
	}
	if _, dup := t.files[path]; dup {
		return fmt.Errorf("%s is made twice", path)
	}
	t.files[path] = data
	t.paths.Store(nil)
	return nil
}

// Set puts a file into the tree, replacing any that is there.
func (t *Tree) Set(path string, data []byte) {
	if _, had := t.files[path]; !had {
		t.paths.Store(nil)
	}
	t.files[path] = data
}

// Remove takes a file out of the tree.
func (t *Tree) Remove(path string) {
	delete(t.files, path)
	t.paths.Store(nil)
}

// File returns the contents at path, and whether there is such a file. The
// bytes are shared: callers do not modify them.
func (t *Tree) File(path string) ([]byte, bool) {
	data, ok := t.files[path]
	return data, ok
}

// Len is the number of files.
func (t *Tree) Len() int { return len(t.files) }

// Paths returns every path, sorted bytewise. The slice is the caller's.
func (t *Tree) Paths() []string { return slices.Clone(t.sorted()) }

func (t *Tree) sorted() []string {
	if known := t.paths.Load(); known != nil {
		return *known
	}
	paths := slices.Sorted(maps.Keys(t.files))
	t.paths.Store(&paths)
	return paths
}

// All yields path and contents in the order of Paths.
func (t *Tree) All() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, p := range t.sorted() {
			if !yield(p, t.files[p]) {
				return
			}
		}
	}
}
