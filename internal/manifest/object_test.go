package manifest_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/tree"
)

func places(objects []*manifest.Object) []string {
	var out []string
	for _, o := range objects {
		out = append(out, o.Place()+" "+o.Ref())
	}
	return out
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, file, in string
		want           []string
		err            string
	}{
		{name: "documents", in: "# why\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: n}\n---\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
			want: []string{"f.yaml:2 Service n/a", "f.yaml:7 Namespace n"}},
		{name: "list", in: "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Pod\n  metadata: {name: a}\n- {apiVersion: v1, kind: Pod, metadata: {name: b}}\n",
			want: []string{"f.yaml:4 Pod a", "f.yaml:7 Pod b"}},
		{name: "empty list", in: "apiVersion: v1\nkind: List\n"},
		{name: "json", in: `{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}`, want: []string{"f.yaml:1 Pod a"}},
		{name: "nothing", in: "# only words\n"},
		{name: "null document", in: "---\nnull\n---\n~\n"},
		{name: "anchors", in: "apiVersion: v1\nkind: Pod\nmetadata: {name: &n a, labels: {app: *n}}\n", want: []string{"f.yaml:1 Pod a"}},
		{name: "unknown kind with items of its own", in: "apiVersion: x.io/v1\nkind: Bag\nmetadata: {name: b}\nitems: few\n", want: []string{"f.yaml:1 Bag b"}},
		{name: "kustomization without a kind", file: "a/kustomization.yaml", in: "resources: [x.yaml]\n", want: []string{"a/kustomization.yaml:1 Kustomization "}},
		{name: "a list at the top", in: "- a\n", err: "f.yaml:1:1: this document is no Kubernetes object; start it with apiVersion: and kind:"},
		{name: "no kind", in: "a: b\n", err: "f.yaml:1:1: this object lacks apiVersion or kind; give both, as every Kubernetes object has them"},
		{name: "good before bad", in: "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\na: [\n", want: []string{"f.yaml:1 Pod a"},
			err: "f.yaml:5: did not find expected node content; correct the YAML"},
		{name: "name is a list", in: "apiVersion: v1\nkind: Pod\nmetadata:\n  name: [a]\n", err: "f.yaml:4: a list stands where text is wanted; correct the YAML"},
	} {
		t.Run(test.name, func(t *testing.T) {
			file := test.file
			if file == "" {
				file = "f.yaml"
			}
			objects, err := manifest.Parse(file, []byte(test.in))
			if diff := cmp.Diff(test.want, places(objects)); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			got := ""
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.err, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseTree(t *testing.T) {
	files := tree.New()
	files.Set("b.yml", []byte("{apiVersion: v1, kind: Pod, metadata: {name: b}}"))
	files.Set("a/x.yaml", []byte("{apiVersion: v1, kind: Pod, metadata: {name: x}}"))
	files.Set("skipped.yaml", []byte(":"))
	files.Set("README.md", []byte("# :"))
	objects, err := manifest.ParseTree(files, func(path string) bool { return path != "skipped.yaml" })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a/x.yaml:1 Pod x", "b.yml:1 Pod b"}, places(objects)); diff != "" {
		t.Error(diff)
	}
	if _, err := manifest.ParseTree(files, nil); err == nil || !strings.Contains(err.Error(), "skipped.yaml") {
		t.Errorf("a broken file gives %v, want an error that names skipped.yaml", err)
	}
}

// TestTypedIsStrict names what each document has wrong.
func TestTypedIsStrict(t *testing.T) {
	for _, test := range []struct{ name, in, err string }{
		{"good policy", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {}, ingress: [{ports: [{port: 80}, {port: http}]}]}\n", ""},
		{"misspelt", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelecter: {}\n",
			"f.yaml:5:3: spec.podSelecter: there is no such field; write podSelector"},
		{"deep", "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec:\n  host: a\n  trafficPolicy:\n    outlierDetection: {consecutiveErrors: 5}\n",
			"f.yaml:7:24: spec.trafficPolicy.outlierDetection.consecutiveErrors: there is no such field; write consecutive5xxErrors"},
		{"in a list", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n  - port: 80\n    nome: b\n",
			"f.yaml:7:5: spec.ports[0].nome: there is no such field; write name"},
		{"a name that is a float", "apiVersion: v1\nkind: Service\nmetadata: {name: 1e3}\n", "f.yaml:3:18: metadata.name: 1e3 is read as a number, not as a string; quote it"},
		{"a name that kubectl takes for a boolean", "apiVersion: v1\nkind: Service\nmetadata: {name: on}\n", "f.yaml:3:18: metadata.name: on is read as a boolean, not as a string; quote it"},
		{"the same quoted", "apiVersion: v1\nkind: Service\nmetadata: {name: \"on\", labels: {a: '1e3'}}\n", ""},
		{"a label that is a number", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {v: 1}}\n", "f.yaml:3:33: metadata.labels.v: 1 is read as a number, not as a string; quote it"},
		{"no list", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: 80}\n", "f.yaml:4:15: spec.ports: is no list; write a list"},
		{"no mapping", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: [a]\n", "f.yaml:4:7: spec: is no mapping; write keys with values"},
		{"number wanted", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: many}]}\n", "f.yaml:4: many is text, and a whole number is wanted; correct the YAML"},
		{"a port that is a list", "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 1, targetPort: [1]}]}\n", "f.yaml:4: \"\" is neither a number nor a name; correct the YAML"},
		{"tolerant of pods", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {strategy: {type: Recreate}, template: {spec: {volumes: []}}}\n", ""},
		{"unknown kinds pass", "apiVersion: example.com/v1\nkind: Thing\nwhatever: {a: 1}\n", ""},
		{"the same kind in another group passes", "apiVersion: example.com/v1\nkind: Service\nwhatever: {a: 1}\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			objects, err := manifest.Parse("f.yaml", []byte(test.in))
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := manifest.Check(objects); err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(test.err, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func one(t *testing.T, in string) *manifest.Object {
	t.Helper()
	objects, err := manifest.Parse("f.yaml", []byte(in))
	if err != nil || len(objects) != 1 {
		t.Fatalf("%d objects, error %v; want one object", len(objects), err)
	}
	return objects[0]
}

// TestAbsentIsNotEmpty: a policy's ingress and egress, and an
// AuthorizationPolicy's rules, mean different things absent and empty.
func TestAbsentIsNotEmpty(t *testing.T) {
	policy, err := manifest.As[manifest.NetworkPolicy](one(t, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {ingress: []}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if policy.Spec.Ingress == nil || policy.Spec.Egress != nil {
		t.Errorf("ingress %v, egress %v; want empty and nil", policy.Spec.Ingress, policy.Spec.Egress)
	}
	all, err := manifest.As[manifest.AuthorizationPolicy](one(t, "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nspec: {rules: [{}]}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Spec.Rules) != 1 {
		t.Errorf("%d rules, want one empty rule", len(all.Spec.Rules))
	}
}

func TestAsWantsTheRightKind(t *testing.T) {
	_, err := manifest.As[manifest.Service](one(t, "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"))
	if want := "f.yaml:1: Namespace a is no Service; ask for the type of its kind"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestSelectorMatches(t *testing.T) {
	in := func(op string, values ...string) manifest.Selector {
		return manifest.Selector{MatchExpressions: []manifest.Requirement{{Key: "k", Operator: op, Values: values}}}
	}
	with, without := map[string]string{"k": "a"}, map[string]string{"other": "a"}
	type outcome struct{ With, Without bool }
	for name, test := range map[string]struct {
		selector manifest.Selector
		want     outcome
	}{
		"empty":              {manifest.Selector{}, outcome{true, true}},
		"label":              {manifest.Selector{MatchLabels: map[string]string{"k": "a"}}, outcome{true, false}},
		"other value":        {manifest.Selector{MatchLabels: map[string]string{"k": "b"}}, outcome{false, false}},
		"empty value":        {manifest.Selector{MatchLabels: map[string]string{"k": ""}}, outcome{false, false}},
		"In":                 {in("In", "b", "a"), outcome{true, false}},
		"In others":          {in("In", "b"), outcome{false, false}},
		"NotIn":              {in("NotIn", "a"), outcome{false, true}},
		"NotIn others":       {in("NotIn", "b"), outcome{true, true}},
		"Exists":             {in("Exists"), outcome{true, false}},
		"DoesNotExist":       {in("DoesNotExist"), outcome{false, true}},
		"no operator at all": {in(""), outcome{false, false}},
	} {
		t.Run(name, func(t *testing.T) {
			got := outcome{test.selector.Matches(with), test.selector.Matches(without)}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzParse: no input panics, what parses has a place, and its typed view
// neither panics nor takes unbounded work.
func FuzzParse(f *testing.F) {
	f.Add([]byte("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Service, spec: {ports: [{port: 1, targetPort: a}]}}]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("apiVersion: v1\nkind: Service\nmetadata: &m {labels: {a: b}}\nspec: *m\n"))
	f.Add([]byte("apiVersion: v1\nkind: &k Namespace\n<<: {metadata: {name: *k}}\n"))
	f.Add([]byte("---\n...\n%YAML 1.1\n---\n!!binary aGk=\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, err := manifest.Parse("f.yaml", data)
		if err != nil && !strings.HasPrefix(err.Error(), "f.yaml") {
			t.Errorf("error without its file: %v", err)
		}
		for _, o := range objects {
			if o.Line < 1 || o.Kind == "" {
				t.Errorf("object without line or kind: %+v", o)
			}
			if _, err := o.Typed(); err != nil && !strings.HasPrefix(err.Error(), "f.yaml") {
				t.Errorf("error without its file: %v", err)
			}
		}
	})
}
