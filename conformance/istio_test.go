package conformance

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/spec"
)

// istioSays is what istiod's webhook would say of a YAML stream.
func istioSays(t *testing.T, binary string, stream []byte) (report string, ok bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Stdin = bytes.NewReader(stream)
	out, err := cmd.CombinedOutput()
	return string(out), err == nil
}

// TestIstioTakesItsObjects: no error and no warning of Istio's own, on any model
// and behind any door.
func TestIstioTakesItsObjects(t *testing.T) {
	record.Start(t, record.Istio, "Istio's validation has neither an error nor a warning to say of any of its objects")
	binary := component.Build(t, "istio-validate")
	all := models(t)
	for _, d := range doors() {
		all = append(all, d.model(t))
	}
	for _, m := range all {
		t.Run(m.name, func(t *testing.T) {
			stream, err := kustomize.BuildTree(m.tree, ".")
			if err != nil {
				t.Fatal(err)
			}
			judged := 0
			for _, o := range m.objects {
				if strings.HasSuffix(o.Group(), ".istio.io") {
					judged++
				}
			}
			record.Checks(t, judged)
			report, ok := istioSays(t, binary, stream)
			if want := fmt.Sprintf("%d objects judged\n", judged); !ok || report != want {
				t.Errorf("it does not say %q:\n%s", want, report)
			}
			if onMesh := m.network.Spec.Mesh.Provider == spec.Istio; onMesh != (judged > 0) {
				t.Errorf("it has %d of Istio's objects; that it runs on Istio is %t", judged, onMesh)
			}
		})
	}
}

// TestIstioRefuses is the control, with what the CRDs alone let through.
func TestIstioRefuses(t *testing.T) {
	record.Start(t, record.Istio, "control: Istio's validation refuses what the CRDs alone let through")
	binary := component.Build(t, "istio-validate")
	stream, err := kustomize.BuildTree(modelOf(t, "sidecar-gateway-istio").tree, ".")
	if err != nil {
		t.Fatal(err)
	}
	if report, ok := istioSays(t, binary, stream); !ok {
		t.Fatalf("the unchanged model is refused:\n%s", report)
	}
	for _, tt := range []struct{ name, old, new, want string }{
		{"a share below zero", "weight: 0\n", "weight: -10\n", "VirtualService shop/price: error: "},
		{"more than all", "maxEjectionPercent: 40", "maxEjectionPercent: 150", "DestinationRule shop/price: error: "},
		{"a subset twice", "name: green", "name: blue", "DestinationRule shop/web: error: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken := bytes.ReplaceAll(stream, []byte(tt.old), []byte(tt.new))
			if bytes.Equal(broken, stream) {
				t.Fatalf("there is no %q to break", tt.old)
			}
			record.Checks(t, 1)
			if report, ok := istioSays(t, binary, broken); ok || !strings.Contains(report, tt.want) {
				t.Errorf("it is taken, or not refused for %q:\n%s", tt.want, report)
			}
		})
	}
}
