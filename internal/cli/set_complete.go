package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

// known is what a model knows that can complete an assignment.
type known struct {
	entries map[string][]string // the names of a list's entries, by the list's key
	values  map[string][]string // what may be a key's value, by the key without its entry
}

// completeKeys offers the paths of the keys below v, with the equals sign that
// follows them, and behind that the values of a key that takes only so many.
// Where a path chooses from a list, it does so by the names that are known for
// that list, and by none it is left out.
func (sh *shell) completeKeys(v any, typed string, of func(*spec.Network) known) ([]string, cobra.ShellCompDirective) {
	var names known
	if n := sh.modelForCompletion(); n != nil {
		names = of(n)
	}
	if at := strings.LastIndex(typed, "="); at > 0 {
		return completeValue(v, typed[:at+1], names), cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	offer := func(key string) {
		out = append(out, key+"=")
		if _, list := specfile.Accepts(v, key); list {
			out = append(out, key+"+=")
		}
	}
	for _, key := range specfile.Keys(v) {
		list, rest, chosen := strings.Cut(key, "[]")
		switch {
		case key == "name": // which has a command of its own, or no way to change
		case !chosen:
			offer(key)
		case !strings.Contains(rest, "[]"):
			for _, name := range names.entries[list] {
				offer(list + "[" + name + "]" + rest)
			}
		}
	}
	return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// completeValue offers what may stand behind an equals sign.
func completeValue(v any, begun string, names known) []string {
	key := strings.TrimSuffix(strings.TrimSuffix(begun, "="), "+")
	values, list := specfile.Accepts(v, key)
	if strings.HasSuffix(begun, "+=") && !list {
		return nil
	}
	if values == nil {
		before, inner, _ := strings.Cut(key, "[")
		_, behind, _ := strings.Cut(inner, "]")
		values = names.values[before+behind]
	}
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = begun + value
	}
	return out
}

// ofService is what is known for the keys of a service.
func ofService(n *spec.Network, name string) known {
	out := known{entries: map[string][]string{}, values: map[string][]string{}}
	for _, s := range n.Spec.Services {
		if s.Name != name {
			out.values["calls"] = append(out.values["calls"], s.Name)
		}
	}
	out.values["calls.service"] = out.values["calls"]
	i, err := spec.FindService(n, name)
	if err != nil {
		return out
	}
	s := &n.Spec.Services[i]
	for _, p := range s.Ports {
		out.entries["ports"] = append(out.entries["ports"], specfile.PortName(p))
	}
	out.values["paths.port"] = slices.Clone(out.entries["ports"])
	for _, c := range s.Calls {
		out.entries["calls"] = append(out.entries["calls"], c.Service)
	}
	return out
}

// ofEnvironment is what is known for the keys of an environment.
func ofEnvironment(n *spec.Network, name string) known {
	out := known{entries: map[string][]string{}}
	i, err := spec.FindEnvironment(n, name)
	if err != nil {
		return out
	}
	for _, s := range n.Spec.Environments[i].Services {
		out.entries["services"] = append(out.entries["services"], s.Name)
	}
	return out
}

// ofNetwork is what is known for what stands below spec, but for services and
// environments, which have commands of their own.
func ofNetwork(n *spec.Network) known {
	out := known{entries: map[string][]string{}}
	if d := n.Spec.Delivery; d != nil {
		for _, c := range d.Clusters {
			out.entries["delivery.clusters"] = append(out.entries["delivery.clusters"], c.Name)
		}
	}
	return out
}
