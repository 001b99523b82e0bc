package fastyaml_test

import (
	"math/rand/v2"
	"testing"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/fastyaml"
)

// TestResolved compares the tags of words and random scalars with the yaml
// package's.
func TestResolved(t *testing.T) {
	words := []string{"true", "True", "TRUE", "tRUE", "false", "FALSE", "falsey", "null", "Null", "nULL", "~", "~~", "<<", "<", "<<<", "y", "n", "yes", "no", "on", "off",
		".", "..", ".5", ".5e1", ".inf", ".Inf", ".INF", ".iNF", "+.inf", "-.INF", ".nan", "-.nan", "0", "00", "-0", "+0", "08", "017", "0o17", "-0o17", "0x1f", "0X1F", "0b11", "0B11", "-0b11", "+0b1",
		"999999999999999999", "9999999999999999999", "99999999999999999999", "-9223372036854775808", "-9223372036854775809", "1.", "1.5e+3", "1e", "1_0", "_1", "1__0_", "0x", "0b", "0o", "-", "+", "--1",
		"2026-01-02", "2026-1-2", "2026-01-02T03:04:05Z", "2026-01-02t03:04:05.5+01:00", "2026-01-02 03:04:05", "2026-01-02 03:04:05 Z", "2026-13-01", "02026-01-02", "2026-", "1:30", "10m", "2Gi", "1e3m", "1.2.3.4", "é", "5é"}
	check := func(value string) {
		n := yaml.Node{Kind: yaml.ScalarNode, Value: value}
		if got, want := fastyaml.Resolved(value), n.ShortTag(); got != want {
			t.Errorf("%q is %s, the yaml package says %s", value, got, want)
		}
	}
	for _, word := range words {
		check(word)
	}
	r := rand.New(rand.NewPCG(1, 2))
	const letters = "0123456789012345678901234567890123456789abcdefxXoObBeE_.+-+-:TZ ~<nNuUlLtTrRyYisIfFaA%mgGi"
	for range 6 * streams {
		value := make([]byte, 1+r.IntN(1+r.IntN(12)))
		for i := range value {
			value[i] = letters[r.IntN(len(letters))]
		}
		if word := words[r.IntN(len(words))]; r.IntN(4) == 0 {
			value = []byte(word)
			value[r.IntN(len(value))] = letters[r.IntN(len(letters))]
		}
		check(string(value))
	}
}
