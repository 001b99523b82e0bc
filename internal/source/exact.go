package source

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
)

// What follows says of what was read whether kustomize takes it for the same,
// to the byte of its output. It says no where it does not know.

// soleDocuments gives the line on which each document of a text starts, those
// without content left out. what is the first thing, and line its line, that
// readers of YAML differ on, or that kustomize, which takes streams apart
// itself and reads the first document of each part, has its own way with.
func soleDocuments(data []byte) (starts []int, what string, line int) {
	if !utf8.Valid(data) {
		return nil, "text that is no UTF-8", 1
	}
	begun := false
	for text := range bytes.Lines(data) {
		line++
		text = bytes.TrimSuffix(text, []byte("\n"))
		for i := 0; i < len(text); i++ {
			c := text[i]
			if c >= 0x20 && c < 0x7f {
				continue
			}
			if c < utf8.RuneSelf {
				return nil, "a tab, carriage return or control character", line
			}
			r, size := utf8.DecodeRune(text[i:])
			if r < 0xa0 || r == 0x2028 || r == 0x2029 || r == 0xfeff || r == 0xfffe || r == 0xffff {
				return nil, "an invisible character", line
			}
			i += size - 1
		}
		if keepsBlankLines(text) {
			return nil, "a block of text that keeps the blank lines behind it", line
		}
		switch {
		case string(text) == "---":
			begun = false
			continue
		case bytes.HasPrefix(text, []byte("---")), bytes.HasPrefix(text, []byte("...")), bytes.HasPrefix(text, []byte("%")):
			return nil, "a mark between documents that is more than three dashes", line
		}
		if bare := bytes.TrimLeft(text, " "); !begun && len(bare) > 0 && bare[0] != '#' {
			if len(bare) < len(text) {
				return nil, "a document that is indented", line
			}
			begun = true
			starts = append(starts, line)
		}
	}
	return starts, "", 0
}

// keepsBlankLines reports whether a line may begin a block with the indicator "+".
// Where a comment follows, what such a block holds depends on how the stream was
// taken apart.
func keepsBlankLines(text []byte) bool {
	for {
		at := bytes.IndexAny(text, "|>")
		if at < 0 {
			return false
		}
		text = text[at+1:]
		rest := bytes.TrimLeft(text, "0123456789+-")
		if bytes.IndexByte(text[:len(text)-len(rest)], '+') < 0 {
			continue
		}
		if bare := bytes.TrimLeft(rest, " "); len(bare) == 0 || bare[0] == '#' && len(bare) < len(rest) {
			return true
		}
	}
}

// separators counts the lines that separate documents. Of a kustomization and
// of a patch kustomize reads the first document, be it empty.
func separators(data []byte) int {
	return bytes.Count(append([]byte("\n"), data...), []byte("\n---"))
}

// inexact says what in a file of resources kustomize may take otherwise.
func inexact(p *parsed) (string, manifest.Position) {
	starts, what, line := soleDocuments(p.data)
	if what != "" {
		return what, manifest.Position{File: p.path, Line: line, Column: 1}
	}
	if len(starts) == 0 {
		return "a file without an object", manifest.Position{File: p.path, Line: 1, Column: 1}
	}
	if what, line := notOneEach(p, starts); what != "" {
		return what, manifest.Position{File: p.path, Line: line, Column: 1}
	}
	for _, o := range p.objects {
		if n := o.Node; n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
			return "a document that starts with " + shown(n), position(p.path, n)
		}
		if what, n := inexactHead(o); what != "" {
			return what, position(p.path, n)
		}
		if what, n := inexactReferences(o); what != "" {
			return what, position(p.path, n)
		}
	}
	return "", manifest.Position{}
}

// notOneEach finds the first document, of those that start on these lines, that
// is not one object, which is a mapping.
func notOneEach(p *parsed, starts []int) (what string, line int) {
	at := 0
	for _, start := range starts {
		if at < len(p.objects) && p.objects[at].Node.Kind == yaml.MappingNode && p.objects[at].Node.Line == start && p.objects[at].Node.Column == 1 {
			at++
			continue
		}
		text := ""
		lines := bytes.Split(p.data, []byte("\n"))
		for i := start - 1; i < len(lines) && string(lines[i]) != "---"; i++ {
			if kind, ok := bytes.CutPrefix(lines[i], []byte("kind: ")); ok && strings.HasSuffix(string(kind), "List") {
				return "a " + string(kind), i + 1
			}
			if text == "" {
				text = shown(&yaml.Node{Kind: yaml.ScalarNode, Value: string(lines[i])})
			}
		}
		return "a document that is not one object: " + text, start
	}
	if at < len(p.objects) {
		return "a document of several objects", p.objects[at].Node.Line
	}
	return "", 0
}

var (
	apiVersions = regexp.MustCompile(`^[A-Za-z0-9.-]+(/[A-Za-z0-9.-]+)?$`)
	kinds       = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	names       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:-]*$`)
)

// inexactHead judges what kustomize reads of every object, writes anew and
// takes notes in.
func inexactHead(o *manifest.Object) (string, *yaml.Node) {
	var metadata, version, what *yaml.Node
	apiVersion, kind := false, false
	for i := 0; i+1 < len(o.Node.Content); i += 2 {
		key, value := o.Node.Content[i], o.Node.Content[i+1]
		switch key.Value {
		case "apiVersion":
			version = value
			apiVersion = word(value) && apiVersions.MatchString(value.Value)
		case "kind":
			what = value
			kind = word(value) && kinds.MatchString(value.Value) && !strings.HasSuffix(value.Value, "List")
		case "metadata":
			metadata = value
		}
	}
	switch {
	case !apiVersion:
		return formOf("an apiVersion", version, o.Node)
	case !kind:
		return formOf("a kind", what, o.Node)
	case metadata == nil || metadata.Kind != yaml.MappingNode:
		return "an object without metadata", o.Node
	}
	named := false
	for i := 0; i+1 < len(metadata.Content); i += 2 {
		key, value := metadata.Content[i], metadata.Content[i+1]
		switch key.Value {
		case "name":
			if named = word(value) && names.MatchString(value.Value); !named {
				return "a name of another form: " + shown(value), value
			}
		case "namespace":
			if !word(value) || !names.MatchString(value.Value) {
				return "a namespace of another form: " + shown(value), value
			}
			if group := o.Group(); slices.Contains(builtin, group) && !surelyNamespaced(o) && o.Kind != "RoleBinding" {
				return "a namespace for a " + o.Kind, value
			}
		case "labels":
			if odd := noText(value); odd != nil {
				return "labels that are no words: " + shown(odd), odd
			}
		case "annotations":
			if odd := noText(value); odd != nil {
				return "annotations that are no words: " + shown(odd), odd
			}
			if len(value.Content) == 0 {
				return "annotations without any", key
			}
			for j := 0; j+1 < len(value.Content); j += 2 {
				if what := inexactAnnotation(value.Content[j].Value, value.Content[j+1].Value); what != "" {
					return what, value.Content[j]
				}
			}
		}
	}
	if !named {
		return "an object without a name", o.Node
	}
	return "", nil
}

// formOf is the reason that a field of an object has another form; n is nil if
// the object does not have it in words of its own.
func formOf(which string, n, object *yaml.Node) (string, *yaml.Node) {
	if n == nil {
		return which + " of another form", object
	}
	return which + " of another form: " + shown(n), n
}

// noText gives the first node that keeps a value from being a mapping of texts
// to texts, as kustomize reads objects.
func noText(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return n
	}
	for _, c := range n.Content {
		if c.Kind != yaml.ScalarNode || c.Tag != "!!str" {
			return c
		}
	}
	return nil
}

func inexactAnnotation(key, value string) string {
	if strings.Contains(key, "config.kubernetes.io") || strings.Contains(key, "config.k8s.io") {
		return "the annotation " + key
	}
	// What it writes anew is to read as before.
	if strings.Contains(value, "\n") && (strings.Trim(value, " \n") != strings.TrimSuffix(value, "\n") || strings.Contains(value, " \n")) {
		return "an annotation with blanks at the ends of lines"
	}
	return ""
}

// references are the places where kustomize looks for names of other objects,
// by the kind that holds them, whatever its group: its own configuration has
// them by group and version too (nameReference, v0.21), and more is looked at
// here than there.
var references = func() map[string][][]string {
	paths := func(before string, after ...string) [][]string {
		var all [][]string
		for _, a := range after {
			all = append(all, strings.Split(before+a, " "))
		}
		return all
	}
	pod := []string{"volumes configMap name", "volumes secret secretName", "volumes persistentVolumeClaim claimName",
		"volumes projected sources configMap name", "volumes projected sources secret name", "imagePullSecrets name", "serviceAccountName", "priorityClassName"}
	for _, list := range []string{"containers", "initContainers"} {
		pod = append(pod, list+" env valueFrom configMapKeyRef name", list+" env valueFrom secretKeyRef name", list+" envFrom configMapRef name", list+" envFrom secretRef name")
	}
	of := map[string][][]string{
		"Pod":                              paths("spec ", pod...),
		"PodTemplate":                      paths("template spec ", pod...),
		"CronJob":                          paths("spec jobTemplate spec template spec ", pod...),
		"HorizontalPodAutoscaler":          paths("", "spec scaleTargetRef name"),
		"Node":                             paths("", "spec configSource configMap"),
		"Role":                             paths("", "rules resourceNames"),
		"ClusterRole":                      paths("", "rules resourceNames"),
		"RoleBinding":                      paths("", "roleRef name", "subjects"),
		"ClusterRoleBinding":               paths("", "roleRef name", "subjects"),
		"ServiceAccount":                   paths("", "imagePullSecrets name"),
		"StorageClass":                     paths("parameters ", "secretName", "adminSecretName", "userSecretName", "secretRef"),
		"PersistentVolume":                 paths("spec ", "azureFile secretName", "storageClassName"),
		"PersistentVolumeClaim":            paths("spec ", "volumeName", "storageClassName"),
		"Ingress":                          paths("spec ", "tls secretName", "rules http paths backend serviceName", "backend serviceName", "rules http paths backend service name", "defaultBackend service name", "ingressClassName"),
		"APIService":                       paths("", "spec service name"),
		"ValidatingWebhookConfiguration":   paths("", "webhooks clientConfig service"),
		"MutatingWebhookConfiguration":     paths("", "webhooks clientConfig service"),
		"ValidatingAdmissionPolicyBinding": paths("", "spec policyName"),
		"Service":                          paths("spec template spec containers env valueFrom secretKeyRef ", "name"),
	}
	for _, kind := range []string{"Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job", "ReplicationController"} {
		of[kind] = paths("spec template spec ", pod...)
	}
	of["StatefulSet"] = append(of["StatefulSet"], paths("spec ", "serviceName", "volumeClaimTemplates spec storageClassName")...)
	return of
}()

// inexactReferences judges the names of other objects in an object. kustomize
// stumbles over a way to one that leads through something else than mappings
// and lists, and over a mapping instead of a name.
func inexactReferences(o *manifest.Object) (string, *yaml.Node) {
	for _, path := range references[o.Kind] {
		if n := strays(o.Node, path, refersWhole[o.Kind] != ""); n != nil {
			return "a reference of another form in " + o.Ref() + ": " + shown(n), n
		}
	}
	if o.Kind == "RoleBinding" || o.Kind == "ClusterRoleBinding" {
		for _, s := range items(field(o.Node, "subjects")) {
			if !strictPairs(s) || field(s, "name") == nil {
				return "a subject of another form in " + o.Ref() + ": " + shown(s), s
			}
		}
	}
	return "", nil
}

// strays gives the first node on the way along a path, or at its end, that is
// not what kustomize expects there. whole says that a mapping may stand there.
func strays(n *yaml.Node, path []string, whole bool) *yaml.Node {
	if n.Kind == yaml.AliasNode && n.Alias.Kind != yaml.SequenceNode { // of a list in a list there is no end
		n = n.Alias
	}
	switch {
	case n.Kind == yaml.ScalarNode && (len(path) == 0 || n.Tag == "!!null"):
		return nil
	case n.Kind == yaml.SequenceNode:
		for _, item := range n.Content {
			if len(path) == 0 && item.Kind == yaml.SequenceNode {
				return item
			}
			if stray := strays(item, path, whole); stray != nil {
				return stray
			}
		}
		return nil
	case n.Kind != yaml.MappingNode:
		return n
	case len(path) == 0:
		if whole && refersByMapping(n) {
			return nil
		}
		return n
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == path[0] {
			if stray := strays(n.Content[i+1], path[1:], whole); stray != nil {
				return stray
			}
		}
	}
	return nil
}

// refersByMapping reports whether a mapping is a reference by name and
// namespace, as webhooks and role bindings have them.
func refersByMapping(n *yaml.Node) bool {
	name := field(n, "name")
	if name == nil || !word(name) {
		return false
	}
	namespace := field(n, "namespace")
	return namespace == nil || word(namespace)
}

// refersWhole are the kinds with references that are mappings, each with the
// kind that it refers to: where kustomize knows what that was before, it
// writes its namespace into the mapping.
var refersWhole = map[string]string{
	"RoleBinding":                    "ServiceAccount",
	"ClusterRoleBinding":             "ServiceAccount",
	"ValidatingWebhookConfiguration": "Service",
	"MutatingWebhookConfiguration":   "Service",
	"Node":                           "ConfigMap",
}

// plainTree gives the first node of a value that kustomize, which reads it as
// YAML 1.1, may take otherwise; nil if there is none.
func plainTree(n *yaml.Node, depth int) *yaml.Node { return plainTreeOr(n, "", depth) }

// plainTreeOr is plainTree with one tag, of values of mappings, that is plain too.
func plainTreeOr(n *yaml.Node, tag string, depth int) *yaml.Node {
	if depth > 50 || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		return n
	}
	switch n.Kind {
	case yaml.ScalarNode:
		if !jsonLike(n, 0) {
			return n
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			if odd := plainTreeOr(c, tag, depth+1); odd != nil {
				return odd
			}
		}
	case yaml.MappingNode:
		seen := make(map[string]bool, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if key.Kind != yaml.ScalarNode || !word(key) || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0 || seen[key.Value] {
				return key
			}
			seen[key.Value] = true
			if value := n.Content[i+1]; value.Kind == yaml.ScalarNode && value.ShortTag() == tag && value.Anchor == "" && value.Style == 0 {
				continue
			}
			if odd := plainTreeOr(n.Content[i+1], tag, depth+1); odd != nil {
				return odd
			}
		}
	default:
		return n
	}
	return nil
}

// inexactPatch says what in a patch kustomize may read otherwise than kgen does.
// n is where, as the patch counts its lines.
func inexactPatch(data []byte) (what string, n *yaml.Node) {
	starts, what, line := soleDocuments(data)
	if what != "" {
		return what + " in a patch", &yaml.Node{Line: line, Column: 1}
	}
	if len(starts) != 1 || separators(data) > 1 {
		return "a patch that is not one document", &yaml.Node{Line: 1, Column: 1}
	}
	var document yaml.Node
	if err := yaml.Unmarshal(data, &document); err != nil || len(document.Content) != 1 {
		return "a patch that is no YAML", &yaml.Node{Line: starts[0], Column: 1}
	}
	if document.Content[0].Kind == yaml.MappingNode {
		return "", nil // a strategic merge patch, which is judged where it is read
	}
	if odd := plainTree(document.Content[0], 0); odd != nil {
		return differently(odd), odd
	}
	return "", nil
}

// inexact says what in a kustomization, or in how it stands in its folder,
// kustomize may take otherwise.
func (r *reader) inexact(k *kustomization) (string, manifest.Position) {
	if what, at := r.inexactText(k); what != "" {
		return what, at
	}
	if what, n := inexactFields(k); what != "" {
		return what, position(k.File, n)
	}
	return "", manifest.Position{}
}

// inexactText says what of it that is whatever its fields are.
func (r *reader) inexactText(k *kustomization) (string, manifest.Position) {
	p := r.files[k.File]
	starts, what, line := soleDocuments(p.data)
	switch {
	case what != "":
		return what, manifest.Position{File: k.File, Line: line, Column: 1}
	case len(starts) != 1 || separators(p.data) > 1 || k.node.Line != starts[0] || k.node.Column != 1:
		return "a kustomization of several documents", position(k.File, k.node)
	case r.look(k.File) != file || r.real(k.Dir) != k.Dir:
		return "a link", position(k.File, k.node)
	}
	if odd := plainTree(k.node, 0); odd != nil {
		return differently(odd), position(k.File, odd)
	}
	for _, e := range k.Entries {
		switch {
		case !plainPath.MatchString(e.Path) || remote(e.Path):
			return "a path that kustomize may take for an address: " + e.Path, e.Position
		case r.look(e.Target) == link, r.real(r.store.dir(e.Target)) != r.store.dir(e.Target):
			return "a link", e.Position
		}
	}
	return "", manifest.Position{}
}

// plainPath is a path below here or below a folder above, without detours.
var plainPath = regexp.MustCompile(`^(\./)?(\.\./)*(\.\.|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)(/[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*)*$`)

func inexactFields(k *kustomization) (string, *yaml.Node) {
	want := map[string]string{"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
	if k.component {
		want = map[string]string{"apiVersion": "kustomize.config.k8s.io/v1alpha1", "kind": "Component"}
	}
	heads, says := 0, false
	for i := 0; i+1 < len(k.node.Content); i += 2 {
		key, value := k.node.Content[i], k.node.Content[i+1]
		ok := false
		switch key.Value {
		case "apiVersion", "kind":
			heads++
			ok = value.Kind == yaml.ScalarNode && value.Value == want[key.Value]
		case "resources", "components":
			ok = listOf(value, func(n *yaml.Node) bool { return word(n) && plainPath.MatchString(n.Value) })
		case "namespace":
			ok = value.Kind == yaml.ScalarNode && word(value) && plainNamespace.MatchString(value.Value)
		case "labels":
			ok = listOf(value, func(n *yaml.Node) bool {
				return only(n, "pairs", "includeSelectors", "includeTemplates") && nonEmptyPairs(field(n, "pairs")) && falseOrNone(field(n, "includeSelectors")) && falseOrNone(field(n, "includeTemplates"))
			})
		case "commonAnnotations":
			ok = nonEmptyPairs(value)
			for j := 0; ok && j+1 < len(value.Content); j += 2 {
				ok = inexactAnnotation(value.Content[j].Value, value.Content[j+1].Value) == ""
			}
		case "patches":
			ok = listOf(value, func(n *yaml.Node) bool {
				path, patch, target := field(n, "path"), field(n, "patch"), field(n, "target")
				return only(n, "path", "patch", "target") && (path == nil) != (patch == nil) &&
					(path == nil || word(path)) && (patch == nil || word(patch)) && (target == nil || nonEmptyPairs(target))
			})
		case "sortOptions":
			order := field(value, "order")
			ok = only(value, "order") && order != nil && (order.Value == fifo || order.Value == legacy)
		}
		switch {
		case ok:
		case !slices.Contains(exact, key.Value) || key.Value == "metadata":
			return key.Value, key
		default:
			return key.Value + " of another form: " + shown(value), key
		}
		says = says || key.Value != "apiVersion" && key.Value != "kind" && key.Value != "sortOptions" && !empty(value)
	}
	if !says {
		return "a kustomization that says nothing", k.node
	}
	if heads == 1 {
		return "apiVersion without kind, or kind without apiVersion", k.node
	}
	return "", nil
}

// The orders that sortOptions knows.
const (
	fifo   = "fifo"
	legacy = "legacy"
)

func listOf(n *yaml.Node, item func(*yaml.Node) bool) bool {
	return n.Kind == yaml.SequenceNode && len(n.Content) > 0 && !slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return !item(c) })
}

func nonEmptyPairs(n *yaml.Node) bool {
	return n != nil && n.Kind == yaml.MappingNode && len(n.Content) > 0 && strictPairs(n)
}

func falseOrNone(n *yaml.Node) bool {
	return n == nil || n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && n.Value == "false"
}

// only reports whether a node is a mapping with no other keys than these.
func only(n *yaml.Node, keys ...string) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if !slices.Contains(keys, n.Content[i].Value) {
			return false
		}
	}
	return true
}
