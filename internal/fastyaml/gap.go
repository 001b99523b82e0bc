package fastyaml

import "strings"

// feet says whose foot a comment is that stands closer to what it follows than
// to what follows it.
type feet struct {
	owner int  // the record, or nobody: then there is no telling
	below bool // directly below the line is close, if an empty line comes next
}

const nobody = -1

// noFeet is for the start of the stream and below a key without a value.
var noFeet = feet{owner: nobody}

// gap passes from the end of a line, or the start of the stream, to the next line
// with content: over empty lines, and over comments, which it adds to those that
// wait for what they head, or gives to whose feet they are. Indent is the column,
// from 0, of the innermost block collection that is open, -1 for none.
func (r *reader) gap(indent int, f feet) bool {
	for breaks := 0; r.pos < len(r.text); {
		switch r.text[r.pos] {
		case '\n':
			breaks++
			r.pos++
			r.line++
			r.start = r.pos
			r.spaces()
		case '#':
			if !r.comment(indent, breaks <= 1, f) {
				return false
			}
		default:
			return r.landed()
		}
	}
	r.at = atEnd
	return true
}

// landed sees what the content is that the reader stands at.
func (r *reader) landed() bool {
	r.at = atContent
	if r.pos == r.start {
		switch r.text[r.pos] {
		case '-':
			if r.marker("---") {
				r.at = atMarker
			}
		case '.':
			return !r.marker("...")
		}
	}
	return true
}

// lineEnd is where the line of pos ends.
func (r *reader) lineEnd(pos int) int {
	if i := strings.IndexByte(r.text[pos:], '\n'); i >= 0 {
		return pos + i
	}
	return len(r.text)
}

// peekLine looks from the end of a line for the next that is not empty: where
// its text and the line start, and how many empty lines are between. At the end
// of the stream, next is the text's length.
func (r *reader) peekLine(end int) (next, line, empty int) {
	for pos := end; pos < len(r.text); {
		pos++
		line = pos
		for pos < len(r.text) && r.text[pos] == ' ' {
			pos++
		}
		if pos < len(r.text) && r.text[pos] != '\n' {
			return pos, line, empty
		}
		if pos < len(r.text) {
			empty++
		}
	}
	return len(r.text), line, empty
}
