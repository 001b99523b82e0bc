package audit

import (
	"cmp"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// expectationRules hold what the manifests allow against what the model expects.
var expectationRules = []*Rule{expectationUnmet}

var expectationUnmet = &Rule{
	ID: "EX01", Severity: diag.Error,
	Title:       "An expectation of kgen.yaml is not met",
	Items:       []string{"C1", "C9", "C10"},
	Constraints: []string{"K1"},
	Reads:       []Need{NeedsModel},
	Doc: `Each line of ` + "`expect`" + ` in kgen.yaml is asked of the manifests, NetworkPolicies and the mesh's policies together, on the way that packets take:
` + "`allow web -> api:8080`" + `, ` + "`deny * -> db`" + `, ` + "`deny internet -> api`" + `, ` + "`allow front-door -> web`" + `. It says what has to stay true whoever edits the
policies, the model or the templates; kgen's own output is held against it as well. Without a port, ` + "`allow`" + ` means every port that kgen.yaml
declares for the callee (not the one of its metrics; for ` + "`front-door`" + ` those that its paths lead to, for ` + "`prometheus`" + ` that of the metrics), and
` + "`deny`" + ` any port at all. ` + "`*`" + ` is every workload of the application. What an ` + "`allow`" + ` line names is an exception from a ` + "`deny`" + `
line with ` + "`*`" + `, so ` + "`allow api -> db`" + ` and ` + "`deny * -> db`" + ` together say that nobody but api reaches it. A service before and after the
arrow is the connection among its own pods; ` + "`*`" + ` does not mean that one.

` + "`internet`" + ` is every public address: ` + "`deny`" + ` is not met if any one of them passes, on any port that is meant, and ` + "`allow`" + ` is met if one passes.

A connection that passes for some requests only, as an AuthorizationPolicy about paths has it, counts as allowed. Change the policy that the
finding names, or what is expected.`,
	check: func(c *Check) {
		if len(c.Model.Spec.Expect) == 0 {
			c.Skip("", "kgen.yaml expects nothing: it has no expect")
			return
		}
		e := &expectations{network: c.network(), ends: map[spec.Someone]meant{}}
		for _, text := range c.Model.Spec.Expect {
			one, err := spec.ParseExpectation(text)
			e.list = append(e.list, expectation{one, text, err == nil})
			if err == nil {
				e.find(one.From)
				e.find(one.To)
			}
		}
		e.connections = e.allConnections()
		for i, one := range e.list {
			if one.readable {
				e.hold(i, one)
			}
		}
	},
}

// expectation is one line of the model; one that cannot be read is for the
// model's own validation to say.
type expectation struct {
	spec.Expectation
	text     string
	readable bool
}

// protocolSaid reports whether a protocol stands behind the port.
func (e expectation) protocolSaid() bool {
	words := strings.Fields(e.text)
	whom := words[len(words)-1]
	return !e.Port.IsZero() && strings.Contains(whom[strings.LastIndexByte(whom, ':')+1:], "/")
}

type expectations struct {
	*network
	list        []expectation
	ends        map[spec.Someone]meant // filled by find
	connections *reach.Connections
	named       map[[2]string][]end                 // by namespace and name; filled by podsOf
	inside      map[string][]end                    // by namespace; likewise
	allowed     map[[2]reach.Endpoint][]expectation // filled by permissions
}

// meant are whom a word means, and why nobody, if so.
type meant struct {
	list []end
	set  map[reach.Endpoint]int // where in the list
	why  string
}

// end is somebody that an expectation is about. Addresses are those that its
// endpoint stands for, where that is no pod.
type end struct {
	reach.Endpoint
	name      string
	addresses reach.Addresses
}

// find remembers whom a word means: the same pods in every expectation.
func (x *expectations) find(s spec.Someone) meant {
	if found, known := x.ends[s]; known {
		return found
	}
	m := meant{set: map[reach.Endpoint]int{}}
	m.list, m.why = x.endsOf(s)
	for i, e := range m.list {
		m.set[e.Endpoint] = i
	}
	x.ends[s] = m
	return m
}

// allConnections are those among everybody that is known or named.
func (x *expectations) allConnections() *reach.Connections {
	var pods []*reach.Workload
	seen := map[*reach.Workload]bool{}
	add := func(w *reach.Workload) {
		if w != nil && !seen[w] {
			seen[w] = true
			pods = append(pods, w)
		}
	}
	for _, w := range slices.Concat(x.Workloads, x.Parties) {
		add(&w.Workload)
	}
	for _, e := range x.list {
		for _, s := range []spec.Someone{e.From, e.To} {
			for _, one := range x.ends[s].list {
				add(one.Workload)
			}
		}
	}
	return x.Policies.Connections(reach.All, pods)
}

// mostShown is how many connections a finding names.
const mostShown = 3

func (x *expectations) hold(i int, e expectation) {
	from, to := x.find(e.From), x.find(e.To)
	if len(from.list) == 0 || len(to.list) == 0 {
		why := from.why
		if len(from.list) > 0 {
			why = to.why
		}
		x.Skip(fmt.Sprintf("expect[%d], %q", i, e.text), "%s", why)
		return
	}
	var unmet []question
	var said []string
	known := map[string]bool{}
	for q := range x.questions(e, from, to) {
		x.Looked()
		q.ports = x.unmet(e, q)
		if q.ports.IsEmpty() {
			continue
		}
		if text := q.text(); !known[text] {
			known[text] = true
			unmet, said = append(unmet, q), append(said, text)
		}
	}
	if len(unmet) > 0 {
		x.reportUnmet(i, e, unmet, said)
	}
}

// fewPairs is how many pairs are asked about one by one. Of more, only those that
// the policies allow are, where it is a denial that is expected.
const fewPairs = 64

// questions yields the pairs that an expectation is about. A workload and itself
// are one where it names just that.
func (x *expectations) questions(e expectation, from, to meant) iter.Seq[question] {
	itself := e.From.Name != spec.Anyone && e.To.Name != spec.Anyone
	return func(yield func(q question) bool) {
		outside := from.list[0].Workload == nil || to.list[0].Workload == nil
		if e.Allow || outside || itself || len(from.list)*len(to.list) <= fewPairs {
			for _, a := range from.list {
				for _, b := range to.list {
					x.step()
					if (a.name != b.name || itself) && !yield(question{from: a, to: b}) {
						return
					}
				}
			}
			return
		}
		x.Looked() // whether or not anything is allowed
		for _, at := range x.allowedPairs(from, to) {
			if a, b := from.list[at[0]], to.list[at[1]]; a.name != b.name && !yield(question{from: a, to: b}) {
				return
			}
		}
	}
}

// allowedPairs are the pairs of two lists, by their indices, between which
// anything is allowed, found from the shorter list.
func (x *expectations) allowedPairs(from, to meant) [][2]int {
	var out [][2]int
	take := func(list iter.Seq[reach.Connection]) {
		for c := range list {
			x.step()
			i, calls := from.set[reach.Pod(c.From.Workload)]
			j, called := to.set[reach.Pod(c.To.Workload)]
			if calls && called {
				out = append(out, [2]int{i, j})
			}
		}
	}
	if len(to.list) <= len(from.list) {
		for _, b := range to.list {
			take(x.connections.To(b.Workload))
		}
	} else {
		for _, a := range from.list {
			take(x.connections.From(a.Workload))
		}
	}
	slices.SortFunc(out, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	return slices.Compact(out) // a pair may be connected directly and through a waypoint
}

// question is whether somebody reaches ports of somebody else.
type question struct {
	from, to end
	ports    reach.Ports // those for which the answer is not the expected one
}

func (q question) text() string {
	ports, rest := q.ports, reach.Ports{}
	if q.to.Workload != nil {
		// What its containers listen on says more than the rest does.
		if ports, rest = q.ports.On(q.to.Workload); ports.IsEmpty() {
			ports = rest
		}
	}
	return fmt.Sprintf("%s -> %s on %s", q.from.name, q.to.name, ports.Text())
}

// unmet are the ports on which a pair is not as an expectation has it. Of a
// denial these are all that pass; of a permission, those that it means and that
// do not, or, where nobody knows which those are, any if none passes.
func (x *expectations) unmet(e expectation, q question) reach.Ports {
	open := x.open(q)
	ports := x.ports(e, q.to)
	switch {
	case !e.Allow:
		return open.Intersect(ports).Minus(x.excepted(e, q))
	case ports.IsAll() && open.IsEmpty():
		return ports
	case ports.IsAll():
		return reach.Ports{}
	}
	return ports.Minus(open)
}

// open are the ports that pass between a pair, for some requests or from some
// address at least.
func (x *expectations) open(q question) reach.Ports {
	var out reach.Ports
	switch from, to := q.from.Workload, q.to.Workload; {
	case from != nil && to != nil:
		for _, c := range x.connections.Between(from, to) {
			out = out.Union(c.Any())
		}
		if to.Mesh == reach.Ambient {
			out = out.Minus(reach.PortsOf(reach.TCP(reach.HBONE))) // the tunnel; what is in it counts
		}
	case from != nil:
		for _, c := range x.connections.Crossings(from, reach.Egress, q.to.addresses) {
			out = out.Union(c.Any())
		}
	case to != nil:
		for _, c := range x.connections.Crossings(to, reach.Ingress, q.from.addresses) {
			out = out.Union(c.Any())
		}
	default:
		return reach.AllPorts() // no policy is about addresses alone
	}
	return out
}

// explain asks about one port of a pair, by one address of those that are meant:
// one that passes, where any does.
func (x *expectations) explain(q question) reach.Explanation {
	first := reach.TCP(443)
	ports := q.ports
	if q.to.Workload != nil {
		if listening, _ := ports.On(q.to.Workload); !listening.IsEmpty() {
			ports = listening
		}
	}
	for r := range ports.Ranges() {
		first = reach.Port{Protocol: r.Protocol, Number: r.First}
		break
	}
	at := func(side end, w *reach.Workload, d reach.Direction) reach.Endpoint {
		if side.Workload != nil || w == nil {
			return side.Endpoint
		}
		for _, c := range x.connections.Crossings(w, d, side.addresses) {
			if c.Any().Has(first) {
				return reach.Address(c.Addresses.First()).As(side.name)
			}
		}
		return side.As(side.name)
	}
	return x.Policies.Explain(reach.All, at(q.from, q.to.Workload, reach.Ingress), at(q.to, q.from.Workload, reach.Egress), first)
}

func (x *expectations) reportUnmet(i int, e expectation, unmet []question, said []string) {
	first := x.explain(unmet[0])
	shown := strings.Join(said[:min(len(said), mostShown)], ", ")
	if more := len(said) - mostShown; more > 0 {
		shown += " and " + number(more) + " more"
	}
	verb, fix := "it is allowed: ", "take it out of the policies that let it pass, or out of the expectation"
	if e.Allow {
		verb, fix = "it is denied: ", "let it pass, or take the expectation back"
		if changes := first.Changes; len(changes) > 0 {
			fix = changes[0].Text()
		}
	}
	f := x.ReportModel(fmt.Sprintf("expect[%d]", i), fix, "%q is not met; %s%s", e.text, verb, shown)
	for _, route := range first.Routes {
		for _, r := range route.Reasons {
			if r.Policy != nil && (r.Verdict == reach.Admits) != e.Allow && len(f.Related) < 4 {
				f.Related = append(f.Related, Related{r.Position(), r.Text()})
			}
		}
	}
}

// endsOf are whom one side of an expectation means, and why nobody, if so.
func (x *expectations) endsOf(s spec.Someone) ([]end, string) {
	own := x.Model.Spec.Namespace
	switch {
	case s.Address.IsValid():
		return []end{{reach.Address(s.Address), s.Text(), only(s.Address)}}, ""
	case s.Namespace == "" && x.Modelled(s.Name) != nil:
		return x.podsOf(own, s.Name), "no workload of " + s.Name + " is known"
	case s.Namespace == "" && s.Name == spec.Anyone:
		return x.podsOf(own, spec.Anyone), "no workload is known"
	case s.Namespace == "" && s.Name == spec.Internet:
		return []end{x.internet()}, ""
	case s.Namespace == "" && s.Name == spec.TheDoor:
		return x.doors(), "nobody says which proxies bring traffic in"
	case s.Namespace == "" && s.Name == spec.TheMetric:
		if p := x.Party(inventory.Prometheus); p != nil {
			return []end{{Endpoint: p.Endpoint(), name: "prometheus"}}, ""
		}
		return nil, "nobody says where Prometheus runs"
	}
	if found := x.podsOf(s.Namespace, s.Name); len(found) > 0 {
		return found, ""
	}
	// Nobody knows the pods there: one that carries the name as its label, or none.
	labels := map[string]string{"app": s.Name, "app.kubernetes.io/name": s.Name}
	if s.Name == spec.Anyone {
		labels = stray(s.Namespace).Labels
	}
	return []end{{Endpoint: reach.Pod(&reach.Workload{Namespace: s.Namespace, Name: s.Name, Labels: labels}), name: s.Text()}}, ""
}

// only is the set of one address.
func only(at netip.Addr) reach.Addresses {
	at = at.Unmap()
	return reach.AddressesOf(netip.PrefixFrom(at, at.BitLen()))
}

// internet is every public address but those of the platform.
func (x *expectations) internet() end {
	return end{inventory.Internet(), "the internet", reach.Public().Minus(x.PlatformAddresses())}
}

// podsOf are the pods of a name in a namespace, or all of them: workloads,
// services of the model, parties.
func (x *expectations) podsOf(namespace, name string) []end {
	if x.named == nil {
		x.named, x.inside = map[[2]string][]end{}, map[string][]end{}
		for _, w := range slices.Concat(x.Workloads, x.Parties) {
			called := w.Name
			if w.Service != nil {
				called = w.Service.Name
			}
			one := end{Endpoint: w.Endpoint(), name: x.groupOf(w.Endpoint())}
			x.named[[2]string{w.Namespace, called}] = append(x.named[[2]string{w.Namespace, called}], one)
			if w.Party == "" || w.Namespace != x.Model.Spec.Namespace {
				x.inside[w.Namespace] = append(x.inside[w.Namespace], one)
			}
		}
	}
	if name == spec.Anyone {
		return x.inside[namespace]
	}
	return x.named[[2]string{namespace, name}]
}

// doors are the proxies that bring traffic in, each once.
func (x *expectations) doors() []end {
	var out []end
	for _, d := range x.Doors {
		if d.Kind == inventory.LoadBalancerDoor || d.Kind == inventory.NodePortDoor {
			continue
		}
		for _, from := range d.From {
			if !slices.ContainsFunc(out, func(e end) bool { return e.Endpoint == from }) {
				out = append(out, x.door(from))
			}
		}
	}
	return out
}

// door is who stands at a front door: proxies, or addresses.
func (x *expectations) door(from reach.Endpoint) end {
	switch {
	case from == inventory.Internet():
		e := x.internet()
		e.name = "front-door"
		return e
	case from.Workload == nil:
		return end{from, "front-door", only(from.IP)}
	}
	return end{Endpoint: from, name: "front-door"}
}

// ports are those of a destination that an expectation means: by the name or
// number of a service's port, by the container's, or the number. Without a port
// a denial means every port, and a permission those that are declared for such a
// caller; all, where none is known.
func (x *expectations) ports(e expectation, to end) reach.Ports {
	w := x.owners[to.Workload]
	if e.Port.IsZero() {
		if !e.Allow {
			return reach.AllPorts()
		}
		return x.declaredPorts(e.From, to, w)
	}
	protocol := e.Protocol.Transport()
	fits := func(p reach.Port) bool { return !e.protocolSaid() || p.Protocol == protocol }
	var out []reach.Port
	if w != nil && w.Service != nil {
		out = w.PodPorts(w.Service, w.Service.PortsFor(e.Port))
	}
	if to.Workload != nil && len(out) == 0 {
		for _, c := range to.Workload.Ports {
			if c.Name != "" && c.Name == e.Port.Name {
				out = append(out, reach.Port{Protocol: transportOf(c.Protocol), Number: c.Number})
			}
		}
	}
	named := slices.DeleteFunc(slices.Clone(out), func(p reach.Port) bool { return !fits(p) })
	switch {
	case len(named) > 0 || e.Port.Number == 0:
		return reach.PortsOf(named...)
	case len(out) > 0:
		// The port of that number leads to this one, whatever is spoken there.
		return reach.PortsOf(reach.Port{Protocol: protocol, Number: out[0].Number})
	}
	return reach.PortsOf(reach.Port{Protocol: protocol, Number: int(e.Port.Number)})
}

// declaredPorts are the ports by which a caller of that kind is served.
func (x *expectations) declaredPorts(from spec.Someone, to end, w *inventory.Workload) reach.Ports {
	var out []reach.Port
	switch {
	case to.Workload == nil:
	case w == nil || w.Service == nil:
		for _, c := range to.Workload.Ports {
			out = append(out, reach.Port{Protocol: transportOf(c.Protocol), Number: c.Number})
		}
	default:
		s := w.Service
		ports := s.Ports
		if from.Namespace == "" && from.Name == spec.TheDoor && len(s.Paths) > 0 {
			ports = nil
			for _, p := range s.Paths {
				if port, ok := s.Port(p.Port); ok {
					ports = append(ports, port)
				}
			}
		}
		out = w.PodPorts(s, ports)
		if from.Namespace == "" && from.Name == spec.TheMetric && s.Metrics != nil {
			out = []reach.Port{reach.TCP(int(s.Metrics.Port))}
		}
	}
	if len(out) == 0 {
		return reach.AllPorts()
	}
	return reach.PortsOf(out...)
}

// permissions are the lines that allow one end to reach another by both names,
// and those with * on one side that may speak of the two.
func (x *expectations) permissions(from, to reach.Endpoint) []expectation {
	if x.allowed == nil {
		x.allowed = map[[2]reach.Endpoint][]expectation{}
		for _, o := range x.list {
			if !o.readable || !o.Allow {
				continue
			}
			// * stands as nobody in the key.
			callers, callees := []end{{}}, []end{{}}
			if o.From.Name != spec.Anyone {
				callers = x.ends[o.From].list
			}
			if o.To.Name != spec.Anyone {
				callees = x.ends[o.To].list
			}
			for _, a := range callers {
				for _, b := range callees {
					k := [2]reach.Endpoint{a.Endpoint, b.Endpoint}
					x.allowed[k] = append(x.allowed[k], o)
				}
			}
		}
	}
	nobody := reach.Endpoint{}
	return slices.Concat(x.allowed[[2]reach.Endpoint{from, to}], x.allowed[[2]reach.Endpoint{nobody, to}],
		x.allowed[[2]reach.Endpoint{from, nobody}], x.allowed[[2]reach.Endpoint{nobody, nobody}])
}

// excepted are the ports of a pair that other lines allow by name: a denial with
// * then does not mean them.
func (x *expectations) excepted(e expectation, q question) reach.Ports {
	var out reach.Ports
	if e.From.Name != spec.Anyone && e.To.Name != spec.Anyone {
		return out
	}
	for _, o := range x.permissions(q.from.Endpoint, q.to.Endpoint) {
		x.step()
		_, from := x.ends[o.From].set[q.from.Endpoint]
		_, to := x.ends[o.To].set[q.to.Endpoint]
		switch {
		case o.From == e.From && o.To == e.To:
		case o.From.Name == spec.Anyone && e.From.Name != spec.Anyone || o.To.Name == spec.Anyone && e.To.Name != spec.Anyone:
		case !from || !to:
		case o.Port.IsZero():
			return reach.AllPorts()
		default:
			out = out.Union(x.ports(o, q.to))
		}
	}
	return out
}
