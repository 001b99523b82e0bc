package conformance

import (
	"bytes"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/record"
)

// askIstiod runs istiod as the webhook of the cluster, which has to be empty. It
// is no controller there: whatever changes an object is not to be it.
func askIstiod(t *testing.T, c *cluster.Cluster) {
	t.Helper()
	istiod := c.StartIstiod(t, "PILOT_ENABLE_GATEWAY_API=false", "PILOT_ENABLE_IP_AUTOALLOCATE=false")
	objects := modelOf(t, "sidecar-gateway-istio").built(t)
	defer remove(t, c, prepare(t, c, namespaces(objects)))
	probe := broken(t, objects, "VirtualService shop/cart", "attempts: 2", "attempts: -2")
	if _, err := c.Try(t.Context(), probe); err != nil {
		t.Fatalf("before the webhook is registered, the server refuses what only istiod is to refuse: %v", err)
	}
	if err := istiod.Validate(t.Context(), probe); err != nil {
		t.Fatal(err)
	}
}

// refuseIstio is the control of Istio's webhook: what the CRDs let through.
func refuseIstio(t *testing.T, c *cluster.Cluster) {
	objects := modelOf(t, "sidecar-gateway-istio").built(t)
	defer remove(t, c, prepare(t, c, namespaces(objects)))
	for _, tt := range []struct{ name, object, old, new string }{
		{"a weight below zero", "VirtualService shop/price", "weight: 0", "weight: -10"},
		{"more than all", "DestinationRule shop/price", "maxEjectionPercent: 40", "maxEjectionPercent: 150"},
		{"a subset twice", "DestinationRule shop/web", "name: green", "name: blue"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := c.Try(t.Context(), broken(t, objects, tt.object, tt.old, tt.new)); !cluster.Denied(err) {
				t.Errorf("istiod does not refuse it: %v", err)
			}
			record.Checks(t, 1)
		})
	}
}

// refuseRules is the control of the operator's: one rule of kgen's own, broken.
func refuseRules(t *testing.T, c *cluster.Cluster) {
	objects := modelOf(t, "examples/guide").built(t)
	defer remove(t, c, prepare(t, c, namespaces(objects)))
	const rules = "PrometheusRule monitoring/guide-backend"
	const webhook = `admission webhook "prometheusrulevalidate.monitoring.coreos.com" denied the request: Rules are not valid`
	for _, tt := range []struct{ name, old, new, want string }{
		{"a parenthesis", "rate(istio_requests_total", "rate(istio_requests_total(", webhook},
		{"an unknown function", "absent(", "abscent(", webhook},
		{"a template", "{{ $value | humanizePercentage }}", "{{ $value | humanisePercentage }}", webhook},
		{"a duration", "for: 10m", "for: 10 minutes", "spec.groups"}, // by the CRD itself
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := c.Try(t.Context(), broken(t, objects, rules, tt.old, tt.new)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("it is taken, or not refused for %q: %v", tt.want, err)
			}
			record.Checks(t, 1)
		})
	}
}

// broken is one of the objects with one text in place of another.
func broken(t *testing.T, objects []cluster.Object, name, old, new string) cluster.Object {
	t.Helper()
	for _, o := range objects {
		if o.String() != name {
			continue
		}
		text := bytes.Replace(o.Text, []byte(old), []byte(new), 1)
		if bytes.Equal(text, o.Text) {
			t.Fatalf("%s has no %q to break:\n%s", name, old, o.Text)
		}
		o.Text = text
		return o
	}
	t.Fatalf("there is no %s to break", name)
	return cluster.Object{}
}
