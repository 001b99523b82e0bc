package spec_test

import (
	"testing"

	"kgen.dev/kgen/internal/spec"
)

// delivered lets two clusters run the environments of shop.
func delivered(n *spec.Network) {
	n.Spec.Delivery = &spec.Delivery{Tool: spec.ArgoCD, Repository: "https://git.example.com/shop.git", Clusters: []spec.Cluster{
		{Name: "east", Environments: []string{"staging", "load"}},
		{Name: "west", Environments: []string{"load"}},
	}}
}

func TestRemoveEnvironment(t *testing.T) {
	remove := func(name string) func(*spec.Network) (*spec.Change, error) {
		return func(n *spec.Network) (*spec.Change, error) { return spec.RemoveEnvironment(n, name) }
	}
	none := func(n *spec.Network) { n.Spec.Environments = nil }
	testChanges(t, []changeCase{
		{
			name: "one of several", change: remove("load"),
			after: func(n *spec.Network) {
				n.Spec.Environments = append(n.Spec.Environments[:1:1], n.Spec.Environments[2:]...)
			},
			notes: []string{"what a cluster has of load stays there until it is pruned or deleted"},
		},
		{
			name: "the last", change: remove("staging"),
			before: func(n *spec.Network) { n.Spec.Environments = n.Spec.Environments[:1] }, after: none,
			notes: []string{"what a cluster has of staging stays there until it is pruned or deleted"},
		},
		{
			name: "that clusters run", change: remove("load"), before: delivered,
			after: func(n *spec.Network) {
				n.Spec.Environments = append(n.Spec.Environments[:1:1], n.Spec.Environments[2:]...)
				n.Spec.Delivery.Clusters = []spec.Cluster{{Name: "east", Environments: []string{"staging"}}}
			},
			notes: []string{
				"west goes from delivery, because nothing else runs there",
				"what a cluster has of load stays there until it is pruned or deleted",
			},
		},
		{
			name: "the last that is delivered", change: remove("staging"),
			before: func(n *spec.Network) { delivered(n); n.Spec.Environments = n.Spec.Environments[:1] },
			err:    "delivery: staging is the last environment, and without one the rest of the file would be delivered in its place; remove delivery first: kgen set network delivery-",
		},
		{name: "misspelt", change: remove("stagng"), err: `there is no environment "stagng"; did you mean staging?`},
		{name: "unknown", change: remove("x"), err: `there is no environment "x"; the environments are staging, load and demo`},
		{name: "none at all", change: remove("x"), before: none, err: `there is no environment "x"; declare it in kgen.yaml first: it has no environment at all`},
	})
}

func TestAddEnvironment(t *testing.T) {
	add := func(name string, clusters ...string) func(*spec.Network) (*spec.Change, error) {
		return func(n *spec.Network) (*spec.Change, error) {
			return spec.AddEnvironment(n, spec.Environment{Name: name, Namespace: "shop-" + name}, clusters)
		}
	}
	testChanges(t, []changeCase{
		{
			name: "another", change: add("production"),
			after: func(n *spec.Network) {
				n.Spec.Environments = append(n.Spec.Environments, spec.Environment{Name: "production", Namespace: "shop-production"})
			},
		},
		{
			name: "that clusters run", change: add("production", "west", "east", "west"), before: delivered,
			after: func(n *spec.Network) {
				n.Spec.Environments = append(n.Spec.Environments, spec.Environment{Name: "production", Namespace: "shop-production"})
				n.Spec.Delivery.Clusters[0].Environments = []string{"staging", "load", "production"}
				n.Spec.Delivery.Clusters[1].Environments = []string{"load", "production"}
			},
		},
		{name: "for a cluster that is misspelt", change: add("production", "wset"), before: delivered, err: `there is no cluster "wset"; did you mean west?`},
		{name: "for a cluster without delivery", change: add("production", "west"),
			err: "delivery: nothing says how the files reach a cluster; describe delivery in kgen.yaml first"},
		{name: "taken", change: add("load"),
			err: "environments[1].name: there is an environment load already; edit it there, or choose another name"},
	})
}
