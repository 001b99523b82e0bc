package conformance

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The node's network is that of the test, and each pod has one of its own, as a
// container runtime makes them: a cable to the node, and the node is the way to
// everybody else. There is no bridge: a reply from the pod next door has to come
// back through the node, where the address of the Service is put into it again.

// nodeAddress is the node's, and the gateway of everybody who is cabled to it.
const nodeAddress = "172.21.0.1"

// podRange holds the addresses of pods. They lie outside of 10.0.0.0/8, which is
// at home on the loopback of a network of the test's own: to the node such a pod
// would be the node itself.
const podRange = "172.20.0.0/16"

// prepareNode makes the test's network a node's, one that passes packets on.
func prepareNode(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("ip"); err != nil {
		t.Fatalf("pods are cabled to their node with the command ip: %v; install iproute2 (Debian's package iproute2)", err)
	}
	// Addresses of Services lie in 10.0.0.0/8 too.
	if err := ip("address flush dev lo scope global", "address add "+nodeAddress+"/32 dev lo"); err != nil {
		t.Fatal(err)
	}
	for setting, value := range map[string]string{
		"ip_forward":     "1", // it passes packets on
		"icmp_ratelimit": "0", // and says so whenever it refuses one
	} {
		if err := os.WriteFile("/proc/sys/net/ipv4/"+setting, []byte(value), 0o644); err != nil {
			t.Fatalf("setting up the node: %v", err)
		}
	}
}

// ip runs commands of ip, in the network of the thread that calls.
func ip(commands ...string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w\n%s", err, out)
	}
	return nil
}

// A host is somebody with a network of his own, cabled to the node: a pod, or
// somebody outside the cluster. A socket that is opened there stays there.
type host struct {
	addresses []string
	work      chan func()
}

// newHost cables a host to the node until the test ends. The name is that of the
// node's end of the cable, of 15 letters at most.
func newHost(t *testing.T, name string, addresses ...string) *host {
	t.Helper()
	h := &host{addresses: addresses, work: make(chan func())}
	entered := make(chan error)
	thread := 0
	go func() {
		// The thread belongs to the host's network for good. It is not unlocked,
		// so that it ends with this goroutine.
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		thread = unix.Gettid()
		entered <- err
		for f := range h.work {
			f()
		}
	}()
	t.Cleanup(func() { close(h.work) })
	if err := <-entered; err != nil {
		t.Fatalf("a network for %s: %v; it takes CAP_SYS_ADMIN", name, err)
	}
	cable := []string{fmt.Sprintf("link add %s type veth peer name eth0 netns %d", name, thread), "link set " + name + " up"}
	plug := []string{"link set lo up", "link set eth0 up"}
	for _, address := range addresses {
		cable = append(cable, fmt.Sprintf("route add %s/32 dev %s", address, name))
		plug = append(plug, fmt.Sprintf("address add %s/32 dev eth0", address))
	}
	plug = append(plug, "route add "+nodeAddress+" dev eth0 scope link", "route add default via "+nodeAddress)
	if err := ip(cable...); err != nil {
		t.Fatalf("cabling %s: %v", name, err)
	}
	if err := h.do(func() error { return ip(plug...) }); err != nil {
		t.Fatalf("cabling %s: %v", name, err)
	}
	return h
}

// do runs f in the host's network.
func (h *host) do(f func() error) error {
	done := make(chan error)
	h.work <- func() { done <- f() }
	return <-done
}

// A berth is who answers at a port of a host, and whom he has heard there.
type berth struct {
	name string
	mu   sync.Mutex
	from map[netip.Addr]bool
}

// heard writes down who has called, and is what the caller is told.
func (b *berth) heard(from net.Addr) []byte {
	at := netip.MustParseAddrPort(from.String()).Addr().Unmap()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.from[at] = true
	return fmt.Appendf(nil, "%s %s", b.name, at)
}

// hasHeard reports whether an address has called, since it was asked last.
func (b *berth) hasHeard(address string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := netip.MustParseAddr(address)
	had := b.from[at]
	delete(b.from, at)
	return had
}

// serve answers at one port until the test ends: every connection, or every
// datagram, with the name and with the address that it came from.
func (h *host) serve(t *testing.T, name string, port int, transport string) *berth {
	t.Helper()
	b := &berth{name: fmt.Sprintf("%s:%d", name, port), from: map[netip.Addr]bool{}}
	at := netip.AddrPortFrom(netip.MustParseAddr(h.addresses[0]), uint16(port))
	var close func() error
	err := h.do(func() error {
		if transport == "UDP" {
			socket, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
			if err != nil {
				return err
			}
			close = socket.Close
			go b.answerDatagrams(socket)
			return nil
		}
		listener, err := net.ListenTCP("tcp4", net.TCPAddrFromAddrPort(at))
		if err != nil {
			return err
		}
		close = listener.Close
		go b.answerConnections(listener)
		return nil
	})
	if err != nil {
		t.Fatalf("%s cannot serve %d/%s: %v", name, port, transport, err)
	}
	t.Cleanup(func() { close() })
	return b
}

func (b *berth) answerConnections(listener net.Listener) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			return // the test has ended
		}
		connection.Write(b.heard(connection.RemoteAddr()))
		connection.Close()
	}
}

func (b *berth) answerDatagrams(socket *net.UDPConn) {
	question := make([]byte, 16)
	for {
		_, from, err := socket.ReadFrom(question)
		if err != nil {
			return // the test has ended
		}
		socket.WriteTo(b.heard(from), from)
	}
}

// hostPatience is how long somebody waits for an answer before he says that none
// has come. Whoever is refused does not wait, and what is asked in vain is asked
// again.
const hostPatience = 2 * time.Second

// errRefused is what somebody is told who may not call, or calls where nobody is.
var errRefused = errors.New("the call is refused")

// ask calls from an address of the host's and returns who has answered, and which
// address he has seen.
func (h *host) ask(from, to, transport string) (who, seen string, err error) {
	err = h.do(func() error {
		dialer := &net.Dialer{Timeout: hostPatience, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		if transport == "UDP" {
			dialer.LocalAddr = &net.UDPAddr{IP: net.ParseIP(from)}
		}
		connection, err := dialer.Dial(strings.ToLower(transport)+"4", to)
		if err != nil {
			return err
		}
		defer connection.Close()
		connection.SetDeadline(time.Now().Add(hostPatience))
		if transport == "UDP" {
			if _, err := connection.Write([]byte("?")); err != nil {
				return err
			}
		}
		answer := make([]byte, 128)
		n, err := connection.Read(answer)
		if err != nil {
			return err
		}
		who, seen, _ = strings.Cut(string(answer[:n]), " ")
		return nil
	})
	if errors.Is(err, unix.ECONNREFUSED) {
		err = errRefused
	}
	return who, seen, err
}

// A knock is the beginning of a call that may never be answered.
type knock struct{ socket int }

// knock sends what a call begins with and does not wait for anything.
func (h *host) knock(from, to, transport string) (*knock, error) {
	kind := unix.SOCK_STREAM
	if transport == "UDP" {
		kind = unix.SOCK_DGRAM
	}
	target := netip.MustParseAddrPort(to)
	k := &knock{-1}
	err := h.do(func() (err error) {
		if k.socket, err = unix.Socket(unix.AF_INET, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
			return err
		}
		if err := unix.Bind(k.socket, &unix.SockaddrInet4{Addr: netip.MustParseAddr(from).As4()}); err != nil {
			return err
		}
		if err := unix.Connect(k.socket, &unix.SockaddrInet4{Addr: target.Addr().As4(), Port: int(target.Port())}); err != nil && err != unix.EINPROGRESS {
			return err
		}
		if transport == "UDP" {
			_, err = unix.Write(k.socket, []byte("?"))
		}
		return err
	})
	if err != nil {
		k.close()
		return nil, fmt.Errorf("knocking at %s: %w", to, err)
	}
	return k, nil
}

// waits reports whether a connection's first packet has had no answer, be it an
// acceptance or a refusal.
func (k *knock) waits() (bool, error) {
	info, err := unix.GetsockoptTCPInfo(k.socket, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return false, err
	}
	return info.State == unix.BPF_TCP_SYN_SENT, nil
}

func (k *knock) close() { unix.Close(k.socket) }
