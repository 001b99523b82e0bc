package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
)

type generateFlags struct {
	rendering
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

A file that was edited by hand since kgen wrote it is not overwritten: it is
named, and the exit code is 1. Where kgen.yaml has something new to say in that
very file, nothing at all is written until the file is out of the way.

To have templates of your own, keep your copies in .kgen/templates and they are
always used; --templates uses others for one run.`,
		Example: `  kgen generate
  kgen generate --check      # in CI: exit 1 if the manifests are not those of kgen.yaml
  kgen generate --dry-run    # what would be written`,
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
	addRendering(cmd, &flags.rendering)
	addOutput(cmd, sh)
	return cmd
}

func runGenerate(ctx context.Context, sh *shell, flags generateFlags) error {
	r, err := sh.openNearest(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	model, err := r.model()
	if err != nil {
		return err
	}
	s, err := r.step(flags.rendering, model.Network, nil)
	if err != nil {
		return err
	}
	switch {
	case flags.check:
		return sh.check(s)
	case flags.dryRun:
		err = sh.rehearse(s)
	default:
		if err = sh.perform(ctx, s); err == nil {
			sh.say("%s", tally(s.changes, "created", "updated", "deleted"))
		}
	}
	if err != nil {
		return err
	}
	if kept := s.kept(); len(kept) > 0 {
		return &refusal{reasons: kept}
	}
	return nil
}

// check lists what is not in step, and refuses if there is anything.
func (sh *shell) check(s *step) error {
	if err := sh.list(s.listed(), false); err != nil {
		return err
	}
	var found diag.List
	var refused *refusal
	if errors.As(s.refused(), &refused) {
		found = refused.reasons
	}
	found = append(found, s.kept()...)
	if len(s.ops) > 0 {
		found = append(found, diag.Diagnostic{
			Severity: diag.Error, Code: "out-of-step",
			Message: "the files are not what " + modelFile + " makes", Fix: "run kgen generate",
		})
	}
	if len(found) > 0 {
		return &refusal{reasons: found}
	}
	sh.say("%s and %s agree", modelFile, files(s.wanted.Len()))
	return nil
}
