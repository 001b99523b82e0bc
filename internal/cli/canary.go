package cli

import (
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
)

func newCanary(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "canary",
		Short: "Move traffic between two versions of a service",
		Long: `Canary moves a share of a service's requests to the pods of a new version, which
carry it in the label version. Each step changes kgen.yaml and everything that
follows: weights, subsets, the Services of single versions, the canary's alert.

  start    the new version takes its first share
  set      it takes another share; 0 holds it back, 100 gives it everything
  promote  it becomes the stable version
  abort    the stable version gets everything back
  status   how far each canary is

After promote and abort the pods of the other version still run. So the service
stays pinned to the version that it serves (canary: {stable: v2}): a pod without
that label gets no requests, until the next start. Where no other pods are left
and none will come unannounced, kgen set service NAME canary- ends that too.

Objects reach a cluster one by one. The way without a lost request is therefore
kgen canary set NAME 100, applied, and then kgen canary promote NAME.`,
		Example: `  kgen canary start web --version v2
  kgen canary set web 50
  kgen canary set web 100
  kgen canary promote web`,
		Args: unknownCommand,
		RunE: commandMissing,
	}
	cmd.AddCommand(newCanaryStart(sh), newCanarySet(sh), newCanaryPromote(sh), newCanaryAbort(sh), newCanaryStatus(sh))
	return cmd
}

// underWay reports whether a service has a canary that kgen moves.
func underWay(s *spec.Service) bool {
	return s.Canary != nil && !s.Canary.Pinned() && !s.Canary.Owned()
}

// startable reports whether a service may be given a canary, as far as a
// completion needs to know.
func startable(s *spec.Service) bool {
	return len(s.Ports) > 0 && (s.Canary == nil || s.Canary.Pinned())
}
