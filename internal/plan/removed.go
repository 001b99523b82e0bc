package plan

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// Resource is what a cluster knows an object by.
type Resource struct {
	Group     string `json:"group,omitempty"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// Removed are the resources that the files had and will not have any more,
// sorted. A cluster keeps them until somebody deletes them: applying what is
// left does not. Namespaces are left out, because whoever deletes one deletes
// all that is in it; so is what cannot be read.
func (p *Plan) Removed() []Resource {
	// Most files have after a run what they had before it, or were not there.
	// What the others have taken in is read only if something has left its file.
	lost := map[Resource]bool{}
	for _, c := range p.Writes() {
		if !c.Before.Exists || !holdsObjects(c.Path) {
			continue
		}
		had, has := map[Resource]bool{}, map[Resource]bool{}
		if !collect(has, c.Path, c.After.Data) {
			continue // between conflict markers anything may be left
		}
		collect(had, c.Path, c.Before.Data)
		for r := range had {
			if !has[r] && r.Kind != "Namespace" {
				lost[r] = true
			}
		}
	}
	if len(lost) == 0 {
		return nil
	}
	has := map[Resource]bool{}
	for _, c := range p.Writes() {
		if holdsObjects(c.Path) {
			collect(has, c.Path, c.After.Data)
		}
	}
	var out []Resource
	for r := range lost {
		if !has[r] {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Resource) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Group, b.Group))
	})
	return out
}

// holdsObjects reports whether objects are looked for in a file.
func holdsObjects(name string) bool {
	return path.Ext(name) == ".yaml" && path.Base(name) != "kustomization.yaml" && !strings.HasPrefix(name, ".kgen/")
}

// collect adds the objects of a file, and reports whether it could be read as such.
func collect(into map[Resource]bool, name string, data []byte) bool {
	objects, err := manifest.Parse(name, data)
	if err != nil {
		return false // patches, kgen.yaml: no objects
	}
	for _, o := range objects {
		if o.Kind != "Kustomization" && o.Group() != "kgen.dev" {
			into[Resource{o.Group(), o.Kind, o.Namespace, o.Name}] = true
		}
	}
	return true
}
