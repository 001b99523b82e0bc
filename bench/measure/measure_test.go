package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// as makes the test's own program one of those that are measured.
const as = "-as"

func TestMain(m *testing.M) {
	Child()
	if len(os.Args) > 2 && os.Args[1] == as {
		act(os.Args[2], os.Args[3:])
		return
	}
	os.Exit(m.Run())
}

func act(what string, args []string) {
	switch what {
	case "print":
		fmt.Print(args[0])
	case "copy":
		io.Copy(os.Stdout, os.Stdin)
	case "end":
		fmt.Fprint(os.Stderr, strings.Repeat("x", 3000)+"the end")
		code, _ := strconv.Atoi(args[0])
		os.Exit(code)
	case "work":
		for start := time.Now(); time.Since(start) < 200*time.Millisecond; {
		}
	case "grow":
		size, _ := strconv.Atoi(args[0])
		b := make([]byte, size)
		for i := range b {
			b[i] = byte(i)
		}
		fmt.Print(b[len(b)-1])
	case "folder":
		dir, _ := os.Getwd()
		fmt.Print(dir)
	case "hang":
		os.Stdout.WriteString("hanging")
		// A process that waits for nothing is a deadlock, of which Go ends it.
		signalled, stop := interruptible()
		defer stop()
		<-signalled.Done()
	}
}

func do(t *testing.T, c Command) (Run, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c.Args = append([]string{self, as}, c.Args...)
	return Do(t.Context(), c)
}

func TestStreamsAndFolderAreTheCommands(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte("given"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		command Command
		want    string
	}{
		{Command{Args: []string{"print", "said"}, Stdout: out}, "said"},
		{Command{Args: []string{"copy"}, Stdin: in, Stdout: out}, "given"},
		{Command{Args: []string{"copy"}, Stdout: out}, ""},
		{Command{Args: []string{"folder"}, Dir: dir, Stdout: out}, dir},
	} {
		if _, err := do(t, c.command); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != c.want {
			t.Errorf("%s printed %q, not %q", c.command, got, c.want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	_, err := do(t, Command{Args: []string{"end", "3"}})
	if err == nil || !strings.Contains(err.Error(), "exit code 3") || !strings.HasSuffix(err.Error(), "the end") {
		t.Errorf("a failure is told as: %v", err)
	}
	r, err := do(t, Command{Args: []string{"end", "1"}, Codes: []int{1}})
	if err != nil || r.Code != 1 {
		t.Errorf("a code that is allowed: %d, %v", r.Code, err)
	}
	if len(r.Stderr) != 2000 {
		t.Errorf("%d bytes of the standard error are kept, not the last 2000", len(r.Stderr))
	}
}

func TestWhatNeverRan(t *testing.T) {
	for _, args := range [][]string{nil, {filepath.Join(t.TempDir(), "nothing")}} {
		if _, err := Do(t.Context(), Command{Args: args}); err == nil {
			t.Errorf("%q is no program, and no error", args)
		}
	}
}

func TestProcessorTimeIsTheCommands(t *testing.T) {
	r, err := do(t, Command{Args: []string{"work"}})
	if err != nil {
		t.Fatal(err)
	}
	if r.User <= 0 || r.Wall <= 0 || r.CPU() != r.User+r.System {
		t.Errorf("work took %+v", r)
	}
}

// The memory is the command's: neither less than it filled, nor that of the
// process that asks.
func TestPeakIsTheCommands(t *testing.T) {
	if runtime.GOOS != "linux" {
		if r, err := do(t, Command{Args: []string{"print", ""}}); err != nil || r.Peak != 0 {
			t.Errorf("%d bytes of memory, %v: there is no measure of it here", r.Peak, err)
		}
		return
	}
	mine := make([]byte, 200_000_000)
	for i := range mine {
		mine[i] = byte(i)
	}
	const size = 100_000_000
	much, err := do(t, Command{Args: []string{"grow", strconv.Itoa(size)}})
	if err != nil {
		t.Fatal(err)
	}
	little, err := do(t, Command{Args: []string{"grow", "1"}})
	if err != nil {
		t.Fatal(err)
	}
	runtime.KeepAlive(mine)
	if much.Peak < size || much.Peak > instrumented*(size+80_000_000) {
		t.Errorf("100 MB filled, a peak of %s", Megabytes(much.Peak))
	}
	if little.Peak == 0 || little.Peak > instrumented*80_000_000 {
		t.Errorf("nothing filled, a peak of %s", Megabytes(little.Peak))
	}
}

func TestWhatTakesTooLongIsEnded(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	r, err := do(t, Command{Args: []string{"hang"}, Timeout: time.Second, Stdout: out})
	if err != nil {
		t.Fatal(err)
	}
	if !r.TimedOut || r.Wall <= 0 {
		t.Errorf("it hangs, and took %+v", r)
	}
}

func TestWhoeverAsksMayGiveUp(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(t.TempDir(), "out")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := Do(ctx, Command{Args: []string{self, as, "hang"}, Stdout: out})
		ended <- err
	}()
	for text := ""; text != "hanging"; {
		data, _ := os.ReadFile(out)
		text = string(data)
		runtime.Gosched()
		if t.Context().Err() != nil {
			t.Fatal("it never began")
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
}
