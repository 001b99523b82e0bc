package specfile

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// splice replaces the text between two offsets.
type splice struct {
	from, to int
	text     string
}

func (e *editor) splice(from, to int, text string) {
	e.splices = append(e.splices, splice{from, to, text})
}

// apply makes the new text, unless two changes overlap. Insertions at one
// place keep their order and stand before what is replaced there.
func (e *editor) apply() (out []byte, ok bool) {
	e.rescue()
	slices.SortStableFunc(e.splices, func(a, b splice) int {
		return cmp.Or(a.from-b.from, min(a.to-a.from, 1)-min(b.to-b.from, 1))
	})
	e.align()
	if len(e.lines.text) < len(e.file.Data) {
		out = append(out, bom...)
	}
	done := 0
	for _, s := range e.splices {
		if s.from < done || s.to < s.from || s.to > len(e.lines.text) {
			return nil, false
		}
		out = append(append(out, e.lines.text[done:s.from]...), s.text...)
		done = s.to
	}
	return append(out, e.lines.text[done:]...), true
}

// rescue moves lines that are to be inserted behind one that goes to behind what
// stays before it: a key behind the list whose last entry is removed, say.
func (e *editor) rescue() {
	var cuts []splice
	for _, s := range e.splices {
		if s.text == "" && s.to > s.from {
			cuts = append(cuts, s)
		}
	}
	slices.SortFunc(cuts, func(a, b splice) int { return a.from - b.from })
	for i := range e.splices {
		in := &e.splices[i]
		for in.from == in.to {
			before, _ := slices.BinarySearchFunc(cuts, in.from, func(c splice, at int) int { return c.from - at })
			if before == 0 || cuts[before-1].to <= in.from {
				break
			}
			at := cuts[before-1].from
			if line := e.lines.lineAt(at); line > 1 && e.lines.first(at) {
				at = e.lines.contentEnd(line - 1)
			}
			in.from, in.to = at, at
		}
	}
}

// align keeps comments in their columns: the spaces before one that follows a
// change on its line grow or shrink by what the line has lost or won.
func (e *editor) align() {
	var pads []splice
	for i := 0; i < len(e.splices); {
		line := e.lines.lineAt(e.splices[i].from)
		limit := e.lines.contentEnd(line)
		j, delta, whole := i, 0, true
		for ; j < len(e.splices) && e.splices[j].from <= limit && e.lines.lineAt(e.splices[j].from) == line; j++ {
			s := e.splices[j]
			if s.to > limit || strings.Contains(s.text, "\n") {
				whole = false
				continue
			}
			delta += utf8.RuneCountInString(s.text) - utf8.RuneCount(e.lines.text[s.from:s.to])
		}
		if whole && delta != 0 {
			if pad, ok := e.pad(line, e.splices[j-1].to, delta); ok {
				pads = append(pads, pad)
			}
		}
		i = j
	}
	e.splices = append(e.splices, pads...)
	slices.SortStableFunc(e.splices, func(a, b splice) int { return a.from - b.from })
}

// pad changes the spaces before the comment that ends a line, where those are
// meant to put it in a column: there are several, or a neighbour's comment
// stands in the same column.
func (e *editor) pad(line, after, delta int) (splice, bool) {
	hash := e.lines.trailing(line, after)
	if hash < 0 {
		return splice{}, false
	}
	start := hash
	for start > after && e.lines.text[start-1] == ' ' {
		start--
	}
	if start == hash || hash-start == 1 && !e.lines.lined(line, hash) {
		return splice{}, false
	}
	return splice{start, hash, strings.Repeat(" ", max(1, hash-start-delta))}, true
}

// trailing gives the offset of the comment that ends a line and starts behind
// an offset between two tokens, or -1.
func (l *lines) trailing(line, after int) int {
	for at, end := after, l.contentEnd(line); at < end; at++ {
		c, before := l.text[at], byte(' ')
		if at > 0 {
			before = l.text[at-1]
		}
		switch {
		case c == '#' && isSpace(before):
			return at
		case (c == '"' || c == '\'') && strings.IndexByte(" \t[{,:", before) >= 0:
			if at = quoteEnd(l.text, at) - 1; at < 0 {
				return -1
			}
		}
	}
	return -1
}

// lined reports whether a line next to this one has a comment behind its text
// in the same column.
func (l *lines) lined(line, hash int) bool {
	column := utf8.RuneCount(l.text[l.starts[line-1]:hash])
	for _, n := range []int{line - 1, line + 1} {
		if n < 1 || n > l.count() {
			continue
		}
		content, _ := l.line(n)
		if r := []rune(content); len(r) > column && r[column] == '#' && column > 0 && r[column-1] == ' ' && strings.TrimSpace(string(r[:column])) != "" {
			return true
		}
	}
	return false
}

// printable reports whether text can stand in single quotes on one line.
func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

func single(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoteEnd gives the offset after the quoted scalar that starts at i, or -1.
func quoteEnd(text []byte, i int) int {
	quote := text[i]
	for i++; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '"':
			i++
		case text[i] == quote && quote == '\'' && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return -1
}
