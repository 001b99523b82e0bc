package record

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	mesh = Row{Mesh, "mesh.TestMesh", "calls are split", "etcd v3.7.3, istiod v1.31.1", 30, 40, 50}
	door = Row{FrontDoor, "TestFrontDoor", "hosts are served", "", 7, 3, 2}
)

// page writes a document with the rows and returns its path.
func page(t *testing.T, block string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "conformance.md")
	if err := os.WriteFile(path, []byte("# Conformance\n\n<!-- begin checks -->\n"+block+"<!-- end checks -->\n\nThe end.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTable(t *testing.T) {
	want := head +
		"| Mesh | `mesh.TestMesh` | calls are split | etcd v3.7.3, istiod v1.31.1 | 30 | 40 | 50 |\n" +
		"| Front door | `TestFrontDoor` | hosts are served |  | 7 | 3 | 2 |\n" +
		"\n2 tests with 37 checks. Together they take 43 seconds, one after another, and 52 of a processor.\n"
	got := table([]Row{door, mesh})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	rows, err := parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Row{mesh, door}, rows); diff != "" {
		t.Errorf("read again (-want +got):\n%s", diff)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, tt := range []struct{ name, block, want string }{
		{"another head", "| Test |\n", "does not begin with"},
		{"a short row", head + "| Mesh | `TestMesh` | calls |\n", "is no row"},
		{"no number", head + "| Mesh | `TestMesh` | calls | etcd | many | 1 | 1 |\n", "TestMesh: strconv"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if rows, err := parse(tt.block); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("it is read as %v: %v", rows, err)
			}
		})
	}
}

// TestCompare: the seconds may differ, and nothing else.
func TestCompare(t *testing.T) {
	path := page(t, table([]Row{mesh, door}))
	for _, tt := range []struct {
		name   string
		change func(r *Row)
		want   string // of the error, "" for none
	}{
		{"the same", func(r *Row) {}, ""},
		{"other seconds", func(r *Row) { r.Seconds, r.Processor = 4000, 1 }, ""},
		{"another version", func(r *Row) { r.Components = "etcd v3.7.3, istiod v1.31.2" }, "does not say what ran"},
		{"a component fewer", func(r *Row) { r.Components = "etcd v3.7.3" }, "does not say what ran"},
		{"a check fewer", func(r *Row) { r.Checks-- }, "does not say what ran"},
		{"another claim", func(r *Row) { r.What = "calls are made" }, "does not say what ran"},
		{"another area", func(r *Row) { r.Area = Istio }, "does not say what ran"},
		{"another test", func(r *Row) { r.Test = "TestMesh" }, "has no row for TestMesh"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			row := mesh
			tt.change(&row)
			err := compare(path, row)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "go test -run '^TestMesh$' -update")) {
				t.Errorf("compare says %v, want %q", err, tt.want)
			}
		})
	}
}

// TestWriteTakesTurns: rows that are written at the same time are all there,
// each in the place of its predecessor, and the page around them stays.
func TestWriteTakesTurns(t *testing.T) {
	path := page(t, "")
	var wg sync.WaitGroup
	errs := make([]error, 20)
	for i := range errs {
		wg.Go(func() {
			row := door
			row.Test, row.Checks = fmt.Sprintf("TestX%02d", i/2), 5
			errs[i] = write(path, row)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	rows, err := read(path)
	if err != nil || len(rows) != 10 {
		t.Errorf("%d rows are there, want 10: %v", len(rows), err)
	}
	data, err := os.ReadFile(path)
	if err != nil || !strings.HasPrefix(string(data), "# Conformance\n\n<!-- begin") || !strings.HasSuffix(string(data), "<!-- end checks -->\n\nThe end.\n") {
		t.Errorf("the page around them has changed: %v\n%s", err, data)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestNoBlockIsSaid(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"# Conformance\n", `has no line "<!-- begin checks -->"`},
		{"<!-- end checks -->\n<!-- begin checks -->\n", `has no line "<!-- end checks -->" after its beginning`},
	} {
		path := filepath.Join(t.TempDir(), "conformance.md")
		if err := os.WriteFile(path, []byte(tt.text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := write(path, mesh); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q is written to: %v", tt.text, err)
		}
		if data, err := os.ReadFile(path); err != nil || string(data) != tt.text {
			t.Errorf("it was changed to %q: %v", data, err)
		}
	}
}

// A silent test keeps what it is told instead of failing.
type silent struct {
	testing.TB
	name string
	said []string
}

func (s *silent) Helper()                      {}
func (s *silent) Name() string                 { return s.name }
func (s *silent) Errorf(f string, args ...any) { s.said = append(s.said, fmt.Sprintf(f, args...)) }

// TestChecksGoToTheirTest: those of a part too, and none to nobody.
func TestChecksGoToTheirTest(t *testing.T) {
	nobody := &silent{name: "TestNobody/part"}
	Checks(nobody, 3)
	if len(nobody.said) != 1 || !strings.Contains(nobody.said[0], "call record.Start") {
		t.Errorf("checks of nobody's are counted: %q", nobody.said)
	}
	mu.Lock()
	delete(accounts, "TestNobody")
	accounts["TestSomebody"] = &account{started: true, uses: map[string]string{}}
	mu.Unlock()
	part := &silent{name: "TestSomebody/a/b"}
	Checks(part, 3)
	Checks(&silent{name: "TestSomebody"}, 4)
	Uses(part, "etcd", "v3.7.3")
	mu.Lock()
	defer mu.Unlock()
	a := accounts["TestSomebody"]
	delete(accounts, "TestSomebody")
	if a.row.Checks != 7 || a.uses["etcd"] != "v3.7.3" || len(part.said) > 0 {
		t.Errorf("the account is %+v, it said %q", a, part.said)
	}
}
