package specfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// head is the first four lines of most files below.
const head = `apiVersion: kgen.dev/v1alpha1
kind: Network
metadata: {name: shop}
spec:
`

// web is head and one good service, seven lines in all.
const web = head + `  services:
  - name: web
    ports: [{port: 80}]
`

// whole uses every key of the model.
const whole = `apiVersion: kgen.dev/v1alpha1
kind: Network
metadata:
  name: shop
spec:
  namespace: shop                    # default: metadata.name
  domain: shop.example.com           # a service exposed without hosts gets <service>.<domain>
  clusterDomain: cluster.local
  dns: {profile: coredns}            # coredns | nodelocal | openshift; or namespace, podLabels, port, ipBlocks
  mesh: {provider: istio, mode: sidecar}     # provider none | istio; mode sidecar | ambient
  ingress:
    api: gateway                     # gateway | ingress
    class: istio
    controller: {namespace: istio-ingress, podLabels: {istio: ingressgateway}, ipBlocks: [10.0.0.0/24]}
    tls: {clusterIssuer: letsencrypt-prod}   # or {issuer: …} or {secretName: …}
  monitoring:
    namespace: monitoring
    prometheusLabels: {app.kubernetes.io/name: prometheus}    # its pods
    selectorLabels: {release: kube-prometheus-stack}          # what its monitor and rule selectors want
    retention: 10d
    runbookBase: https://runbooks.example.com/
  services:
  - name: frontend
    podLabels: {app: frontend}       # default app: <name>
    serviceAccount: frontend         # default <name>
    replicas: 3                      # for the breaker's arithmetic
    type: LoadBalancer               # ClusterIP | LoadBalancer | Headless
    loadBalancer: {sourceRanges: [203.0.113.0/24]}
    ports:
    - {name: http, port: 80, targetPort: 8080, protocol: http}
    hosts: [shop.example.com]        # exposes it
    paths: [{path: /, port: http, rewrite: /}]
    calls: [cartservice, {service: checkoutservice, port: grpc}, {service: ledger, namespace: billing, port: 8443, podLabels: {app: ledger}}]
    callers: [{namespace: partners, podLabels: {app: gateway}, port: http}]     # who may call from outside this model
    egress: [{host: api.stripe.com, port: 443}, {cidr: 10.20.0.0/16, ports: [5432], except: [10.20.1.0/24]}]
    canary: {stable: v1, version: v2, weight: 10}
    metrics: {port: 9090, path: /metrics}
    timeout: 5s
    retries: {attempts: 2, perTryTimeout: 2s}
    circuitBreaker: {maxConnections: 100, maxPendingRequests: 100, maxRequests: 200, consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 50}
    slo: {availability: 99.9, latency: {percentile: 99, threshold: 500ms}}
  - name: cartservice
    ports:
    - {name: grpc, port: 7070, protocol: grpc}
  - name: checkoutservice
    ports:
    - {name: grpc, port: 5050, protocol: grpc}
`

// good parses a text that must have no error.
func good(t testing.TB, text string) *File {
	t.Helper()
	f, errs := Parse("kgen.yaml", []byte(text))
	if len(errs) > 0 {
		t.Fatalf("a good file has errors:\n%v", errs)
	}
	return f
}

func TestParseReadsEveryKey(t *testing.T) {
	s := good(t, whole).Network.Spec
	front := s.Services[0]
	for _, check := range []struct {
		what      string
		got, want any
	}{
		{"calls", front.Calls, []spec.Call{
			{Service: "cartservice"},
			{Service: "checkoutservice", Port: spec.PortRef{Name: "grpc"}},
			{Service: "ledger", Namespace: "billing", Port: spec.PortRef{Number: 8443}, PodLabels: map[string]string{"app": "ledger"}},
		}},
		{"ports", front.Ports, []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}, Protocol: spec.HTTP}}},
		{"egress", front.Egress, []spec.Egress{
			{Host: "api.stripe.com", Port: 443},
			{CIDR: "10.20.0.0/16", Ports: []spec.PortNumber{5432}, Except: []string{"10.20.1.0/24"}},
		}},
		{"canary", front.Canary, &spec.Canary{Stable: "v1", Version: "v2", Weight: 10}},
		{"availability", front.SLO.Availability, spec.Availability(99.9)},
		{"tls", s.Ingress.TLS, &spec.TLS{ClusterIssuer: "letsencrypt-prod"}},
		{"labels", s.Monitoring.PrometheusLabels, map[string]string{"app.kubernetes.io/name": "prometheus"}},
		{"no default", s.Services[1].Replicas, spec.Count(0)},
	} {
		if diff := cmp.Diff(check.want, check.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", check.what, diff)
		}
	}
}

// TestParseAccepts holds texts that say the same as web in another way.
func TestParseAccepts(t *testing.T) {
	want := good(t, web).Network
	for name, text := range map[string]string{
		"byte order mark":  "\ufeff" + web,
		"CRLF":             strings.ReplaceAll(web, "\n", "\r\n"),
		"no final newline": strings.TrimSuffix(web, "\n"),
		"document markers": "---\n" + web + "...\n",
		"JSON":             `{"apiVersion":"kgen.dev/v1alpha1","kind":"Network","metadata":{"name":"shop"},"spec":{"services":[{"name":"web","ports":[{"port":80}]}]}}`,
		"aliases":          head + "  services:\n  - name: &n web\n    ports: [&p {port: 80}]\n",
		"quotes":           head + "  services:\n  - 'name': \"w\\x65b\"\n    ports:\n      -\n         port: 80\n",
		"str tag":          head + "  services:\n  - name: !!str web\n    ports: [{port: 80}]\n",
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, good(t, text).Network); diff != "" {
				t.Error(diff)
			}
		})
	}
	shared := good(t, head+"  services:\n  - {name: a, ports: &p [{port: 80}]}\n  - {name: b, ports: *p}\n").Network.Spec.Services
	if diff := cmp.Diff(shared[0].Ports, shared[1].Ports); diff != "" {
		t.Errorf("an alias reads as something else than its anchor\n%s", diff)
	}
}

// services puts services below head; the first of its lines is line 6.
func services(lines ...string) string {
	return head + "  services:\n" + strings.Join(lines, "\n") + "\n"
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		// What is no description at all.
		{"empty file", "", `kgen.yaml:1:1: is empty; run kgen init to write one`},
		{"only comments", "# nothing\n", `kgen.yaml:1:1: is empty; run kgen init to write one`},
		{"a list", "[]\n", `kgen.yaml:1:1: is a list, and a mapping is wanted; start with apiVersion: kgen.dev/v1alpha1`},
		{"second document", web + "---\n" + web, `kgen.yaml:8:1: a second document starts here; keep one application a file`},
		{"other version", strings.Replace(web, "v1alpha1", "v1", 1), `kgen.yaml:1:13: apiVersion: "kgen.dev/v1" is not kgen.dev/v1alpha1; write kgen.dev/v1alpha1`},
		{"other kind", strings.Replace(web, "Network", "Deployment", 1), `kgen.yaml:2:7: kind: "Deployment" is not Network; write Network`},
		{"no spec", "apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\n", `kgen.yaml:1:1: spec: is missing; add the key spec`},
		{"empty spec", head, `kgen.yaml:4:6: spec: has no value; give it namespace, domain, clusterDomain, dns, mesh, …, or remove it`},

		// Keys.
		{"unknown key", services("  - name: web", "    tiemout: 5s"), `kgen.yaml:7:5: services[0].tiemout: unknown key; did you mean timeout?`},
		{"unknown key, other case", web + "    Hosts: []\n", `kgen.yaml:8:5: services[0].Hosts: unknown key; did you mean hosts?`},
		{"unknown key like no other", "apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop, colour: blue}\nspec: {services: [{name: a}]}\n", `kgen.yaml:3:24: metadata.colour: unknown key; known keys are name`},
		{"misspelt required key", services("  - nmae: web"), `kgen.yaml:6:5: services[0].nmae: unknown key; did you mean name?`},
		{"duplicate key", web + "    timeout: 5s\n    timeout: 6s\n", `kgen.yaml:9:5: services[0].timeout: is given twice, first on line 8; keep one of the two`},
		{"duplicate label", web + "    podLabels: {app: a, app: b}\n", `kgen.yaml:8:25: services[0].podLabels.app: is given twice, first on line 8; keep one of the two`},
		{"missing key", services("  - ports: [{name: http}]"), "kgen.yaml:6:5: services[0].name: is missing; add the key name\nkgen.yaml:6:13: services[0].ports[0].port: is missing; add the key port"},
		{"merge key", services("  - &a {name: a}", "  - {<<: *a, name: b}"), `kgen.yaml:7:6: services[1].<<: merge keys are not read here; write the keys out, or use an alias for a whole value`},
		{"a list as key", web + "    ? [a]\n    : b\n", `kgen.yaml:8:7: services[0]: has a key that is a list; write a word before the colon`},

		// Wrong types.
		{"mapping for a list", services("  - name: web", "    ports: {port: 80}"), `kgen.yaml:7:12: services[0].ports: is a mapping, and a list is wanted; write it as a list: [a, b], or with '- ' before each entry`},
		{"text for a list", web + "    hosts: a.example.com\n", `kgen.yaml:8:12: services[0].hosts: is text, and a list is wanted; write it as a list: [a, b], or with '- ' before each entry`},
		{"text for a mapping", web + "    canary: v2\n", `kgen.yaml:8:13: services[0].canary: is text, and a mapping is wanted; give it owner, stable, version, weight`},
		{"list for labels", web + "    podLabels: [a]\n", `kgen.yaml:8:16: services[0].podLabels: is a list, and a mapping is wanted; write it as {key: value}`},
		{"list for a number", web + "    replicas: [2]\n", `kgen.yaml:8:15: services[0].replicas: is a list, and a whole number is wanted`},
		{"text for a number", web + "    replicas: many\n", `kgen.yaml:8:15: services[0].replicas: "many" is not a whole number`},
		{"quoted number", web + "    replicas: \"2\"\n", `kgen.yaml:8:15: services[0].replicas: "2" is text, and a whole number is wanted; write it without quotes: 2`},
		{"number for a duration", web + "    timeout: 5\n", `kgen.yaml:8:14: services[0].timeout: "5" is not a duration such as 500ms, 5s, 1m30s or 10d`},
		{"number for text", web + "    serviceAccount: 1e3\n", `kgen.yaml:8:21: services[0].serviceAccount: 1e3 is a number, not text; write it in quotes: "1e3"`},
		{"boolean for text", web + "    serviceAccount: true\n", `kgen.yaml:8:21: services[0].serviceAccount: true is a boolean, not text; write it in quotes: "true"`},
		{"null for text", services("  - name: null"), `kgen.yaml:6:11: services[0].name: null is no value, not text; write it in quotes: "null"`},
		{"number for a label", web + "    podLabels: {1: x, y: 2}\n", "kgen.yaml:8:17: services[0].podLabels.1: 1 is a number, not text; write it in quotes: \"1\"\nkgen.yaml:8:26: services[0].podLabels.y: 2 is a number, not text; write it in quotes: \"2\""},
		{"no value", web + "    hosts:\n    timeout:\n", "kgen.yaml:8:11: services[0].hosts: has no value; write it as a list: [a, b], or with '- ' before each entry, or remove it\nkgen.yaml:9:13: services[0].timeout: has no value; give it a duration such as 5s, or remove it"},
		{"text for a boolean", head + "  ingress: {class: istio, insecure: yes}\n  services: [{name: a}]\n", `kgen.yaml:5:37: ingress.insecure: "yes" is not true or false`},
		{"float for a port reference", services("  - name: web", "    ports: [{port: 80, targetPort: 1e3}]"), `kgen.yaml:7:36: services[0].ports[0].targetPort: 1e3 is a number, not text; write it in quotes: "1e3"`},
		{"not in the list", head + "  mesh: {provider: istoi}\n  services: [{name: a}]\n", `kgen.yaml:5:20: mesh.provider: "istoi" is not one of none, istio; did you mean istio?`},
		{"custom tag", services("  - !svc {name: web}"), `kgen.yaml:6:5: services[0]: has the tag !svc, and kgen.yaml takes none; remove it`},

		// Ranges.
		{"port 0", services("  - name: web", "    ports: [{port: 0}]"), `kgen.yaml:7:20: services[0].ports[0].port: 0 is not between 1 and 65535`},
		{"port 65536", services("  - name: web", "    ports: [{port: 65536}]"), `kgen.yaml:7:20: services[0].ports[0].port: 65536 is not between 1 and 65535`},
		{"port 0x50", services("  - name: web", "    ports: [{port: 0x50}]"), `kgen.yaml:7:20: services[0].ports[0].port: "0x50" is not a whole number`},
		{"weight 130", web + "    canary: {version: v2, weight: 130}\n", "kgen.yaml:8:13: services[0].canary: there is neither a mesh nor the Gateway API to carry a canary; set mesh.provider: istio, or ingress.api: gateway\nkgen.yaml:8:35: services[0].canary.weight: 130 is not between 0 and 100"},

		// Texts that are no YAML.
		{"unknown alias", services("  - name: *n"), `kgen.yaml:6:11: *n refers to an anchor that is not above it; write &n before the value meant, or the value here`},
		{"wrong indentation", web + "   hosts: []\n", `kgen.yaml:8:4: the line does not fit the mapping around it; correct its indentation, or close the quote or bracket before it`},
		{"a tab", services("  - name: web", "\tports: []"), `kgen.yaml:7:1: a tab stands where a space is needed; indent with spaces`},
		{"two colons", services("  - name: web: x"), `kgen.yaml:6:14: a ': ' stands where no key can be; put the value in quotes, or correct the indentation`},
		{"open quote", services("  - name: \"web"), `kgen.yaml:6:3: a quote is opened and never closed; close it`},
		{"open bracket", services("  - name: web", "    ports: [{port: 80}", "    hosts: []"), `kgen.yaml:7:5: a [ is opened and not closed, or a comma is missing; separate the entries with commas and close with ]`},
		{"no colon", services("  - name: web", "    hosts", "    calls: []"), `kgen.yaml:7:5: a key has no ': ' after it; write key: value`},
		{"Latin-1", web + "    # caf\xe9\n", `kgen.yaml:8:10: is not UTF-8 text; save the file as UTF-8`},
		{"UTF-16", "\xff\xfea\x00", `kgen.yaml:1:1: is not UTF-8 text; save the file as UTF-8`},
		{"control character", web + "    # \x07\n", `kgen.yaml:8:7: has a control character; remove it`},
		{"old Mac line ends", "kind: Network\rspec: {}\r", `kgen.yaml:1:14: has a line break that is neither LF nor CRLF; save the file with ordinary line ends`},

		// What only the whole model can say, with the place from the text.
		{"duplicate service name", services("  - name: web", "  - {name: web}"), `kgen.yaml:7:12: services[1].name: service "web" is already described above (services[0]); rename it, or merge the two`},
		{"duplicate port name", services("  - name: web", "    ports:", "    - {name: a, port: 80}", "    - {port: 81, name: a}"), `kgen.yaml:9:24: services[0].ports[1].name: port name "a" is already taken in web; give each port a name of its own`},
		{"no DNS-1123 label", services("  - name: Web_1"), `kgen.yaml:6:11: services[0].name: "Web_1" is not a DNS-1123 label (lower-case letters, digits and hyphens)`},
		{"no host name", head + "  ingress: {insecure: true}\n  services:\n  - name: web\n    ports: [{port: 80}]\n    hosts: [shop.example.com, '-x-.com']\n", `kgen.yaml:9:31: services[0].hosts[1]: "-x-.com" is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)`},
		{"undeclared callee", web + "    calls: [api]\n", `kgen.yaml:8:13: services[0].calls[0]: there is no service "api"; declare it below services, or add its namespace`},
		{"undeclared port", web + "  - name: api\n    calls:\n    - service: web\n      port: grpc\n", `kgen.yaml:11:13: services[1].calls[0].port: web has no port grpc; it has http`},
		{"a call to oneself", web + "    calls: [web]\n", `kgen.yaml:8:13: services[0].calls[0]: web calls itself; remove it; where its pods call one another, say callers: [{namespace: shop, podLabels: {…}}] with its own labels`},
		{"retries over the timeout", web + "    timeout: 5s\n    retries: {attempts: 3, perTryTimeout: 2s}\n", `kgen.yaml:9:14: services[0].retries: 3 attempts of 2s take 6s, longer than the timeout of 5s; raise timeout, or lower attempts or perTryTimeout`},
		{"canary that nothing carries", web + "    canary: {version: v2, weight: 1}\n", `kgen.yaml:8:13: services[0].canary: there is neither a mesh nor the Gateway API to carry a canary; set mesh.provider: istio, or ingress.api: gateway`},
		{"label key with dots", web + "    podLabels: {app: web, app.kubernetes.io/name: '-'}\n", `kgen.yaml:8:51: services[0].podLabels.app.kubernetes.io/name: "-" is not a label value (at most 63 letters, digits, '-', '_' and '.')`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := Parse("kgen.yaml", []byte(tt.text))
			if diff := cmp.Diff(tt.want, errs.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, errs)
			}
		})
	}
}

// TestParseReportsEverythingAtOnce has a fault that decoding finds in one
// service and one that only the model shows in another, and asks that what
// merely follows from the first is not said.
func TestParseReportsEverythingAtOnce(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"decoding and model", head + `  mesh: {provider: istio}
  services:
  - name: web
    ports: [{port: 80}]
    canary: {version: v2, weight: 130}
  - name: api
    calls: [wbe]
    timeuot: 5s
`, `kgen.yaml:9:35: services[0].canary.weight: 130 is not between 0 and 100
kgen.yaml:11:13: services[1].calls[0]: there is no service "wbe"; did you mean web? Otherwise declare it below services, or add its namespace
kgen.yaml:12:5: services[1].timeuot: unknown key; did you mean timeout?`},
		{"unknown callee names", services("  - name: 12", "  - name: api", "    calls: [twelve]"),
			`kgen.yaml:6:11: services[0].name: 12 is a number, not text; write it in quotes: "12"`},
		{"unknown ports of a callee", services("  - name: web", "    prots: [{name: grpc, port: 80}]", "  - name: api", "    calls: [{service: web, port: grpc}]"),
			`kgen.yaml:7:5: services[0].prots: unknown key; did you mean ports?`},
		{"an unknown port of another callee", services("  - name: web", "    ports: [{name: 1, port: 70000}]", "  - name: api", "    ports: [{port: 80}]", "    calls: [{service: web, port: grpc}]", "  - {name: job, calls: [{service: api, port: grpc}, wbe]}"),
			`kgen.yaml:7:20: services[0].ports[0].name: 1 is a number, not text; write it in quotes: "1"
kgen.yaml:7:29: services[0].ports[0].port: 70000 is not between 1 and 65535
kgen.yaml:11:46: services[2].calls[0].port: api has no port grpc; it has http
kgen.yaml:11:53: services[2].calls[1]: there is no service "wbe"; did you mean web? Otherwise declare it below services, or add its namespace`},
		{"unreadable spec", head[:len(head)-1] + " 5\n",
			`kgen.yaml:4:7: spec: is a number, and a mapping is wanted; give it namespace, domain, clusterDomain, dns, mesh, …`},
		{"unreadable front door", head + "  ingress: gateway\n  services:\n  - name: web\n    ports: [{port: 80}]\n    hosts: [a.example.com]\n",
			`kgen.yaml:5:12: ingress: is text, and a mapping is wanted; give it api, class, controller, tls, insecure`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := Parse("kgen.yaml", []byte(tt.text))
			if diff := cmp.Diff(tt.want, errs.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseKeepsWarningsApart(t *testing.T) {
	f := good(t, web+"    type: LoadBalancer\n")
	if got, want := f.Warnings.Error(), "kgen.yaml:8:11: warning: services[0].type: the load balancer admits every address; set loadBalancer.sourceRanges"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
