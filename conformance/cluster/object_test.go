package cluster

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestObjects(t *testing.T) {
	const service = "apiVersion: v1\nkind: Service\nmetadata: {name: cart, namespace: shop}\n"
	const space = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
	const note = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: note, namespace: shop}\ndata:\n  text: |\n    ---\n    inside\n"
	for _, tt := range []struct {
		name, stream string
		want         []string
	}{
		{"nothing", "", nil},
		{"one", space, []string{"Namespace shop"}},
		{"a divider before and after", "---\n" + space + "---\n", []string{"Namespace shop"}},
		{"in order", service + "---\n" + space, []string{"Service shop/cart", "Namespace shop"}},
		{"comments alone", "# a licence\n---\n" + space, []string{"Namespace shop"}},
		{"dashes inside a text", note + "---\n" + space, []string{"ConfigMap shop/note", "Namespace shop"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			objects, err := Objects([]byte(tt.stream))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range objects {
				got = append(got, o.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestObjectsRefuses(t *testing.T) {
	const good = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n"
	for _, tt := range []struct{ name, document, want string }{
		{"no name", "apiVersion: v1\nkind: Service\n", `document 2: apiVersion "v1", kind "Service" and name ""`},
		{"no kind", "apiVersion: v1\nmetadata: {name: cart}\n", `document 2: apiVersion "v1", kind "" and name "cart"`},
		{"no YAML", "kind: [\n", "document 2: yaml"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			objects, err := Objects([]byte(good + tt.document))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Objects gives %v and error %v, want one with %q", objects, err, tt.want)
			}
		})
	}
}

// FuzzObjects: whatever the stream, an object has a whole head, and its text is
// the stream's own, in its order.
func FuzzObjects(f *testing.F) {
	f.Add([]byte("---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\n# end\n"))
	f.Add([]byte("apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\n---\nkind: 3\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		objects, err := Objects(stream)
		if err != nil {
			return
		}
		rest := append([]byte("\n"), stream...)
		for _, o := range objects {
			if o.APIVersion == "" || o.Kind == "" || o.Name == "" {
				t.Errorf("%+v is no object", o)
			}
			_, after, found := bytes.Cut(rest, o.Text)
			if !found {
				t.Fatalf("%q is not in what is left of the stream, %q", o.Text, rest)
			}
			rest = after
		}
	})
}
