package specfile

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kgen.dev/kgen/internal/spec"
)

// every gives a model in which every key has a value, with one entry a list.
func every() *spec.Network {
	r := &random{Rand: rand.New(rand.NewPCG(1, 1))}
	n := new(spec.Network)
	var fill func(v reflect.Value, f *field)
	fill = func(v reflect.Value, f *field) {
		switch t := v.Type(); {
		case t.Kind() == reflect.Pointer:
			v.Set(reflect.New(t.Elem()))
			fill(v.Elem(), f)
		case t.Kind() == reflect.Slice:
			v.Set(reflect.MakeSlice(t, 1, 1))
			fill(v.Index(0), nil)
		case tables[t] != nil:
			for i := range tables[t].fields {
				fill(v.Field(tables[t].fields[i].index), &tables[t].fields[i])
			}
		default:
			r.fill(v, f)
		}
	}
	fill(reflect.ValueOf(n).Elem(), nil)
	return n
}

// TestSetCoversEveryKey sets each key of the model, adds to each list, and
// removes each key that is not required, alone.
func TestSetCoversEveryKey(t *testing.T) {
	other := &random{Rand: rand.New(rand.NewPCG(2, 2)), made: 1000}
	visited := 0
	var visit func(v func(n *spec.Network) reflect.Value, path string, f *field)
	visit = func(v func(n *spec.Network) reflect.Value, path string, f *field) {
		if path != "" {
			visited++
			want, got, removed := every(), every(), every()
			fresh := reflect.New(v(want).Type()).Elem()
			other.fill(fresh, f)
			v(want).Set(fresh)
			assignment := path + "=" + flow(fresh)
			if err := Set(&got.Spec, assignment); err != nil {
				t.Errorf("%s: %v", assignment, err)
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", assignment, diff)
			}
			err := Set(&removed.Spec, path+"-")
			if want = every(); f == nil { // the only entry of a list
				list := path[:len(path)-len("[0]")]
				if err := Set(&want.Spec, list+"=[]"); err != nil {
					t.Error(err)
				}
			} else if !f.required {
				v(want).SetZero()
			}
			if required := f != nil && f.required; required != (err != nil) {
				t.Errorf("%s-: %v", path, err)
			}
			if diff := cmp.Diff(want, removed, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s- (-want +got):\n%s", path, diff)
			}
		}
		typ := v(every()).Type()
		pointer := typ.Kind() == reflect.Pointer
		if pointer {
			typ = typ.Elem()
		}
		at := func(n *spec.Network) reflect.Value { return reflect.Indirect(v(n)) }
		if typ.Kind() == reflect.Slice {
			visit(func(n *spec.Network) reflect.Value { return at(n).Index(0) }, path+"[0]", nil)
			return
		}
		if tab := tables[typ]; tab != nil {
			for i := range tab.fields {
				f := &tab.fields[i]
				visit(func(n *spec.Network) reflect.Value { return at(n).Field(f.index) }, strings.TrimPrefix(path+"."+f.key, "."), f)
			}
		}
	}
	visit(func(n *spec.Network) reflect.Value { return reflect.ValueOf(&n.Spec).Elem() }, "", nil)
	keys := Keys(&spec.Spec{})
	if visited < len(keys) {
		t.Errorf("%d values were set, and there are %d keys", visited, len(keys))
	}
}

func TestSet(t *testing.T) {
	for _, tt := range []struct {
		assignments string // one a line
		want        func(s *spec.Service)
	}{
		{"replicas=3\ntimeout=1m30s\ntype=Headless", func(s *spec.Service) { s.Replicas, s.Timeout, s.Type = 3, spec.Duration(90e9), spec.Headless }},
		{"canary.version=v2\ncanary.weight=10", func(s *spec.Service) { s.Canary = &spec.Canary{Version: "v2", Weight: 10} }},
		{"ports[0].targetPort=http\nports[grpc].port=9001", func(s *spec.Service) { s.Ports[0].TargetPort.Name, s.Ports[1].Port = "http", 9001 }},
		{"calls[api].port=http\ncalls+={service: db, port: 5432}\ncalls+=cache", func(s *spec.Service) {
			s.Calls = []spec.Call{{Service: "api", Port: spec.PortRef{Name: "http"}}, {Service: "db", Port: spec.PortRef{Number: 5432}}, {Service: "cache"}}
		}},
		{"calls=cache", func(s *spec.Service) { s.Calls = []spec.Call{{Service: "cache"}} }},
		{"hosts=[b, c]\nhosts+=d\nhosts+=[e, 'f']\nhosts[c]-\nhosts[0]=x", func(s *spec.Service) { s.Hosts = []string{"x", "d", "e", "f"} }},
		{"hosts=b", func(s *spec.Service) { s.Hosts = []string{"b"} }},
		{"hosts[a]-", func(s *spec.Service) { s.Hosts = nil }},
		{"podLabels.app.kubernetes.io/name=x\npodLabels[tier]=y", func(s *spec.Service) {
			s.PodLabels = map[string]string{"app": "web", "app.kubernetes.io/name": "x", "tier": "y"}
		}},
		{"podLabels={tier: web}", func(s *spec.Service) { s.PodLabels = map[string]string{"tier": "web"} }},
		{"podLabels.app-", func(s *spec.Service) { s.PodLabels = nil }},
		{"circuitBreaker={maxConnections: 10}", func(s *spec.Service) { s.CircuitBreaker = &spec.CircuitBreaker{MaxConnections: 10} }},
		{"slo.latency.threshold=1s\nslo.latency.percentile=95\nslo-\nmetrics-\ncanary.weight-", func(s *spec.Service) {}},
		{"ports+={port: 9090, protocol: grpc}\nports[http]-", func(s *spec.Service) {
			s.Ports = []spec.Port{{Name: "grpc", Port: 9000}, {Port: 9090, Protocol: spec.GRPC}}
		}},
		{"serviceAccount='a=b'", func(s *spec.Service) { s.ServiceAccount = "a=b" }},
	} {
		t.Run(tt.assignments, func(t *testing.T) {
			start := func() *spec.Service {
				return &spec.Service{Name: "web", PodLabels: map[string]string{"app": "web"}, Hosts: []string{"a"}, Calls: []spec.Call{{Service: "api"}},
					Ports: []spec.Port{{Name: "http", Port: 80}, {Name: "grpc", Port: 9000}}}
			}
			want, origin := start(), start()
			tt.want(want)
			got := *origin
			for line := range strings.Lines(tt.assignments) {
				if err := Set(&got, strings.TrimSuffix(line, "\n")); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, &got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(start(), origin); diff != "" {
				t.Errorf("another copy has changed:\n%s", diff)
			}
		})
	}
}

func TestSetRefuses(t *testing.T) {
	for _, tt := range []struct{ assignment, want string }{
		{"replicas", `is no assignment, in "replicas"; write KEY=VALUE, KEY+=VALUE, or KEY- to remove the key`},
		{"=3", `names no key before the =, in "=3"; write KEY=VALUE`},
		{"replicas=", `replicas: has no value, in "replicas="; write a value behind the =, or replicas- to remove the key`},
		{"replicas=x", `replicas: "x" is not a whole number, in "replicas=x"`},
		{"replica=3", `replica: unknown key, in "replica=3"; did you mean replicas?`},
		{"canary.wieght=3", `canary.wieght: unknown key, in "canary.wieght=3"; did you mean weight?`},
		{"canary.weight=130", `canary.weight: 130 is not between 0 and 100, in "canary.weight=130"`},
		{"canary={version: v2, wait: 3}", `canary.wait: unknown key, in "canary={version: v2, wait: 3}"; known keys are owner, stable, version, weight`},
		{"type=headles", `type: "headles" is not one of ClusterIP, LoadBalancer, Headless, in "type=headles"; did you mean Headless?`},
		{"serviceAccount=12", `serviceAccount: 12 is a number, not text, in "serviceAccount=12"; write it in quotes: "12"`},
		{"ports.port=1", `ports: is a list, in "ports.port=1"; say which entry: ports[0].port`},
		{"ports[htp].port=1", `ports: has no entry "htp", in "ports[htp].port=1"; did you mean http?`},
		{"ports[7].port=1", `ports: has 2 entries, and none at [7], in "ports[7].port=1"; count from 0; to add one write ports+=…`},
		{"ports[http].port=[", `ports[http].port: is not YAML: did not find expected node content, in "ports[http].port=["; put text in quotes, and close every bracket`},
		{"ports+={name: x}", `ports[0].port: is missing, in "ports+={name: x}"; add the key port`},
		{"ports=80", `ports: is a number, and a list is wanted, in "ports=80"; write it as a list: [a, b], or with '- ' before each entry`},
		{"name.first=x", `name: has nothing below it, and ".first" is wanted, in "name.first=x"; end the path there`},
		{"name-", `name: is required, in "name-"; give it another value`},
		{"replicas+=1", `replicas: is no list that could grow, in "replicas+=1"; write = instead of +=`},
		{"slo=availability: 99", `slo: "availability: 99" is in block style, in "slo=availability: 99"; write {key: value} or [a, b], or put text in quotes`},
		{"hosts[shop.example.com]-", `hosts: has no entry "shop.example.com", in "hosts[shop.example.com]-"; there are a`},
		{"hosts[b]-", `hosts: has no entry "b", in "hosts[b]-"; there are a`},
	} {
		t.Run(tt.assignment, func(t *testing.T) {
			s := &spec.Service{Name: "web", Hosts: []string{"a"}, Ports: []spec.Port{{Name: "http", Port: 80}, {Name: "grpc", Port: 9000}}}
			before := *s
			err := Set(s, tt.assignment)
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(&before, s); diff != "" {
				t.Errorf("it is changed beside the error:\n%s", diff)
			}
		})
	}
}

// TestSetFindsDefaultNames holds that a port without a name goes by the one that
// it has in the manifests.
func TestSetFindsDefaultNames(t *testing.T) {
	s := &spec.Service{Name: "web", Ports: []spec.Port{{Port: 80}, {Port: 9000, Protocol: spec.GRPC}, {Name: "admin", Port: 9001}}}
	for _, assignment := range []string{"ports[http].targetPort=8080", "ports[grpc].port=9002", "ports[admin]-"} {
		if err := Set(s, assignment); err != nil {
			t.Fatal(err)
		}
	}
	want := []spec.Port{{Port: 80, TargetPort: spec.PortRef{Number: 8080}}, {Port: 9002, Protocol: spec.GRPC}}
	if diff := cmp.Diff(want, s.Ports); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	err := Set(s, "ports[htp].port=1")
	if want := `ports: has no entry "htp", in "ports[htp].port=1"; did you mean http?`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestAccepts(t *testing.T) {
	for _, tt := range []struct {
		v      any
		path   string
		values []string
		list   bool
	}{
		{&spec.Service{}, "type", []string{"ClusterIP", "LoadBalancer", "Headless"}, false},
		{&spec.Service{}, "ports[http].protocol", []string{"http", "http2", "grpc", "https", "tls", "tcp", "udp", "sctp"}, false},
		{&spec.Service{}, "ports[0].protocol", []string{"http", "http2", "grpc", "https", "tls", "tcp", "udp", "sctp"}, false},
		{&spec.Service{}, "canary.owner", []string{"kgen", "flagger", "argo-rollouts"}, false},
		{&spec.Spec{}, "mesh.mode", []string{"sidecar", "ambient"}, false},
		{&spec.Spec{}, "ingress.insecure", []string{"true", "false"}, false},
		{&spec.Service{}, "calls", nil, true},
		{&spec.Service{}, "hosts", nil, true},
		{&spec.Service{}, "hosts[a.b]", nil, false},
		{&spec.Service{}, "replicas", nil, false},
		{&spec.Service{}, "type.x", nil, false},
		{&spec.Service{}, "nothing", nil, false},
		{&spec.Service{}, "ports[", nil, false},
	} {
		values, list := Accepts(tt.v, tt.path)
		if diff := cmp.Diff(tt.values, values); diff != "" || list != tt.list {
			t.Errorf("%s: list %v (-want +got):\n%s", tt.path, list, diff)
		}
	}
}

func TestTorn(t *testing.T) {
	for words, want := range map[string]int{
		"canary={version: v4, weight: 10} timeout=5s": 4,
		"hosts=[a, b]":         2,
		"hosts+=[a, [b]] x":    2,
		"hosts=[a,b] c]":       1,
		"hosts=[a, b":          1,
		"hosts=a] b":           1,
		"ports[a port=1]":      1,
		"ports[a].port=1 x=]":  1,
		"timeout- x":           1,
		"podLabels={a: '}', }": 3,
		"hosts=it's[ ]":        2,
	} {
		if got := Torn(strings.Split(words, " ")); got != want {
			t.Errorf("%s: %d, want %d", words, got, want)
		}
	}
}

func TestKeys(t *testing.T) {
	keys := Keys(&spec.Service{})
	for _, want := range []string{"name", "podLabels", "ports", "ports[].targetPort", "calls[].service", "canary.weight", "slo.latency.threshold"} {
		if !slices.Contains(keys, want) {
			t.Errorf("%s is missing in %s", want, keys)
		}
	}
}

// FuzzSet holds for any assignment: no panic, and either a change or an error
// that names the assignment.
func FuzzSet(f *testing.F) {
	for _, s := range []string{"replicas=3", "ports[0].port=1", "podLabels.a=b", "hosts+=[a]", "slo-", "a[=]b=c", "ports[", "ports]=1", "hosts=*a", "calls={a: &b c}", "=", "-", "+=", "[]", "hosts[a]-"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, assignment string) {
		s := &every().Spec.Services[0]
		before := *s
		if err := Set(s, assignment); err == nil {
			return
		} else if !strings.Contains(err.Error(), ", in ") {
			t.Errorf("%v does not name the assignment", err)
		}
		if !reflect.DeepEqual(&before, s) {
			t.Error("it is changed beside an error")
		}
	})
}
