package fastyaml

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// literal reads a literal or folded block from its indicator, and passes on.
func (r *reader) literal(indent, key int) bool {
	s := scalar{start: r.pos, style: yaml.LiteralStyle}
	if r.text[r.pos] == '>' {
		s.style = yaml.FoldedStyle
	}
	r.pos++
	chomp := r.peek(r.pos)
	if chomp == '-' || chomp == '+' {
		r.pos++
	}
	if !r.blank() || indent < 0 {
		return false
	}
	node := r.pushScalar(&s)

	// The first line that is not empty gives the column of all.
	next, line, empty := r.peekLine(r.pos)
	column := next - line
	if column <= indent || next == len(r.text) || r.text[next] == '\t' {
		return false
	}
	for at := r.pos + 1; at < line; { // empty ones may not be longer
		end := r.lineEnd(at)
		if end-at > column {
			return false
		}
		at = end + 1
	}

	out := r.scratch[:0]
	r.line += 1 + empty
	breaks := empty // before the line at pos
	folds := false  // into a space, if the line at pos may be folded too
	var end int     // of the last line
	var blank bool  // the last line starts with a blank
	for pos := next; pos >= 0; {
		blank = r.text[pos] == ' ' || r.text[pos] == '\t'
		if folds && !blank {
			if breaks--; breaks == 0 {
				out = append(out, ' ')
			}
		}
		for range breaks {
			out = append(out, '\n')
		}
		end = r.lineEnd(pos)
		out = append(out, r.text[pos:end]...)
		next = pos
		folds = s.style == yaml.FoldedStyle && !blank
		if pos, breaks = r.within(end, column); pos >= 0 {
			r.line += breaks
		}
	}
	if blank && strings.Trim(r.text[next:end], " \t") == "" {
		// Comments below a line of blanks belong elsewhere.
		return false
	}
	switch {
	case chomp == '-':
		breaks = 0
	case chomp != '+':
		breaks = min(breaks, 1)
	}
	for range breaks {
		out = append(out, '\n')
	}
	r.records[node].value = r.made(out)
	r.scratch, r.pos = out, end
	return r.gap(indent, feet{owner: owner(node, key), below: true})
}

// within looks from the end of a block's line for the next line of the same
// block: where its text starts at the block's column, -1 if there is none, and
// how many line breaks come before, or, if there is none, belong to the block.
func (r *reader) within(end, column int) (pos, breaks int) {
	for start := end; start < len(r.text); {
		start++
		breaks++
		pos = start
		for pos < len(r.text) && pos-start < column && r.text[pos] == ' ' {
			pos++
		}
		if pos == len(r.text) {
			break
		}
		if r.text[pos] == '\n' {
			start = pos
			continue
		}
		if pos-start < column {
			break
		}
		return pos, breaks
	}
	return -1, breaks
}
