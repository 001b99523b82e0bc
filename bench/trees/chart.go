package trees

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
)

// A Chart is a Helm chart that makes the objects of a model: a template for each
// leaf folder of kgen's, over the list of services in values.yaml.
type Chart map[string]string

// The sample is a service of a model in which nobody stands in two roles to it,
// so that each name in its manifests tells what it is there for.
const sampleServices, sampleService = 7, 3

// Sample lets kgen render the model that a chart's templates are made from.
func Sample(ctx context.Context, kgen, dir string) ([]File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	return Rendered(ctx, kgen, dir, sampleServices)
}

// NewChart makes the chart of a model of n services, whose manifests are files.
// Its templates are those of one service of the sample, with the names in them
// made into expressions; what belongs to no service stands as it is.
func NewChart(sample, files []File, n int) (Chart, error) {
	if n < 5 {
		return nil, fmt.Errorf("a chart of %d services: at least 5, or the ones called are the callers", n)
	}
	chart := Chart{
		"Chart.yaml":  fmt.Sprintf("apiVersion: v2\nname: %s\nversion: 0.0.0\n", Namespace),
		"values.yaml": values(n),
	}
	of := sampleOf(sampleService, sampleServices)
	own := Service(sampleService) + ".yaml"
	for _, f := range sample {
		if path.Base(f.Path) != own {
			continue
		}
		text := of.Replace(escaped(join(f.Objects)))
		if at := strings.Index(text, "service-0"); at >= 0 {
			return nil, fmt.Errorf("%s of the sample: its template would name another service: %.40q", f.Path, text[at:])
		}
		chart["templates/"+path.Base(path.Dir(f.Path))+".yaml"] = "{{- range .Values.services }}\n---\n" + text + "{{- end }}\n"
	}
	if len(chart) == 2 {
		return nil, errors.New("the sample has no file of " + own)
	}
	for _, f := range files {
		if !ofService(f) {
			name := strings.ReplaceAll(strings.TrimSuffix(f.Path, ".yaml"), "/", "-")
			chart["templates/"+name+".yaml"] = escaped(join(f.Objects))
		}
	}
	return chart, nil
}

// escaped is text in which a template finds no action.
func escaped(text string) string { return strings.ReplaceAll(text, "{{", `{{ "{{" }}`) }

// sampleOf puts expressions in the place of the names around service i of n.
func sampleOf(i, n int) *strings.Replacer {
	pairs := []string{Service(i), "{{ .name }}"}
	for k, name := range callees(i, n) {
		pairs = append(pairs, name, fmt.Sprintf("{{ index .calls %d }}", k))
	}
	for k, name := range callers(i, n) {
		pairs = append(pairs, name, fmt.Sprintf("{{ index .callers %d }}", k))
	}
	return strings.NewReplacer(pairs...)
}

// values are those of a chart of n services: who they are, whom they call and
// who calls them.
func values(n int) string {
	var b strings.Builder
	b.WriteString("services:\n")
	for i := range n {
		fmt.Fprintf(&b, "- name: %s\n  calls: [%s]\n  callers: [%s]\n",
			Service(i), strings.Join(callees(i, n), ", "), strings.Join(callers(i, n), ", "))
	}
	return b.String()
}

// callees are those that service i of n calls, as the model lists them.
func callees(i, n int) []string { return []string{Service((i + 1) % n), Service((i + 2) % n)} }

// callers are those that call service i of n, in the model's order.
func callers(i, n int) []string {
	names := []string{Service((i + n - 1) % n), Service((i + n - 2) % n)}
	slices.Sort(names)
	return names
}

// SameText holds that two lists have the same objects with the same lines, in
// whatever order the objects come; comments and empty lines are nobody's.
func SameText(want, got []Object) error {
	if err := SameObjects(want, got); err != nil {
		return err
	}
	texts := map[string]string{}
	for _, o := range got {
		texts[o.ID()] = bareLines(o.Text)
	}
	for _, o := range want {
		a, b := bareLines(o.Text), texts[o.ID()]
		if a != b {
			return fmt.Errorf("%s differs: %s", o.ID(), firstDifference(a, b))
		}
	}
	return nil
}

func bareLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if t := strings.TrimSpace(line); t != "" && t[0] != '#' {
			b.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
	}
	return b.String()
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("%q where %q is meant", b[i], a[i])
		}
	}
	return fmt.Sprintf("%d lines where %d are meant", len(b), len(a))
}
