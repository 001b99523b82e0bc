package cli

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

type addServiceFlags struct {
	rendering
	serviceFlags
	yes    bool
	dryRun bool
}

func newAddService(sh *shell) *cobra.Command {
	var flags addServiceFlags
	cmd := &cobra.Command{
		Use:   "service NAME",
		Short: "Add a service",
		Long: `Service adds a service to kgen.yaml, and a call of it to each service that
--called-by names, without touching the rest of the text: comments, order and
layout stay. Then it writes the new service's files, and of the others those
that have to change, such as its callers' network policies.

A flag answers its question, which is then not asked; for the rest see kgen init.`,
		Example: `  kgen add service payments
  kgen add service payments --yes --port grpc=9000/grpc --called-by checkout \
    --metrics 9090 --egress api.stripe.com:443
  kgen add service web --yes --port 80:8080 --host shop.example.com --calls api:grpc --canary v2=10`,
		Args:              exactly("NAME"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			flags.setName(args[0])
			if err := flags.wrong.Err(); err != nil {
				return err
			}
			return runAddService(cmd.Context(), sh, flags)
		},
	}
	flags.serviceFlags.add(cmd, sh)
	cmd.Flags().BoolVar(&flags.yes, "yes", false, "ask nothing: what no flag says is left out, or has its default")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "write nothing, and list what would be written")
	addRendering(cmd, &flags.rendering)
	addOutput(cmd, sh)
	cmd.Flags().SortFlags = false
	return cmd
}

func runAddService(ctx context.Context, sh *shell, flags addServiceFlags) error {
	dir, before, err := sh.nearestModel(ctx)
	if err != nil {
		return err
	}
	service, calledBy, err := prompt.AddService(ctx, sh.asker(flags.yes), before.Network, flags.preset)
	if err != nil {
		return err
	}
	r, err := sh.open(ctx, dir)
	if err != nil {
		return err
	}
	defer r.Close()
	model, err := r.extend(before, service, calledBy)
	if err != nil {
		return err
	}
	s, err := r.step(flags.rendering, model.Network, model.Data)
	if err != nil {
		return err
	}
	if flags.dryRun {
		return sh.rehearse(s)
	}
	if err := sh.perform(ctx, s); err != nil {
		return err
	}
	sh.warn(downgrade(s.kept()))
	sh.say("%s", tally(s.changes, "created", "updated", "deleted"))
	return nil
}

// nearestModel reads the model that is to be extended. The repository is not
// held meanwhile: others need not wait for a person's answers.
func (sh *shell) nearestModel(ctx context.Context) (dir string, model *specfile.File, err error) {
	r, err := sh.openNearest(ctx)
	if err != nil {
		return "", nil, err
	}
	defer r.Close()
	model, err = r.model()
	return r.dir, model, err
}

// extend adds a service to the model as it stands now, which may be further on
// than when its questions were asked. The result is judged like any kgen.yaml,
// but its findings are about an answer, not about a line that nobody has seen.
func (r *repo) extend(asked *specfile.File, service *spec.Service, callers []string) (*specfile.File, error) {
	now := asked
	data, err := r.readModel()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(data, asked.Data) {
		if now, err = r.model(); err != nil {
			return nil, err
		}
	}
	calledBy := make([]specfile.CalledBy, len(callers))
	for i, name := range callers {
		calledBy[i].Service = name
	}
	text, err := now.AddService(service, calledBy)
	if err != nil {
		return nil, err
	}
	model, errs := specfile.Parse(now.Name, text)
	if len(errs) > 0 {
		return nil, unplaced(errs)
	}
	r.sh.warn(newIn(model.Warnings, now.Warnings))
	return model, nil
}

// unplaced takes the lines out of findings about a text that is not written.
func unplaced(list diag.List) diag.List {
	out := make(diag.List, len(list))
	for i, d := range list {
		d.File, d.Line, d.Column = "", 0, 0
		out[i] = d
	}
	return out
}

// newIn gives the warnings that an earlier text did not have.
func newIn(now, before diag.List) diag.List {
	type warning struct{ path, message string }
	had := map[warning]bool{}
	for _, d := range before {
		had[warning{d.Path, d.Message}] = true
	}
	var out diag.List
	for _, d := range now {
		if !had[warning{d.Path, d.Message}] {
			out = append(out, d)
		}
	}
	return out
}
