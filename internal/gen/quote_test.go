package gen_test

import (
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/gen"
)

func TestScalar(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"frontend", "frontend"},
		{"cart-service", "cart-service"},
		{"null", `"null"`},
		{"Null", `"Null"`},
		{"~", `"~"`},
		{"on", `"on"`},
		{"Off", `"Off"`},
		{"y", `"y"`},
		{"1e3", `"1e3"`},
		{"0x1f", `"0x1f"`},
		{"0o7", `"0o7"`},
		{"1_000", `"1_000"`},
		{"12:30", `"12:30"`},
		{"2026-11-21", `"2026-11-21"`},
		{"8080", `"8080"`},
		{"5s", "5s"},
		{"10d", "10d"},
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"10.0.0.1", `"10.0.0.1"`},
		{"::/0", `"::/0"`},
		{"", `""`},
		{"-", `"-"`},
		{"a:", `"a:"`},
		{"level:metric:operation", "level:metric:operation"},
		{"a: b", `"a: b"`},
		{"a #b", `"a #b"`},
		{"https://runbooks.example.com/x", "https://runbooks.example.com/x"},
		{"Nobody calls it.", "Nobody calls it."},
		{"Nobody calls it ", `"Nobody calls it "`},
		{"{{ $value }} of", `"{{ $value }} of"`},
		{`say "no"`, `'say "no"'`},
		{`it's "so"`, `'it''s "so"'`},
		{`/app(/|$)(.*)`, `"/app(/|$)(.*)"`},
		{"a\nb", `"a\nb"`},
		{"\x00", `"\u0000"`},
	} {
		if got := gen.Scalar(c.in); got != c.want {
			t.Errorf("Scalar(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

// FuzzScalar holds that what is written is read back as the same string: as a
// value, as a key, and as an item.
func FuzzScalar(f *testing.F) {
	for _, s := range []string{"null", "1e3", "0x1f", "on", "a: b", "- a", "'", `"`, "\\", "é", "\u2028", "\ufeff", "=", "<<", "!x", "&a", "*a", "a\tb", "Yes", "%a", "@a", "`a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || len(s) > 1000 {
			return // a YAML file is UTF-8; a key of more than 1024 characters needs another form
		}
		written := gen.Scalar(s)
		var got map[string][]any
		text := written + ":\n- " + written + "\n- " + "k: " + written + "\n"
		if err := yaml.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%q is written %s, which does not parse: %v", s, written, err)
		}
		values, ok := got[s]
		if !ok || len(values) != 2 || values[0] != s {
			t.Fatalf("%q is written %s and read as %#v", s, written, got)
		}
		if m, ok := values[1].(map[string]any); !ok || m["k"] != s {
			t.Fatalf("%q is written %s and read as %#v", s, written, got)
		}
	})
}
