package cli

import (
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

func newRenameService(sh *shell) *cobra.Command {
	var flags changeFlags
	var keepLabels bool
	cmd := &cobra.Command{
		Use:   "service OLD NEW",
		Short: "Rename a service, and every reference to it",
		Long: `Service renames a service in kgen.yaml: its entry, the calls of the others to it,
and what environments say of it. Its files follow, with whatever you have edited in them.

The name is also what callers resolve, so they have to be told. And unless
podLabels and serviceAccount say otherwise, the pods are selected by the label
app: NEW and run as the ServiceAccount NEW from then on. To keep the pods that
run, --keep-labels writes the old label and the old ServiceAccount into kgen.yaml.`,
		Example:           "  kgen rename service pay payments\n  kgen rename service pay payments --keep-labels --yes",
		Args:              exactly("OLD", "NEW"),
		ValidArgsFunction: completeServices(sh, nil),
		RunE: sh.verb(&flags, func(f *specfile.File, args []string) (change, error) {
			out, err := changed(spec.RenameService(f.Network, args[0], args[1], keepLabels))
			out.Renames = map[string]string{args[0]: args[1]}
			return out, err
		}),
	}
	cmd.Flags().BoolVar(&keepLabels, "keep-labels", false, "keep the label and the ServiceAccount of the pods that run")
	addChange(cmd, sh, &flags)
	cmd.Flags().SortFlags = false
	return cmd
}
