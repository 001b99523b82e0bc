package gen_test

import (
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// TestNamesOfTwoApplications: whatever a model has in the namespace of
// Prometheus, a second application whose service would have the same is refused.
// So validation knows all of it, on every platform.
func TestNamesOfTwoApplications(t *testing.T) {
	found := map[string]bool{}
	for _, p := range platforms() {
		n := model(p, certificates[0], 0)
		n.Spec.Services = []spec.Service{{
			Name: "web", Ports: one(spec.Port{Port: 80}), Hosts: []string{"web.example.test"}, Metrics: &spec.Metrics{Port: 9090},
			Callers: []spec.Caller{{Namespace: "partners"}},
		}}
		if spec.Validate(n).Err() != nil {
			continue // a door without that kind of certificate
		}
		files, err := gen.Render(n, gen.Options{})
		if err != nil {
			t.Fatal(err)
		}
		stream, err := kustomize.BuildTree(files, ".")
		if err != nil {
			t.Fatal(err)
		}
		objects, err := manifest.Parse("built", stream)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			// Roles stand there too, but no service has one.
			if o.Namespace != "monitoring" || o.Kind == "Role" || o.Kind == "RoleBinding" {
				continue
			}
			rest, ok := strings.CutPrefix(o.Name, n.Metadata.Name+"-")
			if !ok {
				t.Errorf("%s: %s %s stands there under another name than the application's", p.name, o.Kind, o.Name)
				continue
			}
			found[o.Kind+" "+rest] = true
			if o.Kind == "ServiceMonitor" {
				// Behind the application's name stands one that never begins with
				// another's: those of services alike have a dot before any hyphen of theirs.
				if rest != "istiod" && !strings.HasPrefix(rest, "services.") {
					t.Errorf("%s: ServiceMonitor %s may be another application's", p.name, o.Name)
				}
				continue
			}
			// A service in the file's own namespace, and an application in another.
			both := *n
			both.Spec.Services = append(slices.Clone(n.Spec.Services), colliding(o.Kind, "test-"+rest))
			both.Spec.Environments = []spec.Environment{{
				Name: "test", Namespace: "test", Application: n.Metadata.Name + "-test",
				Services: []spec.EnvironmentService{{Name: "web", Hosts: []string{"test.example.test"}}},
			}}
			want := n.Metadata.Name + "-test-" + rest + " in monitoring would belong to "
			refused := false
			for _, d := range spec.Validate(&both).Errors() {
				refused = refused || strings.HasPrefix(d.Message, n.Metadata.Name+"-test-") && d.Path == "environments[0].application"
			}
			if !refused {
				t.Errorf("%s: %s %s of two applications is let pass; want %q", p.name, o.Kind, o.Name, want)
			}
		}
	}
	for _, want := range []string{"PrometheusRule web", "ServiceMonitor services.http-metrics", "PrometheusRule platform", "PrometheusRule recording-rules",
		"ServiceMonitor istiod", "PodMonitor sidecars", "PodMonitor ztunnel", "PodMonitor waypoint", "PodMonitor front-door", "PodMonitor cert-manager"} {
		if !found[want] {
			t.Errorf("no platform has %s", want)
		}
	}
}

// colliding is a service that has an object of a kind under a name.
func colliding(kind, name string) spec.Service {
	s := spec.Service{Name: name, Ports: one(spec.Port{Port: 80})}
	switch kind {
	case "ServiceMonitor":
		s.Metrics = &spec.Metrics{Port: 9091}
	case "PodMonitor":
		s.Metrics, s.Canary = &spec.Metrics{Port: 9091}, &spec.Canary{Owner: spec.FlaggerOwner}
	}
	return s
}
