// Package scalar writes strings as YAML scalars. It is the one place that
// decides what needs quotes, for the model and for the manifests, so that a
// service named null, 1e3 or yes stays a name in both.
package scalar

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

// Word writes s so that every YAML reader gives back the string s, wherever it
// stands: as a key, a value or an item, in block or flow style.
func Word(s string) string {
	if plain(s) {
		return s
	}
	return Double(s)
}

// Text writes s likewise as a value of block style, where sentences need no
// quotes and what holds quotes itself reads better in single ones.
func Text(s string) string {
	if plain(s) || sentence(s) {
		return s
	}
	if strings.ContainsAny(s, `"\`) && !strings.ContainsFunc(s, odd) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	return Double(s)
}

// odd are the characters that YAML does not take as they are, or folds.
func odd(r rune) bool {
	return unicode.IsControl(r) || r == '\ufeff' || r == '\ufffe' || r == '\uffff' || r == '\u2028' || r == '\u2029'
}

// plain reports whether s needs no quotes anywhere: no YAML version reads it as
// anything but this string.
func plain(s string) bool {
	if s == "" || len(s) <= 5 && words[strings.ToLower(s)] {
		return false
	}
	if startsWord[s[0]] {
		// It starts like no number and holds nothing that means something.
		return s[len(s)-1] != ':' && only(s, &insideWord)
	}
	return measure(s)
}

// sentence reports prose whose spaces are no indicator's.
func sentence(s string) bool {
	return len(s) > 5 && s[0] >= 'A' && s[0] <= 'Z' && only(s, &insideProse) && !strings.ContainsRune(" ,;-", rune(s[len(s)-1]))
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

// Double writes s in double quotes, as JSON does, which YAML's double-quoted
// style contains, without the escapes that JSON adds for HTML's sake.
func Double(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		panic(err) // a string always marshals
	}
	text := strings.TrimSuffix(b.String(), "\n")
	if !strings.ContainsFunc(text, odd) {
		return text
	}
	b.Reset()
	for _, r := range text { // JSON has escaped the rest
		if odd(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
