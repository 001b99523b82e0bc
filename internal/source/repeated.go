package source

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// repeated are the keys that stand twice in one mapping of an object, however
// deep: the YAML library refuses them only where it decodes them, the API server
// everywhere, and other readers take one of the two.
func repeated(objects []*manifest.Object) diag.List {
	var list diag.List
	for _, o := range objects {
		for n := range mappings(o.Node) {
			repeats(n, func(again, first *yaml.Node) {
				list = append(list, diag.Diagnostic{File: o.File, Line: again.Line, Column: again.Column, Severity: diag.Error,
					Code: "yaml", Fix: "correct the YAML", Message: fmt.Sprintf("mapping key %q already defined at line %d", again.Value, first.Line)})
			})
		}
	}
	return list
}
