//go:build unix && !linux

package cluster

import "syscall"

// attributes put a process into a group of its own. There is no such thing here
// as dying with the parent: a test binary that is killed leaves it behind.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
