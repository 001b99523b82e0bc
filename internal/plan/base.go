package plan

import (
	"os"

	"kgen.dev/kgen/internal/merge"
	"kgen.dev/kgen/internal/tree"
	"kgen.dev/kgen/internal/txn"
)

// BasePath is where the base is kept.
const BasePath = txn.Folder + "/base.txtar"

// Base is what kgen last wrote.
type Base struct {
	*tree.Tree
	// Sides are what kgen last wrote on either side of a merge that git could
	// not finish, or nil. The Tree then holds both, the first side's where they differ.
	Sides []*tree.Tree
}

// NewBase is a base that holds a tree's files.
func NewBase(t *tree.Tree) *Base { return &Base{Tree: t} }

// Missing are the files of the base that the disk does not have: a person has
// deleted them. What only one side of a merge has is not among them: there kgen
// itself has made or removed it.
func (b *Base) Missing(disk *tree.Tree) []string {
	var out []string
	for path := range b.All() {
		if _, exists := disk.File(path); !exists && len(b.versions(path)) == len(b.sides()) {
			out = append(out, path)
		}
	}
	return out
}

// versions are what kgen last wrote at a path: one text, or one a side.
func (b *Base) versions(path string) [][]byte {
	var out [][]byte
	for _, t := range b.sides() {
		if data, ok := t.File(path); ok {
			out = append(out, data)
		}
	}
	return out
}

func (b *Base) sides() []*tree.Tree {
	if len(b.Sides) == 0 {
		return []*tree.Tree{b.Tree}
	}
	return b.Sides
}

// ReadBase reads the archive of the repository at root; without one the base
// is empty.
func ReadBase(root *os.Root) (*Base, error) {
	found, obstacles, err := txn.Read(root, []string{BasePath})
	if err != nil {
		return nil, err
	}
	if len(obstacles) > 0 {
		return nil, obstacles[0]
	}
	archive, ok := found[BasePath]
	if !ok {
		return NewBase(tree.New()), nil
	}
	return ParseBase(archive)
}

// ParseBase reads the archive, and both sides of one in which git has left a
// merge conflict. The contents share its bytes where they can. An archive that
// kgen did not write so is an error (a diag.List) with its line: a base that is
// wrong would let a person's lines pass for kgen's own.
func ParseBase(archive []byte) (*Base, error) {
	whole, err := parseArchive(archive)
	if err == nil {
		return NewBase(whole), nil
	}
	ours, _, theirs, found, broken := merge.Sides(archive)
	if !found || broken != nil {
		return nil, err
	}
	both, broken := MergedBase(ours, theirs)
	if broken != nil {
		return nil, err
	}
	return both, nil
}

// MergedBase reads the archives of the two sides of a merge.
func MergedBase(ours, theirs []byte) (*Base, error) {
	both := &Base{Tree: tree.New()}
	for _, text := range [][]byte{theirs, ours} {
		side, err := parseArchive(text)
		if err != nil {
			return nil, err
		}
		both.Sides = append([]*tree.Tree{side}, both.Sides...)
		for path, data := range side.All() {
			both.Set(path, data)
		}
	}
	return both, nil
}
