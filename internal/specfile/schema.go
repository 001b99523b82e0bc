package specfile

import (
	_ "embed"
	"slices"
)

//go:embed schema.json
var schema []byte

// Schema is the JSON Schema (draft 2020-12) of kgen.yaml. It is made from the
// types of package spec and their comments, by a test that holds the two equal.
func Schema() []byte { return slices.Clone(schema) }
