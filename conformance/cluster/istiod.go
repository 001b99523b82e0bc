package cluster

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/component"
)

// IstiodXDS is where workloads find istiod.
const IstiodXDS = "127.0.0.1:15010"

// istiodWebhook is where the server finds it.
const istiodWebhook = "127.0.0.1:15017"

// An Istiod is a running one, outside the cluster that it controls.
type Istiod struct {
	cluster     *Cluster
	certificate []byte // PEM, of its webhook
}

// StartIstiod runs Istio's control plane for the cluster until the test ends.
// Its ports are its usual ones: the test is in a network of its own (package
// namespace). It issues no certificates; who can call it is told everything.
// Variables ("NAME=value") are added to its environment.
func (c *Cluster) StartIstiod(t testing.TB, variables ...string) *Istiod {
	t.Helper()
	binary := component.Build(t, "istiod")
	start := time.Now()
	dir := folder(t)
	istiod := &Istiod{cluster: c}
	if err := istiod.certify(dir); err != nil {
		t.Fatal(err)
	}
	mesh := filepath.Join(dir, "mesh.yaml")
	if err := os.WriteFile(mesh, []byte("trustDomain: cluster.local\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	system := Object{APIVersion: "v1", Kind: "Namespace", Name: "istio-system",
		Text: []byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: istio-system\n")}
	if _, err := c.Apply(t.Context(), system); err != nil {
		t.Fatal(err)
	}
	c.launchIn(t, dir, append([]string{
		"PILOT_CERT_PROVIDER=none", "ENABLE_CA_SERVER=false", "XDS_AUTH=false", "PILOT_ENABLE_XDS_IDENTITY_CHECK=false",
		"INJECTION_WEBHOOK_CONFIG_NAME=", "VALIDATION_WEBHOOK_CONFIG_NAME=", // what it is registered as is not its own affair here
		"ENABLE_LEADER_ELECTION=false", "PILOT_ENABLE_STATUS=false", "POD_NAMESPACE=istio-system", "POD_NAME=istiod",
	}, variables...), binary, "discovery", "--kubeconfig="+c.Kubeconfig(t), "--meshConfig="+mesh,
		"--grpcAddr="+IstiodXDS, "--secureGRPCAddr=", "--httpsAddr="+istiodWebhook, "--httpAddr=127.0.0.1:15080", "--monitoringAddr=127.0.0.1:15014",
		"--tlsCertFile="+filepath.Join(dir, webhookCertificate), "--tlsKeyFile="+filepath.Join(dir, webhookKey), "--caCertFile="+filepath.Join(dir, webhookAuthority))
	err := c.until(t.Context(), "istiod is ready", func() (bool, error) {
		response, err := http.Get("http://127.0.0.1:15080/ready")
		if err != nil {
			return false, err
		}
		defer response.Body.Close()
		return response.StatusCode == http.StatusOK, fmt.Errorf("it says %s", response.Status)
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("istiod is ready after %s", time.Since(start).Round(100*time.Millisecond))
	return istiod
}

// Names of what stands in istiod's folder.
const (
	webhookCertificate = "webhook.crt"
	webhookKey         = "webhook.key"
	webhookAuthority   = "webhook-authority.crt" // the certificate again: istiod does not watch one file twice
)

// certify writes the webhook's key and the certificate that it signs for itself.
func (i *Istiod) certify(dir string) error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "istiod"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"istiod.istio-system.svc"},
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return err
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	i.certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})
	for _, name := range []string{webhookCertificate, webhookAuthority} {
		if err := os.WriteFile(filepath.Join(dir, name), i.certificate, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, webhookKey), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600)
}

// Denied reports whether an error is istiod's own refusal, by its webhook.
func Denied(err error) bool {
	return err != nil && strings.Contains(err.Error(), `admission webhook "validation.istio.io" denied the request`)
}

// Validate registers istiod's validating webhook at the server, as Istio's own
// chart does, and comes back when the server asks it: when it refuses the
// probe, an object with which nothing is wrong but what istiod alone sees.
func (i *Istiod) Validate(ctx context.Context, probe Object) error {
	webhook := Object{APIVersion: "admissionregistration.k8s.io/v1", Kind: "ValidatingWebhookConfiguration", Name: "istio-validator"}
	webhook.Text = fmt.Appendf(nil, `apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata:
  name: istio-validator
webhooks:
- name: validation.istio.io
  clientConfig:
    url: https://%s/validate
    caBundle: %s
  rules:
  - operations: [CREATE, UPDATE]
    apiGroups: [security.istio.io, networking.istio.io, telemetry.istio.io, extensions.istio.io]
    apiVersions: ["*"]
    resources: ["*"]
  failurePolicy: Fail
  sideEffects: None
  admissionReviewVersions: [v1]
`, istiodWebhook, base64.StdEncoding.EncodeToString(i.certificate))
	if _, err := i.cluster.Apply(ctx, webhook); err != nil {
		return err
	}
	return i.cluster.until(ctx, "istiod's webhook is asked", func() (bool, error) {
		_, err := i.cluster.Try(ctx, probe)
		return Denied(err), fmt.Errorf("%s meets with: %v", probe, err)
	})
}
