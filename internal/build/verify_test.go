package build_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/build"
)

func TestDiffer(t *testing.T) {
	stock := "apiVersion: v1\nkind: Service\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: b\n  namespace: shop\nspec: {}\n"
	for _, test := range []struct {
		name, own, want string
	}{
		{"the same", stock, ""},
		{"a line", strings.Replace(stock, "spec: {}", "spec: null", 1), `kgen and kustomize differ, first in Service shop/b: kgen prints "spec: null" where kustomize prints "spec: {}"`},
		{"a name", strings.Replace(stock, "name: a", "name: x", 1), `kgen and kustomize differ, first in Service a: kgen prints "  name: x" where kustomize prints "  name: a"`},
		{"one less", stock[:strings.Index(stock, "---")], `kgen and kustomize differ, first in Service shop/b: kgen prints nothing where kustomize prints "---"`},
		{"one more", stock + "---\napiVersion: v1\nkind: Pod\nmetadata: {name: c}\n", `kgen and kustomize differ, first in Pod c: kgen prints "---" where kustomize prints nothing`},
		{"nothing", "", `kgen and kustomize differ, first in Service a: kgen prints nothing where kustomize prints "apiVersion: v1"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if d := build.Differ([]byte(test.own), []byte(stock)); d != nil {
				got = d.Error()
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const service = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"

// TestPathsOnDisk: what stands on the disk is what kustomize would read, or it
// is kustomize that reads it.
func TestPathsOnDisk(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		links map[string]string
		want  string // of Path; empty is an error
	}{
		{name: "plain", files: map[string]string{"kustomization.yaml": "resources: [a.yaml, ./sub]\n", "a.yaml": service, "sub/kustomization.yml": "resources:\n- b.yaml\n", "sub/b.yaml": strings.Replace(service, "web", "api", 1)}, want: "built by kgen"},
		{name: "a prefix", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\n\nnamePrefix: x-\n", "a.yaml": service}, want: "built by kustomize: DIR/kustomization.yaml:3:1: namePrefix"},
		{name: "a list", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: web}}\n"}, want: "built by kustomize: DIR/a.yaml:2:1: a List"},
		{name: "an alias", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": service + "spec: {a: &x 1, b: *x}\n"}, want: "built by kustomize: DIR/a.yaml:4:11: a value that only kustomize prints"},
		{name: "a float is printed by the library", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": service + "spec: {a: 1.50}\n"}, want: "built by kgen"},
		{name: "a float that a patch carries along", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\nlabels: [{pairs: {a: b}}]\n", "a.yaml": service + "spec: {a: 1.50}\n"}, want: "built by kustomize: DIR/a.yaml:4:11: a transformer of an object with a value that readers of YAML take differently: 1.50"},
		{name: "a file that is a link", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "b.yaml": service}, links: map[string]string{"a.yaml": "b.yaml"}, want: "built by kustomize: DIR/kustomization.yaml:1:13: a link"},
		{name: "a folder that is a link", files: map[string]string{"kustomization.yaml": "resources: [sub]\n", "real/kustomization.yaml": "resources: [a.yaml]\n", "real/a.yaml": service}, links: map[string]string{"sub": "real"}, want: "built by kustomize: DIR/kustomization.yaml:1:13: a link"},
		{name: "a folder on the way that is a link", files: map[string]string{"kustomization.yaml": "resources: [sub/a.yaml]\n", "real/a.yaml": service}, links: map[string]string{"sub": "real"}, want: "built by kustomize: DIR/kustomization.yaml:1:13: a link"},
		{name: "a kustomization that is a link", files: map[string]string{"k.yaml": "resources: [a.yaml]\n", "a.yaml": service}, links: map[string]string{"kustomization.yaml": "k.yaml"}, want: "built by kustomize: DIR/kustomization.yaml:1:1: a link"},
		{name: "an entry that is not there", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\n"}},
		{name: "a way to a name through a word", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {tls: none}\n"}},
		{name: "a mapping for a name", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {tls: [{secretName: {a: b}}]}\n"}},
		{name: "no kustomization", files: map[string]string{"a.yaml": service}},
		{name: "two kustomizations", files: map[string]string{"kustomization.yaml": "resources: [a.yaml]\n", "kustomization.yml": "resources: [a.yaml]\n", "a.yaml": service}},
		{name: "a component for itself", files: map[string]string{"kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [a.yaml]\n", "a.yaml": service}, want: "built by kustomize: DIR/kustomization.yaml:1:1: a component built for itself"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := write(t, test.files)
			for name, to := range test.links {
				if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			r, err := build.Verify(context.Background(), dir)
			ran, failed := build.Run(context.Background(), dir)
			if test.want == "" {
				if err == nil || failed == nil || err.Error() != failed.Error() {
					t.Errorf("Verify says %v, Run %v: want the same error", err, failed)
				}
				return
			}
			if err != nil || failed != nil {
				t.Fatal(err, failed)
			}
			if diff := cmp.Diff(test.want, strings.ReplaceAll(r.Path(), dir, "DIR")); diff != "" {
				t.Error(diff)
			}
			if r.Path() != ran.Path() || string(r.Bytes()) != string(ran.Bytes()) || len(r.Bytes()) == 0 {
				t.Errorf("Verify: %s\n%sRun: %s\n%s", r.Path(), r.Bytes(), ran.Path(), ran.Bytes())
			}
		})
	}
}

// TestEndOfContext: a build that nobody waits for any more says so.
func TestEndOfContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, files := range []map[string]string{
		{"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": service},
		{"kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x-\n", "a.yaml": service},
	} {
		dir := write(t, files)
		if _, err := build.Run(ctx, dir); !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		if _, err := build.Verify(ctx, dir); !errors.Is(err, context.Canceled) {
			t.Errorf("Verify: %v", err)
		}
	}
}
