package gen

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// words are what some YAML version reads as null or a truth value.
var words = map[string]bool{
	"null": true, "~": true, "true": true, "false": true, "yes": true, "no": true,
	"on": true, "off": true, "y": true, "n": true,
}

const (
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
	// inWord may stand inside a plain word; inProse also between words.
	inWord  = letters + digits + "_./@+:-"
	inProse = letters + digits + "_./ ,;()+%-"
)

// Sets of bytes, because every scalar of every file passes through here.
var (
	startsWord  = byteSet(letters + "/_")
	insideWord  = byteSet(inWord)
	insideProse = byteSet(inProse)
)

func byteSet(chars string) (set [256]bool) {
	for i := range len(chars) {
		set[chars[i]] = true
	}
	return set
}

// Scalar writes s so that every YAML reader gives back the string s: plain where
// that is safe, in quotes otherwise. Every scalar of every template that comes
// from the model goes through it.
func Scalar(s string) string {
	if plain(s) {
		return s
	}
	if strings.ContainsAny(s, `"\`) && !strings.ContainsFunc(s, odd) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	quoted, err := jsonText(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return quoted
}

// odd are the characters that YAML does not take as they are, or folds.
func odd(r rune) bool {
	return unicode.IsControl(r) || r == '\ufeff' || r == '\ufffe' || r == '\uffff' || r == '\u2028' || r == '\u2029'
}

// plain reports whether s needs no quotes: no YAML version reads it as anything
// but this string.
func plain(s string) bool {
	if s == "" || len(s) <= 5 && words[strings.ToLower(s)] {
		return false
	}
	last := s[len(s)-1]
	switch first := s[0]; {
	case startsWord[first] && last != ':' && only(s, &insideWord):
		return true // a word: it starts like no number and holds nothing that means something
	case first >= 'A' && first <= 'Z':
		// A sentence: its spaces are no indicator's.
		return only(s, &insideProse) && last != ' ' && last != ',' && last != ';' && last != '-'
	case first >= '0' && first <= '9':
		return measure(s)
	}
	return false
}

func only(s string, set *[256]bool) bool {
	for i := range len(s) {
		if !set[s[i]] {
			return false
		}
	}
	return true
}

// measure reports digits with a unit, or an IPv4 range: 5s, 10.0.0.0/8. No YAML
// version reads these as a number.
func measure(s string) bool {
	rest := strings.TrimLeft(s, digits)
	switch rest {
	case "ms", "s", "m", "h", "d", "w":
		return true
	}
	address, bits, found := strings.Cut(s, "/")
	return found && bits != "" && strings.Count(address, ".") == 3 &&
		strings.Trim(address, digits+".") == "" && strings.Trim(bits, digits) == ""
}

// jsonText quotes s as JSON, which YAML's double-quoted style contains, without
// the escapes that JSON adds for HTML's sake.
func jsonText(s string) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return "", err
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if !strings.ContainsFunc(text, odd) {
		return text, nil
	}
	b.Reset()
	for _, r := range text { // JSON has escaped the rest
		if odd(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String(), nil
}
