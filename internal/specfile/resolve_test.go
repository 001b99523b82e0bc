package specfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string // below services
		notes            []string
	}{
		{"each side adds a service and a call to it", `  - name: web
    ports: [{port: 80}]
<<<<<<< HEAD
    calls: [api, cart]
=======
    calls: [api, pay]
>>>>>>> pay

  - name: api
    ports: [{port: 80}]

<<<<<<< HEAD
  - name: cart # ours
    ports: [{port: 80}]
=======
  # About pay.
  - name:   pay # theirs

    ports:
    # its port
    - port: 80   # the one
      # and more
>>>>>>> pay
`, `  - name: web
    ports: [{port: 80}]
    calls: [api, cart, pay]

  - name: api
    ports: [{port: 80}]

  - name: cart # ours
    ports: [{port: 80}]

  # About pay.
  - name:   pay # theirs

    ports:
    # its port
    - port: 80   # the one
      # and more
`, []string{"services[web].calls: pay comes from below =======", "services: pay comes from below ======="}},
		{"lists grow on both sides, diff3", `  - name: web
<<<<<<< HEAD
    hosts: [a, b] # hosts
    egress:
    - {host: x, port: 443}
||||||| base
    hosts: [a]
=======
    hosts: [a, c]
    callers:
    # partners
    - {namespace: partners}
    timeout: 5s # short
>>>>>>> other
    ports: [{port: 80}]
`, `  - name: web
    hosts: [a, b, c] # hosts
    egress:
    - {host: x, port: 443}
    ports: [{port: 80}]
    callers:
    # partners
    - {namespace: partners}
    timeout: 5s # short
`, []string{"services[web].hosts: c comes from below =======", "services[web].callers: {namespace: partners} comes from below =======", "services[web].timeout: is as below =======: 5s"}},
		{"one side removes what the other left alone, diff3", `  - name: web
    ports: [{port: 80}]
<<<<<<< HEAD
    calls: [b, d]
    replicas: 3
||||||| base
    calls: [a, b, c]
    replicas: 3
    timeout: 5s
=======
    calls: [a, b]
    replicas: 5
    timeout: 5s
>>>>>>> other
`, `  - name: web
    ports: [{port: 80}]
    calls: [b, d]
    replicas: 5
`, []string{"services[web].replicas: is as below =======: 5"}},
		{"removed below, zdiff3", `  - name: web
<<<<<<< HEAD
    hosts: [a, b, d]
||||||| base
    hosts: [a, b]
=======
    hosts: [b]
>>>>>>> other
`, `  - name: web
    hosts: [b, d]
`, []string{"services[web].hosts: a goes, as below ======="}},
		{"labels", `  - name: web
<<<<<<< HEAD
    podLabels: {app: web, a: b}
=======
    podLabels: {app: web, c: d}
>>>>>>> other
`, `  - name: web
    podLabels: {app: web, a: b, c: d}
`, []string{"services[web].podLabels.c: is as below =======: d"}},
	} {
		for form, change := range map[string]func(string) string{
			"LF":   func(s string) string { return s },
			"CRLF": func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		} {
			t.Run(tt.name+", "+form, func(t *testing.T) {
				text, notes, list := Resolve("kgen.yaml", []byte(change(head+"  services:\n"+tt.text)))
				if len(list) > 0 {
					t.Fatal(list)
				}
				if diff := cmp.Diff(change(head+"  services:\n"+tt.want), string(text)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(tt.notes, notes); diff != "" {
					t.Errorf("notes (-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestResolveDecidesNothing(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"two weights", `  - name: web
    canary:
      version: v2
<<<<<<< HEAD
      weight: 10
=======
      weight: 20
>>>>>>> other
`, `kgen.yaml:10:15: services[web].canary.weight: is 10 above ======= and 20 below it (line 12); write what is meant, and remove the markers`},
		{"two services of a name", `  - name: web
<<<<<<< HEAD
  - name: pay
    ports: [{port: 80}]
=======
  - name: pay
    ports:
    - port: 90
>>>>>>> other
`, `kgen.yaml:9:12: services[pay].ports: is [{port: 80}] above ======= and [{port: 90}] below it (line 13); write what is meant, and remove the markers`},
		{"changed here and removed there", `  - name: api
<<<<<<< HEAD
  - name: web
    timeout: 9s
||||||| base
  - name: web
    timeout: 5s
=======
>>>>>>> other
`, `kgen.yaml:8:5: services[web]: is {name: web, timeout: 9s} above ======= and nothing below it (line 6); write what is meant, and remove the markers`},
		{"a side that cannot be read", `  - name: web
<<<<<<< HEAD
    timeuot: 5s
=======
    timeout: 5s
>>>>>>> other
`, `kgen.yaml:8:5: services[0].timeuot: on the side above =======, unknown key; did you mean timeout?`},
		{"what is wrong on both sides", `  - name: web
<<<<<<< HEAD
    timeout: 5s
=======
    timeout: 6s
>>>>>>> other
    replicas: x
`, `kgen.yaml:12:15: services[0].replicas: "x" is not a whole number`},
		{"a marker alone", "  - name: web\n<<<<<<< HEAD\n", `kgen.yaml:7:1: the conflict that begins here has no end; correct the markers, or remove them by hand`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := []byte(head + "  services:\n" + tt.text)
			text, _, list := Resolve("kgen.yaml", data)
			if text != nil {
				t.Errorf("text beside an error:\n%s", text)
			}
			if diff := cmp.Diff(tt.want, list.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			_, errs := Parse("kgen.yaml", data)
			want := "kgen.yaml:7:1: holds a merge conflict (<<<<<<< at line 7); decide what follows by hand, and remove the markers\n" + tt.want
			if strings.Contains(tt.want, ":10:15") {
				want = strings.NewReplacer(":7:1", ":9:1", "line 7", "line 9").Replace(want)
			}
			if diff := cmp.Diff(want, errs.Error()); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNamesAMergeConflict(t *testing.T) {
	_, errs := Parse("kgen.yaml", []byte(head+"<<<<<<< HEAD\n  services: [{name: a}]\n=======\n  services: [{name: b}]\n>>>>>>> x\n"))
	want := "kgen.yaml:5:1: holds a merge conflict (<<<<<<< at line 5); run kgen generate, which brings both sides together"
	if diff := cmp.Diff(want, errs.Error()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if text, notes, list := Resolve("kgen.yaml", []byte(whole)); text != nil || notes != nil || list != nil {
		t.Errorf("a text without a conflict is resolved: %s %s %s", text, notes, list)
	}
}
