package cli

import (
	"context"
	"fmt"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/txn"
)

// perform carries a step out, whole or not at all, and lists what it did.
func (sh *shell) perform(ctx context.Context, s *step) error {
	if err := s.refused(); err != nil {
		sh.record(s.changes, false)
		return err
	}
	if err := txn.Apply(ctx, s.repo.dir, s.ops); err != nil {
		return err
	}
	return sh.list(s.changes, len(s.ops) > 0)
}

// rehearse lists what carrying a step out would do.
func (sh *shell) rehearse(s *step) error {
	if err := s.refused(); err != nil {
		sh.record(s.changes, false)
		return err
	}
	if err := sh.list(s.changes, false); err != nil {
		return err
	}
	sh.say("%s; nothing was written", tally(s.changes, "to create", "to update", "to delete"))
	return nil
}

// tally counts what is written: "3 files created, 1 updated".
func tally(changes []plan.Change, created, updated, deleted string) string {
	counts := map[plan.Action]int{}
	for _, c := range changes {
		counts[c.Action]++
	}
	text := ""
	for _, kind := range []struct {
		action plan.Action
		did    string
	}{{plan.Create, created}, {plan.Update, updated}, {plan.Delete, deleted}} {
		n := counts[kind.action]
		switch {
		case n == 0:
		case text == "":
			text = fmt.Sprintf("%s %s", files(n), kind.did)
		default:
			text += fmt.Sprintf(", %d %s", n, kind.did)
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

// downgrade makes warnings of findings that do not stop a run.
func downgrade(list diag.List) diag.List {
	out := make(diag.List, len(list))
	for i, d := range list {
		d.Severity = diag.Warning
		out[i] = d
	}
	return out
}
