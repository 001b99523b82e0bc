package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

func newCanarySet(sh *shell) *cobra.Command {
	var flags changeFlags
	cmd := &cobra.Command{
		Use:   "set NAME WEIGHT",
		Short: "Give the new version another share of the requests",
		Long: `Set gives the canary of a service WEIGHT percent of its requests, a whole number
from 0 to 100. An environment that has a weight of its own keeps it; see
kgen set environment.

At 100 the stable version gets nothing, and its pods are the way back: keep them
until kgen canary promote.`,
		Example: `  kgen canary set web 50
  kgen canary set web 100 --yes`,
		Args:              exactly("NAME", "WEIGHT"),
		ValidArgsFunction: completeServices(sh, underWay),
		RunE: func(cmd *cobra.Command, args []string) error {
			weight, err := parseWeight(args[1])
			if err != nil {
				return diag.List{{Severity: diag.Error, Code: "usage", Message: "the weight: " + err.Error()}}
			}
			return sh.verb(&flags, func(f *specfile.File, args []string) (change, error) {
				return changed(spec.SetCanary(f.Network, args[0], weight))
			})(cmd, args)
		},
	}
	addChange(cmd, sh, &flags)
	return cmd
}

// parseWeight reads a share as people write it: 10 or 10%.
func parseWeight(text string) (spec.Percent, error) {
	return spec.ParsePercent(strings.TrimSuffix(text, "%"))
}
