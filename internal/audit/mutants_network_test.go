package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/tree"
)

// npEdit rewrites the first object of a kind and name below the top's folders,
// environments left aside; change gives false to drop it, and further objects
// that stand after it.
func npEdit(t *tree.Tree, kind, name string, change func(o map[string]any) (more []map[string]any, keep bool, err error)) error {
	for _, file := range t.Paths() {
		if path.Ext(file) != ".yaml" || strings.HasPrefix(file, "environments/") || path.Base(file) == "kgen.yaml" {
			continue
		}
		data, _ := t.File(file)
		decoder := yaml.NewDecoder(bytes.NewReader(data))
		var objects []map[string]any
		found := false
		for {
			var o map[string]any
			if err := decoder.Decode(&o); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			meta, _ := o["metadata"].(map[string]any)
			if found || o["kind"] != kind || meta["name"] != name {
				objects = append(objects, o)
				continue
			}
			found = true
			more, keep, err := change(o)
			if err != nil {
				return fmt.Errorf("%s %s: %w", kind, name, err)
			}
			if keep {
				objects = append(objects, o)
			}
			objects = append(objects, more...)
		}
		if !found {
			continue
		}
		var out bytes.Buffer
		encoder := yaml.NewEncoder(&out)
		encoder.SetIndent(2)
		for _, o := range objects {
			if err := encoder.Encode(o); err != nil {
				return err
			}
		}
		t.Set(file, out.Bytes())
		return nil
	}
	return fmt.Errorf("there is no %s %s", kind, name)
}

// npGone as a value removes the key or the item.
var npGone = new(int)

// npSet puts a value at a path of keys and indices of an object. An index one
// past the end appends.
func npSet(kind, name string, value any, at ...any) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		return npEdit(t, kind, name, func(o map[string]any) ([]map[string]any, bool, error) {
			_, err := npPut(o, value, at)
			return nil, true, err
		})
	}
}

func npPut(node, value any, at []any) (any, error) {
	last := len(at) == 1
	switch node := node.(type) {
	case map[string]any:
		key, ok := at[0].(string)
		there := node[key] != nil
		switch {
		case !ok || !there && (!last || value == any(npGone)):
			return nil, fmt.Errorf("there is no %v", at[0])
		case last && value == any(npGone):
			delete(node, key)
		case last:
			node[key] = value
		default:
			inner, err := npPut(node[key], value, at[1:])
			node[key] = inner
			return node, err
		}
		return node, nil
	case []any:
		i, ok := at[0].(int)
		switch {
		case !ok || i > len(node) || i == len(node) && !last:
			return nil, fmt.Errorf("there is no %v of %d", at[0], len(node))
		case i == len(node):
			return append(node, value), nil
		case last && value == any(npGone):
			return slices.Delete(node, i, i+1), nil
		case last:
			node[i] = value
			return node, nil
		}
		inner, err := npPut(node[i], value, at[1:])
		node[i] = inner
		return node, err
	}
	return nil, fmt.Errorf("%v leads nowhere", at)
}

// npPolicy sets a part of a NetworkPolicy's spec.
func npPolicy(name string, value any, at ...any) func(*tree.Tree) error {
	return npSet("NetworkPolicy", name, value, append([]any{"spec"}, at...)...)
}

func npDrop(kind, name string) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		// A kustomization may name no file without an object: the file keeps a ConfigMap.
		return npEdit(t, kind, name, func(o map[string]any) ([]map[string]any, bool, error) {
			return []map[string]any{{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "was-" + name, "namespace": o["metadata"].(map[string]any)["namespace"]}}}, false, nil
		})
	}
}

// npAdd writes another NetworkPolicy beside one that is there.
func npAdd(beside, name string, spec npObject) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		return npEdit(t, "NetworkPolicy", beside, func(o map[string]any) ([]map[string]any, bool, error) {
			meta := npObject{"name": name, "namespace": o["metadata"].(map[string]any)["namespace"]}
			return []map[string]any{{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}}, true, nil
		})
	}
}

func npAll(changes ...func(*tree.Tree) error) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		for _, change := range changes {
			if err := change(t); err != nil {
				return err
			}
		}
		return nil
	}
}

// npModel changes text of kgen.yaml.
func npModel(old, new string) func(*tree.Tree) error {
	return func(t *tree.Tree) error {
		data, _ := t.File("kgen.yaml")
		if !bytes.Contains(data, []byte(old)) {
			return fmt.Errorf("kgen.yaml does not hold %q", old)
		}
		t.Set("kgen.yaml", bytes.Replace(data, []byte(old), []byte(new), 1))
		return nil
	}
}

type npObject = map[string]any

func npLabels(pairs ...string) npObject {
	labels := npObject{}
	for i := 0; i+1 < len(pairs); i += 2 {
		labels[pairs[i]] = pairs[i+1]
	}
	return npObject{"matchLabels": labels}
}

func npPods(name string) npObject { return npObject{"podSelector": npLabels("app", name)} }

func npPort(port any, protocol string) npObject { return npObject{"port": port, "protocol": protocol} }

func npRule(side string, peer npObject, ports ...any) npObject {
	r := npObject{side: []any{peer}}
	if len(ports) > 0 {
		r["ports"] = ports
	}
	return r
}

const npName = "kubernetes.io/metadata.name"

var networkMutants = []mutant{
	{Rule: "NP01", Constraint: "K1", Name: "no default-deny", Example: "hello", Break: npDrop("NetworkPolicy", "default-deny")},
	{Rule: "NP01", Constraint: "K1", Name: "default-deny for egress only", Example: "hello", Break: npPolicy("default-deny", []any{"Egress"}, "policyTypes")},
	{Rule: "NP01", Constraint: "K1", Name: "default-deny for one app", Example: "ingress-no-mesh", Break: npPolicy("default-deny", npLabels("app", "web"), "podSelector")},
	{Rule: "NP01", Constraint: "K1", Name: "nothing denies egress", Example: "ingress-no-mesh", Break: npAll(
		npPolicy("default-deny", []any{"Ingress"}, "policyTypes"), npPolicy("allow-dns", npObject{"matchExpressions": []any{npObject{"key": "app", "operator": "Exists"}}}, "podSelector"))},
	{Rule: "NP02", Constraint: "K1", Name: "the default-deny makes an exception", Example: "hello", Break: npAll(
		npPolicy("default-deny", npObject{"matchExpressions": []any{npObject{"key": "app", "operator": "NotIn", "values": []any{"hello"}}}}, "podSelector"),
		npPolicy("hello", []any{"Egress"}, "policyTypes"), npPolicy("hello", npGone, "ingress"))},
	{Rule: "NP02", Constraint: "K1", Name: "an exception without a policy of its own", Example: "mixed", Break: npAll(
		npPolicy("default-deny", npObject{"matchExpressions": []any{npObject{"key": "app", "operator": "NotIn", "values": []any{"writer"}}}}, "podSelector"),
		npPolicy("allow-mesh", npObject{"matchExpressions": []any{npObject{"key": "app", "operator": "NotIn", "values": []any{"writer"}}}}, "podSelector"),
		npPolicy("writer", []any{"Egress"}, "policyTypes")), Also: []string{"NP17"}},

	{Rule: "NP03", Constraint: "K3", Name: "DNS is forgotten", Example: "guide", Break: npDrop("NetworkPolicy", "allow-dns")},
	{Rule: "NP03", Constraint: "K3", Name: "DNS over UDP only", Example: "hello", Break: npPolicy("allow-dns", npGone, "egress", 0, "ports", 1)},
	{Rule: "NP03", Constraint: "K3", Name: "DNS over TCP only", Example: "hello", Break: npPolicy("allow-dns", npGone, "egress", 0, "ports", 0)},
	{Rule: "NP03", Constraint: "K3", Name: "DNS on the wrong port", Example: "ingress-no-mesh", Break: npPolicy("allow-dns", []any{npPort(5353, "UDP"), npPort(5353, "TCP")}, "egress", 0, "ports")},
	{Rule: "NP03", Constraint: "K3", Name: "DNS pods by another label", Example: "online-boutique", Break: npPolicy("allow-dns", npLabels("k8s-app", "dns"), "egress", 0, "to", 0, "podSelector"), Also: []string{"NP05"}},
	{Rule: "NP03", Constraint: "K3", Name: "DNS for one app only", Example: "ambient", Break: npPolicy("allow-dns", npLabels("app", "web"), "podSelector")},
	{Rule: "NP03", Constraint: "K3", Name: "the node's cache is forgotten", Example: "mixed", Break: npPolicy("allow-dns", npGone, "egress", 1)},
	{Rule: "NP03", Constraint: "K3", Name: "the cache over UDP only", Example: "mixed", Break: npPolicy("allow-dns", npGone, "egress", 1, "ports", 1)},

	{Rule: "NP04", Constraint: "K1", Name: "the caller's half is missing", Example: "guide", Break: npPolicy("frontend", npGone, "egress", 1)},
	{Rule: "NP04", Constraint: "K1", Name: "the callee's half is missing", Example: "guide", Break: npPolicy("service-a", npGone, "ingress", 0)},
	{Rule: "NP04", Constraint: "K1", Name: "one of two callers", Example: "ingress-no-mesh", Break: npPolicy("postgres", npGone, "ingress", 0, "from", 0)},
	{Rule: "NP04", Constraint: "K1", Name: "the caller's policy is gone", Example: "mixed", Break: npDrop("NetworkPolicy", "admin")},
	{Rule: "NP04", Constraint: "K1", Name: "the caller is another namespace's", Example: "mixed", Break: npPolicy("admin", npGone, "ingress")},
	{Rule: "NP04", Constraint: "K1", Name: "the caller's labels are other ones", Example: "mixed", Break: npPolicy("admin", npLabels("app", "gateway"), "ingress", 0, "from", 0, "podSelector"), Also: []string{"NP05"}},
	{Rule: "NP04", Constraint: "K1", Name: "a Flagger primary may not call", Example: "progressive", Break: npPolicy("cart", npLabels("app", "web"), "ingress", 0, "from", 0, "podSelector")},
	{Rule: "NP04", Constraint: "K1", Name: "a Flagger primary is not selected", Example: "progressive", Break: npPolicy("catalog", npLabels("app", "catalog"), "podSelector")},
	{Rule: "NP04", Constraint: "K1", Name: "the outside is closed", Example: "mixed", Break: npPolicy("writer", npGone, "egress", 2)},
	{Rule: "NP04", Constraint: "K2", Name: "a port that no pod has", Example: "online-boutique", Break: npPolicy("redis-cart", 6380, "ingress", 0, "ports", 0, "port"), Also: []string{"NP09"}},
	{Rule: "NP04", Constraint: "K1", Name: "the foreign callee is closed", Example: "ambient", Break: npPolicy("api", npGone, "egress", 1)},
	{Rule: "NP04", Constraint: "K1", Name: "a typo in a peer", Example: "guide", Break: npPolicy("backend", npLabels("app", "fronted"), "ingress", 0, "from", 0, "podSelector"), Also: []string{"NP07"}},
	{Rule: "NP04", Constraint: "K1", Name: "the database's port in the clear", Example: "ambient", Break: npPolicy("db", npGone, "ingress", 0, "ports", 0)},

	{Rule: "NP04", Constraint: "K1", Name: "one end of an edge that nobody declares", Example: "guide", Break: npPolicy("partner-api", npRule("to", npPods("service-a"), npPort(9000, "TCP")), "egress", 1)},

	{Rule: "NP05", Constraint: "K1", Name: "an edge at both ends", Example: "guide", Break: npAll(
		npPolicy("partner-api", npRule("to", npPods("service-a"), npPort(9000, "TCP")), "egress", 1), npPolicy("service-a", npPods("partner-api"), "ingress", 0, "from", 1))},
	{Rule: "NP05", Constraint: "K1", Name: "another namespace may call", Example: "mixed", Break: npPolicy("broker",
		npRule("from", npObject{"namespaceSelector": npLabels(npName, "ops")}, npPort(8080, "TCP")), "ingress", 3)},
	{Rule: "NP05", Constraint: "K4", Name: "the front door reaches what is not exposed", Example: "guide", Break: npPolicy("service-a",
		npRule("from", npObject{"namespaceSelector": npLabels(npName, "istio-ingress"), "podSelector": npLabels("gateway.networking.k8s.io/gateway-name", "guide")}, npPort(9000, "TCP")), "ingress", 2)},
	{Rule: "NP05", Constraint: "K1", Name: "a declared caller calls another", Example: "ambient", Break: npPolicy("db",
		npRule("from", npObject{"namespaceSelector": npLabels(npName, "partners"), "podSelector": npLabels("app", "gateway")}, npPort(5432, "TCP")), "ingress", 2)},
	{Rule: "NP05", Constraint: "K1", Name: "another callee elsewhere", Example: "ambient", Break: npPolicy("api",
		npRule("to", npObject{"namespaceSelector": npLabels(npName, "billing"), "podSelector": npLabels("app", "invoices")}, npPort(8443, "TCP")), "egress", 3)},
	{Rule: "NP05", Constraint: "K1", Name: "another range comes in", Example: "mixed", Break: npPolicy("collector", npObject{"ipBlock": npObject{"cidr": "192.0.2.0/24"}}, "ingress", 0, "from", 2)},
	{Rule: "NP05", Constraint: "K1", Name: "another range goes out", Example: "ingress-no-mesh", Break: npPolicy("web", npRule("to", npObject{"ipBlock": npObject{"cidr": "10.9.0.0/16"}}, npPort(443, "TCP")), "egress", 2)},
	{Rule: "NP05", Constraint: "K1", Name: "everyone of the namespace", Example: "ingress-no-mesh", Break: npAll(
		npPolicy("comments", npObject{"podSelector": npObject{}}, "ingress", 0, "from", 0), npPolicy("postgres", []any{npRule("to", npPods("comments"), npPort(8000, "TCP"))}, "egress"))},

	{Rule: "NP06", Constraint: "K1", Name: "a policy for nobody", Example: "hello", Break: npAdd("hello", "worker", npObject{"podSelector": npLabels("app", "worker"), "policyTypes": []any{"Ingress"}})},
	{Rule: "NP06", Constraint: "K1", Name: "the policy's own labels are wrong", Example: "mixed", Break: npPolicy("admin", npLabels("app", "admn"), "podSelector"), Also: []string{"NP04"}},
	{Rule: "NP07", Constraint: "K1", Name: "a peer that is nobody", Example: "guide", Break: npPolicy("backend", npPods("basket"), "ingress", 0, "from", 2)},
	{Rule: "NP07", Constraint: "K1", Name: "a callee that is nobody", Example: "ingress-no-mesh", Break: npPolicy("web", npRule("to", npPods("cache"), npPort(6379, "TCP")), "egress", 2)},

	{Rule: "NP08", Constraint: "K2", Name: "the Service's port at the callee", Example: "guide", Break: npPolicy("frontend", 80, "ingress", 0, "ports", 0, "port")},
	{Rule: "NP08", Constraint: "K2", Name: "the Service's port at the caller", Example: "online-boutique", Break: npPolicy("checkoutservice", 5000, "egress", 2, "ports", 0, "port")},
	{Rule: "NP08", Constraint: "K2", Name: "the Service's port for another namespace", Example: "mixed", Break: npPolicy("admin", 80, "ingress", 0, "ports", 0, "port")},
	{Rule: "NP09", Constraint: "K2", Name: "a name that no pod has", Example: "ingress-no-mesh", Break: npPolicy("web", "other", "ingress", 0, "ports", 0, "port")},
	{Rule: "NP09", Constraint: "K2", Name: "a name over another protocol", Example: "ingress-no-mesh", Break: npPolicy("web", "UDP", "ingress", 1, "ports", 0, "protocol")},
	{Rule: "NP09", Constraint: "K2", Name: "a number over another protocol", Example: "guide", Break: npPolicy("frontend", "UDP", "egress", 1, "ports", 0, "protocol")},
	{Rule: "NP09", Constraint: "K2", Name: "UDP that becomes TCP", Example: "mixed", Break: npPolicy("collector", npGone, "ingress", 0, "ports", 0, "protocol")},

	{Rule: "NP09", Constraint: "K2", Name: "a number that no container declares", Example: "guide", Break: npPolicy("backend", npPort(9999, "TCP"), "ingress", 0, "ports", 1)},

	{Rule: "NP10", Constraint: "K1", Name: "two dashes for DNS", Example: "hello", Break: npPolicy("allow-dns",
		[]any{npObject{"namespaceSelector": npLabels(npName, "kube-system")}, npObject{"podSelector": npLabels("k8s-app", "kube-dns")}}, "egress", 0, "to")},
	{Rule: "NP10", Constraint: "K1", Name: "two dashes for the front door", Example: "guide", Break: npPolicy("frontend",
		[]any{npObject{"namespaceSelector": npLabels(npName, "istio-ingress")}, npObject{"podSelector": npLabels("gateway.networking.k8s.io/gateway-name", "guide")}}, "ingress", 0, "from")},
	{Rule: "NP10", Constraint: "K1", Name: "two dashes for Prometheus", Example: "mixed", Break: npPolicy("allow-mesh",
		[]any{npObject{"namespaceSelector": npLabels(npName, "monitoring")}, npObject{"podSelector": npLabels("app.kubernetes.io/name", "prometheus")}}, "ingress", 0, "from")},
	{Rule: "NP11", Constraint: "K1", Name: "everyone may come in", Example: "guide", Break: npPolicy("service-a", npObject{}, "ingress", 0)},
	{Rule: "NP11", Constraint: "K1", Name: "out to everywhere", Example: "online-boutique", Break: npPolicy("frontend", npObject{}, "egress", 0)},
	{Rule: "NP11", Constraint: "K1", Name: "every namespace", Example: "mixed", Break: npPolicy("broker", npObject{"namespaceSelector": npObject{}}, "ingress", 0, "from", 2)},
	{Rule: "NP11", Constraint: "K4", Name: "the whole internet", Example: "mixed", Break: npPolicy("broker", npObject{"ipBlock": npObject{"cidr": "0.0.0.0/0"}}, "ingress", 1, "from", 1), Also: []string{"NP05"}},
	{Rule: "NP12", Constraint: "K1", Name: "egress rules without the type", Example: "online-boutique", Break: npPolicy("frontend", []any{"Ingress"}, "policyTypes")},
	{Rule: "NP12", Constraint: "K1", Name: "ingress rules without the type", Example: "ingress-no-mesh", Break: npPolicy("comments", []any{"Egress"}, "policyTypes")},
	{Rule: "NP13", Constraint: "K1", Name: "a block with a selector", Example: "mixed", Break: npPolicy("writer", npLabels("app", "x"), "egress", 2, "to", 0, "podSelector")},
	{Rule: "NP13", Constraint: "K2", Name: "a range that ends before it starts", Example: "guide", Break: npPolicy("backend", 80, "ingress", 0, "ports", 0, "endPort")},
	{Rule: "NP13", Constraint: "K1", Name: "an empty peer", Example: "hello", Break: npPolicy("allow-dns", npObject{}, "egress", 0, "to", 1), Also: []string{"NP03"}},
	{Rule: "NP13", Constraint: "K1", Name: "a selector with a mistyped key", Example: "hello", Break: npAdd("hello", "extra",
		npObject{"podSelector": npObject{"matchLabel": npObject{"app": "hello"}}, "policyTypes": []any{"Ingress"}})},
	{Rule: "NP14", Constraint: "K1", Name: "the metadata service", Example: "mixed", Break: npPolicy("writer", []any{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}, "egress", 1, "to", 0, "ipBlock", "except"), Also: []string{"NP05"}},
	{Rule: "NP14", Constraint: "K1", Name: "every private address", Example: "mixed", Break: npPolicy("writer", "10.0.0.0/8", "egress", 2, "to", 0, "ipBlock", "cidr"), Also: []string{"NP05"}},

	{Rule: "NP15", Constraint: "K4", Name: "the front door is shut", Example: "hello", Break: npPolicy("hello", npGone, "ingress", 0)},
	{Rule: "NP15", Constraint: "K4", Name: "the front door is another namespace", Example: "ingress-no-mesh", Break: npPolicy("comments", npLabels(npName, "ingress-nginx"), "ingress", 1, "from", 0, "namespaceSelector"), Also: []string{"NP05"}},
	{Rule: "NP15", Constraint: "K4", Name: "the front door has another name", Example: "guide", Break: npPolicy("frontend", npLabels("gateway.networking.k8s.io/gateway-name", "gide"), "ingress", 0, "from", 0, "podSelector"), Also: []string{"NP05"}},
	{Rule: "NP15", Constraint: "K4", Name: "the load balancer's clients are shut out", Example: "mixed", Break: npPolicy("collector", npGone, "ingress", 0, "from", 1)},
	{Rule: "NP15", Constraint: "K4", Name: "the solver is shut", Example: "ingress-no-mesh", Break: npDrop("NetworkPolicy", "allow-acme-solver")},
	{Rule: "NP15", Constraint: "K4", Name: "Flagger's primary is shut", Example: "progressive", Break: npPolicy("web", npGone, "ingress", 0)},

	{Rule: "NP16", Constraint: "K5", Name: "Prometheus is shut out", Example: "ingress-no-mesh", Break: npPolicy("postgres", npGone, "ingress", 1)},
	{Rule: "NP16", Constraint: "K5", Name: "Prometheus on another port", Example: "guide", Break: npPolicy("backend", 9091, "ingress", 2, "ports", 0, "port"), Also: []string{"NP09"}},
	{Rule: "NP16", Constraint: "K28", Name: "the sidecars are not scraped", Example: "guide", Break: npPolicy("allow-mesh", npGone, "ingress")},
	{Rule: "NP16", Constraint: "K28", Name: "the waypoint is not scraped", Example: "ambient", Break: npPolicy("waypoint", npGone, "ingress", 2)},
	{Rule: "NP16", Constraint: "K5", Name: "Prometheus has other labels", Example: "mixed", Break: npPolicy("broker", npLabels("app", "prometheus"), "ingress", 2, "from", 0, "podSelector"), Also: []string{"NP05"}},
	{Rule: "NP17", Constraint: "K6", Name: "no way to istiod", Example: "guide", Break: npPolicy("allow-mesh", npGone, "egress")},
	{Rule: "NP17", Constraint: "K6", Name: "istiod on the wrong port", Example: "mixed", Break: npPolicy("allow-mesh", 15010, "egress", 0, "ports", 0, "port")},
	{Rule: "NP17", Constraint: "K6", Name: "the waypoint has no way to istiod", Example: "ambient", Break: npPolicy("waypoint", npGone, "egress", 1)},

	{Rule: "NP18", Constraint: "K7", Name: "no tunnel to the database", Example: "ambient", Break: npPolicy("db", npGone, "ingress", 0, "ports", 1)},
	{Rule: "NP18", Constraint: "K7", Name: "no tunnel from the caller", Example: "ambient", Break: npPolicy("api", npGone, "egress", 0, "ports", 1)},
	{Rule: "NP18", Constraint: "K7", Name: "the callee does not admit the waypoint", Example: "ambient", Break: npPolicy("api", npGone, "ingress", 0)},
	{Rule: "NP18", Constraint: "K7", Name: "the caller does not reach the waypoint", Example: "ambient", Break: npPolicy("web", npGone, "egress")},
	{Rule: "NP18", Constraint: "K7", Name: "the callee admits the caller instead", Example: "ambient", Break: npPolicy("api", []any{npPods("web")}, "ingress", 0, "from")},
	{Rule: "NP18", Constraint: "K7", Name: "the waypoint takes nothing from outside", Example: "ambient", Break: npPolicy("waypoint", npGone, "ingress", 1)},
	{Rule: "NP18", Constraint: "K7", Name: "the waypoint sends nothing", Example: "ambient", Break: npPolicy("waypoint", npGone, "egress", 0)},
	{Rule: "NP18", Constraint: "K7", Name: "no tunnel from the front door", Example: "ambient", Break: npPolicy("web", npGone, "ingress", 0, "ports", 1)},
	{Rule: "NP19", Constraint: "K7", Name: "no probes", Example: "ambient", Break: npDrop("NetworkPolicy", "allow-mesh")},
	{Rule: "NP19", Constraint: "K7", Name: "probes for one app", Example: "ambient", Break: npPolicy("allow-mesh", npLabels("app", "web"), "podSelector")},
	{Rule: "NP20", Constraint: "K1", Name: "a label that no namespace has", Example: "hello", Break: npAdd("hello", "partners", npObject{"podSelector": npLabels("app", "hello"), "policyTypes": []any{"Ingress"},
		"ingress": []any{npRule("from", npObject{"namespaceSelector": npLabels("team", "partners")}, npPort(8080, "TCP"))}})},

	{Rule: "EX01", Constraint: "K1", Name: "a connection that is closed is expected", Example: "guide", Break: npModel("spec:\n", "spec:\n  expect: [allow partner-api -> service-a]\n")},
	{Rule: "EX01", Constraint: "K1", Name: "a connection that is open is not", Example: "online-boutique", Break: npModel("spec:\n", "spec:\n  expect: [deny cartservice -> redis-cart]\n")},
	{Rule: "EX01", Constraint: "K1", Name: "nobody but web, and another calls too", Example: "ingress-no-mesh", Break: npModel("spec:\n", "spec:\n  expect: [allow web -> postgres, deny * -> postgres]\n")},
}
