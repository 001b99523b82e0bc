package conformance

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/internal/manifest"
)

// A quayside is a cluster with the model in it, as whoever runs the platform
// has set it up.
type quayside struct {
	c       *cluster.Cluster
	pods    []*quayPod
	trusted *x509.CertPool // the authority of its certificates
	applied []cluster.Object
}

// quayClasses are what Traefik's chart installs beside its Deployment.
const quayClasses = `apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: traefik}
spec: {controller: traefik.io/ingress-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: traefik}
spec: {controllerName: traefik.io/gateway-controller}
`

// install applies objects of the platform.
func (q *quayside) install(t *testing.T, stream string) {
	t.Helper()
	for _, o := range written(t, stream) {
		if _, err := q.c.Apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
}

// apply gives the cluster a model in place of the one before, in the order of
// kustomize build: what is gone from it goes. Each Service has its endpoints at
// once, as far as that can be had.
func (q *quayside) apply(t *testing.T, m *model) {
	t.Helper()
	objects := m.built(t)
	services := map[string]*manifest.Service{}
	for _, s := range objectsOf[manifest.Service](m.objects, "Service") {
		services[s.Metadata.Name] = s
	}
	for _, o := range surroundings(objects) {
		if _, err := q.c.Apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	now := map[string]bool{}
	var all []cluster.Object
	for _, o := range objects {
		all = append(all, o)
		if s := services[o.Name]; o.Kind == "Service" && s != nil {
			all = append(all, endpointSlice(t, s, q.pods))
		}
	}
	for _, o := range all {
		if _, err := q.c.Apply(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		now[o.String()] = true
	}
	remove(t, q.c, slices.DeleteFunc(q.applied, func(o cluster.Object) bool { return now[o.String()] }))
	q.applied = all
}

// traefik starts Traefik with one API's provider and no other, at two ports of
// its own, and returns the door that it opens.
func (q *quayside) traefik(t *testing.T, binary, api string, plain, secure int, flags ...string) *frontDoor {
	t.Helper()
	providers := map[string][]string{
		"gateway": {"--providers.kubernetesgateway"},
		"ingress": {"--providers.kubernetesingress", "--providers.kubernetescrd"}, // Middlewares are of the latter
	}
	t.Setenv("KUBECONFIG", q.c.Kubeconfig(t))
	q.c.Launch(t, t.TempDir(), binary, slices.Concat(providers[api], flags, []string{
		fmt.Sprintf("--entrypoints.web.address=:%d", plain), fmt.Sprintf("--entrypoints.websecure.address=:%d", secure),
		"--providers.providersthrottleduration=100ms",
		"--global.checknewversion=false", "--global.sendanonymoususage=false", "--log.level=INFO", "--log.nocolor",
	})...)
	return &frontDoor{plain: fmt.Sprintf("10.0.0.1:%d", plain), secure: fmt.Sprintf("10.0.0.1:%d", secure), trusted: q.trusted}
}

// conditions judges what Traefik says of the model's Gateways and routes: every
// listener is programmed, every parent takes its route, every reference leads
// somewhere.
func (q *quayside) conditions(ctx context.Context) error {
	type condition struct{ Type, Status, Reason, Message string }
	type place struct {
		Name       string // of a listener
		ParentRef  struct{ SectionName string }
		Conditions []condition
	}
	var problems []error
	for _, o := range q.applied {
		var stored struct {
			Spec struct {
				Listeners  []struct{ Name string }
				ParentRefs []struct{ SectionName string }
			}
			Status struct {
				Conditions         []condition
				Listeners, Parents []place
			}
		}
		wanted := map[string][]string{"Gateway": {"Accepted", "Programmed", "ResolvedRefs"}, "HTTPRoute": {"Accepted", "ResolvedRefs"}, "GRPCRoute": {"Accepted", "ResolvedRefs"}}[o.Kind]
		if wanted == nil {
			continue
		}
		if err := q.c.Read(ctx, o, &stored); err != nil {
			return err
		}
		said := map[string][]condition{}
		for _, p := range append(stored.Status.Listeners, stored.Status.Parents...) {
			said[p.Name+p.ParentRef.SectionName] = p.Conditions
		}
		places := map[string]bool{}
		for _, l := range stored.Spec.Listeners {
			places[l.Name] = true
		}
		for _, p := range stored.Spec.ParentRefs {
			places[p.SectionName] = true
		}
		for _, at := range slices.Sorted(maps.Keys(places)) {
			for _, kind := range wanted {
				i := slices.IndexFunc(said[at], func(c condition) bool { return c.Type == kind })
				if i < 0 || said[at][i].Status != "True" {
					problems = append(problems, fmt.Errorf("%s at %s is not %s: %+v", o, at, kind, said[at]))
				}
			}
		}
	}
	return errors.Join(problems...)
}

// holds is a proof: the judge has nothing to say, at once.
func holds(t *testing.T, judge func() error) {
	t.Helper()
	if err := judge(); err != nil {
		t.Error(err)
	}
}

// fails is a control: the judge sees what is wrong, at once.
func fails(t *testing.T, judge func() error, want string) {
	t.Helper()
	if err := judge(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("control: the judge does not say %q: %v", want, err)
	}
}

// becomes waits until a judge has nothing to say any more.
func (q *quayside) becomes(t *testing.T, what string, judge func() error) {
	t.Helper()
	if err := q.c.Until(t.Context(), what, func() (bool, error) { err := judge(); return err == nil, err }); err != nil {
		t.Fatal(err)
	}
}

// seenWrong waits until a judge says what a control has broken.
func (q *quayside) seenWrong(t *testing.T, judge func() error, want string) {
	t.Helper()
	if err := q.c.Until(t.Context(), fmt.Sprintf("the judge says %q", want), func() (bool, error) {
		err := judge()
		return err != nil && strings.Contains(err.Error(), want), err
	}); err != nil {
		t.Error(err)
	}
}

// The versions of the canary.
const stablePrice, canaryPrice = "price v1:8091", "price v2:8091"

// moves waits until the canary has the weight, without a request that fails on
// the way, and returns how many of 2,000 then go where.
func (q *quayside) moves(t *testing.T, d *frontDoor, client *http.Client, weight int) map[string]int {
	t.Helper()
	const target = "https://price.example.test/"
	var lost error
	if err := q.c.Until(t.Context(), fmt.Sprintf("the canary has %d %%", weight), func() (bool, error) {
		var counts map[string]int
		if counts, lost = d.share(client, target, 200); lost != nil {
			return true, nil
		}
		err := split(counts, stablePrice, canaryPrice, weight)
		return err == nil, err
	}); err != nil {
		t.Fatal(err)
	}
	counts, err := d.share(client, target, 2000)
	if err := errors.Join(lost, err); err != nil {
		t.Fatalf("a request is lost on the way to %d %%: %v", weight, err)
	}
	if err := split(counts, stablePrice, canaryPrice, weight); err != nil {
		t.Error(err)
	}
	t.Logf("weight %d: %v", weight, counts)
	return counts
}
