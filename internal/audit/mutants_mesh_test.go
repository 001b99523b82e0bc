package audit

import "kgen.dev/kgen/internal/tree"

// smAdd writes another object beside one that is there.
func smAdd(kind, beside string, o npObject) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		return npEdit(t, kind, beside, func(map[string]any) ([]map[string]any, bool, error) {
			return []map[string]any{o}, true, nil
		})
	}
}

func smObject(group, kind, namespace, name string, spec npObject) npObject {
	return npObject{"apiVersion": group + "/v1", "kind": kind, "metadata": npObject{"name": name, "namespace": namespace}, "spec": spec}
}

func smVirtualService(name string, value any, at ...any) func(*tree.Tree) error {
	return npSet("VirtualService", name, value, append([]any{"spec"}, at...)...)
}

// smRoute sets a part of the second destination of a VirtualService's first entry.
func smRoute(name string, value any, at ...any) func(*tree.Tree) error {
	return smVirtualService(name, value, append([]any{"http", 0, "route", 1}, at...)...)
}

func smRule(name string, value any, at ...any) func(*tree.Tree) error {
	return npSet("DestinationRule", name, value, append([]any{"spec"}, at...)...)
}

func smPolicy(name string, value any, at ...any) func(*tree.Tree) error {
	return npSet("AuthorizationPolicy", name, value, append([]any{"spec"}, at...)...)
}

func smPeer(name string, value any, at ...any) func(*tree.Tree) error {
	return npSet("PeerAuthentication", name, value, append([]any{"spec"}, at...)...)
}

func smGuide(service string) string { return service + ".guide.svc.cluster.local" }

// smTo is a destination as a VirtualService writes it.
func smTo(host string, port int) npObject {
	return npObject{"destination": npObject{"host": host, "port": npObject{"number": port}}}
}

const smLabel = "istio.io/use-waypoint"

var smPermissive = npObject{"mode": "PERMISSIVE"}

var meshMutants = []mutant{
	{Rule: "SM01", Constraint: "K11", Name: "a route to a third version", Example: "guide", Break: smRoute("service-a", "v3", "destination", "subset")},
	{Rule: "SM01", Constraint: "K11", Name: "the subset is gone", Example: "guide", Break: smRule("service-a", npGone, "subsets", 1)},
	{Rule: "SM01", Constraint: "K11", Name: "all subsets are gone", Example: "guide", Break: smRule("service-a", npGone, "subsets")},
	{Rule: "SM01", Constraint: "K11", Name: "the subset has another name", Example: "guide", Break: smRule("service-a", "canary", "subsets", 1, "name")},
	{Rule: "SM01", Constraint: "K11", Name: "the rule is for another namespace", Example: "guide", Break: smRule("service-a", []any{"istio-ingress"}, "exportTo")},
	{Rule: "SM01", Constraint: "K11", Name: "the rule is gone", Example: "guide", Break: npDrop("DestinationRule", "service-a"), Also: []string{"SM09"}},
	{Rule: "SM01", Constraint: "K11", Name: "the rule is for another host", Example: "guide", Break: smRule("service-a", smGuide("partner-api"), "host"), Also: []string{"SM02", "SM06", "SM09"}},
	{Rule: "SM01", Constraint: "K11", Name: "the Rollout's canary is gone", Example: "progressive", Break: smRule("cart", npGone, "subsets", 1)},
	{Rule: "SM01", Constraint: "K11", Name: "a subset is gone in an environment", Example: "guide", Dir: "environments/eu", Break: smRule("service-a", npGone, "subsets", 0)},

	{Rule: "SM02", Constraint: "K12", Name: "a version that no pod has", Example: "guide", Break: smRule("service-a", "v9", "subsets", 1, "labels", "version")},
	{Rule: "SM02", Constraint: "K12", Name: "a label that no pod has", Example: "guide", Break: smRule("service-a", npObject{"ver": "v2"}, "subsets", 1, "labels")},
	{Rule: "SM02", Constraint: "K12", Name: "one label too many", Example: "guide", Break: smRule("service-a", "web", "subsets", 0, "labels", "tier")},
	{Rule: "SM02", Constraint: "K12", Name: "the same pods twice", Example: "guide", Break: smRule("service-a", "v1", "subsets", 1, "labels", "version")},
	{Rule: "SM02", Constraint: "K12", Name: "another app's pods", Example: "progressive", Break: npAll(smRule("cart", "kart", "subsets", 0, "labels", "app"), smRule("cart", "kart", "subsets", 1, "labels", "app"))},
	{Rule: "SM02", Constraint: "K12", Name: "a subset of what has one version", Example: "online-boutique", Break: smRule("cartservice", []any{npObject{"name": "v2", "labels": npObject{"version": "v2"}}}, "subsets")},

	{Rule: "SM03", Constraint: "K13", Name: "a typo in the host", Example: "guide", Break: smRoute("service-a", smGuide("sevice-a"), "destination", "host")},
	{Rule: "SM03", Constraint: "K13", Name: "a host that Istio does not complete", Example: "guide", Break: smVirtualService("service-a", []any{"service-a.guide"}, "hosts")},
	{Rule: "SM03", Constraint: "K13", Name: "a port that the Service does not have", Example: "guide", Break: smRoute("service-a", 9001, "destination", "port", "number")},
	{Rule: "SM03", Constraint: "K13", Name: "the container's port", Example: "mixed", Break: smVirtualService("admin", 8000, "http", 0, "route", 0, "destination", "port", "number")},
	{Rule: "SM03", Constraint: "K13", Name: "no port of two", Example: "guide", Break: smRoute("service-a", npGone, "destination", "port")},
	{Rule: "SM03", Constraint: "K13", Name: "a rule for nobody", Example: "online-boutique", Break: smRule("redis-cart", "redis.boutique.svc.cluster.local", "host"), Also: []string{"SM09"}},
	{Rule: "SM03", Constraint: "K13", Name: "a route of a host outside that nobody declares", Example: "mixed", Break: smVirtualService("admin", smTo("storage.example.org", 443)["destination"], "http", 0, "route", 0, "destination")},
	{Rule: "SM03", Constraint: "K13", Name: "a twin of Flagger's by a wrong name", Example: "progressive", Break: smRule("web-canary", "web-next.bookshop.svc.cluster.local", "host")},

	{Rule: "SM04", Constraint: "K14", Name: "more than everything", Example: "guide", Break: smRoute("service-a", 20, "weight")},
	{Rule: "SM04", Constraint: "K14", Name: "another share than the model's", Example: "guide", Break: npAll(smVirtualService("service-a", 50, "http", 0, "route", 0, "weight"), smRoute("service-a", 50, "weight"))},
	{Rule: "SM04", Constraint: "K14", Name: "the wrong way round", Example: "guide", Break: npAll(smVirtualService("service-a", 10, "http", 0, "route", 0, "weight"), smRoute("service-a", 90, "weight"))},
	{Rule: "SM04", Constraint: "K14", Name: "one of the two is gone", Example: "guide", Break: smVirtualService("service-a", npGone, "http", 0, "route", 1)},
	{Rule: "SM04", Constraint: "K14", Name: "nothing splits", Example: "guide", Break: npDrop("VirtualService", "service-a")},
	{Rule: "SM04", Constraint: "K14", Name: "a weight of the waypoint's route", Example: "ambient", Break: npSet("HTTPRoute", "web.mesh", 60, "spec", "rules", 0, "backendRefs", 0, "weight")},
	{Rule: "SM04", Constraint: "K14", Name: "a weight of the front door's route", Example: "ambient", Break: npSet("HTTPRoute", "web", 50, "spec", "rules", 0, "backendRefs", 1, "weight")},
	{Rule: "SM04", Constraint: "K14", Name: "weights of nothing", Example: "ambient", Break: npAll(npSet("GRPCRoute", "api.mesh", 0, "spec", "rules", 0, "backendRefs", 0, "weight"), npSet("GRPCRoute", "api.mesh", 0, "spec", "rules", 0, "backendRefs", 1, "weight"))},
	{Rule: "SM04", Constraint: "K14", Name: "no weights", Example: "ambient", Break: npAll(npSet("HTTPRoute", "web.mesh", npGone, "spec", "rules", 0, "backendRefs", 0, "weight"), npSet("HTTPRoute", "web.mesh", npGone, "spec", "rules", 0, "backendRefs", 1, "weight"))},
	{Rule: "SM04", Constraint: "K14", Name: "nothing splits at the waypoint", Example: "ambient", Break: npDrop("GRPCRoute", "api.mesh")},
	{Rule: "SM04", Constraint: "K14", Name: "a split that nobody asked for", Example: "mixed", Break: npAll(smRule("admin", []any{npObject{"name": "v1", "labels": npObject{"version": "v1"}}}, "subsets"), smVirtualService("admin", []any{
		npObject{"destination": npObject{"host": "admin.telemetry.svc.cluster.local", "port": npObject{"number": 80}}, "weight": 50},
		npObject{"destination": npObject{"host": "admin.telemetry.svc.cluster.local", "subset": "v1", "port": npObject{"number": 80}}, "weight": 50}}, "http", 0, "route"))},

	{Rule: "SM05", Constraint: "K15", Name: "a second VirtualService", Example: "guide", Break: smAdd("VirtualService", "service-a", smObject("networking.istio.io", "VirtualService", "guide", "again",
		npObject{"hosts": []any{smGuide("service-a")}, "http": []any{npObject{"match": []any{npObject{"uri": npObject{"prefix": "/v2"}}}, "route": []any{smTo(smGuide("service-a"), 9000)}}}}))},
	{Rule: "SM05", Constraint: "K15", Name: "the same host by its short name", Example: "mixed", Break: smAdd("VirtualService", "admin", smObject("networking.istio.io", "VirtualService", "telemetry", "again",
		npObject{"hosts": []any{"admin"}, "http": []any{npObject{"route": []any{smTo("admin", 80)}}}}))},
	{Rule: "SM05", Constraint: "K15", Name: "a second route at the waypoint", Example: "ambient", Break: smAdd("HTTPRoute", "web.mesh", smObject("gateway.networking.k8s.io", "HTTPRoute", "orders", "web.again", npObject{
		"parentRefs": []any{npObject{"group": "", "kind": "Service", "name": "web", "port": 80}},
		"rules":      []any{npObject{"backendRefs": []any{npObject{"name": "web-v1", "port": 80, "weight": 80}, npObject{"name": "web-v2", "port": 80, "weight": 20}}}}}))},
	{Rule: "SM06", Constraint: "K15", Name: "a second DestinationRule", Example: "guide", Break: smAdd("DestinationRule", "backend", smObject("networking.istio.io", "DestinationRule", "guide", "again",
		npObject{"host": "backend", "trafficPolicy": npObject{"loadBalancer": npObject{"simple": "LEAST_REQUEST"}}}))},
	{Rule: "SM06", Constraint: "K15", Name: "subsets on their own", Example: "guide", Break: smAdd("DestinationRule", "service-a", smObject("networking.istio.io", "DestinationRule", "guide", "subsets",
		npObject{"host": smGuide("service-a"), "subsets": []any{npObject{"name": "v1", "labels": npObject{"version": "v1"}}}}))},
	{Rule: "SM06", Constraint: "K15", Name: "a rule for a neighbour's host", Example: "guide", Break: smRule("partner-api", smGuide("backend"), "host")},

	{Rule: "SM07", Constraint: "K16", Name: "errors that nobody counts", Example: "guide", Break: smRule("backend", 1, "trafficPolicy", "outlierDetection", "consecutiveErrors")},
	{Rule: "SM07", Constraint: "K16", Name: "a balancer's former name", Example: "mixed", Break: smRule("admin", npObject{"simple": "LEAST_CONN"}, "trafficPolicy", "loadBalancer")},

	{Rule: "SM08", Constraint: "K16", Name: "a tenth of two pods", Example: "guide", Break: smRule("backend", 10, "trafficPolicy", "outlierDetection", "maxEjectionPercent")},
	{Rule: "SM08", Constraint: "K16", Name: "the default of two pods", Example: "guide", Break: smRule("frontend", npGone, "trafficPolicy", "outlierDetection", "maxEjectionPercent")},
	{Rule: "SM08", Constraint: "K16", Name: "a little less than one of three", Example: "mixed", Break: smRule("broker", 33, "trafficPolicy", "outlierDetection", "maxEjectionPercent")},
	{Rule: "SM08", Constraint: "K16", Name: "less than one of five", Example: "guide", Break: smRule("service-a", 19, "trafficPolicy", "outlierDetection", "maxEjectionPercent")},
	{Rule: "SM08", Constraint: "K16", Name: "a version's own Service", Example: "ambient", Break: smRule("api-v2", 20, "trafficPolicy", "outlierDetection", "maxEjectionPercent")},
	{Rule: "SM08", Constraint: "K16", Name: "what Flagger is told", Example: "progressive", Break: npSet("Canary", "catalog", 10, "spec", "service", "trafficPolicy", "outlierDetection", "maxEjectionPercent")},
	{Rule: "SM08", Constraint: "K16", Name: "no error counts", Example: "online-boutique", Break: npAll(smRule("adservice", 0, "trafficPolicy", "outlierDetection", "consecutive5xxErrors"), smRule("adservice", 0, "trafficPolicy", "outlierDetection", "consecutiveGatewayErrors"))},
	{Rule: "SM08", Constraint: "K16", Name: "gateway errors that come too late", Example: "online-boutique", Break: smRule("adservice", 5, "trafficPolicy", "outlierDetection", "consecutiveGatewayErrors")},
	{Rule: "SM08", Constraint: "K16", Name: "a subset for itself", Example: "guide", Break: smRule("service-a", npObject{"outlierDetection": npObject{"maxEjectionPercent": 10}}, "subsets", 1, "trafficPolicy")},

	{Rule: "SM09", Constraint: "K16", Name: "no rule", Example: "guide", Break: npDrop("DestinationRule", "backend")},
	{Rule: "SM09", Constraint: "K16", Name: "nobody is left alone", Example: "guide", Break: smRule("backend", npGone, "trafficPolicy", "outlierDetection")},
	{Rule: "SM09", Constraint: "K16", Name: "nothing is bounded", Example: "mixed", Break: smRule("broker", npGone, "trafficPolicy", "connectionPool")},
	{Rule: "SM09", Constraint: "K16", Name: "an empty rule", Example: "online-boutique", Break: smRule("cartservice", npObject{}, "trafficPolicy")},
	{Rule: "SM09", Constraint: "K16", Name: "nothing for Flagger", Example: "progressive", Break: npSet("Canary", "catalog", npGone, "spec", "service", "trafficPolicy")},
	{Rule: "SM09", Constraint: "K16", Name: "nothing at the waypoint", Example: "ambient", Break: npDrop("DestinationRule", "api")},

	{Rule: "SM10", Constraint: "K18", Name: "plaintext to strict pods", Example: "guide", Break: smRule("backend", "DISABLE", "trafficPolicy", "tls", "mode")},
	{Rule: "SM10", Constraint: "K18", Name: "TLS without the mesh's certificates", Example: "online-boutique", Break: smRule("adservice", "SIMPLE", "trafficPolicy", "tls", "mode")},
	{Rule: "SM10", Constraint: "K18", Name: "plaintext to one port", Example: "mixed", Break: smRule("broker", []any{npObject{"port": npObject{"number": 9092}, "tls": npObject{"mode": "DISABLE"}}}, "trafficPolicy", "portLevelSettings")},
	{Rule: "SM10", Constraint: "K18", Name: "plaintext to one version", Example: "guide", Break: smRule("service-a", npObject{"tls": npObject{"mode": "DISABLE"}}, "subsets", 1, "trafficPolicy")},
	{Rule: "SM10", Constraint: "K18", Name: "pods that take none of it", Example: "guide", Break: smPeer("backend", npObject{"9090": smPermissive, "8080": npObject{"mode": "DISABLE"}}, "portLevelMtls"), Also: []string{"SM11", "SM12"}},
	{Rule: "SM10", Constraint: "K18", Name: "a host outside", Example: "mixed", Break: smAdd("DestinationRule", "admin", smObject("networking.istio.io", "DestinationRule", "telemetry", "storage",
		npObject{"host": "storage.example.net", "trafficPolicy": npObject{"tls": npObject{"mode": "ISTIO_MUTUAL"}}}))},
	{Rule: "SM10", Constraint: "K18", Name: "what Flagger makes", Example: "progressive", Break: smRule("web-primary", "DISABLE", "trafficPolicy", "tls", "mode")},

	{Rule: "SM11", Constraint: "K20", Name: "two ways to join", Example: "guide", Break: npSet("Namespace", "guide", "stable", "metadata", "labels", "istio.io/rev")},
	{Rule: "SM11", Constraint: "K20", Name: "sidecars and ambient", Example: "ambient", Break: npSet("Namespace", "orders", "enabled", "metadata", "labels", "istio-injection"), Also: []string{"NP04", "NP17", "SM09", "SM12"}},
	{Rule: "SM11", Constraint: "K20", Name: "no label", Example: "online-boutique", Break: npSet("Namespace", "boutique", npGone, "metadata", "labels", "istio-injection"), Also: []string{"MO01"}},
	{Rule: "SM11", Constraint: "K20", Name: "a word that Istio does not know", Example: "mixed", Break: npSet("Namespace", "telemetry", "true", "metadata", "labels", "istio-injection"), Also: []string{"MO01"}},
	{Rule: "SM11", Constraint: "K20", Name: "another revision than the model's", Example: "mixed", Break: npSet("Namespace", "telemetry", npObject{"istio.io/rev": "old"}, "metadata", "labels")},
	{Rule: "SM11", Constraint: "K28", Name: "no word about mutual TLS", Example: "guide", Break: npDrop("PeerAuthentication", "default")},
	{Rule: "SM11", Constraint: "K28", Name: "plaintext for everyone", Example: "ambient", Break: smPeer("default", "PERMISSIVE", "mtls", "mode")},
	{Rule: "SM11", Constraint: "K28", Name: "no mode", Example: "online-boutique", Break: smPeer("default", npGone, "mtls")},
	{Rule: "SM11", Constraint: "K28", Name: "an exception that nobody needs", Example: "guide", Break: smPeer("backend", smPermissive, "portLevelMtls", "8080")},
	{Rule: "SM11", Constraint: "K28", Name: "an exception for every port", Example: "guide", Break: smPeer("backend", "PERMISSIVE", "mtls", "mode")},
	{Rule: "SM11", Constraint: "K28", Name: "the exception is for everyone", Example: "guide", Break: smPeer("default", npObject{"9090": smPermissive}, "portLevelMtls")},
	{Rule: "SM11", Constraint: "K28", Name: "two of one scope", Example: "mixed", Break: smAdd("PeerAuthentication", "default", smObject("security.istio.io", "PeerAuthentication", "telemetry", "mesh", npObject{"mtls": npObject{"mode": "STRICT"}}))},
	{Rule: "SM11", Constraint: "K28", Name: "two for the same pods", Example: "mixed", Break: smAdd("PeerAuthentication", "broker", smObject("security.istio.io", "PeerAuthentication", "telemetry", "more",
		npObject{"selector": npLabels("app", "broker"), "mtls": npObject{"mode": "STRICT"}}))},

	{Rule: "SM12", Constraint: "K19", Name: "one of two callers", Example: "guide", Break: smPolicy("backend", npGone, "rules", 0, "from", 0, "source", "principals", 0)},
	{Rule: "SM12", Constraint: "K19", Name: "a typo in a principal", Example: "guide", Break: smPolicy("service-a", "cluster.local/ns/guide/sa/fronted", "rules", 0, "from", 0, "source", "principals", 0), Also: []string{"SM18"}},
	{Rule: "SM12", Constraint: "K19", Name: "the Service's port", Example: "guide", Break: smPolicy("backend", []any{"80"}, "rules", 0, "to", 0, "operation", "ports"), Also: []string{"SM16"}},
	{Rule: "SM12", Constraint: "K19", Name: "nobody is let in", Example: "guide", Break: smPolicy("service-a", npGone, "rules", 0)},
	{Rule: "SM12", Constraint: "K19", Name: "the front door is not let in", Example: "guide", Break: smPolicy("frontend", npGone, "rules", 0)},
	{Rule: "SM12", Constraint: "K19", Name: "the front door has another account", Example: "online-boutique", Break: smPolicy("frontend", []any{"cluster.local/ns/istio-ingress/sa/istio-ingressgateway"}, "rules", 1, "from", 0, "source", "principals"), Also: []string{"SM15"}},
	{Rule: "SM12", Constraint: "K19", Name: "a caller is denied", Example: "guide", Break: smAdd("AuthorizationPolicy", "backend", smObject("security.istio.io", "AuthorizationPolicy", "guide", "denied", npObject{
		"selector": npLabels("app", "backend"), "action": "DENY", "rules": []any{npObject{"from": []any{npObject{"source": npObject{"principals": []any{"cluster.local/ns/guide/sa/frontend"}}}}}}}))},
	{Rule: "SM12", Constraint: "K19", Name: "the selector is another's", Example: "online-boutique", Break: smPolicy("cartservice", npLabels("app", "cart"), "selector"), Also: []string{"SM17"}},
	{Rule: "SM12", Constraint: "K19", Name: "the waypoint lets the caller not in", Example: "ambient", Break: smPolicy("api.callers", []any{"cluster.local/ns/orders/sa/www"}, "rules", 0, "from", 0, "source", "principals"), Also: []string{"SM18"}},
	{Rule: "SM12", Constraint: "K19", Name: "the waypoint lets the partners not in", Example: "ambient", Break: smPolicy("api.callers", npGone, "rules", 1)},
	{Rule: "SM12", Constraint: "K19", Name: "the pods let the waypoint not in", Example: "ambient", Break: smPolicy("api", npGone, "rules", 0)},
	{Rule: "SM12", Constraint: "K19", Name: "the pods let the caller in, past the waypoint", Example: "ambient", Break: smPolicy("api", []any{"cluster.local/ns/orders/sa/web"}, "rules", 0, "from", 0, "source", "principals"), Also: []string{"SM15"}},
	{Rule: "SM12", Constraint: "K19", Name: "the caller from elsewhere", Example: "mixed", Break: smPolicy("admin", []any{"cluster.local/ns/ops/sa/default"}, "rules", 0, "from", 0, "source", "principals"), Also: []string{"SM15"}},
	{Rule: "SM12", Constraint: "K19", Name: "Flagger's primary", Example: "progressive", Break: npDrop("AuthorizationPolicy", "catalog.primary")},
	{Rule: "SM12", Constraint: "K19", Name: "Flagger's primary at the front door", Example: "progressive", Break: smPolicy("web.primary", npGone, "rules", 0)},
	{Rule: "SM12", Constraint: "K28", Name: "clients of the load balancer in plaintext", Example: "guide", Break: npDrop("PeerAuthentication", "partner-api")},
	{Rule: "SM12", Constraint: "K28", Name: "one port of the load balancer", Example: "mixed", Break: smPeer("collector", npGone, "portLevelMtls", "5601")},

	{Rule: "SM13", Constraint: "K21", Name: "no waypoint", Example: "ambient", Break: npDrop("Gateway", "waypoint"), Also: []string{"MO01", "NP04"}},
	{Rule: "SM13", Constraint: "K21", Name: "a Service past the waypoint", Example: "ambient", Break: npSet("Service", "web", npGone, "metadata", "labels", smLabel)},
	{Rule: "SM13", Constraint: "K21", Name: "a waypoint by a wrong name", Example: "ambient", Break: npSet("Service", "web", "way", "metadata", "labels", smLabel)},
	{Rule: "SM13", Constraint: "K21", Name: "a waypoint that listens elsewhere", Example: "ambient", Break: npSet("Gateway", "waypoint", 8080, "spec", "listeners", 0, "port")},
	{Rule: "SM13", Constraint: "K21", Name: "a waypoint for workloads", Example: "ambient", Break: npSet("Gateway", "waypoint", "workload", "metadata", "labels", "istio.io/waypoint-for"), Also: []string{"NP04"}},
	{Rule: "SM13", Constraint: "K21", Name: "requests by selector", Example: "ambient", Break: smPolicy("web", []any{"GET"}, "rules", 0, "to", 0, "operation", "methods")},
	{Rule: "SM13", Constraint: "K21", Name: "a target that is not there", Example: "ambient", Break: smPolicy("api.callers", "apy", "targetRefs", 0, "name"), Also: []string{"SM15"}},
	{Rule: "SM13", Constraint: "K21", Name: "a selector and a target", Example: "ambient", Break: smPolicy("api.callers", npLabels("app", "api"), "selector")},
	{Rule: "SM13", Constraint: "K21", Name: "both APIs at the waypoint", Example: "ambient", Break: smAdd("GRPCRoute", "api.mesh", smObject("networking.istio.io", "VirtualService", "orders", "api",
		npObject{"hosts": []any{"api.orders.svc.cluster.local"}, "http": []any{npObject{"route": []any{smTo("api-v1.orders.svc.cluster.local", 9000)}}}})), Also: []string{"SM04"}},
	{Rule: "SM13", Constraint: "K21", Name: "both APIs with sidecars", Example: "guide", Break: smAdd("VirtualService", "service-a", smObject("gateway.networking.k8s.io", "HTTPRoute", "guide", "service-a.mesh", npObject{
		"parentRefs": []any{npObject{"group": "", "kind": "Service", "name": "service-a", "port": 9000}},
		"rules":      []any{npObject{"backendRefs": []any{npObject{"name": "service-a", "port": 9000}}}}}))},
	{Rule: "SM13", Constraint: "K21", Name: "a headless Service behind a waypoint's policy", Example: "ambient", Break: smAdd("AuthorizationPolicy", "db", smObject("security.istio.io", "AuthorizationPolicy", "orders", "db.callers", npObject{
		"targetRefs": []any{npObject{"group": "", "kind": "Service", "name": "db"}}, "rules": []any{npObject{"from": []any{npObject{"source": npObject{"principals": []any{"cluster.local/ns/orders/sa/api"}}}}}}}))},

	{Rule: "SM14", Constraint: "K17", Name: "tries that take too long", Example: "guide", Break: smVirtualService("service-a", "3s", "http", 0, "retries", "perTryTimeout")},
	{Rule: "SM14", Constraint: "K17", Name: "too many tries", Example: "guide", Break: smVirtualService("service-a", 3, "http", 0, "retries", "attempts")},
	{Rule: "SM14", Constraint: "K17", Name: "too short a timeout", Example: "guide", Break: smVirtualService("service-a", "3500ms", "http", 0, "timeout")},
	{Rule: "SM14", Constraint: "K17", Name: "tries that Flagger is told", Example: "progressive", Break: npSet("Canary", "catalog", 5, "spec", "service", "retries", "attempts")},
	{Rule: "SM14", Constraint: "K17", Name: "a try longer than the request", Example: "ambient", Break: npSet("HTTPRoute", "web.mesh", npObject{"request": "1s", "backendRequest": "1500ms"}, "spec", "rules", 0, "timeouts")},
	{Rule: "SM14", Constraint: "K17", Name: "tries without a fitting timeout", Example: "mixed", Break: smVirtualService("admin", npObject{"attempts": 4, "perTryTimeout": "8s"}, "http", 0, "retries")},
}
