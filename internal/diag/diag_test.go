package diag_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
)

func TestString(t *testing.T) {
	for _, c := range []struct {
		d    diag.Diagnostic
		want string
	}{
		{diag.Diagnostic{Message: "there is none"}, "there is none"},
		{diag.Diagnostic{File: "kgen.yaml", Line: 14, Column: 15, Path: "services[1].canary.weight", Severity: diag.Error, Message: "130 is not between 0 and 100"},
			"kgen.yaml:14:15: services[1].canary.weight: 130 is not between 0 and 100"},
		{diag.Diagnostic{File: "kgen.yaml", Line: 3, Severity: diag.Warning, Message: "retired", Fix: "move"}, "kgen.yaml:3: warning: retired; move"},
		{diag.Diagnostic{Path: "a\x1b[31mb\nc\u202ed", Message: "unknown key"}, `a\x1b[31mb\nc\u202ed: unknown key`},
		{diag.Diagnostic{File: "kgen.yaml", Column: 4, Message: "is empty"}, "kgen.yaml: is empty"},
	} {
		if got := c.d.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestList(t *testing.T) {
	var l diag.List
	l.Warnf("b", "", "", "first")
	if err := l.Err(); err != nil {
		t.Errorf("a list of warnings is the error %v", err)
	}
	l.Errorf("a", "", "", "second")
	if err := l.Err(); err == nil || err.Error() != "a: second" {
		t.Errorf("Err() = %v, want the errors alone", err)
	}
	l = append(l, diag.Diagnostic{Line: 2, Column: 9}, diag.Diagnostic{Line: 2, Column: 1}, diag.Diagnostic{Line: 1, Column: 5})
	l.Sort()
	var order []int
	for _, d := range l {
		order = append(order, d.Line*10+d.Column)
	}
	if diff := cmp.Diff([]int{0, 0, 15, 21, 29}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestNearest(t *testing.T) {
	keys := []string{"ports", "paths", "podLabels", "serviceAccount", "calls", "canary", "slo", "a"}
	for word, want := range map[string]string{
		"port":           "ports",
		"prots":          "ports",
		"PORTS":          "ports",
		"podlabels":      "podLabels",
		"serviceacount":  "serviceAccount",
		"call":           "calls",
		"something-else": "",
		"x":              "",
		"foo":            "",
		"sol":            "slo",
		"so":             "slo",
		"A":              "a",
		"":               "",
		"prt":            "",
		"canray":         "canary",
		"cnry":           "",
		"srviceAcount":   "serviceAccount",
	} {
		if got := diag.Nearest(word, keys); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
