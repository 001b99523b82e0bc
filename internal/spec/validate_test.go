package spec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// sound is a model without a finding that the rows below break in one place.
func sound() *spec.Network {
	return &spec.Network{
		APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"},
		Spec: spec.Spec{
			Domain:  "example.com",
			Mesh:    spec.Mesh{Provider: spec.Istio},
			Ingress: &spec.Ingress{TLS: &spec.TLS{ClusterIssuer: "ca"}},
			Services: []spec.Service{
				{Name: "web", Ports: []spec.Port{{Port: 80}}, Hosts: []string{"example.com"}, Calls: []spec.Call{{Service: "api"}}},
				{Name: "api", Ports: []spec.Port{{Name: "http", Port: 80}, {Name: "tcp", Port: 81, Protocol: spec.TCP}}},
			},
		},
	}
}

// TestValidate breaks a sound model and compares everything that is said.
func TestValidate(t *testing.T) {
	ingress := func(class string) func(*spec.Spec, *spec.Service, *spec.Service) {
		return func(s *spec.Spec, _, _ *spec.Service) {
			s.Ingress.API, s.Ingress.Class = spec.IngressResource, class
		}
	}
	for _, c := range []struct {
		name  string
		spoil func(s *spec.Spec, web, api *spec.Service)
		want  []string
	}{
		{"nothing", func(*spec.Spec, *spec.Service, *spec.Service) {}, nil},
		{"no service", func(s *spec.Spec, _, _ *spec.Service) { s.Services = nil }, []string{
			"services: there is none; name at least one service",
		}},
		{"no front door", func(s *spec.Spec, _, _ *spec.Service) { s.Ingress = nil }, []string{
			"services[0].hosts: web is exposed, and nothing says by what; add ingress: {class: …, tls: {clusterIssuer: …}} below spec",
		}},
		{"no certificates", func(s *spec.Spec, _, _ *spec.Service) { s.Ingress.TLS = nil }, []string{
			"ingress: tls is missing, so hosts would be served in the clear; add tls: {clusterIssuer: …}, {issuer: …} or {secretName: …}, or say insecure: true",
		}},
		{"insecure on purpose", func(s *spec.Spec, _, _ *spec.Service) { s.Ingress.TLS, s.Ingress.Insecure = nil, true }, nil},
		{"two sources of certificates", func(s *spec.Spec, _, _ *spec.Service) { s.Ingress.TLS.Issuer = "own" }, []string{
			"ingress.tls: 2 sources of certificates are named; set exactly one of clusterIssuer, issuer and secretName",
		}},
		{"secure and insecure", func(s *spec.Spec, _, _ *spec.Service) { s.Ingress.Insecure = true }, []string{
			"ingress.insecure: hosts cannot be both insecure and served with tls; remove one of the two",
		}},
		{"a class of its own", func(s *spec.Spec, _, _ *spec.Service) { s.Ingress.Class = "kong" }, []string{
			`ingress.class: nothing is known of class "kong", so nobody could be let in to exposed pods; add controller: {namespace: …, podLabels: {…}} or {ipBlocks: […]}; known classes are istio, envoy-gateway, traefik, haproxy, nginx, contour, cilium, alb, gce`,
		}},
		{"a class of its own, described", func(s *spec.Spec, _, _ *spec.Service) {
			s.Ingress.Class, s.Ingress.Controller = "kong", &spec.Controller{Namespace: "kong", PodLabels: map[string]string{"app": "kong"}}
		}, nil},
		{"a controller that says nothing", func(s *spec.Spec, _, _ *spec.Service) {
			s.Ingress.Class, s.Ingress.Controller = "kong", &spec.Controller{}
		}, []string{
			"ingress.controller: says nothing of who may reach exposed pods; name its namespace and podLabels, or its ipBlocks",
		}},
		{"pods without a namespace", func(s *spec.Spec, _, _ *spec.Service) {
			s.Ingress.Class, s.Ingress.Controller = "kong", &spec.Controller{PodLabels: map[string]string{"app": "kong"}}
		}, []string{
			"ingress.controller.podLabels: pods are known by labels and namespace, and the namespace is missing; add controller.namespace",
		}},
		{"a class of the other API", ingress("envoy-gateway"), []string{
			"ingress.class: envoy-gateway does not serve the ingress API; set ingress.api: gateway, or choose one of traefik, haproxy, nginx, contour, cilium, alb, gce",
		}},
		{"the retired controller", ingress("nginx"), []string{
			"warning: ingress.class: the community ingress-nginx controller was retired in March 2026 and gets no more fixes; move to api: gateway, or to a class that is maintained",
		}},
		{"nginx below the application's default deny", func(s *spec.Spec, _, _ *spec.Service) {
			s.Ingress.Class, s.Ingress.Controller = "nginx", &spec.Controller{Namespace: "shop"}
		}, []string{
			"ingress.controller.namespace: the proxies of nginx would run below the default deny of shop, and how they reach their control plane is not known here; give the Gateway a namespace of its own, such as nginx-gateway",
		}},
		{"a rewrite that the class cannot do", func(s *spec.Spec, web, _ *spec.Service) {
			ingress("contour")(s, nil, nil)
			web.Paths = []spec.Path{{Path: "/a", Rewrite: "/b"}}
		}, []string{
			"services[0].paths[0].rewrite: an Ingress of class contour cannot rewrite paths; use ingress.api: gateway, or serve the path as it is",
		}},
		{"a canary that an Ingress cannot split", func(s *spec.Spec, web, _ *spec.Service) {
			ingress("traefik")(s, nil, nil)
			web.Canary = &spec.Canary{Version: "v2"}
		}, []string{
			"warning: services[0].canary: an Ingress of class traefik cannot split by weight: the front door serves v1 only, the mesh splits; use ingress.api: gateway to split the front door's traffic as well",
		}},
		{"a canary that nobody carries", func(s *spec.Spec, _, api *spec.Service) {
			s.Mesh, s.Ingress.API = spec.Mesh{}, spec.IngressResource
			api.Canary = &spec.Canary{Version: "v2"}
		}, []string{
			"services[1].canary: there is neither a mesh nor the Gateway API to carry a canary; set mesh.provider: istio, or ingress.api: gateway",
		}},
		{"a canary that the Gateway does not see", func(s *spec.Spec, _, api *spec.Service) {
			s.Mesh, api.Canary = spec.Mesh{}, &spec.Canary{Version: "v2"}
		}, []string{
			"services[1].canary: without a mesh only the Gateway can split traffic, and api is not exposed; set mesh.provider: istio, or give the service hosts",
		}},
		{"a canary of one version", func(_ *spec.Spec, _, api *spec.Service) { api.Canary = &spec.Canary{Version: "v1"} }, []string{
			`services[1].canary.version: "v1" is the stable version already; name the new version`,
		}},
		{"a canary without requests", func(_ *spec.Spec, _, api *spec.Service) {
			api.Ports, api.Canary = api.Ports[1:], &spec.Canary{Version: "v2"}
		}, []string{
			"services[1].canary: api has no port whose requests can be split by weight; add a port of protocol http, http2 or grpc, or remove the canary",
		}},
		{"a canary of a headless service", func(_ *spec.Spec, _, api *spec.Service) {
			api.Type, api.Canary = spec.Headless, &spec.Canary{Version: "v2"}
		}, []string{
			"services[1].canary: callers of a headless service choose their pod themselves, so no weight can hold; use type: ClusterIP",
		}},
		{"derived Services collide", func(s *spec.Spec, _, api *spec.Service) {
			api.Canary = &spec.Canary{Version: "v2"}
			s.Services = append(s.Services, spec.Service{Name: "api-v2", Ports: []spec.Port{{Port: 80}}})
		}, []string{
			"services[1].canary: the Service of version v2 of api would be api-v2, the name of service api-v2; rename one of them",
		}},
		{"the Services of two versions collide", func(s *spec.Spec, _, api *spec.Service) {
			api.Canary = &spec.Canary{Version: "blue-2"}
			s.Services = append(s.Services, spec.Service{Name: "api-blue", Ports: []spec.Port{{Port: 80}}, Canary: &spec.Canary{Version: "2"}})
		}, []string{
			"services[2].canary: the Service of version 2 of api-blue would be api-blue-2, the name of version blue-2 of api; rename one of them",
		}},
		{"the waypoint's name", func(s *spec.Spec, _, api *spec.Service) {
			s.Mesh.Mode, s.Services[0].Calls = spec.Ambient, nil
			api.Name = "waypoint"
		}, []string{
			"services[1].name: waypoint is the name of the Service of the namespace's own waypoint proxy; rename the service",
		}},
		{"a host that leads nowhere", func(_ *spec.Spec, web, _ *spec.Service) {
			web.Ports = []spec.Port{{Port: 5432, Protocol: spec.TCP}}
		}, []string{
			"services[0].hosts: web has no port that a host could lead to; use type: LoadBalancer, or add a port of protocol http, http2 or grpc",
		}},
		{"paths and no host", func(s *spec.Spec, web, _ *spec.Service) {
			s.Domain, web.Hosts, web.Paths = "", nil, []spec.Path{{Path: "/"}}
		}, []string{
			"services[0].paths: paths are served under hosts, and web has none; add hosts, or set domain below spec",
		}},
		{"a path to no port", func(_ *spec.Spec, web, _ *spec.Service) { web.Paths = []spec.Path{{Path: "/", Port: "grpc"}} }, []string{
			`services[0].paths[0].port: web has no port named "grpc"; it has http`,
		}},
		{"one path twice", func(_ *spec.Spec, _, api *spec.Service) { api.Hosts = []string{"example.com"} }, []string{
			"services[1].hosts[0]: example.com/ is already served by web; serve another path or host",
		}},
		{"one prefix written in two ways", func(_ *spec.Spec, web, _ *spec.Service) {
			web.Paths = []spec.Path{{Path: "/a"}, {Path: "/a/"}}
		}, []string{
			"services[0].hosts[0]: example.com/a/ is already served by the same service; serve another path or host",
		}},
		{"TLS passed through takes the host", func(_ *spec.Spec, _, api *spec.Service) {
			api.Ports = []spec.Port{{Name: "tls", Port: 443, Protocol: spec.TLSP}}
			api.Hosts, api.Paths = []string{"example.com"}, nil
		}, []string{
			"services[0].hosts[0]: TLS passed through to api takes all of example.com; give it a host of its own",
			"services[1].hosts[0]: TLS passed through to api takes all of example.com; give it a host of its own",
			"services[1].hosts[0]: example.com/ is already served by web; serve another path or host",
		}},
		{"a metrics port that is taken", func(_ *spec.Spec, web, _ *spec.Service) {
			web.Ports[0].TargetPort = spec.PortRef{Number: 8080}
			web.Metrics = &spec.Metrics{Port: 80}
		}, []string{
			"services[0].metrics.port: the Service already uses port 80 for http, which leads to another container port; serve the metrics on another port",
		}},
		{"metrics over gRPC", func(_ *spec.Spec, web, _ *spec.Service) {
			web.Ports[0].Protocol, web.Metrics = spec.GRPC, &spec.Metrics{Port: 80}
		}, []string{
			"warning: services[0].metrics.port: port grpc speaks gRPC, and metrics are scraped over HTTP/1.1 and, in a mesh, without mutual TLS; serve the metrics on a port of their own",
		}},
		{"a caller of the own namespace", func(_ *spec.Spec, _, api *spec.Service) {
			api.Callers = []spec.Caller{{Namespace: "shop", PodLabels: map[string]string{"app": "job"}}}
		}, []string{
			"services[1].callers[0].namespace: shop is this application's own namespace; describe it below services, and let it call api",
		}},
		{"pods that call one another", func(_ *spec.Spec, _, api *spec.Service) {
			api.Callers = []spec.Caller{{Namespace: "shop", PodLabels: map[string]string{"app": "api"}}}
		}, nil},
		{"a breaker that never trips", func(_ *spec.Spec, _, api *spec.Service) {
			api.Replicas, api.CircuitBreaker = 3, &spec.CircuitBreaker{MaxEjectionPercent: 20}
		}, []string{
			"services[1].circuitBreaker.maxEjectionPercent: 20 % of 3 pods is less than one, so no pod would ever be ejected; write at least 34, or raise replicas",
		}},
		{"a timeout that a GRPCRoute cannot carry", func(s *spec.Spec, web, _ *spec.Service) {
			s.Mesh.Mode = spec.Ambient
			web.Ports[0].Protocol, web.Timeout = spec.GRPC, 1e9
		}, []string{
			"warning: services[0].timeout: a GRPCRoute, which carries port grpc, has no timeout; set a deadline in the client, or use mesh.mode: sidecar",
		}},
		{"labels that select others", func(_ *spec.Spec, web, api *spec.Service) {
			web.PodLabels = map[string]string{"tier": "x"}
			api.PodLabels = map[string]string{"tier": "x", "app": "api"}
		}, []string{
			"warning: services[0].podLabels: these labels select the pods of api as well, which then share connections; give the two labels that tell them apart",
		}},
		{"an exception outside", func(_ *spec.Spec, web, _ *spec.Service) {
			web.Egress = []spec.Egress{{CIDR: "10.0.0.0/8", Port: 443, Except: []string{"192.168.0.0/16"}}}
		}, []string{
			"services[0].egress[0].except[0]: 192.168.0.0/16 is not inside 10.0.0.0/8; name a range inside it, or remove the exception",
		}},
		{"a destination that is both", func(_ *spec.Spec, web, _ *spec.Service) {
			web.Egress = []spec.Egress{{Host: "a.example.net", CIDR: "10.0.0.0/8"}}
		}, []string{
			"services[0].egress[0]: a destination is either a host or a cidr; set exactly one of the two",
			"services[0].egress[0]: no port is named; add port: 443",
		}},
		{"a revision without sidecars", func(s *spec.Spec, _, _ *spec.Service) {
			s.Mesh.Mode, s.Mesh.Revision = spec.Ambient, "1-31"
		}, []string{
			"mesh.revision: a revision picks the sidecar injector, and ambient mode injects none; remove it",
		}},
		{"an objective of nothing", func(_ *spec.Spec, web, _ *spec.Service) { web.SLO = &spec.SLO{} }, []string{
			"services[0].slo: promises nothing; add availability: 99.9, or latency",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := sound()
			c.spoil(&n.Spec, &n.Spec.Services[0], &n.Spec.Services[1])
			var got []string
			findings := spec.Validate(n)
			findings.Sort()
			for _, d := range findings {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again := spec.Validate(n.WithDefaults()); c.want == nil && len(again.Errors()) > 0 {
				t.Errorf("the same model with its defaults written out: %v", again)
			}
		})
	}
}

// TestDefaultsTwice holds that filling in defaults is done once and for all.
func TestDefaultsTwice(t *testing.T) {
	n := sound()
	n.Spec.Services[0].Egress = []spec.Egress{{Host: "a.example.net", Port: 443}}
	n.Spec.Services[0].Retries, n.Spec.Services[0].Timeout = &spec.Retries{Attempts: 3}, 1e9
	once := n.WithDefaults()
	if diff := cmp.Diff(once, once.WithDefaults()); diff != "" {
		t.Errorf("a second time changed something (-once +twice):\n%s", diff)
	}
	if diff := cmp.Diff(n.Spec.Services[1], sound().Spec.Services[1]); diff != "" {
		t.Errorf("the model itself was changed:\n%s", diff)
	}
	var none diag.List
	if diff := cmp.Diff(none, spec.Validate(sound())); diff != "" {
		t.Errorf("a sound model is criticised:\n%s", diff)
	}
}
