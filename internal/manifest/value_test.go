package manifest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
)

func scalar(v any) manifest.Value { return manifest.Value{Scalar: v} }

func mapping(fields ...manifest.Field) manifest.Value {
	return manifest.Value{Kind: manifest.Mapping, Fields: fields}
}

func list(items ...manifest.Value) manifest.Value {
	return manifest.Value{Kind: manifest.Sequence, Items: items}
}

// TestParseValue reads what YAML says, however it is spelt.
func TestParseValue(t *testing.T) {
	for _, c := range []struct {
		in   string
		want manifest.Value
	}{
		{"", manifest.Value{}},
		{"# nothing", manifest.Value{}},
		{"{b: 1, a: [x, null, true, 0.5]}", mapping(manifest.Field{Key: "b", Value: scalar(1)}, manifest.Field{Key: "a", Value: list(scalar("x"), scalar(nil), scalar(true), scalar(0.5))})},
		{"- |\n  one\n  two\n- '1'\n- 2026-11-21", list(scalar("one\ntwo\n"), scalar("1"), scalar("2026-11-21"))},
		{"a: &x {k: 1}\nb: *x", mapping(manifest.Field{Key: "a", Value: mapping(manifest.Field{Key: "k", Value: scalar(1)})}, manifest.Field{Key: "b", Value: mapping(manifest.Field{Key: "k", Value: scalar(1)})})},
		{"- &x {k: 1, m: 2}\n- <<: *x\n  k: 3", list(
			mapping(manifest.Field{Key: "k", Value: scalar(1)}, manifest.Field{Key: "m", Value: scalar(2)}),
			mapping(manifest.Field{Key: "k", Value: scalar(3)}, manifest.Field{Key: "m", Value: scalar(2)}))},
	} {
		got, err := manifest.ParseValue("v.yaml", []byte(c.in))
		if err != nil {
			t.Errorf("%q: %v", c.in, err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.in, diff)
		}
	}
}

// TestParseValueRefuses names what cannot be read.
func TestParseValueRefuses(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"a: [", "v.yaml:1: did not find expected node content; correct the YAML"},
		{"a: 1\n---\nb: 2", "v.yaml:2: a second document begins, and one is wanted"},
		{"a: 1\na: 2", `v.yaml: line 2: key "a" is given twice`},
		{"a: &a [*a]", "v.yaml: line 1: aliases make too much of this file"},
		{"a: &a [1,1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
			"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]",
			"v.yaml: line 1: aliases make too much of this file"},
	} {
		_, err := manifest.ParseValue("v.yaml", []byte(c.in))
		if err == nil || err.Error() != c.want {
			t.Errorf("%q:\n got %v\nwant %s", c.in, err, c.want)
		}
	}
}

// TestValueEqual compares what is said: keys in any order, items in theirs.
func TestValueEqual(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"{a: 1, b: 2}", "{b: 2, a: 1}", true},
		{"[1, 2]", "[2, 1]", false},
		{"{a: 1}", "{a: '1'}", false},
		{"{a: 1}", "{b: 1}", false},
		{"{a: {b: [x]}}", "a:\n  b:\n  - x", true},
		{"{}", "[]", false},
		{"null", "''", false},
	} {
		a, errA := manifest.ParseValue("a.yaml", []byte(c.a))
		b, errB := manifest.ParseValue("b.yaml", []byte(c.b))
		if errA != nil || errB != nil || a.Equal(b) != c.want || b.Equal(a) != c.want {
			t.Errorf("%s and %s: equal is not %t (%v, %v)", c.a, c.b, c.want, errA, errB)
		}
	}
}

// TestObjectValue reads a whole object.
func TestObjectValue(t *testing.T) {
	objects, err := manifest.Parse("o.yaml", []byte(strings.Repeat("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: x}\n", 2)))
	if err != nil || len(objects) != 2 {
		t.Fatal(objects, err)
	}
	got, err := objects[1].Value()
	want := mapping(manifest.Field{Key: "apiVersion", Value: scalar("v1")}, manifest.Field{Key: "kind", Value: scalar("Namespace")},
		manifest.Field{Key: "metadata", Value: mapping(manifest.Field{Key: "name", Value: scalar("x")})})
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}
