package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	xdscredentials "google.golang.org/grpc/credentials/xds"
	pb "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/status"
)

// atOnce is how many calls are under way at a time.
const atOnce = 4

// pace is the time between two calls of those without end: what is to be seen of
// them lasts as long as istiod takes to tell of a change, a hundred times that and more.
const pace = 500 * time.Microsecond

// patience bounds one call. It is no measure of anything: a call that takes so
// long is one that fails.
const patience = time.Minute

// notYetKnown stands for the code of calls that gRPC for Go loses by itself when
// a cluster comes to a route: it sends calls by the new route a moment before its
// balancer knows the new cluster, whatever istiod has told it and in what order.
const notYetKnown = "NotYetKnown"

// A tally is what became of calls.
type tally struct {
	Answers  map[string]int // by the version that answered
	Failures map[string]int // by status code, or notYetKnown
	Example  string         // the text of one failure
}

func newTally() *tally { return &tally{Answers: map[string]int{}, Failures: map[string]int{}} }

func (t *tally) count(version string, err error) {
	if err == nil {
		t.Answers[version]++
		return
	}
	code := status.Code(err).String()
	if strings.Contains(err.Error(), "unknown cluster selected for RPC") {
		code = notYetKnown
	}
	t.Failures[code]++
	t.Example = err.Error()
}

func (t *tally) add(other *tally) {
	for version, n := range other.Answers {
		t.Answers[version] += n
	}
	for code, n := range other.Failures {
		t.Failures[code] += n
	}
	if other.Example != "" {
		t.Example = other.Example
	}
}

// A caller does what it reads, a word and perhaps a number on a line, and prints
// what came of it as JSON on a line:
//
//	calls N   makes that many calls: a tally
//	begin     calls without end: an empty tally
//	end       stops that: the tally since begin
//	hold N    opens that many more calls that last: a tally
//	release   ends those: an empty tally
//	config    what istiod has told it: see configuration
type caller struct {
	client pb.TestServiceClient

	stop  chan struct{} // ends what begin has begun; nil if nothing has
	ended chan *tally

	held    context.Context // of the calls that last
	release context.CancelFunc
}

// call obeys until in ends. A target without "xds:" is called in plaintext, by
// one who has no mesh.
func call(target string, in io.Reader, out io.Writer) error {
	var creds credentials.TransportCredentials = insecure.NewCredentials()
	if strings.HasPrefix(target, "xds:") {
		var err error
		if creds, err = xdscredentials.NewClientCredentials(xdscredentials.ClientOptions{FallbackCreds: insecure.NewCredentials()}); err != nil {
			return err
		}
	}
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(creds))
	if err != nil {
		return err
	}
	defer connection.Close()
	connection.Connect() // so that istiod is asked before the first call
	c := &caller{client: pb.NewTestServiceClient(connection)}
	c.held, c.release = context.WithCancel(context.Background())
	defer func() { c.release() }()
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		answer, err := c.obey(lines.Text())
		if err != nil {
			return err
		}
		if err := json.NewEncoder(out).Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func (c *caller) obey(line string) (any, error) {
	var word string
	var n int
	if _, err := fmt.Sscan(line, &word); err != nil {
		return nil, fmt.Errorf("reading %q: %w", line, err)
	}
	if word == "calls" || word == "hold" {
		if _, err := fmt.Sscan(line, &word, &n); err != nil {
			return nil, fmt.Errorf("reading %q: %w", line, err)
		}
	}
	switch {
	case word == "calls":
		return c.calls(n), nil
	case word == "begin" && c.stop == nil:
		c.stop, c.ended = make(chan struct{}), make(chan *tally, 1)
		go func(stop <-chan struct{}, ended chan<- *tally) {
			turn := time.NewTicker(pace)
			defer turn.Stop()
			ended <- c.many(func() bool {
				select {
				case <-stop:
					return false
				case <-turn.C:
					return true
				}
			})
		}(c.stop, c.ended)
		return newTally(), nil
	case word == "end" && c.stop != nil:
		close(c.stop)
		c.stop = nil
		return <-c.ended, nil
	case word == "hold":
		return c.hold(n), nil
	case word == "release":
		c.release()
		c.held, c.release = context.WithCancel(context.Background())
		return newTally(), nil
	case word == "config":
		return configuration()
	}
	return nil, fmt.Errorf("%q is nothing to do now", line)
}

func (c *caller) calls(n int) *tally {
	var begun atomic.Int64
	return c.many(func() bool { return begun.Add(1) <= int64(n) })
}

// many makes calls for as long as there are more to make.
func (c *caller) many(more func() bool) *tally {
	tallies := make([]*tally, atOnce)
	var wg sync.WaitGroup
	for i := range tallies {
		tallies[i] = newTally()
		wg.Go(func() {
			for more() {
				tallies[i].count(c.once())
			}
		})
	}
	wg.Wait()
	sum := newTally()
	for _, t := range tallies {
		sum.add(t)
	}
	return sum
}

func (c *caller) once() (version string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	response, err := c.client.UnaryCall(ctx, &pb.SimpleRequest{})
	return response.GetHostname(), err
}

// hold opens calls one after another; each has been answered once, or has
// failed, when the next is opened.
func (c *caller) hold(n int) *tally {
	t := newTally()
	for range n {
		stream, err := c.client.FullDuplexCall(c.held)
		if err == nil {
			_, err = stream.Recv()
		}
		t.count("held", err)
	}
	return t
}
