package namespace

import (
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// network names the network that this process is in.
func network() (string, error) { return os.Readlink("/proc/self/ns/net") }

// isolations are the ways into another network, the plainest first: for root,
// and for anybody where the kernel lets everybody be root of a world of his own.
func isolations() []*syscall.SysProcAttr {
	id := func(n int) []syscall.SysProcIDMap {
		return []syscall.SysProcIDMap{{ContainerID: 0, HostID: n, Size: 1}}
	}
	return []*syscall.SysProcAttr{
		{Pdeathsig: syscall.SIGKILL, Cloneflags: unix.CLONE_NEWNET},
		{Pdeathsig: syscall.SIGKILL, Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWUSER, UidMappings: id(os.Getuid()), GidMappings: id(os.Getgid())},
	}
}

// raise brings the loopback up and gives it 10.0.0.1. The mask is that of the
// address's class, and on a loopback a whole network is at home.
func raise() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	up, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	up.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, up); err != nil {
		return fmt.Errorf("bringing it up: %w", err)
	}
	pods, err := unix.NewIfreq("lo:pods")
	if err != nil {
		return err
	}
	if err := pods.SetInet4Addr([]byte{10, 0, 0, 1}); err != nil {
		return err
	}
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFADDR, pods); err != nil {
		return fmt.Errorf("giving it 10.0.0.1: %w", err)
	}
	return nil
}
