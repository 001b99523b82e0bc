//go:build unix

package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestReadFile reads a file, and gives up waiting for a pipe that nobody
// writes to when it is interrupted.
func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	name, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "pipe")
	if err := os.WriteFile(name, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := readFile(context.Background(), name); err != nil || string(data) != "text" {
		t.Errorf("read %q, %v", data, err)
	}
	if _, err := readFile(context.Background(), dir); err == nil {
		t.Error("a folder is read without an error")
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := readFile(ctx, pipe); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want an interrupt", err)
	}
}
