package source_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/source"
)

// TestReasons: why a build is left to kustomize says what it is, and where.
func TestReasons(t *testing.T) {
	const a = "\n-- a.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: ClusterIP}\n"
	k := func(more string) string { return "\n-- kustomization.yaml --\nresources: [a.yaml]\n" + more }
	for _, test := range []struct{ name, files, want string }{
		{"a namespace for what may have none", k("labels: [{pairs: {a: b}}]\nnamespace: x") + "\n-- a.yaml --\napiVersion: apiregistration.k8s.io/v1\nkind: APIService\nmetadata: {name: a}", "kustomization.yaml:3:1: namespace for a APIService"},
		{"a namespace for a Namespace of another name", k("namespace: x") + "\n-- a.yaml --\napiVersion: v1\nkind: Namespace\nmetadata: {name: a}", "kustomization.yaml:2:1: namespace for a Namespace"},
		{"an option of a patch", k("patches: [{patch: '{apiVersion: v1, kind: Service, metadata: {name: a}}', options: {allowNameChange: true}}]") + a, "kustomization.yaml:2:11: a patch with options"},
		{"a merge of another label", k("patches: [{path: p.yaml}]") + a + "\n-- p.yaml --\n{apiVersion: v1, kind: Service, metadata: {name: a, labels: {m: 1}}}", "p.yaml:1:61: a strategic merge patch's labels of another form: {m}"},
		{"a merge of the whole", k("patches: [{path: p.yaml}]") + a + "\n-- p.yaml --\n{apiVersion: v1, kind: Service, metadata: {name: a}, $patch: replace}", "p.yaml:1:62: a strategic merge patch's $patch: replace"},
		{"a merge of an owner", k("patches: [{path: p.yaml}]") + a + "\n-- p.yaml --\n{apiVersion: v1, kind: Service, metadata: {name: a, ownerReferences: []}}", "p.yaml:1:53: a strategic merge patch of metadata.ownerReferences"},
		{"a merge of no name", k("patches: [{path: p.yaml}]") + a + "\n-- p.yaml --\n{apiVersion: v1, kind: Service, spec: {}}", "p.yaml:1:1: a strategic merge patch without apiVersion, kind or name"},
		{"a merge that does not fit", k("patches: [{path: p.yaml}]") + a + "\n-- p.yaml --\n{apiVersion: v1, kind: Service, metadata: {name: a}, spec: [b]}", "kustomization.yaml:2:11: a strategic merge patch that does not fit Service a"},
		{"a merge of what is not there", k("patches: [{path: p.yaml}]") + a + "\n-- p.yaml --\n{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {}}", "p.yaml:1:1: there is no Service b to patch"},
		{"a change that makes a stray reference", k("patches: [{target: {kind: Ingress}, path: p.yaml}]") + "\n-- a.yaml --\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {tls: []}\n-- p.yaml --\n- {op: replace, path: /spec/tls, value: none}", "p.yaml:1:41: a change that makes a reference of another form in Ingress a: none"},
		{"an annotation of kustomize's own", k("patches: [{target: {kind: Service}, path: p.yaml}]") + a + "\n-- p.yaml --\n- {op: remove, path: /metadata/annotations/internal.config.kubernetes.io~1previousNames}", "p.yaml:1:22: a patch of annotations of another form: /metadata/annotations/internal.config.k…"},
		{"a test of all annotations", k("patches: [{target: {kind: Service}, path: p.yaml}]") + a + "\n-- p.yaml --\n- {op: test, path: /metadata/annotations, value: {a: b}}", "p.yaml:1:20: a patch of annotations of another form: /metadata/annotations"},
		{"kustomize's annotation, in the second document", k("") + a + "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: b\n  annotations:\n    c: d\n    config.kubernetes.io/local-config: \"true\"", "a.yaml:12:5: the annotation config.kubernetes.io/local-config"},
		{"a date", k("") + a + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\ndata:\n  a: 2026-11-21", "a.yaml:10:6: the date 2026-11-21"},
		{"a list of a kind", k("") + a + "---\napiVersion: v1\nkind: ConfigMapList\nmetadata: {name: b}\nitems: []", "a.yaml:7:7: a ConfigMapList"},
		{"a List", k("") + a + "---\napiVersion: v1\nkind: List\nitems: []", "a.yaml:7:1: a List"},
		{"nothing in a document", k("") + a + "---\n~ # nothing", "a.yaml:6:1: a document that is not one object: ~ # nothing"},
		{"an anchored document", k("") + a + "--- \n", "a.yaml:5:1: a mark between documents that is more than three dashes"},
		{"an annotation", k("") + "\n-- a.yaml --\napiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  annotations:\n    b: \"c\"\n    port: 80", "a.yaml:7:11: annotations that are no words: 80"},
		{"no annotations", k("") + "\n-- a.yaml --\napiVersion: v1\nkind: Service\nmetadata:\n  name: a\n  annotations: {}", "a.yaml:5:3: annotations without any"},
		{"a label", k("") + "\n-- a.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: a, labels: {b: true}}", "a.yaml:3:33: labels that are no words: true"},
		{"a common annotation", k("commonAnnotations: {a: \"b\", c: yes}") + a, "kustomization.yaml:2:32: commonAnnotations that are no words: yes"},
		{"a name", k("") + "\n-- a.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: a_b}", "a.yaml:3:18: a name of another form: a_b"},
		{"metadata of the kustomization", k("metadata: {name: x}") + a, "kustomization.yaml:2:1: metadata"},
		{"transformers without any", k("transformers: []") + a, "kustomization.yaml:2:1: transformers"},
		{"components of another form", k("components: {}") + a, "kustomization.yaml:2:1: components of another form: {}"},
		{"a word in a patch's file", k("patches:\n- path: p.yaml\n  target: {kind: Service}") + a + "\n-- p.yaml --\n- op: add\n  path: /spec/x\n  value: y", "p.yaml:3:10: a value that readers of YAML take differently: y (quote it)"},
		{"a word in a patch", k("patches:\n- target: {kind: Service}\n  patch: |\n    - op: add\n      path: /spec/x\n      value: True") + a, "kustomization.yaml:7:14: a value that readers of YAML take differently: True (write true)"},
		{"a tab in a patch", k("patches:\n- path: p.yaml\n  target: {kind: Service}") + a + "\n-- p.yaml --\n- op: add\n  path: /spec/x\n  value: \"\t\"", "p.yaml:3:1: a tab, carriage return or control character in a patch"},
		{"a patch of a name", k("patches: [{target: {kind: Service}, path: p.yaml}]") + a + "\n-- p.yaml --\n- {op: replace, path: /metadata/name, value: b}", "p.yaml:1:23: a patch of /metadata/name"},
		{"a move", k("patches: [{target: {kind: Service}, path: p.yaml}]") + a + "\n-- p.yaml --\n- {op: move, path: /spec/a, from: /spec/b}", "p.yaml:1:29: a patch's from"},
		{"an unknown op", k("patches: [{target: {kind: Service}, path: p.yaml}]") + a + "\n-- p.yaml --\n- {op: put, path: /spec/a, value: b}", "p.yaml:1:8: a patch's op: put"},
		{"no value", k("patches: [{target: {kind: Service}, path: p.yaml}]") + a + "\n-- p.yaml --\n- {op: add, path: /spec/a}", "p.yaml:1:3: a patch's add without a value"},
		{"no target", k("patches: [{path: p.yaml}]") + a + "\n-- p.yaml --\n- {op: add, path: /spec/a, value: b}", "kustomization.yaml:2:11: a patch without a target"},
		{"a value beside a patch", k("patches: [{target: {kind: Service}, path: p.yaml}]") + "\n-- a.yaml --\napiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {x: 0644}\n-- p.yaml --\n- {op: add, path: /spec/a, value: b}", "a.yaml:4:11: a patch of an object with a value that readers of YAML take differently: 0644"},
		{"a reference", k("") + "\n-- a.yaml --\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: a}\nroleRef: {kind: Role, name: a}\nsubjects: [runner]", "a.yaml:5:12: a subject of another form in RoleBinding a: runner"},
		{"a long value", k("commonAnnotations: {a: ["+strings.Repeat("word, ", 20)+"]}") + a, "kustomization.yaml:2:24: commonAnnotations that are no words: [word, word, word, word, word, word, wo…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			x, err := source.ExpandTree(context.Background(), repo(test.files), ".")
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(test.want, x.Position.String()+": "+x.Because); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestBlame: what kustomize refuses is found where it stands.
func TestBlame(t *testing.T) {
	for _, test := range []struct{ name, files, want string }{
		{"keys that are there twice", `
-- kustomization.yaml --
resources: [sub]
-- sub/kustomization.yaml --
resources: [web.yaml]
-- sub/web.yaml --
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  type: ClusterIP
  ports: [{port: 80, port: 81}]
  type: NodePort
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data:
  a: x
  b: y
  a: z`, `built . by kustomize: the key type twice sub/web.yaml:7:3
sub/web.yaml:6:22: mapping key "port" already defined at line 6; correct the YAML
sub/web.yaml:7:3: mapping key "type" already defined at line 5; correct the YAML
sub/web.yaml:15:3: mapping key "a" already defined at line 13; correct the YAML`},
		{"a key behind many others", "\n-- kustomization.yaml --\nresources: [a.yaml]\n-- a.yaml --\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  last: b\n" + many(100) + "  last: b", `built . by kustomize: the key last twice a.yaml:106:3
a.yaml:106:3: mapping key "last" already defined at line 5; correct the YAML`},
		{"a subject that is a word", `
-- kustomization.yaml --
resources: [a.yaml]
-- a.yaml --
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: a}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: a}
subjects: [runner]`, `built . by kustomize: a subject of another form in RoleBinding a: runner a.yaml:5:12
a.yaml:5:12: a subject of another form in RoleBinding a: runner; kustomize: interface conversion: interface {} is string, not map[string]interface {}; write the name, or the mapping, that Kubernetes expects there`},
		{"a word for a list", `
-- kustomization.yaml --
resources: [a.yaml]
-- a.yaml --
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: a}
spec: {tls: none}`, `built . by kustomize: a reference of another form in Ingress a: none a.yaml:4:13
a.yaml:4:13: a reference of another form in Ingress a: none; kustomize: updating name reference in 'spec/tls/secretName' field of 'Ingress.v1.networking.k8s.io/a.[noNs]': considering field 'spec/tls/secretName' of object Ingress.v1.networking.k8s.io/a.[noNs]: expected sequence or mapping node; write the name, or the mapping, that Kubernetes expects there`},
		{"an error of no file", `
-- kustomization.yaml --
resources: [a.yaml]
namePrefix: x-
patches: [{patch: "{apiVersion: v1, kind: Pod, metadata: {name: none}, spec: {}}"}]
-- a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}`, `built . by kustomize: namePrefix kustomization.yaml:2:1
mutator namePrefix kustomization.yaml:2:1
kustomization.yaml:3:19: there is no Pod none to patch; correct the name or the namespace, or remove the patch`},
		{"a brace in a name", `
-- kustomization.yaml --
resources: ['a{.yaml']
-- a{.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}`, `a{.yaml:1 Pod a
built .`},
		{"a brace in a name that is not there", `
-- kustomization.yaml --
resources: ['a{.yaml']`, `built .
missing kustomization.yaml:1:13 a{.yaml
kustomization.yaml:1:13: resources: there is no a{.yaml; correct the path, or remove the entry`},
		{"references by alias", `
-- kustomization.yaml --
resources: [a.yaml]
-- a.yaml --
apiVersion: v1
kind: Pod
metadata: {name: a}
spec:
  containers:
  - {name: a, env: [&e {name: A, valueFrom: &f {secretKeyRef: {name: s, key: k}}}]}
  - {name: b, env: [*e, {name: B, valueFrom: *f}]}`, `a.yaml:1 Pod a
built .`},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := source.FromTree(context.Background(), repo(test.files), ".")
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(test.want, said(set)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// many are entries of a mapping.
func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  k%d: v\n", i)
	}
	return b.String()
}
