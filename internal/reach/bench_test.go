package reach_test

import (
	"fmt"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// A shop is n services in namespaces of fifty, each calling the next three of its
// namespace, under the policies that kgen writes: default-deny and DNS for each
// namespace, and one policy a service with both halves of each edge.
type shop struct {
	objects   []*manifest.Object
	workloads []*reach.Workload
	edges     int
}

const perNamespace = 50

func service(i int) (namespace, name string) {
	return fmt.Sprintf("team-%d", i/perNamespace), fmt.Sprintf("service-%d", i)
}

// callees are the next three of a service's namespace.
func callees(i, n int) []int {
	var out []int
	for j := i + 1; j <= i+3 && j < n && j/perNamespace == i/perNamespace; j++ {
		out = append(out, j)
	}
	return out
}

func newShop(tb testing.TB, n int, shape shape) *shop {
	s := &shop{}
	var text strings.Builder
	for i := range n {
		namespace, name := service(i)
		mesh := reach.NoMesh
		if shape.layer != reach.Network {
			mesh = reach.Sidecar
		}
		s.workloads = append(s.workloads, &reach.Workload{Namespace: namespace, Name: name, Account: name, Mesh: mesh,
			Labels: map[string]string{"app": name, "app.kubernetes.io/name": name, "version": "v1"},
			Ports:  []reach.NamedPort{{Name: "http", Number: 8080 + i%20}}})
		s.edges += len(callees(i, n))
		shape.policies(&text, i, n)
	}
	s.workloads = append(s.workloads,
		&reach.Workload{Namespace: "kube-system", Name: "dns", Labels: map[string]string{"k8s-app": "kube-dns"}, Role: reach.Platform, Ports: []reach.NamedPort{{Name: "dns", Number: 53, Protocol: "UDP"}}},
		&reach.Workload{Namespace: "monitoring", Name: "prometheus", Labels: map[string]string{"app.kubernetes.io/name": "prometheus"}, Role: reach.Platform})
	var err error
	if s.objects, err = manifest.Parse("shop.yaml", []byte(text.String())); err != nil {
		tb.Fatal(err)
	}
	return s
}

func policy(b *strings.Builder, namespace, name, spec string) {
	fmt.Fprintf(b, "---\n{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: %s, namespace: %s}, spec: %s}\n", name, namespace, spec)
}

// asKgenWrites is what kgen renders.
func asKgenWrites(b *strings.Builder, i, n int) {
	namespace, name := service(i)
	if i%perNamespace == 0 {
		policy(b, namespace, "default-deny", "{podSelector: {}, policyTypes: [Ingress, Egress]}")
		policy(b, namespace, "allow-dns", "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]}]}")
	}
	var in, out []string
	for j := max(0, i-3); j < i; j++ {
		if j/perNamespace == i/perNamespace {
			_, caller := service(j)
			in = append(in, fmt.Sprintf("{podSelector: {matchLabels: {app: %s}}}", caller))
		}
	}
	for _, j := range callees(i, n) {
		_, callee := service(j)
		out = append(out, fmt.Sprintf("{to: [{podSelector: {matchLabels: {app: %s}}}], ports: [{port: %d, protocol: TCP}]}", callee, 8080+j%20))
	}
	ingress := "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}, podSelector: {matchLabels: {app.kubernetes.io/name: prometheus}}}], ports: [{port: 9102, protocol: TCP}]}"
	if len(in) > 0 {
		ingress += fmt.Sprintf(", {from: [%s], ports: [{port: %d, protocol: TCP}]}", strings.Join(in, ", "), 8080+i%20)
	}
	policy(b, namespace, name, fmt.Sprintf("{podSelector: {matchLabels: {app: %s}}, policyTypes: [Ingress, Egress], ingress: [%s], egress: [%s]}", name, ingress, strings.Join(out, ", ")))
}

// openInside lets everything in a namespace talk to everything there.
func openInside(b *strings.Builder, i, _ int) {
	if namespace, _ := service(i); i%perNamespace == 0 {
		policy(b, namespace, "open", "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}]}], egress: [{to: [{podSelector: {}}]}]}")
	}
}

// ownRules gives each service a policy of its own that lets all of its
// namespace in and out: as wide as it gets, in as many policies.
func ownRules(b *strings.Builder, i, _ int) {
	namespace, name := service(i)
	policy(b, namespace, name, fmt.Sprintf("{podSelector: {matchLabels: {app: %s}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}], ports: [{port: http}]}], egress: [{to: [{podSelector: {}}]}]}", name))
}

// everyoneIn isolates one namespace and leaves the rest open: nearly all pairs.
func everyoneIn(b *strings.Builder, i, _ int) {
	if i == 0 {
		policy(b, "team-0", "in", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}")
	}
}

// inMesh adds what the mesh asks of each service: sidecars, nobody admitted but
// the callers by their accounts, mutual TLS alone.
func inMesh(b *strings.Builder, i, n int) {
	asKgenWrites(b, i, n)
	namespace, name := service(i)
	object := func(kind, name, spec string) {
		fmt.Fprintf(b, "---\n{apiVersion: security.istio.io/v1, kind: %s, metadata: {name: %s, namespace: %s}, spec: {%s}}\n", kind, name, namespace, spec)
	}
	if i%perNamespace == 0 {
		object("AuthorizationPolicy", "default-deny", "")
		object("PeerAuthentication", "default", "mtls: {mode: STRICT}")
	}
	var principals []string
	for j := max(0, i-3); j < i; j++ {
		if j/perNamespace == i/perNamespace {
			_, caller := service(j)
			principals = append(principals, "cluster.local/ns/"+namespace+"/sa/"+caller)
		}
	}
	if len(principals) > 0 {
		object("AuthorizationPolicy", name, fmt.Sprintf("selector: {matchLabels: {app: %s}}, rules: [{from: [{source: {principals: [%s]}}], to: [{operation: {ports: ['%d']}}]}]", name, strings.Join(principals, ", "), 8080+i%20))
	}
}

// A shape is a kind of shop to measure.
type shape struct {
	name     string
	policies func(b *strings.Builder, i, n int)
	layer    reach.Layer
	pairs    bool // there are as many as services, not their square
}

var shapes = []shape{
	{"kgen", asKgenWrites, reach.Network, true},
	{"mesh", inMesh, reach.MeshPolicy, false},
	{"both", inMesh, reach.All, true},
	{"open-namespaces", openInside, reach.Network, true},
	{"own-rules", ownRules, reach.Network, true},
	{"everyone-in", everyoneIn, reach.Network, false},
}

// BenchmarkConnections computes who may talk to whom, of policies read before,
// and goes through all pairs where there are as many as policies name.
func BenchmarkConnections(b *testing.B) {
	for _, shape := range shapes {
		for _, n := range []int{100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				s := newShop(b, n, shape)
				b.ReportAllocs()
				for b.Loop() {
					set, err := reach.New(s.objects, reach.BlocksMatchExternal)
					if err != nil {
						b.Fatal(err)
					}
					c := set.Connections(shape.layer, s.workloads)
					found := 0
					if shape.pairs {
						for range c.Pairs() {
							found++
						}
					}
					b.ReportMetric(float64(found), "pairs")
				}
			})
		}
	}
}

// BenchmarkPairs goes through the pairs of a result again.
func BenchmarkPairs(b *testing.B) {
	s := newShop(b, 10_000, shapes[0])
	set, err := reach.New(s.objects, reach.BlocksMatchExternal)
	if err != nil {
		b.Fatal(err)
	}
	c := set.Connections(reach.Network, s.workloads)
	for b.Loop() {
		for range c.Pairs() {
		}
	}
}
