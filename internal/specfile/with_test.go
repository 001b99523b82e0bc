package specfile

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// withCase is a change of the model and what it does to the services' text.
type withCase struct {
	name          string
	change        func(s []spec.Service) []spec.Service
	before, after string
}

// first changes the first service.
func first(change func(s *spec.Service)) func(s []spec.Service) []spec.Service {
	return func(s []spec.Service) []spec.Service {
		change(&s[0])
		return s
	}
}

func without(i int) func(s []spec.Service) []spec.Service {
	return func(s []spec.Service) []spec.Service { return slices.Delete(s, i, i+1) }
}

var withScalars = []withCase{
	{"a comment keeps its column", first(func(s *spec.Service) { s.Replicas, s.Canary.Weight = 12, 100 }),
		"  - name: web\n    replicas: 3        # three\n    canary: {version: v2, weight: 10}  # ten\n",
		"  - name: web\n    replicas: 12       # three\n    canary: {version: v2, weight: 100} # ten\n"},
	{"a comment one space away stays there", first(func(s *spec.Service) { s.Replicas = 12 }),
		"  - name: web\n    replicas: 3 # three\n",
		"  - name: web\n    replicas: 12 # three\n"},
	{"comments below each other stay so", first(func(s *spec.Service) { s.Replicas = 3 }),
		"  - name: web\n    replicas: 12 # twelve\n    timeout: 15s # fifteen\n",
		"  - name: web\n    replicas: 3  # twelve\n    timeout: 15s # fifteen\n"},
	{"quotes stay where they can", first(func(s *spec.Service) {
		s.ServiceAccount, s.Hosts = "it's", []string{"null", "two\nlines", "1e3"}
	}),
		"  - name: web\n    serviceAccount: 'a' # a\n    hosts: [\"a\", 'b', c]\n",
		"  - name: web\n    serviceAccount: 'it''s' # a\n    hosts: [\"null\", \"two\\nlines\", \"1e3\"]\n"},
	{"values on several lines", first(func(s *spec.Service) { s.ServiceAccount, s.PodLabels = "a", map[string]string{"app": "b"} }),
		"  - name: web\n    serviceAccount: |  # literal\n      one\n\n      two\n    podLabels:\n      app: plain\n        and more\n    timeout: 5s\n",
		"  - name: web\n    serviceAccount: a\n    podLabels:\n      app: b\n    timeout: 5s\n"},
	{"a zero that is a value", first(func(s *spec.Service) { s.Canary.Weight = 0 }),
		"  - name: web\n    canary:\n      version: v2\n      weight: 10 # ten\n",
		"  - name: web\n    canary:\n      version: v2\n      weight: 0 # ten\n"},
	{"a zero goes with what it was about", first(func(s *spec.Service) { *s.Canary = spec.Canary{Stable: "v2"} }),
		"  - name: web\n    canary: {stable: v1, version: v2, weight: 10} # ten\n",
		"  - name: web\n    canary: {stable: v2} # ten\n"},
	{"a rename is one word", func(s []spec.Service) []spec.Service {
		s[0].Name, s[1].Calls[0].Service = "shop", "shop"
		return s
	},
		"  # the shop\n  - name: web # here\n    timeout: 5s\n  - name: api\n    calls: [web, {service: c, port: 1}]\n",
		"  # the shop\n  - name: shop # here\n    timeout: 5s\n  - name: api\n    calls: [shop, {service: c, port: 1}]\n"},
	{"a word becomes an object and back", first(func(s *spec.Service) { s.Calls[0].Port.Name, s.Calls[1].Port = "http", spec.PortRef{} }),
		"  - name: web\n    calls:\n    - api # a\n    - {service: db, port: 5432} # b\n",
		"  - name: web\n    calls:\n    - {service: api, port: http} # a\n    - db # b\n"},
}

var withKeys = []withCase{
	{"a key goes with its comments", first(func(s *spec.Service) { s.Timeout, s.SLO = 0, nil }),
		"  - name: web\n    # not about timeout\n\n    # about timeout\n    timeout: 5s # short\n      # still\n    # about replicas\n    replicas: 3\n    slo:\n      # in it\n      availability: 99\n",
		"  - name: web\n    # not about timeout\n\n    # about replicas\n    replicas: 3\n"},
	{"keys come where the model has them", first(func(s *spec.Service) {
		s.Replicas, s.Timeout, s.PodLabels, s.SLO = 2, spec.Duration(5e9), map[string]string{"app": "x"}, &spec.SLO{Availability: 99, Latency: &spec.Latency{Threshold: spec.Duration(1e9)}}
	}),
		"  - name: web\n    # the hosts\n    hosts: [a]\n    calls: [b]\n      # calls' own\n    # the metrics\n    metrics: {port: 1}\n",
		"  - name: web\n    podLabels: {app: x}\n    replicas: 2\n    # the hosts\n    hosts: [a]\n    calls: [b]\n      # calls' own\n    # the metrics\n    metrics: {port: 1}\n    timeout: 5s\n    slo:\n      availability: 99\n      latency: {threshold: 1s}\n"},
	{"the first key behind a dash goes", first(func(s *spec.Service) { s.Ports[0].Name, s.Ports[1].Name = "", "" }),
		"  - name: web\n    ports:\n    - name: http # it\n      port: 80\n    - name: grpc\n      # the port\n      port: 90\n",
		"  - name: web\n    ports:\n    - port: 80\n    -\n      # the port\n      port: 90\n"},
	{"a key comes before the first behind a dash", first(func(s *spec.Service) { s.Ports[0].Name = "http" }),
		"  - name: web\n    ports:\n    -   port: 80 # it\n        protocol: http\n",
		"  - name: web\n    ports:\n    -   name: http\n        port: 80 # it\n        protocol: http\n"},
	{"all keys of an entry are others", first(func(s *spec.Service) { s.Egress[0] = spec.Egress{CIDR: "10.0.0.0/8", Ports: []spec.PortNumber{1}} }),
		"  - name: web\n    egress:\n    - host: a\n      port: 80\n    timeout: 5s\n",
		"  - name: web\n    egress:\n    - {cidr: 10.0.0.0/8, ports: [1]}\n    timeout: 5s\n"},
	{"nothing is left of a mapping", first(func(s *spec.Service) { s.LoadBalancer.SourceRanges, s.PodLabels = nil, map[string]string{} }),
		"  - name: web\n    podLabels: # none\n      a: b\n    loadBalancer:\n      sourceRanges: [a]\n    timeout: 5s\n",
		"  - name: web\n    podLabels: {} # none\n    loadBalancer: {}\n    timeout: 5s\n"},
	{"labels", first(func(s *spec.Service) { s.PodLabels = map[string]string{"app": "web", "tier": "b", "a/b": "c"} }),
		"  - name: web\n    podLabels:\n      app: web # it\n      tier: 'a'\n",
		"  - name: web\n    podLabels:\n      app: web # it\n      tier: 'b'\n      a/b: c\n"},
	{"a label is renamed", first(func(s *spec.Service) { s.PodLabels = map[string]string{"app": "web", "layer": "a"} }),
		"  - name: web\n    podLabels: {\"tier\": a, app: web}\n",
		"  - name: web\n    podLabels: {\"layer\": a, app: web}\n"},
	{"keys between brackets", first(func(s *spec.Service) {
		s.CircuitBreaker.MaxConnections, s.CircuitBreaker.MaxRequests, s.CircuitBreaker.Interval = 0, 7, spec.Duration(1e9)
	}),
		"  - name: web\n    circuitBreaker: { maxConnections: 1, maxRequests: 2, connectTimeout: 3s }\n",
		"  - name: web\n    circuitBreaker: { maxRequests: 7, connectTimeout: 3s, interval: 1s }\n"},
}

var withLists = []withCase{
	{"the middle entry of three", without(1),
		"  - name: a\n\n  # about b\n  - name: b\n    calls: [x] # c\n      # b's\n\n  # about c\n  - name: c\n",
		"  - name: a\n\n  # about c\n  - name: c\n"},
	{"the last entry", without(1), "  - name: a\n\n  - name: b\n", "  - name: a\n"},
	{"the first entry", without(0), "  - name: a\n\n  - name: b\n", "  - name: b\n"},
	{"without a line end at the end", without(1), "  - name: a\n\n  - name: b", "  - name: a"},
	{"what stands apart stays", without(1), "  - name: a\n\n  # chapter two\n\n  # about b\n  - name: b\n  # the end\n", "  - name: a\n\n  # chapter two\n  # the end\n"},
	{"a list without entries has no key", first(func(s *spec.Service) { s.Calls, s.Hosts = nil, []string{} }),
		"  - name: web\n    hosts:\n    - a # a\n    # the calls\n    calls:\n    - b\n    timeout: 5s\n",
		"  - name: web\n    hosts: []\n    timeout: 5s\n"},
	{"entries between brackets", first(func(s *spec.Service) { s.Hosts, s.Calls = []string{"b", "c", "e"}, nil }),
		"  - name: web\n    hosts: [ a, b, c, d ] # four\n    calls: [a, b]\n",
		"  - name: web\n    hosts: [ b, c, e ] # four\n"},
	{"entries between brackets on lines of their own", first(func(s *spec.Service) { s.Hosts = []string{"a", "c"} }),
		"  - name: web\n    hosts: [\n      a, # a\n      # about b\n      b, # b\n      c # c\n    ]\n",
		"  - name: web\n    hosts: [\n      a, # a\n      c # c\n    ]\n"},
	{"comments of others stay", first(func(s *spec.Service) { s.Hosts, s.Calls = []string{"b"}, []spec.Call{{Service: "a"}} }),
		"  - name: web\n    hosts: [a, # a\n      b]\n    calls: [a, # a\n      b]\n",
		"  - name: web\n    hosts: [ # a\n      b]\n    calls: [a # a\n      ]\n"},
	{"the last of those", first(func(s *spec.Service) { s.Hosts = []string{"a"} }),
		"  - name: web\n    hosts: [\n      a, # a\n      b\n    ]\n",
		"  - name: web\n    hosts: [\n      a # a\n    ]\n"},
	{"entries in front, between and behind", first(func(s *spec.Service) {
		s.Calls = []spec.Call{{Service: "x"}, {Service: "a"}, {Service: "q"}, {Service: "b"}, {Service: "z"}}
		s.Hosts = []string{"x", "a", "q", "b", "z"}
	}),
		"  - name: web\n    hosts: [a, b]\n    calls:\n      # a\n      -  a\n      # b\n      -  b\n         # b's\n    timeout: 5s\n",
		"  - name: web\n    hosts: [x, a, q, b, z]\n    calls:\n      -  x\n      # a\n      -  a\n      -  q\n      # b\n      -  b\n         # b's\n      -  z\n    timeout: 5s\n"},
	{"an entry moves with its text", func(s []spec.Service) []spec.Service { return []spec.Service{s[2], s[0], s[1]} },
		"  - name: a\n\n  - name: b\n\n  # about c\n  - name:   c # c\n",
		"  # about c\n  - name:   c # c\n\n  - name: a\n\n  - name: b\n"},
}

var withShared = []withCase{
	{"an alias is written out", func(s []spec.Service) []spec.Service {
		s[1].Calls = []spec.Call{{Service: "q"}}
		s[2].Ports = []spec.Port{{Port: 81}}
		return s
	},
		"  - {name: a, calls: &c [x], ports: &p [{port: 80}]}\n  - {name: b, calls: *c, ports: *p}\n  - name: c\n    ports: *p # as a\n",
		"  - {name: a, calls: &c [x], ports: &p [{port: 80}]}\n  - {name: b, calls: [q], ports: *p}\n  - name: c\n    ports: # as a\n    - {port: 81}\n"},
	{"all uses change alike", func(s []spec.Service) []spec.Service {
		for i := range s {
			s[i].Calls = []spec.Call{{Service: "x"}, {Service: "q"}}
		}
		return s
	},
		"  - name: a\n    calls: &c\n    - x\n  - {name: b, calls: *c}\n",
		"  - name: a\n    calls: &c\n    - x\n    - q\n  - {name: b, calls: *c}\n"},
	{"an anchor that nothing uses", first(func(s *spec.Service) { s.Timeout = spec.Duration(1e9) }),
		"  - &a\n    name: &n web\n    timeout: &t 5s\n",
		"  - &a\n    name: &n web\n    timeout: &t 1s\n"},
	{"what uses an anchor goes", without(1),
		"  - {name: a, hosts: &h [x]}\n  - {name: b, hosts: *h}\n",
		"  - {name: a, hosts: &h [x]}\n"},
}

func TestWith(t *testing.T) {
	for _, tt := range slices.Concat(withScalars, withKeys, withLists, withShared) {
		t.Run(tt.name, func(t *testing.T) {
			for name, form := range map[string]func(string) string{
				"as it is": func(s string) string { return s },
				"CRLF":     func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
				"BOM":      func(s string) string { return "\ufeff---\n" + s },
			} {
				if name == "CRLF" && strings.Contains(tt.before, "|") {
					continue // the library keeps other line ends in such a value
				}
				before, after := form(head+"  services:\n"+tt.before), form(head+"  services:\n"+tt.after)
				f, d := decode("kgen.yaml", []byte(before))
				if len(d.list) > 0 {
					t.Fatal(d.list)
				}
				copied, _ := decode("kgen.yaml", []byte(before))
				want := copied.Network
				want.Spec.Services = tt.change(want.Spec.Services)
				got, err := f.With(want)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if diff := cmp.Diff(after, string(got)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
				if string(f.Data) != before {
					t.Error("the file's own bytes have changed")
				}
			}
		})
	}
}

// TestWithSections holds that a key below services is parted from them as they
// are from each other, also where the last of them goes.
func TestWithSections(t *testing.T) {
	const added = "  environments:\n  - name: staging\n"
	staging := func(n *spec.Network) { n.Spec.Environments = []spec.Environment{{Name: "staging"}} }
	both := func(n *spec.Network) {
		staging(n)
		n.Spec.Delivery = &spec.Delivery{Tool: "flux", Repository: "x"}
	}
	last := func(n *spec.Network) {
		staging(n)
		n.Spec.Services = n.Spec.Services[:len(n.Spec.Services)-1]
	}
	for _, tt := range []struct {
		name, before string
		change       func(n *spec.Network)
		after        string
	}{
		{"services apart", "  services:\n  - name: a\n\n  - name: b # last\n", staging, "  services:\n  - name: a\n\n  - name: b # last\n\n" + added},
		{"sections apart", "  domain: x\n\n  services:\n  - name: a\n", both, "  domain: x\n\n  services:\n  - name: a\n\n" + added + "\n  delivery:\n    tool: flux\n    repository: x\n"},
		{"nothing apart", "  domain: x\n  services:\n  - name: a\n  - name: b\n", both, "  domain: x\n  services:\n  - name: a\n  - name: b\n" + added + "  delivery:\n    tool: flux\n    repository: x\n"},
		{"one service says nothing", "  services:\n  - name: a\n\n# end\n", staging, "  services:\n  - name: a\n" + added + "\n# end\n"},
		{"between brackets", "  services: [{name: a}]\n\n", staging, "  services: [{name: a}]\n" + added + "\n"},
		{"the last service goes", "  services:\n  - name: a\n\n  - name: b\n", last, "  services:\n  - name: a\n\n" + added},
		{"the last service goes, without a line end", "  services:\n  - name: a\n  - name: b", last, "  services:\n  - name: a\n" + strings.TrimSuffix(added, "\n")},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, d := decode("kgen.yaml", []byte(head+tt.before))
			if len(d.list) > 0 {
				t.Fatal(d.list)
			}
			want := *f.Network
			tt.change(&want)
			got, err := f.With(&want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(head+tt.after, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		change     func(s []spec.Service) []spec.Service
		want       string
	}{
		{"an anchor that others use", services("  - {name: a, calls: &c [x]}", "  - {name: b, calls: *c}"), first(func(s *spec.Service) { s.Calls[0].Service = "y" }),
			"kgen.yaml:6:22: services[0].calls: cannot be changed: it carries the anchor &c, and *c on line 7 (services[1].calls) is to stay as it is; write the value out in place of *c first"},
		{"an anchor that others use goes", services("  - {name: a, calls: &c [x]}", "  - {name: b, calls: *c}"), without(0),
			"kgen.yaml:6:22: services[0].calls: cannot be removed: it carries the anchor &c, and *c on line 7 (services[1].calls) is to stay as it is; write the value out in place of *c first"},
		{"a value that cannot be written", services("  - {name: a, timeout: 5s}"), first(func(s *spec.Service) { s.Timeout = 1 }),
			"kgen.yaml:6:24: services[0].timeout: cannot be changed as wanted without changing more than that; write it by hand"},
		{"a pair without braces", services("  - {name: a, ports: [port: 80]}"), first(func(s *spec.Service) { s.Ports[0].Name = "http" }),
			"kgen.yaml:6:23: services[0].ports[0]: is a pair without braces inside a list, and cannot be added to; put the mapping in braces"},
		{"a file with errors", services("  - nam: web"), without(0), "kgen.yaml:1:1: cannot be changed while parts of it cannot be read; correct the file's errors first"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, _ := decode("kgen.yaml", []byte(tt.text))
			again, _ := decode("kgen.yaml", []byte(tt.text))
			again.Network.Spec.Services = tt.change(again.Network.Spec.Services)
			got, err := f.With(again.Network)
			if err == nil || got != nil {
				t.Fatalf("no error, but\n%s", got)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWithTheSameIsTheSame(t *testing.T) {
	for _, text := range []string{whole, "\ufeff" + strings.ReplaceAll(whole, "\n", "\r\n"), strings.TrimSuffix(web, "\n")} {
		f := good(t, text)
		got, err := f.With(good(t, text).Network)
		if err != nil || !bytes.Equal(got, f.Data) {
			t.Errorf("%v\n%s", err, cmp.Diff(text, string(got)))
		}
	}
}
