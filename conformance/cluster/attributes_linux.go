package cluster

import "syscall"

// attributes put a process into a group of its own and let it die with the test
// binary, which runs no cleanup when it is killed or panics.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
