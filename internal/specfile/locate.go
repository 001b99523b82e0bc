package specfile

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Locate gives the position in the text of the value at a model path, such as
// services[1].canary.weight, or that of its nearest ancestor that the text has.
func (f *File) Locate(path string) (line, column int) {
	if f.root() == nil {
		return 0, 0
	}
	return locate(f.root(), path)
}

// locate gives the position of the value at a model path, or that of its
// nearest ancestor that the text has: a default, say, has no place of its own.
func locate(root *yaml.Node, path string) (line, column int) {
	at := root
	if n := descend(root, path); n != root {
		at = n
	} else if below := value(root, "spec"); below != nil {
		if n := descend(below, path); n != below || path != "" {
			at = n
		}
	}
	return at.Line, at.Column
}

// descend follows the path as far as the text goes.
func descend(n *yaml.Node, path string) *yaml.Node {
	for path != "" {
		from := n
		if from.Kind == yaml.AliasNode {
			from = from.Alias
		}
		var next *yaml.Node
		switch from.Kind {
		case yaml.SequenceNode:
			next, path = entry(from, path)
		case yaml.MappingNode:
			next, path = member(from, path)
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// entry takes [3] off the path.
func entry(n *yaml.Node, path string) (*yaml.Node, string) {
	if !strings.HasPrefix(path, "[") {
		return nil, path
	}
	number, rest, _ := strings.Cut(path[1:], "]")
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(n.Content) {
		return nil, path
	}
	return n.Content[i], rest
}

// member takes a key off the path. Label keys hold dots, so the longest key
// of the mapping that fits is the one meant.
func member(n *yaml.Node, path string) (found *yaml.Node, rest string) {
	path = strings.TrimPrefix(path, ".")
	longest := -1
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		if n.Content[i].Kind == yaml.ScalarNode && len(key) > longest && key != "" && within(path, key) {
			found, rest, longest = n.Content[i+1], path[len(key):], len(key)
		}
	}
	return found, rest
}

// value gives the value of a mapping's key, or nil.
func value(n *yaml.Node, key string) *yaml.Node {
	_, v := pair(n, key)
	return v
}

// pair gives the key's node and its value's, or nil for both.
func pair(n *yaml.Node, key string) (k, v *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Kind == yaml.ScalarNode && n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}
