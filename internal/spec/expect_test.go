package spec

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseExpectation(t *testing.T) {
	compareAddress := cmp.Comparer(func(a, b netip.Addr) bool { return a == b })
	for _, c := range []struct {
		text string
		want Expectation
		err  string
	}{
		{text: "allow web -> api:8080", want: Expectation{Allow: true, From: Someone{Name: "web"}, To: Someone{Name: "api"}, Port: PortRef{Number: 8080}, Protocol: TCP}},
		{text: "  deny  *  ->  db ", want: Expectation{From: Someone{Name: Anyone}, To: Someone{Name: "db"}, Protocol: TCP}},
		{text: "allow front-door -> web:http", want: Expectation{Allow: true, From: Someone{Name: TheDoor}, To: Someone{Name: "web"}, Port: PortRef{Name: "http"}, Protocol: TCP}},
		{text: "deny web -> internet:443", want: Expectation{From: Someone{Name: "web"}, To: Someone{Name: Internet}, Port: PortRef{Number: 443}, Protocol: TCP}},
		{text: "allow * -> kube-system/kube-dns:53/UDP", want: Expectation{Allow: true, From: Someone{Name: Anyone}, To: Someone{Namespace: "kube-system", Name: "kube-dns"}, Port: PortRef{Number: 53}, Protocol: UDP}},
		{text: "deny other/* -> api", want: Expectation{From: Someone{Namespace: "other", Name: Anyone}, To: Someone{Name: "api"}, Protocol: TCP}},
		{text: "deny web -> 169.254.169.254:80", want: Expectation{From: Someone{Name: "web"}, To: Someone{Address: netip.MustParseAddr("169.254.169.254")}, Port: PortRef{Number: 80}, Protocol: TCP}},
		{text: "deny web -> fd00::1", want: Expectation{From: Someone{Name: "web"}, To: Someone{Address: netip.MustParseAddr("fd00::1")}, Protocol: TCP}},
		{text: "deny web -> [fd00::1]:53/udp", want: Expectation{From: Someone{Name: "web"}, To: Someone{Address: netip.MustParseAddr("fd00::1")}, Port: PortRef{Number: 53}, Protocol: UDP}},
		{text: "allow web api", err: `"allow web api" is no expectation: write it as in "allow web -> api:8080" or "deny * -> db"`},
		{text: "permit web -> api", err: `"permit" is neither allow nor deny: write it as in "allow web -> api:8080" or "deny * -> db"`},
		{text: "allow web -> api:0", err: "0 is not between 1 and 65535"},
		{text: "allow web -> api:80/icmp", err: `"icmp" is none of tcp, udp and sctp`},
		{text: "allow web -> front-door", err: "front-door is only known as the one that calls: put it before ->"},
		{text: "allow web -> fe80::1%eth0", err: `"fe80::1%eth0" has a zone, and no policy knows zones`},
		{text: "allow web -> [api]:80", err: `"[api]" is no address in brackets`},
	} {
		got, err := ParseExpectation(c.text)
		said := ""
		if err != nil {
			said = err.Error()
		}
		if said != c.err {
			t.Errorf("%s: %q, want %q", c.text, said, c.err)
		}
		if err == nil {
			if diff := cmp.Diff(c.want, got, compareAddress); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.text, diff)
			}
		}
	}
}

func TestExpectationsFollowARename(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"allow web -> api:8080", "allow front -> api:8080"},
		{"deny  api ->  web:web", "deny  api ->  front:web"},
		{"deny web -> web", "deny front -> front"},
		{"deny webb -> other/web", "deny webb -> other/web"},
		{"deny * -> db", "deny * -> db"},
		{"no expectation -> web", "no expectation -> web"},
	} {
		if got := renamed(c.text, "web", "front"); got != c.want {
			t.Errorf("%q became %q, want %q", c.text, got, c.want)
		}
	}
}

func TestExpectationsGoWithTheirService(t *testing.T) {
	n := &Network{APIVersion: APIVersion, Kind: Kind, Metadata: Metadata{Name: "shop"}, Spec: Spec{
		Services: []Service{{Name: "web", Ports: []Port{{Port: 80}}}, {Name: "api", Ports: []Port{{Port: 80}}}},
		Expect:   []string{"allow web -> api", "deny * -> web", "deny other/api -> web"},
	}}
	c, err := RemoveService(n, "api")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"deny * -> web", "deny other/api -> web"}, c.Network.Spec.Expect); diff != "" {
		t.Error(diff)
	}
	if len(n.Spec.Expect) != 3 {
		t.Error("the model itself was changed")
	}
}

func TestSuppressionCheck(t *testing.T) {
	for _, c := range []struct {
		s    Suppression
		want string
	}{
		{Suppression{Rule: "NP05", Reason: "known"}, ""},
		{Suppression{Rule: "NP05", Object: "NetworkPolicy shop/web-*", Reason: "known", Until: "2027-01-31"}, ""},
		{Suppression{Rule: "np05", Reason: "known"}, "rule"},
		{Suppression{Rule: "NP05", Object: "web", Reason: "known"}, "object"},
		{Suppression{Rule: "NP05", Reason: "  "}, "reason"},
		{Suppression{Rule: "NP05", Reason: "known", Until: "31.1.2027"}, "until"},
		{Suppression{Rule: "NP05", Reason: "known", Until: "2027-02-30"}, "until"},
	} {
		if field, err := c.s.Check(); field != c.want || (err == nil) != (c.want == "") {
			t.Errorf("%+v: %q %v, want %q", c.s, field, err, c.want)
		}
	}
}
