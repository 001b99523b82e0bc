package cli

import (
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

func newRemoveEnvironment(sh *shell) *cobra.Command {
	var flags changeFlags
	cmd := &cobra.Command{
		Use:   "environment NAME",
		Short: "Remove an environment",
		Long: `Environment removes an environment from kgen.yaml, and its folder below
environments. Where delivery is described, it goes there too, together with a
cluster that would run nothing else; the last environment of a delivery is not
removed, because its clusters would be given the rest of the file instead.`,
		Example:           "  kgen remove environment staging\n  kgen remove environment staging --yes",
		Args:              exactly("NAME"),
		ValidArgsFunction: firstEnvironment(sh),
		RunE: sh.verb(&flags, func(f *specfile.File, args []string) (change, error) {
			c, err := spec.RemoveEnvironment(f.Network, args[0])
			return removed("environment "+args[0], c, err)
		}),
	}
	addChange(cmd, sh, &flags)
	return cmd
}

// firstEnvironment offers the environments for the first argument.
func firstEnvironment(sh *shell) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return completeEnvironments(sh)(cmd, args, typed)
	}
}
