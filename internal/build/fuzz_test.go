package build_test

import (
	"testing"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/tree"
)

// FuzzBuild: whatever stands in the files of a small repository, what kgen builds
// of it itself is what kustomize builds.
func FuzzBuild(f *testing.F) {
	const object = "apiVersion: v1\nkind: Service\nmetadata: {name: a, annotations: {w: z}}\nspec: {ports: [{port: 80}]}\n"
	for _, seed := range [][3]string{
		{"resources: [a.yaml, sub]\npatches: [{path: p.yaml, target: {kind: Service}}]\n", object, "- {op: replace, path: /spec/ports/0/port, value: 81}\n"},
		{"resources:\n- a.yaml\nnamespace: shop\nlabels:\n- pairs: {a: b}\ncommonAnnotations: {c: d}\n", object + "---\n" + "# why\napiVersion: x.io/v1\nkind: T\nmetadata: {name: t}\nspec:\n  a: |-\n    b\n    c\n  d: 1.5\n", "[]"},
		{"# why\napiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [./a.yaml]\nsortOptions: {order: fifo}\npatches:\n- patch: |\n    $patch: delete\n    apiVersion: v1\n    kind: Service\n    metadata: {name: a}\n", object + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {on: 'off', y: n}\n", "- {op: test, path: /kind, value: x}"},
		{"resources: [a.yaml]\ncomponents: [part]\n", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a}\nsubjects: [{kind: ServiceAccount, name: b}]\n", "- op: add\n  path: /metadata/labels\n  value: {a: b}\n"},
		{"resources: [a.yaml, sub]\npatches:\n- path: p.yaml\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: a, annotations: {w: null}}\n    spec: {ports: [{port: 80, name: h}]}\n", object, "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports: [{port: 80, $patch: delete}]\n  x: null\n"},
		{"resources: [a.yaml, sub]\nnamespace: a\npatches: [{path: p.yaml, target: {kind: Pod}}]\n", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\n" + object, "- {op: add, path: /metadata/annotations, value: {a: b}}\n"},
		{"resources:\n- 0{", "0", "0"},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]), []byte(seed[2]))
	}
	f.Fuzz(func(t *testing.T, kustomization, object, patch []byte) {
		files := tree.New()
		files.Set("kustomization.yaml", kustomization)
		files.Set("a.yaml", object)
		files.Set("p.yaml", patch)
		files.Set("sub/kustomization.yaml", []byte("resources: [b.yaml]\nimages: [{name: i, newTag: x}]\n"))
		files.Set("sub/b.yaml", []byte("{apiVersion: v1, kind: Pod, metadata: {name: b}}"))
		files.Set("part/kustomization.yaml", []byte("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- {path: q.yaml, target: {name: a}}\n"))
		files.Set("part/q.yaml", patch)
		r, err := build.OwnTree(files, ".")
		if err != nil {
			t.Fatal(err)
		}
		if r.Because != "" {
			return
		}
		want, err := kustomize.BuildTree(files, ".")
		if err != nil || string(want) != string(r.Bytes()) {
			t.Errorf("kustomize %v\n%s\nkgen\n%s", err, want, r.Bytes())
		}
	})
}
