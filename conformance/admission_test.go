package conformance

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/internal/kustomize"
)

// admittedKinds are all that kgen makes; each has to be seen admitted.
var admittedKinds = []string{
	"ApplicationSet", "AuthorizationPolicy", "Canary", "Certificate", "CiliumNetworkPolicy", "DestinationRule", "FrontendConfig", "GRPCRoute", "Gateway", "GitRepository",
	"HTTPRoute", "Ingress", "Kustomization", "Middleware", "Namespace", "NetworkPolicy", "PeerAuthentication", "PodMonitor", "PrometheusRule",
	"ReferenceGrant", "Role", "RoleBinding", "Service", "ServiceEntry", "ServiceMonitor", "TLSRoute", "VirtualService",
}

// TestAdmission gives an API server what kgen makes, on the empty cluster of a
// platform whose CRDs are installed.
func TestAdmission(t *testing.T) {
	c := cluster.Start(t)
	kinds := map[string]bool{}
	for _, m := range models(t) {
		t.Run("model "+m.name, func(t *testing.T) { admit(t, c, kinds, m) })
	}
	for _, d := range doors() {
		t.Run("door "+d.name(), func(t *testing.T) { admit(t, c, kinds, d.model(t)) })
	}
	t.Run("every kind", func(t *testing.T) {
		for _, kind := range admittedKinds {
			if !kinds[kind] {
				t.Errorf("no model has shown a %s; there were %q", kind, slices.Sorted(maps.Keys(kinds)))
			}
		}
		for kind := range kinds {
			if !slices.Contains(admittedKinds, kind) {
				t.Errorf("%s is made and not on the list of kinds to look for", kind)
			}
		}
	})
	t.Run("controls", func(t *testing.T) { refuse(t, c) })
}

// built are the model's objects in the order and the words of kustomize build,
// and behind them those that say how it is delivered.
func (m *model) built(t *testing.T) []cluster.Object {
	t.Helper()
	stream, err := kustomize.BuildTree(m.tree, ".")
	if err != nil {
		t.Fatal(err)
	}
	if m.network.Spec.Delivery != nil {
		delivery, err := kustomize.BuildTree(m.tree, "delivery")
		if err != nil {
			t.Fatal(err)
		}
		stream = slices.Concat(stream, []byte("---\n"), delivery)
	}
	objects, err := cluster.Objects(stream)
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) < 3 {
		t.Fatalf("%d objects are built; there is nothing to admit", len(objects))
	}
	return objects
}

// surroundings are the namespaces that objects are put into and none of them is:
// those of the platform.
func surroundings(objects []cluster.Object) []cluster.Object {
	missing := map[string]bool{}
	for _, o := range objects {
		if o.Namespace != "" {
			missing[o.Namespace] = true
		}
	}
	for _, o := range objects {
		if o.Kind == "Namespace" {
			delete(missing, o.Name)
		}
	}
	var out []cluster.Object
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		out = append(out, cluster.Object{APIVersion: "v1", Kind: "Namespace", Name: name,
			Text: []byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + name + "\n")})
	}
	return out
}

// admit applies the model twice: first everything is made, without an error and
// without a warning; then nothing changes. It leaves the cluster as it was.
func admit(t *testing.T, c *cluster.Cluster, kinds map[string]bool, m *model) {
	objects := m.built(t)
	var made []cluster.Object
	defer func() { remove(t, c, made) }()
	for _, o := range surroundings(objects) {
		a, err := c.Apply(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if a.Created {
			made = append(made, o)
		}
	}
	versions := map[string]string{}
	for _, o := range objects {
		a, err := c.Apply(t.Context(), o)
		if err != nil {
			t.Error(err)
			continue
		}
		made = append(made, o)
		kinds[o.Kind] = true
		versions[o.String()] = a.ResourceVersion
		if !a.Created {
			t.Errorf("%s is there already: the cluster was not empty, or it is built twice", o)
		}
		for _, w := range a.Warnings {
			if !m.bound(o, w) {
				t.Errorf("%s brings a warning: %s", o, w)
			}
		}
		if slices.Contains([]string{"Gateway", "GitRepository", "Kustomization"}, o.Kind) {
			// Its CRD has a default for the status, which its controller would
			// have written long before somebody applies the Gateway again.
			if versions[o.String()], err = c.Touch(t.Context(), o); err != nil {
				t.Error(err)
			}
		}
	}
	for _, o := range made {
		before, ours := versions[o.String()]
		if !ours {
			continue // a namespace of the platform
		}
		a, err := c.Apply(t.Context(), o)
		if err != nil {
			t.Errorf("the second time: %v", err)
		} else if a.ResourceVersion != before {
			t.Errorf("%s changes when it is applied again", o)
		}
	}
	t.Logf("%d objects", len(objects))
}

// bound are the warnings that a platform leaves no way around. GKE's controller
// reads this annotation and ignores ingressClassName; an Ingress with neither is
// its own too, until another controller's class is the cluster's default
// (Google Cloud, "GKE Ingress for Application Load Balancers").
func (m *model) bound(o cluster.Object, warning string) bool {
	in := m.network.Spec.Ingress
	return in != nil && in.Class == "gce" && o.Kind == "Ingress" && strings.Contains(warning, `annotation \"kubernetes.io/ingress.class\" is deprecated`)
}

// remove takes objects away again, the last first.
func remove(t *testing.T, c *cluster.Cluster, objects []cluster.Object) {
	t.Helper()
	for _, o := range slices.Backward(objects) {
		if err := c.Remove(t.Context(), o); err != nil {
			t.Error(err)
		}
	}
}

// refuse is the control: of one model, the unchanged objects pass, and what is
// broken in one of them is seen.
func refuse(t *testing.T, c *cluster.Cluster) {
	objects := modelOf(t, "sidecar-gateway-istio").built(t)
	var namespaces []cluster.Object
	for _, o := range append(surroundings(objects), objects...) {
		if o.Kind != "Namespace" {
			continue
		}
		if _, err := c.Apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		namespaces = append(namespaces, o)
	}
	defer remove(t, c, namespaces)
	for _, tt := range []struct{ name, object, old, new, want string }{
		{"a typo in a CRD's field", "VirtualService shop/cart", "perTryTimeout:", "perTryTimeuot:", "perTryTimeuot"},
		{"a typo in a field of Kubernetes' own", "Service shop/cart", "targetPort:", "targetport:", "targetport"},
		{"a field twice", "Service shop/cart", "  type: ClusterIP", "  type: ClusterIP\n  type: ClusterIP", `"type" already set`},
		{"a weight below zero", "HTTPRoute shop/web", "weight: 20", "weight: -1", "greater than or equal to 0"},
		{"a weight that is no number", "HTTPRoute shop/web", "weight: 20", `weight: "20"`, "expected numeric"},
		{"a port out of range", "Service shop/cart", "port: 7070", "port: 99999", "between 1 and 65535"},
		{"a container port out of range", "NetworkPolicy shop/allow-acme-solver", "port: 8089", "port: 99999", "between 1 and 65535"},
		{"a rule between fields", "HTTPRoute shop/web", "type: PathPrefix\n        value: /", "type: PathPrefix\n        value: shop", "start with '/'"},
		{"a namespace that is not there", "Service shop/cart", "namespace: shop", "namespace: pohs", `namespaces "pohs" not found`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := slices.IndexFunc(objects, func(o cluster.Object) bool { return o.String() == tt.object })
			if i < 0 {
				t.Fatalf("there is no %s to break", tt.object)
			}
			if _, err := c.Try(t.Context(), objects[i]); err != nil {
				t.Fatalf("the unchanged object is refused: %v", err)
			}
			broken := bytes.Replace(objects[i].Text, []byte(tt.old), []byte(tt.new), 1)
			if bytes.Equal(broken, objects[i].Text) {
				t.Fatalf("there is no %q to break in\n%s", tt.old, broken)
			}
			parsed, err := cluster.Objects(broken)
			if err != nil {
				parsed = []cluster.Object{objects[i]}
				parsed[0].Text = broken
			}
			if _, err := c.Try(t.Context(), parsed[0]); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("it is taken, or not refused for %q: %v", tt.want, err)
			}
		})
	}
	t.Run("a warning", func(t *testing.T) {
		ingress := cluster.Object{APIVersion: "networking.k8s.io/v1", Kind: "Ingress", Namespace: "shop", Name: "warned"}
		ingress.Text = []byte(`apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: warned
  namespace: shop
  annotations: {kubernetes.io/ingress.class: some}
spec: {defaultBackend: {service: {name: cart, port: {number: 7070}}}}
`)
		a, err := c.Try(t.Context(), ingress)
		if err != nil || len(a.Warnings) != 1 || !strings.Contains(a.Warnings[0], "ingress.class") {
			t.Errorf("warnings are %q, error %v; want one of the annotation", a.Warnings, err)
		}
	})
	t.Run("a change", func(t *testing.T) {
		i := slices.IndexFunc(objects, func(o cluster.Object) bool { return o.String() == "Service shop/cart" })
		service := objects[i]
		before, err := c.Apply(t.Context(), service)
		if err != nil {
			t.Fatal(err)
		}
		defer remove(t, c, []cluster.Object{service})
		service.Text = bytes.Replace(service.Text, []byte("port: 7070"), []byte("port: 7071"), 1)
		after, err := c.Apply(t.Context(), service)
		if err != nil || after.Created || after.ResourceVersion == before.ResourceVersion {
			t.Errorf("another port leaves %v as %v: %v", before, after, err)
		}
	})
}
