//go:build unix

package prompt

import (
	"context"
	"errors"
	"os"
	"reflect"
	"syscall"
	"testing"
	"time"

	expect "github.com/Netflix/go-expect"
	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"
	"github.com/hinshun/vt10x"
	"golang.org/x/term"

	"kgen.dev/kgen/internal/spec"
)

// Keys as a terminal sends them.
const (
	enter = "\r"
	down  = "\x1b[B"
	space = " "
	ctrlC = "\x03"
)

// screen is a virtual terminal with a person before it. The terminal answers
// survey's cursor queries; the hang guard only bounds a test that would
// otherwise wait for ever.
type screen struct {
	t       *testing.T
	console *expect.Console
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	terminal := vt10x.New(vt10x.WithWriter(slave), vt10x.WithSize(160, 60))
	console, err := expect.NewConsole(
		expect.WithStdin(master), expect.WithStdout(terminal), expect.WithCloser(master, slave),
		expect.WithDefaultTimeout(time.Minute),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { console.Close() })
	return &screen{t, console}
}

func (s *screen) asker() *Survey {
	tty := s.console.Tty()
	return NewSurvey(tty, tty, tty)
}

// step is what the person sees, and the keys typed upon it.
type step struct{ see, keys string }

// play runs the steps, reads on to the end of the output, and reports what was
// not seen. It returns when the program has closed the terminal.
func (s *screen) play(steps []step) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, step := range steps {
			if seen, err := s.console.ExpectString(step.see); err != nil {
				s.t.Errorf("waiting for %q: %v; on the screen: %q", step.see, err, seen)
				s.console.Close() // hangs up, which ends the program's read
				return
			}
			if _, err := s.console.Send(step.keys); err != nil {
				s.t.Errorf("typing %q: %v", step.keys, err)
			}
		}
		_, _ = s.console.ExpectEOF()
	}()
	return done
}

func TestInitOnATerminal(t *testing.T) {
	s := newScreen(t)
	done := s.play([]step{
		{"Application name:", "Shop" + enter},
		{"is not a DNS-1123 label", "shop" + enter},
		{"Namespace:", "?" + enter},
		{"The Kubernetes namespace of all the services.", enter},
		{"Service mesh:", down + enter},
		{"Domain of public hosts:", "example.com" + enter},
		{"Front door API:", enter},
		{"Class:", down + enter},
		{"Certificates:", "insecure" + enter},
		{"Name of the first service:", "web" + enter},
		{"Ports of web:", "80x" + enter},
		{"is not a whole number", "80,admin=9000" + enter},
		{"Is web public?", "y" + enter},
		{"Hosts of web:", enter},
		{"Metrics of web:", enter},
		{"Canary of web:", "v2=10" + enter},
		{"Stable version of web:", enter},
		{"Another service?", "?" + enter},
		{"Who calls whom is asked once all services are named.", "y" + enter},
		{"Name of service 2:", "cart" + enter},
		{"Ports of cart:", enter},
		{"Is cart public?", enter},
		{"Metrics of cart:", enter},
		{"Canary of cart:", enter},
		{"Another service?", "y" + enter},
		{"Name of service 3:", "worker" + enter},
		{"Ports of worker:", "none" + enter},
		{"Metrics of worker:", enter},
		{"Another service?", enter},
		{"What does web call?", space + enter},
		{"What does cart call?", enter},
		{"What does worker call?", down + space + enter},
		{"Calls of web outside the cluster", "?" + enter},
		{"several parted by commas, such as api.stripe.com:443", "api.stripe.com" + enter},
		{"has no port", "api.stripe.com:443" + enter},
		{"Calls of cart outside the cluster", enter},
		{"Calls of worker outside the cluster", enter},
	})
	n, _, err := Init(t.Context(), s.asker(), Preset{Folder: "folder"})
	s.console.Tty().Close()
	<-done
	if err != nil {
		t.Fatal(err)
	}
	want := &spec.Network{
		APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: "shop"},
		Spec: spec.Spec{
			Domain:  "example.com",
			Mesh:    spec.Mesh{Provider: spec.Istio, Mode: spec.Sidecar},
			Ingress: &spec.Ingress{API: spec.GatewayAPI, Class: "envoy-gateway", Insecure: true},
			Services: []spec.Service{
				{
					Name: "web", Ports: []spec.Port{{Port: 80}, {Name: "admin", Port: 9000}}, Hosts: []string{"web.example.com"},
					Canary: &spec.Canary{Version: "v2", Weight: 10}, Calls: []spec.Call{{Service: "cart"}},
					Egress: []spec.Egress{{Host: "api.stripe.com", Port: 443}},
				},
				{Name: "cart", Ports: []spec.Port{{Port: 8080}}},
				{Name: "worker", Calls: []spec.Call{{Service: "web", Port: spec.PortRef{Name: "http"}}}},
			},
		},
	}
	if d := cmp.Diff(want, n); d != "" {
		t.Errorf("model (-want +got):\n%s", d)
	}
}

func TestCtrlCInterruptsEveryKindOfQuestion(t *testing.T) {
	for name, ask := range map[string]func(context.Context, Asker) error{
		"text":   func(ctx context.Context, a Asker) error { _, err := a.Text(ctx, Text{Message: "Q"}); return err },
		"one":    func(ctx context.Context, a Asker) error { _, err := a.Choose(ctx, question(false)); return err },
		"many":   func(ctx context.Context, a Asker) error { _, err := a.Choose(ctx, question(true)); return err },
		"yes/no": func(ctx context.Context, a Asker) error { _, err := a.Confirm(ctx, YesNo{Message: "Q"}); return err },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScreen(t)
			// Raw from the start: a Ctrl-C between the question and survey's own
			// switch would go to the terminal's process group, which is not ours.
			if _, err := term.MakeRaw(int(s.console.Tty().Fd())); err != nil {
				t.Fatal(err)
			}
			done := s.play([]step{{"Q", ctrlC}})
			err := ask(t.Context(), s.asker())
			s.console.Tty().Close()
			<-done
			if !errors.Is(err, ErrInterrupted) {
				t.Errorf("got %v, want ErrInterrupted", err)
			}
		})
	}
}

// A signal ends the wait for a key, and the terminal is left as it was found.
func TestTheEndOfTheContextGivesTheTerminalBack(t *testing.T) {
	s := newScreen(t)
	fd := int(s.console.Tty().Fd())
	before, err := term.GetState(fd)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		// survey asks where the cursor is once it has switched the terminal.
		_, err := s.console.ExpectString("\x1b[6n")
		if now, serr := term.GetState(fd); serr == nil && reflect.DeepEqual(before, now) {
			err = errors.New("the terminal was never switched, so the test shows nothing")
		}
		cancel()
		done <- err
		_, _ = s.console.ExpectEOF()
	}()
	// The abandoned read keeps a file of its own, which nobody closes under it:
	// it ends when the console hangs up.
	own, err := syscall.Dup(fd)
	if err != nil {
		t.Fatal(err)
	}
	tty := os.NewFile(uintptr(own), "tty")
	_, err = NewSurvey(tty, tty, tty).Text(ctx, Text{Message: "Q"})
	if guard := <-done; guard != nil {
		t.Fatal(guard)
	}
	if !errors.Is(err, ErrInterrupted) {
		t.Errorf("got %v, want ErrInterrupted", err)
	}
	after, err := term.GetState(fd)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(before, after) {
		t.Errorf("the terminal was left as %+v, found as %+v", after, before)
	}
}

func question(many bool) Choice {
	return Choice{Message: "Q", Many: many, Options: []Option{{Value: "a"}, {Value: "b"}}}
}
