package source

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// fileNames are the names under which kustomize finds a kustomization.
var fileNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

func isKustomization(name string) bool { return slices.Contains(fileNames, name) }

// kustomization is one kustomization, read once however often it is named.
type kustomization struct {
	Kustomization
	node        *yaml.Node
	component   bool
	resources   []item
	components  []item
	patches     []patch
	merges      []*manifest.Object // its strategic merge patches
	namespace   string
	labels      []*yaml.Node // mappings of pairs
	annotations *yaml.Node
	files       []string                     // every file that it names
	first       map[string]manifest.Position // where it names each resource first
	odd         oddness                      // why kustomize has to build it
	broken      bool                         // something that it names cannot be had, so nothing can build it
}

// item is a resource or component that is there.
type item struct {
	file *parsed
	sub  *kustomization
	at   manifest.Position
}

// oddness is something that kgen leaves to kustomize, and where it stands.
type oddness struct {
	what string
	at   manifest.Position
}

// pathLists are the fields that are lists of paths.
var pathLists = []string{"resources", "bases", "components", "crds", "configurations", "generators", "transformers", "validators", "patchesStrategicMerge"}

// exact are the fields that kgen carries out itself, or that change no object.
var exact = []string{"apiVersion", "kind", "metadata", "resources", "components", "namespace", "labels", "commonAnnotations", "patches", "sortOptions"}

// gather reads the kustomization in a folder and everything that it names. above
// are the folders on the way to it.
func (r *reader) gather(dir string, above []string) *kustomization {
	if k, ok := r.kustomizations[dir]; ok {
		return k
	}
	k := &kustomization{Kustomization: Kustomization{Dir: dir}}
	r.kustomizations[dir] = k
	r.set.Kustomizations = append(r.set.Kustomizations, &k.Kustomization)
	var names []string
	for _, n := range r.list(dir) {
		if isKustomization(n.name) && n.kind != folder {
			names = append(names, n.name)
		}
	}
	k.File = r.store.join(dir, names[0])
	if len(names) > 1 {
		r.fault(k, manifest.Position{File: k.File, Line: 1, Column: 1}, "two-kustomizations", "keep one of them", "%s holds %s", dir, strings.Join(names, " and "))
		return k
	}
	p := r.load(k.File, dir)
	r.report(p)
	if p.findings.Err() != nil || len(p.objects) != 1 {
		if p.findings.Err() == nil {
			r.fault(k, manifest.Position{File: k.File, Line: 1, Column: 1}, "kustomization", "write one kustomization", "there are %d objects in this file", len(p.objects))
		}
		k.broken = true
		return k
	}
	o := p.objects[0]
	k.node, k.component = o.Node, o.Kind == "Component"
	r.fields(k, o, append(slices.Clone(above), dir))
	return k
}

// fault is a finding that keeps the kustomization from being built wholly.
func (r *reader) fault(k *kustomization, at manifest.Position, code, fix, format string, args ...any) {
	k.broken = true
	r.find(at, code, fix, format, args...)
}

func (r *reader) fields(k *kustomization, o *manifest.Object, above []string) {
	for i := 0; i+1 < len(o.Node.Content); i += 2 {
		key, value := o.Node.Content[i], deref(o.Node.Content[i+1])
		at := manifest.Position{File: k.File, Line: key.Line, Column: key.Column}
		if !slices.Contains(exact, key.Value) && !empty(value) {
			k.leave(key.Value, at)
		}
		switch key.Value {
		case "namePrefix", "nameSuffix", "commonLabels":
			if !empty(value) {
				m := Mutator{Field: key.Value, Position: at, Labels: pairs(value)}
				if value.Kind == yaml.ScalarNode {
					m.Value = value.Value
				}
				k.Mutators = append(k.Mutators, m)
			}
		case "namespace":
			if k.namespace = value.Value; !plainNamespace.MatchString(k.namespace) && !empty(value) {
				k.leave("a namespace that is no name", at)
			}
		case "labels":
			k.readLabels(value)
		case "commonAnnotations":
			if k.annotations = value; !empty(value) {
				if odd := noPair(value); odd != nil {
					k.leave("commonAnnotations that are no words: "+shown(odd), position(k.File, odd))
				}
			}
		case "patches", "patchesJson6902":
			r.patches(k, key.Value, value)
		case "openapi":
			r.entryAt(k, "openapi", field(value, "path"), above)
		case "replacements":
			for _, c := range items(value) {
				r.entryAt(k, "replacements", field(c, "path"), above)
			}
		case "configMapGenerator", "secretGenerator":
			r.generator(k, key.Value, value, above)
		case "helmCharts", "helmChartInflationGenerator", "helmGlobals":
			if !empty(value) {
				r.fault(k, at, Address, "render the chart with helm template and name its output", "kgen runs no helm, which %s needs", key.Value)
			}
		default:
			if slices.Contains(pathLists, key.Value) {
				if key.Value == "resources" {
					r.together(k.Dir, value)
				}
				for _, c := range items(value) {
					r.entryAt(k, key.Value, c, above)
				}
			}
		}
	}
}

var plainNamespace = regexp.MustCompile(`^[a-z]([-a-z0-9]*[a-z0-9])?$`)

// leave notes why kustomize has to build this; the first reason stands.
func (k *kustomization) leave(what string, at manifest.Position) {
	if k.odd.what == "" {
		k.odd = oddness{what, at}
	}
}

func (k *kustomization) readLabels(value *yaml.Node) {
	for _, c := range items(value) {
		selectors := isTrue(field(c, "includeSelectors"))
		if selectors {
			k.Mutators = append(k.Mutators, Mutator{Field: "labels", Position: position(k.File, c), Labels: pairs(field(c, "pairs"))})
		}
		added := field(c, "pairs")
		switch {
		case selectors:
			k.leave("labels with includeSelectors", position(k.File, c))
		case isTrue(field(c, "includeTemplates")), isTrue(field(c, "includeVolumeClaimTemplates")), field(c, "fields") != nil:
			k.leave("labels in more places than metadata", position(k.File, c))
		case added == nil:
			k.leave("labels without pairs", position(k.File, c))
		case noPair(added) != nil:
			k.leave("labels that are no words: "+shown(noPair(added)), position(k.File, noPair(added)))
		default:
			k.labels = append(k.labels, added)
		}
	}
}

// pairs are the scalars of a mapping by their keys; none of anything else.
func pairs(node *yaml.Node) map[string]string {
	out := map[string]string{}
	if node = deref(node); node == nil || node.Kind != yaml.MappingNode {
		return out
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if value := deref(node.Content[i+1]); value.Kind == yaml.ScalarNode {
			out[node.Content[i].Value] = value.Value
		}
	}
	return out
}

// generator notes the files that a generator's entries name.
func (r *reader) generator(k *kustomization, name string, value *yaml.Node, above []string) {
	for _, c := range items(value) {
		for _, list := range []string{"files", "envs"} {
			for _, n := range items(deref(field(c, list))) {
				text := n.Value
				if _, after, found := strings.Cut(text, "="); found && list == "files" {
					text = after
				}
				r.entry(k, name, text, position(k.File, n), above)
			}
		}
		r.entryAt(k, name, field(c, "env"), above)
	}
}

func (r *reader) entryAt(k *kustomization, name string, n *yaml.Node, above []string) {
	n = deref(n)
	if n == nil {
		return
	}
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
		r.fault(k, position(k.File, n), "kustomization", "write a path", "%s: this is no path", name)
		return
	}
	if r.standsInline(k, name, n.Value) {
		r.inline(k, name, n)
		return
	}
	r.entry(k, name, n.Value, position(k.File, n), above)
}

// inlined are the fields whose entries may be configurations or patches instead
// of paths.
var inlined = []string{"patchesStrategicMerge", "generators", "transformers", "validators"}

// standsInline reports whether an entry is no path: a brace may be part of a name.
func (r *reader) standsInline(k *kustomization, name, text string) bool {
	if !slices.Contains(inlined, name) {
		return false
	}
	return strings.Contains(text, "\n") || strings.Contains(text, "{") && r.look(r.store.join(k.Dir, text)) == nothing
}

// inline judges a configuration that stands in the kustomization itself.
func (r *reader) inline(k *kustomization, name string, n *yaml.Node) {
	switch name {
	case "patchesStrategicMerge":
		r.merge(k, k.File, []byte(n.Value), n)
	case "generators", "transformers", "validators":
		r.plugin(k, []byte(n.Value), k.File, position(k.File, n))
	}
}

// entry follows one path of a kustomization.
func (r *reader) entry(k *kustomization, name, text string, at manifest.Position, above []string) {
	e := Entry{Field: name, Path: text, Position: at}
	defer func() { k.Entries = append(k.Entries, e) }()
	target := r.store.join(k.Dir, text)
	what := r.look(target)
	leads := what
	if what == link {
		_, leads = r.store.real(target)
	}
	folders := name == "resources" || name == "bases" || name == "components" || name == "generators" || name == "transformers" || name == "validators"
	switch {
	case leads == nothing && address(text):
		e.Missing = true
		r.fault(k, at, Address, "download it and name the file", "%s: %s is an address, and kgen fetches nothing", name, text)
		return
	case leads == nothing:
		e.Missing = true
		fix := "correct the path, or remove the entry"
		if near := r.near(k.Dir, text); near != "" {
			fix = "write " + near
		}
		r.fault(k, at, MissingEntry, fix, "%s: there is no %s", name, text)
		return
	case leads == other:
		e.Missing = true
		r.fault(k, at, MissingEntry, "name a file", "%s: %s is neither a file nor a folder", name, text)
		return
	case leads == folder && !folders:
		e.Missing = true
		r.fault(k, at, MissingEntry, "name a file in it", "%s: %s is a folder", name, text)
		return
	case leads == file && name == "components":
		e.Missing = true
		r.fault(k, at, MissingEntry, "name the component's folder", "%s: %s is a file", name, text)
		return
	case leads == file && !r.inside(target, k.Dir, what):
		e.Missing = true
		r.fault(k, at, MissingEntry, "move it there, or name a folder with a kustomization", "%s: %s is not in or below the folder of its kustomization", name, text)
		return
	}
	e.Target = target
	if name == "resources" || name == "bases" || name == "components" {
		if k.first == nil {
			k.first = map[string]manifest.Position{}
		}
		if first, ok := k.first[target]; ok {
			e.First = &first
		} else {
			k.first[target] = at
		}
	}
	if e.First != nil {
		r.fault(k, at, DuplicateEntry, "remove one of them", "%s: %s is named before, in line %d", name, text, e.First.Line)
		return
	}
	if leads == folder {
		r.followFolder(k, &e, above)
		return
	}
	k.files = append(k.files, target)
	r.named[target] = true
	if what == link {
		real, _ := r.store.real(target)
		r.linked[real] = true
	}
	switch name {
	case "patchesStrategicMerge":
		p := r.load(target, k.Dir)
		k.merges = append(k.merges, p.objects...)
	case "resources", "bases":
		p := r.load(target, k.Dir)
		r.report(p)
		k.broken = k.broken || p.findings.Err() != nil
		if p.odd.what != "" {
			k.leave(p.odd.what, p.odd.at)
		}
		k.resources = append(k.resources, item{file: p, at: at})
	case "generators", "transformers", "validators":
		p := r.load(target, k.Dir)
		r.plugin(k, p.data, target, manifest.Position{})
	}
}

func (r *reader) followFolder(k *kustomization, e *Entry, above []string) {
	if !r.hasKustomization(e.Target) {
		e.Missing = true
		r.fault(k, e.Position, MissingEntry, "add a kustomization.yaml to it, or name its files", "%s: %s has no kustomization", e.Field, e.Path)
		return
	}
	for _, dir := range above {
		if dir == e.Target || within(dir, e.Target) {
			e.Missing = true
			r.fault(k, e.Position, "cycle", "remove the entry", "%s: %s leads to a kustomization that leads here, or to a folder above one", e.Field, e.Path)
			return
		}
	}
	sub := r.gather(e.Target, above)
	k.broken = k.broken || sub.broken
	if !r.exact && sub.odd.what != "" && k.odd.what == "" {
		k.odd = sub.odd // if it is to be exact, judge decides
	}
	it := item{sub: sub, at: e.Position}
	switch {
	case e.Field == "components" && !sub.component && !sub.broken:
		r.fault(k, e.Position, "component", "name it under resources", "%s: %s is no component", e.Field, e.Path)
	case e.Field == "components":
		k.components = append(k.components, it)
	case e.Field == "resources" || e.Field == "bases":
		if sub.component {
			r.fault(k, e.Position, "component", "name it under components", "%s: %s is a component", e.Field, e.Path)
			return
		}
		k.resources = append(k.resources, it)
	}
}

// address reports whether kustomize would fetch what has this name and is not there.
func address(text string) bool {
	lower := strings.ToLower(text)
	if strings.Contains(lower, "://") || strings.Contains(lower, "git::") || strings.HasPrefix(lower, "git@") {
		return true
	}
	if strings.Contains(lower, "?ref=") || strings.Contains(lower, "?version=") || strings.Contains(lower, ".git/") || strings.HasSuffix(lower, ".git") {
		return true
	}
	if strings.HasSuffix(lower, ".yaml") || strings.HasSuffix(lower, ".yml") || strings.HasSuffix(lower, ".json") {
		return false
	}
	host, rest, found := strings.Cut(lower, "/")
	return found && rest != "" && strings.Contains(strings.Trim(host, "."), ".") && !strings.HasPrefix(host, ".")
}

// plugin holds the configuration of a generator or transformer to what is
// here: it may name files, which are gathered, and no addresses.
func (r *reader) plugin(k *kustomization, data []byte, name string, at manifest.Position) {
	objects, _ := parse(name, data)
	for _, o := range objects {
		for n := range scalars(o.Node) {
			here := at
			if here.File == "" {
				here = position(name, n)
			}
			switch text := n.Value; {
			case strings.Contains(text, "://") || strings.HasPrefix(text, "git@") || strings.Contains(text, "?ref="):
				r.fault(k, here, Address, "download it and name the file", "%s is an address, and kgen fetches nothing", text)
			case len(text) < 1024 && text != "" && !strings.ContainsAny(text, "\n\x00"):
				if _, after, found := strings.Cut(text, "="); found {
					text = after
				}
				if target := r.store.join(k.Dir, text); r.look(target) == file && r.inside(target, k.Dir, file) {
					k.files = append(k.files, target)
					r.named[target] = true
				}
			}
		}
	}
}

// near is the name in the folder that a missing path most likely means.
func (r *reader) near(dir, text string) string {
	target := r.store.join(dir, text)
	parent := r.store.dir(target)
	if parent == target {
		return ""
	}
	var names []string
	for _, n := range r.list(parent) {
		names = append(names, n.name)
	}
	best := diag.Nearest(r.store.base(target), names)
	if best == "" {
		return ""
	}
	if cut := strings.LastIndexAny(strings.TrimSuffix(text, "/"), "/"+string(filepath.Separator)); cut >= 0 {
		return text[:cut+1] + best
	}
	return best
}

// items are a list's items; none of what is no list.
func items(n *yaml.Node) []*yaml.Node {
	n = deref(n)
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return n.Content
}

func field(n *yaml.Node, name string) *yaml.Node {
	if n = deref(n); n == nil {
		return nil
	}
	_, value := manifest.Entry(n, name)
	return deref(value)
}

func deref(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// empty reports whether a field says nothing.
func empty(n *yaml.Node) bool {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value == "" || n.Tag == "!!null"
	default:
		return len(n.Content) == 0
	}
}

func isTrue(n *yaml.Node) bool {
	return n != nil && n.Tag == "!!bool" && strings.EqualFold(n.Value, "true")
}

// strictPairs reports whether a mapping is of words to words, which no reader
// of YAML takes for anything else.
func strictPairs(n *yaml.Node) bool { return noPair(n) == nil }

// noPair gives the first node that keeps a value from being strict pairs.
func noPair(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return n
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch key, value := n.Content[i], n.Content[i+1]; {
		case key.Kind != yaml.ScalarNode || !word(key) || key.Value == "":
			return key
		case !word(value):
			return value
		}
	}
	return nil
}

var boolWord = regexp.MustCompile(`^(?i:y|n|yes|no|on|off|true|false)$`)

// word reports whether a node is a string to readers of YAML 1.1 and 1.2 alike.
func word(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!str" && (n.Style != 0 || !boolWord.MatchString(n.Value))
}

func position(file string, n *yaml.Node) manifest.Position {
	return manifest.Position{File: file, Line: n.Line, Column: n.Column}
}

// scalars yields every scalar value below a node.
func scalars(n *yaml.Node) func(func(*yaml.Node) bool) {
	return func(yield func(*yaml.Node) bool) { eachScalar(n, yield) }
}

func eachScalar(n *yaml.Node, yield func(*yaml.Node) bool) bool {
	switch n.Kind {
	case yaml.ScalarNode:
		return yield(n)
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			if !eachScalar(n.Content[i], yield) {
				return false
			}
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			if !eachScalar(c, yield) {
				return false
			}
		}
	}
	return true
}
