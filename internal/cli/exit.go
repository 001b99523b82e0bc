package cli

import (
	"context"
	"errors"
	"fmt"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/txn"
)

// The exit codes; exitCodesTopic says what they mean to a caller.
const (
	exitDone        = 0
	exitRefused     = 1
	exitBadInput    = 2
	exitInterrupted = 130
)

// A refusal ends a run with 1: nothing is wrong with what was given, but the
// folder is not in the state that was asked for, for the reasons listed.
type refusal struct {
	reasons diag.List
	note    string // what that means for the run, or empty
}

func (r *refusal) Error() string { return r.reasons.Error() }

// refuse is a refusal for one reason that stands at no particular file.
func refuse(fact, fix string) error {
	return &refusal{reasons: diag.List{{Severity: diag.Error, Code: "refused", Message: fact, Fix: fix}}}
}

// findings is what an error has to say, one entry a fact.
func findings(err error) diag.List {
	var refused *refusal
	var list diag.List
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused):
		return refused.reasons
	case errors.As(err, &list):
		return list
	}
	return diag.List{{Severity: diag.Error, Message: err.Error()}}
}

// finish prints the error that a run ended with, if any, and what is still to
// be reported, and gives the exit code. It is the only place that prints errors.
func (sh *shell) finish(ctx context.Context, err error) int {
	code := exitDone
	var refused *refusal
	var obstacle *txn.Obstacle
	note := ""
	switch {
	case err == nil:
	case errors.Is(err, prompt.ErrInterrupted), errors.Is(err, context.Canceled) && ctx.Err() != nil:
		code = exitInterrupted
		err = diag.List{{Severity: diag.Error, Code: "interrupted", Message: "interrupted; nothing was written"}}
	case errors.As(err, &refused):
		code, note = exitRefused, refused.note
	case errors.As(err, &obstacle):
		code = exitRefused
	default:
		code = exitBadInput
	}
	list := findings(err)
	for _, d := range list {
		fmt.Fprintln(sh.Err, line(d))
	}
	if n := len(list.Errors()); n > 1 {
		fmt.Fprintf(sh.Err, "kgen: %d errors\n", n)
	}
	if note != "" {
		fmt.Fprintf(sh.Err, "kgen: %s\n", note)
	}
	if perr := sh.report.print(sh, list); perr != nil && code == exitDone {
		fmt.Fprintf(sh.Err, "kgen: %v\n", perr)
		code = exitBadInput
	}
	return code
}

// line gives a finding as it is printed: those about a file begin with its
// place, for editors to jump to, the others with the program's name.
func line(d diag.Diagnostic) string {
	if d.File == "" {
		return "kgen: " + d.String()
	}
	return d.String()
}

// say prints talk: what a person wants to know and a script does not. Findings
// are no talk.
func (sh *shell) say(format string, args ...any) {
	if !sh.quiet {
		fmt.Fprintf(sh.Err, format+"\n", args...)
	}
}

// warn tells of findings that do not stop the run.
func (sh *shell) warn(list diag.List) {
	sh.report.warnings = append(sh.report.warnings, list...)
	for _, d := range list {
		fmt.Fprintln(sh.Err, line(d))
	}
}
