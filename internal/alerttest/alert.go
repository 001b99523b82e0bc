// Package alerttest sees alerts fire and stay quiet. For each alert that kgen
// renders it knows scenes: series as the model's platform would export them, and
// what the alert has to make of them, its wait, its labels and its annotations.
// The rules are taken as they are found, with what a person has made of them;
// the scenes are derived from the model and the other objects, never from the
// rules.
//
// Scenes are played by Prometheus' own engine, or written for promtool test
// rules.
package alerttest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// An Alert is one alerting rule and the scenes that it is held to.
type Alert struct {
	Rule     manifest.Rule
	Service  string // whom it is about, as its label says
	Position manifest.Position
	// Known reports whether kgen has scenes for an alert of this name. A
	// person's own has none.
	Known  bool
	Scenes []Scene

	recordings  []manifest.RuleGroup
	groupLabels map[string]string
}

// Text names the alert: "ServiceErrorsHigh of web".
func (a *Alert) Text() string { return about(a.Rule) }

// Alerts are the alerts of every PrometheusRule among the objects, in their
// order. The error is a diag.List of the objects that cannot be read.
func Alerts(n *spec.Network, objects []*manifest.Object) ([]*Alert, error) {
	n = n.WithDefaults()
	if findings := manifest.ViewAll(objects); findings.Err() != nil {
		return nil, findings.Err()
	}
	var out []*Alert
	var recordings []manifest.RuleGroup
	for _, o := range objects {
		if o.Kind != "PrometheusRule" {
			continue
		}
		rules, err := manifest.View[manifest.PrometheusRule](o)
		if err != nil {
			return nil, err
		}
		for i, g := range rules.Spec.Groups {
			recording := manifest.RuleGroup{Name: g.Name, Interval: g.Interval, Labels: g.Labels}
			for j, r := range g.Rules {
				if r.Record != "" {
					recording.Rules = append(recording.Rules, r)
					continue
				}
				w := world{network: n, objects: objects, s: service(n, r.Labels["service"]), rule: r}
				a := &Alert{
					Rule: r, Service: r.Labels["service"], groupLabels: g.Labels,
					Position: o.At("spec", "groups", i, "rules", j, "alert"),
				}
				a.Known, a.Scenes = w.scenes()
				out = append(out, a)
			}
			if len(recording.Rules) > 0 {
				recordings = append(recordings, recording)
			}
		}
	}
	for _, a := range out {
		a.recordings = recordings
	}
	return out, nil
}

// platform are the alerts that are about no service of the model.
var platform = map[string]bool{"DNSErrorsHigh": true, "MeshRootCertificateExpiresSoon": true}

// scenes are those of the world's rule. An alert of one of kgen's names about a
// service that the model does not have is a person's own.
func (w world) scenes() (known bool, scenes []Scene) {
	sc, known := scenarios[w.rule.Alert]
	if !known || w.s == nil && !platform[w.rule.Alert] {
		return false, nil
	}
	if _, known := tiers[w.rule.Labels["window"]]; w.rule.Alert == "ServiceErrorBudgetBurn" && (!known || w.s.SLO == nil) {
		return false, nil
	}
	if w.rule.Alert == "CanaryErrorsHigh" && w.s.Canary == nil {
		return false, nil
	}
	return true, sc.scenes(w)
}

func service(n *spec.Network, name string) *spec.Service {
	for i := range n.Spec.Services {
		if s := &n.Spec.Services[i]; s.Name == name {
			return s
		}
	}
	return nil
}

// objectsOf are the objects of one kind, in their typed form.
func objectsOf[T any](objects []*manifest.Object, kind string) []*T {
	var out []*T
	for _, o := range objects {
		if o.Kind != kind {
			continue
		}
		if typed, err := manifest.View[T](o); err == nil { // Alerts has looked
			out = append(out, typed)
		}
	}
	return out
}

// wait is the rule's for.
func (a *Alert) wait() (time.Duration, error) { return duration("for", a.Rule.For) }

func duration(field, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", field, err)
	}
	return time.Duration(d), nil
}

// Groups are the rules that a test of the alert evaluates, in their order: the
// recording rules that its expression needs, then the alert alone.
func (a *Alert) Groups() []manifest.RuleGroup {
	alone := manifest.RuleGroup{Name: "alert", Labels: a.groupLabels, Rules: []manifest.Rule{a.Rule}}
	return append(needed(a.recordings, a.Rule.Expr), alone)
}

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

// merged is a copy of labels with others laid over them.
func merged(under, over map[string]string) map[string]string {
	out := maps.Clone(under)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, over)
	return out
}
