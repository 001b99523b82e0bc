package specfile

import (
	"bytes"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The library says where a node starts and not where it ends. What follows
// finds the rest in the text, which the library has read without an error.

// lineAt gives the line that an offset lies on.
func (l *lines) lineAt(offset int) int {
	return sort.Search(len(l.starts), func(i int) bool { return l.starts[i] > offset })
}

// column gives the 1-based column, in bytes, of an offset. Before keys and
// dashes, where it is used to indent, stand spaces only.
func (l *lines) column(offset int) int { return offset - l.starts[l.lineAt(offset)-1] + 1 }

// contentEnd gives the offset behind a line's content, before its line end.
func (l *lines) contentEnd(n int) int {
	content, _ := l.line(n)
	return l.starts[n-1] + len(content)
}

// first reports whether nothing but spaces stands before an offset on its line.
func (l *lines) first(offset int) bool {
	return len(bytes.Trim(l.text[l.starts[l.lineAt(offset)-1]:offset], " ")) == 0
}

// comment reports whether a line holds a comment alone, and how far it is indented.
func (l *lines) comment(n int) (indent int, ok bool) {
	content, _ := l.line(n)
	return indentOf(content), strings.HasPrefix(strings.TrimLeft(content, " \t"), "#")
}

func (l *lines) blank(n int) bool {
	content, _ := l.line(n)
	return strings.TrimSpace(content) == ""
}

// begin gives the offset of a node, its anchor or tag included.
func (l *lines) begin(n *yaml.Node) int { return l.offset(n.Line, n.Column) }

// properties gives the offset behind a node's anchor and tag, or where it begins.
func (l *lines) properties(n *yaml.Node) int {
	at := l.begin(n)
	end := at
	for n.Kind != yaml.AliasNode && (n.Anchor != "" || n.Style&yaml.TaggedStyle != 0) && at < len(l.text) && (l.text[at] == '&' || l.text[at] == '!') {
		for end = at; end < len(l.text) && !isSpace(l.text[end]); {
			end++
		}
		at = l.skip(end)
	}
	return end
}

// body gives the offset of a node's own text, behind its anchor and tag.
func (l *lines) body(n *yaml.Node) int {
	if end := l.properties(n); end > l.begin(n) {
		return l.skip(end)
	}
	return l.begin(n)
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// skip gives the offset of the next text that is neither space nor comment.
func (l *lines) skip(at int) int {
	for at < len(l.text) {
		switch {
		case isSpace(l.text[at]):
			at++
		case l.text[at] == '#':
			for at < len(l.text) && l.text[at] != '\n' {
				at++
			}
		default:
			return at
		}
	}
	return at
}

// end gives the offset behind a node's last character. That of a block
// collection is its last value's.
func (l *lines) end(n *yaml.Node) int {
	at := l.body(n)
	switch {
	case n.Kind == yaml.AliasNode:
		return at + 1 + len(n.Value)
	case n.Kind == yaml.ScalarNode:
		return l.scalarEnd(n, at)
	case n.Style&yaml.FlowStyle != 0 && at < len(l.text) && (l.text[at] == '[' || l.text[at] == '{'):
		at++
		if len(n.Content) > 0 {
			at = l.end(n.Content[len(n.Content)-1])
		}
		if at = l.skip(at); at < len(l.text) && l.text[at] == ',' {
			at = l.skip(at + 1)
		}
		return min(at+1, len(l.text))
	case len(n.Content) > 0:
		return l.end(n.Content[len(n.Content)-1])
	}
	return at
}

func (l *lines) scalarEnd(n *yaml.Node, at int) int {
	switch {
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		if end := quoteEnd(l.text, at); end >= 0 {
			return end
		}
		return at
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return l.blockScalarEnd(at)
	}
	// A plain scalar is its value, but where a line ends: a space stands for
	// one line end, and a line feed for each further one.
	value := n.Value
	for value != "" && at < len(l.text) {
		run := at
		for run < len(l.text) && isSpace(l.text[run]) {
			run++
		}
		breaks := bytes.Count(l.text[at:run], []byte("\n"))
		switch {
		case breaks > 0:
			value = value[min(max(1, breaks-1), len(value)):]
			at = run
		case l.text[at] == value[0]:
			value = value[1:]
			at++
		default:
			return at
		}
	}
	return at
}

// blockScalarEnd gives the offset behind the last line of the literal or
// folded scalar whose | or > stands at an offset. Empty lines behind it are
// its own only where the header keeps them.
func (l *lines) blockScalarEnd(at int) int {
	line := l.lineAt(at)
	header := l.text[at:l.contentEnd(line)]
	if i := bytes.IndexByte(header, '#'); i >= 0 {
		header = header[:i]
	}
	keep, last, indent := bytes.ContainsRune(header, '+'), line, -1
	if digit := bytes.IndexAny(header, "123456789"); digit >= 0 {
		indent = 1 // deeper than the root is all that can be told, and enough
	}
	for n := line + 1; n <= l.count(); n++ {
		content, _ := l.line(n)
		if strings.TrimSpace(content) == "" {
			if keep {
				last = n
			}
			continue
		}
		by := indentOf(content)
		if indent < 0 {
			indent = max(by, 1)
		}
		if by < indent {
			break
		}
		last = n
	}
	return l.contentEnd(last)
}

// dash gives the offset of the dash before an entry of a block list.
func (l *lines) dash(list *yaml.Node, i int) int {
	column := l.column(l.body(list))
	for n := list.Content[i].Line; n > 0; n-- {
		content, _ := l.line(n)
		if indentOf(content) == column-1 && strings.HasPrefix(content[column-1:], "-") {
			return l.starts[n-1] + column - 1
		}
	}
	return l.body(list)
}

// colon gives the offset behind the colon that follows a mapping's key.
func (l *lines) colon(key *yaml.Node) int {
	at := l.skip(l.end(key))
	if at < len(l.text) && l.text[at] == ':' {
		return at + 1
	}
	return at
}

// tail gives the last line of what ends at an offset and starts at a column:
// comments below it that are indented deeper are its own. Those at the column
// itself belong to what follows.
func (l *lines) tail(end, column int) int {
	last := l.lineAt(max(0, end-1))
	if end < len(l.text) && end == l.starts[l.lineAt(end)-1] {
		last = l.lineAt(end) // an empty line that a block scalar keeps
	}
	for n := last + 1; n <= l.count(); n++ {
		indent, ok := l.comment(n)
		if ok && indent >= column {
			last = n
		} else if !l.blank(n) {
			break
		}
	}
	return last
}

// head gives the first line of what starts on a line and at a column: the
// comments directly above it are its own, as far down as the line after.
func (l *lines) head(line, column, after int) int {
	for n := line - 1; n > after; n-- {
		if indent, ok := l.comment(n); !ok || indent >= column {
			break
		}
		line = n
	}
	return line
}
