package audit

import (
	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

var appliedTooLate = &Rule{
	ID: "RP05", Severity: diag.Warning,
	Title: "A Namespace or a definition of a kind comes after what needs it",
	Items: []string{"C10"},
	Doc: "Where the order of applying is written down, each Namespace is looked for before what is in it, and each CustomResourceDefinition before the objects\n" +
		"of its kind. `kubectl apply` sends one after the other, and the API server refuses an object whose namespace or kind it does not know: a second\n" +
		"run then succeeds, so that it is found out in the first cluster that is made anew.\n\n" +
		"The order is that of a file with several documents, and that of a kustomization with `sortOptions: {order: fifo}`; without that kustomize puts\n" +
		"Namespaces and definitions first (kustomize, \"sortOptions\"), and between files applied for themselves nobody knows. Argo CD and Flux sort by\n" +
		"themselves. Name what is needed first. An object of a kind whose definition comes right before it may still be refused, until the API server\n" +
		"has taken that in: apply definitions in a step of their own.",
	check: func(c *Check) {
		if len(c.Objects) == 0 {
			return
		}
		for _, s := range c.streams() {
			c.order(s)
		}
	},
}

// stream are objects that are applied in their order.
type stream struct {
	objects []*manifest.Object
	fix     string
}

// streams are the builds that keep the order of their files, and the files that
// are read as they are.
func (c *Check) streams() []stream {
	var out []stream
	built := map[*manifest.Object]bool{}
	if c.Source != nil {
		order := map[string]string{}
		for _, k := range c.Source.Kustomizations {
			order[k.Dir] = k.Order
		}
		for _, b := range c.Source.Builds {
			for _, o := range b.Objects {
				built[o] = true
			}
			if order[b.Dir] == "fifo" {
				out = append(out, stream{b.Objects, "name its file before theirs under resources"})
			}
		}
	}
	at := map[string]int{} // of each file's stream
	for _, o := range c.Objects {
		if built[o] {
			continue
		}
		i, known := at[o.File]
		if !known {
			i = len(out)
			at[o.File] = i
			out = append(out, stream{nil, "write it before them"})
		}
		out[i].objects = append(out[i].objects, o)
	}
	return out
}

// order reports what comes after the first that needs it.
func (c *Check) order(s stream) {
	type kind struct{ group, kind string }
	inNamespace, ofKind := map[string]*manifest.Object{}, map[kind]*manifest.Object{}
	for _, o := range s.objects {
		c.Looked()
		switch {
		case o.Kind == "Namespace" && o.Group() == "":
			if first := inNamespace[o.Name]; first != nil {
				c.Report(o, Field("metadata", "name"), s.fix, "comes after what is in it, so that a new cluster refuses that").
					See(first, Field("metadata", "namespace"), "is in it")
			}
		case o.Kind == "CustomResourceDefinition" && o.Group() == "apiextensions.k8s.io" && o.Has("spec", "group") && o.Has("spec", "names", "kind"):
			k := kind{scalarAt(o.Node, []any{"spec", "group"}), scalarAt(o.Node, []any{"spec", "names", "kind"})}
			if first := ofKind[k]; first != nil {
				c.Report(o, Field("spec", "names", "kind"), s.fix, "comes after an object of its kind, so that a new cluster refuses that").
					See(first, Field("kind"), "is of its kind")
			}
		}
		if inNamespace[o.Namespace] == nil && o.Namespace != "" {
			inNamespace[o.Namespace] = o
		}
		if k := (kind{o.Group(), o.Kind}); ofKind[k] == nil && k.group != "" {
			ofKind[k] = o
		}
	}
}
