package audit

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
)

// Format is a way to print a result.
type Format string

const (
	Text   Format = "text"   // for people: by file, with the line and a caret
	JSON   Format = "json"   // one document, see document
	SARIF  Format = "sarif"  // 2.1.0, for code scanning
	JUnit  Format = "junit"  // XML, one case a rule
	GitHub Format = "github" // workflow commands, which annotate a pull request
)

// Formats are all of them.
var Formats = []Format{Text, JSON, SARIF, JUnit, GitHub}

// Printing says how a result is printed.
type Printing struct {
	Colour bool
	// Line gives a line of a file (from 1) for the text, false where there is none.
	Line func(file string, line int) (string, bool)
	// Checklist adds the guide's items to the text.
	Checklist bool
	// Version is kgen's, for SARIF.
	Version string
}

// Write prints the result.
func (r *Result) Write(w io.Writer, f Format, p Printing) error {
	switch f {
	case JSON:
		return r.writeJSON(w)
	case SARIF:
		return r.writeSARIF(w, p)
	case JUnit:
		return r.writeJUnit(w)
	case GitHub:
		return r.writeGitHub(w)
	}
	var b bytes.Buffer
	r.writeText(&b, p)
	_, err := w.Write(b.Bytes())
	return err
}

// Count is how many findings of a severity there are that are not suppressed.
func (r *Result) Count(s diag.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s && f.Suppressed == nil {
			n++
		}
	}
	return n
}

// SuppressedCount is how many findings are taken for granted.
func (r *Result) SuppressedCount() int {
	n := 0
	for _, f := range r.Findings {
		if f.Suppressed != nil {
			n++
		}
	}
	return n
}

type colours struct{ on bool }

func (c colours) paint(code, s string) string {
	if !c.on || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (c colours) severity(s diag.Severity) string {
	if s == diag.Error {
		return c.paint("31", string(s))
	}
	return c.paint("33", string(s))
}

// writeText prints findings by file, each with its line and a caret below it,
// then what was not checked, then the sums.
func (r *Result) writeText(b *bytes.Buffer, p Printing) {
	c := colours{p.Colour}
	file, first := "", true
	for i := range r.Findings {
		f := &r.Findings[i]
		if f.Suppressed != nil {
			continue
		}
		if f.File != file || first {
			if !first {
				b.WriteByte('\n')
			}
			fmt.Fprintf(b, "%s\n", c.paint("1", printable(cmp.Or(f.File, "(no file)"))))
			file, first = f.File, false
		}
		r.writeFinding(b, f, p, c)
	}
	if p.Checklist {
		r.writeChecklist(b, c)
	}
	if skipped := r.skippedByRule(); len(skipped) > 0 {
		if !first || p.Checklist {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "%s\n", c.paint("1", "not checked"))
		for _, s := range skipped {
			fmt.Fprintf(b, "  %s  %s\n", s.rules, printable(s.why))
		}
	}
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "%s\n", r.Summary())
}

// Summary is the result in a line.
func (r *Result) Summary() string {
	plural := func(n int, word string) string {
		if n == 1 {
			return fmt.Sprintf("1 %s", word)
		}
		return fmt.Sprintf("%d %ss", n, word)
	}
	out := []string{plural(r.Count(diag.Error), "error"), plural(r.Count(diag.Warning), "warning")}
	if n := r.SuppressedCount(); n > 0 {
		out = append(out, fmt.Sprintf("%d suppressed", n))
	}
	idle := map[*Rule]bool{}
	for _, s := range r.Skipped {
		if s.What == "" {
			idle[s.Rule] = true
		}
	}
	return fmt.Sprintf("%s; %s checked, %d not", strings.Join(out, ", "), plural(len(r.Ran)-len(idle), "rule"), len(idle))
}

func (r *Result) writeFinding(b *bytes.Buffer, f *Finding, p Printing, c colours) {
	at := "-"
	if f.Line > 0 {
		at = fmt.Sprintf("%d:%d", f.Line, max(f.Column, 1))
	}
	fmt.Fprintf(b, "  %s %s %s  %s\n", c.paint("2", at), c.severity(f.Severity), c.paint("1", f.Rule.ID), printable(f.Message))
	if p.Line != nil && f.Line > 0 {
		if text, ok := p.Line(f.File, f.Line); ok {
			writeCaret(b, text, f.Line, f.Column, c)
		}
	}
	for _, rel := range f.Related {
		fmt.Fprintf(b, "    %s %s\n", c.paint("2", printable(rel.Position.String())+":"), printable(rel.Message))
	}
	if f.Fix != "" {
		fmt.Fprintf(b, "    %s %s\n", c.paint("36", "fix:"), strings.ReplaceAll(printable(strings.ReplaceAll(f.Fix, "\n", "\x00")), "\\x00", "\n         "))
	}
}

// longestLine is what is shown of a line; YAML that a machine wrote may have
// megabytes in one.
const longestLine = 160

// writeCaret prints a source line and a caret below the column (from 1, in runes).
func writeCaret(b *bytes.Buffer, text string, line, column int, c colours) {
	runes := []rune(strings.TrimRight(text, "\r\n"))
	start := 0
	if column > longestLine-20 {
		start = min(column-longestLine/2, len(runes))
	}
	shown := runes[start:min(len(runes), start+longestLine)]
	number := fmt.Sprintf("%6d", line)
	fmt.Fprintf(b, "%s %s %s\n", c.paint("2", number), c.paint("2", "|"), printable(strings.ReplaceAll(string(shown), "\t", " ")))
	if column < 1 {
		return
	}
	pad := 0
	for _, r := range shown[:min(column-1-start, len(shown))] {
		pad += len([]rune(printable(strings.ReplaceAll(string(r), "\t", " "))))
	}
	fmt.Fprintf(b, "%s %s %s%s\n", strings.Repeat(" ", len(number)), c.paint("2", "|"), strings.Repeat(" ", pad), c.paint("31", "^"))
}

// skipped is what was not checked for one reason.
type skipped struct{ rules, why string }

// skippedByRule puts together what was not checked for the same reason.
func (r *Result) skippedByRule() []skipped {
	var reasons []string
	rules, things := map[string][]string{}, map[string][]string{}
	for _, s := range r.Skipped {
		if !slices.Contains(reasons, s.Why) {
			reasons = append(reasons, s.Why)
		}
		if !slices.Contains(rules[s.Why], s.Rule.ID) {
			rules[s.Why] = append(rules[s.Why], s.Rule.ID)
		}
		if s.What != "" && !slices.Contains(things[s.Why], s.What) {
			things[s.Why] = append(things[s.Why], s.What)
		}
	}
	var out []skipped
	const some = 4
	for _, why := range reasons {
		text := why
		if what := things[why]; len(what) > 0 {
			more := ""
			if len(what) > some {
				more = fmt.Sprintf(" and %d more", len(what)-some)
				what = what[:some]
			}
			text = strings.Join(what, ", ") + more + ": " + why
		}
		out = append(out, skipped{strings.Join(rules[why], " "), text})
	}
	return out
}

func (r *Result) writeChecklist(b *bytes.Buffer, c colours) {
	if b.Len() > 0 {
		b.WriteByte('\n')
	}
	fmt.Fprintf(b, "%s\n", c.paint("1", "checklist"))
	for _, e := range r.Checklist() {
		mark := map[State]string{Satisfied: c.paint("32", "ok"), Violated: c.paint("31", "no"), NotChecked: c.paint("2", "? ")}[e.State]
		fmt.Fprintf(b, "  %s  %-3s  %s: %s\n", mark, e.ID, e.Title, e.because())
	}
}

// because says by what an item is satisfied, or violated where.
func (e *Entry) because() string {
	switch e.State {
	case Satisfied:
		text := "satisfied, by " + rulesText(e.By)
		if e.Pitfall {
			text = "avoided, by " + rulesText(e.By)
		}
		if n := len(e.Suppressed); n > 0 {
			text += fmt.Sprintf("; %d suppressed", n)
		}
		if len(e.Idle) > 0 {
			text += "; nothing to look at for " + rulesText(e.Idle)
		}
		return text
	case Violated:
		var at []string
		for _, f := range e.Findings {
			if where := f.Rule.ID + " " + f.Position.String(); !slices.Contains(at, where) {
				at = append(at, where)
			}
		}
		if len(at) > 3 {
			at = append(at[:3], fmt.Sprintf("and %d more", len(e.Findings)-3))
		}
		return "violated: " + strings.Join(at, ", ")
	}
	if len(e.By) > 0 {
		return "not checked: only its edges, by " + rulesText(e.By)
	}
	return "not checked: nothing to look at"
}

func rulesText(rules []*Rule) string {
	var out []string
	for _, r := range rules {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

// printable shows what a terminal would act on as its escape.
func printable(s string) string { return diag.Printable(s) }
