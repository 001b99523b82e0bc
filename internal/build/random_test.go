package build_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/source/sourcetest"
	"kgen.dev/kgen/internal/tree"
)

var (
	many = flag.Int("trees", rounds, "random trees that are built both ways")
	from = flag.Uint64("from", 0, "seed of the first")
)

// TestSameAsKustomizeAtRandom holds what kgen builds itself of random
// repositories, of odd YAML and of hand-edited examples to what kustomize
// builds: the same bytes, and no error where kgen sees none. What kgen leaves to
// kustomize is kustomize's; a part of it is built nevertheless, to see
// that it is passed on with its error.
func TestSameAsKustomizeAtRandom(t *testing.T) {
	examples := examples(t)
	type kind struct {
		name      string
		make      func(seed uint64) (*tree.Tree, string)
		all, fast int
	}
	chosen := func(seed uint64) example { return examples[seed*2654435761%uint64(len(examples))] }
	nothing := func(uint64) *tree.Tree { return tree.New() }
	originals := map[string]func(uint64) *tree.Tree{"random": nothing, "odd": nothing, "mixed": nothing, "edited": func(seed uint64) *tree.Tree { return chosen(seed).files }}
	kinds := []*kind{
		{name: "random", make: func(seed uint64) (*tree.Tree, string) { return sourcetest.Random(seed), "." }},
		{name: "odd", make: func(seed uint64) (*tree.Tree, string) { return sourcetest.Odd(seed), "." }},
		{name: "mixed", make: func(seed uint64) (*tree.Tree, string) { return sourcetest.Mixed(seed), "." }},
		{name: "edited", make: func(seed uint64) (*tree.Tree, string) {
			e := chosen(seed)
			return sourcetest.Edited(seed, e.files, e.dir), e.dir
		}},
	}
	features, made, apart := features(), 0, 0
	for i := range *many {
		k, seed := kinds[i%len(kinds)], *from+uint64(i/len(kinds))
		files, dir := k.make(seed)
		k.all++
		r, err := build.OwnTree(files, dir)
		if err != nil {
			t.Fatal(err)
		}
		own := r.Because == ""
		if own {
			k.fast++
		}
		if k.name != "edited" {
			made++
			count(features, files, r)
		}
		if len(r.Apart) > 0 {
			apart++
		}
		if !own && seed%25 != 0 {
			continue
		}
		want, failed := kustomize.BuildTree(files, dir)
		got := r.Bytes()
		if !own {
			if r, err = build.Tree(context.Background(), files, dir); err == nil {
				got = r.Bytes()
			}
		}
		// Of several things that are wrong, kustomize names any one.
		for tries := 0; !own && err != nil && failed != nil && err.Error() != failed.Error() && tries < 50; tries++ {
			_, failed = kustomize.BuildTree(files, dir)
		}
		if fmt.Sprint(err) != fmt.Sprint(failed) {
			t.Errorf("%s %d: kustomize says %v, and kgen %v", k.name, seed, failed, err)
		} else if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s %d: (-kustomize +kgen):\n%s", k.name, seed, diff)
		}
		if t.Failed() {
			for name, data := range files.All() {
				if before, ok := originals[k.name](seed).File(name); !ok || !bytes.Equal(before, data) {
					t.Logf("-- %s --\n%s", name, cmp.Diff(string(before), string(data)))
				}
			}
			return
		}
	}
	t.Logf("%d with a part that kustomize built", apart)
	if *many >= 1000 {
		met(t, features, made)
		if apart < made/10 {
			t.Errorf("%d of %d with a part that kustomize built: it is to be met more often", apart, made)
		}
	}
	fast, all := 0, 0
	for _, k := range kinds {
		t.Logf("%s: %d of %d built by kgen", k.name, k.fast, k.all)
		if k.fast < k.all/4 && *many >= 1000 || k.fast == 0 {
			t.Errorf("%s: %d of %d were built by kgen: it is to be met more often", k.name, k.fast, k.all)
		}
		fast, all = fast+k.fast, all+k.all
	}
	if (fast < all/3 || fast > all*9/10) && *many >= 1000 { // fewer tell nothing of shares
		t.Errorf("%d of %d were built by kgen: both ways are to be met", fast, all)
	}
}
