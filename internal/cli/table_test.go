package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTable(t *testing.T) {
	print := func(wide bool) string {
		table := table{wide: wide, columns: []string{"NAME", "CALLS"}, further: []string{"TYPE"}}
		table.add(one("web"), []string{"a", "b", "c"}, one("LoadBalancer"))
		table.add(one("a"), []string{"b", "c", "d", "e", "f"}, one(""))
		table.add(one("b"), nil, nil)
		var out strings.Builder
		if err := table.print(&out); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if diff := cmp.Diff("NAME   CALLS\n"+
		"web    a, b, c\n"+
		"a      b, c, d + 2 more\n"+
		"b      -\n", print(false)); diff != "" {
		t.Errorf("narrow (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("NAME   CALLS           TYPE\n"+
		"web    a, b, c         LoadBalancer\n"+
		"a      b, c, d, e, f   -\n"+
		"b      -               -\n", print(true)); diff != "" {
		t.Errorf("wide (-want +got):\n%s", diff)
	}
}

func TestTableThatCannotBePrinted(t *testing.T) {
	table := table{columns: []string{"NAME"}}
	if err := table.print(full{}); err != errFull {
		t.Errorf("error %v, want %v", err, errFull)
	}
}
