package conformance

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/record"
	"kgen.dev/kgen/internal/manifest"
)

// deploy puts everything into the cluster: what is kgen's as it is built.
func deploy(t *testing.T, c *cluster.Cluster, pl *platform, crews []crew) {
	t.Helper()
	start := time.Now()
	applied := 0
	namespaces := map[string]bool{}
	apply := func(o cluster.Object) {
		t.Helper()
		if ns := o.Namespace; ns != "" && !namespaces[ns] {
			namespaces[ns] = true
			if _, err := c.Apply(t.Context(), yamlObject(t, fields{"apiVersion": "v1", "kind": "Namespace", "metadata": fields{"name": ns}})); err != nil {
				t.Fatal(err)
			}
		}
		applied++
		if _, err := c.Apply(t.Context(), o); err != nil {
			t.Error(err)
		}
	}
	place := func(p *standIn) {
		o := p.object(t)
		apply(o)
		if err := c.SetStatus(t.Context(), o, p.status()); err != nil {
			t.Error(err)
		}
		p.listen(t)
	}
	wanted := []string{"Service", "Role", "RoleBinding", "ServiceMonitor", "PodMonitor", "PrometheusRule"}
	for _, cr := range crews {
		for _, o := range cr.m.built(t) {
			if slices.Contains(wanted, o.Kind) {
				apply(o)
			}
		}
		for _, p := range cr.pods {
			place(p)
		}
		for _, s := range objectsOf[manifest.Service](cr.m.objects, "Service") {
			for _, o := range endpointsOf(t, s, cr.pods) {
				apply(o)
			}
		}
	}
	for _, p := range pl.pods {
		place(p)
	}
	for _, s := range pl.services {
		apply(yamlObject(t, fields{"apiVersion": "v1", "kind": "Service",
			"metadata": fields{"namespace": s.Metadata.Namespace, "name": s.Metadata.Name, "labels": s.Metadata.Labels},
			"spec":     fields{"selector": s.Spec.Selector, "ports": []fields{{"name": s.Spec.Ports[0].Name, "port": s.Spec.Ports[0].Port}}}}))
		for _, o := range endpointsOf(t, s, pl.pods) {
			apply(o)
		}
	}
	for _, monitor := range pl.monitors {
		apply(yamlObject(t, monitor))
	}
	made, mute := controls(t)
	place(mute)
	for _, o := range made {
		apply(o)
	}
	t.Logf("%d objects of %d models and their platform are there after %s", applied, len(crews), time.Since(start).Round(100*time.Millisecond))
}

// reads are what Prometheus looks around by.
var reads = []struct{ apiVersion, kind string }{
	{"v1", "Service"}, {"v1", "Pod"}, {"v1", "Endpoints"}, {"discovery.k8s.io/v1", "EndpointSlice"},
}

// permit writes what the station's own chart would: the ServiceAccount and, in
// the namespaces that the chart knows of, the right to look around. In those of
// the applications nothing but kgen's Roles gives it.
func permit(t *testing.T, c *cluster.Cluster, pl *platform, s station, crews []crew) (token string) {
	t.Helper()
	namespaces := map[string]bool{"monitoring": true, "kube-system": true, "controls": true, "guide": true} // the last two for the controls
	if s.everywhere {
		for _, p := range pl.pods {
			namespaces[p.namespace] = true
		}
	}
	for _, cr := range crews {
		namespaces[cr.m.network.Spec.Namespace] = false
	}
	apply := func(value fields) {
		t.Helper()
		if _, err := c.Apply(t.Context(), yamlObject(t, value)); err != nil {
			t.Fatal(err)
		}
	}
	account := func(name string) string {
		apply(fields{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": fields{"namespace": "monitoring", "name": name}})
		token, err := c.Token(t.Context(), "monitoring", name)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	apply(fields{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": fields{"name": s.name},
		"rules": []fields{{"apiGroups": []string{"", "discovery.k8s.io"}, "resources": []string{"services", "endpoints", "endpointslices", "pods"}, "verbs": []string{"get", "list", "watch"}}}})
	for _, ns := range slices.Sorted(maps.Keys(namespaces)) {
		if namespaces[ns] {
			apply(fields{"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": fields{"namespace": ns, "name": s.name},
				"roleRef":  fields{"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": s.name},
				"subjects": []fields{{"kind": "ServiceAccount", "namespace": "monitoring", "name": s.account}}})
		}
	}
	token = account(s.account)
	other := account("somebody-else")
	for _, cr := range crews {
		for _, r := range reads {
			for _, verb := range []string{"get", "list", "watch"} {
				mine, err := c.Allowed(t.Context(), token, verb, r.apiVersion, r.kind, cr.m.network.Spec.Namespace)
				theirs, otherErr := c.Allowed(t.Context(), other, verb, r.apiVersion, r.kind, cr.m.network.Spec.Namespace)
				if err := cmp.Or(err, otherErr); err != nil || !mine || theirs {
					t.Errorf("%s: that Prometheus may %s each %s is %t, want true; that another ServiceAccount may is %t, want false; %v", cr.m.name, verb, r.kind, mine, theirs, err)
				}
			}
		}
		for _, no := range []struct{ verb, kind string }{{"list", "Secret"}, {"update", "Service"}} {
			if may, err := c.Allowed(t.Context(), token, no.verb, "v1", no.kind, cr.m.network.Spec.Namespace); err != nil || may {
				t.Errorf("%s: Prometheus may %s each %s: %v", cr.m.name, no.verb, no.kind, err)
			}
		}
	}
	record.Checks(t, len(crews)*(len(reads)*3+2))
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
