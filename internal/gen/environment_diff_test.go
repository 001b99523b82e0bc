package gen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
)

func parsed(t *testing.T, text string) manifest.Value {
	t.Helper()
	v, err := manifest.ParseValue("test.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v
}

// brief writes operations one a line, values in the order of their keys.
func brief(ops []Operation) []string {
	var out []string
	for _, o := range ops {
		line := o.Op + " " + o.Path
		if o.Value != nil {
			text, _ := writeValue(2, o.Value)
			line += strings.ReplaceAll(text, "\n", "¶")
		}
		out = append(out, line)
	}
	return out
}

// TestDifference compares the steps from one value to another.
func TestDifference(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		want           []string
	}{
		{"nothing", "a: 1\nb: [x]", "b: [x]\na: 1", nil},
		{"a scalar", "spec: {w: 90}", "spec: {w: 50}", []string{"test /spec/w 90", "replace /spec/w 50"}},
		{"a number and a word", "a: 1", `a: "1"`, []string{"test /a 1", `replace /a "1"`}},
		{"null and absent", "a: null", "{}", []string{"test /a null", "remove /a"}},
		{"keys that a pointer escapes", "m: {a/b~c: x}", "m: {a/b~c: w}", []string{"test /m/a~1b~0c x", "replace /m/a~1b~0c w"}},
		{"a key more", "a: 1", "z: {k: [v]}\na: 1", []string{"add /z¶  k:¶  - v"}},
		{"items one by one", "[{w: 90}, {w: 10}]", "[{w: 50}, {w: 50}]", []string{"test /0/w 90", "replace /0/w 50", "test /1/w 10", "replace /1/w 50"}},
		{"an item at the end", "[a, b]", "[a, b, c]", []string{"test /1 b", "add /2 c"}},
		{"an item at the start, known by name", "[{x: [1], name: a}]", "[{name: z}, {x: [1], name: a}]", []string{"test /0/name a", "add /0¶  name: z"}},
		{"an item into nothing", "a: []", "a: [b]", []string{"test /a []", "add /a/0 b"}},
		{"an item gone", "[a, b, c]", "[a, c]", []string{"test /1 b", "remove /1"}},
		{"two for one", "[a, b, c]", "[a, x, z, c]", []string{"test /1 b", "remove /1", "add /1 x", "add /2 z"}},
		{"another kind", "a: [1]", "a: {b: 1}", []string{"test /a¶- 1", "replace /a¶  b: 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d difference
			d.between("", parsed(t, c.old), parsed(t, c.new))
			if diff := cmp.Diff(c.want, brief(d)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// patched takes the steps as RFC 6902 has them.
func patched(v manifest.Value, ops []Operation) (manifest.Value, error) {
	var err error
	for _, o := range ops {
		if v, err = step(v, strings.Split(o.Path, "/")[1:], o); err != nil {
			return v, err
		}
	}
	return v, nil
}

func step(v manifest.Value, path []string, o Operation) (manifest.Value, error) {
	fault := fmt.Errorf("%s %s fails", o.Op, o.Path)
	if len(path) == 0 {
		switch {
		case o.Op == "replace", o.Op == "test" && v.Equal(*o.Value):
			if o.Op == "replace" {
				return *o.Value, nil
			}
			return v, nil
		}
		return v, fault
	}
	key, last := strings.NewReplacer("~1", "/", "~0", "~").Replace(path[0]), len(path) == 1
	if v.Kind == manifest.Mapping {
		fields := slices.Clone(v.Fields)
		i := slices.IndexFunc(fields, func(f manifest.Field) bool { return f.Key == key })
		switch {
		case last && o.Op == "add" && i < 0:
			v.Fields = append(fields, manifest.Field{Key: key, Value: *o.Value})
			return v, nil
		case i < 0, last && o.Op == "add":
			return v, fault
		case last && o.Op == "remove":
			v.Fields = slices.Delete(fields, i, i+1)
			return v, nil
		}
		var err error
		fields[i].Value, err = step(fields[i].Value, path[1:], o)
		v.Fields = fields
		return v, err
	}
	i, err := strconv.Atoi(key)
	items := slices.Clone(v.Items)
	switch {
	case err != nil, i < 0, i > len(items):
		return v, fault
	case last && o.Op == "add":
		v.Items = slices.Insert(items, i, *o.Value)
		return v, nil
	case i == len(items):
		return v, fault
	case last && o.Op == "remove":
		v.Items = slices.Delete(items, i, i+1)
		return v, nil
	}
	items[i], err = step(items[i], path[1:], o)
	v.Items = items
	return v, err
}

// sample is a random value of at most the given depth.
func sample(r *rand.Rand, depth int) manifest.Value {
	words := []string{"a", "b/c", "d~e", "null", "1e3", "on", "", "two words", "- x", "a: b", "#", "one\ntwo", "one\n  two\n", "end \nx", "\n", "x\n\n", "é\u00a0", "tab\tx\ny"}
	switch kind := r.IntN(6); {
	case depth > 0 && kind < 2:
		v := manifest.Value{Kind: manifest.Mapping}
		for _, i := range r.Perm(len(words))[:r.IntN(4)] {
			v.Fields = append(v.Fields, manifest.Field{Key: words[i], Value: sample(r, depth-1)})
		}
		return v
	case depth > 0 && kind < 4:
		v := manifest.Value{Kind: manifest.Sequence}
		for range r.IntN(5) {
			v.Items = append(v.Items, sample(r, depth-1))
		}
		return v
	}
	return manifest.Value{Scalar: []any{nil, true, 0, 7, -3, 0.5, 2.0, words[r.IntN(len(words))], words[r.IntN(len(words))]}[r.IntN(9)]}
}

// altered is a value with a change somewhere, or several.
func altered(r *rand.Rand, v manifest.Value, depth int) manifest.Value {
	switch {
	case r.IntN(8) == 0:
		return sample(r, depth)
	case v.Kind == manifest.Mapping:
		out := v
		out.Fields = nil
		for _, f := range v.Fields {
			if r.IntN(6) > 0 {
				out.Fields = append(out.Fields, manifest.Field{Key: f.Key, Value: altered(r, f.Value, depth-1)})
			}
		}
		return out
	case v.Kind == manifest.Sequence:
		out := v
		out.Items = nil
		for _, item := range v.Items {
			if r.IntN(6) == 0 {
				out.Items = append(out.Items, sample(r, depth-1))
			}
			if r.IntN(6) > 0 {
				out.Items = append(out.Items, altered(r, item, depth-1))
			}
		}
		return out
	}
	return v
}

// TestDifferenceApplied takes random values to others, by the steps between
// them, which fail for anything but the value that they were made for.
func TestDifferenceApplied(t *testing.T) {
	r := rand.New(rand.NewPCG(6902, 6901))
	for range 20_000 {
		old := sample(r, 4)
		now := altered(r, old, 4)
		var d difference
		d.between("", old, now)
		got, err := patched(old, d)
		if err != nil || !got.Equal(now) {
			t.Fatalf("%v\nold %+v\nnew %+v\ngot %+v\nsteps %q", err, old, now, got, brief(d))
		}
		for i, o := range d {
			if o.Op == "replace" || o.Op == "remove" {
				if i == 0 || d[i-1].Op != "test" || d[i-1].Path != o.Path {
					t.Fatalf("%s %s is not tested first: %q", o.Op, o.Path, brief(d))
				}
			}
		}
	}
}

// TestCommonGivesUp replaces lists whole whose comparison would take too long.
func TestCommonGivesUp(t *testing.T) {
	long := func(from int) manifest.Value {
		v := manifest.Value{Kind: manifest.Sequence}
		for i := range 600 {
			v.Items = append(v.Items, manifest.Value{Scalar: from + i})
		}
		return v
	}
	var d difference
	d.between("/l", long(0), long(10_000))
	var ops []string
	for _, o := range d {
		ops = append(ops, o.Op+" "+o.Path)
	}
	if diff := cmp.Diff([]string{"test /l", "replace /l"}, ops); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWriteValue reads random values again after writing them.
func TestWriteValue(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		v := sample(r, 4)
		text, err := writeValue(4, &v)
		if err != nil {
			t.Fatal(err)
		}
		list := manifest.Value{Kind: manifest.Sequence, Items: []manifest.Value{{Kind: manifest.Mapping, Fields: []manifest.Field{{Key: "op", Value: manifest.Value{Scalar: "add"}}, {Key: "value", Value: v}}}}}
		if got := parsed(t, "- op: add\n  value:"+text+"\n"); !got.Equal(list) {
			t.Fatalf("wrote\n%s\nof %+v, and read %+v", text, v, got)
		}
	}
}

// FuzzWriteValue writes what it reads.
func FuzzWriteValue(f *testing.F) {
	for _, seed := range []string{"a: [1, {b: null}]", "- - - x", "a: |\n  b\n   c\n", "{}", "&a {b: 1, <<: {c: 2}}", "'\t\n x'"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := manifest.ParseValue("fuzz.yaml", []byte(text))
		if err != nil || !v.Equal(v) { // what is not a number is nothing's equal
			return
		}
		again, err := writeValue(2, &v)
		if err != nil {
			t.Fatal(err)
		}
		if got := parsed(t, "v:"+again+"\n"); len(got.Fields) != 1 || !got.Fields[0].Value.Equal(v) {
			t.Fatalf("%q was written as\n%s", text, again)
		}
	})
}
