package conformance

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"slices"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/internal/manifest"
)

// An office is a cluster in which cert-manager issues, as whoever runs the
// platform has set it up.
type office struct {
	c *cluster.Cluster
	// trusted is the authority at the root of every certificate, and no other.
	trusted *x509.CertPool
}

// officeRoot is how a platform comes to an authority of its own: an issuer that
// has things sign themselves, and one thing that is an authority.
const officeRoot = `apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: nobody}
spec: {selfSigned: {}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {namespace: cert-manager, name: root}
spec:
  isCA: true
  commonName: root
  secretName: root
  duration: 8760h
  issuerRef: {group: cert-manager.io, kind: ClusterIssuer, name: nobody}
`

// newOffice starts cert-manager and waits until the authority is there.
func newOffice(t *testing.T, c *cluster.Cluster) *office {
	t.Helper()
	c.StartCertManager(t)
	o := &office{c: c, trusted: x509.NewCertPool()}
	o.install(t, officeRoot)
	o.becomes(t, "the root is issued", func() error {
		stored, err := o.certificate(t.Context(), cluster.CertManagerNamespace, "root")
		if err != nil {
			return err
		}
		return stored.ready()
	})
	root, err := o.secret(t.Context(), cluster.CertManagerNamespace, "root")
	if err != nil {
		t.Fatal(err)
	}
	if !o.trusted.AppendCertsFromPEM(root.Data["tls.crt"]) {
		t.Fatal("the root's Secret has no certificate")
	}
	return o
}

// install applies objects that the test has written.
func (o *office) install(t *testing.T, stream string) {
	t.Helper()
	for _, object := range written(t, stream) {
		if _, err := o.c.Apply(t.Context(), object); err != nil {
			t.Fatal(err)
		}
	}
}

// clusterIssuer sets up one that signs with the root itself.
func (o *office) clusterIssuer(t *testing.T, name string) {
	t.Helper()
	o.install(t, fmt.Sprintf("apiVersion: cert-manager.io/v1\nkind: ClusterIssuer\nmetadata: {name: %q}\nspec: {ca: {secretName: root}}\n", name))
}

// issuer sets up one of a namespace, with an authority of its own that the root
// has signed: whoever trusts the root has to be shown that one too.
func (o *office) issuer(t *testing.T, namespace, name string) {
	t.Helper()
	o.clusterIssuer(t, "root")
	o.install(t, fmt.Sprintf(`apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {namespace: %[1]q, name: %[2]q}
spec:
  isCA: true
  commonName: %[2]q
  secretName: %[2]q
  duration: 4380h
  issuerRef: {group: cert-manager.io, kind: ClusterIssuer, name: root}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {namespace: %[1]q, name: %[2]q}
spec: {ca: {secretName: %[2]q}}
`, namespace, name))
}

// issuers sets up those that Certificates name.
func (o *office) issuers(t *testing.T, certificates []*manifest.Certificate) {
	t.Helper()
	done := map[string]bool{}
	for _, c := range certificates {
		ref := c.Spec.IssuerRef
		key := ref.Kind + " " + ref.Name
		if ref.Kind == "Issuer" {
			key += " " + c.Metadata.Namespace
		}
		switch {
		case done[key]:
		case ref.Kind == "Issuer":
			o.issuer(t, c.Metadata.Namespace, ref.Name)
		default:
			o.clusterIssuer(t, ref.Name)
		}
		done[key] = true
	}
}

// becomes waits until a judge has nothing to say any more.
func (o *office) becomes(t *testing.T, what string, judge func() error) {
	t.Helper()
	(&quayside{c: o.c}).becomes(t, what, judge)
}

// A storedCertificate is what cert-manager says of a Certificate.
type storedCertificate struct {
	Status struct {
		Conditions                       []struct{ Type, Status, Reason, Message string }
		NotBefore, NotAfter, RenewalTime time.Time
		Revision                         int
	}
}

// ready judges that cert-manager holds the Certificate for issued and up to date.
func (s storedCertificate) ready() error {
	for _, condition := range s.Status.Conditions {
		if condition.Type == "Issuing" && condition.Status == "True" {
			return fmt.Errorf("it is being issued: %s", condition.Message)
		}
	}
	for _, condition := range s.Status.Conditions {
		if condition.Type == "Ready" {
			if condition.Status == "True" {
				return nil
			}
			return fmt.Errorf("it is not ready: %s: %s", condition.Reason, condition.Message)
		}
	}
	return fmt.Errorf("nothing is said of it: %+v", s.Status.Conditions)
}

func (o *office) certificate(ctx context.Context, namespace, name string) (storedCertificate, error) {
	var stored storedCertificate
	err := o.c.Read(ctx, cluster.Object{APIVersion: "cert-manager.io/v1", Kind: "Certificate", Namespace: namespace, Name: name}, &stored)
	return stored, err
}

// A storedSecret is one as whoever reads it finds it.
type storedSecret struct {
	Metadata struct{ Annotations map[string]string }
	Type     string
	Data     map[string][]byte
}

func (o *office) secret(ctx context.Context, namespace, name string) (storedSecret, error) {
	var stored storedSecret
	err := o.c.Read(ctx, cluster.Object{APIVersion: "v1", Kind: "Secret", Namespace: namespace, Name: name}, &stored)
	return stored, err
}

// chain are the Secret's certificates, the leaf first.
func (s storedSecret) chain() ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for rest := s.Data["tls.crt"]; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, fmt.Errorf("tls.crt has no certificate")
	}
	return chain, nil
}

// age puts a certificate of another age into a Secret, in all else the one that
// is there: the root has signed it 90 days before its end.
func (o *office) age(t *testing.T, namespace, name string, left time.Duration) *x509.Certificate {
	t.Helper()
	secret, err := o.secret(t.Context(), namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := secret.chain()
	if err != nil {
		t.Fatal(err)
	}
	root, err := o.secret(t.Context(), cluster.CertManagerNamespace, "root")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := root.chain()
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(root.Data["tls.key"])
	if block == nil {
		t.Fatal("the root's Secret has no key")
	}
	key, err := privateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	leaf := *chain[0]
	leaf.SerialNumber = nil // a new one
	leaf.NotAfter = time.Now().Add(left).Truncate(time.Second)
	leaf.NotBefore = leaf.NotAfter.Add(-90 * 24 * time.Hour)
	der, err := x509.CreateCertificate(rand.Reader, &leaf, signer[0], leaf.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	aged, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	encoded := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	object := written(t, fmt.Sprintf("apiVersion: v1\nkind: Secret\nmetadata: {namespace: %q, name: %q}\ntype: kubernetes.io/tls\ndata: {tls.crt: %s}\n", namespace, name, encoded))[0]
	if err := o.c.Overwrite(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	return aged
}

// privateKey reads either form in which cert-manager writes keys.
func privateKey(der []byte) (crypto.PrivateKey, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	return x509.ParsePKCS8PrivateKey(der)
}

// read are the built objects in the form in which they are judged.
func read(t *testing.T, objects []cluster.Object) []*manifest.Object {
	t.Helper()
	texts := make([][]byte, len(objects))
	for i, o := range objects {
		texts[i] = o.Text
	}
	parsed, err := manifest.Parse("build.yaml", bytes.Join(texts, []byte("\n---\n")))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// certificatesAlone are the objects that are there for cert-manager, with the
// namespaces that they stand in.
func certificatesAlone(objects []cluster.Object) []cluster.Object {
	alone := slices.DeleteFunc(slices.Clone(objects), func(o cluster.Object) bool { return o.Kind != "Certificate" && o.Kind != "Namespace" })
	return append(surroundings(alone), alone...)
}
