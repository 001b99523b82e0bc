package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

// completeKeys offers the paths of the keys below v, with the equals sign that
// follows them. Where a path chooses from a list, it does so by the names that
// entries gives for that list, and by none it is left out.
func (sh *shell) completeKeys(v any, entries func(*spec.Network) map[string][]string) ([]string, cobra.ShellCompDirective) {
	names := map[string][]string{}
	if n := sh.modelForCompletion(); n != nil {
		names = entries(n)
	}
	var out []string
	for _, key := range specfile.Keys(v) {
		list, rest, chosen := strings.Cut(key, "[]")
		switch {
		case !chosen:
			out = append(out, key+"=")
		case !strings.Contains(rest, "[]"):
			for _, name := range names[list] {
				out = append(out, list+"["+name+"]"+rest+"=")
			}
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// serviceEntries names the entries of a service's lists, by the list's key.
func serviceEntries(n *spec.Network, name string) map[string][]string {
	out := map[string][]string{}
	i, err := spec.FindService(n, name)
	if err != nil {
		return out
	}
	for _, p := range n.Spec.Services[i].Ports {
		if p.Name != "" {
			out["ports"] = append(out["ports"], p.Name)
		}
	}
	for _, c := range n.Spec.Services[i].Calls {
		out["calls"] = append(out["calls"], c.Service)
	}
	return out
}

// environmentEntries does so for an environment.
func environmentEntries(n *spec.Network, name string) map[string][]string {
	out := map[string][]string{}
	i, err := spec.FindEnvironment(n, name)
	if err != nil {
		return out
	}
	for _, s := range n.Spec.Environments[i].Services {
		out["services"] = append(out["services"], s.Name)
	}
	return out
}

// networkEntries does so for what stands below spec, but for services and
// environments, which have commands of their own.
func networkEntries(n *spec.Network) map[string][]string {
	out := map[string][]string{}
	if d := n.Spec.Delivery; d != nil {
		for _, c := range d.Clusters {
			out["delivery.clusters"] = append(out["delivery.clusters"], c.Name)
		}
	}
	return out
}
