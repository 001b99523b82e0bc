package specfile

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/merge"
	"kgen.dev/kgen/internal/spec"
)

// Resolve brings the two sides of a git merge conflict in a kgen.yaml
// together, as a merge of the models and not of lines. What both come from is
// ancestor, a whole kgen.yaml, or where there is none (nil, or a text that
// cannot be read) what the conflict itself shows (git's styles diff3 and
// zdiff3). Against that, what one side alone has added, changed or removed is
// as that side has it. The text is that of the side above =======; what comes
// from below is copied from there with its comments.
//
// What is not decided: a value that both sides have changed, what one has
// removed and the other changed, and what makes no model only since both came
// together. Where nothing is known of what the sides come from, all that one of
// them alone says: that may be an addition here or a removal there. The list
// names each such place in the conflicted text, with the way out, and then
// there is no text. The notes tell, one a change, what comes from either side
// and what goes. Warnings are in none of them: those are the text's, which is
// to be read by Parse. Without a conflict everything is empty.
func Resolve(name string, data, ancestor []byte) (text []byte, notes []string, list diag.List) {
	return resolverOf(name, data).resolve(ancestor)
}

// resolver brings two models together.
type resolver struct {
	name         string
	found        bool
	ours, theirs *File
	base         []byte // of the conflict itself, or nil
	above, below []int  // the line in the conflicted text of each line of a side
	based        bool   // what both come from is known
	notes        []string
	gone         map[string]string // the services that one side has removed: above or below
	list         diag.List
}

// resolverOf takes a conflicted text apart, or says why it cannot be.
func resolverOf(name string, data []byte) *resolver {
	r := &resolver{name: name, gone: map[string]string{}}
	ours, base, theirs, found, err := merge.Sides(data)
	if err != nil {
		number, fact, _ := strings.Cut(err.Error(), ": ")
		line, _ := strconv.Atoi(number)
		r.list = diag.List{{File: name, Line: max(line, 1), Column: 1, Severity: diag.Error, Code: "conflict", Message: fact, Fix: "correct the markers, or remove them by hand"}}
		return r
	}
	if r.found = found; found {
		r.base, r.above, r.below = base, sideLines(data, '<'), sideLines(data, '=')
		r.ours, r.theirs = r.side(ours, "above", r.above), r.side(theirs, "below", r.below)
	}
	return r
}

func (r *resolver) resolve(ancestor []byte) (text []byte, notes []string, list diag.List) {
	if len(r.list) > 0 || !r.found {
		return nil, nil, r.list
	}
	var common reflect.Value
	for _, text := range [][]byte{ancestor, r.base} {
		if f, _ := decode(r.name, text); text != nil && f.decoded {
			common, r.based = reflect.ValueOf(f.Network).Elem(), true
			break
		}
	}
	merged := new(spec.Network)
	r.merge(reflect.ValueOf(merged).Elem(), common, reflect.ValueOf(r.ours.Network).Elem(), reflect.ValueOf(r.theirs.Network).Elem(), where{&place{}, &place{}, ""})
	if len(r.list) == 0 {
		r.check(merged)
	}
	if len(r.list) > 0 {
		r.list.Sort()
		return nil, nil, r.list
	}
	text, err := r.ours.with(merged, r.theirs)
	if list, ok := err.(diag.List); ok {
		for i := range list {
			list[i].Line = at(r.above, list[i].Line)
		}
		return nil, nil, list
	}
	return text, r.notes, nil
}

// side reads one side of the conflict.
func (r *resolver) side(text []byte, which string, lines []int) *File {
	f, d := decode(r.name, text)
	d.list.Sort()
	for _, found := range d.list {
		found.Line = at(lines, found.Line)
		message := found.Message
		found.Message = "on the side " + which + " =======, " + message
		// What both sides have in common is wrong once.
		twin := slices.IndexFunc(r.list, func(d diag.Diagnostic) bool {
			return d.Line == found.Line && d.Column == found.Column && strings.HasSuffix(d.Message, ", "+message)
		})
		if twin < 0 {
			r.list = append(r.list, found)
		} else {
			r.list[twin].Message = message
		}
	}
	return f
}

// at gives an entry of a table of lines, which are numbered from 1.
func at(lines []int, n int) int {
	if n < 1 || n > len(lines) {
		return n
	}
	return lines[n-1]
}

// sideLines gives for each line of one side, that which the sign opens, its
// number in the conflicted text.
func sideLines(data []byte, side byte) (out []int) {
	state, n := byte(0), 0
	for line := range bytes.Lines(data) {
		n++
		switch sign := marker(line); {
		case sign == '>' && state != 0:
			state = 0
		case sign == '<' || state != 0 && sign != 0:
			state = sign
		case state == 0 || state == side:
			out = append(out, n)
		}
	}
	return out
}

// marker gives the sign of a line that is one of git's conflict markers, or 0.
func marker(line []byte) byte {
	line = bytes.TrimRight(line, "\r\n")
	for _, sign := range []byte("<|=>") {
		mark := bytes.Repeat([]byte{sign}, 7)
		if rest, ok := bytes.CutPrefix(line, mark); ok && (len(rest) == 0 || rest[0] == ' ') {
			return sign
		}
	}
	return 0
}

// conflictLine gives the first line that opens a merge conflict, or 0.
func conflictLine(data []byte) int {
	if !bytes.Contains(data, []byte("<<<<<<<")) {
		return 0
	}
	n := 0
	for line := range bytes.Lines(data) {
		if n++; marker(line) == '<' {
			return n
		}
	}
	return 0
}

// conflicted says what is to be done about a text with conflict markers. What
// both sides come from may not stand in it, and is for kgen generate to find.
func conflicted(name string, data []byte, line int) diag.List {
	found := diag.Diagnostic{File: name, Line: line, Column: 1, Severity: diag.Error, Code: "conflict",
		Message: fmt.Sprintf("holds a merge conflict (<<<<<<< at line %d)", line),
		Fix:     "run kgen generate, which brings both sides together"}
	r := resolverOf(name, data)
	if len(r.list) == 0 && r.base == nil {
		found.Fix += " or says what it cannot decide"
		return diag.List{found}
	}
	_, _, list := r.resolve(nil)
	if len(list) > 0 {
		found.Fix = "decide what follows by hand, and remove the markers"
	}
	return append(diag.List{found}, list...)
}
