package alerttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/template"

	"kgen.dev/kgen/internal/manifest"
)

// A rule is evaluated again and again, as Prometheus' "Recording rules" and
// "Alerting rules" pages say: a recording rule stores what its expression gives,
// and marks what it gives no longer as stale; an alert is pending as long as its
// expression gives a sample, and fires once that has lasted for its for. What
// fires goes on for keep_firing_for after the sample is gone.
type rule struct {
	manifest.Rule
	name      string
	labels    map[string]string
	wait      time.Duration
	keep      time.Duration
	previous  map[string]labels.Labels // what was recorded at the last evaluation
	instances map[string]*instance
}

// An instance is an alert with one set of labels.
type instance struct {
	labels      labels.Labels
	annotations map[string]string
	since       time.Duration
	firing      bool
	gone        time.Duration // when its sample was last missed first; negative: it is there
}

// badTemplate begins what Prometheus puts in place of a template that fails.
const badTemplate = "<error expanding template: "

func newRule(r manifest.Rule, group map[string]string) (*rule, error) {
	out := &rule{Rule: r, name: r.Alert + r.Record, labels: merged(group, r.Labels), instances: map[string]*instance{}}
	var err error
	if out.wait, err = duration("for", r.For); err != nil {
		return nil, fmt.Errorf("%s: %w", out.name, err)
	}
	if out.keep, err = duration("keep_firing_for", r.KeepFiringFor); err != nil {
		return nil, fmt.Errorf("%s: %w", out.name, err)
	}
	if _, err := language.ParseExpr(r.Expr); err != nil {
		return nil, fmt.Errorf("%s: expr: %w", out.name, err)
	}
	return out, nil
}

func (r *rule) evaluate(ctx context.Context, db *memory, now time.Duration) error {
	vector, err := query(ctx, db, r.Expr, now)
	if err == nil && r.Record != "" {
		err = r.record(db, vector, now)
	} else if err == nil {
		err = r.alert(ctx, db, vector, now)
	}
	if err != nil {
		return fmt.Errorf("%s after %s: %w", r.name, short(now), err)
	}
	return nil
}

// query evaluates an expression at one time.
func query(ctx context.Context, db *memory, expr string, now time.Duration) (promql.Vector, error) {
	q, err := engine().NewInstantQuery(ctx, db, nil, expr, time.UnixMilli(now.Milliseconds()))
	if err != nil {
		return nil, err
	}
	defer q.Close()
	switch v := q.Exec(ctx); found := v.Value.(type) {
	case promql.Vector:
		return slices.Clone(found), v.Err
	case promql.Scalar:
		return promql.Vector{{T: found.T, F: found.V}}, v.Err
	default:
		if v.Err == nil {
			v.Err = errors.New("the expression gives neither a vector nor a scalar")
		}
		return nil, v.Err
	}
}

// errTwice is what Prometheus says of samples that the rule's labels make alike.
var errTwice = errors.New("two samples have the same labels once the rule's are applied")

func (r *rule) record(db *memory, vector promql.Vector, now time.Duration) error {
	at := now.Milliseconds()
	recorded := map[string]labels.Labels{}
	for _, s := range vector {
		b := labels.NewBuilder(s.Metric).Set(model.MetricNameLabel, r.Record)
		for k, v := range r.labels {
			b.Set(k, v)
		}
		l := b.Labels()
		if _, twice := recorded[l.String()]; twice {
			return errTwice
		}
		recorded[l.String()] = l
		db.add(l, at, s.F)
	}
	for key, l := range r.previous {
		if _, still := recorded[key]; !still {
			db.add(l, at, math.Float64frombits(value.StaleNaN))
		}
	}
	r.previous = recorded
	return nil
}

func (r *rule) alert(ctx context.Context, db *memory, vector promql.Vector, now time.Duration) error {
	seen := map[string]bool{}
	for _, s := range vector {
		made := &instance{annotations: map[string]string{}, since: now, gone: -1}
		expand := r.expander(ctx, db, s, now)
		b := labels.NewBuilder(s.Metric).Del(model.MetricNameLabel)
		for k, v := range r.labels {
			b.Set(k, expand(v))
		}
		made.labels = b.Set(labels.AlertName, r.Alert).Labels()
		for k, v := range r.Annotations {
			made.annotations[k] = expand(v)
		}
		key := made.labels.String()
		if seen[key] {
			return errTwice
		}
		seen[key] = true
		if known := r.instances[key]; known != nil {
			known.annotations, known.gone = made.annotations, -1
			continue
		}
		r.instances[key] = made
	}
	for key, in := range r.instances {
		if !seen[key] {
			if in.gone < 0 {
				in.gone = now
			}
			if !in.firing || now-in.gone >= r.keep {
				delete(r.instances, key)
			}
			continue
		}
		in.firing = now-in.since >= r.wait
	}
	return nil
}

// expander expands templates of the rule's labels and annotations.
func (r *rule) expander(ctx context.Context, db *memory, s promql.Sample, now time.Duration) func(string) string {
	data := template.AlertTemplateData(s.Metric.Map(), nil, "", s)
	ask := func(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
		return query(ctx, db, expr, time.Duration(at.UnixMilli())*time.Millisecond)
	}
	const names = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
	return func(text string) string {
		out, err := template.NewTemplateExpander(ctx, names+text, "__alert_"+r.Alert, data, model.Time(now.Milliseconds()), ask, nil, nil).Expand()
		if err != nil {
			return badTemplate + err.Error() + ">"
		}
		return out
	}
}

// firing are the instances that fire, by their labels.
func (r *rule) firing() []Firing {
	var out []Firing
	for _, key := range slices.Sorted(maps.Keys(r.instances)) {
		if in := r.instances[key]; in.firing {
			l := in.labels.Map()
			delete(l, labels.AlertName)
			out = append(out, Firing{Labels: l, Annotations: in.annotations})
		}
	}
	return out
}
