package alerttest_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/alerttest"
)

// TestFilesAreTheSameEachTime: what is written of a model's scenes goes by the
// model alone.
func TestFilesAreTheSameEachTime(t *testing.T) {
	examples, err := filepath.Glob("../../examples/*/kgen.yaml")
	if err != nil || len(examples) == 0 {
		t.Fatalf("there are %d examples: %v", len(examples), err)
	}
	written := func(file string) map[string]string {
		files, err := alerttest.Files(alertsOf(t, file))
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for name, text := range files.All() {
			out[name] = string(text)
		}
		return out
	}
	for _, file := range examples {
		if diff := cmp.Diff(written(file), written(file)); diff != "" {
			t.Errorf("%s (-once +again):\n%s", file, diff)
		}
	}
}
