package fastyaml_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
)

// isYAML tells a YAML file by its name.
func isYAML(path string) bool {
	ext := filepath.Ext(path)
	return ext == ".yaml" || ext == ".yml"
}

// folder reads the YAML files of a folder and all below it.
func folder(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isYAML(path) {
			return err
		}
		files[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// repository renders a model of n services, each with two calls and a metrics
// port, and gives the YAML files.
func repository(t testing.TB, n int) map[string][]byte {
	t.Helper()
	m := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "large"}}
	m.Spec.Mesh = spec.Mesh{Provider: spec.Istio}
	for i := range n {
		m.Spec.Services = append(m.Spec.Services, spec.Service{
			Name:    fmt.Sprintf("service-%04d", i),
			Ports:   []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}}},
			Metrics: &spec.Metrics{Port: 9090},
			Calls:   []spec.Call{{Service: fmt.Sprintf("service-%04d", (i+1)%n)}, {Service: fmt.Sprintf("service-%04d", (i+n/2)%n)}},
		})
	}
	rendered, err := gen.Render(m, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for path, data := range rendered.All() {
		if isYAML(path) {
			files[path] = data
		}
	}
	return files
}

// manifests are those that people really deploy, beside the repository where
// they are there at all.
const manifests = "../../../shared/inputs"

// corpus is a set of files, and how many of them at most are left to the yaml
// package.
type corpus struct {
	name  string
	files map[string][]byte
	slow  int
}

// TestFiles reads what kgen and people wrote: the same nodes, and nearly all of
// it by the fast reader.
func TestFiles(t *testing.T) {
	all := []corpus{
		{"examples", folder(t, "../../examples"), 1}, // a GitLab CI file with anchors
		{"2 services", repository(t, 2), 0},
		{"40 services", repository(t, 40), 0},
	}
	if _, err := os.Stat(manifests); err == nil {
		all = append(all, corpus{"manifests", folder(t, manifests), 0})
	}
	for _, corpus := range all {
		slow := 0
		for path, data := range corpus.files {
			if !law(t, data) {
				t.Logf("%s was left to the yaml package", path)
				slow++
			}
		}
		if len(corpus.files) == 0 || slow > corpus.slow {
			t.Errorf("%s: %d of %d files were left to the yaml package, %d are expected", corpus.name, slow, len(corpus.files), corpus.slow)
		}
	}
}
