package conformance

import (
	"strings"
	"testing"
)

// quayText is what the real front door serves: each way to say where a request
// goes. The Ingress has a mesh behind it, without which it could carry no canary.
const quayText = `
apiVersion: kgen.dev/v1alpha1
kind: Network
metadata:
  name: quay-API
spec:
  mesh: {provider: MESH}
  ingress: {api: API, class: traefik, tls: {clusterIssuer: house}}
  services:
  - name: web
    ports: [{name: http, port: 80, targetPort: 3000}]
    hosts: [quay.example.test, www.quay.example.test]
  - name: catalog
    ports: [{name: http, port: 8080, targetPort: pages, containerPort: 8088}, {name: http-admin, port: 8081, targetPort: 8089}]
    hosts: [quay.example.test, kiosk.example.test]
    paths: [{path: /api}, {path: /api/v2/admin, port: http-admin}, {path: /search, rewrite: /}, {path: /reports, rewrite: /internal/reports}]
  - name: docs
    ports: [{name: http, port: 80, targetPort: 8090}]
    hosts: [quay.example.test]
    paths: [{path: /api/docs}]
  - name: rpc
    ports: [{name: grpc, port: 50051, protocol: grpc}]
    hosts: [rpc.example.test]
  - name: price
    ports: [{name: http, port: 80, targetPort: 8091}]
    hosts: [price.example.test]
    canary: {version: v2, weight: 10}
  - name: landing
    ports: [{name: http, port: 80, targetPort: 8092}]
    hosts: [landing.example.test]
    canary: {stable: v2}
  - name: ledger
    ports: [{name: http, port: 80, targetPort: 8093}]
`

// quayPods are the workloads, of which the model says nothing but what it
// selects them by. Both versions of a canary run, whatever is to be served.
var quayPods = []quayPod{
	{app: "web", version: "v1", ports: []quayPort{{"http", 3000}}},
	{app: "catalog", version: "v1", ports: []quayPort{{"pages", 8088}, {"admin", 8089}}},
	{app: "docs", version: "v1", ports: []quayPort{{"http", 8090}}},
	{app: "rpc", version: "v1", ports: []quayPort{{"grpc", 50051}}, grpc: true},
	{app: "price", version: "v1", ports: []quayPort{{"http", 8091}}},
	{app: "price", version: "v2", ports: []quayPort{{"http", 8091}}},
	{app: "landing", version: "v1", ports: []quayPort{{"http", 8092}}},
	{app: "landing", version: "v2", ports: []quayPort{{"http", 8092}}},
	{app: "ledger", version: "v1", ports: []quayPort{{"http", 8093}}},
}

// quayRoutes are requests and who is to get them: the longest prefix wins, and
// a prefix is of whole segments.
var quayRoutes = []visit{
	{url: "https://quay.example.test/", to: "web v1:3000"},
	{url: "https://www.quay.example.test/api", to: "web v1:3000"}, // the path is catalog's at another host
	{url: "https://quay.example.test/about?page=2", to: "web v1:3000"},
	{url: "https://quay.example.test/api", to: "catalog v1:8088"},
	{url: "https://quay.example.test/api/", to: "catalog v1:8088"},
	{url: "https://quay.example.test/api/v1/items?sort=name&sort=age", to: "catalog v1:8088"},
	{url: "https://quay.example.test/apis", to: "web v1:3000"},
	{url: "https://quay.example.test/api.json", to: "web v1:3000"},
	{url: "https://quay.example.test/api/v2/admin", to: "catalog v1:8089"},
	{url: "https://quay.example.test/api/v2/admin/users", to: "catalog v1:8089"},
	{url: "https://quay.example.test/api/v2/administrators", to: "catalog v1:8088"},
	{url: "https://quay.example.test/api/docs", to: "docs v1:8090"},
	{url: "https://quay.example.test/api/docs/intro", to: "docs v1:8090"},
	{url: "https://quay.example.test/api/docset", to: "catalog v1:8088"},
	{url: "https://kiosk.example.test/api/docs", to: "catalog v1:8088"}, // docs is not at this host
	{url: "https://landing.example.test/deep/link", to: "landing v2:8092"},
	{url: "https://rpc.example.test/quay.Rates/List", to: "rpc v1:50051", grpc: true},
}

// quayRewrites are requests whose path is not passed on as it is.
var quayRewrites = []visit{
	{url: "https://quay.example.test/search", to: "catalog v1:8088", as: "/"},
	{url: "https://quay.example.test/search/", to: "catalog v1:8088", as: "/"},
	{url: "https://quay.example.test/search/caf%C3%A9/x?q=1&q=%2F", to: "catalog v1:8088", as: "/caf%C3%A9/x?q=1&q=%2F"},
	{url: "https://quay.example.test/searching", to: "web v1:3000"},
	{url: "https://quay.example.test/reports", to: "catalog v1:8088", as: "/internal/reports"},
	{url: "https://quay.example.test/reports/2026/q1", to: "catalog v1:8088", as: "/internal/reports/2026/q1"},
	{url: "https://kiosk.example.test/reports/reports/x", to: "catalog v1:8088", as: "/internal/reports/reports/x"},
}

// quayCertificates are the hosts and what else their certificates cover.
var quayCertificates = map[string][]string{
	"quay.example.test":     {"quay.example.test", "www.quay.example.test"},
	"www.quay.example.test": {"quay.example.test", "www.quay.example.test"},
	"kiosk.example.test":    {"kiosk.example.test"},
	"rpc.example.test":      {"rpc.example.test"},
	"price.example.test":    {"price.example.test"},
	"landing.example.test":  {"landing.example.test"},
}

// quayRedirects are what is asked for over plain HTTP.
var quayRedirects = []string{
	"http://quay.example.test/", "http://www.quay.example.test/about?page=2&q=%2F", "http://quay.example.test/api/docs/intro",
	"http://quay.example.test/search/x", "http://kiosk.example.test/api", "http://rpc.example.test/quay.Rates/List",
	"http://price.example.test/", "http://landing.example.test/deep/link",
}

// quayNowhere are requests for what no host of the model declares.
var quayNowhere = []string{
	"ledger.example.test/", "example.test/", "other.quay.example.test/", "quay.example.test.other.test/", "10.0.0.1/", "kiosk.example.test/", "kiosk.example.test/apis",
}

// quay renders the model for one API, with a part of its text changed by pairs
// of what stands there and what is to.
func quay(t *testing.T, api string, changes ...string) *model {
	t.Helper()
	text := quayText
	for i := 0; i < len(changes); i += 2 {
		if strings.Count(text, changes[i]) != 1 {
			t.Fatalf("%q does not stand in the model once", changes[i])
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	mesh := map[string]string{"gateway": "none", "ingress": "istio"}[api]
	m, err := render("quay "+api, "quay.yaml", []byte(strings.NewReplacer("API", api, "MESH", mesh).Replace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return m
}
