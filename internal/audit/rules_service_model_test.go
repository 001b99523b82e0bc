package audit

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

// TestPortsAsModelled holds Services against a model, whose pods stand in where
// none are given.
func TestPortsAsModelled(t *testing.T) {
	const (
		web      = "  - {name: web, ports: [{port: 80, targetPort: 8080}], metrics: {port: 9090}}\n"
		called   = web + "  - {name: shop, calls: [web]}\n  - {name: cart, calls: [{service: web, port: 80}]}\n"
		two      = "  - {name: web, ports: [{port: 80, targetPort: 8080}, {name: http-admin, port: 81, targetPort: 8081}]}\n"
		dns      = "  - {name: web, ports: [{name: udp-dns, port: 53, protocol: udp}, {name: tcp-dns, port: 53, protocol: tcp}]}\n"
		versions = "  - {name: web, ports: [{port: 80, targetPort: 8080}, {name: tcp-raw, port: 90, targetPort: 9000, protocol: tcp}], canary: {version: v2, weight: 10}}\n"
	)
	named := func(name, ports, more string) string {
		return "apiVersion: v1\nkind: Service\nmetadata: {name: " + name + ", namespace: shop}\nspec: {selector: {app: web}, ports: [" + ports + "]" + more + "}"
	}
	service := func(ports string) string { return named("web", ports, "") }
	const place = "Service shop/web: "
	for _, c := range []struct {
		name, model, service string
		want                 []string
	}{
		{"as it is", web, service("{name: http, port: 80, targetPort: 8080}"), nil},
		{"with the metrics and more", web, service("{name: x, port: 8443, targetPort: 8080}, {name: http-metrics, port: 9090, targetPort: 9090}, {name: http, port: 80, targetPort: 8080}"), nil},
		{"its name changed", web, service("{name: http-web, port: 80, targetPort: 8080}"), nil},
		{"another port, which nobody calls", web, service("{name: http, port: 81, targetPort: 8080}"), []string{"spec.ports[0].port " + place + "port 81 (http) is 80 by kgen.yaml"}},
		{"another port", called, service("{name: http, port: 81, targetPort: 8080}"), []string{"spec.ports[0].port " + place + "port 81 (http) is 80 by kgen.yaml, where cart and shop call it"}},
		{"another port of another name", web, service("{name: http-metrics, port: 9090, targetPort: 9090}, {name: x, port: 81, targetPort: 8080}"), []string{"spec.ports[1].port " + place + "port 81 (x) is 80 by kgen.yaml"}},
		{"a port beside the model's", called, service("{name: http, port: 81, targetPort: 8080}, {name: http-web, port: 80, targetPort: 8080}"), nil},
		{"no port", called, service("{name: http-metrics, port: 9090, targetPort: 9090}"), []string{"spec.ports " + place + "it has no port 80/TCP, which kgen.yaml gives it, where cart and shop call it"}},
		{"no ports", web, named("web", "", ""), []string{"spec.ports " + place + "it has no port 80/TCP, which kgen.yaml gives it"}},
		{"no list of ports", web, "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}}", []string{"spec " + place + "it has no port 80/TCP, which kgen.yaml gives it"}},
		{"two that changed places", two, service("{name: http, port: 81, targetPort: 8080}, {name: http-admin, port: 80, targetPort: 8081}"), []string{
			"spec.ports[0].targetPort " + place + "port 81 (http) leads to 8080 of the pods, and to 8081 by kgen.yaml",
			"spec.ports[1].targetPort " + place + "port 80 (http-admin) leads to 8081 of the pods, and to 8080 by kgen.yaml"}},
		{"one leads to the other's", two, service("{name: http, port: 80, targetPort: 8081}, {name: http-admin, port: 81, targetPort: 8081}"), []string{"spec.ports[0].targetPort " + place + "port 80 (http) leads to 8081 of the pods, and to 8080 by kgen.yaml"}},
		{"metrics for clients", web, service("{name: http, port: 80, targetPort: 9090}"), []string{"spec.ports[0].targetPort " + place + "port 80 (http) leads to 9090 of the pods, and to 8080 by kgen.yaml"}},
		{"a target that no pod has is SV02's", web, service("{name: http, port: 80, targetPort: 8888}"), nil},
		{"no targetPort, likewise", web, service("{name: http, port: 80}"), nil},
		{"one number, two transports", dns, service("{name: tcp-dns, port: 53}, {name: udp-dns, port: 53, protocol: UDP}"), nil},
		{"one transport of two", dns, service("{name: tcp-dns, port: 53}"), []string{"spec.ports " + place + "it has no port 53/UDP, which kgen.yaml gives it"}},
		{"another transport", "  - {name: web, ports: [{name: udp-dns, port: 53, protocol: udp}, {name: tcp-dns, port: 5353, targetPort: 53, protocol: tcp}]}\n",
			service("{name: udp-dns, port: 53, protocol: TCP}, {name: tcp-dns, port: 5353, targetPort: 53}"), []string{"spec.ports[0].protocol " + place + "port 53 (udp-dns) is TCP, and UDP by kgen.yaml"}},
		{"another transport, which no pod has, is SV02's", "  - {name: web, ports: [{name: udp-dns, port: 53, protocol: udp}]}\n", service("{name: udp-dns, port: 53}"), nil},
		{"headless", "  - {name: web, type: Headless, ports: [{name: http, port: 80, targetPort: 8080}]}\n", named("web", "{name: http, port: 8080, targetPort: 8080}", ", clusterIP: None"), []string{"spec.ports[0].port " + place + "port 8080 (http) is 80 by kgen.yaml"}},
		{"a target by its name", "  - {name: web, ports: [{port: 80, targetPort: web, containerPort: 8080}]}\n", service("{name: http, port: 80, targetPort: 8080}"), nil},
		{"a version", versions, named("web-v1", "{name: http, port: 80, targetPort: 8080}", ""), nil},
		{"a version's other port", versions, named("web-v1", "{name: http, port: 81, targetPort: 8080}", ""), []string{"spec.ports[0].port Service shop/web-v1: port 81 (http) is 80 by kgen.yaml"}},
		{"a version's other target", versions, named("web-v1", "{name: http, port: 80, targetPort: 9000}", ""), []string{"spec.ports[0].targetPort Service shop/web-v1: port 80 (http) leads to 9000 of the pods, and to 8080 by kgen.yaml"}},
		{"a version without the port", versions, named("web-v1", "{name: tcp-raw, port: 90, targetPort: 9000}", ""), nil},
		{"a name outside", web, "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {type: ExternalName, externalName: web.example.net}", nil},
		{"another namespace's", web, "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: other}\nspec: {ports: [{port: 81}]}", nil},
		{"another Service", web, named("more", "{name: http, port: 81, targetPort: 8080}", ""), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tree.New()
			files.Set("kgen.yaml", []byte("apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\nspec:\n  mesh: {provider: istio}\n  services:\n"+c.model))
			files.Set("all.yaml", []byte(c.service))
			if diff := cmp.Diff(c.want, found(t, files, "SV07")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPortsOfGivenPods: where the pods are given, a contradiction is one whether
// or not their containers declare the port.
func TestPortsOfGivenPods(t *testing.T) {
	files := tree.New()
	files.Set("kgen.yaml", []byte("apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\nspec:\n  services:\n  - {name: web, ports: [{port: 80, targetPort: 8080}]}\n"))
	for _, c := range []struct {
		name, pod, target string
		want              []string
	}{
		{"as it is", aPod("web", "app: web", "{name: http, containerPort: 8080}"), "http", nil},
		{"a declared port", aPod("web", "app: web", "{containerPort: 8080}, {containerPort: 9000}"), "9000", []string{"spec.ports[0].targetPort Service shop/web: port 80 (http) leads to 9000 of the pods, and to 8080 by kgen.yaml"}},
		{"one that is not declared", aPod("web", "app: web", "{containerPort: 8080}"), "9000", []string{"spec.ports[0].targetPort Service shop/web: port 80 (http) leads to 9000 of the pods, and to 8080 by kgen.yaml"}},
		{"a name that is nowhere is SV02's", aPod("web", "app: web", "{name: http, containerPort: 8080}"), "htpp", nil},
		{"other pods are SV01's", aPod("cart", "app: web, app.kubernetes.io/name: cart", "{containerPort: 9000}"), "8080", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			files.Set("all.yaml", []byte(c.pod+"\n---\n"+aService("app: web", "{name: http, port: 80, targetPort: "+c.target+"}", "")))
			if diff := cmp.Diff(c.want, found(t, files, "SV07")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestPortsOfEnvironments: an environment of another namespace has Services of
// its own, which are held against the same ports.
func TestPortsOfEnvironments(t *testing.T) {
	files := tree.New()
	files.Set("kgen.yaml", []byte("apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\nspec:\n  services:\n  - {name: web, ports: [{port: 80, targetPort: 8080}]}\n  environments:\n  - {name: prod, namespace: live}\n"))
	files.Set("environments/prod/all.yaml", []byte("apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: live}\nspec: {selector: {app: web}, ports: [{name: http, port: 81, targetPort: 8080}]}"))
	w, _ := world(t, files, "environments/prod")
	r, err := Run(context.Background(), w, Options{Today: today, Rules: []string{"SV07"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"environments/prod/all.yaml:4:57: SV07: Service live/web: port 81 (http) is 80 by kgen.yaml; write port: 80, or change the port in kgen.yaml"}, open(r)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// found are the fields and messages of one rule about all of a tree.
func found(t *testing.T, files *tree.Tree, rule string) []string {
	t.Helper()
	w, _ := world(t, files, ".")
	r, err := Run(context.Background(), w, Options{Today: today, Rules: []string{rule}})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range r.Findings {
		out = append(out, f.Field+" "+f.Message)
	}
	return out
}
