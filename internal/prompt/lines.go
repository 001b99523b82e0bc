package prompt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
)

// Lines answers questions from lines of text, one line a question. An empty
// line accepts what is suggested, and after the last line every default holds,
// as it does with Defaults. A line that will not do ends the run: whoever wrote
// it is not there to be asked again. So does a line that is left over: it was
// written for a question that did not come.
//
// Questions and the answers taken are written to out, so that it holds a
// transcript.
type Lines struct {
	// Typed: a person types the lines, and is not expected to end the input.
	Typed bool

	in    *bufio.Scanner
	out   io.Writer
	line  int
	eof   bool
	asked string // the last question
}

// NewLines returns an Asker that reads in and writes its questions to out.
func NewLines(in io.Reader, out io.Writer) *Lines {
	return &Lines{in: bufio.NewScanner(in), out: out}
}

// Text reads the answer from one line.
func (l *Lines) Text(ctx context.Context, q Text) (string, error) {
	return ask(ctx, l, q.Message, q.hint(), func(typed string, given bool) (answer, shown string, err error) {
		if given {
			answer, err = q.settle(typed)
		} else {
			answer, err = q.unanswered()
		}
		if shown = answer; answer == "" && q.Optional {
			shown = none
		}
		return answer, shown, err
	})
}

// longest is the longest list that is written whole: a transcript is to be read.
const longest = 20

// Choose reads values or numbers of options from one line, parted by commas;
// the word none chooses nothing.
func (l *Lines) Choose(ctx context.Context, q Choice) ([]string, error) {
	if _, err := io.WriteString(l.out, q.options()); err != nil {
		return nil, err
	}
	listed := func(values []string) string {
		if len(values) == 0 {
			return none
		}
		return strings.Join(values, ", ")
	}
	return ask(ctx, l, q.Message, listed(q.Default), func(typed string, given bool) ([]string, string, error) {
		chosen, err := q.Default, error(nil)
		if given && strings.TrimSpace(typed) != "" {
			chosen, err = q.choose(typed)
		}
		return chosen, listed(chosen), err
	})
}

// options lists what there is to choose from, or says how many there are and how
// to name them.
func (q Choice) options() string {
	if len(q.Options) > longest {
		how := "write one of these names"
		if q.Many {
			how = "write names, parted by commas"
		}
		return fmt.Sprintf("  %d to choose from, such as %s; %s\n", len(q.Options), strings.Join(q.values()[:3], ", "), how)
	}
	var b strings.Builder
	for i, o := range q.Options {
		about := ""
		if o.About != "" {
			about = " - " + o.About
		}
		fmt.Fprintf(&b, "  %d) %s%s\n", i+1, o.Value, about)
	}
	return b.String()
}

// choose reads options by value or by number, counted from 1. A value that
// looks like a number is taken as the value.
func (q Choice) choose(typed string) ([]string, error) {
	values := q.values()
	taken := make([]bool, len(values))
	words := []string{typed}
	if q.Many {
		words = strings.Split(typed, ",")
	}
	if q.Many && strings.TrimSpace(typed) == none && !slices.Contains(values, none) {
		return nil, nil
	}
	for _, word := range words {
		word = strings.TrimSpace(word)
		i := slices.Index(values, word)
		if i < 0 {
			if n, err := strconv.Atoi(word); err == nil && n >= 1 && n <= len(values) {
				i = n - 1
			}
		}
		if i < 0 {
			if near := diag.Nearest(word, values); near != "" {
				return nil, fmt.Errorf("%q is not on the list, did you mean %s?", word, near)
			}
			return nil, fmt.Errorf("%q is not on the list; answer with names or numbers from 1 to %d", word, len(values))
		}
		taken[i] = true
	}
	var chosen []string
	for i, value := range values {
		if taken[i] {
			chosen = append(chosen, value)
		}
	}
	return chosen, nil
}

// Confirm reads y, yes, n or no from one line.
func (l *Lines) Confirm(ctx context.Context, q YesNo) (bool, error) {
	hint := "y/N"
	if q.Default {
		hint = "Y/n"
	}
	return ask(ctx, l, q.Message, hint, func(typed string, _ bool) (bool, string, error) {
		yes, err := q.Default, error(nil)
		switch strings.ToLower(strings.TrimSpace(typed)) {
		case "":
		case "y", "yes":
			yes = true
		case "n", "no":
			yes = false
		default:
			err = errors.New("is neither y nor n")
		}
		if yes {
			return yes, "yes", err
		}
		return yes, "no", err
	})
}

// blanks is how many empty lines after the last answer are read before what
// follows is taken for nothing but empty lines, as `yes ""` writes them.
const blanks = 1000

// Done reads on to the end and returns the first line that says anything. If
// nothing was asked, nobody need have answers ready, and nothing is read.
func (l *Lines) Done(ctx context.Context) error {
	if l.asked == "" || l.Typed {
		return nil
	}
	for range blanks {
		typed, given, err := l.next(ctx)
		if err != nil || !given {
			return err
		}
		if strings.TrimSpace(typed) != "" {
			return diag.List{{
				File: "answers", Line: l.line, Severity: diag.Error, Code: "surplus",
				Message: fmt.Sprintf("%q was not asked for", typed),
				Fix:     fmt.Sprintf("compare the answers with the questions; the last was %q", l.asked),
			}}
		}
	}
	return nil
}

// ask writes the question, reads a line, and has settle make the answer of it
// and the text that stands for the answer in the transcript. settle is told
// whether there was a line.
func ask[T any](ctx context.Context, l *Lines, message, hint string, settle func(typed string, given bool) (T, string, error)) (T, error) {
	var zero T
	question := message
	if hint != "" {
		question += " [" + hint + "]"
	}
	l.asked = message
	if _, err := fmt.Fprintf(l.out, "%s: ", question); err != nil {
		return zero, err
	}
	typed, given, err := l.next(ctx)
	if err != nil {
		return zero, err
	}
	answer, shown, err := settle(typed, given)
	if _, werr := fmt.Fprintln(l.out, shown); werr != nil {
		return zero, werr
	}
	switch {
	case errors.Is(err, ErrUnanswered):
		return zero, ErrUnanswered
	case err != nil && !given:
		return zero, fmt.Errorf("%s: the default will not do: %w", message, err)
	case err != nil:
		return zero, fmt.Errorf("answers:%d: %s: %q: %w", l.line, message, typed, err)
	}
	return answer, nil
}

// next reads a line; given is false after the last.
func (l *Lines) next(ctx context.Context) (line string, given bool, err error) {
	if l.eof {
		return "", false, nil
	}
	more, err := await(ctx, func() (bool, error) { return l.in.Scan(), l.in.Err() })
	switch {
	case errors.Is(err, ErrInterrupted):
		return "", false, err
	case err != nil:
		return "", false, fmt.Errorf("answers:%d: reading the line: %w", l.line+1, err)
	}
	l.eof = !more
	if more {
		l.line++
	}
	return l.in.Text(), more, nil
}
