//go:build unix

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/txn"
)

// TestCrowd adds fifty services to one repository at the same time, from as
// many processes. All succeed, all are in the model, and the files are those
// that the model makes.
func TestCrowd(t *testing.T) {
	const runs = 50
	dir := filepath.Join(memory(t), "shop")
	must(t, kgen(filepath.Dir(dir), "init", "shop", "--yes", "--name", "shop", "--service", "web,port=80"))
	var all sync.WaitGroup
	var want []string
	for i := range runs {
		name := fmt.Sprintf("svc-%02d", i)
		want = append(want, name)
		all.Go(func() {
			out, err := kgen(dir, "add", "service", name, "--yes", "--port", "80", "--called-by", "web").CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, out)
			}
		})
	}
	all.Wait()

	data, err := os.ReadFile(filepath.Join(dir, modelFile))
	if err != nil {
		t.Fatal(err)
	}
	model, errs := specfile.Parse(modelFile, data)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var got, called []string
	for _, s := range model.Network.Spec.Services {
		if s.Name != "web" {
			got = append(got, s.Name)
			continue
		}
		for _, c := range s.Calls {
			called = append(called, c.Service)
		}
	}
	slices.Sort(got)
	slices.Sort(called)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("in the model:\n%s", d)
	}
	if d := cmp.Diff(want, called); d != "" {
		t.Errorf("called by web:\n%s", d)
	}

	again := filepath.Join(memory(t), "shop")
	write(t, filepath.Join(again, modelFile), string(data))
	must(t, kgen(again, "generate"))
	if d := cmp.Diff(inside(t, again), inside(t, dir)); d != "" {
		t.Errorf("the files are not those of the model:\n%s", d)
	}
}

// TestWaitingIsSaidAndEnds holds a repository, so that runs have to wait for it.
// They say so, go on when it is free, and an interrupt ends the wait.
func TestWaitingIsSaidAndEnds(t *testing.T) {
	dir := filepath.Join(memory(t), "shop")
	must(t, kgen(filepath.Dir(dir), "init", "shop", "--yes", "--name", "shop", "--service", "web,port=80"))
	before := inside(t, dir)
	for _, tt := range []struct {
		name string
		end  func(unlock func(), run *os.Process) error
		code int
		said string
	}{
		{"its turn comes", func(unlock func(), _ *os.Process) error { unlock(); return nil }, 0, "there is nothing to do\n"},
		{"interrupted", func(_ func(), run *os.Process) error { return run.Signal(syscall.SIGINT) }, 130, "kgen: interrupted; nothing was written\n"},
		{"terminated", func(_ func(), run *os.Process) error { return run.Signal(syscall.SIGTERM) }, 130, "kgen: interrupted; nothing was written\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			unlock, err := txn.Lock(t.Context(), dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			unlock = sync.OnceFunc(unlock)
			defer unlock()
			cmd := kgen(dir, "generate")
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			said := bufio.NewReader(stderr)
			first, err := said.ReadString('\n')
			if err != nil || !strings.HasPrefix(first, "waiting for another kgen that works in ") {
				t.Errorf("%v; it said %q", err, first)
			}
			if err := tt.end(unlock, cmd.Process); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(said)
			if err != nil {
				t.Fatal(err)
			}
			if code := exitCode(cmd.Wait()); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if d := cmp.Diff(tt.said, string(rest)); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff(before, inside(t, dir)); d != "" {
				t.Errorf("changed:\n%s", d)
			}
		})
	}
}
