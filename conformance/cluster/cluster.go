// Package cluster runs a Kubernetes control plane for a test: etcd and an API
// server, without a container engine, root or a node. The API server judges
// what it is given by its own rules and by the CRDs of the platforms that kgen
// writes for; no controller acts on it.
package cluster

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/component"
)

// A Cluster is a running API server. One goroutine at a time may use it.
type Cluster struct {
	address   string // of the server, without a slash at its end
	token     string
	dir       string // holds the server's certificate
	authority []byte // PEM, of the server's certificate
	http      *http.Client
	resources map[string]resource // what discovery has said, by "apiVersion kind"
	failed    func() error        // says which of its programs has ended, if one has
}

// Start runs etcd and the API server with the CRDs installed. The end of the
// test ends both.
func Start(t testing.TB) *Cluster {
	t.Helper()
	etcd, server := component.Build(t, "etcd"), component.Build(t, "kube-apiserver")
	crds := definitions(t)
	data := installed(t, etcd, server, crds)
	start := time.Now()
	c, _ := run(t, etcd, server, data)
	if err := c.serving(t.Context(), crds); err != nil {
		t.Fatal(err)
	}
	t.Logf("etcd and the API server are ready after %s, with %d objects of the platforms", time.Since(start).Round(100*time.Millisecond), len(crds))
	return c
}

// run runs the two on a copy of etcd's data, or on none. It returns their
// processes too, etcd's first.
func run(t testing.TB, etcd, server, data string) (*Cluster, []*process) {
	t.Helper()
	dir := folder(t)
	if data != "" {
		if err := os.CopyFS(filepath.Join(dir, etcdData), os.DirFS(data)); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, etcdData), 0o700); err != nil { // as etcd wants it
			t.Fatal(err)
		}
	}
	port, release, err := reservePort()
	if err != nil {
		t.Fatalf("finding a free port: %v", err)
	}
	defer release()
	c := &Cluster{address: fmt.Sprintf("https://127.0.0.1:%d", port), token: rand.Text(), dir: dir, resources: map[string]resource{}}
	if err := c.writeSecrets(dir); err != nil {
		t.Fatal(err)
	}
	store, peers := "unix://"+filepath.Join(dir, "etcd.sock"), "unix://"+filepath.Join(dir, "peer.sock")
	processes := []*process{
		launch(t, dir, etcd, "--name=kgen", "--data-dir="+etcdData, "--unsafe-no-fsync", "--log-level=warn",
			"--listen-client-urls="+store, "--advertise-client-urls="+store,
			"--listen-peer-urls="+peers, "--initial-advertise-peer-urls="+peers, "--initial-cluster=kgen="+peers),
		launch(t, dir, server, append(slices.Clone(serverFlags), "--etcd-servers="+store, fmt.Sprintf("--secure-port=%d", port))...),
	}
	c.failed = func() error {
		for _, p := range processes {
			select {
			case <-p.ended:
				return fmt.Errorf("%s has ended: %v", p.name, p.err)
			default:
			}
		}
		return nil
	}
	if err := c.ready(t.Context(), dir); err != nil {
		for _, p := range processes {
			t.Log(p.lastLines())
		}
		t.Fatal(err)
	}
	return c, processes
}

// Names of what stands in the cluster's folder.
const (
	certificates = "certificates"
	etcdData     = "etcd"
	tokens       = "tokens.csv"
	key          = "service-account.pem"
)

// serverFlags are the API server's, but for its place. There is no endpoint to
// reconcile and nobody who makes service accounts.
var serverFlags = []string{
	"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", "--permit-port-sharing", "--cert-dir=" + certificates,
	"--anonymous-auth=false", "--token-auth-file=" + tokens, "--authorization-mode=RBAC",
	"--service-account-issuer=https://kgen.test", "--service-account-key-file=" + key, "--service-account-signing-key-file=" + key,
	"--endpoint-reconciler-type=none", "--disable-admission-plugins=ServiceAccount", "--service-cluster-ip-range=10.96.0.0/16",
}

// folder is the cluster's own. It is not t.TempDir, whose path holds the test's
// name: that of a socket may have about 100 bytes.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "kgen-cluster-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// writeSecrets writes the token that the server takes for an administrator's, and
// the key of the service accounts, which it does not start without.
func (c *Cluster) writeSecrets(dir string) error {
	admin := c.token + `,admin,admin,"system:masters"` + "\n"
	if err := os.WriteFile(filepath.Join(dir, tokens), []byte(admin), 0o600); err != nil {
		return err
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)}
	return os.WriteFile(filepath.Join(dir, key), pem.EncodeToMemory(&block), 0o600)
}

// ready waits until the server says that it is. It is trusted by the certificate
// that it has made for itself.
func (c *Cluster) ready(ctx context.Context, dir string) error {
	return c.until(ctx, "the API server is ready", func() (bool, error) {
		if c.http == nil {
			certificate, err := os.ReadFile(filepath.Join(dir, certificates, "apiserver.crt"))
			pool := x509.NewCertPool()
			if err != nil || !pool.AppendCertsFromPEM(certificate) {
				return false, err
			}
			c.authority = certificate
			c.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}}
		}
		_, err := c.send(ctx, http.MethodGet, "/readyz", "", nil)
		return err == nil, err
	})
}

// patience bounds every wait for what is bound to come. It is long, for machines
// that have other work too.
const patience = 3 * time.Minute

// until asks again and again whether something holds, less often as time goes by. What stood in the way last
// is told when patience ends; a program that has ended ends it at once.
func (c *Cluster) until(ctx context.Context, what string, holds func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 160*time.Millisecond) {
		ok, last := holds()
		if ok {
			return nil
		}
		if err := c.failed(); err != nil {
			return fmt.Errorf("waiting until %s: %w", what, err)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w; last: %v", what, ctx.Err(), last)
		case <-time.After(pause):
		}
	}
}
