package audit

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

// moAudit runs one rule over files, and gives its open findings and what it skipped.
func moAudit(t *testing.T, rule string, files map[string]string) (found, skipped []string) {
	t.Helper()
	all := tree.New()
	for name, text := range files {
		all.Set(name, []byte(text))
	}
	w, suppressions := world(t, all, ".")
	r, err := Run(context.Background(), w, Options{Rules: []string{rule}, Today: today, Suppressions: suppressions})
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		found = append(found, fmt.Sprintf("%d:%d %s", f.Line, f.Column, f.Message))
	}
	for _, s := range r.Skipped {
		skipped = append(skipped, strings.TrimPrefix(s.What+": "+s.Why, ": "))
	}
	return found, skipped
}

// moRules is a PrometheusRule with one rule, whose lines are given.
func moRules(lines ...string) string {
	return "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: r, namespace: monitoring}\nspec:\n  groups:\n  - name: g\n    rules:\n    - " +
		strings.Join(lines, "\n      ") + "\n"
}

// TestPlaceInExpression: a fault in an expression is shown where it stands, in
// whichever way the expression is written.
func TestPlaceInExpression(t *testing.T) {
	for _, c := range []struct{ name, rules, want string }{
		{"plain", moRules("alert: A", "expr: up == )"), "9:19"},
		{"in double quotes", moRules("alert: A", `expr: "up == )"`), "9:20"},
		{"in single quotes", moRules("alert: A", `expr: 'up == )'`), "9:20"},
		{"an escape before it", moRules("alert: A", `expr: "up{a=\"b\"} == )"`), "9:13"},
		{"a block", moRules("alert: A", "expr: |-", "  up", "  == )"), "11:12"},
		{"a block's first line", moRules("alert: A", "expr: |", "  up == )"), "10:15"},
		{"folded", moRules("alert: A", "expr: >-", "  up", "  == )"), "9:13"},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, _ := moAudit(t, "AL02", map[string]string{"r.yaml": c.rules})
			if len(found) != 1 {
				t.Fatalf("findings: %q", found)
			}
			place, _, _ := strings.Cut(found[0], " ")
			if diff := cmp.Diff(c.want, place); diff != "" {
				t.Errorf("place (-want +got):\n%s\n%s", diff, found[0])
			}
		})
	}
}

// TestAlertsByThemselves: what is said of an alert without a model.
func TestAlertsByThemselves(t *testing.T) {
	whole := []string{"labels: {severity: page}", "annotations: {summary: s, description: d, runbook_url: u}"}
	alert := func(lines ...string) string {
		return moRules(append(append([]string{"alert: A"}, lines...), whole...)...)
	}
	for _, c := range []struct {
		name, rule, rules string
		want              []string
	}{
		{"right", "AL03", alert("expr: up == 0", "for: 5m"), nil},
		{"absence compares", "AL03", alert("expr: absent(up)", "for: 5m"), nil},
		{"unless compares", "AL03", alert("expr: a unless b", "for: 5m"), nil},
		{"one side of or compares nothing", "AL03", alert("expr: (up == 0) or vector(1)", "for: 5m"), []string{"9:13 PrometheusRule monitoring/r: A compares nothing, so it fires as long as its series exist"}},
		{"bool leaves nothing out", "AL03", alert("expr: up == bool 0", "for: 5m"), []string{"9:13 PrometheusRule monitoring/r: A compares nothing, so it fires as long as its series exist"}},
		{"meant to fire always", "AL03", moRules("alert: A", "expr: vector(1)", "labels: {severity: none}"), nil},
		{"for at once is said", "AL03", alert("expr: up == 0", "for: 0s"), nil},
		{"for in words", "AL03", alert("expr: up == 0", "for: 5 minutes"), []string{`10:12 PrometheusRule monitoring/r: A: "5 minutes" is no duration, such as 5m or 1h30m`}},
		{"both", "AL02", moRules("alert: A", "record: a:b:c", "expr: up"), []string{"9:15 PrometheusRule monitoring/r: A is an alert and a recording rule at once"}},
		{"neither", "AL02", moRules("expr: up"), []string{"8:7 PrometheusRule monitoring/r: a rule is neither an alert nor a recording rule"}},
		{"no name of a series", "AL02", moRules("record: a-b", "expr: up"), []string{`8:15 PrometheusRule monitoring/r: "a-b" is no name of a series`}},
		{"a range vector", "AL02", moRules("record: a", "expr: up[5m]"), []string{"9:13 PrometheusRule monitoring/r: a: a rule gives an instant vector or a number; this is a range vector"}},
		{"no retention is known", "AL05", moRules("record: a", "expr: rate(a[90d])"), nil},
		{"one sample", "AL05", moRules("record: a", "expr: rate(a[59s])"), []string{"9:13 PrometheusRule monitoring/r: a: rate over 59s sees fewer than two samples, which come every 30s"}},
		{"two samples", "AL05", moRules("record: a", "expr: rate(a[1m])"), nil},
		{"a step of its own", "AL05", moRules("record: a", "expr: 'rate(a[1m:30s])'"), nil},
		{"a step too long", "AL05", moRules("record: a", "expr: 'rate(a[1m:1m])'"), []string{"9:14 PrometheusRule monitoring/r: a: rate over 1m sees fewer than two samples, which come every 1m"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, _ := moAudit(t, c.rule, map[string]string{"r.yaml": c.rules})
			if diff := cmp.Diff(c.want, found); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRetention: a Prometheus object says how long samples are kept, and the
// operator a day where it does not.
func TestRetention(t *testing.T) {
	prometheus := func(spec string) string {
		return "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: p, namespace: monitoring}\nspec: {ruleSelector: {}" + spec + "}\n"
	}
	for _, c := range []struct {
		name, prometheus, expr string
		fires                  bool
	}{
		{"a day by default", prometheus(""), "sum_over_time(a[25h])", true},
		{"a day is in it", prometheus(""), "sum_over_time(a[24h])", false},
		{"longer", prometheus(", retention: 30d"), "sum_over_time(a[29d])", false},
		{"an offset counts", prometheus(", retention: 30d"), "sum_over_time(a[29d] offset 2d)", true},
		{"a subquery counts", prometheus(""), "max_over_time(rate(a[13h])[12h:1m])", true},
		{"scraped seldom", prometheus(", scrapeInterval: 2m"), "rate(a[3m])", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, _ := moAudit(t, "AL05", map[string]string{"p.yaml": c.prometheus, "r.yaml": moRules("record: a", "expr: '"+c.expr+"'")})
			if c.fires != (len(found) == 1) {
				t.Errorf("findings: %q", found)
			}
		})
	}
}

// TestGuidesMetric: the practice guide's alert is on a metric that is nobody's;
// its monitor selects nothing.
func TestGuidesMetric(t *testing.T) {
	files := map[string]string{
		"service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: app, namespace: shop}\nspec: {selector: {app: app}, ports: [{name: metrics, port: 9090}]}\n",
		"monitor.yaml": "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nmetadata: {name: app, namespace: shop}\nspec: {selector: {matchLabels: {app: app}}, endpoints: [{port: metrics}]}\n",
		"rules.yaml":   moRules("alert: HighLatency", "expr: network_latency_seconds > 1"),
	}
	found, _ := moAudit(t, "AL01", files)
	want := []string{"9:13 PrometheusRule monitoring/r: HighLatency reads network_latency_seconds, which no known component exports, and no monitor leads to an application that could"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	files["service.yaml"] = strings.Replace(files["service.yaml"], "namespace: shop}", "namespace: shop, labels: {app: app}}", 1) +
		"---\napiVersion: v1\nkind: Pod\nmetadata: {name: app, namespace: shop, labels: {app: app}}\nspec: {containers: [{name: app, ports: [{containerPort: 9090}]}]}\n"
	found, skipped := moAudit(t, "AL01", files)
	if diff := cmp.Diff([]string{"series network_latency_seconds: it may be the application's own"}, skipped); len(found) > 0 || diff != "" {
		t.Errorf("found %q; skipped (-want +got):\n%s", found, diff)
	}
}
