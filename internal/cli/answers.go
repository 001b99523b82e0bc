package cli

import (
	"context"
	"io"
)

// answers reads like its source until ctx ends: a read that waits for somebody
// to write a line gives way to an interrupt.
type answers struct {
	ctx  context.Context
	from io.Reader
}

func (a answers) Read(p []byte) (int, error) {
	type read struct {
		data []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		data := make([]byte, len(p)) // not p: the caller may be gone before this returns
		n, err := a.from.Read(data)
		done <- read{data[:n], err}
	}()
	select {
	case <-a.ctx.Done():
		return 0, a.ctx.Err()
	case got := <-done:
		return copy(p, got.data), got.err
	}
}
