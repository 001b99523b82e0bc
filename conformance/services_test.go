package conformance

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/namespace"
	"kgen.dev/kgen/conformance/record"
)

// TestServices lets Kubernetes' own controller find the pods of what kgen makes,
// and kube-proxy lead there: of every model the EndpointSlices are those that the
// model means, and of two the Services are called, from pods and from outside, by
// TCP and UDP. (A kernel may know no SCTP; of that the EndpointSlices have to do.)
func TestServices(t *testing.T) {
	if !namespace.Inside(t) {
		t.Parallel() // it is mostly waiting
		for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy"} {
			component.Build(t, name)
		}
		component.Modules(t, "crds")
		namespace.Run(t)
		return
	}
	record.Start(t, record.Services, "Services of every kind lead to their pods and to no others")
	prepareNode(t)
	h := &haven{c: cluster.Start(t)}
	h.c.StartControllerManager(t, "endpointslice-controller")
	h.settle(t)
	h.c.StartProxy(t, nearNode, podRange)

	called := []struct {
		*model
		serves []served
	}{{harbour(t), harbourServes}, {renderText(t, "lagoon", lagoonText), lagoonServes}}
	for _, m := range called {
		h.apply(t, nil, m.model)
	}
	h.board(t)
	h.balance(t)
	t.Run("models", func(t *testing.T) { slicesOfModels(t, h) })

	for _, m := range called {
		t.Run(m.name, func(t *testing.T) {
			h.becomes(t, "the EndpointSlices are right", func() error { return h.endpoints(t.Context(), m.name, m.serves, h.sailors) })
			holds(t, func() error { return h.kinds(t.Context(), m.model) })
			for _, caller := range []string{"web-v1-a", "reef-v1-a"} { // one of each namespace
				h.becomes(t, "calls from "+caller+" end up right", func() error { return h.calls(t.Context(), h.sailor(t, caller), m.name, m.serves) })
			}
			record.Checks(t, 3*len(m.serves)+1)
		})
	}
	t.Run("headless", func(t *testing.T) { noRules(t, "harbour", "depot", "web") })
	t.Run("readiness", func(t *testing.T) { becomeReady(t, h) })
	t.Run("load balancer", func(t *testing.T) { fromOutside(t, h) })
	t.Run("controls", func(t *testing.T) { misled(t, h, called[0].model) })
}

// settle makes the Node of the test's network, and the one that is elsewhere.
func (h *haven) settle(t *testing.T) {
	t.Helper()
	for name, address := range map[string]string{nearNode: nodeAddress, farNode: "172.21.0.2"} {
		o := yamlObject(t, fields{"apiVersion": "v1", "kind": "Node", "metadata": fields{"name": name}})
		if _, err := h.c.Apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		status := fields{"addresses": []fields{{"type": "InternalIP", "address": address}}, "conditions": []fields{{"type": "Ready", "status": "True"}}}
		if err := h.c.SetStatus(t.Context(), o, status); err != nil {
			t.Fatal(err)
		}
	}
}

// apply gives the cluster the model's Services in place of those of the one
// before; there may be none before.
func (h *haven) apply(t *testing.T, before, now *model) {
	t.Helper()
	gone := map[string]cluster.Object{}
	if before != nil {
		for _, o := range servicesOf(t, before) {
			gone[o.String()] = o
		}
	} else {
		h.place(t, yamlObject(t, fields{"apiVersion": "v1", "kind": "Namespace", "metadata": fields{"name": now.network.Spec.Namespace}}), nil)
	}
	for _, o := range servicesOf(t, now) {
		h.place(t, o, nil)
		delete(gone, o.String())
	}
	for _, o := range gone {
		if err := h.c.Remove(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

// place applies an object and, where there is one, its status.
func (h *haven) place(t *testing.T, o cluster.Object, status any) {
	t.Helper()
	if _, err := h.c.Apply(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if status == nil {
		return
	}
	if err := h.c.SetStatus(t.Context(), o, status); err != nil {
		t.Fatal(err)
	}
}

// servicesOf are the model's Services as kustomize build prints them.
func servicesOf(t *testing.T, m *model) []cluster.Object {
	t.Helper()
	return slices.DeleteFunc(m.built(t), func(o cluster.Object) bool { return o.Kind != "Service" })
}

// board cables the pods to their node, lets them serve and tells the cluster.
func (h *haven) board(t *testing.T) {
	t.Helper()
	h.sailors = manned()
	for i, p := range h.sailors {
		p.host = newHost(t, fmt.Sprintf("pod%d", i), p.address)
		for _, port := range p.containers[0].ports {
			p.berths = append(p.berths, p.host.serve(t, p.name, port.number, port.transport))
		}
		h.place(t, p.object(t), p.status())
	}
	h.outside = newHost(t, "outside", letIn, keptOut)
	if err := ip("route add default via " + letIn + " dev outside onlink"); err != nil { // as every node has one
		t.Fatal(err)
	}
}

// sailor is the pod of that name, which has to be of one namespace alone.
func (h *haven) sailor(t *testing.T, name string) *sailor {
	t.Helper()
	i := slices.IndexFunc(h.sailors, func(p *sailor) bool { return p.name == name })
	if i < 0 {
		t.Fatalf("there is no pod %s", name)
	}
	return h.sailors[i]
}

// serviceOf is the model's Service of that name.
func serviceOf(t *testing.T, m *model, name string) cluster.Object {
	t.Helper()
	all := servicesOf(t, m)
	i := slices.IndexFunc(all, func(o cluster.Object) bool { return o.Name == name })
	if i < 0 {
		t.Fatalf("%s has no Service %s", m.name, name)
	}
	return all[i]
}

// balance says of the load balancer what the cloud would: which address it has.
func (h *haven) balance(t *testing.T) {
	t.Helper()
	status := fields{"loadBalancer": fields{"ingress": []fields{{"ip": balancer, "ipMode": "VIP"}}}}
	if err := h.c.SetStatus(t.Context(), serviceOf(t, harbour(t), "tracker"), status); err != nil {
		t.Fatal(err)
	}
}

// slicesOfModels holds every model's EndpointSlices to what the model means. The
// pods are there in name alone, and all models at once.
func slicesOfModels(t *testing.T, h *haven) {
	crews := map[string][]*sailor{}
	next := 0
	for _, m := range models(t) {
		h.apply(t, nil, m)
		for _, p := range m.workloads() {
			next++
			p.address = fmt.Sprintf("172.22.%d.%d", next/250, next%250+1)
			ashore := &sailor{standIn: p, node: farNode}
			crews[m.name] = append(crews[m.name], ashore)
			h.place(t, ashore.object(t), ashore.status())
		}
	}
	for _, m := range models(t) {
		t.Run(m.name, func(t *testing.T) {
			want := m.serves()
			judge := func() error { return h.endpoints(t.Context(), m.network.Spec.Namespace, want, crews[m.name]) }
			h.becomes(t, "the EndpointSlices of "+m.name+" are right", judge)
			holds(t, func() error { return h.kinds(t.Context(), m) })
			record.Checks(t, len(want)+1)
		})
	}
	t.Logf("%d pods of %d models", next, len(models(t)))
}

// noRules holds kube-proxy to leaving a headless Service alone: nothing of its
// rules is about it, as there is about another.
func noRules(t *testing.T, namespace, headless, other string) {
	out, err := exec.CommandContext(t.Context(), "nft", "list", "table", "ip", "kube-proxy").CombinedOutput()
	if err != nil {
		t.Fatalf("nft: %v\n%s", err, out)
	}
	for name, want := range map[string]bool{headless: false, other: true} {
		if has := strings.Contains(string(out), namespace+"/"+name+"/"); has != want {
			t.Errorf("that kube-proxy has rules for %s is %t, want %t", name, has, want)
		}
	}
	record.Checks(t, 2)
}

// becomeReady lets a pod get ready and be so no longer: calls follow.
func becomeReady(t *testing.T, h *haven) {
	caller, late := h.sailor(t, "till-a"), h.sailor(t, "web-v2-b")
	judge := func() error { return h.calls(t.Context(), caller, "harbour", harbourServes[:6]) }
	h.becomes(t, "a pod that is not ready is not called", judge)
	for _, unready := range []bool{false, true} {
		late.unready = unready
		if err := h.c.SetStatus(t.Context(), late.object(t), late.status()); err != nil {
			t.Fatal(err)
		}
		h.becomes(t, fmt.Sprintf("that %s is called is %t", late.name, !unready), judge)
		// The control: who thinks that nothing has changed is wrong.
		late.unready = !unready
		h.seenWrong(t, judge, "web http 80/TCP: answers come from")
		late.unready = unready
		record.Checks(t, 2)
	}
}

// fromOutside calls the load balancer.
func fromOutside(t *testing.T, h *haven) {
	h.becomes(t, "a client of the model's range is let in", func() error { return h.admits(letIn) })
	h.becomes(t, "one of another is not", func() error { return h.refuses(keptOut, letIn) })
	record.Checks(t, 2*len(trackerFromOutside))
}

// misled breaks the model, or what kgen makes of it, behind the judges' backs. They
// go on to judge by what was meant.
func misled(t *testing.T, h *haven, m *model) {
	endpoints := func() error { return h.endpoints(t.Context(), "harbour", harbourServes, h.sailors) }
	caller := h.sailor(t, "batch-a")
	calls := func(want ...served) func() error {
		return func() error { return h.calls(t.Context(), caller, "harbour", want) }
	}
	of := func(service string) []served {
		return slices.DeleteFunc(slices.Clone(harbourServes), func(s served) bool { return s.service != service })
	}
	broken := harbour(t,
		"part: till}", "part: tills}",
		"- name: web-admin\n    ports: [{name: http, port: 80, targetPort: 3000}", "- name: web-admin\n    ports: [{name: http, port: 80, targetPort: 3009}",
		"targetPort: grpc,", "targetPort: grcp,",
		"canary: {version: v2, weight: 10}", "canary: {version: v3, weight: 10}",
		"canary: {stable: v2}", "canary: {stable: v1}",
		"port: 5432", "port: 5433",
		"targetPort: 5354", "targetPort: 5353")
	h.apply(t, m, broken)
	bend := func(service, old, new string) {
		o := serviceOf(t, m, service)
		bent := strings.Replace(string(o.Text), old, new, 1)
		if bent == string(o.Text) {
			t.Fatalf("there is no %q to break in\n%s", old, o.Text)
		}
		o.Text = []byte(bent)
		h.place(t, o, nil)
	}
	bend("price", "selector:\n    app: price", "selector:\n    app: price\n    version: blue")
	bend("price-green", "version: green", "version: blue")
	for _, tt := range []struct{ name, endpoint, call string }{
		{"a selector that finds nobody", "- till tcp-till 6379/TCP -> till-a", "till tcp-till 6379/TCP: the call is refused"},
		{"a port that nobody listens at", "+ web-admin http 80/TCP -> web-admin-a:3009", "web-admin http 80/TCP: the call is refused"},
		{"a name that no port has", "- quotes grpc 9000/TCP -> quotes-a", "quotes grpc 9000/TCP: the call is refused"},
		{"a version that is not there", "- web-v2 http 80/TCP -> web-v2-a", "web-v2 http 80/TCP: there is no Service web-v2"},
		{"a pin to another version", "- landing-v2 http 80/TCP -> landing-v2-a", "landing-v2 http 80/TCP: there is no Service landing-v2"},
		{"another port of a headless Service", "+ depot tcp-depot 5433/TCP -> depot-0:5433", "depot tcp-depot 5432/TCP: the call is refused"},
		{"UDP at the port of TCP", "+ names udp-dns 53/UDP -> names-a:5353", "names udp-dns 53/UDP: the call is refused"},
		{"a root selector with a version", "- price http 80/TCP -> price-green-a", `price http 80/TCP: answers come from ["price-blue-a:8091"], want`},
		{"one version's Service with the other's pods", "+ price-green http 80/TCP -> price-blue-a", `price-green http 80/TCP: answers come from ["price-blue-a:8091"], want`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.seenWrong(t, endpoints, tt.endpoint)
			service, _, _ := strings.Cut(tt.call, " ")
			h.seenWrong(t, calls(of(service)...), tt.call)
			record.Checks(t, 2)
		})
	}
	h.apply(t, broken, m)
	h.becomes(t, "all is well again", endpoints)

	t.Run("a load balancer open to all", func(t *testing.T) {
		bend("tracker", "- 198.51.100.0/24", "- 0.0.0.0/0")
		refuses := func() error { return h.refuses(keptOut, letIn) }
		h.seenWrong(t, refuses, "tcp-track is not closed to 192.0.2.9: he has been answered")
		h.seenWrong(t, refuses, "udp-track is not closed to 192.0.2.9: a pod has heard him")
		record.Checks(t, 2)
	})
	t.Run("a load balancer closed to its clients", func(t *testing.T) {
		bend("tracker", "- 198.51.100.0/24", "- 192.0.2.0/24")
		h.seenWrong(t, func() error { return h.admits(letIn) }, "i/o timeout")
		record.Checks(t, 1)
	})
	t.Run("a load balancer that hides its clients", func(t *testing.T) {
		bend("tracker", "externalTrafficPolicy: Local", "externalTrafficPolicy: Cluster")
		h.seenWrong(t, func() error { return h.admits(letIn) }, "takes its caller 198.51.100.7 for "+nodeAddress)
		h.seenWrong(t, func() error { return h.kinds(t.Context(), m) }, `Service harbour/tracker is type LoadBalancer, own address true, policy "Cluster"`)
		record.Checks(t, 2)
	})
}
