package spec_test

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

// randomModel is a sound model; the same seed makes the same one.
func randomModel(seed uint64) *spec.Network {
	r := rand.New(rand.NewPCG(seed, 7))
	some := func() bool { return r.IntN(3) == 0 }
	n := sound()
	n.Spec.Services = nil
	count := 2 + r.IntN(5)
	for i := range count {
		name := fmt.Sprintf("svc-%d", i)
		s := spec.Service{Name: name, Ports: []spec.Port{{Port: 80}, {Name: "db", Port: 5432, Protocol: spec.TCP}}}
		own := map[string]string{"app": name}
		if some() {
			own = map[string]string{"app": name, "tier": "back"}
			s.PodLabels = own
		}
		if some() {
			s.ServiceAccount = name
		}
		if some() {
			s.Callers = append(s.Callers, spec.Caller{Namespace: "shop", PodLabels: own, ServiceAccount: name})
		}
		if some() {
			s.Callers = append(s.Callers, spec.Caller{Namespace: "elsewhere", ServiceAccount: "reader"})
		}
		switch r.IntN(4) {
		case 0:
			s.Hosts = []string{"example.com"}
			s.Paths = []spec.Path{{Path: "/" + name, Port: "http"}}
		case 1:
			s.Paths = []spec.Path{{Path: "/", Port: "http"}}
		}
		if some() {
			s.Canary = &spec.Canary{Stable: "v7"}
			if some() {
				s.Canary.Version, s.Canary.Weight = "v8", spec.Percent(r.IntN(101))
			}
		}
		for j := range count {
			if j == i || !some() {
				continue
			}
			s.Calls = append(s.Calls, spec.Call{Service: fmt.Sprintf("svc-%d", j)})
			if some() {
				s.Calls[len(s.Calls)-1].Port = spec.PortRef{Name: "db"}
			}
		}
		n.Spec.Services = append(n.Spec.Services, s)
	}
	for i := range r.IntN(3) {
		e := spec.Environment{Name: fmt.Sprintf("env-%d", i), Domain: fmt.Sprintf("env-%d.example.com", i)}
		for _, s := range n.Spec.Services {
			entry := spec.EnvironmentService{Name: s.Name}
			if some() {
				entry.Replicas = 3
			}
			if c := s.Canary; c != nil && c.Version != "" && some() {
				entry.Canary = &spec.EnvironmentCanary{Weight: 30}
			}
			if entry.Replicas != 0 || entry.Canary != nil {
				e.Services = append(e.Services, entry)
			}
		}
		n.Spec.Environments = append(n.Spec.Environments, e)
	}
	return n
}

// mentions lists where a model says a word, as a value or a key.
func mentions(v reflect.Value, at, word string) []string {
	var out []string
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			out = mentions(v.Elem(), at, word)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			out = append(out, mentions(v.Field(i), at+"."+v.Type().Field(i).Name, word)...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			out = append(out, mentions(v.Index(i), fmt.Sprintf("%s[%d]", at, i), word)...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			out = append(out, mentions(v.MapIndex(key), at+"."+key.String(), word)...)
		}
	case reflect.String:
		if v.String() == word {
			out = append(out, at)
		}
	}
	return out
}

// edges are the declared connections of a model, as pairs of names.
func edges(n *spec.Network) []string {
	out := []string{}
	for _, s := range n.WithDefaults().Spec.Services {
		for _, c := range s.Calls {
			out = append(out, fmt.Sprintf("%s>%s:%s", s.Name, c.Service, c.Port.Text()))
		}
		for _, c := range s.Callers {
			if s.IsPeer(c, "shop") {
				out = append(out, s.Name+">"+s.Name)
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestRandomChanges holds what is true of every change of every model: the old
// model stays, the new one is sound, and nothing is changed but what has to.
func TestRandomChanges(t *testing.T) {
	const models = 120
	tried := map[string]int{}
	for seed := range uint64(models) {
		n := randomModel(seed)
		if list := spec.Validate(n).Errors(); len(list) > 0 {
			t.Fatalf("model %d is not sound: %v", seed, list)
		}
		apply := func(what string, made func(*spec.Network) (*spec.Change, error)) *spec.Network {
			t.Helper()
			c, err := made(n)
			if was := randomModel(seed); !reflect.DeepEqual(was, n) {
				t.Fatalf("model %d, %s: the old model has changed:\n%s", seed, what, cmp.Diff(was, n))
			}
			if err != nil {
				t.Fatalf("model %d, %s: %v", seed, what, err)
			}
			if list := spec.Validate(c.Network).Errors(); len(list) > 0 {
				t.Errorf("model %d, %s: the new model is not sound: %v", seed, what, list)
			}
			tried[what]++
			return c.Network
		}
		for _, s := range n.Spec.Services {
			without := apply("remove", func(n *spec.Network) (*spec.Change, error) { return spec.RemoveService(n, s.Name) })
			if at := mentions(reflect.ValueOf(without), "model", s.Name); len(at) > 0 {
				t.Errorf("model %d: %s is removed, and still stands in %v", seed, s.Name, at)
			}
			want := slices.DeleteFunc(edges(n), func(edge string) bool { return touches(edge, s.Name) })
			if diff := cmp.Diff(want, edges(without)); diff != "" {
				t.Errorf("model %d: removing %s changes the edges of others (-want +got):\n%s", seed, s.Name, diff)
			}

			renamed := apply("rename", func(n *spec.Network) (*spec.Change, error) { return spec.RenameService(n, s.Name, "other", false) })
			if at := mentions(reflect.ValueOf(renamed), "model", s.Name); len(at) > 0 && s.PodLabels == nil && s.ServiceAccount == "" {
				t.Errorf("model %d: %s is renamed, and still stands in %v", seed, s.Name, at)
			}
			if back, err := spec.RenameService(renamed, "other", s.Name, false); err != nil {
				t.Errorf("model %d: %v", seed, err)
			} else if diff := cmp.Diff(n, back.Network); diff != "" {
				t.Errorf("model %d: %s renamed twice is another model:\n%s", seed, s.Name, diff)
			}

			kept := apply("rename and keep", func(n *spec.Network) (*spec.Change, error) { return spec.RenameService(n, s.Name, "other", true) })
			pods := func(n *spec.Network) (out []any) {
				for _, s := range n.WithDefaults().Spec.Services {
					out = append(out, s.PodLabels, s.ServiceAccount, s.Callers)
				}
				return out
			}
			if diff := cmp.Diff(pods(n), pods(kept)); diff != "" {
				t.Errorf("model %d: renaming %s changes which pods are meant:\n%s", seed, s.Name, diff)
			}

			if s.Canary != nil && s.Canary.Version != "" {
				for what, c := range map[string]struct {
					end    func(*spec.Network, string) (*spec.Change, error)
					stable string
				}{"promote": {spec.PromoteCanary, "v8"}, "abort": {spec.AbortCanary, "v7"}} {
					ended := apply(what, func(n *spec.Network) (*spec.Change, error) { return c.end(n, s.Name) })
					i := slices.IndexFunc(ended.Spec.Services, func(o spec.Service) bool { return o.Name == s.Name })
					if diff := cmp.Diff(&spec.Canary{Stable: c.stable}, ended.Spec.Services[i].Canary); diff != "" {
						t.Errorf("model %d, %s: (-want +got):\n%s", seed, what, diff)
					}
				}
			} else {
				apply("start", func(n *spec.Network) (*spec.Change, error) { return spec.StartCanary(n, s.Name, "v9", "", 50) })
			}
		}
		for _, e := range n.Spec.Environments {
			apply("remove environment", func(n *spec.Network) (*spec.Change, error) { return spec.RemoveEnvironment(n, e.Name) })
		}
	}
	for _, what := range []string{"remove", "rename", "rename and keep", "promote", "abort", "start", "remove environment"} {
		if tried[what] < 20 {
			t.Errorf("only %d times: %s", tried[what], what)
		}
	}
	t.Logf("%d models, changes: %v", models, tried)
}

// touches reports whether an edge begins or ends at a service.
func touches(edge, name string) bool {
	from, to, _ := strings.Cut(edge, ">")
	to, _, _ = strings.Cut(to, ":")
	return from == name || to == name
}
