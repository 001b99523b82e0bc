package cluster

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/component"
)

// installed is the folder of etcd's data in which the definitions are installed.
// An API server is at work for twenty seconds when it is given all of them, and
// for few when it finds them: so that is done once for each set of definitions
// and each pair of programs, and every cluster starts from a copy.
func installed(t testing.TB, etcd, server string, definitions []Object) string {
	t.Helper()
	h := sha256.New()
	// The paths of the programs tell their versions and what they are built from.
	fmt.Fprintf(h, "%s\n%s\n%q\n", etcd, server, serverFlags)
	for _, o := range definitions {
		fmt.Fprintf(h, "%s %d\n%s", o, len(o.Text), o.Text)
	}
	return component.Keep(t, "cluster", fmt.Sprintf("%x", h.Sum(nil)[:6]), func(dir string) error {
		start := time.Now()
		c, processes := run(t, etcd, server, "")
		if err := c.install(t.Context(), definitions); err != nil {
			return err
		}
		if err := c.serving(t.Context(), definitions); err != nil {
			return err
		}
		for i := len(processes) - 1; i >= 0; i-- { // etcd last, when nobody writes any more
			if err := processes[i].finish(t.Context()); err != nil {
				return err
			}
		}
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(c.dir, etcdData))); err != nil {
			return err
		}
		t.Logf("%d objects of the platforms are installed after %s", len(definitions), time.Since(start).Round(100*time.Millisecond))
		return nil
	})
}
