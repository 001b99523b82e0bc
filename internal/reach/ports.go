package reach

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// protocols are the ones that policies know, in the order of every listing.
var protocols = []string{"TCP", "UDP", "SCTP"}

const lastPort = 65535

// Ports is a set of ports. The zero value is empty. It holds ranges, never
// single numbers, so that "all ports" costs as little as one.
type Ports struct {
	spans []span // sorted, neither overlapping nor touching
}

// span is a range of ports of one protocol, both ends included.
type span struct {
	protocol    uint8 // index into protocols
	first, last uint16
}

func (a span) compare(b span) int {
	return cmp.Or(cmp.Compare(a.protocol, b.protocol), cmp.Compare(a.first, b.first))
}

// Range is a range of ports of one protocol, both ends included.
type Range struct {
	Protocol    string
	First, Last int
}

// Text gives 8080/TCP, 8000-8100/TCP or any TCP port.
func (r Range) Text() string {
	switch {
	case r.First <= 1 && r.Last == lastPort:
		return "any " + r.Protocol + " port"
	case r.First == r.Last:
		return fmt.Sprintf("%d/%s", r.First, r.Protocol)
	}
	return fmt.Sprintf("%d-%d/%s", r.First, r.Last, r.Protocol)
}

// AllPorts is every port of every protocol.
func AllPorts() Ports {
	return Ports{[]span{{0, 1, lastPort}, {1, 1, lastPort}, {2, 1, lastPort}}}
}

// PortsOf is the set of the given ports.
func PortsOf(ports ...Port) Ports {
	var spans []span
	for _, p := range ports {
		spans = append(spans, spansOf(p.Protocol, p.Number, p.Number)...)
	}
	return normal(spans)
}

// PortRange is every port from first to last, both included. What is no port
// (an unknown protocol, a number outside 1 to 65535) is in no set.
func PortRange(protocol string, first, last int) Ports {
	return Ports{spansOf(protocol, first, last)}
}

func spansOf(protocol string, first, last int) []span {
	i := slices.Index(protocols, transport(protocol))
	first, last = max(first, 1), min(last, lastPort)
	if i < 0 || first > last {
		return nil
	}
	return []span{{uint8(i), uint16(first), uint16(last)}}
}

func normal(spans []span) Ports {
	slices.SortFunc(spans, span.compare)
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && out[n-1].protocol == s.protocol && int(s.first) <= int(out[n-1].last)+1 {
			out[n-1].last = max(out[n-1].last, s.last)
			continue
		}
		out = append(out, s)
	}
	return Ports{out}
}

// IsEmpty reports whether no port is in the set.
func (p Ports) IsEmpty() bool { return len(p.spans) == 0 }

// IsAll reports whether every port of every protocol is in the set.
func (p Ports) IsAll() bool { return p.Equal(AllPorts()) }

// Equal reports whether two sets hold the same ports.
func (p Ports) Equal(o Ports) bool { return slices.Equal(p.spans, o.spans) }

// Has reports whether one port is in the set.
func (p Ports) Has(port Port) bool { return !p.Intersect(PortsOf(port)).IsEmpty() }

// Union is the ports that are in either set.
func (p Ports) Union(o Ports) Ports {
	switch {
	case p.IsEmpty(), slices.Equal(p.spans, o.spans):
		return o
	case o.IsEmpty():
		return p
	}
	return normal(slices.Concat(p.spans, o.spans))
}

// Intersect is the ports that are in both sets.
func (p Ports) Intersect(o Ports) Ports {
	var out []span
	for i, j := 0, 0; i < len(p.spans) && j < len(o.spans); {
		a, b := p.spans[i], o.spans[j]
		if a.protocol == b.protocol {
			if first, last := max(a.first, b.first), min(a.last, b.last); first <= last {
				out = append(out, span{a.protocol, first, last})
			}
		}
		if a.protocol < b.protocol || a.protocol == b.protocol && a.last < b.last {
			i++
		} else {
			j++
		}
	}
	return Ports{out}
}

// Minus is the ports that are in p and not in o.
func (p Ports) Minus(o Ports) Ports {
	if p.IsEmpty() || o.IsEmpty() {
		return p
	}
	return p.Intersect(o.complement())
}

func (p Ports) complement() Ports {
	var out []span
	for i := range protocols {
		next := 1
		for _, s := range p.spans {
			if int(s.protocol) != i {
				continue
			}
			if next < int(s.first) {
				out = append(out, span{uint8(i), uint16(next), s.first - 1})
			}
			next = int(s.last) + 1
		}
		if next <= lastPort {
			out = append(out, span{uint8(i), uint16(next), lastPort})
		}
	}
	return Ports{out}
}

// Ranges yields the set's ranges: TCP, UDP, SCTP, each by number.
func (p Ports) Ranges() iter.Seq[Range] {
	return func(yield func(Range) bool) {
		for _, s := range p.spans {
			if !yield(Range{protocols[s.protocol], int(s.first), int(s.last)}) {
				return
			}
		}
	}
}

// Text gives "all ports", "no port", or the ranges: 53/UDP, 8000-8100/TCP.
func (p Ports) Text() string {
	switch {
	case p.IsEmpty():
		return "no port"
	case p.IsAll():
		return "all ports"
	}
	var parts []string
	for r := range p.Ranges() {
		parts = append(parts, r.Text())
	}
	return strings.Join(parts, ", ")
}

// On parts the set into the ports that w's containers say they listen on, and
// any other port: a process may listen on a port that no manifest names.
func (p Ports) On(w *Workload) (listening, other Ports) {
	has := w.listens()
	return p.Intersect(has), p.Minus(has)
}

// TextOn is Text for ports of w: its own ports by number, the rest in a word.
// Where w names no ports there is no telling which those are.
func (p Ports) TextOn(w *Workload) string {
	if w == nil || p.IsEmpty() || p.IsAll() || len(w.Ports) == 0 {
		return p.Text()
	}
	listening, other := p.On(w)
	if missing := w.listens().complement(); other.Equal(missing) && !listening.IsEmpty() {
		return listening.Text() + " and any other port"
	}
	return p.Text()
}

// listens are the ports of w's containers.
func (w *Workload) listens() Ports {
	var spans []span
	for _, c := range w.Ports {
		spans = append(spans, spansOf(c.Protocol, c.Number, c.Number)...)
	}
	return normal(spans)
}

var (
	allTCP = PortRange("TCP", 1, lastPort)
	notTCP = AllPorts().Minus(allTCP)
)

// key identifies the set among sets.
func (p Ports) key() string {
	b := make([]byte, 0, 5*len(p.spans))
	for _, s := range p.spans {
		b = append(b, s.protocol, byte(s.first>>8), byte(s.first), byte(s.last>>8), byte(s.last))
	}
	return string(b)
}
