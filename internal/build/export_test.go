package build

import (
	"context"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/tree"
)

// OwnTree builds what kgen builds itself of a tree, and nothing of the rest.
func OwnTree(t *tree.Tree, dir string) (*Result, error) {
	x, err := source.ExpandTree(context.Background(), t, dir)
	if err != nil {
		return nil, err
	}
	return printed(context.Background(), x)
}

// Emit prints an object without the library; false if that is not certain.
func Emit(n *yaml.Node) ([]byte, bool) {
	var e emitter
	ok := e.object(n)
	return e.out, ok
}

// Unprintable is unprintable.
func Unprintable(n *yaml.Node) bool { return unprintable(n) != nil }

// KeyLess is keyLess.
var KeyLess = keyLess

// Differ is differ.
var Differ = differ
