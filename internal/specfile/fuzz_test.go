package specfile

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/spec"
)

// FuzzParse holds for any text: no panic, every error has a place in the text,
// and a good file is the same model after Format.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"", whole, web, "\ufeff" + strings.ReplaceAll(web, "\n", "\r\n"),
		services("  - &a {name: a, calls: [b, {service: c, port: 1e3}]}", "  - *a"),
		services("  - {name: 'null', podLabels: {\"1e3\": \"yes\", ~: x}, timeout: 1m30s}"),
		"a: *b\n", "? [a]\n: !x b\n--- {<<: 1}\n", "{a: [b, \"c", "- |+\n a\n#b\n", "%YAML 1.1\n---\na: 'b'\n...\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, errs := Parse("kgen.yaml", data)
		rows := bytes.Count(data, []byte("\n")) + 1
		for _, e := range append(errs, file.Warnings...) {
			if e.Line < 1 || e.Column < 1 || e.Line > rows+1 {
				t.Errorf("%v has no place in a text of %d lines", e, rows)
			}
			if e.Message == "" || e.Code == "" || e.File == "" {
				t.Errorf("%#v says too little", e)
			}
		}
		if len(errs) > 0 {
			return
		}
		printed := Format(file.Network)
		again, errs := Parse("kgen.yaml", printed)
		if len(errs) > 0 {
			t.Fatalf("Format prints what Parse refuses:\n%v\n%s", errs, printed)
		}
		if diff := cmp.Diff(file.Network, again.Network); diff != "" {
			t.Errorf("Format prints another model:\n%s\n%s", diff, printed)
		}
	})
}

// FuzzFormat holds for any words in the places where names and texts go.
func FuzzFormat(f *testing.F) {
	for _, s := range []string{"null", "1e3", "0x1f", "on", "~", "0o7", "1_000", ".5", "12:30", "a: b", "#", "'", "\"", "\n", " ", "é\u2028"} {
		f.Add(s, "key")
		f.Add("web", s)
	}
	f.Fuzz(func(t *testing.T, name, key string) {
		name, key = words(name), words(key)
		n := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: name}, Spec: spec.Spec{
			Monitoring: spec.Monitoring{SelectorLabels: map[string]string{key: name, "app": "x"}},
			Services: []spec.Service{{
				Name: name, Hosts: []string{name, key}, Paths: []spec.Path{{Path: key}},
				Calls: []spec.Call{{Service: name}, {Service: key, PodLabels: map[string]string{key: name}}},
			}},
		}}
		printed := Format(n)
		got, d := decode("kgen.yaml", printed)
		if len(d.list) > 0 {
			t.Fatalf("Format prints what cannot be read:\n%v\n%s", d.list, printed)
		}
		if diff := cmp.Diff(n, got.Network); diff != "" {
			t.Errorf("Format prints another model:\n%s\n%s", diff, printed)
		}
	})
}

// words makes valid text of at most 100 bytes: YAML takes no keys of more than
// 1024 characters, and the longest label key has 317.
func words(s string) string { return strings.ToValidUTF8(s[:min(len(s), 100)], "?") }

// FuzzAddService holds for any text that can be read: either an error and no
// text, or a text in which every old byte is left in its order and which says
// the old model and the new service.
func FuzzAddService(f *testing.F) {
	for _, text := range []string{
		whole, web, web + "    calls: []\n", strings.ReplaceAll(web, "\n", "\r\n"), strings.TrimSuffix(web, "\n"),
		head + "  services: [{name: web, calls: [a, ], }]\n", head + "  services: []\n# end\n", head + "  services: &s\n  - *s\n",
		services("  - name: a", "    # b", "  -", "    name: web", "    calls:", "    - a # c", "", "  # d", "# e"),
		head + "  services:\n  - {name: web, hosts: ['a]', \"b\\\"]\"]}\n  mesh: {}\n",
	} {
		f.Add([]byte(text), "web", "payments")
	}
	f.Fuzz(func(t *testing.T, data []byte, caller, name string) {
		file, _ := decode("kgen.yaml", data)
		s := &spec.Service{Name: words(name), Ports: []spec.Port{{Port: 80}}}
		out, err := file.AddService(s, []CalledBy{{Service: caller}})
		if err != nil {
			if out != nil {
				t.Errorf("text beside the error %v", err)
			}
			return
		}
		rest := out
		for _, c := range data {
			i := bytes.IndexByte(rest, c)
			if i < 0 {
				t.Fatalf("bytes of the old text are gone:\n%s\n%s", data, out)
			}
			rest = rest[i+1:]
		}
		after, _ := decode("kgen.yaml", out)
		old, now := file.Network.Spec.Services, after.Network.Spec.Services
		if len(now) != len(old)+1 || !reflect.DeepEqual(now[len(old)], *s) {
			t.Errorf("the service is not the last one:\n%s", out)
		}
	})
}

// FuzzWithText holds for any two texts that can be read: either an error and no
// text, or a text that says exactly what the other one does.
func FuzzWithText(f *testing.F) {
	texts := []string{
		whole, web, web + "    calls: []\n", strings.ReplaceAll(web, "\n", "\r\n"), strings.TrimSuffix(web, "\n"),
		services("  - &a {name: a, calls: [b, {service: c, port: 1}]}", "  - *a", "  - name: b", "    calls: &x", "    # c", "    - a # d", "", "  - {name: c, calls: *x}"),
		head + "  services:\n  - name: a\n    ? timeout\n    : 5s\n    serviceAccount: |+\n      x\n\n    hosts: ['a',\n    b # c\n    ,]\n    ports: [port: 80]\n",
	}
	for i := range texts {
		f.Add([]byte(texts[i]), []byte(texts[(i+1)%len(texts)]))
		f.Add([]byte(texts[(i+1)%len(texts)]), []byte(texts[i]))
	}
	f.Fuzz(func(t *testing.T, data, other []byte) {
		file, _ := decode("kgen.yaml", data)
		want, d := decode("kgen.yaml", other)
		if len(d.list) > 0 || want.Network == nil {
			return
		}
		for _, from := range []*File{nil, want} {
			out, err := file.with(want.Network, from)
			if err != nil {
				if out != nil {
					t.Errorf("text beside the error %v", err)
				}
				continue
			}
			if got, _ := decode("kgen.yaml", out); !reflect.DeepEqual(want.Network, got.Network) {
				t.Errorf("the text says something else:\n%s", cmp.Diff(want.Network, got.Network))
			}
		}
	})
}

// FuzzResolve holds for any text and ancestor: no panic, text or findings with
// a place, and never both.
func FuzzResolve(f *testing.F) {
	for _, middle := range []string{"", "||||||| base\n  - name: web\n"} {
		for _, ancestor := range []string{"", web, web + "  - name: c\n", "- x"} {
			f.Add([]byte(web+"<<<<<<< a\n  - name: b\n"+middle+"=======\n  # c\n  - {name: c, hosts: [x]}\n>>>>>>> b\n"), []byte(ancestor))
			f.Add([]byte(web+"<<<<<<< a\n    timeout: 5s\n"+middle+"=======\n    timeout: 6s\n>>>>>>> b\n# end\n"), []byte(ancestor))
		}
	}
	f.Fuzz(func(t *testing.T, data, ancestor []byte) {
		text, _, list := Resolve("kgen.yaml", data, ancestor)
		if text != nil && len(list) > 0 {
			t.Errorf("text beside findings:\n%s", list)
		}
		for _, d := range list {
			if d.Line < 1 || d.Message == "" || d.Code == "" {
				t.Errorf("%#v says too little", d)
			}
		}
		if text != nil {
			if f, d := decode("kgen.yaml", text); !f.decoded {
				t.Errorf("the result cannot be read: %v", d.list)
			}
		}
	})
}
