package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/txn"
)

// perform carries a step out, whole or not at all, and lists what it did.
func (sh *shell) perform(ctx context.Context, s *step) error {
	if err := s.refused(); err != nil {
		sh.record(s.listed(), false)
		return err
	}
	ops := s.plan.Ops()
	err := sh.during(fmt.Sprintf("writing %s", files(len(ops))), func() error {
		return txn.Apply(ctx, s.repo.dir, ops)
	})
	if err != nil {
		return s.overtaken(err)
	}
	s.repo.remember(s)
	if err := sh.list(s.listed(), len(ops) > 0); err != nil {
		return err
	}
	s.sayKept()
	sh.warn(s.doubts())
	sh.sayFollows(s)
	if s.own != nil && !s.own.kept {
		sh.say("the templates in %s were used for this run alone, and the next plain run goes back; %s", s.own.dir, keepTemplates)
	}
	return nil
}

// overtaken makes a refusal of an error of Apply if the reason is that somebody
// has saved a file since kgen read it. After a run that could not be taken back
// the files are as that run left them, which the error tells.
func (s *step) overtaken(failed error) error {
	var changed *txn.Changed
	if !errors.As(failed, &changed) {
		return failed
	}
	var list diag.List
	for _, path := range changed.Paths {
		list = append(list, diag.Diagnostic{
			File: s.at(path), Severity: diag.Error, Code: "changed",
			Message: "has changed since kgen read it", Fix: "run again to take the change into account",
		})
	}
	list.Sort()
	return &refusal{reasons: list, note: "nothing was written"}
}

// rehearse lists what carrying a step out would do, and then why it cannot be
// carried out, if so.
func (sh *shell) rehearse(s *step) error {
	if err := sh.list(s.listed(), false); err != nil {
		return err
	}
	s.sayKept()
	if err := s.refused(); err != nil {
		return err
	}
	sh.warn(s.doubts())
	sh.sayFollows(s)
	sh.say("%s; nothing was written", tally(s.plan, planned))
	return nil
}

// doubts are the warnings about what a person has made of the files.
func (s *step) doubts() diag.List {
	return slices.Concat(s.stale(), s.broken(), s.misfits(), s.lacking())
}

// sayKept counts what a verb leaves as a person has it; kgen generate and kgen
// status name it.
func (s *step) sayKept() {
	if n := len(s.plan.With(plan.Keep, plan.Missing, plan.Orphaned)); s.verb && n > 0 {
		stay := "stay as you have made them; kgen status names them"
		if n == 1 {
			stay = "stays as you have made it; kgen status names it"
		}
		s.repo.sh.say("%s %s", files(n), stay)
	}
}

// A tense is how the actions that write are told.
type tense map[plan.Action]string

var (
	past    = tense{plan.Create: "created", plan.Update: "updated", plan.Merge: "merged", plan.Delete: "deleted"}
	planned = tense{plan.Create: "to create", plan.Update: "to update", plan.Merge: "to merge", plan.Delete: "to delete"}
)

// tally counts what is written: "3 files created, 1 updated".
func tally(p *plan.Plan, t tense) string {
	text := ""
	for _, action := range []plan.Action{plan.Create, plan.Update, plan.Merge, plan.Delete} {
		n := len(p.With(action))
		switch {
		case n == 0:
		case text == "":
			text = fmt.Sprintf("%s %s", files(n), t[action])
		default:
			text += fmt.Sprintf(", %d %s", n, t[action])
		}
	}
	if text == "" {
		return "there is nothing to do"
	}
	return text
}

func files(n int) string {
	if n == 1 {
		return "1 file"
	}
	return fmt.Sprintf("%d files", n)
}
