package cluster

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// An Object is one Kubernetes object as somebody wrote it: the text is what the
// server gets, so that the server's own YAML reader is the judge of it.
type Object struct {
	APIVersion, Kind string
	Namespace, Name  string
	Text             []byte
}

// String names the object for a reader: Kind namespace/name.
func (o Object) String() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Objects takes a YAML stream apart, in its order. Documents are divided by
// lines that are "---", as kustomize and the makers of CRDs print them.
func Objects(stream []byte) ([]Object, error) {
	var out []Object
	for i, text := range bytes.Split(append([]byte("\n"), stream...), []byte("\n---\n")) {
		o, err := newObject(text)
		if err != nil {
			return nil, fmt.Errorf("document %d: %w", i+1, err)
		}
		if o.Kind != "" {
			out = append(out, o)
		}
	}
	return out, nil
}

// newObject reads a document's head. One of nothing but comments has no kind.
func newObject(text []byte) (Object, error) {
	var head struct {
		APIVersion string `yaml:"apiVersion"`
		Kind       string
		Metadata   struct{ Namespace, Name string }
	}
	if err := yaml.Unmarshal(text, &head); err != nil {
		return Object{}, err
	}
	o := Object{head.APIVersion, head.Kind, head.Metadata.Namespace, head.Metadata.Name, text}
	if o.Kind == "" && strings.TrimSpace(o.APIVersion+o.Name) == "" {
		return Object{}, nil
	}
	if o.APIVersion == "" || o.Kind == "" || o.Name == "" {
		return Object{}, fmt.Errorf("apiVersion %q, kind %q and name %q are not all there", o.APIVersion, o.Kind, o.Name)
	}
	return o, nil
}
