package sourcetest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"kgen.dev/kgen/internal/tree"
)

// Mixed is a random repository of some kustomizations below one, of which most
// have something that kgen leaves to kustomize.
func Mixed(seed uint64) *tree.Tree {
	g := &repository{r: rand.New(rand.NewPCG(seed, 13)), files: tree.New(), tame: true}
	var b strings.Builder
	kind, name := g.object("top.yaml")
	b.WriteString("resources:\n- top.yaml\n")
	for i := range 1 + g.r.IntN(3) {
		dir := fmt.Sprintf("leaf%d", i)
		g.kustomization(dir, g.r.IntN(4)/3, false)
		fmt.Fprintf(&b, "- %s\n", dir)
		if g.chance(60) {
			g.oddLeaf(dir)
		}
	}
	if g.chance(15) {
		b.WriteString("patches:\n")
		g.patch(&b, func(name string) string { return name }, 0, kind, name)
	}
	for _, extra := range []struct {
		percent int
		text    string
	}{{50, "sortOptions: {order: fifo}\n"}, {5, "namespace: shop\n"}, {5, "labels: [{pairs: {a: b}}]\n"}, {3, "commonAnnotations: {a: b}\n"}} {
		if g.chance(extra.percent) {
			b.WriteString(extra.text)
		}
	}
	g.files.Set("kustomization.yaml", []byte(b.String()))
	return g.files
}

// oddFiles are resources that kustomize has its own way with.
var oddFiles = []string{
	"apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: %s}\nspec: {day: 2026-11-21, ratio: 1.50, m: &m {a: 1}, x: {<<: *m, b: 2}}\n",
	"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: %s}}\n- {apiVersion: v1, kind: Secret, metadata: {name: more}}\n",
	"---\napiVersion: v1\nkind: Secret\nmetadata: {name: %s}\ndata: {a: \"\tb\"}\n--- # why\n",
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, annotations: {config.kubernetes.io/local-config: 'true'}}\n",
	"apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: %s, labels: {n: 1}}\n",
	"apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: %s}\nspec: {a: b, a: c}\n",
}

// oddLeaf gives a kustomization something that is kustomize's to build.
func (g *repository) oddLeaf(dir string) {
	data, _ := g.files.File(dir + "/kustomization.yaml")
	text := string(data)
	if g.chance(80) { // which keep a part from being built apart
		text = strings.NewReplacer("\nsortOptions: {order: fifo}\n", "\n", "\nnamespace: shop\n", "\n").Replace(text)
	}
	add := g.one([]string{
		"images: [{name: a, newTag: \"2\"}]\n", "images: [{name: i, newName: j}]\n", "labels: [{pairs: {t: u}, includeSelectors: true}]\n", "labels: [{pairs: {t: u}, includeTemplates: true}]\n",
		"patches:\n- target: {labelSelector: app=a}\n  patch: '[{\"op\": \"add\", \"path\": \"/metadata/labels/l\", \"value\": \"m\"}]'\n", "file", "file", "file",
		g.one([]string{"namePrefix: pre-\n", "nameSuffix: -post\n", "configMapGenerator: [{name: made, literals: [a=b]}]\n", "sortOptions: {order: legacy}\nimages: [{name: a, newName: b}]\n", "images: [{name: a, newTag: \"4\"}]\nnamespace: shop\n", "commonLabels: {c: d}\n", "replicas: [{name: o2, count: 3}]\n"}),
	})
	if add == "file" {
		g.names++
		g.files.Set(dir+"/odd.yaml", []byte(fmt.Sprintf(g.one(oddFiles), fmt.Sprintf("o%d", g.names))))
		text, add = strings.Replace(text, "resources:\n", "resources:\n- odd.yaml\n", 1), ""
	}
	if key, _, _ := strings.Cut(add, ":"); !strings.Contains(text, "\n"+key+":") {
		text += add
	}
	g.files.Set(dir+"/kustomization.yaml", []byte(text))
}
