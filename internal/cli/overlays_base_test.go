package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/plan"
)

// TestUnbuilt asks of files that nothing makes any more, and that were edited,
// which kustomization no longer has them built.
func TestUnbuilt(t *testing.T) {
	file := func(text string) plan.File { return plan.File{Exists: text != "", Data: []byte(text)} }
	kustomization := func(at, text string) plan.Change {
		return plan.Change{Path: at, Action: plan.Merge, Wrote: file("kind: Kustomization\nresources: [was]\n"), After: file(text)}
	}
	edited := func(at string) plan.Change {
		wrote := "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
		return plan.Change{Path: at, Action: plan.Orphaned, Wrote: file(wrote), After: file(wrote + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine}\n")}
	}
	const root, half, leaf = "kustomization.yaml", "networking/kustomization.yaml", "networking/services/kustomization.yaml"
	for _, c := range []struct {
		name, file     string
		kustomizations []plan.Change
		want           string
	}{
		{"in its folder's list", "networking/services/old.yaml", []plan.Change{kustomization(leaf, "resources: [old.yaml]")}, ""},
		{"in nobody's list", "networking/services/old.yaml", []plan.Change{kustomization(leaf, "resources: [new.yaml]")}, leaf},
		{"in a folder that is no longer built", "networking/services/old.yaml", []plan.Change{kustomization(leaf, "")}, leaf},
		{"beside a person's kustomization", "networking/services/old.yaml", nil, ""},
		{"in the lists of a half and of the root", "networking/namespace.yaml",
			[]plan.Change{kustomization(half, "resources: [namespace.yaml]"), kustomization(root, "resources: [./networking/namespace.yaml]")}, ""},
		{"in that of the half alone", "networking/namespace.yaml",
			[]plan.Change{kustomization(half, "resources: [namespace.yaml]"), kustomization(root, "resources: [networking/namespace]")}, root},
		{"in that of neither", "networking/namespace.yaml",
			[]plan.Change{kustomization(half, "resources: [namespace]"), kustomization(root, "resources: [networking/namespace]")}, half},
		{"in that of an environment's half alone", "environments/eu/monitoring/old.yaml",
			[]plan.Change{kustomization("environments/eu/monitoring/kustomization.yaml", "resources: [old.yaml]"),
				kustomization("environments/eu/kustomization.yaml", "resources: [monitoring/alerts]")}, "environments/eu/kustomization.yaml"},
		{"in a folder that is called like a half", "own/networking/old.yaml",
			[]plan.Change{kustomization("own/networking/kustomization.yaml", "resources: [old.yaml]"), kustomization("own/kustomization.yaml", "resources: [x]")}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			gone := edited(c.file)
			s := &step{plan: &plan.Plan{Changes: append(c.kustomizations, gone)}}
			at, own := s.unbuilt(gone)
			if at != c.want {
				t.Errorf("%q no longer has it built, want %q", at, c.want)
			}
			var want []string
			if c.want != "" {
				want = []string{"ConfigMap mine"}
			}
			if diff := cmp.Diff(want, own); diff != "" {
				t.Errorf("a person's own (-want +got):\n%s", diff)
			}
		})
	}
}
