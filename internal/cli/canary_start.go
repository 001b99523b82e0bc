package cli

import (
	"strconv"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

type canaryStartFlags struct {
	changeFlags
	words
	version, stable string
	weight          spec.Percent
}

func newCanaryStart(sh *shell) *cobra.Command {
	flags := canaryStartFlags{weight: spec.FirstWeight}
	cmd := &cobra.Command{
		Use:   "start NAME --version VERSION",
		Short: "Let a new version take its first share of the requests",
		Long: `Start splits the requests to a service between its stable version and a new one.
Pods say in the label version which of the two they are, so they have to carry it
before the manifests are applied: those of the new version, and the first time
also those that run already.

The stable version is the one that the service is pinned to; the first time, it
is what --stable says, or v1.`,
		Example: `  kgen canary start web --version v2
  kgen canary start web --version v3 --stable v2 --weight 1`,
		Args:              exactly("NAME"),
		ValidArgsFunction: completeServices(sh, startable),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("version") {
				return usageError(cmd, cmd.CommandPath()+" needs --version", "")
			}
			if err := flags.wrong.Err(); err != nil {
				return err
			}
			return sh.verb(&flags.changeFlags, func(f *specfile.File, args []string) (change, error) {
				return changed(spec.StartCanary(f.Network, args[0], flags.version, flags.stable, flags.weight))
			})(cmd, args)
		},
	}
	w := &flags.words
	read(cmd, w, "version", "VERSION", "the version label of the new pods", checked(spec.CheckVersion), func(v string) { flags.version = v })
	read(cmd, w, "stable", "VERSION", "the version label of the pods that run now, if the service is not pinned to one", checked(spec.CheckVersion), func(v string) { flags.stable = v })
	read(cmd, w, "weight", "PERCENT", "the new version's first share; default "+strconv.Itoa(int(spec.FirstWeight)), parseWeight, func(p spec.Percent) { flags.weight = p })
	for _, name := range []string{"version", "stable", "weight"} {
		complete(cmd, name)
	}
	addChange(cmd, sh, &flags.changeFlags)
	cmd.Flags().SortFlags = false
	return cmd
}
