package tree_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

func TestAdd(t *testing.T) {
	tr := tree.New()
	for _, path := range []string{"", ".", "/a", "../a", "a/../b", "a/", "a//b", "./a"} {
		if err := tr.Add(path, nil); err == nil {
			t.Errorf("Add(%q) is no error", path)
		}
	}
	if tr.Len() != 0 {
		t.Errorf("%d files after refusals alone", tr.Len())
	}
	for _, path := range []string{"b/c.yaml", "a.yaml", "b.yaml"} {
		if err := tr.Add(path, []byte(path)); err != nil {
			t.Error(err)
		}
	}
	if err := tr.Add("a.yaml", []byte("other")); err == nil {
		t.Error("a second file under the same path is no error")
	}
	if data, ok := tr.File("a.yaml"); !ok || string(data) != "a.yaml" {
		t.Errorf("a.yaml holds %q", data)
	}
	var order []string
	for path := range tr.All() {
		order = append(order, path)
	}
	if diff := cmp.Diff([]string{"a.yaml", "b.yaml", "b/c.yaml"}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestSetAndRemove(t *testing.T) {
	tr := tree.New()
	tr.Set("a", []byte("1"))
	tr.Set("a", []byte("2"))
	if data, _ := tr.File("a"); string(data) != "2" {
		t.Errorf("a holds %q after a second Set", data)
	}
	tr.Remove("a")
	if _, ok := tr.File("a"); ok {
		t.Error("a is still there after Remove")
	}
}
