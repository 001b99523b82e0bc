package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/txn"
)

// TestAuditHoldsWhatItJudges lets somebody come to write when everything is read,
// and again when it was compared with what kgen.yaml makes: until the end they
// wait, whatever part of the repository was named.
func TestAuditHoldsWhatItJudges(t *testing.T) {
	const model = `apiVersion: kgen.dev/v1alpha1
kind: Network
metadata: {name: shop}
spec:
  services: [{name: web, ports: [{port: 80, targetPort: 8080}]}]
  environments: [{name: staging}]
`
	const service = "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}\n"
	for _, test := range []struct {
		name  string
		at    string // where the run is started, below the repository
		args  []string
		whole bool
		fails bool
	}{
		{name: "the repository", whole: true},
		{name: "its folder", args: []string{"."}, whole: true},
		{name: "its kgen.yaml", args: []string{"kgen.yaml"}, whole: true},
		{name: "an environment", args: []string{"environments/staging"}, whole: true},
		{name: "a folder below", args: []string{"networking"}},
		{name: "a file below", args: []string{"networking/web.yaml"}},
		{name: "a folder from within", at: "networking", args: []string{"."}},
		{name: "a link to a folder below", args: []string{"../link"}},
		{name: "another folder first", args: []string{"../elsewhere", "networking"}},
		{name: "the same twice", args: []string{"networking", "../link", "."}},
		{name: "what is not there", args: []string{"nothing"}, fails: true},
		{name: "what cannot be read", args: []string{"networking", ".broken"}, fails: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			top := t.TempDir()
			dir := filepath.Join(top, "shop")
			for name, text := range map[string]string{
				"shop/kgen.yaml": model, "shop/networking/web.yaml": service, "shop/.broken/a.yaml": "a: {\n",
				"shop/environments/staging/web.yaml": service, "elsewhere/web.yaml": service,
			} {
				name = filepath.Join(top, name)
				if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte(text), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Symlink("shop/networking", filepath.Join(top, "link")); err != nil {
				t.Fatal(err)
			}
			sh := &shell{IO: IO{Err: &bytes.Buffer{}, Out: &bytes.Buffer{}}, format: newFormat(), dir: filepath.Join(dir, test.at)}
			mayWrite := func() bool {
				t.Helper()
				ctx, giveUp := context.WithCancel(t.Context())
				defer giveUp()
				unlock, err := txn.Lock(ctx, dir, giveUp)
				if err == nil {
					unlock()
				} else if !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				return err == nil
			}
			j, err := sh.judgeHeld(t.Context(), &cobra.Command{}, judging{}, test.args, nil)
			if (err != nil) != test.fails {
				t.Fatal(err)
			}
			if err == nil {
				if mayWrite() {
					t.Error("somebody writes what is being judged")
				}
				if j.whole != test.whole {
					t.Errorf("whole is %t", j.whole)
				}
				if j.whole {
					drift, err := sh.drift(t.Context(), j)
					if err != nil || len(drift.Files) == 0 {
						t.Errorf("nothing differs: %v, %v", drift, err)
					}
					if mayWrite() {
						t.Error("somebody writes after the comparison")
					}
				}
				j.Close()
			}
			// Whoever gave up may hold it for a moment; a run that kept it would be waited for.
			patience, end := context.WithTimeout(t.Context(), time.Minute)
			defer end()
			unlock, err := txn.Lock(patience, dir, nil)
			if err != nil {
				t.Fatalf("still held: %v", err)
			}
			unlock()
		})
	}
}
