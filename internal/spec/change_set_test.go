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
			name: "no version any more", change: service("docs", func(s *spec.Service) error { s.Canary = nil; return nil }),
			after: func(n *spec.Network) { n.Spec.Services[4].Canary = nil },
			notes: []string{"every pod of docs gets requests from now on, whatever its label version says"},
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
