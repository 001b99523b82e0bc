package fastyaml

import (
	"strings"

	"go.yaml.in/yaml/v3"
)

// scalar is a scalar on one line.
type scalar struct {
	value span
	start int // byte
	style yaml.Style
}

// valueOf is the text of a span.
func (r *reader) valueOf(s span) string {
	if s.from == notText {
		return r.values[s.to]
	}
	return r.text[s.from:s.to]
}

// made keeps a value that does not stand in the text.
func (r *reader) made(value []byte) span {
	r.values = append(r.values, string(value))
	return span{notText, int32(len(r.values) - 1)}
}

// Classes of bytes inside a plain scalar: all others are part of it.
const (
	ordinary = iota
	spaceByte
	colonByte
	breakByte
	tabByte
	commaByte // ends a plain scalar in a flow collection
	oddByte   // of a meaning in flow collections that is not read here
)

var class = [256]uint8{
	' ': spaceByte, ':': colonByte, '\n': breakByte, '\t': tabByte,
	',': commaByte, ']': commaByte, '}': commaByte,
	'[': oddByte, '{': oddByte, '?': oddByte,
}

// unread are the bytes that no plain scalar starts with, or only sometimes.
const unread = ",[]{}#&*!|>%@`?:\t\n "

// scalar reads a scalar that starts at pos and leaves pos behind it; for a plain
// one that is at the colon, comment, comma or line break that ends it.
func (r *reader) scalar(s *scalar, flow bool) bool {
	s.start = r.pos
	switch c := r.text[r.pos]; {
	case c == '"':
		s.style = yaml.DoubleQuotedStyle
		return r.doubleQuoted(s)
	case c == '\'':
		s.style = yaml.SingleQuotedStyle
		return r.singleQuoted(s)
	case strings.IndexByte(unread, c) >= 0:
		return false
	case c == '-':
		if next := r.peek(r.pos + 1); next == ' ' || next == '\n' {
			return false
		}
	}
	s.style = 0
	return r.plain(s, flow)
}

func (r *reader) plain(s *scalar, flow bool) bool {
	text := r.text
	i := r.pos
	for i < len(text) {
		switch class[text[i]] {
		case ordinary:
			i++
			continue
		case spaceByte:
			end := i
			for i < len(text) && text[i] == ' ' {
				i++
			}
			switch r.peek(i) {
			case '\n', '#':
			case ':':
				if next := r.peek(i + 1); next != ' ' && next != '\n' {
					continue
				}
			case ',', ']', '}':
				if !flow {
					continue
				}
			default:
				continue
			}
			s.value, r.pos = span{int32(s.start), int32(end)}, i
			return true
		case colonByte:
			if next := r.peek(i + 1); next != ' ' && next != '\n' {
				i++
				continue
			}
		case tabByte:
			return false
		case commaByte:
			if !flow {
				i++
				continue
			}
		case oddByte:
			if flow {
				return false
			}
			i++
			continue
		}
		break
	}
	s.value, r.pos = span{int32(s.start), int32(i)}, i
	return true
}

func (r *reader) singleQuoted(s *scalar) bool {
	from := r.pos + 1
	doubled := false
	for i := from; i < len(r.text); i++ {
		switch r.text[i] {
		case '\n':
			return false
		case '\'':
			if r.peek(i+1) == '\'' {
				doubled = true
				i++
				continue
			}
			s.value, r.pos = span{int32(from), int32(i)}, i+1
			if doubled {
				s.value = r.made([]byte(strings.ReplaceAll(r.text[from:i], "''", "'")))
			}
			return true
		}
	}
	return false
}

func (r *reader) doubleQuoted(s *scalar) bool {
	from := r.pos + 1
	escaped := false
	for i := from; i < len(r.text); i++ {
		switch r.text[i] {
		case '\n':
			return false
		case '\\':
			escaped = true
			i++
			if r.peek(i) == '\n' {
				return false
			}
		case '"':
			s.value, r.pos = span{int32(from), int32(i)}, i+1
			return !escaped || r.unescape(s)
		}
	}
	return false
}

// escapes are the escapes of one letter that are read here.
var escapes = [256]byte{
	'n': '\n', 't': '\t', 'r': '\r', '"': '"', '\\': '\\', '\'': '\'', ' ': ' ',
	'a': '\a', 'b': '\b', 'f': '\f', 'v': '\v', 'e': 0x1b,
}

func (r *reader) unescape(s *scalar) bool {
	r.scratch = r.scratch[:0]
	text := r.valueOf(s.value)
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' {
			i++
			if c = escapes[text[i]]; c == 0 {
				return false
			}
		}
		r.scratch = append(r.scratch, c)
	}
	s.value = r.made(r.scratch)
	return true
}

// keyed passes the colon that makes a scalar of a block collection a key.
func (r *reader) keyed(s *scalar) bool {
	if r.pos-s.start > longestKey {
		return false
	}
	colon := r.pos
	for colon < len(r.text) && r.text[colon] == ' ' {
		colon++
	}
	if colon >= len(r.text) || r.text[colon] != ':' {
		return false
	}
	if next := r.peek(colon + 1); next != ' ' && next != '\n' {
		return false
	}
	r.pos = colon + 1
	return true
}

// pushScalar adds a scalar, with the comment that waits.
func (r *reader) pushScalar(s *scalar) int {
	t := strTag
	if s.style == 0 {
		t = resolved(r.valueOf(s.value))
	}
	i := r.push(yaml.ScalarNode, s.style, t, s.value, r.here(s.start))
	r.headed(i)
	return i
}
