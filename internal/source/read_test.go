package source_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/tree"
)

// repo makes a tree of a text: "-- path --" lines before each file.
func repo(text string) *tree.Tree {
	files := tree.New()
	for _, part := range strings.Split(text, "\n-- ")[1:] {
		name, data, _ := strings.Cut(part, " --\n")
		files.Set(name, []byte(data+"\n"))
	}
	return files
}

// write puts a tree on the disk, and goes there.
func write(t *testing.T, files *tree.Tree) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, data := range files.All() {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// said is everything of a set that a reader sees: objects, what was built how,
// what lies beside it, and the findings.
func said(set *source.Set) string {
	var b strings.Builder
	for _, o := range set.Objects {
		b.WriteString(o.Place() + " " + o.Ref() + "\n")
	}
	for _, build := range set.Builds {
		b.WriteString("built " + build.Dir)
		if build.Because != "" {
			b.WriteString(" by kustomize: " + build.Because + " " + build.Position.String())
		}
		b.WriteString("\n")
	}
	for _, k := range set.Kustomizations {
		for _, e := range k.Entries {
			if e.First != nil {
				b.WriteString("again " + e.Position.String() + " " + e.Path + " after " + e.First.String() + "\n")
			}
			if e.Missing {
				b.WriteString("missing " + e.Position.String() + " " + e.Path + "\n")
			}
		}
		for _, m := range k.Mutators {
			b.WriteString("mutator " + m.Field + " " + m.Position.String() + "\n")
		}
		for _, o := range k.Orphans {
			b.WriteString("orphan " + o + " of " + k.Dir + "\n")
		}
		for _, u := range k.Unreached {
			b.WriteString("unreached " + u + " of " + k.Dir + "\n")
		}
	}
	for _, d := range set.Findings {
		b.WriteString(d.String() + "\n")
	}
	return strings.TrimSpace(b.String())
}

const pod = "{apiVersion: v1, kind: Pod, metadata: {name: x}}"

// TestRead tells what each argument becomes. The same tree is read from the
// disk and, where its argument is a folder, from memory.
func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, files, stdin string
		args               []string
		want               string
	}{
		{name: "a kustomization", args: []string{"."}, files: `
-- kustomization.yaml --
resources: [a.yaml, sub, a.yaml]
-- a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}
-- sub/kustomization.yml --
resources:
- b.yaml
- ../a.yaml
-- sub/b.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: b}}
-- sub/forgotten.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: f}}
-- sub/more/notes.yaml --
just: notes
-- sub/more/deep.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: d}}
-- environments/eu/kustomization.yaml --
resources: [../..]
-- .hidden/x.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: h}}
-- kgen.yaml --
{apiVersion: kgen.dev/v1alpha1, kind: Network}`, want: `
a.yaml:1 Pod a
sub/b.yaml:1 Pod b
built .
again kustomization.yaml:1:26 a.yaml after kustomization.yaml:1:13
unreached environments/eu of .
missing sub/kustomization.yml:3:3 ../a.yaml
orphan sub/forgotten.yaml of sub
orphan sub/more/deep.yaml of sub
kustomization.yaml:1:26: resources: a.yaml is named before, in line 1; remove one of them
sub/kustomization.yml:3:3: resources: ../a.yaml is not in or below the folder of its kustomization; move it there, or name a folder with a kustomization`},
		{name: "an environment", args: []string{"environments/eu"}, files: `
-- base/kustomization.yaml --
resources: [a.yaml]
-- base/a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}}
-- environments/eu/kustomization.yaml --
resources: [../../base]
patches:
- target: {kind: Pod, name: a}
  path: p.yaml
-- environments/eu/p.yaml --
- {op: test, path: /metadata/labels/app, value: b}`, want: `
base/a.yaml:1 Pod a
built environments/eu
environments/eu/p.yaml:1:20: test /metadata/labels/app: the value is a, not b, in Pod a of base/a.yaml:1; correct the patch`},
		{name: "a folder without a kustomization", args: []string{"."}, files: `
-- a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}
-- b.json --
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "b"}}
-- package.json --
{"name": "x"}
-- broken.json --
{"name": 
-- c/x.yml --
{apiVersion: v1, kind: Pod, metadata: {name: x}}
-- base/kustomization.yaml --
resources: [p.yaml]
-- base/p.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: p}}
-- overlay/kustomization.yaml --
namePrefix: o-
resources: [../base]
-- kgen.yaml --
kind: Network
-- .github/w.yaml --
on: push`, want: `
base/p.yaml:1 Pod o-p
a.yaml:1 Pod a
b.json:1 Pod b
c/x.yml:1 Pod x
built overlay by kustomize: namePrefix overlay/kustomization.yaml:1:1
mutator namePrefix overlay/kustomization.yaml:1:1
broken.json:1:1: did not find expected node content; correct the YAML`},
		{name: "files, the same twice, and a kustomization by its file", args: []string{"a.yaml", "./a.yaml", "k/kustomization.yaml"}, files: `
-- a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}
-- k/kustomization.yaml --
resources: [x.yaml]
-- k/x.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: x}}`, want: `
a.yaml:1 Pod a
k/x.yaml:1 Pod x
built k`},
		{name: "nothing, addresses and devices", args: []string{"none.yaml", "https://example.com/x.yaml", "git@example.com:a/b", "/dev/zero", ""}, want: `
an argument is empty; name a file or a folder, or - for the standard input
git@example.com:a/b is an address, and kgen fetches nothing; download it and name the file or folder
https://example.com/x.yaml is an address, and kgen fetches nothing; download it and name the file or folder
/dev/zero: is neither a file nor a folder; write it to a file, or pipe it into kgen with -
none.yaml: there is no such file or folder; name a file or a folder, or - for the standard input`},
		{name: "what kustomize would fetch", args: []string{"."}, files: `
-- kustomization.yaml --
resources:
- https://example.com/x.yaml
- github.com/kubernetes-sigs/kustomize//examples?ref=v1
- git@example.com:a/b.git
- b.yaml
components: [ssh://example.com/c]
patches:
- path: http://example.com/p.yaml
configMapGenerator:
- name: c
  files: [k=https://example.com/f]
generators:
- |
  apiVersion: builtin
  kind: ConfigMapGenerator
  metadata: {name: g}
  files: [https://example.com/g]
helmCharts: [{name: x}]
-- a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}`, want: `
built . by kustomize: configMapGenerator kustomization.yaml:9:1
missing kustomization.yaml:2:3 https://example.com/x.yaml
missing kustomization.yaml:3:3 github.com/kubernetes-sigs/kustomize//examples?ref=v1
missing kustomization.yaml:4:3 git@example.com:a/b.git
missing kustomization.yaml:5:3 b.yaml
missing kustomization.yaml:6:14 ssh://example.com/c
missing kustomization.yaml:8:9 http://example.com/p.yaml
missing kustomization.yaml:11:11 https://example.com/f
orphan a.yaml of .
kustomization.yaml:2:3: resources: https://example.com/x.yaml is an address, and kgen fetches nothing; download it and name the file
kustomization.yaml:3:3: resources: github.com/kubernetes-sigs/kustomize//examples?ref=v1 is an address, and kgen fetches nothing; download it and name the file
kustomization.yaml:4:3: resources: git@example.com:a/b.git is an address, and kgen fetches nothing; download it and name the file
kustomization.yaml:5:3: resources: there is no b.yaml; write a.yaml
kustomization.yaml:6:14: components: ssh://example.com/c is an address, and kgen fetches nothing; download it and name the file
kustomization.yaml:8:9: patches: http://example.com/p.yaml is an address, and kgen fetches nothing; download it and name the file
kustomization.yaml:11:11: configMapGenerator: https://example.com/f is an address, and kgen fetches nothing; download it and name the file
kustomization.yaml:13:3: https://example.com/g is an address, and kgen fetches nothing; download it and name the file
kustomization.yaml:18:1: kgen runs no helm, which helmCharts needs; render the chart with helm template and name its output`},
		{name: "what kustomize would fetch under another spelling", args: []string{"."}, files: `
-- kustomization.yaml --
Resources: [https://example.com/x.yaml]
resources: [github.com/a/b]
patches: [{Path: https://example.com/p}]
-- github.com/a/b/kustomization.yaml --
resources: [x.yaml]
-- github.com/a/b/x.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: x}}`, want: `
built . by kustomize: Resources kustomization.yaml:1:1
kustomization.yaml:1:1: Resources is read by kustomize alone; write resources
kustomization.yaml:2:13: resources: kustomize takes github.com/a/b for an address; give the folder another name
kustomization.yaml:3:12: Path is read by kustomize alone; write path`},
		{name: "a circle", args: []string{"a"}, files: `
-- a/kustomization.yaml --
resources: [../b, x.yaml]
-- a/x.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: x}}
-- b/kustomization.yaml --
resources: [../a]`, want: `
a/x.yaml:1 Pod x
built a
missing b/kustomization.yaml:1:13 ../a
b/kustomization.yaml:1:13: resources: ../a leads to a kustomization that leads here, or to a folder above one; remove the entry`},
		{name: "the same object twice", args: []string{"."}, files: `
-- kustomization.yaml --
resources: [a.yaml, b.yaml, sub]
-- a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}
-- b.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: default}}
-- sub/kustomization.yaml --
resources: [x.yaml]
patches:
- patch: |
    $patch: delete
    apiVersion: v1
    kind: Pod
    metadata: {name: z}
-- sub/x.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: x}}`, want: `
a.yaml:1 Pod a
sub/x.yaml:1 Pod x
built .
b.yaml:1:1: Pod default/a is in this build already: a.yaml:1:1; remove one of them, or do not build both
sub/kustomization.yaml:4:5: there is no Pod z to patch; correct the name or the namespace, or remove the patch`},
		{name: "helm's output", args: []string{"-"}, stdin: `---
# Source: chart/templates/service.yaml
apiVersion: v1
kind: Service
metadata: {name: s}
---
# Source: chart/templates/empty.yaml
---
# Source: chart/templates/list.yaml
apiVersion: v1
kind: List
items:
- {apiVersion: example.com/v1, kind: Unknown, metadata: {name: u}}
- {apiVersion: v1, kind: Pod, metadata: {name: &n p, labels: {app: *n}}}
---
# Source: chart/templates/broken.yaml
a: b
 c: d
---
apiVersion: v1
kind: Pod
metadata: {name: q}
`, want: `
chart/templates/service.yaml:1 Service s
chart/templates/list.yaml:4 Unknown u
chart/templates/list.yaml:5 Pod p
stdin:20 Pod q
chart/templates/broken.yaml:2:2: mapping values are not allowed in this context; correct the YAML`},
		{name: "garbage", args: []string{"-"}, stdin: "a: [\n---\n" + pod + "\n---\n- list\n---\n\tb\n---\nkind: Pod\n---\n" + strings.Replace(pod, "x", "y", 1), want: `
stdin:3 Pod x
stdin:11 Pod y
stdin:1:1: did not find expected node content; correct the YAML
stdin:5:1: this document is no Kubernetes object; start it with apiVersion: and kind:
stdin:7:2: found character that cannot start any token; correct the YAML
stdin:9:1: this object lacks apiVersion or kind; give both, as every Kubernetes object has them`},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := repo(test.files)
			write(t, files)
			set, err := source.Read(context.Background(), strings.NewReader(test.stdin), test.args)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(strings.TrimSpace(test.want), said(set)); diff != "" {
				t.Errorf("from the disk (-want +got):\n%s", diff)
			}
			if len(test.args) != 1 || files.Len() == 0 {
				return
			}
			if set, err = source.FromTree(context.Background(), files, test.args[0]); err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(strings.TrimSpace(test.want), said(set)); diff != "" {
				t.Errorf("from memory (-want +got):\n%s", diff)
			}
		})
	}
}

// TestReadLarge refuses a file that is too large before it reads it, and a
// stream when it has become too large.
func TestReadLarge(t *testing.T) {
	t.Chdir(t.TempDir())
	f, err := os.Create("large.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(source.MostBytes+1), f.Close()); err != nil {
		t.Fatal(err)
	}
	set, err := source.Read(context.Background(), endless{}, []string{"large.yaml", "-"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff("large.yaml: is larger than 64 MiB\nstdin: is larger than 64 MiB", said(set)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestReadStops when its context ends.
func TestReadStops(t *testing.T) {
	ctx, stop := context.WithCancelCause(context.Background())
	why := errors.New("enough")
	stop(why)
	files := repo("\n-- kustomization.yaml --\nresources: [a.yaml]\n-- a.yaml --\n" + pod)
	if set, err := source.FromTree(ctx, files, "."); !errors.Is(err, why) || set != nil {
		t.Errorf("got %v and %v, want %v", set, err, why)
	}
}

// TestPositions asks for the places of what patches brought.
func TestPositions(t *testing.T) {
	base := `
-- base/kustomization.yaml --
resources: [vs.yaml]
-- base/vs.yaml --
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: a
spec:
  hosts: [a]
  http:
  - name: first
    route:
    - {destination: {host: a}, weight: 90}
    - {destination: {host: b}, weight: 10}
-- kustomization.yaml --
resources: [base]
`
	patches := `patches:
- path: p.yaml
  target: {kind: VirtualService, name: a}
- target: {kind: VirtualService}
  patch: |-
    - op: add
      path: /metadata/labels
      value:
        team: red
-- p.yaml --
- op: replace
  path: /spec/http/0/route/0/weight
  value: 95
- op: add
  path: /spec/http/0/route/-
  value: {destination: {host: c}}
`
	type question struct {
		path []any
		want string
	}
	patched := []question{
		{[]any{}, "base/vs.yaml:1:1"},
		{[]any{"spec", "http", 0, "route", 0, "weight"}, "p.yaml:3:10"},
		{[]any{"spec", "http", 0, "route", 1, "weight"}, "base/vs.yaml:11:40"},
		{[]any{"spec", "http", 0, "route", 2, "destination", "host"}, "p.yaml:6:31"},
		{[]any{"spec", "http", 0, "route", 2, "destination", "port"}, "p.yaml:6:11"},
		{[]any{"spec", "http"}, "base/vs.yaml:7:3"},
		{[]any{"metadata", "labels", "team"}, "kustomization.yaml:10:15"},
		{[]any{"spec", "gateways", 0}, "base/vs.yaml:5:1"},
	}
	for _, test := range []struct {
		name, files string
		own         bool
		questions   []question
	}{
		{"put together by kgen", base + patches, true, patched},
		{"built by kustomize", base + "namePrefix: x-\n" + patches, false, append(append([]question{{[]any{"metadata", "name"}, "base/vs.yaml:4:9"}}, patched[:5]...), question{[]any{"metadata", "labels", "team"}, "kustomization.yaml:11:15"})},
		{"a strategic merge patch", base + `patches:
- path: m.yaml
- patch: |
    apiVersion: networking.istio.io/v1
    kind: VirtualService
    metadata: {name: a, annotations: {why: because}}
-- m.yaml --
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: a}
spec:
  gateways: [mesh, front]
`, true, []question{
			{[]any{"spec", "gateways", 1}, "m.yaml:5:20"},
			{[]any{"spec", "gateways"}, "m.yaml:5:3"},
			{[]any{"metadata", "annotations", "why"}, "kustomization.yaml:7:44"},
			{[]any{"spec", "http", 0, "route", 0, "weight"}, "base/vs.yaml:10:40"},
		}},
		{"labels, annotations and a namespace", base + "namespace: shop\nlabels:\n- pairs: {team: red}\ncommonAnnotations:\n  why: because\n", true, []question{
			{[]any{"metadata", "namespace"}, "kustomization.yaml:2:12"},
			{[]any{"metadata", "labels"}, "kustomization.yaml:4:11"},
			{[]any{"metadata", "annotations", "why"}, "kustomization.yaml:6:8"},
			{[]any{"metadata", "name"}, "base/vs.yaml:4:9"},
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			set, err := source.FromTree(context.Background(), repo(test.files), ".")
			if err != nil || len(set.Findings) > 0 || len(set.Objects) != 1 {
				t.Fatal(err, said(set))
			}
			if own := set.Builds[0].Because == ""; own != test.own {
				t.Errorf("put together by kgen: %t, want %t (%s)", own, test.own, set.Builds[0].Because)
			}
			for _, q := range test.questions {
				if got := set.Objects[0].At(q.path...).String(); got != q.want {
					t.Errorf("%s is at %s, want %s", manifest.PathText(q.path...), got, q.want)
				}
			}
		})
	}
}

// TestGeneratedPosition: what a generator makes has the generator's place.
func TestGeneratedPosition(t *testing.T) {
	set, err := source.FromTree(context.Background(), repo("\n-- kustomization.yaml --\nconfigMapGenerator:\n- name: made\n  files: [f]\n-- f --\nx"), ".")
	if err != nil || len(set.Objects) != 1 {
		t.Fatal(err, said(set))
	}
	if got := set.Objects[0].At("data", "f").String(); got != "kustomization.yaml:2:3" {
		t.Errorf("it is at %s", got)
	}
}

// TestSharedFiles: two builds of the same file have its objects each, and a
// patch in the one does not show in the other.
func TestSharedFiles(t *testing.T) {
	files := repo(`
-- base/kustomization.yaml --
resources: [a.yaml]
-- base/a.yaml --
{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80}]}}
-- one/kustomization.yaml --
resources: [../base]
patches:
- target: {name: a}
  patch: "- {op: replace, path: /spec/ports/0/port, value: 81}"
-- two/kustomization.yaml --
resources: [../base]`)
	set, err := source.FromTree(context.Background(), files, ".")
	if err != nil {
		t.Fatal(err)
	}
	var ports []int
	for _, o := range set.Objects {
		s, err := manifest.View[manifest.Service](o)
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, s.Spec.Ports[0].Port)
	}
	if diff := gocmp.Diff([]int{81, 80}, ports); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, said(set))
	}
}
