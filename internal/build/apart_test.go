package build_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/tree"
)

// TestOddKustomizationIsBuiltApart: one kustomization that kgen does not build
// itself leaves its own objects to kustomize, and all of the build only where
// something else reaches into them or follows them.
func TestOddKustomizationIsBuiltApart(t *testing.T) {
	service := func(name string) string {
		return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: shop}\nspec: {ports: [{port: 80}]}\n"
	}
	const pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: shop}\nspec: {containers: [{name: c, image: a}]}\n"
	patch := func(name string) string {
		return "patches:\n- target: {kind: Service, name: " + name + "}\n  patch: '[{\"op\": \"add\", \"path\": \"/spec/type\", \"value\": \"NodePort\"}]'\n"
	}
	for _, test := range []struct{ name, top, odd, file, want string }{
		{"images", "", "images: [{name: a, newTag: \"2\"}]\n", pod, "built by kgen; odd by kustomize: odd/kustomization.yaml:4:1: images"},
		{"images, in the order of the files", "sortOptions: {order: fifo}\n", "images: [{name: a, newTag: \"2\"}]\n", pod, "built by kgen; odd by kustomize: odd/kustomization.yaml:4:1: images"},
		{"a date", "", "", pod + "status: {startTime: 2026-11-21}\n", "built by kgen; odd by kustomize: odd/o.yaml:5:21: the date 2026-11-21"},
		{"beside a patch of another", patch("a"), "images: [{name: a, newTag: \"2\"}]\n", pod, "built by kgen; odd by kustomize: odd/kustomization.yaml:4:1: images"},
		{"below a patch", patch("b"), "images: [{name: a, newTag: \"2\"}]\n", pod, "built by kustomize: odd/kustomization.yaml:4:1: images"},
		{"below a label", "labels: [{pairs: {a: b}}]\n", "images: [{name: a, newTag: \"2\"}]\n", pod, "built by kustomize: odd/kustomization.yaml:4:1: images"},
		{"below another namespace", "namespace: else\n", "images: [{name: a, newTag: \"2\"}]\n", pod, "built by kustomize: odd/kustomization.yaml:4:1: images"},
		{"other names", "", "namePrefix: x-\n", pod, "built by kustomize: odd/kustomization.yaml:4:1: namePrefix"},
		{"an object that is generated", "", "configMapGenerator: [{name: g, literals: [a=b]}]\n", pod, "built by kustomize: odd/kustomization.yaml:4:1: configMapGenerator"},
		{"another namespace of its own", "", "images: []\nnamespace: else\n", pod, "built by kustomize: odd/kustomization.yaml:4:1: images"},
		{"an order of its own", "sortOptions: {order: fifo}\n", "images: []\nsortOptions: {order: legacy}\n", pod, "built by kustomize: odd/kustomization.yaml:4:1: images"},
		{"a note for kustomize", "", "", strings.Replace(pod, "name: p,", "name: p, annotations: {config.kubernetes.io/local-config: 'true'},", 1), "built by kustomize: odd/o.yaml:3:35: the annotation config.kubernetes.io/local-config"},
		{"an account that a binding elsewhere names", "", "images: []\n", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: runner, namespace: shop}\n", "built by kustomize: a.yaml:6:1: a RoleBinding beside a ServiceAccount that is patched or moved"},
		{"the same object twice", "", "images: []\n", service("a"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := tree.New()
			a := service("a")
			if strings.Contains(test.name, "binding") {
				a += "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: bind, namespace: shop}\nroleRef: {kind: Role, name: x}\nsubjects: [{kind: ServiceAccount, name: runner}]\n"
			}
			files.Set("kustomization.yaml", []byte("resources:\n- a.yaml\n- odd\n- c.yaml\n"+test.top))
			files.Set("a.yaml", []byte(a))
			files.Set("c.yaml", []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"))
			files.Set("odd/kustomization.yaml", []byte("resources:\n- o.yaml\n- b.yaml\n"+test.odd))
			files.Set("odd/o.yaml", []byte(test.file))
			files.Set("odd/b.yaml", []byte(service("b")))
			want, refused := kustomize.BuildTree(files, ".")
			got, err := build.Tree(context.Background(), files, ".")
			if refused != nil || err != nil {
				if test.want != "" || refused == nil || err == nil {
					t.Fatalf("kustomize: %v; kgen: %v", refused, err)
				}
				return
			}
			if diff := cmp.Diff(string(want), string(got.Bytes())); diff != "" {
				t.Errorf("(-kustomize +kgen):\n%s", diff)
			}
			if diff := cmp.Diff(test.want, got.Path()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			dir := t.TempDir()
			for name, data := range files.All() {
				path := filepath.Join(dir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			onDisk, err := build.Verify(context.Background(), dir)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(onDisk.Bytes())); diff != "" {
				t.Errorf("from the disk (-kustomize +kgen):\n%s", diff)
			}
			if path := strings.ReplaceAll(onDisk.Path(), dir+string(filepath.Separator), ""); path != test.want {
				t.Errorf("from the disk: %s, want %s", path, test.want)
			}
		})
	}
}
