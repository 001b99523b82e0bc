package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/tree"
)

// A model is one kgen.yaml and what kgen makes of it.
type model struct {
	name    string
	network *spec.Network // with its defaults
	tree    *tree.Tree
	objects []*manifest.Object

	building sync.Mutex
	builds   map[string][]cluster.Object // what has been built, by folder
}

// models are every example and every model of testdata that can be rendered,
// in that order. TestModels speaks of those that cannot.
func models(t *testing.T) []*model {
	t.Helper()
	all, err := loadModels()
	if len(all) == 0 {
		t.Fatalf("there are no models: %v", err)
	}
	return all
}

// modelOf is the model of that name.
func modelOf(t *testing.T, name string) *model {
	t.Helper()
	for _, m := range models(t) {
		if m.name == name {
			return m
		}
	}
	t.Fatalf("there is no model %s", name)
	return nil
}

var loadModels = sync.OnceValues(func() ([]*model, error) {
	examples, err := filepath.Glob("../examples/*/kgen.yaml")
	if err != nil {
		return nil, err
	}
	ours, err := filepath.Glob("testdata/models/*.yaml")
	if err != nil {
		return nil, err
	}
	var all []*model
	var problems []error
	for _, file := range append(examples, ours...) {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		if name == "kgen" {
			name = "examples/" + filepath.Base(filepath.Dir(file))
		}
		m, err := load(name, file)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", file, err))
			continue
		}
		all = append(all, m)
	}
	return all, errors.Join(problems...)
})

// load renders one kgen.yaml in memory.
func load(name, file string) (*model, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return render(name, file, data)
}

// render renders the text of a kgen.yaml, whose file is named in errors.
func render(name, file string, data []byte) (*model, error) {
	parsed, problems := specfile.Parse(file, data)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	rendered, err := gen.Render(parsed.Network, gen.Options{})
	if err != nil {
		return nil, err
	}
	objects, err := manifest.ParseTree(rendered, func(path string) bool {
		return filepath.Base(path) != "kustomization.yaml" && !strings.HasPrefix(path, "environments/") // whose forms the tests of gen hold to these
	})
	if err != nil {
		return nil, err
	}
	if err := manifest.Check(objects); err != nil {
		return nil, err
	}
	return &model{name: name, network: parsed.Network.WithDefaults(), tree: rendered, objects: objects}, nil
}

// write puts the model's tree into a folder of the test's own.
func (m *model) write(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range m.tree.All() {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// service returns the model's service of that name, nil if there is none.
func (m *model) service(name string) *spec.Service {
	for i := range m.network.Spec.Services {
		if s := &m.network.Spec.Services[i]; s.Name == name {
			return s
		}
	}
	return nil
}

// objectsOf are the objects of one kind, in their typed form, whose shape load
// has checked.
func objectsOf[T any](objects []*manifest.Object, kind string) []*T {
	var out []*T
	for _, o := range objects {
		if o.Kind != kind {
			continue
		}
		typed, err := manifest.As[T](o)
		if err != nil {
			panic(err)
		}
		out = append(out, typed)
	}
	return out
}

// TestModels holds the models to what they are there for: all of them render,
// and there is each mesh with each way in, and each kind of service.
func TestModels(t *testing.T) {
	record.Start(t, record.Models, "between them the models have each mesh with each way in, each protocol and each kind of service")
	if _, err := loadModels(); err != nil {
		t.Error(err)
	}
	seen := map[string]bool{}
	for _, m := range models(t) {
		n := m.network.Spec
		mesh := string(n.Mesh.Provider)
		if n.Mesh.Provider == spec.Istio {
			mesh = string(n.Mesh.Mode)
		}
		if n.Ingress != nil {
			seen[mesh+" behind "+string(n.Ingress.API)] = true
		}
		for _, s := range n.Services {
			seen[string(s.Type)] = true
			for _, p := range s.Ports {
				seen[string(p.Protocol)] = true
			}
			for what, has := range map[string]bool{
				"canary": s.Canary != nil, "metrics": s.Metrics != nil, "egress": len(s.Egress) > 0,
				"callers": len(s.Callers) > 0, "worker": len(s.Ports) == 0, "slo": s.SLO != nil,
			} {
				seen[what] = seen[what] || has
			}
		}
	}
	for _, want := range []string{
		"none behind gateway", "none behind ingress", "sidecar behind gateway", "sidecar behind ingress",
		"ambient behind gateway", "ambient behind ingress",
		"ClusterIP", "LoadBalancer", "Headless", "http", "http2", "grpc", "https", "tcp", "udp", "sctp",
		"canary", "metrics", "egress", "callers", "worker", "slo",
	} {
		if !seen[want] {
			t.Errorf("no example and no model has %s", want)
		}
		record.Checks(t, 1)
	}
}

// differ says at which line two texts part.
func differ(a, b []byte) (line int, left, right string, different bool) {
	if bytes.Equal(a, b) {
		return 0, "", "", false
	}
	as, bs := strings.Split(string(a), "\n"), strings.Split(string(b), "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return i + 1, as[i], bs[i], true
		}
	}
	end := min(len(as), len(bs))
	return end + 1, strings.Join(as[end:], "\n"), strings.Join(bs[end:], "\n"), true
}
