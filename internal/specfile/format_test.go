package specfile

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/scalar"
	"kgen.dev/kgen/internal/spec"
)

func TestFormatIsWhatACarefulPersonWrites(t *testing.T) {
	n := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"}, Spec: spec.Spec{
		Domain: "shop.example.com",
		Mesh:   spec.Mesh{Provider: spec.Istio, Mode: spec.Ambient},
		Ingress: &spec.Ingress{API: spec.GatewayAPI, Class: "istio",
			TLS: &spec.TLS{ClusterIssuer: "letsencrypt-prod"}},
		Services: []spec.Service{
			{
				Name:  "web",
				Ports: []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}, Protocol: spec.HTTP}},
				Hosts: []string{"shop.example.com"},
				Calls: []spec.Call{{Service: "api"}, {Service: "1e3"}},
			},
			{
				Name:    "api",
				Ports:   []spec.Port{{Port: 9000, Protocol: spec.GRPC}},
				Calls:   []spec.Call{{Service: "1e3", Port: spec.PortRef{Name: "http"}}},
				Canary:  &spec.Canary{Version: "v2"},
				Timeout: spec.Duration(90 * time.Second),
				SLO:     &spec.SLO{Availability: 99.9, Latency: &spec.Latency{Threshold: spec.Duration(500 * time.Millisecond)}},
			},
			{Name: "1e3", Ports: []spec.Port{{Port: 80}}},
		},
	}}
	want := `# yaml-language-server: $schema=.kgen/schema.json
# The network of shop. Edit this file, then run kgen generate: it writes the manifests again.
apiVersion: kgen.dev/v1alpha1
kind: Network
metadata:
  name: shop
spec:
  domain: shop.example.com
  # What encrypts the traffic between services and checks who is calling.
  mesh: {provider: istio, mode: ambient}
  # The front door: what may reach the services that have hosts, and with which certificates.
  ingress:
    api: gateway
    class: istio
    tls: {clusterIssuer: letsencrypt-prod}
  # One entry a service. A connection that no entry's calls, callers, egress or hosts name stays closed.
  services:
  - name: web
    ports:
    - {name: http, port: 80, targetPort: 8080, protocol: http}
    hosts: [shop.example.com]
    calls: [api, "1e3"]

  - name: api
    ports:
    - {port: 9000, protocol: grpc}
    calls:
    - {service: "1e3", port: http}
    canary: {version: v2}
    timeout: 1m30s
    slo:
      availability: 99.9
      latency: {threshold: 500ms}

  - name: "1e3"
    ports:
    - {port: 80}
`
	got := Format(n)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(n, good(t, string(got)).Network); diff != "" {
		t.Errorf("parsing it gives another model (-want +got):\n%s", diff)
	}
}

func TestFormatKeepsWhatTheUserSaid(t *testing.T) {
	for name, text := range map[string]string{
		"every key":        whole,
		"empty labels":     head + "  monitoring: {selectorLabels: {}}\n  services: [{name: a}]\n",
		"empty list":       head + "  dns: {profile: nodelocal, ipBlocks: []}\n  services: [{name: a}]\n",
		"empty mapping":    head + "  ingress: {class: istio, insecure: true}\n  services: [{name: a, type: LoadBalancer, loadBalancer: {}, ports: [{port: 80}]}]\n",
		"weight zero":      head + "  mesh: {provider: istio}\n  services: [{name: a, ports: [{port: 80}], canary: {version: v2, weight: 0}}]\n",
		"long list":        web + "    egress: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16, 10.3.0.0/16, 10.4.0.0/16, 10.5.0.0/16, 10.6.0.0/16], port: 1}]\n",
		"port by a number": web + "  - {name: b, calls: [{service: web, port: 80}]}\n",
	} {
		t.Run(name, func(t *testing.T) {
			want := good(t, text).Network
			printed := string(Format(want))
			if diff := cmp.Diff(want, good(t, printed).Network); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, printed)
			}
		})
	}
}

// TestQuote prints words that YAML readers disagree on, and reads them with
// the library, as key and value, in block and flow.
func TestQuote(t *testing.T) {
	for _, s := range []string{
		"", "null", "Null", "NULL", "~", "true", "True", "yes", "Yes", "no", "on", "off", "y", "N", "1e3", "1E3", "1e+3", "0x1f", "0X1F", "0o7", "0b1", "017", "1_000", ".5", "5.", "+1", "-1",
		"1.5", "1.2.3", "12:30", "2026-11-21", ".inf", ".NaN", "<<", "=", "-", "- a", "?", ":", "a: b", "a:", "a #b", "#a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a",
		"[a]", "{a}", "a,b", "'a'", "\"a\"", "\\", "a\nb", "a\tb", "\x01", "\u0085", "\u2028", "\ufeff", "é", "日本", " a", "a ", "...", "---", "https://a.example.com/", "/", "v1", "10.0.0.0/8", "app.kubernetes.io/name",
	} {
		q := scalar.Word(s)
		for _, text := range []string{q, "[" + q + "]", "- " + q, "{" + q + ": " + q + "}", q + ": " + q} {
			var doc yaml.Node
			if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
				t.Errorf("%q is printed as %s, and %s does not parse: %v", s, q, text, err)
				continue
			}
			for n := range leaves(&doc) {
				if n.Value != s || n.Tag != "!!str" {
					t.Errorf("%q is printed as %s, and read from %s as %q (%s)", s, q, text, n.Value, n.Tag)
				}
			}
		}
	}
	for _, s := range []string{"on", "y", "No", "1_000", "12:30", "0o7", "1.2.3", "2026-11-21"} {
		if q := scalar.Word(s); !strings.HasPrefix(q, `"`) {
			t.Errorf("%s is printed without quotes, and YAML 1.1 reads something else", s)
		}
	}
	for _, s := range []string{"web", "v1", "10.0.0.0/8", "https://a.example.com/", "app.kubernetes.io/name", "/", "10d", "5s", "ns1e3"} {
		if q := scalar.Word(s); q != s {
			t.Errorf("%s is printed as %s without need", s, q)
		}
	}
}

// leaves walks the scalars below a node.
func leaves(n *yaml.Node) func(yield func(*yaml.Node) bool) {
	return func(yield func(*yaml.Node) bool) {
		if n.Kind == yaml.ScalarNode {
			yield(n)
			return
		}
		for _, c := range n.Content {
			for leaf := range leaves(c) {
				if !yield(leaf) {
					return
				}
			}
		}
	}
}

func TestDurationText(t *testing.T) {
	for _, text := range []string{"1ms", "500ms", "5s", "1m30s", "90m", "1h", "36h", "10d", "7d", "2w", "1d1h1m1s1ms"} {
		want, err := spec.ParseDuration(text)
		if err != nil {
			t.Fatal(err)
		}
		got, err := spec.ParseDuration(durationText(time.Duration(want)))
		if err != nil || got != want {
			t.Errorf("%s is printed as %s: %v", text, durationText(time.Duration(want)), err)
		}
	}
}
