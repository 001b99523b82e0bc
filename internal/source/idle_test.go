package source_test

import (
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/source"
)

// TestIdle tells which patches of a kustomization are for nothing that it has.
func TestIdle(t *testing.T) {
	const web = "\n-- a.yaml --\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}"
	const change = "patch: '- {op: add, path: /metadata/labels/x, value: y}'"
	patch := func(target string) string { return "\npatches: [{target: {" + target + "}, " + change + "}]" }
	top := func(target, more string) string {
		return "\n-- kustomization.yaml --\nresources: [a.yaml]" + patch(target) + more + web
	}
	for _, test := range []struct{ name, files, want string }{
		{"by name", top("name: web", ""), ""},
		{"by everything", top("group: apps, version: v1, kind: Deployment, name: web, namespace: shop", ""), ""},
		{"no such name", top("kind: Deployment, name: wbe", ""), "kustomization.yaml:2:20 kind Deployment, name wbe"},
		{"no such kind", top("kind: StatefulSet", ""), "kustomization.yaml:2:20 kind StatefulSet"},
		{"no such group", top("group: extensions, kind: Deployment", ""), "kustomization.yaml:2:20 group extensions, kind Deployment"},
		{"no such version", top("version: v2", ""), "kustomization.yaml:2:20 version v2"},
		{"no such namespace", top("name: web, namespace: shpo", ""), "kustomization.yaml:2:20 name web, namespace shpo"},
		{"a pattern", top("name: w.*", ""), ""},
		{"a pattern for nothing", top("name: x.*", ""), "kustomization.yaml:2:20 name x.*"},
		{"a pattern is for the whole name", top("name: we", ""), "kustomization.yaml:2:20 name we"},
		{"no pattern at all", top("name: 'web('", ""), ""},
		{"everything", top("", ""), ""},
		{"an empty name", top("name: ''", ""), ""},
		{"labels are not looked at", top("name: web, labelSelector: a=b", ""), ""},
		{"a name beside labels", top("name: wbe, labelSelector: a=b", ""), "kustomization.yaml:2:20 name wbe"},
		{"a namespace that is set", top("namespace: else", "\nnamespace: else"), ""},
		{"a name that is changed", top("name: my-web", "\nnamePrefix: my-"), ""},
		{"a kind, and names are changed", top("kind: Service, name: web", "\nnameSuffix: -a"), "kustomization.yaml:2:20 kind Service, name web"},
		{"what is generated", top("kind: ConfigMap, name: c", "\nconfigMapGenerator: [{name: c, literals: [a=b]}]"), ""},
		{"what is not generated", top("kind: ConfigMap, name: d", "\nconfigMapGenerator: [{name: c, literals: [a=b]}]"), "kustomization.yaml:2:20 kind ConfigMap, name d"},
		{"a plugin", top("name: wbe", "\ngenerators: [g.yaml]\n-- g.yaml --\n{apiVersion: v1, kind: G, metadata: {name: g}}"), ""},
		{"a list", "\n-- kustomization.yaml --\nresources: [a.yaml]" + patch("kind: Service, name: web") +
			"\n-- a.yaml --\n{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Service, metadata: {name: web}}]}", ""},
		{"the default namespace", "\n-- kustomization.yaml --\nresources: [a.yaml]" + patch("namespace: default") +
			"\n-- a.yaml --\n{apiVersion: v1, kind: Service, metadata: {name: web}}", ""},
		{"the old field", "\n-- kustomization.yaml --\nresources: [a.yaml]\npatchesJson6902: [{target: {version: v1, kind: Deployment, name: wbe}, " + change + "}]" + web,
			"kustomization.yaml:2:28 version v1, kind Deployment, name wbe"},
		{"one of two", "\n-- kustomization.yaml --\nresources: [a.yaml]\npatches:\n- target:\n    name: web\n  " + change + "\n- target:\n    name: wbe\n  " + change + web, "kustomization.yaml:7:5 name wbe"},
		{"of what is below", "\n-- kustomization.yaml --\nresources: [base]" + patch("name: web") + "\n-- base/kustomization.yaml --\nresources: [a.yaml]" + patch("name: other") + strings.Replace(web, "a.yaml", "base/a.yaml", 1),
			"base/kustomization.yaml:2:20 name other"},
		{"a component", "\n-- kustomization.yaml --\nresources: [a.yaml]\ncomponents: [c]" + web + "\n-- c/kustomization.yaml --\nkind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1" + patch("name: web"), ""},
		{"a component's for a name that is not there", "\n-- kustomization.yaml --\nresources: [a.yaml]\ncomponents: [c]" + web + "\n-- c/kustomization.yaml --\nkind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1" + patch("name: wbe"),
			"c/kustomization.yaml:3:20 name wbe"},
		{"a component's for a kind that is not there", "\n-- kustomization.yaml --\nresources: [a.yaml]\ncomponents: [c]" + web + "\n-- c/kustomization.yaml --\nkind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1" + patch("kind: Job"), ""},
		{"a component of a component", "\n-- kustomization.yaml --\nresources: [a.yaml]\ncomponents: [c]" + web + "\n-- c/kustomization.yaml --\nkind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\ncomponents: [d]\n-- c/d/kustomization.yaml --\nkind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1" + patch("name: web"), ""},
		{"a component of one that lacks it and one that has it", "\n-- one/kustomization.yaml --\nresources: [a.yaml]\ncomponents: [../c]" + strings.Replace(web, "a.yaml", "one/a.yaml", 1) +
			"\n-- two/kustomization.yaml --\nresources: [b.yaml]\ncomponents: [../c]\n-- two/b.yaml --\n{apiVersion: v1, kind: Service, metadata: {name: other}}" +
			"\n-- c/kustomization.yaml --\nkind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1" + patch("name: web"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := source.FromTree(t.Context(), repo(test.files), ".")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, k := range set.Kustomizations {
				for _, idle := range k.Idle {
					got = append(got, idle.Position.String()+" "+idle.Target)
				}
			}
			if d := gocmp.Diff(test.want, strings.Join(got, "\n")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestRepeatedKeys finds keys that stand twice where no kustomization is, however
// deep they are.
func TestRepeatedKeys(t *testing.T) {
	const twice = `apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  ports:
  - {name: http, port: 80, port: 81}
  type: ClusterIP
  type: NodePort
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
data: {a: x, b: x, a: y}
`
	want := func(file string) string {
		return strings.ReplaceAll(`FILE:6:28: mapping key "port" already defined at line 6; correct the YAML
FILE:8:3: mapping key "type" already defined at line 7; correct the YAML
FILE:13:20: mapping key "a" already defined at line 13; correct the YAML`, "FILE", file)
	}
	for _, test := range []struct{ name, file, stdin string }{
		{"a folder", "sub/deep/a.yaml", ""},
		{"JSON, which is YAML", "sub/a.json", ""},
		{"the standard input", "stdin", twice},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := []string{"."}
			if test.stdin != "" {
				args = []string{"-"}
			}
			write(t, repo("\n-- "+test.file+" --\n"+twice))
			set, err := source.Read(t.Context(), strings.NewReader(test.stdin), args)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range set.Findings {
				got = append(got, d.String())
			}
			if d := gocmp.Diff(want(test.file), strings.Join(got, "\n")); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestPatchOfNobody gives the place of a strategic merge patch that kustomize has
// no object for.
func TestPatchOfNobody(t *testing.T) {
	for _, test := range []struct{ name, files, want string }{
		{"in the kustomization", "\n-- kustomization.yaml --\nresources: [a.yaml]\nnamePrefix: x-\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: wbe, namespace: shop}\n-- a.yaml --\n{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}",
			"kustomization.yaml:5:5: there is no Service shop/wbe to patch; correct the name or the namespace, or remove the patch"},
		{"in a file of its own", "\n-- kustomization.yaml --\nresources: [a.yaml]\nnamePrefix: x-\npatches: [{path: p.yaml}]\n-- p.yaml --\n# why\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n-- a.yaml --\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}",
			"p.yaml:2:1: there is no Deployment web to patch; correct the name or the namespace, or remove the patch"},
		{"the old field", "\n-- kustomization.yaml --\nresources: [a.yaml]\nnamePrefix: x-\npatchesStrategicMerge: [p.yaml]\n-- p.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: other, namespace: shop}\n-- a.yaml --\n{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}}",
			"p.yaml:1:1: there is no Service shop/other to patch; correct the name or the namespace, or remove the patch"},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := source.FromTree(t.Context(), repo(test.files), ".")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range set.Findings {
				got = append(got, d.String())
			}
			if d := gocmp.Diff(test.want, strings.Join(got, "\n")); d != "" {
				t.Error(d)
			}
		})
	}
}
