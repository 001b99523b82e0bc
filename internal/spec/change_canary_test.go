package spec_test

import (
	"slices"
	"testing"

	"kgen.dev/kgen/internal/spec"
)

// flagger leaves the canary of a service to Flagger.
func flagger(i int) func(*spec.Network) {
	return func(n *spec.Network) { n.Spec.Services[i].Canary = &spec.Canary{Owner: spec.FlaggerOwner} }
}

const flaggersWay = "services[0].canary.owner: flagger moves the canary of web itself; " +
	"change the pods of Deployment web and Flagger begins; kubectl get canary web shows how far it is"

func TestStartCanary(t *testing.T) {
	start := func(name, version, stable string) func(*spec.Network) (*spec.Change, error) {
		return func(n *spec.Network) (*spec.Change, error) {
			return spec.StartCanary(n, name, version, stable, spec.FirstWeight)
		}
	}
	canary := func(i int, c spec.Canary) func(*spec.Network) {
		return func(n *spec.Network) { n.Spec.Services[i].Canary = &c }
	}
	ready := "the pods of the new version need the label version: v8 and have to be ready before this is applied"
	label := func(version string) string {
		return "the pods that run now need the label version: " + version + " before this is applied: from then on, pods without it get no requests"
	}
	testChanges(t, []changeCase{
		{name: "the first", change: start("api", "v8", ""), after: canary(1, spec.Canary{Version: "v8", Weight: 5}), notes: []string{label("v1"), ready}},
		{name: "beside a version that is named", change: start("api", "v8", "v7"), after: canary(1, spec.Canary{Stable: "v7", Version: "v8", Weight: 5}), notes: []string{label("v7"), ready}},
		{name: "beside the version that is pinned", change: start("docs", "v8", ""), after: canary(4, spec.Canary{Stable: "v7", Version: "v8", Weight: 5}), notes: []string{ready}},
		{name: "beside the version that is pinned, and named", change: start("docs", "v8", "v7"), after: canary(4, spec.Canary{Stable: "v7", Version: "v8", Weight: 5}), notes: []string{ready}},
		{name: "beside another than is pinned", change: start("docs", "v8", "v6"),
			err: "services[4].canary: docs is pinned to v7, so v6 takes no requests; leave the stable version out, or name v7"},
		{name: "of the pinned version", change: start("docs", "v7", ""), err: "v7 is the stable version of docs; name the new version"},
		{name: "of the default version", change: start("api", "v1", ""), err: "v1 is the stable version of api; name the new version"},
		{name: "beside itself", change: start("api", "v2", "v2"), err: "v2 is the stable version of api; name the new version"},
		{name: "where one runs", change: start("web", "v3", ""),
			err: "services[0].canary: web has a canary already: v2 at 50%; kgen canary set, promote or abort web first"},
		{name: "of a controller", change: start("web", "v3", ""), before: flagger(0), err: flaggersWay},
		{name: "unknown", change: start("apo", "v3", ""), err: `there is no service "apo"; did you mean api?`},
	})
}

func TestMoveCanary(t *testing.T) {
	type change = func(*spec.Network) (*spec.Change, error)
	set := func(name string, weight spec.Percent) change {
		return func(n *spec.Network) (*spec.Change, error) { return spec.SetCanary(n, name, weight) }
	}
	promote := func(name string) change {
		return func(n *spec.Network) (*spec.Change, error) { return spec.PromoteCanary(n, name) }
	}
	abort := func(name string) change {
		return func(n *spec.Network) (*spec.Change, error) { return spec.AbortCanary(n, name) }
	}
	weight := func(p spec.Percent) func(*spec.Network) {
		return func(n *spec.Network) { n.Spec.Services[0].Canary.Weight = p }
	}
	// An entry that only moved the canary goes with it.
	pinned := func(version string) func(*spec.Network) {
		return func(n *spec.Network) {
			n.Spec.Services[0].Canary = &spec.Canary{Stable: version}
			n.Spec.Environments[0].Services[0].Canary = nil
			n.Spec.Environments[1].Services = nil
		}
	}
	ended := []string{
		"in staging it ends as well, from 20%",
		"in load it ends as well, from 90%",
	}
	left := func(idle, served string, before ...string) []string {
		return append(slices.Concat(before, ended),
			"once this is applied, the pods of "+idle+" get no requests and can go",
			"web stays pinned to the label version: "+served+", so that no other pod is served before kgen canary start web says so")
	}
	// Weights of environments are jumped over there, whatever the rest has.
	promoted := []string{
		"in staging, v2 goes from 20% to all requests at once: its pods have to bear them, and requests on their way to v1 may fail; kgen set environment staging 'services[web].canary.weight=100', applied before this, avoids both",
		"in load, v2 goes from 90% to all requests at once: its pods have to bear them, and requests on their way to v1 may fail; kgen set environment load 'services[web].canary.weight=100', applied before this, avoids both",
	}
	aborted := []string{
		"in staging, v1 goes from 80% to all requests at once, and requests on their way to v2 may fail; kgen set environment staging 'services[web].canary.weight=0', applied before this, avoids that",
		"in load, v1 goes from 10% to all requests at once, and requests on their way to v2 may fail; kgen set environment load 'services[web].canary.weight=0', applied before this, avoids that",
	}
	environments := func(weight spec.Percent, then func(*spec.Network)) func(*spec.Network) {
		return func(n *spec.Network) {
			n.Spec.Environments[0].Services[0].Canary = &spec.EnvironmentCanary{Weight: weight}
			n.Spec.Environments[1].Services[0].Canary = &spec.EnvironmentCanary{Weight: weight}
			then(n)
		}
	}
	ingress := func(class string) func(*spec.Network) {
		return environments(0, func(n *spec.Network) {
			n.Spec.Ingress.API, n.Spec.Ingress.Class, n.Spec.Services[0].Canary.Weight = spec.IngressResource, class, 0
		})
	}
	end := func(weight, idle, served string) []string {
		return []string{
			"in staging it ends as well, from " + weight + "%",
			"in load it ends as well, from " + weight + "%",
			"once this is applied, the pods of " + idle + " get no requests and can go",
			"web stays pinned to the label version: " + served + ", so that no other pod is served before kgen canary start web says so",
		}
	}
	withIngress := slices.Insert(end("0", "v2", "v1"), 2, "the front door gives v2 its share until the Ingress of the canary is deleted, which is no longer made")
	withIngress[3] = "once this is applied and what is no longer made is deleted, the pods of v2 get no requests and can go"
	own := []string{"staging keeps its own weight, 20%", "load keeps its own weight, 90%"}
	cases := []changeCase{
		{name: "set", change: set("web", 70), after: weight(70), notes: own},
		{name: "set to nothing", change: set("web", 0), after: weight(0), notes: append(own[:2:2], "v2 gets no requests; kgen canary abort web ends it")},
		{name: "set to all", change: set("web", 100), after: weight(100),
			notes: append(own[:2:2], "v1 gets no requests, and its pods are the way back: keep them until kgen canary promote web")},
		{name: "promote half way", change: promote("web"), after: pinned("v2"), notes: left("v1", "v2", append([]string{
			"v2 goes from 50% to all requests at once: its pods have to bear them, and requests on their way to v1 may fail; kgen canary set web 100, applied before this, avoids both",
		}, promoted...)...)},
		{name: "promote at the end, but not in environments", change: promote("web"), before: weight(100), after: pinned("v2"), notes: left("v1", "v2", promoted...)},
		{name: "promote at the end", change: promote("web"), before: environments(100, weight(100)), after: pinned("v2"), notes: end("100", "v1", "v2")},
		{name: "abort half way", change: abort("web"), after: pinned("v1"), notes: left("v2", "v1", append([]string{
			"v1 goes from 50% to all requests at once, and requests on their way to v2 may fail; kgen canary set web 0, applied before this, avoids that",
		}, aborted...)...)},
		{name: "abort what gets nothing, but in environments", change: abort("web"), before: weight(0), after: pinned("v1"), notes: left("v2", "v1", aborted...)},
		{name: "abort what gets nothing", change: abort("web"), before: environments(0, weight(0)), after: pinned("v1"), notes: end("0", "v2", "v1")},
		{name: "abort what an Ingress of its own sends to", change: abort("web"), before: ingress("nginx"), after: pinned("v1"), notes: withIngress},
		{name: "abort what one of its own sends to, in an environment alone", change: abort("web"),
			before: func(n *spec.Network) { ingress("nginx")(n); n.Spec.Services[0].Hosts = nil }, after: pinned("v1"), notes: withIngress},
		{name: "abort what the mesh alone splits", change: abort("web"), before: ingress("traefik"), after: pinned("v1"), notes: end("0", "v2", "v1")},
		{name: "promote what an Ingress of its own sends to, which leads to the same", change: promote("web"),
			before: environments(100, func(n *spec.Network) { ingress("nginx")(n); environments(100, weight(100))(n) }), after: pinned("v2"), notes: end("100", "v1", "v2")},
	}
	for verb, change := range map[string]func(string) change{
		"set": func(name string) func(*spec.Network) (*spec.Change, error) { return set(name, 10) }, "promote": promote, "abort": abort,
	} {
		cases = append(cases,
			changeCase{name: verb + " without one", change: change("api"), err: "api has no canary; start one: kgen canary start api --version VERSION"},
			changeCase{name: verb + " what is pinned", change: change("docs"),
				err: "services[4].canary: docs has no canary under way: it is pinned to v7; start one: kgen canary start docs --version VERSION"},
			changeCase{name: verb + " what a controller moves", change: change("web"), before: flagger(0), err: flaggersWay},
			changeCase{name: verb + " for nobody", change: change("wbe"), err: `there is no service "wbe"; did you mean web?`})
	}
	testChanges(t, cases)
}
