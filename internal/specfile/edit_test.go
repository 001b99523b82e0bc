package specfile

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

var payments = &spec.Service{
	Name:  "payments",
	Ports: []spec.Port{{Name: "grpc", Port: 9000, Protocol: spec.GRPC}},
	Calls: []spec.Call{{Service: "web"}},
}

func by(names ...string) []CalledBy {
	var out []CalledBy
	for _, n := range names {
		out = append(out, CalledBy{Service: n})
	}
	return out
}

// TestAddService marks what is inserted with ‹›: without the marks a text is
// the new file, and without what they enclose it is the old one.
func TestAddService(t *testing.T) {
	for _, tt := range []struct {
		name     string
		calledBy []CalledBy
		text     string
	}{
		{"first of many", nil, web + `‹
  - name: payments
    ports:
    - {name: grpc, port: 9000, protocol: grpc}
    calls: [web]
›`},
		{"without empty lines where there are none", nil, head + `  services:
  - name: a
  # about web
  - name: web   # the shop
    ports: [{port: 80}]
      # still about web
‹  - name: payments
    ports:
    - {name: grpc, port: 9000, protocol: grpc}
    calls: [web]
›
  # the end of the list
# the end
`},
		{"other keys follow", nil, `kind: Network
spec:
    services:
      -   name: web

      -   name: api
          ports:
            -   port: 80
‹
      -   name: payments
          ports:
            -   {name: grpc, port: 9000, protocol: grpc}
          calls: [web]
›
    # the mesh
    mesh: {provider: istio}
apiVersion: kgen.dev/v1alpha1
metadata: {name: shop}
`},
		{"no final newline", by("web"), head + "  services:\n  - name: web‹\n    calls: [payments]\n\n  - name: payments\n    ports:\n    - {name: grpc, port: 9000, protocol: grpc}\n    calls: [web]›"},
		{"CRLF", by("web"), strings.ReplaceAll(head+`  services:
  - name: web
    ports: [{port: 80}]
‹    calls: [payments]
›    timeout: 5s # short
‹
  - name: payments
    ports:
    - {name: grpc, port: 9000, protocol: grpc}
    calls: [web]
›# end
`, "\n", "\r\n")},
		{"callers of every kind", by("a", "b", "c", "d", "e", "f"), head + `  services:
  - name: a
    calls: [web‹, payments›] # one
  - name: b
    calls:
    # the shop
    - web   # needs it
      # really
‹    - payments
›    # the end
    timeout: 5s
  - name: c
    calls: [‹payments›]
  - {name: d, ports: []‹, calls: [payments]›}
  - {name: e, calls: [web,‹ payments› ]}
  - timeout: 5s
    name: f
    hosts: [
      a.example.com,
    ]
‹    calls: [payments]
›    slo: {availability: 99}
  -
    name: web
    ports: [{port: 80}]
‹  - name: payments
    ports:
    - {name: grpc, port: 9000, protocol: grpc}
    calls: [web]
›`},
		{"trailing comma", by("web"), head + `  services:
  - name: web
    ports: [{port: 80}]
    calls: [
      'it''s, [odd', # and quoted: ]
      "a\"]",‹ payments›
    ]
‹
  - name: payments
    ports:
    - {name: grpc, port: 9000, protocol: grpc}
    calls: [web]
›`},
		{"a port of its own", []CalledBy{{Service: "web", Port: spec.PortRef{Name: "grpc"}}}, web + `‹    calls:
    - {service: payments, port: grpc}

  - name: payments
    ports:
    - {name: grpc, port: 9000, protocol: grpc}
    calls: [web]
›`},
		{"flow list", by("web"), head + "  services: [{name: web, calls: [{service: a, namespace: b, port: 1}‹, payments›]}‹, {name: payments, ports: [{name: grpc, port: 9000, protocol: grpc}], calls: [web]}› ]\n"},
		{"empty flow list", nil, head + "  services: [‹{name: payments, ports: [{name: grpc, port: 9000, protocol: grpc}], calls: [web]}›]\n"},
		{"JSON", by("web"), `{"apiVersion":"kgen.dev/v1alpha1","kind":"Network","metadata":{"name":"shop"},
"spec":{"services":[{"name":"web","ports":[{"port":80}],"calls":["x, ]"‹, payments›]}‹, {name: payments, ports: [{name: grpc, port: 9000, protocol: grpc}], calls: [web]}›]}}
`},
		{"a call that is there already", by("web"), web + `    calls: [payments]
‹
  - name: payments
    ports:
    - {name: grpc, port: 9000, protocol: grpc}
    calls: [web]
›`},
		{"byte order mark and document marks", nil, "\ufeff---\n" + web + `‹
  - name: payments
    ports:
    - {name: grpc, port: 9000, protocol: grpc}
    calls: [web]
›...
`},
		{"anchors in the way", by("web"), head + "  services: &s\n  - &w\n    name: web\n    hosts: &h [a]\n  ‹  calls: [payments]\n  ›  timeout: 5s\n‹\n  - name: payments\n    ports:\n    - {name: grpc, port: 9000, protocol: grpc}\n    calls: [web]\n›"},
		{"wide characters before a bracket", by("web"), head + "  services:\n  - {name: web, serviceAccount: \"日本語é\", calls: [a‹, payments›]}\n‹\n  - name: payments\n    ports:\n    - {name: grpc, port: 9000, protocol: grpc}\n    calls: [web]\n›"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after := unmark(t, tt.text)
			f, _ := Parse("kgen.yaml", []byte(before))
			got, err := f.AddService(payments, tt.calledBy)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(after, string(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if string(f.Data) != before {
				t.Error("the file's own bytes have changed")
			}
		})
	}
}

func unmark(t *testing.T, text string) (before, after string) {
	t.Helper()
	for rest := text; rest != ""; {
		kept, more, found := strings.Cut(rest, "‹")
		before, after = before+kept, after+kept
		if !found {
			break
		}
		added, more, found := strings.Cut(more, "›")
		if !found {
			t.Fatal("a mark is not closed")
		}
		after, rest = after+added, more
	}
	return before, after
}

func TestAddServiceRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		calledBy   []CalledBy
		want       string
	}{
		{"a name that is taken", services("  - name: web", "  - name: payments"), nil, `kgen.yaml:7:11: services[1].name: there is a service "payments" already; choose another name, or edit that entry`},
		{"an unknown caller", web, by("wbe"), `kgen.yaml:5:3: services: there is no service "wbe" that could call payments; did you mean web?`},
		{"the service itself", web, by("payments"), `kgen.yaml:5:3: services: there is no service "payments" that could call payments; the services are web`},
		{"a caller twice", web, []CalledBy{{Service: "web"}, {Service: "web", Port: spec.PortRef{Number: 9000}}}, `kgen.yaml:5:3: services[0].calls: web is to call payments twice; name it once`},
		{"a file with errors", services("  - nam: web"), nil, `kgen.yaml:1:1: cannot be added to while parts of it cannot be read; correct the file's errors first`},
		{"an empty file", "", nil, `kgen.yaml: cannot be added to while parts of it cannot be read; correct the file's errors first`},
		{"calls with an anchor", services("  - {name: a, calls: &c [web]}", "  - {name: web}", "  - {name: b, calls: *c}"), by("a"), `kgen.yaml:6:22: services[0].calls: cannot be changed: it carries the anchor &c, and *c on line 8 (services[2].calls) is to stay as it is; write the value out in place of *c first`},
		{"a text that the insertion would change", web + "    timeout: 5s\n    serviceAccount: |+\n      web\n\n\n", nil, `kgen.yaml:6:3: services: cannot be changed as wanted without changing more than that; write it by hand`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f, _ := Parse("kgen.yaml", []byte(tt.text))
			got, err := f.AddService(payments, tt.calledBy)
			if err == nil {
				t.Fatalf("no error, but\n%s", got)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got != nil {
				t.Errorf("bytes beside an error:\n%s", got)
			}
		})
	}
}

// TestAddServicePrintsAsFormatDoes adds the last service of a formatted model
// to the rest of it.
func TestAddServicePrintsAsFormatDoes(t *testing.T) {
	n := *good(t, whole).Network
	front, others := n.Spec.Services[0], n.Spec.Services[1:]
	n.Spec.Services = append(slices.Clone(others), front)
	want := Format(&n)
	n.Spec.Services = others
	f, _ := Parse("kgen.yaml", Format(&n))
	got, err := f.AddService(&front, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got) {
		t.Error(cmp.Diff(string(want), string(got)))
	}
}
