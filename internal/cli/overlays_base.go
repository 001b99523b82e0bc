package cli

import (
	"path"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/plan"
)

// lacking warns of environments whose own kustomization does not have what a
// person has added to the base's of the same path: to any, where the environment
// is a whole tree, and to the root's in any case, because an overlay lists the
// folders below the root. A command that changes kgen.yaml tells of new
// environments alone.
func (s *step) lacking() diag.List {
	after := map[string]plan.Change{}
	var environments []string
	for _, c := range s.plan.Changes {
		if path.Base(c.Path) != "kustomization.yaml" || !c.After.Exists || c.Action == plan.Orphaned {
			continue
		}
		after[c.Path] = c
		if dir := path.Dir(c.Path); path.Dir(dir) == "environments" && (!s.verb || c.Action == plan.Create) {
			environments = append(environments, dir)
		}
	}
	var list diag.List
	for _, c := range s.plan.With(plan.Keep, plan.Merge) {
		if path.Base(c.Path) != "kustomization.yaml" || strings.HasPrefix(c.Path, "environments/") {
			continue
		}
		for _, dir := range environments {
			own, has := after[path.Join(dir, c.Path)]
			if !has {
				continue
			}
			if added := additions(c, own); len(added) > 0 {
				list = append(list, diag.Diagnostic{
					File: s.at(own.Path), Severity: diag.Warning, Code: "elsewhere",
					Message: "does not have what you have added to " + s.at(c.Path) + ": " + strings.Join(added, ", "),
					Fix:     "add it here as well, if it is meant for " + path.Base(dir),
				})
			}
		}
	}
	return list
}

// additions name what a person has added to a kustomization and another one
// does not have: the keys, with the entries that are words or have a path.
func additions(edited, other plan.Change) []string {
	var texts [3]manifest.Value
	for i, f := range []plan.File{edited.Wrote, edited.After, other.After} {
		v, err := manifest.ParseValue(edited.Path, f.Data)
		if err != nil {
			return nil // said elsewhere, and not to be compared
		}
		texts[i] = v
	}
	wrote, now, there := texts[0], texts[1], texts[2]
	var out []string
	for _, f := range now.Fields {
		old, _ := wrote.Field(f.Key)
		theirs, has := there.Field(f.Key)
		switch {
		case f.Value.Equal(old) || has && f.Value.Equal(theirs):
		case f.Value.Kind == manifest.Sequence:
			out = append(out, entries(f.Key, f.Value.Items, slices.Concat(old.Items, theirs.Items))...)
		default:
			out = append(out, f.Key)
		}
	}
	return out
}

// entries name the items of a key that are not among those known. What is a
// path may be another from another folder: its last part counts.
func entries(key string, items, known []manifest.Value) []string {
	var out []string
	for _, item := range items {
		name := pathOf(item)
		if slices.ContainsFunc(known, func(k manifest.Value) bool {
			return item.Equal(k) || name != "" && path.Base(name) == path.Base(pathOf(k))
		}) {
			continue
		}
		if name != "" {
			name = " " + name
		}
		if text := key + name; !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// pathOf is the file that an entry of a kustomization names, or empty.
func pathOf(entry manifest.Value) string {
	if s, ok := entry.Scalar.(string); ok {
		return s
	}
	return text(entry, "path")
}

// unbuilt says of a file that nothing makes any more, and that was edited, that
// the kustomization of its folder does not list it, and what a person has put
// into it; empty where it is still listed, or never was.
func (s *step) unbuilt(c plan.Change) (kustomization string, own []string) {
	at := path.Join(path.Dir(c.Path), "kustomization.yaml")
	i := slices.IndexFunc(s.plan.Changes, func(c plan.Change) bool { return c.Path == at })
	if at == c.Path || path.Ext(c.Path) != ".yaml" || i < 0 || !s.plan.Changes[i].Wrote.Exists {
		return "", nil
	}
	if f := s.plan.Changes[i].After; f.Exists {
		v, err := manifest.ParseValue(at, f.Data)
		if err != nil {
			return "", nil
		}
		for _, field := range v.Fields {
			if slices.ContainsFunc(field.Value.Items, func(item manifest.Value) bool {
				return path.Clean(pathOf(item)) == path.Base(c.Path)
			}) {
				return "", nil
			}
		}
	}
	wrote, err := manifest.Parse(c.Path, c.Wrote.Data)
	if err != nil {
		return at, nil
	}
	objects, err := manifest.Parse(c.Path, c.After.Data)
	if err != nil {
		return at, nil
	}
	for _, o := range objects {
		if !slices.ContainsFunc(wrote, func(w *manifest.Object) bool { return w.Ref() == o.Ref() && w.Group() == o.Group() }) {
			own = append(own, o.Ref())
		}
	}
	return at, own
}
