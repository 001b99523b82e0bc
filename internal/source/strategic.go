package source

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
)

// strategic reads a strategic merge patch, a mapping that stands alone in its
// text, as one that kgen applies object by object. odd says what in it, and n
// where, is of a form that kgen leaves to kustomize.
func strategic(file string, top *yaml.Node) (patch *manifest.Object, odd string, n *yaml.Node) {
	if odd := plainTreeOr(top, "!!null", 0); odd != nil {
		return nil, "a strategic merge patch with " + differently(odd), odd
	}
	patch = &manifest.Object{File: file, Line: top.Line, Node: top}
	for i := 0; i+1 < len(top.Content); i += 2 {
		key, value := top.Content[i], top.Content[i+1]
		switch key.Value {
		case "apiVersion":
			if !word(value) || !apiVersions.MatchString(value.Value) {
				return nil, "a strategic merge patch's apiVersion of another form: " + shown(value), value
			}
			patch.APIVersion = value.Value
		case "kind":
			if !word(value) || !kinds.MatchString(value.Value) || strings.HasSuffix(value.Value, "List") {
				return nil, "a strategic merge patch's kind of another form: " + shown(value), value
			}
			patch.Kind = value.Value
		case "metadata":
			if odd, n := patchedMetadata(patch, value); odd != "" {
				return nil, odd, n
			}
		case "$patch":
			// What replaces an object whole replaces kustomize's own notes in it too.
			if value.Value != "delete" {
				return nil, "a strategic merge patch's $patch: " + shown(value), value
			}
		}
	}
	if patch.APIVersion == "" || patch.Kind == "" || patch.Name == "" {
		return nil, "a strategic merge patch without apiVersion, kind or name", top
	}
	return patch, "", nil
}

// patchedMetadata reads the metadata of a strategic merge patch. kustomize's own
// notes are annotations while it builds, so that what takes all of them away
// is kustomize's to say.
func patchedMetadata(patch *manifest.Object, metadata *yaml.Node) (odd string, n *yaml.Node) {
	if metadata.Kind != yaml.MappingNode {
		return "a strategic merge patch's metadata of another form: " + shown(metadata), metadata
	}
	for i := 0; i+1 < len(metadata.Content); i += 2 {
		key, value := metadata.Content[i], metadata.Content[i+1]
		ok := true
		switch key.Value {
		case "name":
			ok = word(value) && names.MatchString(value.Value)
			patch.Name = value.Value
		case "namespace":
			ok = word(value) && names.MatchString(value.Value)
			patch.Namespace = value.Value
		case "labels", "annotations":
			ok = value.Kind == yaml.MappingNode
			for j := 0; ok && j+1 < len(value.Content); j += 2 {
				name, text := value.Content[j].Value, value.Content[j+1]
				ok = name != "" && name != "$patch" && (word(text) || null(text)) && inexactAnnotation(name, text.Value) == ""
			}
		default:
			return "a strategic merge patch of metadata." + key.Value, key
		}
		if !ok {
			return "a strategic merge patch's " + key.Value + " of another form: " + shown(value), value
		}
	}
	return "", nil
}

func null(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// merge applies a strategic merge patch to what its target matches, or to the
// object that it names if it has none.
func (e *expansion) merge(p *patch, objects []*manifest.Object, candidates []int) {
	met := false
	for _, i := range candidates {
		o := objects[i]
		if o == nil {
			continue
		}
		namespace, sure := effectiveNamespace(o)
		switch {
		case p.targeted && p.target.namespace != nil && !sure:
			e.leave("a patch's target namespace beside a "+o.Kind, p.at)
			return
		case p.targeted && !p.target.matches(o, namespace):
			continue
		case !p.targeted && idOf(o) != idOf(p.merge):
			if o.APIVersion == p.merge.APIVersion && o.Kind == p.merge.Kind && !sure {
				e.leave("a patch's namespace beside a "+o.Kind, p.at)
				return
			}
			continue
		}
		met = true
		if odd := unlike(o.Node, 0); odd != nil {
			e.leave("a patch of an object with "+differently(odd), partOf(o, odd))
			return
		}
		e.noted[o.Kind] = true
		if objects[i] = e.merged(o, p); e.odd.what != "" {
			return
		}
	}
	if !met && !p.targeted {
		e.find(p.merge.At(), FailedPatch, "correct the name or the namespace, or remove the patch", "there is no "+p.merge.Ref()+" to patch")
	}
}

// merged is an object after a strategic merge patch; nil if that removes it.
func (e *expansion) merged(o *manifest.Object, p *patch) *manifest.Object {
	if e.reaches(o) {
		return o
	}
	parts := merging{files: map[*yaml.Node]string{}, keys: map[*yaml.Node]*yaml.Node{}}
	top, err := kustomize.Merge(parts.copy(o.Node, o.File, o.Files), parts.copy(p.merge.Node, p.merge.File, nil), p.targeted)
	if err != nil {
		e.leave("a strategic merge patch that does not fit "+o.Ref(), p.at)
		return o
	}
	if top == nil {
		return nil
	}
	if metadata := field(top, "metadata"); metadata != nil {
		drop(metadata, "annotations")
	}
	parts.settle(top, position(o.File, o.Node))
	changed, err := o.With(top, parts.files)
	if err != nil || changed.APIVersion != o.APIVersion || idOf(changed) != idOf(o) {
		e.leave("a strategic merge patch of what "+o.Ref()+" is", p.at)
		return o
	}
	return changed
}

// drop takes an entry without contents out of a mapping.
func drop(n *yaml.Node, name string) {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name && n.Content[i+1].Kind == yaml.MappingNode && len(n.Content[i+1].Content) == 0 {
			n.Content = slices.Delete(n.Content, i, i+2)
			return
		}
	}
}

// merging knows where the parts of an object and of its patch come from.
type merging struct {
	files map[*yaml.Node]string
	keys  map[*yaml.Node]*yaml.Node // of values
}

// copy is a copy of a node and all below it that shares nothing with it. file is
// that of the top, and files have the others'.
func (m *merging) copy(n *yaml.Node, file string, files map[*yaml.Node]string) *yaml.Node {
	if from, ok := files[n]; ok {
		file = from
	}
	c := *n
	m.files[&c] = file
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, below := range n.Content {
		c.Content[i] = m.copy(below, file, files)
		if n.Kind == yaml.MappingNode && i%2 == 1 {
			m.keys[c.Content[i]] = c.Content[i-1]
		}
	}
	return &c
}

// settle gives the nodes that a merge has made the places of those that they
// stand for, or else of what is above them, and the words among them their tag.
func (m *merging) settle(n *yaml.Node, above manifest.Position) {
	if n.Line == 0 {
		n.Line, n.Column = above.Line, above.Column
		m.files[n] = above.File
	}
	if n.Tag == "" && word(n) {
		n.Tag = "!!str"
	}
	at := position(m.files[n], n)
	for i, c := range n.Content {
		beside := at
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			if key := m.keys[n.Content[i+1]]; key != nil {
				beside = position(m.files[key], key)
			}
		}
		m.settle(c, beside)
	}
}
