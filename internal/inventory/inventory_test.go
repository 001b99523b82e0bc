package inventory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

func taken(t *testing.T, model, manifests string) *inventory.Inventory {
	t.Helper()
	objects, err := manifest.Parse("all.yaml", []byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	var n *spec.Network
	if model != "" {
		file, errs := specfile.Parse("kgen.yaml", []byte("apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\nspec:\n"+model))
		if errs.Err() != nil {
			t.Fatal(errs)
		}
		n = file.Network
	}
	return inventory.New(objects, n)
}

func workloadLines(list []*inventory.Workload) []string {
	var out []string
	for _, w := range list {
		var ports []string
		for _, p := range w.Ports {
			ports = append(ports, fmt.Sprintf("%s=%d/%s", p.Name, p.Number, p.Protocol))
		}
		stand := ""
		if w.StandIn() {
			stand = " stand-in"
		}
		out = append(out, fmt.Sprintf("%s [%s] %s %s%s", w.Ref(), strings.Join(ports, " "), w.Account, w.Mesh, stand))
	}
	slices.Sort(out)
	return out
}

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart, version: v1}}
    spec:
      serviceAccountName: cart-runner
      containers: [{name: cart, ports: [{name: grpc, containerPort: 9000}, {containerPort: 53, protocol: UDP}]}]
      initContainers: [{name: proxy, restartPolicy: Always, ports: [{containerPort: 15090}]}, {name: once, ports: [{containerPort: 1}]}]
`

func TestWorkloadsAreThoseGivenAndTheModelStandsInForTheRest(t *testing.T) {
	model := `
  mesh: {provider: istio}
  services:
  - {name: cart, ports: [{name: grpc, port: 9000, protocol: grpc}]}
  - {name: web, ports: [{port: 80, targetPort: http}, {name: admin, port: 81, targetPort: 8081}], metrics: {port: 9102}, canary: {version: v2, weight: 10}}
  - {name: pinned, ports: [{port: 80, targetPort: adm, containerPort: 8000}], canary: {stable: v7}}
`
	inv := taken(t, model, deployment)
	want := []string{
		"Deployment shop/cart [grpc=9000/TCP =53/UDP =15090/TCP] cart-runner sidecar",
		"shop/pinned [adm=8000/TCP] pinned sidecar stand-in",
		"shop/web-v1 [http=31000/TCP =8081/TCP =9102/TCP] web sidecar stand-in",
		"shop/web-v2 [http=31000/TCP =8081/TCP =9102/TCP] web sidecar stand-in",
	}
	if diff := cmp.Diff(want, workloadLines(inv.Workloads)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, w := range inv.Workloads {
		if w.Service == nil {
			t.Errorf("%s belongs to no service", w.Ref())
		}
	}
	if got := taken(t, "", deployment).Workloads; len(got) != 1 || got[0].Replicas != 3 || got[0].Mesh != reach.NoMesh || got[0].Service != nil {
		t.Errorf("without a model: %v", workloadLines(got))
	}
}

func TestPodsJoinTheMeshAsTheirLabelsSay(t *testing.T) {
	for _, c := range []struct {
		namespace, pod string
		host           bool
		want           reach.Mesh
	}{
		{want: reach.NoMesh},
		{namespace: "istio-injection: enabled", want: reach.Sidecar},
		{namespace: "istio.io/rev: canary", want: reach.Sidecar},
		{namespace: "istio.io/rev: canary, istio-injection: disabled", want: reach.NoMesh},
		{namespace: "istio.io/dataplane-mode: ambient", want: reach.Ambient},
		{namespace: "istio-injection: enabled", pod: `sidecar.istio.io/inject: "false"`, want: reach.NoMesh},
		{pod: `sidecar.istio.io/inject: "true"`, want: reach.Sidecar},
		{namespace: "istio.io/dataplane-mode: ambient", pod: "istio.io/dataplane-mode: none", want: reach.NoMesh},
		{pod: "istio.io/dataplane-mode: ambient", want: reach.Ambient},
		{namespace: "istio-injection: disabled", pod: `sidecar.istio.io/inject: "true"`, want: reach.NoMesh},
		{pod: "istio.io/rev: canary", want: reach.Sidecar},
		{namespace: "istio-injection: enabled, istio.io/dataplane-mode: ambient", want: reach.Sidecar},
		{namespace: "istio-injection: enabled", host: true, want: reach.NoMesh},
	} {
		text := fmt.Sprintf(`
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {%s}}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {%s}}
spec: {hostNetwork: %t, containers: [{name: web}]}
`, c.namespace, c.pod, c.host)
		if got := taken(t, "", text).Workloads[0].Mesh; got != c.want {
			t.Errorf("namespace {%s}, pod {%s}, host network %t: %q, want %q", c.namespace, c.pod, c.host, got, c.want)
		}
	}
}

func TestHostsAreServicesByTheirNames(t *testing.T) {
	inv := taken(t, "", `
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {ports: [{port: 80}]}
`)
	for _, c := range []struct {
		host, from, want string
	}{
		{"api", "shop", "shop/api known"},
		{"api", "other", "other/api"},
		{"api.shop", "other", "shop/api known"},
		{"api.shop.svc", "other", "shop/api known"},
		{"api.shop.svc.cluster.local", "other", "shop/api known"},
		{"gone.shop.svc.cluster.local", "shop", "shop/gone"},
		{"example.com", "shop", "outside"},
		{"*.shop.svc.cluster.local", "shop", "outside"},
		{"www.example.com", "shop", "outside"},
	} {
		h := inv.Host(c.host, c.from)
		got := "outside"
		if h.InCluster {
			got = h.Namespace + "/" + h.Name
		}
		if h.Service != nil {
			got += " known"
		}
		if got != c.want {
			t.Errorf("%s from %s: %s, want %s", c.host, c.from, got, c.want)
		}
	}
}

func TestDoorsLeadToServices(t *testing.T) {
	inv := taken(t, "", `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: Service
metadata: {name: open, namespace: shop}
spec: {type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24], ports: [{port: 443}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: traefik
  rules: [{host: shop.example.com, http: {paths: [{path: /x, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: infra}
spec: {gatewayClassName: istio}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: edge, namespace: infra}]
  hostnames: [a.example.com]
  rules: [{backendRefs: [{name: web, port: 80, weight: 90}, {name: gone, port: 80, weight: 10}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: inside, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules: [{backendRefs: [{name: web, port: 80}]}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [b.example.com]
  gateways: [infra/edge]
  http: [{route: [{destination: {host: web, port: {number: 80}}}]}]
`)
	var got []string
	for _, d := range inv.Doors {
		for _, b := range d.Backends {
			var from []string
			for _, e := range d.From {
				from = append(from, e.Text())
			}
			got = append(got, fmt.Sprintf("%s %s %v %s/%s:%s %d%% known=%t at %s from %v",
				d.Kind, d.Class, d.Hosts, b.Namespace, b.Name, b.Port.Text(), b.Weight, b.Service != nil, manifest.PathText(b.Path...), from))
		}
	}
	want := []string{
		"load-balancer  [] shop/open:443 1% known=true at spec.ports[0] from [198.51.100.1]",
		"ingress traefik [shop.example.com] shop/web:http 1% known=true at spec.rules[0].http.paths[0].backend.service from [traefik/front-door]",
		"route istio [a.example.com] shop/web:80 90% known=true at spec.rules[0].backendRefs[0] from [infra/front-door]",
		"route istio [a.example.com] shop/gone:80 10% known=false at spec.rules[0].backendRefs[1] from [infra/front-door]",
		"istio-gateway istio [b.example.com] shop/web:80 1% known=true at spec.http[0].route[0].destination from [istio-system/ingressgateway]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestServicesKnowTheirPodsAndTheirModel(t *testing.T) {
	inv := taken(t, `
  mesh: {provider: istio}
  services:
  - {name: web, ports: [{port: 80}], canary: {version: v2, weight: 10}}
  - {name: web-v2-x, ports: [{port: 80}]}
`, `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-v2, namespace: shop}
spec: {selector: {app: web, version: v2}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: web-v3, namespace: shop}
spec: {selector: {app: gone}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: bare, namespace: shop}
spec: {ports: [{port: 80}]}
`)
	var got []string
	for _, s := range inv.Services {
		var pods []string
		for _, w := range s.Pods {
			pods = append(pods, w.Name)
		}
		model := "-"
		if s.Model != nil {
			model = s.Model.Name + "@" + s.Version
		}
		got = append(got, fmt.Sprintf("%s %v %s", s.Name, pods, model))
	}
	want := []string{"web [web-v1 web-v2] web@", "web-v2 [web-v2] web@v2", "web-v3 [] -", "bare [] -"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What cannot be read is said, and everything else is there.
func TestUnreadableObjectsAreSaid(t *testing.T) {
	inv := taken(t, "", `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {ports: 80}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: odd, namespace: shop}
spec: {podSelector: {}, ingress: [{from: [{}]}]}
`)
	if len(inv.Services) != 1 || inv.Services[0].Name != "api" || len(inv.Objects) != 3 {
		t.Errorf("%d services of %d objects", len(inv.Services), len(inv.Objects))
	}
	if len(inv.Unreadable) != 1 || inv.Unreadable[0].Line != 5 {
		t.Errorf("unreadable: %v", inv.Unreadable)
	}
	if len(inv.Refused) != 1 || !strings.Contains(inv.Refused[0].Message, "empty peer") {
		t.Errorf("refused: %v", inv.Refused)
	}
}
