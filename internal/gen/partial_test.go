package gen_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
)

// edits are what may become of one service of a model.
var edits = []struct {
	name string
	make func(n *spec.Network, i int, random *rand.Rand)
}{
	{"remove", func(n *spec.Network, i int, _ *rand.Rand) {
		name := n.Spec.Services[i].Name
		n.Spec.Services = slices.Delete(n.Spec.Services, i, i+1)
		for j := range n.Spec.Services {
			s := &n.Spec.Services[j]
			s.Calls = slices.DeleteFunc(slices.Clone(s.Calls), func(c spec.Call) bool { return c.Service == name })
		}
	}},
	{"add", func(n *spec.Network, i int, _ *rand.Rand) {
		n.Spec.Services = append(n.Spec.Services, spec.Service{Name: "newcomer", Ports: one(spec.Port{Port: 8080}), Calls: calls(n.Spec.Services[i].Name), Metrics: &spec.Metrics{Port: 9090}})
	}},
	{"add in front", func(n *spec.Network, i int, _ *rand.Rand) {
		n.Spec.Services[i].Calls = append(slices.Clone(n.Spec.Services[i].Calls), calls("newcomer")...)
		n.Spec.Services = slices.Insert(n.Spec.Services, 0, spec.Service{Name: "newcomer", Ports: one(spec.Port{Port: 8080, Protocol: spec.GRPC})})
	}},
	{"call", func(n *spec.Network, i int, random *rand.Rand) {
		to := n.Spec.Services[random.IntN(len(n.Spec.Services))].Name
		n.Spec.Services[i].Calls = append(slices.Clone(n.Spec.Services[i].Calls), calls(to)...)
	}},
	{"no calls", func(n *spec.Network, i int, _ *rand.Rand) { n.Spec.Services[i].Calls = nil }},
	{"port", func(n *spec.Network, i int, random *rand.Rand) {
		n.Spec.Services[i].Ports = one(spec.Port{Port: spec.PortNumber(7000 + random.IntN(9)), Protocol: []spec.Protocol{spec.HTTP, spec.GRPC, spec.TCP}[random.IntN(3)]})
	}},
	{"metrics", func(n *spec.Network, i int, random *rand.Rand) {
		n.Spec.Services[i].Metrics = []*spec.Metrics{nil, {Port: 9102}, {Port: 9102, Path: "/stats"}}[random.IntN(3)]
	}},
	{"canary", func(n *spec.Network, i int, random *rand.Rand) {
		n.Spec.Services[i].Canary = &spec.Canary{Stable: "v1", Version: "v2", Weight: spec.Percent(random.IntN(101))}
	}},
	{"no canary", func(n *spec.Network, i int, _ *rand.Rand) { n.Spec.Services[i].Canary = nil }},
	{"host", func(n *spec.Network, i int, random *rand.Rand) {
		hosts := []string{"shop.example.test"}
		for _, s := range n.Spec.Services {
			hosts = append(hosts, s.Hosts...)
		}
		n.Spec.Services[i].Hosts = []string{hosts[random.IntN(len(hosts))]}
		n.Spec.Services[i].Paths = []spec.Path{{Path: fmt.Sprintf("/p%d", i), Rewrite: []string{"", "/"}[random.IntN(2)]}}
	}},
	{"no host", func(n *spec.Network, i int, _ *rand.Rand) {
		n.Spec.Services[i].Hosts, n.Spec.Services[i].Paths = nil, nil
	}},
	{"objective", func(n *spec.Network, i int, random *rand.Rand) {
		n.Spec.Services[i].SLO = []*spec.SLO{nil, {Availability: 99.5}, {Latency: &spec.Latency{Threshold: spec.Duration(time.Second), Percentile: 95}}}[random.IntN(3)]
	}},
	{"labels", func(n *spec.Network, i int, _ *rand.Rand) {
		n.Spec.Services[i].PodLabels, n.Spec.Services[i].ServiceAccount = map[string]string{"app": "renamed"}, "renamed"
	}},
	{"type", func(n *spec.Network, i int, random *rand.Rand) {
		n.Spec.Services[i].Type = []spec.ServiceType{spec.ClusterIP, spec.Headless}[random.IntN(2)]
	}},
	{"egress", func(n *spec.Network, i int, _ *rand.Rand) {
		n.Spec.Services[i].Egress = []spec.Egress{{Host: "api.example.com", Ports: []spec.PortNumber{443}}}
	}},
	{"outside", func(n *spec.Network, i int, _ *rand.Rand) {
		n.Spec.Services[i].Callers = []spec.Caller{{Namespace: "batch", PodLabels: map[string]string{"app": "job"}, ServiceAccount: "job"}}
	}},
	{"order", func(n *spec.Network, _ int, _ *rand.Rand) { slices.Reverse(n.Spec.Services) }},
	{"platform", func(n *spec.Network, _ int, _ *rand.Rand) {
		n.Spec.Monitoring.RunbookBase = "https://elsewhere.example.test/"
	}},
}

// TestTouched changes models of many kinds in many ways: what Touched calls
// untouched is the same in both, and rendering without it makes all the rest.
func TestTouched(t *testing.T) {
	all, untouched := 0, map[string]int{}
	for seed := range uint64(1500) {
		random := rand.New(rand.NewPCG(seed, 11))
		places := platforms()
		p := places[random.IntN(len(places))]
		fits := slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return k.only != nil && !k.only(p) })
		random.Shuffle(len(fits), func(i, j int) { fits[i], fits[j] = fits[j], fits[i] })
		before := model(p, []*spec.TLS{nil, {ClusterIssuer: "ca"}, {SecretName: "wild"}}[random.IntN(3)], int(seed), fits[:min(len(fits), 3+random.IntN(6))]...)
		e := edits[random.IntN(len(edits))]
		after := *before
		after.Spec.Services = slices.Clone(before.Spec.Services)
		e.make(&after, random.IntN(len(after.Spec.Services)), random)
		if len(spec.Validate(before)) > 0 || len(spec.Validate(&after)) > 0 {
			continue
		}
		all++
		names, ok := gen.Touched(before, &after)
		if !ok {
			continue
		}
		old, err := gen.Render(before, gen.Options{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := gen.Render(&after, gen.Options{})
		if err != nil {
			t.Fatal(err)
		}
		stems := map[string]bool{}
		for name := range names {
			stems[gen.Stem(name)] = true
		}
		settled := func(path string) bool {
			stem, own := gen.OwnFile(path)
			return own && !stems[stem]
		}
		got, err := gen.Render(&after, gen.Options{Settled: &gen.Settled{
			Service: func(name string) bool { return !names[name] },
			Exists:  func(path string) bool { _, ok := old.File(path); return ok && settled(path) },
		}})
		if err != nil {
			t.Fatal(err)
		}
		for path, data := range old.All() {
			if settled(path) {
				untouched[e.name]++
				if err := got.Add(path, data); err != nil {
					t.Errorf("seed %d, %s: %v", seed, e.name, err)
				}
			}
		}
		for path, data := range want.All() {
			if now, ok := got.File(path); !ok || string(now) != string(data) {
				t.Errorf("seed %d, %s on %s: %s is\n%s\nnot\n%s", seed, e.name, p.name, path, now, data)
			}
		}
		if got.Len() != want.Len() {
			t.Errorf("seed %d, %s: %d files, not %d", seed, e.name, got.Len(), want.Len())
		}
	}
	for _, e := range edits {
		if (untouched[e.name] == 0) != (e.name == "order" || e.name == "platform") {
			t.Errorf("%s: %d files were left alone", e.name, untouched[e.name])
		}
	}
	if all < 300 {
		t.Errorf("only %d models were sound before and after", all)
	}
	t.Log(all, untouched)
}

// TestTouchedBelowAHost takes a host from the service that owns its certificate:
// the next one below it does from then on.
func TestTouchedBelowAHost(t *testing.T) {
	before := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"}}
	before.Spec.Ingress = &spec.Ingress{Class: "traefik", TLS: &spec.TLS{ClusterIssuer: "ca"}}
	for i, name := range []string{"home", "news", "else"} {
		before.Spec.Services = append(before.Spec.Services, spec.Service{
			Name: name, Ports: one(spec.Port{Port: 8000}), Hosts: []string{[]string{"app", "app", "other"}[i] + ".example.test"}, Paths: []spec.Path{{Path: "/" + name}},
		})
	}
	after := *before
	after.Spec.Services = slices.Clone(before.Spec.Services)
	after.Spec.Services[0].Hosts = []string{"own.example.test"}
	names, ok := gen.Touched(before, &after)
	if !ok || !names["home"] || !names["news"] || names["else"] {
		t.Errorf("%v, %v", names, ok)
	}
}
