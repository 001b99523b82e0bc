package cli

import (
	"github.com/spf13/cobra"
)

func newAdd(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "add",
		Short:   "Add to kgen.yaml, and write what follows from it",
		Long:    "Add extends kgen.yaml, leaving the rest of its text as it is, and brings the manifests in step.",
		Example: "  kgen add service payments --port 8080 --called-by checkout\n  kgen add environment staging --namespace shop-staging --domain staging.example.com",
		Args:    unknownCommand,
		RunE:    commandMissing,
	}
	cmd.AddCommand(newAddService(sh), newAddEnvironment(sh))
	return cmd
}
