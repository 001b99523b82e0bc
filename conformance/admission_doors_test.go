package conformance

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"text/template"

	"kgen.dev/kgen/internal/spec"
)

// A door is one mesh with one way in. Its model has each kind of service that
// can be had there.
type door struct {
	Mesh, API, Class string
}

// doors are each mesh with each class that kgen knows, under each API that the
// class takes routes by.
func doors() []door {
	var out []door
	for _, mesh := range []string{"none", "sidecar", "ambient"} {
		for _, api := range []spec.IngressAPI{spec.GatewayAPI, spec.IngressResource} {
			for _, class := range spec.ClassNames(api) {
				out = append(out, door{mesh, string(api), class})
			}
		}
	}
	return out
}

func (d door) name() string { return d.Mesh + " " + d.API + " " + d.Class }

// What the text below asks for.
func (d door) OnMesh() bool    { return d.Mesh != "none" }
func (d door) OnGateway() bool { return d.API == string(spec.GatewayAPI) }
func (d door) Splits() bool    { return d.OnMesh() || d.OnGateway() }
func (d door) Rewrites() bool {
	return d.OnGateway() || slices.Contains([]string{"traefik", "haproxy", "nginx"}, d.Class)
}

// PassesTLS: the class's Gateways hand a TLS connection on unopened.
func (d door) PassesTLS() bool {
	class, _ := spec.ClassOf(d.Class)
	return d.OnGateway() && !class.NoTLSRoute
}

// OneHost: each Ingress of the class has an address of its own, so that two
// services cannot share a host.
func (d door) OneHost() bool { return !d.OnGateway() && d.Class == "gce" }

var doorText = template.Must(template.New("kgen.yaml").Parse(`
apiVersion: kgen.dev/v1alpha1
kind: Network
metadata:
  name: quay
spec:
  mesh: {{ if .OnMesh }}{provider: istio, mode: {{ .Mesh }}}{{ else }}{provider: none}{{ end }}
  ingress: {api: {{ .API }}, class: {{ .Class }}, tls: {clusterIssuer: letsencrypt-prod}}
  services:
  - name: web
    replicas: 4
    ports: [{name: http, port: 80, targetPort: 3000}]
    hosts: [quay.example.test, www.quay.example.test]
    calls: [cart, store, events, syslog, radio]
    metrics: {port: 9464}
    slo: {availability: 99.9, latency: {percentile: 99, threshold: 500ms}}
    circuitBreaker: {maxConnections: 100, maxPendingRequests: 100, maxRequests: 200, consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 50}
  - name: search
    ports: [{name: http, port: 8080, targetPort: web}]
    hosts: [{{ if .OneHost }}search.{{ end }}quay.example.test]
    paths: [{path: /search{{ if .Rewrites }}, rewrite: /{{ end }}}]
{{- if .OnGateway }}
  - name: rpc
    ports: [{name: grpc, port: 50051, protocol: grpc}]
    hosts: [rpc.quay.example.test]
{{- end }}
{{- if .PassesTLS }}
  - name: vault
    ports: [{name: https, port: 443, targetPort: 8200, protocol: https}]
    hosts: [vault.example.test]
{{- end }}
{{- if .Splits }}
  - name: landing
    ports: [{name: http, port: 80, targetPort: 8091}]
    hosts: [landing.example.test]
    canary: {stable: blue, version: green, weight: 25}
{{- end }}
{{- if .OnMesh }}
  - name: price
    replicas: 10
    ports: [{name: http, port: 80, targetPort: 8090}, {name: grpc, port: 9000, protocol: grpc}]
    canary: {version: v2, weight: 10}
{{- end }}
  - name: cart
    ports: [{name: grpc, port: 7070, targetPort: 7000, protocol: grpc}]
    timeout: 5s
    retries: {attempts: 2, perTryTimeout: 2s}
    callers: [{namespace: partners, podLabels: {app: gateway}, port: grpc}]
  - name: store
    type: Headless
    ports: [{name: tcp-store, port: 5432, protocol: tcp}]
  - name: events
    ports: [{name: http2, port: 80, targetPort: 8081, protocol: http2}, {name: https, port: 8443, protocol: https}]
  - name: syslog
    ports: [{name: udp-syslog, port: 514, targetPort: 1514, protocol: udp}]
  - name: radio
    ports: [{name: sctp-radio, port: 36412, protocol: sctp}]
  - name: edge
    type: LoadBalancer
    loadBalancer: {sourceRanges: [203.0.113.0/24]}
    ports: [{name: tcp-mqtt, port: 1883, targetPort: 11883, protocol: tcp}, {name: udp-dtls, port: 5684, protocol: udp}]
  - name: mail
    calls: [{service: relay, namespace: post, port: 2525}]
    egress: [{host: smtp.mail.test, port: 587}, {cidr: 10.20.0.0/16, ports: [25], except: [10.20.5.0/24]}]
`))

// model renders the door's kgen.yaml.
func (d door) model(t *testing.T) *model {
	t.Helper()
	var text bytes.Buffer
	if err := doorText.Execute(&text, d); err != nil {
		t.Fatal(err)
	}
	m, err := render(d.name(), strings.ReplaceAll(d.name(), " ", "-")+".yaml", text.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return m
}
