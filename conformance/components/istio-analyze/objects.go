package main

import (
	"bytes"
	"fmt"

	"istio.io/istio/pkg/config"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"
)

// An object is one of Kubernetes' as it was applied.
type object struct{ *unstructured.Unstructured }

func (o object) kind() config.GroupVersionKind {
	k := o.GroupVersionKind()
	return config.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
}

// into reads the object as one of Kubernetes' own types.
func (o object) into(typed any) error {
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, typed); err != nil {
		return fmt.Errorf("%s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
	}
	return nil
}

// objectOf is the object that a value of one of Kubernetes' own types writes down.
func objectOf(typed any) (object, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return object{}, err
	}
	return object{&unstructured.Unstructured{Object: fields}}, nil
}

// parse takes a YAML stream apart, as kustomize prints it.
func parse(stream []byte) ([]object, error) {
	var out []object
	for i, text := range bytes.Split(append([]byte("\n"), stream...), []byte("\n---\n")) {
		fields := map[string]any{}
		if err := yaml.Unmarshal(text, &fields); err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		if len(fields) == 0 {
			continue
		}
		o := object{&unstructured.Unstructured{Object: fields}}
		if o.GetKind() == "" || o.GetName() == "" {
			return nil, fmt.Errorf("document %d has no kind or no name", i+1)
		}
		out = append(out, o)
	}
	return out, nil
}
