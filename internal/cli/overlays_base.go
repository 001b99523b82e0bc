package cli

import (
	"path"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/plan"
)

// lacking warns of what a person has added to one kustomization and another one,
// that of the whole or of an environment, does not have.
func (s *step) lacking() diag.List {
	after := map[string]plan.Change{}
	for _, c := range s.plan.Changes {
		if path.Base(c.Path) == "kustomization.yaml" && c.After.Exists && c.Action != plan.Orphaned {
			after[c.Path] = c
		}
	}
	return slices.Concat(s.halvesAlone(after), s.lackingThere(after))
}

// halvesAlone warns of what is in a half alone, networking or monitoring, and of
// what a person has taken out of it alone: the kustomization above lists the
// folders of the half, and not the half. A command that changes kgen.yaml tells of
// those that it writes.
func (s *step) halvesAlone(after map[string]plan.Change) diag.List {
	edited := []plan.Action{plan.Keep, plan.Merge}
	if s.verb {
		edited = edited[1:]
	}
	var list diag.List
	for _, c := range s.plan.With(edited...) {
		dir, half := wholeOf(path.Dir(c.Path))
		own, has := after[path.Join(dir, "kustomization.yaml")]
		if !half || path.Base(c.Path) != "kustomization.yaml" || !has {
			continue
		}
		if added := additions(c, own, samePlace(c, own)); len(added) > 0 {
			list = append(list, diag.Diagnostic{
				File: s.at(own.Path), Severity: diag.Warning, Code: "elsewhere",
				Message: "does not have what you have added to " + s.at(c.Path) + ", whose folders it lists itself: " + strings.Join(added, ", "),
				Fix:     "add it here as well, with the path from here, or instead to the kustomization of one of those folders, which both build",
			})
		}
		if left := takenOut(c, own); len(left) > 0 {
			list = append(list, diag.Diagnostic{
				File: s.at(own.Path), Severity: diag.Warning, Code: "elsewhere",
				Message: "still builds what you have taken out of " + s.at(c.Path) + ": " + strings.Join(left, ", "),
				Fix:     "take it out here as well",
			})
		}
	}
	return list
}

// samePlace reports of an entry of each of two kustomizations whether they lead to
// the same file or folder.
func samePlace(a, b plan.Change) func(one, other string) bool {
	return func(one, other string) bool {
		return path.Join(path.Dir(a.Path), one) == path.Join(path.Dir(b.Path), other)
	}
}

// sameName reports of two entries whether they have the same last part, which is
// all that a path has in common where the folders are others.
func sameName(one, other string) bool { return path.Base(one) == path.Base(other) }

// takenOut are the entries of the other kustomization that a person has taken out
// of the edited one.
func takenOut(edited, other plan.Change) []string {
	var lists [3][]manifest.Value
	for i, f := range []plan.File{edited.Wrote, edited.After, other.After} {
		v, err := manifest.ParseValue(edited.Path, f.Data)
		if err != nil {
			return nil // said elsewhere, and not to be compared
		}
		resources, _ := v.Field("resources")
		lists[i] = resources.Items
	}
	var out []string
	for _, entry := range lists[2] {
		leads := func(e manifest.Value) bool { return samePlace(edited, other)(pathOf(e), pathOf(entry)) }
		if slices.ContainsFunc(lists[0], leads) && !slices.ContainsFunc(lists[1], leads) {
			out = append(out, pathOf(entry))
		}
	}
	return out
}

// wholeOf is the folder of the kustomization that lists the folders of a half,
// if dir is one.
func wholeOf(dir string) (string, bool) {
	above := path.Dir(dir)
	return above, gen.Half(path.Base(dir)) && (above == "." || path.Dir(above) == "environments")
}

// lackingThere warns of environments whose own kustomization does not have what a
// person has added to the base's of the same path: to any, where the environment
// is a whole tree, and to the root's in any case, because an overlay lists the
// folders below the root. A command that changes kgen.yaml tells of new
// environments alone.
func (s *step) lackingThere(after map[string]plan.Change) diag.List {
	var environments []string
	for _, c := range s.plan.Changes {
		if _, made := after[c.Path]; !made {
			continue
		}
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
			if added := additions(c, own, sameName); len(added) > 0 {
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
// does not have: the keys, with the entries that are words or have a path. Same
// tells which paths of the two are one.
func additions(edited, other plan.Change, same func(one, other string) bool) []string {
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
			out = append(out, entries(f.Key, f.Value.Items, old.Items, theirs.Items, same)...)
		default:
			out = append(out, f.Key)
		}
	}
	return out
}

// entries name the items of a key that are neither among those that kgen wrote nor
// among those of the other kustomization.
func entries(key string, items, wrote, theirs []manifest.Value, same func(one, other string) bool) []string {
	var out []string
	for _, item := range items {
		name := pathOf(item)
		if slices.ContainsFunc(wrote, item.Equal) || slices.ContainsFunc(theirs, func(k manifest.Value) bool {
			if name == "" || pathOf(k) == "" {
				return item.Equal(k)
			}
			return same(name, pathOf(k))
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
// the kustomization of its folder does not list it, or of a half's that the one
// above does not, and what a person has put into it; empty where it is still
// listed, or never was.
func (s *step) unbuilt(c plan.Change) (kustomization string, own []string) {
	if path.Base(c.Path) == "kustomization.yaml" || path.Ext(c.Path) != ".yaml" {
		return "", nil
	}
	dir := path.Dir(c.Path)
	at := path.Join(dir, "kustomization.yaml")
	lists, known := s.listing(at, c.Path)
	if above, half := wholeOf(dir); half && known && lists {
		at = path.Join(above, "kustomization.yaml")
		lists, known = s.listing(at, c.Path)
	}
	if lists || !known {
		return "", nil
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

// listing reports whether a kustomization will list a file. It is known where
// kgen wrote the kustomization and can read it.
func (s *step) listing(kustomization, file string) (lists, known bool) {
	i := slices.IndexFunc(s.plan.Changes, func(c plan.Change) bool { return c.Path == kustomization })
	if i < 0 || !s.plan.Changes[i].Wrote.Exists {
		return false, false
	}
	f := s.plan.Changes[i].After
	if !f.Exists {
		return false, true
	}
	v, err := manifest.ParseValue(kustomization, f.Data)
	if err != nil {
		return false, false
	}
	return slices.ContainsFunc(v.Fields, func(field manifest.Field) bool {
		return slices.ContainsFunc(field.Value.Items, func(item manifest.Value) bool {
			name := pathOf(item)
			return name != "" && path.Join(path.Dir(kustomization), name) == file
		})
	}), true
}
