// Package build builds a kustomization: the bytes are those that the stock
// command `kustomize build DIR` prints, and its errors are kustomize's own.
//
// kgen builds itself what it has proven to build alike, in time that grows
// with the number of objects; everything else it gives to kustomize. Which of
// the two is decided for each kustomization, before anything is printed: package
// source puts the objects together, has kustomize build a kustomization below by
// itself where that is the same, or says why all of it is kustomize's. An object
// that this package is not certain to print alike is printed by kustomize's own
// library if the build changes nothing of it.
package build

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/tree"
)

// Result is what a build printed.
type Result struct {
	// Because is empty when kgen built it, and otherwise what made it leave the
	// build to kustomize, with the place in Position.
	Because  string
	Position manifest.Position
	// Apart are the parts of what kgen built that it left to kustomize.
	Apart []source.Apart

	parts [][]byte
}

// WriteTo writes the manifests.
func (r *Result) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for _, part := range r.parts {
		n, err := w.Write(part)
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// Bytes are the manifests in one piece.
func (r *Result) Bytes() []byte {
	if len(r.parts) == 1 {
		return r.parts[0]
	}
	return bytes.Join(r.parts, nil)
}

// Path says who built it: "built by kgen", with the parts that were not, or
// "built by kustomize: " and Why.
func (r *Result) Path() string {
	if r.Because == "" {
		text := "built by kgen"
		for _, a := range r.Apart {
			text += fmt.Sprintf("; %s by kustomize: %s: %s", a.Dir, a.Position, a.Because)
		}
		return text
	}
	return "built by kustomize: " + r.Why()
}

// Why is what made kgen leave the build to kustomize, with its place; empty
// when kgen built it.
func (r *Result) Why() string {
	if r.Position.File == "" {
		return r.Because
	}
	return r.Position.String() + ": " + r.Because
}

// Run builds the kustomization in a local folder. Places are below dir, as it
// was named. The error is kustomize's, or that of ctx: kustomize cannot be
// told to stop, but it writes nothing, and is left behind.
func Run(ctx context.Context, dir string) (*Result, error) {
	r, err := own(ctx, dir)
	if err != nil || r.Because == "" {
		return r, err
	}
	return stock(ctx, r, func() ([]byte, error) { return kustomize.Build(dir) })
}

// Tree builds the kustomization in the folder dir ("." for the top) of a tree
// in memory, without touching the disk.
func Tree(ctx context.Context, t *tree.Tree, dir string) (*Result, error) {
	x, err := source.ExpandTree(ctx, t, dir)
	if err != nil {
		return nil, err
	}
	r, err := printed(ctx, x)
	if err != nil || r.Because == "" {
		return r, err
	}
	return stock(ctx, r, func() ([]byte, error) { return kustomize.BuildTree(t, dir) })
}

// own builds what kgen builds itself. A Result with Because has nothing to print.
func own(ctx context.Context, dir string) (*Result, error) {
	x, err := source.Expand(ctx, dir)
	if err != nil {
		return nil, err
	}
	r, err := printed(ctx, x)
	if err != nil {
		return nil, err
	}
	r.Position.File = asNamed(r.Position.File, dir)
	for i := range r.Apart {
		r.Apart[i].Dir, r.Apart[i].Position.File = asNamed(r.Apart[i].Dir, dir), asNamed(r.Apart[i].Position.File, dir)
	}
	return r, nil
}

// asNamed gives a file's path, which has no links, below a folder as it was named.
func asNamed(file, dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return file
	}
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		abs = real
	}
	below, err := filepath.Rel(abs, file)
	if err != nil || file == "" {
		return file
	}
	return filepath.Join(dir, below)
}

func stock(ctx context.Context, r *Result, build func() ([]byte, error)) (*Result, error) {
	type built struct {
		manifests []byte
		err       error
	}
	done := make(chan built, 1)
	go func() {
		manifests, err := build()
		done <- built{manifests, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case b := <-done:
		if b.err != nil {
			return nil, b.err
		}
		r.parts = [][]byte{b.manifests}
		return r, nil
	}
}

// partSize is the number of objects that are printed in one go.
const partSize = 128

// printed prints the objects of a build, several parts at once. A Result with
// Because has nothing to print.
func printed(ctx context.Context, x *source.Expansion) (*Result, error) {
	if x.Because != "" {
		return &Result{Because: x.Because, Position: x.Position}, nil
	}
	objects := x.Objects
	if !x.AsListed {
		objects = sorted(objects)
	}
	parts := make([][]byte, (len(objects)+partSize-1)/partSize)
	left := make([]*Result, len(parts))
	var next atomic.Int64
	var stop atomic.Bool
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(parts)) {
		all.Go(func() {
			e := emitter{printed: x.Printed}
			for !stop.Load() && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(parts) {
					return
				}
				from := i * partSize
				if left[i] = e.part(objects[from:min(from+partSize, len(objects))], i == 0); left[i] != nil {
					stop.Store(true)
					return
				}
				parts[i] = bytes.Clone(e.out)
			}
		})
	}
	all.Wait()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	for _, r := range left {
		if r != nil {
			return r, nil
		}
	}
	return &Result{parts: parts, Apart: x.Apart}, nil
}

// part prints objects into e.out; first says that no other stands before them.
// The Result says why it cannot.
func (e *emitter) part(objects []*manifest.Object, first bool) *Result {
	e.out = e.out[:0]
	for i, o := range objects {
		if i > 0 || !first {
			e.out = append(e.out, "---\n"...)
		}
		if text, ok := e.printed[o]; ok {
			e.out = append(e.out, text...)
			continue
		}
		e.at = nil
		if e.object(o.Node) {
			continue
		}
		if odd := unprintable(o.Node); odd != nil {
			return &Result{Because: "a value that only kustomize prints", Position: at(o, odd)}
		}
		// What the build changed, kustomize has carried through JSON, or has in a
		// node of its own: the library would print another one.
		if o.Files != nil {
			return &Result{Because: "a change of an object with a value that only kustomize prints", Position: at(o, e.at)}
		}
		text, err := kustomize.Print(o.Node)
		if err != nil {
			return &Result{Because: "an object that kustomize cannot print", Position: o.At()}
		}
		e.out = append(e.out, text...)
	}
	return nil
}

func at(o *manifest.Object, n *yaml.Node) manifest.Position {
	file := o.File
	if from, ok := o.Files[n]; ok {
		file = from
	}
	return manifest.Position{File: file, Line: n.Line, Column: n.Column}
}

// unprintable gives the first node of an object that a build does not carry
// through as it stands: an anchor or alias, or a key that is no text.
func unprintable(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		return n
	}
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && (c.Kind != yaml.ScalarNode || c.Tag != "!!str" || c.Value == "<<") {
			return c
		}
		if odd := unprintable(c); odd != nil {
			return odd
		}
	}
	return nil
}
