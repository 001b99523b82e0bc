package scalar_test

import (
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/scalar"
)

func TestText(t *testing.T) {
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
		if got := scalar.Text(c.in); got != c.want {
			t.Errorf("Text(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

func TestWord(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"frontend", "frontend"},
		{"null", `"null"`},
		{"1e3", `"1e3"`},
		{"5s", "5s"},
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"https://runbooks.example.com/x", "https://runbooks.example.com/x"},
		{"Nobody calls it", `"Nobody calls it"`},
		{"a,b", `"a,b"`},
		{"a]", `"a]"`},
		{`say "no"`, `"say \"no\""`},
	} {
		if got := scalar.Word(c.in); got != c.want {
			t.Errorf("Word(%q) = %s, want %s", c.in, got, c.want)
		}
	}
}

// FuzzText holds that what is written is read back as the same string: as a
// value of block style, and in double quotes.
func FuzzText(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || len(s) > 1000 {
			return // a YAML file is UTF-8; a key of more than 1024 characters needs another form
		}
		for _, written := range []string{scalar.Text(s), scalar.Double(s)} {
			var got map[string][]any
			text := written + ":\n- " + written + "\n- " + "k: " + written + "\n"
			if err := yaml.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%q is written %s, which does not parse: %v", s, written, err)
			}
			values := got[s]
			if len(values) != 2 || values[0] != s || !isMap(values[1], "k", s) {
				t.Fatalf("%q is written %s and read as %#v", s, written, got)
			}
		}
	})
}

// FuzzWord holds the same for flow style.
func FuzzWord(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || len(s) > 1000 {
			return
		}
		written := scalar.Word(s)
		var got []any
		text := "[" + written + ", {" + written + ": " + written + "}, " + written + "]\n"
		if err := yaml.Unmarshal([]byte(text), &got); err != nil {
			t.Fatalf("%q is written %s, which does not parse: %v", s, written, err)
		}
		if len(got) != 3 || got[0] != s || got[2] != s || !isMap(got[1], s, s) {
			t.Fatalf("%q is written %s and read as %#v", s, written, got)
		}
	})
}

func isMap(v any, key, value string) bool {
	m, ok := v.(map[string]any)
	return ok && len(m) == 1 && m[key] == value
}

func seeds(f *testing.F) {
	for _, s := range []string{"null", "1e3", "0x1f", "on", "a: b", "- a", "'", `"`, "\\", "é", "\u2028", "\ufeff", "=", "<<", "!x", "&a", "*a", "a\tb", "Yes", "%a", "@a", "`a", "a,b", "a:b", "5s", "A b", "1.2.3.4/5"} {
		f.Add(s)
	}
}
