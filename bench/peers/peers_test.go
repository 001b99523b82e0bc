package peers

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPeersAreBuiltOnce(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	peer := Peer{"tool", "example.com/tool/v2", "v2.1.0"}
	builds := 0
	install := func(_ context.Context, p Peer, dir string) error {
		builds++
		return os.WriteFile(filepath.Join(dir, p.binary()), []byte("program"), 0o755)
	}
	first, err := peer.build(t.Context(), cache, install)
	if err != nil {
		t.Fatal(err)
	}
	again, err := peer.build(t.Context(), cache, install)
	if err != nil {
		t.Fatal(err)
	}
	if first != again || builds != 1 {
		t.Errorf("%d builds, %s and %s", builds, first, again)
	}
	peer.Version = "v2.2.0"
	if newer, err := peer.build(t.Context(), cache, install); err != nil || newer == first || builds != 2 {
		t.Errorf("another version: %d builds, %s, %v", builds, newer, err)
	}
	if text, err := os.ReadFile(first); err != nil || string(text) != "program" {
		t.Errorf("kept: %q, %v", text, err)
	}
}

func TestWhatCannotBeBuiltIsNotKept(t *testing.T) {
	cache := t.TempDir()
	peer := Peer{"tool", "example.com/tool", "v1.0.0"}
	refused := errors.New("refused")
	for name, install := range map[string]func(context.Context, Peer, string) error{
		"a failure": func(context.Context, Peer, string) error { return refused },
		"a no-show": func(context.Context, Peer, string) error { return nil },
		"another's": func(_ context.Context, _ Peer, dir string) error {
			return os.WriteFile(filepath.Join(dir, "other"), nil, 0o755)
		},
		"half, refused": func(_ context.Context, p Peer, dir string) error {
			return errors.Join(os.WriteFile(filepath.Join(dir, p.binary()), nil, 0o755), refused)
		},
	} {
		if _, err := peer.build(t.Context(), cache, install); err == nil || !strings.Contains(err.Error(), "building tool v1.0.0") {
			t.Errorf("%s: %v", name, err)
		}
	}
	left, err := os.ReadDir(cache)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestNamesOfPrograms(t *testing.T) {
	suffix := ""
	if runtime.GOOS == "windows" {
		suffix = ".exe"
	}
	got := map[string]string{}
	for _, p := range []Peer{Kustomize, Helm, KubeScore, {Package: "example.com/vet"}, {Package: "example.com/cmd/v8/v2"}} {
		got[p.Package] = strings.TrimSuffix(p.binary(), suffix)
	}
	want := map[string]string{
		Kustomize.Package: "kustomize", Helm.Package: "helm", KubeScore.Package: "kube-score",
		"example.com/vet": "vet", "example.com/cmd/v8/v2": "v8",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestKustomizeIsTheOneOfConformance keeps the version that kgen's bytes are
// compared with here and there one.
func TestKustomizeIsTheOneOfConformance(t *testing.T) {
	mod, err := os.ReadFile("../../conformance/components/kustomize/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mod), Kustomize.Package+" "+Kustomize.Version) {
		t.Errorf("the conformance tests have another kustomize than %s", Kustomize.Version)
	}
}
