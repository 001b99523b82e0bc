package fastyaml

import "strings"

// comment reads the comments between two lines of content and leaves pos at the
// end of the last. A comment heads what follows, but for two: one that stands
// directly below the content before it with an empty line or the stream's end
// below itself, and one with something further left below it that is outside
// the block collection at indent. Directly says that no empty line is above.
func (r *reader) comment(indent int, directly bool, f feet) bool {
	var t passage
	for {
		end := r.lineEnd(r.pos)
		t.add(r, end)
		next, line, empty := r.peekLine(end)
		if next-end > longestBlank {
			return false
		}
		more := next < len(r.text)
		column := next - line
		above := directly && (empty > 0 || !more) // it belongs above
		if above && t.column < indent {
			return false
		}
		above = above && f.below
		directly = directly && empty == 0
		t.broken = empty > 0 && !above
		if above || more && column < indent && column != t.column {
			if f.owner == nobody {
				return false
			}
			r.note(f.owner).foot = t.text(r)
			t, f.owner = passage{}, nobody
		}
		if !more || r.text[next] != '#' {
			r.pos = end
			if t.to > 0 {
				r.heads(t.text(r))
			}
			return true
		}
		r.line += strings.Count(r.text[end:next], "\n")
		r.pos, r.start = next, line
	}
}

// heads adds a comment to those that wait.
func (r *reader) heads(comment string) {
	if r.head != "" {
		comment = r.head + "\n" + comment
	}
	r.head = comment
}

// passage is a comment of one or more lines, without what indents them and with
// one empty line for any number of them.
type passage struct {
	column   int  // of the first line, from 0
	from, to int  // the text from its first letter to its last, if that is it
	copied   bool // it is in reader.scratch instead
	broken   bool // an empty line follows
}

// add adds the line from pos to end.
func (t *passage) add(r *reader, end int) {
	breaks := 1
	if t.broken {
		breaks = 2
	}
	switch {
	case t.to == 0:
		t.column, t.from, t.to = r.pos-r.start, r.pos, end
	case !t.copied && r.pos == t.to+breaks:
		t.to = end
	default:
		if !t.copied {
			r.scratch = append(r.scratch[:0], r.text[t.from:t.to]...)
			t.copied = true
		}
		r.scratch = append(r.scratch, "\n\n"[:breaks]...)
		r.scratch = append(r.scratch, r.text[r.pos:end]...)
	}
	t.broken = false
}

// text is the passage, with a line break at its end if an empty line follows.
func (t *passage) text(r *reader) string {
	switch {
	case t.copied && t.broken:
		return string(r.scratch) + "\n"
	case t.copied:
		return string(r.scratch)
	case t.broken:
		return r.text[t.from : t.to+1]
	}
	return r.text[t.from:t.to]
}

// splitHead takes from the comment at the top of a stream what is the
// document's: all before its last empty line. The rest is the first node's.
func (r *reader) splitHead() (document string) {
	for i := len(r.head) - 1; i > 0; i-- {
		switch {
		case r.head[i] != '\n':
		case i == len(r.head)-1:
			document, r.head = r.head[:i], ""
			return document
		case r.head[i-1] == '\n':
			document, r.head = r.head[:i-1], r.head[i+1:]
			return document
		}
	}
	return ""
}
