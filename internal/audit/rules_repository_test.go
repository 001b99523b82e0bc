package audit

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/tree"
)

// TestDrift: each file that kgen generate would change is a finding; without the
// comparison that is not checked.
func TestDrift(t *testing.T) {
	w, _ := world(t, exampleTree(t, "hello"), ".")
	run := func() *Result {
		r, err := Run(context.Background(), w, Options{Rules: []string{"RP02"}, Today: today})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := run()
	if diff := cmp.Diff("what kgen.yaml makes was not compared with the files", r.Skipped[0].Why); len(r.Findings) > 0 || diff != "" {
		t.Errorf("%v, skipped (-want +got):\n%s", open(r), diff)
	}
	w.Drift = &Drift{Files: []Drifted{{"networking/services/hello.yaml", "is missing"}, {"README.md", "is not as kgen.yaml says"}}}
	r = run()
	want := []string{
		"README.md:1:1: RP02: README.md is not as kgen.yaml says; run kgen generate; kgen diff shows what it changes",
		"networking/services/hello.yaml:1:1: RP02: networking/services/hello.yaml is missing; run kgen generate; kgen diff shows what it changes",
	}
	if diff := cmp.Diff(want, open(r)); diff != "" || len(r.Skipped) > 0 {
		t.Errorf("(-want +got):\n%s%v", diff, r.Skipped)
	}
}

// TestUnserved: versions that were dropped, and those beside them that were not.
func TestUnserved(t *testing.T) {
	for _, c := range []struct{ version, kind, fix string }{
		{"networking.k8s.io/v1beta1", "Ingress", "write apiVersion: networking.k8s.io/v1"},
		{"networking.k8s.io/v1", "Ingress", ""},
		{"networking.k8s.io/v1beta1", "IPAddress", ""},
		{"extensions/v1beta1", "Deployment", "write apiVersion: apps/v1"},
		{"extensions/v1beta1", "NetworkPolicy", "write apiVersion: networking.k8s.io/v1"},
		{"policy/v1beta1", "PodSecurityPolicy", "remove it: nothing takes its place"},
		{"policy/v1", "PodDisruptionBudget", ""},
		{"apps/v1beta2", "StatefulSet", "write apiVersion: apps/v1"},
		{"gateway.networking.k8s.io/v1beta1", "HTTPRoute", ""},
		{"gateway.networking.k8s.io/v1alpha2", "HTTPRoute", "write apiVersion: gateway.networking.k8s.io/v1"},
		{"networking.istio.io/v1alpha3", "VirtualService", ""},
		{"cert-manager.io/v1", "Certificate", ""},
		{"cert-manager.io/v1alpha3", "Issuer", "write apiVersion: cert-manager.io/v1"},
	} {
		fix := ""
		if d, gone := unserved(&manifest.Object{APIVersion: c.version, Kind: c.kind}); gone {
			fix = d.fix()
		}
		if diff := cmp.Diff(c.fix, fix); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", c.version, c.kind, diff)
		}
	}
}

// TestRestore: a file of kgen's that is gone is brought back by kgen.
func TestRestore(t *testing.T) {
	files := tree.New()
	for p, data := range exampleTree(t, "hello").All() {
		if p != "networking/network-policies/allow-dns.yaml" {
			files.Set(p, data)
		}
	}
	w, _ := world(t, files, ".")
	r, err := Run(context.Background(), w, Options{Rules: []string{"RP01"}, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range r.Findings {
		got = append(got, f.Message+"; "+f.Fix)
	}
	want := []string{"resources: there is no allow-dns.yaml; if kgen wrote it, kgen generate --restore networking/network-policies/allow-dns.yaml brings it back; otherwise correct the path, or remove the entry"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestKustomizations: what a kustomization may leave out, and what it may not.
func TestKustomizations(t *testing.T) {
	const policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}\n"
	const config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: shop}\n"
	const pods = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: x}]}}}\n"
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{name: http, port: 80}]}\n"
	peer := func(p string) string { return strings.Replace(policy, "{podSelector: {}}", p, 1) }
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"a prefix that harms nobody", map[string]string{"kustomization.yaml": "namePrefix: a-\nresources: [c.yaml]\n", "c.yaml": config}, nil},
		{"labels that harm nobody", map[string]string{"kustomization.yaml": "commonLabels: {a: b}\nresources: [c.yaml]\n", "c.yaml": config}, nil},
		{"labels on both sides of a peer", map[string]string{"kustomization.yaml": "commonLabels: {env: prod}\nresources: [p.yaml, w.yaml]\n", "p.yaml": peer("{podSelector: {matchLabels: {app: web}}}"), "w.yaml": pods}, nil},
		{"labels with includeSelectors on both sides", map[string]string{"kustomization.yaml": "labels: [{pairs: {env: prod}, includeSelectors: true}]\nresources: [p.yaml, w.yaml]\n", "p.yaml": peer("{podSelector: {matchLabels: {app: web}}}"), "w.yaml": pods}, nil},
		{"a peer of which no pods are given", map[string]string{"kustomization.yaml": "commonLabels: {env: prod}\nresources: [p.yaml]\n", "p.yaml": peer("{podSelector: {matchLabels: {app: web}}}")}, nil},
		{"a peer built beside it", map[string]string{"kustomization.yaml": "resources: [p, w.yaml]\n", "p/kustomization.yaml": "commonLabels: {env: prod}\nresources: [p.yaml]\n", "p/p.yaml": peer("{podSelector: {matchLabels: {app: web}}}"), "w.yaml": pods},
			[]string{"1:1 commonLabels adds env=prod to the selectors of NetworkPolicies too: in NetworkPolicy shop/p, no pod of namespace shop is selected any more"}},
		{"the cluster's DNS", map[string]string{"kustomization.yaml": "commonLabels: {env: prod}\nresources: [p.yaml, w.yaml]\n", "p.yaml": peer("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}"), "w.yaml": pods},
			[]string{"1:1 commonLabels adds env=prod to the selectors of NetworkPolicies too: in NetworkPolicy shop/p, the pods of namespace kube-system are built elsewhere, and are not selected any more"}},
		{"another namespace", map[string]string{"kustomization.yaml": "commonLabels: {env: prod}\nresources: [p.yaml, w.yaml]\n", "p.yaml": peer("{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: pay}}, podSelector: {matchLabels: {app: till}}}"), "w.yaml": pods},
			[]string{"1:1 commonLabels adds env=prod to the selectors of NetworkPolicies too: in NetworkPolicy shop/p, pods of other namespaces, which are built elsewhere, are not selected any more"}},
		{"a prefix that a route does not follow", map[string]string{"kustomization.yaml": "namePrefix: a-\nresources: [s.yaml]\n", "s.yaml": service + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: shop}\nspec: {rules: [{backendRefs: [{name: web, port: 80}]}]}\n"},
			[]string{"1:1 namePrefix renames what others name, and kustomize does not follow that there: HTTPRoute shop/a-web says web, and it is a-web now"}},
		{"a prefix that a route has already", map[string]string{"kustomization.yaml": "namePrefix: a-\nresources: [s.yaml]\n", "s.yaml": service + "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: shop}\nspec: {rules: [{backendRefs: [{name: a-web, port: 80}]}]}\n"}, nil},
		{"a suffix that a variable does not follow", map[string]string{"kustomization.yaml": "nameSuffix: -blue\nresources: [s.yaml, w.yaml]\n", "s.yaml": service, "w.yaml": strings.Replace(pods, "name: x}", "name: x, env: [{name: WEB, value: \"http://web:80\"}]}", 1)},
			[]string{"1:1 nameSuffix renames what others name, and kustomize does not follow that there: Deployment shop/web-blue says http://web:80, and it is web-blue now"}},
		{"a suffix that a ConfigMap does not follow", map[string]string{"kustomization.yaml": "nameSuffix: -blue\nresources: [s.yaml, c.yaml]\n", "s.yaml": service, "c.yaml": config + "data: {WEB: \"web.shop.svc.cluster.local:80\", word: web}\n"},
			[]string{"1:1 nameSuffix renames what others name, and kustomize does not follow that there: ConfigMap shop/c-blue says web.shop.svc.cluster.local:80, and it is web-blue now"}},
		{"pairs alone", map[string]string{"kustomization.yaml": "labels: [{pairs: {a: b}}]\nresources: [p.yaml]\n", "p.yaml": policy}, nil},
		{"a folder forgotten", map[string]string{"kustomization.yaml": "resources: [a]\n", "a/kustomization.yaml": "resources: [c.yaml]\n", "a/c.yaml": config, "b/kustomization.yaml": "resources: [p.yaml]\n", "b/p.yaml": policy},
			[]string{"1:1 it names other folders and not b, so nothing of that is built"}},
		{"an overlay beside the base", map[string]string{"kustomization.yaml": "resources: [a]\n", "a/kustomization.yaml": "resources: [c.yaml]\n", "a/c.yaml": config, "environments/eu/kustomization.yaml": "resources: [../../a]\n"}, nil},
		{"a file of other things", map[string]string{"kustomization.yaml": "resources: [c.yaml]\n", "c.yaml": config, "values.yaml": "replicas: 2\n"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			found, _ := moAudit(t, "RP01", c.files)
			if diff := cmp.Diff(c.want, found); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
