package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/merge"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/spec"
)

// runDiffEnvironments compares what two environments build. Resources are told
// apart by kind, namespace and name; the same one may stand in two namespaces,
// and then counts as one.
func runDiffEnvironments(ctx context.Context, sh *shell, flags diffFlags, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("--env compares whole environments: leave %s out", args[0])
	}
	names := strings.Split(flags.environments, ",")
	for i := range names {
		if names[i] = strings.TrimSpace(names[i]); names[i] == "" {
			return fmt.Errorf("--env %q: a name is empty", flags.environments)
		}
	}
	switch {
	case len(names) == 1:
		names = []string{"", names[0]}
	case len(names) > 2:
		return fmt.Errorf("--env %s: two environments can be compared, not %d", flags.environments, len(names))
	}
	r, model, err := sh.nearestModel(ctx)
	if err != nil {
		return err
	}
	defer r.Close()
	var built [2]environment
	var problems diag.List
	for i, name := range names {
		built[i], err = r.buildEnvironment(model.Network, name)
		problems = append(problems, findings(err)...)
	}
	if len(problems) > 0 {
		return problems
	}
	differences := compare(built[0], built[1], flags.context)
	if err := sh.printDiff(differences, nil); err != nil {
		return err
	}
	if len(differences) > 0 {
		return &refusal{}
	}
	sh.say("%s and %s build the same", built[0].title, built[1].title)
	return nil
}

// environment is what one environment builds.
type environment struct {
	title     string
	namespace string
	name      string            // of the application there
	resources map[string][]byte // by kind, namespace where it is another, and name
	order     []string
}

func (r *repo) buildEnvironment(n *spec.Network, name string) (environment, error) {
	e := environment{title: "the root", resources: map[string][]byte{}}
	dir, err := r.environmentDir(n, name)
	if err != nil {
		return e, err
	}
	flat := n
	if name != "" {
		e.title = name
		if flat, err = n.For(name); err != nil {
			return e, err
		}
	}
	e.namespace, e.name = flat.WithDefaults().Spec.Namespace, flat.Metadata.Name
	out, err := kustomize.Build(dir)
	if err != nil {
		return e, fmt.Errorf("build %s: %w", r.sh.shown(dir), err)
	}
	// kustomize parts the resources by such lines, and indents any other.
	for text := range bytes.SplitSeq(out, []byte("\n---\n")) {
		objects, err := manifest.Parse(e.title, text)
		if err != nil {
			return e, err
		}
		for _, o := range objects {
			key := e.key(o)
			e.order = append(e.order, key)
			e.resources[key] = append(bytes.TrimRight(text, "\n"), '\n')
		}
	}
	return e, nil
}

// key is what a resource is called in a comparison. The environment's own
// namespace is not named, nor is the application with which names outside it
// begin: the two have different ones.
func (e environment) key(o *manifest.Object) string {
	switch {
	case o.Kind == "Namespace" && o.Name == e.namespace:
		return o.Kind
	case o.Namespace == e.namespace || o.Namespace == "":
		return o.Kind + "/" + e.short(o.Name)
	}
	return o.Kind + "/" + o.Namespace + "/" + e.short(o.Name)
}

func (e environment) short(name string) string {
	if rest, ok := strings.CutPrefix(name, e.name+"-"); ok {
		return rest
	}
	return name
}

// compare gives what differs between two environments, in the order of the
// first and then of the second.
func compare(from, to environment, context int) []difference {
	out := []difference{}
	for _, key := range from.order {
		old := from.resources[key]
		now, both := to.resources[key]
		d := difference{Path: key, Action: plan.Update, Hunks: merge.Hunks(old, now, context)}
		if !both {
			d.Action, d.Reason = plan.Delete, "only in "+from.title
		}
		if len(d.Hunks) > 0 {
			out = append(out, d)
		}
	}
	for _, key := range to.order {
		if _, both := from.resources[key]; !both {
			out = append(out, difference{Path: key, Action: plan.Create, Reason: "only in " + to.title, Hunks: merge.Hunks(nil, to.resources[key], context)})
		}
	}
	return out
}
