package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "kgen.dev/kgen/"

// layers are the packages from the bottom up. A package imports only from
// layers below its own.
var layers = [][]string{
	{"bench/measure", "bench/peers", "bench/report", "bench/trees"},
	{"internal/diag", "internal/fastyaml", "internal/graph", "internal/merge", "internal/scalar", "internal/tree", "templates"},
	{"internal/graph/graphtest", "internal/manifest", "internal/promql", "internal/report", "internal/source/sourcetest", "internal/spec", "internal/txn"},
	{"internal/gen", "internal/kustomize", "internal/plan", "internal/prompt", "internal/reach", "internal/specfile"},
	{"internal/index", "internal/inventory", "internal/report/reporttest", "internal/source"},
	{"internal/alerttest", "internal/audit", "internal/build", "internal/draw"},
	{"internal/cli"},
	{"bench/compare", "bench/layout", "cmd/kgen"},
}

// doors are the dependencies that stand behind one package each, or few.
var doors = map[string][]string{
	"github.com/spf13/cobra":           {"internal/cli"},
	"github.com/AlecAivazis/survey/v2": {"internal/prompt"},
	"github.com/Masterminds/sprig/v3":  {"internal/gen"},
	"text/template":                    {"internal/gen"},
	"github.com/owenrumney/go-sarif":   {"internal/audit"},
	"github.com/prometheus":            {"internal/alerttest"},
	"sigs.k8s.io/kustomize":            {"internal/kustomize"},
	"go.yaml.in/yaml":                  {"internal/fastyaml", "internal/specfile", "internal/manifest", "internal/kustomize", "internal/source", "internal/audit", "internal/build"},
	"golang.org/x/sys":                 {"internal/txn"},
}

// TestImports holds the direction of imports and the doors of dependencies.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	layer := map[string]int{}
	for i, packages := range layers {
		for _, p := range packages {
			layer[p] = i
		}
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := strings.TrimPrefix(fields[0], module)
		at, known := layer[from]
		if !known {
			t.Errorf("package %s is in no layer: add it to layers, where its imports allow", from)
			continue
		}
		seen++
		for _, path := range fields[1:] {
			to, own := strings.CutPrefix(path, module)
			if below, known := layer[to]; own && known && below >= at {
				t.Errorf("%s imports %s, which is not below it", from, to)
			}
			for dependency, allowed := range doors {
				if strings.HasPrefix(path, dependency) && !slices.Contains(allowed, from) {
					t.Errorf("%s imports %s, whose door is %s", from, path, strings.Join(allowed, " and "))
				}
			}
		}
	}
	if seen != len(layer) {
		t.Errorf("%d packages found, %d in layers: remove what is gone", seen, len(layer))
	}
}
