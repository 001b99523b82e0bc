package conformance

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/manifest"
)

// A scenario is one alert as it is meant: how long it waits, how bad it is, and
// scenes in which it fires or stays quiet. Scenes that stay quiet are close
// calls, not empty worlds.
type scenario struct {
	wait     time.Duration
	severity string
	scenes   func(w world) []scene
}

// settled is how long after it is due an alert is read: by then the short
// windows are full, and the value is the one of the steady state.
const settled = 20 * time.Minute

// action is what a template in an annotation puts its value in place of.
var action = regexp.MustCompile(`{{[^}]*}}`)

// named are the names in an expression, those of metrics among them.
var named = regexp.MustCompile(`[a-zA-Z_:][a-zA-Z0-9_:]*`)

// needed are the recording rules whose series an expression names, and those
// that these name in turn. No other can make a difference, and those over long
// windows take most of the time.
func needed(recordings []manifest.RuleGroup, expr string) []manifest.RuleGroup {
	names := map[string]bool{}
	for todo := []string{expr}; len(todo) > 0; todo = todo[1:] {
		for _, name := range named.FindAllString(todo[0], -1) {
			if names[name] {
				continue
			}
			names[name] = true
			for _, g := range recordings {
				for _, r := range g.Rules {
					if r.Record == name {
						todo = append(todo, r.Expr)
					}
				}
			}
		}
	}
	var out []manifest.RuleGroup
	for _, g := range recordings {
		g.Rules = slices.DeleteFunc(slices.Clone(g.Rules), func(r manifest.Rule) bool { return !names[r.Record] })
		if len(g.Rules) > 0 {
			out = append(out, g)
		}
	}
	return out
}

// test turns a scene into a rule test of the rule alone, with the recording
// rules before it that it needs.
func (sc scene) test(w world, recordings []manifest.RuleGroup, wait time.Duration) ruleTest {
	alerts := manifest.RuleGroup{Name: "alert", Rules: []manifest.Rule{w.rule}}
	rt := ruleTest{
		name:   w.m.name + ": " + w.rule.Alert + " of " + w.rule.Labels["service"] + ": " + sc.what,
		groups: append(needed(recordings, w.rule.Expr), alerts),
		step:   sc.step, input: sc.input,
	}
	if rt.step == 0 {
		rt.step = time.Minute
	}
	if !sc.fires {
		at := sc.at
		if at == nil {
			at = []time.Duration{wait, 2*wait + 10*time.Minute}
		}
		for _, t := range at {
			rt.checks = append(rt.checks, check{at: t, alert: w.rule.Alert})
		}
		return rt
	}
	labels := map[string]string{}
	maps.Copy(labels, sc.labels)
	maps.Copy(labels, w.rule.Labels)
	annotations := map[string]string{}
	for key, text := range w.rule.Annotations {
		annotations[key] = action.ReplaceAllLiteralString(text, sc.value)
	}
	rt.checks = []check{
		{at: sc.onset + wait - rt.step, alert: w.rule.Alert},
		{at: sc.onset + wait + settled, alert: w.rule.Alert, want: &fired{labels, annotations}},
	}
	return rt
}

// rules are the model's groups of recording rules, and its alerts with the
// services that they are about.
func (m *model) rules() (recordings []manifest.RuleGroup, alerts []world) {
	for _, g := range m.groups() {
		recording := manifest.RuleGroup{Name: g.Name, Interval: g.Interval, Labels: g.Labels}
		for _, r := range g.Rules {
			if r.Record != "" {
				recording.Rules = append(recording.Rules, r)
				continue
			}
			alerts = append(alerts, world{m: m, s: m.service(r.Labels["service"]), rule: r})
		}
		if len(recording.Rules) > 0 {
			recordings = append(recordings, recording)
		}
	}
	return recordings, alerts
}

// TestEveryAlertFiresAndStaysQuiet holds every alert of every model to its
// scenario, on the series that the model's platform would export.
func TestEveryAlertFiresAndStaysQuiet(t *testing.T) {
	record.Start(t, record.Monitoring, "each alert fires when it should, after its wait and with its labels and annotations, and stays quiet in a close call (promtool test rules)")
	promtool := component.Build(t, "promtool")
	var mu sync.Mutex
	variants := map[string]bool{}
	t.Run("models", func(t *testing.T) {
		for _, m := range models(t) {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				shown := playAll(t, promtool, m)
				mu.Lock()
				defer mu.Unlock()
				maps.Copy(variants, shown)
			})
		}
	})
	for name := range scenarios {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(variants)), func(v string) bool { return v == name || strings.HasPrefix(v, name+" ") }) {
			t.Errorf("no model has the alert %s: its scenario is played by nobody", name)
		}
	}
	for _, want := range wantVariants {
		if !variants[want] {
			t.Errorf("no model shows %s; there are %q", want, slices.Sorted(maps.Keys(variants)))
		}
	}
}

// playAll plays the scenes of every alert of a model and returns the forms of
// alerts that they have shown.
func playAll(t *testing.T, promtool string, m *model) map[string]bool {
	t.Helper()
	shown := map[string]bool{}
	recordings, alerts := m.rules()
	var tests []ruleTest
	for _, w := range alerts {
		about := w.rule.Alert + " of " + w.rule.Labels["service"]
		sc, known := scenarios[w.rule.Alert]
		if !known {
			t.Errorf("%s has no scenario: nobody has seen it fire", about)
			continue
		}
		severity, wait := sc.severity, sc.wait
		if tier, ok := w.tier(); ok {
			severity, wait = tier.severity, tier.wait
		}
		if got := w.rule.Labels["severity"]; got != severity {
			t.Errorf("%s is %s, want %s", about, got, severity)
		}
		if got, err := time.ParseDuration(w.rule.For); err != nil || got != wait {
			t.Errorf("%s waits %s, want %s", about, w.rule.For, wait)
		}
		fires, quiet := 0, 0
		for _, scene := range sc.scenes(w) {
			if scene.fires {
				fires++
				shown[strings.TrimSpace(w.rule.Alert+" "+scene.variant)] = true
			} else {
				quiet++
			}
			tests = append(tests, scene.test(w, recordings, wait))
		}
		if fires == 0 || quiet == 0 {
			t.Errorf("%s: nothing that the platform exports lets it fire (%d scenes) or keeps it quiet (%d scenes)", about, fires, quiet)
		}
	}
	if report, ok := testRules(t, promtool, tests); !ok {
		t.Errorf("of %d rule tests some fail:\n%s", len(tests), failures(report))
	}
	record.Checks(t, len(tests))
	t.Logf("%d alerts, %d rule tests", len(alerts), len(tests))
	return shown
}

// failures leaves the passed tests out of promtool's report.
func failures(report string) string {
	var out []string
	for _, part := range strings.Split(report, "\n\n") {
		if text := strings.TrimSpace(part); text != "" && !strings.HasSuffix(text, "SUCCESS") {
			out = append(out, text)
		}
	}
	return strings.Join(out, "\n\n")
}

// TestScenesSeeABrokenRule is the control: rules that are broken on purpose
// fail their scenes, so that a pass means something.
func TestScenesSeeABrokenRule(t *testing.T) {
	record.Start(t, record.Monitoring, "control: rules that are broken on purpose fail their scenes")
	promtool := component.Build(t, "promtool")
	const mesh, door = "sidecar-gateway-istio", "none-ingress-traefik"
	for _, tt := range []struct {
		name, model, service, alert string
		old, new                    string
	}{
		{"a higher threshold", mesh, "ledger", "ServiceErrorsHigh", "> 0.05", "> 0.5"},
		{"a lower threshold", mesh, "ledger", "ServiceErrorsHigh", "> 0.05", "> 0.03"},
		{"traffic no longer counts", mesh, "ledger", "ServiceErrorsHigh", "> 0.1", "> 0"},
		{"one window of two", mesh, "cart", "ServiceErrorBudgetBurn", ":ratio_rate5m", ":ratio_rate1h"},
		{"no zero for a stable version without failures", mesh, "price", "CanaryErrorsHigh", " or 0 * ", " and 0 * "},
		{"no absent", mesh, "cart", "ServiceTrafficAbsent", "absent(", "0 * count("},
		{"another reporter", mesh, "cart", "CircuitBreakerOpen", "source|waypoint", "destination"},
		{"another percentile", mesh, "web", "ServiceLatencyHigh", "p95", "p99"},
		{"other endpoints", mesh, "cart", "ServiceWithoutEndpoints", `ready="true"`, `ready=~".*"`},
		{"another backend", door, "board", "FrontDoorErrorsHigh", "board-http", "search-http"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			recordings, alerts := modelOf(t, tt.model).rules()
			i := slices.IndexFunc(alerts, func(w world) bool { return w.rule.Alert == tt.alert && w.rule.Labels["service"] == tt.service })
			if i < 0 {
				t.Fatalf("%s has no %s for %s", tt.model, tt.alert, tt.service)
			}
			w := alerts[i]
			wait := scenarios[tt.alert].wait
			if tier, ok := w.tier(); ok {
				wait = tier.wait
			}
			play := func() (string, bool) {
				var tests []ruleTest
				for _, scene := range scenarios[tt.alert].scenes(w) {
					tests = append(tests, scene.test(w, recordings, wait))
				}
				return testRules(t, promtool, tests)
			}
			if report, ok := play(); !ok {
				t.Fatalf("the unchanged rule fails:\n%s", failures(report))
			}
			broken := strings.ReplaceAll(w.rule.Expr, tt.old, tt.new)
			if broken == w.rule.Expr {
				t.Fatalf("there is no %q to break in\n%s", tt.old, w.rule.Expr)
			}
			w.rule.Expr = broken
			if _, ok := play(); ok {
				t.Errorf("with %q in place of %q it still passes", tt.new, tt.old)
			}
			record.Checks(t, 2)
		})
	}
}
