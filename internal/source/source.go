// Package source reads what is to be judged: the arguments of `kgen audit` and
// its kin become objects, as they would be applied, whose every field has the
// place in the source file, or in the patch, that it came from.
//
// An argument is
//   - a folder with a kustomization, which is built;
//   - a folder without one: every kustomization below it that no other one
//     below it names is built, and every .yaml, .yml or .json file that is not
//     in the care of any kustomization is read as it is. Hidden files and
//     folders, kgen.yaml, and JSON files that hold no Kubernetes object are
//     passed over;
//   - a file, which is read as it is, a kustomization file being built;
//   - "-", the standard input: a document that starts with the comment
//     "# Source: chart/templates/x.yaml", as helm writes it, has that File, and
//     its lines are counted from the comment; any other has the File stdin and
//     the input's own lines.
//
// Nothing is fetched: an address, as an argument or in a kustomization, is a
// finding. Devices, pipes and sockets are not opened, a link is followed only
// if it ends within the folder that was named (within the kustomization's own
// folder, for its files, as kustomize has it), and no file larger than
// MostBytes is read.
package source

import (
	"context"
	"io"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/tree"
)

// Set is what was read.
type Set struct {
	// Objects are as they would be applied, in the order in which they were met.
	Objects []*manifest.Object
	// Kustomizations are those gone through, each once, in the order of their folders.
	Kustomizations []*Kustomization
	// Builds are the kustomizations that were built for themselves, in order.
	Builds []Build
	// Claimed are the names that "# Source:" comments of the standard input gave to
	// what follows: nobody has read files of these names.
	Claimed map[string]bool
	// Findings are what could not be read, or not wholly: an error means that
	// Objects lack something. They are sorted.
	Findings diag.List
}

// The codes of findings that a rule may want to tell from others.
const (
	MissingEntry   = "missing-entry"   // a kustomization names what is not there
	DuplicateEntry = "duplicate-entry" // a kustomization names the same twice
	DuplicateID    = "duplicate-object"
	Address        = "address" // something that would have to be fetched
	FailedPatch    = "failed-patch"
	FailedBuild    = "failed-build"
)

// Build is one kustomization that was built for itself, not for another's sake.
type Build struct {
	Dir string
	// Because is empty when kgen put the objects together itself, and otherwise
	// what made it leave the build to kustomize: "namePrefix", "a strategic
	// merge patch"… with the place in Position.
	Because  string
	Position manifest.Position
	// Objects are what was built, in the order in which they were met.
	Objects []*manifest.Object
}

// Kustomization is one kustomization that was gone through.
type Kustomization struct {
	Dir  string // its folder, as a path that the reader can open
	File string // its file: Dir/kustomization.yaml
	// Entries are the files and folders that it names, in the order of the file.
	Entries []Entry
	// Mutators are its fields that change names or selectors.
	Mutators []Mutator
	// Orphans are the YAML files in its folder, and in the folders below that
	// have no kustomization, that no kustomization gone through names.
	Orphans []string
	// Unreached are the folders below it with a kustomization of their own that
	// was not gone through: overlays, or something forgotten.
	Unreached []string
	// Idle are the entries of its patches that are for no object that it has.
	Idle []Idle
	// Order is what its sortOptions say: fifo, legacy, or nothing.
	Order string
}

// Entry is one file or folder that a kustomization names.
type Entry struct {
	Field    string // resources, components, patches …
	Path     string // as written
	Position manifest.Position
	Target   string // the file or folder that it leads to; empty if there is none
	Missing  bool   // nothing is there, or nothing that may be read
	// First is where the same file was named before, in this kustomization or
	// in another one of the same build; nil for the first time.
	First *manifest.Position
}

// Mutator is a field of a kustomization that changes names or selectors
// of the objects: namePrefix, nameSuffix, commonLabels, or labels with
// includeSelectors.
type Mutator struct {
	Field    string
	Position manifest.Position
	Value    string            // of namePrefix and nameSuffix
	Labels   map[string]string // of the others
}

// MostBytes is the size of the largest file that is read, and of what the
// standard input may bring: ten times the largest known CRD bundle.
const MostBytes = 64 << 20

// Read reads the arguments of a command, "." if there are none. stdin is read
// if one of them is "-". The error is that of ctx, when it ended before the
// reading did; everything else is in the Set's Findings.
func Read(ctx context.Context, stdin io.Reader, args []string) (*Set, error) {
	return read(ctx, disk{}, stdin, args)
}

// FromTree reads a folder ("." for the top) of a tree in memory, as Read does one
// of the disk. Paths are those of the tree.
func FromTree(ctx context.Context, t *tree.Tree, dir string) (*Set, error) {
	return read(ctx, newMemory(t), nil, []string{dir})
}
