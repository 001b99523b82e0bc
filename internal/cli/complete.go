package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

// modelForCompletion is the model as far as it can be read, or nil. A shell that
// completes a word waits for nobody and wants to hear of no mistake.
func (sh *shell) modelForCompletion() *spec.Network {
	dir, err := findRoot(sh.path("."))
	if err != nil {
		return nil
	}
	data, err := (&repo{sh: sh, dir: dir}).readModel()
	if err != nil {
		return nil
	}
	model, _ := specfile.Parse(modelFile, data)
	return model.Network
}

// completeServices offers, for the first argument, the services for which keep
// is true; nil keeps all.
func completeServices(sh *shell, keep func(*spec.Service) bool) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		n := sh.modelForCompletion()
		if n == nil || len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for i := range n.Spec.Services {
			if s := &n.Spec.Services[i]; strings.HasPrefix(s.Name, begun) && (keep == nil || keep(s)) {
				out = append(out, s.Name)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
}
