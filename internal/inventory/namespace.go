package inventory

import (
	"cmp"
	"maps"
	"slices"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// Namespace is a namespace that has a manifest, or in which something lives.
type Namespace struct {
	Name   string
	Object *manifest.Object // nil without a manifest
	// Labels are the manifest's and the one that the API server gives every
	// namespace; that one alone without a manifest.
	Labels map[string]string
}

func (inv *Inventory) takeNamespaces() {
	for _, o := range inv.Objects {
		if o.Kind == "Namespace" && o.Group() == "" {
			inv.namespace(o.Name).declare(o)
		} else if o.Namespace != "" {
			inv.namespace(o.Namespace)
		}
	}
}

// namespace is the namespace of that name, made known where it was not.
func (inv *Inventory) namespace(name string) *Namespace {
	n, known := inv.namespaces[name]
	if !known {
		n = &Namespace{Name: name, Labels: map[string]string{reach.NameLabel: name}}
		inv.namespaces[name] = n
		i, _ := slices.BinarySearchFunc(inv.Namespaces, n, byName)
		inv.Namespaces = slices.Insert(inv.Namespaces, i, n)
	}
	return n
}

func byName(a, b *Namespace) int { return cmp.Compare(a.Name, b.Name) }

func (n *Namespace) declare(o *manifest.Object) {
	n.Object = o
	maps.Copy(n.Labels, o.Labels)
	n.Labels[reach.NameLabel] = n.Name
}

// Namespace is the namespace of that name, or nil where nothing is known of it.
func (inv *Inventory) Namespace(name string) *Namespace { return inv.namespaces[name] }
