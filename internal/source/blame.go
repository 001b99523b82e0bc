package source

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
)

// blame finds where what kustomize refuses stands: its errors about the values
// of objects name no file. Where that cannot be said, the kustomization's start
// is the place.
func (r *reader) blame(k *kustomization, closure []*kustomization, text string) {
	switch {
	case strings.Contains(text, "already defined at line"):
		if r.twice(closure) {
			return
		}
	case strings.Contains(text, "failed to find unique target for patch"):
		if r.nobody(closure, text) {
			return
		}
	case strings.Contains(text, "name reference"), strings.Contains(text, "interface conversion"):
		for o := range given(closure) {
			if what, n := inexactReferences(o); what != "" {
				r.find(position(o.File, n), FailedBuild, "write the name, or the mapping, that Kubernetes expects there", "%s; kustomize: %s", what, text)
				return
			}
		}
	}
	at := manifest.Position{File: k.File, Line: 1, Column: 1}
	if strings.Contains(text, "line ") && k.odd.at.File != "" && !isKustomization(r.store.base(k.odd.at.File)) {
		at = k.odd.at // the line is one of a file, of which this is the first to be suspected
	}
	r.find(at, FailedBuild, "", "kustomize: %s", text)
}

// twice reports every key of a mapping that is there twice.
func (r *reader) twice(closure []*kustomization) bool {
	found := false
	look := func(file string, top *yaml.Node) {
		for n := range mappings(top) {
			repeats(n, func(again, first *yaml.Node) {
				found = true
				r.find(position(file, again), "yaml", "correct the YAML", "mapping key %q already defined at line %d", again.Value, first.Line)
			})
		}
	}
	for _, k := range closure {
		look(k.File, k.node)
	}
	for o := range given(closure) {
		look(o.File, o.Node)
	}
	return found
}

// given yields the objects and the strategic merge patches that kustomizations name.
func given(closure []*kustomization) func(func(*manifest.Object) bool) {
	return func(yield func(*manifest.Object) bool) {
		for _, k := range closure {
			for _, it := range k.resources {
				if it.file == nil {
					continue
				}
				for _, o := range it.file.objects {
					if !yield(o) {
						return
					}
				}
			}
			for _, o := range k.merges {
				if !yield(o) {
					return
				}
			}
		}
	}
}

// mappings yields every mapping below a node, aliases not followed.
func mappings(n *yaml.Node) func(func(*yaml.Node) bool) {
	return func(yield func(*yaml.Node) bool) { eachMapping(n, yield) }
}

func eachMapping(n *yaml.Node, yield func(*yaml.Node) bool) bool {
	if n.Kind == yaml.MappingNode && !yield(n) {
		return false
	}
	for _, c := range n.Content {
		if !eachMapping(c, yield) {
			return false
		}
	}
	return true
}
