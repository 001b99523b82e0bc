// Package record keeps account of what the conformance tests hold kgen to. A test
// says once what it checks (Start), counts what it has checked (Checks), and its
// components say by themselves which version they are. The account is a row of the
// table in docs/conformance.md, and the row is part of the test: one that says
// anything else than what ran, but for the seconds, fails it.
//
//	go test ./... -update            # writes the rows of the tests that pass
//	go test -run TestX . -update     # one row
//
// A run of a part of a test (-run TestX/part) has no row to be held to.
package record

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write what has run into docs/conformance.md")

// Updating reports whether the run is to write rather than to compare.
func Updating() bool { return *update }

// An Area is what a test is about. The table is in the order of the areas.
type Area string

// The areas, in their order.
const (
	Models        Area = "Models"
	Build         Area = "Build"
	Disk          Area = "Disk"
	Admission     Area = "Admission"
	Istio         Area = "Istio"
	Mesh          Area = "Mesh"
	FrontDoor     Area = "Front door"
	Certificates  Area = "Certificates"
	Services      Area = "Services"
	Monitoring    Area = "Monitoring"
	NetworkPolicy Area = "NetworkPolicy"
)

var areas = []Area{Models, Build, Disk, Admission, Istio, Mesh, FrontDoor, Certificates, Services, Monitoring, NetworkPolicy}

// A Row is one test's line of the table.
type Row struct {
	Area       Area
	Test       string // TestX, or mesh.TestX of the package in the folder mesh
	What       string // is checked
	Components string // the programs that ran, with their versions
	Checks     int
	// Of the last run that was written down, and never compared: how long it took,
	// and the seconds that processors were at work for it. Of tests that run in
	// one process at the same time the latter are those of all of them.
	Seconds, Processor int
}

// An account is a row while its test runs.
type account struct {
	row     Row
	started bool
	since   time.Time
	before  time.Duration     // of the processor
	uses    map[string]string // version by component
}

var (
	mu       sync.Mutex
	accounts = map[string]*account{} // by the name of the test, without parts
)

// of is the account of the test that t is, or is a part of. The mutex is held.
func of(t testing.TB) *account {
	name, _, _ := strings.Cut(t.Name(), "/")
	if accounts[name] == nil {
		accounts[name] = &account{uses: map[string]string{}}
	}
	return accounts[name]
}

// Start opens the account of a test. In a network of the test's own (package
// namespace) that is inside, where the checks are. When the test has passed, as
// a whole, it is held to its row.
func Start(t *testing.T, area Area, what string) {
	t.Helper()
	if strings.Contains(t.Name(), "/") {
		t.Fatalf("%s is a part of a test; its account is that of the test", t.Name())
	}
	if !slices.Contains(areas, area) || what == "" || strings.ContainsAny(what, "|\n") {
		t.Fatalf("area %q and %q make no row of a table", area, what)
	}
	test, err := qualified(t.Name())
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	a := of(t)
	if a.started {
		t.Fatalf("%s has an account already", t.Name())
	}
	a.started, a.since, a.before, a.row = true, time.Now(), processor(), Row{Area: area, Test: test, What: what}
	t.Cleanup(func() { settle(t, a) })
}

// Checks counts n checks that were made. The same run counts the same whatever
// the machine: what is asked again until it holds is one check.
func Checks(t testing.TB, n int) {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	a := of(t)
	if !a.started {
		t.Errorf("checks are counted and nobody has opened an account: call record.Start in the test itself")
	}
	a.row.Checks += n
}

// Uses writes down that the test runs a component of a version. Package
// component does it for every program that it builds.
func Uses(t testing.TB, component, version string) {
	mu.Lock()
	defer mu.Unlock()
	of(t).uses[component] = version
}

// settle closes the account at the end of its test.
func settle(t *testing.T, a *account) {
	mu.Lock()
	defer mu.Unlock()
	delete(accounts, t.Name())
	a.row.Seconds = int(math.Round(time.Since(a.since).Seconds()))
	a.row.Processor = int(math.Round((processor() - a.before).Seconds()))
	var used []string
	for _, name := range slices.Sorted(maps.Keys(a.uses)) {
		used = append(used, strings.TrimSpace(name+" "+a.uses[name]))
	}
	a.row.Components = strings.Join(used, ", ")
	if t.Failed() || t.Skipped() {
		return
	}
	t.Logf("%d checks; %d seconds, of the processors %d", a.row.Checks, a.row.Seconds, a.row.Processor)
	if partial() {
		t.Logf("a part of it has run; the row in %s is of the whole", Document)
		return
	}
	if a.row.Checks == 0 {
		t.Error("it has passed and counted no check")
		return
	}
	path, err := document()
	if err != nil {
		t.Error(err)
		return
	}
	if *update {
		err = write(path, a.row)
	} else {
		err = compare(path, a.row)
	}
	if err != nil {
		t.Error(err)
	}
}

// partial reports whether the run was asked for parts of tests.
func partial() bool {
	for name, separator := range map[string]string{"test.run": "/", "test.skip": ""} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" && strings.Contains(f.Value.String(), separator) {
			return true
		}
	}
	return false
}

// compare holds a row to the one of the same test in the document.
func compare(path string, row Row) error {
	rows, err := read(path)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(rows, func(r Row) bool { return r.Test == row.Test })
	if i < 0 {
		return fmt.Errorf("%s has no row for %s, which ran: %s\nwrite it with go test -run '^%s$' -update", Document, row.Test, row.line(), row.name())
	}
	documented := rows[i]
	documented.Seconds, documented.Processor = row.Seconds, row.Processor
	if documented != row {
		return fmt.Errorf("%s does not say what ran\n  there: %s\n  ran:   %s\nif that is meant, write it with go test -run '^%s$' -update", Document, rows[i].line(), row.line(), row.name())
	}
	return nil
}

// name is the test's without its package.
func (r Row) name() string { return r.Test[strings.LastIndex(r.Test, ".")+1:] }

// byPlace is the order of the table.
func byPlace(a, b Row) int {
	return cmp.Or(slices.Index(areas, a.Area)-slices.Index(areas, b.Area), strings.Compare(a.Test, b.Test))
}

// module is the path of the module that the tests belong to.
const module = "kgen.dev/kgen/conformance"

// ModuleRoot is the folder of this module's go.mod, at or above the working
// folder, which is that of the package under test.
func ModuleRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		data, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.Contains(string(data), "module "+module+"\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("%s is not inside module %s; run the tests in its folder", start, module)
		}
	}
}

// qualified is a test's name as the table has it.
func qualified(test string) (string, error) {
	root, err := ModuleRoot()
	if err != nil {
		return "", err
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	folder, err := filepath.Rel(root, dir)
	if err != nil || folder == "." {
		return test, err
	}
	return filepath.ToSlash(folder) + "." + test, nil
}
