package sourcetest

import (
	"fmt"
	"strings"
)

// versions are those of the kinds that strategic merge patches are made for,
// with the namespace that their objects stand in.
var versions = map[string]struct{ apiVersion, namespace string }{
	"Service": {"v1", ""}, "Deployment": {"apps/v1", ""}, "NetworkPolicy": {"networking.k8s.io/v1", "shop"}, "ConfigMap": {"v1", ""},
	"VirtualService": {"networking.istio.io/v1", "shop"}, "HTTPRoute": {"gateway.networking.k8s.io/v1", ""},
}

// merges are what strategic merge patches say of a kind, below their metadata.
var merges = map[string][]string{
	"Service": {
		"spec: {type: NodePort}\n", "spec:\n  ports:\n  - port: 80\n    name: web\n    targetPort: 8080\n", "spec: {ports: [{port: 99, name: x}]}\n", "spec:\n  ports:\n  - $patch: delete\n    port: 81\n",
		"spec: {selector: null}\n", "spec: {selector: {$patch: replace, b: c}}\n", "spec: {ports: null, type: ExternalName, externalName: a.example}\n", "spec:\n  ports:\n  - $patch: replace\n  - {port: 7}\n",
		"spec: {ports: [{port: 80, protocol: UDP}]}\n", "spec: {externalIPs: [10.0.0.1]}\n", "spec: {}\n", "spec: {sessionAffinityConfig: {clientIP: {timeoutSeconds: 5}}}\n",
	},
	"Deployment": {
		"spec: {replicas: 4}\n", "spec: {template: {spec: {containers: [{name: main, env: [{name: A, value: b}]}]}}}\n", "spec:\n  template:\n    metadata:\n      annotations: {why: because}\n    spec:\n      containers:\n      - name: side\n        image: side:1\n",
		"spec: {template: {spec: {containers: [{name: main, ports: [{containerPort: 8080, name: web}, {containerPort: 9090}]}]}}}\n", "spec: {template: {spec: {serviceAccountName: null}}}\n", "spec: {strategy: {type: Recreate, rollingUpdate: null}}\n",
		"spec: {template: {spec: {$setElementOrder/containers: [{name: main}], tolerations: [{key: a}]}}}\n", "spec: {template: {spec: {containers: [{name: main, $patch: delete}, {name: only, image: b}]}}}\n",
	},
	"NetworkPolicy": {
		"spec: {policyTypes: [Ingress, Egress]}\n", "spec: {podSelector: {matchLabels: {app: b}}}\n", "spec:\n  ingress:\n  # why\n  - ports: [{port: 81}]\n", "spec: {ingress: null}\n", "spec: {ingress: []}\n", "spec: {podSelector: null, egress: [{}]}\n", "spec: {$patch: replace, podSelector: {}}\n",
	},
	"ConfigMap":      {"data: {a: null, c: \"2\"}\n", "data: {b: \"no\"}\nimmutable: true\n", "data:\n  text: |\n    more\n    lines\n", "data: null\n", "data: {$patch: delete}\n", "data: {$patch: replace, z: \"9\"}\n"},
	"VirtualService": {"spec: {gateways: [mesh]}\n", "spec:\n  http:\n  - name: all\n    route: [{destination: {host: b}}]\n", "spec: {hosts: null, http: null, tls: []}\n", "spec: {http: [{timeout: 5s}], exportTo: [.]} # why\n"},
	"HTTPRoute":      {"spec: {hostnames: [b.example, c.example]}\n", "spec:\n  parentRefs:\n  - {name: gateway, port: 443}\n  rules: []\n", "spec: {rules: null}\n"},
}

// oddMerges are those that fit nothing, or that kustomize has its own way with.
var oddMerges = []string{
	"spec: [a]\n", "spec: text\n", "spec: {x: 0644}\n", "spec: {x: yes, y: 1.50}\n", "spec: {ports: [null]}\n", "spec: {x: &x {a: b}, y: *x}\n", "spec: {ports: {a: b}}\n", "$patch: replace\nspec: {a: b}\n", "$patch: delete\n", "$patch: merge\n", "spec: {$patch: what}\n",
	"spec: {a: 2026-11-21}\n", "---\nspec: {}\n", "spec: {a: ~}\n", "spec: {a: }\n", "kind: Service\n", "spec: {ports: [{name: none}]}\n", "# why\nspec:\n  # why\n  x: y # why\n\n  # after\n", "spec:\n  tls: {a: {b: []}}\n  x:\n", "spec: {template: {spec: {containers: {}}}}\n", "spec: {replicas: '4'}\n",
	"spec: {template: {spec: {volumes: [{name: v, secret: {secretName: {a: b}}}]}}}\n",
}

// heads are what their metadata says beside the name.
var heads = []string{"", "", "", ", labels: {merged: \"true\"}", ", annotations: {why: because}", ", annotations: {x: null}", ", labels: {app: null}", ", annotations: null", ", labels: {$patch: replace, a: b}", ", annotations: {config.kubernetes.io/x: y}", ", labels: {n: 1}", ", generateName: x", ", labels: {}", ", finalizers: [a]"}

// merge writes an entry of patches with a strategic merge patch.
func (g *repository) merge(b *strings.Builder, at func(string) string, i int, kind, name string) {
	of, known := versions[kind]
	if !known {
		of.apiVersion = "v1"
	}
	head := g.one(heads)
	if g.tame {
		head = g.one(heads[:7])
	}
	body := ""
	if len(merges[kind]) > 0 {
		body = g.one(merges[kind])
	}
	if !g.tame && g.chance(30) {
		body = g.one(oddMerges)
	}
	target := ""
	if g.chance(40) {
		name, target = "any", g.one([]string{"{kind: " + kind + ", name: " + name + "}", "{kind: " + kind + "}", "{name: " + name + "}"})
	} else if of.namespace != "" {
		head = ", namespace: " + of.namespace + head
	}
	text := fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: %s%s}\n%s", of.apiVersion, kind, name, head, body)
	if g.chance(50) {
		file := fmt.Sprintf("patch%d.yaml", i)
		g.files.Set(at(file), g.oddText("# why\n"+text))
		fmt.Fprintf(b, "- path: %s\n", file)
	} else {
		fmt.Fprintf(b, "- patch: |\n    %s\n", strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n    "))
	}
	if target != "" {
		fmt.Fprintf(b, "  target: %s\n", target)
	}
}
