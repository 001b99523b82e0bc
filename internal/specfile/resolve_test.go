package specfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestResolve(t *testing.T) {
	for _, tt := range []struct {
		name, text, want string // below services
		ancestor         string // below services; "" for none
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
`, "  - {name: web, ports: [{port: 80}], calls: [api]}\n  - {name: api, ports: [{port: 80}]}\n", []string{
			"services[web].calls: cart comes from above =======", "services[web].calls: pay comes from below =======",
			"services: cart comes from above =======", "services: pay comes from below =======",
		}},
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
`, "", []string{
			"services[web].hosts: b comes from above =======", "services[web].hosts: c comes from below =======",
			"services[web].callers: {namespace: partners} comes from below =======",
			"services[web].egress: {host: x, port: 443} comes from above =======",
			"services[web].timeout: is as below =======: 5s",
		}},
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
`, "", []string{
			"services[web].replicas: is as below =======: 5", "services[web].calls: d comes from above =======",
			"services[web].calls: a goes, as above =======",
			"services[web].timeout: goes, as above =======",
		}},
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
`, "", []string{"services[web].hosts: a goes, as below =======", "services[web].hosts: d comes from above ======="}},
		{"labels", `  - name: web
<<<<<<< HEAD
    podLabels: {app: web, a: b}
=======
    podLabels: {app: web, c: d}
>>>>>>> other
`, `  - name: web
    podLabels: {app: web, a: b, c: d}
`, "  - {name: web, podLabels: {app: web, e: f}}\n", []string{
			"services[web].podLabels.a: is as above =======: b", "services[web].podLabels.c: is as below =======: d",
		}},
		{"a call that one side has removed", `  - name: rep
  - name: old
  - name: api
    ports: [{port: 80}]
  - name: web
<<<<<<< HEAD
    calls: [api, old, rep]
=======
    calls: [api]
>>>>>>> other
`, `  - name: rep
  - name: old
  - name: api
    ports: [{port: 80}]
  - name: web
    calls: [api, rep]
`, "  - {name: web, calls: [api, old]}\n", []string{"services[web].calls: old goes, as below =======", "services[web].calls: rep comes from above ======="}},
		{"the only call goes, and another comes", `  - name: rep
  - name: web
<<<<<<< HEAD
=======
    calls: [old, rep]
>>>>>>> other
`, `  - name: rep
  - name: web
    calls: [rep]
`, "  - {name: rep}\n  - {name: web, calls: [old]}\n", []string{"services[web].calls: old goes, as above =======", "services[web].calls: rep comes from below ======="}},
		{"a service goes where another comes", `  - name: web
<<<<<<< HEAD
  - name: old
  - name: rep
=======
>>>>>>> other
`, `  - name: web
  - name: rep
`, "  - {name: web}\n  - {name: old}\n", []string{"services: old goes, as below =======", "services: rep comes from above ======="}},
		{"keys and labels that one side has removed", `  - name: web
<<<<<<< HEAD
    podLabels: {app: web, tier: front}
    timeout: 5s
    slo: {availability: 99}
    replicas: 3
=======
    podLabels: {app: web}
    replicas: 4
>>>>>>> other
`, `  - name: web
    podLabels: {app: web}
    replicas: 4
`, "  - {name: web, podLabels: {app: web, tier: front}, timeout: 5s, slo: {availability: 99}, replicas: 3}\n", []string{
			"services[web].podLabels.tier: goes, as below =======", "services[web].replicas: is as below =======: 4",
			"services[web].timeout: goes, as below =======", "services[web].slo: goes, as below =======",
		}},
		{"an entry that one side has changed", `  - name: web
<<<<<<< HEAD
    egress: [{host: x, port: 8443}, {host: z, port: 443}]
=======
    egress: [{host: x, port: 443, protocol: tcp}, {host: yy, port: 443}]
>>>>>>> other
`, `  - name: web
    egress: [{host: x, port: 8443, protocol: tcp}, {host: z, port: 443}, {host: yy, port: 443}]
`, "  - {name: web, egress: [{host: x, port: 443}]}\n", []string{
			"services[web].egress[{host: x, port: 8443}].port: is as above =======: 8443",
			"services[web].egress[{host: x, port: 8443}].protocol: is as below =======: tcp",
			"services[web].egress: {host: z, port: 443} comes from above =======", "services[web].egress: {host: yy, port: 443} comes from below =======",
		}},
		{"what the sides do not differ in", `  - name: web
<<<<<<< HEAD
    calls: [api] # ours
=======
    calls: ["api"]
>>>>>>> other
`, `  - name: web
    calls: [api] # ours
`, "", nil},
	} {
		for form, change := range map[string]func(string) string{
			"LF":   func(s string) string { return s },
			"CRLF": func(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") },
		} {
			t.Run(tt.name+", "+form, func(t *testing.T) {
				var ancestor []byte
				if tt.ancestor != "" {
					ancestor = []byte(head + "  services:\n" + tt.ancestor)
				}
				text, notes, list := Resolve("kgen.yaml", []byte(change(head+"  services:\n"+tt.text)), ancestor)
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
	const alone = "; keep the lines that are meant and remove the markers; or: git checkout --conflict=diff3 kgen.yaml, and run kgen generate again"
	for _, tt := range []struct{ name, text, ancestor, want string }{
		{"two weights", `  - name: web
    canary:
      version: v2
<<<<<<< HEAD
      weight: 10
=======
      weight: 20
>>>>>>> other
`, "", `kgen.yaml:10:15: services[web].canary.weight: is 10 above ======= and 20 below it (line 12); write what is meant, and remove the markers`},
		{"two services of a name", `  - name: web
<<<<<<< HEAD
  - name: pay
    ports: [{port: 80}]
=======
  - name: pay
    ports:
    - port: 90
>>>>>>> other
`, "  - name: web\n", `kgen.yaml:9:20: services[pay].ports[http].port: is 80 above ======= and 90 below it (line 13); write what is meant, and remove the markers`},
		{"changed here and removed there", `  - name: api
<<<<<<< HEAD
  - name: web
    timeout: 9s
||||||| base
  - name: web
    timeout: 5s
=======
>>>>>>> other
`, "", `kgen.yaml:8:5: services[web]: is changed above =======, to {name: web, timeout: 9s}, and removed below it (line 6); write what is meant, and remove the markers`},
		{"removed here and changed there", `  - name: web
    hosts: [x]
<<<<<<< HEAD
=======
    calls: [{service: api, port: http}]
    egress: [{host: x, port: 8443}]
    canary: {version: v3}
    podLabels: {app: web, tier: front}
>>>>>>> other
`, "  - {name: web, calls: [api], egress: [{host: x, port: 443}], canary: {version: v2}, podLabels: {app: web}}\n",
			`kgen.yaml:10:13: services[web].calls[{service: api, port: http}]: is removed above ======= (line 6) and changed below it, to {service: api, port: http}; write what is meant, and remove the markers
kgen.yaml:11:14: services[web].egress[{host: x, port: 8443}]: is removed above ======= (line 6) and changed below it, to {host: x, port: 8443}; write what is meant, and remove the markers
kgen.yaml:12:13: services[web].canary: is removed above ======= (line 6) and changed below it, to {version: v3}; write what is meant, and remove the markers
kgen.yaml:13:16: services[web].podLabels: is removed above ======= (line 6) and changed below it, to {app: web, tier: front}; write what is meant, and remove the markers`},
		{"an added call of what is gone", `  - name: api
    ports: [{port: 80}]
<<<<<<< HEAD
  - name: web
=======
  - name: db
    ports: [{port: 80}]
  - name: web
    calls: [db]
>>>>>>> other
`, "  - {name: api, ports: [{port: 80}]}\n  - {name: db, ports: [{port: 80}]}\n  - {name: web}\n",
			`kgen.yaml:14:13: services[1].calls[0]: with both sides together, there is no service "db", because it is removed above =======; write what is meant, and remove the markers`},
		{"nothing is known of the base", `  - name: api
  - name: old
  - name: rep
  - name: web
<<<<<<< HEAD
    calls: [api, old, rep]
    timeout: 5s
=======
    podLabels: {app: web}
    calls: [api, rep, new]
>>>>>>> other
`, "", `kgen.yaml:11:18: services[web].calls[old]: stands above ======= alone: added there, or removed below it` + alone + `
kgen.yaml:12:14: services[web].timeout: is 5s above ======= alone: added there, or removed below it` + alone + `
kgen.yaml:14:16: services[web].podLabels: is {app: web} below ======= alone: added there, or removed above it` + alone + `
kgen.yaml:15:23: services[web].calls[new]: stands below ======= alone: added there, or removed above it` + alone},
		{"services of which nothing is known, with a base that cannot be read", `  - name: web
    podLabels:
      app: web
<<<<<<< HEAD
      tier: front
  - name: old
=======
  - name: new
>>>>>>> other
`, "<<<<<<< x\n", `kgen.yaml:10:13: services[web].podLabels.tier: is front above ======= alone: added there, or removed below it` + alone + `
kgen.yaml:11:5: services[old]: stands above ======= alone: added there, or removed below it` + alone + `
kgen.yaml:13:5: services[new]: stands below ======= alone: added there, or removed above it` + alone},
		{"a side that cannot be read", `  - name: web
<<<<<<< HEAD
    timeuot: 5s
=======
    timeout: 5s
>>>>>>> other
`, "", `kgen.yaml:8:5: services[0].timeuot: on the side above =======, unknown key; did you mean timeout?`},
		{"what is wrong on both sides", `  - name: web
<<<<<<< HEAD
    timeout: 5s
=======
    timeout: 6s
>>>>>>> other
    replicas: x
`, "", `kgen.yaml:12:15: services[0].replicas: "x" is not a whole number`},
		{"a marker alone", "  - name: web\n<<<<<<< HEAD\n", "", `kgen.yaml:7:1: the conflict that begins here has no end; correct the markers, or remove them by hand`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var ancestor []byte
			if tt.ancestor != "" {
				ancestor = []byte(head + "  services:\n" + tt.ancestor)
			}
			text, notes, list := Resolve("kgen.yaml", []byte(head+"  services:\n"+tt.text), ancestor)
			if text != nil || notes != nil {
				t.Errorf("beside an error:\n%s\n%s", text, notes)
			}
			if diff := cmp.Diff(tt.want, list.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestParseNamesAMergeConflict holds that what is said of a conflict leads on:
// to generate where that may know more, and to what follows where it cannot.
func TestParseNamesAMergeConflict(t *testing.T) {
	const holds = "kgen.yaml:5:1: holds a merge conflict (<<<<<<< at line 5); "
	for _, tt := range []struct{ name, text, want string }{
		{"no base", "<<<<<<< HEAD\n  services: [{name: a}]\n=======\n  services: [{name: b}]\n>>>>>>> x\n",
			holds + "run kgen generate, which brings both sides together or says what it cannot decide"},
		{"a base", "<<<<<<< HEAD\n  services: [{name: a}, {name: b}]\n||||||| base\n  services: [{name: a}]\n=======\n  services: [{name: a}, {name: c}]\n>>>>>>> x\n",
			holds + "run kgen generate, which brings both sides together"},
		{"a contradiction", "<<<<<<< HEAD\n  services: [{name: a, replicas: 1}]\n||||||| base\n  services: [{name: a}]\n=======\n  services: [{name: a, replicas: 3}]\n>>>>>>> x\n",
			holds + "decide what follows by hand, and remove the markers\nkgen.yaml:6:34: services[a].replicas: is 1 above ======= and 3 below it (line 10); write what is meant, and remove the markers"},
		{"a side that cannot be read", "<<<<<<< HEAD\n  services: [{name: a, x: 1}]\n=======\n  services: [{name: a}]\n>>>>>>> x\n",
			holds + "decide what follows by hand, and remove the markers\nkgen.yaml:6:24: services[0].x: on the side above =======, unknown key; known keys are name, podLabels, serviceAccount, replicas, type, loadBalancer, ports, hosts, paths, calls, callers, egress, canary, metrics, timeout, retries, circuitBreaker, slo"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := Parse("kgen.yaml", []byte(head+tt.text))
			if diff := cmp.Diff(tt.want, errs.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if text, notes, list := Resolve("kgen.yaml", []byte(whole), []byte(web)); text != nil || notes != nil || list != nil {
		t.Errorf("a text without a conflict is resolved: %s %s %s", text, notes, list)
	}
}
