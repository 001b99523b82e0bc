// Package netns gives a test a network of its own: a Linux network namespace in
// which nothing is but a loopback device, so that ports cannot clash and pods can
// have addresses. EndpointSlices take no loopback address, so all of 10.0.0.0/8
// leads to the device too: whoever listens at 10.1.2.3 there is a pod.
package netns

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
	"testing"
	"time"
)

// inside names the test that a process was started for.
const inside = "KGEN_CONFORMANCE_NETNS"

// Run runs body as the test t in a process of its own, whose network is one of
// its own. What needs the machine's network, such as building a component, has
// to be done before. A machine that does not let this be done fails the test.
func Run(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	if os.Getenv(inside) == t.Name() {
		if err := setUp(); err != nil {
			t.Fatalf("setting up the network namespace: %v", err)
		}
		body(t)
		return
	}
	if strings.Contains(t.Name(), "/") {
		t.Fatalf("%s is part of a test; a test goes into a network namespace as a whole", t.Name())
	}
	ctx, arguments := t.Context(), []string{"-test.v", "-test.count=1", "-test.run=" + pattern(t.Name())}
	if deadline, set := t.Deadline(); set {
		left := time.Until(deadline) - 5*time.Second // to tell what has been printed
		arguments = append(arguments, "-test.timeout="+max(left, time.Second).String())
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, left)
		defer cancel()
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(ctx, binary, arguments...)
	command.Env = append(os.Environ(), inside+"="+t.Name())
	var printed bytes.Buffer
	command.Stdout, command.Stderr = &printed, &printed
	command.WaitDelay = time.Second // what it has started ends with it
	if command.SysProcAttr, err = attributes(); err != nil {
		t.Fatal(err)
	}
	// Linux ties a child's life to the thread that started it.
	runtime.LockOSThread()
	err = command.Start()
	if err != nil {
		runtime.UnlockOSThread()
		t.Fatalf("a network namespace of the test's own cannot be made: %v; it takes root (CAP_SYS_ADMIN), or a kernel that lets users make user namespaces", err)
	}
	err = command.Wait()
	runtime.UnlockOSThread()
	t.Logf("in a network namespace of its own:\n%s", printed.String())
	if err != nil {
		t.Errorf("in its network namespace: %v", err)
	} else if passed := fmt.Sprintf("--- PASS: %s ", t.Name()); !strings.Contains(printed.String(), passed) {
		t.Errorf("in its network namespace the test did not run: nothing says %q", passed)
	}
}

// pattern is what -run has to say for the test, and for those of its parts that
// this process was asked for.
func pattern(name string) string {
	out := "^" + regexp.QuoteMeta(name) + "$"
	if asked := flag.Lookup("test.run"); asked != nil {
		if _, parts, found := strings.Cut(asked.Value.String(), "/"); found {
			out += "/" + parts
		}
	}
	return out
}
