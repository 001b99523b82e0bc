package gen_test

import (
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

// twoPlaces is a small model with an environment of each form.
func twoPlaces() *spec.Network {
	n := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"}}
	n.Spec.Mesh = spec.Mesh{Provider: spec.Istio}
	n.Spec.Ingress = &spec.Ingress{TLS: &spec.TLS{ClusterIssuer: "ca"}}
	n.Spec.Services = []spec.Service{
		{Name: "web", Ports: one(spec.Port{Port: 80}), Hosts: []string{"shop.example.com"}, Calls: calls("api")},
		{Name: "api", Ports: one(spec.Port{Port: 80}), Replicas: 4, Canary: &spec.Canary{Version: "v2", Weight: 10}},
		{Name: "edge", Type: spec.LoadBalancer, Ports: one(spec.Port{Port: 443, Protocol: spec.TLSP}), Metrics: &spec.Metrics{Port: 9090},
			LoadBalancer: &spec.LoadBalancerOptions{SourceRanges: []string{"203.0.113.0/24"}}},
	}
	n.Spec.Environments = []spec.Environment{
		{Name: "eu", Services: []spec.EnvironmentService{
			{Name: "web", Hosts: []string{"shop.example.com", "shop.example.eu"}},
			{Name: "api", Canary: &spec.EnvironmentCanary{Weight: 50}},
			{Name: "edge", Type: spec.ClusterIP},
		}},
		{Name: "staging", Namespace: "shop-staging", Application: "shop-staging", Services: []spec.EnvironmentService{{Name: "web", Hosts: []string{"staging.example.com"}}}},
	}
	return n
}

func below(files *tree.Tree, dir string) []string {
	var out []string
	for _, p := range files.Paths() {
		if rest, ok := strings.CutPrefix(p, dir+"/"); ok {
			out = append(out, rest)
		}
	}
	return out
}

// TestOverlay shows the files of an environment that patches the base, and
// three of them whole.
func TestOverlay(t *testing.T) {
	n := twoPlaces()
	// web gains a load balancer, and with it a Service for its metrics.
	n.Spec.Services[0].Metrics = &spec.Metrics{Port: 9090}
	n.Spec.Environments[0].Services[0] = spec.EnvironmentService{Name: "web", Type: spec.LoadBalancer}
	files := rendered(t, n, gen.Options{})
	want := []string{
		"kustomization.yaml",
		"patches/authorizationpolicy-edge.yaml",
		"patches/authorizationpolicy-web.yaml",
		"patches/monitoring/prometheusrule-shop-api.yaml",
		"patches/monitoring/prometheusrule-shop-edge.yaml",
		"patches/monitoring/prometheusrule-shop-recording-rules.yaml",
		"patches/monitoring/prometheusrule-shop-web.yaml",
		"patches/networkpolicy-edge.yaml",
		"patches/networkpolicy-web.yaml",
		"patches/peerauthentication-edge.yaml",
		"patches/peerauthentication-web.yaml",
		"patches/service-edge-metrics.yaml",
		"patches/service-edge.yaml",
		"patches/service-web.yaml",
		"patches/virtualservice-api.yaml",
		"resources/service-web-metrics.yaml",
	}
	if diff := cmp.Diff(want, below(files, "environments/eu")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for file, want := range map[string]string{
		"patches/virtualservice-api.yaml": `# How VirtualService api of networking/service-mesh/api.yaml differs in eu.
# Each test holds the patch to the value that it was made for.
- op: test
  path: /spec/http/0/route/0/weight
  value: 90
- op: replace
  path: /spec/http/0/route/0/weight
  value: 50
- op: test
  path: /spec/http/0/route/1/weight
  value: 10
- op: replace
  path: /spec/http/0/route/1/weight
  value: 50
`,
		"patches/service-edge-metrics.yaml": `# eu has no Service edge-metrics, which is in networking/services/edge.yaml.
$patch: delete
apiVersion: v1
kind: Service
metadata:
  name: edge-metrics
  namespace: shop
`,
		"resources/service-web-metrics.yaml": `# Metrics have a Service of their own, because the load balancer would publish their port.
apiVersion: v1
kind: Service
metadata:
  name: web-metrics
  namespace: shop
  labels:
    app.kubernetes.io/name: web-metrics
    app.kubernetes.io/part-of: shop
    kgen.dev/scrape: http-metrics
spec:
  type: ClusterIP
  selector:
    app: web
  ports:
  - name: http-metrics
    port: 9090
    targetPort: 9090
    appProtocol: http
`,
	} {
		got, _ := files.File("environments/eu/" + file)
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", file, diff)
		}
	}
	_, whole := flat(t, n, "eu")
	if diff := cmp.Diff(whole, built(t, files, "environments/eu")); diff != "" {
		t.Errorf("eu does not build what its model renders (-flat +built):\n%s", diff)
	}
	n.Spec.Environments[0].Services = nil
	files = rendered(t, n, gen.Options{})
	if diff := cmp.Diff(built(t, files, "."), built(t, files, "environments/eu")); diff != "" {
		t.Errorf("nothing differs, but what is built (-base +eu):\n%s", diff)
	}
}

// TestOverlayMeansOneResource patches a resource whose name, taken for a regular
// expression as kustomize takes it, is that of another as well.
func TestOverlayMeansOneResource(t *testing.T) {
	n := twoPlaces()
	n.Spec.Services = append(n.Spec.Services, spec.Service{Name: "web-redirect", Ports: one(spec.Port{Port: 80}), Hosts: []string{"other.example.com"}})
	files := rendered(t, n, gen.Options{})
	if _, ok := files.File("environments/eu/patches/httproute-web.redirect.yaml"); !ok {
		t.Fatalf("no HTTPRoute web.redirect is patched: %q", below(files, "environments/eu"))
	}
	_, want := flat(t, n, "eu")
	if diff := cmp.Diff(want, built(t, files, "environments/eu")); diff != "" {
		t.Errorf("(-flat +built):\n%s", diff)
	}
}

// TestOverlayOfAnotherBase edits the base below an overlay by hand: what is
// beside the patches comes through, what is in their place stops the build.
func TestOverlayOfAnotherBase(t *testing.T) {
	const file = "networking/service-mesh/api.yaml"
	for _, c := range []struct {
		name, old, new string
		want           string // of the error
	}{
		{"a timeout is added", "      weight: 10\n", "      weight: 10\n    timeout: 7s\n", ""},
		{"the weight itself is another", "weight: 90", "weight: 80", "testing value /spec/http/0/route/0/weight failed"},
		{"a route comes before", "  http:\n  - name: http\n", "  http:\n  - fault: {abort: {httpStatus: 503}}\n  - name: http\n", "missing path: /spec/http/0/route/0/weight"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := rendered(t, twoPlaces(), gen.Options{})
			text, _ := files.File(file)
			if strings.Count(string(text), c.old) != 1 {
				t.Fatalf("%q is not once in\n%s", c.old, text)
			}
			files.Set(file, []byte(strings.Replace(string(text), c.old, c.new, 1)))
			out, err := kustomize.BuildTree(files, "environments/eu")
			switch {
			case c.want == "" && (err != nil || !strings.Contains(string(out), "timeout: 7s")):
				t.Errorf("%v: the edit is not in\n%s", err, out)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestWithout leaves files out, and compares what goes with each: the entry that
// names it, the kustomization that has nothing left, the patch that would have
// nothing to change. Whatever is left builds.
func TestWithout(t *testing.T) {
	whole := rendered(t, twoPlaces(), gen.Options{})
	for _, c := range []struct {
		name    string
		without []string // files, and folders with a slash at the end
		gone    []string // files that are not made besides
		changed []string
	}{
		{"a file of a service", []string{"networking/services/web.yaml"}, nil, []string{"networking/services/kustomization.yaml"}},
		{"a patched file", []string{"networking/service-mesh/api.yaml"},
			[]string{"environments/eu/patches/virtualservice-api.yaml"},
			[]string{"environments/eu/kustomization.yaml", "networking/service-mesh/kustomization.yaml"}},
		{"a kustomization", []string{"networking/services/kustomization.yaml"},
			[]string{"environments/eu/patches/service-edge-metrics.yaml", "environments/eu/patches/service-edge.yaml"},
			[]string{"environments/eu/kustomization.yaml", "kustomization.yaml", "networking/kustomization.yaml"}},
		{"all that a kustomization lists", []string{"networking/ingress/gateway.yaml", "networking/ingress/web.yaml"},
			[]string{"environments/eu/patches/certificate-web-tls.yaml", "environments/eu/patches/httproute-web.redirect.yaml", "environments/eu/patches/httproute-web.yaml",
				"environments/eu/patches/istio-ingress/gateway-shop.yaml", "networking/ingress/kustomization.yaml"},
			[]string{"environments/eu/kustomization.yaml", "kustomization.yaml", "networking/kustomization.yaml"}},
		{"the outermost kustomization", []string{"kustomization.yaml"}, nil, nil},
		{"a patch", []string{"environments/eu/patches/virtualservice-api.yaml"}, nil, []string{"environments/eu/kustomization.yaml"}},
		{"an overlay's kustomization", []string{"environments/eu/kustomization.yaml"}, nil, nil},
		{"a file of a tree of its own", []string{"environments/staging/networking/services/web.yaml"}, nil, []string{"environments/staging/networking/services/kustomization.yaml"}},
		{"the kustomization of a half", []string{"networking/kustomization.yaml"}, nil, nil},
		{"a kustomization of a tree of its own", []string{"environments/staging/monitoring/alerts/kustomization.yaml"}, nil,
			[]string{"environments/staging/kustomization.yaml", "environments/staging/monitoring/kustomization.yaml"}},
		{"a guide", []string{"README.md"}, nil, nil},
		{"a whole folder", []string{"networking/"},
			[]string{"environments/eu/patches/authorizationpolicy-edge.yaml", "environments/eu/patches/certificate-web-tls.yaml", "environments/eu/patches/httproute-web.redirect.yaml",
				"environments/eu/patches/httproute-web.yaml", "environments/eu/patches/istio-ingress/gateway-shop.yaml", "environments/eu/patches/networkpolicy-edge.yaml", "environments/eu/patches/peerauthentication-edge.yaml",
				"environments/eu/patches/service-edge-metrics.yaml", "environments/eu/patches/service-edge.yaml", "environments/eu/patches/virtualservice-api.yaml"},
			[]string{"environments/eu/kustomization.yaml", "kustomization.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := func(file string) bool {
				return slices.ContainsFunc(c.without, func(w string) bool {
					return file == w || strings.HasSuffix(w, "/") && strings.HasPrefix(file, w)
				})
			}
			files := rendered(t, twoPlaces(), gen.Options{Without: out})
			var gone, changed []string
			for file, data := range whole.All() {
				now, ok := files.File(file)
				switch {
				case !ok && !out(file):
					gone = append(gone, file)
				case ok && out(file):
					t.Errorf("%s is made", file)
				case ok && string(now) != string(data):
					changed = append(changed, file)
				}
			}
			if diff := cmp.Diff(c.gone, gone); diff != "" {
				t.Errorf("gone besides (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.changed, changed); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
			for _, dir := range []string{".", "environments/eu", "environments/staging"} {
				if _, ok := files.File(path.Join(dir, "kustomization.yaml")); ok {
					built(t, files, dir)
				}
			}
		})
	}
	none := rendered(t, twoPlaces(), gen.Options{Without: func(string) bool { return true }})
	if none.Len() > 0 {
		t.Errorf("everything is left out, and there are %q", none.Paths())
	}
}

// TestEnvironmentsTakeOwnTemplates holds that a user's template speaks for every
// environment, and in a patch only where what it says differs.
func TestEnvironmentsTakeOwnTemplates(t *testing.T) {
	own := fstest.MapFS{
		"networking/namespace/namespace.yaml.tmpl": {Data: []byte("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: {{ scalar .Namespace }}\n  labels:\n    weight: {{ range .Services }}{{ with .Canary }}{{ printf \"w%d\" .Weight }}{{ end }}{{ end }}\n")},
		"networking/services/service.yaml.tmpl": {Data: []byte("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: {{ scalar .Name }}, namespace: {{ scalar .App.Namespace }}}, data: {f: {{ .FQDN }}}}\n" +
			"{{ range .OwnedHosts }}- {apiVersion: v1, kind: ConfigMap, metadata: {name: {{ scalar . }}, namespace: {{ scalar $.App.Namespace }}}}\n{{ end }}")},
		"environments/removal.yaml.tmpl": {Data: []byte("# Not here.\n$patch: delete\napiVersion: {{ .Object.APIVersion }}\nkind: {{ .Object.Kind }}\nmetadata: {name: {{ .Object.Name }}, namespace: {{ .Object.Namespace }}}\n")},
	}
	n := twoPlaces()
	n.Spec.Environments[0].Services[0].Hosts = []string{"shop.example.eu"}
	files := rendered(t, n, gen.Options{Templates: own})
	got := map[string]string{}
	for _, file := range []string{"patches/namespace-shop.yaml", "patches/configmap-shop.example.com.yaml", "resources/configmap-shop.example.eu.yaml"} {
		text, _ := files.File("environments/eu/" + file)
		got[file] = string(text)
	}
	want := map[string]string{
		"patches/namespace-shop.yaml": "# How Namespace shop of networking/namespace/namespace.yaml differs in eu.\n# Each test holds the patch to the value that it was made for.\n" +
			"- op: test\n  path: /metadata/labels/weight\n  value: w10\n- op: replace\n  path: /metadata/labels/weight\n  value: w50\n",
		"patches/configmap-shop.example.com.yaml":  "# Not here.\n$patch: delete\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: shop.example.com, namespace: shop}\n",
		"resources/configmap-shop.example.eu.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shop.example.eu\n  namespace: shop\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	staging, _ := files.File("environments/staging/networking/services/api.yaml")
	if !strings.Contains(string(staging), "api.shop-staging.svc.cluster.local") {
		t.Errorf("staging is rendered by another template:\n%s", staging)
	}
}

// TestEnvironmentOfAnotherName has a tree of its own though the namespace is the
// same: nearly everything outside it is called otherwise.
func TestEnvironmentOfAnotherName(t *testing.T) {
	n := twoPlaces()
	n.Spec.Environments[1].Namespace = ""
	files := rendered(t, n, gen.Options{})
	if _, ok := files.File("environments/staging/networking/namespace/namespace.yaml"); !ok {
		t.Errorf("staging has no tree of its own: %q", below(files, "environments/staging"))
	}
}

// TestEnvironmentsKnown renders a second time with the first one's files at hand.
func TestEnvironmentsKnown(t *testing.T) {
	first := rendered(t, twoPlaces(), gen.Options{})
	second := rendered(t, twoPlaces(), gen.Options{Known: first})
	if diff := cmp.Diff(texts(first), texts(second)); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

func texts(files *tree.Tree) map[string]string {
	out := map[string]string{}
	for file, data := range files.All() {
		out[file] = string(data)
	}
	return out
}

// TestEnvironmentsGuides holds that the runbooks are those of all environments,
// and that the guide says how to build each.
func TestEnvironmentsGuides(t *testing.T) {
	n := twoPlaces()
	n.Spec.Environments[0].Services[1].SLO = &spec.SLO{Availability: 99.9}
	files := rendered(t, n, gen.Options{})
	for file, want := range map[string][]string{
		"monitoring/alerts/README.md": {"## ServiceErrorBudgetBurn\n"},
		"README.md": {
			"| eu | shop | `kustomize build environments/eu \\| kubectl apply --server-side -f -` | patches on the tree here |\n",
			"| staging | shop-staging | `kustomize build environments/staging \\| kubectl apply --server-side -f -` | a whole tree of its own |\n",
			"| `environments` | what the [environments](#environments) build |\n",
		},
	} {
		text, _ := files.File(file)
		for _, w := range want {
			if !strings.Contains(string(text), w) {
				t.Errorf("%s does not say %q:\n%s", file, w, text)
			}
		}
	}
}
