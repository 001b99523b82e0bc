package promql

import "kgen.dev/kgen/internal/diag"

// near is the function that a word most likely means, as half a sentence.
func near(name string) string {
	if best := diag.Nearest(name, functionNames()); best != "" {
		return "; did you mean " + best + "?"
	}
	return ""
}
