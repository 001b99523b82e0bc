package cluster

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/component"
)

// CertManagerMetrics is where cert-manager serves its metrics.
const CertManagerMetrics = "http://127.0.0.1:9402/metrics"

// CertManagerNamespace is where the Secrets are that ClusterIssuers name.
const CertManagerNamespace = "cert-manager"

// StartCertManager runs cert-manager's controllers for the cluster until the
// test ends. Its port is its usual one: the test is in a network of its own
// (package namespace). Its webhook does not run, which would refuse what the
// controllers fail on.
func (c *Cluster) StartCertManager(t testing.TB) {
	t.Helper()
	binary := component.Build(t, "cert-manager")
	start := time.Now()
	dir := folder(t)
	kubeconfig, err := c.writeKubeconfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	home := Object{APIVersion: "v1", Kind: "Namespace", Name: CertManagerNamespace,
		Text: []byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + CertManagerNamespace + "\n")}
	if _, err := c.Apply(t.Context(), home); err != nil {
		t.Fatal(err)
	}
	c.Launch(t, dir, binary, kubeconfig, "127.0.0.1:9402")
	err = c.until(t.Context(), "cert-manager serves its metrics", func() (bool, error) {
		response, err := http.Get(CertManagerMetrics)
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK, fmt.Errorf("it says %s", response.Status)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("cert-manager runs after %s", time.Since(start).Round(100*time.Millisecond))
}
