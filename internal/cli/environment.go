package cli

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
)

// environmentNames lists a model's environments.
func environmentNames(n *spec.Network) []string {
	names := make([]string, len(n.Spec.Environments))
	for i, e := range n.Spec.Environments {
		names[i] = e.Name
	}
	return names
}

// environmentDir is the folder that builds an environment; the empty name
// stands for the root.
func (r *repo) environmentDir(n *spec.Network, name string) (string, error) {
	if name == "" {
		return r.dir, nil
	}
	names := environmentNames(n)
	for _, known := range names {
		if known == name {
			return filepath.Join(r.dir, filepath.FromSlash(gen.EnvironmentDir(name))), nil
		}
	}
	fix := "add it with kgen add environment " + name
	if near := diag.Nearest(name, names); near != "" {
		fix = "did you mean " + near + "?"
	} else if len(names) > 0 {
		fix = "the environments are " + strings.Join(names, ", ")
	}
	return "", diag.List{{
		Severity: diag.Error, Code: "undeclared", Message: fmt.Sprintf("there is no environment %q in %s", name, r.modelName()), Fix: fix,
	}}
}

// completeEnvironments offers the names of the environments; of a list, those
// for its last part.
func completeEnvironments(sh *shell) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		n := sh.modelForCompletion()
		if n == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		before, _, list := cutLast(typed, ",")
		var out []string
		for _, name := range environmentNames(n) {
			if list {
				name = before + "," + name
			}
			out = append(out, name)
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}
