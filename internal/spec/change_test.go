package spec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// shop is a sound model in which every kind of reference to a service occurs.
func shop() *spec.Network {
	n := sound()
	n.Spec.Services = []spec.Service{
		{
			Name: "web", Ports: []spec.Port{{Port: 80}}, Hosts: []string{"example.com"},
			Calls:  []spec.Call{{Service: "api", Port: spec.PortRef{Name: "http"}}, {Service: "api", Port: spec.PortRef{Number: 5432}, Namespace: "legacy"}},
			Canary: &spec.Canary{Version: "v2", Weight: 50},
		},
		{
			Name: "api", Ports: []spec.Port{{Port: 80}}, Hosts: []string{"example.com"}, Paths: []spec.Path{{Path: "/api"}},
			Calls: []spec.Call{{Service: "db"}},
		},
		{
			Name: "db", Ports: []spec.Port{{Port: 5432, Protocol: spec.TCP}},
			Callers: []spec.Caller{
				{Namespace: "shop", PodLabels: map[string]string{"app": "db"}, ServiceAccount: "db"},
				{Namespace: "backup", ServiceAccount: "db"},
			},
		},
		{Name: "job", Calls: []spec.Call{{Service: "api"}}},
		{Name: "docs", Ports: []spec.Port{{Port: 80}}, Paths: []spec.Path{{Path: "/"}}, Canary: &spec.Canary{Stable: "v7"}},
	}
	n.Spec.Environments = []spec.Environment{
		{Name: "staging", Namespace: "shop-staging", Domain: "staging.example.com", Services: []spec.EnvironmentService{
			{Name: "web", Hosts: []string{"staging.example.com"}, Canary: &spec.EnvironmentCanary{Weight: 20}},
			{Name: "api", Hosts: []string{"staging.example.com"}},
		}},
		{Name: "load", Services: []spec.EnvironmentService{{Name: "web", Canary: &spec.EnvironmentCanary{Weight: 90}}}},
		{Name: "demo", Domain: "demo.example.com"},
	}
	return n
}

// A changeCase is one change of shop: what it does to the model, and what it says.
type changeCase struct {
	name   string
	before func(*spec.Network) // changes shop first; may be nil
	change func(*spec.Network) (*spec.Change, error)
	after  func(*spec.Network) // what the change has to do to the model
	notes  []string
	err    string // and then there is no change
}

func testChanges(t *testing.T, cases []changeCase) {
	t.Helper()
	model := func(steps ...func(*spec.Network)) *spec.Network {
		n := shop()
		for _, step := range steps {
			if step != nil {
				step(n)
			}
		}
		return n
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			n := model(c.before)
			got, err := c.change(n)
			if diff := cmp.Diff(model(c.before), n); diff != "" {
				t.Errorf("the model that it was made of has changed (-before +after):\n%s", diff)
			}
			if err != nil || c.err != "" {
				text := ""
				if err != nil {
					text = err.Error()
				}
				if diff := cmp.Diff(c.err, text); diff != "" {
					t.Errorf("error (-want +got):\n%s", diff)
				}
				return
			}
			if diff := cmp.Diff(model(c.before, c.after), got.Network); diff != "" {
				t.Errorf("model (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.notes, got.Notes); diff != "" {
				t.Errorf("notes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestShopIsSound(t *testing.T) {
	if diff := cmp.Diff("", spec.Validate(shop()).Errors().Error()); diff != "" {
		t.Error(diff)
	}
}

// TestChangesOfOneModel makes two of one, which must not write into each other
// through room that a list of the first has to spare.
func TestChangesOfOneModel(t *testing.T) {
	n := shop()
	delivered(n)
	environments := &n.Spec.Delivery.Clusters[0].Environments
	*environments = append(make([]string, 0, 8), *environments...)
	n.Spec.Environments = append(make([]spec.Environment, 0, 8), n.Spec.Environments...)
	made := make([]*spec.Change, 2)
	for i, name := range []string{"first", "second"} {
		var err error
		if made[i], err = spec.AddEnvironment(n, spec.Environment{Name: name}, []string{"east"}); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"first", "second"} {
		got := made[i].Network.Spec
		if diff := cmp.Diff([]string{"staging", "load", name}, got.Delivery.Clusters[0].Environments); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if last := got.Environments[len(got.Environments)-1].Name; last != name {
			t.Errorf("the last environment is %s, want %s", last, name)
		}
	}
}
