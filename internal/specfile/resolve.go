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
// together. The text is that of the side above ======= with all that only the
// side below it has: services, keys, entries of lists, copied from there with
// their comments. Where the conflict shows what both come from (git's styles
// diff3 and zdiff3), what one side removed and the other left alone is gone,
// and what one side alone changed is as that side has it.
//
// What both sides say differently is not decided: the list names each such
// place in the conflicted text, both values and the way out, and there is no
// text. The notes tell, one a change, what came from below. Without a conflict
// everything is empty. What the result means is not judged: Parse it.
func Resolve(name string, data []byte) (text []byte, notes []string, list diag.List) {
	ours, base, theirs, found, err := merge.Sides(data)
	if err != nil {
		number, fact, _ := strings.Cut(err.Error(), ": ")
		line, _ := strconv.Atoi(number)
		return nil, nil, diag.List{{File: name, Line: max(line, 1), Column: 1, Severity: diag.Error, Code: "conflict", Message: fact, Fix: "correct the markers, or remove them by hand"}}
	}
	if !found {
		return nil, nil, nil
	}
	r := &resolver{name: name, above: sideLines(data, '<'), below: sideLines(data, '=')}
	r.ours = r.side(ours, "above", r.above)
	r.theirs = r.side(theirs, "below", r.below)
	if len(r.list) > 0 {
		return nil, nil, r.list
	}
	var common reflect.Value
	if b, _ := decode(name, base); base != nil && b.decoded {
		common = reflect.ValueOf(b.Network).Elem()
	}
	merged := new(spec.Network)
	r.merge(reflect.ValueOf(merged).Elem(), common, reflect.ValueOf(r.ours.Network).Elem(), reflect.ValueOf(r.theirs.Network).Elem(), where{&place{}, &place{}, ""})
	if len(r.list) > 0 {
		r.list.Sort()
		return nil, nil, r.list
	}
	text, err = r.ours.with(merged, r.theirs)
	if list, ok := err.(diag.List); ok {
		for i := range list {
			list[i].Line = at(r.above, list[i].Line)
		}
		return nil, nil, list
	}
	return text, r.notes, nil
}

// resolver brings two models together.
type resolver struct {
	name         string
	ours, theirs *File
	above, below []int // the line in the conflicted text of each line of a side
	notes        []string
	list         diag.List
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

// conflicted says what is to be done about a text with conflict markers.
func conflicted(name string, data []byte, line int) diag.List {
	found := diag.Diagnostic{File: name, Line: line, Column: 1, Severity: diag.Error, Code: "conflict",
		Message: fmt.Sprintf("holds a merge conflict (<<<<<<< at line %d)", line),
		Fix:     "run kgen generate, which brings both sides together"}
	_, _, list := Resolve(name, data)
	if len(list) > 0 {
		found.Fix = "decide what follows by hand, and remove the markers"
	}
	return append(diag.List{found}, list...)
}
