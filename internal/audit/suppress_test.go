package audit

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

// A namespace without policies breaks NP01 alone; how it is told to take that
// for granted differs from case to case.
const bareNamespace = `apiVersion: v1
kind: Namespace
metadata:
  name: shop
  ANNOTATIONS
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, ports: [{name: http, containerPort: 80}]}]}
`

func TestSuppressions(t *testing.T) {
	plain := strings.ReplaceAll(bareNamespace, "  ANNOTATIONS\n", "")
	files := tree.New()
	files.Set("shop.yaml", []byte(plain))
	base := audited(t, files, ".")
	if len(fired(base)) == 0 {
		t.Fatal("there is nothing to suppress")
	}
	first := &base.Findings[0]
	rule, object := first.Rule.ID, first.Object
	for _, c := range []struct {
		name, lines string
		of          []Suppression
		suppressed  bool
		also        []string
	}{
		{name: "a reason", lines: rule + ": it goes", suppressed: true},
		{name: "until later", lines: rule + " until 2026-01-01: it goes", suppressed: true},
		{name: "run out", lines: rule + " until 2025-12-31: it goes", also: []string{"SU01"}},
		{name: "another rule", lines: "SV03: it goes", also: []string{"SU02"}},
		{name: "no rule", lines: "ZZ99: it goes", also: []string{"SU02"}},
		{name: "no reason", lines: rule + ":", also: []string{"SU02"}},
		{name: "words", lines: "leave me alone", also: []string{"SU02"}},
		{name: "two on one line", lines: rule + ": it goes; ZZ99: it goes too", also: []string{"SU02"}},
		{name: "two lines", lines: rule + ": it goes\n      ZZ99: it goes", suppressed: true, also: []string{"SU02"}},
		{name: "the model's", of: []Suppression{of(rule, "", "")}, suppressed: true},
		{name: "the model's, for the object", of: []Suppression{of(rule, object.Kind+" "+object.Name, "")}, suppressed: true},
		{name: "the model's, by a beginning", of: []Suppression{of(rule, object.Kind+" "+object.Name[:1]+"*", "")}, suppressed: true},
		{name: "the model's, for another", of: []Suppression{of(rule, object.Kind+" other", "")}, also: []string{"SU02"}},
		{name: "the model's, for another kind", of: []Suppression{of(rule, "Gadget "+object.Name, "")}, also: []string{"SU02"}},
		{name: "the model's, run out", of: []Suppression{of(rule, "", "2025-12-31")}, also: []string{"SU01"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := plain
			if c.lines != "" {
				at := strings.Index(plain, "metadata:\n  name: shop\n")
				if object.Kind == "Namespace" {
					text = plain[:at] + "metadata:\n  name: shop\n  annotations:\n    kgen.dev/audit-suppress: |\n      " + c.lines + plain[at+len("metadata:\n  name: shop"):]
				} else {
					text = strings.Replace(plain, "labels: {app: web}}", "labels: {app: web}, annotations: {kgen.dev/audit-suppress: \""+strings.ReplaceAll(c.lines, "\n      ", `\n`)+"\"}}", 1)
				}
			}
			files := tree.New()
			files.Set("shop.yaml", []byte(text))
			w, _ := world(t, files, ".")
			r, err := Run(t.Context(), w, Options{Today: today, Suppressions: c.of})
			if err != nil {
				t.Fatal(err)
			}
			suppressed := false
			var rest []string
			for _, f := range r.Findings {
				if f.Rule.ID == rule {
					suppressed = f.Suppressed != nil
				}
			}
			for _, id := range fired(r) {
				if strings.HasPrefix(id, "SU") {
					rest = append(rest, id)
				}
			}
			if suppressed != c.suppressed {
				t.Errorf("suppressed: %t, want %t\n%s", suppressed, c.suppressed, strings.Join(open(r), "\n"))
			}
			if diff := cmp.Diff(c.also, rest); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, strings.Join(open(r), "\n"))
			}
		})
	}
}

func of(rule, object, until string) Suppression {
	var s Suppression
	s.Rule, s.Object, s.Until, s.Reason = rule, object, until, "known"
	return s
}
