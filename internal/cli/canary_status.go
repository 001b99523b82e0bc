package cli

import (
	"context"
	"fmt"
	"regexp"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

func newCanaryStatus(sh *shell) *cobra.Command {
	var flags rendering
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how far each canary is",
		Long: `Status prints a table of the canaries in kgen.yaml: the service, its stable and
its new version, the new one's share in percent, who moves it, the alert that
compares the two, and the environments with a share of their own. A service that
is pinned has no new version. Where a controller moves the shares, the controller
knows them, and not kgen.

With -o json it is an object with the list canaries; see kgen list.`,
		Example: "  kgen canary status\n  kgen canary status -o json",
		Args:    exactly(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return runCanaryStatus(cmd.Context(), sh, flags, false) },
	}
	addRendering(cmd, &flags)
	addOutput(cmd, sh)
	return cmd
}

// statedCanary is a canary as status -o json prints it.
type statedCanary struct {
	Service string `json:"service"`
	listedCanary
	Alert        string            `json:"alert,omitempty"`
	Environments []statedElsewhere `json:"environments"`
}

// statedElsewhere is the share that an environment gives a canary itself.
type statedElsewhere struct {
	Name   string       `json:"name"`
	Weight spec.Percent `json:"weight"`
}

func runCanaryStatus(ctx context.Context, sh *shell, flags rendering, wide bool) error {
	r, model, err := sh.nearestModel(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	canaries, err := r.canaries(flags, model.Network)
	if err != nil {
		return err
	}
	if sh.format.word == "json" {
		return sh.document(struct {
			Canaries []statedCanary `json:"canaries"`
		}{canaries})
	}
	if len(canaries) == 0 {
		sh.say("there is none; kgen canary start begins one")
		return nil
	}
	t := table{wide: wide, columns: []string{"SERVICE", "STABLE", "VERSION", "WEIGHT", "OWNER", "ALERT", "ENVIRONMENTS"}}
	for _, c := range canaries {
		weight := ""
		if c.Weight != nil {
			weight = fmt.Sprintf("%d%%", *c.Weight)
		}
		var elsewhere []string
		for _, e := range c.Environments {
			elsewhere = append(elsewhere, fmt.Sprintf("%s %d%%", e.Name, e.Weight))
		}
		t.add(one(c.Service), one(c.Stable), one(c.Version), one(weight), one(c.Owner), one(c.Alert), elsewhere)
	}
	return t.print(sh.Out)
}

// canaries lists a model's canaries. Whether an alert watches one is the
// templates' to say, so the alerts are rendered and looked at.
func (r *repo) canaries(flags rendering, n *spec.Network) ([]statedCanary, error) {
	out := []statedCanary{}
	full := n.WithDefaults()
	elsewhere := map[string][]statedElsewhere{}
	for _, e := range n.Spec.Environments {
		for _, s := range e.Services {
			if s.Canary != nil {
				elsewhere[s.Name] = append(elsewhere[s.Name], statedElsewhere{e.Name, s.Canary.Weight})
			}
		}
	}
	for i := range full.Spec.Services {
		s := &full.Spec.Services[i]
		if s.Canary == nil {
			continue
		}
		out = append(out, statedCanary{
			Service: s.Name, listedCanary: *canaryOf(s), Environments: append([]statedElsewhere{}, elsewhere[s.Name]...),
		})
	}
	if len(out) == 0 {
		return out, nil
	}
	root := *n
	root.Spec.Environments, root.Spec.Delivery = nil, nil // which have no alerts of other names
	files, err := r.render(flags, &step{repo: r}, &root, gen.Options{})
	if err != nil {
		return nil, err
	}
	for i := range out {
		out[i].Alert = canaryAlert(files, out[i].Service)
	}
	return out, nil
}

var canaryAlertName = regexp.MustCompile(`(?m)^\s*- alert: (Canary\w*)\s*$`)

// canaryAlert is the alert among those of a service that is about its canary,
// or empty. The file of a service whose name is taken has a dot in its own.
func canaryAlert(files *tree.Tree, service string) string {
	for _, name := range []string{service, service + ".service"} {
		data, _ := files.File("monitoring/alerts/" + name + ".yaml")
		if found := canaryAlertName.FindSubmatch(data); found != nil {
			return string(found[1])
		}
	}
	return ""
}
