package build

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// width is the column behind which kustomize's YAML library folds a line at
// the next blank.
const width = 80

// style is how a text is written.
type style int

const (
	plain style = iota
	single
	double
	literal
	unsure // only the library knows
)

// styleOf is how go-yaml v2 writes a text: plain if it then reads as a text
// again, and what comes nearest otherwise. Texts with characters that it
// escapes, and the more intricate ones of several lines, are unsure.
func styleOf(s string) style {
	if s == "" {
		return double
	}
	lines := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\n':
			lines = true
		case c < 0x20 || c == 0x7f:
			return unsure
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if !printable(r, size) {
				return unsure
			}
			i += size - 1
		}
	}
	switch {
	case lines && (s[0] == ' ' || s[0] == '\n' || s[len(s)-1] == ' ' || strings.HasSuffix(s, "\n\n") || strings.Contains(s, " \n")):
		return unsure
	case lines:
		return literal
	case !readsAsText(s):
		return double
	case indicates(s):
		return single
	}
	return plain
}

// printable reports whether a character that is not ASCII is written as it is,
// and is no line break to any reader.
func printable(r rune, size int) bool {
	switch {
	case r == utf8.RuneError && size == 1, r < 0xA0, r == 0x2028, r == 0x2029, r == 0xFEFF, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return r < 0x10000
}

// indicates reports whether a text of one line means something else to YAML
// when it stands without quotes.
func indicates(s string) bool {
	switch s[0] {
	case ' ', '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`':
		return true
	case '?', ':', '-':
		if len(s) == 1 || s[1] == ' ' {
			return true
		}
	}
	if s[len(s)-1] == ' ' || strings.HasPrefix(s, "---") || strings.HasPrefix(s, "...") {
		return true
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case ':':
			if i+1 == len(s) || s[i+1] == ' ' {
				return true
			}
		case '#':
			if s[i-1] == ' ' {
				return true
			}
		}
	}
	return false
}

// words are the texts that go-yaml v2 reads as something else (resolve.go).
var words = map[string]bool{}

func init() {
	for _, w := range []string{"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON",
		"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF",
		"~", "null", "Null", "NULL", ".nan", ".NaN", ".NAN",
		".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"} {
		words[w] = true
	}
}

var (
	decimal = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
	base60  = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`)
)

// readsAsText reports whether a text that stands without quotes is a text to
// go-yaml v2, and no number in base 60, which it quotes for others' sake.
func readsAsText(s string) bool {
	switch c := s[0]; {
	case strings.IndexByte("yYnNtTfFoO~", c) >= 0:
		return !words[s]
	case c == '.':
		if words[s] {
			return false
		}
		_, err := strconv.ParseFloat(s, 64)
		return err != nil
	case c == '+' || c == '-' || c >= '0' && c <= '9':
		return !words[s] && !numeric(s)
	}
	return true
}

// numeric reports whether a text is a number, a time or a number in base 60.
func numeric(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' || strings.IndexByte("xXoO_+-.:TtZ ", c) >= 0 {
			continue
		}
		return false
	}
	digits := strings.ReplaceAll(s, "_", "")
	if _, err := strconv.ParseInt(digits, 0, 64); err == nil {
		return true
	}
	if _, err := strconv.ParseUint(digits, 0, 64); err == nil {
		return true
	}
	if decimal.MatchString(digits) {
		if _, err := strconv.ParseFloat(digits, 64); err == nil {
			return true
		}
	}
	if after, ok := strings.CutPrefix(digits, "0b"); ok {
		if _, err := strconv.ParseUint(after, 2, 64); err == nil {
			return true
		}
		if _, err := strconv.ParseInt(after, 2, 64); err == nil {
			return true
		}
	} else if after, ok := strings.CutPrefix(digits, "-0b"); ok {
		if _, err := strconv.ParseInt("-"+after, 2, 64); err == nil {
			return true
		}
	}
	return base60.MatchString(s) || timestamp(s)
}

// timestamp reports whether go-yaml v2 reads a text as a time.
func timestamp(s string) bool {
	if len(s) < 5 || s[4] != '-' {
		return false
	}
	for _, c := range []byte(s[:4]) {
		if c < '0' || c > '9' {
			return false
		}
	}
	for _, format := range []string{"2006-1-2T15:4:5.999999999Z07:00", "2006-1-2t15:4:5.999999999Z07:00", "2006-1-2 15:4:5.999999999", "2006-1-2"} {
		if _, err := time.Parse(format, s); err == nil {
			return true
		}
	}
	return false
}

// text writes a text at the end of out, behind the blank that stands before it.
// indent is the column at which its further lines start.
func text(out []byte, s string, as style, indent int) []byte {
	switch as {
	case literal:
		out = append(out, '|')
		if s[len(s)-1] != '\n' {
			out = append(out, '-')
		}
		for line := range strings.SplitSeq(strings.TrimSuffix(s, "\n"), "\n") {
			out = append(out, '\n')
			if line != "" {
				out = append(blanks(out, indent), line...)
			}
		}
		return out
	case plain:
		if long(out, s) {
			return folded(out, s, as, indent)
		}
		return append(out, s...)
	}
	if long(out, s) || as == single && strings.Contains(s, "'") || as == double && strings.ContainsAny(s, `"\`) {
		return folded(out, s, as, indent)
	}
	quote := quotes[as]
	out = append(append(out, quote), s...)
	return append(out, quote)
}

var quotes = map[style]byte{single: '\'', double: '"'}

// long reports whether a text may be folded: whether it has a blank and, with
// all its characters escaped, might reach behind the width.
func long(out []byte, s string) bool {
	return strings.IndexByte(s, ' ') >= 0 && startOfLine(out)+2*len(s)+2 > width
}

// startOfLine is the number of bytes of the line that out ends in.
func startOfLine(out []byte) int {
	n := 0
	for i := len(out) - 1; i >= 0 && out[i] != '\n'; i-- {
		n++
	}
	return n
}

// folded writes a text of one line character by character. A blank behind the
// width ends the line, if it stands alone and within the text.
func folded(out []byte, s string, as style, indent int) []byte {
	column := utf8.RuneCount(out[len(out)-startOfLine(out):])
	put := func(c byte) {
		out = append(out, c)
		column++
	}
	if as != plain {
		put(quotes[as])
	}
	before := false // a blank
	for i := 0; i < len(s); {
		if s[i] == ' ' {
			inside := as == plain || i > 0 && i < len(s)-1
			doubled := i+1 < len(s) && s[i+1] == ' '
			if !before && inside && column > width && (as == double || !doubled) {
				out = blanks(append(out, '\n'), indent)
				column = indent
				if doubled {
					put('\\')
				}
			} else {
				put(' ')
			}
			before = true
			i++
			continue
		}
		before = false
		switch c := s[i]; {
		case as == single && c == '\'':
			put('\'')
		case as == double && (c == '"' || c == '\\'):
			put('\\')
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		out = append(out, s[i:i+size]...)
		column++
		i += size
	}
	if as != plain {
		put(quotes[as])
	}
	return out
}

const someBlanks = "                                                                "

func blanks(out []byte, n int) []byte {
	for n > len(someBlanks) {
		out, n = append(out, someBlanks...), n-len(someBlanks)
	}
	return append(out, someBlanks[:n]...)
}
