package source_test

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/tree"
)

// TestSameAsKustomize holds every kustomization of every example, environments
// among them, to what stock kustomize makes of it: value by value, object by
// object. None of them may need kustomize.
func TestSameAsKustomize(t *testing.T) {
	examples, err := os.ReadDir("../../examples")
	if err != nil {
		t.Fatal(err)
	}
	built := 0
	for _, e := range examples {
		if !e.IsDir() {
			continue
		}
		files := load(t, filepath.Join("../../examples", e.Name()))
		for _, name := range files.Paths() {
			if path.Base(name) != "kustomization.yaml" {
				continue
			}
			t.Run(e.Name()+"/"+path.Dir(name), func(t *testing.T) {
				if same(t, files, path.Dir(name)) {
					built++
				}
			})
		}
	}
	if built < 60 {
		t.Errorf("%d kustomizations were put together without kustomize, want at least 60", built)
	}
}

// same builds a folder both ways, and reports whether kgen did it by itself.
func same(t testing.TB, files *tree.Tree, dir string) bool {
	t.Helper()
	set, err := source.FromTree(context.Background(), files, dir)
	if err != nil {
		t.Fatal(err)
	}
	output, err := kustomize.BuildTree(files, dir)
	if err != nil {
		if len(set.Findings.Errors()) == 0 {
			t.Errorf("kustomize says %v, and kgen nothing", err)
		}
		return false
	}
	if err := set.Findings.Err(); err != nil {
		t.Errorf("kustomize builds it, and kgen says: %v", err)
		return false
	}
	want, err := manifest.Parse("stock", output)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(values(t, want), values(t, set.Objects)); diff != "" {
		t.Errorf("(-kustomize +kgen):\n%s", diff)
	}
	if len(set.Builds) != 1 || set.Builds[0].Dir != dir {
		t.Errorf("built %+v, want %s alone", set.Builds, dir)
	}
	return set.Builds[0].Because == ""
}

// values are the objects as text, sorted: one a line, keys in order.
func values(t testing.TB, objects []*manifest.Object) []string {
	t.Helper()
	var all []string
	for _, o := range objects {
		v, err := o.Value()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o.APIVersion+" "+o.Ref()+" "+text(v))
		// What was read beside the value is the value's.
		again := manifest.Object{APIVersion: o.APIVersion, Kind: o.Kind, Namespace: o.Namespace, Name: o.Name, Labels: o.Labels, Annotations: o.Annotations}
		fresh, err := o.With(o.Node, nil)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(again.Ref(), again.Labels, again.Annotations) != fmt.Sprint(fresh.Ref(), fresh.Labels, fresh.Annotations) {
			t.Errorf("%s: its head is not that of its mapping", o.Ref())
		}
	}
	slices.Sort(all)
	return all
}

func text(v manifest.Value) string {
	var b strings.Builder
	switch v.Kind {
	case manifest.Mapping:
		fields := slices.Clone(v.Fields)
		slices.SortFunc(fields, func(a, b manifest.Field) int { return cmp.Compare(a.Key, b.Key) })
		for _, f := range fields {
			fmt.Fprintf(&b, "%q:%s,", f.Key, text(f.Value))
		}
		return "{" + b.String() + "}"
	case manifest.Sequence:
		for _, item := range v.Items {
			b.WriteString(text(item) + ",")
		}
		return "[" + b.String() + "]"
	}
	return fmt.Sprintf("%T(%v)", v.Scalar, v.Scalar)
}

func load(t testing.TB, dir string) *tree.Tree {
	t.Helper()
	files := tree.New()
	top := os.DirFS(dir)
	err := fs.WalkDir(top, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(top, path)
		if err != nil {
			return err
		}
		return files.Add(path, data)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
