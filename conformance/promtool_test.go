package conformance

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
)

// series is one input series of a rule test: values are in promtool's notation,
// a sample a step ("0+60x10": from 0, ten more that grow by 60).
type series struct {
	metric string
	labels map[string]string
	values string
}

func (s series) text() string {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(s.labels)) {
		pairs = append(pairs, k+"="+strconv.Quote(s.labels[k]))
	}
	return s.metric + "{" + strings.Join(pairs, ",") + "}"
}

// A ruleTest is one file of `promtool test rules`: rules, what is scraped, and
// at which time which alerts are expected.
type ruleTest struct {
	name   string
	groups []manifest.RuleGroup
	step   time.Duration
	input  []series
	checks []check
}

// check is what one alert name stands at after some time: firing once with the
// labels and annotations, or not firing where want is nil.
type check struct {
	at    time.Duration
	alert string
	want  *fired
}

type fired struct{ labels, annotations map[string]string }

// write puts the test and its rules into dir and returns the test's file.
func (rt ruleTest) write(dir string) (string, error) {
	type object = map[string]any
	var rules []object
	var order []string // promtool's own is any
	for _, g := range rt.groups {
		rules, order = append(rules, groupOf(g)), append(order, g.Name)
	}
	if err := writeYAML(filepath.Join(dir, "rules.yaml"), object{"groups": rules}); err != nil {
		return "", err
	}
	var input, tests []object
	for _, s := range rt.input {
		input = append(input, object{"series": s.text(), "values": s.values})
	}
	for _, c := range rt.checks {
		test := object{"eval_time": prom(c.at), "alertname": c.alert}
		if c.want != nil {
			test["exp_alerts"] = []object{{"exp_labels": c.want.labels, "exp_annotations": c.want.annotations}}
		}
		tests = append(tests, test)
	}
	file := filepath.Join(dir, "test.yaml")
	return file, writeYAML(file, object{
		"rule_files": []string{"rules.yaml"}, "group_eval_order": order, "evaluation_interval": prom(rt.step),
		"tests": []object{{"name": rt.name, "interval": prom(rt.step), "input_series": input, "alert_rule_test": tests}},
	})
}

// prom writes a duration as Prometheus reads it.
func prom(d time.Duration) string { return fmt.Sprintf("%ds", int(d.Seconds())) }

// groupOf is a rule group in Prometheus' own file format, which is what its
// operator makes of a PrometheusRule.
func groupOf(g manifest.RuleGroup) map[string]any {
	var rules []map[string]any
	for _, r := range g.Rules {
		rule := map[string]any{"expr": r.Expr}
		for key, value := range map[string]string{"record": r.Record, "alert": r.Alert, "for": r.For, "keep_firing_for": r.KeepFiringFor} {
			if value != "" {
				rule[key] = value
			}
		}
		if r.Labels != nil {
			rule["labels"] = r.Labels
		}
		if r.Annotations != nil {
			rule["annotations"] = r.Annotations
		}
		rules = append(rules, rule)
	}
	group := map[string]any{"name": g.Name, "rules": rules}
	if g.Interval != "" {
		group["interval"] = g.Interval
	}
	if g.Labels != nil {
		group["labels"] = g.Labels
	}
	return group
}

func writeYAML(file string, value any) error {
	data, err := yaml.Marshal(value)
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

// testRules runs rule tests and returns what promtool says of those that fail.
func testRules(t *testing.T, promtool string, tests []ruleTest) (report string, ok bool) {
	t.Helper()
	if len(tests) == 0 {
		t.Fatal("there are no rule tests to run")
	}
	top := t.TempDir()
	args := []string{"test", "rules"}
	for i, rt := range tests {
		dir := filepath.Join(top, strconv.Itoa(i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		file, err := rt.write(dir)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	cmd := exec.CommandContext(t.Context(), promtool, args...)
	// A short life with little to keep: collecting garbage is a fifth of its work.
	cmd.Env = append(os.Environ(), "GOGC=off", "GOMEMLIMIT=1GiB")
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}
