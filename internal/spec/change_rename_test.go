package spec_test

import (
	"testing"

	"kgen.dev/kgen/internal/spec"
)

func TestRenameService(t *testing.T) {
	rename := func(old, name string, keep bool) func(*spec.Network) (*spec.Change, error) {
		return func(n *spec.Network) (*spec.Change, error) { return spec.RenameService(n, old, name, keep) }
	}
	pods := func(name string) string {
		return "its pods need the label app: " + name + " and the ServiceAccount " + name +
			" from now on; a Deployment's selector cannot be changed, so that is a new Deployment, to be started before this is applied; --keep-labels keeps what runs"
	}
	metrics := func(old, name string) string {
		return "its metrics and alerts are those of " + name + " from now on: dashboards and silences that name " + old + " have to follow"
	}
	apiFollows := func(n *spec.Network) {
		n.Spec.Services[1].Name = "backend"
		n.Spec.Services[0].Calls[0].Service = "backend" // and not the one in another namespace
		n.Spec.Services[3].Calls[0].Service = "backend"
		n.Spec.Environments[0].Services[1].Name = "backend"
	}
	testChanges(t, []changeCase{
		{
			name: "called, and known to an environment", change: rename("api", "backend", false), after: apiFollows,
			notes: []string{
				"the calls of web and job follow",
				"what staging says of it follows",
				pods("backend"),
				"whoever calls it has to call backend (backend.shop.svc.cluster.local), because the Service api goes",
				metrics("api", "backend"),
			},
		},
		{
			name: "with the labels that it has", change: rename("api", "backend", true),
			after: func(n *spec.Network) {
				apiFollows(n)
				n.Spec.Services[1].PodLabels, n.Spec.Services[1].ServiceAccount = map[string]string{"app": "api"}, "api"
			},
			notes: []string{
				"the calls of web and job follow",
				"what staging says of it follows",
				"its pods keep the label app: api and the ServiceAccount api",
				"whoever calls it has to call backend (backend.shop.svc.cluster.local), because the Service api goes",
				metrics("api", "backend"),
			},
		},
		{
			name: "whose pods call one another", change: rename("db", "postgres", false),
			after: func(n *spec.Network) {
				n.Spec.Services[1].Calls[0].Service = "postgres"
				db := &n.Spec.Services[2]
				db.Name = "postgres"
				db.Callers[0].PodLabels, db.Callers[0].ServiceAccount = map[string]string{"app": "postgres"}, "postgres"
			},
			notes: []string{
				"the calls of api follow",
				pods("postgres"),
				"whoever calls it has to call postgres (postgres.shop.svc.cluster.local), because the Service db goes",
				metrics("db", "postgres"),
			},
		},
		{
			name: "whose pods call one another, with labels of their own", change: rename("db", "postgres", false),
			before: func(n *spec.Network) {
				n.Spec.Services[2].PodLabels = map[string]string{"app": "db", "tier": "data"}
				n.Spec.Services[2].Callers[0].PodLabels = map[string]string{"app": "db", "tier": "data"}
			},
			after: func(n *spec.Network) {
				n.Spec.Services[1].Calls[0].Service = "postgres"
				n.Spec.Services[2].Name, n.Spec.Services[2].Callers[0].ServiceAccount = "postgres", "postgres"
			},
			notes: []string{
				"the calls of api follow",
				"its pods need the ServiceAccount postgres from now on; a Deployment's selector cannot be changed, so that is a new Deployment, to be started before this is applied; --keep-labels keeps what runs",
				"whoever calls it has to call postgres (postgres.shop.svc.cluster.local), because the Service db goes",
				metrics("db", "postgres"),
			},
		},
		{
			name: "whose pods call one another, under an account of their own", change: rename("db", "postgres", false),
			before: func(n *spec.Network) { n.Spec.Services[2].ServiceAccount = "db" },
			after: func(n *spec.Network) {
				n.Spec.Services[1].Calls[0].Service = "postgres"
				n.Spec.Services[2].Name, n.Spec.Services[2].Callers[0].PodLabels = "postgres", map[string]string{"app": "postgres"}
			},
			notes: []string{
				"the calls of api follow",
				"its pods need the label app: postgres from now on; a Deployment's selector cannot be changed, so that is a new Deployment, to be started before this is applied; --keep-labels keeps what runs",
				"whoever calls it has to call postgres (postgres.shop.svc.cluster.local), because the Service db goes",
				metrics("db", "postgres"),
			},
		},
		{
			name: "whose pods call one another, under another account", change: rename("db", "postgres", false),
			before: func(n *spec.Network) { n.Spec.Services[2].Callers[0].ServiceAccount = "replicator" },
			after: func(n *spec.Network) {
				n.Spec.Services[1].Calls[0].Service = "postgres"
				n.Spec.Services[2].Name, n.Spec.Services[2].Callers[0].PodLabels = "postgres", map[string]string{"app": "postgres"}
			},
			notes: []string{
				"the calls of api follow",
				pods("postgres"),
				"whoever calls it has to call postgres (postgres.shop.svc.cluster.local), because the Service db goes",
				metrics("db", "postgres"),
			},
		},
		{
			name: "that serves nothing and has labels and account of its own", change: rename("job", "batch", true),
			before: func(n *spec.Network) {
				n.Spec.Services[3].PodLabels, n.Spec.Services[3].ServiceAccount = map[string]string{"app": "job"}, "job"
			},
			after: func(n *spec.Network) { n.Spec.Services[3].Name = "batch" },
			notes: []string{"its podLabels and its serviceAccount stay as they are written", metrics("job", "batch")},
		},
		{
			name: "whose hosts follow its name", change: rename("docs", "guide", false),
			before: func(n *spec.Network) {
				n.Spec.Environments[2].Services = []spec.EnvironmentService{{Name: "docs", Hosts: []string{"d.example.com"}}}
			},
			after: func(n *spec.Network) {
				n.Spec.Services[4].Name, n.Spec.Environments[2].Services[0].Name = "guide", "guide"
			},
			notes: []string{
				"what demo says of it follows",
				pods("guide"),
				"it is served as guide.example.com and no longer as docs.example.com; hosts: [docs.example.com] keeps that",
				"in staging it is served as guide.staging.example.com and no longer as docs.staging.example.com; hosts: [docs.staging.example.com] keeps that",
				"whoever calls it has to call guide (guide.shop.svc.cluster.local), because the Service docs goes",
				metrics("docs", "guide"),
			},
		},
		{name: "misspelt", change: rename("apii", "backend", false), err: `there is no service "apii"; did you mean api?`},
		{name: "taken", change: rename("api", "db", false), err: "services[2].name: there is a service db already; choose another name"},
		{name: "no name", change: rename("api", "Back_End", false), err: `the new name: "Back_End" is not a DNS-1123 label (lower-case letters, digits and hyphens)`},
		{name: "the same name", change: rename("api", "api", false), err: "api is its name already; choose another name"},
	})
}
