package mesh

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/component"
)

// A workload is a running program of a pod; see components/workload for what it
// can be told.
type workload struct {
	name  string
	cmd   *exec.Cmd
	in    io.Writer
	lines *bufio.Scanner
	log   string
}

// notYetKnown stands for the code of calls that were never sent: gRPC for Go uses
// a new route a moment before it knows the clusters that are new in it. No order
// in which objects come can help, so where a version comes to a route this alone
// is no fault of what is tested.
const notYetKnown = "NotYetKnown"

// A tally is what became of calls.
type tally struct {
	Answers  map[string]int // by the version that answered
	Failures map[string]int // by status code, or notYetKnown
	Example  string         // the text of one failure
}

func (t tally) String() string {
	if t.Example == "" {
		return fmt.Sprintf("answers %v, no failures", t.Answers)
	}
	return fmt.Sprintf("answers %v, failures %v such as %s", t.Answers, t.Failures, t.Example)
}

func (t tally) answered() (sum int) {
	for _, n := range t.Answers {
		sum += n
	}
	return sum
}

func (t tally) failed() (sum int) {
	for _, n := range t.Failures {
		sum += n
	}
	return sum
}

// start runs a workload until the test ends.
func start(t *testing.T, name, bootstrap string, args ...string) *workload {
	t.Helper()
	w := &workload{name: name, log: filepath.Join(t.TempDir(), "log")}
	log, err := os.Create(w.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	w.cmd = exec.Command(component.Build(t, "workload"), args...)
	w.cmd.Env = slices.Concat(os.Environ(), component.Thrift, []string{"GRPC_XDS_BOOTSTRAP=" + bootstrap, "GRPC_GO_LOG_SEVERITY_LEVEL=warning"})
	w.cmd.Stderr = log
	in, err := w.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	w.in, w.lines = in, bufio.NewScanner(out)
	if err := w.cmd.Start(); err != nil {
		t.Fatalf("starting %s: %v", name, err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(w.lastLines())
		}
		// It has nothing to lose, and nothing of it is to stay.
		if err := w.cmd.Process.Kill(); err != nil {
			t.Errorf("ending %s: %v", name, err)
		}
		w.cmd.Wait()
	})
	return w
}

// serve runs a server of the pod and comes back when istiod has let it serve.
func (p pod) serve(t *testing.T, a *authority, port int) *workload {
	t.Helper()
	w := start(t, p.name(), p.identify(t, a, a), "serve", fmt.Sprintf("%s:%d", p.address, port), p.version)
	for w.lines.Scan() {
		if w.lines.Text() == "serving" {
			return w
		}
	}
	t.Fatalf("%s does not serve\n%s", p.name(), w.lastLines())
	return nil
}

// tell makes a workload do something and reads what came of it.
func tell[T any](t *testing.T, w *workload, format string, args ...any) T {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	var answer T
	if _, err := fmt.Fprintln(w.in, line); err != nil {
		t.Fatalf("telling %s %q: %v\n%s", w.name, line, err, w.lastLines())
	}
	if !w.lines.Scan() {
		t.Fatalf("%s says nothing to %q: %v\n%s", w.name, line, w.lines.Err(), w.lastLines())
	}
	if err := json.Unmarshal(w.lines.Bytes(), &answer); err != nil {
		t.Fatalf("%s says %q to %q: %v", w.name, w.lines.Text(), line, err)
	}
	return answer
}

func (w *workload) calls(t *testing.T, n int) tally {
	t.Helper()
	return tell[tally](t, w, "calls %d", n)
}

// lastLines is the end of what the workload has printed.
func (w *workload) lastLines() string {
	data, err := os.ReadFile(w.log)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return fmt.Sprintf("%s printed last:\n%s", w.name, strings.Join(lines[max(0, len(lines)-10):], "\n"))
}
