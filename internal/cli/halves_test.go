package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// shopAt is a generated repository.
func shopAt(t *testing.T) (dir string, edit func(file, from, to string)) {
	t.Helper()
	dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "kgen.yaml"), []byte(recallModel), 0o644); err != nil {
		t.Fatal(err)
	}
	if said := place(t, dir, "generate"); !strings.HasPrefix(said, "exit code 0\n") {
		t.Fatal(said)
	}
	return dir, func(file, from, to string) {
		t.Helper()
		name := filepath.Join(dir, file)
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(data, []byte(from)) {
			t.Fatalf("%s has no %q", file, from)
		}
		if err := os.WriteFile(name, bytes.Replace(data, []byte(from), []byte(to), 1), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHalvesTellOfTheWhole edits kustomizations that the root does not build.
func TestHalvesTellOfTheWhole(t *testing.T) {
	dir, edit := shopAt(t)
	edit("monitoring/kustomization.yaml", "- alerts\n", "")
	edit("networking/kustomization.yaml", "- services\n", "- services\n- ../extra/services\n")
	said := place(t, dir, "generate")
	for _, want := range []string{
		"kustomization.yaml: warning: still builds what you have taken out of monitoring/kustomization.yaml: monitoring/alerts; take it out here as well\n",
		"kustomization.yaml: warning: does not have what you have added to networking/kustomization.yaml, whose folders it lists itself: resources ../extra/services; ",
	} {
		if got := strings.ReplaceAll(said, "DIR/", ""); !strings.Contains(got, want) {
			t.Errorf("it does not say\n%s\nbut\n%s", want, got)
		}
	}
	edit("kustomization.yaml", "- monitoring/alerts\n", "")
	if said := place(t, dir, "generate"); strings.Contains(said, "taken out") {
		t.Errorf("it still says\n%s", said)
	}
}

// TestMarkersRemoveNothing leaves a file between conflict markers: what is in it
// counts for what is still made.
func TestMarkersRemoveNothing(t *testing.T) {
	dir, edit := shopAt(t)
	edit("networking/service-mesh/api.yaml", "maxConnections: 100", "maxConnections: 101")
	said := place(t, dir, "set", "service", "api", "circuitBreaker.maxConnections=7", "--yes", "--conflict=markers")
	if !strings.HasPrefix(said, "exit code 0\n") || strings.Contains(said, "not made any more") {
		t.Error(said)
	}
	data, err := os.ReadFile(filepath.Join(dir, "networking/service-mesh/api.yaml"))
	if err != nil || !bytes.Contains(data, []byte("<<<<<<<")) {
		t.Errorf("there are no markers: %v\n%s", err, data)
	}
}

// TestNamespaceMoves generates anew what a kgen before this one wrote, where the
// Namespace stood in another place: an edit goes with it, and so does that it was deleted.
func TestNamespaceMoves(t *testing.T) {
	const now, old = "networking/namespace/namespace.yaml", "networking/namespace.yaml"
	for _, deleted := range []bool{false, true} {
		dir, edit := shopAt(t)
		if err := os.Rename(filepath.Join(dir, now), filepath.Join(dir, old)); err != nil {
			t.Fatal(err)
		}
		edit(".kgen/base.txtar", "-- "+now+" --", "-- "+old+" --")
		edit(old, "  labels:\n", "  labels:\n    pod-security.kubernetes.io/enforce: restricted\n")
		if deleted {
			if err := os.Remove(filepath.Join(dir, old)); err != nil {
				t.Fatal(err)
			}
		}
		if said := place(t, dir, "generate"); !strings.HasPrefix(said, "exit code 0\n") {
			t.Fatal(said)
		}
		data, err := os.ReadFile(filepath.Join(dir, now))
		if deleted != os.IsNotExist(err) || !deleted && !bytes.Contains(data, []byte("enforce: restricted")) {
			t.Errorf("deleted %v: %v\n%s", deleted, err, data)
		}
		if _, err := os.Lstat(filepath.Join(dir, old)); !os.IsNotExist(err) {
			t.Errorf("deleted %v: the old file: %v", deleted, err)
		}
		if said := place(t, dir, "generate", "--check"); !strings.HasPrefix(said, "exit code 0\n") {
			t.Error(said)
		}
	}
}
