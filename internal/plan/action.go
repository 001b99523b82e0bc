package plan

import "bytes"

// Action is what becomes of one file.
type Action string

const (
	// Create writes a file that is not there.
	Create Action = "create"
	// Update replaces a file that is as kgen last wrote it.
	Update Action = "update"
	// Merge writes what kgen has to say into a file that a person has edited,
	// and leaves the person's lines as they are.
	Merge Action = "merge"
	// Delete removes a file that is as kgen last wrote it and that the model no longer makes.
	Delete Action = "delete"
	// Unchanged leaves a file that is as it should be.
	Unchanged Action = "unchanged"
	// Keep leaves a file that a person has edited, and to which kgen has nothing new to say.
	Keep Action = "keep"
	// Missing leaves a file away that a person has deleted.
	Missing Action = "missing"
	// Orphaned leaves a file that the model no longer makes, because a person has edited it.
	Orphaned Action = "orphaned"
	// Conflict leaves a file that kgen would have to change and must not: kgen
	// never wrote it, or a person and kgen have changed the same of its lines.
	Conflict Action = "conflict"
)

// Writes tells whether the action touches the file.
func (a Action) Writes() bool { return a == Create || a == Update || a == Merge || a == Delete }

// Change is what becomes of one file, and why.
type Change struct {
	Path   string
	Action Action
	Reason string
	// From is the file whose place it takes, if it does: the lines of Clashes are there.
	From string
	// Clashes are the lines that a person and kgen have changed differently; for
	// a Conflict, and for a Merge that was told how to resolve it.
	Clashes []Clash
	// Before is the file as it was found. After is the file as it will be; in a
	// Conflict it is what kgen would write if the file were its own.
	Before, After File
	// Foreign tells that a Conflict is about a file that kgen did not write.
	Foreign bool
	// Wrote is the file as kgen last wrote it, or would have written it.
	Wrote File
}

// File is the contents at a path, or that there is no file.
type File struct {
	Data   []byte
	Exists bool
}

func (f File) is(other File) bool {
	return f.Exists == other.Exists && bytes.Equal(f.Data, other.Data)
}

// Clash is one place where a person and kgen have changed the same lines of a
// file. Lines are counted from 1; a count of 0 is a place between two lines,
// in front of the one that is named.
type Clash struct {
	Line  int `json:"line"`  // the first of the file's lines
	Count int `json:"count"` // how many of them
	// What kgen would have there.
	Wanted      int `json:"wantedLine"`
	WantedCount int `json:"wantedCount"`
}
