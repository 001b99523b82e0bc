package cli

import (
	"context"

	"github.com/spf13/cobra"
)

func newRecover(sh *shell) *cobra.Command {
	return &cobra.Command{
		Use:   "recover",
		Short: "Finish or take back what a killed run left half done",
		Long: `Recover puts a repository right after a run that was killed, or that lost its
disk, while it was writing: a run that had everything ready is finished, any
other is taken back. Every command that works on a repository does this first;
recover does only this.`,
		Example: "  kgen recover",
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runRecover(cmd.Context(), sh)
		},
	}
}

func runRecover(ctx context.Context, sh *shell) error {
	r, err := sh.openNearest(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if !r.recovered {
		sh.say("no run was interrupted: there is nothing to recover in %s", sh.shown(r.dir))
	}
	return nil
}
