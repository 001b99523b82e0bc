package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

// planted is a fault that the practice guide's snippets have, stated in a file of
// testdata/guide, with the rule that is to find it and its line.
type planted struct {
	fault string
	rule  string
	at    string // file:line
}

// The snippets as they stand: no namespace, no model. What the faults have in
// common is that a schema takes all of it.
var snippetFaults = []planted{
	{"the default-deny is for one namespace, and the database's has none", "NP01", "pods.yaml:43"},
	{"it blocks DNS", "NP03", "network-policies.yaml:8"},
	{"the allow rule has the callee's half alone, and the caller stays shut in", "NP04", "network-policies.yaml:8"},
	{"nothing admits the ingress controller", "NP15", "network-policies.yaml:22"},
	{"nothing lets the sidecars out to istiod", "NP17", "network-policies.yaml:8"},

	{"networking.istio.io/v1alpha3 is a former version", "RP03", "mesh.yaml:2"},
	{"networking.istio.io/v1alpha3 is a former version", "RP03", "mesh.yaml:21"},
	{"networking.istio.io/v1alpha3 is a former version", "RP03", "mesh.yaml:36"},
	{"networking.istio.io/v1alpha3 is a former version", "RP03", "mesh.yaml:55"},
	{"the VirtualService names subsets that nobody defines", "SM01", "mesh.yaml:13"},
	{"the VirtualService names subsets that nobody defines", "SM01", "mesh.yaml:17"},
	{"two DestinationRules are for one host", "SM06", "mesh.yaml:60"},
	{"a short host means the VirtualService's own namespace", "SM03", "mesh.yaml:28"},
	{"a short host means the VirtualService's own namespace", "SM03", "mesh.yaml:32"},
	{"the Service has two ports, and the destination says none", "SM03", "mesh.yaml:11"},
	{"no pod has the label version, by which the subset selects", "SM02", "mesh.yaml:65"},
	{"consecutiveErrors is ignored", "SM07", "mesh.yaml:50"},
	{"10 % of three pods are none: the breaker never ejects", "SM08", "mesh.yaml:49"},
	{"limits of one are for a demonstration", "SM19", "mesh.yaml:45"},
	{"limits of one are for a demonstration", "SM19", "mesh.yaml:47"},
	{"the database is called without a breaker", "SM09", "services.yaml:26"},
	{"TLS everywhere has no part of the mesh", "SM11", "mesh.yaml:2"},
	{"TLS everywhere has no part of the mesh", "SM11", "mesh.yaml:21"},

	{"the Ingress has no class", "IN07", "ingress.yaml:8"},
	{"it has no TLS", "IN04", "ingress.yaml:9"},
	{"it has no host", "IN11", "ingress.yaml:10"},
	{"rewrite-target: / drops the suffix", "IN09", "ingress.yaml:7"},
	{"ingress-nginx is retired", "IN08", "ingress.yaml:6"},
	{"the backend is a Service that exists nowhere", "IN01", "ingress.yaml:16"},
	{"the hosts of TLS are not those that are served", "IN05", "ingress.yaml:33"},
	{"nothing redirects", "IN06", "ingress.yaml:25"},

	{"unnamed ports are guessed", "SV03", "services.yaml:10"},
	{"unnamed ports are guessed", "SV03", "services.yaml:12"},
	{"unnamed ports are guessed", "SV03", "services.yaml:23"},
	{"unnamed ports are guessed, and the database's is not taken for TCP", "SV03", "services.yaml:34"},
	{"the load balancer speaks plaintext", "IN04", "services.yaml:23"},
	{"the load balancer says no loadBalancerSourceRanges", "SV04", "services.yaml:20"},
	{"externalTrafficPolicy: Cluster hides the client", "SV06", "services.yaml:20"},
	{"the default-deny blocks the load balancer", "NP15", "network-policies.yaml:8"},

	{"no Service has labels, and the monitor looks into its own namespace alone", "MO01", "monitoring.yaml:8"},
	{"the ServiceMonitor lacks the label release", "MO03", "monitoring.yaml:4"},
	{"the PrometheusRule lacks the label release", "MO03", "monitoring.yaml:16"},
	{"the alert has no summary, description and runbook_url", "AL03", "monitoring.yaml:22"},
}

// What is left once the names agree, beside a model that says what is meant.
var meantFaults = []planted{
	{"the namespace has no label that brings sidecars", "SM11", "pods.yaml:4"},
	{"TLS everywhere has no AuthorizationPolicy", "SM15", "pods.yaml:7"},
	{"nothing admits Prometheus to the metrics", "NP16", "network-policies.yaml:40"},
	{"STRICT takes the metrics away from Prometheus", "MO04", "monitoring.yaml:12"},
	{"kube-prometheus may not look into the namespace", "MO03", "monitoring.yaml:9"},
	{"the root Service's selector holds version", "SV05", "services.yaml:9"},
	{"the root Service's selector holds version, so that one subset is empty", "SM02", "mesh.yaml:31"},
	{"the weights are not the model's", "SM04", "mesh.yaml:10"},
	{"consecutiveGatewayErrors is not below consecutive5xxErrors", "SM08", "mesh.yaml:27"},
	{"maxEjectionPercent counts by subset", "SM08", "mesh.yaml:28"},
}

// The front door and the alert, with a model and without a mesh.
var doorFaults = []planted{
	{"the path takes /application too", "IN09", "ingress.yaml:19"},
	{"tls-secret exists nowhere, and has no issuer", "IN05", "ingress.yaml:14"},
	{"ingress-nginx is retired", "IN08", "ingress.yaml:11"},
	{"network_latency_seconds is nobody's metric", "AL01", "monitoring.yaml:13"},
}

// guideTree is one folder of testdata/guide.
func guideTree(t *testing.T, name string) *tree.Tree {
	t.Helper()
	files := tree.New()
	paths, err := filepath.Glob(filepath.Join("testdata", "guide", name, "*.yaml"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("testdata/guide/%s: %v, %d files", name, err, len(paths))
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		files.Set(filepath.Base(p), data)
	}
	return files
}

// TestGuide: every fault of the guide's snippets is found, by the rule that is
// meant for it and at its line, and nothing else is; the same made right is clean.
// (That outlier detection turns locality failover on is no fault where the
// failover is wanted, and the order of applying is in no file.)
func TestGuide(t *testing.T) {
	for _, part := range []struct {
		folder string
		faults []planted
	}{{"snippets", snippetFaults}, {"meant", meantFaults}, {"door", doorFaults}, {"mended", nil}} {
		t.Run(part.folder, func(t *testing.T) {
			r := audited(t, guideTree(t, part.folder), ".")
			var want, got []string
			for _, f := range part.faults {
				want = append(want, f.at+" "+f.rule)
			}
			for i := range r.Findings {
				f := &r.Findings[i]
				got = append(got, fmt.Sprintf("%s:%d %s", f.File, f.Line, f.Rule.ID))
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, strings.Join(open(r), "\n"))
			}
		})
	}
}

// boutiqueAt are manifests that people really deploy, beside the repository where
// they are at hand.
const boutiqueAt = "../../../shared/inputs/online-boutique"

// TestBoutique: the hand-written policies of Online Boutique narrow what comes in
// and let each service out to everywhere, DNS among it, by one rule; the finding
// asks for the calls that are declared and for DNS in a rule of its own.
func TestBoutique(t *testing.T) {
	if _, err := os.Stat(boutiqueAt); os.IsNotExist(err) {
		t.Skipf("the manifests of Online Boutique are not at hand: there is no folder %s", boutiqueAt)
	}
	files := tree.New()
	for _, folder := range []string{"base", "components/network-policies"} {
		paths, err := filepath.Glob(filepath.Join(boutiqueAt, folder, "*.yaml"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %v, %d files", folder, err, len(paths))
		}
		for _, p := range paths {
			data, err := os.ReadFile(p)
			if err != nil {
				t.Fatal(err)
			}
			if base := filepath.Base(p); base != "kustomization.yaml" {
				files.Set(folder+"/"+base, data)
			}
		}
	}
	r := audited(t, files, ".")
	var want, got []string
	for _, name := range []string{"adservice", "cartservice", "checkoutservice", "currencyservice", "emailservice", "frontend", "loadgenerator",
		"paymentservice", "productcatalogservice", "recommendationservice", "redis", "shippingservice"} {
		want = append(want, "components/network-policies/network-policy-"+name+".yaml NP11 egress")
	}
	want = append(want, "components/network-policies/network-policy-frontend.yaml NP11 ingress",
		"base/frontend.yaml IN04 ports", "base/frontend.yaml SV04 type") // the load balancer beside the front door
	for _, f := range r.Findings {
		field, _, _ := strings.Cut(strings.TrimPrefix(f.Field, "spec."), "[")
		got = append(got, f.File+" "+f.Rule.ID+" "+field)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, strings.Join(open(r), "\n"))
	}
}
