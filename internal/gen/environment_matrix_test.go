package gen_test

import (
	"flag"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/tree"
)

// resources are the objects of a text by what kustomize knows them by.
func resources(t *testing.T, file string, data []byte, into map[string]any) {
	t.Helper()
	objects, err := manifest.Parse(file, data)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.Kind == "Kustomization" {
			continue
		}
		v, err := o.Value()
		if err != nil {
			t.Fatal(err)
		}
		id := o.Group() + "/" + o.Kind + " " + o.Namespace + "/" + o.Name
		if _, twice := into[id]; twice {
			t.Errorf("%s is in %s, and was there before", id, file)
		}
		into[id] = plain(v)
	}
}

func plain(v manifest.Value) any {
	switch v.Kind {
	case manifest.Mapping:
		out := map[string]any{}
		for _, f := range v.Fields {
			out[f.Key] = plain(f.Value)
		}
		return out
	case manifest.Sequence:
		out := []any{}
		for _, item := range v.Items {
			out = append(out, plain(item))
		}
		return out
	}
	return v.Scalar
}

func built(t *testing.T, files *tree.Tree, dir string) map[string]any {
	t.Helper()
	text, err := kustomize.BuildTree(files, dir)
	if err != nil {
		t.Fatalf("building %s: %v", dir, err)
	}
	out := map[string]any{}
	resources(t, dir, text, out)
	return out
}

// flat is what one environment's model renders by itself.
func flat(t *testing.T, n *spec.Network, environment string) (*tree.Tree, map[string]any) {
	t.Helper()
	alone, err := n.For(environment)
	if err != nil {
		t.Fatal(err)
	}
	files := rendered(t, alone, gen.Options{})
	out := map[string]any{}
	for file, data := range files.All() {
		if isYAML(file) {
			resources(t, file, data, out)
		}
	}
	return files, out
}

func rendered(t *testing.T, n *spec.Network, o gen.Options) *tree.Tree {
	t.Helper()
	files, err := gen.Render(n, o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// differently says of every service what an environment can say.
func differently(n *spec.Network, turn int) []spec.EnvironmentService {
	var out []spec.EnvironmentService
	for i, s := range n.Spec.Services {
		e := spec.EnvironmentService{Name: s.Name}
		switch (turn + i) % 3 {
		case 0: // every host another
			for _, h := range s.Hosts {
				e.Hosts = append(e.Hosts, "eu-"+h)
			}
		case 1: // one host more
			if len(s.Hosts) > 0 {
				e.Hosts = append(slices.Clone(s.Hosts), "more-"+s.Hosts[0])
			}
		case 2: // one host only
			if len(s.Hosts) > 1 {
				e.Hosts = s.Hosts[1:]
			}
		}
		if (turn+i)%2 == 0 {
			e.Replicas = 7
		}
		http := slices.ContainsFunc(s.Ports, func(p spec.Port) bool { return speaksHTTP(p.Protocol) || p.Protocol == "" })
		if http && (turn+i)%4 < 3 {
			e.SLO = &spec.SLO{Availability: 99.5, Latency: &spec.Latency{Threshold: spec.Duration(time.Second)}}
		}
		if c := s.Canary; c != nil && !c.Owned() && !c.Pinned() {
			e.Canary = &spec.EnvironmentCanary{Weight: 50}
		}
		switch {
		case s.Type == spec.LoadBalancer:
			e.Type = spec.ClusterIP
		case s.Type == "" && len(s.Ports) > 0 && s.Canary == nil && (turn+i)%5 == 0:
			e.Type = spec.LoadBalancer
		}
		out = append(out, e)
	}
	return out
}

// environmentsOf gives a model one environment of each form.
func environmentsOf(n *spec.Network, turn int) *spec.Network {
	out := *n
	tls := &spec.EnvironmentIngress{TLS: certificates[turn%3]}
	out.Spec.Environments = []spec.Environment{
		{Name: "eu", Domain: "eu.example.test", Ingress: tls, Services: differently(n, turn)},
		{Name: "same"},
		{Name: "staging", Application: "shop-staging", Namespace: "test", Domain: "staging.example.test", Ingress: tls, Services: differently(n, turn+1)},
	}
	return &out
}

// everythingOn is a model with all kinds of services that a platform takes.
func everythingOn(p platform, at int) *spec.Network {
	var valid []kind
	for i, k := range kinds {
		if k.name != "tls-passthrough" && len(spec.Validate(model(p, certificates[at%len(certificates)], at+i, k)).Errors()) == 0 {
			valid = append(valid, k)
		}
	}
	return model(p, certificates[at%len(certificates)], at, valid...)
}

// CI goes through all of it.
var whole = flag.Bool("matrix", false, "go through every platform, not through every third")

// TestEnvironmentsMatrix holds, on every platform, that what an environment's
// folder builds is what its model renders by itself: the patched base resource
// by resource and field by field, a tree of its own byte for byte.
func TestEnvironmentsMatrix(t *testing.T) {
	patches := 0
	for at, p := range platforms() {
		if (at/len(doors)+at%len(doors))%len(meshes) != 0 || !*whole && at%3 != 0 || racing && at%9 != 0 {
			continue // front doors on each mesh in turn: building takes its time
		}
		t.Run(p.name, func(t *testing.T) {
			n := environmentsOf(everythingOn(p, at), at+1)
			if errs := spec.Validate(n).Errors(); len(errs) > 0 {
				t.Fatal(errs)
			}
			files := rendered(t, n, gen.Options{})
			_, want := flat(t, n, "eu")
			if diff := cmp.Diff(want, built(t, files, gen.EnvironmentDir("eu"))); diff != "" {
				t.Errorf("eu does not build what its model renders (-flat +built):\n%s", diff)
			}
			for file := range files.All() {
				if strings.HasPrefix(file, "environments/same/") && file != "environments/same/kustomization.yaml" {
					t.Errorf("%s is made, though nothing differs", file)
				}
				if strings.HasPrefix(file, "environments/eu/patches/") {
					patches++
				}
			}
			alone, _ := flat(t, n, "staging")
			whole, got := texts(alone), map[string]string{}
			maps.DeleteFunc(whole, func(file, _ string) bool { return path.Base(file) == "README.md" })
			for file, data := range files.All() {
				if below, ok := strings.CutPrefix(file, "environments/staging/"); ok {
					got[below] = string(data)
				}
			}
			if diff := cmp.Diff(whole, got); diff != "" {
				t.Errorf("staging does not hold what its model renders (-flat +held):\n%s", diff)
			}
		})
	}
	if patches < 500 && *whole || patches < 30 {
		t.Errorf("%d patches in all: the matrix tests nearly nothing", patches)
	}
}

// TestExampleEnvironments builds the environments of the examples as they are
// checked in, and their models rendered by themselves.
func TestExampleEnvironments(t *testing.T) {
	models, err := filepath.Glob("../../examples/*/kgen.yaml")
	if err != nil {
		t.Fatal(err)
	}
	forms := map[bool]int{}
	for _, file := range models {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		model, problems := specfile.Parse(file, text)
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		for _, e := range model.Network.Spec.Environments {
			t.Run(filepath.Base(filepath.Dir(file))+" "+e.Name, func(t *testing.T) {
				forms[e.Namespace == ""]++
				files, _ := flat(t, model.Network, e.Name)
				out, err := kustomize.Build(filepath.Join(filepath.Dir(file), gen.EnvironmentDir(e.Name)))
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]any{}
				resources(t, e.Name, out, got)
				if diff := cmp.Diff(built(t, files, "."), got); diff != "" {
					t.Errorf("(-flat +built):\n%s", diff)
				}
			})
		}
	}
	if forms[true] == 0 || forms[false] == 0 {
		t.Errorf("the examples have %d environments of patches and %d trees, want some of each", forms[true], forms[false])
	}
}
