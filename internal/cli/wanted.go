package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

// rendering is the part of a command line that decides how a model is rendered.
type rendering struct {
	templates string // folder of the user's own templates
}

func addRendering(cmd *cobra.Command, r *rendering) {
	cmd.Flags().StringVar(&r.templates, "templates", "", "use the templates in `DIR` instead of the built-in ones of the same path")
	must(cmd.MarkFlagDirname("templates"))
}

// wanted is every manifest that a model makes. The files in known were checked
// by an earlier run.
func (sh *shell) wanted(r rendering, n *spec.Network, known *tree.Tree) (*tree.Tree, error) {
	options := gen.Options{Known: known}
	if r.templates != "" {
		dir := sh.path(r.templates)
		info, err := os.Stat(dir)
		if err != nil {
			return nil, fmt.Errorf("--templates: %w", err)
		}
		if !info.IsDir() {
			return nil, fmt.Errorf("--templates: %s is not a folder", dir)
		}
		options.Templates = os.DirFS(dir)
	}
	return gen.Render(n, options)
}
