package gen

import (
	"encoding/json"
	"regexp"
	"strings"
)

var (
	// plainWord needs no quotes: it starts with a letter, slash or underscore,
	// so that no YAML version reads it as a number or a date, and holds nothing
	// that YAML gives a meaning to.
	plainWord = regexp.MustCompile(`^[A-Za-z/_]([A-Za-z0-9_./@+:-]*[A-Za-z0-9_./@+-])?$`)
	// plainMeasure is digits with a unit or a slash, which no YAML version reads
	// as a number: 5s, 10.0.0.0/8.
	plainMeasure = regexp.MustCompile(`^[0-9]+(ms|s|m|h|d|w)$|^[0-9]+(\.[0-9]+){3}/[0-9]+$`)
	// plainURL is an URL or an annotation's reference with colons inside words.
	plainURL = regexp.MustCompile(`^https?://[A-Za-z0-9_./@+-]+$`)
	// plainSentence is prose: words, with spaces and punctuation that YAML leaves alone.
	plainSentence = regexp.MustCompile(`^[A-Z][A-Za-z0-9_./ ,;()+%-]*[A-Za-z0-9_./()%]$`)
	control       = regexp.MustCompile(`[\x00-\x1f\x7f\x{80}-\x{9f}\x{feff}\x{2028}\x{2029}]`)
)

// words are what some YAML version reads as null or a truth value.
var words = map[string]bool{
	"null": true, "~": true, "true": true, "false": true, "yes": true, "no": true,
	"on": true, "off": true, "y": true, "n": true,
}

// Scalar writes s so that every YAML reader gives back the string s: plain where
// that is safe, in quotes otherwise. Every scalar of every template that comes
// from the model goes through it.
func Scalar(s string) string {
	switch {
	case words[strings.ToLower(s)]:
	case plainWord.MatchString(s), plainMeasure.MatchString(s), plainURL.MatchString(s), plainSentence.MatchString(s):
		return s
	}
	if !control.MatchString(s) && strings.ContainsAny(s, `"\`) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	quoted, err := jsonText(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return quoted
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
	return strings.TrimSuffix(b.String(), "\n"), nil
}
