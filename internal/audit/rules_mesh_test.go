package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/tree"
)

// The pieces that cases are put together from: namespace shop with sidecars and
// strict mutual TLS, and in it an api of two versions, two pods each.
const (
	smShop = `
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
`
	smStrict = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec: {mtls: {mode: STRICT}}
`
	smService = `
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080, appProtocol: http}]}
`
	smMetrics = `
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 8080, appProtocol: http}, {name: http-metrics, port: 9090, appProtocol: http}]}
`
	smSubsets  = "subsets: [{name: v1, labels: {version: v1}}, {name: v2, labels: {version: v2}}]"
	smBreaker  = "trafficPolicy: {connectionPool: {tcp: {maxConnections: 9}}, outlierDetection: {maxEjectionPercent: 50}}"
	smAPI      = "api.shop.svc.cluster.local"
	smCanary   = "  namespace: shop\n  mesh: {provider: istio}\n  services:\n  - {name: api, ports: [{name: http, port: 80, targetPort: 8080}], canary: {version: v2, weight: 10}}\n"
	smMixedWay = "  namespace: shop\n  mesh: {provider: istio}\n  services:\n  - {name: api, ports: [{name: http, port: 80, targetPort: 8080}]}\n  - {name: web, calls: [api]}\n"
)

// smPods is a Deployment of namespace shop with a label version; more are lines of its container.
func smPods(name, version string, more string) string {
	return "\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + "-" + version + ", namespace: shop}\nspec:\n  replicas: 2\n  template:\n    metadata: {labels: {app: " + name +
		", version: " + version + "}}\n    spec: {serviceAccountName: " + name + ", containers: [{name: c, ports: [{name: http, containerPort: 8080}]" + more + "}]}\n"
}

// smIstio is an object of Istio's in namespace shop with a spec in one line.
func smIstio(kind, name, spec string) string {
	group := "networking"
	if kind == "PeerAuthentication" || kind == "AuthorizationPolicy" {
		group = "security"
	}
	return "\napiVersion: " + group + ".istio.io/v1\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: shop}\nspec: {" + spec + "}\n"
}

func smDR(spec string) string { return smIstio("DestinationRule", "api", "host: "+smAPI+", "+spec) }

// smVS is a VirtualService for the api with one entry.
func smVS(entry string) string {
	return smIstio("VirtualService", "api", "hosts: ["+smAPI+"], http: [{"+entry+"}]")
}

// smDest is a destination, with a subset where one is given.
func smDest(host, subset, more string) string {
	if subset != "" {
		subset = ", subset: " + subset
	}
	return "{destination: {host: " + host + subset + more + "}}"
}

func smWeighted(subset, weight string) string {
	return "{destination: {host: " + smAPI + ", subset: " + subset + "}, weight: " + weight + "}"
}

var smBase = npJoin(smShop, smStrict, smPods("api", "v1", ""), smPods("api", "v2", ""), smService)

// smCalled is the api with one version and a breaker, and web that calls it.
var smCalled = npJoin(smShop, smStrict, smPods("api", "v1", ""), smService, smPods("web", "v1", `, env: [{name: API_ADDR, value: "api:80"}]`))

var smAmbient = npJoin(strings.Replace(smShop, "istio-injection: enabled", "istio.io/dataplane-mode: ambient", 1), smStrict, smPods("api", "v1", ""))

func smWaypoint(labels, listener string) string {
	return "\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: waypoint, namespace: shop, labels: {" + labels + "}}\nspec: {gatewayClassName: istio-waypoint, listeners: [" + listener + "]}\n"
}

func smLabelled(waypoint string) string {
	return strings.Replace(smService, "namespace: shop}", "namespace: shop, labels: {istio.io/use-waypoint: "+waypoint+"}}", 1)
}

const smHBONE = "{name: mesh, port: 15008, protocol: HBONE}"

func smRoute2(parent string) string {
	return "\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: " + parent + ".mesh, namespace: shop}\nspec: {parentRefs: [{group: \"\", kind: Service, name: " + parent + ", port: 80}], rules: [{backendRefs: [{name: api, port: 80}]}]}\n"
}

// smRun runs the rules about the mesh over the cases.
func smRun(t *testing.T, cases []npCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			files := tree.New()
			files.Set("all.yaml", []byte(test.manifests))
			if test.model != "" {
				files.Set("kgen.yaml", []byte("apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\nspec:\n"+test.model))
			}
			w, _ := world(t, files, ".")
			r, err := Run(t.Context(), w, Options{Rules: []string{"SM"}, Today: today})
			if err != nil {
				t.Fatal(err)
			}
			var got, skipped []string
			for _, f := range r.Findings {
				got = append(got, f.Rule.ID)
			}
			for _, s := range r.Skipped {
				if s.What != "" && !slices.Contains(skipped, s.Rule.ID) {
					skipped = append(skipped, s.Rule.ID)
				}
			}
			slices.Sort(got)
			slices.Sort(skipped)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s\n%s", diff, strings.Join(open(r), "\n"))
			}
			if diff := cmp.Diff(test.skipped, skipped); diff != "" {
				t.Errorf("not checked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMeshSubsets(t *testing.T) {
	to := func(subset string) string { return "route: [" + smDest(smAPI, subset, "") + "]" }
	smRun(t, []npCase{
		{name: "defined", manifests: npJoin(smBase, smDR(smSubsets), smVS(to("v2")))},
		{name: "defined for the short name", manifests: npJoin(smBase, smIstio("DestinationRule", "api", "host: api, "+smSubsets), smVS(to("v2")))},
		{name: "defined in the second of two", manifests: npJoin(smBase, smDR("trafficPolicy: {}"), smIstio("DestinationRule", "more", "host: api, "+smSubsets), smVS(to("v2"))), want: []string{"SM06"}},
		{name: "named twice and said once", manifests: npJoin(smBase, smDR(smSubsets), smVS("route: ["+smWeighted("v3", "50")+","+smWeighted("v3", "50")+"]")), want: []string{"SM01"}},
		{name: "exported to others", manifests: npJoin(smBase, smDR("exportTo: [ops], "+smSubsets), smVS(to("v2"))), want: []string{"SM01"}},
		{name: "exported to its own", manifests: npJoin(smBase, smDR("exportTo: [.], "+smSubsets), smVS(to("v2")))},
		{name: "of a namespace that nobody gives", manifests: npJoin(smBase, smVS("route: ["+smDest("db.data.svc.cluster.local", "v2", "")+"]")), skipped: []string{"SM01", "SM03"}},
		{name: "by a label that no pod has", manifests: npJoin(smBase, smDR("subsets: [{name: v2, labels: {track: canary}}]")), want: []string{"SM02"}},
		{name: "by two labels of two pods", manifests: npJoin(smBase, smDR("subsets: [{name: v2, labels: {app: api, version: v3}}]")), want: []string{"SM02"}},
		{name: "without labels", manifests: npJoin(smBase, smDR("subsets: [{name: all}]"))},
		{name: "by the hash of a Rollout", manifests: npJoin(smBase, smDR("subsets: [{name: stable, labels: {app: api, rollouts-pod-template-hash: 7d5}}]"))},
		{name: "alike without a model", manifests: npJoin(smBase, smDR("subsets: [{name: stable, labels: {app: api}}, {name: canary, labels: {app: api}}]"))},
		{name: "of no pods", manifests: npJoin(smShop, smStrict, smPods("web", "v1", ""), smService, smDR(smSubsets)), skipped: []string{"SM02"}},
	})
}

func TestMeshDestinations(t *testing.T) {
	to := func(host, more string) string { return smVS("route: [" + smDest(host, "", more) + "]") }
	entry := smIstio("ServiceEntry", "outside", `hosts: ["*.example.com"], location: MESH_EXTERNAL, ports: [{number: 443, name: tls, protocol: TLS}]`)
	other := strings.ReplaceAll(smService, "namespace: shop", "namespace: data")
	smRun(t, []npCase{
		{name: "one port goes without saying", manifests: npJoin(smBase, to(smAPI, ""))},
		{name: "a short name", manifests: npJoin(smBase, to("api", ""))},
		{name: "two ports do not", manifests: npJoin(smShop, smStrict, smPods("api", "v1", ""), smMetrics, to(smAPI, "")), want: []string{"SM03"}},
		{name: "one of two ports", manifests: npJoin(smShop, smStrict, smPods("api", "v1", ""), smMetrics, to(smAPI, ", port: {number: 80}"))},
		{name: "the container's port", manifests: npJoin(smBase, to(smAPI, ", port: {number: 8080}")), want: []string{"SM03"}},
		{name: "no such Service", manifests: npJoin(smBase, to("apy", "")), want: []string{"SM03"}},
		{name: "a short name of another namespace", manifests: npJoin(smShop, smStrict, other, strings.ReplaceAll(smService, "name: api", "name: web"),
			smIstio("VirtualService", "x", "hosts: [web], http: [{route: ["+smDest("api", "", "")+"]}]")), want: []string{"SM03"}},
		{name: "a name of two labels", manifests: npJoin(smBase, to("api.shop", "")), want: []string{"SM03"}},
		{name: "a name without the domain", manifests: npJoin(smBase, to("api.shop.svc", "")), want: []string{"SM03"}},
		{name: "another cluster domain", manifests: npJoin(smBase, to("api.shop.svc.corp.example", ""))},
		{name: "an external host with an entry", manifests: npJoin(smBase, entry, to("pay.example.com", ", port: {number: 443}"))},
		{name: "an external host on another port", manifests: npJoin(smBase, entry, to("pay.example.com", ", port: {number: 8443}")), want: []string{"SM03"}},
		{name: "an external host that nobody names", manifests: npJoin(smBase, to("pay.example.org", "")), skipped: []string{"SM03"}},
		{name: "a host of its own", manifests: npJoin(smBase, smIstio("VirtualService", "x", "hosts: [shop.example.org], gateways: [istio-ingress/gw], http: [{route: ["+smDest(smAPI, "", "")+"]}]"))},
		{name: "hosts of nobody", manifests: npJoin(smBase, smIstio("VirtualService", "x", "hosts: [apy.shop.svc.cluster.local], http: [{route: ["+smDest(smAPI, "", "")+"]}]")), want: []string{"SM03"}},
		{name: "a rule for a pattern", manifests: npJoin(smBase, smIstio("DestinationRule", "x", `host: "*.shop.svc.cluster.local", trafficPolicy: {}`))},
	})
}

func TestMeshWeights(t *testing.T) {
	split := func(a, b string) string {
		return smVS("route: [" + smWeighted("v1", a) + "," + smWeighted("v2", b) + "]")
	}
	rule := npJoin(smDR(smSubsets+", "+smBreaker), smIstio("AuthorizationPolicy", "default-deny", ""))
	smRun(t, []npCase{
		{name: "add up", manifests: npJoin(smBase, rule, split("70", "30"))},
		{name: "too little", manifests: npJoin(smBase, rule, split("70", "20")), want: []string{"SM04"}},
		{name: "nothing at all", manifests: npJoin(smBase, rule, split("0", "0")), want: []string{"SM04"}},
		{name: "alone with a share", manifests: npJoin(smBase, rule, smVS("route: ["+smWeighted("v1", "90")+"]")), want: []string{"SM04"}},
		{name: "alone with all", manifests: npJoin(smBase, rule, smVS("route: ["+smWeighted("v1", "100")+"]"))},
		{name: "the model's", manifests: npJoin(smBase, rule, split("90", "10")), model: smCanary},
		{name: "not the model's", manifests: npJoin(smBase, rule, split("80", "20")), model: smCanary, want: []string{"SM04"}},
		{name: "too much for the model", manifests: npJoin(smBase, rule, split("90", "20")), model: smCanary, want: []string{"SM04"}},
		{name: "split by nothing", manifests: npJoin(smBase, rule, smVS("route: ["+smDest(smAPI, "", "")+"]")), model: smCanary, want: []string{"SM04"}},
		{name: "of an undefined subset", manifests: npJoin(smBase, rule, smVS("route: ["+smWeighted("v1", "90")+","+smWeighted("v3", "10")+"]")), model: smCanary, want: []string{"SM01"}},
		{name: "in the Gateway API any sum is meant", manifests: npJoin(smBase, strings.Replace(smRoute2("api"), "{name: api, port: 80}]", "{name: api, port: 80, weight: 3}, {name: api, port: 80}]", 1))},
		{name: "in the Gateway API nothing", manifests: npJoin(smBase, strings.Replace(smRoute2("api"), "{name: api, port: 80}]", "{name: api, port: 80, weight: 0}]", 1)), want: []string{"SM04"}},
	})
}

func TestMeshTwice(t *testing.T) {
	entry := "http: [{route: [" + smDest(smAPI, "", "") + "]}]"
	second := func(spec string) string { return smIstio("VirtualService", "again", spec+", "+entry) }
	one := smIstio("VirtualService", "api", "hosts: ["+smAPI+"], "+entry)
	smRun(t, []npCase{
		{name: "the same host", manifests: npJoin(smBase, one, second("hosts: [api]")), want: []string{"SM05"}},
		{name: "one at a gateway", manifests: npJoin(smBase, one, second("hosts: [api], gateways: [istio-ingress/gw]"))},
		{name: "one at a gateway and in the mesh", manifests: npJoin(smBase, one, second("hosts: [api], gateways: [istio-ingress/gw, mesh]")), want: []string{"SM05"}},
		{name: "for different namespaces", manifests: npJoin(smBase, smIstio("VirtualService", "api", "exportTo: [ops], hosts: ["+smAPI+"], "+entry), second("exportTo: [.], hosts: [api]"))},
		{name: "for all and for one", manifests: npJoin(smBase, one, second("exportTo: [ops], hosts: [api]")), want: []string{"SM05"}},
		{name: "two rules", manifests: npJoin(smBase, smDR(smSubsets), smIstio("DestinationRule", "again", "host: api, "+smBreaker)), want: []string{"SM06"}},
		{name: "two rules for different callers", manifests: npJoin(smBase, smDR(smSubsets), smIstio("DestinationRule", "again", "host: api, workloadSelector: {matchLabels: {app: web}}, "+smBreaker))},
		{name: "two rules of two namespaces", manifests: npJoin(smBase, smDR(smSubsets), strings.Replace(smDR(smBreaker), "namespace: shop", "namespace: ops", 1))},
		{name: "both APIs", manifests: npJoin(smBase, one, smRoute2("api")), want: []string{"SM13"}},
		{name: "two routes", manifests: npJoin(smBase, smRoute2("api"), strings.Replace(smRoute2("api"), "api.mesh", "api.again", 1)), want: []string{"SM05"}},
		{name: "two routes with conditions", manifests: npJoin(smBase, smRoute2("api"), strings.NewReplacer("api.mesh", "api.again", "rules: [{", "rules: [{matches: [{path: {type: PathPrefix, value: /v2}}], ").Replace(smRoute2("api")))},
	})
}

func TestMeshDeprecated(t *testing.T) {
	policy := func(p string) string { return smDR("trafficPolicy: {" + p + "}") }
	smRun(t, []npCase{
		{name: "errors", manifests: npJoin(smBase, policy("outlierDetection: {consecutiveErrors: 3, maxEjectionPercent: 50}")), want: []string{"SM07"}},
		{name: "errors of a port of a subset", manifests: npJoin(smBase, smDR("subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {portLevelSettings: [{port: {number: 80}, outlierDetection: {consecutiveErrors: 3}}]}}]")), want: []string{"SM07"}},
		{name: "a balancer", manifests: npJoin(smBase, policy("loadBalancer: {simple: LEAST_CONN}")), want: []string{"SM07"}},
		{name: "its new name", manifests: npJoin(smBase, policy("loadBalancer: {simple: LEAST_REQUEST}"))},
		{name: "mirrors", manifests: npJoin(smBase, smVS("mirrorPercent: 5, route: ["+smDest(smAPI, "", "")+"]")), want: []string{"SM07"}},
		{name: "an annotation of pods", manifests: npJoin(smBase, strings.Replace(smPods("job", "v1", ""), "metadata: {labels", `metadata: {annotations: {sidecar.istio.io/inject: "true"}, labels`, 1)), want: []string{"SM07"}},
	})
}

func TestMeshBreakers(t *testing.T) {
	outlier := func(p string) string { return smDR("trafficPolicy: {outlierDetection: {" + p + "}}") }
	unsaid := strings.ReplaceAll(smPods("api", "v1", ""), "  replicas: 2\n", "")
	scaled := "\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: api-v1, namespace: shop}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api-v1}, minReplicas: 3, maxReplicas: 9}\n"
	admit := smIstio("AuthorizationPolicy", "api", "selector: {matchLabels: {app: api}}, rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]")
	smRun(t, []npCase{
		{name: "one of four", manifests: npJoin(smBase, outlier("maxEjectionPercent: 25"))},
		{name: "less than one of four", manifests: npJoin(smBase, outlier("maxEjectionPercent: 24")), want: []string{"SM08"}},
		{name: "the default", manifests: npJoin(smBase, outlier("interval: 10s")), want: []string{"SM08"}},
		{name: "nought is the default", manifests: npJoin(smBase, outlier("maxEjectionPercent: 0")), want: []string{"SM08"}},
		{name: "subsets count for themselves", manifests: npJoin(smBase, smDR(smSubsets+", trafficPolicy: {outlierDetection: {maxEjectionPercent: 25}}")), want: []string{"SM08"}},
		{name: "subsets speak for themselves", manifests: npJoin(smBase, smDR("trafficPolicy: {outlierDetection: {maxEjectionPercent: 25}}, subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {outlierDetection: {maxEjectionPercent: 50}}}]"))},
		{name: "nobody says how many", manifests: npJoin(smShop, smStrict, unsaid, smService, outlier("maxEjectionPercent: 10")), skipped: []string{"SM08"}},
		{name: "everyone may go", manifests: npJoin(smShop, smStrict, unsaid, smService, outlier("maxEjectionPercent: 100"))},
		{name: "an autoscaler's least", manifests: npJoin(smShop, smStrict, smPods("api", "v1", ""), scaled, smService, outlier("maxEjectionPercent: 34"))},
		{name: "less than one of an autoscaler's least", manifests: npJoin(smShop, smStrict, smPods("api", "v1", ""), scaled, smService, outlier("maxEjectionPercent: 33")), want: []string{"SM08"}},
		{name: "nothing counts", manifests: npJoin(smBase, outlier("consecutive5xxErrors: 0, maxEjectionPercent: 50")), want: []string{"SM08"}},
		{name: "gateway errors count", manifests: npJoin(smBase, outlier("consecutive5xxErrors: 0, consecutiveGatewayErrors: 5, maxEjectionPercent: 50"))},
		{name: "gateway errors come too late", manifests: npJoin(smBase, outlier("consecutiveGatewayErrors: 5, maxEjectionPercent: 50")), want: []string{"SM08"}},
		{name: "called without", manifests: npJoin(smCalled, admit), want: []string{"SM09"}},
		{name: "called with half of it", manifests: npJoin(smCalled, admit, outlier("maxEjectionPercent: 50")), want: []string{"SM09"}},
		{name: "called with all of it", manifests: npJoin(smCalled, admit, smDR(smBreaker))},
		{name: "called with one for all hosts", manifests: npJoin(smCalled, admit, smIstio("DestinationRule", "all", `host: "*.shop.svc.cluster.local", `+smBreaker)), skipped: []string{"SM08"}},
		{name: "called with one for other hosts", manifests: npJoin(smCalled, admit, smIstio("DestinationRule", "all", `host: "*.data.svc.cluster.local", `+smBreaker)), want: []string{"SM09"}, skipped: []string{"SM08"}},
		{name: "called with one in every subset", manifests: npJoin(smCalled, admit, smDR("subsets: [{name: v1, labels: {version: v1}, "+smBreaker+"}]"))},
		{name: "called from outside the mesh", manifests: npJoin(strings.Replace(smCalled, "labels: {app: web,", `labels: {sidecar.istio.io/inject: "false", app: web,`, 1), smIstio("PeerAuthentication", "api", `selector: {matchLabels: {app: api}}, portLevelMtls: {"8080": {mode: PERMISSIVE}}`))},
	})
}

func TestMeshTLS(t *testing.T) {
	tls := func(mode string) string { return smDR("trafficPolicy: {tls: {mode: " + mode + "}}") }
	apart := strings.ReplaceAll(smBase, "labels: {app: api,", `labels: {sidecar.istio.io/inject: "false", app: api,`)
	open := smIstio("PeerAuthentication", "api", `selector: {matchLabels: {app: api}}, portLevelMtls: {"8080": {mode: PERMISSIVE}}`)
	closed := strings.Replace(open, "PERMISSIVE", "DISABLE", 1)
	outside := smIstio("ServiceEntry", "pay", "hosts: [pay.example.com], location: MESH_EXTERNAL, ports: [{number: 443, name: tls, protocol: TLS}]")
	pay := func(mode string) string {
		return smIstio("DestinationRule", "pay", "host: pay.example.com, trafficPolicy: {tls: {mode: "+mode+"}}")
	}
	smRun(t, []npCase{
		{name: "mutual", manifests: npJoin(smBase, tls("ISTIO_MUTUAL"))},
		{name: "plaintext", manifests: npJoin(smBase, tls("DISABLE")), want: []string{"SM10"}},
		{name: "its own", manifests: npJoin(smBase, tls("MUTUAL")), want: []string{"SM10"}},
		{name: "plaintext where it is taken", manifests: npJoin(smBase, open, tls("DISABLE"))},
		{name: "mutual where it is not taken", manifests: npJoin(smBase, closed, tls("ISTIO_MUTUAL")), want: []string{"SM10"}},
		{name: "plaintext to the Service's port", manifests: npJoin(smBase, smDR("trafficPolicy: {portLevelSettings: [{port: {number: 80}, tls: {mode: DISABLE}}]}")), want: []string{"SM10"}},
		{name: "a port replaces the host", manifests: npJoin(smBase, smDR("trafficPolicy: {tls: {mode: DISABLE}, portLevelSettings: [{port: {number: 80}, tls: {mode: ISTIO_MUTUAL}}]}"))},
		{name: "one subset", manifests: npJoin(smBase, smDR("subsets: [{name: v1, labels: {version: v1}, trafficPolicy: {tls: {mode: DISABLE}}}]")), want: []string{"SM10"}},
		{name: "pods without sidecars", manifests: npJoin(apart, tls("ISTIO_MUTUAL")), want: []string{"SM10"}},
		{name: "pods of a namespace that nobody gives", manifests: npJoin(strings.TrimPrefix(smBase, smShop+"---"), tls("ISTIO_MUTUAL")), skipped: []string{"SM10", "SM11"}},
		{name: "ambient pods", manifests: npJoin(smAmbient, smService, tls("DISABLE")), skipped: []string{"SM10"}},
		{name: "a rule for all hosts", manifests: npJoin(smBase, smIstio("DestinationRule", "all", `host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}`)), want: []string{"SM10"}},
		{name: "a rule for all hosts but one", manifests: npJoin(smBase, smDR("trafficPolicy: {}"), smIstio("DestinationRule", "all", `host: "*.local", trafficPolicy: {tls: {mode: DISABLE}}`))},
		{name: "mutual with the world", manifests: npJoin(smBase, outside, pay("ISTIO_MUTUAL")), want: []string{"SM10"}},
		{name: "TLS with the world", manifests: npJoin(smBase, outside, pay("SIMPLE"))},
		{name: "with an unknown host", manifests: npJoin(smBase, pay("SIMPLE")), skipped: []string{"SM03", "SM10"}},
	})
}

func TestMeshStrict(t *testing.T) {
	pods := npJoin(smPods("api", "v1", ""), smService)
	named := func(labels string) string {
		return strings.Replace(smShop, "istio-injection: enabled", labels, 1)
	}
	peer := func(spec string) string {
		return smIstio("PeerAuthentication", "api", "selector: {matchLabels: {app: api}}, "+spec)
	}
	meshWide := strings.Replace(smStrict, "namespace: shop", "namespace: istio-system", 1)
	rule := smDR(smBreaker)
	web := smIstio("AuthorizationPolicy", "api", "selector: {matchLabels: {app: api}}, rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]}]")
	smRun(t, []npCase{
		{name: "strict", manifests: npJoin(smShop, smStrict, pods)},
		{name: "strict for the mesh", manifests: npJoin(smShop, meshWide, pods)},
		{name: "permissive here, strict for the mesh", manifests: npJoin(smShop, meshWide, strings.Replace(smStrict, "STRICT", "PERMISSIVE", 1), pods), want: []string{"SM11"}},
		{name: "said by nobody", manifests: npJoin(smShop, pods), want: []string{"SM11"}},
		{name: "said without a mode", manifests: npJoin(smShop, smIstio("PeerAuthentication", "default", "mtls: {}"), pods), want: []string{"SM11"}},
		{name: "by revision", manifests: npJoin(named("istio.io/rev: stable"), smStrict, pods)},
		{name: "twice", manifests: npJoin(named("istio-injection: enabled, istio.io/rev: stable"), smStrict, pods), want: []string{"SM11"}},
		{name: "disabled", manifests: npJoin(named("istio-injection: disabled"), smStrict, pods), want: []string{"SM11"}},
		{name: "by no label", manifests: npJoin(named("team: shop"), smStrict, pods), want: []string{"SM11"}},
		{name: "by the pods' own labels", manifests: npJoin(named("team: shop"), smStrict, strings.ReplaceAll(pods, "labels: {app: api,", `labels: {sidecar.istio.io/inject: "true", app: api,`))},
		{name: "a namespace that is none of the mesh's", manifests: npJoin(smShop, smStrict, pods, "\napiVersion: v1\nkind: Namespace\nmetadata: {name: batch}\n", strings.ReplaceAll(smPods("job", "v1", ""), "namespace: shop", "namespace: batch"))},
		{name: "no manifest", manifests: npJoin(smStrict, pods), skipped: []string{"SM11"}},
		{name: "the model's revision", manifests: npJoin(smShop, smStrict, pods, rule, web), model: strings.Replace(smMixedWay, "provider: istio", "provider: istio, revision: stable", 1), want: []string{"SM11"}},
		{name: "whole pods for nobody", manifests: npJoin(smShop, smStrict, pods, peer("mtls: {mode: PERMISSIVE}")), want: []string{"SM11"}},
		{name: "a port without a model", manifests: npJoin(smShop, smStrict, pods, peer(`portLevelMtls: {"8080": {mode: PERMISSIVE}}`))},
		{name: "a port for nobody", manifests: npJoin(smShop, smStrict, pods, rule, web, peer(`portLevelMtls: {"8080": {mode: PERMISSIVE}}`)), model: smMixedWay, want: []string{"SM11"}},
		{name: "a port that is strict anyway", manifests: npJoin(smShop, smStrict, pods, rule, web, peer(`portLevelMtls: {"8080": {mode: STRICT}}`)), model: smMixedWay},
		{name: "ports of everyone", manifests: npJoin(smShop, smIstio("PeerAuthentication", "default", `mtls: {mode: STRICT}, portLevelMtls: {"8080": {mode: PERMISSIVE}}`), pods), want: []string{"SM11"}},
		{name: "two for everyone", manifests: npJoin(smShop, smStrict, strings.Replace(smStrict, "name: default", "name: other", 1), pods), want: []string{"SM11"}},
		{name: "two for the same pods", manifests: npJoin(smShop, smStrict, pods, peer("mtls: {mode: STRICT}"), strings.Replace(peer("mtls: {mode: STRICT}"), "name: api", "name: other", 1)), want: []string{"SM11"}},
	})
}

// smTrust is istiod's ConfigMap with a trust domain and an alias of it.
func smTrust(domain string) string {
	return "\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |-\n    defaultConfig:\n      tracing: {}\n    trustDomain: \"" + domain + "\"\n    trustDomainAliases:\n    - old.example\n    rootNamespace: istio-system\n"
}

func TestMeshAuthorised(t *testing.T) {
	base := npJoin(smCalled, smDR(smBreaker))
	policy := func(spec string) string {
		return smIstio("AuthorizationPolicy", "api", "selector: {matchLabels: {app: api}}, "+spec)
	}
	from := func(source string) string { return "rules: [{from: [{source: {" + source + "}}]}]" }
	web := "principals: [cluster.local/ns/shop/sa/web]"
	apart := strings.Replace(base, "labels: {app: web,", `labels: {sidecar.istio.io/inject: "false", app: web,`, 1)
	gateway := "\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: door, namespace: shop}\nspec: {hosts: [shop.example.com], gateways: [edge/gw], http: [{route: [{destination: {host: api}}]}]}\n"
	smRun(t, []npCase{
		{name: "no policy", manifests: base},
		{name: "by principal", manifests: npJoin(base, policy(from(web)))},
		{name: "by namespace", manifests: npJoin(base, policy(from("namespaces: [shop]"))), skipped: []string{"SM15"}},
		{name: "by another account", manifests: npJoin(base, policy(from("principals: [cluster.local/ns/shop/sa/www]"))), want: []string{"SM12", "SM18"}},
		{name: "by the Service's port", manifests: npJoin(base, policy(`rules: [{from: [{source: {`+web+`}}], to: [{operation: {ports: ["80"]}}]}]`)), want: []string{"SM12", "SM16"}},
		{name: "by requests", manifests: npJoin(base, policy(`rules: [{to: [{operation: {methods: [GET]}}]}]`)), skipped: []string{"SM15"}},
		{name: "nobody", manifests: npJoin(base, smIstio("AuthorizationPolicy", "none", "")), want: []string{"SM12"}},
		{name: "nobody else", manifests: npJoin(base, smIstio("AuthorizationPolicy", "none", ""), policy(from(web)))},
		{name: "denied", manifests: npJoin(base, policy("action: DENY, "+from(web))), want: []string{"SM12"}},
		{name: "denied to others", manifests: npJoin(base, policy("action: DENY, "+from("not"+strings.Replace(web, "p", "P", 1))))},
		{name: "denied in a rehearsal", manifests: npJoin(base, strings.Replace(policy("action: DENY, "+from(web)), "metadata: {", `metadata: {annotations: {istio.io/dry-run: "true"}, `, 1))},
		{name: "in plaintext", manifests: apart, want: []string{"SM12"}},
		{name: "in plaintext where it is taken", manifests: npJoin(apart, smIstio("PeerAuthentication", "api", `selector: {matchLabels: {app: api}}, portLevelMtls: {"8080": {mode: PERMISSIVE}}`))},
		{name: "a gateway of some identity", manifests: npJoin(base, gateway, policy("rules: [{from: [{source: {"+web+"}}, {source: {principals: [cluster.local/ns/edge/sa/gw]}}]}]")), skipped: []string{"SM15", "SM18"}},
		{name: "a gateway of a namespace", manifests: npJoin(base, gateway, policy("rules: [{from: [{source: {"+web+"}}, {source: {namespaces: [edge]}}]}]")), skipped: []string{"SM15"}},
		{name: "a gateway of none", manifests: npJoin(base, gateway, policy(from(web))), want: []string{"SM12"}},
		{name: "in a trust domain that nobody gives", manifests: npJoin(base, policy(from("principals: [corp.example/ns/shop/sa/web]"))), skipped: []string{"SM12"}},
		{name: "in the mesh's trust domain", manifests: npJoin(base, smTrust("corp.example"), policy(from("principals: [corp.example/ns/shop/sa/web]")))},
		{name: "in an alias of it", manifests: npJoin(base, smTrust("corp.example"), policy(from("principals: [old.example/ns/shop/sa/web]")))},
		{name: "in the one that stands for it", manifests: npJoin(base, smTrust("corp.example"), policy(from(web)))},
		{name: "in another one", manifests: npJoin(base, smTrust("corp.example"), policy(from("principals: [oops.example/ns/shop/sa/web]"))), want: []string{"SM12", "SM18"}},
		{name: "in the operator's", manifests: npJoin(base, "\napiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\nmetadata: {name: mesh, namespace: istio-system}\nspec: {meshConfig: {trustDomain: corp.example, trustDomainAliases: [old.example]}}\n", policy(from("principals: [old.example/ns/shop/sa/web]")))},
		{name: "in another than the operator's", manifests: npJoin(base, "\napiVersion: sailoperator.io/v1\nkind: Istio\nmetadata: {name: default}\nspec: {values: {meshConfig: {trustDomain: corp.example}}}\n", policy(from("principals: [old.example/ns/shop/sa/web]"))), want: []string{"SM12", "SM18"}},
		{name: "another account in a trust domain that nobody gives", manifests: npJoin(base, policy(from("principals: [corp.example/ns/shop/sa/api]"))), want: []string{"SM12"}},
		{name: "an outside caller of some account", manifests: npJoin(smShop, smStrict, smPods("api", "v1", ""), smService, smDR(smBreaker), policy(from("principals: [cluster.local/ns/ops/sa/portal]"))),
			model: "  namespace: shop\n  mesh: {provider: istio}\n  services:\n  - {name: api, ports: [{name: http, port: 80, targetPort: 8080}], callers: [{namespace: ops, podLabels: {app: portal}, port: http}]}\n", skipped: []string{"SM12", "SM18"}},
		{name: "an outside caller of another namespace", manifests: npJoin(smShop, smStrict, smPods("api", "v1", ""), smService, smDR(smBreaker), policy(from("principals: [cluster.local/ns/oops/sa/portal]"))),
			model: "  namespace: shop\n  mesh: {provider: istio}\n  services:\n  - {name: api, ports: [{name: http, port: 80, targetPort: 8080}], callers: [{namespace: ops, podLabels: {app: portal}, port: http}]}\n", want: []string{"SM12", "SM15"}, skipped: []string{"SM18"}},
	})
}

func TestMeshRequests(t *testing.T) {
	waypoint := smWaypoint("istio.io/waypoint-for: service", smHBONE)
	behind := npJoin(smAmbient, smLabelled("waypoint"), waypoint)
	target := smIstio("AuthorizationPolicy", "api", `targetRefs: [{group: "", kind: Service, name: api}], rules: [{to: [{operation: {methods: [GET]}}]}]`)
	selector := func(rule string) string {
		return smIstio("AuthorizationPolicy", "api", "selector: {matchLabels: {app: api}}, rules: [{"+rule+"}]")
	}
	one := smVS("route: [" + smDest(smAPI, "", "") + "]")
	smRun(t, []npCase{
		{name: "a target behind a waypoint", manifests: npJoin(behind, target), skipped: []string{"SM15"}},
		{name: "a target without one", manifests: npJoin(smAmbient, smService, target), want: []string{"SM13"}},
		{name: "a target that opts out", manifests: npJoin(smAmbient, smLabelled("none"), target), want: []string{"SM13"}},
		{name: "a headless target", manifests: npJoin(smAmbient, waypoint, strings.Replace(smLabelled("waypoint"), "spec: {", "spec: {clusterIP: None, ", 1), target), want: []string{"SM13"}},
		{name: "a target with sidecars", manifests: npJoin(smBase, target), want: []string{"SM13"}},
		{name: "a target that is not there", manifests: npJoin(behind, strings.Replace(target, "name: api}]", "name: apy}]", 1)), want: []string{"SM13"}},
		{name: "requests by selector", manifests: npJoin(behind, selector("to: [{operation: {methods: [GET]}}]")), want: []string{"SM13"}, skipped: []string{"SM15"}},
		{name: "a token by selector", manifests: npJoin(behind, selector(`from: [{source: {requestPrincipals: ["*"]}}]`)), want: []string{"SM13"}},
		{name: "a header by selector", manifests: npJoin(behind, selector(`when: [{key: "request.headers[x-a]", values: [b]}]`)), want: []string{"SM13"}, skipped: []string{"SM15"}},
		{name: "ports by selector", manifests: npJoin(behind, selector(`to: [{operation: {ports: ["8080"]}}]`)), skipped: []string{"SM15"}},
		{name: "requests by selector with sidecars", manifests: npJoin(smBase, selector("to: [{operation: {methods: [GET]}}]")), skipped: []string{"SM15"}},
		{name: "a route behind a waypoint", manifests: npJoin(behind, smRoute2("api"))},
		{name: "a route without one", manifests: npJoin(smAmbient, smService, smRoute2("api")), want: []string{"SM13"}},
		{name: "a VirtualService behind a waypoint", manifests: npJoin(behind, one)},
		{name: "a VirtualService without one", manifests: npJoin(smAmbient, smService, one), want: []string{"SM13"}},
		{name: "a waypoint that is not there", manifests: npJoin(smAmbient, smLabelled("waypoint")), want: []string{"SM13"}},
		{name: "a waypoint of another namespace", manifests: npJoin(smAmbient, strings.Replace(smLabelled("waypoint"), "labels: {", "labels: {istio.io/use-waypoint-namespace: edge, ", 1)), skipped: []string{"SM13"}},
		{name: "a waypoint for workloads", manifests: npJoin(smAmbient, smLabelled("waypoint"), smWaypoint("istio.io/waypoint-for: workload", smHBONE)), want: []string{"SM13"}},
		{name: "a waypoint for all", manifests: npJoin(smAmbient, smLabelled("waypoint"), smWaypoint("istio.io/waypoint-for: all", smHBONE))},
		{name: "a waypoint that speaks HTTP", manifests: npJoin(smAmbient, smLabelled("waypoint"), smWaypoint("", "{name: http, port: 80, protocol: HTTP}")), want: []string{"SM13"}},
	})
}

func TestMeshRetries(t *testing.T) {
	entry := func(more string) string { return smVS("route: [" + smDest(smAPI, "", "") + "], " + more) }
	timeouts := func(more string) string {
		return strings.Replace(smRoute2("api"), "rules: [{", "rules: [{"+more+", ", 1)
	}
	smRun(t, []npCase{
		{name: "fit", manifests: npJoin(smBase, entry("timeout: 4s, retries: {attempts: 2, perTryTimeout: 2s}"))},
		{name: "do not", manifests: npJoin(smBase, entry("timeout: 4s, retries: {attempts: 3, perTryTimeout: 2s}")), want: []string{"SM14"}},
		{name: "by a little", manifests: npJoin(smBase, entry("timeout: 3999ms, retries: {attempts: 2, perTryTimeout: 2s}")), want: []string{"SM14"}},
		{name: "as many as Istio does", manifests: npJoin(smBase, entry("timeout: 3s, retries: {perTryTimeout: 2s}")), want: []string{"SM14"}},
		{name: "none", manifests: npJoin(smBase, entry("timeout: 1s, retries: {attempts: 0, perTryTimeout: 2s}"))},
		{name: "no limit", manifests: npJoin(smBase, entry("timeout: 0s, retries: {attempts: 3, perTryTimeout: 2s}"))},
		{name: "no timeout", manifests: npJoin(smBase, entry("retries: {attempts: 3, perTryTimeout: 2s}"))},
		{name: "no duration", manifests: npJoin(smBase, entry("timeout: \"5\", retries: {attempts: 3, perTryTimeout: 2s}")), skipped: []string{"SM14"}},
		{name: "in the Gateway API", manifests: npJoin(smBase, timeouts("timeouts: {request: 1s, backendRequest: 2s}")), want: []string{"SM14"}},
		{name: "in the Gateway API with tries", manifests: npJoin(smBase, timeouts("timeouts: {request: 3s, backendRequest: 2s}, retry: {attempts: 2}")), want: []string{"SM14"}},
		{name: "in the Gateway API within the time", manifests: npJoin(smBase, timeouts("timeouts: {request: 3s, backendRequest: 1s}, retry: {attempts: 3}"))},
	})
}

// TestMeshWithoutAMesh: the rules that are about Istio say that there is none.
func TestMeshWithoutAMesh(t *testing.T) {
	files := tree.New()
	files.Set("all.yaml", []byte(npBase))
	w, _ := world(t, files, ".")
	r, err := Run(t.Context(), w, Options{Rules: []string{"SM"}, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range r.Skipped {
		got = append(got, s.Rule.ID+" "+s.Why)
	}
	var want []string
	for _, rule := range meshRules {
		if slices.Contains(rule.Reads, NeedsMesh) {
			want = append(want, rule.ID+" there is no mesh")
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("not checked (-want +got):\n%s", diff)
	}
}

// TestMeshMessages: what a finding says, and where.
func TestMeshMessages(t *testing.T) {
	for _, test := range []struct{ id, manifests, want string }{
		{"SM01", npJoin(smBase, smDR("subsets: [{name: v1, labels: {version: v1}}, {name: v20, labels: {version: v2}}]"), smVS("route: ["+smDest(smAPI, "v2", "")+"]")),
			"VirtualService shop/api: subset v2 of api.shop.svc.cluster.local is not defined: DestinationRule shop/api defines v1 and v20, and requests that are routed there get 503 | did you mean v1? Otherwise add {name: v2, labels: {version: v2}} to its subsets | spec.http[0].route[0].destination.subset"},
		{"SM03", npJoin(smBase, smVS("route: ["+smDest(smAPI, "", ", port: {number: 8080}")+"]")),
			"VirtualService shop/api: api.shop.svc.cluster.local has no port 8080; what is routed there gets 503 | write number: 80; 8080 is the container's port, and the Service's is wanted | spec.http[0].route[0].destination.port.number"},
		{"SM08", npJoin(smBase, smDR("trafficPolicy: {outlierDetection: {}}")),
			"DestinationRule shop/api: maxEjectionPercent is left out, which means 10, and 10 % of 4 pods is less than one pod of api.shop.svc.cluster.local: its circuit breaker never ejects any | write maxEjectionPercent: 25 or more | spec.trafficPolicy.outlierDetection.maxEjectionPercent"},
		{"SM12", npJoin(smCalled, smDR(smBreaker), smIstio("AuthorizationPolicy", "none", "")),
			"AuthorizationPolicy shop/none: shop/web-v1 is meant to call shop/api-v1 on 8080/TCP, and no rule admits it | write an AuthorizationPolicy that selects shop/api-v1, with the rule {from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}], to: [{operation: {ports: [\"8080\"]}}]} | spec.rules"},
	} {
		t.Run(test.id, func(t *testing.T) {
			files := tree.New()
			files.Set("all.yaml", []byte(test.manifests))
			w, _ := world(t, files, ".")
			r, err := Run(t.Context(), w, Options{Rules: []string{test.id}, Today: today})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Findings {
				got = append(got, f.Message+" | "+f.Fix+" | "+f.Field)
			}
			if diff := cmp.Diff([]string{test.want}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestFlaggerHosts: a Canary's three Services are hosts of the mesh before
// Flagger has made them.
func TestFlaggerHosts(t *testing.T) {
	files := tree.New()
	files.Set("all.yaml", []byte(npJoin(smShop, smStrict, smPods("api", "v1", ""), strings.NewReplacer("networking.istio.io/v1", "flagger.app/v1beta1").Replace(
		smIstio("Canary", "api", "targetRef: {apiVersion: apps/v1, kind: Deployment, name: api-v1}, service: {name: api, port: 80, targetPort: 8080}")))))
	w, _ := world(t, files, ".")
	m := (&Check{World: w}).mesh()
	got := map[string]presence{}
	for _, host := range []string{"api", "api-primary", "api-canary." + "shop.svc.cluster.local", "api-stable"} {
		got[host] = m.presence(m.host(host, "shop"))
	}
	want := map[string]presence{"api": presentHost, "api-primary": presentHost, "api-canary.shop.svc.cluster.local": presentHost, "api-stable": absentHost}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if pods := m.pods(m.host("api-primary", "shop")); !slices.ContainsFunc(pods, func(w *inventory.Workload) bool { return w.Name == "api-v1" }) {
		t.Errorf("the primary's pods are %v", pods)
	}
	if ports, known := m.ports(m.host("api-canary", "shop")); !known || !slices.Equal(ports, []int{80}) {
		t.Errorf("the canary's ports are %v", ports)
	}
	if made := inventory.All[manifest.Canary](w.Inventory); len(made) != 1 {
		t.Errorf("there are %d Canaries", len(made))
	}
}
