package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/namespace"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/manifest"
)

// TestCertificates has cert-manager's controllers issue what kgen's Certificates
// ask for: those of every model and environment, and those of a front door that
// Traefik opens, with which it serves each host. All of it runs in a network of
// the test's own.
func TestCertificates(t *testing.T) {
	if !namespace.Inside(t) {
		t.Parallel() // it is mostly waiting
		for _, name := range []string{"etcd", "kube-apiserver", "cert-manager", "traefik"} {
			component.Build(t, name)
		}
		component.Modules(t, "crds")
		namespace.Run(t)
		return
	}
	record.Start(t, record.Certificates, "cert-manager issues every model's Certificates, by ClusterIssuer and Issuer, and renews them a month before their end; Traefik shows each host its own")
	traefik := component.Build(t, "traefik")
	o := newOffice(t, cluster.Start(t))
	q := &quayside{c: o.c, trusted: o.trusted}
	for i, p := range quayPods {
		p.address = fmt.Sprintf("10.1.0.%d", i+1)
		p.serve(t)
		q.pods = append(q.pods, &p)
	}
	q.install(t, quayClasses)
	t.Run("models", func(t *testing.T) { issueAll(t, o) })
	for _, api := range []string{"gateway", "ingress"} {
		t.Run(api, func(t *testing.T) {
			q.applied = nil // each has a namespace of its own
			issueDoor(t, o, q, api, traefik)
		})
	}
}

// A wish is what a model, or one of its environments, wants of cert-manager.
type wish struct {
	name         string
	objects      []cluster.Object
	certificates []*manifest.Certificate
	claims       []place
}

// rounds are the wishes of all models and environments. Those that name the same
// Certificate, of environments that are in clusters of their own, come one after
// the other.
func rounds(t *testing.T) [][]wish {
	t.Helper()
	var out [][]wish
	named := map[string]int{} // how many there are of one name
	add := func(name string, objects []cluster.Object) {
		parsed := read(t, objects)
		w := wish{name, certificatesAlone(objects), objectsOf[manifest.Certificate](parsed, "Certificate"), places(parsed)}
		if len(w.certificates) == 0 {
			return
		}
		round := 0
		for _, c := range w.certificates {
			round = max(round, named[c.Metadata.Namespace+"/"+c.Metadata.Name])
		}
		for _, c := range w.certificates {
			named[c.Metadata.Namespace+"/"+c.Metadata.Name] = round + 1
		}
		if round == len(out) {
			out = append(out, nil)
		}
		out[round] = append(out[round], w)
	}
	for _, m := range models(t) {
		add(m.name, m.built(t))
		for _, e := range m.network.Spec.Environments {
			add(m.name+" in "+e.Name, m.builtFor(t, e.Name))
		}
	}
	return out
}

// issueAll has cert-manager issue for every model and environment that names an
// issuer. Nothing of a front door is there but its claims.
func issueAll(t *testing.T, o *office) {
	kinds := map[string]int{}
	for i, round := range rounds(t) {
		var certificates []*manifest.Certificate
		var claims []place
		for _, w := range round {
			for _, object := range w.objects {
				if _, err := o.c.Apply(t.Context(), object); err != nil {
					t.Fatalf("%s: %v", w.name, err)
				}
			}
			certificates = append(certificates, w.certificates...)
			claims = append(claims, w.claims...)
		}
		o.issuers(t, certificates)
		o.becomes(t, fmt.Sprintf("the Certificates of round %d are issued", i+1), func() error { return o.issued(t.Context(), certificates) })
		if err := o.covered(t.Context(), claims); err != nil {
			t.Error(err)
		}
		for _, c := range certificates {
			kinds[c.Spec.IssuerRef.Kind]++
		}
		t.Logf("round %d: %d models and environments, %d Certificates, for %d claims of front doors", i+1, len(round), len(certificates), len(claims))
		record.Checks(t, len(certificates)+len(claims))
	}
	for _, kind := range []string{"ClusterIssuer", "Issuer"} {
		if kinds[kind] == 0 {
			t.Errorf("no model has its certificates from a cert-manager %s", kind)
		}
	}
}

// issueDoor tells one API's story. Its parts build on one another: a model whose
// issuer is not there, then is, then renews; what is broken of it for the controls;
// then the issuer is another, and then the hosts are.
func issueDoor(t *testing.T, o *office, q *quayside, api, traefik string) {
	ctx := t.Context()
	// The issuer's name is the API's, so that neither finds that of the other.
	m := quay(t, api, "clusterIssuer: house", "clusterIssuer: "+api)
	space := m.network.Spec.Namespace
	certificates := objectsOf[manifest.Certificate](m.objects, "Certificate")
	claims := places(m.objects)
	alerts, err := expiryAlerts(m)
	if err != nil {
		t.Fatal(err)
	}
	if len(certificates) != 5 || len(alerts) != len(certificates) || len(claims) < len(quayCertificates) {
		t.Fatalf("the model has %d Certificates, %d alerts on them and %d claims", len(certificates), len(alerts), len(claims))
	}
	q.apply(t, m)
	d := q.traefik(t, traefik, api, 8000, 8443, "--providers.kubernetesingress.strictprefixmatching=true")
	issued := func() error { return o.issued(ctx, certificates) }
	covered := func() error { return o.covered(ctx, claims) }
	served := func() error { return o.served(ctx, d, claims) }
	names := func() error { return d.certificates(quayCertificates) }
	routes := func() error { return d.routes(quayRoutes, "https") }
	alone := func() error { return o.alone(ctx, space, certificates) }
	scheduled := func() error { return o.scheduled(ctx, certificates, alerts) }
	exported := func() error { return o.exported(ctx, alerts) }

	t.Run("without an issuer", func(t *testing.T) {
		for _, c := range certificates {
			q.seenWrong(t, func() error { return o.awaiting(ctx, c) }, fmt.Sprintf(`clusterissuer.cert-manager.io %q not found`, api))
		}
		for _, c := range certificates {
			fails(t, issued, "Certificate "+space+"/"+c.Metadata.Name+": ")
		}
		q.becomes(t, "plain HTTP is redirected", func() error { return d.redirects(quayRedirects) })
		for host := range quayCertificates {
			fails(t, names, host+": ")
			fails(t, covered, "for "+host+": ")
			fails(t, served, "for "+host+": ")
		}
		fails(t, names, "traefik.default, not quay.example.test")
		record.Checks(t, 2*len(certificates)+1+3*len(quayCertificates)+1)
	})
	o.clusterIssuer(t, api)
	q.becomes(t, "every Certificate is issued", issued)
	q.becomes(t, "every host is shown its certificate", served)
	q.becomes(t, "requests find their pods", routes)
	t.Run("issued", func(t *testing.T) {
		holds(t, covered)
		holds(t, names)
		fails(t, func() error {
			return d.certificates(map[string][]string{"ledger.example.test": {"ledger.example.test"}})
		}, "traefik.default, not ledger.example.test")
		swapped := place{"a claim", "kiosk.example.test", space, "web-tls"}
		fails(t, func() error { return o.served(ctx, d, []place{swapped}) }, "stands in Secret web-tls")
		record.Checks(t, len(certificates)+2*len(claims)+len(quayRoutes)+len(quayCertificates)+2)
	})
	t.Run("schedule", func(t *testing.T) {
		holds(t, scheduled)
		q.becomes(t, "the alerts have their series", exported)
		elsewhere := alerts["web-tls"]
		elsewhere.labels = map[string]string{"namespace": "elsewhere", "name": "web-tls"}
		fails(t, func() error { return o.exported(ctx, map[string]expiryAlert{"web-tls": elsewhere}) }, "0 series")
		fails(t, func() error { return o.scheduled(ctx, certificates, nil) }, "web-tls: no alert says that it expires")
		record.Checks(t, 2*len(certificates)+2)
	})
	t.Run("renewal", func(t *testing.T) { renewPrice(t, o, q, d, m) })
	t.Run("annotations", func(t *testing.T) {
		// kgen's front doors name no issuer, or they would have two Certificates.
		holds(t, alone)
		stray := annotated(t, api, space)
		q.install(t, stray)
		q.seenWrong(t, alone, `"stray-tls"`)
		remove(t, o.c, written(t, stray))
		left := written(t, fmt.Sprintf("apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {namespace: %q, name: stray-tls}\n", space))[0]
		q.becomes(t, "the stray Certificate is gone", func() error {
			err := alone()
			if err != nil { // until cert-manager has seen the front door go, it makes another
				err = errors.Join(err, o.c.Remove(ctx, left))
			}
			return err
		})
		record.Checks(t, 2)
	})
	t.Run("controls", func(t *testing.T) {
		breakCertificates(t, q, issued, covered, names, scheduled)
		other := *o
		other.trusted = newAuthority(t).pool()
		fails(t, func() error { return other.issued(ctx, certificates) }, "signed by unknown authority")
		record.Checks(t, 1)
	})
	t.Run("another source", func(t *testing.T) {
		o.issuer(t, space, "pier")
		m := quay(t, api, "clusterIssuer: house", "issuer: pier")
		q.apply(t, m)
		moved := objectsOf[manifest.Certificate](m.objects, "Certificate")
		q.becomes(t, "every Certificate is issued anew", func() error {
			if err := names(); err != nil { // each host is shown a good certificate all the time
				t.Error(err)
			}
			return o.issued(ctx, moved)
		})
		fails(t, issued, "Issuer pier has issued it, not ClusterIssuer "+api)
		q.becomes(t, "every host is shown its new certificate", served)
		holds(t, names)
		record.Checks(t, len(moved)+len(claims)+2*len(quayCertificates)+1)
	})
	t.Run("another host", func(t *testing.T) {
		m := quay(t, api, "clusterIssuer: house", "issuer: pier",
			"targetPort: 8093}]\n", "targetPort: 8093}]\n    hosts: [ledger.example.test]\n",
			", www.quay.example.test]", "]")
		q.apply(t, m)
		now := maps.Clone(quayCertificates)
		delete(now, "www.quay.example.test")
		now["quay.example.test"], now["ledger.example.test"] = []string{"quay.example.test"}, []string{"ledger.example.test"}
		q.becomes(t, "every host is shown its certificate", func() error { return d.certificates(now) })
		q.becomes(t, "every Certificate is issued", func() error {
			return o.issued(ctx, objectsOf[manifest.Certificate](m.objects, "Certificate"))
		})
		q.becomes(t, "they are those of the Secrets", func() error { return o.served(ctx, d, places(m.objects)) })
		fails(t, names, "traefik.default, not www.quay.example.test")
		record.Checks(t, 2*len(now)+len(certificates)+2)
	})
}

// renewPrice lets one certificate grow old: as long as it has more than a month
// nothing happens, then it is renewed, with a new key.
func renewPrice(t *testing.T, o *office, q *quayside, d *frontDoor, m *model) {
	ctx := t.Context()
	const name, host = "price-tls", "price.example.test"
	space := m.network.Spec.Namespace
	i := slices.IndexFunc(places(m.objects), func(p place) bool { return p.host == host })
	claim := places(m.objects)[i : i+1]
	first, err := o.secret(ctx, space, name)
	if err != nil {
		t.Fatal(err)
	}
	was, err := o.certificate(ctx, space, name)
	if err != nil {
		t.Fatal(err)
	}
	young := o.age(t, space, name, 31*24*time.Hour)
	q.becomes(t, "cert-manager has taken note of the young certificate", func() error {
		stored, err := o.certificate(ctx, space, name)
		if err == nil && !stored.Status.NotAfter.Equal(young.NotAfter) {
			err = fmt.Errorf("it ends at %s, want %s", stored.Status.NotAfter, young.NotAfter)
		}
		return err
	})
	q.becomes(t, "the young certificate is shown", func() error { return o.served(ctx, d, claim) })

	renewed := func() error {
		stored, err := o.certificate(ctx, space, name)
		if err != nil {
			return err
		}
		if err := stored.ready(); err != nil {
			return err
		}
		secret, err := o.secret(ctx, space, name)
		if err != nil {
			return err
		}
		// One renewal, and so none of the young one.
		if stored.Status.Revision != was.Status.Revision+1 {
			return fmt.Errorf("it is of revision %d, which was %d", stored.Status.Revision, was.Status.Revision)
		}
		if bytes.Equal(secret.Data["tls.key"], first.Data["tls.key"]) {
			return fmt.Errorf("it has the key that it had")
		}
		return nil
	}
	fails(t, renewed, fmt.Sprintf("it is of revision %d", was.Status.Revision))
	o.age(t, space, name, 29*24*time.Hour)
	q.becomes(t, "the old certificate is renewed", renewed)
	q.becomes(t, "the new certificate is shown", func() error { return o.served(ctx, d, claim) })
	holds(t, renewed)
	record.Checks(t, 5)
}

// awaiting says what cert-manager says of the Certificate's first request.
func (o *office) awaiting(ctx context.Context, c *manifest.Certificate) error {
	var request storedCertificate
	err := o.c.Read(ctx, cluster.Object{APIVersion: "cert-manager.io/v1", Kind: "CertificateRequest", Namespace: c.Metadata.Namespace, Name: c.Metadata.Name + "-1"}, &request)
	if err != nil {
		return err
	}
	return request.ready()
}

// annotated is a front door of somebody who has cert-manager read the issuer off it.
func annotated(t *testing.T, api, space string) string {
	t.Helper()
	head := fmt.Sprintf("metadata: {namespace: %q, name: stray, annotations: {cert-manager.io/cluster-issuer: %s}}\n", space, api)
	return map[string]string{
		"ingress": "apiVersion: networking.k8s.io/v1\nkind: Ingress\n" + head +
			"spec: {tls: [{hosts: [stray.example.test], secretName: stray-tls}], rules: [{host: stray.example.test, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]}\n",
		"gateway": "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\n" + head +
			"spec: {gatewayClassName: nobody, listeners: [{name: https, hostname: stray.example.test, port: 443, protocol: HTTPS, tls: {mode: Terminate, certificateRefs: [{name: stray-tls}]}}]}\n",
	}[api]
}

// breakCertificates changes what kgen has written of one Certificate, a control at a
// time, and puts it back: each judge sees what it is there for.
func breakCertificates(t *testing.T, q *quayside, issued, covered, names, scheduled func() error) {
	i := slices.IndexFunc(q.applied, func(o cluster.Object) bool { return o.Kind == "Certificate" && o.Name == "web-tls" })
	web := q.applied[i]
	for _, tt := range []struct {
		what, old, new string
		judge          func() error
		want           string
	}{
		{"an issuer that is not there", "kind: ClusterIssuer", "kind: Issuer", issued, "web-tls: it is being issued"},
		{"a name that is missing", "  - www.quay.example.test\n", "", covered, "for www.quay.example.test: x509: certificate is valid for quay.example.test, not www.quay.example.test"},
		{"a name that is not shown", "  - www.quay.example.test\n", "", names, "traefik.default, not www.quay.example.test"},
		{"a name too many", "  - www.quay.example.test\n", "  - www.quay.example.test\n  - x.quay.example.test\n", issued, `web-tls: it is for ["quay.example.test" "www.quay.example.test" "x.quay.example.test"]`},
		{"a renewal that is late", "spec:\n", "spec:\n  renewBefore: 240h\n", scheduled, "web-tls: it is renewed 240h0m0s before its end, and the alert speaks 336h0m0s before it"},
		// Of the duration alone cert-manager takes note with the next certificate.
		{"a short life", "spec:\n  dnsNames:\n", "spec:\n  duration: 720h\n  dnsNames:\n  - x.quay.example.test\n", scheduled, "web-tls: it lasts 720h0m0s"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			broken := web
			broken.Text = bytes.Replace(web.Text, []byte(tt.old), []byte(tt.new), 1)
			if bytes.Equal(broken.Text, web.Text) {
				t.Fatalf("%q does not stand in %s", tt.old, web.Text)
			}
			for _, o := range []cluster.Object{broken, web} {
				if _, err := q.c.Apply(t.Context(), o); err != nil {
					t.Fatal(err)
				}
				if bytes.Equal(o.Text, broken.Text) {
					q.seenWrong(t, tt.judge, tt.want)
				}
			}
			q.becomes(t, "all is well again", tt.judge)
			record.Checks(t, 1)
		})
	}
}
