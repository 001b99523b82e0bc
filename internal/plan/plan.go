// Package plan decides what a run would change: it compares what kgen last
// wrote (the base), what is on the disk and what the model makes, and merges
// the three where a person and kgen have both changed a file. The Plan is the
// one value that is printed and executed. Nothing here touches a disk but
// ReadBase and ReadDisk.
package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/tree"
	"kgen.dev/kgen/internal/txn"
)

// Input is what a plan is made from. The trees are kept, not copied.
type Input struct {
	// Base is what kgen last wrote.
	Base *Base
	// Disk holds what exists at the paths of the others, as ReadDisk reads it;
	// any other file in it is not kgen's and is left out.
	Disk *tree.Tree
	// Wanted is what the model makes.
	Wanted *tree.Tree
	// Missing are the files that the model would make, and that were left out of
	// Wanted because a person has deleted them; see Base.Missing.
	Missing []string
	// Settled are files of which it is known that base, disk and model agree. They
	// are in none of the trees and in no Change; the archive keeps them.
	Settled *Settled
	// Renamed are files that take the place of others: new path to old. What a
	// person has made of the old file goes with it.
	Renamed map[string]string
	// Own are kgen's own files and the model: written as they are, not merged,
	// and not in the base.
	Own *tree.Tree
	// Stages gives the two sides of a file in a merge that is under way, as git
	// has them. Nil knows of none.
	Stages func(path string) (ours, theirs []byte, ok bool)
	// Resolution says what becomes of lines that both sides have changed.
	Resolution Resolution

	moving bool              // the decision is about a file at its new place
	gone   map[string]string // the old paths of those that were renamed, to the new ones
}

// Resolution says what becomes of lines that a person and kgen have changed differently.
type Resolution string

const (
	// Refuse writes nothing at all. It is the zero value.
	Refuse Resolution = ""
	// Ours takes the person's lines, and a person's whole file where kgen wrote none.
	Ours Resolution = "ours"
	// Theirs takes kgen's lines.
	Theirs Resolution = "theirs"
	// Markers writes both, between conflict markers, for the person to settle.
	Markers Resolution = "markers"
)

// Plan is a decision for every file that kgen has a part in.
type Plan struct {
	Changes []Change // sorted by path
	// Archive is what is in .kgen/base.txtar afterwards, and Parts are its files,
	// sorted by path; both are empty where there is none.
	Archive []byte
	Parts   []Part
}

// Make decides. The error is a path that no tree should hold.
func Make(in Input) (*Plan, error) {
	p := &Plan{}
	in.gone = map[string]string{}
	for fresh, old := range in.Renamed {
		if in.moves(fresh) {
			in.gone[old] = fresh
		}
	}
	missing := make(map[string]bool, len(in.Missing))
	for _, path := range in.Missing {
		missing[path] = true
	}
	base := tree.New()
	// A file that is missing at its new name is in neither.
	paths := append(Paths(in.Base.Tree, in.Wanted), in.Missing...)
	for _, path := range slices.Compact(slices.Sorted(slices.Values(paths))) {
		c, keep := in.decide(path, missing[path])
		p.Changes = append(p.Changes, c)
		if keep.Exists {
			base.Set(path, keep.Data)
		}
	}
	own := tree.New()
	if in.Own != nil {
		for path, data := range in.Own.All() {
			own.Set(path, data)
		}
	}
	// Without an archive and without a file there is nothing to remember.
	if _, archived := in.Disk.File(BasePath); archived || base.Len() > 0 {
		var err error
		if p.Archive, p.Parts, err = formatBase(base, in.Settled); err != nil {
			return nil, fmt.Errorf("recording what was written: %w", err)
		}
		own.Set(BasePath, p.Archive)
	}
	for path, data := range own.All() {
		p.Changes = append(p.Changes, follow(path, fileIn(in.Disk, path), File{data, true}))
	}
	slices.SortFunc(p.Changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	return p, nil
}

// follow is what becomes of a file of kgen's own.
func follow(path string, disk, wanted File) Change {
	c := Change{Path: path, Action: Update, Reason: "it follows the other files", Before: disk, After: wanted}
	switch {
	case disk.is(wanted):
		c.Action, c.Reason = Unchanged, "up to date"
	case !disk.Exists:
		c.Action, c.Reason = Create, "new"
	}
	return c
}

// Paths are the files of two trees, sorted.
func Paths(a, b *tree.Tree) []string {
	set := map[string]struct{}{}
	for _, t := range []*tree.Tree{a, b} {
		for path := range t.All() {
			set[path] = struct{}{}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// With returns the changes with one of these actions.
func (p *Plan) With(actions ...Action) []Change {
	var out []Change
	for _, c := range p.Changes {
		if slices.Contains(actions, c.Action) {
			out = append(out, c)
		}
	}
	return out
}

// Conflicts returns the files that kgen would have to change and must not.
func (p *Plan) Conflicts() []Change { return p.With(Conflict) }

// Listed returns the changes that a person is told of: all but Unchanged.
func (p *Plan) Listed() []Change {
	return slices.DeleteFunc(slices.Clone(p.Changes), func(c Change) bool { return c.Action == Unchanged })
}

// Writes returns the changes that touch files.
func (p *Plan) Writes() []Change {
	return slices.DeleteFunc(slices.Clone(p.Changes), func(c Change) bool { return !c.Action.Writes() })
}

// Ops is what to execute: the files that change, each only if it is still as
// it was found. A Conflict is not in it; whether to execute the rest when there
// is one is the caller's to say.
func (p *Plan) Ops() []txn.Op {
	var ops []txn.Op
	for _, c := range p.Writes() {
		ops = append(ops, txn.Op{
			Path: c.Path, Data: c.After.Data, Delete: c.Action == Delete,
			Seen: &txn.Seen{Exists: c.Before.Exists, Data: c.Before.Data},
		})
	}
	return ops
}
