// Package merge brings two changes of one text together, line by line, and
// shows what has changed between two texts. It knows bytes and lines, and
// nothing of what they mean: whether a merged manifest is still sound is the
// caller's to judge.
//
// A line ends with its line feed; the last may have none. The same line with
// another end is another line.
package merge

import (
	"bytes"
	"slices"
)

// Span is a stretch of lines, counted from 0.
type Span struct{ Start, End int }

// Len is the number of lines.
func (s Span) Len() int { return s.End - s.Start }

// Kind tells who has changed a chunk.
type Kind int

const (
	Stable     Kind = iota // nobody
	OursOnly               // the first side alone
	TheirsOnly             // the second side alone
	Both                   // both, and to the same
	Conflict               // both, and differently
)

// Chunk is a stretch of the three texts that belong together.
type Chunk struct {
	Kind               Kind
	Base, Ours, Theirs Span
}

// Result is a merge.
type Result struct {
	Chunks []Chunk // in order; together they are all of each text

	base, ours, theirs [][]byte
	restore            func([]byte) []byte // gives a text the line ends of ours
}

// Merge brings what one side (ours) and the other (theirs) made of base
// together. Between two chunks that were changed there is always a line that
// was not: what touches is one change.
//
// Where all lines of ours end in CRLF and those of the others in LF alone, or
// ours begins with a byte order mark that the others do not have, somebody's
// editor has done that, and it is no change of the lines: they are compared
// without, and the result has them again.
func Merge(base, ours, theirs []byte) Result {
	ours, restore := likeness(ours, base, theirs)
	numbers := &lines{map[string]int{}}
	b, o, t := numbers.of(base), numbers.of(ours), numbers.of(theirs)
	r := Result{
		base: split(base), ours: split(ours), theirs: split(theirs), restore: restore,
	}
	toOurs, toTheirs := common(b, o), common(b, t)
	var done Chunk // how far each text is dealt with: the ends of its spans
	emit := func(bEnd, oEnd, tEnd int, kind Kind) {
		c := Chunk{kind, Span{done.Base.End, bEnd}, Span{done.Ours.End, oEnd}, Span{done.Theirs.End, tEnd}}
		done = c
		if c.Base.Len()+c.Ours.Len()+c.Theirs.Len() == 0 {
			return
		}
		if kind != Stable {
			c.Kind = judge(b[c.Base.Start:c.Base.End], o[c.Ours.Start:c.Ours.End], t[c.Theirs.Start:c.Theirs.End])
		}
		r.Chunks = append(r.Chunks, c)
	}
	for i, j := 0, 0; i < len(toOurs) && j < len(toTheirs); {
		x, y := toOurs[i], toTheirs[j]
		start, end := max(x.a, y.a), min(x.a+x.n, y.a+y.n)
		if start < end {
			emit(start, x.b+start-x.a, y.b+start-y.a, Conflict)
			emit(end, x.b+end-x.a, y.b+end-y.a, Stable)
		}
		if x.a+x.n <= y.a+y.n {
			i++
		} else {
			j++
		}
	}
	emit(len(b), len(o), len(t), Conflict)
	return r
}

// judge tells who has changed a stretch that is not the same in all three.
func judge(base, ours, theirs []int) Kind {
	switch {
	case slices.Equal(ours, theirs):
		return Both
	case slices.Equal(base, ours):
		return TheirsOnly
	case slices.Equal(base, theirs):
		return OursOnly
	}
	return Conflict
}

// Conflicts are the chunks that both sides have changed differently.
func (r Result) Conflicts() []Chunk {
	return slices.DeleteFunc(slices.Clone(r.Chunks), func(c Chunk) bool { return c.Kind != Conflict })
}

// Resolution says what stands for a chunk that both sides have changed differently.
type Resolution int

const (
	Refuse    Resolution = iota // nothing: there is no text
	UseOurs                     // the lines of the first side
	UseTheirs                   // the lines of the second side
	Markers                     // all three versions, between markers
)

// Text is the merged text, and whether there is one: without conflicts always,
// and always the same; with conflicts unless they are to be refused.
func (r Result) Text(how Resolution) ([]byte, bool) {
	var out []byte
	for _, c := range r.Chunks {
		switch {
		case c.Kind == TheirsOnly, c.Kind == Conflict && how == UseTheirs:
			out = join(out, r.theirs[c.Theirs.Start:c.Theirs.End])
		case c.Kind != Conflict, how == UseOurs:
			out = join(out, r.ours[c.Ours.Start:c.Ours.End])
		case how == Markers:
			out = r.mark(out, c)
		default:
			return nil, false
		}
	}
	return r.restore(out), true
}

// join puts lines behind a text. A line that was the last of its text, and has
// no end, gets one where another follows.
func join(out []byte, more [][]byte) []byte {
	for _, line := range more {
		if n := len(out); n > 0 && out[n-1] != '\n' {
			out = append(out, '\n')
		}
		out = append(out, line...)
	}
	return out
}

func split(text []byte) [][]byte { return slices.Collect(bytes.Lines(text)) }

const bom = "\xef\xbb\xbf"

// likeness gives ours as it would be with the byte order mark and the line ends
// of the others, and what makes a text like ours again.
func likeness(ours, base, theirs []byte) (alike []byte, restore func([]byte) []byte) {
	restore = func(text []byte) []byte { return text }
	if bytes.HasPrefix(ours, []byte(bom)) && !bytes.HasPrefix(base, []byte(bom)) && !bytes.HasPrefix(theirs, []byte(bom)) {
		ours = ours[len(bom):]
		restore = func(text []byte) []byte { return append([]byte(bom), text...) }
	}
	n := bytes.Count(ours, []byte("\n"))
	if n == 0 || n != bytes.Count(ours, []byte("\r\n")) || bytes.Contains(base, []byte("\r\n")) || bytes.Contains(theirs, []byte("\r\n")) {
		return ours, restore
	}
	mark := restore
	return bytes.ReplaceAll(ours, []byte("\r\n"), []byte("\n")), func(text []byte) []byte {
		return mark(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")))
	}
}
