package prompt

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

func TestAddServiceAsksInOrder(t *testing.T) {
	asker, out := lines("payments", "grpc=9000/grpc", "y", "pay.example.com", "9090", "v2=5", "", "redis", "web,worker", "ntp.example.com:123/udp")
	got, err := AddService(t.Context(), asker, shop, ServicePreset{})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if d := cmp.Diff(`Name of the new service: payments
Ports of payments [8080]: grpc=9000/grpc
Is payments public? [y/N]: yes
Hosts of payments [payments.shop.example.com]: pay.example.com
Metrics of payments [none]: 9090
Canary of payments [none]: v2=5
Stable version of payments [v1]: v1
  1) web - http=80:8080, admin=9000
  2) web:http - http=80:8080
  3) web:admin - admin=9000
  4) cart - 7070/grpc
  5) redis - 6379/tcp
What does payments call? [none]: redis
  1) web
  2) cart
  3) redis
  4) worker
Who calls payments? [none]: web, worker
Calls of payments outside the cluster [none]: ntp.example.com:123/udp
`, out.String()); d != "" {
		t.Errorf("transcript (-want +got):\n%s", d)
	}
	want := &Addition{Service: &spec.Service{
		Name:    "payments",
		Ports:   []spec.Port{{Name: "grpc", Port: 9000, Protocol: spec.GRPC}},
		Hosts:   []string{"pay.example.com"},
		Metrics: &spec.Metrics{Port: 9090},
		Canary:  &spec.Canary{Version: "v2", Weight: 5},
		Calls:   []spec.Call{{Service: "redis"}},
		Egress:  []spec.Egress{{Host: "ntp.example.com", Port: 123, Protocol: spec.UDP}},
	}, CalledBy: []string{"web", "worker"}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("service (-want +got):\n%s", d)
	}
	if len(shop.Spec.Services) != 4 || len(shop.Spec.Services[0].Calls) != 2 {
		t.Errorf("the model that was asked about has changed: %+v", shop.Spec.Services)
	}
}

func TestAddServiceTakesFlags(t *testing.T) {
	canary := parsed(t, "v2=5", spec.ParseCanaryFlag)
	full := ServicePreset{
		Service: spec.Service{
			Name: "payments", Ports: []spec.Port{{Port: 80}}, Hosts: []string{"pay.example.com"},
			Metrics: &spec.Metrics{Port: 9090}, Canary: &canary, Calls: []spec.Call{{Service: "redis"}},
			Egress: []spec.Egress{{Host: "a.org", Port: 443}},
		},
		CalledBy: []string{"web"},
	}
	for _, c := range []struct {
		name   string
		asker  Asker
		preset ServicePreset
		want   Addition
	}{
		{"everything is answered", refuser{t}, full, Addition{&full.Service, []string{"web"}, nil}},
		{
			"nobody to ask, and no ports", Defaults{},
			ServicePreset{Service: spec.Service{Name: "job", Calls: []spec.Call{{Service: "cart"}}}},
			Addition{&spec.Service{Name: "job", Calls: []spec.Call{{Service: "cart"}}}, nil, portless("services[4].ports", "job", "--port=none")},
		},
		{
			"no ports, as the flag says", Defaults{},
			ServicePreset{Service: spec.Service{Name: "job", Ports: []spec.Port{}}},
			Addition{&spec.Service{Name: "job"}, nil, nil},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AddService(t.Context(), c.asker, shop, c.preset)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(&c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// portless is the warning about a service of whose ports nobody said anything.
func portless(path, name, flag string) diag.List {
	return diag.List{{
		Path: path, Severity: diag.Warning, Code: "no-ports",
		Message: name + " serves no port: nothing can call it", Fix: "say " + flag + " if it only calls others",
	}}
}

func TestAddServiceRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		asker  Asker
		preset ServicePreset
		want   []string
	}{
		{"no name", Defaults{}, ServicePreset{}, []string{"services[4].name"}},
		{"a name that is taken", refuser{t}, ServicePreset{Service: spec.Service{Name: "web"}}, []string{"services[4].name"}},
		{
			"callers and callees that do not exist", refuser{t},
			ServicePreset{Service: spec.Service{Name: "pay", Calls: []spec.Call{{Service: "crat"}}}, CalledBy: []string{"wep"}},
			[]string{"--called-by", "services[4].calls[0]"},
		},
		{
			"a caller, and no port to call", Defaults{},
			ServicePreset{Service: spec.Service{Name: "pay"}, CalledBy: []string{"web"}},
			[]string{"services[0].calls[2]"},
		},
		{
			"a host, and no port that it could lead to", Defaults{},
			ServicePreset{Service: spec.Service{Name: "pay", Hosts: []string{"pay.org"}}},
			[]string{"services[4].hosts"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := AddService(t.Context(), c.asker, shop, c.preset)
			if err == nil {
				t.Fatalf("taken as %+v", got.Service)
			}
			if d := cmp.Diff(c.want, places(err)); d != "" {
				t.Errorf("places of %v (-want +got):\n%s", err, d)
			}
		})
	}
}

func TestAddServiceSuggestsTheCallerThatWasMeant(t *testing.T) {
	_, err := AddService(t.Context(), refuser{t}, shop, ServicePreset{
		Service: spec.Service{Name: "pay", Ports: []spec.Port{{Port: 80}}}, CalledBy: []string{"wep"},
	})
	want := `--called-by: there is no service "wep"; did you mean web? Otherwise name a service of kgen.yaml`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
