package promql

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Error is what is wrong with an expression, and where.
type Error struct {
	Offset  int // in bytes of the text
	Message string
}

func (e *Error) Error() string { return e.Message }

type tokenKind int

const (
	end tokenKind = iota
	word
	number // also a duration: 5m
	text
	symbol
)

type token struct {
	kind   tokenKind
	text   string // a word or symbol as written, a text's meaning
	offset int
}

// said names a token for a reader.
func (t token) said() string {
	switch t.kind {
	case end:
		return "the end"
	case text:
		return "the text " + strconv.Quote(t.text)
	}
	return strconv.Quote(t.text)
}

var symbols = []string{"=~", "!~", "!=", "==", ">=", "<=", "(", ")", "{", "}", "[", "]", ",", ":", "=", "<", ">", "+", "-", "*", "/", "%", "^", "@"}

// lex takes a text apart. In brackets a colon stands for itself; elsewhere it
// is part of a name.
func lex(input string) ([]token, error) {
	var out []token
	bracket := false
	if valid := len(strings.ToValidUTF8(input, "")); valid != len(input) {
		return nil, &Error{0, "this is no UTF-8 text"}
	}
	for i := 0; i < len(input); {
		c := input[i]
		switch {
		case strings.IndexByte(" \t\n\r", c) >= 0:
			i++
			continue
		case c == '#':
			if n := strings.IndexByte(input[i:], '\n'); n >= 0 {
				i += n
			} else {
				i = len(input)
			}
			continue
		case c == '"' || c == '\'' || c == '`':
			value, size, err := unquote(input[i:])
			if err != nil {
				return nil, &Error{i, err.Error()}
			}
			out = append(out, token{text, value, i})
			i += size
			continue
		case digit(c) || c == '.' && i+1 < len(input) && digit(input[i+1]):
			size := numberSize(input[i:])
			if size < len(input)-i && (letter(input[i+size]) || digit(input[i+size])) {
				return nil, &Error{i, fmt.Sprintf("%q is neither a number nor a duration", input[i:i+size+1])}
			}
			out = append(out, token{number, input[i : i+size], i})
			i += size
			continue
		case letter(c) || c == ':' && !bracket:
			size := 1
			for size < len(input)-i && (letter(input[i+size]) || digit(input[i+size]) || input[i+size] == ':' && !bracket) {
				size++
			}
			out = append(out, token{word, input[i : i+size], i})
			i += size
			continue
		}
		found := ""
		for _, s := range symbols {
			if strings.HasPrefix(input[i:], s) {
				found = s
				break
			}
		}
		if found == "" {
			r, _ := utf8.DecodeRuneInString(input[i:])
			return nil, &Error{i, fmt.Sprintf("%q has no meaning here", r)}
		}
		bracket = found == "[" || bracket && found != "]"
		out = append(out, token{symbol, found, i})
		i += len(found)
	}
	return append(out, token{end, "", len(input)}), nil
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func letter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }

// numberSize is the length of the number or duration that a text starts with.
func numberSize(s string) int {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X') {
		i := 2
		for i < len(s) && strings.IndexByte("0123456789abcdefABCDEF", s[i]) >= 0 {
			i++
		}
		return i
	}
	if _, size := durationPrefix(s); size > 0 {
		return size
	}
	i := 0
	for i < len(s) && digit(s[i]) {
		i++
	}
	if i < len(s) && s[i] == '.' {
		for i++; i < len(s) && digit(s[i]); i++ {
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		j := i + 1
		if j < len(s) && (s[j] == '+' || s[j] == '-') {
			j++
		}
		if j < len(s) && digit(s[j]) {
			for i = j; i < len(s) && digit(s[i]); i++ {
			}
		}
	}
	return i
}

// unquote reads the text in quotes at the start of s: with escapes as in Go in
// double and single quotes, as it is in backquotes.
func unquote(s string) (value string, size int, err error) {
	quote := s[0]
	if quote == '`' {
		end := strings.IndexByte(s[1:], '`')
		if end < 0 {
			return "", 0, fmt.Errorf("the text in quotes has no end")
		}
		return s[1 : end+1], end + 2, nil
	}
	var b strings.Builder
	rest := s[1:]
	for {
		if rest == "" || rest[0] == '\n' {
			return "", 0, fmt.Errorf("the text in quotes has no end")
		}
		if rest[0] == quote {
			return b.String(), len(s) - len(rest) + 1, nil
		}
		r, multibyte, tail, err := strconv.UnquoteChar(rest, quote)
		if err != nil {
			return "", 0, fmt.Errorf("the text in quotes has an escape that means nothing; a backslash is written \\\\")
		}
		if r < utf8.RuneSelf || !multibyte {
			b.WriteByte(byte(r))
		} else {
			b.WriteRune(r)
		}
		rest = tail
	}
}
