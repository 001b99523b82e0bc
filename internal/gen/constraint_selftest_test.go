package gen_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

// base is a model that renders clean, to be broken.
type base struct {
	door, mesh string
	kinds      string
}

var (
	sidecarBase = base{"gateway-istio", "sidecar", "internal-http public-http canary-internal canary-exposed timeout-retries metrics-own-port egress-host slo loadbalancer"}
	ambientBase = base{"gateway-envoy-gateway", "ambient", "internal-http public-http canary-internal tcp-database metrics-own-port called-from-outside"}
	ingressBase = base{"ingress-nginx", "none", "internal-http public-http named-target metrics-own-port called-from-outside"}
	rewriteBase = base{"ingress-nginx", "sidecar", "rewrite"}
	ciliumBase  = base{"ingress-cilium", "none", "public-http"}
	ownersBase  = base{"gateway-istio", "sidecar", "flagger-internal flagger-exposed rollouts-internal rollouts-exposed"}
	traefikBase = base{"ingress-traefik", "none", "public-http"}
)

func (b base) render(t *testing.T) (*spec.Network, *tree.Tree) {
	t.Helper()
	var chosen []kind
	for _, name := range strings.Fields(b.kinds) {
		i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
		if i < 0 {
			t.Fatalf("there is no kind %s", name)
		}
		chosen = append(chosen, kinds[i])
	}
	n := model(platform{mesh: meshes[b.mesh], ingress: doors[b.door]}, certificates[0], 0, chosen...)
	if err := spec.Validate(n).Err(); err != nil {
		t.Fatal(err)
	}
	files, err := gen.Render(n, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return n, files
}

// mutant breaks a copy of a rendered tree, object by object.
type mutant struct {
	t     *testing.T
	files *tree.Tree
}

// edit rewrites one object; change returns false to drop it, and may return
// further objects to stand after it.
func (m *mutant) edit(kind, name string, change func(o map[string]any) ([]map[string]any, bool)) {
	m.t.Helper()
	for file, data := range m.files.All() {
		if !isYAML(file) {
			continue
		}
		var out bytes.Buffer
		found := false
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		decoder := yaml.NewDecoder(bytes.NewReader(data))
		for {
			var o map[string]any
			if err := decoder.Decode(&o); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				m.t.Fatal(err)
			}
			meta, _ := o["metadata"].(map[string]any)
			if o["kind"] != kind || kind != "Kustomization" && meta["name"] != name || kind == "Kustomization" && file != name {
				m.encode(encoder, o)
				continue
			}
			found = true
			more, keep := change(o)
			if keep {
				m.encode(encoder, o)
			}
			for _, extra := range more {
				m.encode(encoder, extra)
			}
		}
		if found {
			m.files.Set(file, out.Bytes())
			return
		}
	}
	m.t.Fatalf("there is no %s %s to break", kind, name)
}

func (m *mutant) encode(e *yaml.Encoder, o map[string]any) {
	if err := e.Encode(o); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mutant) drop(kind, name string) {
	m.t.Helper()
	m.edit(kind, name, func(map[string]any) ([]map[string]any, bool) { return nil, false })
}

func (m *mutant) duplicate(kind, name, as string) {
	m.t.Helper()
	m.edit(kind, name, func(o map[string]any) ([]map[string]any, bool) {
		var other map[string]any
		text, err := yaml.Marshal(o)
		if err != nil || yaml.Unmarshal(text, &other) != nil {
			m.t.Fatalf("%s %s does not survive a copy", kind, name)
		}
		other["metadata"].(map[string]any)["name"] = as
		return []map[string]any{other}, true
	})
}

// gone as a value removes the key or item.
var gone = new(int)

// set puts a value at a path of keys and indices. An index one past the end appends.
func (m *mutant) set(kind, name string, value any, at ...any) {
	m.t.Helper()
	m.edit(kind, name, func(o map[string]any) ([]map[string]any, bool) {
		m.put(o, value, at)
		return nil, true
	})
}

func (m *mutant) put(node any, value any, at []any) any {
	m.t.Helper()
	last := len(at) == 1
	switch node := node.(type) {
	case map[string]any:
		key, ok := at[0].(string)
		switch {
		case !ok:
			m.t.Fatalf("%v is no key", at[0])
		case last && value == any(gone):
			if _, there := node[key]; !there {
				m.t.Fatalf("there is no %s to remove", key)
			}
			delete(node, key)
		case last:
			node[key] = value
		default:
			if node[key] == nil {
				m.t.Fatalf("there is no %s", key)
			}
			node[key] = m.put(node[key], value, at[1:])
		}
		return node
	case []any:
		i, ok := at[0].(int)
		switch {
		case !ok || i > len(node) || i == len(node) && !last:
			m.t.Fatalf("%v is no index of %d", at[0], len(node))
		case i == len(node):
			return append(node, value)
		case last && value == any(gone):
			return slices.Delete(node, i, i+1)
		case last:
			node[i] = value
		default:
			node[i] = m.put(node[i], value, at[1:])
		}
		return node
	}
	m.t.Fatalf("%v leads nowhere", at)
	return nil
}

// replace changes text of one file.
func (m *mutant) replace(file, old, new string) {
	m.t.Helper()
	data, ok := m.files.File(file)
	if !ok || !bytes.Contains(data, []byte(old)) {
		m.t.Fatalf("%s does not hold %q", file, old)
	}
	m.files.Set(file, bytes.ReplaceAll(data, []byte(old), []byte(new)))
}

type object = map[string]any

var anyone = object{"from": []any{object{"namespaceSelector": object{"matchLabels": object{"kubernetes.io/metadata.name": "elsewhere"}}}}}

// mutations break one thing each; the constraint that is named must see it.
var mutations = []struct {
	id, name string
	base     base
	change   func(*mutant)
}{
	{"K1", "the caller's half is missing", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "desk", gone, "spec", "egress") }},
	{"K1", "the callee's half is missing", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "orders", gone, "spec", "ingress") }},
	{"K1", "the Service's port instead of the pod's", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "orders", 80, "spec", "ingress", 0, "ports", 0, "port") }},
	{"K1", "everyone may call", ingressBase, func(m *mutant) {
		m.set("NetworkPolicy", "orders", []any{object{}}, "spec", "ingress")
		m.set("NetworkPolicy", "menu", []any{object{}}, "spec", "egress")
	}},
	{"K1-outside", "another namespace may call", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "orders", anyone, "spec", "ingress", 1) }},
	{"K1-outside", "the declared caller is forgotten", ingressBase, func(m *mutant) { m.set("NetworkPolicy", "ledger", gone, "spec", "ingress") }},
	{"K1-outside", "egress to anywhere", ingressBase, func(m *mutant) { m.set("NetworkPolicy", "desk", object{}, "spec", "egress", 1) }},
	{"K1-outside", "the metadata address is open", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "payer", object{}, "spec", "egress", 0) }},
	{"K2", "a port that no pod has", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "orders", 9999, "spec", "ingress", 0, "ports", 0, "port") }},
	{"K2", "another protocol", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "desk", "UDP", "spec", "egress", 0, "ports", 0, "protocol") }},
	{"K2", "a name that no pod has", ingressBase, func(m *mutant) { m.set("NetworkPolicy", "dish", "other", "spec", "ingress", 0, "ports", 0, "port") }},
	{"K3", "DNS is forgotten", sidecarBase, func(m *mutant) { m.drop("NetworkPolicy", "allow-dns") }},
	{"K3", "DNS over TCP is forgotten", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "allow-dns", gone, "spec", "egress", 0, "ports", 1) }},
	{"K4", "the front door is shut", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "web", gone, "spec", "ingress") }},
	{"K4", "the front door reaches what is not exposed", sidecarBase, func(m *mutant) {
		m.set("NetworkPolicy", "orders", object{"from": []any{object{"namespaceSelector": object{"matchLabels": object{"kubernetes.io/metadata.name": "istio-ingress"}}}}}, "spec", "ingress", 1)
	}},
	{"K4", "Cilium's front door is shut", ciliumBase, func(m *mutant) {
		m.set("CiliumNetworkPolicy", "web", "9999", "spec", "ingress", 0, "toPorts", 0, "ports", 0, "port")
	}},
	{"K4", "the solver is shut", sidecarBase, func(m *mutant) { m.drop("NetworkPolicy", "allow-acme-solver") }},
	{"K5", "Prometheus is shut out", ingressBase, func(m *mutant) {
		m.replace("networking/network-policies/stock.yaml", "kubernetes.io/metadata.name: monitoring", "kubernetes.io/metadata.name: elsewhere")
	}},
	{"K5", "Prometheus reaches what it does not scrape", ingressBase, func(m *mutant) {
		m.set("NetworkPolicy", "orders", object{"from": []any{object{"namespaceSelector": object{"matchLabels": object{"kubernetes.io/metadata.name": "monitoring"}}}}}, "spec", "ingress", 1)
	}},
	{"K5", "the sidecars' metrics are shut", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "allow-mesh", gone, "spec", "ingress") }},
	{"K6", "istiod is out of reach", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "allow-mesh", gone, "spec", "egress") }},
	{"K7", "no tunnel into the database", ambientBase, func(m *mutant) { m.replace("networking/network-policies/desk.yaml", "15008", "15009") }},
	{"NP", "no default", ingressBase, func(m *mutant) { m.drop("NetworkPolicy", "default-deny") }},
	{"NP", "a policy for nobody", sidecarBase, func(m *mutant) {
		m.set("NetworkPolicy", "desk", object{"matchLabels": object{"app": "nobody"}}, "spec", "podSelector")
	}},
	{"NP", "rules without their type", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "orders", []any{"Egress"}, "spec", "policyTypes") }},

	{"K8", "a selector for nobody", sidecarBase, func(m *mutant) { m.set("Service", "orders", "nobody", "spec", "selector", "app") }},
	{"K8", "the root Service is pinned", sidecarBase, func(m *mutant) { m.set("Service", "price", "v1", "spec", "selector", "version") }},
	{"K9", "a target port that the pod lacks", sidecarBase, func(m *mutant) { m.set("Service", "orders", 9999, "spec", "ports", 0, "targetPort") }},
	{"K9", "a target port of another protocol", sidecarBase, func(m *mutant) { m.set("Service", "orders", "UDP", "spec", "ports", 0, "protocol") }},
	{"K10", "no name", sidecarBase, func(m *mutant) { m.set("Service", "orders", gone, "spec", "ports", 0, "name") }},
	{"K10", "another appProtocol", sidecarBase, func(m *mutant) { m.set("Service", "orders", "tcp", "spec", "ports", 0, "appProtocol") }},
	{"K10", "a database that speaks http", ambientBase, func(m *mutant) { m.set("Service", "postgres", "http", "spec", "ports", 0, "appProtocol") }},
	{"S1", "the load balancer is none", sidecarBase, func(m *mutant) { m.set("Service", "edge", "ClusterIP", "spec", "type") }},
	{"S1", "everyone may come to the load balancer", sidecarBase, func(m *mutant) { m.set("Service", "edge", gone, "spec", "loadBalancerSourceRanges") }},
	{"S1", "a Service is missing", sidecarBase, func(m *mutant) { m.drop("Service", "orders") }},

	{"K11", "an undefined subset", sidecarBase, func(m *mutant) {
		m.set("VirtualService", "price", "v9", "spec", "http", 0, "route", 1, "destination", "subset")
	}},
	{"K12", "a subset of nobody", sidecarBase, func(m *mutant) { m.set("DestinationRule", "price", "v9", "spec", "subsets", 1, "labels", "version") }},
	{"K13", "a port that the host lacks", sidecarBase, func(m *mutant) {
		m.set("VirtualService", "search", 81, "spec", "http", 0, "route", 0, "destination", "port", "number")
	}},
	{"K13", "a short host", sidecarBase, func(m *mutant) { m.set("VirtualService", "search", "search", "spec", "hosts", 0) }},
	{"K14", "weights above 100", sidecarBase, func(m *mutant) { m.set("VirtualService", "price", 11, "spec", "http", 0, "route", 1, "weight") }},
	{"K14", "weights the wrong way round", sidecarBase, func(m *mutant) {
		m.set("VirtualService", "price", 10, "spec", "http", 0, "route", 0, "weight")
		m.set("VirtualService", "price", 90, "spec", "http", 0, "route", 1, "weight")
	}},
	{"K14", "no split", sidecarBase, func(m *mutant) { m.drop("VirtualService", "price") }},
	{"K14", "a route without weights", sidecarBase, func(m *mutant) { m.set("HTTPRoute", "landing", gone, "spec", "rules", 0, "backendRefs", 1) }},
	{"K15", "two DestinationRules", sidecarBase, func(m *mutant) { m.duplicate("DestinationRule", "orders", "orders-too") }},
	{"K15", "two VirtualServices", sidecarBase, func(m *mutant) { m.duplicate("VirtualService", "price", "price-too") }},
	{"K16", "a breaker that never breaks", sidecarBase, func(m *mutant) {
		m.set("DestinationRule", "orders", 10, "spec", "trafficPolicy", "outlierDetection", "maxEjectionPercent")
	}},
	{"K16", "no breaker", sidecarBase, func(m *mutant) { m.drop("DestinationRule", "orders") }},
	{"K17", "tries beyond the timeout", sidecarBase, func(m *mutant) {
		m.set("VirtualService", "search", "4s", "spec", "http", 0, "retries", "perTryTimeout")
	}},
	{"K17", "no timeout", sidecarBase, func(m *mutant) { m.set("VirtualService", "search", gone, "spec", "http", 0, "timeout") }},
	{"K18", "plaintext to strict pods", sidecarBase, func(m *mutant) {
		m.set("DestinationRule", "orders", "DISABLE", "spec", "trafficPolicy", "tls", "mode")
	}},
	{"K19", "another caller", sidecarBase, func(m *mutant) {
		m.set("AuthorizationPolicy", "orders", "cluster.local/ns/shop/sa/till", "spec", "rules", 0, "from", 0, "source", "principals", 0)
	}},
	{"K19", "everyone", sidecarBase, func(m *mutant) { m.set("AuthorizationPolicy", "orders", []any{object{}}, "spec", "rules") }},
	{"K19", "nobody is refused any more", sidecarBase, func(m *mutant) {
		m.drop("AuthorizationPolicy", "orders")
		m.drop("AuthorizationPolicy", "default-deny")
	}},
	{"K19", "the Service's port", sidecarBase, func(m *mutant) {
		m.set("AuthorizationPolicy", "orders", "80", "spec", "rules", 0, "to", 0, "operation", "ports", 0)
	}},
	{"K19", "past the waypoint", ambientBase, func(m *mutant) {
		m.set("AuthorizationPolicy", "orders", "cluster.local/ns/shop/sa/desk", "spec", "rules", 0, "from", 0, "source", "principals", 1)
	}},
	{"K19", "Prometheus is refused", sidecarBase, func(m *mutant) { m.set("AuthorizationPolicy", "stock", gone, "spec", "rules", 1) }},
	{"K20", "injected twice", sidecarBase, func(m *mutant) { m.set("Namespace", "shop", "canary", "metadata", "labels", "istio.io/rev") }},
	{"K20", "not at all", ambientBase, func(m *mutant) { m.set("Namespace", "shop", gone, "metadata", "labels", "istio.io/dataplane-mode") }},
	{"K21", "no waypoint", ambientBase, func(m *mutant) { m.drop("Gateway", "waypoint") }},
	{"K21", "another waypoint", ambientBase, func(m *mutant) { m.set("Service", "price", "other", "metadata", "labels", "istio.io/use-waypoint") }},
	{"K21", "requests by selector", ambientBase, func(m *mutant) {
		m.set("AuthorizationPolicy", "orders", []any{"GET"}, "spec", "rules", 0, "to", 0, "operation", "methods")
	}},
	{"M1", "the external host is unknown", sidecarBase, func(m *mutant) {
		m.replace("networking/service-mesh/egress.yaml", "api.payments.test", "api.other.test")
	}},

	{"K22", "a backend port that is not there", sidecarBase, func(m *mutant) { m.set("HTTPRoute", "web", 81, "spec", "rules", 0, "backendRefs", 0, "port") }},
	{"K22", "a backend that is not there", ingressBase, func(m *mutant) {
		m.set("Ingress", "web", "wob", "spec", "rules", 0, "http", "paths", 0, "backend", "service", "name")
	}},
	{"K22", "no grant", sidecarBase, func(m *mutant) { m.drop("ReferenceGrant", "shop-gateway") }},
	{"K23", "no such listener", sidecarBase, func(m *mutant) { m.set("HTTPRoute", "web", "nope", "spec", "parentRefs", 0, "sectionName") }},
	{"K23", "the namespace is not allowed", sidecarBase, func(m *mutant) {
		m.replace("networking/ingress/gateway.yaml", "kubernetes.io/metadata.name: shop", "kubernetes.io/metadata.name: other")
	}},
	{"K24", "a certificate for others", ingressBase, func(m *mutant) { m.set("Certificate", "web-tls", "other.example.test", "spec", "dnsNames", 0) }},
	{"K24", "a host without TLS", ingressBase, func(m *mutant) { m.set("Ingress", "web", gone, "spec", "tls") }},
	{"K24", "no certificate", sidecarBase, func(m *mutant) { m.drop("Certificate", "web-tls") }},
	{"K25", "no redirect", sidecarBase, func(m *mutant) { m.drop("HTTPRoute", "web.redirect") }},
	{"K25", "a redirect that does not last", sidecarBase, func(m *mutant) {
		m.set("HTTPRoute", "web.redirect", 302, "spec", "rules", 0, "filters", 0, "requestRedirect", "statusCode")
	}},
	{"K25", "no annotation", ingressBase, func(m *mutant) { m.set("Ingress", "web", gone, "metadata", "annotations") }},
	{"K25", "no Middleware", traefikBase, func(m *mutant) { m.set("Middleware", "redirect-https", "http", "spec", "redirectScheme", "scheme") }},
	{"F1", "another host", sidecarBase, func(m *mutant) { m.set("HTTPRoute", "web", "other.example.test", "spec", "hostnames", 0) }},
	{"F1", "a rewrite that drops the suffix", rewriteBase, func(m *mutant) {
		m.set("Ingress", "api", "/", "metadata", "annotations", "nginx.ingress.kubernetes.io/rewrite-target")
	}},
	{"F1", "a rewrite of another prefix", sidecarBase, func(m *mutant) {
		m.set("HTTPRoute", "web", []any{object{"type": "URLRewrite", "urlRewrite": object{"path": object{"type": "ReplacePrefixMatch", "replacePrefixMatch": "/x"}}}}, "spec", "rules", 0, "filters")
	}},
	{"F1", "another class", ingressBase, func(m *mutant) { m.set("Ingress", "web", "traefik", "spec", "ingressClassName") }},

	{"K26", "a port that is not there", sidecarBase, func(m *mutant) {
		m.set("ServiceMonitor", "shop-services.http-metrics", "nope", "spec", "endpoints", 0, "port")
	}},
	{"K26", "a selector for nobody", sidecarBase, func(m *mutant) {
		m.set("ServiceMonitor", "shop-services.http-metrics", "nobody", "spec", "selector", "matchLabels", "kgen.dev/scrape")
	}},
	{"K26", "a Service without the label", sidecarBase, func(m *mutant) { m.set("Service", "stock", gone, "metadata", "labels", "kgen.dev/scrape") }},
	{"K26", "a Service of one version with the label", sidecarBase, func(m *mutant) {
		m.duplicate("Service", "stock", "stock-v2")
	}},
	{"K26", "scraped twice", sidecarBase, func(m *mutant) {
		m.duplicate("ServiceMonitor", "shop-services.http-metrics", "shop-stock-too")
	}},
	{"K27", "not Prometheus's label", sidecarBase, func(m *mutant) {
		m.set("ServiceMonitor", "shop-services.http-metrics", "other", "metadata", "labels", "release")
	}},
	{"K27", "nothing may be read", sidecarBase, func(m *mutant) { m.drop("RoleBinding", "shop-prometheus") }},
	{"K28", "the scrape meets mutual TLS", sidecarBase, func(m *mutant) { m.set("PeerAuthentication", "stock", gone, "spec", "portLevelMtls") }},
	{"K28", "not strict", sidecarBase, func(m *mutant) { m.set("PeerAuthentication", "default", "PERMISSIVE", "spec", "mtls", "mode") }},
	{"K29", "a series of nobody", sidecarBase, func(m *mutant) {
		m.set("PrometheusRule", "shop-price", "network_latency_seconds > 1", "spec", "groups", 0, "rules", 0, "expr")
	}},
	{"K29", "the sidecars are not scraped", sidecarBase, func(m *mutant) { m.drop("PodMonitor", "shop-sidecars") }},
	{"K30", "a service of nobody", sidecarBase, func(m *mutant) {
		m.replace("monitoring/alerts/price.yaml", `destination_service_name="price"`, `destination_service_name="prize"`)
	}},
	{"K31", "beyond the retention", sidecarBase, func(m *mutant) { m.replace("monitoring/alerts/price.yaml", "[15m]", "[30d]") }},
	{"A1", "no summary", sidecarBase, func(m *mutant) {
		m.set("PrometheusRule", "shop-price", gone, "spec", "groups", 0, "rules", 0, "annotations", "summary")
	}},
	{"A1", "no comparison", sidecarBase, func(m *mutant) {
		m.set("PrometheusRule", "shop-price", "sum(up)", "spec", "groups", 0, "rules", 0, "expr")
	}},
	{"A2", "the canary is not watched", sidecarBase, func(m *mutant) { m.drop("PrometheusRule", "shop-price") }},

	{"K32", "a file that is in no list", sidecarBase, func(m *mutant) {
		m.set("Kustomization", "networking/services/kustomization.yaml", gone, "resources", 0)
	}},
	{"K32", "a file that is listed twice", sidecarBase, func(m *mutant) {
		m.set("Kustomization", "networking/services/kustomization.yaml", "../network-policies/desk.yaml", "resources", 0)
	}},
	{"K32", "a half that lacks a folder", sidecarBase, func(m *mutant) { m.set("Kustomization", "monitoring/kustomization.yaml", gone, "resources", 0) }},
	{"K32", "a folder that only a half has", sidecarBase, func(m *mutant) { m.set("Kustomization", "kustomization.yaml", gone, "resources", 1) }},
	{"K32", "a prefix", sidecarBase, func(m *mutant) { m.set("Kustomization", "kustomization.yaml", "a-", "namePrefix") }},
	{"O1", "a Service beside Flagger's", ownersBase, func(m *mutant) { m.duplicate("Service", "lift", "stall") }},
	{"O1", "another objective", ownersBase, func(m *mutant) {
		m.set("Canary", "stall", 90, "spec", "analysis", "metrics", 0, "thresholdRange", "min")
	}},
	{"O1", "the wrong percentile", ownersBase, func(m *mutant) {
		m.set("Canary", "stall", "request-duration", "spec", "analysis", "metrics", 1, "name")
	}},
	{"O1", "no Canary", ownersBase, func(m *mutant) { m.drop("Canary", "crate") }},
	{"O2", "subsets by version", ownersBase, func(m *mutant) {
		m.set("DestinationRule", "lift", object{"version": "v1"}, "spec", "subsets", 0, "labels")
	}},
	{"K1", "Flagger's primary is not selected", ownersBase, func(m *mutant) {
		m.set("NetworkPolicy", "stall", object{"matchLabels": object{"app": "stall"}}, "spec", "podSelector")
	}},
	{"K1", "Flagger's primary may not be called", ownersBase, func(m *mutant) {
		m.set("NetworkPolicy", "kiosk", object{"matchLabels": object{"app": "stall"}}, "spec", "egress", 0, "to", 0, "podSelector")
	}},
	{"K14", "a Rollout that begins half way", ownersBase, func(m *mutant) {
		m.set("VirtualService", "lift", 50, "spec", "http", 0, "route", 0, "weight")
		m.set("VirtualService", "lift", 50, "spec", "http", 0, "route", 1, "weight")
	}},
	{"K16", "Flagger's breaker is another", ownersBase, func(m *mutant) {
		m.set("Canary", "stall", 7, "spec", "service", "trafficPolicy", "connectionPool", "http", "http2MaxRequests")
	}},
	{"K17", "Flagger's timeout is another", ownersBase, func(m *mutant) { m.set("Canary", "stall", "9s", "spec", "service", "timeout") }},
	{"K19", "nobody may call Flagger's primary", ownersBase, func(m *mutant) { m.drop("AuthorizationPolicy", "stall.primary") }},
	{"K26", "Flagger's primary is not scraped", ownersBase, func(m *mutant) {
		m.set("PodMonitor", "shop-stall", object{"matchLabels": object{"app": "stall"}}, "spec", "selector")
	}},
	{"K28", "Flagger's primary is strict to Prometheus", ownersBase, func(m *mutant) { m.drop("PeerAuthentication", "stall.primary") }},
	{"N1", "no namespace", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "desk", gone, "metadata", "namespace") }},
	{"N1", "there already", sidecarBase, func(m *mutant) {
		m.duplicate("Service", "orders", "desk-too")
		m.duplicate("Service", "orders", "desk-too")
	}},
	{"N2", "annotations: {}", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "desk", object{}, "metadata", "annotations") }},
	{"N3", "blank lines at the end", sidecarBase, func(m *mutant) { m.replace("kustomization.yaml", "resources:", "resources: \n") }},
	{"parse", "a field that is none", sidecarBase, func(m *mutant) { m.set("DestinationRule", "orders", 5, "spec", "trafficPolicy", "consecutiveErrors") }},
	{"parse", "a name that is a number", sidecarBase, func(m *mutant) { m.set("NetworkPolicy", "desk", 1000, "metadata", "name") }},
}

// TestConstraintsSee breaks one thing at a time and expects the constraint
// that is meant for it to say so, and the unbroken tree to be clean.
func TestConstraintsSee(t *testing.T) {
	tested := map[string]bool{"parse": true}
	for _, mutation := range mutations {
		tested[mutation.id] = true
		t.Run(mutation.id+" "+mutation.name, func(t *testing.T) {
			t.Parallel()
			n, files := mutation.base.render(t)
			for _, f := range run(n, files, constraints) {
				if f.constraint == mutation.id {
					t.Errorf("unbroken: %s", f)
				}
			}
			broken := clone(files)
			mutation.change(&mutant{t, broken})
			findings := run(n, broken, constraints)
			if !slices.ContainsFunc(findings, func(f finding) bool { return f.constraint == mutation.id }) {
				t.Errorf("%s does not see it; all that is said is %v", mutation.id, findings)
			}
		})
	}
	for _, c := range constraints {
		if !tested[c.id] {
			t.Errorf("no mutation shows that %s (%s) can see", c.id, c.title)
		}
	}
}

// TestParseQuery: what the checks take for series, matchers and ranges.
func TestParseQuery(t *testing.T) {
	for _, test := range []struct {
		in     string
		series string
		ranges string
	}{
		{`up == 0`, "up", ""},
		{`sum by (le, job) (rate(a_bucket{x="b_c{}",y=~"1|2"}[5m])) / on (job) group_left (z) c:d:e`, "a_bucket c:d:e", "5m"},
		{`sum(rate(a[1h])) without (pod) > 0 and on(x) absent(b) or vector(1)`, "a b", "1h"},
		{`max_over_time(a[1d:5m] offset 2h) unless ignoring (q) b`, "a b", "1d 5m 2h"},
		{`histogram_quantile(0.99, sum by (le) (rate(h_bucket[5m]))) > 500`, "h_bucket", "5m"},
		{`{__name__="a"} > 1e3`, "", ""},
		{`time() - a < 14*86400 and on (n) b{condition="True"} == 1`, "a b", ""},
	} {
		q := parseQuery(test.in)
		if got := strings.Join(q.series, " "); got != test.series {
			t.Errorf("%s: series %q, want %q", test.in, got, test.series)
		}
		if got := strings.Join(q.ranges, " "); got != test.ranges {
			t.Errorf("%s: ranges %q, want %q", test.in, got, test.ranges)
		}
	}
}
