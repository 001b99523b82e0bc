package gen_test

import (
	"strings"
	"testing"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// TestSharedSeriesAlertOnce: what every application has scraped, each under a job
// of its own, raises one alert, so its series are brought together first.
func TestSharedSeriesAlertOnce(t *testing.T) {
	n := model(platform{mesh: meshes["sidecar"], ingress: doors["gateway-istio"]}, certificates[0], 0)
	n.Spec.Services = []spec.Service{{Name: "web", Ports: one(spec.Port{Port: 80}), Hosts: []string{"web.example.test"}}}
	files, err := gen.Render(n, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, path := range []string{"monitoring/alerts/platform.yaml", "monitoring/alerts/web.yaml"} {
		text, _ := files.File(path)
		objects, err := manifest.Parse(path, text)
		if err != nil {
			t.Fatal(err)
		}
		rules, err := manifest.As[manifest.PrometheusRule](objects[0])
		if err != nil {
			t.Fatal(err)
		}
		for _, rule := range rules.Spec.Groups[0].Rules {
			got[rule.Alert] = rule.Expr
		}
	}
	for alert, want := range map[string]string{
		"CertificateExpiresSoon":         "min by (exported_namespace, name) (certmanager_",
		"MeshRootCertificateExpiresSoon": "min(citadel_",
	} {
		if !strings.HasPrefix(got[alert], want) {
			t.Errorf("%s is %q, want %q…", alert, got[alert], want)
		}
	}
}
