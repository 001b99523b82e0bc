package specfile

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// way is how a changed text was found.
type way string

const (
	byExtract way = "by an extract"
	byRest    way = "by all of the text"
	refused   way = "not at all"
)

// TestChangedIsParsed changes random models in random layouts, twice over: the
// File is what Parse makes of the text that With gives, in every field and
// finding, and so is the next one that is made of it.
func TestChangedIsParsed(t *testing.T) {
	const cases = 240
	ways := map[way]int{}
	for seed := range uint64(cases) {
		for _, w := range changedCase(t, seed) {
			ways[w]++
		}
		if t.Failed() {
			return
		}
	}
	t.Log(ways)
	if ways[byExtract] < cases/8 || ways[byRest] < cases/4 {
		t.Errorf("of %d changes, too few went each way: %v", cases, ways)
	}
}

// FuzzChanged is the same for any seed.
func FuzzChanged(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { changedCase(t, seed) })
}

func changedCase(t *testing.T, seed uint64) (ways []way) {
	t.Helper()
	r := &random{Rand: rand.New(rand.NewPCG(seed, 2)), aliases: seed%16 == 0}
	n := r.network()
	for range 8 + r.IntN(5) {
		var s spec.Service
		r.fill(reflect.ValueOf(&s).Elem(), nil)
		n.Spec.Services = append(n.Spec.Services, s)
	}
	text := r.joined(r.text(n))
	file, errs := Parse("kgen.yaml", []byte(text))
	if !reflect.DeepEqual(n, file.Network) {
		t.Fatalf("seed %d: the random text says something else: %v\n%s\n%s", seed, errs, cmp.Diff(n, file.Network), text)
	}
	fresh := file
	for range 2 {
		want := r.next(fresh.Network)
		w := sameAsParsed(t, file, fresh, want)
		if t.Failed() {
			t.Fatalf("seed %d: changing this text:\n%s", seed, text)
		}
		ways = append(ways, w)
		if w == refused {
			return ways
		}
		file, _, _ = file.Changed(want)
		fresh, _ = Parse("kgen.yaml", file.Data)
		text = string(file.Data)
	}
	return ways
}

// next is a model with some services changed or added, or with anything changed.
func (r *random) next(n *spec.Network) *spec.Network {
	want := *n
	if r.one(4) {
		for len(r.touch(reflect.ValueOf(&want).Elem(), "", nil)) == 0 {
		}
		return &want
	}
	want.Spec.Services = slices.Clone(n.Spec.Services)
	for range r.IntN(3) {
		s := &want.Spec.Services[r.IntN(len(want.Spec.Services))]
		name := s.Name
		r.touch(reflect.ValueOf(s).Elem(), "", nil)
		if !r.one(8) {
			s.Name = name
		}
	}
	for range r.IntN(3) {
		var s spec.Service
		r.fill(reflect.ValueOf(&s).Elem(), nil)
		want.Spec.Services = append(want.Spec.Services, s)
	}
	return &want
}

// sameAsParsed compares Changed with With and Parse. Of the file, fresh is what
// Parse makes of the same text.
func sameAsParsed(t *testing.T, file, fresh *File, want *spec.Network) way {
	t.Helper()
	text, err := fresh.With(want)
	now, errs, changedErr := file.Changed(want)
	if diff := cmp.Diff(fmt.Sprint(err), fmt.Sprint(changedErr)); diff != "" {
		t.Errorf("the error is not With's (-want +got):\n%s", diff)
	}
	_, short := file.patched(want)
	if err != nil || changedErr != nil {
		if now != nil || short {
			t.Errorf("a File beside the error %v", err)
		}
		return refused
	}
	if diff := cmp.Diff(string(text), string(now.Data)); diff != "" {
		t.Errorf("the text is not With's (-want +got):\n%s", diff)
		return refused
	}
	parsed, parseErrs := Parse(file.Name, text)
	sameFiles(t, parsed, now)
	if diff := cmp.Diff(parseErrs, errs); diff != "" {
		t.Errorf("the errors are not Parse's (-want +got):\n%s", diff)
	}
	if short {
		return byExtract
	}
	return byRest
}

// sameFiles compares two Files of one text in all that can be seen of them.
func sameFiles(t *testing.T, want, got *File) {
	t.Helper()
	if want.Name != got.Name || string(want.Data) != string(got.Data) || want.decoded != got.decoded || want.aliases != got.aliases {
		t.Errorf("%s differs from %s in more than the model", got.Name, want.Name)
	}
	if !reflect.DeepEqual(want.Network, got.Network) {
		t.Errorf("another model (-want +got):\n%s", cmp.Diff(want.Network, got.Network))
	}
	if diff := cmp.Diff(want.Warnings, got.Warnings); diff != "" {
		t.Errorf("other warnings (-want +got):\n%s", diff)
	}
	for i := range want.Network.Spec.Services {
		for _, path := range []string{fmt.Sprintf("services[%d]", i), fmt.Sprintf("services[%d].name", i), fmt.Sprintf("services[%d].calls[0]", i)} {
			line, column := want.Locate(path)
			if l, c := got.Locate(path); l != line || c != column {
				t.Errorf("%s is at %d:%d, want %d:%d", path, l, c, line, column)
			}
		}
	}
}

// TestAddedIsParsed adds services to texts of which each has something that an
// extract must not lose.
func TestAddedIsParsed(t *testing.T) {
	entries := func(between string, last string) string {
		var b strings.Builder
		b.WriteString(head + "  mesh: {provider: istio}\n  services:\n")
		for i := range 12 {
			fmt.Fprintf(&b, "  - name: s%d\n    ports: [{port: 80}]  # c\n    timeout: 5s          # d\n%s", i, between)
		}
		return b.String() + last
	}
	for name, text := range map[string]string{
		"one below the other":      entries("", ""),
		"parted by empty lines":    entries("\n", ""),
		"parted by comments":       entries("  # of the next\n", ""),
		"the last alone is parted": entries("", "\n  - name: last\n"),
		"keys behind the list":     entries("", "  domain: example.com\n"),
		"a comment at the end":     entries("", "    # of the last\n  # of nobody\n"),
		"no line end":              strings.TrimSuffix(entries("", ""), "\n"),
		"the lines of Windows":     strings.ReplaceAll(entries("\n", ""), "\n", "\r\n"),
		"a mark of the byte order": "\ufeff" + entries("", ""),
		"two documents' marks":     "---\n" + entries("", "...\n"),
		"a block of text":          entries("    serviceAccount: |-\n      x\n\n", ""),
		"another language":         entries("    # día\n", "  domain: \"ex\\u0061mple.com\"\n"),
		"a warning":                entries("", "  - name: lb\n    type: LoadBalancer\n    ports: [{port: 1}]\n"),
	} {
		t.Run(name, func(t *testing.T) {
			file, errs := Parse("kgen.yaml", []byte(text))
			if !file.decoded {
				t.Fatal(errs)
			}
			for _, callers := range [][]string{nil, {"s0"}, {"s5", "s6"}, {"s10"}, {"s11", "s0"}} {
				s := &spec.Service{Name: "payments", Ports: []spec.Port{{Port: 80}}}
				text, err := file.AddService(s, by(callers...))
				if err != nil {
					t.Fatal(err)
				}
				now, errs, err := file.Added(s, by(callers...))
				if err != nil {
					t.Fatal(err)
				}
				parsed, parseErrs := Parse("kgen.yaml", text)
				sameFiles(t, parsed, now)
				if diff := cmp.Diff(parseErrs, errs); diff != "" {
					t.Errorf("the errors are not Parse's (-want +got):\n%s", diff)
				}
				if _, short := file.patched(now.Network); !short {
					t.Errorf("called by %v, it is not found by an extract", callers)
				}
			}
		})
	}
}

// TestTouched says which changes an extract can hold.
func TestTouched(t *testing.T) {
	named := func(names ...string) (out []spec.Service) {
		for _, name := range names {
			out = append(out, spec.Service{Name: name})
		}
		return out
	}
	changed := named("a", "b", "c", "d")
	changed[2].Replicas = 3
	for _, c := range []struct {
		name     string
		from, to []spec.Service
		want     []int
		ok       bool
	}{
		{"nothing", named("a", "b"), named("a", "b"), nil, true},
		{"a value", named("a", "b", "c", "d"), changed, []int{2}, true},
		{"a value, and another service", named("a", "b", "c"), changed, []int{2}, true},
		{"one is gone", named("a", "b"), named("a"), nil, false},
		{"two have changed places", named("a", "b"), named("b", "a"), nil, false},
		{"one is called otherwise", named("a", "b"), named("a", "c"), nil, false},
		{"two of one name", named("a", "b"), named("a", "b", "a"), nil, false},
		{"no name", named("a", ""), named("a", ""), nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := touched(c.from, c.to)
			if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
				t.Errorf("ok %v, want %v (-want +got):\n%s", ok, c.ok, diff)
			}
		})
	}
}

// TestWholeRefusesTheEdgesOfRuns holds that a change between two runs, which
// might belong to either, is made in neither.
func TestWholeRefusesTheEdgesOfRuns(t *testing.T) {
	const text = "abcdefghij"
	x := &extract{}
	x.add([]byte(text), 0, 3)
	x.add([]byte(text), 5, 7)
	x.add([]byte(text), 8, 10)
	if string(x.text) != "abcfgij" {
		t.Fatalf("the extract is %q", x.text)
	}
	for _, c := range []struct {
		s    splice
		want string // "" for refused
	}{
		{splice{1, 2, "X"}, "aXcdefghij"},
		{splice{2, 2, "X"}, "abXcdefghij"},
		{splice{2, 3, "X"}, ""},
		{splice{3, 3, "X"}, ""},
		{splice{2, 4, "X"}, ""},
		{splice{4, 4, "X"}, "abcdefXghij"},
		{splice{4, 5, "X"}, ""},
		{splice{6, 7, "X"}, "abcdefghiX"},
		{splice{7, 7, "X"}, "abcdefghijX"},
	} {
		got, ok := x.whole([]byte(text), []splice{c.s})
		if ok != (c.want != "") || ok && string(got) != c.want {
			t.Errorf("%v makes %q, %v; want %q", c.s, got, ok, c.want)
		}
	}
}

// TestChangedSeesTheLinesNextToIt changes a line whose comment keeps its column
// because that of the line below, which is the next service's, stands there too.
func TestChangedSeesTheLinesNextToIt(t *testing.T) {
	var b strings.Builder
	b.WriteString(head + "  mesh: {provider: istio}\n  services:\n")
	for i := range 12 {
		comment := ""
		if i == 6 {
			comment = "       # below"
		}
		fmt.Fprintf(&b, "  - name: s%d%s\n    ports: [port: 80]\n    timeout: 1m30s # above\n", i, comment)
	}
	file := good(t, b.String())
	want := *file.Network
	want.Spec.Services = slices.Clone(want.Spec.Services)
	want.Spec.Services[5].Timeout = 5e9
	if w := sameAsParsed(t, file, file, &want); w != byExtract {
		t.Errorf("it is found %s, want %s", w, byExtract)
	}
	now, _, _ := file.Changed(&want)
	if !strings.Contains(string(now.Data), "    timeout: 5s    # above\n  - name: s6       # below\n") {
		t.Errorf("the comment has left its column:\n%s", now.Data)
	}
}
