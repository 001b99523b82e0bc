package cli

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/spec"
)

// TestCanaryAlert finds the alerts of canaries where they are rendered, also
// those of services whose files are called otherwise.
func TestCanaryAlert(t *testing.T) {
	n := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"}}
	n.Spec.Mesh.Provider = spec.Istio
	names := []string{"web", "platform", "default"}
	for _, name := range names {
		n.Spec.Services = append(n.Spec.Services,
			spec.Service{Name: name, Ports: []spec.Port{{Port: 80}}, Canary: &spec.Canary{Version: "v2", Weight: 10}},
			spec.Service{Name: name + "-pinned", Ports: []spec.Port{{Port: 80}}, Canary: &spec.Canary{Stable: "v2"}})
	}
	caller := spec.Service{Name: "caller"}
	for _, s := range n.Spec.Services {
		caller.Calls = append(caller.Calls, spec.Call{Service: s.Name})
	}
	n.Spec.Services = append(n.Spec.Services, caller)
	files, err := gen.Render(n, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		got := []string{canaryAlert(files, name), canaryAlert(files, name+"-pinned")}
		if diff := cmp.Diff([]string{"CanaryErrorsHigh", ""}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
