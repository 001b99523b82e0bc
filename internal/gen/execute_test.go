package gen_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

// sameAlone renders a model with the executor and with text/template alone, and
// holds the results against each other, errors included. It returns the templates
// that the executor left to text/template.
func sameAlone(t *testing.T, n *spec.Network, o gen.Options) []string {
	t.Helper()
	var lock sync.Mutex
	var left []string
	fast, errFast := gen.Render(n, o.GaveUp(func(template string) {
		lock.Lock()
		defer lock.Unlock()
		if !slices.Contains(left, template) {
			left = append(left, template)
		}
	}))
	slow, errSlow := gen.Render(n, o.Alone())
	if errFast != nil || errSlow != nil {
		if errFast == nil || errSlow == nil || errFast.Error() != errSlow.Error() {
			t.Errorf("the executor says: %v\ntext/template says: %v", errFast, errSlow)
		}
		return left
	}
	if diff := cmp.Diff(slow.Paths(), fast.Paths()); diff != "" {
		t.Errorf("files (-text/template +executor):\n%s", diff)
	}
	for path, want := range slow.All() {
		got, _ := fast.File(path)
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s (-text/template +executor):\n%s", path, diff)
		}
	}
	slices.Sort(left)
	return left
}

func example(t *testing.T, file string) *spec.Network {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	model, errs := specfile.Parse(file, data)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return model.Network
}

// TestExecutorIsTextTemplate renders the examples and platforms of the matrix with
// all that a model can say. No template of a service is left to
// text/template: that would cost what the executor saves.
func TestExecutorIsTextTemplate(t *testing.T) {
	files, err := filepath.Glob("../../examples/*/kgen.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no examples", err)
	}
	models := map[string]*spec.Network{"large": largeModel(20)}
	for _, file := range files {
		models[file] = example(t, file)
	}
	for i, p := range platforms() {
		if i%4 == 0 { // every mesh and most doors: the matrix renders them all
			models[p.name] = environmentsOf(everythingOn(p, i), i)
		}
	}
	for name, n := range models {
		t.Run(name, func(t *testing.T) {
			for _, template := range sameAlone(t, n, gen.Options{}) {
				if strings.HasPrefix(template, "networking/") || strings.HasPrefix(template, "monitoring/") {
					t.Errorf("%s is left to text/template", template)
				}
			}
		})
	}
}

// TestExecutorOwnTemplates tries what a person's template may say: what the
// executor knows, what it leaves, and what is wrong.
func TestExecutorOwnTemplates(t *testing.T) {
	const at = "networking/services/service.yaml.tmpl"
	n := example(t, "../../examples/online-boutique/kgen.yaml")
	for name, text := range map[string]string{
		"pipeline":            `name: {{ .Name | upper | quoted }}`,
		"printf":              `name: {{ printf "%q" .Name }}`,
		"len":                 `ports: {{ len .Ports }}`,
		"break":               "ports:\n{{ range .Ports }}- {{ scalar .Name }}\n{{ break }}{{ end }}",
		"index":               "{{ range $i, $p := .Ports }}p{{ $i }}: {{ scalar $p.Name }}\n{{ end }}",
		"range of two":        "{{ range $i, $_ := .Ports }}p{{ $i }}: {{ scalar .Name }}\n{{ else }}none: 1\n{{ end }}",
		"range of a mapping":  "{{ range $k, $v := .PodLabels }}{{ scalar $k }}: {{ scalar $v }}\n{{ end }}",
		"range of a dict":     `{{ range $k, $v := dict "b" 1 "a" "two" }}{{ $k }}: {{ $v }}{{ "\n" }}{{ end }}`,
		"set in a range":      `{{ $last := "none" }}{{ range .Ports }}{{ $last = .Name }}{{ end }}last: {{ scalar $last }}`,
		"shadowed":            `{{ $x := "a" }}{{ if true }}{{ $x := "b" }}{{ end }}x: {{ $x }}`,
		"set in an if":        `{{ $x := "a" }}{{ if .Name }}{{ $x = "b" }}{{ end }}x: {{ $x }}`,
		"with of its own":     `{{ with $n := .Name }}x: {{ scalar $n }}{{ end }}`,
		"with else":           `{{ with .Canary }}x: 1{{ else with .Name }}y: {{ scalar . }}{{ end }}`,
		"and":                 `x: {{ and .Name true 3 }}`,
		"or":                  `x: {{ or .Name "z" }}`,
		"and, or, not":        `x: {{ or .Canary .Name "z" }}` + "\ny: {{ and .Name true 3 }}\nz: {{ not .Name }}",
		"comparisons":         `x: {{ eq .Name "frontend" }}` + "\ny: {{ ne (len .Ports) 1 }}\nz: {{ eq .Name \"a\" \"b\" }}\nw: {{ gt 2 1 }}",
		"comparison of kinds": `x: {{ eq .Name 3 }}`,
		"numbers":             `x: {{ 3 }}` + "\ny: {{ 1.5 }}\nz: {{ 'a' }}\nu: {{ 0x10 }}",
		"whole floats":        "x: {{ 1e6 }}\ny: {{ 10000000.0 }}\nz: {{ print 1e7 -3 +4 007 1_000 }}",
		"a float beside one":  `x: {{ eq 1e3 1000 }}`,
		"an imaginary number": `x: {{ 0i }}`,
		"a list":              `x: {{ join "," (list "a" "b") }}`,
		"a mapping printed":   `x: "{{ .PodLabels }}"`,
		"a nil":               `x: {{ nil }}`,
		"a nil printed":       `x: "{{ .Canary }}"`,
		"a field of nil":      `x: {{ .Canary.Version }}`,
		"no such field":       `x: {{ .Nothing }}`,
		"no such key":         `x: {{ (dict "a" 1).b }}`,
		"a key":               `x: {{ (dict "a" 1).a }}`,
		"a dict's key":        `{{ with dict "a" 1 "b" "c" }}x: {{ .a }}` + "\ny: {{ .b }}{{ end }}",
		"a dict's lost key":   `{{ with dict "a" 1 }}x: {{ .b }}{{ end }}`,
		"a wrong scalar":      `x: {{ scalar .Ports }}`,
		"a wrong argument":    `x: {{ literal "a" 3 }}`,
		"too few arguments":   `x: {{ labels 4 }}`,
		"a function's error":  `x: {{ repeat -1 "a" }}`,
		"a panic":             `x: {{ first 3 }}`,
		"no such template":    `{{ template "nothing" . }}`,
		"endless":             `{{ template "` + at + `" . }}`,
		"a method's value":    `x: {{ .App.Name }}` + "\ny: {{ .HasService }}\nz: {{ .Exposed }}",
		"a method that takes": `x: {{ .Nothing 3 }}`,
		"a named text":        `x: {{ .Type }}`,
		"a port":              "{{ range .Ports }}- {{ .Port }}: {{ .TargetPort }}\n{{ end }}",
		"dollar":              "{{ range .Ports }}- {{ scalar $.Name }}\n{{ end }}",
		"a block":             `{{ block "inner" . }}x: {{ scalar .Name }}{{ end }}`,
		"a template's own":    `{{ define "inner" }}x: {{ scalar . }}{{ end }}{{ template "inner" .Name }}`,
		"a template's dollar": `{{ define "inner" }}x: {{ scalar $ }}{{ end }}{{ template "inner" .Name }}`,
		"a template's none":   `{{ define "inner" }}x: 1{{ end }}{{ template "inner" }}`,
		"over its variables":  `{{ define "inner" }}{{ $a := 1 }}{{ end }}{{ $a := "x" }}{{ template "inner" }}a: {{ $a }}`,
		"a false function":    `{{ if has "a" (list "a") }}x: 1{{ end }}`,
		"whole":               `x: {{ add 1 2 }}` + "\ny: {{ ternary 1 2 true }}\nz: {{ default 3 .Canary }}",
	} {
		t.Run(name, func(t *testing.T) {
			sameAlone(t, n, gen.Options{Templates: fstest.MapFS{at: {Data: []byte("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n" + text + "\n")}}})
		})
	}
}
