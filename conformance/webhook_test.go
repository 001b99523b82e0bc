//go:build live

package conformance

import (
	"bytes"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/namespace"
	"kgen.dev/kgen/internal/spec"
)

// TestIstiodAdmits asks istiod itself, in its place: as the webhook of an API
// server to which every model is applied.
func TestIstiodAdmits(t *testing.T) {
	if !namespace.Inside(t) {
		for _, name := range []string{"etcd", "kube-apiserver", "istiod"} {
			component.Build(t, name)
		}
		component.Modules(t, "crds")
		namespace.Run(t)
		return
	}
	c := cluster.Start(t)
	istiod := c.StartIstiod(t)
	probe := istioObject(t, c, "VirtualService shop/cart", "attempts: 2", "attempts: -2")
	if _, err := c.Try(t.Context(), probe); err != nil {
		t.Fatalf("before the webhook is registered, the server refuses what only istiod is to refuse: %v", err)
	}
	if err := istiod.Validate(t.Context(), probe); err != nil {
		t.Fatal(err)
	}
	for _, m := range models(t) {
		if m.network.Spec.Mesh.Provider == spec.Istio {
			t.Run(m.name, func(t *testing.T) { judge(t, c, m) })
		}
	}
	t.Run("controls", func(t *testing.T) {
		for _, tt := range []struct{ name, object, old, new string }{
			{"a weight below zero", "VirtualService shop/price", "weight: 0", "weight: -10"},
			{"more than all", "DestinationRule shop/price", "maxEjectionPercent: 40", "maxEjectionPercent: 150"},
			{"a subset twice", "DestinationRule shop/web", "name: green", "name: blue"},
		} {
			t.Run(tt.name, func(t *testing.T) {
				if _, err := c.Try(t.Context(), istioObject(t, c, tt.object, tt.old, tt.new)); !cluster.Denied(err) {
					t.Errorf("istiod does not refuse it: %v", err)
				}
			})
		}
	})
}

// judge tries every Istio object of the model at the server: no error and no
// warning.
func judge(t *testing.T, c *cluster.Cluster, m *model) {
	t.Helper()
	objects := m.built(t)
	for _, o := range append(surroundings(objects), objects...) {
		if o.Kind == "Namespace" {
			if _, err := c.Apply(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
	}
	judged := 0
	for _, o := range objects {
		if !strings.Contains(o.APIVersion, ".istio.io/") {
			continue
		}
		judged++
		a, err := c.Try(t.Context(), o)
		if err != nil {
			t.Error(err)
		}
		for _, warning := range a.Warnings {
			t.Errorf("%s brings a warning: %s", o, warning)
		}
	}
	if judged == 0 {
		t.Error("it has no object of Istio's")
	}
	t.Logf("%d objects", judged)
}

// istioObject is an object of one model with one text in place of another, and
// its namespace there.
func istioObject(t *testing.T, c *cluster.Cluster, name, old, new string) cluster.Object {
	t.Helper()
	for _, o := range modelOf(t, "sidecar-gateway-istio").built(t) {
		if o.Kind == "Namespace" {
			if _, err := c.Apply(t.Context(), o); err != nil {
				t.Fatal(err)
			}
		}
		if o.String() != name {
			continue
		}
		broken := bytes.Replace(o.Text, []byte(old), []byte(new), 1)
		if bytes.Equal(broken, o.Text) {
			t.Fatalf("%s has no %q to break:\n%s", name, old, o.Text)
		}
		o.Text = broken
		return o
	}
	t.Fatalf("there is no %s to break", name)
	return cluster.Object{}
}
