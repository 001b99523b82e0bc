package cli

import "github.com/spf13/cobra"

func newRename(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rename",
		Short: "Rename in kgen.yaml, and in what follows from it",
		Long: `Rename gives an entry of kgen.yaml another name, and every reference to it,
leaving the rest of the text as it is, and brings the manifests in step.`,
		Example: "  kgen rename service pay payments",
		Args:    unknownCommand,
		RunE:    commandMissing,
	}
	cmd.AddCommand(newRenameService(sh))
	return cmd
}
