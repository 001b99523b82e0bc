package gen_test

import (
	"testing"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// TestNamesNeverCollide names services like the objects that kgen adds beside
// others, and like those of the whole application: every object keeps a name of
// its own.
func TestNamesNeverCollide(t *testing.T) {
	names := []string{
		"web", "web-callers", "web-mesh", "web-redirect", "web-canary", "web-2", "web-rewrite", "web-tls", "web-http", "web-service",
		"kustomization", "default", "default-deny", "allow-dns", "allow-mesh", "allow-acme-solver", "gateway", "egress",
		"peer-authentication", "authorization-policy", "redirect-https", "rbac", "mesh", "front-door", "cert-manager",
		"recording-rules", "platform", "sidecars", "istiod", "ztunnel", "services", "prometheus", "shop", "null", "1e3", "on",
	}
	tls := &spec.TLS{ClusterIssuer: "ca"}
	for _, platform := range []struct {
		name    string
		mesh    spec.Mesh
		ingress spec.Ingress
	}{
		{"sidecar gateway", spec.Mesh{Provider: spec.Istio, Mode: spec.Sidecar}, spec.Ingress{Class: "istio", TLS: tls}},
		{"ambient gateway", spec.Mesh{Provider: spec.Istio, Mode: spec.Ambient}, spec.Ingress{Class: "istio", TLS: tls, Controller: &spec.Controller{Namespace: "shop"}}},
		{"nginx", spec.Mesh{Provider: spec.Istio, Mode: spec.Sidecar}, spec.Ingress{API: spec.IngressResource, Class: "nginx", TLS: tls}},
		{"traefik", spec.Mesh{}, spec.Ingress{API: spec.IngressResource, Class: "traefik", TLS: tls}},
	} {
		t.Run(platform.name, func(t *testing.T) {
			n := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"}}
			n.Spec.Domain, n.Spec.Mesh, n.Spec.Ingress = "example.com", platform.mesh, &platform.ingress
			for i, name := range names {
				s := spec.Service{
					Name:    name,
					Ports:   []spec.Port{{Name: "http", Port: 80}, {Name: "http-b", Port: 81}},
					Paths:   []spec.Path{{Path: "/"}, {Path: "/b", Rewrite: "/c"}},
					Metrics: &spec.Metrics{Port: 9090},
					Timeout: spec.Duration(5e9),
					Egress:  []spec.Egress{{Host: "api.example.net", Port: 443}},
					Calls:   []spec.Call{{Service: names[(i+1)%len(names)]}},
				}
				if platform.mesh.Provider == spec.Istio {
					s.Canary = &spec.Canary{Stable: "v1", Version: "v2", Weight: 10}
				}
				n.Spec.Services = append(n.Spec.Services, s)
			}
			if err := spec.Validate(n).Err(); err != nil {
				t.Fatal(err)
			}
			files, err := gen.Render(n, gen.Options{})
			if err != nil {
				t.Fatal(err)
			}
			owner := map[string]string{}
			for path, data := range files.All() {
				if path == "README.md" || path == "monitoring/alerts/README.md" {
					continue
				}
				objects, err := manifest.Parse(path, data)
				if err != nil {
					t.Fatal(err)
				}
				for _, o := range objects {
					if o.Kind == "Kustomization" {
						continue
					}
					id := o.Group() + "/" + o.Kind + " " + o.Namespace + "/" + o.Name
					if other, taken := owner[id]; taken {
						t.Errorf("%s and %s both hold %s", other, path, id)
					}
					owner[id] = path
				}
			}
		})
	}
}
