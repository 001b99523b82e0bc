package trees

import (
	"bytes"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/tree"
)

// rendered is kgen's repository of n services, as Read finds it on the disk.
func rendered(t *testing.T, n int) []File {
	t.Helper()
	f, problems := specfile.Parse("kgen.yaml", Model(n))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	files, err := gen.Render(f.Network, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for name, data := range files.All() {
		texts[name] = string(data)
	}
	dir := filepath.Join(t.TempDir(), "repository")
	if err := Write(dir, texts); err != nil {
		t.Fatal(err)
	}
	read, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func TestModelsOfAnySize(t *testing.T) {
	for n := 2; n <= 6; n++ { // one alone has no callers, and so no alerts
		files := rendered(t, n)
		count := map[string]int{}
		for _, o := range ObjectsOf(files) {
			count[o.Kind]++
		}
		want := map[string]int{
			"Namespace": 1, "Service": n, "NetworkPolicy": n + 3, "DestinationRule": n, "PeerAuthentication": n + 1,
			"AuthorizationPolicy": n + 1, "ServiceMonitor": 2, "PodMonitor": 1, "PrometheusRule": n + 2, "Role": 1, "RoleBinding": 1,
		}
		if diff := cmp.Diff(want, count); diff != "" {
			t.Errorf("%d services (-want +got):\n%s", n, diff)
		}
	}
}

// TestLayouts lets kustomize build every layout, and holds the objects against
// those that were arranged.
func TestLayouts(t *testing.T) {
	files := rendered(t, 6)
	for _, l := range Layouts {
		arranged := l.Arrange(files)
		memory := tree.New()
		for name, text := range arranged {
			if err := memory.Add(name, []byte(text)); err != nil {
				t.Fatalf("%s: %v", l.Name, err)
			}
		}
		out, err := kustomize.BuildTree(memory, ".")
		if err != nil {
			t.Errorf("%s: %v", l.Name, err)
			continue
		}
		built, err := Objects(out)
		if err != nil {
			t.Errorf("%s: %v", l.Name, err)
			continue
		}
		if err := l.Check(files, built); err != nil {
			t.Errorf("%s: %v", l.Name, err)
		}
		// Whatever is built with fewer, or more, is seen.
		if err := l.Check(files, built[1:]); err == nil {
			t.Errorf("%s: nobody misses %s", l.Name, built[0].ID())
		}
		extra := Object{APIVersion: "v1", Kind: "Secret", Namespace: Namespace, Name: "extra"}
		if err := l.Check(files, append(slices.Clone(built), extra)); err == nil {
			t.Errorf("%s: nobody sees %s", l.Name, extra.ID())
		}
	}
}

// A layout is told from the others by its files, its kustomizations and its root.
func TestLayoutsAreWhatTheySay(t *testing.T) {
	const n = 6
	files := rendered(t, n)
	folders, objects := map[string]bool{}, 0
	for _, f := range files {
		folders[filepath.Dir(f.Path)] = true
		objects += len(f.Objects)
	}
	all, leaves := len(files), len(folders)
	const more = n - 1 // with a monitor each
	type shape struct {
		files, kustomizations, root int
		fifo, namespace             bool
	}
	want := map[string]shape{
		// The Namespace is a file of the root's there, and not in a leaf folder.
		"naive":                         {objects + more, leaves, leaves, false, true},
		"three-levels":                  {all + more, leaves + 2, 2, false, false},
		"three-levels-fifo":             {all + more, leaves + 2, 2, true, false},
		"leaves-fifo":                   {all + more, leaves, leaves, true, false},
		"three-levels-fifo-monitor":     {all, leaves + 3, 2, true, false},
		"leaves-monitor":                {all, leaves + 1, leaves, false, false},
		"leaves-fifo-monitor":           {all, leaves + 1, leaves, true, false},
		"leaves-fifo-monitor-namespace": {all, leaves + 1, leaves, true, true},
		"leaves-fifo-monitor-objects":   {objects, leaves + 1, leaves, true, false},
		"files-fifo-monitor":            {all, 1, all, true, false},
		"one-file-fifo-monitor":         {1, 1, 1, true, false},
		"leaves-fifo-monitor-rule":      {all - more, leaves + 1, leaves, true, false},
	}
	got := map[string]shape{}
	for _, l := range Layouts {
		arranged := l.Arrange(files)
		root := arranged["kustomization.yaml"]
		s := shape{root: len(resources(root)), fifo: strings.Contains(root, "order: fifo"), namespace: strings.Contains(root, "\nnamespace: large\n")}
		for name := range arranged {
			if filepath.Base(name) == "kustomization.yaml" {
				s.kustomizations++
			} else {
				s.files++
			}
		}
		got[l.Name] = s
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(shape{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The layout that is said to be kgen's names in each folder what kgen's own
// kustomization of that folder names, and sorts as that does; but for those of the
// two halves, which the root does not build.
func TestKgensLayoutIsKgens(t *testing.T) {
	f, problems := specfile.Parse("kgen.yaml", Model(6))
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	files, err := gen.Render(f.Network, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	type kustomization struct {
		Resources   []string
		SortOptions map[string]string `yaml:"sortOptions"`
		Namespace   string
	}
	read := func(all iter.Seq2[string, []byte]) map[string]kustomization {
		out := map[string]kustomization{}
		for name, data := range all {
			if filepath.Base(name) != "kustomization.yaml" || gen.Half(filepath.Dir(name)) {
				continue
			}
			var k kustomization
			if err := yaml.Unmarshal(data, &k); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			slices.Sort(k.Resources)
			out[name] = k
		}
		return out
	}
	kgens, err := LayoutNamed(Kgens)
	if err != nil {
		t.Fatal(err)
	}
	arranged := func(yield func(string, []byte) bool) {
		for name, text := range kgens.Arrange(rendered(t, 6)) {
			if !yield(name, []byte(text)) {
				return
			}
		}
	}
	if diff := cmp.Diff(read(files.All()), read(arranged)); diff != "" {
		t.Errorf("(-kgen +layout):\n%s", diff)
	}
}

// The one rule has the groups of every service in it.
func TestSharedRuleHoldsEveryService(t *testing.T) {
	found := 0
	for _, o := range ObjectsOf(oneRule(rendered(t, 6))) {
		if o.Name != "large-services" {
			continue
		}
		found++
		for i := range 6 {
			if n := strings.Count(o.Text, "\n  - name: large-"+Service(i)+"\n"); n != 1 {
				t.Errorf("%s has %d groups in the one rule", Service(i), n)
			}
		}
		var value any
		if err := yaml.Unmarshal([]byte(o.Text), &value); err != nil {
			t.Error(err)
		}
	}
	if found != 1 {
		t.Errorf("%d shared rules", found)
	}
}

// With a monitor each, there are seven objects a service, each monitor selects
// one Service by its name, and nothing is left of the one monitor.
func TestAMonitorEach(t *testing.T) {
	files := aMonitorEach(rendered(t, 6))
	count, monitors := map[string]int{}, map[string]string{}
	for _, f := range files {
		for _, o := range f.Objects {
			if strings.Contains(o.Text, "kgen.dev/scrape") {
				t.Errorf("%s has to do with the one monitor", o.ID())
			}
			if ofService(f) {
				count[filepath.Base(f.Path)]++
			}
			if ofService(f) && o.Kind == "ServiceMonitor" {
				monitors[filepath.Base(f.Path)] = o.Text
			}
		}
	}
	wantCount, wantMonitors := map[string]int{}, map[string]string{}
	for i := range 6 {
		wantCount[Service(i)+".yaml"] = 7
		wantMonitors[Service(i)+".yaml"] = `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: large-` + Service(i) + `
  namespace: monitoring
  labels:
    release: kube-prometheus-stack
spec:
  namespaceSelector:
    matchNames:
    - large
  selector:
    matchLabels:
      app.kubernetes.io/name: ` + Service(i) + `
  endpoints:
  - port: http-metrics
    path: /metrics
`
	}
	if diff := cmp.Diff(wantCount, count); diff != "" {
		t.Errorf("objects (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantMonitors, monitors); diff != "" {
		t.Errorf("monitors (-want +got):\n%s", diff)
	}
}

func TestObjects(t *testing.T) {
	const text = `# A comment first.
apiVersion: v1
kind: Service
metadata:
  labels:
    name: not-this
  name: "web"
  namespace: shop
spec:
  name: nor-this
---
---
# Source: chart/templates/a.yaml
kind: Namespace
apiVersion: v1
metadata:
  name: shop
`
	got, err := Objects([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, o := range got {
		ids = append(ids, o.ID())
	}
	if diff := cmp.Diff([]string{"v1 Service shop web", "v1 Namespace  shop"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := Objects([]byte("a: b\n---\nkind: Pod\n")); err == nil || !strings.Contains(err.Error(), "ends on line 2") {
		t.Errorf("a document without a kind: %v", err)
	}
}

// render is what helm template does to a chart of this kind: each template, with
// the values, in the order of their names.
func render(t *testing.T, chart Chart) []Object {
	t.Helper()
	var values map[string]any
	if err := yaml.Unmarshal([]byte(chart["values.yaml"]), &values); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(chart)) {
		if !strings.HasPrefix(name, "templates/") {
			continue
		}
		parsed, err := template.New(name).Option("missingkey=error").Parse(chart[name])
		if err != nil {
			t.Fatal(err)
		}
		out.WriteString("---\n# Source: " + name + "\n")
		if err := parsed.Execute(&out, map[string]any{"Values": values}); err != nil {
			t.Fatal(err)
		}
		out.WriteString("\n")
	}
	objects, err := Objects(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

func TestTheChartSaysTheSame(t *testing.T) {
	sample := rendered(t, sampleServices)
	for _, n := range []int{5, 6, 23} {
		files := rendered(t, n)
		chart, err := NewChart(sample, files, n)
		if err != nil {
			t.Fatal(err)
		}
		if err := SameText(ObjectsOf(files), render(t, chart)); err != nil {
			t.Errorf("%d services: %v", n, err)
		}
		chart["values.yaml"] = strings.Replace(chart["values.yaml"], "calls: [service-0001, service-0002]", "calls: [service-0002, service-0001]", 1)
		if err := SameText(ObjectsOf(files), render(t, chart)); err == nil || !strings.Contains(err.Error(), "service-0000") {
			t.Errorf("%d services: calls in another order are not seen: %v", n, err)
		}
	}
}

func TestNoChartOfTooFew(t *testing.T) {
	files := rendered(t, 4)
	if _, err := NewChart(rendered(t, sampleServices), files, 4); err == nil {
		t.Error("a chart of 4 services")
	}
	if _, err := NewChart(files, files, 7); err == nil || !strings.Contains(err.Error(), "another service") {
		t.Errorf("a sample in which callers are called: %v", err)
	}
	if _, err := NewChart(nil, files, 7); err == nil {
		t.Error("a chart without a sample")
	}
}

func TestSameTextSees(t *testing.T) {
	object := func(name, text string) Object { return Object{Kind: "K", Name: name, Text: text} }
	want := []Object{object("a", "kind: K\n# Why.\nx: 1\n\n"), object("b", "y: 2\n")}
	for _, c := range []struct {
		name string
		got  []Object
		want string
	}{
		{"another order, other comments", []Object{object("b", "y: 2"), object("a", "# Else.\nkind: K\nx: 1  \n")}, ""},
		{"another value", []Object{object("a", "kind: K\nx: 2\n"), object("b", "y: 2\n")}, `"x: 2" where "x: 1" is meant`},
		{"a line too many", []Object{object("a", "kind: K\nx: 1\n"), object("b", "y: 2\nz: 3\n")}, `"z: 3" where "" is meant`},
		{"one missing", []Object{object("a", "kind: K\nx: 1\n")}, "of 2 objects 1 are missing ( K  b), and 0 are too many"},
		{"one twice", []Object{object("a", "kind: K\nx: 1\n"), object("b", "y: 2\n"), object("b", "y: 2\n")}, "0 are missing, and 1 are too many ( K  b)"},
	} {
		err := SameText(want, c.got)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestWriteKeepsWhatIsThere(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, map[string]string{"a": "b"}); err == nil {
		t.Error("a folder that is there is written to")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestLayoutNamed(t *testing.T) {
	for _, name := range Names() {
		if l, err := LayoutNamed(name); err != nil || l.Name != name {
			t.Errorf("%s: %s, %v", name, l.Name, err)
		}
	}
	if _, err := LayoutNamed("none"); err == nil || !strings.Contains(err.Error(), "naive") {
		t.Errorf("an unknown one: %v", err)
	}
}
