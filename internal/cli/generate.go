package cli

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/plan"
)

type generateFlags struct {
	writing
	check  bool
	dryRun bool
}

func newGenerate(sh *shell) *cobra.Command {
	var flags generateFlags
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Bring the manifests in step with kgen.yaml",
		Long: `Generate renders kgen.yaml again after it was edited, writes the files that
differ, removes those that nothing makes any more, and lists what it did.

A file that was edited by hand keeps its edits: what kgen has to say anew is
merged into it, line by line. Where you and kgen have changed the same lines,
nothing at all is written, the lines are named, and the exit code is 1; then
--conflict says whose lines to take. A file that you have deleted stays so, out
of its kustomization as well, until --restore brings it back; one that is not
needed any more but was edited stays and is named.

After a git merge that left conflicts, generate settles those in its own files,
and in kgen.yaml where both branches have added to it.

To have templates of your own, keep your copies in .kgen/templates and they are
always used; --templates uses others for one run.`,
		Example: `  kgen generate
  kgen generate --check      # in CI: exit 1 if the manifests are not those of kgen.yaml
  kgen generate --dry-run    # what would be written; kgen diff shows the lines
  kgen generate --restore monitoring/alerts`,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := flagsExclude(cmd, "check", "dry-run"); err != nil {
				return err
			}
			return runGenerate(cmd.Context(), sh, flags)
		},
	}
	cmd.Flags().BoolVar(&flags.check, "check", false, "write nothing, and exit with 1 if there is anything to do")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "write nothing, and list what would be written")
	cmd.Flags().StringArrayVar(&flags.restore, "restore", nil, "write `PATH` again, a file or a folder of files that you have deleted; may be repeated")
	addWriting(cmd, &flags.writing)
	addOutput(cmd, sh)
	return cmd
}

func runGenerate(ctx context.Context, sh *shell, flags generateFlags) error {
	open := sh.openNearest
	if flags.check || flags.dryRun {
		open = sh.openToRead
	}
	r, err := open(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if slices.Contains(flags.restore, "") {
		return errors.New("--restore is empty: name a file or a folder, or . for all")
	}
	only, err := r.selection(flags.restore)
	if err != nil {
		return err
	}
	flags.restore = only.restore
	s, err := r.generation(ctx, flags.writing)
	if err != nil {
		return err
	}
	switch {
	case flags.check:
		return sh.check(s)
	case flags.dryRun:
		return sh.rehearse(s)
	}
	if err := sh.perform(ctx, s); err != nil {
		return err
	}
	if text := s.elsewhere(); text != "" {
		sh.say("%s", text)
	}
	sh.say("%s", tally(s.plan, past))
	return nil
}

// generation is the step that brings everything in step with kgen.yaml.
func (r *repo) generation(ctx context.Context, flags writing) (*step, error) {
	model, settled, err := r.settledModel(ctx)
	if err != nil {
		return nil, err
	}
	s, err := r.step(ctx, flags, nil, model.Network, settled)
	if err != nil {
		return nil, err
	}
	if settled == nil {
		s.text = model.Data
	}
	var list diag.List
	for i, name := range flags.restore {
		only := writing{restore: flags.restore[i : i+1]}
		edited := ""
		if !s.touches(func(c plan.Change) bool {
			if c.Path == name && (c.Action == plan.Keep || c.Action == plan.Merge || c.Action == plan.Conflict) {
				edited = c.Path
			}
			return only.restores(c.Path)
		}) {
			list = append(list, diag.Diagnostic{Severity: diag.Error, Code: "usage",
				Message: "--restore " + name + ": kgen makes no such file", Fix: "name it as kgen status --all does"})
		}
		if edited != "" {
			list = append(list, diag.Diagnostic{Severity: diag.Error, Code: "usage",
				Message: "--restore " + name + ": it is there, with what you have made of it", Fix: "kgen diff --edits shows that; delete the file first if it may go"})
		}
	}
	return s, list.Err()
}

// touches reports whether the step is about a file.
func (s *step) touches(file func(plan.Change) bool) bool {
	for _, c := range s.plan.Changes {
		if file(c) {
			return true
		}
	}
	return false
}

// check lists what is not in step, and refuses if there is anything.
func (sh *shell) check(s *step) error {
	if err := sh.list(s.listed(), false); err != nil {
		return err
	}
	sh.warn(s.stale())
	found := append(s.broken(), s.misfits()...)
	for i := range found {
		found[i].Severity = diag.Error
	}
	var refused *refusal
	if errors.As(s.refused(), &refused) {
		found = append(found, refused.reasons...)
	}
	if len(s.plan.Writes()) > 0 {
		found = append(found, diag.Diagnostic{
			Severity: diag.Error, Code: "out-of-step",
			Message: "the files are not what " + modelFile + " makes", Fix: "run kgen generate",
		})
	}
	if len(found) > 0 {
		return &refusal{reasons: found}
	}
	sh.say("%s and %s agree", modelFile, files(s.made))
	return nil
}
