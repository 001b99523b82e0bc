package source_test

import (
	"fmt"
	"testing"

	"kgen.dev/kgen/internal/source/sourcetest"
)

// TestSameAsKustomizeAtRandom holds random repositories to stock kustomize: the
// same objects, or an error from both.
func TestSameAsKustomizeAtRandom(t *testing.T) {
	own, all := 0, 0
	for seed := range uint64(rounds) {
		files := sourcetest.Random(seed)
		ok := t.Run(fmt.Sprint(seed), func(t *testing.T) {
			all++
			if same(t, files, ".") {
				own++
			}
		})
		if !ok {
			for name, data := range files.All() {
				t.Logf("-- %s --\n%s", name, data)
			}
			return
		}
	}
	t.Logf("%d of %d put together without kustomize", own, all)
	if own < all/6 || own > all*9/10 {
		t.Errorf("%d of %d repositories were put together without kustomize: both ways are to be met", own, all)
	}
}
