package kustomize

import (
	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// Merge applies a strategic merge patch to one object, by kustomize's own merge
// and its schemas of the kinds: which lists merge, and by which keys, is its
// knowledge. Both mappings are changed; the result holds nodes of both. It is nil
// if the patch removes the object. selected says that a target chose the object,
// which the patch need not name then.
func Merge(object, patch *yaml.Node, selected bool) (merged *yaml.Node, err error) {
	building.Lock()
	defer building.Unlock()
	defer recovered(&err)
	// As a build whose kustomization names no schema of its own does.
	if err := openapi.SetSchema(nil, nil, true); err != nil {
		return nil, err
	}
	into := &resource.Resource{RNode: *kyaml.NewRNode(object)}
	from := &resource.Resource{RNode: *kyaml.NewRNode(patch)}
	if selected {
		if err := from.CopyMergeMetaDataFieldsFrom(from); err != nil {
			return nil, err
		}
		kind := from.GetKind()
		from.SetGvk(into.GetGvk())
		from.SetKind(kind)
	}
	if err := into.ApplySmPatch(from); err != nil {
		return nil, err
	}
	if into.IsNilOrEmpty() {
		return nil, nil
	}
	return into.YNode(), nil
}
