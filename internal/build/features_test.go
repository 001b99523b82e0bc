package build_test

import (
	"path"
	"regexp"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/tree"
)

// feature is something that random trees must not lack.
type feature struct {
	name      string
	in        func(*tree.Tree) bool
	all, fast int
}

// features are what kgen builds in a way of its own.
func features() []*feature {
	strategic := regexp.MustCompile(`(?m)^( {4})?kind: [A-Za-z]+\n( {4})?metadata: \{name: [a-z0-9]+`)
	restless := regexp.MustCompile(`(?m)^kind: (Namespace|RoleBinding|ClusterRole|ClusterRoleBinding|StorageClass|IngressClass)$`)
	any := func(t *tree.Tree, in func(name, text string) bool) bool {
		for name, data := range t.All() {
			if in(path.Base(name), string(data)) {
				return true
			}
		}
		return false
	}
	return []*feature{
		{name: "a strategic merge patch", in: func(t *tree.Tree) bool {
			return any(t, func(name, text string) bool {
				return (name == "kustomization.yaml" || strings.HasPrefix(name, "patch")) && strategic.MatchString(text)
			})
		}},
		{name: "operations on annotations", in: func(t *tree.Tree) bool {
			return any(t, func(_, text string) bool { return strings.Contains(text, "path: /metadata/annotations") })
		}},
		{name: "a namespace over what it is special for", in: func(t *tree.Tree) bool {
			return any(t, func(name, text string) bool {
				return name == "kustomization.yaml" && strings.Contains(text, "\nnamespace: shop\n")
			}) &&
				any(t, func(_, text string) bool { return restless.MatchString(text) })
		}},
		{name: "annotations of pod templates", in: func(t *tree.Tree) bool {
			return any(t, func(_, text string) bool { return strings.Contains(text, "\ncommonAnnotations: ") }) &&
				any(t, func(_, text string) bool { return strings.Contains(text, "kind: Deployment\n") })
		}},
	}
}

// count notes what a tree has, and who built it.
func count(all []*feature, files *tree.Tree, r *build.Result) {
	for _, f := range all {
		if f.in(files) {
			f.all++
			if r.Because == "" {
				f.fast++
			}
		}
	}
}

// met fails if something was not met in a tenth of the trees, or hardly ever
// built by kgen.
func met(t *testing.T, all []*feature, trees int) {
	t.Helper()
	for _, f := range all {
		t.Logf("%s: in %d of %d, %d of them built by kgen", f.name, f.all, trees, f.fast)
		if f.all < trees/10 || f.fast < f.all/10 {
			t.Errorf("%s: in %d of %d, %d of them built by kgen: it is to be met more often", f.name, f.all, trees, f.fast)
		}
	}
}
