package conformance

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/internal/manifest"
)

// issued judges that every Certificate is ready, and that what stands in its
// Secret is what it asks for: of its issuer, for its names and no others, with
// all that a client needs who trusts the root alone.
func (o *office) issued(ctx context.Context, certificates []*manifest.Certificate) error {
	var problems []error
	for _, c := range certificates {
		stored, err := o.certificate(ctx, c.Metadata.Namespace, c.Metadata.Name)
		if err == nil {
			err = stored.ready()
		}
		if err == nil {
			err = o.written(ctx, c)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("Certificate %s/%s: %w", c.Metadata.Namespace, c.Metadata.Name, err))
		}
	}
	return errors.Join(problems...)
}

// written judges one Certificate's Secret.
func (o *office) written(ctx context.Context, c *manifest.Certificate) error {
	secret, err := o.secret(ctx, c.Metadata.Namespace, c.Spec.SecretName)
	if err != nil {
		return err
	}
	if secret.Type != "kubernetes.io/tls" {
		return fmt.Errorf("its Secret is of type %s", secret.Type)
	}
	if _, err := tls.X509KeyPair(secret.Data["tls.crt"], secret.Data["tls.key"]); err != nil {
		return err
	}
	by := secret.Metadata.Annotations["cert-manager.io/issuer-kind"] + " " + secret.Metadata.Annotations["cert-manager.io/issuer-name"]
	if want := c.Spec.IssuerRef.Kind + " " + c.Spec.IssuerRef.Name; by != want {
		return fmt.Errorf("%s has issued it, not %s", by, want)
	}
	leaf, err := o.verified(secret)
	if err != nil {
		return err
	}
	if got, want := slices.Sorted(slices.Values(leaf.DNSNames)), slices.Sorted(slices.Values(c.Spec.DNSNames)); !slices.Equal(got, want) || leaf.IsCA {
		return fmt.Errorf("it is for %q, an authority %t; want %q", got, leaf.IsCA, want)
	}
	return nil
}

// verified is the leaf of a Secret, which with the others there leads to the root.
func (o *office) verified(secret storedSecret) (*x509.Certificate, error) {
	chain, err := secret.chain()
	if err != nil {
		return nil, err
	}
	others := x509.NewCertPool()
	for _, c := range chain[1:] {
		others.AddCert(c)
	}
	_, err = chain[0].Verify(x509.VerifyOptions{Roots: o.trusted, Intermediates: others})
	return chain[0], err
}

// A place is where a front door names the Secret of a host.
type place struct{ what, host, namespace, secret string }

// places are those of Ingresses and of the listeners that end TLS.
func places(objects []*manifest.Object) []place {
	var out []place
	for _, i := range objectsOf[manifest.Ingress](objects, "Ingress") {
		for _, t := range i.Spec.TLS {
			for _, host := range t.Hosts {
				out = append(out, place{"Ingress " + i.Metadata.Name, host, i.Metadata.Namespace, t.SecretName})
			}
		}
	}
	for _, g := range objectsOf[manifest.Gateway](objects, "Gateway") {
		for _, l := range g.Spec.Listeners {
			if l.TLS == nil || l.TLS.Mode == "Passthrough" {
				continue
			}
			for _, ref := range l.TLS.CertificateRefs {
				out = append(out, place{"Gateway " + g.Metadata.Name + " at " + l.Name, l.Hostname, cmp.Or(ref.Namespace, g.Metadata.Namespace), ref.Name})
			}
		}
	}
	return out
}

// covered judges that wherever a front door names a Secret for a host, a good
// certificate for that host is there.
func (o *office) covered(ctx context.Context, places []place) error {
	var problems []error
	for _, p := range places {
		secret, err := o.secret(ctx, p.namespace, p.secret)
		if err == nil {
			var leaf *x509.Certificate
			if leaf, err = o.verified(secret); err == nil {
				err = leaf.VerifyHostname(p.host)
			}
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s for %s: %w", p.what, p.host, err))
		}
	}
	return errors.Join(problems...)
}

// alone judges that a namespace has the model's Certificates and no others.
func (o *office) alone(ctx context.Context, namespace string, certificates []*manifest.Certificate) error {
	var list struct {
		Items []struct{ Metadata struct{ Name string } }
	}
	if err := o.c.List(ctx, "cert-manager.io/v1", "Certificate", namespace, &list); err != nil {
		return err
	}
	var got, want []string
	for _, item := range list.Items {
		got = append(got, item.Metadata.Name)
	}
	for _, c := range certificates {
		want = append(want, c.Metadata.Name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Errorf("namespace %s has the Certificates %q, want %q", namespace, got, want)
	}
	return nil
}

// served judges that the front door shows each host the very certificate that
// its Secret has, with which a client who trusts the root is content.
func (o *office) served(ctx context.Context, d *frontDoor, places []place) error {
	var problems []error
	for _, p := range places {
		if err := o.servedAt(ctx, d, p); err != nil {
			problems = append(problems, fmt.Errorf("%s for %s: %w", p.what, p.host, err))
		}
	}
	return errors.Join(problems...)
}

func (o *office) servedAt(ctx context.Context, d *frontDoor, p place) error {
	secret, err := o.secret(ctx, p.namespace, p.secret)
	if err != nil {
		return err
	}
	chain, err := secret.chain()
	if err != nil {
		return err
	}
	shown, err := d.certificate(p.host)
	if err != nil {
		return err
	}
	if !shown.Equal(chain[0]) {
		return fmt.Errorf("number %x is shown, number %x stands in Secret %s", shown.SerialNumber, chain[0].SerialNumber, p.secret)
	}
	return nil
}

// What cert-manager does where a Certificate says nothing of it: its API's
// default of 90 days, and renewal when a third of them is left.
const (
	officeDuration = 90 * 24 * time.Hour
	officeRenewal  = officeDuration / 3 // before the end
)

// scheduled judges when Certificates are renewed: as a person expects who has
// said nothing of it, so that an alert speaks only after a renewal that is late.
func (o *office) scheduled(ctx context.Context, certificates []*manifest.Certificate, alerts map[string]expiryAlert) error {
	var problems []error
	for _, c := range certificates {
		stored, err := o.certificate(ctx, c.Metadata.Namespace, c.Metadata.Name)
		if err != nil {
			return err
		}
		s := stored.Status
		say := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("Certificate %s: "+format, append([]any{c.Metadata.Name}, args...)...))
		}
		if lasts := s.NotAfter.Sub(s.NotBefore); lasts != officeDuration {
			say("it lasts %s, want %s", lasts, officeDuration)
		}
		before := s.NotAfter.Sub(s.RenewalTime)
		if before != officeRenewal {
			say("it is renewed %s before its end, want %s", before, officeRenewal)
		}
		alert, has := alerts[c.Metadata.Name]
		if !has {
			say("no alert says that it expires")
		} else if before <= alert.left {
			say("it is renewed %s before its end, and the alert speaks %s before it", before, alert.left)
		}
	}
	return errors.Join(problems...)
}

// An expiryAlert is what a model's alert on a Certificate reads.
type expiryAlert struct {
	metric string
	labels map[string]string // of the series as cert-manager exports it
	left   time.Duration     // before the end
}

var (
	expirySelector = regexp.MustCompile(`(certmanager_\w+)\{([^}]*)\} > 0\) - time\(\) < (\d+) \* 86400$`)
	labelMatcher   = regexp.MustCompile(`(\w+)="([^"]*)"`)
)

// expiryAlerts are the model's, by the name of the Certificate.
func expiryAlerts(m *model) (map[string]expiryAlert, error) {
	out := map[string]expiryAlert{}
	for _, rule := range m.alertingRules() {
		if rule.Alert != "CertificateExpiresSoon" {
			continue
		}
		found := expirySelector.FindStringSubmatch(rule.Expr)
		if found == nil {
			return nil, fmt.Errorf("the alert of %s has another form: %s", rule.Labels["service"], rule.Expr)
		}
		days, err := strconv.Atoi(found[3])
		if err != nil {
			return nil, err
		}
		a := expiryAlert{metric: found[1], labels: map[string]string{}, left: time.Duration(days) * 24 * time.Hour}
		for _, matcher := range labelMatcher.FindAllStringSubmatch(found[2], -1) {
			// The scrape has a namespace of its own: Prometheus puts that of the
			// exporter aside under this name.
			a.labels[strings.TrimPrefix(matcher[1], "exported_")] = matcher[2]
		}
		out[a.labels["name"]] = a
	}
	return out, nil
}

// exported judges that cert-manager's own metrics have the one series that each
// alert reads, and that it says when the Certificate ends.
func (o *office) exported(ctx context.Context, alerts map[string]expiryAlert) error {
	response, err := http.Get(cluster.CertManagerMetrics)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(alerts)) {
		if err := o.exportedFor(ctx, alerts[name], text); err != nil {
			problems = append(problems, fmt.Errorf("the alert on Certificate %s: %w", name, err))
		}
	}
	return errors.Join(problems...)
}

func (o *office) exportedFor(ctx context.Context, a expiryAlert, text []byte) error {
	var values []string
	for line := range bytes.Lines(text) {
		series, value, _ := strings.Cut(strings.TrimSpace(string(line)), "} ")
		metric, labels, _ := strings.Cut(series, "{")
		if metric != a.metric {
			continue
		}
		has := map[string]string{}
		for _, label := range labelMatcher.FindAllStringSubmatch(labels, -1) {
			has[label[1]] = label[2]
		}
		missing := false
		for key, want := range a.labels {
			missing = missing || has[key] != want
		}
		if !missing {
			values = append(values, value)
		}
	}
	if len(values) != 1 {
		return fmt.Errorf("%d series of %s have %v", len(values), a.metric, a.labels)
	}
	got, err := strconv.ParseFloat(values[0], 64)
	if err != nil {
		return err
	}
	stored, err := o.certificate(ctx, a.labels["namespace"], a.labels["name"])
	if err != nil {
		return err
	}
	if want := stored.Status.NotAfter.Unix(); int64(got) != want {
		return fmt.Errorf("the series says %s, the Certificate ends at %d", values[0], want)
	}
	return nil
}
