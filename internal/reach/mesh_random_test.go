package reach_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/reach"
)

// randomMesh makes policies for the world of the mesh's table.
func (d dice) randomMesh() []string {
	quoted := func(from ...string) string { return "['" + pick(d, from...) + "', '" + pick(d, from...) + "']" }
	source := func() string {
		return pick(d,
			"principals: "+quoted("cluster.local/ns/shop/sa/web", "cluster.local/ns/calm/sa/one", "cluster.local/ns/calm/sa/way", "cluster.local/ns/edge/sa/gate", "*", "cluster.local/ns/calm/*"),
			"notPrincipals: "+quoted("cluster.local/ns/shop/sa/web", "*"),
			"namespaces: "+quoted("shop", "jobs", "calm", "c*"),
			"serviceAccounts: "+quoted("web", "calm/two", "jobs/job"),
			"ipBlocks: "+quoted("10.0.0.0/8", "203.0.113.9"),
			"requestPrincipals: ['*']", "")
	}
	operation := func() string {
		return pick(d, "ports: "+quoted("8080", "9000", "80"), "notPorts: ['7000']", "methods: [GET]", "paths: [/a], ports: ['8080']")
	}
	var out []string
	for range d.IntN(5) {
		namespace := pick(d, "shop", "calm", "calm", "edge", "istio-system")
		spec := "action: " + pick(d, "ALLOW", "ALLOW", "ALLOW", "DENY", "CUSTOM", "AUDIT")
		spec += pick(d, "", ", selector: {matchLabels: {app: "+pick(d, "api", "web", "two", "three", "four")+"}}",
			", targetRefs: [{group: '', kind: Service, name: "+pick(d, "three", "four")+"}]",
			", targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: "+pick(d, "way", "gate")+"}]")
		var rules []string
		for range d.IntN(3) {
			var parts []string
			if !d.one(4) {
				parts = append(parts, fmt.Sprintf("from: [{source: {%s}}, {source: {%s}}]", source(), source()))
			}
			if d.one(2) {
				parts = append(parts, fmt.Sprintf("to: [{operation: {%s}}]", operation()))
			}
			if d.one(5) {
				parts = append(parts, "when: [{key: "+pick(d, "source.namespace, values: [shop]", "destination.port, notValues: ['8080']", "'request.headers[x]', values: [a]")+"}]")
			}
			rules = append(rules, "{"+strings.Join(parts, ", ")+"}")
		}
		out = append(out, "AP "+namespace+": "+spec+", rules: ["+strings.Join(rules, ", ")+"]")
	}
	for range d.IntN(3) {
		spec := "mtls: {mode: " + pick(d, "STRICT", "PERMISSIVE", "DISABLE", "UNSET") + "}"
		if d.one(2) {
			spec += ", selector: {matchLabels: {app: " + pick(d, "api", "two", "three") + "}}, portLevelMtls: {'8080': {mode: " + pick(d, "STRICT", "PERMISSIVE", "DISABLE") + "}}"
		}
		out = append(out, "PA "+pick(d, "shop", "calm", "istio-system")+": "+spec)
	}
	for range d.IntN(4) {
		peer := pick(d, "{podSelector: {}}", "{namespaceSelector: {}}", "{podSelector: {matchLabels: {app: "+pick(d, "one", "way", "three", "web")+"}}}", "{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}")
		ports := pick(d, "", ", ports: [{port: 15008}]", ", ports: [{port: 8080}]", ", ports: [{port: 8080}, {port: 15008}]")
		selector := pick(d, "{}", "{matchLabels: {app: "+pick(d, "way", "three", "two", "api", "one")+"}}")
		rule := pick(d, "ingress: [{from: ["+peer+"]"+ports+"}]", "policyTypes: [Egress], egress: [{to: ["+peer+"]"+ports+"}]")
		out = append(out, "NP "+pick(d, "shop", "calm", "calm", "edge")+": podSelector: "+selector+", "+rule)
	}
	return out
}

// TestMeshTwoWays: what Explain finds rule by rule for one port is what
// Connections has in sets for all of them, whatever the policies, in every
// layer; and Pairs, To and Between tell the same.
func TestMeshTwoWays(t *testing.T) {
	worlds := 1_500
	if raceEnabled {
		worlds /= 10
	}
	w := newMeshWorld()
	seen := map[string]int{}
	for seed := range uint64(worlds) {
		d := dice{rand.New(rand.NewPCG(seed, 7))}
		texts := d.randomMesh()
		s := meshSet(t, texts...)
		for _, layer := range []reach.Layer{reach.MeshPolicy, reach.All} {
			all := s.Connections(layer, w.workloads())
			pairs := map[string]string{}
			for c := range all.Pairs() {
				pairs[c.Text()] = "pairs"
			}
			for _, to := range w.workloads() {
				for c := range all.To(to) {
					if pairs[c.Text()] == "" {
						t.Fatalf("%d: %s: %s is in To alone\n%s", seed, layer, c.Text(), strings.Join(texts, "\n"))
					}
					pairs[c.Text()] = "both"
				}
			}
			for text, where := range pairs {
				if where != "both" {
					t.Fatalf("%d: %s: %s is in Pairs alone\n%s", seed, layer, text, strings.Join(texts, "\n"))
				}
			}
			for _, a := range sorted(w) {
				for _, b := range sorted(w) {
					from, to := w[a], w[b]
					if from.Workload == nil && a != "far" || to.Workload == nil {
						continue
					}
					p := pick(d, reach.TCP(8080), reach.TCP(9000), reach.TCP(7000), reach.TCP(15008), reach.TCP(15090), reach.UDP(53))
					e := s.Explain(layer, from, to, p)
					for _, via := range []bool{false, true} {
						want, got := explained(e, via), connected(all, from, to, p, via)
						seen[want+fmt.Sprint(via)]++
						if got != want {
							t.Fatalf("%d: %s: %s -> %s %s via %t: Connections %s, Explain %s\n%s", seed, layer, a, b, p.Text(), via, got, want, strings.Join(texts, "\n"))
						}
					}
				}
			}
		}
	}
	for _, kind := range []string{"yesfalse", "nofalse", "somefalse", "yestrue", "notrue", "sometrue"} {
		if seen[kind] < worlds/50 {
			t.Errorf("%s answers: %d, too few to mean anything", kind, seen[kind])
		}
	}
}
