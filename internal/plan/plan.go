// Package plan decides what a run would change: it compares what kgen last
// wrote (the base), what is on the disk and what the model makes. The Plan is
// the one value that is printed and executed.
package plan

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"kgen.dev/kgen/internal/tree"
	"kgen.dev/kgen/internal/txn"
)

// Plan is a decision for every file of the base and of the wanted tree.
type Plan struct {
	Changes []Change // sorted by path

	base, disk, wanted *tree.Tree
}

// Make decides. Disk holds what exists at the paths of base and wanted, as
// ReadDisk reads it; any other file in it is not kgen's and is left out. The
// trees are kept, not copied.
func Make(base, disk, wanted *tree.Tree) *Plan {
	p := &Plan{base: base, disk: disk, wanted: wanted}
	for _, path := range Paths(base, wanted) {
		action, reason := decide(fileIn(base, path), fileIn(disk, path), fileIn(wanted, path))
		p.Changes = append(p.Changes, Change{Path: path, Action: action, Reason: reason})
	}
	return p
}

// Paths are the files that a plan of these trees is about, sorted: what
// ReadDisk has to read.
func Paths(base, wanted *tree.Tree) []string {
	set := map[string]struct{}{}
	for _, t := range []*tree.Tree{base, wanted} {
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

// Counts is how many files have each action; an action of none is left out.
func (p *Plan) Counts() map[Action]int {
	n := map[Action]int{}
	for _, c := range p.Changes {
		n[c.Action]++
	}
	return n
}

// Clean tells that every file is as the model makes it and the base says so:
// nothing would be written, and no edit is there to be named.
func (p *Plan) Clean() bool {
	return len(p.With(Unchanged)) == len(p.Changes) && same(p.base, p.NewBase())
}

// NewBase is the base after the plan was executed. Where a person's edit stays
// it still holds what kgen wrote, so that later runs see the edit; a file that
// kgen never wrote is not in it.
func (p *Plan) NewBase() *tree.Tree {
	out := tree.New()
	for _, c := range p.Changes {
		from := p.wanted
		if c.Action == Keep || c.Action == Conflict || c.Action == StaleEdited {
			from = p.base
		}
		if data, ok := from.File(c.Path); ok {
			out.Set(c.Path, data)
		}
	}
	return out
}

func same(a, b *tree.Tree) bool {
	if a.Len() != b.Len() {
		return false
	}
	for path, data := range a.All() {
		if other, ok := b.File(path); !ok || !bytes.Equal(data, other) {
			return false
		}
	}
	return true
}

// Ops is what to execute: the files that change, each only if it is still as
// it was read, and the archive of the base if it changes. Files with a Keep,
// Conflict or StaleEdited are not in it; whether to execute the rest when
// there is one is the caller's to say.
func (p *Plan) Ops() ([]txn.Op, error) {
	var ops []txn.Op
	for _, c := range p.Changes {
		if !c.Action.Writes() {
			continue
		}
		op := txn.Op{Path: c.Path, Delete: c.Action == Delete, Seen: &txn.Seen{}}
		op.Seen.Data, op.Seen.Exists = p.disk.File(c.Path)
		op.Data, _ = p.wanted.File(c.Path)
		ops = append(ops, op)
	}
	base := p.NewBase()
	if same(p.base, base) {
		return ops, nil
	}
	archive, err := FormatBase(base)
	if err != nil {
		return nil, fmt.Errorf("recording what was written: %w", err)
	}
	return append(ops, txn.Op{Path: BasePath, Data: archive}), nil
}
