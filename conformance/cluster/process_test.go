//go:build unix

package cluster

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestProcessEndsWithItsTest, and with it what it has started: a pipe ends when
// the last of those who may write to it is gone.
func TestProcessEndsWithItsTest(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	var p *process
	var reader *os.File
	t.Run("it runs", func(t *testing.T) {
		p = launch(t, dir, "/bin/sh", "-c", "tail -f /dev/null >pipe & wait")
		var err error
		if reader, err = os.Open(pipe); err != nil { // comes back when the child has opened it too
			t.Fatal(err)
		}
		select {
		case <-p.ended:
			t.Errorf("it has ended by itself: %v", p.err)
		default:
		}
	})
	defer reader.Close()
	if _, err := io.ReadAll(reader); err != nil {
		t.Fatal(err)
	}
	<-p.ended
	if p.err == nil || !strings.Contains(p.err.Error(), "killed") {
		t.Errorf("it ended with %v, want it killed", p.err)
	}
}

func TestProcessThatEndsIsTold(t *testing.T) {
	p := launch(t, t.TempDir(), "/bin/sh", "-c", "echo why >&2; exit 3")
	<-p.ended
	if p.err == nil || !strings.Contains(p.err.Error(), "exit status 3") {
		t.Errorf("it ended with %v, want exit status 3", p.err)
	}
	if got := p.lastLines(); !strings.HasSuffix(got, "\nwhy") {
		t.Errorf("what it printed last is told as %q", got)
	}
}

// TestUntilGivesUpWithTheProgram: nobody waits for what cannot come any more.
func TestUntilGivesUpWithTheProgram(t *testing.T) {
	gone := errors.New("etcd has ended")
	asked := 0
	c := &Cluster{failed: func() error {
		if asked < 3 {
			return nil
		}
		return gone
	}}
	err := c.until(t.Context(), "all is well", func() (bool, error) { asked++; return false, nil })
	if !errors.Is(err, gone) || asked != 3 {
		t.Errorf("after %d questions the error is %v, want %v after 3", asked, err, gone)
	}
}

func TestReservedPortIsNobodyElses(t *testing.T) {
	port, release, err := reservePort()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	if other, err := net.Listen("tcp", address); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("somebody else listens at %s: %v, error %v", address, other, err)
	}
	if connection, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("somebody answers at %s: %v, error %v", address, connection, err)
	}
}
