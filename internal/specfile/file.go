// Package specfile is the way between kgen.yaml and the model: it decodes the
// file strictly, with the position of everything that is wrong; it changes the
// file to mean another model without touching the rest of its text; it brings
// the two sides of a merge conflict in it together; and it prints a new one.
package specfile

import (
	"sync"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// MaxSize is the largest kgen.yaml that is read, in bytes.
const MaxSize = 8 << 20

// File is one kgen.yaml as it was read.
type File struct {
	// Name is the file's name as findings print it.
	Name string
	// Data is the text, unchanged.
	Data []byte
	// Network is the model as written, without defaults. It is whole only if
	// Parse found no error; after an error it holds what could be decoded, and
	// it is nil where the text is no YAML mapping. It is not to be written to:
	// files of one text's changes share what they have in common.
	Network *spec.Network
	// Warnings are the findings that do not stop a run.
	Warnings diag.List

	tree    *yaml.Node // of the document, a mapping where Network is set
	unread  *sync.Once // of a text whose tree nobody has asked for yet; else nil
	decoded bool       // without an error; what Validate says is not counted
	aliases bool       // some of the text is read through aliases
}

// Parse reads a kgen.yaml. The list holds every error, in the order of the
// text, and is empty where the file is good; warnings are in File.Warnings.
// The File is never nil.
func Parse(name string, data []byte) (*File, diag.List) {
	f, d := decode(name, data)
	if line := conflictLine(data); line > 0 && !f.decoded {
		return f, conflicted(name, data, line)
	}
	return f, f.judge(d)
}

// judge adds to what was found in decoding what the model says wrong, and parts
// the warnings from the errors.
func (f *File) judge(d *decoder) diag.List {
	if f.Network != nil && !d.stopped {
		known := noiseOf(f.Network, d.unread)
		for _, found := range spec.Validate(f.Network) {
			if known.explains(found) {
				continue
			}
			found.File = f.Name
			found.Line, found.Column = locate(f.root(), found.Path)
			d.list = append(d.list, found)
		}
	}
	d.list.Sort()
	f.Warnings = d.list.Warnings()
	return d.list.Errors()
}

// decode reads the text into a model without judging what the model says.
func decode(name string, data []byte) (*File, *decoder) {
	f := &File{Name: name, Data: data}
	d := &decoder{name: name}
	text := withoutBOM(data)
	f.tree = d.load(text)
	if f.tree != nil {
		f.Network = d.network(f.tree)
	}
	f.decoded = f.Network != nil && len(d.list) == 0
	f.aliases = d.aliased
	return f, d
}

// root is the text's tree. That of a text which is known to be good without
// having been read is read when it is first asked for.
func (f *File) root() *yaml.Node {
	if f.unread != nil {
		f.unread.Do(func() { f.tree = new(decoder).load(withoutBOM(f.Data)) })
	}
	return f.tree
}
