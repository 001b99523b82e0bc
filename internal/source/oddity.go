package source

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/manifest"
)

// oddity says what in a file's objects kustomize handles in a way of its own,
// and where it stands.
func oddity(file string, objects []*manifest.Object) oddness {
	for _, o := range objects {
		if what, n := ownWay(o); what != "" {
			return oddness{what, position(file, n)}
		}
	}
	return oddness{}
}

func ownWay(o *manifest.Object) (string, *yaml.Node) {
	if o.Name == "" {
		return "an object without a name", o.Node
	}
	if strings.HasSuffix(o.Kind, "List") {
		if _, items := o.Field("items"); items != nil {
			_, kind := o.Field("kind")
			return "a " + o.Kind, kind
		}
	}
	for _, key := range slices.Sorted(maps.Keys(o.Annotations)) {
		for _, prefix := range []string{"config.kubernetes.io/", "internal.config.kubernetes.io/", "config.k8s.io/", "kustomize.config.k8s.io/"} {
			if !strings.HasPrefix(key, prefix) {
				continue
			}
			at := o.Node
			if annotations := field(field(o.Node, "metadata"), "annotations"); annotations != nil {
				if n, _ := manifest.Entry(annotations, key); n != nil {
					at = n
				}
			}
			return "the annotation " + key, at
		}
	}
	var found oddities
	found.look(o.Node)
	switch {
	case found.what != "":
		return found.what, found.at
	case found.alias != nil && found.loose:
		return "an alias beside nothing, or beside a number with a fraction", found.alias
	}
	return inexactReferences(o)
}

// oddities are what is odd in one object, the first of it. Aliases make
// kustomize write the object by way of JSON, which has no dates, and spells
// nothing and numbers in its own way.
type oddities struct {
	what  string
	at    *yaml.Node
	alias *yaml.Node
	loose bool
}

func (f *oddities) note(what string, at *yaml.Node) {
	if f.what == "" {
		f.what, f.at = what, at
	}
}

func (f *oddities) look(n *yaml.Node) {
	switch n.Kind {
	case yaml.AliasNode:
		if f.alias == nil {
			f.alias = n
		}
	case yaml.ScalarNode:
		switch n.Tag {
		case "!!float", "!!null":
			f.loose = true
		case "!!timestamp":
			f.note("the date "+shown(n), n)
		case "!!binary":
			f.note("binary text", n)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; key.Kind != yaml.ScalarNode {
				f.note("a key that is no word", key)
			}
		}
		repeats(n, func(again, _ *yaml.Node) { f.note("the key "+again.Value+" twice", again) })
		for i := 1; i < len(n.Content); i += 2 {
			f.look(n.Content[i])
		}
	case yaml.SequenceNode:
		for _, c := range n.Content {
			if c.Kind == yaml.ScalarNode && c.Tag == "!!null" {
				f.note("an empty item of a list", c)
			}
			f.look(c)
		}
	}
}

// few keys are compared with each other, more by way of a map.
const few = 24

// repeats yields every scalar key of a mapping that is there before, with the
// first of its kind.
func repeats(n *yaml.Node, yield func(again, first *yaml.Node)) {
	var seen map[string]*yaml.Node
	if len(n.Content) > 2*few {
		seen = make(map[string]*yaml.Node, len(n.Content)/2)
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			continue
		}
		if seen != nil {
			if first, ok := seen[key.Value]; ok {
				yield(key, first)
			} else {
				seen[key.Value] = key
			}
			continue
		}
		for j := 0; j < i; j += 2 {
			if first := n.Content[j]; first.Kind == yaml.ScalarNode && first.Value == key.Value {
				yield(key, first)
				break
			}
		}
	}
}

// longest text of a file that a reason quotes, in characters.
const longest = 40

// shown is a value for a reason: short, and on one line.
func shown(n *yaml.Node) string {
	text := ""
	switch {
	case n.Kind == yaml.AliasNode:
		text = "*" + n.Value
	case n.Anchor != "":
		text = "&" + n.Anchor
	case n.Style&yaml.TaggedStyle != 0:
		text = n.Tag
	case n.Kind == yaml.ScalarNode && (n.Value == "" || strings.ContainsFunc(n.Value, func(r rune) bool { return r < ' ' || r == 0x7f })):
		text = fmt.Sprintf("%q", n.Value)
	case n.Kind == yaml.ScalarNode:
		text = n.Value
	case n.Kind == yaml.MappingNode:
		var keys []string
		for i := 0; i < len(n.Content) && i < 2*longest; i += 2 {
			keys = append(keys, shown(n.Content[i]))
		}
		text = "{" + strings.Join(keys, ", ") + "}"
	default:
		var all []string
		for i := 0; i < len(n.Content) && i < longest; i++ {
			all = append(all, shown(n.Content[i]))
		}
		text = "[" + strings.Join(all, ", ") + "]"
	}
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest-1]) + "…"
	}
	return text
}

// differently says of a value that readers of YAML take it differently, and
// what to do where that is certain.
func differently(n *yaml.Node) string {
	text := "a value that readers of YAML take differently: " + shown(n)
	if n.Kind != yaml.ScalarNode || n.Anchor != "" || n.Style != 0 {
		return text
	}
	switch {
	case n.ShortTag() == "!!bool":
		return text + " (write " + strings.ToLower(n.Value) + ")"
	case n.ShortTag() == "!!timestamp", n.ShortTag() == "!!str" && boolWord.MatchString(n.Value):
		return text + " (quote it)"
	}
	return text
}
