// Package manifest holds Kubernetes objects as they stand in files: each with
// the file and line that it came from, and, for the kinds that kgen writes,
// with a typed and strict view of its fields. It knows shapes, not meaning:
// what a policy allows is package reach's, what is right is package audit's.
package manifest

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/fastyaml"
	"kgen.dev/kgen/internal/tree"
)

// Object is one Kubernetes object of one file.
type Object struct {
	APIVersion  string
	Kind        string
	Namespace   string
	Name        string
	Labels      map[string]string
	Annotations map[string]string
	File        string     // the path it was given under
	Line        int        // 1-based line of its first key
	Node        *yaml.Node // its mapping
	// Files holds the parts that came from another file than File, as a patch's
	// do, each by its top node; Line and Column of those nodes are of that file.
	Files map[*yaml.Node]string

	views views
}

// Group is the API group: "" for the core group.
func (o *Object) Group() string {
	group, _, found := strings.Cut(o.APIVersion, "/")
	if !found {
		return ""
	}
	return group
}

// Place is where the object starts: file:line.
func (o *Object) Place() string { return o.File + ":" + strconv.Itoa(o.Line) }

// Ref names the object for a reader: Kind namespace/name.
func (o *Object) Ref() string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// head is what every object starts with. Everything else of it is passed over.
type head struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Metadata   struct {
		Name        string            `yaml:"name"`
		Namespace   string            `yaml:"namespace"`
		Labels      map[string]string `yaml:"labels"`
		Annotations map[string]string `yaml:"annotations"`
	} `yaml:"metadata"`
	Items yaml.Node `yaml:"items"`
}

// Parse reads every object of a YAML or JSON file: any number of documents,
// empty ones passed over, Lists taken apart. A kustomization.yaml may leave out
// its apiVersion and kind, as kustomize allows. The error is a diag.List that
// names the file and, where known, the line; the objects before a broken
// document are returned with it.
func Parse(file string, data []byte) ([]*Object, error) {
	var objects []*Object
	var findings diag.List
	documents, err := fastyaml.Documents(data)
	for _, document := range documents {
		found, problems := fromNode(file, document.Content[0], 0)
		objects = append(objects, found...)
		findings = append(findings, problems...)
	}
	if err != nil {
		findings = append(findings, syntax(file, err))
	}
	return objects, findings.Err()
}

// ParseTree reads every .yaml and .yml file of a tree for which keep is true
// (nil keeps all), in the order of their paths. What stands below a name that
// begins with a dot is other tools' and not read.
func ParseTree(t *tree.Tree, keep func(path string) bool) ([]*Object, error) {
	var objects []*Object
	var findings diag.List
	for file, data := range t.All() {
		if ext := path.Ext(file); ext != ".yaml" && ext != ".yml" || keep != nil && !keep(file) {
			continue
		}
		if strings.HasPrefix(file, ".") || strings.Contains(file, "/.") {
			continue
		}
		found, err := Parse(file, data)
		objects = append(objects, found...)
		var list diag.List
		if errors.As(err, &list) {
			findings = append(findings, list...)
		}
	}
	return objects, findings.Err()
}

// deepestList bounds Lists inside Lists: no tool writes more than one level.
const deepestList = 4

func fromNode(file string, node *yaml.Node, depth int) ([]*Object, diag.List) {
	if node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" {
		return nil, nil
	}
	fault := func(code, fix, format string, args ...any) diag.List {
		return diag.List{{File: file, Line: node.Line, Column: node.Column, Severity: diag.Error,
			Code: code, Message: fmt.Sprintf(format, args...), Fix: fix}}
	}
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	if node.Kind != yaml.MappingNode {
		return nil, fault("not-an-object", "start it with apiVersion: and kind:", "this document is no Kubernetes object")
	}
	var h head
	if err := node.Decode(&h); err != nil {
		return nil, diag.List{syntax(file, err)}
	}
	if base := path.Base(file); h.Kind == "" && (base == "kustomization.yaml" || base == "kustomization.yml") {
		h.APIVersion, h.Kind = "kustomize.config.k8s.io/v1beta1", "Kustomization"
	}
	if h.Kind == "" || h.APIVersion == "" {
		return nil, fault("not-an-object", "give both, as every Kubernetes object has them", "this object lacks apiVersion or kind")
	}
	if h.Kind == "List" && h.APIVersion == "v1" {
		if depth == deepestList {
			return nil, fault("nested-list", "write the items as documents", "Lists are nested more than %d deep", deepestList)
		}
		var objects []*Object
		var findings diag.List
		for _, item := range h.Items.Content {
			found, problems := fromNode(file, item, depth+1)
			objects, findings = append(objects, found...), append(findings, problems...)
		}
		return objects, findings
	}
	return []*Object{{
		APIVersion: h.APIVersion, Kind: h.Kind,
		Namespace: h.Metadata.Namespace, Name: h.Metadata.Name,
		Labels: h.Metadata.Labels, Annotations: h.Metadata.Annotations,
		File: file, Line: node.Line, Node: node,
	}}, nil
}

// syntax turns an error of the YAML library, which starts with "yaml: line N:",
// into a finding with that line.
func syntax(file string, err error) diag.Diagnostic {
	d := diag.Diagnostic{File: file, Severity: diag.Error, Code: "yaml", Fix: "correct the YAML"}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.TrimPrefix(text, "unmarshal errors:\n  ")
	if rest, found := strings.CutPrefix(text, "line "); found {
		number, message, _ := strings.Cut(rest, ": ")
		if line, err := strconv.Atoi(number); err == nil {
			d.Line, text = line, message
		}
	}
	d.Message = plainTypes(strings.ReplaceAll(strings.TrimSpace(text), "\n  ", ", "))
	return d
}
