package spec_test

import (
	"testing"

	"kgen.dev/kgen/internal/spec"
)

func TestRemoveService(t *testing.T) {
	remove := func(name string) func(*spec.Network) (*spec.Change, error) {
		return func(n *spec.Network) (*spec.Change, error) { return spec.RemoveService(n, name) }
	}
	without := func(i int) func(*spec.Network) {
		return func(n *spec.Network) { n.Spec.Services = append(n.Spec.Services[:i:i], n.Spec.Services[i+1:]...) }
	}
	gone := func(name string) string {
		return "what a cluster has of " + name + " stays there until it is pruned or deleted; its Deployment and its ServiceAccount are not kgen's"
	}
	testChanges(t, []changeCase{
		{
			name: "called, calling and exposed", change: remove("api"),
			after: func(n *spec.Network) {
				n.Spec.Services[0].Calls = n.Spec.Services[0].Calls[1:] // the one in another namespace stays
				n.Spec.Services[3].Calls = nil
				n.Spec.Environments[0].Services = n.Spec.Environments[0].Services[:1]
				without(1)(n)
			},
			notes: []string{
				"web and job no longer call api",
				"example.com/api goes to web, which serves example.com/",
				"what staging says of api goes",
				gone("api"),
			},
		},
		{
			name: "the only caller", change: remove("api"),
			before: func(n *spec.Network) { n.Spec.Services[2].Callers = n.Spec.Services[2].Callers[:1] },
			after: func(n *spec.Network) {
				n.Spec.Services[0].Calls = n.Spec.Services[0].Calls[1:]
				n.Spec.Services[3].Calls = nil
				n.Spec.Environments[0].Services = n.Spec.Environments[0].Services[:1]
				without(1)(n)
			},
			notes: []string{
				"web and job no longer call api",
				"nothing calls db any more",
				"example.com/api goes to web, which serves example.com/",
				"what staging says of api goes",
				gone("api"),
			},
		},
		{
			name: "the owner of a host", change: remove("web"),
			after: func(n *spec.Network) {
				n.Spec.Environments[0].Services = n.Spec.Environments[0].Services[1:]
				n.Spec.Environments[1].Services = nil
				without(0)(n)
			},
			notes: []string{
				"example.com/ is no longer served",
				"the certificate and the redirect of example.com move to api",
				"what staging and load say of web goes",
				gone("web"),
			},
		},
		{
			name: "served under a prefix that only looks longer", change: remove("api"),
			before: func(n *spec.Network) {
				n.Spec.Services[0].Paths = []spec.Path{{Path: "/ap"}}
				n.Spec.Environments, n.Spec.Services[3].Calls, n.Spec.Services[0].Calls = nil, nil, nil
			},
			after: without(1),
			notes: []string{"example.com/api is no longer served", gone("api")},
		},
		{
			name: "served under several prefixes", change: remove("docs"),
			before: func(n *spec.Network) {
				n.Spec.Environments = nil
				n.Spec.Services[0].Paths = []spec.Path{{Path: "/api/v2"}, {Path: "/"}}
				n.Spec.Services[4].Hosts, n.Spec.Services[4].Paths = []string{"example.com"}, []spec.Path{{Path: "/api/v2/docs"}, {Path: "/docs"}}
			},
			after: without(4),
			notes: []string{
				"example.com/api/v2/docs goes to web, which serves example.com/api/v2",
				"example.com/docs goes to web, which serves example.com/",
				gone("docs"),
			},
		},
		{
			name: "the only caller of what others reach", change: remove("job"),
			before: func(n *spec.Network) {
				n.Spec.Services[0].Calls, n.Spec.Services[1].Calls = nil, nil
				n.Spec.Services[2].Callers = n.Spec.Services[2].Callers[:1]
				n.Spec.Services[2].Type = spec.LoadBalancer
				n.Spec.Services[3].Calls = []spec.Call{{Service: "api"}, {Service: "db"}, {Service: "docs"}}
			},
			after: without(3),
			notes: []string{gone("job")},
		},
		{
			name: "the last that is exposed", change: remove("docs"),
			before: func(n *spec.Network) {
				n.Spec.Services[0].Hosts, n.Spec.Services[1].Hosts, n.Spec.Services[1].Paths = nil, nil, nil
			},
			after: without(4),
			notes: []string{
				"docs.example.com is no longer served",
				"no service is exposed any more: the Gateway goes, and with it the address that DNS names lead to",
				gone("docs"),
			},
		},
		{
			name: "the last that is exposed, by Ingresses without certificates", change: remove("web"),
			before: func(n *spec.Network) {
				n.Spec.Ingress = &spec.Ingress{API: spec.IngressResource, Insecure: true}
				n.Spec.Services, n.Spec.Environments = n.Spec.Services[:3], nil
				n.Spec.Services[0].Paths = []spec.Path{{Path: "/api/v2/"}}
			},
			after: without(0),
			notes: []string{"example.com/api/v2/ goes to api, which serves example.com/api", gone("web")},
		},
		{
			name: "called by its own namespace", change: remove("api"),
			before: func(n *spec.Network) {
				n.Spec.Environments, n.Spec.Services[0].Calls = nil, nil
				n.Spec.Services[3].Calls[0].Namespace = "shop"
			},
			after: func(n *spec.Network) { n.Spec.Services[3].Calls = nil; without(1)(n) },
			notes: []string{"job no longer calls api", "example.com/api goes to web, which serves example.com/", gone("api")},
		},
		{name: "the only one", change: remove("web"), before: func(n *spec.Network) { n.Spec.Services = n.Spec.Services[:1] },
			err: "services: web is the only service, and a network has at least one; add another service first; to give the application up, delete the folder"},
		{name: "misspelt", change: remove("wbe"), err: `there is no service "wbe"; did you mean web?`},
		{name: "unknown", change: remove("payments"), err: `there is no service "payments"; the services are web, api, db, job and docs`},
	})
}
