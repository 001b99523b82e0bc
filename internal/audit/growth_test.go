package audit

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/spec"
	"kgen.dev/kgen/internal/tree"
)

// A fault breaks what kgen renders in one way for every service at once.
type fault struct {
	name  string
	files string // a regular expression for the files that it is in
	from  string // a regular expression; empty: the files go
	to    string
	model func(*spec.Network) // what kgen.yaml says besides, after rendering
	bare  bool                // no model
	rules string              // those of which findings are certain, one at least a service
}

const (
	policyFiles = `^networking/network-policies/service-`
	meshFiles   = `^networking/service-mesh/service-`
	doorFiles   = `^networking/ingress/service-`
	frontFiles  = `^networking/services/service-`
	metricFiles = `^monitoring/network-metrics/services\.yaml$`
	alertFiles  = `^monitoring/alerts/service-`
)

// faults are ways in which the whole of an application is broken.
var faults = []fault{
	{name: "nothing"},
	{name: "without a model", bare: true},
	{name: "no policy of a service", files: policyFiles, rules: "NP04"},
	{name: "no policy at all", files: `^networking/network-policies/.*[a-z]\.yaml$`},
	{name: "no DNS", files: `^networking/network-policies/allow-dns`, rules: ""},
	{name: "nothing for the mesh", files: `^networking/network-policies/allow-mesh`},
	{name: "no default-deny", files: `^networking/network-policies/default-deny`},
	{name: "no ingress", files: policyFiles, from: `(?s)  ingress:\n.*?(  egress:|$)`, to: "$1", rules: "NP04"},
	{name: "no egress", files: policyFiles, from: `(?s)  egress:\n.*`, to: "", rules: "NP04"},
	{name: "a wrong port", files: policyFiles, from: `port: 8080`, to: "port: 80", rules: "NP08"},
	{name: "another wrong port", files: policyFiles, from: `port: 8080`, to: "port: 8888", rules: "NP04"},
	{name: "a port of nobody", files: policyFiles, from: `port: 8080`, to: "port: nobody", rules: "NP09"},
	{name: "policies for nobody", files: policyFiles, from: `(?s)(podSelector:\n    matchLabels:\n      app: )service`, to: "${1}nobody", rules: "NP06"},
	{name: "peers that are nobody", files: policyFiles, from: `(          app: )service`, to: "${1}nobody", rules: "NP07"},
	{name: "types left out", files: policyFiles, from: `  - Egress\n`, to: "", rules: "NP12"},
	{name: "no types", files: policyFiles, from: `  policyTypes:\n  - Ingress\n  - Egress\n`, to: ""},
	{name: "policies that are refused", files: policyFiles, from: `protocol: TCP`, to: "protocol: TPC", rules: "NP13"},
	{name: "fields of nothing", files: policyFiles, from: `matchLabels:`, to: "matchLabel:", rules: "NP13"},
	{name: "rules for everyone", files: policyFiles, from: `(?s)  - from:\n.*?    ports:`, to: "  - ports:", rules: "NP11"},
	{name: "peers that are everyone", files: policyFiles, from: `(?s)(  - from:\n).*?    ports:`, to: "$1    - namespaceSelector: {}\n    ports:", rules: "NP11"},
	{name: "a namespace without the label", files: policyFiles, from: `kubernetes.io/metadata.name: monitoring`, to: "name: monitoring", rules: "NP20"},
	{name: "an undeclared caller", files: policyFiles, from: `(?s)(  - from:\n)(.*?  - to:\n)`, to: "$1    - podSelector: {matchLabels: {app: service-3}}\n$2    - podSelector: {matchLabels: {app: service-4}}\n"},
	{name: "pods elsewhere", files: policyFiles, from: `(  - from:\n)`, to: "$1    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: else}}\n      podSelector: {matchLabels: {app: who}}\n", rules: "NP05"},
	{name: "ranges", files: policyFiles, from: `(  - (?:from|to):\n)`, to: "$1    - ipBlock: {cidr: 0.0.0.0/0}\n", rules: "NP14"},
	{name: "two peers for one", files: policyFiles, from: `(?s)(  - from:\n.*?)      podSelector:\n`, to: "$1    - podSelector:\n"},
	{name: "names that are not served", files: meshFiles, from: `host: service`, to: "host: nobody"},
	{name: "short names", files: meshFiles, from: `\.many\.svc\.cluster\.local`, to: ""},
	{name: "subsets of nothing", files: meshFiles, from: `subset: v2`, to: "subset: v3"},
	{name: "versions of nothing", files: meshFiles, from: `version: v2`, to: "version: v3"},
	{name: "weights that do not sum up", files: meshFiles, from: `weight: 10\n`, to: "weight: 20\n"},
	{name: "plaintext", files: meshFiles, from: `mode: STRICT`, to: "mode: PERMISSIVE", rules: ""},
	{name: "no TLS of the mesh", files: meshFiles, from: `mode: ISTIO_MUTUAL`, to: "mode: DISABLE", rules: "SM"},
	{name: "nobody is authorised", files: meshFiles, from: `sa/service`, to: "sa/nobody", rules: "SM"},
	{name: "authorised on a wrong port", files: meshFiles, from: `- "8080"`, to: `- "80"`, rules: "SM"},
	{name: "authorisations for nobody", files: meshFiles, from: `app: service`, to: "app: nobody", rules: "SM"},
	{name: "no ejection, no breaker", files: meshFiles, from: `(?s)    connectionPool:\n.*?\n---`, to: "---"},
	{name: "no mesh files", files: meshFiles},
	{name: "twice in the mesh", files: meshFiles, from: `(?s)^(.*)$`, to: "$1\n---\n$1"},
	{name: "backends of nothing", files: doorFiles, from: `name: service`, to: "name: nobody", rules: ""},
	{name: "one host", files: doorFiles, from: `s\d+\.example\.com`, to: "all.example.com"},
	{name: "no doors", files: doorFiles},
	{name: "Services for nobody", files: frontFiles, from: `(selector:\n    app: )service`, to: "${1}nobody", rules: "SV"},
	{name: "Services to no port", files: frontFiles, from: `targetPort: 8080`, to: "targetPort: 8888"},
	{name: "Services without names", files: frontFiles, from: `name: http`, to: "name: x"},
	{name: "no Services", files: frontFiles},
	{name: "load balancers", files: frontFiles, from: `(spec:\n)`, to: "$1  type: LoadBalancer\n", rules: "SV"},
	{name: "monitors for nobody", files: metricFiles, from: `scrape: http-metrics`, to: "scrape: nobody"},
	{name: "monitors of no port", files: metricFiles, from: `port: http-metrics`, to: "port: nothing"},
	{name: "no monitors", files: metricFiles},
	{name: "alerts for nobody", files: alertFiles, from: `"service-`, to: `"nobody-`},
	{name: "alerts without series", files: alertFiles, from: `istio_requests`, to: `istio_request`},
	{name: "alerts that cannot be read", files: alertFiles, from: `> 0`, to: `>> 0`},
	{name: "no alerts", files: alertFiles},
	{name: "other labels", files: `service-\d+\.yaml$`, from: `app: service`, to: "app: nobody"},
	{name: "another namespace", files: policyFiles, from: `namespace: many`, to: "namespace: other"},
	{name: "not named", files: `kustomization\.yaml$`, from: `- service-\d+\.yaml\n`, to: "", rules: ""},
	{name: "named twice", files: `kustomization\.yaml$`, from: `(- service-\d+\.yaml\n)`, to: "$1$1"},
	{name: "expectations", model: func(n *spec.Network) {
		for i := range n.Spec.Services {
			n.Spec.Expect = append(n.Spec.Expect, fmt.Sprintf("deny service-%d -> service-%d", i, (i+1)%len(n.Spec.Services)), fmt.Sprintf("allow service-%d -> service-%d", i, (i+2)%len(n.Spec.Services)))
		}
	}, rules: "EX01"},
}

// broken gives the world of n services with a fault.
func (f fault) broken(t testing.TB, n int) *World {
	t.Helper()
	model := manyServices(n)
	files := rendered(t, model)
	out := tree.New()
	if f.files == "" {
		out = files
	} else {
		in, what := regexp.MustCompile(f.files), regexp.MustCompile(f.from)
		for path, data := range files.All() {
			switch {
			case !in.MatchString(path):
				out.Set(path, data)
			case f.from != "":
				out.Set(path, what.ReplaceAll(data, []byte(f.to)))
			case strings.HasSuffix(path, "kustomization.yaml"):
				out.Set(path, data)
			}
		}
	}
	set, err := source.FromTree(context.Background(), out, ".")
	if err != nil {
		t.Fatal(err)
	}
	if f.model != nil {
		f.model(model)
	}
	if f.bare {
		model = nil
	}
	return &World{Inventory: inventory.New(set.Objects, model), Source: set}
}

// work is what a rule did.
type work struct{ steps, allocations, bytes float64 }

func workOf(w *World, r *Rule) (work, *Check) {
	var before, after runtime.MemStats
	c := &Check{World: w, ctx: context.Background(), rule: r}
	runtime.ReadMemStats(&before)
	c.run()
	runtime.ReadMemStats(&after)
	return work{float64(c.steps), float64(after.Mallocs - before.Mallocs), float64(after.TotalAlloc - before.TotalAlloc)}, c
}

// square are the faults of which there are more than what is given grows.
var square = map[string]bool{
	// A selector whose one key is not read is empty: each of n policies is for all
	// of n pods, and each of its rules opens them, which NP05 says of every caller.
	"fields of nothing": true,
}

// TestWorkGrowsInAStraightLine breaks every service in the same way and counts
// what each rule does, in steps and in what it allocates, which no other load of
// the machine changes: ten times the services are at most twelve times the work.
func TestWorkGrowsInAStraightLine(t *testing.T) {
	const few, times, most = 10, 10, 12
	defer func(as int) { compared = as }(compared)
	compared = 2 // as if ten services were many
	for i, f := range faults {
		if i%stride != 0 || square[f.name] {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			small, large := f.broken(t, few), f.broken(t, few*times)
			for _, w := range []*World{small, large} {
				w.Edges() // made once for all rules
			}
			for _, r := range catalogue() {
				workOf(small, r)
				workOf(large, r)
				one, _ := workOf(small, r)
				ten, c := workOf(large, r)
				for _, part := range []struct {
					of        string
					one, ten  float64
					untouched float64 // what a rule does for a namespace or a file, and for maps that grow by doubling
				}{{"steps", one.steps, ten.steps, 500}, {"allocations", one.allocations, ten.allocations, 3000}, {"bytes", one.bytes, ten.bytes, 300_000}} {
					if part.ten > most*part.one+part.untouched {
						t.Errorf("%s: %.0f and %.0f %s: more than %d times, with %d findings", r.ID, part.one, part.ten, part.of, most, len(c.findings))
					}
				}
			}
		})
	}
}
