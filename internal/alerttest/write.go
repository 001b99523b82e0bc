package alerttest

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/scalar"
	"kgen.dev/kgen/internal/tree"
)

// Files are the scenes of alerts as promtool test rules takes them: for each
// alert a folder with the rules that it needs, rules.yaml, in Prometheus' own form,
// and its scenes in test.yaml; scenes that are evaluated in other steps stand in
// test-<step>.yaml. An alert that kgen has no scenes for has no folder.
//
// promtool compares annotations whole. Where a person wrote one in a form whose
// words a scene does not know, its template is in the place of them.
func Files(alerts []*Alert) (*tree.Tree, error) {
	out := tree.New()
	taken := map[string]int{}
	for _, a := range alerts {
		if len(a.Scenes) == 0 {
			continue
		}
		dir := folder(a)
		if taken[dir]++; taken[dir] > 1 {
			dir = fmt.Sprintf("%s-%d", dir, taken[dir])
		}
		if err := out.Add(path.Join(dir, "rules.yaml"), a.rulesFile()); err != nil {
			return nil, err
		}
		bySteps := map[time.Duration][]Scene{}
		for _, s := range a.Scenes {
			bySteps[s.step()] = append(bySteps[s.step()], s)
		}
		for _, step := range slices.Sorted(maps.Keys(bySteps)) {
			name := "test.yaml"
			if step != time.Minute {
				name = "test-" + short(step) + ".yaml"
			}
			text, err := a.testFile(step, bySteps[step])
			if err != nil {
				return nil, err
			}
			if err := out.Add(path.Join(dir, name), text); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// folder is a name for the alert's folder. Labels hold anything; a name of a
// folder does not.
func folder(a *Alert) string {
	word := func(s string) string {
		return strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
				return r
			}
			return '-'
		}, s)
	}
	name := word(a.Service) + "-" + word(a.Rule.Alert)
	if w := a.Rule.Labels["window"]; w != "" {
		name += "-" + word(w)
	}
	return name
}

// printer writes YAML line by line, every text in quotes.
type printer struct{ strings.Builder }

func (p *printer) line(indent int, format string, args ...any) {
	p.WriteString(strings.Repeat(" ", indent))
	fmt.Fprintf(p, format, args...)
	p.WriteByte('\n')
}

func (p *printer) mapping(indent int, key string, m map[string]string) {
	if len(m) == 0 {
		return
	}
	p.line(indent, "%s:", key)
	for _, k := range slices.Sorted(maps.Keys(m)) {
		p.line(indent+2, "%s: %s", scalar.Double(k), scalar.Double(m[k]))
	}
}

// rulesFile is a rule file as Prometheus reads it, and as its operator makes one
// of PrometheusRules.
func (a *Alert) rulesFile() []byte {
	var p printer
	p.line(0, "groups:")
	for _, g := range a.Groups() {
		p.line(0, "- name: %s", scalar.Double(g.Name))
		if g.Interval != "" {
			p.line(2, "interval: %s", scalar.Double(g.Interval))
		}
		p.mapping(2, "labels", g.Labels)
		p.line(2, "rules:")
		for _, r := range g.Rules {
			p.rule(r)
		}
	}
	return []byte(p.String())
}

func (p *printer) rule(r manifest.Rule) {
	if r.Record != "" {
		p.line(2, "- record: %s", scalar.Double(r.Record))
	} else {
		p.line(2, "- alert: %s", scalar.Double(r.Alert))
	}
	p.line(4, "expr: %s", scalar.Double(r.Expr))
	if r.For != "" {
		p.line(4, "for: %s", scalar.Double(r.For))
	}
	if r.KeepFiringFor != "" {
		p.line(4, "keep_firing_for: %s", scalar.Double(r.KeepFiringFor))
	}
	p.mapping(4, "labels", r.Labels)
	p.mapping(4, "annotations", r.Annotations)
}

// testFile is a file of promtool test rules with scenes of one step.
func (a *Alert) testFile(step time.Duration, scenes []Scene) ([]byte, error) {
	var p printer
	p.line(0, "rule_files: [rules.yaml]")
	p.line(0, "evaluation_interval: %s", prom(step))
	p.line(0, "group_eval_order:") // promtool's own is any
	for _, g := range a.Groups() {
		p.line(0, "- %s", scalar.Double(g.Name))
	}
	p.line(0, "tests:")
	for _, s := range scenes {
		checks, err := a.Checks(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Text(), err)
		}
		p.line(0, "- name: %s", scalar.Double(a.Text()+": "+s.What))
		p.line(2, "interval: %s", prom(step))
		p.line(2, "input_series:")
		for _, in := range s.Input {
			p.line(2, "- series: %s", scalar.Double(in.Text()))
			p.line(4, "values: %s", scalar.Double(in.Values()))
		}
		p.line(2, "alert_rule_test:")
		for _, c := range checks {
			p.line(2, "- eval_time: %s", prom(c.At))
			p.line(4, "alertname: %s", scalar.Double(a.Rule.Alert))
			if c.Want == nil {
				continue
			}
			p.line(4, "exp_alerts:")
			p.line(4, "-")
			p.mapping(6, "exp_labels", c.Want.Labels)
			p.mapping(6, "exp_annotations", c.Want.Annotations)
		}
	}
	return []byte(p.String()), nil
}

// prom writes a duration as Prometheus reads it.
func prom(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }
