package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWriteReplacesWhatIsBetween(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	const text = "# Page\n<!-- begin a -->\nold\nolder\n<!-- end a -->\nafter\n<!-- begin b -->\n<!-- end b -->\n"
	if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second time changes nothing
		if err := Write(page, "a", "| new |\n\n"); err != nil {
			t.Fatal(err)
		}
	}
	if err := Write(page, "b", "$1 as it is"); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const want = "# Page\n<!-- begin a -->\n| new |\n<!-- end a -->\nafter\n<!-- begin b -->\n$1 as it is\n<!-- end b -->\n"
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPagesWithoutMarkersStay(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"nothing\n", `no line "<!-- begin a -->"`},
		{"<!-- begin a -->\n", `no line "<!-- end a -->" after "<!-- begin a -->"`},
		{"<!-- end a -->\n<!-- begin a -->\n", `no line "<!-- end a -->" after "<!-- begin a -->"`},
	} {
		page := filepath.Join(t.TempDir(), "page.md")
		if err := os.WriteFile(page, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := Write(page, "a", "new"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), page) {
			t.Errorf("%q: %v", c.text, err)
		}
		if got, err := os.ReadFile(page); err != nil || string(got) != c.text {
			t.Errorf("%q has become %q, %v", c.text, got, err)
		}
	}
}
