package cli

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// An end is who one side of a connection may be: everyone, some workloads, or
// addresses.
type end struct {
	text      string
	all       bool
	workloads map[*reach.Workload]bool
	internet  bool
	host      string // a host of kgen.yaml's egress: somewhere on the internet
	address   netip.Addr
}

type ends struct{ from, to end }

// holds reports whether a party is meant.
func (e end) holds(p reach.Party) bool {
	switch {
	case e.all:
		return true
	case p.Workload != nil:
		return e.workloads[p.Workload]
	case e.address.IsValid():
		return p.Outside.Name == e.address.String()
	}
	return e.internet && p.Outside.Name == "" && !p.Outside.Addresses.Intersect(reach.Public()).IsEmpty()
}

// ofPlatform reports whether somebody is meant that the platform brings.
func (e end) ofPlatform(platform reach.Addresses) bool {
	for w := range e.workloads {
		if w.Role == reach.Platform {
			return true
		}
	}
	return e.address.IsValid() && platform.Has(e.address)
}

// outside are the addresses that are asked about by name.
func (e ends) outside() []reach.Outside {
	var out []reach.Outside
	for _, one := range []end{e.from, e.to} {
		if one.address.IsValid() {
			out = append(out, reach.Outside{Name: one.address.String(), Addresses: reach.AddressesOf(netip.PrefixFrom(one.address, one.address.BitLen()))})
		}
	}
	return out
}

// ends reads --from and --to.
func (j *judged) ends(from, to string) (ends, error) {
	var e ends
	var list diag.List
	for _, side := range []struct {
		flag, text string
		into       *end
	}{{"--from", from, &e.from}, {"--to", to, &e.to}} {
		found, err := j.end(side.text)
		if err != nil {
			list = append(list, diag.Diagnostic{Severity: diag.Error, Code: "unknown-party", Message: fmt.Sprintf("%s %s: %s", side.flag, side.text, err)})
			continue
		}
		*side.into = found
	}
	return e, list.Err()
}

// end is who a word means. A name alone is looked for in every namespace.
func (j *judged) end(text string) (end, error) {
	e := end{text: text, workloads: map[*reach.Workload]bool{}}
	if text == "" || text == spec.Anyone {
		e.all = true
		return e, nil
	}
	if at, err := netip.ParseAddr(text); err == nil {
		e.address = at.Unmap()
		return e, nil
	}
	switch text {
	case spec.Internet:
		e.internet = true
		return e, nil
	case spec.TheDoor:
		return j.party(e, inventory.FrontDoor, "there is no front door")
	case spec.TheMetric:
		return j.party(e, inventory.Prometheus, "no Prometheus is known here")
	case string(inventory.DNS):
		return j.party(e, inventory.DNS, "no DNS is known here")
	}
	namespace, name, qualified := strings.Cut(text, "/")
	if !qualified {
		namespace, name = "", text
	}
	// The application's own come first: a party of the same name is meant by
	// namespace/name.
	for _, list := range [][]*inventory.Workload{j.inventory.Workloads, j.inventory.Parties} {
		for _, w := range list {
			same := w.Name == name || name == spec.Anyone || w.Service != nil && w.Service.Name == name
			if same && (!qualified || w.Namespace == namespace) {
				e.workloads[&w.Workload] = true
			}
		}
		if len(e.workloads) > 0 {
			return e, nil
		}
	}
	if j.declaresHost(text) {
		e.internet, e.host = true, text
		return e, nil
	}
	for _, s := range j.inventory.Services {
		switch same := s.Name == name && (!qualified || s.Namespace == namespace); {
		case same && s.External():
			return e, fmt.Errorf("the Service %s stands for a name outside the cluster (ExternalName), and policies know no names: ask about internet or an address", s.Name)
		case same:
			return e, fmt.Errorf("the Service %s selects no workload known here", s.Name)
		}
	}
	var known []string
	for _, w := range j.inventory.Workloads {
		known = append(known, w.Name, w.Text())
	}
	slices.Sort(known)
	known = slices.Compact(known)
	near := diag.Nearest(text, known)
	for _, k := range known {
		if near == "" && (strings.HasSuffix(k, "-"+text) || strings.HasPrefix(k, text+"-")) {
			near = k // with a prefix or a suffix, as kustomizations and charts give it
		}
	}
	if near != "" {
		return e, fmt.Errorf("there is no such workload; did you mean %s?", near)
	}
	return e, fmt.Errorf("there is no such workload; kgen reach lists them")
}

// declaresHost reports whether kgen.yaml names a host that services call outside.
func (j *judged) declaresHost(host string) bool {
	if j.inventory.Model == nil {
		return false
	}
	return slices.ContainsFunc(j.inventory.Model.Spec.Services, func(s spec.Service) bool {
		return slices.ContainsFunc(s.Egress, func(e spec.Egress) bool { return e.Host == host })
	})
}

func (j *judged) party(e end, kind inventory.Party, none string) (end, error) {
	for _, p := range j.inventory.PartiesOf(kind) {
		e.workloads[&p.Workload] = true
	}
	if len(e.workloads) == 0 {
		return e, fmt.Errorf("%s", none)
	}
	return e, nil
}

// A portFilter is a port by number or by the name that a container or a Service
// gives it; zero lets everything pass.
type portFilter struct {
	name     string
	number   int
	protocol string                           // "" where it is not said: of a number TCP, of a name any
	behind   map[*reach.Workload][]reach.Port // what Services call so; see named
}

// portFilter reads --port. A name that nobody gives a port is an error.
func (j *judged) portFilter(text string) (portFilter, error) {
	f, err := parsePortFilter(text)
	if err != nil || f.name == "" {
		return f, err
	}
	f.behind = map[*reach.Workload][]reach.Port{}
	var names []string
	known := false
	for _, w := range j.everyone() {
		for _, p := range w.Ports {
			names, known = append(names, p.Name), known || p.Name == f.name
		}
	}
	for _, s := range j.inventory.Services {
		for _, p := range s.V.Spec.Ports {
			names = append(names, p.Name)
			if p.Name != f.name {
				continue
			}
			known = true
			for _, w := range s.Pods {
				if target, ok := w.Target(p); ok && (f.protocol == "" || f.protocol == target.Protocol) {
					f.behind[&w.Workload] = append(f.behind[&w.Workload], target)
				}
			}
		}
	}
	if known {
		return f, nil
	}
	if near := diag.Nearest(f.name, names); near != "" {
		return f, fmt.Errorf("--port %s: no container and no Service has a port of that name; did you mean %s?", text, near)
	}
	return f, fmt.Errorf("--port %s: no container and no Service has a port of that name", text)
}

// parsePortFilter reads 8080, 53/UDP or http.
func parsePortFilter(text string) (portFilter, error) {
	var f portFilter
	if text == "" {
		return f, nil
	}
	port, protocol, said := strings.Cut(text, "/")
	if said {
		f.protocol = strings.ToUpper(protocol)
		if !slices.Contains([]string{"TCP", "UDP", "SCTP"}, f.protocol) {
			return f, fmt.Errorf("--port %s: %q is none of TCP, UDP and SCTP", text, protocol)
		}
	}
	if n, err := strconv.Atoi(port); err == nil {
		if _, err := spec.ParsePort(port); err != nil {
			return f, fmt.Errorf("--port %s: %w", text, err)
		}
		f.number = n
		if f.protocol == "" {
			f.protocol = "TCP"
		}
		return f, nil
	}
	f.name = port
	return f, nil
}

// on are the ports that are meant at a destination.
func (f portFilter) on(w *reach.Workload) reach.Ports {
	switch {
	case f.number != 0:
		return reach.PortsOf(reach.Port{Protocol: f.protocol, Number: f.number})
	case f.name == "":
		return reach.AllPorts()
	case w == nil:
		return reach.Ports{}
	}
	out := slices.Clone(f.behind[w])
	for _, p := range w.Ports {
		protocol := p.Protocol
		if protocol == "" {
			protocol = "TCP"
		}
		if p.Name == f.name && (f.protocol == "" || f.protocol == protocol) {
			out = append(out, reach.Port{Protocol: protocol, Number: p.Number})
		}
	}
	return reach.PortsOf(out...)
}

// within is a connection on the ports that are meant, and whether anything of
// it is left.
func (f portFilter) within(con reach.Connection) (reach.Connection, bool) {
	meant := f.on(con.To.Workload)
	con.Ports, con.Some = con.Ports.Intersect(meant), con.Some.Intersect(meant)
	return con, !con.Ports.IsEmpty() || !con.Some.IsEmpty()
}
