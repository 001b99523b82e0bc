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
	p.answer("Calls of web outside the cluster", enter)
	p.answer("Calls of api outside the cluster", enter)
	p.answer("kgen.yaml", "") // the files
	p.answer("files in networking/network-policies", "")
	p.answer("https://web.shop.example.com", "") // the summary
	p.answer("Write ", "?"+enter)
	p.answer("Nothing is written before you say yes.", "y"+enter)
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
	sameListing(t, filepath.Join(dir, "flags"), filepath.Join(dir, "asked"))
	if out, err := kgen(dir, "build", "asked").CombinedOutput(); err != nil || !strings.Contains(string(out), "kind: NetworkPolicy\n") {
		t.Errorf("what was made does not build: %v\n%s", err, out)
	}
}

// oneService answers every question of init but the last.
var oneService = []string{"init", "deep/shop", "--name", "shop", "--namespace", "shop", "--mesh", "none",
	"--domain", "shop.example.com", "--ingress", "ingress", "--class", "traefik", "--issuer", "insecure", "--service", "web,port=80"}

// plain is what a terminal showed, without its control sequences.
func plain(shown string) string {
	shown = regexp.MustCompile(`\x1b(\[[0-9;?]*[A-Za-z]|[78])`).ReplaceAllString(shown, "")
	return strings.ReplaceAll(shown, "\r", "")
}

// Whoever says no has not answered in vain: what is printed makes the same.
func TestNoGivesTheAnswersBack(t *testing.T) {
	dir := t.TempDir()
	flags := append([]string{"init", "shop"}, oneService[2:]...)
	p := atTerminal(t, kgen(dir, flags...))
	p.answer("Write ", "n"+enter)
	shown, code := p.end()
	shown = plain(shown)
	_, model, found := strings.Cut(shown, "# yaml-language-server")
	model, _, ended := strings.Cut(model, "kgen: nothing was written")
	if code != 1 || !found || !ended {
		t.Fatalf("exit code %d; it says\n%s", code, shown)
	}
	from := kgen(dir, "init", "shop", "--from", "-")
	from.Stdin = strings.NewReader("# yaml-language-server" + model)
	if out, err := from.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := kgen(dir, append(append([]string{"init", "flags"}, oneService[2:]...), "--yes")...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sameListing(t, filepath.Join(dir, "flags"), filepath.Join(dir, "shop"))

	before := listed(t, filepath.Join(dir, "shop"))
	p = atTerminal(t, kgen(filepath.Join(dir, "shop"), "add", "service", "api", "--metrics", "9090", "--host", "api.example.com"))
	p.answer("Ports of api", "http=80:8080,grpc=9000/grpc"+enter)
	p.answer("What does api call?", " "+enter)
	p.answer("Who calls api?", " "+enter)
	p.answer("Calls of api outside the cluster", "10.0.0.0/8:53/udp"+enter)
	p.answer("web -> api", "")
	p.answer("Write ", "n"+enter)
	shown, code = p.end()
	shown = plain(shown)
	command := regexp.MustCompile(`(?m)^kgen (add service .*)$`).FindStringSubmatch(shown)
	if code != 1 || command == nil {
		t.Fatalf("exit code %d; it says\n%s", code, shown)
	}
	if diff := cmp.Diff(before, listed(t, filepath.Join(dir, "shop"))); diff != "" {
		t.Errorf("no was said, and files changed:\n%s", diff)
	}
	want := "add service api --yes --port http=80:8080 --port grpc=9000/grpc --host api.example.com --calls web --called-by web --metrics 9090 --egress 10.0.0.0/8:53/udp"
	if diff := cmp.Diff(want, command[1]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if out, err := kgen(filepath.Join(dir, "shop"), strings.Fields(command[1])...).CombinedOutput(); err != nil {
		t.Errorf("the command that was printed: %v\n%s", err, out)
	}
}

func listed(t *testing.T, dir string) string {
	t.Helper()
	text, err := listing(dir)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sameListing(t *testing.T, want, got string) {
	t.Helper()
	if diff := cmp.Diff(listed(t, want), listed(t, got)); diff != "" {
		t.Errorf("(-%s +%s):\n%s", filepath.Base(want), filepath.Base(got), diff)
	}
}

// A person is asked about what flags leave open, and writes what the same flags
// write with nobody to ask.
func TestAPersonAddsAService(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"asked", "flags"} {
		if out, err := kgen(dir, "init", name, "--yes", "--name", "shop", "--service", "web,port=80").CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	p := atTerminal(t, kgen(dir, "-C", "asked", "add", "service", "api", "--called-by", "web"))
	p.answer("Ports of api", "9000/grpc"+enter)
	p.answer("Metrics of api", enter)
	p.answer("What does api call?", enter)
	p.answer("Calls of api outside the cluster", enter)
	p.answer("create", "")
	p.answer("9000/grpc", "")
	p.answer("Write ", enter)
	shown, code := p.end()
	if code != 0 || !strings.Contains(shown, "everything else is a key in kgen.yaml; see kgen help model") {
		t.Fatalf("exit code %d; it says\n%s", code, shown)
	}
	if out, err := kgen(dir, "-C", "flags", "add", "service", "api", "--called-by", "web", "--port", "9000/grpc", "--yes").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	sameListing(t, filepath.Join(dir, "flags"), filepath.Join(dir, "asked"))
}

// The ports that --service leaves open are asked for at a terminal.
func TestAPersonIsAskedForPorts(t *testing.T) {
	dir := t.TempDir()
	p := atTerminal(t, kgen(dir, "init", "--name", "shop", "--namespace", "shop", "--mesh", "none", "--service", "web"))
	p.answer("Domain of public hosts", enter)
	p.answer("Ports of web", "none"+enter)
	p.answer("Write ", enter)
	if shown, code := p.end(); code != 0 || strings.Contains(shown, "serves no port") {
		t.Errorf("exit code %d; it says\n%s", code, shown)
	}
}

// What somebody saves while a person makes up their mind is not overwritten.
func TestAFileSavedMeanwhileIsARefusal(t *testing.T) {
	dir := t.TempDir()
	if out, err := kgen(dir, "init", "shop", "--yes", "--service", "web,port=80").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p := atTerminal(t, kgen(dir, "-C", "shop", "add", "service", "api", "--port", "80", "--calls", "web", "--called-by", "web", "--metrics", "80", "--egress", "a.org:443"))
	p.answer("Write ", "")
	name := filepath.Join(dir, "shop", "kgen.yaml")
	model, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, append(model, "# mine\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	before := listed(t, dir)
	p.answer("files", enter)
	shown, code := p.end()
	want := "shop/kgen.yaml: has changed since kgen read it; run again to take the change into account"
	if code != 1 || !strings.Contains(shown, want) {
		t.Errorf("exit code %d, want 1 and %q; it says\n%s", code, want, shown)
	}
	if diff := cmp.Diff(before, listed(t, dir)); diff != "" {
		t.Errorf("files changed:\n%s", diff)
	}
}

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
