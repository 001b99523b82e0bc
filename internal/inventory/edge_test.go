package inventory

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// edgeObjects are a caller with some environment, and callees with Services.
func edgeObjects(t *testing.T, env string) []*manifest.Object {
	t.Helper()
	objects, err := manifest.Parse("all.yaml", []byte(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, env: [`+env+`]}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec: {template: {metadata: {labels: {app: api}}, spec: {containers: [{name: api, ports: [{name: http, containerPort: 9000}, {name: admin, containerPort: 9001}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, labels: {app: api}}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: http}, {name: admin, port: 81, targetPort: 9001}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: monitoring}
spec: {namespaceSelector: {matchNames: [shop]}, selector: {matchLabels: {app: api}}, endpoints: [{port: admin}]}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: pods, namespace: shop}
spec: {selector: {}, podMetricsEndpoints: [{port: http}, {targetPort: 9001}, {port: nobody}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// TestVariableEdges: which values of environment variables name a Service's port.
func TestVariableEdges(t *testing.T) {
	for value, want := range map[string]string{
		"api:80":                             "9000/TCP",
		"api:81":                             "9001/TCP",
		"api:82":                             "",
		"http://api":                         "9000/TCP",
		"http://api:81/x?y=z":                "9001/TCP",
		"https://api":                        "",
		"api.shop:80":                        "9000/TCP",
		"api.shop.svc.cluster.local:80":      "9000/TCP",
		"grpc://me:secret@api.shop.svc:81/x": "9001/TCP",
		"api":                                "",
		"api:http":                           "",
		"api:80,other:80":                    "9000/TCP",
		"other:9, api:80;api:81":             "9000/TCP 9001/TCP",
		"kafka://other:80,api:80/x":          "9000/TCP",
		"jdbc:postgresql://api:80/db?a=b":    "9000/TCP",
		"jdbc:oracle:thin:@//api:81/x":       "9001/TCP",
		"postgres://u:$(PASSWORD)@api:80/db": "9000/TCP",
		"dns:///api:81":                      "9001/TCP",
		"http://$(HOST):80":                  "",
		"api:0":                              "",
		"$(API):80":                          "",
		"example.com:80":                     "",
		"http://[::1":                        "",
		"":                                   "",
	} {
		var got []string
		for _, e := range New(edgeObjects(t, fmt.Sprintf("{name: X, value: %q}", value)), nil).Edges() {
			got = append(got, e.Ports[0].Text())
			if at := e.Object.At(e.Path...); at.Line != 5 || e.Variable != "X" || e.Service == nil {
				t.Errorf("%q: %v of %s, by %v", value, at, e.Variable, e.Service)
			}
		}
		if diff := cmp.Diff(want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%q (-want +got):\n%s", value, diff)
		}
	}
}

// TestToldEdges: what is given by ConfigMaps, by arguments and by the names of a
// StatefulSet's pods, and where each is written.
func TestToldEdges(t *testing.T) {
	objects, err := manifest.Parse("all.yaml", []byte(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web}]}}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, ports: [{name: pg, containerPort: 5432}]}]}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reader, namespace: shop}
spec: {template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, ports: [{name: pg, containerPort: 5432}]}]}}}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: pg, port: 5432, targetPort: pg}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {MODE: db, DB_HOST: db, brokers: "db:5432,other:1"}
`))
	if err != nil {
		t.Fatal(err)
	}
	for container, want := range map[string][]string{
		"envFrom: [{prefix: X_, configMapRef: {name: settings}}]": {
			"shop/db by ConfigMap shop/settings X_DB_HOST 25:27", "shop/reader by ConfigMap shop/settings X_DB_HOST 25:27"},
		"envFrom: [{configMapRef: {name: others}}, {secretRef: {name: settings}}]":        nil,
		"env: [{name: B, valueFrom: {configMapKeyRef: {name: settings, key: MODE}}}]":     nil,
		"env: [{name: B, valueFrom: {configMapKeyRef: {name: settings, key: none}}}]":     nil,
		"env: [{name: B_URL, valueFrom: {configMapKeyRef: {name: settings, key: MODE}}}]": {"shop/db by ConfigMap shop/settings B_URL 25:14", "shop/reader by ConfigMap shop/settings B_URL 25:14"},
		`env: [{name: H, value: db-0.db}, {name: U, value: "pg://a@$(H):5432"}]`:          {"shop/db by Deployment shop/web U 5:133"},
		`env: [{name: U, value: "db-0.db:5432"}]`:                                         {"shop/db by Deployment shop/web U 5:106"},
		`env: [{name: U, value: "db-0.db.shop.svc.cluster.local:5432"}]`:                  {"shop/db by Deployment shop/web U 5:106"},
		`env: [{name: U, value: "reader-0.db:5432"}, {name: V, value: "db-x.db:5432"}]`:   nil,
		`args: ["--db=db-1.db:5432", db, "DB_HOST=db"]`:                                   {"shop/db by Deployment shop/web args[0] 5:90"},
		`command: [sh, -c, "wait-for pg://db-0.db:5432/x && exec web"]`:                   {"shop/db by Deployment shop/web command[2] 5:101"},
	} {
		data := slices.Clone(objects)
		again, err := manifest.Parse("all.yaml", []byte("\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: shop}\nspec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, "+container+"}]}}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		data[0] = again[0]
		var got []string
		for _, e := range New(data, nil).Edges() {
			at := e.Object.At(e.Path...)
			got = append(got, fmt.Sprintf("%s by %s %s %d:%d", e.To.Text(), e.Object.Ref(), e.Variable, at.Line, at.Column))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", container, diff)
		}
	}
}

// TestModelEdges: what the model declares, with the parties outside and the
// addresses, and what it declares once though a container is told of it as well.
func TestModelEdges(t *testing.T) {
	model := &spec.Network{Metadata: spec.Metadata{Name: "shop"}, Spec: spec.Spec{Services: []spec.Service{
		{Name: "web", Calls: []spec.Call{{Service: "api", Port: spec.PortRef{Name: "http"}}, {Service: "ledger", Namespace: "billing", Port: spec.PortRef{Number: 8443}}},
			Egress: []spec.Egress{{Host: "pay.example.com", Port: 443}, {CIDR: "10.20.0.0/16", Except: []string{"10.20.0.0/24"}, Port: 5432}, {CIDR: "10.9.0.0/24", Except: []string{"10.9.0.0/25", "10.9.0.128/25"}, Port: 1}}},
		{Name: "api", Ports: []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Name: "http"}}}, Callers: []spec.Caller{{Namespace: "ops", PodLabels: map[string]string{"app": "portal"}}}},
	}}}
	var got []string
	for _, e := range New(edgeObjects(t, `{name: API, value: "api:80"}`), model).Edges() {
		to := e.Outside + "@" + e.Address.String()
		if e.To != nil {
			to = e.To.Text()
		}
		got = append(got, fmt.Sprintf("%s -> %s %s by %s%s", e.From.Text(), to, e.Ports[0].Text(), e.Model, e.Variable))
	}
	if diff := cmp.Diff([]string{
		"shop/web -> shop/api 9000/TCP by services[0].calls[0]",
		"shop/web -> billing/ledger 8443/TCP by services[0].calls[1]",
		"shop/web -> pay.example.com@203.0.113.1 443/TCP by services[0].egress[0]",
		"shop/web -> 10.20.0.0/16@10.20.1.0 5432/TCP by services[0].egress[1]",
		"ops/portal -> shop/api 9000/TCP by services[1].callers[0]",
	}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestTargets: monitors are followed to the pods' ports, by name and by number.
func TestTargets(t *testing.T) {
	var got []string
	for _, m := range New(edgeObjects(t, ""), nil).Targets() {
		got = append(got, fmt.Sprintf("%s %s: %s %s", m.Monitor.Kind, manifest.PathText(m.Path...), m.Pods.Text(), m.Port.Text()))
	}
	if diff := cmp.Diff([]string{
		"ServiceMonitor spec.endpoints[0]: shop/api 9001/TCP",
		"PodMonitor spec.podMetricsEndpoints[0]: shop/api 9000/TCP",
		"PodMonitor spec.podMetricsEndpoints[1]: shop/api 9001/TCP",
	}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
