package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/alerttest"
	"kgen.dev/kgen/internal/manifest"
)

// meant is how long an alert waits and how bad it is; its scenes are the product's.
type meant struct {
	wait     time.Duration
	severity string
}

// meantAlerts hold for each alert that kgen renders, by its name; those of an
// error budget differ by tier.
var meantAlerts = map[string]meant{
	"ServiceErrorsHigh":              {10 * time.Minute, "critical"},
	"ServiceErrorBudgetBurn":         {},
	"ServiceLatencyHigh":             {10 * time.Minute, "warning"},
	"ServiceTrafficAbsent":           {15 * time.Minute, "warning"},
	"CircuitBreakerOpen":             {2 * time.Minute, "warning"},
	"CanaryErrorsHigh":               {5 * time.Minute, "critical"},
	"FrontDoorErrorsHigh":            {10 * time.Minute, "critical"},
	"FrontDoorLatencyHigh":           {10 * time.Minute, "warning"},
	"CertificateExpiresSoon":         {time.Hour, "critical"},
	"ServiceWithoutEndpoints":        {5 * time.Minute, "critical"},
	"ScrapeDown":                     {10 * time.Minute, "warning"},
	"DNSErrorsHigh":                  {10 * time.Minute, "warning"},
	"MeshRootCertificateExpiresSoon": {time.Hour, "critical"},
}

// wantVariants are the forms of alerts that the models must show.
var wantVariants = []string{
	"ServiceErrorsHigh http source", "ServiceErrorsHigh grpc source", "ServiceErrorsHigh http destination",
	"ServiceErrorsHigh grpc waypoint",
	"ServiceErrorBudgetBurn 1h", "ServiceErrorBudgetBurn 6h", "ServiceErrorBudgetBurn 1d", "ServiceErrorBudgetBurn 3d",
	"ServiceLatencyHigh p99", "ServiceLatencyHigh p95", "ServiceLatencyHigh p90",
	"CircuitBreakerOpen http source", "CircuitBreakerOpen http waypoint", "CircuitBreakerOpen tcp",
	"CanaryErrorsHigh source", "CanaryErrorsHigh destination", "CanaryErrorsHigh waypoint",
	"FrontDoorErrorsHigh traefik ingress", "FrontDoorErrorsHigh traefik gateway", "FrontDoorErrorsHigh nginx ingress",
}

// alerts are the model's, with their scenes.
func (m *model) alerts(t *testing.T) []*alerttest.Alert {
	t.Helper()
	alerts, err := alerttest.Alerts(m.network, m.objects)
	if err != nil {
		t.Fatal(err)
	}
	return alerts
}

// alertingRules are the rules of the model that alert.
func (m *model) alertingRules() []manifest.Rule {
	var out []manifest.Rule
	for _, g := range m.groups() {
		for _, r := range g.Rules {
			if r.Alert != "" {
				out = append(out, r)
			}
		}
	}
	return out
}

// TestEveryAlertFiresAndStaysQuiet holds every alert of every model to the
// product's scenes, as kgen test --write writes them.
func TestEveryAlertFiresAndStaysQuiet(t *testing.T) {
	record.Start(t, record.Monitoring, "each alert fires when it should, after its wait and with its labels and annotations, and stays quiet in a close call (promtool test rules)")
	promtool := component.Build(t, "promtool")
	var mu sync.Mutex
	variants := map[string]bool{}
	played := &plays{seen: map[string]bool{}}
	t.Run("models", func(t *testing.T) {
		for _, m := range models(t) {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				shown := playAll(t, promtool, m, played)
				mu.Lock()
				defer mu.Unlock()
				maps.Copy(variants, shown)
			})
		}
	})
	for name := range meantAlerts {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(variants)), func(v string) bool { return v == name || strings.HasPrefix(v, name+" ") }) {
			t.Errorf("no model has the alert %s: its scenes are played by nobody", name)
		}
	}
	for _, want := range wantVariants {
		if !variants[want] {
			t.Errorf("no model shows %s; there are %q", want, slices.Sorted(maps.Keys(variants)))
		}
	}
}

// plays are what has been played already, of whatever model: an alert whose rules
// and scenes are another's but for the names of services, applications and
// namespaces is not played again.
type plays struct {
	mu   sync.Mutex
	seen map[string]bool
}

// first reports whether nothing like the alert was played before.
func (p *plays) first(t *testing.T, m *model, a *alerttest.Alert) bool {
	t.Helper()
	files, err := alerttest.Files([]*alerttest.Alert{a})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, text := range files.All() {
		all.Write(text)
	}
	// Each name becomes the number of its first occurrence, so that texts of one
	// form are the same but for which names there are.
	numbers := map[string]int{}
	form := m.names().ReplaceAllStringFunc(all.String(), func(name string) string {
		if _, known := numbers[name]; !known {
			numbers[name] = len(numbers)
		}
		return fmt.Sprintf("\x00%d\x00", numbers[name])
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[form] {
		return false
	}
	p.seen[form] = true
	return true
}

// names match what the model calls its services, itself, its namespace and those
// of its callers, the longest first.
func (m *model) names() *regexp.Regexp {
	names := []string{m.network.Metadata.Name, m.network.Spec.Namespace}
	for _, s := range m.network.Spec.Services {
		names = append(names, s.Name)
		for _, c := range s.Callers {
			names = append(names, c.Namespace)
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	for i := range names {
		names[i] = regexp.QuoteMeta(names[i])
	}
	return regexp.MustCompile(strings.Join(names, "|"))
}

// playAll plays the scenes of every alert of a model that differs from those
// played, and returns the forms of alerts that its scenes show.
func playAll(t *testing.T, promtool string, m *model, played *plays) map[string]bool {
	t.Helper()
	shown := map[string]bool{}
	alerts, scenes := m.alerts(t), 0
	var fresh []*alerttest.Alert
	for _, a := range alerts {
		want, known := meantAlerts[a.Rule.Alert]
		if !known || !a.Known {
			t.Errorf("%s has no scenes: nobody has seen it fire", a.Text())
			continue
		}
		for _, tier := range burnTiers {
			if a.Rule.Alert == "ServiceErrorBudgetBurn" && tier.window == a.Rule.Labels["window"] {
				want = meant{tier.wait, tier.severity}
			}
		}
		if got := a.Rule.Labels["severity"]; got != want.severity {
			t.Errorf("%s is %s, want %s", a.Text(), got, want.severity)
		}
		if got, err := time.ParseDuration(a.Rule.For); err != nil || got != want.wait {
			t.Errorf("%s waits %s, want %s", a.Text(), a.Rule.For, want.wait)
		}
		fires, quiet := 0, 0
		for _, s := range a.Scenes {
			if s.Fires {
				fires++
				shown[strings.TrimSpace(a.Rule.Alert+" "+s.Variant)] = true
			} else {
				quiet++
			}
		}
		if played.first(t, m, a) {
			fresh = append(fresh, a)
			scenes += fires + quiet
		}
		if fires == 0 || quiet == 0 {
			t.Errorf("%s: nothing that the platform exports lets it fire (%d scenes) or keeps it quiet (%d scenes)", a.Text(), fires, quiet)
		}
	}
	if len(fresh) == 0 {
		return shown
	}
	files, err := alerttest.Files(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if report, ok := testRules(t, promtool, files); !ok {
		t.Errorf("of %d scenes some fail:\n%s", scenes, failures(report))
	}
	record.Checks(t, scenes)
	t.Logf("%d alerts, %d of them as none before, %d scenes", len(alerts), len(fresh), scenes)
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
// fail some of their scenes, so that a pass means something; and kgen, which
// plays scenes in its own process, says of each scene what promtool says.
func TestScenesSeeABrokenRule(t *testing.T) {
	record.Start(t, record.Monitoring, "control: rules that are broken on purpose fail their scenes, in promtool and in kgen test alike")
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
			alerts := modelOf(t, tt.model).alerts(t)
			i := slices.IndexFunc(alerts, func(a *alerttest.Alert) bool { return a.Rule.Alert == tt.alert && a.Service == tt.service })
			if i < 0 {
				t.Fatalf("%s has no %s for %s", tt.model, tt.alert, tt.service)
			}
			a := alerts[i]
			if failed := verdicts(t, promtool, a); len(failed) > 0 {
				t.Fatalf("the unchanged rule fails %q", failed)
			}
			broken := strings.ReplaceAll(a.Rule.Expr, tt.old, tt.new)
			if broken == a.Rule.Expr {
				t.Fatalf("there is no %q to break in\n%s", tt.old, a.Rule.Expr)
			}
			a.Rule.Expr = broken
			if failed := verdicts(t, promtool, a); len(failed) == 0 {
				t.Errorf("with %q in place of %q it still passes", tt.new, tt.old)
			}
		})
	}
}

// verdicts are the scenes that an alert fails, as kgen and promtool have it. They
// have to agree on each.
func verdicts(t *testing.T, promtool string, a *alerttest.Alert) (failed []string) {
	t.Helper()
	for _, s := range a.Scenes {
		faults, err := a.Play(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		one := *a
		one.Scenes = []alerttest.Scene{s}
		files, err := alerttest.Files([]*alerttest.Alert{&one})
		if err != nil {
			t.Fatal(err)
		}
		report, ok := testRules(t, promtool, files)
		if ok != (len(faults) == 0) {
			t.Errorf("%s: kgen finds %q, and promtool says\n%s", s.What, faults, report)
		}
		if !ok {
			failed = append(failed, s.What)
		}
		record.Checks(t, 1)
	}
	return failed
}
