package spec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// findings are what is said of a model, in the order of their places.
func findings(n *spec.Network) []string {
	list := spec.Validate(n)
	list.Sort()
	var out []string
	for _, d := range list {
		out = append(out, d.String())
	}
	return out
}

// TestOwners gives canaries to controllers and compares everything that is said.
func TestOwners(t *testing.T) {
	flagger, rollouts := &spec.Canary{Owner: spec.FlaggerOwner}, &spec.Canary{Owner: spec.RolloutsOwner}
	for _, c := range []struct {
		name  string
		spoil func(s *spec.Spec, web, api *spec.Service)
		want  []string
	}{
		{"Flagger inside the mesh", func(_ *spec.Spec, _, api *spec.Service) {
			api.Ports, api.Canary = api.Ports[:1], flagger
		}, nil},
		{"Flagger at the Gateway", func(_ *spec.Spec, web, _ *spec.Service) { web.Canary = flagger }, nil},
		{"Rollouts", func(_ *spec.Spec, web, api *spec.Service) { web.Canary, api.Canary = rollouts, rollouts }, nil},
		{"Rollouts without a mesh", func(s *spec.Spec, web, _ *spec.Service) {
			s.Mesh, web.Canary = spec.Mesh{}, rollouts
		}, nil},
		{"an owner of nobody", func(_ *spec.Spec, _, api *spec.Service) {
			api.Canary = &spec.Canary{Owner: "argo", Version: "v2"}
		}, []string{
			`services[1].canary.owner: "argo" is not known here; write one of kgen, flagger, argo-rollouts`,
		}},
		{"what the controller says", func(_ *spec.Spec, _, api *spec.Service) {
			api.Canary = &spec.Canary{Owner: spec.RolloutsOwner, Stable: "v1", Version: "v2", Weight: 10}
		}, []string{
			"services[1].canary.stable: argo-rollouts tells versions apart by their pods and moves the weights itself; remove it, or set owner: kgen",
			"services[1].canary.version: argo-rollouts tells versions apart by their pods and moves the weights itself; remove it, or set owner: kgen",
			"services[1].canary.weight: argo-rollouts tells versions apart by their pods and moves the weights itself; remove it, or set owner: kgen",
		}},
		{"Flagger without a mesh", func(s *spec.Spec, web, _ *spec.Service) {
			s.Mesh, web.Canary = spec.Mesh{}, flagger
		}, []string{
			"services[0].canary.owner: without a mesh nothing here measures the two versions apart, and Flagger decides by measurement; set mesh.provider: istio, or owner: argo-rollouts or kgen",
		}},
		{"Flagger in ambient mode", func(s *spec.Spec, web, _ *spec.Service) {
			s.Mesh.Mode, web.Canary = spec.Ambient, flagger
		}, []string{
			"services[0].canary.owner: in ambient mode the pods have no sidecars, whose routes Flagger sets and whose metrics it reads; use mesh.mode: sidecar, or owner: argo-rollouts or kgen",
		}},
		{"Flagger and a Service of its own kind", func(_ *spec.Spec, _, api *spec.Service) {
			api.Canary, api.Type = flagger, spec.LoadBalancer
			api.LoadBalancer = &spec.LoadBalancerOptions{SourceRanges: []string{"203.0.113.0/24"}}
		}, []string{
			"services[1].ports: Flagger makes the Service of api itself, with one port; others it would take from the pods, under the pods' own names and numbers; split the service, or use owner: argo-rollouts",
			"services[1].type: Flagger makes the Service of api itself, and makes none of type LoadBalancer; use type: ClusterIP, or owner: argo-rollouts",
		}},
		{"labels that Flagger does not know", func(_ *spec.Spec, _, api *spec.Service) {
			api.Ports, api.Canary, api.PodLabels = api.Ports[:1], flagger, map[string]string{"component": "api"}
		}, []string{
			"services[1].podLabels: Flagger tells its primary from the canary by one of the labels app, name, app.kubernetes.io/name, and the pods of api have none; add one of them that says which service it is, such as app: api",
		}},
		{"nobody to measure", func(_ *spec.Spec, web, api *spec.Service) {
			api.Ports, api.Canary, web.Calls = api.Ports[:1], flagger, nil
		}, []string{
			"warning: services[1].canary.owner: nobody is declared to call api, and Flagger promotes nothing that it has seen no requests to; declare who calls it, or generate load with a webhook of Flagger's",
		}},
		{"Flagger behind an Ingress", func(s *spec.Spec, web, _ *spec.Service) {
			s.Ingress.API, s.Ingress.Class, web.Canary = spec.IngressResource, "traefik", flagger
		}, []string{
			"warning: services[0].canary: an Ingress of class traefik cannot split by weight: the front door serves primary only, the mesh splits; use ingress.api: gateway to split the front door's traffic as well",
			"services[0].canary.owner: an Ingress leads to Flagger's primary only, and nobody else calls web, so the canary would never see a request; use ingress.api: gateway, or owner: kgen",
		}},
		{"what an HTTPRoute of Flagger's cannot carry", func(_ *spec.Spec, web, _ *spec.Service) {
			web.Ports[0].Protocol, web.Canary, web.Retries = spec.GRPC, flagger, &spec.Retries{Attempts: 2}
		}, []string{
			"services[0].ports[0].protocol: Flagger writes HTTPRoutes, and what the Gateway serves of gRPC needs a GRPCRoute; use owner: argo-rollouts or kgen, or leave hosts out",
			"services[0].retries: Flagger's HTTPRoute has no retries; remove it, or use owner: argo-rollouts or kgen",
		}},
		{"limits that a Canary object has no place for", func(_ *spec.Spec, _, api *spec.Service) {
			api.Ports, api.Canary, api.CircuitBreaker = api.Ports[:1], flagger, &spec.CircuitBreaker{MaxConnections: 7, MaxRequests: 9}
		}, []string{
			"warning: services[1].circuitBreaker.maxConnections: Flagger makes the circuit breaker, and its Canary object has no place for this limit; remove it, or use owner: argo-rollouts or kgen",
		}},
		{"one rewrite for all paths", func(_ *spec.Spec, web, _ *spec.Service) {
			web.Canary, web.Paths = flagger, []spec.Path{{Path: "/a", Rewrite: "/"}, {Path: "/b"}}
		}, []string{
			"services[0].paths: Flagger's HTTPRoute rewrites all of its paths alike; serve one path, or none rewritten, or use owner: argo-rollouts or kgen",
		}},
		{"paths that callers inside would see", func(_ *spec.Spec, web, api *spec.Service) {
			api.Calls = []spec.Call{{Service: "web"}}
			web.Canary, web.Paths = flagger, []spec.Path{{Path: "/a"}}
		}, []string{
			"services[0].paths: Flagger has one route for the front door and for the callers inside, who would see the front door's paths; serve / as it is, or use owner: argo-rollouts or kgen",
		}},
		{"a weight of an environment's", func(s *spec.Spec, web, _ *spec.Service) {
			web.Canary = flagger
			s.Environments = []spec.Environment{{Name: "staging", Services: []spec.EnvironmentService{{Name: "web", Canary: &spec.EnvironmentCanary{Weight: 20}}}}}
		}, []string{
			"environments[0].services[0].canary.weight: flagger tells versions apart by their pods and moves the weights itself; remove it, or set owner: kgen",
		}},
		{"the names of the two", func(s *spec.Spec, web, _ *spec.Service) {
			web.Canary = flagger
			s.Services = append(s.Services, spec.Service{Name: "web-primary", Ports: []spec.Port{{Port: 80}}})
		}, []string{
			"services[0].canary: the Service of version primary of web would be web-primary, the name of service web-primary; rename one of them",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := sound()
			c.spoil(&n.Spec, &n.Spec.Services[0], &n.Spec.Services[1])
			if diff := cmp.Diff(c.want, findings(n)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if again := spec.Validate(n.WithDefaults()); c.want == nil && len(again.Errors()) > 0 {
				t.Errorf("the same model with its defaults written out: %v", again)
			}
		})
	}
}

// TestTwinPods: whatever selects a service of Flagger's selects two Deployments.
func TestTwinPods(t *testing.T) {
	for _, c := range []struct {
		name    string
		service spec.Service
		want    []map[string]string
	}{
		{"kgen's own canary", spec.Service{PodLabels: map[string]string{"app": "api"}, Canary: &spec.Canary{Version: "v2"}},
			[]map[string]string{{"app": "api"}}},
		{"Rollouts", spec.Service{PodLabels: map[string]string{"app": "api"}, Canary: &spec.Canary{Owner: spec.RolloutsOwner}},
			[]map[string]string{{"app": "api"}}},
		{"Flagger", spec.Service{PodLabels: map[string]string{"app": "api", "tier": "back"}, Canary: &spec.Canary{Owner: spec.FlaggerOwner}},
			[]map[string]string{{"app": "api", "tier": "back"}, {"app": "api-primary", "tier": "back"}}},
		{"the first label that Flagger looks for", spec.Service{PodLabels: map[string]string{"app.kubernetes.io/name": "api", "name": "a"}, Canary: &spec.Canary{Owner: spec.FlaggerOwner}},
			[]map[string]string{{"app.kubernetes.io/name": "api", "name": "a"}, {"app.kubernetes.io/name": "api", "name": "a-primary"}}},
		{"no label that it knows", spec.Service{PodLabels: map[string]string{"component": "api"}, Canary: &spec.Canary{Owner: spec.FlaggerOwner}},
			[]map[string]string{{"component": "api"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.service.TwinPods()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOwnersWay: who asks kgen to move what a controller owns is told how.
func TestOwnersWay(t *testing.T) {
	for owner, want := range map[spec.CanaryOwner]string{
		spec.KgenOwner:     "",
		spec.FlaggerOwner:  "change the pods of Deployment web and Flagger begins; kubectl get canary web shows how far it is",
		spec.RolloutsOwner: "use kubectl argo rollouts set image, promote and abort with Rollout web",
	} {
		s := spec.Service{Name: "web", Canary: &spec.Canary{Owner: owner}}
		if got := s.OwnersWay(); got != want || s.Canary.Owned() != (want != "") {
			t.Errorf("%s: %q, owned %v; want %q", owner, got, s.Canary.Owned(), want)
		}
	}
}
