package inventory

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// Edge is one connection that is meant to be, from pods to pods or addresses,
// because the model says so or because a container is given the other's address.
type Edge struct {
	// From opens the connection.
	From *Workload
	// To takes it; nil where it goes outside, to Address.
	To      *Workload
	Address netip.Addr
	// Outside is how the model names what is behind Address: a host or a range.
	Outside string
	// Service is the Service by which From calls, nil where none is known.
	Service *Service
	// Ports are those of To's containers, or of the address.
	Ports []reach.Port
	// Model is the path below spec in kgen.yaml that declares it, or "".
	Model string
	// Object and Path lead to what names the other: an environment variable's value,
	// in a pod template or a ConfigMap, or an argument. Variable is the variable's
	// name, or args[0] or command[0].
	Object   *manifest.Object
	Path     []any
	Variable string
}

// Edges are the connections that are meant to be: those that the model declares,
// with the parties outside, in the order of the file, then those that containers
// are given the address for and the model does not declare. Versions of a
// service are workloads of their own. Nothing is known of a callee's pods in
// another namespace but what the model says of them. They are computed once; the
// caller does not change them.
func (inv *Inventory) Edges() []Edge {
	inv.edgesOnce.Do(func() { inv.edges = inv.allEdges() })
	return inv.edges
}

func (inv *Inventory) allEdges() []Edge {
	out := inv.modelEdges()
	known := map[[2]*Workload][]reach.Port{}
	for _, e := range out {
		if e.To != nil {
			known[[2]*Workload{e.From, e.To}] = append(known[[2]*Workload{e.From, e.To}], e.Ports...)
		}
	}
	for _, e := range inv.variableEdges() {
		at := [2]*Workload{e.From, e.To}
		if !slices.Contains(known[at], e.Ports[0]) {
			known[at] = append(known[at], e.Ports[0])
			out = append(out, e)
		}
	}
	return out
}

// PodPorts are the ports of a workload behind ports of its service in the model:
// by number, or by the name of a container's port.
func (w *Workload) PodPorts(s *spec.Service, ports []spec.Port) []reach.Port {
	var out []reach.Port
	for _, p := range ports {
		at := PodPort(s, p)
		if p.TargetPort.Name != "" {
			for _, c := range w.Ports {
				if c.Name == p.TargetPort.Name && (c.Protocol == at.Protocol || c.Protocol == "" && at.Protocol == "TCP") {
					at.Number = c.Number
				}
			}
		}
		if !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}

func (inv *Inventory) modelEdges() []Edge {
	if inv.Model == nil {
		return nil
	}
	pods := map[*spec.Service][]*Workload{}
	for _, w := range inv.Workloads {
		if w.Service != nil {
			pods[w.Service] = append(pods[w.Service], w)
		}
	}
	s := &inv.Model.Spec
	var out []Edge
	for i := range s.Services {
		service := &s.Services[i]
		for _, self := range pods[service] {
			for j, c := range service.Calls {
				at := fmt.Sprintf("services[%d].calls[%d]", i, j)
				if to := inv.Modelled(c.Service); to != nil && (c.Namespace == "" || c.Namespace == s.Namespace) {
					for _, other := range pods[to] {
						out = append(out, Edge{From: self, To: other, Service: inv.Service(s.Namespace, to.Name), Ports: other.PodPorts(to, to.PortsFor(c.Port)), Model: at})
					}
					continue
				}
				if other := inv.callee(c); other != nil {
					out = append(out, Edge{From: self, To: other, Service: inv.Service(c.Namespace, c.Service), Ports: []reach.Port{reach.TCP(int(c.Port.Number))}, Model: at})
				}
			}
			for j, c := range service.Callers {
				at := fmt.Sprintf("services[%d].callers[%d]", i, j)
				ports := self.PodPorts(service, service.PortsFor(c.Port))
				callers := inv.callers(c)
				if service.IsPeer(c, s.Namespace) {
					callers = pods[service]
				}
				for _, other := range callers {
					if len(ports) > 0 {
						out = append(out, Edge{From: other, To: self, Service: inv.Service(s.Namespace, service.Name), Ports: ports, Model: at})
					}
				}
			}
			for j, e := range service.Egress {
				out = append(out, egressEdge(self, e, fmt.Sprintf("services[%d].egress[%d]", i, j)))
			}
		}
	}
	return slices.DeleteFunc(out, func(e Edge) bool { return len(e.Ports) == 0 })
}

// callee is the party that the model names in another namespace.
func (inv *Inventory) callee(c spec.Call) *Workload {
	for _, p := range inv.PartiesOf(Callee) {
		if p.Namespace == c.Namespace && p.Name == c.Service {
			return p
		}
	}
	return nil
}

func (inv *Inventory) callers(c spec.Caller) []*Workload {
	var out []*Workload
	for _, p := range inv.PartiesOf(Caller) {
		if p.Namespace == c.Namespace && (len(c.PodLabels) == 0 || manifest.Selector{MatchLabels: c.PodLabels}.Matches(p.Labels)) {
			out = append(out, p)
		}
	}
	return out
}

// egressEdge leads to one address of a range, or to any public one for a host.
func egressEdge(self *Workload, e spec.Egress, at string) Edge {
	out := Edge{From: self, Outside: e.Host, Address: everywhere, Model: at}
	if e.CIDR != "" {
		out.Outside = e.CIDR
		out.Address = outsideHoles(e.CIDR, e.Except)
	}
	for _, p := range e.Ports {
		out.Ports = append(out.Ports, reach.Port{Protocol: e.Protocol.Transport(), Number: int(p)})
	}
	if !out.Address.IsValid() {
		out.Ports = nil
	}
	return out
}

// outsideHoles is an address of a range that none of its exceptions holds; the
// zero address where it finds none.
func outsideHoles(block string, holes []string) netip.Addr {
	at, ok := inside(block)
	if !ok {
		return netip.Addr{}
	}
	within := netip.MustParsePrefix(block)
	for again := true; again; {
		again = false
		for _, text := range holes {
			hole, err := netip.ParsePrefix(text)
			if err != nil || !hole.Contains(at) {
				continue
			}
			bytes := hole.Masked().Addr().AsSlice()
			for bit := hole.Bits(); bit < 8*len(bytes); bit++ {
				bytes[bit/8] |= 0x80 >> (bit % 8)
			}
			last, _ := netip.AddrFromSlice(bytes)
			at, again = last.Next(), true
		}
		if !at.IsValid() || !within.Contains(at) {
			return netip.Addr{}
		}
	}
	return at
}

// addressVariable reports whether a variable's name says that it holds an address.
func addressVariable(name string) bool {
	for _, end := range []string{"_ADDR", "_ADDRESS", "_HOST", "_HOSTNAME", "_URL", "_URI", "_ENDPOINT", "_SERVER", "_SERVICE", "_UPSTREAM", "_TARGET"} {
		if strings.HasSuffix(strings.ToUpper(name), end) {
			return true
		}
	}
	return false
}
