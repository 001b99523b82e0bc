package alerttest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"

	"kgen.dev/kgen/internal/manifest"
)

var language = parser.NewParser(parser.Options{})

// engine is Prometheus' own, set as promtool sets it. It is safe for use by
// several scenes at once.
var engine = sync.OnceValue(func() *promql.Engine {
	return promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: 10 * time.Minute, EnableAtModifier: true, EnableNegativeOffset: true,
		NoStepSubqueryIntervalFn: func(int64) int64 { return time.Minute.Milliseconds() }, Parser: language,
	})
})

// Play plays a scene and says what the alert does that it should not, in order;
// nothing means that it does what it should. An error says that a rule cannot be
// evaluated. It is a function of the alert and the scene alone.
func (a *Alert) Play(ctx context.Context, s Scene) (faults []string, err error) {
	checks, err := a.Checks(s)
	if err != nil {
		return nil, err
	}
	db := newMemory()
	if err := db.load(s); err != nil {
		return nil, err
	}
	rules, err := compile(a.Groups())
	if err != nil {
		return nil, err
	}
	alert := rules[len(rules)-1]
	last := checks[len(checks)-1].At
	for at := time.Duration(0); at <= last; at += s.step() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for _, r := range rules {
			if err := r.evaluate(ctx, db, at); err != nil {
				return nil, err
			}
		}
		for len(checks) > 0 && checks[0].At < at+s.step() {
			if fault := checks[0].fault(alert.firing()); fault != "" {
				faults = append(faults, fault)
			}
			checks = checks[1:]
		}
	}
	return faults, nil
}

// load takes in everything that is scraped in a scene; queries see what is
// earlier than they are.
func (m *memory) load(s Scene) error {
	for _, in := range s.Input {
		l, values, err := language.ParseSeriesDesc(in.Text() + " " + in.Values())
		if err != nil {
			return fmt.Errorf("the scene %q: %w", s.What, err)
		}
		for i, v := range values {
			if !v.Omitted {
				m.add(l, (time.Duration(i) * s.step()).Milliseconds(), v.Value)
			}
		}
	}
	return nil
}

// fault says how what fires is not what should; "" if it is.
func (c Check) fault(got []Firing) string {
	after := "after " + short(c.At)
	if c.Want == nil {
		if len(got) > 0 {
			return fmt.Sprintf("%s it fires: %s", after, labelText(got[0].Labels))
		}
		return ""
	}
	if len(got) == 0 {
		return after + " it does not fire"
	}
	if len(got) > 1 {
		return fmt.Sprintf("%s it fires %d times, and once is wanted: %s and %s", after, len(got), labelText(got[0].Labels), labelText(got[1].Labels))
	}
	if !maps.Equal(got[0].Labels, c.Want.Labels) {
		return fmt.Sprintf("%s it fires with the labels %s, and not %s", after, labelText(got[0].Labels), labelText(c.Want.Labels))
	}
	for _, key := range slices.Sorted(maps.Keys(c.Want.Annotations)) {
		text, want := got[0].Annotations[key], c.Want.Annotations[key]
		switch {
		case strings.Contains(text, badTemplate):
			return fmt.Sprintf("%s its annotation %s is %q", after, key, text)
		case !c.Want.vague[key] && text != want:
			return fmt.Sprintf("%s its annotation %s is %q, and not %q", after, key, text, want)
		}
	}
	return ""
}

func labelText(l map[string]string) string { return Series{labels: l}.Text() }

// short writes a duration without zeros at its end.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// compile reads rules, in the order in which they are evaluated.
func compile(groups []manifest.RuleGroup) ([]*rule, error) {
	var out []*rule
	for _, g := range groups {
		for _, r := range g.Rules {
			compiled, err := newRule(r, g.Labels)
			if err != nil {
				return nil, err
			}
			out = append(out, compiled)
		}
	}
	return out, nil
}
