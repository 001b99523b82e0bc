//go:build unix

package cluster

import (
	"golang.org/x/sys/unix"
)

// reservePort takes a port of the loopback that nobody has, and keeps it from
// everybody but a program that asks to share it. Nothing answers there until
// such a program listens, so whoever answers is the one that was started.
func reservePort() (port int, release func(), err error) {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, nil, err
	}
	unix.CloseOnExec(socket)
	release = func() { unix.Close(socket) }
	defer func() {
		if err != nil {
			release()
		}
	}()
	if err := unix.SetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return 0, nil, err
	}
	if err := unix.Bind(socket, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, nil, err
	}
	bound, err := unix.Getsockname(socket)
	if err != nil {
		return 0, nil, err
	}
	return bound.(*unix.SockaddrInet4).Port, release, nil
}
