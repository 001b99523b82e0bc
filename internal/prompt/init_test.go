package prompt

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	"cart,2", "5", "", "web:http, 4",
	"api.stripe.com:443, 10.20.0.0/16:53/udp",
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
  2) web:http - http=80:8080
  3) web:admin - admin=9000
  4) redis - 6379/tcp
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
				Egress:  []spec.Egress{{Host: "api.stripe.com", Port: 443}, {CIDR: "10.20.0.0/16", Port: 53, Protocol: spec.UDP}},
			},
			{Name: "cart", Ports: []spec.Port{{Port: 7070, Protocol: spec.GRPC}}, Calls: []spec.Call{{Service: "redis"}}},
			{Name: "redis", Ports: []spec.Port{{Port: 6379, Protocol: spec.TCP}}},
			{Name: "worker", Calls: []spec.Call{{Service: "web", Port: spec.PortRef{Name: "http"}}, {Service: "cart"}}},
		},
	},
}

func TestInitAsksEverythingInOrder(t *testing.T) {
	answers := append([]string(nil), shopAnswers...)
	answers[len(answers)-4] = "redis"
	asker, out := lines(answers...)
	n, warnings, err := Init(t.Context(), asker, Preset{Folder: "folder"})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v %v\n%s", err, warnings, out)
	}
	want := shopTranscript + `redis
  1) web - http=80:8080, admin=9000
  2) web:http - http=80:8080
  3) web:admin - admin=9000
  4) cart - 7070/grpc
What does redis call? [none]: none
  1) web - http=80:8080, admin=9000
  2) web:http - http=80:8080
  3) web:admin - admin=9000
  4) cart - 7070/grpc
  5) redis - 6379/tcp
What does worker call? [none]: web:http, cart
Calls of web outside the cluster [none]: api.stripe.com:443, 10.20.0.0/16:53/udp
Calls of cart outside the cluster [none]: none
Calls of redis outside the cluster [none]: none
Calls of worker outside the cluster [none]: none
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
	_, _, err := Init(t.Context(), asker, Preset{Folder: "folder"})
	if err == nil {
		t.Fatalf("a callee that does not exist was taken:\n%s", out)
	}
	want := `answers:33: What does cart call?: "5": "5" is not on the list; answer with names or numbers from 1 to 4`
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
		"web,port=http=80:8080,port=admin=9000,host=web.shop.example.com,metrics=9090/stats,canary=v3=10,stable=v2,calls=cart,calls=redis,egress=api.stripe.com:443,egress=10.20.0.0/16:53/udp",
		"cart,port=7070/grpc,calls=redis",
		"redis,port=6379/tcp",
		"worker,port=none,calls=web:http,calls=cart",
	} {
		p.Services = append(p.Services, parsed(t, word, spec.ParseServiceFlag))
	}
	asker, out := lines()
	for name, asker := range map[string]Asker{"defaults": Defaults{}, "no lines": asker, "nobody may be asked": refuser{t}} {
		preset := p
		if name == "nobody may be asked" {
			preset.Namespace = "shop"
		}
		n, warnings, err := Init(t.Context(), asker, preset)
		if err != nil || len(warnings) > 0 {
			t.Fatalf("%s: %v %v", name, err, warnings)
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

func (refuser) Done(context.Context) error { return nil }

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
			[]string{"", "", "", "", "web", ""},
			[]string{"Namespace", "Service mesh", "Domain of public hosts", "Is anything served to the outside?", "Name of the first service", "Ports of web", "Metrics of web", "Another service?", "Calls of web outside the cluster"},
		},
		{
			"an Ingress without a mesh splits nothing", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Domain: "x.org", API: spec.IngressResource, Class: "traefik", TLS: &spec.TLS{}},
			[]string{"web", "80", "y", ""},
			[]string{"Name of the first service", "Ports of web", "Is web public?", "Hosts of web", "Metrics of web", "Another service?", "Calls of web outside the cluster"},
		},
		{
			"a Gateway without a mesh splits what is public", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Domain: "x.org", API: spec.GatewayAPI, Class: "cilium", TLS: &spec.TLS{}},
			[]string{"web", "80", "y", "", "", "", "y", "api", "90", "n", "", "n"},
			[]string{
				"Name of the first service", "Ports of web", "Is web public?", "Hosts of web", "Metrics of web", "Canary of web", "Another service?",
				"Name of service 2", "Ports of api", "Is api public?", "Metrics of api", "Another service?",
				"What does web call?", "What does api call?", "Calls of web outside the cluster", "Calls of api outside the cluster",
			},
		},
		{
			"an Ingress cannot pass TLS through", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Domain: "x.org", API: spec.IngressResource, Class: "traefik", TLS: &spec.TLS{}},
			[]string{"vault", "8200/https"},
			[]string{"Name of the first service", "Ports of vault", "Metrics of vault", "Another service?", "Calls of vault outside the cluster"},
		},
		{
			"a flag of the front door opens it without a domain", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Class: "gce"},
			[]string{"", "", "", "web", "80", "y", "shop.example.com"},
			[]string{"Domain of public hosts", "Front door API", "Certificates", "Name of the first service", "Ports of web", "Is web public?", "Hosts of web", "Metrics of web", "Canary of web", "Another service?", "Calls of web outside the cluster"},
		},
		{
			"hosts are served without a domain: each is asked for whole", Preset{Name: "shop", Namespace: "shop", Mesh: &none},
			[]string{"", "y", "ingress", "", "insecure", "web", "80", "y", "shop.example.com"},
			[]string{
				"Domain of public hosts", "Is anything served to the outside?", "Front door API", "Class", "Certificates",
				"Name of the first service", "Ports of web", "Is web public?", "Hosts of web", "Metrics of web", "Another service?", "Calls of web outside the cluster",
			},
		},
		{
			"services from flags are complete but for ports", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Services: []spec.Service{
				{Name: "web", Hosts: []string{"a.org"}, Calls: []spec.Call{{Service: "api", Port: spec.PortRef{Name: "grpc"}}}},
				{Name: "api"}, {Name: "worker", Ports: []spec.Port{}},
			}, API: spec.GatewayAPI, Class: "cilium", TLS: &spec.TLS{}, Domain: "x.org"},
			[]string{"", "9000/grpc"},
			[]string{"Ports of web", "Ports of api"},
		},
		{
			"nothing more is asked about the front door of services that have no hosts", Preset{Name: "shop", Namespace: "shop", Mesh: &none, Services: []spec.Service{{Name: "web", Ports: []spec.Port{{Port: 80}}}}},
			nil,
			[]string{"Domain of public hosts"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			asker, out := lines(c.answers...)
			if _, _, err := Init(t.Context(), asker, c.preset); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if d := cmp.Diff(c.want, questions(out.String())); d != "" {
				t.Errorf("questions (-want +got):\n%s", d)
			}
		})
	}
}
