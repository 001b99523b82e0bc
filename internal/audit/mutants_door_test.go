package audit

import (
	"kgen.dev/kgen/internal/tree"
)

// isSpec and isNote set a part of an object's spec, and
// one of its annotations.
func isSpec(kind, name string, value any, at ...any) func(*tree.Tree) error {
	return npSet(kind, name, value, append([]any{"spec"}, at...)...)
}

func isNote(kind, name, key string, value any) func(*tree.Tree) error {
	return npSet(kind, name, value, "metadata", "annotations", key)
}

// isAdd writes another object beside one that is there, in its namespace.
func isAdd(kind, beside string, o npObject) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		return npEdit(t, kind, beside, func(there map[string]any) ([]map[string]any, bool, error) {
			meta := npObject{"namespace": there["metadata"].(map[string]any)["namespace"]}
			for k, v := range o["metadata"].(npObject) {
				meta[k] = v
			}
			o["metadata"] = meta
			return []map[string]any{o}, true, nil
		})
	}
}

const (
	isEntries = "traefik.ingress.kubernetes.io/router.entrypoints"
	isMiddles = "traefik.ingress.kubernetes.io/router.middlewares"
)

// isPath is where an Ingress of one rule and path names its backend.
func isPath(more ...any) []any {
	return append([]any{"rules", 0, "http", "paths", 0, "backend", "service"}, more...)
}

var doorMutants = []mutant{
	{Rule: "IN01", Constraint: "K22", Name: "an Ingress to a Service that is none", Example: "ingress-no-mesh", Break: isSpec("Ingress", "comments", "coments", isPath("name")...)},
	{Rule: "IN01", Constraint: "K22", Name: "an Ingress to a port by a wrong name", Example: "ingress-no-mesh", Break: isSpec("Ingress", "web", "https", isPath("port", "name")...)},
	{Rule: "IN01", Constraint: "K22", Name: "an Ingress to the container's port", Example: "ingress-no-mesh", Break: isSpec("Ingress", "web", npObject{"number": 8080}, isPath("port")...)},
	{Rule: "IN01", Constraint: "K22", Name: "an Ingress to no port", Example: "ingress-no-mesh", Break: isSpec("Ingress", "web", npGone, isPath("port")...)},
	{Rule: "IN01", Constraint: "K22", Name: "an Ingress without backend", Example: "ingress-no-mesh", Break: isSpec("Ingress", "web", npObject{}, "rules", 0, "http", "paths", 0, "backend")},

	{Rule: "IN02", Constraint: "K22", Name: "a route to a Service that is none", Example: "hello", Break: isSpec("HTTPRoute", "hello", "helo", "rules", 0, "backendRefs", 0, "name")},
	{Rule: "IN02", Constraint: "K22", Name: "a route to the container's port", Example: "hello", Break: isSpec("HTTPRoute", "hello", 8080, "rules", 0, "backendRefs", 0, "port")},
	{Rule: "IN02", Constraint: "K22", Name: "a route without a port", Example: "guide", Break: isSpec("HTTPRoute", "backend", npGone, "rules", 0, "backendRefs", 0, "port")},
	{Rule: "IN02", Constraint: "K22", Name: "a rule without backends", Example: "online-boutique", Break: isSpec("HTTPRoute", "frontend", npGone, "rules", 0, "backendRefs")},
	{Rule: "IN02", Constraint: "K22", Name: "a canary's Service that is none", Example: "ambient", Break: isSpec("HTTPRoute", "web", "web-v3", "rules", 0, "backendRefs", 1, "name")},

	{Rule: "IN03", Constraint: "K22", Name: "no grant", Example: "guide", Break: npDrop("ReferenceGrant", "guide-gateway")},
	{Rule: "IN03", Constraint: "K22", Name: "a grant for one of two Secrets", Example: "guide", Break: isSpec("ReferenceGrant", "guide-gateway", npGone, "to", 1)},
	{Rule: "IN03", Constraint: "K22", Name: "a grant to another namespace", Example: "ambient", Break: isSpec("ReferenceGrant", "orders-gateway", "istio-system", "from", 0, "namespace")},
	{Rule: "IN03", Constraint: "K22", Name: "a grant to routes", Example: "ambient", Break: isSpec("ReferenceGrant", "orders-gateway", "HTTPRoute", "from", 0, "kind")},

	{Rule: "IN04", Constraint: "K24", Name: "a listener in the clear", Example: "hello", Break: npAll(
		isSpec("Gateway", "hello", "HTTP", "listeners", 1, "protocol"), isSpec("Gateway", "hello", npGone, "listeners", 1, "tls"))},
	{Rule: "IN04", Constraint: "K24", Name: "TLS of one host is gone", Example: "ingress-no-mesh", Break: npAll(
		isSpec("Ingress", "web", npGone, "tls"), isNote("Ingress", "web", "traefik.ingress.kubernetes.io/router.tls", npGone),
		isSpec("Ingress", "comments", npGone, "tls"), isNote("Ingress", "comments", "traefik.ingress.kubernetes.io/router.tls", npGone))},
	{Rule: "IN04", Constraint: "K24", Name: "a host at the plain entry point", Example: "ingress-no-mesh", Break: isAdd("Ingress", "web", npObject{
		"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": npObject{"name": "extra", "annotations": npObject{isEntries: "web"}},
		"spec": npObject{"ingressClassName": "traefik", "rules": []any{npObject{"host": "extra.example.com", "http": npObject{"paths": []any{
			npObject{"path": "/", "pathType": "Prefix", "backend": npObject{"service": npObject{"name": "web", "port": npObject{"name": "http"}}}}}}}}}})},

	{Rule: "IN05", Constraint: "K24", Name: "a host that the TLS leaves out", Example: "ingress-no-mesh", Break: isSpec("Ingress", "web", []any{"www.example.com"}, "tls", 0, "hosts")},
	{Rule: "IN05", Constraint: "K24", Name: "a Certificate that leaves a host out", Example: "guide", Break: isSpec("Certificate", "frontend-tls", npGone, "dnsNames", 1)},
	{Rule: "IN05", Constraint: "K24", Name: "a Certificate for another host", Example: "ingress-no-mesh", Break: isSpec("Certificate", "web-tls", []any{"blog.example.org"}, "dnsNames")},
	{Rule: "IN05", Constraint: "K24", Name: "a Certificate makes another Secret", Example: "hello", Break: isSpec("Certificate", "hello-tls", "hello-cert", "secretName")},
	{Rule: "IN05", Constraint: "K24", Name: "no Certificate", Example: "ambient", Break: npDrop("Certificate", "web-tls")},
	{Rule: "IN05", Constraint: "K24", Name: "an Ingress names another Secret", Example: "ingress-no-mesh", Break: isSpec("Ingress", "comments", "comments-tls", "tls", 0, "secretName")},
	{Rule: "IN05", Constraint: "K24", Name: "a listener without certificate", Example: "hello", Break: isSpec("Gateway", "hello", npGone, "listeners", 1, "tls", "certificateRefs")},
	{Rule: "IN05", Constraint: "K24", Name: "a wildcard of too many labels", Example: "guide", Break: isSpec("Certificate", "backend-tls", []any{"*.com"}, "dnsNames")},

	{Rule: "IN06", Constraint: "K25", Name: "no redirect", Example: "hello", Break: npDrop("HTTPRoute", "hello.redirect")},
	{Rule: "IN06", Constraint: "K25", Name: "one service's redirect is gone", Example: "guide", Break: npDrop("HTTPRoute", "backend.redirect")},
	{Rule: "IN06", Constraint: "K25", Name: "one host's redirect is gone", Example: "guide", Break: isSpec("HTTPRoute", "frontend.redirect", npGone, "hostnames", 1)},
	{Rule: "IN06", Constraint: "K25", Name: "a redirect to HTTP", Example: "online-boutique", Break: isSpec("HTTPRoute", "frontend.redirect", "http", "rules", 0, "filters", 0, "requestRedirect", "scheme")},
	{Rule: "IN06", Constraint: "K25", Name: "a route on the plain listener too", Example: "hello", Break: isSpec("HTTPRoute", "hello", npObject{"name": "hello", "sectionName": "http"}, "parentRefs", 1)},
	{Rule: "IN06", Constraint: "K25", Name: "no redirecting Ingress", Example: "ingress-no-mesh", Break: npDrop("Ingress", "web.redirect")},
	{Rule: "IN06", Constraint: "K25", Name: "no Middleware", Example: "ingress-no-mesh", Break: npDrop("Middleware", "redirect-https")},
	{Rule: "IN06", Constraint: "K25", Name: "a Middleware that does not redirect to HTTPS", Example: "ingress-no-mesh", Break: isSpec("Middleware", "redirect-https", "http", "redirectScheme", "scheme")},
	{Rule: "IN06", Constraint: "K25", Name: "the redirect has no Middleware", Example: "ingress-no-mesh", Break: isNote("Ingress", "web.redirect", isMiddles, npGone)},
	{Rule: "IN06", Constraint: "K25", Name: "the redirect is at the entry point of HTTPS", Example: "ingress-no-mesh", Break: isNote("Ingress", "web.redirect", isEntries, "websecure"), Also: []string{"IN11"}},
	{Rule: "IN06", Constraint: "K25", Name: "a controller's redirect without its route", Example: "progressive", Break: npDrop("HTTPRoute", "web.redirect")},

	{Rule: "IN07", Constraint: "K22", Name: "no class", Example: "ingress-no-mesh", Break: isSpec("Ingress", "comments", npGone, "ingressClassName")},
	{Rule: "IN07", Constraint: "K22", Name: "the class as an annotation", Example: "ingress-no-mesh", Break: npAll(
		isSpec("Ingress", "comments", npGone, "ingressClassName"), isNote("Ingress", "comments", "kubernetes.io/ingress.class", "traefik"))},
	{Rule: "IN08", Constraint: "K22", Name: "the retired controller", Example: "ingress-no-mesh", Break: npAll(
		isSpec("Ingress", "comments", "nginx", "ingressClassName"), npSet("Ingress", "comments", npObject{"nginx.ingress.kubernetes.io/ssl-redirect": "true"}, "metadata", "annotations")), Also: []string{"NP15"}},
	{Rule: "IN09", Constraint: "K22", Name: "a Middleware drops the rest", Example: "ingress-no-mesh", Break: isSpec("Middleware", "comments-rewrite", "/", "replacePathRegex", "replacement")},
	{Rule: "IN09", Constraint: "K22", Name: "a route replaces the whole path", Example: "guide", Break: isSpec("HTTPRoute", "backend", npObject{"type": "ReplaceFullPath", "replaceFullPath": "/"}, "rules", 0, "filters", 0, "urlRewrite", "path")},
	{Rule: "IN10", Constraint: "K22", Name: "a snippet", Example: "ingress-no-mesh", Break: isNote("Ingress", "web", "haproxy.org/backend-config-snippet", "http-request deny")},
	{Rule: "IN11", Constraint: "K23", Name: "an Ingress without host", Example: "ingress-no-mesh", Break: isSpec("Ingress", "comments", npGone, "rules", 0, "host"), Also: []string{"IN06"}},
	{Rule: "IN11", Constraint: "K23", Name: "two Ingresses for one path", Example: "ingress-no-mesh", Break: isSpec("Ingress", "comments", "/", "rules", 0, "http", "paths", 0, "path")},
	{Rule: "IN11", Constraint: "K23", Name: "two routes for one path", Example: "guide", Break: isAdd("HTTPRoute", "backend", npObject{
		"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": npObject{"name": "frontend-2"},
		"spec": npObject{"parentRefs": []any{npObject{"name": "guide", "namespace": "istio-ingress", "sectionName": "https-example.com"}}, "hostnames": []any{"example.com"},
			"rules": []any{npObject{"backendRefs": []any{npObject{"name": "backend", "port": 80}}}}}})},
	{Rule: "IN11", Constraint: "K23", Name: "a wildcard", Example: "hello", Break: npAll(
		isSpec("Gateway", "hello", "*.example.com", "listeners", 1, "hostname"), isSpec("HTTPRoute", "hello", "*.example.com", "hostnames", 0), isSpec("HTTPRoute", "hello.redirect", "*.example.com", "hostnames", 0),
		isSpec("Certificate", "hello-tls", []any{"*.example.com"}, "dnsNames"))},

	{Rule: "IN12", Constraint: "K23", Name: "a listener that is none", Example: "hello", Break: isSpec("HTTPRoute", "hello", "https-helo.example.com", "parentRefs", 0, "sectionName")},
	{Rule: "IN12", Constraint: "K23", Name: "a Gateway that is none", Example: "guide", Break: isSpec("HTTPRoute", "backend", "gide", "parentRefs", 0, "name")},
	{Rule: "IN12", Constraint: "K23", Name: "a Gateway of another namespace", Example: "ambient", Break: isSpec("HTTPRoute", "web", "orders", "parentRefs", 0, "namespace")},
	{Rule: "IN12", Constraint: "K23", Name: "a host that the listener does not have", Example: "hello", Break: isSpec("HTTPRoute", "hello", "hallo.example.com", "hostnames", 0)},
	{Rule: "IN12", Constraint: "K23", Name: "one of two hosts on no listener", Example: "guide", Break: isSpec("HTTPRoute", "frontend", npGone, "parentRefs", 1)},
	{Rule: "IN12", Constraint: "K23", Name: "routes of another namespace alone", Example: "guide", Break: isSpec("Gateway", "guide", npLabels(npName, "guild"), "listeners", 3, "allowedRoutes", "namespaces", "selector")},
	{Rule: "IN12", Constraint: "K23", Name: "routes of the Gateway's namespace alone", Example: "online-boutique", Break: isSpec("Gateway", "boutique", npGone, "listeners", 1, "allowedRoutes")},
	{Rule: "IN12", Constraint: "K23", Name: "a listener for another kind", Example: "hello", Break: isSpec("Gateway", "hello", []any{npObject{"kind": "GRPCRoute"}}, "listeners", 1, "allowedRoutes", "kinds")},
	{Rule: "IN12", Constraint: "K23", Name: "two listeners of one name", Example: "guide", Break: isSpec("Gateway", "guide", "https-example.com", "listeners", 3, "name")},
	{Rule: "IN12", Constraint: "K23", Name: "the redirect on a listener that is none", Example: "hello", Break: isSpec("HTTPRoute", "hello.redirect", "plain", "parentRefs", 0, "sectionName")},
	{Rule: "IN13", Constraint: "K10", Name: "gRPC without h2c", Example: "hello", Break: npAll(npModel("{port: 80, targetPort: 8080}", "{port: 80, targetPort: 8080, protocol: grpc}"),
		isSpec("Service", "hello", "grpc", "ports", 0, "name"), isSpec("Service", "hello", "grpc", "ports", 0, "appProtocol"))},

	{Rule: "SV01", Constraint: "K8", Name: "a typo in a selector", Example: "hello", Break: isSpec("Service", "hello", "helo", "selector", "app")},
	{Rule: "SV01", Constraint: "K8", Name: "a label that no pod has", Example: "ingress-no-mesh", Break: isSpec("Service", "web", "backend", "selector", "tier")},
	{Rule: "SV01", Constraint: "K8", Name: "another service's pods", Example: "online-boutique", Break: isSpec("Service", "adservice", "cartservice", "selector", "app")},
	{Rule: "SV01", Constraint: "K8", Name: "a version that does not run", Example: "ambient", Break: isSpec("Service", "web-v2", "v3", "selector", "version")},
	{Rule: "SV01", Constraint: "K8", Name: "everybody's pods", Example: "mixed", Break: isSpec("Service", "admin", npObject{"version": "v1"}, "selector")},

	{Rule: "SV02", Constraint: "K9", Name: "a number that no container has", Example: "hello", Break: isSpec("Service", "hello", 8081, "ports", 0, "targetPort"), Also: []string{"NP15"}},
	{Rule: "SV02", Constraint: "K9", Name: "a name that no container has", Example: "ingress-no-mesh", Break: isSpec("Service", "web", "web", "ports", 0, "targetPort")},
	{Rule: "SV02", Constraint: "K9", Name: "another protocol", Example: "mixed", Break: npAll(isSpec("Service", "collector", npGone, "ports", 0, "protocol"), isSpec("Service", "collector", "tcp", "ports", 0, "appProtocol"), isSpec("Service", "collector", "tcp-log", "ports", 0, "name")), Also: []string{"NP15", "SM12"}},
	{Rule: "SV02", Constraint: "K9", Name: "no targetPort", Example: "hello", Break: isSpec("Service", "hello", npGone, "ports", 0, "targetPort"), Also: []string{"NP15"}},
	{Rule: "SV02", Constraint: "K9", Name: "one version's Service", Example: "ambient", Break: isSpec("Service", "web-v1", 80, "ports", 0, "targetPort"), Also: []string{"SM12"}},

	{Rule: "SV03", Constraint: "K10", Name: "no name", Example: "hello", Break: isSpec("Service", "hello", npGone, "ports", 0, "name")},
	{Rule: "SV03", Constraint: "K10", Name: "neither name nor appProtocol", Example: "hello", Break: npAll(isSpec("Service", "hello", npGone, "ports", 0, "name"), isSpec("Service", "hello", npGone, "ports", 0, "appProtocol"))},
	{Rule: "SV03", Constraint: "K10", Name: "HTTP for a database", Example: "ingress-no-mesh", Break: isSpec("Service", "postgres", "http", "ports", 0, "appProtocol")},
	{Rule: "SV03", Constraint: "K10", Name: "a name that a mesh does not know", Example: "ambient", Break: isSpec("Service", "db", npGone, "ports", 0, "appProtocol")},
	{Rule: "SV03", Constraint: "K10", Name: "an appProtocol that a mesh does not know", Example: "guide", Break: npAll(isSpec("Service", "service-a", "web", "ports", 0, "appProtocol"), isSpec("Service", "service-a", "web", "ports", 0, "name"))},
	{Rule: "SV03", Constraint: "K10", Name: "a name and an appProtocol that disagree", Example: "online-boutique", Break: isSpec("Service", "cartservice", "http", "ports", 0, "appProtocol")},
	{Rule: "SV03", Constraint: "K10", Name: "UDP in words alone", Example: "mixed", Break: isSpec("Service", "collector", "udp", "ports", 1, "appProtocol")},

	{Rule: "SV04", Constraint: "K4", Name: "a load balancer for what is internal", Example: "guide", Break: isSpec("Service", "backend", "LoadBalancer", "type"), Also: []string{"NP15", "SM12"}},
	{Rule: "SV04", Constraint: "K4", Name: "a node port", Example: "ingress-no-mesh", Break: isSpec("Service", "comments", "NodePort", "type"), Also: []string{"NP15"}},
	{Rule: "SV04", Constraint: "K4", Name: "a load balancer for anyone", Example: "guide", Break: isSpec("Service", "partner-api", npGone, "loadBalancerSourceRanges")},
	{Rule: "SV04", Constraint: "K4", Name: "another range", Example: "mixed", Break: isSpec("Service", "collector", "192.0.2.0/24", "loadBalancerSourceRanges", 1), Also: []string{"NP15", "SM12"}},
	{Rule: "SV04", Constraint: "K4", Name: "external addresses", Example: "ingress-no-mesh", Break: isSpec("Service", "web", []any{"198.51.100.7"}, "externalIPs")},
	{Rule: "SV04", Constraint: "K4", Name: "metrics for clients", Example: "mixed", Break: isSpec("Service", "collector", npObject{"name": "http-metrics", "port": 9090, "targetPort": 9090, "appProtocol": "http"}, "ports", 2), Also: []string{"NP15"}},
	{Rule: "SV04", Constraint: "K4", Name: "the front door leads to what has no hosts", Example: "guide", Break: npAll(isSpec("HTTPRoute", "backend", "service-a", "rules", 0, "backendRefs", 0, "name"), isSpec("HTTPRoute", "backend", 9000, "rules", 0, "backendRefs", 0, "port")), Also: []string{"NP15", "SM12"}},

	{Rule: "SV05", Constraint: "K12", Name: "the root selects one version", Example: "ambient", Break: isSpec("Service", "web", "v1", "selector", "version")},
	{Rule: "SV05", Constraint: "K12", Name: "the root of a DestinationRule selects one version", Example: "guide", Break: isSpec("Service", "service-a", "v1", "selector", "version"), Also: []string{"SM02"}},
}
