package promql

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// told is what an expression says, in short: its type, and each selector with
// its labels, range and how far back it looks.
func told(n *Node) string {
	out := []string{string(n.Type)}
	for part, around := range n.All() {
		if part.Kind != Select {
			continue
		}
		s := part.Selector.Name
		for _, m := range part.Selector.Matchers {
			s += " " + m.Label + m.Op + m.Value
		}
		if part.Range > 0 {
			s += " [" + Duration(part.Range) + "]"
		}
		if back := part.Back + around; back != 0 {
			s += " back " + Duration(back)
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// TestParse reads expressions as Prometheus does.
func TestParse(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{`1`, "scalar"},
		{`0x1F + 1e3 * .5 - inf`, "scalar"},
		{`5m > bool 300`, "scalar"},
		{`up`, "instant vector; up"},
		{`UP:x_1{}`, "instant vector; UP:x_1"},
		{`up{job="a",instance!~"b.*",}`, "instant vector; up job=a instance!~b.*"},
		{`{__name__="up",job='it\'s'}`, "instant vector; up __name__=up job=it's"},
		{`{"http.requests", "a.b"="c"}`, "instant vector; http.requests a.b=c"},
		{"up{a=`\\d`}", `instant vector; up a=\d`},
		{`up[1h30m] offset 1d`, "range vector; up [1h30m] back 1d"},
		{`up offset -5m`, "instant vector; up back -5m"},
		{`up[300]`, "range vector; up [5m]"},
		{`up @ 1609746000 offset 5m`, "instant vector; up back 5m"},
		{`up @ end()`, "instant vector; up"},
		{`sum by (job, le) (rate(up[5m]))`, "instant vector; up [5m]"},
		{`SUM(rate(up[5m])) WITHOUT (job)`, "instant vector; up [5m]"},
		{`topk(3, up)`, "instant vector; up"},
		{`count_values("version", build_info)`, "instant vector; build_info"},
		{`a / on (x) group_left (y) b`, "instant vector; a; b"},
		{`a and ignoring (x) b or c unless d`, "instant vector; a; b; c; d"},
		{`max_over_time(rate(up[5m])[1h:1m] offset 2h)`, "instant vector; up [5m] back 3h"},
		{`label_replace(up, "a", "$1", "b", "(.+)")`, "instant vector; up"},
		{`label_join(up, "a", ",")`, "instant vector; up"},
		{`time() - timestamp(up)`, "instant vector; up"},
		{`hour() < 5`, "instant vector"},
		{`-up ^ 2`, "instant vector; up"},
		{"up # a remark\n== 0", "instant vector; up"},
		{`sum`, "instant vector; sum"},
		{`offset{a="b"}`, "instant vector; offset a=b"},
		{`"text"`, "string"},
	} {
		n, err := Parse(c.expr)
		if err != nil {
			t.Errorf("%s: %v", c.expr, err)
			continue
		}
		if diff := cmp.Diff(c.want, told(n)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.expr, diff)
		}
	}
}

// TestRefused: what Prometheus refuses is refused, where it stands.
func TestRefused(t *testing.T) {
	for _, c := range []struct{ expr, want string }{
		{``, "0: there is no expression"},
		{`up ==`, `5: the end stands where an expression is expected`},
		{`sum(up`, `6: the end stands where ")" is expected, in sum`},
		{`up)`, `2: ")" is not expected here`},
		{`rate(up)`, "5: rate takes a range vector; this is a instant vector: write a range behind it, [5m]"},
		{`ratee(up[5m])`, "0: there is no function ratee; did you mean rate?"},
		{`up[5m] > 1`, `0: ">" takes numbers and instant vectors; this is a range vector`},
		{`up[five]`, `3: "five" stands where a duration is expected, in a range`},
		{`up[5m`, `5: the end stands where "]" is expected, in a range`},
		{`up[0s]`, "2: a range is longer than nothing"},
		{`sum(up)[5m]`, "7: a range follows a selector only; of anything else write a subquery, [5m:1m]"},
		{`up offset 5m[5m]`, "12: offset and @ follow the range, not the other way round"},
		{`sum(up) offset 5m`, "8: offset follows a selector or a subquery, once"},
		{`{}`, "0: this selects every series there is: give a name, or a label that must not be empty"},
		{`{job=~".*"}`, "0: this selects every series there is: give a name, or a label that must not be empty"},
		{`up{job}`, `6: "}" stands where =, !=, =~ or !~ is expected, after the label job`},
		{`up{job=a}`, `7: "a" stands where a value in quotes is expected, after the label job`},
		{`up{job=~"a("}`, `8: "a(" is no regular expression: missing closing ): ` + "`^(?s:a()$`"},
		{`up{__name__="down"}`, "0: the name of the series is said twice"},
		{`up and 1`, `3: "and" stands between vectors only; one side is a number`},
		{`1 > 2`, "2: two numbers are compared: write > bool"},
		{`up + bool 1`, `5: bool belongs to comparisons, not to "+"`},
		{`a and on (x) group_left b`, `2: "and" takes no group_left or group_right`},
		{`a / on (x) group_left (x) b`, "2: the label x is in on and in the group modifier at once"},
		{`sum(a, b)`, "0: sum takes 1, not 2"},
		{`topk(up, 3)`, "5: topk takes a scalar here; this is a instant vector"},
		{`label_replace(up, "a")`, "0: label_replace takes 5, not 2"},
		{`up{a="b}`, "5: the text in quotes has no end"},
		{`up{a="\d"}`, `5: the text in quotes has an escape that means nothing; a backslash is written \\`},
		{`3days`, `0: "3da" is neither a number nor a duration`},
		{`up == $threshold`, `6: '$' has no meaning here`},
		{`sort_by_label(up, "a")`, "0: sort_by_label is experimental: Prometheus has it only with --enable-feature=promql-experimental-functions"},
		{strings.Repeat("(", 10_000), "500: it is nested too deeply"},
	} {
		_, err := Parse(c.expr)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: the error is %v", c.expr, err)
			continue
		}
		if diff := cmp.Diff(c.want, fmt.Sprintf("%d: %s", e.Offset, e.Message)); diff != "" {
			t.Errorf("%.40s (-want +got):\n%s", c.expr, diff)
		}
	}
}

// TestFilters: which expressions leave something out by its value.
func TestFilters(t *testing.T) {
	for expr, want := range map[string]bool{
		`up`: false, `up == 0`: true, `up == bool 0`: false, `(up == 0) + 1`: true, `sum(up > 1)`: true,
		`up == 0 or up`: false, `up == 0 or absent(up)`: true, `up and up > 1`: true, `a unless b`: true,
		`absent(up)`: true, `absent_over_time(up[5m])`: true, `vector(1)`: false, `-(up > 1)`: true,
		`rate(up[5m])`: false, `count_over_time((up == 0)[5m:])`: true, `(up == 0) == bool 1`: true,
	} {
		n, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := n.Filters(); got != want {
			t.Errorf("%s filters: %v", expr, got)
		}
	}
}

// TestDurations: they are read and written as Prometheus has them.
func TestDurations(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"5m": 5 * time.Minute, "1h30m": 90 * time.Minute, "500ms": 500 * time.Millisecond, "1y": 365 * 24 * time.Hour,
		"0": 0, "1w2d": 9 * 24 * time.Hour, "1m1ms": time.Minute + time.Millisecond,
	} {
		got, err := ParseDuration(text)
		if err != nil || got != want {
			t.Errorf("%s is %v, %v", text, got, err)
		}
		if again, err := ParseDuration(Duration(got)); err != nil || again != got {
			t.Errorf("%s is written %s, which is %v, %v", text, Duration(got), again, err)
		}
	}
	for _, text := range []string{"", "5", "m", "5 m", "30m1h", "1m1m", "1.5h", "-5m", "99999999999999999999y", "999999999999y"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("%q is %v", text, d)
		}
	}
}

// FuzzParse: whatever comes, there is an expression or an error with its place.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`sum by (a) (rate(x{a=~"b|c"}[5m])) / on (a) group_left y > 0.5`, `max_over_time(x[1h:5m] @ end() offset -1m)`, "{\"a.b\", c!='d'} # x", `-1 ^ 2 % inf`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(s) || e.Message == "" {
				t.Fatalf("%q: %#v", s, err)
			}
			return
		}
		for part := range n.All() {
			if part.Type == "" || part.Offset < 0 || part.Offset >= len(s) || (part.Kind == Select) != (part.Selector != nil) {
				t.Fatalf("%q: %+v", s, part)
			}
		}
	})
}

// BenchmarkParse reads the longest expression that kgen writes.
func BenchmarkParse(b *testing.B) {
	part := `sum by (ns) (rate(istio_requests_total{reporter=~"source|waypoint",destination_service_namespace="shop",destination_service_name="web",destination_version="v2",response_code=~"5.."}[10m]))`
	expr := "(" + part + " or 0 * " + part + ") / " + part + " > 2 * " + part + " + 0.005"
	for b.Loop() {
		if _, err := Parse(expr); err != nil {
			b.Fatal(err)
		}
	}
}
