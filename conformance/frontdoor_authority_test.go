package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"testing"
	"time"

	"kgen.dev/kgen/internal/manifest"
)

// An authority stands in for a certificate controller: it signs what the
// model's Certificates ask for. It says nothing of whether cert-manager would.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: "house"}, IsCA: true, BasicConstraintsValid: true}
	a.certificate, a.key = a.sign(t, template)
	return a
}

// pool holds the authority alone.
func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// sign makes a key and its certificate, which is the authority's own while
// there is none yet.
func (a *authority) sign(t *testing.T, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	parent, signer := a.certificate, a.key
	if parent == nil {
		parent, signer = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

// issue writes the Secrets of a model's Certificates.
func (a *authority) issue(t *testing.T, q *quayside, m *model) {
	t.Helper()
	for _, c := range objectsOf[manifest.Certificate](m.objects, "Certificate") {
		leaf, key := a.sign(t, &x509.Certificate{DNSNames: c.Spec.DNSNames})
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		encoded := func(kind string, der []byte) string {
			return base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
		}
		q.install(t, fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {namespace: %q, name: %q}\ntype: kubernetes.io/tls\ndata: {tls.crt: %s, tls.key: %s}\n",
			c.Metadata.Namespace, c.Spec.SecretName, encoded("CERTIFICATE", leaf.Raw), encoded("PRIVATE KEY", private)))
	}
}
