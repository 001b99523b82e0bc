package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/bench/measure"
	"kgen.dev/kgen/bench/trees"
	"kgen.dev/kgen/internal/cli"
	"kgen.dev/kgen/internal/kustomize"
)

// as makes the test's own program kgen, or kustomize.
const as = "-as"

func TestMain(m *testing.M) {
	measure.Child()
	if len(os.Args) > 2 && os.Args[1] == as {
		os.Exit(act(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

func act(program string, args []string) int {
	if program == "kgen" {
		return cli.Main(context.Background(), cli.StdIO(), args)
	}
	out, err := kustomize.Build(args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Stdout.Write(out)
	return 0
}

// layouts runs the command with scripts for kgen and for kustomize, of which the
// latter's output goes through a filter.
func layouts(t *testing.T, filter string, args ...string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, after := range map[string]string{"kgen": "", "kustomize": filter} {
		script := fmt.Sprintf("#!/bin/sh\n'%s' %s %s \"$@\"%s\n", self, as, name, after)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	err = run(t.Context(), append([]string{"-kgen", filepath.Join(dir, "kgen"), "-kustomize", filepath.Join(dir, "kustomize")}, args...), &out, io.Discard)
	return out.String(), err
}

func TestLayoutsAreBuiltAndWritten(t *testing.T) {
	page, keep := filepath.Join(t.TempDir(), "page.md"), filepath.Join(t.TempDir(), "trees")
	if err := os.WriteFile(page, []byte("<!-- begin layouts -->\n<!-- end layouts -->\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := layouts(t, "", "-at", "5=leaves-fifo", "-n", "2", "-runs", "2", "-layouts", "naive,leaves-fifo", "-write", page, "-keep", keep)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out, "\n| "); got != 2 || !strings.HasPrefix(out, "| layout | what it is | 2 | ratio | 5 | ratio |\n|---|---|--:|--:|--:|--:|\n| naive |") {
		t.Errorf("the table is\n%s", out)
	}
	for start, end := range map[string]string{"| naive |": "| – | – |", "| leaves-fifo |": " ms | – |"} {
		_, row, _ := strings.Cut(out, "\n"+start)
		row, _, _ = strings.Cut(row, "\n")
		if seconds := strings.Split(row, " | ")[1]; seconds == "–" || !strings.HasSuffix(row, end) && !strings.HasSuffix(row, " s | – |") {
			t.Errorf("the row of %s is %s", start, row)
		}
	}
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), ". Turns: 2 at 2, 2 at 5 services; medians.\n\n"+out+"<!-- end") {
		t.Errorf("%v: the page is\n%s", err, text)
	}
	if _, err := os.Stat(filepath.Join(keep, "5", "leaves-fifo", "kustomization.yaml")); err != nil {
		t.Errorf("the trees are not kept: %v", err)
	}
}

// Once a number of services has taken the budget, no further turn begins there.
func TestNoTurnBeyondTheBudget(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.md")
	if err := os.WriteFile(page, []byte("<!-- begin layouts -->\n<!-- end layouts -->\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := layouts(t, "", "-n", "2,5", "-runs", "3", "-budget", "1ns", "-layouts", "naive,leaves-fifo", "-write", page); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil || !strings.Contains(string(text), "Turns: 1 at 2, 1 at 5 services; medians.") {
		t.Errorf("%v: the page is\n%s", err, text)
	}
}

func TestWrongObjectsFail(t *testing.T) {
	for layout, filter := range map[string]string{
		"leaves-fifo": ` | sed 's/^  namespace: monitoring$/  namespace: other/'`,
		"naive":       ` | sed 's/^  name: service-0001$/  name: another/'`,
	} {
		_, err := layouts(t, filter, "-n", "5", "-layouts", layout)
		if err == nil || !strings.Contains(err.Error(), "5 services, layout "+layout+": of ") {
			t.Errorf("%s: %v", layout, err)
		}
	}
	if _, err := layouts(t, "; exit 3", "-n", "5", "-layouts", "leaves-fifo"); err == nil || !strings.Contains(err.Error(), "exit code 3") {
		t.Errorf("kustomize fails: %v", err)
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-n", "0"}, "no number of services"},
		{[]string{"-n", "ten"}, "no number of services"},
		{[]string{"-layouts", "other"}, `there is no layout "other"; there are naive, `},
		{[]string{"-runs", "0"}, "at least 1"},
		{[]string{"-at", "1000"}, "such as 1000=naive,leaves-fifo"},
		{[]string{"-at", "0=naive"}, "such as 1000=naive,leaves-fifo"},
		{[]string{"-n", "5", "-at", "5=naive"}, "-n has all layouts built at 5"},
		{[]string{"-layouts", "naive", "-at", "7=leaves-fifo"}, `layout "leaves-fifo" is not among those that are built`},
		{[]string{"300"}, `"300" is no flag`},
	} {
		if _, err := layouts(t, "", c.args...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.args, err)
		}
	}
}

func TestTable(t *testing.T) {
	run := func(seconds float64, timedOut bool) []measure.Run {
		return []measure.Run{{User: seconds, TimedOut: timedOut}}
	}
	tab := table{
		layouts: []trees.Layout{{Name: "a", Doc: "first"}, {Name: "b", Doc: "second"}, {Name: trees.Kgens, Doc: "third"}},
		sizes:   []int{10, 1000, 2000},
		runs: map[cell][]measure.Run{
			{"a", 10}: {{User: 2}, {User: 4}, {User: 40}}, {"b", 10}: {{User: 1}, {User: 1}, {User: 20}}, {trees.Kgens, 10}: run(60, true),
			{"a", 1000}: run(600, true), {"b", 1000}: run(60, false), {trees.Kgens, 1000}: run(600, true),
			{"b", 2000}: run(600, true), {trees.Kgens, 2000}: run(500, false),
		},
	}
	const want = `| layout | what it is | 10 | ratio | 1000 | ratio | 2000 | ratio |
|---|---|--:|--:|--:|--:|--:|--:|
| a | first | 4.00 s | 1.00 | > 600 s | – | – | – |
| b | second | 1.00 s | 0.50 | 60.0 s | < 0.10 | > 600 s | – |
| **leaves-fifo-monitor** | third | > 60.0 s | > 30.0 | > 600 s | – | 500 s | – |
`
	if diff := cmp.Diff(want, tab.text()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff("Turns: 3 at 10, 1 at 1000, 1 at 2000 services; medians.", tab.turns()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
