package sourcetest

import (
	"fmt"
	"strings"
)

// oddScalars are values on which readers and writers of YAML differ, or which
// they write in a form of their own.
var oddScalars = []string{
	"yes", "No", "on", "OFF", "y", "n", "True", "~", "null", "Null", "", "0644", "0o17", "0x1F", "0b11", "1_000", "-0", "+1",
	"12345678901234567890", "-9223372036854775808", "9007199254740993", "123456789012345", "1234567890123456", "1.0", "1.50", "1e3", "1e21", "1.5e-9", ".5", "1.", ".inf", "-.Inf", ".nan",
	"2026-11-21", "2026-11-21T10:00:00Z", "2026-1-2 3:4:5", "2026-11-2x", "1:30", "190:20:30", "12:30:45.5", "0.0.1", "1.2.3", "10Mi", "0xZZ", "1e", "=", "<<",
	`"yes"`, `'no'`, `"on"`, `"1e3"`, `"0644"`, `"08"`, `"1_0"`, `"0x_1"`, `"2026-11-21"`, `"null"`, `"~"`, `""`, `''`, `"1:30"`, `"+.inf"`, `"-"`, `"?"`, `":"`, `"- x"`, `"? x"`, `": x"`, `"-x"`, `"?x"`, `":x"`, `"x:"`, `"x: y"`, `"a #b"`, `"a#b"`, `"#a"`, `"---"`, `"---x"`, `"..."`, `"{a"`, `"[a"`, `"]"`, `","`, `"a, b"`, `"a]b"`, `"%x"`, `"@x"`, "\"`x\"", `"*x"`, `"&x"`, `"!x"`, `"|"`, `">"`, `"<<"`, `"="`,
	`" lead"`, `"trail "`, `" "`, `'it''s'`, `"it's: so"`, `"quote \" and \\"`, `"1\"2"`, `"tab\there"`, `"nl\nhere"`, `"nl at the end\n"`, `"two at the end\n\n"`, `"\nfirst"`, `"a \nb"`, `"  a\nb"`, `"a\n  b\n"`, `"a\n\nb"`, `"\n"`, `"cr\rhere"`, `"bell\a"`, `"nul\0"`,
	`"é ü ñ"`, "é ü: 漢字", `"漢字: x"`, `"\u00e9 \u2028 x"`, `"\u0085"`, `"\ufeffx"`, `"x\ufeff"`, `"😀 a"`, `"\U0001F600"`, `"\u200b"`, `"\u00a0x"`, `"\uFFFD"`, "é#b", "ünï #c",
	"!!str 5", `!!int "5"`, "!!float 5", "!custom x", "!!binary aGk=", "&a x", "*a", "{}", "[]", "[[]]", "[{}]", "{a: }", "{a, b}", "[a, ]", "{a: b # why\n      }", "[a, # why\n      b]",
	"a multi\n      line plain", "\"a multi\n      line\n\n      double\"", "'a multi\n\n      line single'",
}

// oddBlocks are values of several lines; each line after the first stands
// below the key's column.
var oddBlocks = []string{
	"|\ntext\nmore\n", "|-\ntext\n\nmore", "|+\ntext\n\n", "|\n\nlate\n", "|2\n  indented\nless\n", "|\ntext \nblank before\n", "|\n# no comment\ntext\n", "|\nif x:\n  y\n    z\n", "|-\n- a\n- b", "|\n%x\n---x\n",
	">\nfolded text\nthat goes on\n", ">-\nfolded\n\ntwice\n  and indented\n", ">+\nkept\n\n", "| # why\ntext\n", "|-\nonly one line", "|\nonly one line\n", ">-\nonly one line", "|\n{{ if }}\n\n\n{{ end }}\n",
}

// oddKeys are keys that sort, read or write in ways of their own.
var oddKeys = []string{
	"on", "y", "1", "1.5", "null", "~", `"quoted"`, `"quoted: key"`, `'it''s'`, "a1", "a10", "a2", "a01", "a001", "A", "B", "_x", "x.y/z", "x-1", "x-10", "x-9", "x_1", `"é"`, "ñ", `"😀"`, "true", "2026-11-21", `""`, `" "`, `"a b"`, "a b", "? c", "<<", `"<<"`, "&k key", "$x", "0", "00", `"00"`, `"0"`, `"10"`, `"9"`, "zone/9a", "zone/09a", "!!str t", `"-"`, `"- a"`, "-a", `"#"`, "a#", `"nl\nkey"`,
	strings.Repeat("long", 31), strings.Repeat("long", 33), "k" + strings.Repeat("0", 25), "k9999999999999999999999", "k99999999999999999999",
}

// longWords are what texts are made of that reach over the width of a line.
var longWords = []string{"a", "of", "the", "words", "that", "reach", "over", "eighty", "columns,", "it's", "\"so\"", "and:", "# then", "é", "漢字", "back\\slash", "x", " ", "{{ $labels.pod }}", "0644"}

func (g *repository) longText() string {
	var b strings.Builder
	for range 8 + g.r.IntN(40) {
		b.WriteString(g.one(longWords) + " ")
	}
	text := strings.TrimSuffix(b.String(), " ")
	switch g.r.IntN(4) {
	case 0:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	case 1:
		return strings.NewReplacer(": ", ", ", " #", " ", "\"", "", "'", "", "\\", "", "{", "", "}", "", ":", "").Replace(strings.TrimSpace(text))
	case 2:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace("123 "[4*g.r.IntN(2):]+text) + `"`
	}
	return "'" + g.one([]string{"", "- ", "@ ", "yes "}) + strings.ReplaceAll(text, "'", "''") + "'"
}

// scalar is a value of one line, mostly a plain one.
func (g *repository) scalar() string {
	switch n := g.r.IntN(100); {
	case n < 2:
		return g.one(oddScalars)
	case n < 12:
		return g.longText()
	case n < 25:
		return g.one(safeScalars)
	}
	return g.one([]string{"a", "web", "http", "80", "8080", "true", "false", "10m", "app=web", "/healthz", "0", "-5", "v1.2", "a.b.c", "x:y"})
}

// safeScalars are the odd values among which kgen is certain.
var safeScalars = []string{`"yes"`, `'no'`, `"1e3"`, `"0644"`, `"1_0"`, `"2026-11-21"`, `"null"`, `""`, `"1:30"`, `"-"`, `"- x"`, `"-x"`, `"x:"`, `"x: y"`, `"a #b"`, `"a#b"`, `"#a"`, `"---x"`, `"{a"`, `"%x"`, `"a, b"`,
	`" lead"`, `"trail "`, `'it''s'`, `"quote \" and \\"`, `"1"`, `"é ü ñ"`, "é ü漢", "{}", "[]", "null", "~", "[a, b]", "{a: b, c: [d, 1]}"}

func (g *repository) key(i int) string {
	if g.chance(2) {
		return g.one(oddKeys)
	}
	if g.chance(25) {
		return g.one([]string{"a1", "a10", "a2", "a01", "A", "B", "_x", "x.y/z", "x-1", "x-10", "x-9", "ñ", "zone/9a", "zone/09a", "(", "$", "~"}) + fmt.Sprint(i)
	}
	if g.chance(5) {
		return fmt.Sprintf(g.one([]string{`"%d"`, `"0%d"`, `"quoted: key%d"`, `'it''s %d'`, `"1%d"`, `"- %d"`, `"yes%d"`}), i)
	}
	return g.one([]string{"name", "port", "hosts", "spec", "labels", "matchLabels", "rules", "expr", "for"}) + fmt.Sprint(i)
}

// block writes a value behind "key:" or "-", and the end of its line.
func (g *repository) block(b *strings.Builder, indent, depth int) {
	pad := strings.Repeat(" ", indent)
	switch n := g.r.IntN(10); {
	case n < 2 && depth > 0:
		b.WriteString("\n")
		g.mapping(b, indent+2, depth-1)
	case n < 4 && depth > 0:
		b.WriteString("\n")
		at := indent + 2*g.r.IntN(2)
		for range 1 + g.r.IntN(3) {
			g.comment(b, at)
			b.WriteString(strings.Repeat(" ", at) + "-")
			if g.chance(30) {
				fmt.Fprintf(b, " name: %s\n%s  second: %s\n", g.scalar(), strings.Repeat(" ", at), g.scalar())
				continue
			}
			g.block(b, at+2, depth-1)
		}
	case n == 4:
		lines := strings.SplitAfter(g.one(oddBlocks), "\n")
		b.WriteString(" " + lines[0])
		for _, line := range lines[1:] {
			if strings.TrimSpace(line) != "" {
				line = pad + "  " + line
			}
			b.WriteString(line)
		}
		if !strings.HasSuffix(b.String(), "\n") {
			b.WriteString("\n")
		}
	default:
		b.WriteString(" " + g.scalar())
		if g.chance(5) {
			b.WriteString(" # why")
		}
		b.WriteString("\n")
	}
}

func (g *repository) comment(b *strings.Builder, indent int) {
	if g.chance(4) {
		b.WriteString("\n")
	}
	if g.chance(6) {
		b.WriteString(strings.Repeat(" ", indent+g.r.IntN(5)/4) + "# why: this\n")
	}
}

func (g *repository) mapping(b *strings.Builder, indent, depth int) {
	for i := range 1 + g.r.IntN(4) {
		g.comment(b, indent)
		b.WriteString(strings.Repeat(" ", indent) + g.key(i) + ":")
		g.block(b, indent, depth)
	}
}

// oddObject is an object of random contents.
func (g *repository) oddObject(name string) string {
	var b strings.Builder
	g.comment(&b, 0)
	b.WriteString(g.one([]string{"apiVersion: example.com/v1\nkind: Thing\n", "apiVersion: v1\nkind: ConfigMap\n", "kind: Thing\napiVersion: example.com/v1\n", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"}))
	if g.chance(3) {
		name = g.one([]string{`"12"`, "12", "on", `"a,b"`, "a_b", "a/b", "\"a b\"", "~"})
	}
	fmt.Fprintf(&b, "metadata:\n  name: %s\n", name)
	switch {
	case g.chance(4):
		fmt.Fprintf(&b, "  annotations: {why: %s}\n", g.one(oddScalars))
	case g.chance(10):
		fmt.Fprintf(&b, "  annotations:\n    why: %s\n    b: y\n", g.longText())
	case g.chance(10):
		b.WriteString("  annotations:\n    why:")
		g.block(&b, 4, 0)
	}
	if g.chance(15) {
		fmt.Fprintf(&b, "  labels:\n    app: %s\n", g.one([]string{"a", "a", `"1"`, "yes", "1"}))
	}
	if g.chance(10) {
		fmt.Fprintf(&b, "  namespace: %s\n", g.one([]string{"shop", "shop", "default", `"shop"`, "''", "on", "12", "~"}))
	}
	b.WriteString("spec:\n")
	g.mapping(&b, 2, 3)
	if g.chance(20) {
		b.WriteString("data: {a: " + g.one(safeScalars) + "}\n")
	}
	return b.String()
}

// oddFields are lines at the end of a kustomization.
var oddFields = []string{
	"namespace: on\n", "namespace: ~\n", "namespace: \"shop\"\n", "namespace: 12\n", "namespace: !!str shop\n", "namespace: Shop\n", "Namespace: shop\n",
	"labels: []\n", "labels:\n- pairs: {a: 1}\n", "labels:\n- pairs: {}\n", "labels:\n- {pairs: {a: b}, includeSelectors: false}\n", "labels:\n- {pairs: &p {a: b}}\n- pairs: *p\n", "labels:\n- pairs: {a: b, a: c}\n", "labels:\n- {pairs: {a: b}, includeTemplates: true}\n", "labels:\n- pairs: {config.kubernetes.io/x: y}\n",
	"commonAnnotations: {a: 1}\n", "commonAnnotations: {}\n", "commonAnnotations: {config.kubernetes.io/local-config: x}\n", "commonAnnotations: {a: \"b \\nc\"}\n", "commonAnnotations: {a: \"1\", b: 'yes'}\n",
	"sortOptions: {order: legacy}\n", "sortOptions: {order: FIFO}\n", "sortOptions: {}\n", "sortOptions: {order: legacy, legacySortOptions: {orderFirst: [ConfigMap]}}\n", "sortOptions:\n  order: fifo\n",
	"vars: []\n", "bases: []\n", "buildMetadata: [originAnnotations]\n", "buildMetadata: []\n", "generatorOptions: {}\n", "metadata: {name: x}\n", "metadata: {annotations: {config.kubernetes.io/local-config: 'true'}}\n", "unknown: x\n", "kind: Kustomization\n", "openapi: {}\n", "images: []\n", "commonLabels: {}\n", "components: []\n", "patches: []\n", "patches:\n- {target: {kind: Service}}\n",
	"---\nresources: []\n", "...\n", "# the end", "\n\n", "components: [none]\n", "patches:\n- patch: '[]'\n  target: {kind: Service}\n", "patches:\n- patch: '[]'\n", "patches:\n- patch: '[]'\n  target: {}\n", "replicas: [{name: a, count: 2}]\n",
}

// oddText is a text as it is, mostly, and otherwise with one thing in it that
// editors and generators do.
func (g *repository) oddText(text string) []byte {
	if g.odd == 0 || !g.chance(5) {
		return []byte(text)
	}
	lines := strings.SplitAfter(text, "\n")
	at := g.r.IntN(len(lines))
	switch g.r.IntN(18) {
	case 0:
		text = strings.ReplaceAll(text, "\n", "\r\n")
	case 1:
		text = "\ufeff" + text
	case 2:
		text = strings.TrimSuffix(text, "\n")
	case 3:
		text = "---\n" + text
	case 4:
		text = "# why\n---\n" + text + "---\n"
	case 5:
		text += "---\n# nothing\n"
	case 6:
		text += "--- # why\n"
	case 7:
		text += "...\n"
	case 8:
		text = "%YAML 1.1\n---\n" + text
	case 9:
		text += "---\n---\n" + g.one([]string{"", "null\n", "~\n", "{}\n", "[]\n", "a\n", "apiVersion: v1\n"})
	case 10:
		text = "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
	case 11:
		text = ""
	case 12:
		lines[at] = strings.TrimSuffix(lines[at], "\n") + "  \n"
		text = strings.Join(lines, "")
	case 13:
		lines[at] = strings.TrimSuffix(lines[at], "\n") + "\t# why\n"
		text = strings.Join(lines, "")
	case 14:
		lines[at] += lines[at]
		text = strings.Join(lines, "")
	case 15:
		text = "--- " + text
	case 16:
		text = "!!map\n" + text
	case 17:
		text = "---\n\n---\n" + text
	}
	return []byte(text)
}
