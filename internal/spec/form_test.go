package spec

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"time"
)

// forms pairs each form with the regular expression that it stands for.
var forms = []struct {
	name string
	form func(string) bool
	same *regexp.Regexp
}{
	{"label", labelForm, regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)},
	{"label key", labelKeyForm, regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$`)},
	{"path", pathForm, regexp.MustCompile(`^/[A-Za-z0-9/._~%!$&'()*+,;=:@-]*$`)},
	{"whole number", wholeForm, regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)},
	{"duration", durationForm, regexp.MustCompile(`^(?:[0-9]{1,9}(?:ms|s|m|h|d|w))+$`)},
}

func sameForms(t *testing.T, s string) {
	t.Helper()
	for _, f := range forms {
		if got, want := f.form(s), f.same.MatchString(s); got != want {
			t.Errorf("%q is of the form of a %s: %v, want %v", s, f.name, got, want)
		}
	}
	if got, want := sum(s), sumOfMatches(s); got != want {
		t.Errorf("%q lasts %s, want %s", s, got, want)
	}
}

// sum reads a duration part by part; sumOfMatches does it with an expression.
func sum(s string) (sum time.Duration) {
	if !durationForm(s) {
		return 0
	}
	for s != "" {
		number, unit, rest, _ := durationPart(s)
		for _, c := range number {
			sum += time.Duration(c-'0') * durationUnit[unit]
		}
		s = rest
	}
	return sum
}

func sumOfMatches(s string) (sum time.Duration) {
	if !durationForm(s) {
		return 0
	}
	for _, m := range regexp.MustCompile(`([0-9]+)(ms|s|m|h|d|w)`).FindAllStringSubmatch(s, -1) {
		for _, c := range m[1] {
			sum += time.Duration(c-'0') * durationUnit[m[2]]
		}
	}
	return sum
}

// TestFormsAreTheirExpressions holds on each single byte, on each alone among
// letters, and on random words of the characters that matter.
func TestFormsAreTheirExpressions(t *testing.T) {
	for c := range 256 {
		b := string([]byte{byte(c)})
		for _, s := range []string{b, "a" + b, b + "a", "a" + b + "a", "/" + b, "1" + b, "-" + b, b + "5s", "5" + b + "s", "0" + b} {
			sameForms(t, s)
		}
	}
	const alphabet = "abzAZ019--_./~%mshdw\n é"
	r := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		word := make([]byte, r.IntN(9))
		for i := range word {
			word[i] = alphabet[r.IntN(len(alphabet))]
		}
		sameForms(t, string(word))
	}
	of := map[bool]int{}
	const few = "1059mswhd"
	for range 100_000 {
		word := make([]byte, r.IntN(13))
		for i := range word {
			word[i] = few[r.IntN(len(few))]
		}
		sameForms(t, string(word))
		of[durationForm(string(word))]++
	}
	if of[true] < 1000 || of[false] < 1000 {
		t.Errorf("of the random words, %d are durations and %d are not", of[true], of[false])
	}
}

func FuzzForms(f *testing.F) {
	for _, s := range []string{"", "web", "a-", "A.b_c", "/a/%20", "-0", "017", "1m30s", "5ms", "999999999w9h"} {
		f.Add(s)
	}
	f.Fuzz(sameForms)
}
