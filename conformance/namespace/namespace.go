// Package namespace gives a test a network of its own: a loopback on which every
// port is free and every address of 10.0.0.0/8 is at home, for pods and Services
// that a Kubernetes API server would not take at 127.0.0.1. Nothing of it can be
// seen from outside, and nothing outside from it.
package namespace

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"kgen.dev/kgen/conformance/record"
)

// variable tells a test binary that it runs inside, and which network it is not
// to find itself in: that of the one who started it.
const variable = "KGEN_CONFORMANCE_OUTSIDE"

// Inside reports whether the test runs in a network of its own. A test that does
// not prepares what it needs the world for, such as its programs, and calls Run:
//
//	if !namespace.Inside(t) {
//		component.Build(t, "etcd")
//		namespace.Run(t)
//		return
//	}
//
// A machine that does not let a network be made fails the test.
func Inside(t *testing.T) bool {
	t.Helper()
	outside := os.Getenv(variable)
	if outside == "" {
		return false
	}
	here, err := network()
	if err != nil {
		t.Fatal(err)
	}
	if here == outside {
		t.Fatalf("%s is set, but this is the network %s itself; leave that variable to the tests", variable, here)
	}
	if err := raise(); err != nil {
		t.Fatalf("raising the loopback of the test's own network: %v", err)
	}
	return true
}

// Run runs the test, and of it the subtests that were asked for, once more in a
// network of its own. What that run says is said here; it ends with the test.
func Run(t *testing.T) {
	t.Helper()
	outside, err := network()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-test.run=" + only(t.Name()), "-test.count=1", "-test.v"}
	if record.Updating() {
		args = append(args, "-update")
	}
	ctx := t.Context()
	if deadline, set := t.Deadline(); set {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-5*time.Second))
		defer cancel()
		args = append(args, "-test.timeout="+time.Until(deadline.Add(-10*time.Second)).String())
	}
	said, err := run(ctx, t, isolations(), append(os.Environ(), variable+"="+outside), args)
	if err != nil {
		t.Fatalf("in a network of its own: %v", err)
	}
	if !said {
		t.Fatalf("in a network of its own %s has not run", t.Name())
	}
}

// only is the pattern of the test and of the subtests that -run asks for.
func only(name string) string {
	pattern := "^" + regexp.QuoteMeta(name) + "$"
	if asked := flag.Lookup("test.run"); asked != nil {
		if _, subtests, found := strings.Cut(asked.Value.String(), "/"); found {
			pattern += "/" + subtests
		}
	}
	return pattern
}

// run runs the test binary in the first of the ways that can be gone, and reports
// whether the test has said that it passed.
func run(ctx context.Context, t *testing.T, ways []*syscall.SysProcAttr, environment, args []string) (passed bool, err error) {
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	// The child is to die with this process, which for Linux is the thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	output := &lines{say: func(line string) {
		passed = passed || strings.HasPrefix(line, "--- PASS: "+t.Name()+" ")
		if !strings.HasPrefix(line, "===") { // who begins and who waits
			t.Log(line)
		}
	}}
	for i, attributes := range ways {
		cmd := exec.CommandContext(ctx, self, args...)
		cmd.Env, cmd.SysProcAttr = environment, attributes
		cmd.Stdout, cmd.Stderr = output, output
		cmd.WaitDelay = time.Second // whatever it has left behind may still hold its output
		if err = cmd.Start(); err == nil {
			err = cmd.Wait()
			output.end()
			return passed, err
		}
		if i == len(ways)-1 {
			err = fmt.Errorf("it cannot be made: %w; what is missing is root (CAP_SYS_ADMIN), or a kernel that lets anybody make user namespaces", err)
		}
	}
	return false, err
}

// lines is a writer that says each line as soon as it is whole.
type lines struct {
	say  func(line string)
	rest []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		l.say(string(line))
		l.rest = rest
	}
}

// end says what stands on a line that has no end.
func (l *lines) end() {
	if len(l.rest) > 0 {
		l.say(string(l.rest))
		l.rest = nil
	}
}
