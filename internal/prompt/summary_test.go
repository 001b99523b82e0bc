package prompt

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		name string
		n    *spec.Network
		want string
	}{
		{"shop", shop, `shop in namespace shop: Istio in sidecar mode, Gateway API of class kong, certificates from Issuer ca
  web      80->8080/http 9000/http   https://web.shop.example.com, 10% to v3 beside v2, metrics on 9090/stats, calls api.stripe.com:443, calls 10.20.0.0/16:53/udp
  cart     7070/grpc
  redis    6379/tcp
  worker   no ports
calls
  web -> cart, redis
  cart -> redis
  worker -> web:http, cart
`},
		{"plain", &spec.Network{Metadata: spec.Metadata{Name: "hello"}, Spec: spec.Spec{
			Namespace: "demo",
			Services:  []spec.Service{{Name: "hello", Ports: []spec.Port{{Port: 80}}}},
		}}, `hello in namespace demo: no mesh, nothing public
  hello   80/http
no calls between services
`},
		{"edges to the outside", &spec.Network{Metadata: spec.Metadata{Name: "hello"}, Spec: spec.Spec{
			Ingress: &spec.Ingress{API: spec.IngressResource, Insecure: true},
			Services: []spec.Service{{
				Name: "hello", Type: spec.LoadBalancer, Hosts: []string{"a.org"},
				Ports:   []spec.Port{{Port: 80, TargetPort: spec.PortRef{Name: "web"}}},
				Calls:   []spec.Call{{Service: "ledger", Namespace: "billing", Port: spec.PortRef{Number: 8443}}},
				Callers: []spec.Caller{{Namespace: "partners"}},
				Egress:  []spec.Egress{{Host: "api.stripe.com", Port: 443}, {CIDR: "10.20.0.0/16", Ports: []spec.PortNumber{5432}}},
			}},
		}}, `hello in namespace hello: no mesh, Ingress of class traefik, no TLS at the front door
  hello   80->web/http   LoadBalancer, http://a.org, called from namespace partners, calls api.stripe.com:443, calls 10.20.0.0/16:5432
calls
  hello -> ledger:8443 in billing
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, Summary(c.n)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func TestServiceSummary(t *testing.T) {
	for name, want := range map[string]string{
		"cart": `  cart   7070/grpc
calls
  cart -> redis
  web -> cart
  worker -> cart
`,
		"alone": `  alone   no ports
no calls to or from it
`,
	} {
		n := added(shop, spec.Service{Name: "alone"}, nil)
		if d := cmp.Diff(want, ServiceSummary(n, name)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
