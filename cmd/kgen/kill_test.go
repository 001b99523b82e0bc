//go:build unix

package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// kills is small by default, since each one costs a run, a recovery and two
// looks at every file: go test ./cmd/kgen -run Killed -kills 210
var kills = flag.Int("kills", 30, "how often TestKilled kills kgen")

// services is how many the repository has that is broken: its files take some
// hundred milliseconds to write, which leaves room to strike.
const services = 300

// TestKilledInit kills kgen init at many instants. The next run finds nothing,
// or the whole repository.
func TestKilledInit(t *testing.T) {
	t.Parallel()
	top := memory(t)
	from := filepath.Join(top, "kgen.yaml")
	write(t, from, model(services))
	dir := filepath.Join(top, "shop")
	init := func() *exec.Cmd { return kgen(top, "init", "shop", "--from", from, "--yes", "-q") }

	moments := measure(t, dir, init())
	whole := inside(t, dir)
	strike := rand.New(rand.NewPCG(1, 1))
	counts := map[string]int{}
	n := *kills / 3
	for i := range n {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		struck(t, init(), dir, moments, syscall.SIGKILL, i, strike)
		if left(t, dir) {
			counts["half done"]++
		}
		// This run is refused for its own reasons, but first it puts right what is there.
		next := kgen(top, "init", "shop", "--from", "missing.yaml", "--yes")
		if out, err := next.CombinedOutput(); exitCode(err) != 1 && exitCode(err) != 2 {
			t.Fatalf("kill %d: the next run: %v\n%s", i, err, out)
		}
		got := inside(t, dir)
		switch got {
		case "", folderAlone(t, dir):
			counts["nothing"]++
		case whole:
			counts["whole"]++
		default:
			t.Fatalf("kill %d: neither nothing nor the whole:\n%s", i, cmp.Diff(whole, got))
		}
	}
	t.Logf("%d kills: %v", n, counts)
	if counts["half done"] == 0 {
		t.Error("no kill came while the files were written")
	}
}

// TestKilledGenerate kills kgen generate at many instants, while a change of the
// model makes it write every file, some of them with edits of a person's.
func TestKilledGenerate(t *testing.T) {
	t.Parallel()
	r := newEdited(t)
	strike := rand.New(rand.NewPCG(2, 2))
	counts := map[string]int{}
	n := *kills - *kills/3
	for i := range n {
		old, whole := r.turn(t)
		struck(t, r.generate(), r.dir, r.moments, syscall.SIGKILL, i, strike)
		if left(t, r.dir) {
			counts["half done"]++
		}
		if out, err := kgen(r.dir, "recover").CombinedOutput(); err != nil {
			t.Fatalf("kill %d: kgen recover: %v\n%s", i, err, out)
		}
		counts[r.oldOrNew(t, fmt.Sprint("kill ", i), old, whole)]++
	}
	t.Logf("%d kills: %v", n, counts)
	if counts["half done"] == 0 {
		t.Error("no kill came while the files were written")
	}
}

// TestInterruptedGenerate interrupts instead. Then nothing is left for the next
// run to put right: the run itself leaves the old tree, and says so and exits
// with 130, or it comes to its end.
func TestInterruptedGenerate(t *testing.T) {
	t.Parallel()
	r := newEdited(t)
	strike := rand.New(rand.NewPCG(3, 3))
	counts := map[string]int{}
	n := *kills / 3
	for i := range n {
		old, whole := r.turn(t)
		sig := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2]
		said, code := struck(t, r.generate(), r.dir, r.moments, sig, i, strike)
		if left(t, r.dir) {
			t.Fatalf("%v %d: a journal is left", sig, i)
		}
		outcome := r.oldOrNew(t, fmt.Sprint(sig, " ", i), old, whole)
		const message = "kgen: interrupted; nothing was written\n"
		switch {
		case code == 130 && outcome == "old" && said == message:
			counts["interrupted, old"]++
		case code == 0 && outcome == "new" && said == "":
			counts["finished, new"]++
		case code == -1 && outcome == "old" && said == "": // it had not begun to listen for signals
			counts["ended at its start, old"]++
		default:
			t.Errorf("%v %d: exit code %d, the tree is %s; it said:\n%s", sig, i, code, outcome, said)
		}
	}
	t.Logf("%d interrupts: %v", n, counts)
}

// edited is a repository that turns between two models, which differ in a name
// that stands in every manifest, with edits of a person's in its files.
type edited struct {
	dir     string
	models  [2]string
	trees   [2]string // as listing has them
	at      int       // which of both it is
	moments moments
}

func newEdited(t *testing.T) *edited {
	t.Helper()
	r := &edited{dir: filepath.Join(memory(t), "shop"), models: [2]string{
		model(services), strings.Replace(model(services), "name: large", "name: larger", 1),
	}}
	write(t, filepath.Join(r.dir, modelFile), r.models[0])
	must(t, r.generate())

	const words = "# by hand\n"
	file := func(path string) string { return filepath.Join(r.dir, filepath.FromSlash(path)) }
	edited := []string{
		"README.md", "networking/kustomization.yaml", "networking/services/service-0007.yaml", "networking/services/service-0299.yaml",
		"networking/network-policies/service-0150.yaml", "networking/service-mesh/service-0001.yaml", "monitoring/alerts/kustomization.yaml",
	}
	for _, path := range edited {
		data, err := os.ReadFile(file(path))
		if err != nil {
			t.Fatal(err)
		}
		write(t, file(path), string(data)+words)
	}
	write(t, file("networking/services/own.yaml"), words)
	for path, mode := range map[string]fs.FileMode{edited[2]: 0o755, edited[4]: 0o600} {
		if err := os.Chmod(file(path), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(file("networking/services/service-0042.yaml")); err != nil {
		t.Fatal(err)
	}

	// There, and back, and there again: what a person did survives each time.
	must(t, r.generate())
	r.trees[0] = inside(t, r.dir)
	write(t, file(modelFile), r.models[1])
	r.moments = measure(t, r.dir, r.generate())
	r.trees[1] = inside(t, r.dir)
	write(t, file(modelFile), r.models[0])
	must(t, r.generate())
	if d := cmp.Diff(r.trees[0], inside(t, r.dir)); d != "" {
		t.Fatalf("there and back is another tree:\n%s", d)
	}
	for _, path := range append(edited, "networking/services/own.yaml") {
		if data, err := os.ReadFile(file(path)); err != nil || !bytes.Contains(data, []byte(words)) {
			t.Fatalf("%s has lost its edit: %v\n%s", path, err, data)
		}
	}
	if same := unchangedLines(r.trees[0], r.trees[1]); same > 20 {
		t.Fatalf("%d files are the same under both models:\n%s", same, r.trees[0])
	}
	return r
}

// turn gives the repository the other model and returns the tree as it is and
// as it has to become.
func (r *edited) turn(t *testing.T) (old, whole string) {
	t.Helper()
	write(t, filepath.Join(r.dir, modelFile), r.models[1-r.at])
	return inside(t, r.dir), r.trees[1-r.at]
}

func (r *edited) oldOrNew(t *testing.T, when, old, whole string) string {
	t.Helper()
	switch got := inside(t, r.dir); got {
	case old:
		return "old"
	case whole:
		r.at = 1 - r.at
		return "new"
	default:
		t.Fatalf("%s: the tree is neither old nor new; against the new one:\n%s", when, cmp.Diff(whole, got))
		return ""
	}
}

func (r *edited) generate() *exec.Cmd { return kgen(r.dir, "generate", "-q", "-o", "json") }

// modelFile is where the model lies.
const modelFile = "kgen.yaml"

// moments are when a run that nobody disturbs begins to write, and ends.
type moments struct{ writes, ends time.Duration }

func measure(t *testing.T, dir string, cmd *exec.Cmd) moments {
	t.Helper()
	var said bytes.Buffer
	cmd.Stderr = &said
	start := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	var m moments
	for {
		select {
		case err := <-ended:
			if err != nil {
				t.Fatalf("%v\n%s", err, said.String())
			}
			m.ends = time.Since(start)
			return m
		case <-time.After(time.Millisecond):
			if m.writes == 0 && left(t, dir) {
				m.writes = time.Since(start)
			}
		}
	}
}

// struck starts run number i and sends it a signal: the first one as soon as its
// journal is there, of the others one of three at any instant, and two at any
// after the journal is there.
func struck(t *testing.T, cmd *exec.Cmd, dir string, m moments, sig syscall.Signal, i int, strike *rand.Rand) (said string, code int) {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	wait := time.Duration(strike.Float64() * float64(m.ends))
	if i == 0 || strike.IntN(3) > 0 {
		wait = time.Duration(strike.Float64() * float64(m.ends-m.writes))
		for !left(t, dir) {
			select {
			case err := <-ended:
				return stderr.String(), exitCode(err)
			case <-time.After(time.Millisecond):
			}
		}
	}
	if i == 0 {
		wait = 0
	}
	select {
	case err := <-ended:
		return stderr.String(), exitCode(err)
	case <-time.After(wait):
		cmd.Process.Signal(sig) // it may have ended in this instant
	}
	err := <-ended
	return stderr.String(), exitCode(err)
}

// left tells that a run has a journal in a folder, or has left one there.
func left(t *testing.T, dir string) bool {
	t.Helper()
	for _, name := range []string{"journal", "journal.tmp"} {
		_, err := os.Lstat(filepath.Join(dir, ".kgen", name))
		if err == nil {
			return true
		}
		if !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return false
}

// inside is the listing of a folder, empty if there is none. What kgen keeps for
// its own next run is not in it: it may be of any run before.
func inside(t *testing.T, dir string) string {
	t.Helper()
	text, err := listing(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var kept strings.Builder
	for line := range strings.Lines(text) {
		if !strings.Contains(line, " .kgen/cache") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}

// folderAlone is the listing of a folder that nothing is in.
func folderAlone(t *testing.T, dir string) string {
	t.Helper()
	info, err := os.Stat(dir)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s . \n", info.Mode())
}

// unchangedLines counts the files that two listings have alike.
func unchangedLines(a, b string) int {
	in := map[string]bool{}
	for line := range strings.Lines(a) {
		in[line] = !strings.HasPrefix(line, "d")
	}
	n := 0
	for line := range strings.Lines(b) {
		if in[line] {
			n++
		}
	}
	return n
}

// memory is a folder in memory where the system offers that: what is proved of
// killed processes does not depend on the disk, and its speed is one's own.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "kgen")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}
