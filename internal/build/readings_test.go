package build_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/tree"
)

// TestReadingsOfKustomizeAlone are trees that kustomize has a reading of its own
// of: kgen prints the same bytes, or refuses what kustomize refuses.
func TestReadingsOfKustomizeAlone(t *testing.T) {
	const a = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n"
	role := func(group, kind string) string {
		return "apiVersion: " + group + "/v1\nkind: " + kind + "\nmetadata: {name: a}\nrules: []\n"
	}
	targeting := func(target string) string {
		return "resources: [a.yaml]\npatches:\n- target: {" + target + "}\n  patch: '[{\"op\": \"add\", \"path\": \"/spec/x\", \"value\": {\"y\": \"z\"}}]'\n"
	}
	binding := "apiVersion: authorization.openshift.io/v1\nkind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: r}\nsubjects:\n- {kind: ServiceAccount, name: default}\n"
	for _, test := range []struct {
		name, kustomization, a string
		more                   map[string]string
	}{
		{"a target's namespace and a kind without one", targeting("kind: ClusterRole, namespace: default"), role("rbac.authorization.k8s.io", "ClusterRole") + "spec: {}\n", nil},
		{"a target's namespace alone", targeting("namespace: default"), role("rbac.authorization.k8s.io", "ClusterRole") + "spec: {}\n", nil},
		{"kustomize's name for no namespace", targeting("namespace: _non_namespaceable_"), role("rbac.authorization.k8s.io", "ClusterRole"), nil},
		{"a Namespace and a target in default", targeting("namespace: default"), "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\nspec: {}\n", nil},
		{"a target's namespace and a Service", targeting("kind: Service, namespace: default"), a, nil},
		{"a pattern that is none without its brackets", targeting("kind: Service, name: 'a)|(?:b'"), a, nil},
		{"a pattern that is none", targeting("kind: Service, name: 'a)|(b'"), a, nil},
		{"a namespace and another group's RoleBinding", "resources: [a.yaml]\nnamespace: prod\n", binding, nil},
		{"a block of text that ends an inline patch", "resources: [a.yaml]\npatches:\n- patch: |\n    apiVersion: v1\n    kind: Service\n    metadata: {name: a}\n    data:\n      x: |\n        text\n", a, nil},
		{"a block of text that ends inline operations", "resources: [a.yaml]\npatches:\n- target: {kind: Service}\n  patch: |\n    - op: add\n      path: /spec/x\n      value: |\n        text\n", a, nil},
		{"a block with a comment into braces", "resources: [a.yaml]\npatches:\n- path: p.yaml\n", a, map[string]string{"p.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  # why\n  x:\n    # because\n    y: |\n      text\n    z: b # so\n"}},
		{"a patch that makes a reference of another form", "resources: [a.yaml]\npatches:\n- target: {kind: Ingress}\n  patch: '[{op: replace, path: /spec/tls, value: none}]'\n", "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {tls: []}\n", nil},
		{"a merge that makes a reference of another form", "resources: [a.yaml]\npatches:\n- patch: '{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {imagePullSecrets: [{name: {a: b}}]}}'\n", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {nodeName: b}\n", nil},
		{"all annotations removed", "resources: [a.yaml]\npatches:\n- target: {kind: Service}\n  patch: '[{\"op\": \"remove\", \"path\": \"/metadata/annotations\"}]'\n", a, nil},
		{"a Namespace of the namespace", "resources: [a.yaml]\nnamespace: a\n", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", nil},
		{"a cluster's binding and the namespace", "resources: [a.yaml]\nnamespace: b\n", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: a}\nroleRef: {kind: ClusterRole, name: r}\nsubjects: [{kind: User, name: default}, {kind: ServiceAccount, name: c}]\n", nil},
		{"a kind of its version alone", "resources: [a.yaml]\nnamespace: b\n", "apiVersion: rbac.authorization.k8s.io/v2\nkind: ClusterRole\nmetadata: {name: a}\n", nil},
		{"common annotations for what makes pods", "resources: [a.yaml]\ncommonAnnotations: {b: c}\n", "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: x}\n---\napiVersion: other/v1\nkind: Job\nmetadata: {name: a}\n---\napiVersion: x.io/v1\nkind: Deployment\nmetadata: {name: a}\n", nil},
		{"a head alone", "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", a, nil},
		{"a component's head alone", "resources: [a.yaml]\ncomponents: [part]\n", a, map[string]string{"part/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"}},
		{"an order alone", "sortOptions: {order: fifo}\n", a, nil},
		{"a namespace alone", "namespace: x\n", a, nil},
		{"a label without a key", "resources: [a.yaml]\nlabels: [{pairs: {\"\": x}}]\n", a, nil},
		{"an annotation without a key", "resources: [a.yaml]\ncommonAnnotations: {\"\": x}\n", a, nil},
		{"blank lines that are kept before a comment", "resources: [a.yaml]\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: |+\n    q\n\n# a comment\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n", nil},
		{"folded, digit first", "resources: [a.yaml]\n", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  x: >2+ # why\n    q\n\n# a comment\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n", nil},
		{"in a list, sign first", "resources: [a.yaml]\n", "apiVersion: example.com/v1\nkind: Texts\nmetadata: {name: a}\nitems:\n- |+2\n    q\n\n# a comment\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := tree.New()
			files.Set("kustomization.yaml", []byte(test.kustomization))
			files.Set("a.yaml", []byte(test.a))
			for name, text := range test.more {
				files.Set(name, []byte(text))
			}
			want, refused := kustomize.BuildTree(files, ".")
			got, err := build.Tree(context.Background(), files, ".")
			if refused != nil || err != nil {
				if refused == nil || err == nil || err.Error() != refused.Error() {
					t.Fatalf("kgen: %v; kustomize: %v", err, refused)
				}
				return
			}
			if diff := cmp.Diff(string(want), string(got.Bytes())); diff != "" {
				t.Errorf("%s (-kustomize +kgen):\n%s", got.Path(), diff)
			}
		})
	}
}
