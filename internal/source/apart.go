package source

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
)

// Apart is a kustomization below another one that kustomize builds, with all that
// it goes through, while kgen builds the rest.
type Apart struct {
	Dir      string
	Because  string // what in it is kustomize's to build
	Position manifest.Position
}

// lone are the fields of kustomizations that change the objects below them, and
// those alone: names stay, and nothing that stands elsewhere follows them.
var lone = []string{"apiVersion", "kind", "resources", "components", "namespace", "labels", "commonAnnotations", "patches", "images", "replicas", "sortOptions"}

// judge says what in a kustomization, and in what it goes through, kgen leaves to
// kustomize. What can be built apart from the rest is no reason.
func (r *reader) judge(k *kustomization) oddness {
	if k.odd.what == "" {
		k.odd.what, k.odd.at = r.inexact(k)
	}
	for _, it := range k.resources {
		switch {
		case k.odd.what != "":
		case it.file != nil:
			k.odd = oddness{it.file.inexact, it.file.inexactAt}
		}
	}
	for _, it := range slices.Concat(k.resources, k.components) {
		if it.sub == nil {
			continue
		}
		if odd := r.judge(it.sub); odd.what != "" && k.odd.what == "" && (it.sub.component || !r.separable(it.sub)) {
			k.odd = odd
		}
	}
	return k.odd
}

// separable reports whether kustomize makes the same of a kustomization built for
// itself and built as a part of another one that does nothing more to its objects.
func (r *reader) separable(top *kustomization) bool {
	if field(top.node, "sortOptions") != nil {
		return false // which says nothing there, and something on its own
	}
	for _, k := range r.closure(top, map[string]bool{}) {
		if what, _ := r.inexactText(k); what != "" || k.broken {
			return false
		}
		for i := 0; i < len(k.node.Content); i += 2 {
			if !slices.Contains(lone, k.node.Content[i].Value) {
				return false
			}
		}
		for _, entry := range items(field(k.node, "patches")) {
			if field(entry, "options") != nil {
				return false
			}
		}
		for _, it := range k.resources {
			if it.file == nil {
				continue
			}
			for _, o := range it.file.objects {
				for key := range o.Annotations {
					if strings.Contains(key, "config.kubernetes.io") || strings.Contains(key, "config.k8s.io") {
						return false
					}
				}
			}
		}
	}
	return true
}

// apart are the objects of a kustomization as kustomize builds it for itself. The
// rest is built around them; whatever would reach into them is a reason to leave
// all to kustomize.
func (e *expansion) apart(k *kustomization) []*manifest.Object {
	closure := e.reader.closure(k, map[string]bool{})
	known := map[id]bool{}
	for _, k := range closure {
		for _, it := range k.resources {
			if it.file == nil {
				continue
			}
			for _, o := range it.file.objects {
				known[idOf(o)] = true
			}
		}
	}
	for _, sub := range closure {
		if sub != k && e.dirs[sub.Dir] {
			e.leave(k.odd.what, k.odd.at)
			return nil
		}
		e.dirs[sub.Dir] = true
	}
	texts, err := e.reader.objects(k.Dir, closure)
	if err != nil {
		e.leave(k.odd.what, k.odd.at)
		return nil
	}
	objects := make([]*manifest.Object, len(texts))
	for i, text := range texts {
		found, err := manifest.Parse(k.File, text)
		if err != nil || len(found) != 1 || !known[idOf(found[0])] {
			e.leave(k.odd.what, k.odd.at)
			return nil
		}
		o := found[0]
		if what, _ := inexactReferences(o); what != "" {
			e.leave(k.odd.what, k.odd.at)
			return nil
		}
		o.Line = k.node.Line
		e.noted[o.Kind] = true
		e.made[o] = text
		objects[i] = o
	}
	e.parts = append(e.parts, Apart{k.Dir, k.odd.what, k.odd.at})
	return objects
}

// objects are what kustomize makes of a kustomization, from where it was read.
func (r *reader) objects(dir string, closure []*kustomization) ([][]byte, error) {
	if _, onDisk := r.store.(disk); onDisk {
		return kustomize.Objects(r.absolute(dir))
	}
	files, top, err := r.gathered(dir, closure)
	if err != nil {
		return nil, err
	}
	return kustomize.ObjectsOfTree(files, top)
}
