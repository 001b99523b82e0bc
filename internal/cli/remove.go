package cli

import "github.com/spf13/cobra"

func newRemove(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "Remove from kgen.yaml, and delete what follows from it",
		Long: `Remove takes an entry out of kgen.yaml, with the comments that belong to it and
nothing else of the text, and brings the manifests in step: files that nothing
makes any more go.

What goes is shown first. On a terminal it is asked for; elsewhere --yes has to
say that it is meant. A file that was edited by hand is kept and named.`,
		Example: "  kgen remove service payments --dry-run\n  kgen remove environment staging --yes",
		Args:    unknownCommand,
		RunE:    commandMissing,
	}
	cmd.AddCommand(newRemoveService(sh), newRemoveEnvironment(sh))
	return cmd
}
