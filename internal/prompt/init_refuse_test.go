package prompt

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

func TestInitReportsAllThatIsMissing(t *testing.T) {
	unnamed := `metadata.name: nobody answered, and there is no default; give --name NAME
services[0].name: nobody answered, and there is no default; give --service NAME[,port=PORT][,host=HOST][,calls=SVC]…`
	eof, _ := lines()
	for _, c := range []struct {
		name   string
		asker  Asker
		preset Preset
		want   string
	}{
		{"defaults", Defaults{}, Preset{Folder: "My Shop"}, unnamed},
		{"end of input", eof, Preset{Folder: ""}, unnamed},
		{
			"an unknown class", Defaults{}, Preset{Name: "shop", Class: "kong"},
			`ingress.controller: nobody answered, and there is no default; give --controller NAMESPACE[,KEY=VALUE]… or CIDR[,CIDR]…
services[0].name: nobody answered, and there is no default; give --service NAME[,port=PORT][,host=HOST][,calls=SVC]…`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, _, err := Init(t.Context(), c.asker, c.preset)
			if n != nil || err == nil {
				t.Fatalf("no error, and %v", n)
			}
			if d := cmp.Diff(c.want, err.Error()); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestInitRefusesBadFlagsBeforeAsking(t *testing.T) {
	_, _, err := Init(t.Context(), refuser{t}, Preset{
		Name: "Shop", Domain: "*.org",
		Services: []spec.Service{
			{Name: "web", Ports: []spec.Port{{Port: 80}}, Calls: []spec.Call{{Service: "crat"}}},
			{Name: "cart", Ports: []spec.Port{{Port: 80}}},
			{Name: "web"},
		},
	})
	want := []string{"metadata.name", "domain", "services[2].name", "services[0].calls[0]"}
	if d := cmp.Diff(want, places(err)); d != "" {
		t.Errorf("places of %v (-want +got):\n%s", err, d)
	}
}

// places are the paths of an error's findings: what the model says of each is
// the model's own to test.
func places(err error) []string {
	var list diag.List
	errors.As(err, &list)
	var out []string
	for _, d := range list {
		out = append(out, d.Path)
	}
	return out
}

func TestInitRefusesAnswersThatWillNotDo(t *testing.T) {
	ambient := spec.Mesh{Provider: spec.Istio, Mode: spec.Ambient}
	internal := Preset{Name: "shop", Namespace: "shop", Mesh: &ambient}
	public := Preset{Name: "shop", Namespace: "shop", Mesh: &ambient, Domain: "x.org", API: spec.GatewayAPI, Class: "istio", TLS: &spec.TLS{}}
	for _, c := range []struct {
		name    string
		preset  Preset
		answers []string
		want    string
	}{
		{
			"application", Preset{},
			[]string{"Shop"},
			`answers:1: Application name: "Shop": "Shop" is not a DNS-1123 label (lower-case letters, digits and hyphens)`,
		},
		{
			"mesh", Preset{},
			[]string{"shop", "", "sidecars"},
			`answers:3: Service mesh: "sidecars": "sidecars" is not on the list, did you mean sidecar?`,
		},
		{
			"port", internal,
			[]string{"", "", "web", "80x"},
			`answers:4: Ports of web: "80x": the port "80x" is not a whole number (a name goes in front, as in 80x=8080); write [NAME=]PORT[:TARGET][/PROTOCOL]`,
		},
		{
			"two ports of one name", internal,
			[]string{"", "", "web", "80,81"},
			`answers:4: Ports of web: "80,81": port name "http" is already taken in web`,
		},
		{
			"name of a service twice", internal,
			[]string{"", "", "web", "80", "", "", "y", "web"},
			`answers:8: Name of service 2: "web": there is a service "web" already`,
		},
		{
			"public", public,
			[]string{"web", "80", "perhaps"},
			`answers:3: Is web public?: "perhaps": is neither y nor n`,
		},
		{
			"host twice", public,
			[]string{"web", "80", "y", "a.org,a.org"},
			`answers:4: Hosts of web: "a.org,a.org": host "a.org" is listed twice`,
		},
		{
			"weight", public,
			[]string{"web", "80", "n", "", "v2=130"},
			`answers:5: Canary of web: "v2=130": the weight 130 is not between 0 and 100; write VERSION=WEIGHT`,
		},
		{
			"stable version is the canary", public,
			[]string{"web", "80", "n", "", "v2=10", "v2"},
			`answers:6: Stable version of web: "v2": "v2" is the stable version already`,
		},
		{
			"metrics over TCP", internal,
			[]string{"", "", "db", "5432/tcp", "5432"},
			`answers:5: Metrics of db: "5432": port tcp speaks tcp, and metrics are scraped over HTTP`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			asker, out := lines(c.answers...)
			_, _, err := Init(t.Context(), asker, c.preset)
			if err == nil {
				t.Fatalf("the answer was taken:\n%s", out)
			}
			// What follows the fact is the model's way out, tested where it is written.
			fact := err.Error()
			if d := cmp.Diff(c.want, fact[:min(len(fact), len(c.want))]); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestACanaryOfV1NeedsItsStableVersion(t *testing.T) {
	ambient := spec.Mesh{Provider: spec.Istio, Mode: spec.Ambient}
	asker, _ := lines("", "", "web", "80", "", "v1=5")
	_, _, err := Init(t.Context(), asker, Preset{Name: "shop", Namespace: "shop", Mesh: &ambient})
	if err == nil {
		t.Fatal("v1 became a canary beside v1")
	}
	want := "services[0].canary.stable: nobody answered, and there is no default; give --service web,stable=VERSION"
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestAnEmptyLineTakesThePortThatNobodyElseGets(t *testing.T) {
	preset := Preset{Name: "shop", Namespace: "shop"}
	for _, c := range []struct {
		name    string
		answers []string
		want    []spec.Port
	}{
		{"empty line", []string{"", "", "", "web", ""}, []spec.Port{{Port: 8080}}},
		{"end of input", []string{"", "", "", "web"}, nil},
	} {
		asker, _ := lines(c.answers...)
		n, _, err := Init(t.Context(), asker, preset)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, n.Spec.Services[0].Ports); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}
