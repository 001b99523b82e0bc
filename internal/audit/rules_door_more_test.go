package audit

import (
	"strings"
	"testing"
)

func TestClasses(t *testing.T) {
	without := func(annotations string) string {
		return strings.Replace(anIngress("gone", annotations, "", toWeb), "  ingressClassName: gone\n", "", 1)
	}
	judge(t, "IN07", []doorCase{
		{"the field", []string{anIngress("traefik", "", "", toWeb)}, nil},
		{"nothing", []string{without("")}, []string{"spec Ingress shop/web: it says no class, and no IngressClass that is given is the default"}},
		{"a default", []string{without(""), "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: traefik, annotations: {ingressclass.kubernetes.io/is-default-class: \"true\"}}\nspec: {controller: traefik.io/ingress-controller}"}, nil},
		{"the annotation", []string{without("kubernetes.io/ingress.class: traefik")}, []string{"metadata.annotations[kubernetes.io/ingress.class] Ingress shop/web: the annotation for the class is deprecated"}},
		{"both", []string{anIngress("traefik", "kubernetes.io/ingress.class: traefik", "", toWeb)},
			[]string{"metadata.annotations[kubernetes.io/ingress.class] Ingress shop/web: it says its class twice, as traefik and as traefik, which the API server refuses"}},
		{"Google by the annotation", []string{without("kubernetes.io/ingress.class: gce")}, nil},
		{"Google by the field", []string{anIngress("gce", "", "", toWeb)}, []string{"spec.ingressClassName Ingress shop/web: Google Cloud does not read ingressClassName"}},
	})
}

func TestRetired(t *testing.T) {
	const fact = "ingress-nginx was retired in March 2026 and gets no more fixes"
	class := func(controller string) string {
		return "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: nginx}\nspec: {controller: " + controller + "}"
	}
	controller := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: controller, namespace: ingress-nginx}\nspec: {template: {metadata: {labels: {app: x}}, spec: {containers: [{name: controller, image: registry.k8s.io/ingress-nginx/controller:v1.12.0}]}}}"
	judge(t, "IN08", []doorCase{
		{"its annotations", []string{anIngress("public", `nginx.ingress.kubernetes.io/ssl-redirect: "true"`, "", toWeb)}, []string{"spec.ingressClassName Ingress shop/web: it is served by ingress-nginx; " + fact}},
		{"its class", []string{anIngress("nginx", "", "", toWeb), class("k8s.io/ingress-nginx")}, []string{"spec.ingressClassName Ingress shop/web: it is served by ingress-nginx; " + fact}},
		{"itself, once", []string{controller, anIngress("nginx", `nginx.ingress.kubernetes.io/ssl-redirect: "true"`, "", toWeb)},
			[]string{"spec.template.spec.containers[0].image Deployment ingress-nginx/controller: it runs ingress-nginx; " + fact}},
		{"F5's class", []string{anIngress("nginx", "", "", toWeb), class("nginx.org/ingress-controller")}, nil},
		{"F5's annotations", []string{anIngress("nginx", "nginx.org/hsts: x", "", toWeb)}, nil},
		{"nobody says whose", []string{anIngress("nginx", "", "", toWeb)}, []string{"skipped: Ingress shop/web: class nginx is the retired controller's and F5's, and nothing says whose it is here"}},
		{"another", []string{anIngress("traefik", "", "", toWeb)}, nil},
	})
}

func TestRewrites(t *testing.T) {
	const target = "nginx.ingress.kubernetes.io/rewrite-target"
	at := func(path, kind, to string) string {
		in := anIngress("nginx", target+": "+to, "", toWeb)
		return strings.Replace(in, "path: /, pathType: Prefix", "path: '"+path+"', pathType: "+kind, 1)
	}
	const place = "spec.rules[0].http.paths[0].path Ingress shop/web: "
	middleware := func(spec string) []string {
		return []string{anIngress("traefik", "traefik.ingress.kubernetes.io/router.middlewares: shop-x@kubernetescrd", "", toWeb),
			"apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {name: x, namespace: shop}\nspec: " + spec}
	}
	route := func(match, to string) []string {
		return []string{aRoute("HTTPRoute", "web", "{name: edge}", "", "{matches: [{path: {type: "+match+", value: /app}}], filters: [{type: URLRewrite, urlRewrite: {path: "+to+"}}], backendRefs: [{name: web, port: 80}]}")}
	}
	judge(t, "IN09", []doorCase{
		{"the guide's", []string{at("/app", "Prefix", "/")}, []string{"metadata.annotations[" + target + "] Ingress shop/web: / replaces all of a path below /app: what follows it is dropped"}},
		{"the right form", []string{at("/app(/|$)(.*)", "ImplementationSpecific", "/$2")}, nil},
		{"a group that is none", []string{at("/app/(.*)", "ImplementationSpecific", "/$2")}, []string{place + "/$2 names group 2, and /app/(.*) has 1: what follows it is dropped"}},
		{"another path too", []string{at("/app(.*)", "ImplementationSpecific", "/$1")}, []string{place + "/app(.*) takes /appx too, which is another path"}},
		{"whole segments", []string{at("/app/(.*)", "ImplementationSpecific", "/$1")}, nil},
		{"an exact path", []string{at("/app", "Exact", "/")}, nil},
		{"the same path", []string{at("/", "Prefix", "/")}, nil},
		{"an expression of another kind", []string{at("/app(?=/)(.*)", "ImplementationSpecific", "/$1")}, []string{"skipped: Ingress shop/web, spec.rules[0].http.paths[0].path: its expression is not one that is understood here"}},
		{"Traefik with a group", middleware(`{replacePathRegex: {regex: "^/app(?:/(.*))?$", replacement: "/$1"}}`), nil},
		{"Traefik without", middleware(`{replacePathRegex: {regex: "^/app.*", replacement: "/"}}`), []string{"spec.replacePathRegex.replacement Middleware shop/x: / names no group of ^/app.*: what follows the prefix is dropped"}},
		{"Traefik with a group that is none", middleware(`{replacePathRegex: {regex: "^/app.*", replacement: "/$1"}}`), []string{"spec.replacePathRegex.replacement Middleware shop/x: /$1 names group 1, and ^/app.* has 0"}},
		{"Traefik's whole path", middleware(`{replacePath: {path: /}}`), []string{"spec.replacePath Middleware shop/x: it replaces all of a path, so what follows the prefix is dropped"}},
		{"Traefik's prefix", middleware(`{stripPrefix: {prefixes: [/app]}}`), nil},
		{"a route's prefix", route("PathPrefix", "{type: ReplacePrefixMatch, replacePrefixMatch: /}"), nil},
		{"a route's whole path", route("PathPrefix", "{type: ReplaceFullPath, replaceFullPath: /x}"), []string{"spec.rules[0].filters[0].urlRewrite.path HTTPRoute shop/web: it replaces all of a path behind a prefix with /x, so what follows is dropped"}},
		{"a route's exact path", route("Exact", "{type: ReplaceFullPath, replaceFullPath: /x}"), nil},
	})
}

func TestSnippets(t *testing.T) {
	judge(t, "IN10", []doorCase{
		{"none", []string{anIngress("traefik", "", "", toWeb)}, nil},
		{"ingress-nginx", []string{anIngress("nginx", "nginx.ingress.kubernetes.io/server-snippet: x", "", toWeb)},
			[]string{"metadata.annotations[nginx.ingress.kubernetes.io/server-snippet] Ingress shop/web: nginx.ingress.kubernetes.io/server-snippet writes raw configuration into the proxy that everyone shares"}},
		{"on a Service", []string{strings.Replace(webService, "namespace: shop}", "namespace: shop, annotations: {haproxy.org/backend-config-snippet: x}}", 1)},
			[]string{"metadata.annotations[haproxy.org/backend-config-snippet] Service shop/web: haproxy.org/backend-config-snippet writes raw configuration into the proxy that everyone shares"}},
	})
}

func TestHosts(t *testing.T) {
	rename := func(in, name string) string {
		return strings.Replace(in, "name: web, namespace: shop", "name: "+name+", namespace: shop", 1)
	}
	in := anIngress("traefik", "", "", toWeb)
	const twice = "spec.rules[0].http.paths[0].path Ingress shop/b: shop.example.com/ is Ingress shop/web's already"
	gateway := aGateway("shop", "envoy-gateway", plainListener, secureListener)
	a := aRoute("HTTPRoute", "a", "{name: edge, sectionName: https}", "shop.example.com", toWebPort)
	match := func(name, match string) string {
		return aRoute("HTTPRoute", name, "{name: edge, sectionName: https}", "shop.example.com", "{matches: ["+match+"], backendRefs: [{name: web, port: 80}]}")
	}
	judge(t, "IN11", []doorCase{
		{"a host", []string{in}, nil},
		{"no host", []string{strings.Replace(in, "host: shop.example.com\n    http", "http", 1)}, []string{"spec.rules[0] Ingress shop/web: a rule has no host, so it serves any"}},
		{"a wildcard", []string{strings.Replace(in, "host: shop.example.com", `host: "*.example.com"`, 1)}, []string{"spec.rules[0].host Ingress shop/web: it serves every host below example.com"}},
		{"a default backend", []string{"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web, namespace: shop}\nspec: {ingressClassName: traefik, defaultBackend: " + toWeb + "}"}, []string{"spec.defaultBackend Ingress shop/web: it serves any host"}},
		{"twice", []string{in, rename(in, "b")}, []string{twice}},
		{"twice, of two classes", []string{in, rename(strings.Replace(in, "ClassName: traefik", "ClassName: contour", 1), "b")}, nil},
		{"at two entry points", []string{rename(anIngress("traefik", "traefik.ingress.kubernetes.io/router.entrypoints: web", "", toWeb), "a"), rename(anIngress("traefik", "traefik.ingress.kubernetes.io/router.entrypoints: websecure", "", toWeb), "b")}, nil},
		{"a canary", []string{anIngress("nginx", "", "", toWeb), rename(anIngress("nginx", `nginx.ingress.kubernetes.io/canary: "true"`, "", toWeb), "b")}, nil},
		{"two routes", []string{gateway, a, match("b", "{path: {value: /, type: PathPrefix}}")}, []string{"spec.rules[0] HTTPRoute shop/b: what it matches for shop.example.com at listener https of Gateway shop/edge is HTTPRoute shop/a's already"}},
		{"two routes of two paths", []string{gateway, a, match("b", "{path: {value: /b, type: PathPrefix}}")}, nil},
		{"two routes by a header", []string{gateway, a, match("b", "{path: {value: /, type: PathPrefix}, headers: [{name: x, value: new}]}")}, nil},
		{"any host", []string{gateway, aRoute("HTTPRoute", "a", "{name: edge, sectionName: http}", "", toWebPort)}, []string{"spec HTTPRoute shop/a: neither it nor its listener names a host, so it serves any"}},
		{"the listener's host", []string{gateway, aRoute("HTTPRoute", "a", "{name: edge, sectionName: https}", "", toWebPort)}, nil},
		{"a redirect of any host", []string{gateway, aRoute("HTTPRoute", "a", "{name: edge, sectionName: http}", "", toHTTPS)}, nil},
		{"a mesh's", []string{webService, aRoute("HTTPRoute", "a", `{group: "", kind: Service, name: web}`, "", toWebPort)}, nil},
	})
}

func TestParents(t *testing.T) {
	gateway := aGateway("shop", "envoy-gateway", plainListener, secureListener, "{name: db, port: 5432, protocol: TCP}")
	elsewhere := func(allowed string) string {
		return aGateway("infra", "envoy-gateway", "{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: "+allowed+"}}")
	}
	route := func(parent, host string) string { return aRoute("HTTPRoute", "web", parent, host, toWebPort) }
	there := route("{name: edge, namespace: infra}", "shop.example.com")
	const refused = "spec.parentRefs[0] HTTPRoute shop/web: listener http of Gateway infra/edge takes no routes of namespace shop"
	namespace := "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {doors: open}}"
	judge(t, "IN12", []doorCase{
		{"any listener", []string{gateway, route("{name: edge}", "shop.example.com")}, nil},
		{"none", []string{gateway, aRoute("HTTPRoute", "web", "", "", toWebPort)}, []string{"spec HTTPRoute shop/web: it has no parent, so nobody serves it"}},
		{"another name", []string{gateway, route("{name: egde}", "")}, []string{"spec.parentRefs[0].name HTTPRoute shop/web: Gateway shop/egde does not exist"}},
		{"no Gateway at all", []string{route("{name: edge}", "")}, []string{"skipped: HTTPRoute shop/web, spec.parentRefs[0]: Gateway shop/edge is not given, nor anything else of its namespace"}},
		{"another section", []string{gateway, route("{name: edge, sectionName: htps}", "")}, []string{"spec.parentRefs[0].sectionName HTTPRoute shop/web: Gateway shop/edge has no listener htps"}},
		{"another port", []string{gateway, route("{name: edge, port: 8443}", "")}, []string{"spec.parentRefs[0].port HTTPRoute shop/web: Gateway shop/edge has no listener on port 8443"}},
		{"a section of another port", []string{gateway, route("{name: edge, sectionName: https, port: 80}", "")}, []string{"spec.parentRefs[0].port HTTPRoute shop/web: listener https of Gateway shop/edge has port 443, not 80"}},
		{"another host", []string{gateway, route("{name: edge, sectionName: https}", "www.example.com")}, []string{"spec.hostnames HTTPRoute shop/web: listener https of Gateway shop/edge takes none of its hosts: it is for shop.example.com"}},
		{"one host of two", []string{gateway, route("{name: edge, sectionName: https}", "shop.example.com, www.example.com")}, []string{"spec.hostnames[1] HTTPRoute shop/web: no listener that it hangs on takes the host www.example.com"}},
		{"a wildcard that holds the listener's", []string{gateway, route("{name: edge, sectionName: https}", `"*.example.com"`)}, nil},
		{"below the listener's wildcard", []string{aGateway("shop", "envoy-gateway", `{name: all, hostname: "*.example.com", port: 80, protocol: HTTP}`), route("{name: edge}", "a.shop.example.com")}, nil},
		{"the wildcard's own domain", []string{aGateway("shop", "envoy-gateway", `{name: all, hostname: "*.example.com", port: 80, protocol: HTTP}`), route("{name: edge}", "example.com")},
			[]string{"spec.hostnames HTTPRoute shop/web: listener all of Gateway shop/edge takes none of its hosts: it is for *.example.com"}},
		{"another kind", []string{gateway, route("{name: edge, sectionName: db}", "")}, []string{"spec.parentRefs[0] HTTPRoute shop/web: listener db of Gateway shop/edge takes no HTTPRoute"}},
		{"a stream", []string{gateway, aRoute("TCPRoute", "db", "{name: edge, sectionName: db}", "", toWebPort)}, nil},
		{"the Gateway's namespace alone", []string{aGateway("infra", "envoy-gateway", plainListener), there}, []string{refused}},
		{"all namespaces", []string{elsewhere("{from: All}"), there}, nil},
		{"no namespace", []string{elsewhere("{from: None}"), there}, []string{refused}},
		{"a namespace by name", []string{elsewhere("{from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: shop}}}"), there}, nil},
		{"another namespace by name", []string{elsewhere("{from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: pay}}}"), there}, []string{refused}},
		{"a namespace by label", []string{elsewhere("{from: Selector, selector: {matchLabels: {doors: open}}}"), there, namespace}, nil},
		{"a namespace by another label", []string{elsewhere("{from: Selector, selector: {matchLabels: {doors: shut}}}"), there, namespace}, []string{refused}},
		{"a label that is not given", []string{elsewhere("{from: Selector, selector: {matchLabels: {doors: open}}}"), there},
			[]string{"skipped: HTTPRoute shop/web, spec.parentRefs[0]: the labels of namespace shop, by which listener http of Gateway infra/edge takes routes, are not given"}},
		{"kinds", []string{aGateway("shop", "envoy-gateway", "{name: http, port: 80, protocol: HTTP, allowedRoutes: {kinds: [{kind: GRPCRoute}]}}"), route("{name: edge}", "")},
			[]string{"spec.parentRefs[0] HTTPRoute shop/web: listener http of Gateway shop/edge takes no HTTPRoute"}},
		{"two listeners of one name", []string{aGateway("shop", "envoy-gateway", plainListener, "{name: http, port: 8080, protocol: HTTP}")}, []string{"spec.listeners[1].name Gateway shop/edge: two of its listeners are named http"}},
		{"two listeners alike", []string{aGateway("shop", "envoy-gateway", plainListener, "{name: http-2, port: 80, protocol: HTTP}")}, []string{"spec.listeners[1] Gateway shop/edge: its listeners http and http-2 have the same port, protocol and host"}},
		{"a set of listeners", []string{gateway, route("{group: gateway.networking.k8s.io, kind: ListenerSet, name: x}", "")}, nil},
	})
}

func TestH2C(t *testing.T) {
	api := func(app, annotations string) string {
		return "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop, annotations: {" + annotations + "}}\nspec: {selector: {app: web}, ports: [{name: grpc, port: 80, targetPort: 9000, appProtocol: " + app + "}]}"
	}
	grpc := "{service: {name: web, port: {name: grpc}}}"
	gateway := func(class string) string { return aGateway("shop", class, plainListener) }
	route := func(kind string) string { return aRoute(kind, "web", "{name: edge}", "", toWebPort) }
	says := func(door string) []string {
		return []string{"spec.ports[0].appProtocol Service shop/web: its port 80 (grpc) speaks gRPC, and " + door + " speaks HTTP/1.1 to it: nothing says HTTP/2"}
	}
	onIngress := []string{"spec.rules[0].http.paths[0].backend.service Ingress shop/web: port 80 (grpc) of Service web speaks gRPC, and it speaks HTTP/1.1 to it"}
	judge(t, "IN13", []doorCase{
		{"a Gateway", []string{gateway("envoy-gateway"), route("HTTPRoute"), api("grpc", "")}, says("HTTPRoute shop/web")},
		{"a Gateway and h2c", []string{gateway("envoy-gateway"), route("HTTPRoute"), api(h2c, "")}, nil},
		{"a GRPCRoute that is contradicted", []string{gateway("traefik"), route("GRPCRoute"), api("grpc", "")}, says("GRPCRoute shop/web")},
		{"a GRPCRoute and silence", []string{gateway("traefik"), route("GRPCRoute"), strings.Replace(api("x", ""), ", appProtocol: x", "", 1)}, nil},
		{"Istio", []string{gateway("istio"), route("HTTPRoute"), api("grpc", "")}, nil},
		{"a Gateway that is not given", []string{route("HTTPRoute"), api("grpc", "")}, []string{"skipped: HTTPRoute shop/web: its Gateway is not given, and Istio's would take appProtocol: grpc"}},
		{"nginx", []string{anIngress("nginx", "", "", grpc), api("grpc", "")}, onIngress},
		{"nginx told", []string{anIngress("nginx", "nginx.ingress.kubernetes.io/backend-protocol: GRPC", "", grpc), api("grpc", "")}, nil},
		{"haproxy", []string{anIngress("haproxy", "", "", grpc), api("grpc", "")}, onIngress},
		{"haproxy told", []string{anIngress("haproxy", "haproxy.org/server-proto: h2", "", grpc), api("grpc", "")}, nil},
		{"AWS", []string{anIngress("alb", "", "", grpc), api("grpc", "")}, onIngress},
		{"AWS told", []string{anIngress("alb", "alb.ingress.kubernetes.io/backend-protocol-version: GRPC", "", grpc), api("grpc", "")}, nil},
		{"Traefik", []string{anIngress("traefik", "", "", grpc), api("grpc", "")}, says("Ingress shop/web")},
		{"Traefik told", []string{anIngress("traefik", "", "", grpc), api("grpc", "traefik.ingress.kubernetes.io/service.serversscheme: h2c")}, nil},
		{"Contour", []string{anIngress("contour", "", "", grpc), api("grpc", "projectcontour.io/upstream-protocol.h2c: other")}, says("Ingress shop/web")},
		{"Contour told by number", []string{anIngress("contour", "", "", grpc), api("grpc", `projectcontour.io/upstream-protocol.h2c: "80,81"`)}, nil},
		{"Google", []string{anIngress("gce", "", "", grpc), api("grpc", `cloud.google.com/app-protocols: '{"http": "HTTP2"}'`)}, says("Ingress shop/web")},
		{"Google told", []string{anIngress("gce", "", "", grpc), api("grpc", `cloud.google.com/app-protocols: '{"grpc": "HTTP2"}'`)}, nil},
		{"Cilium", []string{anIngress("cilium", "", "", grpc), api("grpc", "")}, nil},
		{"a class that nobody knows", []string{anIngress("other", "", "", grpc), api("grpc", "")}, []string{"skipped: Ingress shop/web: how class other is told of HTTP/2 is not known"}},
		{"no gRPC", []string{anIngress("nginx", "", "", toWeb), webService}, nil},
	})
}
