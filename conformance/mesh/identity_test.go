package mesh

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/cluster"
)

// An authority gives workloads their identities, as Istio's does.
type authority struct {
	key         crypto.Signer
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	a.certificate, a.key = a.sign(t, &x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

// sign makes a key and a certificate for it; an authority without a certificate
// signs its own.
func (a *authority) sign(t *testing.T, template *x509.Certificate) (*x509.Certificate, crypto.Signer) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	parent, signer := template, crypto.Signer(key)
	if a.certificate != nil {
		parent, signer = a.certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// identify writes what a workload needs to know who it is and whom to ask, and
// returns the file for GRPC_XDS_BOOTSTRAP: its certificate of the authority's,
// the root that it trusts, and its node as istiod is to see it.
func (p pod) identify(t *testing.T, issuer, trusted *authority) string {
	t.Helper()
	dir := t.TempDir()
	leaf, key := issuer.sign(t, &x509.Certificate{
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		URIs: []*url.URL{{Scheme: "spiffe", Host: "cluster.local", Path: fmt.Sprintf("/ns/%s/sa/%s", p.namespace, p.app)}},
	})
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, kind string, der []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	type object = map[string]any
	bootstrap, err := json.MarshalIndent(object{
		"xds_servers": []object{{
			"server_uri":      cluster.IstiodXDS,
			"channel_creds":   []object{{"type": "insecure"}},
			"server_features": []string{"xds_v3"},
		}},
		"node": object{
			"id": fmt.Sprintf("sidecar~%s~%s.%s~%s.svc.cluster.local", p.address, p.name(), p.namespace, p.namespace),
			"metadata": object{
				"GENERATOR": "grpc", "CLUSTER_ID": "Kubernetes", "NAMESPACE": p.namespace, "SERVICE_ACCOUNT": p.app,
				"INSTANCE_IPS": p.address, "LABELS": p.labels(),
			},
		},
		"certificate_providers": object{"default": object{"plugin_name": "file_watcher", "config": object{
			"certificate_file":    write("leaf.pem", "CERTIFICATE", leaf.Raw),
			"private_key_file":    write("key.pem", "PRIVATE KEY", private),
			"ca_certificate_file": write("root.pem", "CERTIFICATE", trusted.certificate.Raw),
			"refresh_interval":    "600s",
		}}},
		"server_listener_resource_name_template": "xds.istio.io/grpc/lds/inbound/%s",
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "bootstrap.json")
	if err := os.WriteFile(file, bootstrap, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
