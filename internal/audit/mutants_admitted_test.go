package audit

import "kgen.dev/kgen/internal/tree"

// smSource is a source of an AuthorizationPolicy's rule.
func smSource(key string, values ...any) npObject {
	return npObject{"source": npObject{key: values}}
}

func smFrom(sources ...any) npObject { return npObject{"from": sources} }

func smFromOn(port string, sources ...any) npObject {
	return npObject{"from": sources, "to": []any{npObject{"operation": npObject{"ports": []any{port}}}}}
}

func smAccount(namespace, account string) string {
	return "cluster.local/ns/" + namespace + "/sa/" + account
}

// smDeny writes a policy that denies beside another one.
func smDeny(example, beside string, selector npObject, rule npObject) func(*tree.Tree) error {
	return smAdd("AuthorizationPolicy", beside, smObject("security.istio.io", "AuthorizationPolicy", example, "denied",
		npObject{"selector": selector, "action": "DENY", "rules": []any{rule}}))
}

// admittedMutants break K19 in the direction that opens: the mesh admits more
// than was declared, or its policies are for nobody. The last few are for rules
// that came with the guide's own faults.
var admittedMutants = []mutant{
	{Rule: "SM15", Constraint: "K19", Name: "a caller that nobody declares", Example: "guide", Break: smPolicy("backend", smAccount("guide", "service-a"), "rules", 0, "from", 0, "source", "principals", 2)},
	{Rule: "SM15", Constraint: "K19", Name: "a rule for another caller", Example: "guide", Break: smPolicy("service-a", smFromOn("9000", smSource("principals", smAccount("guide", "partner-api"))), "rules", 2)},
	{Rule: "SM15", Constraint: "K19", Name: "everyone to everything", Example: "guide", Break: smPolicy("service-a", []any{npObject{}}, "rules")},
	{Rule: "SM15", Constraint: "K19", Name: "an empty rule among others", Example: "online-boutique", Break: smPolicy("paymentservice", npObject{}, "rules", 1)},
	{Rule: "SM15", Constraint: "K19", Name: "everyone on the port", Example: "guide", Break: smPolicy("service-a", npGone, "rules", 0, "from")},
	{Rule: "SM15", Constraint: "K19", Name: "every identity", Example: "guide", Break: smPolicy("service-a", "*", "rules", 0, "from", 0, "source", "principals", 0)},
	{Rule: "SM15", Constraint: "K19", Name: "every identity of the mesh", Example: "online-boutique", Break: smPolicy("cartservice", "cluster.local/*", "rules", 0, "from", 0, "source", "principals", 2)},
	{Rule: "SM15", Constraint: "K19", Name: "the whole namespace by a pattern", Example: "online-boutique", Break: smPolicy("cartservice", "cluster.local/ns/boutique/sa/*", "rules", 0, "from", 0, "source", "principals", 0)},
	{Rule: "SM15", Constraint: "K19", Name: "the whole namespace", Example: "guide", Break: smPolicy("backend", npObject{"namespaces": []any{"guide"}}, "rules", 0, "from", 0, "source")},
	{Rule: "SM15", Constraint: "K19", Name: "another namespace", Example: "mixed", Break: smPolicy("broker", smFromOn("9092", smSource("namespaces", "ops")), "rules", 3)},
	{Rule: "SM15", Constraint: "K19", Name: "every account of a caller's namespace", Example: "mixed", Break: smPolicy("admin", npObject{"namespaces": []any{"ops"}}, "rules", 0, "from", 0, "source")},
	{Rule: "SM15", Constraint: "K19", Name: "a port too many", Example: "guide", Break: smPolicy("backend", "9090", "rules", 0, "to", 0, "operation", "ports", 1)},
	{Rule: "SM15", Constraint: "K19", Name: "every port", Example: "guide", Break: smPolicy("service-a", npGone, "rules", 0, "to")},
	{Rule: "SM15", Constraint: "K19", Name: "every port but one", Example: "mixed", Break: smPolicy("broker", npObject{"notPorts": []any{"9092"}}, "rules", 1, "to", 0, "operation")},
	{Rule: "SM15", Constraint: "K19", Name: "who has no identity", Example: "guide", Break: smPolicy("backend", "8080", "rules", 2, "to", 0, "operation", "ports", 1)},
	{Rule: "SM15", Constraint: "K19", Name: "other clients of the load balancer", Example: "mixed", Break: smPolicy("collector", "0.0.0.0/0", "rules", 0, "from", 0, "source", "ipBlocks", 2)},
	{Rule: "SM15", Constraint: "K19", Name: "a wider range", Example: "guide", Break: smPolicy("partner-api", "203.0.0.0/8", "rules", 0, "from", 0, "source", "ipBlocks", 0)},
	{Rule: "SM15", Constraint: "K19", Name: "the front door where nothing is served", Example: "guide", Break: smPolicy("service-a", smFromOn("9000", smSource("principals", smAccount("istio-ingress", "guide-istio"))), "rules", 2)},
	{Rule: "SM15", Constraint: "K19", Name: "no selector", Example: "online-boutique", Break: smPolicy("emailservice", npGone, "selector")},
	{Rule: "SM15", Constraint: "K19", Name: "a wider selector", Example: "online-boutique", Break: smPolicy("shippingservice", npLabels("version", "v1"), "selector")},
	{Rule: "SM15", Constraint: "K19", Name: "nobody refuses", Example: "mixed", Break: npAll(npDrop("AuthorizationPolicy", "default-deny"), npDrop("AuthorizationPolicy", "broker"))},
	{Rule: "SM15", Constraint: "K19", Name: "the default-deny is only logged", Example: "online-boutique", Break: npAll(
		npSet("AuthorizationPolicy", "default-deny", npObject{"istio.io/dry-run": "true"}, "metadata", "annotations"), npSet("AuthorizationPolicy", "adservice", npObject{"istio.io/dry-run": "true"}, "metadata", "annotations"))},
	{Rule: "SM15", Constraint: "K19", Name: "the default-deny audits", Example: "online-boutique", Break: npAll(smPolicy("default-deny", "AUDIT", "action"), smPolicy("adservice", "AUDIT", "action"))},
	{Rule: "SM15", Constraint: "K19", Name: "another caller at the waypoint", Example: "ambient", Break: smPolicy("api.callers", smAccount("orders", "postgres"), "rules", 0, "from", 0, "source", "principals", 1)},
	{Rule: "SM15", Constraint: "K19", Name: "everyone at the waypoint", Example: "ambient", Break: smPolicy("api.callers", []any{npObject{}}, "rules")},
	{Rule: "SM15", Constraint: "K19", Name: "nothing guards the waypoint", Example: "ambient", Break: npDrop("AuthorizationPolicy", "api.callers")},
	{Rule: "SM15", Constraint: "K19", Name: "a caller past the waypoint", Example: "ambient", Break: smPolicy("api", smAccount("orders", "web"), "rules", 0, "from", 0, "source", "principals", 1)},
	{Rule: "SM15", Constraint: "K19", Name: "a caller by its service account", Example: "guide", Break: smPolicy("service-a", smFromOn("9000", smSource("serviceAccounts", "guide/backend")), "rules", 2)},
	{Rule: "SM15", Constraint: "K19", Name: "a caller of Flagger's primary alone", Example: "progressive", Break: smPolicy("catalog.primary", smAccount("bookshop", "cart"), "rules", 0, "from", 0, "source", "principals", 1)},
	{Rule: "SM15", Constraint: "K19", Name: "a caller in an environment", Example: "guide", Dir: "environments/eu", Break: smPolicy("backend", smAccount("guide", "service-a"), "rules", 0, "from", 0, "source", "principals", 2)},

	{Rule: "SM16", Constraint: "K19", Name: "a port of nobody beside the right one", Example: "guide", Break: smPolicy("backend", "8081", "rules", 0, "to", 0, "operation", "ports", 1)},
	{Rule: "SM16", Constraint: "K19", Name: "the Service's port beside the container's", Example: "guide", Break: smPolicy("frontend", "80", "rules", 0, "to", 0, "operation", "ports", 1)},
	{Rule: "SM16", Constraint: "K19", Name: "a name", Example: "online-boutique", Break: smPolicy("adservice", "grpc", "rules", 0, "to", 0, "operation", "ports", 1)},
	{Rule: "SM16", Constraint: "K19", Name: "a denied port of nobody", Example: "guide", Break: smDeny("guide", "backend", npLabels("app", "backend"), npObject{"to": []any{npObject{"operation": npObject{"ports": []any{"8443"}}}}})},
	{Rule: "SM16", Constraint: "K19", Name: "an excepted port of nobody", Example: "mixed", Break: smDeny("telemetry", "broker", npLabels("app", "broker"), npObject{
		"from": []any{smSource("namespaces", "elsewhere")}, "to": []any{npObject{"operation": npObject{"notPorts": []any{"9999"}}}}})},
	{Rule: "SM16", Constraint: "K19", Name: "a port of nobody by a condition", Example: "guide", Break: smDeny("guide", "backend", npLabels("app", "backend"), npObject{"when": []any{npObject{"key": "destination.port", "values": []any{"1"}}}})},
	{Rule: "SM16", Constraint: "K19", Name: "a port of nobody at the waypoint", Example: "ambient", Break: smPolicy("api.callers", "9001", "rules", 0, "to", 0, "operation", "ports", 1)},

	{Rule: "SM17", Constraint: "K19", Name: "a denial for nobody", Example: "guide", Break: smDeny("guide", "backend", npLabels("app", "backnd"), smFrom(smSource("namespaces", "elsewhere")))},
	{Rule: "SM17", Constraint: "K19", Name: "a denial for an app that is gone", Example: "ambient", Break: smDeny("orders", "api", npLabels("app", "basket"), smFrom(smSource("namespaces", "elsewhere")))},
	{Rule: "SM17", Constraint: "K19", Name: "a denial for a version that is gone", Example: "guide", Break: smDeny("guide", "service-a", npLabels("app", "service-a", "version", "v3"), smFrom(smSource("namespaces", "elsewhere")))},
	{Rule: "SM17", Constraint: "K19", Name: "an admission for nobody", Example: "mixed", Break: smAdd("AuthorizationPolicy", "broker", smObject("security.istio.io", "AuthorizationPolicy", "telemetry", "more", npObject{
		"selector": npLabels("app", "brokr"), "rules": []any{smFrom(smSource("principals", smAccount("telemetry", "admin")))}}))},

	{Rule: "SM18", Constraint: "K19", Name: "an account of nobody", Example: "guide", Break: smPolicy("backend", smAccount("guide", "front"), "rules", 0, "from", 0, "source", "principals", 2)},
	{Rule: "SM18", Constraint: "K19", Name: "a denied account of nobody", Example: "guide", Break: smDeny("guide", "backend", npLabels("app", "backend"), smFrom(smSource("principals", smAccount("guide", "servce-a"))))},
	{Rule: "SM18", Constraint: "K19", Name: "a scheme before it", Example: "online-boutique", Break: smPolicy("cartservice", "spiffe://"+smAccount("boutique", "frontend"), "rules", 0, "from", 0, "source", "principals", 2)},
	{Rule: "SM18", Constraint: "K19", Name: "an account alone", Example: "online-boutique", Break: smPolicy("cartservice", "frontend", "rules", 0, "from", 0, "source", "principals", 2)},
	{Rule: "SM18", Constraint: "K19", Name: "a service account of nobody", Example: "mixed", Break: smPolicy("broker", smFromOn("9092", smSource("serviceAccounts", "telemetry/wrter")), "rules", 3)},
	{Rule: "SM18", Constraint: "K19", Name: "a pattern of nobody's accounts", Example: "mixed", Break: smPolicy("broker", "cluster.local/ns/telemetry/sa/colector*", "rules", 0, "from", 0, "source", "principals", 2)},
	{Rule: "SM18", Constraint: "K19", Name: "a condition on an account of nobody", Example: "guide", Break: smDeny("guide", "backend", npLabels("app", "backend"), npObject{
		"when": []any{npObject{"key": "source.principal", "values": []any{smAccount("guide", "basket")}}}})},

	{Rule: "SM19", Constraint: "K16", Name: "one request may wait", Example: "guide", Break: smRule("service-a", 1, "trafficPolicy", "connectionPool", "http", "http1MaxPendingRequests")},
	{Rule: "SM19", Constraint: "K16", Name: "one connection", Example: "mixed", Break: smRule("broker", 1, "trafficPolicy", "connectionPool", "tcp", "maxConnections")},
	{Rule: "SM19", Constraint: "K16", Name: "one request of gRPC to one version", Example: "guide", Break: smRule("service-a", npObject{"connectionPool": npObject{"http": npObject{"http2MaxRequests": 1}}}, "subsets", 0, "trafficPolicy")},
	{Rule: "SM19", Constraint: "K16", Name: "one connection to a port", Example: "mixed", Break: smRule("broker", []any{npObject{"port": npObject{"number": 9092}, "connectionPool": npObject{"tcp": npObject{"maxConnections": 1}}}}, "trafficPolicy", "portLevelSettings")},
	{Rule: "SM19", Constraint: "K16", Name: "one connection and one that waits for it", Example: "guide", Break: smRule("backend", []any{npObject{"port": npObject{"number": 80}, "connectionPool": npObject{"tcp": npObject{"maxConnections": 1}, "http": npObject{"http1MaxPendingRequests": 1}}}}, "trafficPolicy", "portLevelSettings")},

	{Rule: "SV06", Constraint: "K4", Name: "clients are hidden", Example: "guide", Break: npSet("Service", "partner-api", "Cluster", "spec", "externalTrafficPolicy")},
	{Rule: "SV06", Constraint: "K4", Name: "nothing is said of clients", Example: "mixed", Break: npSet("Service", "collector", npGone, "spec", "externalTrafficPolicy")},

	{Rule: "RP03", Constraint: "K33", Name: "a route of former days", Example: "guide", Break: npSet("VirtualService", "service-a", "networking.istio.io/v1beta1", "apiVersion")},
	{Rule: "RP03", Constraint: "K33", Name: "a Gateway of former days", Example: "ambient", Break: npSet("Gateway", "waypoint", "gateway.networking.k8s.io/v1beta1", "apiVersion")},

	{Rule: "RP04", Constraint: "K32", Name: "a patch of a Service of nobody", Example: "guide", Break: moText("networking/services/kustomization.yaml", "resources:\n", "patches: [{target: {kind: Service, name: nobody}, patch: '- {op: add, path: /metadata/labels/a, value: b}'}]\nresources:\n")},
	{Rule: "RP04", Constraint: "K32", Name: "a patch in a folder that has no such kind", Example: "hello", Break: moText("monitoring/alerts/kustomization.yaml", "resources:\n", "patches: [{target: {kind: Service}, patch: '- {op: add, path: /metadata/labels/a, value: b}'}]\nresources:\n")},
	{Rule: "RP05", Constraint: "K32", Name: "a Namespace at the end", Example: "hello", Break: moEnd("monitoring/alerts/platform.yaml", "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: monitoring}\n")},
	{Rule: "RP05", Constraint: "K32", Name: "a definition at the end", Example: "guide", Break: moEnd("monitoring/alerts/platform.yaml", "---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: prometheusrules.monitoring.coreos.com}\nspec: {group: monitoring.coreos.com, names: {kind: PrometheusRule, plural: prometheusrules}, scope: Namespaced, versions: [{name: v1, served: true, storage: true}]}\n")},
	{Rule: "SM20", Constraint: "K16", Name: "failover by labels for one port", Example: "guide", Break: smRule("backend", []any{npObject{"port": npObject{"number": 80}, "loadBalancer": npObject{"localityLbSetting": npObject{"failoverPriority": []any{"topology.kubernetes.io/region"}}}}}, "trafficPolicy", "portLevelSettings")},
	{Rule: "SM20", Constraint: "K16", Name: "failover that is switched on for one port", Example: "mixed", Break: smRule("broker", []any{npObject{"port": npObject{"number": 9092}, "loadBalancer": npObject{"localityLbSetting": npObject{"enabled": true}}}}, "trafficPolicy", "portLevelSettings")},
}
