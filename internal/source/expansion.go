package source

import (
	"context"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/tree"
)

// Expansion is a build whose objects kgen put together itself, or the reason
// why only kustomize can say what it makes of it.
type Expansion struct {
	// Objects are those of the build, in kustomize's order before it sorts them.
	// They are what kustomize would print, value by value. One that a build
	// changes has Files; any other is as it stands in its file, and kustomize
	// reads the same node.
	Objects []*manifest.Object
	// AsListed says that kustomize does not sort the objects.
	AsListed bool
	// Because is empty when Objects are all; otherwise there are none, and it
	// says what kustomize has to build, with its place in Position.
	Because  string
	Position manifest.Position
	// Apart are the kustomizations that kustomize has built, for the sake of what
	// is odd in them, and Printed what it printed of their objects.
	Apart   []Apart
	Printed map[*manifest.Object][]byte
}

// Expand puts the objects of the kustomization in a local folder together as
// kustomize does. Whatever is wrong, or may be read otherwise by kustomize, is a
// reason to leave the build to it. The error is that of ctx.
func Expand(ctx context.Context, dir string) (*Expansion, error) {
	real, what := disk{}.real(dir)
	if what != folder {
		return &Expansion{Because: "no folder", Position: manifest.Position{File: dir}}, nil
	}
	return expandIn(ctx, disk{}, real)
}

// ExpandTree does what Expand does with a folder ("." for the top) of a tree.
func ExpandTree(ctx context.Context, t *tree.Tree, dir string) (*Expansion, error) {
	s := newMemory(t)
	return expandIn(ctx, s, s.join("", dir))
}

func expandIn(ctx context.Context, s store, dir string) (x *Expansion, err error) {
	r := newReader(ctx, s)
	r.exact = true
	defer stop(&err)
	leave := func(what string, at manifest.Position) (*Expansion, error) {
		return &Expansion{Because: what, Position: at}, nil
	}
	if r.look(dir) != folder || !r.hasKustomization(dir) {
		return leave("a folder without a kustomization", manifest.Position{File: dir})
	}
	k := r.gather(dir, nil)
	if len(r.set.Findings) > 0 {
		r.set.Findings.Sort()
		d := r.set.Findings[0]
		return leave(d.Message, manifest.Position{File: d.File, Line: d.Line, Column: d.Column})
	}
	if k.component {
		return leave("a component built for itself", position(k.File, k.node))
	}
	if odd := r.judge(k); odd.what != "" {
		return leave(odd.what, odd.at)
	}
	e := newExpansion(r, k)
	objects, odd := e.all(k)
	if odd.what != "" {
		return leave(odd.what, odd.at)
	}
	if len(e.findings) > 0 {
		d := e.findings[0]
		return leave(d.Message, manifest.Position{File: d.File, Line: d.Line, Column: d.Column})
	}
	order := field(field(k.node, "sortOptions"), "order")
	return &Expansion{Objects: objects, AsListed: order != nil && order.Value == fifo, Apart: e.parts, Printed: e.made}, nil
}
