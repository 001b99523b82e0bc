package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var certificateMissesHost = &Rule{
	ID: "IN05", Severity: diag.Error,
	Title:       "The certificate of a host does not cover it, or is made by nobody",
	Items:       []string{"C4", "P3"},
	Constraints: []string{"K24"},
	Doc: `Where there is TLS, each host of an Ingress's rules must be among the hosts of ` + "`spec.tls`" + `, and the Secret that is named there, as the
one of a Gateway's listener, must be made by somebody for that host: a cert-manager Certificate whose ` + "`dnsNames`" + ` hold it, cert-manager's
annotation on the Ingress or the Gateway, or a Secret among the manifests. A wildcard covers one label (RFC 6125). Otherwise browsers are
shown the controller's own certificate, or the listener is not programmed.

Add the host to the hosts or dnsNames, or the Certificate that the finding shows. A Secret that nobody makes is a warning alone where
cert-manager is not used: it may be brought by hand. It is not checked where there is no kgen.yaml and no other certificate of its namespace is
given: they may all stand elsewhere. What is inside a Secret is not read; certificates that a cloud keeps are not checked.`,
	check: func(c *Check) {
		d := c.doorway().attach()
		x := newCertificates(d)
		for _, in := range d.ingresses {
			x.checkIngress(in)
		}
		for _, g := range d.order {
			for i := range g.V.Spec.Listeners {
				x.checkListener(g, i)
			}
		}
		x.checkIstioCertificates()
	},
}

// certificates are who makes which Secret.
type certificates struct {
	*doorway
	bySecret map[objectAt][]inventory.Item[manifest.Certificate]
	brought  map[objectAt]bool // Secrets that are among the manifests, sealed ones too
	used     bool              // whether cert-manager issues anything
	said     map[string]bool
}

func newCertificates(d *doorway) *certificates {
	x := &certificates{doorway: d, bySecret: map[objectAt][]inventory.Item[manifest.Certificate]{}, brought: map[objectAt]bool{}, used: d.Issuing(), said: map[string]bool{}}
	for _, cert := range inventory.All[manifest.Certificate](d.Inventory) {
		k := objectAt{cert.Namespace, cert.V.Spec.SecretName}
		x.bySecret[k] = append(x.bySecret[k], cert)
	}
	for _, o := range d.Objects {
		switch o.Kind {
		case "Secret", "SealedSecret":
			x.brought[objectAt{o.Namespace, o.Name}] = true
		case "ExternalSecret":
			name := textAt(o, "spec", "target", "name")
			if name == "" {
				name = o.Name
			}
			x.brought[objectAt{o.Namespace, name}] = true
		}
	}
	return x
}

func (x *certificates) checkIngress(in inventory.Item[manifest.Ingress]) {
	tls := in.V.Spec.TLS
	if len(tls) == 0 || nginxCanary(in) {
		return
	}
	if x.dialect(in) == "alb" {
		x.Skip(in.Ref(), "AWS finds the certificate by the host, among those that it keeps")
		return
	}
	asks := asksIssuer(in.Object)
	for i, r := range in.V.Spec.Rules {
		if r.Host == "" {
			continue
		}
		x.Looked()
		entry := tlsEntry(in, r.Host)
		if entry < 0 {
			x.Report(in.Object, Field("spec", "rules", i, "host"), fmt.Sprintf("add %s to spec.tls[0].hosts", r.Host),
				"the hosts of its TLS are %s, and it serves %s too", some(tlsHosts(in)), r.Host)
			continue
		}
		t := tls[entry]
		namespace, secret, elsewhere := strings.Cut(t.SecretName, "/")
		if !elsewhere {
			namespace, secret = in.Namespace, t.SecretName
		}
		switch {
		case secret == "":
			x.Skip(in.Ref()+", "+manifest.PathText("spec", "tls", entry), "without a secretName it is the controller's default certificate, which is not given")
		case asks && len(x.bySecret[objectAt{namespace, secret}]) == 0:
			// cert-manager makes a Certificate of the entry's hosts.
			if len(t.Hosts) == 0 {
				x.Report(in.Object, Field("spec", "tls", entry), fmt.Sprintf("write hosts: [%s]", r.Host), "cert-manager issues no certificate for an entry without hosts")
			}
		default:
			x.checkSecret(in.Object, Field("spec", "tls", entry, "secretName"), namespace, secret, r.Host)
		}
	}
}

// tlsEntry is the first entry of an Ingress's TLS that is for a host, or -1. One
// without hosts is for all (Kubernetes API, IngressTLS).
func tlsEntry(in inventory.Item[manifest.Ingress], host string) int {
	for i, t := range in.V.Spec.TLS {
		if len(t.Hosts) == 0 || slices.ContainsFunc(t.Hosts, func(h string) bool { return certifies(h, host) }) {
			return i
		}
	}
	return -1
}

func tlsHosts(in inventory.Item[manifest.Ingress]) []string {
	var out []string
	for _, t := range in.V.Spec.TLS {
		out = append(out, t.Hosts...)
	}
	return out
}

// asksIssuer reports whether an annotation asks cert-manager for a certificate
// (cert-manager, "Annotated Ingress resource").
func asksIssuer(o *manifest.Object) bool {
	return o.Annotations["cert-manager.io/cluster-issuer"] != "" || o.Annotations["cert-manager.io/issuer"] != "" || o.Annotations["kubernetes.io/tls-acme"] == "true"
}

// certifies reports whether a name in a certificate stands for a host: a
// wildcard stands for one label.
func certifies(name, host string) bool {
	if suffix, wild := strings.CutPrefix(name, "*."); wild {
		_, parent, _ := strings.Cut(host, ".")
		return name == host || parent == suffix
	}
	return name == host
}

// checkListener: a listener that ends TLS has a certificate for each of its
// hosts: its own, or, without one, those of the routes that hang on it.
func (x *certificates) checkListener(g *frontGateway, i int) {
	l := &g.V.Spec.Listeners[i]
	if !encrypted(l) || passesThrough(l) {
		return
	}
	if l.TLS == nil || len(l.TLS.CertificateRefs) == 0 {
		if g.V.Spec.GatewayClassName == "alb" || g.Annotations["networking.gke.io/certmap"] != "" || l.TLS != nil && len(l.TLS.Options) > 0 {
			x.Skip(g.Ref()+", listener "+l.Name, "its certificate is the cloud's to keep")
			return
		}
		x.Looked()
		field := Field("spec", "listeners", i)
		if l.TLS != nil {
			field = append(field, "tls")
		}
		x.Report(g.Object, field, "write tls: {mode: Terminate, certificateRefs: [{name: <Secret>}]}", "its listener %s ends TLS and has no certificate", l.Name)
		return
	}
	hosts := []string{l.Hostname}
	if l.Hostname == "" {
		hosts = nil
		for _, a := range g.attached[i] {
			for _, h := range a.hosts {
				if h != "" && !slices.Contains(hosts, h) {
					hosts = append(hosts, h)
				}
			}
		}
	}
	for _, host := range hosts {
		x.checkRefs(g, i, host)
	}
}

func (x *certificates) checkRefs(g *frontGateway, i int, host string) {
	l := &g.V.Spec.Listeners[i]
	for j, ref := range l.TLS.CertificateRefs {
		namespace := ref.Namespace
		if namespace == "" {
			namespace = g.Namespace
		}
		what := g.Ref() + ", listener " + l.Name
		switch {
		case !isSecret(ref):
			x.Skip(what, "what %s %s holds is not known", ref.Kind, ref.Name)
			return
		case x.covers(namespace, ref.Name, host):
			x.Looked()
			return
		case asksIssuer(g.Object) && namespace == g.Namespace && l.Hostname != "":
			x.Looked() // cert-manager makes a Certificate of the listener's hostname
			return
		case j < len(l.TLS.CertificateRefs)-1:
			continue // another one may
		}
		x.Looked()
		x.checkSecret(g.Object, Field("spec", "listeners", i, "tls", "certificateRefs", j, "name"), namespace, ref.Name, host)
	}
}

// covers reports whether a Certificate makes a Secret for a host.
func (x *certificates) covers(namespace, secret, host string) bool {
	return slices.ContainsFunc(x.bySecret[objectAt{namespace, secret}], func(cert inventory.Item[manifest.Certificate]) bool {
		return cert.V.Spec.CommonName == host || slices.ContainsFunc(cert.V.Spec.DNSNames, func(n string) bool { return certifies(n, host) })
	})
}

// checkSecret reports a Secret that nobody makes, once, and a Certificate that
// leaves a host out, once.
func (x *certificates) checkSecret(o *manifest.Object, field []any, namespace, secret, host string) {
	made := x.bySecret[objectAt{namespace, secret}]
	switch {
	case x.covers(namespace, secret, host):
	case len(made) > 0:
		cert := made[0]
		if x.once("host", namespace, cert.Name, host) {
			x.Report(cert.Object, Field("spec", "dnsNames"), fmt.Sprintf("add %s to its dnsNames", host),
				"it makes Secret %s, with which %s is served, and does not cover that host", secret, host).See(o, field, "serves %s with it", host)
		}
	case x.brought[objectAt{namespace, secret}]:
		x.Skip(o.Ref()+", "+manifest.PathText(field...), "what is inside Secret %s is not read", inNamespace(namespace, secret))
	case x.Model != nil && x.Model.Spec.Ingress != nil && x.Model.Spec.Ingress.TLS != nil && x.Model.Spec.Ingress.TLS.SecretName == secret:
		x.Skip(o.Ref()+", "+manifest.PathText(field...), "kgen.yaml says that Secret %s is brought by others", secret)
	case x.Model == nil && !x.given(namespace):
		x.Skip(o.Ref()+", "+manifest.PathText(field...), "Secret %s is not among the manifests, nor is any other certificate of %s", secret, namespaceText(namespace))
	case x.once("secret", namespace, secret, ""):
		f := x.Report(o, field, x.secretFix(namespace, secret, host), "nobody makes Secret %s, with which it serves %s: no Certificate, no annotation for cert-manager, no Secret among the manifests", inNamespace(namespace, secret), host)
		if !x.used && !x.issues() {
			f.Severity = diag.Warning
		}
	}
}

// given reports whether certificates of a namespace are among the manifests, so
// that one that is not is missing.
func (x *certificates) given(namespace string) bool {
	for k := range x.bySecret {
		if k.namespace == namespace {
			return true
		}
	}
	return slices.ContainsFunc(x.Objects, func(o *manifest.Object) bool {
		return o.Kind == "Secret" && o.Namespace == namespace && textAt(o, "type") == "kubernetes.io/tls"
	})
}

// metadataText is what metadata of a name and a namespace hold, in one line.
func metadataText(name, namespace string) string {
	if namespace == "" {
		return "name: " + name
	}
	return "name: " + name + ", namespace: " + namespace
}

// inNamespace is a name with its namespace, where it has one.
func inNamespace(namespace, name string) string {
	if namespace == "" {
		return name
	}
	return namespace + "/" + name
}

func (x *certificates) once(words ...string) bool {
	key := strings.Join(words, " ")
	defer func() { x.said[key] = true }()
	return !x.said[key]
}

// issues reports whether the model says that cert-manager makes the certificates.
func (x *certificates) issues() bool {
	if x.Model == nil || x.Model.Spec.Ingress == nil || x.Model.Spec.Ingress.TLS == nil {
		return false
	}
	tls := x.Model.Spec.Ingress.TLS
	return tls.ClusterIssuer != "" || tls.Issuer != ""
}

func (x *certificates) secretFix(namespace, secret, host string) string {
	var names []string
	for k, certs := range x.bySecret {
		if k.namespace == namespace && slices.ContainsFunc(certs, func(cert inventory.Item[manifest.Certificate]) bool {
			return slices.ContainsFunc(cert.V.Spec.DNSNames, func(n string) bool { return certifies(n, host) })
		}) {
			names = append(names, k.name)
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		return "a Certificate for that host makes Secret " + names[0] + ": write the same name in both"
	}
	return fmt.Sprintf("add {apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {%s}, spec: {secretName: %s, dnsNames: [%s], issuerRef: {kind: ClusterIssuer, name: <issuer>}}}",
		metadataText(secret, namespace), secret, host)
}
