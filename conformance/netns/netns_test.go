package netns

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
)

// TestRun: every address of 10.0.0.0/8 is a place to listen at, each with its
// own ports, and nothing leads out of the namespace.
func TestRun(t *testing.T) {
	Run(t, func(t *testing.T) {
		for _, address := range []string{"10.0.0.1:80", "10.1.2.3:80", "10.255.1.9:80", "127.0.0.1:80"} {
			listener, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			connection, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			connection.Close()
		}
		if _, err := net.Dial("tcp", "10.1.2.4:80"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("somebody answers at an address where nobody listens: %v", err)
		}
		if _, err := net.Dial("tcp", "192.0.2.1:80"); !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("there is a way out: %v", err)
		}
		interfaces, err := net.Interfaces()
		if err != nil || len(interfaces) != 1 || !strings.HasPrefix(interfaces[0].Name, "lo") {
			t.Errorf("the devices are %v, error %v; want the loopback alone", interfaces, err)
		}
	})
}
