package reach_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// The world of the table: in namespace a, web (labels app: web, tier: front)
// and db (app: db); in namespace b, which has a manifest with team: blue, api
// (app: web too) and mon; in namespace c, which has no manifest, any. All
// policies are in a. Every workload has http on its own number, 8080 in web,
// 9090 in db, and dns on UDP 53.
var world = map[string]reach.Endpoint{
	"web":      pod("a", "web", 8080, "app", "web", "tier", "front"),
	"db":       pod("a", "db", 9090, "app", "db"),
	"bare":     pod("a", "bare", 8081),
	"api":      pod("b", "api", 8080, "app", "web"),
	"mon":      pod("b", "mon", 8080, "app", "mon"),
	"any":      pod("c", "any", 8080, "app", "any"),
	"host":     {Workload: &reach.Workload{Namespace: "a", Name: "host", Labels: map[string]string{"app": "web"}, HostNetwork: true}},
	"node":     reach.OwnNode(),
	"kubedns":  pod("kube-system", "kubedns", 8080, "k8s-app", "kube-dns"),
	"other":    reach.Address(netip.MustParseAddr("198.51.100.1")),
	"metadata": reach.Address(netip.MustParseAddr("169.254.169.254")),
	"near":     reach.Address(netip.MustParseAddr("10.1.2.3")),
	"far":      reach.Address(netip.MustParseAddr("203.0.113.9")),
	"v6":       reach.Address(netip.MustParseAddr("2001:db8::1")),
	"mapped":   reach.Address(netip.MustParseAddr("::ffff:10.1.2.3")),
}

func pod(namespace, name string, http int, labels ...string) reach.Endpoint {
	w := &reach.Workload{Namespace: namespace, Name: name, Labels: map[string]string{}, IP: netip.MustParseAddr("10.9.0.1"),
		Ports: []reach.NamedPort{{Name: "http", Number: http}, {Name: "dns", Number: 53, Protocol: "UDP"}}}
	for i := 0; i < len(labels); i += 2 {
		w.Labels[labels[i]] = labels[i+1]
	}
	return reach.Pod(w)
}

// set makes policies of flow-style specs, in namespace a, or in b after "b|".
func set(t *testing.T, mode reach.BlockMode, specs ...string) (*reach.Set, error) {
	t.Helper()
	objects, err := manifest.Parse("p.yaml", []byte(policies(specs...)))
	if err != nil {
		t.Fatal(err)
	}
	return reach.New(objects, mode)
}

// policies is the file of which set is made.
func policies(specs ...string) string {
	text := "{apiVersion: v1, kind: Namespace, metadata: {name: b, labels: {team: blue}}}\n"
	for i, spec := range specs {
		namespace := "a"
		if rest, found := strings.CutPrefix(spec, "b|"); found {
			namespace, spec = "b", rest
		}
		text += fmt.Sprintf("---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p%d, namespace: %s}, spec: {%s}}\n", i, namespace, spec)
	}
	return text
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

// invalid are policies that the API server refuses: point 10 and its like.
var invalid = []struct{ name, at, spec, want string }{
	{"empty peer", "{}]}]", "podSelector: {}, ingress: [{from: [{}]}]", "spec.ingress[0].from[0]: NetworkPolicy a/p0: an empty peer is nobody; name a podSelector, a namespaceSelector or an ipBlock"},
	{"block with a selector", "{ipBlock", "podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]", "spec.egress[0].to[0]: NetworkPolicy a/p0: an ipBlock stands alone, without selectors; write two peers"},
	{"hole outside", "11.0", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}}]}]", `spec.ingress[0].from[0].ipBlock.except[0]: NetworkPolicy a/p0: "11.0.0.0/8" is not inside 10.0.0.0/8; write a range inside it`},
	{"hole as large", "10.0.0.0/8]", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]", `spec.ingress[0].from[0].ipBlock.except[0]: NetworkPolicy a/p0: "10.0.0.0/8" is not inside 10.0.0.0/8; write a range inside it`},
	{"no CIDR", "10.0.0.1", "podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.1}}]}]", `spec.ingress[0].from[0].ipBlock.cidr: NetworkPolicy a/p0: "10.0.0.1" is no CIDR; write a range such as 10.0.0.0/8`},
	{"endPort with a name", "90}", "podSelector: {}, ingress: [{ports: [{port: http, endPort: 90}]}]", "spec.ingress[0].ports[0].endPort: NetworkPolicy a/p0: a range cannot start at a named port; write port as a number"},
	{"endPort alone", "90}", "podSelector: {}, ingress: [{ports: [{endPort: 90}]}]", "spec.ingress[0].ports[0].endPort: NetworkPolicy a/p0: a range needs its first port; add port"},
	{"endPort below", "90}", "podSelector: {}, ingress: [{ports: [{port: 91, endPort: 90}]}]", "spec.ingress[0].ports[0].endPort: NetworkPolicy a/p0: 90 is not between 91 and 65535; write the range's last port"},
	{"port", "70000", "podSelector: {}, ingress: [{ports: [{port: 70000}]}]", "spec.ingress[0].ports[0].port: NetworkPolicy a/p0: 70000 is no port; write 1 to 65535"},
	{"protocol", "tcp", "podSelector: {}, ingress: [{ports: [{port: 1, protocol: tcp}]}]", `spec.ingress[0].ports[0].protocol: NetworkPolicy a/p0: "tcp" is no protocol; write TCP, UDP or SCTP`},
	{"type", "ingress]", "podSelector: {}, policyTypes: [ingress]", `spec.policyTypes[0]: NetworkPolicy a/p0: "ingress" is no policy type; write Ingress or Egress`},
	{"operator", "Is}", "podSelector: {matchExpressions: [{key: a, operator: Is}]}", `spec.podSelector.matchExpressions[0].operator: NetworkPolicy a/p0: "Is" is no operator; write In, NotIn, Exists or DoesNotExist`},
	{"In without values", "{key", "podSelector: {matchExpressions: [{key: a, operator: In}]}", "spec.podSelector.matchExpressions[0].values: NetworkPolicy a/p0: In needs values; list them"},
	{"Exists with values", "values", "podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}", "spec.podSelector.matchExpressions[0].values: NetworkPolicy a/p0: Exists takes no values; remove them"},
	{"policy types", "policyTypes", "podSelector: {}, policyTypes: [Ingress, Egress, Ingress]", "spec.policyTypes: NetworkPolicy a/p0: more than two policy types; write each once"},
	{"null rule", "ingress", "podSelector: {}, ingress: [null]", "spec.ingress: NetworkPolicy a/p0: an item is null; remove it, or write {} for an empty item"},
	{"null peer", "from", "podSelector: {}, ingress: [{from: [{podSelector: {}}, null]}]", "spec.ingress[0].from: NetworkPolicy a/p0: an item is null; remove it, or write {} for an empty item"},
	{"port 0", "0}", "podSelector: {}, ingress: [{ports: [{port: 0}]}]", "spec.ingress[0].ports[0].port: NetworkPolicy a/p0: this is no port; write 1 to 65535, or leave port out for all"},
	{"endPort 0", "0}", "podSelector: {}, ingress: [{ports: [{port: 80, endPort: 0}]}]", "spec.ingress[0].ports[0].endPort: NetworkPolicy a/p0: 0 is not between 80 and 65535; write the range's last port"},
	{"port name", "HTTP", "podSelector: {}, ingress: [{ports: [{port: HTTP}]}]", `spec.ingress[0].ports[0].port: NetworkPolicy a/p0: "HTTP" is no port; write a number, or a container port's name`},
	{"label value", "a b", "podSelector: {matchLabels: {app: a b}}", `spec.podSelector.matchLabels.app: NetworkPolicy a/p0: "a b" is no label value; write at most 63 letters, digits, '-', '_' and '.'`},
	{"label key", "b}", "podSelector: {matchLabels: {-a: b}}", `spec.podSelector.matchLabels.-a: NetworkPolicy a/p0: "-a" is no label key; write [prefix/]name`},
}

// TestInvalid: what the API server refuses is reported with its place and left out.
func TestInvalid(t *testing.T) {
	for _, test := range invalid {
		t.Run(test.name, func(t *testing.T) {
			s, err := set(t, reach.BlocksMatchExternal, test.spec)
			var list diag.List
			if !errors.As(err, &list) || len(list) != 1 {
				t.Fatalf("%v, want one finding", err)
			}
			line := strings.Split(policies(test.spec), "\n")[list[0].Line-1]
			if here := strings.TrimLeft(line[list[0].Column-1:], "'\""); list[0].Line != 3 || !strings.HasPrefix(here, test.at) {
				t.Errorf("found at %d:%d, before %s", list[0].Line, list[0].Column, here)
			}
			list[0].File, list[0].Line, list[0].Column = "", 0, 0
			if diff := cmp.Diff(test.want, list.Error()); diff != "" {
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
			"admits: egress rule 1 of NetworkPolicy a/p2 (p.yaml:7:172) admits a/db on 9090/TCP",
			"admits: ingress rule 2 of NetworkPolicy a/p1 (p.yaml:5:171) admits a/web on 9090/TCP"}},
		{"api", "db", []string{
			"open: no policy isolates b/api for egress",
			"isolates: NetworkPolicy a/p0 (p.yaml:3:1) isolates a/db for ingress and has no rule for b/api on 9090/TCP",
			"isolates: NetworkPolicy a/p1 (p.yaml:5:1) isolates a/db for ingress and has no rule for b/api on 9090/TCP"}},
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

// overrides are the kinds that may say otherwise: point 18.
var overrides = []struct{ apiVersion, kind string }{
	{"policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"},
	{"policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"},
	{"policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy"},
	{"cilium.io/v2", "CiliumNetworkPolicy"},
	{"cilium.io/v2", "CiliumClusterwideNetworkPolicy"},
	{"projectcalico.org/v3", "NetworkPolicy"},
	{"projectcalico.org/v3", "GlobalNetworkPolicy"},
	{"crd.projectcalico.org/v1", "GlobalNetworkPolicy"},
}

// TestOverrides: what could say otherwise is named, with its place.
func TestOverrides(t *testing.T) {
	for _, test := range overrides {
		objects, err := manifest.Parse("p.yaml", []byte(fmt.Sprintf("{apiVersion: %s, kind: %s, metadata: {name: all}, spec: {any: thing}}", test.apiVersion, test.kind)))
		if err != nil {
			t.Fatal(err)
		}
		s, err := reach.New(objects, reach.BlocksMatchExternal)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{fmt.Sprintf("NetworkPolicy-only view: %s all (p.yaml:1:1) may allow or deny otherwise", test.kind)}
		if diff := cmp.Diff(want, s.Notes()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.apiVersion, diff)
		}
		if ok, _ := s.Allowed(world["web"], world["db"], reach.TCP(1)); !ok || len(s.Overrides) != 1 {
			t.Errorf("%s: allowed is %t, overrides are %v", test.apiVersion, ok, s.Overrides)
		}
	}
	s, err := set(t, reach.BlocksMatchExternal, denyAll)
	if err != nil || s.Notes() != nil {
		t.Errorf("notes %v without anything to note, %v", s.Notes(), err)
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
