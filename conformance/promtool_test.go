package conformance

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/tree"
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

// testRules runs rule tests, which are the files test*.yaml, and returns what
// promtool says of those that fail.
func testRules(t *testing.T, promtool string, files *tree.Tree) (report string, ok bool) {
	t.Helper()
	dir := t.TempDir()
	args := []string{"test", "rules"}
	for name, data := range files.All() {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(filepath.Base(file), "test") {
			args = append(args, file)
		}
	}
	if len(args) == 2 {
		t.Fatal("there are no rule tests to run")
	}
	cmd := exec.CommandContext(t.Context(), promtool, args...)
	cmd.Env = append(os.Environ(), component.Thrift...)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}
