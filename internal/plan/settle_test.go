package plan

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
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
			in := Input{Base: NewBase(tree.New())}
			if tt.one != "" {
				in.Base.Sides = []*tree.Tree{treeOf(t, "README.md", text(tt.one)), treeOf(t, "README.md", text(tt.two))}
			}
			disk := strings.NewReplacer("<<<<<<<-HEAD", "<<<<<<< HEAD", ">>>>>>>-b", ">>>>>>> b").Replace(tt.disk)
			got, ok := in.settled("README.md", []byte(disk), []byte(text(tt.wanted)))
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

// TestSettledExactly has the sides from git, and so knows what is a person's
// even where it reads like a line of kgen's.
func TestSettledExactly(t *testing.T) {
	text := func(lines string) string { return strings.ReplaceAll(lines, " ", "\n") + "\n" }
	one, two := "head api: mail 9000 end", "head api: search 8080 end" // what kgen wrote on each side
	wanted := "head api: mail 9000 search 8080 end"
	tests := []struct{ name, ours, theirs, disk, want string }{
		{"nothing but kgen's", one, two, "head\napi:\n<<<<<<< a\nmail\n9000\n=======\nsearch\n8080\n>>>>>>> b\nend\n", wanted},
		{"a person's line that kgen writes elsewhere", "head api: 8080 mail 9000 end", two, "head\napi:\n<<<<<<< a\n8080\nmail\n9000\n=======\nsearch\n8080\n>>>>>>> b\nend\n", "head api: 8080 mail 9000 search 8080 end"},
		{"the same where the other side's goes", "head api: mail 9000 8080 end", two, "head\napi:\n<<<<<<< a\nmail\n9000\n8080\n=======\nsearch\n8080\n>>>>>>> b\nend\n", ""},
		{"a line taken out", one, "api: search 8080 end", "api:\n<<<<<<< a\nmail\n9000\n=======\nsearch\n8080\n>>>>>>> b\nend\n", "api: mail 9000 search 8080 end"},
		{"a line typed into the conflict", one, two, "head\napi:\n<<<<<<< a\nmail\n9001\n=======\nsearch\n8080\n>>>>>>> b\nend\n", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := Input{Base: NewBase(tree.New()), Stages: func(string) ([]byte, []byte, bool) { return []byte(text(tt.ours)), []byte(text(tt.theirs)), true }}
			in.Base.Sides = []*tree.Tree{treeOf(t, "README.md", text(one)), treeOf(t, "README.md", text(two))}
			got, ok := in.settled("README.md", []byte(tt.disk), []byte(text(wanted)))
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
