package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

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
	err := sh.during(fmt.Sprintf("writing %s", files(len(s.ops))), func() error {
		return txn.Apply(ctx, s.repo.dir, s.ops)
	})
	if err != nil {
		return s.overtaken(err)
	}
	if err := sh.list(s.changes, len(s.ops) > 0); err != nil {
		return err
	}
	if s.own != nil && !s.own.kept {
		sh.say("the templates in %s were used for this run alone, and the next plain run goes back; %s", s.own.dir, keepTemplates)
	}
	return nil
}

// overtaken makes a refusal of an error of Apply if the reason is that somebody
// has saved a file since kgen read it. After a run that could not be taken back
// the files are as that run left them, which the error tells.
func (s *step) overtaken(failed error) error {
	root, err := os.OpenRoot(s.repo.dir)
	if err != nil {
		return failed
	}
	defer root.Close()
	if _, err := root.Lstat(journalFile); !errors.Is(err, fs.ErrNotExist) {
		return failed
	}
	paths := make([]string, len(s.ops))
	for i, op := range s.ops {
		paths[i] = op.Path
	}
	now, _, err := txn.Read(root, paths)
	if err != nil {
		return failed
	}
	var list diag.List
	for _, op := range s.ops {
		data, exists := now[op.Path]
		if op.Seen != nil && (op.Seen.Exists != exists || !bytes.Equal(op.Seen.Data, data)) {
			list = append(list, diag.Diagnostic{
				File: s.at(op.Path), Severity: diag.Error, Code: "changed",
				Message: "has changed since kgen read it", Fix: "run again to take the change into account",
			})
		}
	}
	if len(list) == 0 {
		return failed
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
	if err := s.refused(); err != nil {
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
