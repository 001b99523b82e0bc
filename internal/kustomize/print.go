package kustomize

import (
	"go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/resource"
	kyaml "sigs.k8s.io/kustomize/kyaml/yaml"
)

// Print prints one object that a build changes nothing of, from the mapping that
// was read, exactly as a build does: by way of kustomize's own YAML and JSON.
// The mapping stays as it is. It may be called by several goroutines at once.
func Print(mapping *yaml.Node) (manifest []byte, err error) {
	defer recovered(&err)
	object := resource.Resource{RNode: *kyaml.NewRNode(mapping).Copy()}
	// At its end, a build takes its own notes out of the annotations, and writes
	// those that stay anew.
	if object.Field(kyaml.MetadataField) != nil {
		if err := object.SetAnnotations(object.GetAnnotations()); err != nil {
			return nil, err
		}
	}
	return object.AsYAML()
}
