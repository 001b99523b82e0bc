package cli

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// The kinds of entries that can be listed.
const (
	listServices     = "services"
	listEnvironments = "environments"
	listCanaries     = "canaries"
)

var listKinds = []string{listServices, listEnvironments, listCanaries}

func newList(sh *shell) *cobra.Command {
	format := &listFormat{choice: newChoice("text", "text", "wide", "json"), sh: sh}
	cmd := &cobra.Command{
		Use:   "list [services|environments|canaries]",
		Short: "List what kgen.yaml describes",
		Long: `List prints a table of the services in kgen.yaml, of its environments, or of its
canaries, in the order of the file and with defaults filled in. It needs no
cluster: it tells what is declared.

  services      name, ports, hosts, callers, calls, canary
  environments  name, namespace, domain, folder, and which services differ
  canaries      as kgen canary status prints them

A caller or callee outside this file is written namespace/name. A cell of the
table holds the first few of many; -o wide has all of them, and further columns.

-o json prints one object with one list, called as the argument is. Of a service
it has name, type, replicas, podLabels, serviceAccount, ports (name, port,
targetPort, protocol), hosts, paths (path, port), callers, calls, egress, and
where there is one canary and metrics (port, path); of an environment name,
namespace, application, domain, path, services and clusters; of a canary service,
owner, environments (name, weight), and where there is one stable, version, weight
and alert. Lists that are empty are there, and empty.`,
		Example: `  kgen list
  kgen list services -o wide
  kgen list canaries -o json`,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := atMost("services, environments or canaries")(cmd, args); err != nil {
				return err
			}
			if len(args) > 0 && !slices.Contains(listKinds, args[0]) {
				return usageError(cmd, fmt.Sprintf("%q cannot be listed", args[0]), diag.Nearest(args[0], listKinds))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return listKinds, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			kind := listServices
			if len(args) > 0 {
				kind = args[0]
			}
			return runList(cmd.Context(), sh, kind, format.word == "wide")
		},
	}
	cmd.Flags().VarP(format, "output", "o", "how to print it")
	complete(cmd, "output", format.words...)
	return cmd
}

// listFormat is -o with one more word than elsewhere; what both know reaches
// the run's own, so that its errors are told in that form.
type listFormat struct {
	*choice
	sh *shell
}

// Set implements pflag.Value.
func (f *listFormat) Set(word string) error {
	if err := f.choice.Set(word); err != nil {
		return err
	}
	if word == "wide" {
		word = "text"
	}
	return f.sh.format.Set(word)
}

func runList(ctx context.Context, sh *shell, kind string, wide bool) error {
	if kind == listCanaries {
		return runCanaryStatus(ctx, sh, rendering{}, wide)
	}
	r, model, err := sh.nearestModel(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	if kind == listEnvironments {
		return sh.listEnvironments(model.Network, wide)
	}
	return sh.listServices(model.Network, wide)
}

func (sh *shell) listServices(n *spec.Network, wide bool) error {
	services := listedServices(n)
	if sh.format.word == "json" {
		return sh.document(struct {
			Services []listedService `json:"services"`
		}{services})
	}
	t := table{wide: wide, columns: []string{"NAME", "PORTS", "HOSTS", "CALLERS", "CALLS", "CANARY"},
		further: []string{"TYPE", "REPLICAS", "EGRESS", "METRICS", "POD LABELS", "SERVICE ACCOUNT"}}
	for _, s := range services {
		t.add(one(s.Name), s.portWords(), s.Hosts, s.Callers, s.Calls, s.Canary.words(),
			one(string(s.Type)), one(fmt.Sprint(s.Replicas)), s.Egress, s.Metrics.words(), labelWords(s.PodLabels), one(s.ServiceAccount))
	}
	return t.print(sh.Out)
}
