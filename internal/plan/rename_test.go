package plan

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRenamed lets one file take the place of another, in every state of both.
func TestRenamed(t *testing.T) {
	const was, is = "name: pay\na: 1\nb: 1\n", "name: payments\na: 1\nb: 1\n"
	tests := []struct {
		name               string
		base, disk, wanted []string
		missing            []string
		want               []string
		after              string // of new.md, if it is written
	}{
		{"as kgen wrote it", []string{"old.md", was}, []string{"old.md", was}, []string{"new.md", is}, nil,
			[]string{"create new.md: it was old.md", "delete old.md: it is new.md now"}, is},
		{"edited", []string{"old.md", was}, []string{"old.md", was + "# mine\n"}, []string{"new.md", is}, nil,
			[]string{"merge new.md: it was old.md, with your edits", "delete old.md: it is new.md now"}, is + "# mine\n"},
		{"edited, and nothing else is new", []string{"old.md", is}, []string{"old.md", is + "# mine\n"}, []string{"new.md", is}, nil,
			[]string{"merge new.md: it was old.md, with your edits", "delete old.md: it is new.md now"}, is + "# mine\n"},
		{"edited in the line of the name", []string{"old.md", was}, []string{"old.md", "name: pay # mine\na: 1\nb: 1\n"}, []string{"new.md", is}, nil,
			[]string{"conflict new.md: edited by hand in lines that kgen would change", "delete old.md: it is new.md now"}, ""},
		{"deleted by hand", []string{"old.md", was}, nil, nil, []string{"new.md"},
			[]string{"missing new.md: deleted by hand", "unchanged old.md: already gone; kgen no longer makes it"}, ""},
		{"somebody's file at the new place", []string{"old.md", was}, []string{"old.md", was + "# mine\n", "new.md", "x"}, []string{"new.md", is}, nil,
			[]string{"conflict new.md: there is a file that kgen did not write", "orphaned old.md: kgen no longer makes it, but it was edited by hand"}, ""},
		{"edited, and made nowhere", []string{"old.md", was}, []string{"old.md", was + "# mine\n"}, nil, nil,
			[]string{"orphaned old.md: kgen no longer makes it, but it was edited by hand"}, ""},
		{"still made", []string{"old.md", was}, []string{"old.md", was}, []string{"old.md", was, "new.md", is}, nil,
			[]string{"create new.md: new", "unchanged old.md: up to date"}, is},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := made(t, Input{
				Base: NewBase(treeOf(t, tt.base...)), Disk: treeOf(t, tt.disk...), Wanted: treeOf(t, tt.wanted...),
				Missing: tt.missing, Renamed: map[string]string{"new.md": "old.md"},
			})
			var got []string
			for _, c := range p.Changes {
				if c.Path == BasePath {
					continue
				}
				got = append(got, fmt.Sprintf("%s %s: %s", c.Action, c.Path, c.Reason))
				if c.Path == "new.md" && c.Action.Writes() {
					if d := cmp.Diff(tt.after, string(c.After.Data)); d != "" {
						t.Error(d)
					}
				}
			}
			if d := cmp.Diff(tt.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}
