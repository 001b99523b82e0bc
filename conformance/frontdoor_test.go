package conformance

import (
	"crypto/x509"
	"fmt"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/namespace"
	"kgen.dev/kgen/conformance/record"
)

// TestFrontDoor stands outside of Traefik, which reads what kgen has made from a
// real API server, and asks. Certificates are for what the model's Certificates
// say, signed by the test. All of it runs in a network of the test's own, where
// pods have addresses.
func TestFrontDoor(t *testing.T) {
	if !namespace.Inside(t) {
		t.Parallel() // it is mostly waiting
		for _, name := range []string{"etcd", "kube-apiserver", "traefik"} {
			component.Build(t, name)
		}
		component.Modules(t, "crds")
		namespace.Run(t)
		return
	}
	record.Start(t, record.FrontDoor, "Traefik serves the Ingress and, apart, the Gateway API form: redirects, certificates, routes, rewrites, weights, nothing that is not declared; what is broken is seen")
	traefik := component.Build(t, "traefik")
	q := &quayside{c: cluster.Start(t)}
	for i, p := range quayPods {
		p.address = fmt.Sprintf("10.1.0.%d", i+1)
		p.serve(t)
		q.pods = append(q.pods, &p)
	}
	q.install(t, quayClasses)
	house := newAuthority(t)
	q.trusted = house.pool()
	for _, api := range []string{"gateway", "ingress"} {
		t.Run(api, func(t *testing.T) {
			q.applied = nil // each has a namespace of its own
			openDoor(t, q, house, api, traefik)
		})
	}
}

// openDoor tells one API's story. Its parts build on one another: a model, then
// what is moved in it, then what is broken in it for the controls.
func openDoor(t *testing.T, q *quayside, house *authority, api, traefik string) {
	m := quay(t, api)
	q.apply(t, m)
	// The entry points are where the chart has them; a Gateway's listeners refer to these.
	strict := "--providers.kubernetesingress.strictprefixmatching=true"
	d := q.traefik(t, traefik, api, 8000, 8443, strict)
	redirects := func() error { return d.redirects(quayRedirects) }
	certificates := func() error { return d.certificates(quayCertificates) }
	routes := func() error { return d.routes(quayRoutes, "https") }
	rewrites := func() error { return d.routes(quayRewrites, "https") }
	nowhere := func() error { return d.nowhere(quayNowhere, quayCertificates) }
	pinned := func() error { return d.only("https://landing.example.test/", "landing v2:8092") }
	conditions := func() error { return q.conditions(t.Context()) }
	unsplit := func() error { return d.only("https://price.example.test/", "price v1:8091") }

	q.becomes(t, "plain HTTP is redirected", redirects)
	t.Run("without certificates", func(t *testing.T) {
		for host := range quayCertificates {
			fails(t, certificates, host+": ")
			record.Checks(t, 1)
		}
		if api == "gateway" {
			q.seenWrong(t, conditions, "at https-quay.example.test is not ResolvedRefs")
		}
	})
	house.issue(t, q, m)
	q.becomes(t, "every host has its certificate", certificates)
	q.becomes(t, "requests find their pods", routes)
	q.becomes(t, "paths are rewritten", rewrites)

	t.Run("certificates", func(t *testing.T) {
		holds(t, certificates)
		other := *d
		other.trusted = x509.NewCertPool()
		fails(t, func() error { return other.certificates(quayCertificates) }, "signed by unknown authority")
		record.Checks(t, len(quayCertificates)+1)
	})
	t.Run("redirects", func(t *testing.T) { holds(t, redirects) })
	t.Run("routes", func(t *testing.T) { holds(t, routes) })
	t.Run("rewrites", func(t *testing.T) { holds(t, rewrites) })
	t.Run("undeclared", func(t *testing.T) { holds(t, nowhere) })
	t.Run("pinned", func(t *testing.T) { holds(t, pinned) })
	record.Checks(t, len(quayRedirects)+len(quayRoutes)+len(quayRewrites)+len(quayNowhere)+1)
	if api == "gateway" {
		// Traefik writes the statuses of its Ingresses where its own Service has an address.
		q.becomes(t, "Traefik has said that it takes everything", conditions)
		record.Checks(t, 1)
		t.Run("weights", func(t *testing.T) { moveWeights(t, q, d) })
	} else {
		t.Run("unsplit", func(t *testing.T) { holds(t, unsplit) })
		t.Run("without strict prefixes", func(t *testing.T) {
			lax := q.traefik(t, traefik, api, 8001, 8444)
			q.seenWrong(t, func() error { return lax.routes(quayRoutes, "https") }, "https://quay.example.test/apis: got")
		})
		record.Checks(t, 2)
	}

	t.Run("controls", func(t *testing.T) {
		m := quay(t, api,
			"targetPort: 8093}]\n", "targetPort: 8093}]\n    hosts: [ledger.example.test]\n",
			"{path: /api/docs}", "{path: /api/doc}",
			", rewrite: /internal/reports", "",
			"    canary: {stable: v2}\n", "",
			", www.quay.example.test]", "]")
		q.apply(t, m)
		house.issue(t, q, m)
		q.seenWrong(t, nowhere, "https://ledger.example.test/ is answered: {status:200")
		q.seenWrong(t, nowhere, "ledger.example.test is shown a trusted certificate")
		q.seenWrong(t, routes, "https://quay.example.test/api/docs: got {status:200 location: seen:{Pod:catalog v1:8088")
		q.seenWrong(t, rewrites, "https://quay.example.test/reports/2026/q1: got {status:200 location: seen:{Pod:catalog v1:8088 Path:/reports/2026/q1")
		q.seenWrong(t, pinned, "landing v1:8092")
		q.seenWrong(t, certificates, `quay.example.test: its certificate is for ["quay.example.test"]`)
		q.seenWrong(t, redirects, "http://www.quay.example.test/about?page=2&q=%2F: got {status:404")
		record.Checks(t, 7)
	})
	t.Run("insecure", func(t *testing.T) {
		q.apply(t, quay(t, api, "tls: {clusterIssuer: house}", "insecure: true"))
		q.seenWrong(t, redirects, "http://quay.example.test/: got {status:200")
		q.becomes(t, "plain HTTP is served", func() error { return d.routes(quayRoutes[:len(quayRoutes)-1], "http") })
		q.seenWrong(t, routes, "https://quay.example.test/about?page=2")
		record.Checks(t, len(quayRoutes)+1)
	})
}

// moveWeights walks a canary through its life: what is asked for while the
// weights move is answered all the time.
func moveWeights(t *testing.T, q *quayside, d *frontDoor) {
	client := d.client(true)
	defer client.CloseIdleConnections()
	before := 50
	for _, weight := range []int{10, 1, 0, 50, 100} {
		if weight != 10 { // as it is at first
			q.apply(t, quay(t, "gateway", "version: v2, weight: 10", fmt.Sprintf("version: v2, weight: %d", weight)))
		}
		counts := q.moves(t, d, client, weight)
		if err := split(counts, stablePrice, canaryPrice, before); err == nil {
			t.Errorf("control: %v pass for a weight of %d too", counts, before)
		}
		record.Checks(t, 2)
		before = weight
	}
	// Promoted: the version that has it all is pinned, and nothing knows the other.
	q.apply(t, quay(t, "gateway", "canary: {version: v2, weight: 10}", "canary: {stable: v2}"))
	q.moves(t, d, client, 100)
	record.Checks(t, 1)
}
