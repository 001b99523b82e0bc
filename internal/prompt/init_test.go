package prompt

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// lines is an Asker for a script of answers, and its transcript.
func lines(answers ...string) (*Lines, *strings.Builder) {
	var script string
	if len(answers) > 0 {
		script = strings.Join(answers, "\n") + "\n"
	}
	out := &strings.Builder{}
	return NewLines(strings.NewReader(script), out), out
}

// shopAnswers is a session in which every question of Init comes up.
var shopAnswers = []string{
	"shop", "", "sidecar", "shop.example.com", "1", "other", "kong", "kong,app=proxy", "issuer/ca",
	"web", "http=80:8080, admin=9000", "y", "", "9090/stats", "v3=10", "v2", "y",
	"cart", "7070/grpc", "", "", "", "yes",
	"redis", "6379/tcp", "none", "Y",
	"worker", "none", "", "n",
	"cart,2", "3", "", "1, cart",
}

const shopTranscript = `Application name [folder]: shop
Namespace [shop]: shop
  1) none - NetworkPolicies alone
  2) sidecar - Istio, a proxy in every pod
  3) ambient - Istio, a ztunnel on every node
Service mesh [none]: sidecar
Domain of public hosts [none]: shop.example.com
  1) gateway - Gateway API; splits traffic by weight
  2) ingress - Ingress
Front door API [gateway]: gateway
  1) istio
  2) envoy-gateway
  3) traefik
  4) haproxy
  5) nginx
  6) contour
  7) cilium
  8) alb
  9) gce
  10) other - any other name
Class [istio]: other
Name of the class: kong
Proxies of class kong: kong,app=proxy
Certificates [letsencrypt-prod]: issuer/ca
Name of the first service: web
Ports of web [8080]: http=80:8080, admin=9000
Is web public? [y/N]: yes
Hosts of web [web.shop.example.com]: web.shop.example.com
Metrics of web [none]: 9090/stats
Canary of web [none]: v3=10
Stable version of web [v1]: v2
Another service? [y/N]: yes
Name of service 2: cart
Ports of cart [8080]: 7070/grpc
Is cart public? [y/N]: no
Metrics of cart [none]: none
Canary of cart [none]: none
Another service? [y/N]: yes
Name of service 3: redis
Ports of redis [8080]: 6379/tcp
Metrics of redis [none]: none
Another service? [y/N]: yes
Name of service 4: worker
Ports of worker [8080]: none
Metrics of worker [none]: none
Another service? [y/N]: no
  1) cart - 7070/grpc
  2) redis - 6379/tcp
What does web call? [none]: cart, redis
  1) web - http=80:8080, admin=9000
  2) redis - 6379/tcp
What does cart call? [none]: `

var shop = &spec.Network{
	APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"},
	Spec: spec.Spec{
		Domain: "shop.example.com",
		Mesh:   spec.Mesh{Provider: spec.Istio, Mode: spec.Sidecar},
		Ingress: &spec.Ingress{
			API: spec.GatewayAPI, Class: "kong",
			Controller: &spec.Controller{Namespace: "kong", PodLabels: map[string]string{"app": "proxy"}},
			TLS:        &spec.TLS{Issuer: "ca"},
		},
		Services: []spec.Service{
			{
				Name:    "web",
				Ports:   []spec.Port{{Name: "http", Port: 80, TargetPort: spec.PortRef{Number: 8080}}, {Name: "admin", Port: 9000}},
				Hosts:   []string{"web.shop.example.com"},
				Metrics: &spec.Metrics{Port: 9090, Path: "/stats"},
				Canary:  &spec.Canary{Stable: "v2", Version: "v3", Weight: 10},
				Calls:   []spec.Call{{Service: "cart"}, {Service: "redis"}},
			},
			{Name: "cart", Ports: []spec.Port{{Port: 7070, Protocol: spec.GRPC}}, Calls: []spec.Call{{Service: "redis"}}},
			{Name: "redis", Ports: []spec.Port{{Port: 6379, Protocol: spec.TCP}}},
			{Name: "worker", Calls: []spec.Call{{Service: "web"}, {Service: "cart"}}},
		},
	},
}

func TestInitAsksEverythingInOrder(t *testing.T) {
	answers := append([]string(nil), shopAnswers...)
	answers[len(answers)-3] = "redis"
	asker, out := lines(answers...)
	n, err := Init(t.Context(), asker, Preset{Folder: "folder"})
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := shopTranscript + `redis
  1) web - http=80:8080, admin=9000
  2) cart - 7070/grpc
What does redis call? [none]: none
  1) web - http=80:8080, admin=9000
  2) cart - 7070/grpc
  3) redis - 6379/tcp
What does worker call? [none]: web, cart
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Errorf("transcript (-want +got):\n%s", d)
	}
	if d := cmp.Diff(shop, n); d != "" {
		t.Errorf("model (-want +got):\n%s", d)
	}
}

func TestInitRefusesANumberBeyondTheList(t *testing.T) {
	asker, out := lines(shopAnswers...)
	_, err := Init(t.Context(), asker, Preset{Folder: "folder"})
	if err == nil {
		t.Fatalf("a callee that does not exist was taken:\n%s", out)
	}
	want := `answers:33: What does cart call?: "3": "3" is not on the list; answer with names or numbers from 1 to 2`
	if d := cmp.Diff(want, err.Error()); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// The same answers as flags, with nobody to ask, make the same model.
func TestInitFromFlagsAlone(t *testing.T) {
	var p Preset
	p.Name, p.Domain, p.API, p.Class = "shop", "shop.example.com", spec.GatewayAPI, "kong"
	mesh := parsed(t, "sidecar", spec.ParseMeshFlag)
	tls := parsed(t, "issuer/ca", spec.ParseIssuerFlag)
	controller := parsed(t, "kong,app=proxy", spec.ParseControllerFlag)
	p.Mesh, p.TLS, p.Controller = &mesh, &tls, &controller
	for _, word := range []string{
		"web,port=http=80:8080,port=admin=9000,host=web.shop.example.com,metrics=9090/stats,canary=v3=10,stable=v2,calls=cart,calls=redis",
		"cart,port=7070/grpc,calls=redis",
		"redis,port=6379/tcp",
		"worker,calls=web,calls=cart",
	} {
		p.Services = append(p.Services, parsed(t, word, spec.ParseServiceFlag))
	}
	asker, out := lines()
	for name, asker := range map[string]Asker{"defaults": Defaults{}, "no lines": asker, "nobody may be asked": refuser{t}} {
		preset := p
		if name == "nobody may be asked" {
			preset.Namespace = "shop"
		}
		n, err := Init(t.Context(), asker, preset)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(shop, n); d != "" {
			t.Errorf("%s: model (-want +got):\n%s", name, d)
		}
	}
	if d := cmp.Diff("Namespace [shop]: shop\n", out.String()); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

func parsed[T any](t *testing.T, word string, parse func(string) (T, error)) T {
	t.Helper()
	v, err := parse(word)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// refuser fails the test when it is asked anything.
type refuser struct{ t *testing.T }

func (r refuser) Text(_ context.Context, q Text) (string, error) {
	r.t.Errorf("asked %q", q.Message)
	return "", ErrUnanswered
}

func (r refuser) Choose(_ context.Context, q Choice) ([]string, error) {
	r.t.Errorf("asked %q", q.Message)
	return q.Default, nil
}

func (r refuser) Confirm(_ context.Context, q YesNo) (bool, error) {
	r.t.Errorf("asked %q", q.Message)
	return false, nil
}

// questions reduces a transcript to the questions in it.
func questions(transcript string) []string {
	var out []string
	for line := range strings.Lines(transcript) {
		if !strings.HasPrefix(line, "  ") {
			question, _, _ := strings.Cut(line, ":")
			question, _, _ = strings.Cut(question, " [")
			out = append(out, strings.TrimSpace(question))
		}
	}
	return out
}

func TestInitLeavesOutWhatNeedsNoAnswer(t *testing.T) {
	none := spec.Mesh{Provider: spec.NoMesh}
	for _, c := range []struct {
		name    string
		preset  Preset
		answers []string
		want    []string
	}{
		{
			"nothing public, no mesh: no front door, no canary", Preset{Name: "shop"},
			[]string{"", "", "", "web", ""},
			[]string{"Namespace", "Service mesh", "Domain of public hosts", "Name of the first service", "Ports of web", "Metrics of web", "Another service?"},
		},
		{
			"an Ingress without a mesh splits nothing", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Domain: "x.org", API: spec.IngressResource, Class: "traefik", TLS: &spec.TLS{}},
			[]string{"web", "80", "y", ""},
			[]string{"Name of the first service", "Ports of web", "Is web public?", "Hosts of web", "Metrics of web", "Another service?"},
		},
		{
			"a Gateway without a mesh splits what is public", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Domain: "x.org", API: spec.GatewayAPI, Class: "cilium", TLS: &spec.TLS{}},
			[]string{"web", "80", "y", "", "", "", "y", "api", "90", "n", "", "n"},
			[]string{
				"Name of the first service", "Ports of web", "Is web public?", "Hosts of web", "Metrics of web", "Canary of web", "Another service?",
				"Name of service 2", "Ports of api", "Is api public?", "Metrics of api", "Another service?",
				"What does web call?", "What does api call?",
			},
		},
		{
			"an Ingress cannot pass TLS through", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Domain: "x.org", API: spec.IngressResource, Class: "traefik", TLS: &spec.TLS{}},
			[]string{"vault", "8200/https"},
			[]string{"Name of the first service", "Ports of vault", "Metrics of vault", "Another service?"},
		},
		{
			"a flag of the front door opens it without a domain", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Class: "gce"},
			[]string{"", "", "", "web", "80", "y", "shop.example.com"},
			[]string{"Domain of public hosts", "Front door API", "Certificates", "Name of the first service", "Ports of web", "Is web public?", "Hosts of web", "Metrics of web", "Canary of web", "Another service?"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			asker, out := lines(c.answers...)
			if _, err := Init(t.Context(), asker, c.preset); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if d := cmp.Diff(c.want, questions(out.String())); d != "" {
				t.Errorf("questions (-want +got):\n%s", d)
			}
		})
	}
}

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
			n, err := Init(t.Context(), c.asker, c.preset)
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
	_, err := Init(t.Context(), refuser{t}, Preset{
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
			[]string{"", "web", "80x"},
			`answers:3: Ports of web: "80x": the port "80x" is not a whole number (a name goes in front, as in 80x=8080); write [NAME=]PORT[:TARGET][/PROTOCOL]`,
		},
		{
			"two ports of one name", internal,
			[]string{"", "web", "80,81"},
			`answers:3: Ports of web: "80,81": port name "http" is already taken in web`,
		},
		{
			"name of a service twice", internal,
			[]string{"", "web", "80", "", "", "y", "web"},
			`answers:7: Name of service 2: "web": there is a service "web" already`,
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
			[]string{"", "db", "5432/tcp", "5432"},
			`answers:4: Metrics of db: "5432": port tcp speaks tcp, and metrics are scraped over HTTP`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			asker, out := lines(c.answers...)
			_, err := Init(t.Context(), asker, c.preset)
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
	asker, _ := lines("", "web", "80", "", "v1=5")
	_, err := Init(t.Context(), asker, Preset{Name: "shop", Namespace: "shop", Mesh: &ambient})
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
		{"empty line", []string{"", "", "web", ""}, []spec.Port{{Port: 8080}}},
		{"end of input", []string{"", "", "web"}, nil},
	} {
		asker, _ := lines(c.answers...)
		n, err := Init(t.Context(), asker, preset)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, n.Spec.Services[0].Ports); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

func TestLinesEndsWithTheContext(t *testing.T) {
	// A pipe that is never written to: without the context the read would not end.
	r, w := io.Pipe()
	defer w.Close()
	ctx, cancel := context.WithCancel(t.Context())
	asked := writerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	_, err := Init(ctx, NewLines(r, asked), Preset{})
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("got %v, want ErrInterrupted", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestLinesNamesTheLineThatCannotBeRead(t *testing.T) {
	asker, _ := lines("shop", strings.Repeat("x", 1<<17))
	_, err := Init(t.Context(), asker, Preset{})
	if want := "answers:2: reading the line: bufio.Scanner: token too long"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func FuzzChoose(f *testing.F) {
	for _, typed := range []string{"", "1", "a,2", "none", "2, 2", "0", "99999999999999999999", ",", "-1"} {
		f.Add(typed)
	}
	q := Choice{Many: true, Options: []Option{{Value: "a"}, {Value: "2"}, {Value: "null"}}}
	f.Fuzz(func(t *testing.T, typed string) {
		chosen, err := q.choose(typed)
		if err != nil {
			return
		}
		again, err := q.choose(strings.Join(chosen, ","))
		if len(chosen) > 0 && err != nil {
			t.Fatalf("%q chose %q, which is refused: %v", typed, chosen, err)
		}
		if d := cmp.Diff(chosen, again); len(chosen) > 0 && d != "" {
			t.Errorf("%q chose differently the second time:\n%s", typed, d)
		}
	})
}
