package draw_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/draw"
	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/specfile"
)

// drawn is the sheet of manifests, with a model or, where that is "", without.
func drawn(t *testing.T, model, manifests string) *draw.Sheet {
	t.Helper()
	objects, err := manifest.Parse("all.yaml", []byte(manifests))
	if err != nil {
		t.Fatal(err)
	}
	var n *spec.Network
	if model != "" {
		file, errs := specfile.Parse("kgen.yaml", []byte("apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\nspec:\n"+model))
		if errs.Err() != nil {
			t.Fatal(errs)
		}
		n = file.Network
	}
	inv := inventory.New(objects, n)
	return draw.Of(inv, connections(inv))
}

// lines are the edges, but for those of the platform, and the badges and groups.
func lines(s *draw.Sheet) []string {
	var out []string
	platform := map[string]bool{}
	for _, n := range s.Graph.Nodes {
		platform[n.ID] = n.Kind == graph.DNS
		if len(n.Badges) > 0 {
			out = append(out, n.ID+": "+strings.Join(n.Badges, ", "))
		}
	}
	for _, e := range s.Graph.Edges {
		if !platform[e.From] && !platform[e.To] {
			out = append(out, fmt.Sprintf("%s -> %s: %s %s", e.From, e.To, strings.Join(e.Labels, " "), e.State))
		}
	}
	slices.Sort(out)
	return out
}

func deployment(name, ports, env string) string {
	return fmt.Sprintf(`---
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, namespace: shop}
spec:
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec: {containers: [{name: c, image: c:1, ports: [%[2]s], env: [%[3]s]}]}
`, name, ports, env)
}

const dbService = `---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {selector: {app: db}, ports: [{port: 5432}]}
`

func policy(name, selector, spec string) string {
	return fmt.Sprintf(`---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: %s, namespace: shop}
spec: {podSelector: %s, %s}
`, name, selector, spec)
}

const callsDB = `{name: DB_ADDR, value: "db:5432"}`

func TestWithoutAModel(t *testing.T) {
	web, db, job := deployment("web", "{containerPort: 8080}", callsDB), deployment("db", "{containerPort: 5432}", ""), deployment("job", "", "")
	cron := `---
apiVersion: batch/v1
kind: CronJob
metadata: {name: job, namespace: shop}
spec: {schedule: "@daily", jobTemplate: {spec: {template: {metadata: {labels: {app: job}}, spec: {containers: [{name: c, image: c:1}]}}}}}
`
	for _, n := range drawn(t, "", cron).Graph.Nodes {
		if n.ID == "shop/job" && !slices.Equal(n.Details, []string{"CronJob"}) {
			t.Errorf("a CronJob says %q", n.Details)
		}
	}
	const anyPod, anything = "open: any pod reaches it", "open: it reaches anything"
	for name, test := range map[string]struct {
		manifests string
		want      []string
		open      []string
	}{
		// Whom no policy isolates has a badge; what an address is given for is drawn.
		"no policy": {web + db + dbService + job, []string{
			"shop/db: " + anyPod + ", " + anything,
			"shop/job: " + anyPod + ", " + anything,
			"shop/web -> shop/db: 5432/TCP allowed",
			"shop/web: " + anyPod + ", " + anything,
		}, []string{"shop/db", "shop/job", "shop/web"}},
		// A variable names db, and db alone: nothing else is undeclared for that.
		"isolated on one side": {web + db + dbService + job + policy("db", "{matchLabels: {app: db}}", "policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]"), []string{
			"shop/db: " + anything,
			"shop/job -> shop/db: 5432/TCP allowed",
			"shop/job: " + anyPod + ", " + anything,
			"shop/web -> shop/db: 5432/TCP allowed",
			"shop/web: " + anyPod + ", " + anything,
		}, []string{"shop/job", "shop/web"}},
		"denied": {web + db + dbService + policy("deny", "{}", "policyTypes: [Ingress, Egress]"), []string{
			"shop/web -> shop/db: 5432/TCP denied",
		}, nil},
		// A rule that lets job go to web, and anywhere it will.
		"all ports": {web + job + policy("job", "{matchLabels: {app: job}}", "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]") +
			policy("web", "{matchLabels: {app: web}}", "policyTypes: [Ingress, Egress], egress: [{to: [{podSelector: {}}]}]"), []string{
			"shop/job: " + anything,
			"shop/web -> shop/job: all ports allowed",
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := drawn(t, "", test.manifests)
			if diff := cmp.Diff(test.want, lines(s)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			slices.Sort(s.Open)
			if diff := cmp.Diff(test.open, s.Open); diff != "" {
				t.Errorf("open (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRanges: who is let in by a range is that range, and what else is allowed
// beside it is undeclared.
func TestRanges(t *testing.T) {
	const model = `  services:
  - name: web
    type: LoadBalancer
    loadBalancer: {sourceRanges: [198.51.100.0/24]}
    ports: [{name: http, port: 80, targetPort: 8080}]
`
	const service = `---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {type: LoadBalancer, loadBalancerSourceRanges: [198.51.100.0/24], selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
`
	for block, want := range map[string][]string{
		"198.51.100.0/24": {"198.51.100.0/24 -> shop/web: 8080/TCP allowed"},
		"198.51.0.0/16":   {"198.51.0.0/16 -> shop/web: 8080/TCP undeclared", "198.51.100.0/24 -> shop/web: 8080/TCP allowed"},
		"192.0.2.0/24":    {"192.0.2.0/24 -> shop/web: 8080/TCP undeclared", "198.51.100.0/24 -> shop/web: 8080/TCP denied"},
	} {
		t.Run(block, func(t *testing.T) {
			s := drawn(t, model, service+deployment("web", "{containerPort: 8080}", "")+
				policy("web", "{}", "policyTypes: [Ingress, Egress], ingress: [{from: [{ipBlock: {cidr: "+block+"}}], ports: [{port: 8080}]}]"))
			var got []string
			for _, l := range lines(s) {
				if strings.Contains(l, "->") {
					got = append(got, l)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSelf: pods of one service that are to talk with each other are drawn as
// the policies have it.
func TestSelf(t *testing.T) {
	const model = `  services:
  - name: db
    ports: [{name: tcp-db, port: 5432, protocol: tcp}]
    callers: [{namespace: shop, podLabels: {app: db}}]
`
	pods := deployment("db", "{containerPort: 5432}", "")
	for state, rules := range map[string]string{
		"allowed": "ingress: [{from: [{podSelector: {}}]}], egress: [{to: [{podSelector: {}}]}]",
		"denied":  "ingress: [{from: [{podSelector: {}}]}]",
	} {
		t.Run(state, func(t *testing.T) {
			got := lines(drawn(t, model, pods+policy("db", "{}", "policyTypes: [Ingress, Egress], "+rules)))
			if diff := cmp.Diff([]string{"shop/db -> shop/db: 5432/TCP " + state}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestSelfUnisolated: nor are they denied where no policy isolates them.
func TestSelfUnisolated(t *testing.T) {
	s := drawn(t, "  services: [{name: db, ports: [{name: tcp-db, port: 5432, protocol: tcp}], callers: [{namespace: shop, podLabels: {app: db}}]}]\n", deployment("db", "{containerPort: 5432}", ""))
	if !slices.Contains(lines(s), "shop/db -> shop/db: 5432/TCP allowed") {
		t.Errorf("%q", lines(s))
	}
}

// TestWaypoint: what passes a waypoint is one edge, and the waypoint a badge.
func TestWaypoint(t *testing.T) {
	inv := example(t, "ambient")
	s := draw.Of(inv, connections(inv))
	for _, n := range s.Graph.Nodes {
		if n.Kind == graph.Waypoint || n.Kind == graph.ControlPlane {
			t.Errorf("%s is drawn", n.ID)
		}
		if n.Group != "" && !slices.Contains(s.Graph.Groups, graph.Group{ID: n.Group, Label: "namespace " + n.Group}) {
			t.Errorf("the box of %s is not called a namespace", n.ID)
		}
		if n.ID == "orders/api" && !slices.Contains(n.Badges, "via waypoint") {
			t.Errorf("%s has the badges %q", n.ID, n.Badges)
		}
	}
	var between []graph.Edge
	for _, e := range s.Graph.Edges {
		if e.From == "orders/web" && e.To == "orders/api" {
			between = append(between, e)
		}
	}
	if len(between) != 1 || !slices.Equal(between[0].Details, []string{"via orders/waypoint"}) {
		t.Errorf("web to api: %+v", between)
	}
}
