package measure

import (
	"os"
	"syscall"
)

// peak is the process' largest resident set in bytes: Linux counts in KiB (getrusage(2)).
func peak(state *os.ProcessState) int64 {
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}
