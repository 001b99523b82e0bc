package alerttest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
)

// timeline evaluates rules minute by minute on one series and says, for the last
// of them, when it fires and with which annotation.
func timeline(t *testing.T, minutes int, input []Series, rules ...manifest.Rule) []string {
	t.Helper()
	db := newMemory()
	if err := db.load(Scene{Input: input}); err != nil {
		t.Fatal(err)
	}
	compiled, err := compile([]manifest.RuleGroup{{Rules: rules}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range minutes {
		for _, r := range compiled {
			if err := r.evaluate(t.Context(), db, time.Duration(i)*time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range compiled[len(compiled)-1].firing() {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%d %s %s", i, labelText(f.Labels), f.Annotations["a"])))
		}
	}
	return out
}

// TestRules: what the engine leaves to whoever evaluates rules: for,
// keep_firing_for, labels and templates, recorded series and their end.
func TestRules(t *testing.T) {
	up := func(values string) []Series { return []Series{{"up", map[string]string{"job": "a"}, values}} }
	down := manifest.Rule{Alert: "Down", Expr: "up == 0", For: "2m"}
	for _, tt := range []struct {
		name  string
		input []Series
		rules []manifest.Rule
		want  []string
	}{
		{"it fires once its for has passed", up("1 0 0 0 0 1"), []manifest.Rule{down}, []string{`3 {job="a"}`, `4 {job="a"}`}},
		{"a gap starts it anew", up("0 0 1 0 0 1"), []manifest.Rule{down}, nil},
		{"without a for it fires at once", up("1 0 1"), []manifest.Rule{{Alert: "Down", Expr: "up == 0"}}, []string{`1 {job="a"}`}},
		{"it goes on for keep_firing_for", up("0 1 1 1 1"), []manifest.Rule{{Alert: "Down", Expr: "up == 0", KeepFiringFor: "2m"}},
			[]string{`0 {job="a"}`, `1 {job="a"}`, `2 {job="a"}`}},
		{"what is pending is not kept", up("0 1 1 1 1"), []manifest.Rule{{Alert: "Down", Expr: "up == 0", For: "1m", KeepFiringFor: "2m"}}, nil},
		{"labels lie over the sample's, with templates", up("0 1"),
			[]manifest.Rule{{Alert: "Down", Expr: "up == 0", Labels: map[string]string{"job": "b-{{ $labels.job }}", "severity": "info"}, Annotations: map[string]string{"a": "{{ $value }} of {{ $labels.job }}"}}},
			[]string{`0 {job="b-a",severity="info"} 0 of a`}},
		{"an annotation follows the value while it fires", up("3 2 1 _ stale"), []manifest.Rule{{Alert: "Some", Expr: "up > 0", Annotations: map[string]string{"a": "{{ $value }}"}}},
			[]string{`0 {job="a"} 3`, `1 {job="a"} 2`, `2 {job="a"} 1`, `3 {job="a"} 1`}},
		{"a template asks for more", up("0 1"),
			[]manifest.Rule{{Alert: "Down", Expr: "up == 0", Annotations: map[string]string{"a": `{{ with query "count(up)" }}{{ . | first | value }}{{ end }}`}}},
			[]string{`0 {job="a"} 1`}},
		{"a bad template says so", up("0 1"),
			[]manifest.Rule{{Alert: "Down", Expr: "up == 0", Annotations: map[string]string{"a": `{{ nonsense }}`}}},
			[]string{`0 {job="a"} <error expanding template: error parsing template __alert_Down: template: __alert_Down:1: function "nonsense" not defined>`}},
		{"a recorded series is there for those after it, under its own labels", up("0 1"),
			[]manifest.Rule{{Record: "job:down", Expr: "up == 0", Labels: map[string]string{"by": "me"}}, {Alert: "Down", Expr: "job:down == 0"}},
			[]string{`0 {by="me",job="a"}`}},
		{"what is recorded no longer is stale at once", up("0 0 1 1"),
			[]manifest.Rule{{Record: "job:down", Expr: "up == 0"}, {Alert: "Down", Expr: "job:down == 0"}},
			[]string{`0 {job="a"}`, `1 {job="a"}`}},
		{"what was not scraped is looked for five minutes back", up("0 _ _ _ _ _ _"), []manifest.Rule{{Alert: "Down", Expr: "up == 0"}},
			[]string{`0 {job="a"}`, `1 {job="a"}`, `2 {job="a"}`, `3 {job="a"}`, `4 {job="a"}`}},
		{"a matcher by pattern", []Series{{"up", map[string]string{"job": "a"}, "0"}, {"up", map[string]string{"job": "b"}, "0"}, {"down", map[string]string{"job": "b"}, "0"}},
			[]manifest.Rule{{Alert: "Down", Expr: `{__name__=~"u.",job!="a"} == 0`}},
			[]string{`0 {job="b"}`, `1 {job="b"}`, `2 {job="b"}`, `3 {job="b"}`, `4 {job="b"}`}},
		{"a scalar alerts as one sample", nil, []manifest.Rule{{Alert: "Always", Expr: "vector(1)", For: "6m"}}, []string{"6 {}"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, timeline(t, 7, tt.input, tt.rules...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestRulesThatCannotBe names what cannot be read or evaluated.
func TestRulesThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		rule manifest.Rule
		want string
	}{
		{manifest.Rule{Alert: "A", Expr: "up == "}, "A: expr: 1:7: parse error"},
		{manifest.Rule{Alert: "A", Expr: "up", For: "long"}, `for: not a valid duration string: "long"`},
		{manifest.Rule{Alert: "A", Expr: "up", KeepFiringFor: "1"}, "A: keep_firing_for: not a valid duration"},
		{manifest.Rule{Record: "r", Expr: `label_replace(up, "job", "same", "", "")`}, "r after 0s: "},
		{manifest.Rule{Alert: "A", Expr: "up", Labels: map[string]string{"job": "same"}}, "A after 0s: two samples have the same labels once the rule's are applied"},
		{manifest.Rule{Record: "r", Expr: "up", Labels: map[string]string{"job": "same"}}, "r after 0s: two samples have the same labels once the rule's are applied"},
		{manifest.Rule{Alert: "A", Expr: "up[5m]"}, "A after 0s: the expression gives neither a vector nor a scalar"},
	} {
		a := &Alert{Rule: manifest.Rule{Alert: "Last", Expr: "sum(r)"}, recordings: []manifest.RuleGroup{{Rules: []manifest.Rule{tt.rule}}}}
		if tt.rule.Alert != "" {
			a = &Alert{Rule: tt.rule}
		}
		_, err := a.Play(t.Context(), Scene{Input: []Series{{"up", map[string]string{"job": "a"}, "1"}, {"up", map[string]string{"job": "b"}, "1"}}, at: []time.Duration{0}})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s…", tt.rule.Expr, err, tt.want)
		}
	}
}
