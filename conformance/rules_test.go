package conformance

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/manifest"
)

// groups are the rule groups of every PrometheusRule of the model.
func (m *model) groups() []manifest.RuleGroup {
	var out []manifest.RuleGroup
	for _, r := range objectsOf[manifest.PrometheusRule](m.objects, "PrometheusRule") {
		out = append(out, r.Spec.Groups...)
	}
	return out
}

// checkRules runs `promtool check rules` over groups as one file, with every
// lint, each of them fatal.
func checkRules(t *testing.T, promtool string, groups []manifest.RuleGroup) (report string, ok bool) {
	t.Helper()
	var list []map[string]any
	for _, g := range groups {
		list = append(list, groupOf(g))
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := writeYAML(file, map[string]any{"groups": list}); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", "--lint=all", "--lint-fatal", file).CombinedOutput()
	return string(out), err == nil
}

// TestRulesPassPromtool: all rules of a model in one file, so that duplicates
// between two PrometheusRules are seen too.
func TestRulesPassPromtool(t *testing.T) {
	record.Start(t, record.Monitoring, "promtool check rules, with every lint, has nothing to say of any rule")
	promtool := component.Build(t, "promtool")
	for _, m := range models(t) {
		t.Run(m.name, func(t *testing.T) {
			groups := m.groups()
			rules := 0
			for _, g := range groups {
				rules += len(g.Rules)
			}
			record.Checks(t, rules)
			report, ok := checkRules(t, promtool, groups)
			if want := fmt.Sprintf("SUCCESS: %d rules found", rules); !ok || rules == 0 || !strings.Contains(report, want) {
				t.Errorf("promtool does not say %q:\n%s", want, report)
			}
		})
	}
}

// TestPromtoolRefuses is the control: what must not pass does not.
func TestPromtoolRefuses(t *testing.T) {
	record.Start(t, record.Monitoring, "control: promtool refuses bad PromQL, duplicates and bad templates")
	promtool := component.Build(t, "promtool")
	for _, tt := range []struct {
		name   string
		change func(g *manifest.RuleGroup)
		want   string
	}{
		{"bad PromQL", func(g *manifest.RuleGroup) { g.Rules[0].Expr += " > > 1" }, "could not parse expression"},
		{"a duplicate", func(g *manifest.RuleGroup) { g.Rules = append(g.Rules, g.Rules[0]) }, "duplicate rule"},
		{"a template that does not parse", func(g *manifest.RuleGroup) { g.Rules[0].Annotations["summary"] = "{{ $value | nonsense }}" }, "nonsense"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rule := manifest.Rule{Alert: "Some", Expr: "up == 0", For: "5m",
				Labels: map[string]string{"severity": "info"}, Annotations: map[string]string{"summary": "Down."}}
			group := manifest.RuleGroup{Name: "control", Rules: []manifest.Rule{rule}}
			if report, ok := checkRules(t, promtool, []manifest.RuleGroup{group}); !ok {
				t.Fatalf("the unchanged rule is refused:\n%s", report)
			}
			tt.change(&group)
			if report, ok := checkRules(t, promtool, []manifest.RuleGroup{group}); ok || !strings.Contains(report, tt.want) {
				t.Errorf("promtool passes it, or not for %q:\n%s", tt.want, report)
			}
			record.Checks(t, 1)
		})
	}
}

// burnTiers are the tiers of the Site Reliability Workbook's table of
// multiwindow, multi-burn-rate alerts for an objective over 30 days.
var burnTiers = []struct {
	long, short, wait time.Duration
	factor            float64
	window, severity  string
}{
	{time.Hour, 5 * time.Minute, 2 * time.Minute, 14.4, "1h", "critical"},
	{6 * time.Hour, 30 * time.Minute, 15 * time.Minute, 6, "6h", "critical"},
	{24 * time.Hour, 2 * time.Hour, time.Hour, 3, "1d", "warning"},
	{72 * time.Hour, 6 * time.Hour, 3 * time.Hour, 1, "3d", "warning"},
}

// TestBurnRateTiersFitRetention: a tier that looks back further than Prometheus
// remembers is left out, and none that fits.
func TestBurnRateTiersFitRetention(t *testing.T) {
	record.Start(t, record.Monitoring, "burn-rate tiers are those that Prometheus' retention lets see far enough")
	got := map[time.Duration]string{}
	for _, m := range models(t) {
		retention := time.Duration(m.network.Spec.Monitoring.Retention)
		var want []string
		for _, tier := range burnTiers {
			if tier.long <= retention {
				want = append(want, tier.window)
			}
		}
		for _, g := range m.groups() {
			var windows []string
			for _, r := range g.Rules {
				if r.Alert == "ServiceErrorBudgetBurn" {
					windows = append(windows, r.Labels["window"])
				}
			}
			if windows == nil {
				continue
			}
			record.Checks(t, 1)
			got[retention] = strings.Join(windows, " ")
			if diff := cmp.Diff(want, windows); diff != "" {
				t.Errorf("%s, %s, retention %s (-want +got):\n%s", m.name, g.Name, retention, diff)
			}
		}
	}
	// What the models show, spelled out.
	want := map[time.Duration]string{6 * time.Hour: "1h 6h", 48 * time.Hour: "1h 6h 1d", 240 * time.Hour: "1h 6h 1d 3d", 720 * time.Hour: "1h 6h 1d 3d"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("retention and tiers (-want +got):\n%s", diff)
	}
}

// TestAlertsAreComplete: whom it is about, how bad it is, what it means and
// where the way out is written; nothing that changes while it fires in a label.
func TestAlertsAreComplete(t *testing.T) {
	record.Start(t, record.Monitoring, "each alert says whom it is about, how bad it is, what it means and where the way out is written")
	for _, m := range models(t) {
		for _, g := range m.groups() {
			for _, r := range g.Rules {
				if r.Alert == "" {
					continue
				}
				record.Checks(t, 7)
				for _, key := range []string{"severity", "service", "namespace"} {
					if v := r.Labels[key]; v == "" || strings.Contains(v, "{{") {
						t.Errorf("%s: %s in %s has label %s %q", m.name, r.Alert, g.Name, key, v)
					}
				}
				for _, key := range []string{"summary", "description", "runbook_url"} {
					if r.Annotations[key] == "" {
						t.Errorf("%s: %s in %s has no %s", m.name, r.Alert, g.Name, key)
					}
				}
				if s := m.service(r.Labels["service"]); s == nil && r.Labels["service"] != "dns" && r.Labels["service"] != "istiod" {
					t.Errorf("%s: %s in %s is about %q, which is no service", m.name, r.Alert, g.Name, r.Labels["service"])
				} else if s != nil && r.Labels["namespace"] != m.network.Spec.Namespace {
					t.Errorf("%s: %s in %s is about namespace %q", m.name, r.Alert, g.Name, r.Labels["namespace"])
				}
			}
		}
	}
}
