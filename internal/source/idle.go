package source

import (
	"cmp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
)

// Idle is an entry of a kustomization's patches whose target is no object that
// the kustomization has: kustomize passes over it and says nothing.
type Idle struct {
	Position manifest.Position // of the target
	Target   string            // as a reader would say it: "kind Deployment, name web"
}

// idle notes for every kustomization gone through which of its patches are for
// nothing. A target that could be for an object in any way is: labels and
// annotations are not looked at, names not where something renames, and a
// component is held against everybody who names it, and only where it says the
// name of what it patches, because components are written for many.
func (r *reader) idle() {
	var users map[string][]*kustomization // who names a component
	for _, s := range r.set.Kustomizations {
		k := r.kustomizations[s.Dir]
		entries := targeted(k)
		if len(entries) == 0 {
			continue
		}
		within := []*kustomization{k}
		if k.component {
			if users == nil {
				users = r.users()
			}
			within = users[k.Dir]
		}
		g := r.grounds(within)
		if g == nil {
			continue
		}
		for _, n := range entries {
			if what, idle := g.without(n, k.component); idle {
				s.Idle = append(s.Idle, Idle{position(k.File, n), what})
			}
		}
	}
}

// targeted are the targets of a kustomization's patches.
func targeted(k *kustomization) []*yaml.Node {
	var out []*yaml.Node
	for _, name := range []string{"patches", "patchesJson6902"} {
		for _, entry := range items(field(k.node, name)) {
			if n := field(entry, "target"); n != nil && n.Kind == yaml.MappingNode {
				out = append(out, n)
			}
		}
	}
	return out
}

// users are, by a component's folder, the kustomizations whose objects it is
// given: those that name it, and for one that a component names, their users.
func (r *reader) users() map[string][]*kustomization {
	direct := map[string][]*kustomization{}
	for _, s := range r.set.Kustomizations {
		k := r.kustomizations[s.Dir]
		for _, it := range k.components {
			direct[it.sub.Dir] = append(direct[it.sub.Dir], k)
		}
	}
	out := map[string][]*kustomization{}
	for top := range direct {
		seen := map[*kustomization]bool{}
		var up func(dir string)
		up = func(dir string) {
			for _, k := range direct[dir] {
				switch {
				case seen[k]:
				case k.component:
					seen[k] = true
					up(k.Dir)
				default:
					seen[k] = true
					out[top] = append(out[top], k)
				}
			}
		}
		up(top)
	}
	return out
}

// grounds are the objects that patches may be for, as they are written.
type grounds struct {
	objects    map[string]map[subject]bool // by name
	namespaces []string                    // those that kustomizations set
	renamed    bool                        // names may be others than are written
}

// subject is what a target tells objects apart by.
type subject struct{ group, version, kind, name, namespace string }

func subjectOf(o *manifest.Object) subject {
	version := o.APIVersion
	if _, after, found := strings.Cut(version, "/"); found {
		version = after
	}
	return subject{o.Group(), version, o.Kind, o.Name, o.Namespace}
}

// unforeseen are fields of a kustomization after which nobody who does not run it
// knows what there is.
var unforeseen = []string{"generators", "transformers", "helmCharts", "helmChartInflationGenerator"}

// grounds gathers what the kustomizations have; nil where that is not certain.
func (r *reader) grounds(all []*kustomization) *grounds {
	g := &grounds{objects: map[string]map[subject]bool{}}
	seen := map[string]bool{}
	for _, top := range all {
		for _, k := range r.closure(top, seen) {
			if k.broken || k.node == nil {
				return nil
			}
			for _, name := range unforeseen {
				if n := field(k.node, name); n != nil && !empty(n) {
					return nil
				}
			}
			for _, entry := range items(field(k.node, "patches")) {
				if n := field(entry, "options"); n != nil && !empty(n) {
					return nil // which allow a patch to change kinds and names
				}
			}
			for _, name := range []string{"namePrefix", "nameSuffix", "replacements"} {
				if n := field(k.node, name); n != nil && !empty(n) {
					g.renamed = true
				}
			}
			if k.namespace != "" {
				g.namespaces = append(g.namespaces, k.namespace)
			}
			for _, it := range k.resources {
				if it.file == nil {
					continue
				}
				for _, o := range it.file.objects {
					g.add(o)
				}
			}
			for name, kind := range map[string]string{"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"} {
				for _, entry := range items(field(k.node, name)) {
					s := subject{version: "v1", kind: kind}
					if n := field(entry, "name"); n != nil {
						s.name = n.Value
					}
					if n := field(entry, "namespace"); n != nil {
						s.namespace = n.Value
					}
					g.put(s)
				}
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	return g
}

// add takes an object in, and what a List holds that kustomize takes apart.
func (g *grounds) add(o *manifest.Object) {
	g.put(subjectOf(o))
	if strings.HasSuffix(o.Kind, "List") {
		_, list := o.Field("items")
		for _, n := range items(list) {
			s := subject{}
			if v := field(n, "apiVersion"); v != nil {
				s.version = v.Value
				if group, version, found := strings.Cut(v.Value, "/"); found {
					s.group, s.version = group, version
				}
			}
			if v := field(n, "kind"); v != nil {
				s.kind = v.Value
			}
			if v := field(field(n, "metadata"), "name"); v != nil {
				s.name = v.Value
			}
			if v := field(field(n, "metadata"), "namespace"); v != nil {
				s.namespace = v.Value
			}
			g.put(s)
		}
	}
}

func (g *grounds) put(s subject) {
	if g.objects[s.name] == nil {
		g.objects[s.name] = map[subject]bool{}
	}
	g.objects[s.name][s] = true
}

// judgedFields are what of a target is held against what is there.
var judgedFields = []string{"group", "version", "kind", "name", "namespace"}

// without tells a target that is for nothing of what is there; mustName passes
// over targets that name no object.
func (g *grounds) without(n *yaml.Node, mustName bool) (what string, idle bool) {
	judged := &yaml.Node{Kind: yaml.MappingNode}
	var says []string
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], deref(n.Content[i+1])
		if !slices.Contains(judgedFields, key.Value) || value.Kind != yaml.ScalarNode || value.Value == "" {
			continue
		}
		judged.Content = append(judged.Content, key, value)
		says = append(says, key.Value+" "+value.Value)
	}
	t, ok := readTarget(judged)
	if !ok || len(says) == 0 || mustName && t.name == nil {
		return "", false
	}
	if g.renamed {
		t.name, t.called = nil, ""
	}
	if t.called != "" {
		return strings.Join(says, ", "), !g.any(t, g.objects[t.called])
	}
	for _, some := range g.objects {
		if g.any(t, some) {
			return "", false
		}
	}
	return strings.Join(says, ", "), true
}

// any reports whether a target could be for one of the objects.
func (g *grounds) any(t target, some map[subject]bool) bool {
	for s := range some {
		if g.may(t, s) {
			return true
		}
	}
	return false
}

// may reports whether a target could be for an object in any namespace that it
// may have by then.
func (g *grounds) may(t target, s subject) bool {
	if t.group != nil && !t.group.MatchString(s.group) || t.version != nil && !t.version.MatchString(s.version) ||
		t.kind != nil && !t.kind.MatchString(s.kind) || t.name != nil && !t.name.MatchString(s.name) {
		return false
	}
	if t.namespace == nil {
		return true
	}
	return t.namespace.MatchString(cmp.Or(s.namespace, "default")) || slices.ContainsFunc(g.namespaces, t.namespace.MatchString)
}

// nobody finds the strategic merge patch that kustomize found no object for, by
// the name that it calls it in its error.
func (r *reader) nobody(closure []*kustomization, text string) bool {
	for _, k := range closure {
		for _, o := range k.merges {
			s := subjectOf(o)
			called := s.kind + "." + s.version + "." + cmp.Or(s.group, "[noGrp]") + "/" + s.name + "." + cmp.Or(s.namespace, "[noNs]")
			if strings.Contains(text, called) {
				r.find(o.At(), FailedPatch, "correct the name or the namespace, or remove the patch", "there is no %s to patch", o.Ref())
				return true
			}
		}
	}
	return false
}
