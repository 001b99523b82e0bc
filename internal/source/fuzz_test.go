package source_test

import (
	"context"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/tree"
)

// sound holds what is read to what every reader of it relies on.
func sound(t *testing.T, set *source.Set, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("the context has not ended: %v", err)
	}
	for _, d := range set.Findings {
		if d.File == "" && d.Code != "argument" || d.Message == "" || d.Line > 0 && d.Column == 0 {
			t.Errorf("a finding without its place: %+v", d)
		}
	}
	for _, o := range set.Objects {
		if o.File == "" || o.Kind == "" || o.At().File == "" || o.At("spec", "ports", 0, "port").File == "" {
			t.Errorf("an object without its place: %+v", o)
		}
		pods, err := manifest.PodsOf(o)
		if pods != nil && err != nil {
			t.Errorf("%s: both pods and %v", o.Ref(), err)
		}
		manifest.ViewAll([]*manifest.Object{o})
	}
}

// FuzzStdin: whatever comes, everything that is said has its place.
func FuzzStdin(f *testing.F) {
	f.Add([]byte("---\n# Source: a/b.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: x}]}\n---\na: [\n"))
	f.Add([]byte("apiVersion: v1\nkind: List\nitems: [&a {apiVersion: v1, kind: Pod, metadata: {name: p}}, *a]\n"))
	f.Add([]byte("a: &a [*a]\n---\n<<: {apiVersion: v1, kind: Pod}\n"))
	f.Add([]byte("\xef\xbb\xbfkind: x\n--- # Source: no\n...\n%TAG ! x\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := source.Read(context.Background(), strings.NewReader(string(data)), []string{"-"})
		sound(t, set, err)
	})
}

// FuzzKustomization: whatever a kustomization and its patch say, nothing
// panics, nothing is fetched, and everything that is said has its place.
func FuzzKustomization(f *testing.F) {
	f.Add("resources: [a.yaml, sub]\npatches: [{path: p.yaml, target: {kind: Service}}]\n", "- {op: replace, path: /spec/ports/0/port, value: 81}\n")
	f.Add("resources: [a.yaml]\npatches:\n- patch: |\n    $patch: delete\n    apiVersion: v1\n    kind: Service\n    metadata: {name: a}\n", "")
	f.Add("resources: [sub]\nlabels: [{pairs: {a: b}}]\nnamespace: x\ncommonAnnotations: {c: d}\ncomponents: [.]\n", "- {op: add, path: /spec/ports/-, value: {}}")
	f.Add("resources: &r [a.yaml]\nbases: *r\nnamePrefix: p-\npatchesStrategicMerge: [p.yaml]\n", "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {x: y}}")
	f.Fuzz(func(t *testing.T, kustomization, patch string) {
		files := tree.New()
		files.Set("kustomization.yaml", []byte(kustomization))
		files.Set("p.yaml", []byte(patch))
		files.Set("a.yaml", []byte("apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n"))
		files.Set("sub/kustomization.yaml", []byte("resources: [b.yaml]\n"))
		files.Set("sub/b.yaml", []byte("{apiVersion: v1, kind: Pod, metadata: {name: b}}"))
		set, err := source.FromTree(context.Background(), files, ".")
		sound(t, set, err)
	})
}
