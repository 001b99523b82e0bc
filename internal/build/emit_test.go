package build_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/kustomize"
)

func node(t testing.TB, text string) *yaml.Node {
	t.Helper()
	var document yaml.Node
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		t.Fatal(err)
	}
	return document.Content[0]
}

// TestEmit: each value is printed as kustomize's library prints it, or left to it.
func TestEmit(t *testing.T) {
	long := strings.Repeat("a word ", 20) + "end"
	for _, test := range []struct {
		name, in string
		own      bool
	}{
		{"keys are sorted, numbers in them as numbers", "{b: 1, a10: 1, a9: 1, a09: 1, A: 1, _: 1, \"1\": 1, é: 1, a: 1}", true},
		{"texts that read as something else", "a: ['yes', 'Off', 'y', '~', 'null', '1', '-1', '0x1F', '0b1', '1_0', '1e3', '.5', '.inf', '2026-11-21', '1:30', '']", true},
		{"texts that do not", "a: [yess, 1a, 1.2.3, 2026-11-2x, a:b, x-, ./a, '.a', 10m, 0x, 1e]", true},
		{"texts that mean something", "a: ['#a', '- a', '-', '? a', ': a', 'a: b', 'a:', 'a #b', '[a', '{a', '&a', '*a', '!a', '|', '>', '%a', '@a', '`a', ' a', 'a ', '---', '...a', \"it's: so\"]", true},
		{"texts that do not mean it", "a: ['a#b', '-a', '?a', ':a', a-b, 'a,b', 'a]', \"it's\", 'a\"b']", true},
		{"quotes within quotes", `a: ["1\"2", "yes\\", "'a: b'", "\"a: b\""]`, true},
		{"numbers and truth", "{a: 0, b: -5, c: 123456789012345, d: true, e: false, f: null, g: ~}", true},
		{"nothing in block", "a:\nb: c\n", true},
		{"nothing in braces", "{a: , b: c}", false},
		{"long plain", "a: " + long, true},
		{"long plain, deep", "a: {b: {c: [[" + long + "]]}}", true},
		{"long single", "a: ': " + strings.ReplaceAll(long, "end", "it''s end") + "'", true},
		{"long double", "a: \"2026-11-21 " + strings.ReplaceAll(long, "end", `\"end\" \\`) + "\"", true},
		{"long with two blanks", "a: ': " + strings.Repeat("a  word ", 20) + "end'", true},
		{"long without ASCII", "a: " + strings.Repeat("größer 漢字 ", 16) + "end", true},
		{"literal", "a: |\n  b\n\n    c\n  d\nb: [x]\n", true},
		{"literal without an end", "a:\n- |-\n  b\n  c\n- - |\n    d\n    e\n", true},
		{"one line in a literal", "a: |\n  b\n", true},
		{"one line in a literal without an end", "a: |-\n  b\n", true},
		{"lists", "a: [[], {}, [b, [c]], {d: [e], f: {g: []}}]\nb: {}\n", true},
		{"lists of mappings", "a:\n- b: c\n  d:\n  - e: f\n- - g: h\n", true},
		{"head and line comments", "# why\na: b # why\n# why\nc:\n# why\n- d # why\n# why\n- e\n", true},
		{"a comment at the end", "a:\n  b: c\n  # why\nd: e\n", false},
		{"a comment in braces", "a: {b: c, # why\n  d: e}\n", false},
		{"a comment behind a bar", "a: | # why\n  b\n", false},
		{"a comment before a value", "a:\n  # why\n  b\n", false},
		{"folded", "a: >\n  b\n  c\n", false},
		{"literal that starts with blanks", "a: |2\n    b\n  c\n", false},
		{"literal that ends with lines", "a: |+\n  b\n\n", false},
		{"lines in quotes", `a: "b\nc"`, false},
		{"a tab", `a: "b\tc"`, false},
		{"beyond the basic plane", "a: 😀", false},
		{"a float", "a: 1.0", false},
		{"a long integer", "a: 1234567890123456", false},
		{"an octal number", "a: 0644", false},
		{"a date", "a: 2026-11-21", false},
		{"True", "a: True", false},
		{"a tag", "a: !!str b", false},
		{"a long key", "{" + strings.Repeat("k", 129) + ": a}", false},
		{"a key of two lines", `{"a\nb": c}`, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := node(t, test.in)
			want, err := kustomize.Print(n)
			if err != nil {
				t.Fatal(err)
			}
			got, own := build.Emit(n)
			if own != test.own {
				t.Errorf("printed without the library: %t, want %t", own, test.own)
			}
			if diff := cmp.Diff(string(want), string(got)); own && diff != "" {
				t.Errorf("(-kustomize +kgen):\n%s", diff)
			}
			if !own && len(got) > 0 {
				t.Errorf("%q is left of what was not printed", got)
			}
		})
	}
}

// TestUnprintable: what the library would print otherwise than a build does.
func TestUnprintable(t *testing.T) {
	for in, want := range map[string]bool{
		"a: &x b":              true,
		"{a: &x b, c: *x}":     true,
		"{1: a}":               true,
		"{<<: {a: b}}":         true,
		"a: {b: [{~: c}]}":     true,
		"a: {b: [1.5, 0644]}":  false,
		"'1': {'<': 2026-1-1}": false,
	} {
		if got := build.Unprintable(node(t, in)); got != want {
			t.Errorf("%s: %t, want %t", in, got, want)
		}
	}
}

// FuzzEmit: whatever the object, it is printed as kustomize's library prints
// it, or left to it.
func FuzzEmit(f *testing.F) {
	for _, text := range []string{"a: b # c\n", "# a\n- b: |\n  c\n", "a: {b: 'c d', 10: [~, 1e3, yes]}\n", "a: |\n b\n\n  c\nd: >-\n e\n f\n", "? a\n: \"b\\n c\\u2028\"\n# d\n",
		"a1: " + strings.Repeat("word ", 30) + "\na01: '" + strings.Repeat("w  ord ", 30) + "it''s'\n", "a: 2026-11-21 \nb: '2026-11-21 1:2:3'\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var document yaml.Node
		if yaml.Unmarshal(data, &document) != nil || len(document.Content) == 0 {
			return
		}
		n := document.Content[0]
		got, own := build.Emit(n)
		for _, c := range n.Content {
			own = own && c.Value != "metadata" // of which package source judges
		}
		if !own {
			return
		}
		want, err := kustomize.Print(n)
		if err != nil || string(want) != string(got) {
			t.Errorf("%q\nkustomize %v\n%s\nkgen\n%s", data, err, want, got)
		}
	})
}

// TestKeyLess: of two keys that differ exactly one comes first.
func TestKeyLess(t *testing.T) {
	keys := []string{"_", "1", "01", "2", "10", "A", "B", "a", "a-1", "a-9", "a-10", "a1", "a01", "a001", "a2", "a10", "a.b", "é", "漢", "", "0", "00", "a0", "a00", "10a", "100"}
	for _, a := range keys {
		for _, b := range keys {
			if build.KeyLess(a, b) && build.KeyLess(b, a) {
				t.Errorf("%q and %q each come before the other", a, b)
			}
			if a != b && !build.KeyLess(a, b) && !build.KeyLess(b, a) {
				t.Errorf("%q and %q are different, and neither comes first", a, b)
			}
		}
	}
}

// TestFolding: a line is folded at the same blank, wherever that stands.
func TestFolding(t *testing.T) {
	for n := 60; n < 100; n++ {
		word := strings.Repeat("é", n%3) + strings.Repeat("x", n-n%3)
		for _, text := range []string{word + " end more", "'#" + word + " end more'", `"1: ` + word + ` \"end\" more"`, "yes " + word + " e f", "'# " + word + "  two  more'", `"- ` + word + ` e"`, "'" + word + " '", "' " + word + " e'"} {
			for _, in := range []string{"a: " + text, "a:\n- " + text, "a:\n  b:\n    c: " + text} {
				n := node(t, in)
				want, err := kustomize.Print(n)
				if err != nil {
					t.Fatal(err)
				}
				if got, own := build.Emit(n); !own || string(got) != string(want) {
					t.Errorf("kustomize\n%skgen\n%s", want, got)
				}
			}
		}
	}
}
