package specfile

import (
	"reflect"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// With returns the file's text changed so that it means want, or an error and
// no text. Of the old text only that changes which says something else in
// want: comments, blank lines, order, quotes and layout of all the rest stay
// byte for byte, and want that equals the model gives the same bytes.
//
// A value is replaced in its place; a key is added where the model has it, an
// entry behind the one that it follows in want. What is removed takes its own
// comments with it: those inside it, behind it, and directly above it. A nil
// list has no key, an empty one is written []. A value that becomes its type's
// zero is written out where zero is a value (weight: 0, insecure: false), and
// its key goes where zero means absence, or where other keys beside it go.
//
// The result decodes to exactly want: where such a text cannot be had, the
// error says so, and where. What want means is not judged: Parse the result.
func (f *File) With(want *spec.Network) ([]byte, error) { return f.with(want, nil) }

// with copies what want adds from the text of another file where that has it,
// comments included, instead of printing it.
func (f *File) with(want *spec.Network, from *File) ([]byte, error) {
	now, _, err := f.rewritten(want, from)
	if err != nil {
		return nil, err
	}
	return now.Data, nil
}

// rewritten is with, and gives the new text as it was decoded.
func (f *File) rewritten(want *spec.Network, from *File) (*File, *decoder, error) {
	if !f.decoded {
		return nil, nil, f.refuse(f.root(), "", "unreadable", "correct the file's errors first", "cannot be changed while parts of it cannot be read")
	}
	if reflect.DeepEqual(f.Network, want) {
		same := *f
		same.Data, same.Warnings = append([]byte(nil), f.Data...), nil
		return &same, new(decoder), nil
	}
	e, err := f.edit(want, from)
	if err != nil {
		return nil, nil, err
	}
	if out, ok := e.apply(); ok {
		now, d := decode(f.Name, out)
		if now.decoded && len(d.list) == 0 && reflect.DeepEqual(now.Network, want) {
			return now, d, nil
		}
	}
	line, column := locate(f.root(), e.first)
	return nil, nil, diag.List{{File: f.Name, Line: line, Column: column, Path: e.first, Severity: diag.Error, Code: "unchanged",
		Message: "cannot be changed as wanted without changing more than that", Fix: "write it by hand"}}
}

// edit says what is to change in the text, or why it cannot be.
func (f *File) edit(want *spec.Network, from *File) (*editor, error) {
	e := f.editor()
	s := slot{path: &place{}, column: 1}
	if from != nil && from.decoded {
		e.donor = linesOf(withoutBOM(from.Data))
		s.gift = gift{node: from.root(), value: reflect.ValueOf(from.Network).Elem()}
	}
	e.change(f.root(), reflect.ValueOf(f.Network).Elem(), reflect.ValueOf(want).Elem(), s)
	e.shared()
	if len(e.refused) > 0 {
		return nil, e.refused
	}
	return e, nil
}

// editor collects what is to change in a file's text.
type editor struct {
	file    *File
	lines   *lines
	own     layout
	splices []splice
	refused diag.List
	first   string // the path of the first change

	aliases bool // the text has some: all of it is walked, also what stays
	uses    []use
	said    map[*yaml.Node]reflect.Value // what anchored nodes will say

	donor *lines // of the text that additions are copied from, or nil
}

func (f *File) editor() *editor {
	e := &editor{file: f, lines: linesOf(withoutBOM(f.Data)), said: map[*yaml.Node]reflect.Value{}}
	e.own = e.layout()
	e.aliases = hasAlias(f.root())
	return e
}

func hasAlias(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode {
		return true
	}
	for _, c := range n.Content {
		if hasAlias(c) {
			return true
		}
	}
	return false
}

// slot is the place in the text that holds a value.
type slot struct {
	path   *place
	key    *yaml.Node // whose value it is; nil for an entry of a list
	column int        // of the key, or of the entry's dash
	flow   bool       // it stands between brackets
	field  *field     // of the model, if it is one
	gift   gift
}

// change edits the node, which says was, to say want.
func (e *editor) change(n *yaml.Node, was, want reflect.Value, s slot) {
	equal := reflect.DeepEqual(was.Interface(), want.Interface())
	if equal && !e.aliases {
		return
	}
	was, want = reflect.Indirect(was), reflect.Indirect(want)
	if n.Kind == yaml.AliasNode {
		e.uses = append(e.uses, use{n, was, want, s})
		return
	}
	if n.Anchor != "" {
		e.said[n] = want
	}
	if !equal && e.first == "" && n.Kind == yaml.ScalarNode {
		e.first = s.path.String()
	}
	t := was.Type()
	switch {
	case n.Kind == yaml.ScalarNode:
		e.changeScalar(n, was, want, s)
	case t.Kind() == reflect.Struct:
		e.changeStruct(n, was, want, s)
	case t.Kind() == reflect.Map:
		e.changeLabels(n, was, want, s)
	default:
		e.changeList(n, was, want, s)
	}
}

// changed notes the path of a change, for the error that no text can be had.
func (e *editor) changed(s slot) {
	if e.first == "" {
		e.first = s.path.String()
	}
}
