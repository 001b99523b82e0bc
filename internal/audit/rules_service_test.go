package audit

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/tree"
)

// aPod is a Deployment with labels and container ports, each in one line.
func aPod(name, labels, ports string) string {
	return fmt.Sprintf("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s, namespace: shop}\nspec: {template: {metadata: {labels: {%s}}, spec: {containers: [{name: x, ports: [%s]}]}}}", name, labels, ports)
}

// aService with a selector, ports and more of its spec, each in one line.
func aService(selector, ports, more string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {%s}, ports: [%s]%s}", selector, ports, more)
}

const httpPort = "{name: http, port: 80, targetPort: 8080, appProtocol: http}"

func TestServiceSelectors(t *testing.T) {
	pod := aPod("web", "app: web, version: v1", "{containerPort: 8080}")
	judge(t, "SV01", []doorCase{
		{"right", []string{pod, aService("app: web", httpPort, "")}, nil},
		{"a typo", []string{pod, aService("app: wbe", httpPort, "")}, []string{"spec.selector Service shop/web: no pod of namespace shop has the labels app=wbe, so it has no endpoints"}},
		{"one label of two", []string{pod, aService("app: web, version: v2", httpPort, "")}, []string{"spec.selector Service shop/web: no pod of namespace shop has the labels app=web,version=v2, so it has no endpoints"}},
		{"no workload", []string{aPod("web", "app: web", ""), "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: pay}\nspec: {selector: {app: web}}"},
			[]string{"skipped: Service pay/web: no workload of namespace pay is given"}},
		{"no selector", []string{pod, "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\nspec: {}"}, []string{"skipped: Service shop/db: it has no selector: who its endpoints are is not said here"}},
		{"no selector, and endpoints", []string{pod, "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\nspec: {}",
			"apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: db-1, namespace: shop, labels: {kubernetes.io/service-name: db}}\naddressType: IPv4\nendpoints: []"}, nil},
		{"a name outside", []string{pod, "apiVersion: v1\nkind: Service\nmetadata: {name: db, namespace: shop}\nspec: {type: ExternalName, externalName: db.example.net}"}, nil},
		{"a label of a controller's", []string{pod, aService("app: db, statefulset.kubernetes.io/pod-name: db-0", httpPort, "")},
			[]string{"skipped: Service shop/web: a controller puts the label statefulset.kubernetes.io/pod-name on pods as it makes them"}},
	})
}

func TestTargetPorts(t *testing.T) {
	named := aPod("web", "app: web", "{name: http, containerPort: 8080}")
	service := func(target string) string {
		return aService("app: web", "{name: http, port: 80, targetPort: "+target+"}", "")
	}
	const field = "spec.ports[0].targetPort Service shop/web: port 80 (http) leads to "
	judge(t, "SV02", []doorCase{
		{"by number", []string{named, service("8080")}, nil},
		{"by name", []string{named, service("http")}, nil},
		{"another number", []string{named, service("9090")}, []string{field + "9090/TCP, which no container of web declares"}},
		{"another name", []string{named, service("web")}, []string{field + "web/TCP, which web does not have"}},
		{"none", []string{named, aService("app: web", "{name: http, port: 80}", "")}, []string{"spec.ports[0] Service shop/web: port 80 (http) leads to 80/TCP, which no container of web declares"}},
		{"another protocol", []string{named, aService("app: web", "{name: http, port: 80, targetPort: http, protocol: UDP}", "")}, []string{field + "http/UDP, which web does not have"}},
		{"one of two pods", []string{named, aPod("old", "app: web", "{name: web, containerPort: 8080}"), service("http")}, []string{field + "http/TCP, which old does not have"}},
		{"two numbers of one name", []string{named, aPod("old", "app: web", "{name: http, containerPort: 8000}"), service("http")}, nil},
		{"no ports declared", []string{aPod("web", "app: web", ""), service("8080")}, []string{"skipped: Service shop/web: the containers of web declare no ports"}},
		{"a sidecar's port", []string{"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}", named, service("15090")}, nil},
		{"a sidecar's port without mesh", []string{named, service("15090")}, []string{field + "15090/TCP, which no container of web declares"}},
	})
}

func TestPortNames(t *testing.T) {
	inMesh := "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}"
	port := func(p string) string { return aService("app: web", "{"+p+"}", "") }
	const place = "spec.ports[0] Service shop/web: "
	judge(t, "SV03", []doorCase{
		{"both", []string{port("name: http, port: 80, appProtocol: http")}, nil},
		{"no name", []string{port("port: 80")}, []string{place + "port 80: it has no name"}},
		{"no name in a mesh", []string{inMesh, port("port: 80")}, []string{place + "port 80: it has no name, so a mesh guesses what it speaks"}},
		{"no name, and the server speaks first", []string{inMesh, port("port: 3306")}, []string{place + "port 3306: it has no name, so a mesh guesses what it speaks, and MySQL cannot be guessed: the server speaks first"}},
		{"no name, but an appProtocol", []string{port("port: 80, appProtocol: http")}, []string{place + "port 80 has no name, by which monitors and routes find it"}},
		{"they disagree", []string{port("name: http-db, port: 5432, appProtocol: tcp")}, []string{"spec.ports[0].appProtocol Service shop/web: port 5432 (http-db) is HTTP/1.1 by its name and tcp by its appProtocol"}},
		{"gRPC taken for HTTP/1.1", []string{port("name: grpc, port: 9000, appProtocol: http")}, []string{"spec.ports[0].appProtocol Service shop/web: port 9000 (grpc) is gRPC by its name and http by its appProtocol"}},
		{"gRPC on h2c", []string{port("name: grpc-api, port: 9000, appProtocol: kubernetes.io/h2c")}, nil},
		{"tcp that is Redis", []string{port("name: tcp-cache, port: 6379, appProtocol: redis")}, nil},
		{"TLS in two words", []string{port("name: tls, port: 443, appProtocol: https")}, nil},
		{"any name without a mesh", []string{port("name: web, port: 80")}, nil},
		{"any name in a mesh", []string{inMesh, port("name: web, port: 80")}, []string{"spec.ports[0].name Service shop/web: port 80 (web): neither its name nor an appProtocol says what it speaks, so the mesh guesses"}},
		{"any name with an appProtocol in a mesh", []string{inMesh, port("name: web, port: 80, appProtocol: http")}, nil},
		{"postgres in a mesh", []string{inMesh, port("name: postgres, port: 5432")}, []string{"spec.ports[0].name Service shop/web: port 5432 (postgres): neither its name nor an appProtocol says what it speaks, so the mesh guesses"}},
		{"an appProtocol of one's own", []string{inMesh, port("name: web, port: 80, appProtocol: example.com/x")}, []string{"spec.ports[0].appProtocol Service shop/web: port 80 (web): appProtocol example.com/x is none that a mesh knows, so the mesh guesses"}},
		{"HTTP for a database", []string{port("name: http, port: 5432")}, []string{"spec.ports[0].appProtocol Service shop/web: port 5432 (http) says http, and 5432 is PostgreSQL's port"}},
		{"UDP in words alone", []string{port("name: udp-log, port: 514")}, []string{"spec.ports[0].name Service shop/web: port 514 (udp-log) says udp, and its protocol is TCP"}},
		{"TCP in words alone", []string{port("name: tcp-log, port: 514, protocol: UDP")}, []string{"spec.ports[0].name Service shop/web: port 514 (tcp-log) says tcp, and its protocol is UDP"}},
		{"HTTP/3", []string{port("name: http3, port: 443, protocol: UDP")}, nil},
		{"a name outside", []string{aService("", "{port: 80}", ", type: ExternalName, externalName: x.example.net")}, nil},
	})
}

func TestExposure(t *testing.T) {
	balancer := func(more string) string { return aService("app: web", httpPort, ", type: LoadBalancer"+more) }
	judge(t, "SV04", []doorCase{
		{"inside", []string{aService("app: web", httpPort, "")}, nil},
		{"a load balancer for anyone", []string{balancer("")}, []string{"spec.type Service shop/web: its load balancer may be reached from any address"}},
		{"said in so many words", []string{balancer(", loadBalancerSourceRanges: [0.0.0.0/0]")}, []string{"spec.loadBalancerSourceRanges Service shop/web: its load balancer may be reached from any address"}},
		{"a load balancer for some", []string{balancer(", loadBalancerSourceRanges: [203.0.113.0/24]")}, nil},
		{"an internal one", []string{"apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop, annotations: {networking.gke.io/load-balancer-type: Internal}}\nspec: {type: LoadBalancer, selector: {app: web}, ports: [" + httpPort + "]}"}, nil},
		{"metrics for some", []string{aService("app: web", "{name: http-metrics, port: 9090}", ", type: LoadBalancer, loadBalancerSourceRanges: [203.0.113.0/24]")},
			[]string{"spec.ports[0] Service shop/web: it offers port 9090 (http-metrics), where metrics are, to its clients"}},
		{"a node port", []string{aService("app: web", httpPort, ", type: NodePort")}, []string{"spec.type Service shop/web: it is open on every node of the cluster"}},
		{"a node port that AWS needs", []string{aService("app: web", httpPort, ", type: NodePort"), anIngress("alb", "", "", toWeb)}, nil},
		{"a node port and Traefik", []string{aService("app: web", httpPort, ", type: NodePort"), anIngress("traefik", "", "", toWeb)}, []string{"spec.type Service shop/web: it is open on every node of the cluster"}},
		{"external addresses", []string{aService("app: web", httpPort, ", externalIPs: [198.51.100.7]")}, []string{"spec.externalIPs Service shop/web: its externalIPs open it on every node"}},
		{"the front door itself", []string{aService("app.kubernetes.io/name: traefik", httpPort, ", type: LoadBalancer")}, nil},
		{"Istio's gateway", []string{aService("istio: ingressgateway", httpPort, ", type: LoadBalancer")}, nil},
	})
}

func TestRootServices(t *testing.T) {
	rule := func(subsets string) string {
		return "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web, namespace: shop}\nspec: {host: web.shop.svc.cluster.local, subsets: [" + subsets + "]}"
	}
	two := rule("{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}")
	const pinned = "spec.selector.version Service shop/web: it selects version=v1 alone, and stands in front of several versions"
	judge(t, "SV05", []doorCase{
		{"free", []string{aService("app: web", httpPort, ""), two}, nil},
		{"pinned", []string{aService("app: web, version: v1", httpPort, ""), two}, []string{pinned}},
		{"one version", []string{aService("app: web, version: v1", httpPort, ""), rule("{name: v1, labels: {version: v1}}")}, nil},
		{"subsets by another label", []string{aService("app: web, version: v1", httpPort, ""), rule("{name: a, labels: {zone: a}}, {name: b, labels: {zone: b}}")}, nil},
		{"another Service", []string{aService("app: web, version: v1", httpPort, ""), "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: api, namespace: shop}\nspec: {host: api, subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]}"}, nil},
	})
}

// TestOperatorPods: pods that an operator makes have labels that nobody here
// knows; the pods of the application's own templates have not.
func TestOperatorPods(t *testing.T) {
	pod := aPod("web", "app: web", "{containerPort: 8080}")
	const missing = "spec.selector Service shop/web: no pod of namespace shop has the labels "
	kind := func(version, kind string) string {
		return fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: pg, namespace: shop}\nspec: {}", version, kind)
	}
	const maker = " is of a kind of which an operator may make pods, whose labels are not given"
	judge(t, "SV01", []doorCase{
		{"a database of an operator's", []string{pod, kind("postgresql.cnpg.io/v1", "Cluster"), aService("role: primary", httpPort, "")},
			[]string{"skipped: Service shop/web: Cluster shop/pg" + maker}},
		{"a Prometheus", []string{pod, kind("monitoring.coreos.com/v1", "Prometheus"), aService("prometheus: main", httpPort, "")},
			[]string{"skipped: Service shop/web: Prometheus shop/pg" + maker}},
		{"a kind that makes none", []string{pod, kind("monitoring.coreos.com/v1", "PrometheusRule"), aService("app: wbe", httpPort, "")}, []string{missing + "app=wbe, so it has no endpoints"}},
		{"a key of an operator's", []string{pod, aService("strimzi.io/name: kafka", httpPort, "")},
			[]string{"skipped: Service shop/web: no template has a label strimzi.io/name: it may be one that an operator puts on the pods that it makes"}},
		{"a key of everybody's", []string{pod, aService("app.kubernetes.io/name: wbe", httpPort, "")}, []string{missing + "app.kubernetes.io/name=wbe, so it has no endpoints"}},
		{"a key that a template carries", []string{aPod("db", "example.com/role: db", ""), pod, aService("example.com/role: bd", httpPort, "")}, []string{missing + "example.com/role=bd, so it has no endpoints"}},
	})
	judge(t, "NP06", []doorCase{
		{"a policy for such pods", []string{pod, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: pg, namespace: shop}\nspec: {podSelector: {matchLabels: {cnpg.io/cluster: pg}}}"},
			[]string{"skipped: NetworkPolicy shop/pg: no template has a label cnpg.io/cluster: it may be one that an operator puts on the pods that it makes"}},
	})
}

// TestTargetPortSeverity: the ports that containers declare are information
// alone, their names are not, nor is what kgen.yaml says.
func TestTargetPortSeverity(t *testing.T) {
	pod := aPod("web", "app: web", "{name: http, containerPort: 8080}")
	for _, c := range []struct {
		target string
		want   []diag.Severity
	}{
		{"8080", nil},
		{"9090", []diag.Severity{diag.Warning}},
		{"web", []diag.Severity{diag.Error}},
	} {
		files := tree.New()
		files.Set("all.yaml", []byte(pod+"\n---\n"+aService("app: web", "{name: http, port: 80, targetPort: "+c.target+"}", "")))
		w, _ := world(t, files, ".")
		r, err := Run(context.Background(), w, Options{Today: today, Rules: []string{"SV02"}})
		if err != nil {
			t.Fatal(err)
		}
		var got []diag.Severity
		for _, f := range r.Findings {
			got = append(got, f.Severity)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.target, diff)
		}
	}
}
