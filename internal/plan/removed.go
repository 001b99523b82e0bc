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
	had, has := map[Resource]bool{}, map[Resource]bool{}
	for _, c := range p.Writes() {
		if path.Ext(c.Path) == ".yaml" && path.Base(c.Path) != "kustomization.yaml" && !strings.HasPrefix(c.Path, ".kgen/") {
			collect(had, c.Path, c.Before.Data)
			collect(has, c.Path, c.After.Data)
		}
	}
	var out []Resource
	for r := range had {
		if !has[r] && r.Kind != "Namespace" {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b Resource) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Group, b.Group))
	})
	return out
}

func collect(into map[Resource]bool, name string, data []byte) {
	objects, err := manifest.Parse(name, data)
	if err != nil {
		return // patches, kgen.yaml: no objects
	}
	for _, o := range objects {
		if o.Kind != "Kustomization" && o.Group() != "kgen.dev" {
			into[Resource{o.Group(), o.Kind, o.Namespace, o.Name}] = true
		}
	}
}
