package gen

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/scalar"
)

// writeValue writes a value behind the colon of a key that is indented by n
// spaces less two: a scalar on the same line, anything else below it.
func writeValue(n int, v *manifest.Value) (string, error) {
	var p valuePrinter
	p.after(n, *v)
	return p.String(), p.err
}

type valuePrinter struct {
	strings.Builder
	err error
}

func (p *valuePrinter) line(n int, text string) {
	p.WriteByte('\n')
	p.WriteString(strings.Repeat(" ", n))
	p.WriteString(text)
}

// after writes what follows "key:", whose own fields stand at indent n.
func (p *valuePrinter) after(n int, v manifest.Value) {
	switch {
	case v.Kind == manifest.Mapping && len(v.Fields) == 0:
		p.WriteString(" {}")
	case v.Kind == manifest.Sequence && len(v.Items) == 0:
		p.WriteString(" []")
	case v.Kind == manifest.Mapping:
		for _, f := range v.Fields {
			p.line(n, scalar.Word(f.Key)+":")
			p.after(n+2, f.Value)
		}
	case v.Kind == manifest.Sequence:
		// A list stands at the indent of its key.
		for _, item := range v.Items {
			p.line(n-2, "-")
			p.item(n, item)
		}
	default:
		p.WriteByte(' ')
		p.scalar(n, v.Scalar)
	}
}

// item writes what follows a dash, whose own fields stand at indent n.
func (p *valuePrinter) item(n int, v manifest.Value) {
	switch {
	case v.Kind == manifest.Mapping && len(v.Fields) > 0:
		for i, f := range v.Fields {
			if i == 0 {
				p.WriteString(" " + scalar.Word(f.Key) + ":")
			} else {
				p.line(n, scalar.Word(f.Key)+":")
			}
			p.after(n+2, f.Value)
		}
	case v.Kind == manifest.Sequence && len(v.Items) > 0:
		for i, item := range v.Items {
			if i == 0 {
				p.WriteString(" -")
			} else {
				p.line(n, "-")
			}
			p.item(n+2, item)
		}
	default:
		p.after(n, v)
	}
}

func (p *valuePrinter) scalar(n int, v any) {
	switch v := v.(type) {
	case nil:
		p.WriteString("null")
	case string:
		if !foldable(v) {
			p.WriteString(scalar.Text(v))
			return
		}
		text, ended := strings.CutSuffix(v, "\n")
		p.WriteByte('|')
		if !ended {
			p.WriteByte('-')
		}
		for line := range strings.SplitSeq(text, "\n") {
			if line == "" {
				p.WriteByte('\n')
			} else {
				p.line(n, line)
			}
		}
	case bool:
		p.WriteString(strconv.FormatBool(v))
	case int, int64, uint64:
		fmt.Fprint(p, v)
	case float64:
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".eE") {
			text += ".0"
		}
		p.WriteString(text)
	default:
		p.err = fmt.Errorf("a %T cannot be written as a value", v)
	}
}

// foldable reports lines that a literal block gives back as they are.
func foldable(s string) bool {
	text := strings.TrimSuffix(s, "\n")
	return strings.Contains(text, "\n") && !strings.HasPrefix(text, " ") && !strings.HasPrefix(text, "\n") && !strings.HasSuffix(text, "\n") &&
		!strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) })
}
