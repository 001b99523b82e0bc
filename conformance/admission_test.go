package conformance

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/namespace"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/kustomize"
)

// admittedKinds are all that kgen makes; each has to be seen admitted.
var admittedKinds = []string{
	"ApplicationSet", "AuthorizationPolicy", "Canary", "Certificate", "CiliumNetworkPolicy", "DestinationRule", "FrontendConfig", "GRPCRoute", "Gateway", "GitRepository",
	"HTTPRoute", "Ingress", "Kustomization", "Middleware", "Namespace", "NetworkPolicy", "PeerAuthentication", "PodMonitor", "PrometheusRule",
	"ReferenceGrant", "Role", "RoleBinding", "Service", "ServiceEntry", "ServiceMonitor", "TLSRoute", "VirtualService",
}

// TestAdmission gives an API server what kgen makes, on the empty cluster of a
// platform whose CRDs, admission policy and webhooks are installed.
func TestAdmission(t *testing.T) {
	if !namespace.Inside(t) {
		t.Parallel()
		for _, name := range []string{"etcd", "kube-apiserver", "istiod", "prometheus-operator", "kubectl", "kustomize"} {
			component.Build(t, name)
		}
		component.Modules(t, "crds")
		namespace.Run(t)
		return
	}
	record.Start(t, record.Admission, "each model, environment and door is applied twice, past the webhooks of Istio and of the Prometheus Operator and Gateway API's policy: no error, no warning, no second change; broken ones are refused")
	c := cluster.Start(t)
	askIstiod(t, c)
	startOperator(t, c)
	all := admission{c: c, kinds: map[string]bool{}, seen: map[string]bool{}}
	environments := 0
	for _, m := range models(t) {
		t.Run("model "+m.name, func(t *testing.T) { all.admit(t, m, m.built(t)) })
		for _, e := range m.network.Spec.Environments {
			environments++
			t.Run("model "+m.name+" environment "+e.Name, func(t *testing.T) { all.admit(t, m, m.builtFor(t, e.Name)) })
		}
	}
	for _, d := range doors() {
		t.Run("door "+d.name(), func(t *testing.T) {
			m := d.model(t)
			all.admit(t, m, m.built(t))
		})
	}
	t.Run("every kind", func(t *testing.T) {
		if environments == 0 {
			t.Error("no model has an environment")
		}
		for _, kind := range admittedKinds {
			if !all.kinds[kind] {
				t.Errorf("no model has shown a %s; there were %q", kind, slices.Sorted(maps.Keys(all.kinds)))
			}
		}
		for kind := range all.kinds {
			if !slices.Contains(admittedKinds, kind) {
				t.Errorf("%s is made and not on the list of kinds to look for", kind)
			}
		}
		record.Checks(t, len(admittedKinds))
	})
	t.Run("kubectl", func(t *testing.T) { pipe(t, c) })
	t.Run("controls", func(t *testing.T) {
		refuse(t, c)
		t.Run("Istio", func(t *testing.T) { refuseIstio(t, c) })
		t.Run("rules", func(t *testing.T) { refuseRules(t, c) })
	})
}

// built are the model's objects in the order and the words of kustomize build,
// and behind them those that say how it is delivered.
func (m *model) built(t *testing.T) []cluster.Object {
	t.Helper()
	objects := m.builtIn(t, ".")
	if m.network.Spec.Delivery != nil {
		objects = append(objects, m.builtIn(t, "delivery")...)
	}
	return objects
}

// builtFor are those of one environment.
func (m *model) builtFor(t *testing.T, environment string) []cluster.Object {
	t.Helper()
	return m.builtIn(t, "environments/"+environment)
}

// builtIn are those of one folder, which is built once.
func (m *model) builtIn(t *testing.T, folder string) []cluster.Object {
	t.Helper()
	m.building.Lock()
	defer m.building.Unlock()
	if m.builds[folder] == nil {
		if m.builds == nil {
			m.builds = map[string][]cluster.Object{}
		}
		m.builds[folder] = m.build(t, folder)
	}
	return slices.Clone(m.builds[folder])
}

func (m *model) build(t *testing.T, folder string) []cluster.Object {
	t.Helper()
	stream, err := kustomize.BuildTree(m.tree, folder)
	if err != nil {
		t.Fatal(err)
	}
	objects, err := cluster.Objects(stream)
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) == 0 || folder != "delivery" && len(objects) < 3 {
		t.Fatalf("%d objects are built from %s; there is nothing to admit", len(objects), folder)
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

// prepare applies objects of the platform, such as its namespaces, and returns
// those that were not there.
func prepare(t *testing.T, c *cluster.Cluster, objects []cluster.Object) (made []cluster.Object) {
	t.Helper()
	for _, o := range objects {
		a, err := c.Apply(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if a.Created {
			made = append(made, o)
		}
	}
	return made
}

// statusByDefault are the kinds whose CRDs have a default for the status, which
// their controllers would have written long before somebody applies them again.
var statusByDefault = []string{"Gateway", "GitRepository", "Kustomization"}

// An admission is what a cluster has been asked.
type admission struct {
	c     *cluster.Cluster
	kinds map[string]bool // that were admitted
	// seen are the texts that were. What a server and its webhooks say of an
	// object goes by the object alone, so the same bytes are not judged again.
	seen map[string]bool
}

// admit applies what is built of the model twice: first everything is made,
// without an error and without a warning; then nothing changes. It leaves the
// cluster as it was.
func (a *admission) admit(t *testing.T, m *model, objects []cluster.Object) {
	c, kinds := a.c, a.kinds
	made := prepare(t, c, surroundings(objects))
	defer func() { remove(t, c, made) }()
	count := len(objects)
	objects = slices.DeleteFunc(slices.Clone(objects), func(o cluster.Object) bool { return o.Kind != "Namespace" && a.seen[string(o.Text)] })
	for _, o := range objects {
		a.seen[string(o.Text)] = true
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
		if slices.Contains(statusByDefault, o.Kind) {
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
	record.Checks(t, 2*len(objects))
	t.Logf("%d objects, %d of them as none before", count, len(objects))
}

// bound are the warnings that a platform leaves no way around. GKE's controller
// reads this annotation and ignores ingressClassName; an Ingress with neither is
// its own too, until another controller's class is the cluster's default
// (Google Cloud, "GKE Ingress for Application Load Balancers").
func (m *model) bound(o cluster.Object, warning string) bool {
	in := m.network.Spec.Ingress
	return in != nil && in.Class == "gce" && o.Kind == "Ingress" && strings.Contains(warning, `annotation \"kubernetes.io/ingress.class\" is deprecated`)
}

// namespaces are those of the objects and those around them.
func namespaces(objects []cluster.Object) []cluster.Object {
	return slices.DeleteFunc(append(surroundings(objects), objects...), func(o cluster.Object) bool { return o.Kind != "Namespace" })
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
	defer remove(t, c, prepare(t, c, namespaces(objects)))
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
			record.Checks(t, 1)
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
		record.Checks(t, 1)
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
		record.Checks(t, 1)
	})
}
