package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

// changeFlags are the flags of every command that changes kgen.yaml and asks
// nothing but for agreement.
type changeFlags struct {
	writing
	yes    bool
	dryRun bool
}

func addChange(cmd *cobra.Command, sh *shell, flags *changeFlags) {
	cmd.Flags().BoolVar(&flags.yes, "yes", false, "write without confirmation")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "write nothing, and list what would be written")
	addWriting(cmd, &flags.writing)
	addOutput(cmd, sh)
}

// A change is what a command makes of the model.
type change struct {
	// Network is the new model.
	Network *spec.Network
	// Notes are what follows from the change elsewhere: shown before it is
	// agreed to, and after it is made.
	Notes []string
	// Removes is what cannot be had back from kgen, such as "service web"; it is
	// agreed to by a person or by --yes. Empty where nothing is lost.
	Removes string
	// Renames are services, old name to new: a person's edits of their files go with them.
	Renames map[string]string
}

// change is the way of every command that changes kgen.yaml: the model's new
// text, the files that follow from it, agreement, and one write of all of it.
func (sh *shell) change(ctx context.Context, flags changeFlags, verb func(*specfile.File) (change, error)) error {
	sh.report.brief = true
	r, err := sh.openNearest(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	before, err := r.model()
	if err != nil {
		return err
	}
	what, err := verb(before)
	if err != nil {
		return err
	}
	model, err := r.rewrite(before, what.Network)
	if err != nil {
		return err
	}
	flags.renames = what.Renames
	s, err := r.step(ctx, flags.writing, before, model.Network, model.Data)
	if err != nil {
		return err
	}
	if flags.dryRun {
		sh.note(what.Notes)
		return sh.rehearse(s)
	}
	asked := sh.interactive() && !flags.yes
	switch {
	case asked:
		if err := sh.agree(ctx, s, what); err != nil {
			return err
		}
	case what.Removes != "" && !flags.yes:
		sh.record(s.listed(), false)
		return diag.List{{
			Severity: diag.Error, Code: "usage", Message: fmt.Sprintf("%s is removed only with your agreement, and there is no terminal to ask at", what.Removes),
			Fix: "add --yes; --dry-run shows what goes",
		}}
	}
	if err := sh.perform(ctx, s); err != nil {
		return err
	}
	if !asked {
		sh.note(what.Notes)
	}
	sh.say("%s", tally(s.plan, past))
	return nil
}

// rewrite gives kgen.yaml the text that means another model. What is wrong with
// that model is about the command, not about a line that nobody has seen.
func (r *repo) rewrite(before *specfile.File, want *spec.Network) (*specfile.File, error) {
	model, errs, err := before.Changed(want)
	if err != nil {
		return nil, err
	}
	if len(errs) > 0 {
		return nil, unplaced(errs)
	}
	r.sh.warn(newIn(model.Warnings, before.Warnings))
	return model, nil
}

// note says what follows from a change.
func (sh *shell) note(notes []string) {
	sh.report.notes = notes
	for _, n := range notes {
		sh.say("%s", n)
	}
}

// agree shows a person at the terminal what follows from a change, and asks.
func (sh *shell) agree(ctx context.Context, s *step, what change) error {
	sh.report.notes = what.Notes
	return sh.confirm(ctx, proposal{
		step: s, summary: strings.Join(what.Notes, "\n"), again: "nothing has changed", careful: what.Removes != "",
	})
}
