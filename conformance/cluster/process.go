//go:build unix

package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"kgen.dev/kgen/conformance/component"
)

// A process is a program that runs until its test ends, in a process group of
// its own. What it prints goes to a file, so that nobody waits for a pipe.
type process struct {
	name  string
	log   string
	pid   int
	ended chan struct{} // closed when it is gone; err says how
	err   error
}

// launch runs the program with dir as its working folder. The end of the test
// ends it and everything that it has started.
func launch(t testing.TB, dir, binary string, args ...string) *process {
	t.Helper()
	return launchIn(t, dir, nil, binary, args...)
}

// launchIn is launch with variables beside those of the environment.
func launchIn(t testing.TB, dir string, variables []string, binary string, args ...string) *process {
	t.Helper()
	name := filepath.Base(binary)
	p := &process{name: name, log: filepath.Join(dir, name+".log"), ended: make(chan struct{})}
	out, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.Env = slices.Concat(os.Environ(), component.Thrift, variables)
	cmd.SysProcAttr = attributes()
	started := make(chan error)
	go func() {
		// Linux ties a child's life to the thread that started it: the thread is
		// kept for as long as the child is to live.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer out.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
		}
		close(p.ended)
	}()
	if err := <-started; err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	p.pid = cmd.Process.Pid
	t.Cleanup(func() {
		// Its files go with the test, so there is nothing to shut down gently for.
		select {
		case <-p.ended:
		default:
			if err := syscall.Kill(-p.pid, syscall.SIGKILL); err != nil && err != syscall.ESRCH { // it may just have ended
				t.Errorf("ending %s: %v", name, err)
			}
			<-p.ended
		}
	})
	return p
}

// finish lets the program end by itself, with everything written.
func (p *process) finish(ctx context.Context) error {
	if err := syscall.Kill(p.pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("ending %s: %w", p.name, err)
	}
	select {
	case <-p.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("ending %s: %w", p.name, ctx.Err())
	}
}

// lastLines is the end of what the process has printed.
func (p *process) lastLines() string {
	data, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return fmt.Sprintf("%s printed last:\n%s", p.name, strings.Join(lines[max(0, len(lines)-20):], "\n"))
}
