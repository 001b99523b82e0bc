package fastyaml_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// writer writes random YAML: mostly what people write, now and then what is
// odd, and sometimes what is wrong.
type writer struct {
	*rand.Rand
	strings.Builder
	odd int // of 1,000: how often something is odd
}

func (w *writer) oneOf(of ...string) string { return of[w.IntN(len(of))] }

func (w *writer) oddly() bool { return w.IntN(1000) < w.odd }

func (w *writer) text(parts ...any) { fmt.Fprint(&w.Builder, parts...) }

func (w *writer) stream() string {
	if w.IntN(6) == 0 {
		w.gap(0)
	}
	for n := 1 + w.IntN(3)*w.IntN(2); n > 0; n-- {
		if n > 1 || w.IntN(3) == 0 {
			w.text(w.oneOf("---\n", "---\n", "---\n", "---\n", "--- \n", "---\n\n", "---\n# Source: a/b.yaml\n"))
			if w.IntN(5) == 0 {
				w.gap(0)
			}
		}
		switch w.IntN(12) {
		case 0:
			w.block(w.IntN(2)*2, 0)
		case 1:
			w.text(w.inline(0), w.oneOf("\n", ""))
		case 2:
		default:
			w.mapping(0, 0, false)
		}
		if w.oddly() {
			w.text(w.oneOf("...\n", "--- a\n", "%YAML 1.1\n---\n", "--- # c\n"))
		}
	}
	if w.IntN(10) == 0 {
		w.gap(0)
	}
	if w.IntN(10) == 0 {
		return strings.TrimRight(w.String(), "\n")
	}
	return w.String()
}

// gap writes empty lines and comments.
func (w *writer) gap(indent int) {
	for n := 1 + w.IntN(3); n > 0; n-- {
		switch w.IntN(5) {
		case 0, 1:
			w.text("\n")
		case 2:
			w.text(w.oneOf("\n", "   \n", "\n\n"))
		default:
			at := indent
			if w.IntN(5) == 0 {
				at = w.IntN(8)
			}
			w.text(strings.Repeat(" ", at), w.comment(), "\n")
		}
	}
}

func (w *writer) comment() string {
	return w.oneOf("# head", "#", "# two: words", "#no space", "# ünïcode → ok", "# a # b", "# trailing  ", "# \"quote", "## x")
}

func (w *writer) mapping(indent, depth int, started bool) {
	for n := 1 + w.IntN(4); n > 0; n-- {
		if !started {
			if w.IntN(6) == 0 {
				w.gap(indent)
			}
			at := indent
			if w.oddly() {
				at = max(0, at+w.IntN(5)-2)
			}
			w.text(strings.Repeat(" ", at))
		}
		started = false
		w.text(w.key(), w.oneOf(":", ":", ":", ":", ":", " :"))
		w.value(indent, depth)
	}
}

func (w *writer) key() string {
	if w.oddly() {
		return w.oneOf("? a", "&a b", "*a", "<<", "a b", "- a", "[a]", "{a: b}", "!!str a", "a: b", "\"a\nb\"", "", "@", strings.Repeat("k", 1020), strings.Repeat("k", 1030))
	}
	return w.oneOf("a", "name", "spec", "app.kubernetes.io/name", "x-y", "\"quoted key\"", "'it''s'", "größe", "1", "true", "null", "key with spaces", "a#b", "-a", "~", "<<", "y")
}

func (w *writer) value(indent, depth int) {
	switch n := w.IntN(20); {
	case n < 2:
		w.text(w.tail(), "\n")
		if w.IntN(6) == 0 {
			w.gap(indent + w.IntN(2)*2)
		}
	case n < 7 && depth < 5:
		w.text(w.tail(), "\n")
		if w.IntN(8) == 0 {
			w.gap(indent + 2)
		}
		w.block(indent, depth+1)
	case n < 9:
		w.literal(indent)
	default:
		w.text(strings.Repeat(" ", 1+w.IntN(3)/2), w.inline(0), w.tail(), "\n")
		if w.oddly() {
			w.text(strings.Repeat(" ", w.IntN(indent+4)), w.oneOf("continued", "- x", "# c", "\ttab"), "\n")
		}
	}
}

// block writes a block collection, or now and then a scalar, below a key.
func (w *writer) block(indent, depth int) {
	switch w.IntN(10) {
	case 0, 1, 2, 3:
		w.sequence(indent+w.IntN(3), depth)
	case 4:
		w.text(strings.Repeat(" ", indent+1+w.IntN(3)), w.inline(0), w.tail(), "\n")
	default:
		w.mapping(indent+1+w.IntN(3), depth, false)
	}
}

func (w *writer) sequence(indent, depth int) {
	for n := 1 + w.IntN(3); n > 0; n-- {
		if w.IntN(8) == 0 {
			w.gap(indent)
		}
		at := indent
		if w.oddly() {
			at = max(0, at+w.IntN(5)-2)
		}
		w.text(strings.Repeat(" ", at), "-")
		switch n := w.IntN(12); {
		case n == 0:
			w.text(w.oneOf("", " ", " # c"), "\n")
			if w.IntN(2) == 0 && depth < 5 {
				w.block(indent, depth+1)
			}
		case n < 6 && depth < 5:
			space := 1 + w.IntN(4)/3
			w.text(strings.Repeat(" ", space))
			w.mapping(indent+1+space, depth+1, true)
		case n == 6:
			w.text(" - ", w.inline(0), "\n")
			if w.IntN(2) == 0 {
				w.text(strings.Repeat(" ", indent+2), "- ", w.inline(0), "\n")
			}
		case n == 7:
			w.literal(indent)
		default:
			w.text(" ", w.inline(0), w.tail(), "\n")
		}
	}
}

// tail writes what may follow a value on its line.
func (w *writer) tail() string {
	if w.oddly() {
		return w.oneOf("\t", "\t# c", "#c", " x", " &a", strings.Repeat(" ", 600)+"# far")
	}
	return w.oneOf("", "", "", "", "", "", "", "", "", " # line", "  #", " ", "   # ünï")
}

func (w *writer) literal(indent int) {
	w.text(" ", w.oneOf("|", "|", "|-", "|+", ">", ">-", ">+"), w.oneOf("", "", "", "", " "))
	if w.oddly() {
		w.text(w.oneOf("2", "1", "-2", " # c", "\t"))
	}
	w.text("\n")
	at := indent + 1 + w.IntN(3)
	if w.oddly() {
		at = w.IntN(8)
	}
	for n := w.IntN(5); n >= 0; n-- {
		switch w.IntN(8) {
		case 0:
			w.text("\n")
		case 1:
			w.text(strings.Repeat(" ", w.IntN(indent+5)), "\n")
		case 2:
			w.text(strings.Repeat(" ", at+w.IntN(3)), w.oneOf("  more", "\ttab", "# no comment", "- x", "    "), "\n")
		default:
			w.text(strings.Repeat(" ", at), w.oneOf("text", "sum by (le) (rate(x[5m]))", "a: b", "# c", "---", "größe", "trailing  ", "\"q\""), "\n")
		}
	}
}

// inline writes a value on one line.
func (w *writer) inline(depth int) string {
	if w.oddly() {
		return w.oneOf("&a x", "*a", "!!int 3", "! x", "@x", "`x`", "%x", "\"\\u00e9\"", "\"\\x41\"", "'a\n  b'", "\"a\\\n b\"", "a: b", "- a",
			"? x", ", x", "] x", "|", "\"open", "'open", "\"\\q\"", "a\tb", "\u0085", "a\u2028b", "\ufeff", "\x01", "a\rb", "\xff", "[a", "[a: b]", "{a}", "{a, b}", "[a?b]", "\\", "😀", "\u007f", "\u0090")
	}
	switch n := w.IntN(14); {
	case n == 0 && depth < 4:
		var parts []string
		for range w.IntN(4) {
			parts = append(parts, w.inline(depth+1))
		}
		return "[" + strings.Join(parts, w.oneOf(", ", ",", " , ")) + w.oneOf("", "", "", " ", ",") + "]"
	case n == 1 && depth < 4:
		var parts []string
		for range w.IntN(4) {
			parts = append(parts, w.oneOf("a", "\"b c\"", "'d'", "app.io/x", "é")+w.oneOf(": ", ": ", ": ", ":", ":  ")+w.inline(depth+1))
		}
		return "{" + w.oneOf("", " ") + strings.Join(parts, w.oneOf(", ", ",")) + w.oneOf("", " ") + "}"
	case n < 5:
		return w.oneOf(`""`, `"a b"`, `"# no"`, `"a\nb"`, `"\"q\""`, `"\\"`, `"\t"`, `" lead"`, `"trail "`, `"a: b"`, `''`, `'it''s'`, `'x'`, `'{{ $labels.x }}'`, `"größe"`, "\"a\tb\"", `"1"`, `'null'`, `"\e\a\ "`)
	case n < 9:
		return w.oneOf("1", "0", "-1", "+1", "80", "8080", "1.5", ".5", "1e3", "0x1F", "0o17", "017", "08", "1_000", "-.inf", ".nan", ".", "-", "0b11",
			"true", "True", "false", "yes", "no", "on", "off", "y", "n", "null", "~", "Null", "<<", "9223372036854775807", "18446744073709551615", "99999999999999999999",
			"2026-01-02", "2026-1-2", "2026-01-02T03:04:05Z", "2026-01-02 03:04:05", "2026-13-45", "12:30", "1.2.3", "10m", "2Gi", "30s", "50%", "1,000", "-5d", "0xZZ", "1e", "12e03", "-0", "00", "+", "_1", "0_")
	}
	return w.oneOf("a", "word", "two words", "https://example.com:80/x?y=z#f", "a#b", "a:b", "::", ":8080", "x:", "-a", "--a", "---a", "größe", "日本", "a'b", "a\"b", "a,b", "a]b", "{{ x }}", "a{b}", "a [b]", "*", "nobody", "100 %",
		"sha256:abc", "a - b", "a ? b", "?a", "kubernetes.io/metadata.name", "x  y", "a=b", "$(VAR)", "\\n", strings.Repeat("long ", 300)+"x")
}

// mutated changes a few bytes.
func (w *writer) mutated(text string) string {
	data := []byte(text)
	for n := 1 + w.IntN(3); n > 0 && len(data) > 0; n-- {
		i := w.IntN(len(data))
		switch w.IntN(4) {
		case 0:
			data = append(data[:i], data[i+1:]...)
		case 1:
			piece := w.oneOf(" ", "\n", "#", ":", "- ", "\"", "'", " #", ": ", "[", "]", "{", "}", ",", "\t", "  ", "|\n", "?", "\r\n", "ü", "\n\n", "---\n", "&", "*", "!", "\n# c\n", "%")
			data = append(data[:i], append([]byte(piece), data[i:]...)...)
		case 2:
			data[i] = " \n#:-a\"'"[w.IntN(8)]
		default:
			j := min(len(data), i+w.IntN(12))
			data = append(data[:j], append([]byte(string(data[i:j])), data[j:]...)...)
		}
	}
	return string(data)
}

// TestRandom reads random streams, of which many are odd or broken.
func TestRandom(t *testing.T) {
	runs := streams
	if testing.Short() {
		runs = min(runs, 6_000)
	}
	least := runs / 3
	fast := 0
	for seed := range runs {
		w := &writer{Rand: rand.New(rand.NewPCG(uint64(seed), 7)), odd: []int{0, 0, 15, 60}[seed%4]}
		text := w.stream()
		if seed%8 >= 6 {
			text = w.mutated(text)
		}
		if law(t, []byte(text)) {
			fast++
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if t.Logf("%d of %d streams were read fast", fast, runs); fast < least {
		t.Errorf("only %d of %d streams were read fast, %d are expected", fast, runs, least)
	}
}
