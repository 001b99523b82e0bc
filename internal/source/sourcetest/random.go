// Package sourcetest makes random repositories of manifests, for tests that
// hold what kgen makes of one to what kustomize makes of it.
package sourcetest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"kgen.dev/kgen/internal/tree"
)

// Random is a random repository with a kustomization at its top: services,
// workloads, patches, components and transformers, the same for the same seed.
// Every other one is mostly of what kgen puts together by itself.
func Random(seed uint64) *tree.Tree {
	g := &repository{r: rand.New(rand.NewPCG(seed, 5)), files: tree.New(), tame: seed%2 == 0}
	g.kustomization(".", 2, false)
	return g.files
}

// Odd is a random repository as Random makes them, with odd YAML among the rest.
func Odd(seed uint64) *tree.Tree {
	g := &repository{r: rand.New(rand.NewPCG(seed, 7)), files: tree.New(), tame: seed%6 != 0, odd: 20}
	g.kustomization(".", 1, false)
	return g.files
}

// objectTexts are what random repositories are made of; %s is a name. The hard
// ones are those that kustomize knows more of than their names.
var objectTexts = []string{
	"apiVersion: v1\nkind: Service\nmetadata:\n  name: %s\n  labels: {app: a}\nspec:\n  selector: {app: a}\n  ports:\n  - {name: http, port: 80}\n  - {name: admin, port: 81}\n",
	"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: %s, annotations: {x: z}}\nspec:\n  replicas: 2\n  selector: {matchLabels: {app: a}}\n  template:\n    metadata: {labels: {app: a}}\n    spec:\n      serviceAccountName: runner\n      containers:\n      - {name: main, image: 'a:1', ports: [{containerPort: 8080, name: http}]}\n",
	"apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: %s, namespace: shop}\nspec:\n  podSelector: {}\n  policyTypes: [Ingress]\n  ingress:\n  - from: [{podSelector: {matchLabels: {app: a}}}]\n    ports: [{port: 80}]\n",
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: \"1\", b: \"yes\"}\n",
	"apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: %s, namespace: shop}\nspec:\n  hosts: [a]\n  http:\n  - route:\n    - {destination: {host: a, subset: v1}, weight: 90}\n    - {destination: {host: a, subset: v2}, weight: 10}\n",
	"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: %s}\nspec:\n  hostnames: [a.example]\n  rules:\n  - backendRefs: [{name: a, port: 80}]\n",
	"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: %s}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}\nsubjects:\n- {kind: ServiceAccount, name: runner, namespace: shop}\n- {kind: ServiceAccount, name: default}\n",
	"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s}\n",
	"apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n",
	"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: %s}\nspec: {schedule: '* * * * *', jobTemplate: {spec: {template: {spec: {containers: [{name: c, image: i}]}}}}}\n",
	"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: %s}}\n",
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, annotations: {config.kubernetes.io/local-config: 'true'}}\n",
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: &n %s, labels: {app: *n}}\ndata: {empty: , on: 'off'}\n",
	"apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: %s}\nspec: {ratio: 0.5, octal: 0644, day: 2026-11-21, flag: yes, big: 12345678901234567890, none: null, m: &m {a: 1}, x: {<<: *m, b: 2}}\n",
	"{\"apiVersion\": \"v1\", \"kind\": \"Endpoints\", \"metadata\": {\"name\": \"%s\"}, \"subsets\": []}\n",
	"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: %s}\nrules: []\n",
}

// knownTexts are objects of which kustomize knows more still: what they refer
// to, whether they have a namespace, what it writes anew. Some it refuses.
var knownTexts = []string{
	"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: %s}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}\nsubjects: [{kind: ServiceAccount, name: o1}, {kind: ServiceAccount, name: o2, namespace: shop}]\n",
	"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: %s, namespace: shop}\nsubjects: [runner]\n",
	"apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: %s}\nwebhooks: [{name: w, clientConfig: {service: {name: o1, namespace: default}}}]\n",
	"apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: %s}\nwebhooks: [{name: w, clientConfig: {service: {namespace: default}}}]\n",
	"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: %s, namespace: shop}\nspec:\n  tls: [{secretName: t}]\n  rules:\n  - http: {paths: [{path: /, backend: {service: {name: o1, port: {number: 80}}}}]}\n",
	"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: %s}\nspec: {tls: none, rules: [{http: {paths: [{backend: {service: {name: {a: b}}}}]}}]}\n",
	"apiVersion: v1\nkind: Pod\nmetadata: {name: %s, annotations: {}}\nspec: {containers: [{name: a, image: b, env: [{name: c, valueFrom: {configMapKeyRef: {name: o1, key: k}}}]}]}\n",
	"apiVersion: v1\nkind: Pod\nmetadata: {name: %s, labels: {n: 1}}\nspec: {containers: main, imagePullSecrets: [{name: o1}]}\n",
	"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: %s}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: o1}}\n",
	"apiVersion: v1\nkind: Namespace\nmetadata: {name: %s, namespace: shop}\n",
	"apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: %s}\nspec: {conversion: {webhook: {clientConfig: {service: {name: o1, namespace: x}}}}}\n",
	"apiVersion: example.com/v1\nkind: ThingList\nmetadata: {name: %s}\n",
	"apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: %s}\nparameters: {secretName: o1}\n",
	"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: %s, namespace: default}\nspec: {serviceName: o1, template: {spec: {volumes: [{name: v, secret: {secretName: o2}}]}}}\n",
}

// namespaceTexts are objects for which setting the namespace is more than setting
// metadata.namespace, or less.
var namespaceTexts = []string{
	"apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {of: %s}}\n",
	"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: %s}\nrules: []\n",
	"apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: %s}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: o1}\nsubjects: [{kind: ServiceAccount, name: default}, {kind: ServiceAccount, name: default, namespace: other}, {kind: User, name: o1}]\n",
	"apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: %s, namespace: shop}\nroleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: o2}\nsubjects:\n- {kind: Group, name: default}\n- {kind: ServiceAccount, name: runner, namespace: default}\n",
	"apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: %s}\nprovisioner: a\n",
	"apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: %s}\nspec: {controller: a}\n",
}

// operations are what random patches do; many do not fit what they meet.
var operations = []string{
	"- {op: test, path: /spec/http/0/route/0/weight, value: 90}\n- {op: replace, path: /spec/http/0/route/0/weight, value: 95}\n",
	"- {op: replace, path: /spec/ports/0/port, value: 8080}\n",
	"- {op: add, path: /spec/ports/-, value: {name: more, port: 90}}\n",
	"- {op: add, path: /spec/ports/0, value: {name: first, port: 90}}\n",
	"- {op: remove, path: /spec/ports/1}\n",
	"- {op: add, path: /metadata/labels, value: {team: red}}\n",
	"- {op: add, path: /metadata/annotations/example.com~1why, value: because}\n",
	"- {op: remove, path: /metadata/labels/app}\n",
	"- {op: add, path: /spec/podSelector/matchLabels, value: {app: b}}\n- {op: add, path: /spec/podSelector/matchLabels/tier, value: back}\n",
	"- {op: replace, path: /spec/ingress, value: []}\n",
	"- {op: replace, path: /spec/missing, value: 1}\n",
	"- {op: test, path: /spec/replicas, value: 3}\n",
	"- {op: add, path: /spec/none/below, value: 1}\n",
	"- {op: add, path: /data/c, value: \"2\"}\n- {op: test, path: /data/c, value: \"2\"}\n",
	"- {op: move, from: /data/a, path: /data/z}\n",
	"- {op: remove, path: /spec/ports/-1}\n",
	"- {op: replace, path: /spec/ratio, value: 0.25}\n",
	"- {op: replace, path: /metadata/name, value: other}\n",
	"- {op: replace, path: /data/b, value: no}\n",
	"- {op: add, path: /spec/ports/9, value: {port: 1}}\n",
	"- op: add\n  path: /spec/hostnames/1\n  value: b.example\n",
	"- {op: add, path: /metadata/annotations, value: {why: because, b: \"1\"}}\n",
	"- {op: replace, path: /metadata/annotations, value: {why: \"yes\"}}\n- {op: remove, path: /metadata/annotations/why}\n",
	"- {op: add, path: /metadata/annotations/why, value: because}\n- {op: test, path: /metadata/annotations/why, value: because}\n",
	"- {op: remove, path: /metadata/annotations}\n",
	"- {op: add, path: /metadata/annotations/x, value: new}\n- {op: remove, path: /metadata/annotations/x}\n",
	"- {op: remove, path: /metadata/annotations/x}\n",
	"- {op: add, path: /metadata/annotations, value: {}}\n",
	"- {op: remove, path: /metadata/annotations}\n- {op: add, path: /metadata/annotations/x, value: y}\n",
	"- {op: add, path: /metadata/annotations/x, value: 5}\n",
	"- {op: add, path: /metadata/annotations/x/y, value: z}\n",
	"- {op: test, path: /metadata/annotations, value: {x: z}}\n",
	"- {op: replace, path: /metadata/annotations/internal.config.kubernetes.io~1previousNames, value: z}\n",
	"- {op: replace, path: /spec/tls, value: none}\n",
}

// annotating are the operations on annotations that fit every kind.
var annotating = []int{6, 21, 22, 23, 24, 25}

// fitting are the operations that fit the first kinds of objectTexts.
var fitting = map[string][]int{"Service": {1, 2, 3, 4, 5, 7}, "Deployment": {5}, "NetworkPolicy": {5, 8, 9}, "ConfigMap": {5, 13}, "VirtualService": {0, 5, 10}, "HTTPRoute": {5, 20}}

// operation is a random patch, that fits the kind if the repository is tame.
func (g *repository) operation(kind string) string {
	if g.tame && g.chance(25) {
		return operations[annotating[g.r.IntN(len(annotating))]]
	}
	if fit := fitting[kind]; g.tame && len(fit) > 0 && !g.chance(10) {
		return operations[fit[g.r.IntN(len(fit))]]
	}
	return g.one(operations)
}

// repository is one that grows.
type repository struct {
	r     *rand.Rand
	files *tree.Tree
	names int
	tame  bool // only what kgen puts together by itself, mostly
	odd   int  // percent of objects and texts that are of odd YAML
}

func (g *repository) one(of []string) string { return of[g.r.IntN(len(of))] }

func (g *repository) tameness() int {
	if g.tame {
		return 1
	}
	return 0
}

func (g *repository) chance(percent int) bool { return g.r.IntN(100) < percent }

// object writes a file of one or two objects, and says what the first is called.
func (g *repository) object(file string) (kind, name string) {
	var all []string
	for range 1 + g.r.IntN(2) {
		g.names++
		n := fmt.Sprintf("o%d", g.names)
		if g.chance(2) && !g.tame {
			n = "same"
		}
		template := g.one(objectTexts)
		if g.chance(g.odd) {
			template = g.one(knownTexts)
		}
		if g.tame {
			template = g.one(objectTexts[:6])
		}
		if g.chance(8) {
			template = g.one(namespaceTexts)
		}
		if name == "" {
			_, after, _ := strings.Cut(template, "kind")
			kind, name = strings.Trim(strings.SplitN(after, "\n", 2)[0], ": \""), n
			kind, _, _ = strings.Cut(kind, "\"")
		}
		written := fmt.Sprintf(template, n)
		if g.chance(g.odd) {
			written = g.oddObject(n)
			kind = "Thing"
		}
		all = append(all, written)
	}
	g.files.Set(file, g.oddText(strings.Join(all, "---\n")))
	return kind, name
}

// kustomization writes one and what it names, and more below it.
func (g *repository) kustomization(dir string, depth int, component bool) {
	var b strings.Builder
	at := func(name string) string { return strings.TrimPrefix(dir+"/"+name, "./") }
	if component {
		b.WriteString("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n")
	} else if g.chance(70) {
		b.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
	}
	kind, name := "Service", "none"
	b.WriteString("resources:\n")
	for i := range 1 + g.r.IntN(3) {
		file := fmt.Sprintf("f%d.yaml", i)
		kind, name = g.object(at(file))
		fmt.Fprintf(&b, "- %s\n", file)
	}
	if depth > 0 {
		for i := range g.r.IntN(3) {
			sub := fmt.Sprintf("sub%d", i)
			g.kustomization(at(sub), depth-1, false)
			fmt.Fprintf(&b, "- %s\n", sub)
		}
		if g.chance(25) {
			g.kustomization(at("part"), depth-1, true)
			b.WriteString("components: [part]\n")
		}
	}
	if g.chance(40) {
		b.WriteString("patches:\n")
		for i := range 1 + g.r.IntN(2) {
			g.patch(&b, at, i, kind, name)
		}
	}
	for _, extra := range []struct {
		percent int
		text    string
	}{
		{15, "namespace: shop\n"},
		{15, "labels:\n- pairs: {team: blue, \"on\": \"yes\"}\n"},
		{4, "labels:\n- {pairs: {team: blue}, includeSelectors: true}\n"},
		{12, "commonAnnotations: {who: me}\n"},
		{4, "namePrefix: pre-\n"},
		{3, "images: [{name: a, newTag: \"2\"}]\n"},
		{10, "sortOptions: {order: fifo}\n"},
		{3, "configMapGenerator: [{name: made, literals: [a=b]}]\n"},
	} {
		if g.tame && extra.percent < 10 {
			continue
		}
		if g.chance(extra.percent) && !(strings.HasPrefix(extra.text, "labels") && strings.Contains(b.String(), "\nlabels")) {
			b.WriteString(extra.text)
		}
	}
	text := b.String()
	if g.odd > 0 && g.chance(6) {
		text += g.one(oddFields)
	}
	g.files.Set(at("kustomization.yaml"), g.oddText(text))
}

func (g *repository) patch(b *strings.Builder, at func(string) string, i int, kind, name string) {
	which := g.r.IntN(8)
	if g.tame {
		if which = 7; g.chance(35) {
			which = 2
		} else if g.chance(20) && (kind == "Service" || kind == "ConfigMap") {
			which = 0
		}
	}
	switch which {
	case 0:
		fmt.Fprintf(b, "- patch: |\n    $patch: delete\n    apiVersion: v1\n    kind: %s\n    metadata: {name: %s}\n", kind, name)
		return
	case 1:
		fmt.Fprintf(b, "- target: {kind: %s, name: %s}\n  patch: |\n    apiVersion: any/v1\n    kind: Any\n    metadata: {name: any, labels: {merged: \"true\"}}\n", kind, name)
		return
	case 2, 3:
		g.merge(b, at, i, kind, name)
		return
	}
	target := g.one([]string{"{kind: " + kind + ", name: " + name + "}", "{kind: " + kind + "}", "{name: " + name + "}", "{version: v1, kind: " + kind + ", name: " + name + ", namespace: shop}", "{kind: Servic., name: o.*}", "{kind: " + kind + ", namespace: default}", "{name: nobody}", "{labelSelector: app=a}"}[:8-5*g.tameness()])
	if g.chance(50) {
		file := fmt.Sprintf("patch%d.yaml", i)
		g.files.Set(at(file), []byte("# why\n"+g.operation(kind)))
		fmt.Fprintf(b, "- path: %s\n  target: %s\n", file, target)
		return
	}
	fmt.Fprintf(b, "- target: %s\n  patch: |-\n    %s\n", target, strings.ReplaceAll(strings.TrimSpace(g.operation(kind)), "\n", "\n    "))
}
