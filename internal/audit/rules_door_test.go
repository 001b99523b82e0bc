package audit

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/tree"
)

// judged are the messages of one rule about manifests, with the place of each;
// what was skipped stands after "skipped:".
func judged(t *testing.T, rule string, manifests ...string) []string {
	t.Helper()
	files := tree.New()
	files.Set("all.yaml", []byte(strings.Join(manifests, "\n---\n")))
	w, _ := world(t, files, ".")
	r, err := Run(context.Background(), w, Options{Today: today, Rules: []string{rule}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range r.Findings {
		if f.Line == 0 {
			t.Errorf("a finding has no place: %s", f.String())
		}
		out = append(out, f.Field+" "+f.Message)
	}
	for _, s := range r.Skipped {
		out = append(out, "skipped: "+strings.TrimPrefix(s.What+": ", ": ")+s.Why)
	}
	return out
}

// doorCase is a set of manifests and what a rule says of it.
type doorCase struct {
	name      string
	manifests []string
	want      []string
}

func judge(t *testing.T, rule string, cases []doorCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, judged(t, rule, c.manifests...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

const webService = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080, appProtocol: http}]`

// anIngress of a class, with annotations and TLS in one line each, and a backend.
func anIngress(class, annotations, tls, backend string) string {
	return fmt.Sprintf(`apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop, annotations: {%s}}
spec:
  ingressClassName: %s
  tls: [%s]
  rules:
  - host: shop.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: %s}]}`, annotations, class, tls, backend)
}

const (
	toWeb  = "{service: {name: web, port: {name: http}}}"
	webTLS = "{hosts: [shop.example.com], secretName: web-tls}"
)

// aGateway with listeners, each in one line; aRoute with what its spec holds.
func aGateway(namespace, class string, listeners ...string) string {
	return fmt.Sprintf("apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: %s}\nspec:\n  gatewayClassName: %s\n  listeners:\n  - %s", namespace, class, strings.Join(listeners, "\n  - "))
}

func aRoute(kind, name, parent, hosts, rule string) string {
	return fmt.Sprintf("apiVersion: gateway.networking.k8s.io/v1\nkind: %s\nmetadata: {name: %s, namespace: shop}\nspec:\n  parentRefs: [%s]\n  hostnames: [%s]\n  rules: [%s]", kind, name, parent, hosts, rule)
}

const (
	plainListener  = "{name: http, port: 80, protocol: HTTP}"
	secureListener = "{name: https, hostname: shop.example.com, port: 443, protocol: HTTPS, tls: {mode: Terminate, certificateRefs: [{name: web-tls}]}}"
	toWebPort      = "{backendRefs: [{name: web, port: 80}]}"
	toHTTPS        = "{filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]}"
)

func aCertificate(secret, hosts string) string {
	return fmt.Sprintf("apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: %s, namespace: shop}\nspec: {secretName: %s, dnsNames: [%s], issuerRef: {name: ca, kind: ClusterIssuer}}", secret, secret, hosts)
}

func TestIngressBackends(t *testing.T) {
	const path = "spec.rules[0].http.paths[0].backend"
	judge(t, "IN01", []doorCase{
		{"by name", []string{webService, anIngress("traefik", "", "", toWeb)}, nil},
		{"by number", []string{webService, anIngress("traefik", "", "", "{service: {name: web, port: {number: 80}}}")}, nil},
		{"the container's number", []string{webService, anIngress("traefik", "", "", "{service: {name: web, port: {number: 8080}}}")},
			[]string{path + ".service.port Ingress shop/web: Service web has no port 8080"}},
		{"no Service at all", []string{anIngress("traefik", "", "", toWeb)}, []string{"skipped: Ingress shop/web: no Service of namespace shop is given"}},
		{"another Service", []string{webService, anIngress("traefik", "", "", "{service: {name: api, port: {name: http}}}")},
			[]string{path + ".service.name Ingress shop/web: there is no Service shop/api"}},
		{"a resource", []string{webService, anIngress("traefik", "", "", "{resource: {kind: StorageBucket, name: x, apiGroup: example.com}}")},
			[]string{"skipped: Ingress shop/web, " + path + ": what its controller makes of a resource as backend is not known"}},
		{"nothing", []string{webService, anIngress("traefik", "", "", "{}")}, []string{path + " Ingress shop/web: it leads to no Service"}},
		{"an action of AWS", []string{webService, anIngress("alb", `alb.ingress.kubernetes.io/actions.away: "{}"`, "", "{service: {name: away, port: {name: use-annotation}}}")}, nil},
		{"an action that is none", []string{webService, anIngress("alb", "", "", "{service: {name: away, port: {name: use-annotation}}}")},
			[]string{path + ".service.name Ingress shop/web: the action away has no annotation alb.ingress.kubernetes.io/actions.away"}},
		{"a Service that Flagger makes", []string{webService, "apiVersion: flagger.app/v1beta1\nkind: Canary\nmetadata: {name: api, namespace: shop}\nspec: {targetRef: {apiVersion: apps/v1, kind: Deployment, name: api}, service: {port: 80}}",
			anIngress("traefik", "", "", "{service: {name: api-canary, port: {number: 80}}}")}, nil},
		{"a name outside", []string{"apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {type: ExternalName, externalName: web.example.net}", anIngress("traefik", "", "", toWeb)}, nil},
		{"an old version", []string{webService, strings.Replace(anIngress("traefik", "", "", toWeb), "networking.k8s.io/v1", "networking.k8s.io/v1beta1", 1)},
			[]string{"skipped: Ingress shop/web: networking.k8s.io/v1beta1 is no longer served, and its fields are other ones"}},
	})
}

func TestRouteBackends(t *testing.T) {
	gateway := aGateway("shop", "envoy-gateway", plainListener)
	judge(t, "IN02", []doorCase{
		{"right", []string{webService, gateway, aRoute("HTTPRoute", "web", "{name: edge}", "", toWebPort)}, nil},
		{"no port", []string{webService, gateway, aRoute("HTTPRoute", "web", "{name: edge}", "", "{backendRefs: [{name: web}]}")},
			[]string{"spec.rules[0].backendRefs[0].port HTTPRoute shop/web: it says no port of Service web"}},
		{"another namespace", []string{webService, aRoute("HTTPRoute", "web", "{name: edge}", "", "{backendRefs: [{name: api, namespace: pay, port: 80}]}")},
			[]string{"skipped: HTTPRoute shop/web, spec.rules[0].backendRefs[0]: no Service of namespace pay is given"}},
		{"another kind", []string{webService, aRoute("HTTPRoute", "web", "{name: edge}", "", "{backendRefs: [{group: net.gke.io, kind: ServiceImport, name: web, port: 80}]}")},
			[]string{"skipped: HTTPRoute shop/web, spec.rules[0].backendRefs[0]: whether ServiceImport web exists is not known"}},
		{"a rule that fails", []string{webService, aRoute("HTTPRoute", "web", "{name: edge}", "", "{matches: [{path: {type: PathPrefix, value: /}}]}")},
			[]string{"spec.rules[0] HTTPRoute shop/web: the rule has no backends, so what matches it fails"}},
		{"a redirect", []string{webService, aRoute("HTTPRoute", "web", "{name: edge}", "", toHTTPS)}, nil},
		{"a stream", []string{webService, aRoute("TCPRoute", "web", "{name: edge}", "", "{backendRefs: [{name: web, port: 81}]}")},
			[]string{"spec.rules[0].backendRefs[0].port TCPRoute shop/web: Service web has no port 81"}},
	})
}

func TestGrants(t *testing.T) {
	pay := strings.ReplaceAll(webService, "shop", "pay")
	there := "{backendRefs: [{name: web, namespace: pay, port: 80}]}"
	grant := func(kind, from, to string) string {
		return fmt.Sprintf("apiVersion: gateway.networking.k8s.io/v1beta1\nkind: ReferenceGrant\nmetadata: {name: x, namespace: pay}\nspec: {from: [{group: gateway.networking.k8s.io, kind: %s, namespace: %s}], to: [%s]}", kind, from, to)
	}
	gateway := aGateway("shop", "envoy-gateway", plainListener)
	missing := []string{"spec.rules[0].backendRefs[0].namespace HTTPRoute shop/web: no ReferenceGrant of namespace pay lets a HTTPRoute of namespace shop refer to Service web"}
	route := aRoute("HTTPRoute", "web", "{name: edge}", "", there)
	judge(t, "IN03", []doorCase{
		{"none", []string{pay, gateway, route}, missing},
		{"for all Services", []string{pay, gateway, route, grant("HTTPRoute", "shop", `{group: "", kind: Service}`)}, nil},
		{"for this one", []string{pay, gateway, route, grant("HTTPRoute", "shop", `{group: "", kind: Service, name: web}`)}, nil},
		{"for another one", []string{pay, gateway, route, grant("HTTPRoute", "shop", `{group: "", kind: Service, name: api}`)}, missing},
		{"for another kind", []string{pay, gateway, route, grant("GRPCRoute", "shop", `{group: "", kind: Service}`)}, missing},
		{"nothing is known there", []string{webService, gateway, route}, []string{"skipped: HTTPRoute shop/web, spec.rules[0].backendRefs[0].namespace: nothing of namespace pay is given, where a ReferenceGrant would be"}},
		{"a mesh needs none", []string{pay, webService, aRoute("HTTPRoute", "web", `{group: "", kind: Service, name: web}`, "", there)}, nil},
	})
}

func TestTLS(t *testing.T) {
	inClear := []string{"spec.rules Ingress shop/web: it serves shop.example.com in the clear: it has no TLS"}
	extra := strings.Replace(anIngress("haproxy", "", "", toWeb), "name: web, namespace: shop", "name: more, namespace: shop", 1)
	judge(t, "IN04", []doorCase{
		{"spec.tls", []string{anIngress("haproxy", "", webTLS, toWeb)}, nil},
		{"none", []string{anIngress("haproxy", "", "", toWeb)}, inClear},
		{"a class that nobody knows", []string{anIngress("other", "", "", toWeb)}, inClear},
		{"another Ingress has it for the host", []string{anIngress("haproxy", "", webTLS, toWeb), extra}, nil},
		{"AWS by its ports", []string{anIngress("alb", `alb.ingress.kubernetes.io/listen-ports: '[{"HTTPS": 443}]'`, "", toWeb)}, nil},
		{"AWS by an ARN", []string{anIngress("alb", "alb.ingress.kubernetes.io/certificate-arn: arn:x", "", toWeb)}, nil},
		{"AWS passes over spec.tls", []string{anIngress("alb", "", webTLS, toWeb)}, inClear},
		{"Google's own certificate", []string{anIngress("gce", "networking.gke.io/managed-certificates: web", "", toWeb)}, nil},
		{"OpenShift's route", []string{anIngress("openshift-default", "route.openshift.io/termination: edge", "", toWeb)}, nil},
		{"Traefik's router", []string{anIngress("traefik", `traefik.ingress.kubernetes.io/router.tls: "true"`, "", toWeb)}, nil},
		{"Traefik at the plain entry point", []string{anIngress("traefik", "traefik.ingress.kubernetes.io/router.entrypoints: web", webTLS, toWeb)}, inClear},
		{"a canary of ingress-nginx", []string{anIngress("nginx", `nginx.ingress.kubernetes.io/canary: "true"`, "", toWeb)}, nil},
		{"a plain listener", []string{aGateway("shop", "envoy-gateway", plainListener), aRoute("HTTPRoute", "web", "{name: edge}", "shop.example.com", toWebPort)},
			[]string{"spec.listeners[0].protocol Gateway shop/edge: its listener http serves shop.example.com in the clear, and no listener serves the same over TLS"}},
		{"a plain listener that redirects", []string{aGateway("shop", "envoy-gateway", plainListener), aRoute("HTTPRoute", "web", "{name: edge}", "shop.example.com", toHTTPS)}, nil},
		{"beside a secure one", []string{aGateway("shop", "envoy-gateway", plainListener, secureListener), aRoute("HTTPRoute", "web", "{name: edge}", "shop.example.com", toWebPort)}, nil},
		{"a stream", []string{aGateway("shop", "envoy-gateway", "{name: tcp, port: 5432, protocol: TCP}"), aRoute("TCPRoute", "web", "{name: edge}", "", toWebPort)}, nil},
		{"a Gateway elsewhere", []string{aRoute("HTTPRoute", "web", "{name: edge, namespace: infra}", "shop.example.com", toWebPort)}, []string{"skipped: HTTPRoute shop/web: Gateway infra/edge is not given"}},
	})
}

// TestVersionsRefusedOnce: what refuses the calls to two versions of one
// application is one fault.
func TestVersionsRefusedOnce(t *testing.T) {
	version := func(name string) string {
		return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + ", namespace: shop}\nspec: {template: {metadata: {labels: {app: web, version: " + name + "}}, spec: {containers: [{name: x, ports: [{containerPort: 8080}]}]}}}"
	}
	judge(t, "SM12", []doorCase{{"two versions", []string{
		"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled}}", version("web-v1"), version("web-v2"), webService,
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: front, namespace: shop}\nspec: {template: {metadata: {labels: {app: front}}, spec: {containers: [{name: x, env: [{name: WEB_ADDR, value: \"web:80\"}]}]}}}",
		"apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: none, namespace: shop}\nspec: {}",
	}, []string{"spec.rules AuthorizationPolicy shop/none: shop/front is meant to call shop/web-v1 and shop/web-v2 on 8080/TCP, and no rule admits it"}}})
}

// TestIstioDoors: a front door of Istio's own API.
func TestIstioDoors(t *testing.T) {
	gateway := "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: shop}\nspec: {selector: {istio: edge}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}]}"
	bound := func(name string) string {
		return "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec: {hosts: [shop.example.com], gateways: [" + name + "], http: [{route: [{destination: {host: web, port: {number: 80}}}]}]}"
	}
	judge(t, "IN12", []doorCase{
		{"bound", []string{gateway, bound("gw")}, nil},
		{"bound by its namespace", []string{gateway, bound("shop/gw")}, nil},
		{"the mesh", []string{bound("mesh")}, nil},
		{"none of that name", []string{gateway, bound("nogw")}, []string{"spec.gateways[0] VirtualService shop/web: Gateway shop/nogw does not exist: what comes in from outside does not meet these routes"}},
		{"none at all", []string{bound("nogw")}, []string{"spec.gateways[0] VirtualService shop/web: Gateway shop/nogw does not exist: what comes in from outside does not meet these routes"}},
		{"one elsewhere", []string{bound("edge/gw")}, []string{"skipped: VirtualService shop/web, spec.gateways[0]: Gateway edge/gw is not given, nor anything else of its namespace"}},
	})
	judge(t, "IN04", []doorCase{
		{"in the clear", []string{gateway, bound("gw")}, []string{"spec.servers[0].port.protocol Gateway shop/gw: a server serves shop.example.com in the clear, and none serves the same over TLS"}},
	})
	files := tree.New()
	files.Set("all.yaml", []byte(gateway+"\n---\n"+bound("gw")+"\n---\n"+webService))
	w, _ := world(t, files, ".")
	if len(w.Doors) != 1 || len(w.Doors[0].From) != 1 {
		t.Fatalf("doors: %+v", w.Doors)
	}
	p := w.Doors[0].From[0].Workload
	got := fmt.Sprint(p.Namespace, p.Labels, p.Mesh, p.Role)
	if diff := cmp.Diff(fmt.Sprint("istio-system", map[string]string{"istio": "edge"}, reach.Gateway, reach.FrontDoor), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestBalancersInTheClear: a load balancer that serves HTTP has no front door's TLS.
func TestBalancersInTheClear(t *testing.T) {
	balancer := func(ports, more string) string {
		return aService("app: web", ports, ", type: LoadBalancer, loadBalancerSourceRanges: [203.0.113.0/24]"+more)
	}
	annotated := func(annotation string) string {
		return strings.Replace(balancer(httpPort, ""), "namespace: shop}", "namespace: shop, annotations: {"+annotation+"}}", 1)
	}
	const clear = " in the clear: it is HTTP without TLS"
	judge(t, "IN04", []doorCase{
		{"by its appProtocol", []string{balancer("{name: web, port: 9000, appProtocol: http}", "")}, []string{"spec.ports[0].appProtocol Service shop/web: its load balancer serves port 9000 (web)" + clear}},
		{"by its name", []string{balancer("{name: http-web, port: 9000}", "")}, []string{"spec.ports[0] Service shop/web: its load balancer serves port 9000 (http-web)" + clear}},
		{"by its number", []string{balancer("{port: 80}", "")}, []string{"spec.ports[0] Service shop/web: its load balancer serves port 80" + clear}},
		{"HTTPS", []string{balancer("{name: https, port: 443, appProtocol: https}", "")}, nil},
		{"a database", []string{balancer("{name: tcp-postgres, port: 5432, appProtocol: tcp}", "")}, nil},
		{"TCP on port 80", []string{balancer("{name: tcp-web, port: 80}", "")}, nil},
		{"a certificate of the cloud's", []string{annotated(`service.beta.kubernetes.io/aws-load-balancer-ssl-cert: "arn:x"`)}, nil},
		{"inside the network", []string{annotated(`service.beta.kubernetes.io/aws-load-balancer-internal: "true"`)}, nil},
		{"the front door itself", []string{aService("app.kubernetes.io/name: traefik", httpPort, ", type: LoadBalancer")}, nil},
		{"no load balancer", []string{aService("app: web", httpPort, "")}, nil},
	})
}

const aSecret = "apiVersion: v1\nkind: Secret\nmetadata: {name: other-tls, namespace: shop}\ntype: kubernetes.io/tls"

func TestCertificates(t *testing.T) {
	nobody := func(field, object, secret string) []string {
		return []string{field + " " + object + ": nobody makes Secret shop/" + secret + ", with which it serves shop.example.com: no Certificate, no annotation for cert-manager, no Secret among the manifests"}
	}
	in := anIngress("haproxy", "", webTLS, toWeb)
	judge(t, "IN05", []doorCase{
		{"a Certificate", []string{in, aCertificate("web-tls", "shop.example.com")}, nil},
		{"a wildcard", []string{in, aCertificate("web-tls", `"*.example.com"`)}, nil},
		{"a wildcard too high", []string{in, aCertificate("web-tls", `"*.com"`)}, []string{"spec.dnsNames Certificate shop/web-tls: it makes Secret web-tls, with which shop.example.com is served, and does not cover that host"}},
		{"a wildcard one label above", []string{strings.ReplaceAll(in, "shop.example.com", "a.shop.example.com"), aCertificate("web-tls", `"*.example.com"`)},
			[]string{"spec.dnsNames Certificate shop/web-tls: it makes Secret web-tls, with which a.shop.example.com is served, and does not cover that host"}},
		{"nobody", []string{in, aCertificate("api-tls", "api.example.com")}, nobody("spec.tls[0].secretName", "Ingress shop/web", "web-tls")},
		{"nobody, beside a Secret", []string{in, aSecret}, nobody("spec.tls[0].secretName", "Ingress shop/web", "web-tls")},
		{"no certificate at all", []string{in}, []string{"skipped: Ingress shop/web, spec.tls[0].secretName: Secret web-tls is not among the manifests, nor is any other certificate of namespace shop"}},
		{"an issuer's annotation", []string{anIngress("haproxy", "cert-manager.io/cluster-issuer: ca", webTLS, toWeb)}, nil},
		{"an issuer's annotation and no hosts", []string{anIngress("haproxy", "cert-manager.io/cluster-issuer: ca", "{secretName: web-tls}", toWeb)},
			[]string{"spec.tls[0] Ingress shop/web: cert-manager issues no certificate for an entry without hosts"}},
		{"a sealed Secret", []string{in, "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: web-tls, namespace: shop}\nspec: {}"},
			[]string{"skipped: Ingress shop/web, spec.tls[0].secretName: what is inside Secret shop/web-tls is not read"}},
		{"a Secret from outside", []string{in, "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: x, namespace: shop}\nspec: {target: {name: web-tls}}"},
			[]string{"skipped: Ingress shop/web, spec.tls[0].secretName: what is inside Secret shop/web-tls is not read"}},
		{"the controller's own", []string{anIngress("haproxy", "", "{hosts: [shop.example.com]}", toWeb)},
			[]string{"skipped: Ingress shop/web, spec.tls[0]: without a secretName it is the controller's default certificate, which is not given"}},
		{"another host", []string{anIngress("haproxy", "", "{hosts: [www.example.com], secretName: web-tls}", toWeb), aCertificate("web-tls", "www.example.com")},
			[]string{"spec.rules[0].host Ingress shop/web: the hosts of its TLS are www.example.com, and it serves shop.example.com too"}},
		{"AWS", []string{anIngress("alb", "", webTLS, toWeb)}, []string{"skipped: Ingress shop/web: AWS finds the certificate by the host, among those that it keeps"}},
		{"a listener", []string{aGateway("shop", "envoy-gateway", secureListener), aSecret}, nobody("spec.listeners[0].tls.certificateRefs[0].name", "Gateway shop/edge", "web-tls")},
		{"a listener with a Certificate", []string{aGateway("shop", "envoy-gateway", secureListener), aCertificate("web-tls", "shop.example.com")}, nil},
		{"an annotated Gateway", []string{strings.Replace(aGateway("shop", "envoy-gateway", secureListener), "namespace: shop}", "namespace: shop, annotations: {cert-manager.io/issuer: ca}}", 1)}, nil},
		{"two certificates", []string{aGateway("shop", "envoy-gateway", strings.Replace(secureListener, "{name: web-tls}", "{name: old-tls}, {name: web-tls}", 1)), aCertificate("old-tls", "old.example.com"), aCertificate("web-tls", "shop.example.com")}, nil},
		{"a listener for the routes' hosts", []string{aGateway("shop", "envoy-gateway", strings.Replace(secureListener, "hostname: shop.example.com, ", "", 1)), aRoute("HTTPRoute", "web", "{name: edge}", "shop.example.com", toWebPort), aCertificate("web-tls", "www.example.com")},
			[]string{"spec.dnsNames Certificate shop/web-tls: it makes Secret web-tls, with which shop.example.com is served, and does not cover that host"}},
		{"passed through", []string{aGateway("shop", "envoy-gateway", "{name: tls, port: 443, protocol: TLS, tls: {mode: Passthrough}}")}, nil},
		{"none", []string{aGateway("shop", "envoy-gateway", "{name: https, port: 443, protocol: HTTPS, tls: {mode: Terminate}}")},
			[]string{"spec.listeners[0].tls Gateway shop/edge: its listener https ends TLS and has no certificate"}},
		{"Google's map", []string{strings.Replace(aGateway("shop", "gke-l7-global-external-managed", "{name: https, port: 443, protocol: HTTPS}"), "namespace: shop}", "namespace: shop, annotations: {networking.gke.io/certmap: x}}", 1)},
			[]string{"skipped: Gateway shop/edge, listener https: its certificate is the cloud's to keep"}},
	})
}

// TestSecretByHand: where cert-manager is not used, a Secret that is not among
// the manifests may be brought by hand.
func TestSecretByHand(t *testing.T) {
	severity := func(more ...string) string {
		files := tree.New()
		files.Set("all.yaml", []byte(strings.Join(append(more, anIngress("haproxy", "", webTLS, toWeb)), "\n---\n")))
		w, _ := world(t, files, ".")
		r, err := Run(context.Background(), w, Options{Today: today, Rules: []string{"IN05"}})
		if err != nil || len(r.Findings) != 1 {
			t.Fatal(err, open(r))
		}
		return string(r.Findings[0].Severity)
	}
	if diff := cmp.Diff([]string{"warning", "error"}, []string{severity(aSecret), severity(aCertificate("api-tls", "api.example.com"))}); diff != "" {
		t.Error(diff)
	}
}

func TestRedirects(t *testing.T) {
	traefikWith := func(more string) string {
		return `apiVersion: apps/v1
kind: Deployment
metadata: {name: traefik, namespace: traefik}
spec: {template: {metadata: {labels: {app: traefik}}, spec: {containers: [{name: traefik, args: ["--entryPoints.web.address=:8000/tcp"` + more + `]}]}}}`
	}
	says := func(field, why string) []string {
		return []string{field + " Ingress shop/web: it serves shop.example.com over TLS, and " + why}
	}
	annotated := func(key string) string { return "metadata.annotations[" + key + "]" }
	const entries, middlewares = "traefik.ingress.kubernetes.io/router.entrypoints", "traefik.ingress.kubernetes.io/router.middlewares"
	toHTTPSBy := "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {name: away, namespace: shop}\nspec: {redirectScheme: {scheme: https}}"
	chain := "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {name: all, namespace: shop}\nspec: {chain: {middlewares: [{name: away}]}}"
	second := func(annotations string) string {
		return strings.Replace(anIngress("traefik", annotations, "", toWeb), "name: web, namespace: shop", "name: web-plain, namespace: shop", 1)
	}
	gateway := aGateway("shop", "envoy-gateway", plainListener, secureListener)
	served := aRoute("HTTPRoute", "web", "{name: edge, sectionName: https}", "shop.example.com", toWebPort)
	judge(t, "IN06", []doorCase{
		{"nginx by itself", []string{anIngress("nginx", "", webTLS, toWeb)}, nil},
		{"nginx told not to", []string{anIngress("nginx", `nginx.ingress.kubernetes.io/ssl-redirect: "false"`, webTLS, toWeb)},
			says(annotated("nginx.ingress.kubernetes.io/ssl-redirect"), `its annotation nginx.ingress.kubernetes.io/ssl-redirect: "false" turns the redirect off`)},
		{"nginx forced", []string{anIngress("nginx", `nginx.ingress.kubernetes.io/ssl-redirect: "false", nginx.ingress.kubernetes.io/force-ssl-redirect: "true"`, webTLS, toWeb)}, nil},
		{"haproxy by itself", []string{anIngress("haproxy", "", webTLS, toWeb)}, nil},
		{"haproxy told not to", []string{anIngress("haproxy", `haproxy.org/ssl-redirect: "false"`, webTLS, toWeb)}, says(annotated("haproxy.org/ssl-redirect"), `its annotation haproxy.org/ssl-redirect: "false" turns the redirect off`)},
		{"cilium told not to", []string{anIngress("cilium", "ingress.cilium.io/force-https: disabled", webTLS, toWeb)}, says(annotated("ingress.cilium.io/force-https"), `its annotation ingress.cilium.io/force-https: "disabled" turns the redirect off`)},
		{"contour", []string{anIngress("contour", "", webTLS, toWeb)}, says("spec.tls", "plain HTTP to it is not redirected")},
		{"contour told to", []string{anIngress("contour", `ingress.kubernetes.io/force-ssl-redirect: "true"`, webTLS, toWeb)}, nil},
		{"contour without HTTP", []string{anIngress("contour", `kubernetes.io/ingress.allow-http: "false"`, webTLS, toWeb)}, nil},
		{"AWS", []string{anIngress("alb", `alb.ingress.kubernetes.io/listen-ports: '[{"HTTP": 80}, {"HTTPS": 443}]'`, "", toWeb)}, says("spec.tls", "plain HTTP to it is not redirected")},
		{"AWS told to", []string{anIngress("alb", `alb.ingress.kubernetes.io/listen-ports: '[{"HTTP": 80}, {"HTTPS": 443}]', alb.ingress.kubernetes.io/ssl-redirect: "443"`, "", toWeb)}, nil},
		{"AWS without HTTP", []string{anIngress("alb", `alb.ingress.kubernetes.io/listen-ports: '[{"HTTPS": 443}]'`, "", toWeb)}, nil},
		{"Google", []string{anIngress("gce", "", webTLS, toWeb)}, says("spec.tls", "plain HTTP to it is not redirected")},
		{"Google by a FrontendConfig", []string{anIngress("gce", "networking.gke.io/v1beta1.FrontendConfig: web", webTLS, toWeb),
			"apiVersion: networking.gke.io/v1beta1\nkind: FrontendConfig\nmetadata: {name: web, namespace: shop}\nspec: {redirectToHttps: {enabled: true}}"}, nil},
		{"Google by one that is none", []string{anIngress("gce", "networking.gke.io/v1beta1.FrontendConfig: web", webTLS, toWeb)},
			says(annotated("networking.gke.io/v1beta1.FrontendConfig"), "FrontendConfig web does not redirect, or is not there")},
		{"a class that nobody knows", []string{anIngress("other", "", webTLS, toWeb)}, []string{"skipped: Ingress shop/web: how class other redirects is not known"}},
		{"Traefik", []string{anIngress("traefik", "", webTLS, toWeb)}, []string{"skipped: Ingress shop/web: Traefik's entry point may redirect, whose configuration is not given"}},
		{"Traefik, whose entry point does not redirect", []string{anIngress("traefik", "", webTLS, toWeb), traefikWith("")}, says("spec.tls", "no Middleware at the plain entry point redirects it")},
		{"Traefik, whose entry point redirects", []string{anIngress("traefik", "", webTLS, toWeb), traefikWith(`, "--entryPoints.web.http.redirections.entryPoint.to=websecure"`)}, nil},
		{"Traefik, where others are redirected", []string{anIngress("traefik", "", webTLS, toWeb), toHTTPSBy}, says("spec.tls", "no Middleware at the plain entry point redirects it")},
		{"Traefik beside the plain entry point", []string{anIngress("traefik", entries+": websecure", webTLS, toWeb), second(entries + ": web")}, says("metadata.annotations["+entries+"]", "no Middleware at the plain entry point redirects it")},
		{"Traefik without namespaces", []string{strings.Replace(anIngress("traefik", middlewares+": default-away@kubernetescrd", webTLS, toWeb), ", namespace: shop", "", 1), strings.Replace(toHTTPSBy, ", namespace: shop", "", 1)}, nil},
		{"Traefik by its own Middleware", []string{anIngress("traefik", middlewares+": shop-away@kubernetescrd", webTLS, toWeb), toHTTPSBy}, nil},
		{"Traefik by a chain", []string{anIngress("traefik", middlewares+": shop-all@kubernetescrd", webTLS, toWeb), toHTTPSBy, chain}, nil},
		{"Traefik by another Ingress", []string{anIngress("traefik", entries+": websecure", webTLS, toWeb), toHTTPSBy, second(entries + ": web, " + middlewares + ": shop-away@kubernetescrd")}, nil},
		{"Traefik by a router with TLS", []string{anIngress("traefik", middlewares+`: shop-away@kubernetescrd, traefik.ingress.kubernetes.io/router.tls: "true"`, webTLS, toWeb), toHTTPSBy},
			says(annotated(middlewares), "a router with TLS does not answer plain HTTP, so its Middleware never redirects")},
		{"Traefik by another provider's", []string{anIngress("traefik", entries+": websecure", webTLS, toWeb), second(entries + ": web, " + middlewares + ": away@file")},
			[]string{"skipped: Ingress shop/web: a Middleware of theirs is in no manifest"}},
		{"a Gateway", []string{gateway, served}, []string{"spec.listeners[1].hostname Gateway shop/edge: it serves shop.example.com over TLS, and no route at a plain listener redirects there"}},
		{"a Gateway with a redirect", []string{gateway, served, aRoute("HTTPRoute", "away", "{name: edge, sectionName: http}", "shop.example.com", toHTTPS)}, nil},
		{"a Gateway with a redirect for all", []string{gateway, served, aRoute("HTTPRoute", "away", "{name: edge, sectionName: http}", "", toHTTPS)}, nil},
		{"a Gateway with a redirect for all below", []string{gateway, served, aRoute("HTTPRoute", "away", "{name: edge, sectionName: http}", `"*.example.com"`, toHTTPS)}, nil},
		{"a Gateway with a redirect for others", []string{gateway, served, aRoute("HTTPRoute", "away", "{name: edge, sectionName: http}", "www.example.com", toHTTPS)},
			[]string{"spec.listeners[1].hostname Gateway shop/edge: it serves shop.example.com over TLS, and no route at a plain listener redirects there"}},
		{"a redirect that hangs nowhere", []string{gateway, served, aRoute("HTTPRoute", "away", "{name: edge, sectionName: plain}", "shop.example.com", toHTTPS)}, nil},
		{"a Gateway without HTTP", []string{aGateway("shop", "envoy-gateway", secureListener), served}, nil},
		{"in the clear as well", []string{gateway, aRoute("HTTPRoute", "web", "{name: edge}", "shop.example.com", toWebPort)},
			[]string{"spec.parentRefs[0] HTTPRoute shop/web: listener http of Gateway shop/edge serves shop.example.com in the clear, beside TLS"}},
		{"passed through", []string{aGateway("shop", "envoy-gateway", plainListener, "{name: tls, hostname: shop.example.com, port: 443, protocol: TLS, tls: {mode: Passthrough}}"), aRoute("TLSRoute", "web", "{name: edge}", "shop.example.com", toWebPort)}, nil},
	})
}

func TestIstioGateways(t *testing.T) {
	gateway := func(servers string) string {
		return "apiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec: {selector: {istio: ingressgateway}, servers: [" + servers + "]}"
	}
	route := func(http string) string {
		return "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec: {hosts: [shop.example.com], gateways: [edge], http: [" + http + "]}"
	}
	const (
		plain  = "{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com]}"
		any    = "{port: {number: 80, name: http, protocol: HTTP}, hosts: ['shop/*']}"
		away   = "{port: {number: 80, name: http, protocol: HTTP}, hosts: [shop.example.com], tls: {httpsRedirect: true}}"
		secure = "{port: {number: 443, name: https, protocol: HTTPS}, hosts: [shop.example.com], tls: {mode: SIMPLE, credentialName: web-tls}}"
		web    = "{route: [{destination: {host: web}}]}"
	)
	judge(t, "IN04", []doorCase{
		{"plain", []string{gateway(plain), route(web)}, []string{"spec.servers[0].port.protocol Gateway shop/edge: a server serves shop.example.com in the clear, and none serves the same over TLS"}},
		{"plain for all", []string{gateway(any), route(web)}, []string{"spec.servers[0].port.protocol Gateway shop/edge: a server serves any host in the clear, and none serves the same over TLS"}},
		{"secure", []string{gateway(away + ", " + secure), route(web)}, nil},
		{"both", []string{gateway(plain + ", " + secure), route(web)}, nil},
		{"bound to by nobody", []string{gateway(plain)}, nil},
	})
	judge(t, "IN06", []doorCase{
		{"both", []string{gateway(plain + ", " + secure), route(web)}, []string{"spec.servers[0] Gateway shop/edge: a server serves shop.example.com in the clear, beside TLS"}},
		{"a redirect", []string{gateway(away + ", " + secure), route(web)}, nil},
		{"a redirect by the route", []string{gateway(plain + ", " + secure), route("{match: [{scheme: {exact: http}}], redirect: {scheme: https}}, " + web)}, nil},
	})
	judge(t, "IN05", []doorCase{
		{"a Secret", []string{gateway(secure), route(web)}, []string{"skipped: Gateway shop/edge, spec.servers[0]: Secret web-tls stands in the namespace of the gateway's pods, which is not given"}},
	})
}
