package specfile

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// TestResolveIsAThreeWayMerge changes random models twice, and holds the laws
// of a merge: what one side alone has changed is as that side has it, what both
// say stays, which side is which makes no difference but for the order, and
// nothing that a side has removed and the other left alone comes back.
func TestResolveIsAThreeWayMerge(t *testing.T) {
	settled := 0
	const cases = 200
	for seed := range uint64(cases) {
		if randomMerge(t, seed) {
			settled++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d settled", settled, cases)
	if settled < cases/4 || settled == cases {
		t.Errorf("%d of %d settled", settled, cases)
	}
}

// FuzzResolveModels is the same for any seed.
func FuzzResolveModels(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(func(t *testing.T, seed uint64) { randomMerge(t, seed) })
}

// randomMerge reports whether the sides of a random merge could be settled.
func randomMerge(t *testing.T, seed uint64) bool {
	t.Helper()
	r := &random{Rand: rand.New(rand.NewPCG(seed, 3))}
	base := r.network()
	for range r.IntN(4) {
		s := &base.Spec.Services
		*s = append(*s, spec.Service{})
		r.fill(reflect.ValueOf(&(*s)[len(*s)-1]).Elem(), nil)
	}
	ours, theirs := r.changed(base), r.changed(base)
	resolve := func(a, b, c *spec.Network) (*spec.Network, diag.List) {
		text, _, list := Resolve("kgen.yaml", conflictOf(b, c), Format(a))
		if (text == nil) == (len(list) == 0) {
			t.Fatalf("seed %d: text %q beside %v", seed, text, list)
		}
		f, _ := decode("kgen.yaml", text)
		return f.Network, list
	}
	for _, law := range []struct {
		name         string
		ours, theirs *spec.Network
	}{{"b, x, b", ours, base}, {"b, b, x", base, ours}, {"b, x, x", ours, ours}} {
		got, list := resolve(base, law.ours, law.theirs)
		if diff := cmp.Diff(ours, got); diff != "" {
			t.Fatalf("seed %d: merge(%s) is not x (-x +got): %v\n%s", seed, law.name, list, diff)
		}
	}
	if text, _, _ := Resolve("kgen.yaml", conflictOf(ours, theirs), nil); text != nil && !reflect.DeepEqual(ordered(ours), ordered(theirs)) {
		t.Fatalf("seed %d: without a base it was guessed:\n%s", seed, cmp.Diff(ours, theirs))
	}
	got, list := resolve(base, ours, theirs)
	back, opposite := resolve(base, theirs, ours)
	if len(list) != len(opposite) {
		t.Fatalf("seed %d: the sides decide:\n%v\n%v", seed, list, opposite)
	}
	if len(list) > 0 {
		return false
	}
	if diff := cmp.Diff(ordered(got), ordered(back)); diff != "" {
		t.Fatalf("seed %d: the sides decide (-one +other):\n%s", seed, diff)
	}
	b, o, u, m := byName(base), byName(ours), byName(theirs), byName(got)
	for name := range m {
		if o[name] == nil && u[name] == nil {
			t.Fatalf("seed %d: service %q is nobody's", seed, name)
		}
	}
	for _, sides := range [][2]map[string]*spec.Service{{o, u}, {u, o}} {
		for name, s := range sides[0] {
			kept := sides[1][name] != nil || b[name] == nil
			if kept != (m[name] != nil) {
				t.Fatalf("seed %d: service %q is in the result: %v", seed, name, !kept)
			}
			if kept && b[name] != nil && reflect.DeepEqual(b[name], s) && !reflect.DeepEqual(m[name], sides[1][name]) {
				t.Fatalf("seed %d: service %q is not as the one side has made it:\n%s", seed, name, cmp.Diff(sides[1][name], m[name]))
			}
		}
	}
	return true
}

// changed gives a model with a few random changes.
func (r *random) changed(n *spec.Network) *spec.Network {
	out := *n
	for range 1 + r.IntN(3) {
		r.touch(reflect.ValueOf(&out).Elem(), "", nil)
	}
	return &out
}

// conflictOf is two models as one conflict about the whole of a file.
func conflictOf(ours, theirs *spec.Network) []byte {
	return slices.Concat([]byte("<<<<<<< ours\n"), Format(ours), []byte("=======\n"), Format(theirs), []byte(">>>>>>> theirs\n"))
}

// ordered is what a value says whatever the order of its lists.
func ordered(n *spec.Network) []string {
	var out []string
	var visit func(v reflect.Value, path string)
	visit = func(v reflect.Value, path string) {
		if v = reflect.Indirect(v); !v.IsValid() || absent(v) {
			return
		}
		switch {
		case v.Kind() == reflect.Slice:
			for i := range v.Len() {
				visit(v.Index(i), path+"["+strings.SplitN(flow(v.Index(i)), ",", 2)[0]+"]")
			}
		case tables[v.Type()] != nil:
			for _, f := range tables[v.Type()].fields {
				visit(v.Field(f.index), path+"."+f.key)
			}
		default:
			out = append(out, path+": "+flow(v))
		}
	}
	visit(reflect.ValueOf(n), "")
	slices.Sort(out)
	return out
}

func byName(n *spec.Network) map[string]*spec.Service {
	out := map[string]*spec.Service{}
	for i := range n.Spec.Services {
		out[n.Spec.Services[i].Name] = &n.Spec.Services[i]
	}
	return out
}
