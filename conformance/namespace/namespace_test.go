package namespace

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
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
	t.Run("a pod that is not there", func(t *testing.T) {
		if connection, err := net.Dial("tcp4", "10.1.2.4:80"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("somebody answers at an address where nobody listens, as %v: %v", connection, err)
		}
	})
	t.Run("devices", func(t *testing.T) {
		interfaces, err := net.Interfaces()
		if err != nil || len(interfaces) != 1 || !strings.HasPrefix(interfaces[0].Name, "lo") {
			t.Errorf("the devices are %v, error %v; want the loopback alone", interfaces, err)
		}
	})
	t.Run("the world", func(t *testing.T) {
		if connection, err := net.Dial("tcp4", "192.0.2.1:80"); !errors.Is(err, syscall.ENETUNREACH) {
			t.Errorf("somebody can be reached at %v: %v", connection, err)
		}
	})
}

// TestNoNetworkIsSaid: where none can be made, the test does not pass, and what
// is missing is said.
func TestNoNetworkIsSaid(t *testing.T) {
	nowhere := []*syscall.SysProcAttr{{Chroot: filepath.Join(t.TempDir(), "absent")}, {Chroot: filepath.Join(t.TempDir(), "absent")}}
	passed, err := run(t.Context(), t, nowhere, nil, []string{"-test.run=^$"})
	if passed || err == nil || !strings.Contains(err.Error(), "what is missing is root (CAP_SYS_ADMIN), or a kernel that lets anybody make user namespaces") {
		t.Errorf("it has passed: %t, error %v", passed, err)
	}
}

func TestLines(t *testing.T) {
	var said []string
	l := &lines{say: func(line string) { said = append(said, line) }}
	for _, part := range []string{"one\ntw", "o\n\nthr", "ee"} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("writing %q: %d, %v", part, n, err)
		}
	}
	if diff := cmp.Diff([]string{"one", "two", ""}, said); diff != "" {
		t.Errorf("before the end (-want +got):\n%s", diff)
	}
	l.end()
	if diff := cmp.Diff([]string{"one", "two", "", "three"}, said); diff != "" {
		t.Errorf("after it (-want +got):\n%s", diff)
	}
}

func TestOnly(t *testing.T) {
	if got, want := only("TestA.B"), `^TestA\.B$`; got != want {
		t.Errorf("the pattern is %q, want %q", got, want)
	}
}
