package cli

import (
	"fmt"

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
	cmd.Flags().StringVar(&r.templates, "templates", "", "for this run, use the templates in `DIR` instead of those of the same path in "+templatesFolder+" or built in")
	must(cmd.MarkFlagDirname("templates"))
}

// wanted is every manifest that a model makes, and the user's templates that
// had a part in it, or nil. The files in known were checked by an earlier run.
func (r *repo) wanted(rendering rendering, n *spec.Network, known *tree.Tree) (wanted *tree.Tree, own *ownTemplates, err error) {
	own, done, err := r.templates(rendering.templates)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	options := gen.Options{Known: known}
	if own != nil {
		options.Templates = own.files
	}
	what := fmt.Sprintf("rendering the manifests of %d services", len(n.Spec.Services))
	err = r.sh.during(what, func() (err error) {
		wanted, err = gen.Render(n, options)
		return err
	})
	return wanted, own, own.explain(err)
}
