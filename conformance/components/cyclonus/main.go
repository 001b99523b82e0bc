// Command cyclonus asks cyclonus, an evaluator of NetworkPolicies that knows
// nothing of kgen, who may talk to whom. It reads one JSON document a question
// and writes one a reply, in the same order, until its input ends.
//
// What the API server does to a policy before a network plugin sees it is done
// first, by the API server's own code: fields are filled in with their defaults,
// and a policy that is not valid is refused and left out.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	networkingv1 "k8s.io/api/networking/v1"
)

// A question is a world of pods and addresses under policies. Each end is asked
// about to each other end, at each port.
type question struct {
	Policies   []json.RawMessage // NetworkPolicies as they would be applied
	Namespaces map[string]map[string]string
	Pods       []*pod
	Addresses  []string // ends that are no pod's
	Ports      []port
	// BlocksMatchPods holds ipBlocks against the addresses of pods too, which
	// the API leaves open.
	BlocksMatchPods bool
}

type pod struct {
	Namespace string
	Labels    map[string]string
	IP        string
	Ports     []namedPort
}

type namedPort struct {
	Name string
	port
}

type port struct {
	Number   int
	Protocol string // TCP, UDP or SCTP
}

// A reply says 1 or 0 for each connection: from each end (the pods, then the
// addresses) to each end, at each port, the last of the three changing first.
type reply struct {
	Allowed string
	Refused map[string]string // policies that the API server does not take, by namespace/name, and why
	// Judged counts the requirements of selectors that Kubernetes' own library
	// was asked about, and Unaided the connections of which cyclonus would have
	// said otherwise without it. See arbiter.
	Judged, Unaided int
}

func main() {
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "cyclonus:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	questions := json.NewDecoder(bufio.NewReader(in))
	questions.DisallowUnknownFields()
	buffer := bufio.NewWriter(out)
	replies := json.NewEncoder(buffer)
	for n := 1; ; n++ {
		var q question
		if err := questions.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("question %d: %w", n, err)
		}
		if err := replies.Encode(answer(q)); err != nil {
			return err
		}
		if err := buffer.Flush(); err != nil {
			return err
		}
	}
}

func answer(q question) reply {
	r := reply{Refused: map[string]string{}}
	var taken []*networkingv1.NetworkPolicy
	for i, text := range q.Policies {
		p, err := admit(text)
		if err != nil {
			name := fmt.Sprintf("policy %d", i)
			if p != nil {
				name = p.Namespace + "/" + p.Name
			}
			r.Refused[name] = err.Error()
			continue
		}
		taken = append(taken, p)
	}
	judge := &arbiter{pods: q.Pods, namespaces: q.Namespaces}
	judged := judge.rewrite(taken)
	r.Judged = judge.requirements
	r.Allowed = newWorld(judge.pods, judge.namespaces, judged, q).connections()
	if r.Judged > 0 {
		unaided := newWorld(q.Pods, q.Namespaces, taken, q).connections()
		for i := range unaided {
			if unaided[i] != r.Allowed[i] {
				r.Unaided++
			}
		}
	}
	return r
}
