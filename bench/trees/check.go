package trees

import (
	"fmt"
	"slices"
	"strings"
)

// Check holds the objects that a layout was built to against those that it makes
// of kgen's files: kinds and names, and namespaces where the layout keeps them.
func (l Layout) Check(files []File, built []Object) error {
	made := ObjectsOf(l.of(files))
	if !l.oneNamespace {
		return SameObjects(made, built)
	}
	names := func(objects []Object) []Object {
		out := slices.Clone(objects)
		for i := range out {
			out[i].Namespace = ""
		}
		return out
	}
	return SameObjects(names(made), names(built))
}

// SameObjects says which objects are in one list and not in the other, by API
// version, kind, namespace and name.
func SameObjects(want, got []Object) error {
	missing, extra := difference(want, got), difference(got, want)
	if len(missing)+len(extra) == 0 {
		return nil
	}
	return fmt.Errorf("of %d objects %d are missing%s, and %d are too many%s",
		len(want), len(missing), first(missing), len(extra), first(extra))
}

// difference are the ids in a that b lacks; an id that a has twice b has to have twice.
func difference(a, b []Object) []string {
	count := map[string]int{}
	for _, o := range b {
		count[o.ID()]++
	}
	var out []string
	for _, o := range a {
		if count[o.ID()]--; count[o.ID()] < 0 {
			out = append(out, o.ID())
		}
	}
	slices.Sort(out)
	return out
}

func first(ids []string) string {
	const few = 3
	if len(ids) == 0 {
		return ""
	}
	text := " (" + strings.Join(ids[:min(few, len(ids))], ", ")
	if len(ids) > few {
		text += ", …"
	}
	return text + ")"
}
