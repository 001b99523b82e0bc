package plan

import (
	"slices"

	"kgen.dev/kgen/internal/tree"
)

// moves reports whether a file takes the place of another: it is made, or would
// be if nobody had deleted it; the other is one that kgen wrote and does not
// make any more; and nothing stands at the new place.
func (in Input) moves(path string) bool {
	old, renamed := in.Renamed[path]
	if _, wanted := in.Wanted.File(path); !renamed || !wanted && !slices.Contains(in.Missing, path) {
		return false
	}
	_, wrote := in.Base.File(old)
	_, made := in.Wanted.File(old)
	_, taken := in.Disk.File(path)
	_, known := in.Base.File(path)
	return wrote && !made && !taken && !known
}

// move decides about a file that takes the place of another, as if the other
// had always stood there: a person's edits, or that it was deleted, go with it.
func (in Input) move(path string, missing bool) (Change, File) {
	old := in.Renamed[path]
	there := Input{Base: NewBase(tree.New()), Disk: tree.New(), Wanted: in.Wanted, Resolution: in.Resolution, moving: true}
	wrote, _ := in.Base.File(old)
	there.Base.Set(path, wrote)
	if data, exists := in.Disk.File(old); exists {
		there.Disk.Set(path, data)
	}
	c, base := there.decide(path, missing)
	edited := c.Action == Keep || c.Action == Merge
	c.Before, c.From = File{}, old
	switch {
	case edited:
		c.Action, c.Reason = Merge, "it was "+old+", with your edits"
	case c.Action.Writes() || c.Action == Unchanged:
		c.Action, c.Reason = Create, "it was "+old
	}
	return c, base
}
