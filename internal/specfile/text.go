package specfile

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

var bom = []byte("\xef\xbb\xbf")

// withoutBOM leaves out the byte order mark that some editors put first. YAML
// positions do not count it.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, bom) }

// unreadable finds the first character that a person cannot see and that YAML
// readers disagree on, and says what it is; offset is -1 if there is none.
func unreadable(text []byte) (offset int, message, fix string) {
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c < 0x7f || c == '\n' || c == '\t' {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		switch {
		case r == utf8.RuneError && size <= 1:
			return i, "is not UTF-8 text", "save the file as UTF-8"
		case r == '\r' && i+1 < len(text) && text[i+1] == '\n':
		case r == '\r', r == 0x85, r == 0x2028, r == 0x2029:
			return i, "has a line break that is neither LF nor CRLF", "save the file with ordinary line ends"
		case r < ' ', r >= 0x7f && r < 0xa0, r == 0xfffe, r == 0xffff:
			return i, "has a control character", "remove it"
		}
		i += size
	}
	return -1, "", ""
}

// position gives the 1-based line and column, in runes, of an offset.
func position(text []byte, offset int) (line, column int) {
	before := text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1
}

// lines is a text cut into lines, whose ends it keeps.
type lines struct {
	text   []byte
	starts []int // the offset of each line
}

func linesOf(text []byte) *lines {
	l := &lines{text: text, starts: []int{0}}
	for i, c := range text {
		if c == '\n' && i+1 < len(text) {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

// count is the number of lines; lines are numbered from 1.
func (l *lines) count() int { return len(l.starts) }

// line gives a line without its end, which is "\n", "\r\n" or "".
func (l *lines) line(n int) (content, end string) {
	stop := len(l.text)
	if n < len(l.starts) {
		stop = l.starts[n]
	}
	content = string(l.text[l.starts[n-1]:stop])
	for _, end := range []string{"\r\n", "\n"} {
		if before, ok := strings.CutSuffix(content, end); ok {
			return before, end
		}
	}
	return content, ""
}

// offset gives the byte offset of a 1-based line and column in runes.
func (l *lines) offset(line, column int) int {
	at := l.starts[line-1]
	for range column - 1 {
		_, size := utf8.DecodeRune(l.text[at:])
		at += size
	}
	return at
}

// newline is the line end that the text uses: that of its first line.
func (l *lines) newline() string {
	if _, end := l.line(1); end != "" {
		return end
	}
	return "\n"
}

// indentOf counts the spaces that a line starts with.
func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }
