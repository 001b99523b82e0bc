package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

// expected runs EX01 alone and gives what it says of each line that is not met.
func expected(t *testing.T, manifests, services string, lines ...string) []string {
	t.Helper()
	files := tree.New()
	files.Set("all.yaml", []byte(manifests))
	model := "apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\nspec:\n" + services + "  expect:\n"
	for _, line := range lines {
		model += "  - " + line + "\n"
	}
	files.Set("kgen.yaml", []byte(model))
	w, _ := world(t, files, ".")
	r, err := Run(t.Context(), w, Options{Rules: []string{"EX"}, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Message)
	}
	return out
}

func exPolicy(name, spec string) string {
	return "\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: shop}\nspec: {" + spec + "}\n"
}

// exOut lets web out to peers, exIn lets peers in to web.
func exOut(rules ...string) string {
	return npJoin(npShop, npDeny, exPolicy("web-out", "podSelector: {matchLabels: {app.kubernetes.io/name: web}}, policyTypes: [Egress], egress: ["+strings.Join(rules, ", ")+"]"))
}

func exIn(rules ...string) string {
	return npJoin(npShop, npDeny, exPolicy("web-in", "podSelector: {matchLabels: {app.kubernetes.io/name: web}}, policyTypes: [Ingress], ingress: ["+strings.Join(rules, ", ")+"]"))
}

const exWeb = "  services:\n  - {name: web, ports: [{name: http, port: 80, targetPort: 8080}]}\n"

// TestExpectInternet: the internet is every public address and every port, and
// no sample of them.
func TestExpectInternet(t *testing.T) {
	const anywhere = "{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}"
	for _, test := range []struct {
		name, manifests, line string
		want                  []string
	}{
		{"all of it on ports that nobody would try", exOut("{to: [" + anywhere + "], ports: [{port: 587}, {port: 6379}]}"), "deny web -> internet",
			[]string{`"deny web -> internet" is not met; it is allowed: shop/web -> the internet on 587/TCP, 6379/TCP`}},
		{"and for everybody", exOut("{to: [" + anywhere + "], ports: [{port: 587}]}"), "deny * -> internet",
			[]string{`"deny * -> internet" is not met; it is allowed: shop/web -> the internet on 587/TCP`}},
		{"a part of it", exOut("{to: [{ipBlock: {cidr: 8.8.8.0/24}}], ports: [{port: 53, protocol: UDP}]}"), "deny web -> internet",
			[]string{`"deny web -> internet" is not met; it is allowed: shop/web -> the internet on 53/UDP`}},
		{"IPv6", exOut("{to: [{ipBlock: {cidr: \"2606:4700::/32\"}}], ports: [{port: 443}]}"), "deny web -> internet",
			[]string{`"deny web -> internet" is not met; it is allowed: shop/web -> the internet on 443/TCP`}},
		{"another port", exOut("{to: [" + anywhere + "], ports: [{port: 587}]}"), "deny web -> internet:443", nil},
		{"another protocol", exOut("{to: [" + anywhere + "], ports: [{port: 443}]}"), "deny web -> internet:443/udp", nil},
		{"that protocol", exOut("{to: [" + anywhere + "], ports: [{port: 443, protocol: UDP}]}"), "deny web -> internet:443/udp",
			[]string{`"deny web -> internet:443/udp" is not met; it is allowed: shop/web -> the internet on 443/UDP`}},
		{"private ranges", exOut("{to: [{ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 169.254.0.0/16}}, {ipBlock: {cidr: \"fd00::/8\"}}]}"), "deny web -> internet", nil},
		{"permitted in part", exOut("{to: [{ipBlock: {cidr: 8.8.8.0/24}}], ports: [{port: 53, protocol: UDP}]}"), "allow web -> internet:53/udp", nil},
		{"permitted on some port", exOut("{to: [{ipBlock: {cidr: 8.8.8.0/24}}], ports: [{port: 53, protocol: UDP}]}"), "allow web -> internet", nil},
		{"permitted nowhere", exOut("{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}"), "allow web -> internet",
			[]string{`"allow web -> internet" is not met; it is denied: shop/web -> the internet on all ports`}},
		{"in, from a part of it", exIn("{from: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: 8080}]}"), "deny internet -> web",
			[]string{`"deny internet -> web" is not met; it is allowed: the internet -> shop/web on 8080/TCP`}},
		{"in, on a port that no container names", exIn("{from: [{ipBlock: {cidr: 198.51.100.0/24}}], ports: [{port: 9999}]}"), "deny internet -> web",
			[]string{`"deny internet -> web" is not met; it is allowed: the internet -> shop/web on 9999/TCP`}},
		{"in, from a private range", exIn("{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}"), "deny internet -> web", nil},
		{"an address, on a port that nobody would try", exOut("{to: [{ipBlock: {cidr: 169.254.0.0/16}}], ports: [{port: 8775}]}"), "deny web -> 169.254.169.254",
			[]string{`"deny web -> 169.254.169.254" is not met; it is allowed: shop/web -> 169.254.169.254 on 8775/TCP`}},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			if diff := cmp.Diff(test.want, expected(t, test.manifests, exWeb, test.line)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("with_an_exception", func(t *testing.T) {
		manifests := exOut("{to: [" + anywhere + "], ports: [{port: 587}, {port: 443}]}")
		want := []string{`"deny * -> internet" is not met; it is allowed: shop/web -> the internet on 587/TCP`}
		if diff := cmp.Diff(want, expected(t, manifests, exWeb, "deny * -> internet", "allow web -> internet:443")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// TestExpectPorts: which ports an expectation means.
func TestExpectPorts(t *testing.T) {
	const services = `
  services:
  - {name: web, calls: [nats]}
  - name: nats
    ports: [{name: client, port: 4222, protocol: tcp}, {name: gossip, port: 6222, protocol: udp}]
    metrics: {port: 7777}
`
	to := func(ports string) string {
		in := exPolicy("nats", "podSelector: {matchLabels: {app.kubernetes.io/name: nats}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app.kubernetes.io/name: web}}}], ports: ["+ports+"]}]")
		return npJoin(exOut("{to: [{podSelector: {matchLabels: {app.kubernetes.io/name: nats}}}]}"), in)
	}
	const both = "{port: 4222}, {port: 6222, protocol: UDP}"
	for _, test := range []struct {
		name, manifests, line string
		want                  []string
	}{
		{"the port in another protocol", to("{port: 4222}"), "deny web -> nats:4222/udp", nil},
		{"which passes", to("{port: 4222, protocol: UDP}"), "deny web -> nats:4222/udp",
			[]string{`"deny web -> nats:4222/udp" is not met; it is allowed: shop/web -> shop/nats on 4222/UDP`}},
		{"the port", to("{port: 4222}"), "deny web -> nats:4222",
			[]string{`"deny web -> nats:4222" is not met; it is allowed: shop/web -> shop/nats on 4222/TCP`}},
		{"what it declares, and not its metrics", to(both), "allow web -> nats", nil},
		{"less than it declares", to("{port: 4222}"), "allow web -> nats",
			[]string{`"allow web -> nats" is not met; it is denied: shop/web -> shop/nats on 6222/UDP`}},
		{"a port that nobody declares", to("{port: 9999}"), "deny web -> nats",
			[]string{`"deny web -> nats" is not met; it is allowed: shop/web -> shop/nats on 9999/TCP`}},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			if diff := cmp.Diff(test.want, expected(t, test.manifests, services, test.line)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestExpectFrontDoor: a front door is served the ports that paths lead to, and
// Prometheus that of the metrics.
func TestExpectFrontDoor(t *testing.T) {
	const services = `
  ingress: {class: traefik, api: ingress, tls: {clusterIssuer: letsencrypt}}
  services:
  - name: web
    ports: [{name: http, port: 80, targetPort: 8080}, {name: grpc, port: 9000}]
    metrics: {port: 9090}
    hosts: [shop.example.com]
    paths: [{path: /, port: http}]
`
	in := exIn("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: traefik}}}], ports: [{port: 8080}]}",
		"{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}], ports: [{port: 9090}]}")
	ingress := `
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app.kubernetes.io/name: web}, ports: [{name: http, port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: traefik
  rules: [{host: shop.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]
`
	got := expected(t, npJoin(in, ingress), services, "allow front-door -> web", "allow prometheus -> web", "deny prometheus -> web:http", "allow front-door -> web:grpc")
	want := []string{`"allow front-door -> web:grpc" is not met; it is denied: front-door -> shop/web on 9000/TCP`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestExpectItself: a service before and after the arrow is its own pods.
func TestExpectItself(t *testing.T) {
	const services = "  services:\n  - {name: nats, ports: [{name: client, port: 4222, protocol: tcp}]}\n"
	const pods = "podSelector: {matchLabels: {app.kubernetes.io/name: nats}}"
	closed := npJoin(npShop, npDeny)
	open := npJoin(closed, exPolicy("nats", pods+", policyTypes: [Ingress, Egress], ingress: [{from: [{"+pods+"}], ports: [{port: 4222}]}], egress: [{to: [{"+pods+"}]}]"))
	for _, test := range []struct {
		name, manifests, line string
		want                  []string
	}{
		{"denied where it is expected", closed, "allow nats -> nats", []string{`"allow nats -> nats" is not met; it is denied: shop/nats -> shop/nats on 4222/TCP`}},
		{"denied as expected", closed, "deny nats -> nats", nil},
		{"allowed as expected", open, "allow nats -> nats", nil},
		{"allowed where it is not expected", open, "deny nats -> nats", []string{`"deny nats -> nats" is not met; it is allowed: shop/nats -> shop/nats on 4222/TCP`}},
		{"nobody else", open, "deny * -> nats", nil},
	} {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			if diff := cmp.Diff(test.want, expected(t, test.manifests, services, test.line)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
