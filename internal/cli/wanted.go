package cli

import (
	"fmt"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/plan"
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

// writing is the part of a command line that decides what is written where the
// files are not as kgen left them.
type writing struct {
	rendering
	conflict *choice
	restore  []string          // files and folders, relative to the repository
	renames  map[string]string // services, old name to new
}

func addWriting(cmd *cobra.Command, w *writing) {
	w.conflict = newChoice("", string(plan.Ours), string(plan.Theirs), string(plan.Markers))
	choose(cmd, w.conflict, "conflict", "", "where you and kgen have changed the same lines of a file, take yours, take kgen's, or write both between markers; without it nothing is written then")
	addRendering(cmd, &w.rendering)
}

func (w writing) resolution() plan.Resolution {
	if w.conflict == nil {
		return plan.Refuse
	}
	return plan.Resolution(w.conflict.word)
}

// restores reports whether a file that a person has deleted is to come back.
func (w writing) restores(file string) bool {
	for _, name := range w.restore {
		if name = path.Clean(name); name == "." || name == file || strings.HasPrefix(file, name+"/") {
			return true
		}
	}
	return false
}

// render makes the manifests of a model, and notes the user's templates that
// had a part in it.
func (r *repo) render(flags rendering, s *step, n *spec.Network, options gen.Options) (wanted *tree.Tree, err error) {
	own, done, err := r.templates(flags.templates)
	if err != nil {
		return nil, err
	}
	defer done()
	if own != nil {
		options.Templates = own.files
	}
	s.own = own
	what := fmt.Sprintf("rendering the manifests of %d services", len(n.Spec.Services))
	err = r.sh.during(what, func() (err error) {
		wanted, err = gen.Render(n, options)
		return err
	})
	return wanted, own.explain(err)
}
