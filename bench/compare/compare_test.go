package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/bench/measure"
	"kgen.dev/kgen/internal/cli"
	"kgen.dev/kgen/internal/kustomize"
)

// as makes the test's own program one of those that are compared.
const as = "-as"

func TestMain(m *testing.M) {
	measure.Child()
	if len(os.Args) > 2 && os.Args[1] == as {
		os.Exit(act(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

// act is kgen itself, or does what a peer does as far as compare asks for it.
func act(program string, args []string) int {
	var err error
	switch program {
	case "kgen":
		return cli.Main(context.Background(), cli.StdIO(), args)
	case "kustomize":
		var out []byte
		out, err = kustomize.Build(args[1])
		os.Stdout.Write(out)
	case "helm":
		if args[0] == "template" {
			err = helmTemplate(args[2])
		}
	case "kube-score":
		return 1 // it has something to say
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}

func helmTemplate(chart string) error {
	text, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		return err
	}
	var values map[string]any
	if err := yaml.Unmarshal(text, &values); err != nil {
		return err
	}
	templates, err := filepath.Glob(filepath.Join(chart, "templates", "*.yaml"))
	if err != nil {
		return err
	}
	for _, name := range templates {
		fmt.Printf("---\n# Source: %s\n", name)
		parsed, err := template.ParseFiles(name)
		if err != nil {
			return err
		}
		if err := parsed.Execute(os.Stdout, map[string]any{"Values": values}); err != nil {
			return err
		}
		fmt.Println()
	}
	return nil
}

// programs are scripts that stand for the programs; a line in spoiled comes
// after the one of that name and makes it do something wrong.
func programs(t *testing.T, spoiled map[string]string) []string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var flags []string
	for _, name := range []string{"kgen", "kustomize", "helm", "kube-score"} {
		script := fmt.Sprintf("#!/bin/sh\nrun() { '%s' %s %s \"$@\"; }\n", self, as, name)
		if wrong := spoiled[name]; wrong != "" {
			script += wrong + "\n"
		} else {
			script += `run "$@"` + "\n"
		}
		at := filepath.Join(dir, name)
		if err := os.WriteFile(at, []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
		flags = append(flags, "-"+name, at)
	}
	return flags
}

func compare(t *testing.T, spoiled map[string]string, args ...string) (stdout string, err error) {
	t.Helper()
	var out, progress bytes.Buffer
	err = run(t.Context(), append(programs(t, spoiled), args...), &out, &progress)
	return out.String(), err
}

// TestEveryPair runs all of it on few services.
func TestEveryPair(t *testing.T) {
	out, err := compare(t, nil, "-small", "-n", "5", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var pairs []pairDocument
	if err := json.Unmarshal([]byte(out), &pairs); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range pairs {
		got = append(got, p.Pair)
		if len(p.A.Runs) != 1 || len(p.B.Runs) != 1 || p.Processor.Median <= 0 || p.A.Runs[0].Wall <= 0 {
			t.Errorf("%s: %+v", p.Pair, p)
		}
	}
	want := []string{
		"kgen build, 5 services / kustomize build, 5 services",
		"kgen build, 20 services / kustomize build, 20 services",
		"kgen build, 5 services / helm template, 5 services",
		"kgen build, 20 services / helm template, 20 services",
		"kgen init, 5 services / cp -r, 5 services",
		"kgen init, 20 services / cp -r, 20 services",
		"kgen generate, nothing to do, 5 services / kgen init, 5 services",
		"kgen generate, nothing to do, 20 services / kgen init, 20 services",
		"kgen add service, 20 services / kgen add service, 5 services",
		"kgen build, 20 services / kgen build, 5 services",
		"kgen audit, 20 services / kgen audit, 5 services",
		"kgen audit, 5 services / kube-score score, 5 services",
		"kgen audit, 20 services / kube-score score, 20 services",
		"kustomize build, kgen's layout, 5 services / kustomize build, naive layout, 5 services",
		"kustomize build, kgen's layout, 20 services / kustomize build, naive layout, 20 services",
		"kgen --help / helm --help",
		"kgen __complete / helm __complete",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Every goal is that of a pair which the command compares if it is not told
// which; and no other pair but the one without a goal.
func TestGoalsAreThoseOfPairs(t *testing.T) {
	o, err := parse(nil, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	var aimless []string
	met := map[string]goal{}
	for _, m := range (&bench{options: o}).pairs() {
		if g, aimed := goals[m.name]; aimed {
			met[m.name] = g
		} else {
			aimless = append(aimless, m.name)
		}
	}
	if diff := cmp.Diff(goals, met, cmp.AllowUnexported(goal{})); diff != "" {
		t.Errorf("goals (-want +met):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"kgen audit / kube-score, 300"}, aimless); diff != "" {
		t.Errorf("pairs without a goal (-want +got):\n%s", diff)
	}
	if o, err = parse([]string{"-n", "7,9"}, os.Stderr); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{7, 9}, o.sizesOr(300)); diff != "" {
		t.Errorf("-n (-want +got):\n%s", diff)
	}
}

func TestGoalsInWords(t *testing.T) {
	for want, g := range map[string]goal{
		"–":                  {},
		"≤ 1/25":             {ratio: 0.04},
		"≤ 2.00 wall":        {ratio: 2, wall: true},
		"first ≤ 30 ms wall": {limit: 0.03},
	} {
		if got := g.String(); got != want {
			t.Errorf("%+v is %q, not %q", g, got, want)
		}
	}
}

// What takes minutes takes fewer turns than were asked for.
func TestAPairMayTakeFewerTurns(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	one := side{name: "helm", command: measure.Command{Args: []string{self, as, "helm", "--help"}}}
	for most, want := range map[int]int{0: 3, 2: 2, 5: 3} {
		r, err := pair{a: one, b: one, most: most}.run(t.Context(), 3, time.Minute, time.Hour, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.a) != want || len(r.b) != want {
			t.Errorf("at most %d: %d and %d turns of 3, not %d", most, len(r.a), len(r.b), want)
		}
	}
}

// A result that is wrong is an error, which says what is wrong.
func TestWrongResultsFail(t *testing.T) {
	for _, c := range []struct {
		name, pairs string
		spoiled     map[string]string
		want        string
	}{
		{
			"another byte", "^kgen build / kustomize",
			map[string]string{"kustomize": `run "$@" | sed '3s/$/x/'`}, "the bytes differ from line 3 on",
		},
		{
			"a byte too many", "^kgen build / kustomize",
			map[string]string{"kustomize": `run "$@"; echo x`}, "the bytes differ",
		},
		{
			"a failure", "^kgen build / kustomize",
			map[string]string{"kustomize": "echo broken >&2; exit 3"}, "exit code 3\nbroken",
		},
		{
			"an object with another name", "^kgen build / helm",
			map[string]string{"helm": `run "$@" | sed 's/^  name: service-0002$/  name: service-x/'`}, "are missing",
		},
		{
			"an object with another value", "^kgen build / helm",
			map[string]string{"helm": `run "$@" | sed 's/port: 8080/port: 8081/'`}, `port: 8081" where`,
		},
		{
			"a repository without a file", "^kgen init / cp",
			map[string]string{"kgen": `run "$@"; case $2 in */init) rm "$2/README.md";; esac`}, "README.md",
		},
		{
			"a file written without need", "^kgen generate",
			map[string]string{"kgen": `run "$@"; case $1 in generate) touch README.md;; esac`}, "1 files were written: README.md",
		},
		{
			"another file for many than for few", "^kgen add",
			map[string]string{"kgen": `run "$@"; case $1 in add) grep -q service-0019 kgen.yaml && echo >> networking/services/service-0007.yaml; true;; esac`}, "the files written are not the same",
		},
		{
			"nothing added", "^kgen add",
			map[string]string{"kgen": `case $1 in add) ;; *) run "$@";; esac`}, "newcomer.yaml",
		},
		{
			"an audit that finds an error", "^kgen audit, ",
			map[string]string{"kgen": `case $1 in audit) echo 'kind: [' > networking/services/service-0000.yaml;; esac; run "$@"`}, "exit code ",
		},
		{
			// An alert without a summary is one, and no error.
			"an audit that finds a warning", "^kgen audit, ",
			map[string]string{"kgen": `case $1 in audit) grep -v summary: monitoring/alerts/service-0000.yaml > changed && mv changed monitoring/alerts/service-0000.yaml;; esac; run "$@"`}, "exit code 1",
		},
	} {
		_, err := compare(t, c.spoiled, "-small", "-n", "5", "-pairs", c.pairs)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What does not end in time is a bound, and no failure.
func TestWhatDoesNotEnd(t *testing.T) {
	// exec leaves no shell behind that would outlive the program.
	out, err := compare(t, map[string]string{"helm": "exec tail -f /dev/null"}, "-pairs", "--help", "-timeout", "5s", "-runs", "3")
	if err != nil {
		t.Fatal(err)
	}
	for start, want := range map[string]string{
		"| kgen --help / helm --help |": "| first ≤ 30 ms wall | 1 |", // one turn, and no other
		"| helm --help | > ":            " MB |",
	} {
		at := strings.Index(out, start)
		if at < 0 {
			t.Fatalf("no row begins with %q:\n%s", start, out)
		}
		if row, _, _ := strings.Cut(out[at:], "\n"); !strings.HasSuffix(row, want) {
			t.Errorf("the row %s does not end with %q", row, want)
		}
	}
}

func TestTablesAreWrittenIntoThePage(t *testing.T) {
	page := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(page, []byte("# Before\n<!-- begin comparison -->\n<!-- end comparison -->\nAfter\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := compare(t, nil, "-small", "-n", "5", "-pairs", "start", "-write", page)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"# Before\n", out, "\nAfter\n", time.Now().UTC().Format("2006-01"), "kustomize v5"} {
		if !strings.Contains(string(got), part) {
			t.Errorf("the page lacks %q:\n%s", part, got)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-n", "100,x"}, `"x" is no number of services`},
		{[]string{"-n", "4"}, "at least 5"},
		{[]string{"-add", "10"}, "a smaller and a larger"},
		{[]string{"-add", "20:10"}, "a smaller and a larger"},
		{[]string{"-growth", "5:6:7"}, "a smaller and a larger"},
		{[]string{"-runs", "0"}, "at least 1"},
		{[]string{"-o", "yaml"}, "text or json"},
		{[]string{"-pairs", "("}, "-pairs"},
		{[]string{"-pairs", "none such"}, "no such pair"},
		{[]string{"100"}, `"100" is no flag`},
		{[]string{"-write", "nowhere.md", "-pairs", "none such"}, "no such pair"},
	} {
		if _, err := compare(t, nil, c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}

func TestRatiosOfATable(t *testing.T) {
	seconds := func(figures ...float64) []measure.Run {
		var runs []measure.Run
		for _, f := range figures {
			runs = append(runs, measure.Run{User: f, Wall: 2 * f, Peak: int64(f * 1e6)})
		}
		return runs
	}
	r := result{
		pair: pair{a: side{name: "quick", services: 7}, b: side{name: "slow"}, goal: goal{ratio: 0.5, wall: true}},
		a:    seconds(1, 3, 2), b: seconds(10, 10, 10),
	}
	want := `| pair | ratio of processor times: median | least | greatest | of wall times | goal | turns |
|---|--:|--:|--:|--:|--:|--:|
| quick, 7 services / slow | 0.20 | 0.10 | 0.30 | 0.20 | ≤ 0.50 wall | 3 |

| program | user time: median | processor time: median | least | greatest | wall time: median | peak memory |
|---|--:|--:|--:|--:|--:|--:|
| quick, 7 services | 2.00 s | 2.00 s | 1.00 s | 3.00 s | 4.00 s | 3 MB |
| slow | 10.0 s | 10.0 s | 10.0 s | 10.0 s | 20.0 s | 10 MB |
`
	if diff := cmp.Diff(want, text([]result{r})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.b[2].TimedOut = true
	if got := r.bound(0.2); got != "< 0.20" {
		t.Errorf("b was ended: %s", got)
	}
	r.a[2].TimedOut = true
	if got := r.bound(0.2); got != "–" {
		t.Errorf("both were ended: %s", got)
	}
}

func TestSnapshots(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"stays", "touched", "changed", "gone"} {
		write(name, name)
	}
	before, err := snap(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "touched"), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	write("changed", "anew")
	write("new", "new")
	if err := os.Remove(filepath.Join(dir, "gone")); err != nil {
		t.Fatal(err)
	}
	after, err := snap(dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"changed", "gone", "new"}, before.changed(after, otherBytes)); diff != "" {
		t.Errorf("bytes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"changed", "gone", "new", "touched"}, before.changed(after, writtenAnew)); diff != "" {
		t.Errorf("writing (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"changed", "gone", "stays", "touched"}, slices.Sorted(maps.Keys(before))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
