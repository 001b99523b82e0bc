package component

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/conformance/record"
)

// block is the name of the table of components in the document.
const block = "components"

// secondsColumn is the last column of the table, which is never compared.
var secondsColumn = regexp.MustCompile(`(?m)^(\| [a-z].*) \| ([0-9–]+) \|$`)

// TestComponentsAreDocumented holds the document's table of components to their
// go.mod files; -update writes it, with the seconds that the builds took which
// are kept here, and leaves the others as they were.
func TestComponentsAreDocumented(t *testing.T) {
	s, err := machine()
	if err != nil {
		t.Fatal(err)
	}
	want, err := s.table(t)
	if err != nil {
		t.Fatal(err)
	}
	if record.Updating() {
		err := record.SetBlock(block, func(before string) (string, error) { return s.timed(t, want, before) })
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := record.Block(block)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, secondsColumn.ReplaceAllString(got, "$1 | – |")); diff != "" {
		t.Errorf("%s does not say which components there are; write it with go test ./component -run TestComponentsAreDocumented -update (-want +there):\n%s", record.Document, diff)
	}
}

// table is the document's table without the seconds.
func (s store) table(t *testing.T) (string, error) {
	t.Helper()
	entries, err := os.ReadDir(s.sources)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("| Component | Modules | Build, seconds |\n|---|---|--:|\n")
	for _, e := range entries {
		d, err := describe(t.Context(), s.sources+"/"+e.Name())
		if err != nil {
			return "", err
		}
		modules := d.requires
		if d.module != "" {
			modules = []string{d.module + " " + d.version} // of an upstream command, the module that it is
		}
		fmt.Fprintf(&b, "| %s | %s | – |\n", e.Name(), strings.Join(modules, ", "))
	}
	return b.String(), nil
}

// timed is a table with the seconds that are known: here, or else before.
func (s store) timed(t *testing.T, table, before string) (string, error) {
	t.Helper()
	known := map[string]string{}
	for _, row := range secondsColumn.FindAllStringSubmatch(before, -1) {
		known[row[1]] = row[2]
	}
	var failed error
	out := secondsColumn.ReplaceAllStringFunc(table, func(row string) string {
		head := strings.TrimSuffix(row, " | – |")
		name, _, _ := strings.Cut(strings.TrimPrefix(row, "| "), " |")
		seconds, here, err := s.buildSeconds(t.Context(), name)
		if err != nil {
			failed = err
		}
		if !here {
			seconds = known[head]
		}
		if seconds == "" {
			return row
		}
		return head + " | " + seconds + " |"
	})
	return out, failed
}
