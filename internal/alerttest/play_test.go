package alerttest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/alerttest"
	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/specfile"
)

// alertsOf are the alerts of what kgen makes of a model.
func alertsOf(t *testing.T, file string) []*alerttest.Alert {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parsed, problems := specfile.Parse(file, data)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	files, err := gen.Render(parsed.Network, gen.Options{})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := manifest.ParseTree(files, func(path string) bool {
		return filepath.Base(path) != "kustomization.yaml" && !strings.HasPrefix(path, "environments/")
	})
	if err != nil {
		t.Fatal(err)
	}
	alerts, err := alerttest.Alerts(parsed.Network, objects)
	if err != nil {
		t.Fatal(err)
	}
	return alerts
}

// faults plays every scene of an alert.
func faults(t *testing.T, a *alerttest.Alert) []string {
	t.Helper()
	var out []string
	for _, s := range a.Scenes {
		found, err := a.Play(t.Context(), s)
		if err != nil {
			t.Fatalf("%s: %s: %v", a.Text(), s.What, err)
		}
		for _, f := range found {
			out = append(out, s.What+": "+f)
		}
	}
	return out
}

// TestExamples sees every alert of every example fire and stay quiet.
func TestExamples(t *testing.T) {
	examples, err := filepath.Glob("../../examples/*/kgen.yaml")
	if err != nil || len(examples) < 6 {
		t.Fatalf("found %d examples: %v", len(examples), err)
	}
	for _, file := range examples {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			t.Parallel()
			for _, a := range alertsOf(t, file) {
				fires, quiet := 0, 0
				for _, s := range a.Scenes {
					if s.Fires {
						fires++
					} else {
						quiet++
					}
				}
				if !a.Known || fires == 0 || quiet == 0 {
					t.Errorf("%s: it is known: %t; %d scenes let it fire and %d keep it quiet", a.Text(), a.Known, fires, quiet)
				}
				if found := faults(t, a); found != nil {
					t.Errorf("%s:\n%s", a.Text(), strings.Join(found, "\n"))
				}
			}
		})
	}
}
