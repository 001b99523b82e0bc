package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/internal/spec"
)

// harbourText is the model whose Services are called: each kind of them, and the
// ways in which one could be taken for another.
const harbourText = `
apiVersion: kgen.dev/v1alpha1
kind: Network
metadata:
  name: harbour
spec:
  ingress: {api: gateway, class: envoy-gateway, tls: {clusterIssuer: house}}
  services:
  - name: web
    ports: [{name: http, port: 80, targetPort: 3000}, {name: http-admin, port: 8081, targetPort: 3001}]
    hosts: [harbour.example.test]
    calls: [quotes, depot]
    canary: {version: v2, weight: 10}
  - name: web-admin
    ports: [{name: http, port: 80, targetPort: 3000}]
    metrics: {port: 3000}
  - name: quotes
    ports: [{name: grpc, port: 9000, targetPort: grpc, containerPort: 9001, protocol: grpc}]
    metrics: {port: 9464}
    hosts: [quotes.example.test]
  - name: price
    ports: [{name: http, port: 80, targetPort: pages}]
    hosts: [price.example.test]
    canary: {stable: blue, version: green, weight: 50}
  - name: landing
    ports: [{name: http, port: 80, targetPort: 8092}]
    hosts: [landing.example.test]
    canary: {stable: v2}
  - name: depot
    type: Headless
    replicas: 3
    ports: [{name: tcp-depot, port: 5432, protocol: tcp}, {name: http-admin, port: 8080, targetPort: admin}]
    metrics: {port: 9187}
  - name: tracker
    type: LoadBalancer
    loadBalancer: {sourceRanges: [198.51.100.0/24]}
    ports: [{name: tcp-track, port: 1883, targetPort: 11883, protocol: tcp}, {name: udp-track, port: 5684, protocol: udp}]
    metrics: {port: 9100}
  - name: names
    podLabels: {team: harbour, part: names}
    ports: [{name: tcp-dns, port: 53, targetPort: 5353, protocol: tcp}, {name: udp-dns, port: 53, targetPort: 5354, protocol: udp}]
  - name: till
    podLabels: {team: harbour, part: till}
    ports: [{name: tcp-till, port: 6379, protocol: tcp}]
  - name: batch
    calls: [quotes]
    metrics: {port: 9103}
`

// lagoonText is a model of the mesh whose versions are told apart by Services for
// calls from inside too. What ztunnel and a waypoint would do is not its matter.
const lagoonText = `
apiVersion: kgen.dev/v1alpha1
kind: Network
metadata:
  name: lagoon
spec:
  mesh: {provider: istio, mode: ambient}
  services:
  - name: web
    ports: [{name: http, port: 80, targetPort: 3000}]
    calls: [reef]
  - name: reef
    ports: [{name: grpc, port: 9000, targetPort: grpc, containerPort: 9002, protocol: grpc}, {name: tcp-gossip, port: 7946, protocol: tcp}]
    canary: {version: v2, weight: 25}
  - name: shell
    ports: [{name: http, port: 80, targetPort: 8080}]
    canary: {stable: v3}
    callers: [{namespace: harbour, podLabels: {app: web}}]
`

// Nodes: the one whose network the test is in, and one that is only spoken of.
const nearNode, farNode = "near", "far"

// A sailor is a pod with a network of its own.
type sailor struct {
	*standIn
	node      string
	subdomain string // of a StatefulSet's pod, whose name is its host name
	unready   bool
	done      bool // it has ended well
	host      *host
	berths    []*berth
}

// manned are the pods of both models, of which these say nothing but what they
// select them by.
func manned() []*sailor {
	pod := func(namespace, name, labels string, ports ...podPort) *sailor {
		p := &standIn{namespace: namespace, name: name, labels: map[string]string{}, containers: []podContainer{{name: "application", ports: ports}}}
		for _, label := range strings.Fields(labels) {
			key, value, _ := strings.Cut(label, "=")
			p.labels[key] = value
		}
		return &sailor{standIn: p, node: nearNode}
	}
	web := []podPort{{"http", 3000, "TCP"}, {"", 3001, "TCP"}}
	depot := []podPort{{"", 5432, "TCP"}, {"admin", 8080, "TCP"}, {"metrics", 9187, "TCP"}}
	tracker := []podPort{{"", 11883, "TCP"}, {"", 5684, "UDP"}, {"metrics", 9100, "TCP"}}
	names := []podPort{{"", 5353, "TCP"}, {"", 5354, "UDP"}}
	reef := []podPort{{"grpc", 9002, "TCP"}, {"", 7946, "TCP"}}
	all := []*sailor{
		pod("harbour", "web-v1-a", "app=web version=v1", web...),
		pod("harbour", "web-v1-b", "app=web version=v1", web...),
		pod("harbour", "web-v2-a", "app=web version=v2", web...),
		pod("harbour", "web-v2-b", "app=web version=v2", web...), // not ready
		pod("harbour", "web-done", "app=web version=v1", web...), // has ended
		pod("harbour", "web-admin-a", "app=web-admin version=v1", podPort{"", 3000, "TCP"}),
		pod("harbour", "quotes-a", "app=quotes version=v1", podPort{"grpc", 9001, "TCP"}, podPort{"", 9464, "TCP"}),
		// The port has another number in the new version, and each pod is asked at its own.
		pod("harbour", "price-blue-a", "app=price version=blue", podPort{"pages", 8091, "TCP"}),
		pod("harbour", "price-green-a", "app=price version=green", podPort{"pages", 8191, "TCP"}),
		pod("harbour", "landing-v1-a", "app=landing version=v1", podPort{"", 8092, "TCP"}),
		pod("harbour", "landing-v2-a", "app=landing version=v2", podPort{"", 8092, "TCP"}),
		pod("harbour", "depot-0", "app=depot", depot...),
		pod("harbour", "depot-1", "app=depot", depot...),
		pod("harbour", "depot-2", "app=depot", depot...),
		pod("harbour", "tracker-a", "app=tracker", tracker...),
		pod("harbour", "tracker-b", "app=tracker", tracker...),
		pod("harbour", "tracker-far", "app=tracker", tracker...),
		pod("harbour", "names-a", "team=harbour part=names", names...),
		pod("harbour", "till-a", "team=harbour part=till", podPort{"", 6379, "TCP"}),
		pod("harbour", "batch-a", "app=batch", podPort{"", 9103, "TCP"}),
		// Nobody's, though each has something of somebody's labels.
		pod("harbour", "stray", "team=harbour version=v2 name=web", slices.Concat(web, names)...),
		pod("lagoon", "web-a", "app=web version=v1", web...),
		pod("lagoon", "reef-v1-a", "app=reef version=v1", reef...),
		pod("lagoon", "reef-v2-a", "app=reef version=v2", reef...),
		pod("lagoon", "shell-v2-a", "app=shell version=v2", podPort{"", 8080, "TCP"}),
		pod("lagoon", "shell-v3-a", "app=shell version=v3", podPort{"", 8080, "TCP"}),
	}
	for i, p := range all {
		p.address = fmt.Sprintf("172.20.0.%d", i+1)
		switch {
		case strings.HasPrefix(p.name, "depot-"):
			p.subdomain = "depot"
		case p.name == "web-v2-b":
			p.unready = true
		case p.name == "web-done":
			p.done = true
		case p.name == "tracker-far":
			p.node = farNode
		}
	}
	return all
}

// A served port is one of a Service's and who serves it: "pod:number", apart by
// spaces, in order. Of pods that are not ready it is known that they would.
type served struct {
	service, port string
	number        int
	transport     string
	by            string
}

// harbourServes and lagoonServes are what the models mean, by hand: all of it.
var (
	harbourServes = []served{
		{"web", "http", 80, "TCP", "web-v1-a:3000 web-v1-b:3000 web-v2-a:3000 web-v2-b:3000"},
		{"web", "http-admin", 8081, "TCP", "web-v1-a:3001 web-v1-b:3001 web-v2-a:3001 web-v2-b:3001"},
		{"web-v1", "http", 80, "TCP", "web-v1-a:3000 web-v1-b:3000"},
		{"web-v1", "http-admin", 8081, "TCP", "web-v1-a:3001 web-v1-b:3001"},
		{"web-v2", "http", 80, "TCP", "web-v2-a:3000 web-v2-b:3000"},
		{"web-v2", "http-admin", 8081, "TCP", "web-v2-a:3001 web-v2-b:3001"},
		{"web-admin", "http", 80, "TCP", "web-admin-a:3000"},
		{"quotes", "grpc", 9000, "TCP", "quotes-a:9001"},
		{"quotes", "http-metrics", 9464, "TCP", "quotes-a:9464"},
		{"price", "http", 80, "TCP", "price-blue-a:8091 price-green-a:8191"},
		{"price-blue", "http", 80, "TCP", "price-blue-a:8091"},
		{"price-green", "http", 80, "TCP", "price-green-a:8191"},
		{"landing", "http", 80, "TCP", "landing-v1-a:8092 landing-v2-a:8092"}, // routes lead to the pinned version's
		{"landing-v2", "http", 80, "TCP", "landing-v2-a:8092"},
		{"depot", "tcp-depot", 5432, "TCP", "depot-0:5432 depot-1:5432 depot-2:5432"},
		{"depot", "http-admin", 8080, "TCP", "depot-0:8080 depot-1:8080 depot-2:8080"},
		{"depot", "http-metrics", 9187, "TCP", "depot-0:9187 depot-1:9187 depot-2:9187"},
		{"tracker", "tcp-track", 1883, "TCP", "tracker-a:11883 tracker-b:11883 tracker-far:11883"},
		{"tracker", "udp-track", 5684, "UDP", "tracker-a:5684 tracker-b:5684 tracker-far:5684"},
		{"tracker-metrics", "http-metrics", 9100, "TCP", "tracker-a:9100 tracker-b:9100 tracker-far:9100"},
		{"names", "tcp-dns", 53, "TCP", "names-a:5353"},
		{"names", "udp-dns", 53, "UDP", "names-a:5354"},
		{"till", "tcp-till", 6379, "TCP", "till-a:6379"},
		{"batch", "http-metrics", 9103, "TCP", "batch-a:9103"},
	}
	lagoonServes = []served{
		{"web", "http", 80, "TCP", "web-a:3000"},
		{"reef", "grpc", 9000, "TCP", "reef-v1-a:9002 reef-v2-a:9002"},
		{"reef", "tcp-gossip", 7946, "TCP", "reef-v1-a:7946 reef-v2-a:7946"},
		{"reef-v1", "grpc", 9000, "TCP", "reef-v1-a:9002"},
		{"reef-v2", "grpc", 9000, "TCP", "reef-v2-a:9002"},
		{"shell", "http", 80, "TCP", "shell-v2-a:8080 shell-v3-a:8080"},
		{"shell-v3", "http", 80, "TCP", "shell-v3-a:8080"},
	}
)

// trackerFromOutside is where the load balancer's address leads: to the pods of
// the node that it has sent a client to (externalTrafficPolicy: Local).
var trackerFromOutside = []served{
	{"tracker", "tcp-track", 1883, "TCP", "tracker-a:11883 tracker-b:11883"},
	{"tracker", "udp-track", 5684, "UDP", "tracker-a:5684 tracker-b:5684"},
}

// harbour is the model with texts of it replaced, in pairs.
func harbour(t *testing.T, replace ...string) *model {
	t.Helper()
	text := harbourText
	for i := 0; i < len(replace); i += 2 {
		changed := strings.Replace(text, replace[i], replace[i+1], 1)
		if changed == text {
			t.Fatalf("the model has no %q to replace", replace[i])
		}
		text = changed
	}
	return renderText(t, "harbour", text)
}

func renderText(t *testing.T, name, text string) *model {
	t.Helper()
	m, err := render(name, name+".yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// serves is what a model means, worked out from the model alone, with the pods
// that workloads makes: every Service leads to all pods of its service; one of a
// version, where requests are split by Service, to that version's at the ports
// that have requests; and metrics have a port, beside a load balancer a Service.
func (m *model) serves() []served {
	var out []served
	for i := range m.network.Spec.Services {
		s := &m.network.Spec.Services[i]
		c := s.Canary
		if c != nil && c.Owner == spec.FlaggerOwner {
			continue // Flagger makes its Services
		}
		var versions []string // their Services
		if c != nil && (s.Exposed() || m.network.Spec.Mesh.Mode == spec.Ambient) {
			versions = c.Versions()
		}
		sets := 1
		if c != nil && !c.Owned() {
			sets = len(c.Versions())
		}
		at := func(number int, sets ...int) string {
			var by []string
			for _, set := range sets {
				for replica := range 2 {
					by = append(by, fmt.Sprintf("%s-%d-%d:%d", s.Name, set, replica, number))
				}
			}
			return strings.Join(by, " ")
		}
		every := make([]int, sets)
		for set := range every {
			every[set] = set
		}
		counted := false // whether a port of the service is that of its metrics
		for _, p := range s.Ports {
			number, transport := int(cmp.Or(p.ContainerPort, p.TargetPort.Number, p.Port)), p.Protocol.Transport()
			counted = counted || s.Metrics != nil && p.ContainerPort == s.Metrics.Port && transport == "TCP"
			out = append(out, served{s.Name, p.Name, int(p.Port), transport, at(number, every...)})
			for version, name := range versions {
				if !p.Protocol.IsHTTP() {
					continue
				}
				own := every // a Rollout tells its pods apart by itself
				if !c.Owned() {
					own = []int{version}
				}
				out = append(out, served{s.Name + "-" + name, p.Name, int(p.Port), transport, at(number, own...)})
			}
		}
		if s.Metrics != nil && !counted {
			name := s.Name
			if s.Type == spec.LoadBalancer {
				name += "-metrics"
			}
			number := int(s.Metrics.Port)
			out = append(out, served{name, "http-metrics", number, "TCP", at(number, every...)})
		}
	}
	return out
}

// object is the pod as its makers and the scheduler would have written it. One
// that is on no node that there is belongs to no Service.
func (p *sailor) object(t *testing.T) cluster.Object {
	t.Helper()
	var made fields
	if err := json.Unmarshal(p.standIn.object(t).Text, &made); err != nil {
		t.Fatal(err)
	}
	inside := made["spec"].(fields)
	inside["nodeName"] = p.node
	if p.subdomain != "" {
		inside["hostname"], inside["subdomain"] = p.name, p.subdomain
	}
	return yamlObject(t, made)
}

// status is what its node says of it.
func (p *sailor) status() fields {
	out := maps.Clone(p.standIn.status())
	if p.unready {
		out["conditions"] = []fields{{"type": "Ready", "status": "False"}}
	}
	if p.done {
		out["phase"] = "Succeeded"
		out["conditions"] = []fields{{"type": "Ready", "status": "False", "reason": "PodCompleted"}}
	}
	return out
}
