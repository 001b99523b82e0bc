package source

import (
	"path/filepath"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/tree"
)

// build builds the kustomization in a folder: itself where that is exact, and
// otherwise through kustomize.
func (r *reader) build(dir string) {
	for _, b := range r.set.Builds {
		if b.Dir == dir {
			return
		}
	}
	k := r.gather(dir, nil)
	objects, findings, odd := r.expand(k)
	r.set.Builds = append(r.set.Builds, Build{Dir: dir, Because: odd.what, Position: odd.at})
	defer func(build, before int) { r.set.Builds[build].Objects = slices.Clip(r.set.Objects[before:]) }(len(r.set.Builds)-1, len(r.set.Objects))
	if odd.what == "" {
		r.set.Objects = append(r.set.Objects, objects...)
		r.set.Findings = append(r.set.Findings, findings...)
		return
	}
	if k.broken {
		return // kustomize would say the same again, of the first fault only
	}
	closure := r.closure(k, map[string]bool{})
	if !r.hermetic(closure) {
		return
	}
	output, err := r.kustomize(dir, closure)
	if err != nil {
		r.blame(k, closure, err.Error())
		return
	}
	built, problems := parse(k.File, output)
	r.set.Findings = append(r.set.Findings, problems...)
	r.set.Objects = append(r.set.Objects, place(built, k, closure)...)
}

// closure is a kustomization and all that it goes through.
func (r *reader) closure(k *kustomization, seen map[string]bool) []*kustomization {
	if seen[k.Dir] {
		return nil
	}
	seen[k.Dir] = true
	all := []*kustomization{k}
	for _, e := range k.Entries {
		if sub, ok := r.kustomizations[e.Target]; ok && e.Target != "" {
			all = append(all, r.closure(sub, seen)...)
		}
	}
	return all
}

// gathered are the files of kustomizations, and no others, as a tree in which the
// folder dir is top.
func (r *reader) gathered(dir string, closure []*kustomization) (files *tree.Tree, top string, err error) {
	files = tree.New()
	name := func(path string) string {
		if _, onDisk := r.store.(disk); onDisk {
			path = r.absolute(path)
		}
		return strings.TrimPrefix(filepath.ToSlash(path), "/")
	}
	for _, k := range closure {
		for _, path := range append(slices.Clone(k.files), k.File) {
			data, err := r.read(path)
			if err != nil {
				return nil, "", err
			}
			files.Set(name(path), data)
		}
	}
	if top = name(dir); top == "" {
		top = "."
	}
	return files, top, nil
}

// kustomize builds a folder from the files that were read, and no others.
func (r *reader) kustomize(dir string, closure []*kustomization) ([]byte, error) {
	files, top, err := r.gathered(dir, closure)
	if err != nil {
		return nil, err
	}
	type result struct {
		output []byte
		err    error
	}
	// A build cannot be stopped: when the context ends, it is left behind.
	done := make(chan result, 1)
	go func() {
		output, err := kustomize.BuildTree(files, top)
		done <- result{output, err}
	}()
	select {
	case <-r.ctx.Done():
		r.alive()
		return nil, r.ctx.Err()
	case built := <-done:
		if built.err != nil {
			return nil, &buildError{tidy(built.err.Error(), r.store)}
		}
		return built.output, nil
	}
}

// buildError is what kustomize says, with the paths of the disk.
type buildError struct{ text string }

func (e *buildError) Error() string { return e.text }

// tidy takes the place where the files stood for kustomize out of its message.
func tidy(text string, s store) string {
	if _, onDisk := s.(disk); onDisk {
		text = strings.ReplaceAll(text, "/tree/", "/")
	}
	return strings.ReplaceAll(text, "\n", " ")
}

// absolute is a path from the root, not following a link at its end.
func (r *reader) absolute(path string) string {
	dir := r.real(r.store.dir(path))
	if r.look(path) == folder || r.store.base(path) == "." || r.store.base(path) == ".." {
		return r.real(path)
	}
	return filepath.Join(dir, filepath.Base(path))
}
