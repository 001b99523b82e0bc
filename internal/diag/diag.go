// Package diag holds what kgen has to say about a place in a file: where it
// is, what is the matter, and the way out. It is the one form in which every
// other package reports bad input, so that all findings of a run can be
// collected, sorted and printed together.
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Severity says whether a finding stops the run.
type Severity string

const (
	// Error stops the run before anything is written.
	Error Severity = "error"
	// Warning is printed; the run goes on.
	Warning Severity = "warning"
)

// Diagnostic is one finding about one place.
type Diagnostic struct {
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`   // 1-based; 0 if unknown
	Column   int      `json:"column,omitempty"` // 1-based, in runes; 0 if unknown
	Path     string   `json:"path,omitempty"`   // services[1].canary.weight; relative to spec
	Severity Severity `json:"severity"`
	Code     string   `json:"code,omitempty"` // stable, for machines: "unknown-key"
	Message  string   `json:"message"`        // the fact
	Fix      string   `json:"fix,omitempty"`  // the way out
}

// String gives the finding on one line, in the form that compilers use and
// editors jump to: file:line:column: path: message; fix.
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.File != "" {
		b.WriteString(d.File)
		if d.Line > 0 {
			fmt.Fprintf(&b, ":%d", d.Line)
			if d.Column > 0 {
				fmt.Fprintf(&b, ":%d", d.Column)
			}
		}
		b.WriteString(": ")
	}
	if d.Severity == Warning {
		b.WriteString("warning: ")
	}
	if d.Path != "" {
		b.WriteString(d.Path)
		b.WriteString(": ")
	}
	b.WriteString(d.Message)
	if d.Fix != "" {
		b.WriteString("; ")
		b.WriteString(d.Fix)
	}
	return Printable(b.String())
}

// Printable shows what a terminal would act on, or an editor hide, as its
// escape: a finding quotes what stands in a file, and stays on its line.
func Printable(s string) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if !strings.ContainsFunc(s, odd) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if odd(r) {
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// List is any number of findings. As an error it prints one a line.
type List []Diagnostic

// Errorf appends an error at a model path.
func (l *List) Errorf(path, code, fix, format string, args ...any) {
	*l = append(*l, Diagnostic{Path: path, Severity: Error, Code: code, Fix: fix, Message: fmt.Sprintf(format, args...)})
}

// Warnf appends a warning at a model path.
func (l *List) Warnf(path, code, fix, format string, args ...any) {
	*l = append(*l, Diagnostic{Path: path, Severity: Warning, Code: code, Fix: fix, Message: fmt.Sprintf(format, args...)})
}

// Error implements error: every finding on a line of its own.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, d := range l {
		lines[i] = d.String()
	}
	return strings.Join(lines, "\n")
}

// Errors gives only the findings that stop the run.
func (l List) Errors() List { return l.with(Error) }

// Warnings gives only the findings that do not.
func (l List) Warnings() List { return l.with(Warning) }

func (l List) with(s Severity) List {
	var out List
	for _, d := range l {
		if d.Severity == s {
			out = append(out, d)
		}
	}
	return out
}

// Err is nil when no finding is an error, otherwise the errors.
func (l List) Err() error {
	if errs := l.Errors(); len(errs) > 0 {
		return errs
	}
	return nil
}

// Sort orders the findings by file, line, column, path and message.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Diagnostic) int {
		return cmp.Or(
			strings.Compare(a.File, b.File),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
			strings.Compare(a.Path, b.Path),
			strings.Compare(a.Message, b.Message),
		)
	})
}

// Nearest returns the candidate closest to word by edit distance, or "" when
// none is near enough to be a likely misspelling: a third of its letters may be
// wrong, one of a short word, and not all of it.
func Nearest(word string, candidates []string) string {
	best, bestDistance := "", min(max(1, (len(word)+1)/3)+1, max(1, len(word)))
	for _, c := range candidates {
		if strings.EqualFold(c, word) {
			return c
		}
		// The lengths alone already tell most of the strangers.
		if d := len(c) - len(word); d >= bestDistance || -d >= bestDistance {
			continue
		}
		if d := distance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the optimal-string-alignment distance: insertions, deletions,
// substitutions and swaps of neighbours each cost one.
func distance(a, b string) int {
	prev2, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}
