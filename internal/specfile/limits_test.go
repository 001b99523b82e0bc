package specfile

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
)

func TestParseHasLimits(t *testing.T) {
	// Nine levels of nine aliases each would be 387 million words.
	billion := "a: &a [x, x, x, x, x, x, x, x, x]\n"
	for i := 'b'; i <= 'i'; i++ {
		billion += fmt.Sprintf("%c: &%c [*%c%s]\n", i, i, i-1, strings.Repeat(fmt.Sprintf(", *%c", i-1), 8))
	}
	var wide strings.Builder
	wide.WriteString(head + "  services:\n  - name: s\n    podLabels: &l {")
	for i := range 400 {
		fmt.Fprintf(&wide, "k%d: v, ", i)
	}
	wide.WriteString("}\n")
	for i := range 300 {
		fmt.Fprintf(&wide, "  - {name: s%d, podLabels: *l}\n", i)
	}
	for _, tt := range []struct{ name, text, want string }{
		{"9 MiB", strings.Repeat("#2345678\n", 1<<20), "kgen.yaml:1:1: has 9437184 bytes, more than 8 MiB; split the application into several files"},
		{"a deep list", head + "  services: " + strings.Repeat("[", 100) + strings.Repeat("]", 100) + "\n", "kgen.yaml:5:75: is nested more than 64 levels deep; nothing in the model needs that"},
		{"a very deep list", strings.Repeat("[", 20000), "kgen.yaml:1:1: the text is nested too deeply; nothing in the model needs that"},
		{"labels by alias, again and again", wide.String(), "kgen.yaml:257:29: services[250].podLabels.k150: aliases stand for more than 100000 values; write the values out"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, errs := Parse("kgen.yaml", []byte(tt.text))
			if diff := cmp.Diff(tt.want, errs.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("billion laughs", func(t *testing.T) {
		_, errs := Parse("kgen.yaml", []byte(billion+web+"    hosts: *i\n"))
		if len(errs) != 18 { // nine unknown keys, nine entries that are no text
			t.Errorf("the bomb was not refused level by level:\n%s", errs)
		}
	})
	t.Run("errors without end", func(t *testing.T) {
		var b strings.Builder
		b.WriteString(web)
		for i := range 5000 {
			fmt.Fprintf(&b, "    zzzzzzzzzzzzzzzz%d: 1\n", i)
		}
		_, errs := Parse("kgen.yaml", []byte(b.String()))
		last := slices.IndexFunc(errs, func(d diag.Diagnostic) bool { return d.Code == "too-many" })
		if len(errs) != maxFindings+1 || last < maxFindings-1 {
			t.Errorf("%d errors, and that there are too many is said at %d", len(errs), last)
		}
	})
}
