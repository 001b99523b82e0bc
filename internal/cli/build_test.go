package cli

import (
	"errors"
	"testing"

	"kgen.dev/kgen/internal/build"
)

// TestNotBuilt: that the two ways to build differ is kgen's mistake, not the
// input's, and ends a run with 1.
func TestNotBuilt(t *testing.T) {
	var refused *refusal
	err := notBuilt("shop", &build.Difference{Resource: "Service shop/web", Own: "  a: null", Stock: `  a: ""`})
	if !errors.As(err, &refused) {
		t.Fatalf("%v is no refusal", err)
	}
	want := "kgen: build shop: kgen and kustomize differ, first in Service shop/web: kgen prints \"  a: null\" where kustomize prints \"  a: \\\"\\\"\"; this is a mistake of kgen's: please report it with the files of the build"
	if got := line(refused.reasons[0]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := notBuilt("shop", errors.New("no such file")); errors.As(err, &refused) || err.Error() != "build shop: no such file" {
		t.Errorf("got %v", err)
	}
}
