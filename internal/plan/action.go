package plan

import (
	"bytes"

	"kgen.dev/kgen/internal/tree"
)

// Action is what becomes of one file.
type Action string

const (
	// Create writes a file that is not there.
	Create Action = "create"
	// Update replaces a file that is as kgen last wrote it.
	Update Action = "update"
	// Delete removes a file that is as kgen last wrote it and that the model no longer makes.
	Delete Action = "delete"
	// Unchanged leaves a file that is as it should be.
	Unchanged Action = "unchanged"
	// Keep leaves a file that a person has edited; what kgen would write is still the same.
	Keep Action = "keep"
	// Conflict leaves a file that kgen would have to change, and that a person
	// has edited or that kgen never wrote.
	Conflict Action = "conflict"
	// StaleEdited leaves a file that the model no longer makes, because a person has edited it.
	StaleEdited Action = "stale-edited"
)

// Writes tells whether the action touches the file.
func (a Action) Writes() bool { return a == Create || a == Update || a == Delete }

// Change is what becomes of one file, and why.
type Change struct {
	Path   string `json:"path"`
	Action Action `json:"action"`
	Reason string `json:"reason"`
}

// file is the contents at a path, or that there is no file.
type file struct {
	data   []byte
	exists bool
}

func fileIn(t *tree.Tree, path string) (f file) {
	f.data, f.exists = t.File(path)
	return f
}

func (f file) is(other file) bool {
	return f.exists && other.exists && bytes.Equal(f.data, other.data)
}

// decide is the whole three-way decision: base is what kgen last wrote, disk
// is what is there, wanted is what the model makes.
func decide(base, disk, wanted file) (Action, string) {
	switch {
	case !wanted.exists && !disk.exists:
		return Unchanged, "already gone; kgen no longer makes it"
	case !wanted.exists && disk.is(base):
		return Delete, "kgen no longer makes it"
	case !wanted.exists:
		return StaleEdited, "kgen no longer makes it, but it was edited by hand"
	case !disk.exists && !base.exists:
		return Create, "new"
	case !disk.exists:
		return Create, "missing"
	case disk.is(wanted):
		return Unchanged, "up to date"
	case !base.exists:
		return Conflict, "there is a file that kgen did not write"
	case disk.is(base):
		return Update, "the model or the templates changed"
	case base.is(wanted):
		return Keep, "edited by hand"
	}
	return Conflict, "edited by hand, and kgen would write something new"
}
