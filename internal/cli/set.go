package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

func newSet(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set",
		Short: "Set keys in kgen.yaml, and write what follows from it",
		Long: `Set gives keys of kgen.yaml other values, leaving the rest of its text as it is,
and brings the manifests in step. It knows every key of the model. Several keys are
set at once, or none where one of them is wrong.

  replicas=3                    a key
  canary.weight=10              a key below another
  ports[grpc].port=9000         of an entry, by its name or its index from 0; of a
                                call by the service, of a list of words by the word
  podLabels.tier=web            a label
  hosts=[a.example.com, b.example.com]
  hosts=a.example.com           a list of one
  hosts+=b.example.com          one entry more
  'ports+={port: 9000, protocol: grpc}'
  timeout-                      no longer this key
  hosts[a.example.com]-         no longer this entry

What stands behind = is written as in kgen.yaml, on one line; brackets, braces and
spaces need quotes in a shell.`,
		Example: `  kgen set service web replicas=3 timeout=5s
  kgen set environment staging domain=staging.example.com
  kgen set network monitoring.retention=30d`,
		Args: unknownCommand,
		RunE: commandMissing,
	}
	cmd.AddCommand(newSetService(sh), newSetEnvironment(sh), newSetNetwork(sh))
	return cmd
}

// assignmentsAfter takes the named arguments and at least one assignment.
func assignmentsAfter(names ...string) cobra.PositionalArgs {
	least := len(names) + 1
	return func(cmd *cobra.Command, args []string) error {
		return between(least, append(slices.Clone(names), "KEY=VALUE"))(cmd, args[:min(len(args), least)])
	}
}

// assign makes all assignments to what v points to, or says everything that is
// wrong with them.
func assign(v any, assignments []string) error {
	var wrong diag.List
	for len(assignments) > 0 {
		n := specfile.Torn(assignments)
		if n == 1 {
			if err := specfile.Set(v, assignments[0]); err != nil {
				wrong = append(wrong, findings(err)...)
			}
		} else {
			whole := strings.Join(assignments[:n], " ")
			wrong = append(wrong, diag.Diagnostic{Severity: diag.Error, Code: "usage",
				Message: fmt.Sprintf("%q is %d words to the shell, which splits at spaces", whole, n),
				Fix:     "put it in quotes: '" + strings.ReplaceAll(whole, "'", `'\''`) + "'"})
		}
		assignments = assignments[n:]
	}
	return wrong.Err()
}

func newSetService(sh *shell) *cobra.Command {
	var flags changeFlags
	cmd := &cobra.Command{
		Use:   "service NAME KEY=VALUE...",
		Short: "Set keys of a service",
		Long: `Service sets keys of one service: those that stand below services in kgen.yaml,
written as kgen set --help says. Its name is changed by kgen rename service, and a
canary is moved by kgen canary, which says what has to be done beside it.`,
		Example: `  kgen set service web replicas=3 timeout=5s
  kgen set service web slo.availability=99.9 'slo.latency={threshold: 300ms}'
  kgen set service web hosts+=www.example.com 'ports[http].targetPort=8080'
  kgen set service web circuitBreaker-`,
		Args: assignmentsAfter("NAME"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return completeServices(sh, nil)(cmd, args, typed)
			}
			return sh.completeKeys(&spec.Service{}, typed, func(n *spec.Network) known { return ofService(n, args[0]) })
		},
		RunE: sh.verb(&flags, func(f *specfile.File, args []string) (change, error) {
			return changed(spec.SetService(f.Network, args[0], func(s *spec.Service) error { return assign(s, args[1:]) }))
		}),
	}
	addChange(cmd, sh, &flags)
	return cmd
}

func newSetEnvironment(sh *shell) *cobra.Command {
	var flags changeFlags
	cmd := &cobra.Command{
		Use:   "environment NAME KEY=VALUE...",
		Short: "Set keys of an environment",
		Long: `Environment sets keys of one environment: those that stand below environments in
kgen.yaml, written as kgen set --help says. Of a service that the environment says
nothing of yet, an entry is added: services+=.`,
		Example: `  kgen set environment staging domain=staging.example.com
  kgen set environment staging 'services[web].replicas=1' 'services[web].canary.weight=50'
  kgen set environment staging 'services+={name: api, replicas: 1}'`,
		Args: assignmentsAfter("NAME"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 0 {
				return firstEnvironment(sh)(cmd, args, typed)
			}
			return sh.completeKeys(&spec.Environment{}, typed, func(n *spec.Network) known { return ofEnvironment(n, args[0]) })
		},
		RunE: sh.verb(&flags, func(f *specfile.File, args []string) (change, error) {
			return changed(spec.SetEnvironment(f.Network, args[0], func(e *spec.Environment) error { return assign(e, args[1:]) }))
		}),
	}
	addChange(cmd, sh, &flags)
	return cmd
}

func newSetNetwork(sh *shell) *cobra.Command {
	var flags changeFlags
	cmd := &cobra.Command{
		Use:   "network KEY=VALUE...",
		Short: "Set keys of the application and its platform",
		Long: `Network sets keys below spec in kgen.yaml, written as kgen set --help says: the
namespace and the domain, the mesh, the front door, DNS, monitoring, delivery.`,
		Example: `  kgen set network domain=example.org
  kgen set network mesh.provider=istio mesh.mode=ambient
  kgen set network 'ingress.tls={clusterIssuer: letsencrypt-prod}' ingress.insecure-`,
		Args: assignmentsAfter(),
		ValidArgsFunction: func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
			return sh.completeKeys(&spec.Spec{}, typed, ofNetwork)
		},
		RunE: sh.verb(&flags, func(f *specfile.File, args []string) (change, error) {
			return changed(spec.SetNetwork(f.Network, func(s *spec.Spec) error { return assign(s, args) }))
		}),
	}
	addChange(cmd, sh, &flags)
	return cmd
}
