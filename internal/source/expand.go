package source

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// expansion puts the objects of one build together without kustomize. It does
// only what it does exactly; at the first thing that it might do otherwise than
// kustomize, odd says what, and the build is kustomize's.
type expansion struct {
	odd      oddness
	findings diag.List
	renamed  bool            // an object's namespace changed, by which it may be referred to
	noted    map[string]bool // kinds of which kustomize knows of an object what it was before, and looks for references to it
	dirs     map[string]bool
	reader   *reader
	parts    []Apart                     // what kustomize builds apart
	made     map[*manifest.Object][]byte // what it made of their objects
}

func newExpansion(r *reader, k *kustomization) *expansion {
	return &expansion{dirs: map[string]bool{k.Dir: true}, noted: map[string]bool{}, odd: k.odd, reader: r, made: map[*manifest.Object][]byte{}}
}

// id is what tells objects of a build apart, as kustomize has it.
type id struct{ apiVersion, kind, namespace, name string }

func idOf(o *manifest.Object) id {
	namespace := o.Namespace
	if namespace == "" {
		namespace = "default"
	}
	return id{o.APIVersion, o.Kind, namespace, o.Name}
}

func (e *expansion) leave(what string, at manifest.Position) {
	if e.odd.what == "" {
		e.odd = oddness{what, at}
	}
}

func (e *expansion) find(at manifest.Position, code, fix, message string) {
	e.findings = append(e.findings, diag.Diagnostic{File: at.File, Line: at.Line, Column: at.Column,
		Severity: diag.Error, Code: code, Message: message, Fix: fix})
}

// run adds a kustomization's objects to those that are there (a component's
// parent's; none otherwise) and does to all of them what it says.
func (e *expansion) run(k *kustomization, objects []*manifest.Object) []*manifest.Object {
	seen := make(map[id]*manifest.Object, len(objects))
	for _, o := range objects {
		seen[idOf(o)] = o
	}
	add := func(more []*manifest.Object) {
		for _, o := range more {
			if first, ok := seen[idOf(o)]; ok {
				e.find(o.At(), DuplicateID, "remove one of them, or do not build both", o.Ref()+" is in this build already: "+first.At().String())
				continue
			}
			seen[idOf(o)] = o
			objects = append(objects, o)
		}
	}
	for _, it := range k.resources {
		switch {
		case it.file != nil:
			add(it.file.objects)
		case e.dirs[it.sub.Dir]:
			e.find(it.at, DuplicateEntry, "remove one of the entries", "this build goes through "+it.sub.Dir+" already")
		default:
			e.dirs[it.sub.Dir] = true
			if it.sub.odd.what != "" {
				add(e.apart(it.sub))
			} else {
				add(e.run(it.sub, nil))
			}
		}
		if e.odd.what != "" {
			return nil
		}
	}
	for _, it := range k.components {
		if objects = e.run(it.sub, objects); e.odd.what != "" {
			return nil
		}
	}
	for i := range k.patches {
		// A patch finds an object by what it was called before, too.
		if p := &k.patches[i]; e.renamed && (p.target.namespace != nil || p.merge != nil && !p.targeted) {
			e.leave("a patch by namespace, of objects whose namespace a kustomization sets", p.at)
			return nil
		}
	}
	if len(k.patches) > 0 {
		if objects = e.patches(k.patches, objects); e.odd.what != "" {
			return nil
		}
	}
	return e.transform(k, objects)
}

// patches applies one after the other. Most name their object, so that a
// thousand patches of a thousand objects are a thousand applications.
func (e *expansion) patches(patches []patch, objects []*manifest.Object) []*manifest.Object {
	changed := slices.Clone(objects)
	named := map[string][]int{}
	all := make([]int, len(changed))
	for i, o := range changed {
		named[o.Name] = append(named[o.Name], i)
		all[i] = i
	}
	for i := range patches {
		p := &patches[i]
		switch {
		case p.merge != nil && !p.targeted:
			e.merge(p, changed, named[p.merge.Name])
		case p.merge != nil && p.target.called != "":
			e.merge(p, changed, named[p.target.called])
		case p.merge != nil:
			e.merge(p, changed, all)
		case p.target.called != "":
			e.patch(p, changed, named[p.target.called])
		default:
			e.patch(p, changed, all)
		}
		if e.odd.what != "" {
			return nil
		}
	}
	return slices.DeleteFunc(changed, func(o *manifest.Object) bool { return o == nil })
}

func (e *expansion) patch(p *patch, objects []*manifest.Object, candidates []int) {
	for _, i := range candidates {
		o := objects[i]
		if o == nil {
			continue
		}
		namespace, sure := effectiveNamespace(o)
		if p.target.namespace != nil && !sure {
			e.leave("a patch's target namespace beside a "+o.Kind, p.at)
			return
		}
		if !p.target.matches(o, namespace) {
			continue
		}
		if odd := unlike(o.Node, 0); odd != nil {
			e.leave("a patch of an object with "+differently(odd), partOf(o, odd))
			return
		}
		e.noted[o.Kind] = true
		objects[i] = e.change(o, func(node *yaml.Node, files map[*yaml.Node]string) (*yaml.Node, error) {
			return p.apply(node, files)
		})
	}
}

// reaches reports whether an object is one that kustomize has built apart, and
// leaves all to it if so.
func (e *expansion) reaches(o *manifest.Object) bool {
	_, made := e.made[o]
	if made {
		at := slices.IndexFunc(e.parts, func(p Apart) bool { return e.reader.kustomizations[p.Dir].File == o.File })
		e.leave(e.parts[at].Because, e.parts[at].Position)
	}
	return made
}

// change is the object with its mapping changed, or the object itself and a
// finding if that fails.
func (e *expansion) change(o *manifest.Object, by func(*yaml.Node, map[*yaml.Node]string) (*yaml.Node, error)) *manifest.Object {
	if e.reaches(o) {
		return o
	}
	files := maps.Clone(o.Files)
	if files == nil {
		files = map[*yaml.Node]string{}
	}
	node, err := by(o.Node, files)
	if err == nil {
		var changed *manifest.Object
		if changed, err = o.With(node, files); err == nil {
			return changed
		}
	}
	var failed *failure
	if errors.As(err, &failed) {
		e.find(failed.at, FailedPatch, "correct the patch", failed.text+", in "+o.Ref()+" of "+o.Place())
	} else {
		e.find(o.At(), FailedPatch, "correct the patch", "cannot be patched: "+err.Error())
	}
	return o
}

// transform sets namespace, labels and annotations, in kustomize's order.
func (e *expansion) transform(k *kustomization, objects []*manifest.Object) []*manifest.Object {
	if k.namespace == "" && len(k.labels) == 0 && (k.annotations == nil || len(k.annotations.Content) == 0) {
		return objects
	}
	changed := slices.Clone(objects)
	for i, o := range changed {
		if odd := unlike(o.Node, 0); odd != nil {
			e.leave("a transformer of an object with "+differently(odd), partOf(o, odd))
			return nil
		}
		if k.namespace != "" {
			e.noted[o.Kind] = true
			switch {
			case clusterScoped(o) || o.Kind == "Namespace" && o.APIVersion == "v1" && o.Name == k.namespace:
			case !surelyNamespaced(o) && (o.Kind != "RoleBinding" || o.Group() != rbac):
				e.leave("namespace for a "+o.Kind, k.key("namespace"))
				return nil
			case o.Namespace != k.namespace:
				e.renamed = true
				changed[i] = e.set(k.File, changed[i], []string{"metadata"}, scalarPair(k.node, "namespace"))
			}
			if o.Kind == "RoleBinding" || o.Kind == "ClusterRoleBinding" {
				changed[i] = e.subjects(k, changed[i])
			}
		}
		for _, pairs := range k.labels {
			changed[i] = e.set(k.File, changed[i], []string{"metadata", "labels"}, pairs)
		}
		if k.annotations != nil && len(k.annotations.Content) > 0 {
			for _, path := range annotated(o) {
				changed[i] = e.set(k.File, changed[i], path, k.annotations)
			}
		}
		if e.odd.what != "" {
			return nil
		}
	}
	if k.namespace != "" && e.renamed {
		seen := map[id]bool{}
		for _, o := range changed {
			if seen[idOf(o)] {
				e.leave("namespace, which makes two objects one: "+o.Ref(), k.key("namespace"))
				return nil
			}
			seen[idOf(o)] = true
		}
	}
	return changed
}

// key is where a field of the kustomization stands.
func (k *kustomization) key(name string) manifest.Position {
	if n, _ := manifest.Entry(k.node, name); n != nil {
		return position(k.File, n)
	}
	return position(k.File, k.node)
}

// partOf is where a part of an object stands: in the file that the nearest node
// above it comes from.
func partOf(o *manifest.Object, part *yaml.Node) manifest.Position {
	file, found := o.File, false
	var look func(n *yaml.Node, in string)
	look = func(n *yaml.Node, in string) {
		if from, ok := o.Files[n]; ok {
			in = from
		}
		if n == part {
			file, found = in, true
		}
		for i := 0; i < len(n.Content) && !found; i++ {
			look(n.Content[i], in)
		}
	}
	look(o.Node, o.File)
	return position(file, part)
}

// scalarPair is a mapping of one of its entries alone.
func scalarPair(n *yaml.Node, name string) *yaml.Node {
	key, value := manifest.Entry(n, name)
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{key, deref(value)}}
}

// set puts the pairs into the mapping that path leads to, which it makes if it
// is not there. They are in file.
func (e *expansion) set(file string, o *manifest.Object, path []string, pairs *yaml.Node) *manifest.Object {
	return e.change(o, func(node *yaml.Node, files map[*yaml.Node]string) (*yaml.Node, error) {
		changed, ok := setPairs(node, path, file, pairs, files)
		if !ok {
			e.leave("a transformer of an object whose "+strings.Join(path, ".")+" is no mapping", o.At())
			return node, nil
		}
		return changed, nil
	})
}

// subjects gives the subjects of a binding that are called default the
// namespace, whatever they are, as kustomize does.
func (e *expansion) subjects(k *kustomization, o *manifest.Object) *manifest.Object {
	at := slices.IndexFunc(items(field(o.Node, "subjects")), func(s *yaml.Node) bool {
		name := field(s, "name")
		return name != nil && name.Value == "default"
	})
	if at < 0 {
		return o
	}
	return e.change(o, func(node *yaml.Node, files map[*yaml.Node]string) (*yaml.Node, error) {
		top := copyOf(node, files)
		for i := 0; i+1 < len(top.Content); i += 2 {
			if top.Content[i].Value != "subjects" {
				continue
			}
			list := copyOf(top.Content[i+1], files)
			for j, s := range list.Content {
				if name := field(s, "name"); name != nil && name.Value == "default" {
					list.Content[j], _ = setPairs(s, nil, k.File, scalarPair(k.node, "namespace"), files)
				}
			}
			top.Content[i+1] = list
		}
		return top, nil
	})
}

func setPairs(n *yaml.Node, path []string, file string, pairs *yaml.Node, files map[*yaml.Node]string) (*yaml.Node, bool) {
	if n.Kind != yaml.MappingNode {
		return n, false
	}
	changed := copyOf(n, files)
	if len(path) > 0 {
		for i := 0; i+1 < len(changed.Content); i += 2 {
			if changed.Content[i].Value == path[0] {
				below, ok := setPairs(changed.Content[i+1], path[1:], file, pairs, files)
				changed.Content[i+1] = below
				return changed, ok
			}
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: path[0], Line: pairs.Content[0].Line, Column: pairs.Content[0].Column}
		below, ok := setPairs(&yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: key.Line, Column: key.Column}, path[1:], file, pairs, files)
		files[key], files[below] = file, file
		changed.Content = append(changed.Content, key, below)
		return changed, ok
	}
	for i := 0; i+1 < len(pairs.Content); i += 2 {
		key, value := *pairs.Content[i], *deref(pairs.Content[i+1])
		value.Anchor, key.Anchor = "", ""
		files[&value] = file
		at := -1
		for j := 0; j+1 < len(changed.Content); j += 2 {
			if changed.Content[j].Value == key.Value {
				at = j + 1
			}
		}
		if at >= 0 {
			changed.Content[at] = &value
			continue
		}
		files[&key] = file
		changed.Content = append(changed.Content, &key, &value)
	}
	return changed, true
}

// builtin are the groups of Kubernetes itself, whose kinds kustomize knows to
// be namespaced or not. It takes every other kind for namespaced.
var builtin = []string{"", "apps", "batch", "autoscaling", "policy", "extensions", "networking.k8s.io", "rbac.authorization.k8s.io",
	"admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io",
	"certificates.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "internal.apiserver.k8s.io",
	"node.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io", "storagemigration.k8s.io", "kustomize.config.k8s.io"}

// namespacedKinds are the kinds of those groups that are namespaced, and that
// nothing else than metadata.namespace ties to their namespace.
var namespacedKinds = map[string][]string{
	"":                          {"ConfigMap", "Endpoints", "LimitRange", "PersistentVolumeClaim", "Pod", "ReplicationController", "ResourceQuota", "Secret", "Service", "ServiceAccount"},
	"apps":                      {"DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"},
	"batch":                     {"CronJob", "Job"},
	"networking.k8s.io":         {"Ingress", "NetworkPolicy"},
	"policy":                    {"PodDisruptionBudget"},
	"autoscaling":               {"HorizontalPodAutoscaler"},
	"rbac.authorization.k8s.io": {"Role"},
}

const rbac = "rbac.authorization.k8s.io"

// clusterKinds are kinds that kustomize's schema has without a namespace, and of
// which its namespace transformer changes nothing but subjects.
var clusterKinds = map[string][]string{
	"v1":                              {"Node", "PersistentVolume"},
	rbac + "/v1":                      {"ClusterRole", "ClusterRoleBinding"},
	"storage.k8s.io/v1":               {"StorageClass"},
	"networking.k8s.io/v1":            {"IngressClass"},
	"scheduling.k8s.io/v1":            {"PriorityClass"},
	"admissionregistration.k8s.io/v1": {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"},
}

func clusterScoped(o *manifest.Object) bool {
	return slices.Contains(clusterKinds[o.APIVersion], o.Kind)
}

// effectiveNamespace is the namespace by which kustomize knows an object (resid,
// ResId.EffectiveNamespace); sure is false where that needs its schema of the kind.
func effectiveNamespace(o *manifest.Object) (namespace string, sure bool) {
	switch {
	case o.Kind == "Namespace" && o.Group() == "", clusterScoped(o):
		return "_non_namespaceable_", true
	case !surelyNamespaced(o) && (o.Kind != "RoleBinding" || o.Group() != "rbac.authorization.k8s.io"):
		return "", false
	case o.Namespace == "":
		return "default", true
	}
	return o.Namespace, true
}

// surelyNamespaced reports whether kustomize takes an object for namespaced and
// does nothing else to it. Bindings it knows by their kind alone, and gives the
// service accounts that they name the namespace too.
func surelyNamespaced(o *manifest.Object) bool {
	group := o.Group()
	if o.Kind == "RoleBinding" || o.Kind == "ClusterRoleBinding" {
		return false
	}
	if slices.Contains(namespacedKinds[group], o.Kind) {
		return true
	}
	return !slices.Contains(builtin, group) && strings.Contains(group, ".")
}

// annotated are the places of an object that commonAnnotations go to: its own,
// and those of the pods that it makes (commonAnnotationFieldSpecs, v0.21).
func annotated(o *manifest.Object) [][]string {
	paths := [][]string{{"metadata", "annotations"}}
	version := o.APIVersion[strings.IndexByte(o.APIVersion, '/')+1:]
	switch {
	case o.Kind == "Deployment", o.Kind == "ReplicaSet", o.Kind == "DaemonSet", o.Kind == "StatefulSet",
		o.Kind == "ReplicationController" && version == "v1", o.Kind == "Job" && o.Group() == "batch":
		paths = append(paths, []string{"spec", "template", "metadata", "annotations"})
	case o.Kind == "CronJob" && o.Group() == "batch":
		paths = append(paths, []string{"spec", "jobTemplate", "metadata", "annotations"}, []string{"spec", "jobTemplate", "spec", "template", "metadata", "annotations"})
	}
	return paths
}

// expand builds a kustomization without kustomize; odd says why it did not.
func (r *reader) expand(k *kustomization) ([]*manifest.Object, diag.List, oddness) {
	e := newExpansion(r, k)
	objects, odd := e.all(k)
	return objects, e.findings, odd
}

// all builds a kustomization, and holds what it made to what it knows of
// kustomize's ways with the whole; odd says why there is nothing.
func (e *expansion) all(k *kustomization) ([]*manifest.Object, oddness) {
	if e.odd.what != "" {
		return nil, e.odd
	}
	objects := e.run(k, nil)
	if e.renamed {
		for _, o := range objects {
			if slices.Contains(builtin, o.Group()) && !surelyNamespaced(o) && !clusterScoped(o) && (o.Kind != "RoleBinding" || o.Group() != rbac) && (o.Kind != "Namespace" || o.Group() != "") {
				e.leave("namespace beside a "+o.Kind, o.At())
			}
		}
	}
	for _, o := range objects {
		if to := refersWhole[o.Kind]; e.noted[to] {
			e.leave("a "+o.Kind+" beside a "+to+" that is patched or moved", o.At())
		}
	}
	for _, o := range objects {
		if o.Files == nil || e.odd.what != "" {
			continue
		}
		what, n := inexactHead(o)
		if what == "" {
			what, n = inexactReferences(o)
		}
		if what != "" {
			e.leave("a change that makes "+what, partOf(o, n))
		}
	}
	if e.odd.what != "" {
		return nil, e.odd
	}
	return objects, oddness{}
}
