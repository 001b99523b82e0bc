package spec_test

import (
	"errors"
	"testing"

	"kgen.dev/kgen/internal/spec"
)

func TestSet(t *testing.T) {
	refuse := errors.New("no such key")
	service := func(name string, set func(*spec.Service) error) func(*spec.Network) (*spec.Change, error) {
		return func(n *spec.Network) (*spec.Change, error) { return spec.SetService(n, name, set) }
	}
	environment := func(name string, set func(*spec.Environment) error) func(*spec.Network) (*spec.Change, error) {
		return func(n *spec.Network) (*spec.Change, error) { return spec.SetEnvironment(n, name, set) }
	}
	network := func(set func(*spec.Spec) error) func(*spec.Network) (*spec.Change, error) {
		return func(n *spec.Network) (*spec.Change, error) { return spec.SetNetwork(n, set) }
	}
	testChanges(t, []changeCase{
		{name: "a service", change: service("api", func(s *spec.Service) error { s.Replicas = 7; return nil }),
			after: func(n *spec.Network) { n.Spec.Services[1].Replicas = 7 }},
		{name: "an environment", change: environment("load", func(e *spec.Environment) error { e.Domain = "example.org"; return nil }),
			after: func(n *spec.Network) { n.Spec.Environments[1].Domain = "example.org" }},
		{name: "the network", change: network(func(s *spec.Spec) error { s.Domain = "example.org"; return nil }),
			after: func(n *spec.Network) { n.Spec.Domain = "example.org" }},

		{
			name: "the labels of pods, where there was a default",
			change: service("api", func(s *spec.Service) error {
				s.PodLabels, s.ServiceAccount = map[string]string{"tier": "front", "app": "backend"}, "backend"
				return nil
			}),
			after: func(n *spec.Network) {
				n.Spec.Services[1].PodLabels, n.Spec.Services[1].ServiceAccount = map[string]string{"tier": "front", "app": "backend"}, "backend"
			},
			notes: []string{
				"its pods are selected by app: backend and tier: front from now on, and no longer by app: api",
				"its pods have to run as the ServiceAccount backend from now on, and no longer as api",
			},
		},
		{
			name: "the labels of pods, to the default", change: service("api", func(s *spec.Service) error {
				s.PodLabels, s.ServiceAccount = map[string]string{"app": "api"}, "api"
				return nil
			}),
			after: func(n *spec.Network) {
				n.Spec.Services[1].PodLabels, n.Spec.Services[1].ServiceAccount = map[string]string{"app": "api"}, "api"
			},
		},
		{
			name: "the namespace", change: network(func(s *spec.Spec) error { s.Namespace = "store"; return nil }),
			after: func(n *spec.Network) { n.Spec.Namespace = "store" },
			notes: []string{"everything goes to the namespace store; what a cluster has in shop stays there until it is pruned or deleted"},
		},

		{name: "a service wrongly", change: service("api", func(s *spec.Service) error { s.Replicas = 7; return refuse }), err: "no such key"},
		{name: "an environment wrongly", change: environment("load", func(e *spec.Environment) error { e.Domain = "x"; return refuse }), err: "no such key"},
		{name: "the network wrongly", change: network(func(s *spec.Spec) error { s.Domain = "x"; return refuse }), err: "no such key"},
		{name: "no service", change: service("apx", nil), err: `there is no service "apx"; did you mean api?`},
		{name: "no environment", change: environment("laod", nil), err: `there is no environment "laod"; did you mean load?`},
		{name: "a service's name", change: service("api", func(s *spec.Service) error { s.Name = "backend"; return nil }),
			err: "name: others refer to a service by its name; kgen rename service api backend"},
		{name: "an environment's name", change: environment("load", func(e *spec.Environment) error { e.Name = "stress"; return nil }),
			err: "name: its folder is called after an environment, and delivery refers to it by its name; change it in kgen.yaml"},
	})
}

// TestUnpin takes the canary of a service away: what told its versions apart has
// to go from the cluster in the right order, and applying deletes nothing.
func TestUnpin(t *testing.T) {
	unpin := func(n *spec.Network) (*spec.Change, error) {
		return spec.SetService(n, "web", func(s *spec.Service) error { s.Canary = nil; return nil })
	}
	const (
		all            = "once this is applied, every pod of web gets requests, whatever its version"
		later          = "once this is applied and what is no longer made is deleted, every pod of web gets requests, whatever its version"
		virtualService = "the VirtualService of web is no longer made: delete it before this is applied, because the subset goes to which it sends every request"
		routes         = "routes of web in the mesh are no longer made: delete them before the Services of its versions, to which they send every request"
		ingress        = "the front door gives v2 its share until the Ingress of the canary is deleted, which is no longer made"
		flagger        = "the Canary of web has to be deleted, and be gone, before this is applied: what Flagger has made of it goes with it"
	)
	pinned, running := &spec.Canary{Stable: "v1"}, &spec.Canary{Version: "v2", Weight: 50}
	var cases []changeCase
	for _, c := range []struct {
		name   string
		canary *spec.Canary
		mesh   spec.Mesh
		before func(s *spec.Service, in *spec.Ingress)
		notes  []string
	}{
		{"sidecars", pinned, spec.Mesh{Provider: spec.Istio}, nil, []string{virtualService, all}},
		{"sidecars, half way", running, spec.Mesh{Provider: spec.Istio}, nil, []string{virtualService, all}},
		{"sidecars that keep a timeout", pinned, spec.Mesh{Provider: spec.Istio}, func(s *spec.Service, _ *spec.Ingress) { s.Timeout = 5e9 }, []string{all}},
		{"sidecars that try again", pinned, spec.Mesh{Provider: spec.Istio}, func(s *spec.Service, _ *spec.Ingress) { s.Retries = &spec.Retries{Attempts: 2} }, []string{all}},
		{"a Rollout in sidecars", &spec.Canary{Owner: spec.RolloutsOwner}, spec.Mesh{Provider: spec.Istio}, nil, []string{virtualService, all}},
		{"Flagger", &spec.Canary{Owner: spec.FlaggerOwner}, spec.Mesh{Provider: spec.Istio}, nil, []string{flagger, all}},
		{"a waypoint", pinned, spec.Mesh{Provider: spec.Istio, Mode: spec.Ambient}, nil, []string{routes, later}},
		{"a waypoint that keeps a timeout", pinned, spec.Mesh{Provider: spec.Istio, Mode: spec.Ambient}, func(s *spec.Service, _ *spec.Ingress) { s.Timeout = 5e9 }, []string{all}},
		{"a waypoint that has none for gRPC", pinned, spec.Mesh{Provider: spec.Istio, Mode: spec.Ambient}, func(s *spec.Service, _ *spec.Ingress) {
			s.Timeout, s.Ports = 5e9, append(s.Ports, spec.Port{Name: "grpc", Port: 9000, Protocol: spec.GRPC})
		}, []string{routes, later}},
		{"an Ingress", pinned, spec.Mesh{}, func(_ *spec.Service, in *spec.Ingress) { in.API, in.Class = spec.IngressResource, "nginx" }, []string{all}},
		{"an Ingress, half way", running, spec.Mesh{}, func(_ *spec.Service, in *spec.Ingress) { in.API, in.Class = spec.IngressResource, "nginx" }, []string{ingress, later}},
		{"a Gateway", running, spec.Mesh{}, nil, []string{all}},
	} {
		cases = append(cases, changeCase{
			name: c.name, change: unpin, notes: c.notes, after: func(n *spec.Network) { n.Spec.Services[0].Canary = nil },
			before: func(n *spec.Network) {
				n.Spec.Mesh, n.Spec.Services[0].Canary = c.mesh, c.canary
				if c.before != nil {
					c.before(&n.Spec.Services[0], n.Spec.Ingress)
				}
			},
		})
	}
	testChanges(t, cases)
}
