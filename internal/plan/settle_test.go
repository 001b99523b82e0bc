package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSettled goes through what git can leave in a generated list of calls to
// which both branches have added one.
func TestSettled(t *testing.T) {
	text := func(lines string) string { return strings.ReplaceAll(lines, " ", "\n") + "\n" }
	conflict := func(before, ours, theirs, after string) string {
		return text(before + " <<<<<<<-HEAD " + ours + " ======= " + theirs + " >>>>>>>-b " + after)
	}
	one, two, wanted := "calls api mail end", "calls api search end", "calls api mail search end"
	tests := []struct {
		name, disk, one, two, wanted string
		want                         string // "" where it cannot be told
	}{
		{"nothing but kgen's", conflict("calls api", "mail", "search", "end"), one, two, wanted, wanted},
		{"an edit from before, outside", conflict("# calls api", "mail", "search", "end mine"), one, two, wanted, "# " + wanted + " mine"},
		{"an edit on one side, in the conflict", conflict("calls api", "mine mail", "search", "end"), one, two, wanted, "calls api mine mail search end"},
		{"an edit where the other side's line goes", conflict("calls api", "mail mine", "search", "end"), one, two, wanted, ""},
		{"a line taken out from before", conflict("api", "mail", "search", "end"), one, two, wanted, "api mail search end"},
		{"a line taken out on one side, in the conflict", "calls\n<<<<<<< HEAD\nmail\n=======\napi\nsearch\n>>>>>>> b\nend\n", one, two, wanted, ""},
		{"the archive was cut otherwise", conflict("# calls api", "mail", "search", "end"), wanted, wanted, wanted, ""},
		{"no archive", conflict("calls api", "mail", "search", "end"), "", "", wanted, ""},
		{"half a marker", "calls\n<<<<<<< HEAD\nmail\n", one, two, wanted, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var versions [][]byte
			if tt.one != "" {
				versions = [][]byte{[]byte(text(tt.one)), []byte(text(tt.two))}
			}
			disk := strings.NewReplacer("<<<<<<<-HEAD", "<<<<<<< HEAD", ">>>>>>>-b", ">>>>>>> b").Replace(tt.disk)
			got, ok := settled("README.md", []byte(disk), []byte(text(tt.wanted)), versions)
			if ok != (tt.want != "") {
				t.Fatalf("ok = %v: %q", ok, got)
			}
			if ok {
				if d := cmp.Diff(text(tt.want), string(got)); d != "" {
					t.Error(d)
				}
			}
		})
	}
}
