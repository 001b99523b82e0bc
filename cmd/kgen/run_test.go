package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// kgen prepares a run of the program in a process of its own; TestMain has put
// it on the PATH.
func kgen(dir string, args ...string) *exec.Cmd {
	cmd := exec.Command("kgen", args...)
	cmd.Dir = dir
	return cmd
}

func exitCode(err error) int {
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode()
	}
	if err != nil {
		return -1
	}
	return 0
}

// TestInterruptLeavesNothingBehind interrupts a run that waits for an answer.
func TestInterruptLeavesNothingBehind(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := t.TempDir()
			cmd := kgen(dir, "init", "deep/shop")
			answers, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer answers.Close()
			said, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			// The first question is out: the run waits for its answer.
			first, err := bufio.NewReader(said).ReadByte()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			rest, err := io.ReadAll(said)
			if err != nil {
				t.Fatal(err)
			}
			text := string(first) + string(rest)
			if code := exitCode(cmd.Wait()); code != 130 {
				t.Errorf("exit code %d, want 130; it said:\n%s", code, text)
			}
			if !strings.Contains(text, "interrupted; nothing was written") {
				t.Errorf("it said:\n%s", text)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestRunsAtOnceTakeTurns adds services to one repository from many processes.
func TestRunsAtOnceTakeTurns(t *testing.T) {
	const runs = 8
	dir := t.TempDir()
	if out, err := kgen(dir, "init", "--yes", "--name", "shop", "--service", "web,port=80").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var all sync.WaitGroup
	for i := range runs {
		all.Go(func() {
			out, err := kgen(dir, "add", "service", fmt.Sprintf("svc-%d", i), "--yes", "--port", "80", "--called-by", "web").CombinedOutput()
			if err != nil {
				t.Errorf("svc-%d: %v\n%s", i, err, out)
			}
		})
	}
	all.Wait()
	model, err := os.ReadFile(filepath.Join(dir, "kgen.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range runs {
		if name := fmt.Sprintf("name: svc-%d\n", i); !strings.Contains(string(model), name) {
			t.Errorf("svc-%d is not in kgen.yaml:\n%s", i, model)
		}
	}
	if out, err := kgen(dir, "generate", "--check").CombinedOutput(); err != nil {
		t.Errorf("the manifests do not fit the model: %v\n%s", err, out)
	}
}
