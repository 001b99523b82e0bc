package cli

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/scalar"
	"kgen.dev/kgen/internal/tree"
)

// misfits are the patches of environments that no longer fit what a person has
// made of the base: those environments do not build. Each edited file that has
// patches is built with them alone, which costs as much as the edits are many.
func (s *step) misfits() diag.List {
	edited := map[string][]*manifest.Object{}
	for _, c := range s.plan.With(plan.Keep, plan.Merge) {
		if strings.HasPrefix(c.Path, "networking/") || strings.HasPrefix(c.Path, "monitoring/") {
			if objects, err := manifest.Parse(c.Path, c.After.Data); err == nil {
				edited[c.Path] = objects
			}
		}
	}
	if len(edited) == 0 {
		return nil
	}
	after := map[string][]byte{}
	for _, c := range s.plan.Changes {
		if c.After.Exists {
			after[c.Path] = c.After.Data
		}
	}
	var list diag.List
	for _, c := range s.plan.Changes {
		if dir := path.Dir(c.Path); path.Dir(dir) == "environments" && path.Base(c.Path) == "kustomization.yaml" && c.After.Exists {
			for _, p := range patchesOf(c) {
				list = append(list, s.misfit(dir, p, edited, after)...)
			}
		}
	}
	return list
}

// target is one entry of a kustomization's patches.
type target struct{ path, group, version, kind, namespace, name string }

func patchesOf(c plan.Change) []target {
	v, err := manifest.ParseValue(c.Path, c.After.Data)
	if err != nil {
		return nil
	}
	entries, _ := v.Field("patches")
	var out []target
	for _, e := range entries.Items {
		to, _ := e.Field("target")
		out = append(out, target{
			path: text(e, "path"), group: text(to, "group"), version: text(to, "version"),
			kind: text(to, "kind"), namespace: text(to, "namespace"), name: text(to, "name"),
		})
	}
	return out
}

func text(v manifest.Value, key string) string {
	f, _ := v.Field(key)
	s, _ := f.Scalar.(string)
	return s
}

func (t target) matches(o *manifest.Object) bool {
	return o.Group() == t.group && o.Kind == t.kind && whole(t.namespace, o.Namespace) && whole(t.name, o.Name)
}

// whole reports whether a pattern of a target matches all of a name.
func whole(pattern, name string) bool {
	re, err := regexp.Compile("^(?:" + pattern + ")$")
	return err == nil && re.MatchString(name)
}

// misfit tries one patch on the edited file that it is for, if there is one.
func (s *step) misfit(dir string, p target, edited map[string][]*manifest.Object, after map[string][]byte) diag.List {
	patch, made := after[path.Join(dir, p.path)]
	if !made {
		return nil
	}
	for file, objects := range edited {
		for _, o := range objects {
			if !p.matches(o) {
				continue
			}
			t := tree.New()
			t.Set("base.yaml", after[file])
			t.Set("patch.yaml", patch)
			t.Set("kustomization.yaml", fmt.Appendf(nil,
				"resources:\n- base.yaml\npatches:\n- path: patch.yaml\n  target:\n    group: %s\n    version: %s\n    kind: %s\n    namespace: %s\n    name: %s\n",
				scalar.Double(p.group), scalar.Double(p.version), scalar.Double(p.kind), scalar.Double(p.namespace), scalar.Double(p.name)))
			_, err := kustomize.BuildTree(t, ".")
			if err == nil {
				return nil
			}
			return diag.List{{
				File: s.at(path.Join(dir, p.path)), Severity: diag.Warning, Code: "misfit",
				Message: fmt.Sprintf("no longer fits %s, which was edited by hand, so that kgen build --env %s fails: %v", s.at(file), path.Base(dir), err),
				Fix:     "put the change into kgen.yaml or a template; or take the same change into the patch",
			}}
		}
	}
	return nil
}

// elsewhere says which edits a tree of an environment's own does not have.
func (s *step) elsewhere() string {
	edited := map[string]bool{}
	for _, c := range s.plan.With(plan.Keep, plan.Merge) {
		edited[c.Path] = true
	}
	var lacks []string
	for _, c := range s.plan.Changes {
		parts := strings.SplitN(c.Path, "/", 3)
		if len(parts) == 3 && parts[0] == "environments" && edited[parts[2]] && !edited[c.Path] && path.Base(c.Path) != "kustomization.yaml" {
			lacks = append(lacks, c.Path)
		}
	}
	switch {
	case len(lacks) == 0:
		return ""
	case len(lacks) == 1:
		return lacks[0] + " is a file of its own, and does not have your edits of the base's"
	}
	return fmt.Sprintf("%s and %d more below environments are files of their own, and do not have your edits of the base's", lacks[0], len(lacks)-1)
}
