package spec_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	. "kgen.dev/kgen/internal/spec"
)

// outcome is what a parser makes of a word: the value and its word again, or the error.
func outcome[T any](word string, parse func(string) (T, error), format func(T) string) (T, string, string) {
	v, err := parse(word)
	if err != nil {
		return v, "", err.Error()
	}
	return v, format(v), ""
}

type wordCase[T any] struct {
	word  string
	want  T
	again string // the word as Format gives it; "" means word itself
	err   string
}

func runWords[T any](t *testing.T, parse func(string) (T, error), format func(T) string, cases []wordCase[T]) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.word, func(t *testing.T) {
			t.Helper()
			got, again, err := outcome(c.word, parse, format)
			if d := cmp.Diff(c.err, err); d != "" {
				t.Errorf("error (-want +got):\n%s", d)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("value (-want +got):\n%s", d)
			}
			want := c.again
			if want == "" && c.err == "" {
				want = c.word
			}
			if d := cmp.Diff(want, again); d != "" {
				t.Errorf("formatted again (-want +got):\n%s", d)
			}
		})
	}
}

func TestParsePortFlag(t *testing.T) {
	const form = "; write [NAME=]PORT[:TARGET][/PROTOCOL]"
	runWords(t, ParsePortFlag, FormatPortFlag, []wordCase[Port]{
		{word: "8080", want: Port{Port: 8080}},
		{word: "80:8080", want: Port{Port: 80, TargetPort: PortRef{Number: 8080}}},
		{word: "80:web", want: Port{Port: 80, TargetPort: PortRef{Name: "web"}}},
		{word: "grpc=9000/grpc", want: Port{Name: "grpc", Port: 9000, Protocol: GRPC}},
		{word: "db=5432:pg/tcp", want: Port{Name: "db", Port: 5432, TargetPort: PortRef{Name: "pg"}, Protocol: TCP}},
		{word: "1e3=80", want: Port{Name: "1e3", Port: 80}},
		{word: "", err: `the port "" is not a whole number` + form},
		{word: "=80", err: `the port's name is empty` + form},
		{word: "80x", err: `the port "80x" is not a whole number (a name goes in front, as in 80x=8080)` + form},
		{word: "http:80", err: `the port "http" is not a whole number (a name goes in front, as in http=8080)` + form},
		{word: "65536", err: `the port 65536 is not between 1 and 65535` + form},
		{word: "0x1f", err: `the port "0x1f" is not a whole number (a name goes in front, as in 0x1f=8080)` + form},
		{word: "80:", err: `the target port is empty` + form},
		{word: "80:0", err: `the target port 0 is not between 1 and 65535` + form},
		{word: "80/htp", err: `the protocol "htp" is not known, did you mean http? It is one of http, http2, grpc, https, tls, tcp, udp, sctp` + form},
		{word: "80/HTTP", err: `the protocol "HTTP" is not known, did you mean http? It is one of http, http2, grpc, https, tls, tcp, udp, sctp` + form},
		{word: "80/", err: `the protocol "" is not one of http, http2, grpc, https, tls, tcp, udp, sctp` + form},
		{word: "Web=80", err: `the port's name "Web" is not a port name (lower-case letters, digits and single hyphens, at least one letter)` + form},
	})
}

func TestParseCallFlag(t *testing.T) {
	runWords(t, ParseCallFlag, FormatCallFlag, []wordCase[Call]{
		{word: "cart", want: Call{Service: "cart"}},
		{word: "cart:grpc", want: Call{Service: "cart", Port: PortRef{Name: "grpc"}}},
		{word: "null:7070", want: Call{Service: "null", Port: PortRef{Number: 7070}}},
		{word: "cart:", err: "the callee's port is empty; write SVC[:PORT]"},
		{word: ":80", err: "the callee is empty; write SVC[:PORT]"},
		{word: "ledger.billing:8443", err: `the callee "ledger.billing" is not a DNS-1123 label (lower-case letters, digits and hyphens) ` +
			`(a callee in another namespace is described in kgen.yaml, with service, namespace and port); write SVC[:PORT]`},
	})
}

func TestParseCanaryFlag(t *testing.T) {
	runWords(t, ParseCanaryFlag, FormatCanaryFlag, []wordCase[Canary]{
		{word: "v2=10", want: Canary{Version: "v2", Weight: 10}},
		{word: "v2=0", want: Canary{Version: "v2"}},
		{word: "v2", err: `"v2" has no weight; write VERSION=WEIGHT, such as v2=10`},
		{word: "v2=130", err: `the weight 130 is not between 0 and 100; write VERSION=WEIGHT`},
		{word: "v2=10%", err: `the weight "10%" is not a whole number; write VERSION=WEIGHT`},
		{word: "V2=10", err: `the version "V2" is not a DNS-1123 label (lower-case letters, digits and hyphens); write VERSION=WEIGHT`},
	})
}

func TestParseMetricsFlag(t *testing.T) {
	runWords(t, ParseMetricsFlag, FormatMetricsFlag, []wordCase[Metrics]{
		{word: "9090", want: Metrics{Port: 9090}},
		{word: "9090/", want: Metrics{Port: 9090, Path: "/"}},
		{word: "9090/stats/prometheus", want: Metrics{Port: 9090, Path: "/stats/prometheus"}},
		{word: "/metrics", err: `the port "" is not a whole number; write PORT[/PATH]`},
		{word: "9090/../x", err: `the path "/../x" has an empty, . or .. segment; write PORT[/PATH]`},
	})
}

func TestParseEgressFlag(t *testing.T) {
	const form = "; write HOST:PORT[/udp] or CIDR:PORT[/udp]"
	runWords(t, ParseEgressFlag, FormatEgressFlag, []wordCase[Egress]{
		{word: "api.stripe.com:443", want: Egress{Host: "api.stripe.com", Port: 443}},
		{word: "10.20.0.0/16:5432", want: Egress{CIDR: "10.20.0.0/16", Port: 5432}},
		{word: "2001:db8::/32:443", want: Egress{CIDR: "2001:db8::/32", Port: 443}},
		{word: "ntp.example.com:123/udp", want: Egress{Host: "ntp.example.com", Port: 123, Protocol: UDP}},
		{word: "2001:db8::/32:53/udp", want: Egress{CIDR: "2001:db8::/32", Port: 53, Protocol: UDP}},
		{word: "10.20.0.0/16:5432/tcp", want: Egress{CIDR: "10.20.0.0/16", Port: 5432}, again: "10.20.0.0/16:5432"},
		{word: "a.org:123/upd", err: `the protocol "upd" is not known, did you mean udp? It is one of tcp, udp` + form},
		{word: "2001:db8::/32", err: `the port "" is not a whole number` + form},
		{word: "api.stripe.com", err: `"api.stripe.com" has no port; write HOST:PORT[/udp] or CIDR:PORT[/udp], such as api.example.com:443`},
		{word: "https://api.stripe.com:443", err: `the CIDR "https://api.stripe.com" is not a CIDR such as 10.0.0.0/8` + form},
		{word: "10.0.0.1:443", err: `the CIDR "10.0.0.1" is an address, not a range; write 10.0.0.1/32` + form},
		{word: "2001:db8::1:443", err: `the CIDR "2001:db8::1" is an address, not a range; write 2001:db8::1/128` + form},
		{word: "10.0.0.1/8:443", err: `the CIDR "10.0.0.1/8" has host bits set; write 10.0.0.0/8` + form},
		{word: "*.stripe.com:443", err: `the host "*.stripe.com" is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)` + form},
		{word: ":443", err: `the host is empty` + form},
	})
}

func TestParsePathFlag(t *testing.T) {
	const form = "; write PATH[=[PORT][:REWRITE]]"
	runWords(t, ParsePathFlag, FormatPathFlag, []wordCase[Path]{
		{word: "/", want: Path{Path: "/"}},
		{word: "/api=http", want: Path{Path: "/api", Port: "http"}},
		{word: "/old=http:/new", want: Path{Path: "/old", Port: "http", Rewrite: "/new"}},
		{word: "/v1=:/", want: Path{Path: "/v1", Rewrite: "/"}},
		{word: "/items:batch=http:/i=1:x", want: Path{Path: "/items:batch", Port: "http", Rewrite: "/i=1:x"}},
		{word: "api", err: `the path "api" is not a path that starts with /` + form},
		{word: "/api=", err: `the port's name is empty` + form},
		{word: "/api=80", err: `the port's name "80" is not a port name (lower-case letters, digits and single hyphens, at least one letter)` + form},
		{word: "/api=:", err: `the rewrite "" is not a path that starts with /` + form},
	})
}

func TestParseMeshFlag(t *testing.T) {
	runWords(t, ParseMeshFlag, FormatMeshFlag, []wordCase[Mesh]{
		{word: "none", want: Mesh{Provider: NoMesh}},
		{word: "sidecar", want: Mesh{Provider: Istio, Mode: Sidecar}},
		{word: "ambient", want: Mesh{Provider: Istio, Mode: Ambient}},
		{word: "sidecars", err: `the mesh "sidecars" is not known, did you mean sidecar? It is one of none, sidecar, ambient`},
		{word: "linkerd", err: `the mesh "linkerd" is not one of none, sidecar, ambient`},
	})
}

func TestParseIssuerFlag(t *testing.T) {
	const form = "; write NAME, issuer/NAME, secret/NAME or insecure"
	runWords(t, ParseIssuerFlag, FormatIssuerFlag, []wordCase[TLS]{
		{word: "letsencrypt-prod", want: TLS{ClusterIssuer: "letsencrypt-prod"}},
		{word: "clusterissuer/ca", want: TLS{ClusterIssuer: "ca"}, again: "ca"},
		{word: "clusterissuer/insecure", want: TLS{ClusterIssuer: "insecure"}},
		{word: "issuer/ca", want: TLS{Issuer: "ca"}},
		{word: "secret/wildcard", want: TLS{SecretName: "wildcard"}},
		{word: "insecure"},
		{word: "", err: "the issuer is empty" + form},
		{word: "vault/ca", err: `certificates come from a clusterissuer, an issuer or a secret, and "vault" is none of them` + form},
		{word: "secret/A", err: `the issuer "A" is not an object name (lower-case letters, digits, hyphens and dots)` + form},
	})
}

func TestParseControllerFlag(t *testing.T) {
	const form = "; write NAMESPACE[,KEY=VALUE]… or CIDR[,CIDR]…"
	runWords(t, ParseControllerFlag, FormatControllerFlag, []wordCase[Controller]{
		{word: "kong", want: Controller{Namespace: "kong"}},
		{word: "kong,app.kubernetes.io/name=kong", want: Controller{Namespace: "kong", PodLabels: map[string]string{"app.kubernetes.io/name": "kong"}}},
		{word: "z=1,kong,a=2", want: Controller{Namespace: "kong", PodLabels: map[string]string{"a": "2", "z": "1"}}, again: "kong,a=2,z=1"},
		{word: "10.0.0.0/8,2001:db8::/32", want: Controller{IPBlocks: []string{"10.0.0.0/8", "2001:db8::/32"}}},
		{word: "app=kong", err: "the controller has labels and no namespace" + form},
		{word: "kong,10.0.0.0/8", err: "the controller has both a namespace and addresses" + form},
		{word: "kong,other", err: `the controller has two namespaces, kong and "other"` + form},
		{word: "kong,a=1,a=2", err: `the label "a" is given twice` + form},
		{word: "kong,", err: `the controller has two namespaces, kong and ""` + form},
		{word: "10.0.0.1/8", err: `the address range "10.0.0.1/8" has host bits set; write 10.0.0.0/8` + form},
	})
}

func TestParseServiceFlag(t *testing.T) {
	const form = "; write NAME[,port=PORT][,host=HOST][,calls=SVC]…"
	runWords(t, ParseServiceFlag, FormatServiceFlag, []wordCase[Service]{
		{word: "worker", want: Service{Name: "worker"}},
		{word: "null", want: Service{Name: "null"}},
		{word: "worker,port=none,calls=web", want: Service{Name: "worker", Ports: []Port{}, Calls: []Call{{Service: "web"}}}},
		{word: "web,port=80,port=none", err: "port=none: none says that there is no port, and 80 is one"},
		{word: "web,port=none,port=80", err: "port=80: none said that there is no port"},
		{
			word: "web,port=http=80:8080,port=grpc=9000/grpc,host=shop.example.com,path=/api=http:/,calls=cart:7070,calls=pay," +
				"egress=api.stripe.com:443,canary=v3=10,stable=v2,metrics=9090/stats,type=LoadBalancer,replicas=3",
			want: Service{
				Name: "web",
				Ports: []Port{
					{Name: "http", Port: 80, TargetPort: PortRef{Number: 8080}},
					{Name: "grpc", Port: 9000, Protocol: GRPC},
				},
				Hosts:    []string{"shop.example.com"},
				Paths:    []Path{{Path: "/api", Port: "http", Rewrite: "/"}},
				Calls:    []Call{{Service: "cart", Port: PortRef{Number: 7070}}, {Service: "pay"}},
				Egress:   []Egress{{Host: "api.stripe.com", Port: 443}},
				Canary:   &Canary{Stable: "v2", Version: "v3", Weight: 10},
				Metrics:  &Metrics{Port: 9090, Path: "/stats"},
				Type:     LoadBalancer,
				Replicas: 3,
			},
		},
		{
			word:  "web,stable=v2,canary=v3=10,port=80",
			want:  Service{Name: "web", Ports: []Port{{Port: 80}}, Canary: &Canary{Stable: "v2", Version: "v3", Weight: 10}},
			again: "web,port=80,canary=v3=10,stable=v2",
		},
		{word: "", err: "the service's name is empty" + form},
		{word: "port=80", err: `the service's name "port=80" is not a DNS-1123 label (lower-case letters, digits and hyphens)` + form},
		{word: "web,stable=v2", err: "stable= names the old version of a canary, and there is none; add canary=VERSION=WEIGHT"},
		{word: "web,called-by=api", err: "called-by=api: an edge belongs to its caller; give calls= to the service that calls"},
		{word: "web,replicas=2,replicas=3", err: "replicas=3: is given twice"},
		{
			word: "web,prot=80,port=0,,host=*,type=clusterip",
			err: `prot=80: the key "prot" is not known, did you mean port? It is one of port, host, path, calls, egress, canary, stable, metrics, type, replicas
port=0: the port 0 is not between 1 and 65535; write [NAME=]PORT[:TARGET][/PROTOCOL]
"" is no KEY=VALUE` + form + `
host=*: "*" is not a host name (labels of lower-case letters, digits and hyphens, joined by dots)
type=clusterip: the type "clusterip" is not known, did you mean ClusterIP? It is one of ClusterIP, LoadBalancer, Headless`,
		},
	})
}

// holdsRoundTrip reports how a word breaks the promise that what a parser
// returns can be written as a word and read back unchanged.
func holdsRoundTrip[T any](word string, parse func(string) (T, error), format func(T) string) error {
	v, err := parse(word)
	if err != nil {
		if err.Error() == "" {
			return errors.New("an error without a message")
		}
		return nil
	}
	again, err := parse(format(v))
	if err != nil {
		return fmt.Errorf("%q was read, and its word %q is refused: %w", word, format(v), err)
	}
	if d := cmp.Diff(v, again); d != "" {
		return fmt.Errorf("%q, written as %q, reads differently:\n%s", word, format(v), d)
	}
	return nil
}

func FuzzGrammar(f *testing.F) {
	for _, word := range []string{
		"", "8080", "grpc=9000:pg/grpc", "cart:grpc", "v2=10", "9090/metrics", "2001:db8::/32:443", "api.example.com:443", "a.org:53/udp",
		"/api=http:/", "/v1=:/", "ambient", "gateway", "secret/x", "insecure", "clusterissuer/insecure", "kong,app=kong", "10.0.0.0/8,fd00::/8",
	} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		for _, err := range []error{
			holdsRoundTrip(word, ParsePortFlag, FormatPortFlag),
			holdsRoundTrip(word, ParseCallFlag, FormatCallFlag),
			holdsRoundTrip(word, ParseCanaryFlag, FormatCanaryFlag),
			holdsRoundTrip(word, ParseMetricsFlag, FormatMetricsFlag),
			holdsRoundTrip(word, ParseEgressFlag, FormatEgressFlag),
			holdsRoundTrip(word, ParsePathFlag, FormatPathFlag),
			holdsRoundTrip(word, ParseMeshFlag, FormatMeshFlag),
			holdsRoundTrip(word, ParseIssuerFlag, FormatIssuerFlag),
			holdsRoundTrip(word, ParseControllerFlag, FormatControllerFlag),
		} {
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func FuzzServiceFlag(f *testing.F) {
	for _, word := range []string{
		"web", "web,port=80", "web,port=http=80:8080/http,host=a.b,path=/x=http:/y,calls=cart:1,egress=10.0.0.0/8:5,canary=v2=1,stable=v0,metrics=9/m,type=Headless,replicas=2",
		"web,,", "web,port", "web,port=none", "a,stable=b",
	} {
		f.Add(word)
	}
	f.Fuzz(func(t *testing.T, word string) {
		if err := holdsRoundTrip(word, ParseServiceFlag, FormatServiceFlag); err != nil {
			t.Error(err)
		}
	})
}
