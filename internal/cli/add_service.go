package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/prompt"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

type addServiceFlags struct {
	writing
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

A flag answers its question, which is then not asked; for the rest see kgen init.
On a terminal nothing is written before the list of files is confirmed.`,
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
	cmd.Flags().BoolVar(&flags.yes, "yes", false, "ask nothing, and write without confirmation: what no flag says is left out, or has its default")
	cmd.Flags().BoolVar(&flags.dryRun, "dry-run", false, "write nothing, and list what would be written")
	addWriting(cmd, &flags.writing)
	addOutput(cmd, sh)
	cmd.Flags().SortFlags = false
	return cmd
}

func runAddService(ctx context.Context, sh *shell, flags addServiceFlags) error {
	sh.report.brief = true
	read, before, err := sh.nearestModel(ctx)
	if err != nil {
		return err
	}
	// Others need not wait for a person's answers.
	read.Close()
	if err := newName(before, flags.preset.Service.Name); err != nil {
		return err
	}
	added, err := prompt.AddService(ctx, sh.asker(flags.yes), before.Network, flags.preset)
	if err != nil {
		return err
	}
	sh.warn(added.Warnings)
	r, err := sh.open(ctx, read.dir)
	if err != nil {
		return err
	}
	defer r.Close()
	now, model, err := r.extend(before, added.Service, added.CalledBy)
	if err != nil {
		return err
	}
	s, err := r.step(ctx, flags.writing, now, model.Network, model.Data)
	if err != nil {
		return err
	}
	if flags.dryRun {
		return sh.rehearse(s)
	}
	// Other runs wait from here on, so that what is agreed to is what is written.
	asked := sh.interactive() && !flags.yes
	if asked {
		if err := sh.confirm(ctx, proposal{
			step: s, summary: prompt.ServiceSummary(model.Network, added.Service.Name),
			answers: addCommand(added), again: "the command above gives the same answers",
		}); err != nil {
			return err
		}
	}
	if err := sh.perform(ctx, s); err != nil {
		return err
	}
	sh.say("%s", tally(s.plan, past))
	if asked {
		sh.say("%s; see kgen help model", everythingElse)
	}
	return nil
}

// newName refuses a name that the model has already, and tells where, before
// anybody is asked about such a service.
func newName(model *specfile.File, name string) error {
	taken := func(s spec.Service) bool { return s.Name == name }
	if !slices.ContainsFunc(model.Network.Spec.Services, taken) {
		return nil
	}
	place := model.Name
	var list diag.List
	if _, err := model.AddService(&spec.Service{Name: name}, nil); errors.As(err, &list) && list[0].Line > 0 {
		place = fmt.Sprintf("%s:%d", place, list[0].Line)
	}
	return diag.List{{
		Severity: diag.Error, Code: "duplicate",
		Message: fmt.Sprintf("there is a service %s already (%s)", name, place),
		Fix:     "edit it there, or choose another name",
	}}
}

// extend adds a service to the model as it stands now, which may be further on
// than when its questions were asked. The result is judged like any kgen.yaml,
// but its findings are about an answer, not about a line that nobody has seen.
func (r *repo) extend(asked *specfile.File, service *spec.Service, callers []string) (now, model *specfile.File, err error) {
	now = asked
	data, err := r.readModel()
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(data, asked.Data) {
		if now, err = r.model(); err != nil {
			return nil, nil, err
		}
	}
	calledBy := make([]specfile.CalledBy, len(callers))
	for i, name := range callers {
		calledBy[i].Service = name
	}
	model, errs, err := now.Added(service, calledBy)
	if err != nil {
		return nil, nil, err
	}
	if len(errs) > 0 {
		return nil, nil, unplaced(errs)
	}
	r.sh.warn(newIn(model.Warnings, now.Warnings))
	return now, model, nil
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
