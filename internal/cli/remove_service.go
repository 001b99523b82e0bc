package cli

import (
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

func newRemoveService(sh *shell) *cobra.Command {
	var flags changeFlags
	cmd := &cobra.Command{
		Use:   "service NAME",
		Short: "Remove a service, and the others' calls to it",
		Long: `Service removes a service from kgen.yaml with every call of the others to it and
what environments say of it, deletes its files, and takes it out of its callers'
network policies and of every kustomization.

It tells who called it, which hosts and paths are no longer served or go to
another service, and what nothing calls any more. Objects that a cluster has
already stay there until they are pruned or deleted: kgen writes files only.`,
		Example: `  kgen remove service payments
  kgen remove service payments --dry-run
  kgen remove service payments --yes`,
		Args:              exactly("NAME"),
		ValidArgsFunction: completeServices(sh, nil),
		RunE: sh.verb(&flags, func(f *specfile.File, args []string) (change, error) {
			c, err := spec.RemoveService(f.Network, args[0])
			return removed("service "+args[0], c, err)
		}),
	}
	addChange(cmd, sh, &flags)
	return cmd
}
