//go:build unix

package source_test

import (
	"context"
	"os"
	"strings"
	"syscall"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/source"
)

// TestReadLinks follows links inside the folder alone, and opens no pipe.
func TestReadLinks(t *testing.T) {
	write(t, repo(`
-- outside/o.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: o}}
-- plain/a.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: a}}
-- plain/sub/b.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: b}}
-- built/kustomization.yaml --
resources: [in.yaml, out.yaml, pipe.yaml]
-- built/real.yaml --
{apiVersion: v1, kind: Pod, metadata: {name: r}}`))
	for link, target := range map[string]string{"plain/again.yaml": "a.yaml", "plain/loop": ".", "plain/out": "../outside", "plain/gone.yaml": "nowhere",
		"built/in.yaml": "real.yaml", "built/out.yaml": "../outside/o.yaml", "linked": "plain/sub"} {
		if err := os.Symlink(target, link); err != nil {
			t.Fatal(err)
		}
	}
	for _, pipe := range []string{"plain/pipe.yaml", "built/pipe.yaml"} {
		if err := syscall.Mkfifo(pipe, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	set, err := source.Read(context.Background(), nil, []string{"plain", "built", "linked"})
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSpace(`
plain/a.yaml:1 Pod a
plain/sub/b.yaml:1 Pod b
built/in.yaml:1 Pod r
linked/b.yaml:1 Pod b
built built
missing built/kustomization.yaml:1:22 out.yaml
missing built/kustomization.yaml:1:32 pipe.yaml
built/kustomization.yaml:1:22: resources: out.yaml is not in or below the folder of its kustomization; move it there, or name a folder with a kustomization
built/kustomization.yaml:1:32: resources: pipe.yaml is neither a file nor a folder; name a file
plain/gone.yaml: this link leads out of plain, and is not followed; name what it leads to as an argument of its own
plain/out: this link leads out of plain, and is not followed; name what it leads to as an argument of its own
plain/pipe.yaml: is neither a file nor a folder; remove it, or write it to a file`)
	if diff := gocmp.Diff(want, said(set)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
