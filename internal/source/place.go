package source

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
)

// places gives what kustomize built the places of what it was built from.
type places struct {
	top     *kustomization
	exact   map[id]*manifest.Object
	named   map[id][]*manifest.Object // without namespace and version
	affixes []string                  // namePrefix and nameSuffix texts
	closure []*kustomization
	merges  map[id][]*manifest.Object // strategic merge patches, without namespace
}

// place gives every built object its File and every node its line: those of the
// source object of the same kind and name, also through prefixes and suffixes
// where only one comes into question, and those of the patch for what a patch
// brought. A part that is neither in the source nor in a patch has the place of
// what it stands in; an object without a source, that of the generator or of
// the kustomization.
func place(built []*manifest.Object, top *kustomization, closure []*kustomization) []*manifest.Object {
	p := &places{top: top, closure: closure, exact: map[id]*manifest.Object{}, named: map[id][]*manifest.Object{}, merges: map[id][]*manifest.Object{}}
	for _, k := range closure {
		for _, it := range k.resources {
			if it.file != nil {
				for _, o := range it.file.objects {
					p.exact[idOf(o)] = o
					p.named[loose(o, o.Name)] = append(p.named[loose(o, o.Name)], o)
				}
			}
		}
		for _, field := range []string{"namePrefix", "nameSuffix"} {
			if _, n := manifest.Entry(k.node, field); n != nil && n.Value != "" {
				p.affixes = append(p.affixes, n.Value)
			}
		}
		for _, e := range k.merges {
			p.merges[loose(e, e.Name)] = append(p.merges[loose(e, e.Name)], e)
		}
	}
	for _, o := range built {
		p.place(o)
	}
	return built
}

// loose is what an object goes by when its namespace is unknown.
func loose(o *manifest.Object, name string) id {
	return id{apiVersion: o.Group(), kind: o.Kind, name: name}
}

// source is the object that o was built from; nil if there is none, or several
// come into question.
func (p *places) source(o *manifest.Object) *manifest.Object {
	if s, ok := p.exact[idOf(o)]; ok {
		return s
	}
	var found []*manifest.Object
	for _, name := range p.stripped(o.Name) {
		found = append(found, p.named[loose(o, name)]...)
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// stripped are the names that prefixes and suffixes can have made name of.
func (p *places) stripped(name string) []string {
	names, seen := []string{name}, map[string]bool{name: true}
	for i := 0; i < len(names) && len(names) < 100; i++ {
		for _, affix := range p.affixes {
			for _, shorter := range []string{strings.TrimPrefix(names[i], affix), strings.TrimSuffix(names[i], affix)} {
				if shorter != "" && !seen[shorter] {
					seen[shorter] = true
					names = append(names, shorter)
				}
			}
		}
	}
	return names
}

func (p *places) place(o *manifest.Object) {
	l := layer{files: map[*yaml.Node]string{}}
	s := p.source(o)
	if s == nil {
		at := p.generated(o)
		o.File, o.Line = at.File, at.Line
		l.lay(o.Node, nil, nil, "", at)
		return
	}
	o.File, o.Line = s.File, s.Line
	var merges []located
	for _, m := range p.merges[loose(s, s.Name)] {
		if m.Namespace == "" || m.Namespace == s.Namespace || m.Namespace == o.Namespace {
			merges = append(merges, located{m.Node, m.File})
		}
	}
	for _, k := range p.closure {
		for i := range k.patches {
			if len(k.patches[i].operations) > 0 && (k.patches[i].target.may(s) || k.patches[i].target.may(o)) {
				for j := range k.patches[i].operations {
					l.operation(&k.patches[i].operations[j])
				}
			}
		}
	}
	l.lay(o.Node, &located{s.Node, s.File}, merges, "", s.At())
	o.Files = l.files
}

// generated is where a generator makes the object, or the top of the kustomization.
func (p *places) generated(o *manifest.Object) manifest.Position {
	for _, k := range p.closure {
		for _, name := range []string{"configMapGenerator", "secretGenerator"} {
			for _, c := range items(field(k.node, name)) {
				if n := field(c, "name"); n != nil && n.Value != "" && strings.Contains(o.Name, n.Value) && strings.EqualFold(strings.TrimSuffix(name, "Generator"), o.Kind) {
					return position(k.File, c)
				}
			}
		}
	}
	return manifest.Position{File: p.top.File, Line: 1, Column: 1}
}

// located is a node and the file that it is in.
type located struct {
	node *yaml.Node
	file string
}

// layer lays places over one object.
type layer struct {
	files      map[*yaml.Node]string
	operations map[string]*operation // by path
}

func (l *layer) operation(op *operation) {
	if op.op != "add" && op.op != "replace" {
		return
	}
	if l.operations == nil {
		l.operations = map[string]*operation{}
	}
	l.operations[op.text] = op
}

// lay gives n and all below it places: of source, where it has one, or of one of
// the patches. above is the place, and its file the file, of what n stands in.
func (l *layer) lay(n *yaml.Node, source *located, patches []located, path string, above manifest.Position) {
	if op, ok := l.operations[path]; ok && path != "" {
		if value := deref(op.value); value.Kind == n.Kind && (n.Kind != yaml.ScalarNode || value.Value == n.Value) {
			source, patches = &located{value, op.file}, nil
		}
	}
	if source == nil || n.Kind == yaml.ScalarNode && deref(source.node).Value != n.Value {
		for i := len(patches) - 1; i >= 0; i-- {
			if value := deref(patches[i].node); value.Kind == n.Kind && (n.Kind != yaml.ScalarNode || value.Value == n.Value) {
				source = &patches[i]
				break
			}
		}
	}
	at := above
	if source != nil {
		at = position(source.file, source.node)
	}
	n.Line, n.Column = at.Line, at.Column
	if at.File != above.File {
		l.files[n] = at.File
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			below, keyNode := entryOf(source, key.Value)
			var more []located
			for _, p := range patches {
				if b, k := entryOf(&p, key.Value); b != nil {
					more = append(more, *b)
					if keyNode == nil {
						keyNode = k
					}
				}
			}
			key.Line, key.Column = at.Line, at.Column
			if keyNode != nil {
				key.Line, key.Column = keyNode.node.Line, keyNode.node.Column
				if keyNode.file != at.File {
					l.files[key] = keyNode.file
				}
			}
			l.lay(value, below, more, path+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(key.Value), at)
		}
	case yaml.SequenceNode:
		for i, c := range n.Content {
			var more []located
			for _, p := range patches {
				if b := itemLike(&p, c, i); b != nil {
					more = append(more, *b)
				}
			}
			below := itemLike(source, c, i)
			if op, ok := l.operations[path+"/-"]; ok && below == nil && i == len(n.Content)-1 {
				below = &located{op.value, op.file}
			}
			l.lay(c, below, more, path+"/"+strconv.Itoa(i), at)
		}
	}
}

// entryOf is the value of a key, and the key.
func entryOf(in *located, name string) (value, key *located) {
	if in == nil {
		return nil, nil
	}
	k, v := manifest.Entry(deref(in.node), name)
	if v == nil {
		return nil, nil
	}
	return &located{v, in.file}, &located{k, in.file}
}

// itemLike is the item of a list that is most likely the same as c, its i-th:
// that of the same name, where it has one, and otherwise the i-th.
func itemLike(in *located, c *yaml.Node, i int) *located {
	if in == nil {
		return nil
	}
	all := items(in.node)
	name := field(c, "name")
	if name == nil || name.Kind != yaml.ScalarNode {
		if i < len(all) && deref(all[i]).Kind == c.Kind {
			return &located{all[i], in.file}
		}
		return nil
	}
	for _, other := range all {
		if n := field(other, "name"); n != nil && n.Value == name.Value {
			return &located{other, in.file}
		}
	}
	return nil
}
