package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/draw"
	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/reach"
)

type graphFlags struct {
	judging
	format     *choice
	names      []string
	namespaces []string
	states     []string
	layer      *choice
}

// The forms of a picture.
const (
	mermaidForm = "mermaid"
	dotForm     = "dot"
	svgForm     = "svg"
	htmlForm    = "html"
)

func newGraph(sh *shell) *cobra.Command {
	flags := graphFlags{format: newChoice(mermaidForm, mermaidForm, dotForm, svgForm, htmlForm), layer: newLayer()}
	cmd := &cobra.Command{
		Use:   "graph [PATH...]",
		Short: "Draw who talks to whom",
		Long: `Graph draws services, front doors and peers outside, with an edge for each
connection: what is meant and allowed, what is meant but denied, and what is
allowed though nobody means it, each in a look of its own; with ports, the split of
canaries and mutual TLS.

PATH is what kgen audit takes. What is meant is what kgen.yaml declares and what
containers are given the address of; without a kgen.yaml nothing counts as
undeclared. Pods that no policy isolates have a badge, "open: any pod reaches it",
in place of an edge from everybody.

--service shows the named services and whom they talk with.`,
		Example: `  kgen graph > graph.mmd
  kgen graph -o svg > network.svg
  kgen graph -o svg --service cart --service web
  kgen graph -o dot --state denied --state undeclared | dot -Tpng > faults.png`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGraph(cmd.Context(), sh, cmd, flags, args)
		},
	}
	addJudging(cmd, sh, &flags.judging)
	fs := cmd.Flags()
	choose(cmd, flags.format, "output", "o", "what to draw")
	fs.StringArrayVar(&flags.names, "service", nil, "only `NAME` and whom it talks with; may be repeated")
	fs.StringArrayVar(&flags.namespaces, "namespace", nil, "only the services of namespace `NAME` and whom they talk with; may be repeated")
	fs.StringArrayVar(&flags.states, "state", nil, "only edges in `STATE`: allowed, denied, undeclared; may be repeated")
	choose(cmd, flags.layer, "layer", "", "whose rules count: NetworkPolicies, the mesh's policies, or both")
	complete(cmd, "state", string(graph.Allowed), string(graph.Denied), string(graph.Undeclared))
	return cmd
}

func runGraph(ctx context.Context, sh *shell, cmd *cobra.Command, flags graphFlags, args []string) error {
	j, err := sh.judge(ctx, cmd, flags.judging, args)
	if err != nil {
		return err
	}
	sh.warn(asWarnings(j.inventory.Refused))
	if flags.format.word == htmlForm {
		if len(flags.names)+len(flags.namespaces)+len(flags.states) > 0 {
			return errors.New("-o html shows everything, and filters in the browser: leave --service, --namespace and --state out")
		}
		return sh.writePage(ctx, j, layers[flags.layer.word])
	}
	var sheet *draw.Sheet
	if err := sh.during("drawing", func() error {
		sheet = j.sheet(layers[flags.layer.word])
		return nil
	}); err != nil {
		return err
	}
	picture, err := flags.filter(sheet.Graph)
	if err != nil {
		return err
	}
	var out []byte
	switch flags.format.word {
	case mermaidForm:
		if out, err = picture.Mermaid(); err != nil {
			return fmt.Errorf("%w; -o svg draws graphs of any size, and --service a part of it", err)
		}
	case dotForm:
		out = picture.DOT()
	case svgForm:
		out = picture.SVG()
	}
	_, err = sh.Out.Write(out)
	return err
}

// sheet draws what the manifests allow.
func (j *judged) sheet(layer reach.Layer) *draw.Sheet {
	return draw.Of(j.inventory, j.connections(layer))
}

// filter keeps what the flags name. A name that nobody has is an error, not an
// empty picture.
func (f *graphFlags) filter(g *graph.Graph) (*graph.Graph, error) {
	var filter graph.Filter
	for _, name := range f.names {
		if len(g.Matching(name)) == 0 {
			return nil, fmt.Errorf("--service %s: nobody in the picture is called so", name)
		}
		filter.Names = append(filter.Names, name)
	}
	for _, name := range f.namespaces {
		known := false
		for _, n := range g.Nodes {
			known = known || n.Group == name
		}
		if !known {
			return nil, fmt.Errorf("--namespace %s: nobody in the picture is there", name)
		}
		filter.Groups = append(filter.Groups, name)
	}
	for _, word := range f.states {
		state := graph.State(word)
		if state != graph.Allowed && state != graph.Denied && state != graph.Undeclared {
			return nil, fmt.Errorf("--state %s: is not one of %s", word, strings.Join([]string{string(graph.Allowed), string(graph.Denied), string(graph.Undeclared)}, ", "))
		}
		filter.States = append(filter.States, state)
	}
	return g.Filter(filter), nil
}
