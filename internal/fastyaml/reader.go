package fastyaml

import (
	"strings"
	"sync"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Bounds of what plain reads. The yaml package gives up at depths of 10,000 and
// keys of 1,024 characters; what comes near is left to it.
const (
	longestStream = 1 << 30 // bytes: places fit into 32 bits
	longestKey    = 1000    // bytes
	longestBlank  = 500     // bytes between a comment and what follows it
	deepest       = 200     // collections in each other
)

// record is a node before its place in memory is known, in the order of the
// text, a collection before what is in it. It has no pointers, so that writing
// one costs the garbage collector nothing.
type record struct {
	value        span
	line, column int32 // 1-based; columns count characters
	size         int32 // nodes directly below
	notes        int32 // 1-based index of its comments in reader.notes, 0: none
	kind, style  uint8
	tag          tag
}

// span is a scalar's value: bytes of the text, or, where those are not it, from
// is notText and to its index in reader.values.
type span struct{ from, to int32 }

const notText = -1

// comments are those of one node.
type comments struct{ head, line, foot string }

// where a reader stands after it passed the lines without content.
type where uint8

const (
	atContent where = iota
	atMarker        // at the three dashes that start a document
	atEnd
)

// reader reads one stream. Each of its methods that reads tells whether it is
// certain of what it read; when one is not, the reader is of no further use.
type reader struct {
	text    string
	pos     int // byte
	start   int // byte where the line of pos starts
	line    int // lines before the line of pos
	at      where
	ascii   bool   // columns are bytes
	depth   int    // collections that pos is in
	head    string // comment that waits for the node it heads
	records []record
	notes   []comments
	values  []string
	scratch []byte
}

// readers are kept for their buffers, which a tree of small files would
// otherwise allocate once a file.
var readers = sync.Pool{New: func() any { return new(reader) }}

// plain reads a stream that holds nothing but what this package is certain of;
// ok is false where it does not.
func plain(data []byte) (docs []*yaml.Node, ok bool) {
	ascii, ok := readable(data)
	if !ok {
		return nil, false
	}
	r := readers.Get().(*reader)
	r.text, r.ascii = string(data), ascii
	if r.stream() {
		docs = r.nodes()
	} else {
		ok = false
	}
	r.reset()
	readers.Put(r)
	return docs, ok
}

// reset lets go of the text that was read.
func (r *reader) reset() {
	clear(r.notes)
	clear(r.values)
	*r = reader{records: r.records[:0], notes: r.notes[:0], values: r.values[:0], scratch: r.scratch[:0]}
}

// stream reads all documents.
func (r *reader) stream() bool {
	r.spaces()
	if !r.gap(-1, noFeet) {
		return false
	}
	for first := true; r.at != atEnd; first = false {
		if !r.document(first) {
			return false
		}
	}
	return true
}

// document reads one document up to the start of the next. Only the first may
// come without three dashes.
func (r *reader) document(first bool) bool {
	if r.at == atContent && !first {
		return false
	}
	document := r.push(yaml.DocumentNode, 0, noTag, span{}, r.here(r.pos))
	r.records[document].size = 1
	if r.at == atMarker {
		f := feet{owner: nobody, below: r.line > 0}
		r.pos += len("---")
		if !r.blank() || !r.gap(-1, f) {
			return false
		}
	} else if head := r.splitHead(); head != "" {
		r.note(document).head = head
	}
	if r.at == atContent {
		if !r.block(-1, nobody) {
			return false
		}
	} else {
		at := r.here(r.pos)
		if r.at == atEnd && r.pos > r.start { // as if the last line were ended
			at.line++
			at.start = r.pos
		}
		r.push(yaml.ScalarNode, 0, nullTag, span{}, at)
	}
	if r.head != "" {
		r.note(document).foot = r.head
		r.head = ""
	}
	return true
}

// place is a byte, with its line's number from 0 and start.
type place struct{ line, start, pos int }

// here is a place on the line of pos.
func (r *reader) here(pos int) place { return place{r.line, r.start, pos} }

// push adds a record for a node that starts at a place.
func (r *reader) push(kind yaml.Kind, style yaml.Style, t tag, value span, at place) int {
	column := at.pos - at.start
	if !r.ascii {
		column = utf8.RuneCountInString(r.text[at.start:at.pos])
	}
	r.records = append(r.records, record{
		value: value, line: int32(at.line) + 1, column: int32(column) + 1,
		kind: uint8(kind), style: uint8(style), tag: t,
	})
	return len(r.records) - 1
}

// note gives the comments of a record for writing.
func (r *reader) note(i int) *comments {
	if r.records[i].notes == 0 {
		r.notes = append(r.notes, comments{})
		r.records[i].notes = int32(len(r.notes))
	}
	return &r.notes[r.records[i].notes-1]
}

// headed gives the comment that waits to a record.
func (r *reader) headed(i int) {
	if r.head != "" {
		r.note(i).head = r.head
		r.head = ""
	}
}

// peek is the byte at pos, or a line break at the end of the text.
func (r *reader) peek(pos int) byte {
	if pos < len(r.text) {
		return r.text[pos]
	}
	return '\n'
}

// blank passes the spaces before the end of a line, and tells whether nothing
// else is there.
func (r *reader) blank() bool {
	r.spaces()
	return r.peek(r.pos) == '\n'
}

// spaces passes spaces.
func (r *reader) spaces() {
	for r.pos < len(r.text) && r.text[r.pos] == ' ' {
		r.pos++
	}
}

// marker tells whether three dashes or dots that bound documents stand at pos,
// which is the start of a line.
func (r *reader) marker(mark string) bool {
	rest := r.text[r.pos:]
	return strings.HasPrefix(rest, mark) && (len(rest) == len(mark) || strings.IndexByte(" \t\n", rest[len(mark)]) >= 0)
}
