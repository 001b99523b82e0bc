package gen_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
)

// constraints are all that must hold for whatever is rendered.
var constraints = slices.Concat(networkConstraints, serviceConstraints, meshConstraints, authzConstraints,
	frontDoorConstraints, monitoringConstraints, fileConstraints, ownerConstraints)

// platform is one way for a cluster to be.
type platform struct {
	name    string
	mesh    spec.Mesh
	ingress spec.Ingress // without tls
}

var meshes = map[string]spec.Mesh{
	"none":    {Provider: spec.NoMesh},
	"sidecar": {Provider: spec.Istio, Mode: spec.Sidecar},
	"ambient": {Provider: spec.Istio, Mode: spec.Ambient},
}

var ownController = &spec.Controller{Namespace: "edge", PodLabels: map[string]string{"app": "edge-proxy"}}

var doors = map[string]spec.Ingress{
	"gateway-istio":         {API: spec.GatewayAPI, Class: "istio"},
	"gateway-istio-here":    {API: spec.GatewayAPI, Class: "istio", Controller: &spec.Controller{Namespace: "shop"}},
	"gateway-envoy-gateway": {API: spec.GatewayAPI, Class: "envoy-gateway"},
	"gateway-traefik":       {API: spec.GatewayAPI, Class: "traefik"},
	"gateway-nginx":         {API: spec.GatewayAPI, Class: "nginx"},
	"gateway-contour":       {API: spec.GatewayAPI, Class: "contour"},
	"gateway-cilium":        {API: spec.GatewayAPI, Class: "cilium"},
	"gateway-haproxy":       {API: spec.GatewayAPI, Class: "haproxy"},
	"gateway-custom":        {API: spec.GatewayAPI, Class: "example.com-edge", Controller: ownController},
	"ingress-traefik":       {API: spec.IngressResource, Class: "traefik"},
	"ingress-haproxy":       {API: spec.IngressResource, Class: "haproxy"},
	"ingress-nginx":         {API: spec.IngressResource, Class: "nginx"},
	"ingress-contour":       {API: spec.IngressResource, Class: "contour"},
	"ingress-cilium":        {API: spec.IngressResource, Class: "cilium"},
	"gateway-alb":           {API: spec.GatewayAPI, Class: "alb", Controller: &spec.Controller{IPBlocks: []string{"10.40.0.0/20"}}},
	"gateway-gce":           {API: spec.GatewayAPI, Class: "gce"},
	"ingress-alb":           {API: spec.IngressResource, Class: "alb", Controller: &spec.Controller{IPBlocks: []string{"10.40.0.0/20", "10.40.16.0/20"}}},
	"ingress-gce":           {API: spec.IngressResource, Class: "gce"},
	"ingress-custom":        {API: spec.IngressResource, Class: "example.com-edge", Controller: ownController},
}

func platforms() []platform {
	var out []platform
	for _, mesh := range slices.Sorted(maps.Keys(meshes)) {
		for _, door := range slices.Sorted(maps.Keys(doors)) {
			out = append(out, platform{mesh + "/" + door, meshes[mesh], doors[door]})
		}
	}
	return out
}

// certificates are the sources of certificates; nil is insecure.
var certificates = []*spec.TLS{{ClusterIssuer: "letsencrypt-prod"}, {Issuer: "ours"}, {SecretName: "shop-tls"}, nil}

// kind is a kind of service, with those that it takes to make sense of it.
type kind struct {
	name     string
	services func() []spec.Service
	// only says on which platforms a model with it must validate. Elsewhere it
	// may be refused; nil is everywhere.
	only func(platform) bool
}

func number(n int) spec.PortRef { return spec.PortRef{Number: spec.PortNumber(n)} }

func one(p spec.Port) []spec.Port { return []spec.Port{p} }

func calls(names ...string) []spec.Call {
	var out []spec.Call
	for _, n := range names {
		out = append(out, spec.Call{Service: n})
	}
	return out
}

func onMesh(p platform) bool     { return p.mesh.Provider == spec.Istio }
func onSidecars(p platform) bool { return onMesh(p) && p.mesh.Mode == spec.Sidecar }
func onGateway(p platform) bool  { return p.ingress.API == spec.GatewayAPI }
func rewriting(p platform) bool {
	return onGateway(p) || slices.Contains([]string{"traefik", "haproxy", "nginx"}, p.ingress.Class)
}
func splitting(p platform) bool  { return onMesh(p) || onGateway(p) }
func everywhere(p platform) bool { return true }

// oneAddress: GKE gives every Ingress an address of its own, so that two
// services cannot share a host there.
func oneAddress(p platform) bool { return onGateway(p) || p.ingress.Class != "gce" }

var kinds = []kind{
	{"internal-http", func() []spec.Service {
		return []spec.Service{{Name: "desk", Calls: calls("orders")}, {Name: "orders", Ports: one(spec.Port{Port: 80, TargetPort: number(8080)})}}
	}, everywhere},
	{"public-http", func() []spec.Service {
		return []spec.Service{{Name: "web", Ports: one(spec.Port{Port: 80, TargetPort: number(3000), Protocol: spec.HTTP}), Hosts: []string{"web.example.test", "www.example.test"}}}
	}, everywhere},
	{"shared-host", func() []spec.Service {
		return []spec.Service{
			{Name: "home", Ports: one(spec.Port{Port: 80, TargetPort: number(3001)}), Hosts: []string{"app.example.test"}},
			{Name: "news", Ports: one(spec.Port{Port: 8000}), Hosts: []string{"app.example.test"}, Paths: []spec.Path{{Path: "/news"}}},
		}
	}, oneAddress},
	{"grpc-internal", func() []spec.Service {
		return []spec.Service{{Name: "cart-client", Calls: calls("cart")}, {Name: "cart", Ports: one(spec.Port{Port: 7070, TargetPort: number(7000), Protocol: spec.GRPC})}}
	}, everywhere},
	{"grpc-exposed", func() []spec.Service {
		return []spec.Service{{Name: "rpc", Ports: one(spec.Port{Port: 50051, Protocol: spec.GRPC}), Hosts: []string{"rpc.example.test"}}}
	}, onGateway},
	{"http2-exposed", func() []spec.Service {
		return []spec.Service{{Name: "h2", Ports: one(spec.Port{Port: 80, TargetPort: number(8082), Protocol: spec.HTTP2}), Hosts: []string{"h2.example.test"}}}
	}, onGateway},
	{"tls-passthrough", func() []spec.Service {
		return []spec.Service{{Name: "vault", Ports: one(spec.Port{Port: 443, TargetPort: number(8200), Protocol: spec.HTTPS}), Hosts: []string{"vault.example.test"}}}
	}, nil},
	{"tcp-database", func() []spec.Service {
		return []spec.Service{{Name: "books", Calls: calls("postgres")}, {Name: "postgres", Replicas: 1, Ports: one(spec.Port{Name: "tcp-postgres", Port: 5432, Protocol: spec.TCP})}}
	}, everywhere},
	{"udp", func() []spec.Service {
		return []spec.Service{{Name: "sender", Calls: calls("syslog")}, {Name: "syslog", Ports: one(spec.Port{Port: 514, TargetPort: number(1514), Protocol: spec.UDP})}}
	}, everywhere},
	{"headless", func() []spec.Service {
		return []spec.Service{{Name: "reader", Calls: calls("kafka")}, {Name: "kafka", Type: spec.Headless, Replicas: 3, Ports: []spec.Port{
			{Name: "tcp-kafka", Port: 9092, Protocol: spec.TCP}, {Name: "http-admin", Port: 8083, Protocol: spec.HTTP}}}}
	}, everywhere},
	{"loadbalancer", func() []spec.Service {
		return []spec.Service{{Name: "edge", Type: spec.LoadBalancer, LoadBalancer: &spec.LoadBalancerOptions{SourceRanges: []string{"203.0.113.0/24"}},
			Ports: []spec.Port{{Name: "tcp-mqtt", Port: 1883, TargetPort: number(11883), Protocol: spec.TCP}, {Name: "udp-dtls", Port: 5684, Protocol: spec.UDP}}, Metrics: &spec.Metrics{Port: 9100}}}
	}, everywhere},
	{"loadbalancer-open", func() []spec.Service {
		return []spec.Service{{Name: "open", Type: spec.LoadBalancer, Calls: calls("open-store"), Ports: one(spec.Port{Port: 80, TargetPort: number(8088)})},
			{Name: "open-store", Ports: one(spec.Port{Port: 6379, Protocol: spec.TCP})}}
	}, everywhere},
	{"canary-internal", func() []spec.Service {
		return []spec.Service{{Name: "till", Calls: calls("price")}, {Name: "price", Replicas: 4, Ports: one(spec.Port{Port: 80, TargetPort: number(8090)}), Canary: &spec.Canary{Version: "v2", Weight: 10}}}
	}, onMesh},
	{"canary-exposed", func() []spec.Service {
		return []spec.Service{{Name: "landing", Ports: one(spec.Port{Port: 80, TargetPort: number(8091)}), Hosts: []string{"landing.example.test"}, Canary: &spec.Canary{Stable: "blue", Version: "green", Weight: 25}}}
	}, splitting},
	{"canary-grpc", func() []spec.Service {
		return []spec.Service{{Name: "quote-client", Calls: calls("quote")}, {Name: "quote", Ports: []spec.Port{{Port: 9000, Protocol: spec.GRPC}, {Name: "http-debug", Port: 9001, Protocol: spec.HTTP}}, Canary: &spec.Canary{Version: "v2", Weight: 0}, Metrics: &spec.Metrics{Port: 9464}}}
	}, onMesh},
	{"flagger-internal", func() []spec.Service {
		return []spec.Service{{Name: "kiosk", Calls: calls("stall")}, {Name: "stall", Replicas: 3, Ports: one(spec.Port{Port: 80, TargetPort: number(8107)}), Canary: &spec.Canary{Owner: spec.FlaggerOwner},
			Timeout: spec.Duration(4 * time.Second), Retries: &spec.Retries{Attempts: 2}, Metrics: &spec.Metrics{Port: 9107}, Calls: calls("crate"),
			SLO: &spec.SLO{Availability: 99.9, Latency: &spec.Latency{Percentile: 95, Threshold: spec.Duration(200 * time.Millisecond)}}},
			{Name: "crate", PodLabels: map[string]string{"app.kubernetes.io/name": "crate", "tier": "back"}, Ports: one(spec.Port{Port: 9108, Protocol: spec.GRPC}), Canary: &spec.Canary{Owner: spec.FlaggerOwner}, Calls: calls("kiosk-store")},
			{Name: "kiosk-store", Ports: one(spec.Port{Port: 6380, Protocol: spec.TCP})}}
	}, onSidecars},
	{"flagger-exposed", func() []spec.Service {
		return []spec.Service{{Name: "shopfront", Ports: one(spec.Port{Port: 80, TargetPort: number(8109)}), Paths: []spec.Path{{Path: "/shopfront", Rewrite: "/"}}, Hosts: []string{"shopfront.example.test"}, Canary: &spec.Canary{Owner: spec.FlaggerOwner}, Timeout: spec.Duration(3 * time.Second), Metrics: &spec.Metrics{Port: 8109}}}
	}, func(p platform) bool { return onSidecars(p) && onGateway(p) }},
	{"flagger-both", func() []spec.Service {
		return []spec.Service{{Name: "counter", Calls: calls("display")}, {Name: "display", Ports: one(spec.Port{Port: 80, TargetPort: spec.PortRef{Name: "web"}, ContainerPort: 8110}), Hosts: []string{"display.example.test"}, Canary: &spec.Canary{Owner: spec.FlaggerOwner},
			Callers: []spec.Caller{{Namespace: "partners", ServiceAccount: "gateway"}}}}
	}, func(p platform) bool { return onSidecars(p) }},
	{"rollouts-internal", func() []spec.Service {
		return []spec.Service{{Name: "lobby", Calls: calls("lift")}, {Name: "lift", Replicas: 3, Ports: []spec.Port{{Port: 80, TargetPort: number(8111)}, {Name: "grpc", Port: 9111, Protocol: spec.GRPC}}, Canary: &spec.Canary{Owner: spec.RolloutsOwner}, Metrics: &spec.Metrics{Port: 9112}}}
	}, onMesh},
	{"rollouts-exposed", func() []spec.Service {
		return []spec.Service{{Name: "tower", Ports: one(spec.Port{Port: 80, TargetPort: number(8113)}), Hosts: []string{"tower.example.test"}, Canary: &spec.Canary{Owner: spec.RolloutsOwner}}}
	}, splitting},
	{"pinned", func() []spec.Service {
		return []spec.Service{{Name: "clerk", Calls: calls("desk-bell")}, {Name: "desk-bell", Ports: one(spec.Port{Port: 80, TargetPort: number(8114)}), Canary: &spec.Canary{Stable: "v3"}}}
	}, onMesh},
	{"metrics-own-port", func() []spec.Service {
		return []spec.Service{{Name: "stock-client", Calls: calls("stock")}, {Name: "stock", Ports: one(spec.Port{Port: 80, TargetPort: number(8092)}), Metrics: &spec.Metrics{Port: 9102, Path: "/stats"}}}
	}, everywhere},
	{"metrics-main-port", func() []spec.Service {
		return []spec.Service{{Name: "tax-client", Calls: calls("tax")}, {Name: "tax", Ports: one(spec.Port{Port: 80, TargetPort: number(8093)}), Metrics: &spec.Metrics{Port: 8093}}}
	}, everywhere},
	{"metrics-worker", func() []spec.Service {
		return []spec.Service{{Name: "batch", Metrics: &spec.Metrics{Port: 9103}}}
	}, everywhere},
	{"egress-host", func() []spec.Service {
		return []spec.Service{{Name: "payer", Egress: []spec.Egress{{Host: "api.payments.test", Port: 443}, {Host: "ntp.time.test", Port: 123, Protocol: spec.UDP}}}}
	}, everywhere},
	{"egress-cidr", func() []spec.Service {
		return []spec.Service{{Name: "legacy", Egress: []spec.Egress{{CIDR: "10.20.0.0/16", Ports: []spec.PortNumber{5432, 1521}, Except: []string{"10.20.5.0/24"}}}}}
	}, everywhere},
	{"egress-anywhere", func() []spec.Service {
		return []spec.Service{{Name: "crawler", Egress: []spec.Egress{{CIDR: "0.0.0.0/0", Ports: []spec.PortNumber{80, 443}}}}}
	}, everywhere},
	{"called-from-outside", func() []spec.Service {
		return []spec.Service{{Name: "ledger", Ports: []spec.Port{{Port: 80, TargetPort: number(8094)}, {Name: "grpc", Port: 9095, Protocol: spec.GRPC}},
			Callers: []spec.Caller{{Namespace: "partners", PodLabels: map[string]string{"app": "gateway"}, ServiceAccount: "gateway", Port: spec.PortRef{Name: "http"}}, {Namespace: "batch"}}}}
	}, everywhere},
	{"calling-outside", func() []spec.Service {
		return []spec.Service{{Name: "invoicer", Calls: []spec.Call{{Service: "accounts", Namespace: "billing", Port: number(8443), PodLabels: map[string]string{"role": "accounts"}}, {Service: "mail", Namespace: "post", Port: number(2525)}}}}
	}, everywhere},
	{"named-target", func() []spec.Service {
		return []spec.Service{{Name: "menu", Calls: calls("dish")}, {Name: "dish", Ports: one(spec.Port{Port: 80, TargetPort: spec.PortRef{Name: "web"}, ContainerPort: 8095})}}
	}, everywhere},
	{"multi-port", func() []spec.Service {
		return []spec.Service{
			{Name: "hub", Ports: []spec.Port{{Name: "http", Port: 80, TargetPort: number(8096)}, {Name: "grpc", Port: 9097, Protocol: spec.GRPC}, {Name: "tcp-raw", Port: 7001, Protocol: spec.TCP}, {Name: "sctp", Port: 7002, Protocol: spec.SCTP}}},
			{Name: "by-name", Calls: []spec.Call{{Service: "hub", Port: spec.PortRef{Name: "grpc"}}}},
			{Name: "by-number", Calls: []spec.Call{{Service: "hub", Port: number(80)}, {Service: "hub", Port: number(7002)}}},
		}
	}, everywhere},
	{"worker", func() []spec.Service {
		return []spec.Service{{Name: "worker", Calls: calls("queue")}, {Name: "queue", Ports: one(spec.Port{Name: "tcp-amqp", Port: 5672, Protocol: spec.TCP})}}
	}, everywhere},
	{"rewrite", func() []spec.Service {
		return []spec.Service{{Name: "api", Ports: []spec.Port{{Port: 80, TargetPort: number(8097)}, {Name: "http-docs", Port: 81, TargetPort: number(8098)}}, Paths: []spec.Path{{Path: "/v1", Rewrite: "/"}, {Path: "/docs", Port: "http-docs"}}}}
	}, rewriting},
	{"slo", func() []spec.Service {
		return []spec.Service{{Name: "buyer", Calls: calls("checkout")}, {Name: "checkout", Ports: one(spec.Port{Port: 80, TargetPort: number(8099)}),
			SLO: &spec.SLO{Availability: 99.9, Latency: &spec.Latency{Threshold: spec.Duration(500 * time.Millisecond)}}}}
	}, everywhere},
	{"timeout-retries", func() []spec.Service {
		return []spec.Service{{Name: "asker", Calls: calls("search")}, {Name: "search", Replicas: 3, Ports: one(spec.Port{Port: 80, TargetPort: number(8100)}), Timeout: spec.Duration(5 * time.Second), Retries: &spec.Retries{Attempts: 2, PerTryTimeout: spec.Duration(2 * time.Second)},
			CircuitBreaker: &spec.CircuitBreaker{MaxConnections: 7, Consecutive5xxErrors: 2, MaxEjectionPercent: 40}}}
	}, everywhere},
	{"own-labels", func() []spec.Service {
		return []spec.Service{{Name: "left", PodLabels: map[string]string{"component": "left", "part-of": "pair"}, ServiceAccount: "lefty", Ports: one(spec.Port{Port: 8101}), Calls: calls("right")},
			{Name: "right", PodLabels: map[string]string{"component": "right", "part-of": "pair"}, ServiceAccount: "righty", Ports: one(spec.Port{Port: 8102}), Calls: calls("left")}}
	}, everywhere},
	{"names-like-values", func() []spec.Service {
		return []spec.Service{{Name: "null", Ports: one(spec.Port{Port: 8103}), Calls: calls("1e3", "on")}, {Name: "1e3", Ports: one(spec.Port{Port: 8104})}, {Name: "on", Ports: one(spec.Port{Port: 8105}), Calls: calls("0x1f")}, {Name: "0x1f", Ports: one(spec.Port{Port: 8106, Protocol: spec.TCP})}}
	}, everywhere},
}

// model puts kinds onto a platform. The turn varies what does not multiply: DNS,
// labels of the monitoring, retention, namespaces.
func model(p platform, tls *spec.TLS, turn int, chosen ...kind) *spec.Network {
	n := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"}}
	n.Spec.Domain = "shop.example.test"
	n.Spec.Mesh = p.mesh
	in := p.ingress
	in.TLS, in.Insecure = tls, tls == nil
	n.Spec.Ingress = &in
	n.Spec.DNS.Profile = []spec.DNSProfile{spec.CoreDNS, spec.NodeLocal, spec.OpenShift}[turn%3]
	if turn%4 == 1 {
		n.Spec.Monitoring = spec.Monitoring{Namespace: "observability", PrometheusLabels: map[string]string{"app": "prom"}, SelectorLabels: map[string]string{"team": "sre"}, Retention: spec.Duration(24 * time.Hour), RunbookBase: "https://runbooks.example.test/"}
	}
	if turn%5 == 2 && p.mesh.Provider == spec.Istio {
		n.Spec.ClusterDomain = "corp.internal"
		if p.mesh.Mode == spec.Sidecar {
			n.Spec.Mesh.Revision = "1-31"
		}
	}
	if turn%7 == 3 && (in.Controller == nil || in.Controller.Namespace != "shop") {
		n.Spec.Namespace = "retail"
	}
	if turn%6 == 4 && p.mesh.Provider == spec.Istio {
		n.Spec.Mesh.Namespace = "mesh-system"
	}
	if turn%11 == 5 {
		n.Spec.DNS = spec.DNS{Namespace: "dns", PodLabels: map[string]string{"app": "unbound"}, Port: 1053}
	}
	for _, k := range chosen {
		n.Spec.Services = append(n.Spec.Services, k.services()...)
	}
	return n
}

// tally gathers findings over many models, so that one fault of a template is
// one line however many models show it.
type tally struct {
	models  int
	refused int
	seen    map[string]int
	first   map[string]string
}

func (t *tally) add(name string, findings []finding) {
	for _, f := range findings {
		key := f.String()
		if t.seen[key] == 0 {
			t.first[key] = name
		}
		t.seen[key]++
	}
}

const mostFindings = 40

func (t *tally) report(test *testing.T) {
	test.Helper()
	for i, key := range slices.Sorted(maps.Keys(t.seen)) {
		if i == mostFindings {
			test.Errorf("and %d findings more", len(t.seen)-i)
			break
		}
		test.Errorf("%s (in %d models, first %s)", key, t.seen[key], t.first[key])
	}
}

// examine renders one model and checks everything. A model that validation
// refuses counts as refused where mayRefuse, and as a finding elsewhere.
func (t *tally) examine(name string, n *spec.Network, mayRefuse bool) {
	if errs := spec.Validate(n).Errors(); len(errs) > 0 {
		if mayRefuse {
			t.refused++
			return
		}
		t.add(name, []finding{{"valid", "-", "model", errs.Error()}})
		return
	}
	t.models++
	files, err := gen.Render(n, gen.Options{})
	if err != nil {
		t.add(name, []finding{{"render", "-", "model", err.Error()}})
		return
	}
	t.add(name, run(n, files, constraints))
}

func newTally() *tally { return &tally{seen: map[string]int{}, first: map[string]string{}} }

// TestMatrix renders every kind of service alone on every platform, all of a
// platform's kinds together, and all exposed ones with each source of
// certificates, and holds all constraints against the rendered manifests.
func TestMatrix(t *testing.T) {
	for at, p := range platforms() {
		if racing && at%5 != 0 || !*whole && at%3 != 0 {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			total := newTally()
			var valid []kind
			for i, k := range kinds {
				mayRefuse := k.only == nil || !k.only(p)
				n := model(p, certificates[(at+i)%len(certificates)], at+i, k)
				total.examine(fmt.Sprintf("%s turn %d", k.name, at+i), n, mayRefuse)
				if len(spec.Validate(n).Errors()) == 0 && k.name != "tls-passthrough" {
					valid = append(valid, k)
				}
			}
			total.examine("everything", model(p, certificates[at%len(certificates)], at, valid...), false)
			exposed := slices.DeleteFunc(slices.Clone(valid), func(k kind) bool {
				return !slices.ContainsFunc(k.services(), func(s spec.Service) bool { return s.Exposed() })
			})
			for i, tls := range certificates {
				total.examine(fmt.Sprintf("everything exposed, certificates %d", i), model(p, tls, at+i, exposed...), false)
			}
			total.report(t)
			if total.models < len(kinds)/2 {
				t.Errorf("%d models were rendered of %d kinds; %d were refused", total.models, len(kinds), total.refused)
			}
		})
	}
}

// TestMatrixPairs renders every pair of kinds, each on another platform in turn.
func TestMatrixPairs(t *testing.T) {
	all := platforms()
	total := newTally()
	turn := 0
	for i := range kinds {
		for j := i + 1; j < len(kinds); j++ {
			// A stride without a common divisor takes the pairs through all platforms.
			p := all[(turn*7)%len(all)]
			may := func(k kind) bool { return k.only == nil || !k.only(p) }
			name := strings.Join([]string{p.name, kinds[i].name, kinds[j].name}, " ")
			total.examine(name, model(p, certificates[turn%len(certificates)], turn, kinds[i], kinds[j]), may(kinds[i]) || may(kinds[j]))
			turn++
		}
	}
	total.report(t)
	if total.models < turn/2 {
		t.Errorf("%d of %d pairs were rendered", total.models, turn)
	}
}
