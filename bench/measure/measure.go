// Package measure runs programs and says what they took: processor time, wall
// time and peak memory, as the operating system counted them.
package measure

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"
)

// A Command is a program to run.
type Command struct {
	Args []string
	// Dir is where it runs; "" is the current folder.
	Dir string
	// Stdin and Stdout are files: Stdin is "" for none, Stdout is "" where the
	// output is counted for nothing.
	Stdin, Stdout string
	// Timeout ends it; 0 lets it run.
	Timeout time.Duration
	// Codes are the exit codes beside 0 that are no failure: an audit ends with
	// 1 where it has found something.
	Codes []int
}

func (c Command) String() string { return strings.Join(c.Args, " ") }

// A Run is what one run of a command took.
type Run struct {
	// Wall, User and System are in seconds. Where TimedOut, they are those until
	// the command was ended, so that the true ones are greater.
	Wall, User, System float64
	// Peak is the most memory that the process had at a time, in bytes. A
	// program that takes less than the one that starts it, some 6 MB, has that one's.
	Peak     int64
	TimedOut bool
	Code     int
	// Stderr is the end of what it wrote there.
	Stderr string `json:",omitempty"`
}

// CPU is the processor time, in seconds.
func (r Run) CPU() float64 { return r.User + r.System }

// starter tells a process of this program that it is to run one command and to
// report on it, see [Child].
const starter = "KGEN_BENCH_CHILD"

// Do runs a command, by way of a small process of this same program whose main
// calls [Child]. A process starts with the peak memory of the one that started it
// to its name, and the benchmark itself may have grown by then.
func Do(ctx context.Context, c Command) (Run, error) {
	self, err := os.Executable()
	if err != nil {
		return Run{}, err
	}
	in, err := json.Marshal(c)
	if err != nil {
		return Run{}, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), starter+"=1")
	cmd.Stdin = bytes.NewReader(in)
	// It is asked first, so that it can end what it has started.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return Run{}, ctx.Err()
	}
	if err != nil {
		return Run{}, fmt.Errorf("%s: %w: %s", c, err, strings.TrimSpace(stderr.String()))
	}
	var r Run
	if err := json.Unmarshal(out, &r); err != nil {
		return Run{}, fmt.Errorf("%s: reading what was measured: %w", c, err)
	}
	if r.TimedOut || r.Code == 0 {
		return r, nil
	}
	for _, code := range c.Codes {
		if r.Code == code {
			return r, nil
		}
	}
	return r, fmt.Errorf("%s: exit code %d\n%s", c, r.Code, r.Stderr)
}

// Child is called first thing in main. In the process that [Do] starts it runs
// the command that stands on the standard input, prints what it took and ends
// the process; in any other it does nothing.
func Child() {
	if os.Getenv(starter) == "" {
		return
	}
	if err := child(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func child() error {
	var c Command
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		return err
	}
	r, err := run(c)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

// run runs the command as a child of this very process.
func run(c Command) (r Run, err error) {
	if len(c.Args) == 0 {
		return r, errors.New("no command")
	}
	ctx, stop := interruptible()
	defer stop()
	outer := ctx
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, c.Args[0], c.Args[1:]...)
	cmd.Dir = c.Dir
	cmd.Env = quietly(os.Environ())
	// Files, so that no goroutine of this process copies what is measured.
	if c.Stdin != "" {
		in, err := os.Open(c.Stdin)
		if err != nil {
			return r, err
		}
		defer in.Close()
		cmd.Stdin = in
	}
	if c.Stdout != "" {
		out, err := os.Create(c.Stdout)
		if err != nil {
			return r, err
		}
		defer out.Close()
		cmd.Stdout = out
	}
	stderr, err := os.CreateTemp("", "stderr-*")
	if err != nil {
		return r, err
	}
	defer os.Remove(stderr.Name())
	defer stderr.Close()
	cmd.Stderr = stderr

	start := time.Now()
	err = cmd.Run()
	r.Wall = time.Since(start).Seconds()
	if outer.Err() != nil {
		return r, outer.Err()
	}
	exit := (*exec.ExitError)(nil)
	if err != nil && !errors.As(err, &exit) {
		return r, err // it never ran
	}
	state := cmd.ProcessState
	r.User, r.System = state.UserTime().Seconds(), state.SystemTime().Seconds()
	r.Peak = peak(state)
	r.TimedOut = ctx.Err() != nil
	r.Code = state.ExitCode()
	r.Stderr, err = end(stderr)
	return r, err
}

// quietly is the environment without what is meant for this process alone.
func quietly(env []string) []string {
	out := make([]string, 0, len(env)+1)
	for _, e := range env {
		if !strings.HasPrefix(e, starter+"=") {
			out = append(out, e)
		}
	}
	return append(out, "NO_COLOR=1")
}

// end is the last 2,000 bytes of a file.
func end(f *os.File) (string, error) {
	const most = 2000
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	text := make([]byte, min(size, most))
	if _, err := f.ReadAt(text, size-int64(len(text))); err != nil {
		return "", err
	}
	return string(text), nil
}
