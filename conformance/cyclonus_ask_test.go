package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// A netWorld is pods and addresses under policies: what both cyclonus and reach
// are asked about. Its fields are those that components/cyclonus reads.
type netWorld struct {
	Policies   []map[string]any // NetworkPolicies as they would be applied
	Namespaces map[string]map[string]string
	Pods       []netPod
	Addresses  []string // ends that are no pod's
	Ports      []netPort
	// BlocksMatchPods holds ipBlocks against pods' addresses too; the API leaves it open.
	BlocksMatchPods bool
}

type netPod struct {
	Namespace string
	Labels    map[string]string
	IP        string
	Ports     []netNamedPort
}

type netNamedPort struct {
	Name     string
	Number   int
	Protocol string
}

type netPort struct {
	Number   int
	Protocol string
}

// A netAnswer says 1 or 0 for each connection: from each end (the pods, then
// the addresses) to each end at each port, the port changing first.
type netAnswer struct {
	Allowed string
	Refused map[string]string // policies that the API server does not take, and why
	// Judged counts the requirements that Kubernetes' own library has judged,
	// and Unaided the connections that cyclonus by itself has otherwise.
	Judged, Unaided int
}

// askCyclonus asks about worlds in one run of the program, and gives each answer
// to heed in the order of the worlds. That the program reads on meanwhile keeps
// both processors at work.
func askCyclonus(t *testing.T, binary string, worlds []*netWorld, heed func(i int, a netAnswer)) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	asked := make(chan error, 1)
	go func() {
		questions := json.NewEncoder(stdin)
		for _, w := range worlds {
			if err := questions.Encode(w); err != nil {
				stdin.Close()
				asked <- err
				return
			}
		}
		asked <- stdin.Close()
	}()
	answers := json.NewDecoder(stdout)
	n := 0
	for ; ; n++ {
		var a netAnswer
		if err := answers.Decode(&a); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Errorf("answer %d: %v", n, err)
			break
		}
		if n == len(worlds) {
			t.Error("it answers more than it is asked")
			break
		}
		heed(n, a)
	}
	stdout.Close()
	if err := errors.Join(<-asked, cmd.Wait()); err != nil || n != len(worlds) {
		t.Fatalf("%d worlds of %d are answered: %v\n%s", n, len(worlds), err, stderr.String())
	}
}

// stream is what reach reads: the manifests of the world's policies and of its
// namespaces, but not of one that has no label of its own.
func (w *netWorld) stream() ([]byte, error) {
	var out bytes.Buffer
	add := func(o map[string]any) error {
		text, err := json.Marshal(o) // which is YAML too
		fmt.Fprintf(&out, "---\n%s\n", text)
		return err
	}
	for name, labels := range w.Namespaces {
		if len(labels) > 1 {
			if err := add(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name, "labels": labels}}); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range w.Policies {
		if err := add(p); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// set is what reach makes of the world's policies. The error, if the set is
// there, names the policies that it has left out.
func (w *netWorld) set() (*reach.Set, error) {
	text, err := w.stream()
	if err != nil {
		return nil, err
	}
	objects, err := manifest.Parse("world.yaml", text)
	if err != nil {
		return nil, err
	}
	return reach.New(objects, w.mode())
}

func (w *netWorld) mode() reach.BlockMode {
	if w.BlocksMatchPods {
		return reach.BlocksMatchPods
	}
	return reach.BlocksMatchExternal
}

// ends are the world's pods and addresses as reach knows them.
func (w *netWorld) ends() []reach.Endpoint {
	var out []reach.Endpoint
	for i, p := range w.Pods {
		pods := &reach.Workload{Namespace: p.Namespace, Name: fmt.Sprintf("pod%d", i), Labels: p.Labels, IP: netip.MustParseAddr(p.IP)}
		for _, port := range p.Ports {
			pods.Ports = append(pods.Ports, reach.NamedPort{Name: port.Name, Number: port.Number, Protocol: port.Protocol})
		}
		out = append(out, reach.Pod(pods))
	}
	for _, address := range w.Addresses {
		out = append(out, reach.Address(netip.MustParseAddr(address)))
	}
	return out
}

// size is how many connections there are to ask about.
func (w *netWorld) size() int {
	ends := len(w.Pods) + len(w.Addresses)
	return ends * ends * len(w.Ports)
}

// reached is the answer of reach, in the order of an answer of cyclonus.
func (w *netWorld) reached(set *reach.Set) string {
	out := make([]byte, 0, w.size())
	ends := w.ends()
	for _, from := range ends {
		for _, to := range ends {
			for _, p := range w.Ports {
				verdict := byte('0')
				if ok, _ := set.Allowed(from, to, reach.Port{Protocol: p.Protocol, Number: p.Number}); ok {
					verdict = '1'
				}
				out = append(out, verdict)
			}
		}
	}
	return string(out)
}

// connection says in words which one stands at a place of an answer.
func (w *netWorld) connection(at int) string {
	end := func(i int) string {
		if i >= len(w.Pods) {
			return w.Addresses[i-len(w.Pods)]
		}
		text, _ := json.Marshal(w.Pods[i])
		return string(text)
	}
	ends := len(w.Pods) + len(w.Addresses)
	port, to, from := at%len(w.Ports), at/len(w.Ports)%ends, at/len(w.Ports)/ends
	return fmt.Sprintf("from %s\nto %s\nat %d/%s", end(from), end(to), w.Ports[port].Number, w.Ports[port].Protocol)
}

// differences are the places at which two answers are not the same, and the
// first of them in words.
func (w *netWorld) differences(cyclonus, reached string) (n int, example string) {
	if len(cyclonus) != len(reached) {
		return max(len(cyclonus), len(reached)), fmt.Sprintf("%d and %d connections are answered", len(cyclonus), len(reached))
	}
	for i := range cyclonus {
		if cyclonus[i] == reached[i] {
			continue
		}
		if n == 0 {
			policies, _ := json.MarshalIndent(w.Policies, "", " ")
			example = fmt.Sprintf("cyclonus says %c, reach says %c, blocks match pods: %t\n%s\nunder %s\nin namespaces %v",
				cyclonus[i], reached[i], w.BlocksMatchPods, w.connection(i), policies, w.Namespaces)
		}
		n++
	}
	return n, example
}

// shares says how much of an answer is allowed, for a reader who wants to know
// that both verdicts were given.
func shares(allowed, all int) string {
	return fmt.Sprintf("%d connections, of which %d are allowed and %d denied", all, allowed, all-allowed)
}

func allowedIn(answer string) int { return strings.Count(answer, "1") }
