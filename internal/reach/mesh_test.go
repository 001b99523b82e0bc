package reach_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// The world of the mesh's table. In shop, sidecars: web, api (8080 speaks HTTP,
// 9000 does not, 7000 is anyone's guess; 6000 is left out of the sidecar) and
// old, which is in no mesh. In jobs, a sidecar: job. In calm, ambient: one, two
// (Service two), three, behind the waypoint way (Service three, port 80 to
// 8080), and four, behind it for gateways too. The gateway gate is in edge.
type meshWorld map[string]reach.Endpoint

func newMeshWorld() meshWorld {
	w := meshWorld{}
	put := func(namespace, name string, mesh reach.Mesh, labels ...string) *reach.Workload {
		x := &reach.Workload{Namespace: namespace, Name: name, Account: name, Mesh: mesh, Labels: map[string]string{"app": name},
			Ports: []reach.NamedPort{{Number: 8080, App: reach.AppHTTP}, {Number: 9000, App: reach.AppTCP}, {Number: 7000}}}
		for i := 0; i < len(labels); i += 2 {
			x.Labels[labels[i]] = labels[i+1]
		}
		w[name] = reach.Pod(x)
		return x
	}
	gatewayName := "gateway.networking.k8s.io/gateway-name"
	put("shop", "web", reach.Sidecar)
	put("shop", "api", reach.Sidecar, "tier", "back").Uncaptured = []int{6000}
	put("shop", "old", reach.NoMesh)
	put("jobs", "job", reach.Sidecar)
	put("jobs", "known", reach.Sidecar).IP = netip.MustParseAddr("10.5.0.7")
	put("calm", "one", reach.Ambient)
	put("calm", "two", reach.Ambient)
	way := put("calm", "way", reach.Waypoint, gatewayName, "way")
	put("calm", "three", reach.Ambient).Fronts = []reach.Front{{Service: "three", Waypoint: way, Ports: []reach.FrontPort{{80, 8080}, {9000, 9000}}}}
	put("calm", "four", reach.Ambient).Fronts = []reach.Front{{Service: "four", Waypoint: way, Ingress: true}}
	put("edge", "gate", reach.Gateway, gatewayName, "gate")
	w["far"] = reach.Address(netip.MustParseAddr("203.0.113.9"))
	w["node"] = reach.OwnNode()
	return w
}

func (w meshWorld) workloads() []*reach.Workload {
	var out []*reach.Workload
	for _, name := range sorted(w) {
		if w[name].Workload != nil {
			out = append(out, w[name].Workload)
		}
	}
	return out
}

// meshSet reads policies: "AP shop: spec" is an AuthorizationPolicy of
// namespace shop, "dry shop: spec" one that is not enforced, PA a
// PeerAuthentication and NP a NetworkPolicy.
func meshSet(t testing.TB, texts ...string) *reach.Set {
	t.Helper()
	var text strings.Builder
	for i, p := range texts {
		head, spec, _ := strings.Cut(p, ":")
		kind, namespace, _ := strings.Cut(head, " ")
		meta := fmt.Sprintf("{name: p%d, namespace: %s}", i, namespace)
		switch kind {
		case "dry":
			meta = fmt.Sprintf("{name: p%d, namespace: %s, annotations: {istio.io/dry-run: 'true'}}", i, namespace)
			fallthrough
		case "AP":
			kind = "apiVersion: security.istio.io/v1, kind: AuthorizationPolicy"
		case "PA":
			kind = "apiVersion: security.istio.io/v1, kind: PeerAuthentication"
		case "NP":
			kind = "apiVersion: networking.k8s.io/v1, kind: NetworkPolicy"
		default:
			t.Fatalf("%q is no policy", p)
		}
		fmt.Fprintf(&text, "---\n{%s, metadata: %s, spec: {%s}}\n", kind, meta, spec)
	}
	objects, err := manifest.Parse("m.yaml", []byte(text.String()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := reach.New(objects, reach.BlocksMatchExternal)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const (
	forAPI     = "selector: {matchLabels: {app: api}}, "
	fromW      = "from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]"
	open08     = "NP calm: podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: 15008}]}], egress: [{ports: [{port: 15008}]}]"
	strictShop = "PA shop: mtls: {mode: STRICT}"
)

// meshCases state the mesh's semantics. Each ask is "from to port answer":
// yes, no or some; "via" before it asks about the way through the waypoint.
var meshCases = []struct {
	name     string
	layer    reach.Layer
	policies []string
	asks     []string
}{
	{"no policy, all open", reach.MeshPolicy, nil, []string{"web api 8080 yes", "old api 8080 yes", "far api 1 yes", "one two 8080 yes"}},
	{"spec {} allows nobody", reach.MeshPolicy, []string{"AP shop: "}, []string{"web api 8080 no", "old web 8080 no", "web job 8080 yes", "web old 8080 yes"}},
	{"rules [] allow nobody", reach.MeshPolicy, []string{"AP shop: rules: []"}, []string{"web api 8080 no"}},
	{"an empty rule allows all", reach.MeshPolicy, []string{"AP shop: rules: [{}]"}, []string{"web api 8080 yes", "far api 9000 yes", "old api 1 yes"}},
	{"action ALLOW is the default", reach.MeshPolicy, []string{"AP shop: action: ALLOW, rules: [{}]", "AP shop: "}, []string{"web api 8080 yes"}},
	{"a selector narrows", reach.MeshPolicy, []string{"AP shop: " + forAPI}, []string{"web api 8080 no", "api web 8080 yes"}},
	{"all of a selector's labels count", reach.MeshPolicy, []string{"AP shop: selector: {matchLabels: {app: api, tier: front}}"}, []string{"web api 8080 yes"}},
	{"a principal", reach.MeshPolicy, []string{"AP shop: " + forAPI + "rules: [{" + fromW + "}]"}, []string{"web api 8080 yes", "job api 8080 no", "old api 8080 no", "far api 8080 no"}},
	{"a principal of another trust domain", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {principals: [elsewhere/ns/shop/sa/web]}}]}]"}, []string{"web api 8080 no"}},
	{"principals by prefix", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {principals: ['cluster.local/ns/shop/*']}}]}]"}, []string{"web api 8080 yes", "job api 8080 no"}},
	{"principals by suffix", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {principals: ['*/sa/job']}}]}]"}, []string{"job api 8080 yes", "web api 8080 no"}},
	{"any principal is anyone with an identity", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {principals: ['*']}}]}]"}, []string{"job api 8080 yes", "one api 8080 yes", "gate api 8080 yes", "old api 8080 no", "far api 8080 no"}},
	{"no principal is anyone without", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {notPrincipals: ['*']}}]}]"}, []string{"job api 8080 no", "old api 8080 yes", "far api 8080 yes"}},
	{"not one principal", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {notPrincipals: [cluster.local/ns/shop/sa/web]}}]}]"}, []string{"web api 8080 no", "job api 8080 yes", "old api 8080 yes"}},
	{"a namespace", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {namespaces: [jobs]}}]}]"}, []string{"job api 8080 yes", "web api 8080 no", "old api 8080 no"}},
	{"a workload without identity has no namespace", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {namespaces: [shop]}}]}]"}, []string{"web api 8080 yes", "old api 8080 no"}},
	{"not a namespace", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {notNamespaces: [jobs]}}]}]"}, []string{"job api 8080 no", "web api 8080 yes", "old api 8080 yes"}},
	{"fields of a source are and", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {namespaces: [shop], notPrincipals: [cluster.local/ns/shop/sa/web]}}]}]"}, []string{"web api 8080 no", "api web 8080 yes", "job api 8080 no"}},
	{"sources are or", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {namespaces: [jobs]}}, {source: {principals: [cluster.local/ns/shop/sa/web]}}]}]"}, []string{"web api 8080 yes", "job api 8080 yes", "one api 8080 no"}},
	{"a service account of the policy's namespace", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {serviceAccounts: [web]}}]}]"}, []string{"web api 8080 yes", "job api 8080 no"}},
	{"a service account of another", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {serviceAccounts: [jobs/job]}}]}]"}, []string{"job api 8080 yes", "web api 8080 no"}},
	{"not a service account", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {notServiceAccounts: [jobs/job]}}]}]"}, []string{"job api 8080 no", "web api 8080 yes"}},
	{"a trust domain", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {trustDomains: [cluster.local]}}]}]"}, []string{"web api 8080 yes", "old api 8080 no"}},
	{"ipBlocks of an address", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {ipBlocks: [203.0.113.0/24]}}]}]"}, []string{"far api 8080 yes", "known api 8080 no", "web api 8080 some"}},
	{"one address", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {ipBlocks: [10.5.0.7]}}]}]"}, []string{"known api 8080 yes", "far api 8080 no"}},
	{"notIpBlocks", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {notIpBlocks: [203.0.113.0/24]}}]}]"}, []string{"far api 8080 no", "known api 8080 yes", "web api 8080 some"}},
	{"remoteIpBlocks depend on headers", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {remoteIpBlocks: [203.0.113.0/24]}}]}]"}, []string{"far api 8080 some"}},
	{"ports", reach.MeshPolicy, []string{"AP shop: rules: [{to: [{operation: {ports: ['8080']}}]}]"}, []string{"web api 8080 yes", "web api 9000 no"}},
	{"notPorts", reach.MeshPolicy, []string{"AP shop: rules: [{to: [{operation: {notPorts: ['8080']}}]}]"}, []string{"web api 8080 no", "web api 9000 yes"}},
	{"from and to are and", reach.MeshPolicy, []string{"AP shop: rules: [{" + fromW + ", to: [{operation: {ports: ['8080']}}]}]"}, []string{"web api 8080 yes", "web api 9000 no", "job api 8080 no"}},
	{"two operations are or", reach.MeshPolicy, []string{"AP shop: rules: [{to: [{operation: {ports: ['8080']}}, {operation: {ports: ['9000']}}]}]"}, []string{"web api 8080 yes", "web api 9000 yes", "web api 7000 no"}},
	{"two rules are or", reach.MeshPolicy, []string{"AP shop: rules: [{" + fromW + "}, {to: [{operation: {ports: ['9000']}}]}]"}, []string{"web api 8080 yes", "job api 9000 yes", "job api 8080 no"}},
	{"two policies are or", reach.MeshPolicy, []string{"AP shop: rules: [{" + fromW + "}]", "AP shop: rules: [{to: [{operation: {ports: ['9000']}}]}]"}, []string{"web api 8080 yes", "job api 9000 yes", "job api 8080 no"}},

	{"methods and paths on HTTP", reach.MeshPolicy, []string{"AP shop: rules: [{to: [{operation: {methods: [GET], paths: [/a]}}]}]"}, []string{"web api 8080 some", "web api 7000 some"}},
	{"and they never allow what is no HTTP", reach.MeshPolicy, []string{"AP shop: rules: [{to: [{operation: {methods: [GET]}}]}]"}, []string{"web api 9000 no"}},
	{"one such operation spoils its rule for TCP", reach.MeshPolicy, []string{"AP shop: rules: [{to: [{operation: {methods: [GET]}}, {operation: {ports: ['9000']}}]}]"}, []string{"web api 9000 no", "web api 8080 some"}},
	{"hosts with a port", reach.MeshPolicy, []string{"AP shop: rules: [{to: [{operation: {hosts: [a.example.com], ports: ['8080']}}]}]"}, []string{"web api 8080 some", "web api 7000 no"}},
	{"all and some are all", reach.MeshPolicy, []string{"AP shop: rules: [{to: [{operation: {paths: [/a]}}]}, {to: [{operation: {ports: ['8080']}}]}]"}, []string{"web api 8080 yes", "web api 7000 some"}},
	{"requestPrincipals", reach.MeshPolicy, []string{"AP shop: rules: [{from: [{source: {requestPrincipals: ['*']}}]}]"}, []string{"web api 8080 some", "web api 9000 no"}},
	{"when about requests", reach.MeshPolicy, []string{"AP shop: rules: [{when: [{key: 'request.headers[x]', values: [a]}]}]"}, []string{"web api 8080 some", "web api 9000 no"}},
	{"when about the source", reach.MeshPolicy, []string{"AP shop: rules: [{when: [{key: source.namespace, values: [jobs]}]}]"}, []string{"job api 8080 yes", "web api 8080 no"}},
	{"when with notValues", reach.MeshPolicy, []string{"AP shop: rules: [{when: [{key: source.principal, notValues: [cluster.local/ns/shop/sa/web]}]}]"}, []string{"job api 8080 yes", "web api 8080 no"}},
	{"when about the port", reach.MeshPolicy, []string{"AP shop: rules: [{when: [{key: destination.port, values: ['9000']}]}]"}, []string{"web api 9000 yes", "web api 8080 no"}},
	{"when about the server name", reach.MeshPolicy, []string{"AP shop: rules: [{when: [{key: connection.sni, values: [a]}]}]"}, []string{"web api 8080 some", "web api 9000 some"}},
	{"a condition that nobody knows takes its rule away", reach.MeshPolicy, []string{"AP shop: rules: [{when: [{key: source.colour, values: [red]}]}]"}, []string{"web api 8080 no"}},

	{"DENY goes before ALLOW", reach.MeshPolicy, []string{"AP shop: rules: [{}]", "AP shop: action: DENY, rules: [{" + fromW + "}]"}, []string{"web api 8080 no", "job api 8080 yes"}},
	{"DENY alone allows the rest", reach.MeshPolicy, []string{"AP shop: action: DENY, rules: [{" + fromW + "}]"}, []string{"web api 8080 no", "job api 8080 yes", "old api 8080 yes"}},
	{"DENY without rules denies nobody", reach.MeshPolicy, []string{"AP shop: action: DENY"}, []string{"web api 8080 yes"}},
	{"DENY of an empty rule denies all", reach.MeshPolicy, []string{"AP shop: action: DENY, rules: [{}]", "AP shop: rules: [{}]"}, []string{"web api 8080 no", "far api 9000 no"}},
	{"DENY of requests", reach.MeshPolicy, []string{"AP shop: action: DENY, rules: [{to: [{operation: {methods: [POST]}}]}]"}, []string{"web api 8080 some", "web api 7000 some", "web api 9000 no"}},
	{"DENY of requests on a port", reach.MeshPolicy, []string{"AP shop: action: DENY, rules: [{to: [{operation: {methods: [POST], ports: ['8080']}}]}]"}, []string{"web api 8080 some", "web api 9000 yes"}},
	{"DENY of some of what ALLOW allows to some", reach.MeshPolicy, []string{"AP shop: action: DENY, rules: [{to: [{operation: {methods: [POST]}}]}]", "AP shop: rules: [{to: [{operation: {paths: [/a]}}]}]"}, []string{"web api 8080 some", "web api 9000 no"}},
	{"DENY of those without identity", reach.MeshPolicy, []string{"AP shop: action: DENY, rules: [{from: [{source: {notPrincipals: ['*']}}]}]"}, []string{"old api 8080 no", "web api 8080 yes"}},
	{"CUSTOM leaves it to the provider", reach.MeshPolicy, []string{"AP shop: action: CUSTOM, provider: {name: ext}, rules: [{to: [{operation: {ports: ['8080']}}]}]"}, []string{"web api 8080 some", "web api 9000 yes"}},
	{"CUSTOM gives nothing that ALLOW does not", reach.MeshPolicy, []string{"AP shop: action: CUSTOM, provider: {name: ext}, rules: [{}]", "AP shop: rules: [{" + fromW + "}]"}, []string{"web api 8080 some", "job api 8080 no"}},
	{"AUDIT changes nothing", reach.MeshPolicy, []string{"AP shop: action: AUDIT, rules: [{}]"}, []string{"web api 8080 yes"}},
	{"AUDIT is no ALLOW", reach.MeshPolicy, []string{"AP shop: action: AUDIT, rules: [{}]", "AP shop: "}, []string{"web api 8080 no"}},
	{"a dry run denies nothing", reach.MeshPolicy, []string{"dry shop: action: DENY, rules: [{}]"}, []string{"web api 8080 yes"}},
	{"a dry run of ALLOW restricts nothing", reach.MeshPolicy, []string{"dry shop: "}, []string{"web api 8080 yes"}},

	{"the root namespace is for all", reach.MeshPolicy, []string{"AP istio-system: "}, []string{"web api 8080 no", "web job 8080 no", "one two 8080 no", "web old 8080 yes"}},
	{"the root namespace with a selector", reach.MeshPolicy, []string{"AP istio-system: " + forAPI}, []string{"web api 8080 no", "web job 8080 yes"}},
	{"a namespace's ALLOW adds to the root's", reach.MeshPolicy, []string{"AP istio-system: ", "AP shop: rules: [{" + fromW + "}]"}, []string{"web api 8080 yes", "job api 8080 no"}},
	{"a namespace cannot undo the root's DENY", reach.MeshPolicy, []string{"AP istio-system: action: DENY, rules: [{" + fromW + "}]", "AP shop: rules: [{}]"}, []string{"web api 8080 no", "job api 8080 yes"}},
	{"a policy with targetRefs is not for sidecars or ztunnel", reach.MeshPolicy, []string{"AP shop: targetRefs: [{group: '', kind: Service, name: api}]", "AP calm: targetRefs: [{group: '', kind: Service, name: two}]"}, []string{"web api 8080 yes", "one two 8080 yes"}},
	{"targetRefs to a Gateway are for its pods", reach.MeshPolicy, []string{"AP edge: targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: gate}]"}, []string{"far gate 8080 no", "web gate 8080 no"}},
	{"targetRefs to another Gateway are not", reach.MeshPolicy, []string{"AP edge: targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: other}]"}, []string{"far gate 8080 yes"}},

	{"STRICT refuses plaintext", reach.MeshPolicy, []string{strictShop}, []string{"old api 8080 no", "far api 8080 no", "web api 8080 yes", "one api 8080 yes", "gate api 8080 yes", "web job 8080 yes", "old job 8080 yes"}},
	{"PERMISSIVE takes both", reach.MeshPolicy, []string{"PA shop: mtls: {mode: PERMISSIVE}"}, []string{"old api 8080 yes", "web api 8080 yes"}},
	{"STRICT of the mesh", reach.MeshPolicy, []string{"PA istio-system: mtls: {mode: STRICT}"}, []string{"old api 8080 no", "old job 8080 no", "old two 8080 no"}},
	{"a namespace overrides the mesh", reach.MeshPolicy, []string{"PA istio-system: mtls: {mode: STRICT}", "PA shop: mtls: {mode: PERMISSIVE}"}, []string{"old api 8080 yes", "old job 8080 no"}},
	{"a workload overrides its namespace", reach.MeshPolicy, []string{strictShop, "PA shop: " + forAPI + "mtls: {mode: PERMISSIVE}"}, []string{"old api 8080 yes", "old web 8080 no"}},
	{"UNSET inherits", reach.MeshPolicy, []string{"PA istio-system: mtls: {mode: STRICT}", "PA shop: mtls: {mode: UNSET}"}, []string{"old api 8080 no"}},
	{"no mtls inherits", reach.MeshPolicy, []string{strictShop, "PA shop: " + forAPI + "portLevelMtls: {'8080': {mode: PERMISSIVE}}"}, []string{"old api 8080 yes", "old api 9000 no"}},
	{"a port is excepted", reach.MeshPolicy, []string{"PA shop: " + forAPI + "mtls: {mode: STRICT}, portLevelMtls: {'9000': {mode: PERMISSIVE}}"}, []string{"old api 9000 yes", "old api 8080 no"}},
	{"a port alone is STRICT", reach.MeshPolicy, []string{"PA shop: " + forAPI + "portLevelMtls: {'8080': {mode: STRICT}}"}, []string{"old api 8080 no", "old api 9000 yes"}},
	{"an UNSET port inherits", reach.MeshPolicy, []string{"PA shop: " + forAPI + "mtls: {mode: STRICT}, portLevelMtls: {'8080': {mode: UNSET}}"}, []string{"old api 8080 no"}},
	{"ports need a selector", reach.MeshPolicy, []string{"PA shop: mtls: {mode: STRICT}, portLevelMtls: {'8080': {mode: PERMISSIVE}}"}, []string{"old api 8080 no"}},
	{"DISABLE takes the identity away", reach.MeshPolicy, []string{"PA shop: mtls: {mode: DISABLE}", "AP shop: rules: [{" + fromW + "}]"}, []string{"web api 8080 no"}},
	{"DISABLE of a port takes it away there", reach.MeshPolicy, []string{"PA shop: " + forAPI + "portLevelMtls: {'9000': {mode: DISABLE}}", "AP shop: rules: [{" + fromW + "}]"}, []string{"web api 9000 no", "web api 8080 yes"}},
	{"ztunnel keeps the identity", reach.MeshPolicy, []string{"PA calm: mtls: {mode: DISABLE}", "AP calm: rules: [{from: [{source: {principals: ['*']}}]}]"}, []string{"one two 8080 yes", "old two 8080 no"}},
	{"the sidecar's own ports are open", reach.MeshPolicy, []string{strictShop, "AP shop: "}, []string{"old api 15090 yes", "old api 15020 yes", "far api 15021 yes", "web api 15000 no"}},
	{"so are those that it does not capture", reach.MeshPolicy, []string{strictShop, "AP shop: "}, []string{"old api 6000 yes", "old web 6000 no"}},
	{"the node's probes get in", reach.MeshPolicy, []string{strictShop, "AP shop: "}, []string{"node api 8080 yes"}},

	{"ztunnel does not allow what is about requests", reach.MeshPolicy, []string{"AP calm: rules: [{to: [{operation: {methods: [GET]}}]}]"}, []string{"one two 8080 no"}},
	{"ztunnel denies all of it", reach.MeshPolicy, []string{"AP calm: action: DENY, rules: [{to: [{operation: {methods: [POST]}}]}]"}, []string{"one two 8080 no"}},
	{"ztunnel denies on the port alone", reach.MeshPolicy, []string{"AP calm: action: DENY, rules: [{to: [{operation: {methods: [POST], ports: ['8080']}}]}]"}, []string{"one two 8080 no", "one two 9000 yes"}},
	{"ztunnel knows no CUSTOM", reach.MeshPolicy, []string{"AP calm: action: CUSTOM, provider: {name: ext}, rules: [{}]"}, []string{"one two 8080 yes"}},
	{"ztunnel looks at ports and principals", reach.MeshPolicy, []string{"AP calm: rules: [{from: [{source: {principals: [cluster.local/ns/calm/sa/one]}}], to: [{operation: {ports: ['8080']}}]}]"}, []string{"one two 8080 yes", "one two 9000 no", "three two 8080 no", "old two 8080 no"}},

	{"the waypoint asks its Service's policies", reach.MeshPolicy, []string{"AP calm: targetRefs: [{group: '', kind: Service, name: three}], rules: [{from: [{source: {principals: [cluster.local/ns/calm/sa/one]}}]}]"}, []string{"via one three 8080 yes", "via two three 8080 no", "via one four 8080 yes"}},
	{"and may read HTTP", reach.MeshPolicy, []string{"AP calm: targetRefs: [{group: '', kind: Service, name: three}], rules: [{to: [{operation: {methods: [GET]}}]}]"}, []string{"via one three 8080 some", "via one three 9000 no"}},
	{"by the Service's port or the pod's", reach.MeshPolicy, []string{"AP calm: targetRefs: [{group: '', kind: Service, name: three}], rules: [{to: [{operation: {ports: ['80']}}]}]"}, []string{"via one three 8080 yes", "via one three 9000 no"}},
	{"the waypoint's Gateway", reach.MeshPolicy, []string{"AP calm: targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: way}]"}, []string{"via one three 8080 no", "one three 8080 yes"}},
	{"every waypoint, by its class", reach.MeshPolicy, []string{"AP istio-system: targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}]"}, []string{"via one three 8080 no", "one three 8080 yes"}},
	{"a class is for the root namespace", reach.MeshPolicy, []string{"AP calm: targetRefs: [{group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}]"}, []string{"via one three 8080 yes"}},
	{"selectors are not for waypoints", reach.MeshPolicy, []string{"AP calm: selector: {matchLabels: {app: way}}"}, []string{"via one three 8080 yes"}},
	{"the workload must admit the waypoint", reach.MeshPolicy, []string{"AP calm: selector: {matchLabels: {app: three}}, rules: [{from: [{source: {principals: [cluster.local/ns/calm/sa/one]}}]}]"}, []string{"via one three 8080 no", "one three 8080 yes"}},
	{"and then need not admit the caller", reach.MeshPolicy, []string{"AP calm: selector: {matchLabels: {app: three}}, rules: [{from: [{source: {principals: [cluster.local/ns/calm/sa/way]}}]}]"}, []string{"via one three 8080 yes", "one three 8080 no"}},
	{"sidecars pass no waypoint, gateways where the Service asks", reach.MeshPolicy, nil, []string{"via web three 8080 no", "via gate three 8080 no", "via gate four 8080 yes", "via old three 8080 no"}},
	{"a Service leads to its own ports", reach.MeshPolicy, nil, []string{"via one three 7000 no", "one three 7000 yes"}},

	{"both layers must agree", reach.All, []string{"NP shop: podSelector: {matchLabels: {app: api}}, ingress: [{from: [{podSelector: {}}], ports: [{port: 8080}]}]", "AP shop: " + forAPI + "rules: [{from: [{source: {principals: [cluster.local/ns/jobs/sa/job, cluster.local/ns/shop/sa/web]}}]}]"}, []string{"web api 8080 yes", "job api 8080 no", "web api 9000 no", "old api 8080 no"}},
	{"between sidecars the network sees the port", reach.All, []string{"NP shop: podSelector: {}, ingress: [{ports: [{port: 15008}]}]"}, []string{"web api 8080 no"}},
	{"between ambient pods it sees the tunnel", reach.All, []string{open08}, []string{"one two 8080 yes", "one two 1 yes"}},
	{"and the port is beside the point", reach.All, []string{"NP calm: podSelector: {matchLabels: {app: two}}, ingress: [{ports: [{port: 8080}]}]"}, []string{"one two 8080 no", "old two 8080 yes", "far two 8080 yes"}},
	{"UDP is in no tunnel", reach.All, []string{"NP calm: podSelector: {matchLabels: {app: two}}, ingress: [{ports: [{port: 53, protocol: UDP}]}]", "AP calm: "}, []string{"one two 53/UDP yes", "one two 54/UDP no"}},
	{"ztunnel looks at the port inside", reach.All, []string{open08, "AP calm: rules: [{to: [{operation: {ports: ['8080']}}]}]"}, []string{"one two 8080 yes", "one two 9000 no"}},
	{"a gateway and a sidecar reach ambient pods by the tunnel", reach.All, []string{open08}, []string{"gate two 8080 yes", "web two 8080 yes", "old two 8080 no"}},
	{"ambient pods reach sidecars by the tunnel", reach.All, []string{"NP shop: podSelector: {}, ingress: [{ports: [{port: 15008}]}]"}, []string{"one api 8080 yes", "job api 8080 no"}},
	{"the way there is needed", reach.All, []string{"NP calm: podSelector: {matchLabels: {app: way}}, ingress: [{from: [{podSelector: {matchLabels: {app: one}}}], ports: [{port: 15008}]}]"}, []string{"via one three 8080 yes", "via two three 8080 no", "two three 8080 yes"}},
	{"the way on is needed", reach.All, []string{"NP calm: podSelector: {matchLabels: {app: three}}, ingress: [{from: [{podSelector: {matchLabels: {app: one}}}], ports: [{port: 15008}]}]"}, []string{"via one three 8080 no", "one three 8080 yes"}},
	{"B admits W, not A", reach.All, []string{"NP calm: podSelector: {matchLabels: {app: three}}, ingress: [{from: [{podSelector: {matchLabels: {app: way}}}], ports: [{port: 15008}]}]"}, []string{"via one three 8080 yes", "one three 8080 no"}},
	{"8080 to the waypoint is no way", reach.All, []string{"NP calm: podSelector: {matchLabels: {app: way}}, ingress: [{ports: [{port: 8080}]}]"}, []string{"via one three 8080 no"}},
	{"plaintext from outside past the network stops at STRICT", reach.All, []string{"NP shop: podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", strictShop}, []string{"far api 8080 no", "far api 15021 yes", "far old 8080 yes"}},
}

func TestMesh(t *testing.T) {
	if len(meshCases) < 60 {
		t.Errorf("%d cases, want 60", len(meshCases))
	}
	for _, test := range meshCases {
		t.Run(test.name, func(t *testing.T) {
			s, w := meshSet(t, test.policies...), newMeshWorld()
			all := s.Connections(test.layer, w.workloads())
			for _, ask := range test.asks {
				text, via := strings.CutPrefix(ask, "via ")
				words := strings.Fields(text)
				if !strings.Contains(words[2], "/") {
					words[2] += "/TCP"
				}
				from, to, p := w[words[0]], w[words[1]], port(t, words[2])
				if words[0] == "" || from == (reach.Endpoint{}) || to == (reach.Endpoint{}) {
					t.Fatalf("%s: nobody", ask)
				}
				if got := explained(s.Explain(test.layer, from, to, p), via); got != words[3] {
					t.Errorf("%s: explained as %s", ask, got)
				}
				if words[0] == "node" {
					continue
				}
				if got := connected(all, from, to, p, via); got != words[3] {
					t.Errorf("%s: in Connections it is %s", ask, got)
				}
			}
		})
	}
}

// explained is the answer of one way of an explanation.
func explained(e reach.Explanation, via bool) string {
	for _, r := range e.Routes {
		if (r.Via != nil) == via {
			return map[reach.Answer]string{reach.Allowed: "yes", reach.Denied: "no", reach.ForSome: "some"}[r.Answer]
		}
	}
	return "no"
}

// connected is the answer of one way among the connections.
func connected(all *reach.Connections, from, to reach.Endpoint, p reach.Port, via bool) string {
	var list []reach.Connection
	if from.Workload != nil && to.Workload != nil {
		list = all.Between(from.Workload, to.Workload)
	} else {
		for _, c := range all.OutsideOf(to.Workload) {
			if c.From.Outside != nil && c.From.Outside.Addresses.Has(from.IP) {
				list = append(list, c)
			}
		}
	}
	for _, c := range list {
		switch {
		case (c.Via != nil) != via:
		case c.Ports.Has(p):
			return "yes"
		case c.Some.Has(p):
			return "some"
		}
	}
	return "no"
}
