package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/txn"
)

// TestBuildHoldsWhatItReads lets somebody come to write while a build reads, and
// finds them waiting; when it has read, or has ended otherwise, they may.
func TestBuildHoldsWhatItReads(t *testing.T) {
	const model = `apiVersion: kgen.dev/v1alpha1
kind: Network
metadata: {name: shop}
spec:
  services: [{name: web, ports: [{port: 80, targetPort: 8080}]}]
  environments: [{name: staging}]
`
	whole := &build.Result{}
	for _, test := range []struct {
		name        string
		environment string
		args        []string
		interrupted bool
		fails       error
	}{
		{name: "the root"},
		{name: "an environment", environment: "staging"},
		{name: "a folder below", args: []string{"networking"}},
		{name: "one that is not built", fails: errors.New("no such file")},
		{name: "an interrupted one", interrupted: true, fails: context.Canceled},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, modelFile), []byte(model), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, below := range []string{"networking", "environments/staging"} {
				if err := os.MkdirAll(filepath.Join(dir, below), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			ctx, interrupt := context.WithCancel(t.Context())
			defer interrupt()
			sh := &shell{IO: IO{Err: &bytes.Buffer{}, Out: &bytes.Buffer{}}, format: newFormat(), dir: dir}
			ran := 0
			r, err := sh.build(ctx, test.environment, test.args, func(context.Context, string) (*build.Result, error) {
				ran++
				writes, giveUp := context.WithCancel(t.Context())
				defer giveUp()
				switch unlock, err := txn.Lock(writes, dir, giveUp); {
				case err == nil:
					t.Error("somebody writes what is being read")
					unlock()
				case !errors.Is(err, context.Canceled):
					t.Error(err)
				}
				if test.interrupted {
					interrupt()
				}
				return whole, test.fails
			})
			if ran != 1 || !errors.Is(err, test.fails) || test.fails == nil && r != whole {
				t.Errorf("ran %d times: %v, %v", ran, r, err)
			}
			// Whoever gave up may hold it for a moment; a build that kept it would be waited for.
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

// TestNotBuilt: that the two ways to build differ is kgen's mistake, not the
// input's, and ends a run with 1.
func TestNotBuilt(t *testing.T) {
	var refused *refusal
	err := notBuilt("shop", &build.Difference{Resource: "Service shop/web", Own: "  a: null", Stock: `  a: ""`})
	if !errors.As(err, &refused) {
		t.Fatalf("%v is no refusal", err)
	}
	want := "kgen: build shop: kgen and kustomize differ, first in Service shop/web: kgen prints \"  a: null\" where kustomize prints \"  a: \\\"\\\"\"; this is a mistake of kgen's: please report it with the files of the build"
	if got := line(refused.reasons[0]); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if err := notBuilt("shop", errors.New("no such file")); errors.As(err, &refused) || err.Error() != "build shop: no such file" {
		t.Errorf("got %v", err)
	}
}
