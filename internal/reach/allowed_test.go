package reach_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// The world of the table: in namespace a, web (labels app: web, tier: front)
// and db (app: db); in namespace b, which has a manifest with team: blue, api
// (app: web too) and mon; in namespace c, which has no manifest, any. All
// policies are in a. Every workload has http on its own number, 8080 in web,
// 9090 in db, and dns on UDP 53.
var world = map[string]reach.Endpoint{
	"web":    pod("a", "web", 8080, "app", "web", "tier", "front"),
	"db":     pod("a", "db", 9090, "app", "db"),
	"bare":   pod("a", "bare", 8081),
	"api":    pod("b", "api", 8080, "app", "web"),
	"mon":    pod("b", "mon", 8080, "app", "mon"),
	"any":    pod("c", "any", 8080, "app", "any"),
	"host":   {Workload: &reach.Workload{Namespace: "a", Name: "host", Labels: map[string]string{"app": "web"}, HostNetwork: true}},
	"node":   reach.OwnNode(),
	"near":   reach.Address(netip.MustParseAddr("10.1.2.3")),
	"far":    reach.Address(netip.MustParseAddr("203.0.113.9")),
	"v6":     reach.Address(netip.MustParseAddr("2001:db8::1")),
	"mapped": reach.Address(netip.MustParseAddr("::ffff:10.1.2.3")),
}

func pod(namespace, name string, http int, labels ...string) reach.Endpoint {
	w := &reach.Workload{Namespace: namespace, Name: name, Labels: map[string]string{}, IP: netip.MustParseAddr("10.9.0.1"),
		Ports: []reach.NamedPort{{Name: "http", Number: http}, {Name: "dns", Number: 53, Protocol: "UDP"}}}
	for i := 0; i < len(labels); i += 2 {
		w.Labels[labels[i]] = labels[i+1]
	}
	return reach.Pod(w)
}

// set makes policies of flow-style specs, all in namespace a.
func set(t *testing.T, mode reach.BlockMode, specs ...string) (*reach.Set, error) {
	t.Helper()
	text := "{apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {team: blue}}}\n"
	for i, spec := range specs {
		text += fmt.Sprintf("---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p%d, namespace: a}, spec: {%s}}\n", i, spec)
	}
	objects, err := manifest.Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return reach.New(objects, mode)
}

func port(t *testing.T, text string) reach.Port {
	t.Helper()
	var p reach.Port
	if _, err := fmt.Sscanf(text, "%d/%s", &p.Number, &p.Protocol); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return p
}

const (
	denyAll = "podSelector: {}, policyTypes: [Ingress, Egress]"
	toDB    = "podSelector: {matchLabels: {app: db}}, "
	ofWeb   = "podSelector: {matchLabels: {app: web}}, "
)

// TestAllowed states the semantics case by case. Each line of asks is
// "from to port", allowed unless it starts with "!".
func TestAllowed(t *testing.T) {
	for _, test := range []struct {
		name     string
		policies []string
		asks     []string
	}{
		{"1 no policy, all open", nil, []string{"web db 9090/TCP", "far db 1/UDP", "any far 443/TCP"}},
		{"1 an empty podSelector is every pod of the policy's namespace", []string{"podSelector: {}"}, []string{"!web db 1/TCP", "!any bare 1/TCP", "web api 1/TCP"}},
		{"1 peer with an empty podSelector is the same namespace", []string{toDB + "ingress: [{from: [{podSelector: {}}]}]"}, []string{"web db 1/TCP", "bare db 1/TCP", "!api db 1/TCP", "!far db 1/TCP"}},
		{"1 peer with an empty namespaceSelector is every pod and no address", []string{toDB + "ingress: [{from: [{namespaceSelector: {}}]}]"}, []string{"web db 1/TCP", "api db 1/TCP", "any db 1/TCP", "!far db 1/TCP", "!near db 1/TCP"}},
		{"1 the same for egress", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]"}, []string{"web any 1/TCP", "!web far 1/TCP"}},

		{"2 both selectors in one peer are and", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {app: web}}}]}]"}, []string{"api db 1/TCP", "!mon db 1/TCP", "!web db 1/TCP"}},
		{"2 two peers are or, the bare podSelector means the own namespace", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}}, {podSelector: {matchLabels: {app: web}}}]}]"}, []string{"api db 1/TCP", "mon db 1/TCP", "web db 1/TCP", "!bare db 1/TCP", "!any db 1/TCP"}},
		{"2 two labels of one selector are and", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web, tier: back}}}]}]"}, []string{"!web db 1/TCP"}},

		{"3 no rules deny", []string{toDB + "ingress: []"}, []string{"!web db 1/TCP", "!far db 1/TCP"}},
		{"3 one empty rule allows all", []string{toDB + "ingress: [{}]"}, []string{"web db 1/TCP", "far db 1/UDP", "v6 db 7/SCTP"}},
		{"3 empty from is any source", []string{toDB + "ingress: [{from: [], ports: [{port: 9090}]}]"}, []string{"far db 9090/TCP", "any db 9090/TCP", "!far db 1/TCP"}},
		{"3 absent from is any source", []string{toDB + "ingress: [{ports: [{port: 9090}]}]"}, []string{"far db 9090/TCP"}},
		{"3 empty ports are all ports", []string{toDB + "ingress: [{from: [{podSelector: {}}], ports: []}]"}, []string{"web db 1/TCP", "web db 1/UDP", "!far db 1/TCP"}},
		{"3 the same for egress", []string{ofWeb + "egress: [{to: [], ports: [{port: 443}]}]"}, []string{"web far 443/TCP", "!web far 80/TCP"}},

		{"4 types omitted: ingress always", []string{ofWeb + "egress: [{}]"}, []string{"!db web 1/TCP", "web far 1/TCP"}},
		{"4 types omitted: egress only with rules", []string{"podSelector: {}"}, []string{"!db web 1/TCP", "web far 1/TCP"}},
		{"4 an empty egress without types does not isolate egress", []string{ofWeb + "egress: []"}, []string{"web far 1/TCP", "!db web 1/TCP"}},
		{"4 types named, nothing allowed", []string{denyAll}, []string{"!web db 1/TCP", "!web far 1/TCP", "!far web 1/TCP", "!web api 1/TCP", "api any 1/TCP"}},
		{"4 an empty list of types is omitted", []string{ofWeb + "policyTypes: [], egress: [{to: [{podSelector: {}}]}]"}, []string{"!db web 1/TCP", "web db 1/TCP", "!web far 1/TCP"}},

		{"5 rules of a type not listed are ignored", []string{toDB + "policyTypes: [Egress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"}, []string{"any db 1/TCP", "!db web 1/TCP"}},
		{"5 and the other way round", []string{ofWeb + "policyTypes: [Ingress], egress: [{to: [{podSelector: {}}]}]"}, []string{"web far 1/TCP", "!any web 1/TCP"}},

		{"6 no protocol is TCP", []string{toDB + "ingress: [{ports: [{port: 53}]}]"}, []string{"web db 53/TCP", "!web db 53/UDP"}},
		{"6 a protocol alone is all its ports", []string{toDB + "ingress: [{ports: [{protocol: UDP}]}]"}, []string{"web db 53/UDP", "web db 9/UDP", "!web db 53/TCP"}},
		{"6 both must be listed", []string{toDB + "ingress: [{ports: [{port: 53}, {port: 53, protocol: UDP}]}]"}, []string{"web db 53/TCP", "web db 53/UDP", "!web db 54/UDP"}},

		{"7 a range has both ends", []string{toDB + "ingress: [{ports: [{port: 8000, endPort: 8002}]}]"}, []string{"!web db 7999/TCP", "web db 8000/TCP", "web db 8001/TCP", "web db 8002/TCP", "!web db 8003/TCP"}},
		{"7 a range of one", []string{toDB + "ingress: [{ports: [{port: 8000, endPort: 8000}]}]"}, []string{"web db 8000/TCP", "!web db 8001/TCP"}},
		{"7 a range has a protocol", []string{toDB + "ingress: [{ports: [{port: 1, endPort: 65535, protocol: UDP}]}]"}, []string{"web db 65535/UDP", "!web db 1/TCP"}},

		{"8 a named port is the destination pod's", []string{"podSelector: {}, ingress: [{ports: [{port: http}]}]"}, []string{"any db 9090/TCP", "!any db 8080/TCP", "any web 8080/TCP", "!any web 9090/TCP"}},
		{"8 for egress too", []string{ofWeb + "policyTypes: [Egress], egress: [{ports: [{port: http}]}]"}, []string{"web db 9090/TCP", "!web db 8080/TCP", "web api 8080/TCP", "!web far 8080/TCP"}},
		{"8 name and protocol", []string{toDB + "ingress: [{ports: [{port: dns}]}]"}, []string{"!web db 53/TCP", "!web db 53/UDP"}},
		{"8 name with its protocol", []string{toDB + "ingress: [{ports: [{port: dns, protocol: UDP}]}]"}, []string{"web db 53/UDP", "!web db 53/TCP"}},
		{"8 an unknown name is no port", []string{toDB + "ingress: [{ports: [{port: grpc}]}]"}, []string{"!web db 9090/TCP"}},

		{"9 a block", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]"}, []string{"near db 1/TCP", "!far db 1/TCP", "mapped db 1/TCP"}},
		{"9 a block with a hole", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.1.0.0/16]}}]}]"}, []string{"web far 1/TCP", "!web near 1/TCP"}},
		{"9 a hole in one block is not one in another", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.1.0.0/16]}}, {ipBlock: {cidr: 10.1.2.3/32}}]}]"}, []string{"web near 1/TCP"}},
		{"9 a block is not for pods", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"}, []string{"!web db 1/TCP", "far db 1/TCP"}},

		{"11 policies add up", []string{toDB + "ingress: []", toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]", denyAll, ofWeb + "egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]"}, []string{"web db 1/TCP", "!bare db 1/TCP", "!web bare 1/TCP"}},
		{"11 NotIn matches pods without the key", []string{"podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [front]}]}"}, []string{"!web db 1/TCP", "!web bare 1/TCP", "db web 1/TCP"}},
		{"11 DoesNotExist", []string{"podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}"}, []string{"!web bare 1/TCP", "web db 1/TCP"}},
		{"11 Exists", []string{"podSelector: {matchExpressions: [{key: tier, operator: Exists}]}"}, []string{"!db web 1/TCP", "web db 1/TCP"}},
		{"11 In as a peer", []string{toDB + "ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [web, x]}]}}]}]"}, []string{"web db 1/TCP", "!bare db 1/TCP"}},
		{"11 labels and expressions are and", []string{"podSelector: {matchLabels: {app: web}, matchExpressions: [{key: tier, operator: DoesNotExist}]}"}, []string{"db web 1/TCP"}},

		{"12 egress allowed, ingress not", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]", toDB + "ingress: []"}, []string{"!web db 1/TCP"}},
		{"12 ingress allowed, egress not", []string{denyAll, toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"}, []string{"!web db 1/TCP"}},
		{"12 both halves", []string{denyAll, toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 9090}]}]", ofWeb + "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 9090}]}]"}, []string{"web db 9090/TCP", "!web db 9091/TCP", "!db web 9090/TCP"}},
		{"12 the halves must agree on the port", []string{toDB + "ingress: [{ports: [{port: 1}]}]", ofWeb + "policyTypes: [Egress], egress: [{ports: [{port: 2}]}]"}, []string{"!web db 1/TCP", "!web db 2/TCP", "any db 1/TCP"}},
		{"12 a half elsewhere does not matter when nothing isolates it", []string{ofWeb + "policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {team: blue}}}]}]"}, []string{"web mon 1/TCP", "!web any 1/TCP"}},

		{"13 the pod's own node", []string{denyAll}, []string{"node db 9090/TCP", "!db node 10250/TCP"}},
		{"14 a pod on its node's network is under no policy", []string{denyAll}, []string{"far host 80/TCP", "host far 80/TCP"}},
		{"14 and is known by no labels", []string{toDB + "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]"}, []string{"!host db 1/TCP"}},

		{"16 SCTP is its own", []string{toDB + "ingress: [{ports: [{port: 9, protocol: SCTP}]}]"}, []string{"web db 9/SCTP", "!web db 9/TCP", "!web db 9/UDP"}},
		{"16 IPv4 blocks are not for IPv6", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]"}, []string{"!v6 db 1/TCP", "far db 1/TCP"}},
		{"16 IPv6 blocks are not for IPv4", []string{toDB + "ingress: [{from: [{ipBlock: {cidr: '::/0'}}]}]"}, []string{"v6 db 1/TCP", "!far db 1/TCP"}},

		{"17 the name label is there with a manifest", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: b}}}]}]"}, []string{"api db 1/TCP", "!any db 1/TCP", "!web db 1/TCP"}},
		{"17 and without one", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: c}}}]}]"}, []string{"any db 1/TCP", "!api db 1/TCP"}},
		{"17 other labels are the manifest's", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}}]}]"}, []string{"api db 1/TCP", "!any db 1/TCP"}},
		{"17 a namespace without the key is not in it", []string{toDB + "ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [blue]}]}}]}]"}, []string{"!api db 1/TCP", "any db 1/TCP", "web db 1/TCP"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := set(t, reach.BlocksMatchExternal, test.policies...)
			if err != nil {
				t.Fatal(err)
			}
			for _, ask := range test.asks {
				want := !strings.HasPrefix(ask, "!")
				words := strings.Fields(strings.TrimPrefix(ask, "!"))
				from, to := world[words[0]], world[words[1]]
				got, reasons := s.Allowed(from, to, port(t, words[2]))
				if got != want {
					t.Errorf("%s: allowed is %t, want %t", ask, got, want)
				}
				if len(reasons) < 2 {
					t.Errorf("%s: %d reasons, want one for each direction at least", ask, len(reasons))
				}
			}
		})
	}
}

// TestBlocksMatchPods: point 9's other reading.
func TestBlocksMatchPods(t *testing.T) {
	s, err := set(t, reach.BlocksMatchPods, toDB+"ingress: [{from: [{ipBlock: {cidr: 10.9.0.0/16}}]}]")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _ := s.Allowed(world["web"], world["db"], reach.TCP(1)); !ok {
		t.Error("a pod inside the block is denied")
	}
	if ok, _ := s.Allowed(world["host"], world["db"], reach.TCP(1)); ok {
		t.Error("a pod without a known address is admitted by a block")
	}
}

// TestInvalid: what the API server refuses is reported with its place and left out.
func TestInvalid(t *testing.T) {
	for _, test := range []struct{ name, spec, want string }{
		{"empty peer", "podSelector: {}, ingress: [{from: [{}]}]", "spec.ingress[0].from[0]: NetworkPolicy a/p0: an empty peer is nobody; name a podSelector, a namespaceSelector or an ipBlock"},
		{"block with a selector", "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]", "spec.egress[0].to[0]: NetworkPolicy a/p0: an ipBlock stands alone, without selectors; write two peers"},
		{"hole outside", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}}]}]", `spec.ingress[0].from[0].ipBlock.except[0]: NetworkPolicy a/p0: "11.0.0.0/8" is not inside 10.0.0.0/8; write a range inside it`},
		{"hole as large", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]", `spec.ingress[0].from[0].ipBlock.except[0]: NetworkPolicy a/p0: "10.0.0.0/8" is not inside 10.0.0.0/8; write a range inside it`},
		{"no CIDR", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.1}}]}]", `spec.ingress[0].from[0].ipBlock.cidr: NetworkPolicy a/p0: "10.0.0.1" is no CIDR; write a range such as 10.0.0.0/8`},
		{"endPort with a name", "podSelector: {}, ingress: [{ports: [{port: http, endPort: 90}]}]", "spec.ingress[0].ports[0].endPort: NetworkPolicy a/p0: a range cannot start at a named port; write port as a number"},
		{"endPort alone", "podSelector: {}, ingress: [{ports: [{endPort: 90}]}]", "spec.ingress[0].ports[0].endPort: NetworkPolicy a/p0: a range needs its first port; add port"},
		{"endPort below", "podSelector: {}, ingress: [{ports: [{port: 91, endPort: 90}]}]", "spec.ingress[0].ports[0].endPort: NetworkPolicy a/p0: 90 is not between 91 and 65535; write the range's last port"},
		{"port", "podSelector: {}, ingress: [{ports: [{port: 70000}]}]", "spec.ingress[0].ports[0].port: NetworkPolicy a/p0: 70000 is no port; write 1 to 65535"},
		{"protocol", "podSelector: {}, ingress: [{ports: [{port: 1, protocol: tcp}]}]", `spec.ingress[0].ports[0].protocol: NetworkPolicy a/p0: "tcp" is no protocol; write TCP, UDP or SCTP`},
		{"type", "podSelector: {}, policyTypes: [ingress]", `spec.policyTypes[0]: NetworkPolicy a/p0: "ingress" is no policy type; write Ingress or Egress`},
		{"operator", "podSelector: {matchExpressions: [{key: a, operator: Is}]}", `spec.podSelector.matchExpressions[0].operator: NetworkPolicy a/p0: "Is" is no operator; write In, NotIn, Exists or DoesNotExist`},
		{"In without values", "podSelector: {matchExpressions: [{key: a, operator: In}]}", "spec.podSelector.matchExpressions[0].values: NetworkPolicy a/p0: In needs values; list them"},
		{"Exists with values", "podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}", "spec.podSelector.matchExpressions[0].values: NetworkPolicy a/p0: Exists takes no values; remove them"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := set(t, reach.BlocksMatchExternal, test.spec)
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff("p.yaml:3: "+test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if ok, _ := s.Allowed(world["any"], world["db"], reach.TCP(1)); !ok {
				t.Error("a policy that the API server refuses isolates a pod")
			}
		})
	}
}

// TestReasons: an answer names the policies and rules that decide it.
func TestReasons(t *testing.T) {
	s, err := set(t, reach.BlocksMatchExternal, denyAll,
		toDB+"ingress: [{ports: [{port: 1}]}, {from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 9090}]}]",
		ofWeb+"policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}]}]")
	if err != nil {
		t.Fatal(err)
	}
	texts := func(from, to string, p reach.Port) []string {
		_, reasons := s.Allowed(world[from], world[to], p)
		var out []string
		for _, r := range reasons {
			out = append(out, fmt.Sprintf("%s: %s", r.Verdict, r.Text()))
		}
		return out
	}
	for _, test := range []struct {
		from, to string
		want     []string
	}{
		{"web", "db", []string{
			"admits: egress rule 1 of NetworkPolicy a/p2 (p.yaml:7) admits a/db on 9090/TCP",
			"admits: ingress rule 2 of NetworkPolicy a/p1 (p.yaml:5) admits a/web on 9090/TCP"}},
		{"api", "db", []string{
			"open: no policy isolates b/api for egress",
			"isolates: NetworkPolicy a/p0 (p.yaml:3) isolates a/db for ingress and has no rule for b/api on 9090/TCP",
			"isolates: NetworkPolicy a/p1 (p.yaml:5) isolates a/db for ingress and has no rule for b/api on 9090/TCP"}},
		{"near", "host", []string{
			"open: 10.1.2.3 is under no policy",
			"unknown: a/host is on its node's network, where policies are not defined"}},
	} {
		if diff := cmp.Diff(test.want, texts(test.from, test.to, reach.TCP(9090))); diff != "" {
			t.Errorf("%s to %s (-want +got):\n%s", test.from, test.to, diff)
		}
	}
}

// TestTarget: point 15, a Service's port leads to a pod's.
func TestTarget(t *testing.T) {
	w := world["db"].Workload
	for _, test := range []struct {
		name string
		port manifest.ServicePort
		want reach.Port
		ok   bool
	}{
		{"number", manifest.ServicePort{Port: 80, TargetPort: manifest.IntOrString{Number: 9090}}, reach.TCP(9090), true},
		{"default", manifest.ServicePort{Port: 80}, reach.TCP(80), true},
		{"name", manifest.ServicePort{Port: 80, TargetPort: manifest.IntOrString{Name: "http"}}, reach.TCP(9090), true},
		{"name and protocol", manifest.ServicePort{Port: 80, TargetPort: manifest.IntOrString{Name: "dns"}, Protocol: "UDP"}, reach.UDP(53), true},
		{"name of another protocol", manifest.ServicePort{Port: 80, TargetPort: manifest.IntOrString{Name: "dns"}}, reach.TCP(0), false},
	} {
		got, ok := reach.Target(test.port, w)
		if got != test.want || ok != test.ok {
			t.Errorf("%s: %v %t, want %v %t", test.name, got, ok, test.want, test.ok)
		}
	}
}

// TestOverrides: point 18, what could say otherwise is named.
func TestOverrides(t *testing.T) {
	objects, err := manifest.Parse("p.yaml", []byte("{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: all}}"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := reach.New(objects, reach.BlocksMatchExternal)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Overrides) != 1 || s.Overrides[0].Name != "all" {
		t.Errorf("overrides are %v, want the ClusterNetworkPolicy all", s.Overrides)
	}
}

// TestIsolated and the policies behind it, found through the index whichever
// of a selector's labels it is filed under.
func TestIsolated(t *testing.T) {
	s, err := set(t, reach.BlocksMatchExternal, "podSelector: {matchLabels: {app: web, tier: front}}", "podSelector: {matchLabels: {app: web, tier: back}}", "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress]")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range s.Policies(world["web"].Workload) {
		names = append(names, o.Name)
	}
	if diff := cmp.Diff([]string{"p0", "p2"}, names); diff != "" {
		t.Errorf("policies of web (-want +got):\n%s", diff)
	}
	type isolation struct{ In, Out bool }
	for name, want := range map[string]isolation{"web": {true, true}, "db": {false, false}, "api": {false, false}} {
		in, out := s.Isolated(world[name].Workload)
		if diff := cmp.Diff(want, isolation{in, out}); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
