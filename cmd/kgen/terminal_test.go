//go:build unix

package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	expect "github.com/Netflix/go-expect"
	"github.com/google/go-cmp/cmp"
	"github.com/hinshun/vt10x"
)

// terminal is a person at a virtual terminal in which kgen runs.
type terminal struct {
	t       *testing.T
	console *expect.Console
	cmd     *exec.Cmd
}

// atTerminal starts kgen in a terminal of its own, which answers the queries
// for the cursor's place that line editing begins with.
func atTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	replies, screen := io.Pipe()
	console, err := expect.NewConsole(
		expect.WithStdin(replies),
		expect.WithStdout(vt10x.New(vt10x.WithWriter(screen), vt10x.WithSize(200, 60))),
		expect.WithCloser(replies, screen),
		expect.WithDefaultTimeout(time.Minute), // only so that a test that hangs ends
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { console.Close() })
	cmd.Stdin, cmd.Stdout, cmd.Stderr = console.Tty(), console.Tty(), console.Tty()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "TERM=xterm")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &terminal{t, console, cmd}
}

// answer waits until the terminal shows a text, and then types.
func (p *terminal) answer(shown, typed string) {
	p.t.Helper()
	if seen, err := p.console.ExpectString(shown); err != nil {
		p.t.Fatalf("%q does not show: %v; the terminal shows\n%s", shown, err, seen)
	}
	if _, err := p.console.Send(typed); err != nil {
		p.t.Fatal(err)
	}
}

// end waits for the program, and gives what it showed last and its exit code.
func (p *terminal) end() (shown string, code int) {
	p.t.Helper()
	p.console.Tty().Close()
	shown, err := p.console.ExpectEOF()
	if err != nil {
		p.t.Fatal(err)
	}
	return shown, exitCode(p.cmd.Wait())
}

const enter, down, interrupt = "\r", "\x1b[B", "\x03"

// TestAPersonStartsARepository goes from kgen init to the built manifests, and
// gets what the same answers as flags give.
func TestAPersonStartsARepository(t *testing.T) {
	dir := t.TempDir()
	p := atTerminal(t, kgen(dir, "init", "asked", "--name", "shop"))
	p.answer("Namespace", enter)
	p.answer("Service mesh", "?")
	p.answer("authorizes calls", down+enter)
	p.answer("Domain of public hosts", "Shop!"+enter)
	p.answer("is not a host name", "\x15shop.example.com"+enter)
	p.answer("Front door API", enter)
	p.answer("Class", enter)
	p.answer("Certificates", "letsencrypt"+enter)
	p.answer("Name of the first service", "web"+enter)
	p.answer("Ports of web", "80:8080"+enter)
	p.answer("Is web public?", "y"+enter)
	p.answer("Hosts of web", enter)
	p.answer("Metrics of web", enter)
	p.answer("Canary of web", enter)
	p.answer("Another service?", "y"+enter)
	p.answer("Name of service 2", "api"+enter)
	p.answer("Ports of api", "grpc=9000/grpc"+enter)
	p.answer("Is api public?", "n"+enter)
	p.answer("Metrics of api", "9090"+enter)
	p.answer("Canary of api", enter)
	p.answer("Another service?", "n"+enter)
	p.answer("What does web call?", " "+enter)
	p.answer("What does api call?", enter)
	p.answer("https://web.shop.example.com", "") // the summary
	p.answer("kgen.yaml", "")                    // the files
	p.answer("Write ", "y"+enter)
	if shown, code := p.end(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, shown)
	}

	out, err := kgen(dir, "init", "flags", "--yes", "--name", "shop", "--mesh", "sidecar", "--domain", "shop.example.com",
		"--ingress", "gateway", "--class", "istio", "--issuer", "letsencrypt",
		"--service", "web,port=80:8080,host=web.shop.example.com,calls=api",
		"--service", "api,port=grpc=9000/grpc,metrics=9090").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	asked, err := listing(filepath.Join(dir, "asked"))
	if err != nil {
		t.Fatal(err)
	}
	flags, err := listing(filepath.Join(dir, "flags"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(flags, asked); diff != "" {
		t.Errorf("(-flags +asked):\n%s", diff)
	}
	if out, err := kgen(dir, "build", "asked").CombinedOutput(); err != nil || !strings.Contains(string(out), "kind: NetworkPolicy\n") {
		t.Errorf("what was made does not build: %v\n%s", err, out)
	}
}

// oneService answers every question of init but the last.
var oneService = []string{"init", "deep/shop", "--name", "shop", "--namespace", "shop", "--mesh", "none",
	"--domain", "shop.example.com", "--ingress", "ingress", "--class", "traefik", "--issuer", "insecure", "--service", "web,port=80"}

func TestAPersonMaySayNo(t *testing.T) {
	for _, c := range []struct {
		name, typed, says string
		code              int
	}{
		{"no", "n" + enter, "nothing was written, as you said", 1},
		{"Ctrl-C", interrupt, "interrupted; nothing was written", 130},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			p := atTerminal(t, kgen(dir, oneService...))
			p.answer("Write ", c.typed)
			if shown, code := p.end(); code != c.code || !strings.Contains(shown, c.says) {
				t.Errorf("exit code %d, want %d and %q; it says\n%s", code, c.code, c.says, shown)
			}
			if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// colour is a control sequence that sets one.
var colour = regexp.MustCompile(`\x1b\[[0-9;]*m`)

func TestColoursAreForTerminalsThatWantThem(t *testing.T) {
	dir := t.TempDir()
	rehearse := append(append([]string{}, oneService...), "--dry-run")
	if shown, _ := atTerminal(t, kgen(dir, rehearse...)).end(); !colour.MatchString(shown) {
		t.Errorf("a terminal gets no colours:\n%q", shown)
	}

	plain := kgen(dir, oneService...)
	plain.Env = append(os.Environ(), "NO_COLOR=1")
	p := atTerminal(t, plain)
	list, err := p.console.ExpectString("Write ")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.console.Send("y" + enter); err != nil {
		t.Fatal(err)
	}
	if shown, code := p.end(); code != 0 || colour.MatchString(list+shown) {
		t.Errorf("with NO_COLOR: exit code %d\n%q", code, list+shown)
	}

	if out, err := kgen(t.TempDir(), rehearse...).CombinedOutput(); err != nil || colour.Match(out) {
		t.Errorf("a pipe: %v\n%q", err, out)
	}
}
