package cli

import (
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

func newCanaryPromote(sh *shell) *cobra.Command {
	var flags changeFlags
	cmd := &cobra.Command{
		Use:   "promote NAME",
		Short: "Make the new version the stable one",
		Long: `Promote makes the canary of a service its stable version: it takes all requests,
the other version's subset, Service and alert go, and so do the weights that
environments had for it.

The pods of the version before still run and would be served again if nothing
told versions apart. So kgen.yaml keeps canary: {stable: VERSION}, which pins the
service to the new one. Once that is applied, and what is not made any more is
deleted, the other pods can go.

Promote works at any weight and says what it jumps over. Without a lost request
it is done from 100: see kgen canary --help.`,
		Example:           "  kgen canary set web 100\n  kgen canary promote web",
		Args:              exactly("NAME"),
		ValidArgsFunction: completeServices(sh, underWay),
		RunE: sh.verb(&flags, func(f *specfile.File, args []string) (change, error) {
			return changed(spec.PromoteCanary(f.Network, args[0]))
		}),
	}
	addChange(cmd, sh, &flags)
	return cmd
}

func newCanaryAbort(sh *shell) *cobra.Command {
	var flags changeFlags
	cmd := &cobra.Command{
		Use:   "abort NAME",
		Short: "Give everything back to the stable version",
		Long: `Abort ends the canary of a service: the stable version takes all requests again,
here and in every environment, and the new version's subset, Service and alert go.

The pods of the new version still run. So kgen.yaml keeps canary: {stable:
VERSION}, which pins the service to the stable one: no request finds the others.
Once that is applied, and what is not made any more is deleted, they can go.`,
		Example:           "  kgen canary abort web --yes",
		Args:              exactly("NAME"),
		ValidArgsFunction: completeServices(sh, underWay),
		RunE: sh.verb(&flags, func(f *specfile.File, args []string) (change, error) {
			return changed(spec.AbortCanary(f.Network, args[0]))
		}),
	}
	addChange(cmd, sh, &flags)
	return cmd
}
