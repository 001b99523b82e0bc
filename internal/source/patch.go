package source

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
)

// patch is one entry of a kustomization's patches that kgen applies itself:
// JSON6902 operations, or a strategic merge patch.
type patch struct {
	at         manifest.Position // of the entry
	target     target
	operations []operation
	merge      *manifest.Object // the strategic merge patch, which names an object
	targeted   bool             // it is for what target matches instead
}

// operation is one step of a JSON6902 patch.
type operation struct {
	op    string
	path  []string
	text  string     // path as written
	value *yaml.Node // nil if there is none
	key   *yaml.Node // the word "value" that stands before it
	file  string     // where the operation stands
	at    manifest.Position
}

// target are the objects that a patch is for: what is nil is any.
type target struct {
	group, version, kind, name, namespace *regexp.Regexp
	called                                string // the one name that name matches, if it is one
}

// may reports whether a patch is for an object, as far as that is known.
func (t target) may(o *manifest.Object) bool {
	namespace, sure := effectiveNamespace(o)
	if !sure {
		namespace = cmp.Or(o.Namespace, "default")
	}
	return t.matches(o, namespace)
}

// matches reports whether a patch is for an object, which is known to be in namespace.
func (t target) matches(o *manifest.Object, namespace string) bool {
	version := o.APIVersion
	if _, after, found := strings.Cut(version, "/"); found {
		version = after
	}
	for _, m := range []struct {
		pattern *regexp.Regexp
		text    string
	}{{t.group, o.Group()}, {t.version, version}, {t.kind, o.Kind}, {t.name, o.Name}, {t.namespace, namespace}} {
		if m.pattern != nil && !m.pattern.MatchString(m.text) {
			return false
		}
	}
	return true
}

// patches reads a kustomization's patches. Those of a form that kgen does not
// apply itself are left to kustomize.
func (r *reader) patches(k *kustomization, name string, value *yaml.Node) {
	for _, c := range items(value) {
		c = deref(c)
		at := position(k.File, c)
		if text := field(c, "patch"); text != nil && text.Kind == yaml.ScalarNode && strings.TrimSpace(text.Value) != "" {
			// kustomize trims it, and a block of text at its end with it.
			r.onePatch(k, c, k.File, []byte(strings.TrimRightFunc(text.Value, unicode.IsSpace)), text, at)
			continue
		}
		path := field(c, "path")
		if path == nil || path.Kind != yaml.ScalarNode || path.Value == "" {
			k.leave("a patch without path or patch", at)
			continue
		}
		r.entry(k, name, path.Value, position(k.File, path), nil)
		e := k.Entries[len(k.Entries)-1]
		if e.Missing {
			continue
		}
		data, err := r.read(e.Target)
		if err != nil {
			r.fault(k, e.Position, "unreadable", "", "%s: %s", path.Value, cause(err))
			continue
		}
		r.onePatch(k, c, e.Target, data, nil, at)
	}
}

func (r *reader) onePatch(k *kustomization, entry *yaml.Node, file string, data []byte, inline *yaml.Node, at manifest.Position) {
	if r.exact {
		if what, n := inexactPatch(data); what != "" {
			if inline != nil {
				r.relocate(k.File, inline, n)
			}
			k.leave(what, position(file, n))
			return
		}
	}
	var document, second yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(&document); err != nil || len(document.Content) == 0 {
		k.leave("a patch that kgen cannot read", at)
		return
	}
	top := document.Content[0]
	if inline != nil {
		r.relocate(k.File, inline, top)
	}
	p := patch{at: at}
	if top.Kind == yaml.MappingNode {
		r.merge(k, file, data, inline)
		if !errors.Is(decoder.Decode(&second), io.EOF) {
			k.leave("a patch of several documents", at)
			return
		}
		if !only(entry, "path", "patch", "target") {
			k.leave("a patch with options", at)
			return
		}
		var odd string
		var n *yaml.Node
		if p.merge, odd, n = strategic(file, top); odd != "" {
			k.leave(odd, position(file, n))
			return
		}
		if which := field(entry, "target"); which != nil {
			if p.target, p.targeted = readTarget(which); !p.targeted {
				k.leave("a patch's target of another form: "+shown(which), position(k.File, which))
				return
			}
		}
		k.patches = append(k.patches, p)
		return
	}
	if decoder.Decode(&second) == nil || top.Kind != yaml.SequenceNode {
		k.leave("a patch of several documents", at)
		return
	}
	if text := bytes.TrimSpace(data); text[0] == '[' && !json.Valid(text) {
		k.leave("a patch that is nearly JSON", at)
		return
	}
	var ok bool
	if p.target, ok = readTarget(field(entry, "target")); !ok {
		if which := field(entry, "target"); which != nil {
			k.leave("a patch's target of another form: "+shown(which), position(k.File, which))
		} else {
			k.leave("a patch without a target", at)
		}
		return
	}
	for _, c := range top.Content {
		op, odd, n := readOperation(file, c)
		if odd != "" {
			k.leave(odd, position(file, n))
			return
		}
		p.operations = append(p.operations, op)
	}
	k.patches = append(k.patches, p)
}

// merge notes the strategic merge patches of a text, for the places of what they
// bring. inline is the text's node if it stands in the kustomization.
func (r *reader) merge(k *kustomization, file string, data []byte, inline *yaml.Node) {
	objects, _ := parse(file, data)
	for _, o := range objects {
		if inline != nil {
			r.relocate(k.File, inline, o.Node)
		}
	}
	k.merges = append(k.merges, objects...)
}

// relocate gives the nodes of a patch that stands in a kustomization the places
// that they have there: exactly in a literal block, and that of the whole text
// otherwise.
func (r *reader) relocate(file string, text, n *yaml.Node) {
	lines, columns := -1, 0
	if text.Style&yaml.LiteralStyle != 0 {
		data, _ := r.read(file)
		all := bytes.Split(data, []byte("\n"))
		for i, own := range strings.Split(text.Value, "\n") {
			at := text.Line + i // the line after the one with the bar, counted from 0
			if strings.TrimSpace(own) == "" || at >= len(all) {
				continue
			}
			if before, _, found := bytes.Cut(all[at], []byte(own)); found && len(bytes.TrimSpace(before)) == 0 {
				lines, columns = text.Line, len(before)
			}
			break
		}
	}
	var move func(n *yaml.Node)
	move = func(n *yaml.Node) {
		if lines < 0 {
			n.Line, n.Column = text.Line, text.Column
		} else {
			n.Line, n.Column = n.Line+lines, n.Column+columns
		}
		for _, c := range n.Content {
			move(c)
		}
	}
	move(n)
}

func readTarget(n *yaml.Node) (target, bool) {
	var t target
	if n == nil || n.Kind != yaml.MappingNode {
		return t, false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		into := map[string]**regexp.Regexp{"group": &t.group, "version": &t.version, "kind": &t.kind, "name": &t.name, "namespace": &t.namespace}[n.Content[i].Value]
		value := deref(n.Content[i+1])
		if into == nil || value.Kind != yaml.ScalarNode || !word(value) {
			return t, false
		}
		if value.Value == "" {
			continue
		}
		pattern, err := regexp.Compile("^(?:" + value.Value + ")$")
		if err != nil {
			return t, false
		}
		*into = pattern
		if into == &t.name {
			alone, err := regexp.Compile(value.Value) // in its brackets it may be one though it is none
			if err != nil {
				return t, false
			}
			if literal, whole := alone.LiteralPrefix(); whole {
				t.called = literal
			}
		}
	}
	return t, true
}

// readOperation reads one operation. odd says what in it, and n where, is of a
// form that only kustomize applies.
func readOperation(file string, entry *yaml.Node) (op operation, odd string, n *yaml.Node) {
	if entry.Kind != yaml.MappingNode {
		return op, "an operation of a patch that is no mapping: " + shown(entry), entry
	}
	op = operation{file: file, at: position(file, entry)}
	which := entry
	for i := 0; i+1 < len(entry.Content); i += 2 {
		key, value := entry.Content[i], entry.Content[i+1]
		switch key.Value {
		case "op":
			op.op, which = value.Value, value
		case "path":
			if value.Kind != yaml.ScalarNode || !strings.HasPrefix(value.Value, "/") {
				return op, "a patch's path that does not start with a slash: " + shown(value), value
			}
			op.text, op.at, n = value.Value, position(file, value), value
			for _, step := range strings.Split(value.Value[1:], "/") {
				op.path = append(op.path, strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
			}
		case "value":
			op.key, op.value = key, value
		default:
			return op, "a patch's " + shown(key), key
		}
	}
	if n == nil {
		return op, "an operation of a patch without a path", entry
	}
	// What an object is called and is decides which patches find it.
	if len(op.path) < 2 || op.path[0] == "metadata" && op.path[1] != "labels" && op.path[1] != "annotations" {
		return op, "a patch of " + shown(n), n
	}
	switch op.op {
	case "add", "replace", "test":
		if op.value == nil {
			return op, "a patch's " + op.op + " without a value", entry
		}
		if odd := unlike(op.value, 0); odd != nil {
			return op, differently(odd), odd
		}
	case "remove":
	default:
		return op, "a patch's op: " + shown(which), which
	}
	if op.path[0] == "metadata" && op.path[1] == "annotations" && !op.annotates() {
		return op, "a patch of annotations of another form: " + shown(n), n
	}
	return op, "", nil
}

// annotates reports whether an operation on annotations leaves kustomize's own
// notes alone, which are among them while it builds, and puts words into them.
func (op *operation) annotates() bool {
	switch {
	case len(op.path) == 2 && op.op == "remove":
		return true // of kustomize's own, it has a copy
	case len(op.path) == 2 && op.op != "test":
		return nonEmptyPairs(op.value) && wordsToKeep(op.value)
	case len(op.path) == 3 && op.path[2] != "":
		return inexactAnnotation(op.path[2], "") == "" && (op.op == "remove" || word(op.value) && inexactAnnotation(op.path[2], op.value.Value) == "")
	}
	return false
}

// wordsToKeep reports whether kustomize, which writes annotations anew, writes
// these as they are.
func wordsToKeep(pairs *yaml.Node) bool {
	for i := 0; i+1 < len(pairs.Content); i += 2 {
		if inexactAnnotation(pairs.Content[i].Value, pairs.Content[i+1].Value) != "" {
			return false
		}
	}
	return true
}

// jsonLike reports whether a value means the same to every reader of YAML and
// survives a way through JSON as it is written.
func jsonLike(n *yaml.Node, depth int) bool { return unlike(n, depth) == nil }

// unlike gives the first node that keeps a value from being JSON-like.
func unlike(n *yaml.Node, depth int) *yaml.Node {
	if depth > 100 {
		return n
	}
	like := false
	switch n.Kind {
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!str":
			like = word(n)
		case "!!bool":
			like = n.Value == "true" || n.Value == "false"
		case "!!int":
			like = plainInteger.MatchString(n.Value)
		}
	case yaml.SequenceNode, yaml.MappingNode:
		like = true
		for i, c := range n.Content {
			if n.Kind == yaml.MappingNode && i%2 == 0 {
				if c.Kind != yaml.ScalarNode || !word(c) {
					return c
				}
				continue
			}
			if odd := unlike(c, depth+1); odd != nil {
				return odd
			}
		}
	}
	if like {
		return nil
	}
	return n
}

var plainInteger = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,14})$`)

// apply carries out the operations on an object's mapping, which it leaves as
// it is: the changed mapping is a new one that shares what did not change.
// files gains the parts that come from the patch.
func (p *patch) apply(top *yaml.Node, files map[*yaml.Node]string) (*yaml.Node, error) {
	of := slices.IndexFunc(p.operations, onAnnotations)
	if of >= 0 {
		top = withAnnotations(top, &p.operations[of], files)
	}
	for i := range p.operations {
		op := &p.operations[i]
		changed, err := op.apply(top, op.path, files)
		if err != nil {
			return nil, &failure{op.at, fmt.Sprintf("%s %s: %s", op.op, op.text, err)}
		}
		top = changed
	}
	if of >= 0 {
		drop(field(top, "metadata"), "annotations") // metadata is a copy since withAnnotations
	}
	return top, nil
}

func onAnnotations(op operation) bool {
	return op.path[0] == "metadata" && op.path[1] == "annotations"
}

// withAnnotations is an object with annotations, be they none: to kustomize,
// whose own notes are annotations while it builds, every object has some.
func withAnnotations(top *yaml.Node, op *operation, files map[*yaml.Node]string) *yaml.Node {
	top = copyOf(top, files)
	for i := 0; i+1 < len(top.Content); i += 2 {
		if top.Content[i].Value != "metadata" || top.Content[i+1].Kind != yaml.MappingNode {
			continue
		}
		metadata := copyOf(top.Content[i+1], files)
		top.Content[i+1] = metadata
		if field(metadata, "annotations") == nil {
			key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: "annotations", Line: op.at.Line, Column: op.at.Column}
			none := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: op.at.Line, Column: op.at.Column}
			files[key], files[none] = op.file, op.file
			metadata.Content = append(metadata.Content, key, none)
		}
	}
	return top
}

// failure is a patch's that does not fit what it is for.
type failure struct {
	at   manifest.Position
	text string
}

func (f *failure) Error() string { return f.text }

func (op *operation) apply(n *yaml.Node, path []string, files map[*yaml.Node]string) (*yaml.Node, error) {
	changed := copyOf(n, files)
	last := len(path) == 1
	switch n.Kind {
	case yaml.MappingNode:
		at := -1
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == path[0] {
				at = i + 1
			}
		}
		if !last {
			if at < 0 {
				return nil, fmt.Errorf("there is no %s", path[0])
			}
			below, err := op.apply(n.Content[at], path[1:], files)
			if err != nil {
				return nil, err
			}
			changed.Content[at] = below
			return changed, nil
		}
		return op.onMapping(changed, at, path[0], files)
	case yaml.SequenceNode:
		at := len(n.Content)
		if path[0] != "-" {
			if !plainInteger.MatchString(path[0]) || path[0][0] == '-' {
				return nil, fmt.Errorf("%s is no index", path[0])
			}
			fmt.Sscan(path[0], &at)
		} else if !last || op.op != "add" {
			return nil, fmt.Errorf("there is nothing behind the last item")
		}
		if at >= len(n.Content) && !(op.op == "add" && last && at == len(n.Content)) {
			return nil, fmt.Errorf("there are %d items", len(n.Content))
		}
		if !last {
			below, err := op.apply(n.Content[at], path[1:], files)
			if err != nil {
				return nil, err
			}
			changed.Content[at] = below
			return changed, nil
		}
		return op.onList(changed, at, files)
	}
	return nil, fmt.Errorf("there is neither a mapping nor a list above %s", path[0])
}

func (op *operation) onMapping(n *yaml.Node, at int, name string, files map[*yaml.Node]string) (*yaml.Node, error) {
	// To kustomize's library (evanphx/json-patch v4), replacing what is not there adds it.
	if at < 0 && op.op != "add" && op.op != "replace" {
		return nil, fmt.Errorf("there is no %s", name)
	}
	switch op.op {
	case "test":
		return n, op.test(n.Content[at])
	case "remove":
		n.Content = append(n.Content[:at-1:at-1], n.Content[at+1:]...)
		return n, nil
	}
	if at >= 0 {
		n.Content[at] = op.brought(files)
		return n, nil
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: op.key.Line, Column: op.key.Column}
	files[key] = op.file
	n.Content = append(n.Content, key, op.brought(files))
	return n, nil
}

func (op *operation) onList(n *yaml.Node, at int, files map[*yaml.Node]string) (*yaml.Node, error) {
	switch op.op {
	case "test":
		return n, op.test(n.Content[at])
	case "remove":
		n.Content = append(n.Content[:at:at], n.Content[at+1:]...)
	case "replace":
		n.Content[at] = op.brought(files)
	case "add":
		rest := n.Content[at:]
		n.Content = append(append(n.Content[:at:at], op.brought(files)), rest...)
	}
	return n, nil
}

// brought is the operation's value as part of an object: a node of its own, so
// that two objects do not share what is known of it.
func (op *operation) brought(files map[*yaml.Node]string) *yaml.Node {
	value := *op.value
	files[&value] = op.file
	return &value
}

func (op *operation) test(n *yaml.Node) error {
	have, err := manifest.ValueOf(n)
	if err != nil {
		return err
	}
	want, err := manifest.ValueOf(op.value)
	if err != nil {
		return err
	}
	if !have.Equal(want) {
		if have.Kind == manifest.Scalar && want.Kind == manifest.Scalar {
			return fmt.Errorf("the value is %v, not %v", have.Scalar, want.Scalar)
		}
		return fmt.Errorf("the value is another one")
	}
	return nil
}

// copyOf is a node with a list of its own, which comes from where n does.
func copyOf(n *yaml.Node, files map[*yaml.Node]string) *yaml.Node {
	c := *n
	c.Content = append(make([]*yaml.Node, 0, len(n.Content)+2), n.Content...)
	if from, ok := files[n]; ok {
		files[&c] = from
	}
	return &c
}
