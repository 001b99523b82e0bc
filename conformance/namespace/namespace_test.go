package namespace

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestOwnNetwork: addresses of pods are at home inside, and what is outside
// cannot be reached.
func TestOwnNetwork(t *testing.T) {
	if !Inside(t) {
		outside, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer outside.Close()
		t.Setenv("KGEN_CONFORMANCE_LISTENER", outside.Addr().String())
		Run(t)
		return
	}
	for _, address := range []string{"127.0.0.1:80", "10.1.2.3:80", "10.96.0.10:80"} {
		t.Run(address, func(t *testing.T) {
			listener, err := net.Listen("tcp4", address)
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			connection, err := net.Dial("tcp4", address)
			if err != nil {
				t.Fatal(err)
			}
			connection.Close()
		})
	}
	t.Run("the world's own loopback", func(t *testing.T) {
		address := os.Getenv("KGEN_CONFORMANCE_LISTENER")
		if connection, err := net.Dial("tcp4", address); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("the listener outside can be reached at %s as %v: %v", address, connection, err)
		}
	})
	t.Run("the world", func(t *testing.T) {
		if connection, err := net.Dial("tcp4", "192.0.2.1:80"); !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("somebody can be reached at %v: %v", connection, err)
		}
	})
}

func TestOnly(t *testing.T) {
	if got, want := only("TestA.B"), `^TestA\.B$`; got != want {
		t.Errorf("the pattern is %q, want %q", got, want)
	}
}
