package fastyaml_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/fastyaml"
)

// cases are streams, and whether the fast reader reads them.
var cases = []struct {
	name string
	text string
	fast bool
}{
	{"nothing", "", true},
	{"empty lines", "\n\n  \n", true},
	{"only a comment", "# a\n", true},
	{"mapping", "a: 1\nb: x\n", true},
	{"no line break at the end", "a: 1", true},
	{"nested", "a:\n  b:\n    c: d\n  e: f\ng: h\n", true},
	{"nothing as value", "a:\nb:\n  c:\nd:", true},
	{"comment at quotes", "a: \"b\"#c\nd: [e]#f\n", true},
	{"spaces before colons and after values", "a : b  \n\"c\" :  d\n", true},
	{"sequence", "- a\n- b\n", true},
	{"sequence below a key", "a:\n  - b\n  - c: d\n    e: f\n", true},
	{"sequence in its key's column", "a:\n- b\n- c: d\n  e:\n  - f\ng: h\n", true},
	{"sequences in sequences", "- - a\n  - b\n-\n  - c\n-\n- d\n", true},
	{"scalar on its own line", "a:\n  b\nc:\n  \"d\"\n", true},
	{"scalar alone", "a", true},
	{"flow", "a: [b, 'c', \"d\", [], {}, {e: f, \"g\":1, h: [i]}, ]\nb: {}\n", true},
	{"flow in a sequence", "- [a]\n- {a: b}\n", true},
	{"flow as root", "{a: b}\n", true},
	{"quotes", `a: 'it''s'` + "\n" + `b: "\"x\" \n\t\\"` + "\n", true},
	{"dashes and dots that are text", "a:\n  ---\nb:\n- ...\nc: ---\n---a: b\n", true},
	{"literal", "a: |\n  x\n   y\n\n  z\nb: |-\n  x\n\n\nc: |+\n  x\n\nd: x\n", true},
	{"literal that starts with an empty line", "a: |\n\n  x\n", true},
	{"literal without a line break at the end", "a: |\n  x", true},
	{"literal before spaces at the end", "a: |\n  x\n  ", true},
	{"literal before fewer spaces at the end", "a: |+\n  x\n\n ", true},
	{"literal before more spaces at the end", "a: |\n  x\n    ", false},
	{"literal in sequences", "- |\n x\n- a: |\n   x\n", true},
	{"folded", "a: >\n  x\n  y\n\n  z\n   more\n  w\n\nb: >-\n  x\n  y\n", true},
	{"documents", "---\na: b\n---\n---\n\nc: d\n---\n", true},
	{"spaces behind the dashes", "---  \na: b\n", true},
	{"end of file behind the dashes", "a: b\n---", true},
	{"comment at the top", "# a\n# b\nc: d\n", true},
	{"comment of the document", "# a\n\n# b\nc: d\n", true},
	{"comment and an empty line at the top", "# a\n\nc: d\n", true},
	{"comment before the dashes", "# a\n---\n# b\nc: d\n", true},
	{"comment below the dashes", "---\n# Source: a.yaml\na: b\n---\n# Source: b.yaml\nc: d\n", true},
	{"comment below the first dashes and an empty line", "---\n# a\n\nb: c\n", true},
	{"comment in an empty document", "a: b\n---\n# c\n---\nd: e\n", true},
	{"comment above keys", "a: b\n# c\nd:\n  # e\n  # f\n  g: h\n# i\nj: k\n", true},
	{"comment above items", "a:\n# b\n- c\n# d\n- e: f\n# g\n- - h\n# i\n- [j]\nk: l\n", true},
	{"comment between empty lines", "a: b\n\n# c\n\n# d\n\ne: f\n", true},
	{"comment further left or right", "a:\n  b: c\n# d\n  e: f\n      # g\n  h: i\n", true},
	{"comment at the end of a line", "a: b # c\nd: # e\n  f: [g] # h\ni: \"j\" # k\nl:\n- m # n\n", true},
	{"comment at the end of the stream", "a:\n  b: c\n\n  # d\n\n", true},
	{"comment between documents", "a: b\n\n# c\n---\nd: e\n", true},
	{"comment below a key without a value", "a:\n# b\n\nc: d\n", true},
	{"comment below a block", "a: |\n  x\n# b\nc: d\n", true},
	{"characters beyond ASCII", "größe: ä # ö\nb: [ß, {日本: x}]\n- ü: x\n", false},
	{"columns beyond ASCII", "größe: ä # ö\nb: [ß, {日本: x}]\nc:\n- ü: x\n", true},
	{"quantities and times", "a: [10m, 2Gi, 1.5, 2026-01-02, 0777, 0o17, 1_000, .inf, ~, null, yes, True, -1, +1, <<]\n", true},

	{"foot of a value", "a: b\n# c\n\nd: e\n", true},
	{"foot at the end", "a: b\n# c\n", true},
	{"foot at the end without a line break", "a: b\n# c", true},
	{"foot of a block", "a:\n  b: c\n  # d\ne: f\n", true},
	{"foot of a block below an empty line", "a:\n  b: c\n\n  # d\n\ne: f\n", true},
	{"foot of two lines", "a:\n  b: c\n  # d\n  # e\nf: g\n", true},
	{"foot and head", "a:\n  b: c\n  # d\n# e\nf: g\n", true},
	{"foot and head between empty lines", "a: b\n# c\n\n# d\n\n# e\nf: g\n", true},
	{"foot of an item", "a:\n- b\n# c\n\n- d\ne:\n  - f\n  # g\nh: i\n", true},
	{"foot of flow", "a:\n  b: [c] # d\n  # e\nf:\n- {g: h}\n# i\n", true},
	{"foot of a literal", "a:\n  b: |\n    c\n  # d\ne: |-\n  f\n# g\n", true},
	{"foot of a value on its own line", "a:\n  b\n# c\n\nd:\n  e:\n    f\n    # g\nh: i\n", true},
	{"foot of a scalar alone", "a\n# b\n", true},
	{"no foot below the first line", "a: \"b\"\n# c\n\nd: e\n", true},
	{"no foot below the first line's comment", "a: b # c\n# d\n\ne: f\n", true},
	{"no foot below the first line's flow", "a: [b]\n# c\n", true},

	{"foot of what is around", "a:\n  b: c\n# d\n\ne: f\n", false},
	{"foot of what is around, at the end", "a:\n  b: c\n# d\n", false},
	{"comment in three columns", "a:\n  b: c\n# d\n  # e\n    # f\ng: h\n", true},
	{"two feet", "a:\n  b:\n    c: d\n    # e\n  # f\ng: h\n", false},
	{"foot of nothing", "a:\n  b:\n  # c\nd: e\n", false},
	{"foot of a document", "a: b\n---\n# c\n\n---\nd: e\n", false},
	{"comment behind a dash", "- # a\n  b: c\n", false},
	{"comment behind a block's indicator", "a: | # b\n  x\n", false},
	{"comment below a dash alone", "-\n  # a\n  b: c\n", false},
	{"comment behind the dashes", "--- # a\nb: c\n", false},
	{"comment far away", "a: b" + strings.Repeat(" ", 600) + "# c\n", true},
	{"comment far from a key", "a:" + strings.Repeat(" ", 600) + "# c\n", false},
	{"content far below a comment", "# a\n" + strings.Repeat("\n", 600) + "b: c\n", false},
	{"comment below blanks", "a: |\n  x\n     \n# b\n\nc: d\n", false},
	{"scalar on two lines", "a: b\n  c\n", false},
	{"quotes on two lines", "a: \"b\n  c\"\nd: 'e\n  f'\n", false},
	{"flow on two lines", "a: [b,\n  c]\n", false},
	{"pair in a sequence", "a: [b: c]\n", false},
	{"key alone in a flow mapping", "a: {b, c: }\n", false},
	{"question mark in flow", "a: [b?c]\n", false},
	{"anchors", "a: &b c\nd: *b\n", false},
	{"merge", "a: &b {c: d}\ne:\n  <<: *b\n", false},
	{"tags", "a: !!str 1\nb: ! x\n", false},
	{"question mark", "? a\n: b\n", false},
	{"odd escapes", `a: "\u00e9\x41"` + "\n", false},
	{"tabs", "a:\tb\n", false},
	{"tab below a key", "a:\n\tb: c\n", false},
	{"carriage returns", "a: b\r\nc: d\r\n", false},
	{"byte order mark", "\ufeffa: b\n", false},
	{"next line", "a: b\u0085\n", false},
	{"line separator", "a: b\u2028\n", false},
	{"paragraph separator", "a: b\u2029\n", false},
	{"no characters", "a: b\ufffec\n", false},
	{"no characters either", "a: b\uffffc\n", false},
	{"control character", "a: b\x01\n", false},
	{"not UTF-8", "a: b\xff\n", false},
	{"end of document", "a: b\n...\nc: d\n", false},
	{"directive later", "a: b\n---\n%c: d\n", false},
	{"directive", "%YAML 1.1\n---\na: b\n", false},
	{"content behind the dashes", "--- a\n", false},
	{"indentation of a block", "a: |2\n    x\n", false},
	{"block of nothing", "a: |\nb: c\n", false},
	{"block below a longer empty line", "a: |\n     \n  x\n", false},
	{"longest key", strings.Repeat("k", 1025) + ": v\n", false},
	{"deep", strings.Repeat("- ", 300) + "a\n", false},
	{"longest key in flow", "a: {" + strings.Repeat("k", 1025) + ": v}\n", false},
	{"deep mappings", nested(300), false},
	{"nearly deep mappings", nested(150), true},
	{"deep flow", strings.Repeat("[", 300) + strings.Repeat("]", 300) + "\n", false},

	{"colon in a value", "a: b: c\n", false},
	{"dash in a value", "a: - b\n", false},
	{"further right", "a: b\n  c: d\n", false},
	{"further left", "a:\n    b: c\n  d: e\n", false},
	{"key in a sequence", "a:\n  - b\n  c: d\n", false},
	{"item in a mapping", "a: b\n- c\n", false},
	{"no key", "a: b\nc\n", false},
	{"text behind quotes", "a: \"b\" c\n", false},
	{"text behind flow", "a: [b] c\n", false},
	{"flow as key", "[a]: b\n", false},
	{"brackets that do not match", "a: [b}\n", false},
	{"braces that do not match", "a: {b: c]\n", false},
	{"open quotes", "a: \"b\n", false},
	{"open flow", "a: [b\n", false},
	{"unknown escape", `a: "\q"` + "\n", false},
	{"unknown anchor", "a: *b\n", false},
	{"at sign", "a: @b\n", false},
	{"second root", "a: b\n---\nc: d\ne\n", false},
	{"a broken document behind a good one", "a: b\n---\nc: [\n", false},
}

// nested is a mapping in a mapping in a mapping.
func nested(depth int) string {
	var text strings.Builder
	for i := range depth {
		text.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return text.String()
}

func TestDocuments(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if fast := law(t, []byte(c.text)); fast != c.fast {
				t.Errorf("fast: %v, %v is expected, for %q", fast, c.fast, c.text)
			}
		})
	}
}

// TestNodes shows what the nodes are, beside what the yaml package says.
func TestNodes(t *testing.T) {
	documents, err := fastyaml.Documents([]byte("# top\n\n# head\na: 1 # line\nß: [x]\n"))
	if err != nil {
		t.Fatal(err)
	}
	want := []*yaml.Node{{Kind: yaml.DocumentNode, Line: 4, Column: 1, HeadComment: "# top", Content: []*yaml.Node{
		{Kind: yaml.MappingNode, Tag: "!!map", Line: 4, Column: 1, Content: []*yaml.Node{
			{Kind: yaml.ScalarNode, Tag: "!!str", Value: "a", Line: 4, Column: 1, HeadComment: "# head"},
			{Kind: yaml.ScalarNode, Tag: "!!int", Value: "1", Line: 4, Column: 4, LineComment: "# line"},
			{Kind: yaml.ScalarNode, Tag: "!!str", Value: "ß", Line: 5, Column: 1},
			{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle, Line: 5, Column: 4, Content: []*yaml.Node{
				{Kind: yaml.ScalarNode, Tag: "!!str", Value: "x", Line: 5, Column: 5},
			}},
		}},
	}}}
	if diff := cmp.Diff(want, documents); diff != "" {
		t.Error(diff)
	}
}

// TestApart changes nodes and lists of one stream, and the text: nothing else
// changes with them.
func TestApart(t *testing.T) {
	text := []byte("a: [b, c]\nd: [e]\nf: {}\n")
	documents, err := fastyaml.Documents(text)
	if err != nil {
		t.Fatal(err)
	}
	again, err := fastyaml.Documents(text)
	if err != nil {
		t.Fatal(err)
	}
	copy(text, "xxxxxxxxxxxxxxxxxxxxxxx")
	_ = append(again, &yaml.Node{Kind: yaml.ScalarNode, Value: "new"})
	root := again[0].Content[0]
	for _, n := range []*yaml.Node{again[0], root, root.Content[1], root.Content[3], root.Content[5]} {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: "new"})
	}
	for _, n := range []*yaml.Node{again[0], root, root.Content[1], root.Content[3], root.Content[5]} {
		n.Content = n.Content[:len(n.Content)-1]
		if len(n.Content) == 0 {
			n.Content = nil
		}
	}
	if diff := cmp.Diff(documents, again); diff != "" {
		t.Error(diff)
	}
}
