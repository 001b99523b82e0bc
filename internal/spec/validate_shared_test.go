package spec_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// TestSharedNames gives two applications names that meet where Prometheus lives.
func TestSharedNames(t *testing.T) {
	const met = "environments[0].application: shop-staging-web in monitoring would belong to service staging-web of namespace shop and to service web of environment staging; choose another"
	clusters := func(lists ...[]string) func(*spec.Network) {
		return func(n *spec.Network) {
			n.Spec.Delivery = &spec.Delivery{Tool: spec.ArgoCD, Repository: "https://git.example.com/shop.git"}
			for i, list := range lists {
				n.Spec.Delivery.Clusters = append(n.Spec.Delivery.Clusters, spec.Cluster{Name: fmt.Sprintf("c%d", i), Environments: list})
			}
		}
	}
	// main is an environment that is called as the file is.
	main := func(n *spec.Network) {
		n.Spec.Environments = append(n.Spec.Environments, spec.Environment{Name: "main", Domain: "main.example.com", Application: "shop"})
	}
	for _, c := range []struct {
		name  string
		spoil []func(n *spec.Network)
		want  []string
	}{
		{"a service and a service", nil, []string{met}},
		{"another application", []func(*spec.Network){func(n *spec.Network) { n.Spec.Environments[0].Application = "staging" }}, nil},
		{"a name that goes on without a hyphen", []func(*spec.Network){func(n *spec.Network) { n.Spec.Environments[0].Application = "shop-stag" }}, nil},
		{"another Prometheus, which stands with the application", []func(*spec.Network){func(n *spec.Network) { n.Spec.Monitoring.Namespace = "shop" }}, nil},
		{"nothing that is watched", []func(*spec.Network){func(n *spec.Network) { n.Spec.Services[1].Ports = nil }}, nil},
		{"monitors alone", []func(*spec.Network){func(n *spec.Network) {
			n.Spec.Services[1].Ports, n.Spec.Services[1].Metrics = nil, &spec.Metrics{Port: 9090}
		}}, []string{met}},
		{"something of the whole application", []func(*spec.Network){func(n *spec.Network) { n.Spec.Services[1].Name = "staging-platform" }}, []string{
			"environments[0].application: shop-staging-platform in monitoring would belong to service staging-platform of namespace shop and to platform of environment staging; choose another",
		}},
		{"something of the mesh", []func(*spec.Network){func(n *spec.Network) {
			n.Spec.Services[1].Name = "staging-recording-rules"
		}}, []string{
			"environments[0].application: shop-staging-recording-rules in monitoring would belong to service staging-recording-rules of namespace shop and to recording-rules of environment staging; choose another",
		}},
		{"monitors of services, which are called like none of them", []func(*spec.Network){func(n *spec.Network) {
			n.Spec.Services[1].Name, n.Spec.Services[1].Metrics = "staging-istiod", &spec.Metrics{Port: 9090}
		}}, nil},
		{"an object of another kind", []func(*spec.Network){func(n *spec.Network) { n.Spec.Services[1].Name = "staging-istiod" }}, nil},
		{"something of a mesh that is not there", []func(*spec.Network){func(n *spec.Network) {
			n.Spec.Mesh, n.Spec.Services[1].Name = spec.Mesh{}, "staging-recording-rules"
		}}, nil},
		{"two environments", []func(*spec.Network){func(n *spec.Network) {
			n.Metadata.Name, n.Spec.Namespace = "store", "store"
			n.Spec.Environments = append(n.Spec.Environments, spec.Environment{Name: "old", Namespace: "old", Domain: "old.example.com", Application: "shop"})
		}}, []string{
			"environments[1].application: shop-staging-web in monitoring would belong to service staging-web of environment old and to service web of environment staging; choose another",
		}},
		{"one cluster", []func(*spec.Network){main, clusters([]string{"staging", "main"})}, []string{
			"environments[1].application: shop-staging-web in monitoring would belong to service staging-web of environment main and to service web of environment staging; choose another",
		}},
		{"a cluster each", []func(*spec.Network){main, clusters([]string{"staging"}, []string{"main"})}, nil},
		{"what is delivered nowhere", []func(*spec.Network){clusters([]string{"staging"})}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := sound()
			n.Spec.Services = []spec.Service{
				{Name: "web", Ports: []spec.Port{{Port: 80}}, Paths: []spec.Path{{Path: "/"}}, Metrics: &spec.Metrics{Port: 9090}},
				{Name: "staging-web", Ports: []spec.Port{{Port: 80}}},
			}
			n.Spec.Environments = []spec.Environment{{Name: "staging", Namespace: "staging", Domain: "staging.example.com", Application: "shop-staging"}}
			for _, spoil := range c.spoil {
				spoil(n)
			}
			var got []string
			for _, d := range spec.Validate(n) {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
