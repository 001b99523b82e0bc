// Package draw turns what is known of an application into a graph of who talks
// to whom: one node a service, and edges on which what was meant and what the
// manifests allow are held against each other.
package draw

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// Sheet is a drawing and what each of its nodes stands for.
type Sheet struct {
	Graph *graph.Graph
	// Nodes are the workloads of each node, by its ID.
	Nodes map[string][]*inventory.Workload
	// Links are the edges with their ports, in the order of their ends.
	Links []Link
}

// Link is what runs, or is meant to run, from one node to another.
type Link struct {
	From, To string // node IDs
	// Allowed and meant, meant but denied, allowed but not meant.
	Allowed, Denied, Undeclared reach.Ports
	// Some are ports of Allowed on which only some requests pass.
	Some reach.Ports
	// Open: where nothing is meant by anybody, what is allowed is just that.
	Open bool
	MTLS bool
	Via  string
}

// internet is the node of addresses outside that have no name of their own.
const internet = "the internet"

// Of draws an inventory, with the connections that its manifests allow.
func Of(inv *inventory.Inventory, c *reach.Connections) *Sheet {
	d := &drawing{
		inv: inv, c: c, sheet: &Sheet{Graph: &graph.Graph{Title: title(inv)}, Nodes: map[string][]*inventory.Workload{}},
		ids: map[*reach.Workload]string{}, links: map[[2]string]*Link{}, own: map[*reach.Workload]*inventory.Workload{}, outsides: map[string]bool{},
	}
	d.nodes()
	d.meant()
	d.allowed()
	d.edges()
	return d.sheet
}

func title(inv *inventory.Inventory) string {
	if inv.Model != nil {
		return inv.Model.Metadata.Name
	}
	return "who may talk to whom"
}

type drawing struct {
	inv      *inventory.Inventory
	c        *reach.Connections
	sheet    *Sheet
	ids      map[*reach.Workload]string
	own      map[*reach.Workload]*inventory.Workload
	links    map[[2]string]*Link
	outsides map[string]bool
	declared bool // somebody says what is meant
}

// id is the node of a workload: that of its service, for all versions alike.
func id(w *inventory.Workload) string {
	switch {
	case w.Party == inventory.FrontDoor:
		return "front door " + w.Namespace + "/" + labels(w.Labels)
	case w.Service != nil:
		return w.Namespace + "/" + w.Service.Name
	}
	return w.Namespace + "/" + w.Name
}

func labels(l map[string]string) string {
	var out []string
	for _, k := range slices.Sorted(maps.Keys(l)) {
		out = append(out, k+"="+l[k])
	}
	return strings.Join(out, ",")
}

var kinds = map[inventory.Party]graph.Kind{
	inventory.DNS: graph.DNS, inventory.Prometheus: graph.Prometheus, inventory.ControlPlane: graph.ControlPlane,
	inventory.FrontDoor: graph.FrontDoor, inventory.Waypoint: graph.Waypoint, inventory.Caller: graph.Service, inventory.Callee: graph.Service,
}

func (d *drawing) nodes() {
	at := map[string]int{}
	g := d.sheet.Graph
	for _, w := range d.inv.Workloads {
		d.own[&w.Workload] = w
		d.ids[&w.Workload] = id(w)
		if _, known := at[id(w)]; !known {
			at[id(w)] = len(g.Nodes)
			g.Nodes = append(g.Nodes, d.node(w))
		}
		d.sheet.Nodes[id(w)] = append(d.sheet.Nodes[id(w)], w)
	}
	for _, w := range d.inv.Parties {
		kind, shown := kinds[w.Party]
		if !shown {
			continue
		}
		d.own[&w.Workload] = w
		d.ids[&w.Workload] = id(w)
		if _, known := at[id(w)]; known {
			continue
		}
		at[id(w)] = len(g.Nodes)
		n := graph.Node{ID: id(w), Label: w.Name, Kind: kind, Group: w.Namespace}
		if w.Party == inventory.FrontDoor {
			n.Label, n.Group = "front door", ""
			n.Details = append([]string{"pods " + labels(w.Labels) + " in " + w.Namespace}, d.hosts()...)
		}
		g.Nodes = append(g.Nodes, n)
		d.sheet.Nodes[id(w)] = []*inventory.Workload{w}
	}
	for _, n := range d.inv.Namespaces {
		g.Groups = append(g.Groups, graph.Group{ID: n.Name, Label: "namespace " + n.Name})
	}
}

// hosts are what the front door serves.
func (d *drawing) hosts() []string {
	seen := map[string]bool{}
	for _, door := range d.inv.Doors {
		for _, h := range door.Hosts {
			seen[h] = true
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

func (d *drawing) node(w *inventory.Workload) graph.Node {
	n := graph.Node{ID: id(w), Label: w.Name, Kind: graph.Service, Group: w.Namespace}
	s := w.Service
	if s != nil {
		n.Label = s.Name
	}
	for _, p := range w.Ports {
		text := fmt.Sprintf("%d/%s", p.Number, p.Protocol)
		if p.Name != "" {
			text += " " + p.Name
		}
		n.Details = append(n.Details, "listens on "+text)
	}
	if s == nil {
		if w.Kind != "" {
			n.Details = append(n.Details, w.Kind)
		}
		return n
	}
	for _, h := range s.Hosts {
		n.Details = append(n.Details, "served as "+h)
	}
	switch c := s.Canary; {
	case c == nil:
	case c.Owned():
		n.Badges = append(n.Badges, "canary by "+string(c.Owner))
	case c.Pinned():
		n.Badges = append(n.Badges, "only "+c.Stable)
	default:
		n.Badges = append(n.Badges, fmt.Sprintf("%s %d %%", c.Version, c.Weight))
	}
	if s.Type == spec.LoadBalancer || s.Type == spec.Headless {
		n.Badges = append(n.Badges, strings.ToLower(string(s.Type)))
	}
	return n
}

// link is the one between two nodes.
func (d *drawing) link(from, to string) *Link {
	at := [2]string{from, to}
	if d.links[at] == nil {
		d.links[at] = &Link{From: from, To: to}
	}
	return d.links[at]
}

// meant takes down what somebody means to be: as denied, until it is found to
// be allowed.
func (d *drawing) meant() {
	for _, e := range d.inv.Edges() {
		from, known := d.ids[&e.From.Workload]
		if !known {
			continue
		}
		to := e.Outside
		if e.To != nil {
			if to, known = d.ids[&e.To.Workload]; !known {
				continue
			}
		} else {
			d.outside(to)
		}
		d.want(from, to, reach.PortsOf(e.Ports...))
		if e.To == nil {
			d.tryAddress(from, to, e)
		}
	}
	for _, door := range d.inv.Doors {
		d.wantDoor(door)
	}
	d.wantExposed()
}

// wantExposed: what the model serves under a host is meant to be reached by the
// front door also where the route is somebody else's to make, as Flagger's is.
func (d *drawing) wantExposed() {
	if d.inv.Model == nil {
		return
	}
	for _, pod := range d.inv.Workloads {
		s := pod.Service
		if s == nil || len(s.Hosts) == 0 {
			continue
		}
		for _, p := range s.Paths {
			port, ok := s.Port(p.Port)
			if !ok {
				continue
			}
			for _, door := range d.inv.PartiesOf(inventory.FrontDoor) {
				d.want(d.ids[&door.Workload], d.ids[&pod.Workload], reach.PortsOf(pod.PodPorts(s, []spec.Port{port})...))
			}
		}
	}
}

func (d *drawing) want(from, to string, ports reach.Ports) {
	d.declared = true
	l := d.link(from, to)
	l.Denied = l.Denied.Union(ports)
}

// outside makes the node of a host or a range.
func (d *drawing) outside(name string) {
	if !d.outsides[name] {
		d.outsides[name] = true
		d.sheet.Graph.Nodes = append(d.sheet.Graph.Nodes, graph.Node{ID: name, Label: name, Kind: graph.External})
	}
}

// tryAddress asks about what is meant to go outside: by one address of it,
// because a policy knows no names.
func (d *drawing) tryAddress(from, to string, e inventory.Edge) {
	for _, p := range e.Ports {
		if ok, _ := d.inv.Policies.Allowed(e.From.Endpoint(), reach.Address(e.Address), p); ok {
			l := d.link(from, to)
			l.Allowed = l.Allowed.Union(reach.PortsOf(p))
			l.Denied = l.Denied.Minus(reach.PortsOf(p))
		}
	}
}

// wantDoor: what a door leads to is meant to be reached by who stands there.
func (d *drawing) wantDoor(door *inventory.Door) {
	for _, b := range door.Backends {
		if b.Service == nil {
			continue
		}
		p, ok := b.Service.Port(b.Port)
		if !ok {
			continue
		}
		for _, pod := range b.Service.Pods {
			target, ok := pod.Target(p)
			if !ok {
				continue
			}
			for _, from := range door.From {
				node := internet
				if from.Workload != nil {
					if node = d.ids[from.Workload]; node == "" {
						continue
					}
				} else {
					d.outside(internet)
				}
				d.want(node, d.ids[&pod.Workload], reach.PortsOf(target))
				if from.Workload == nil {
					if ok, _ := d.inv.Policies.Allowed(from, pod.Endpoint(), target); ok {
						l := d.link(node, d.ids[&pod.Workload])
						l.Allowed, l.Denied = l.Allowed.Union(reach.PortsOf(target)), l.Denied.Minus(reach.PortsOf(target))
					}
				}
			}
		}
	}
}

// everybodys are what the platform does with every pod; nobody declares it.
func everybodys(w *inventory.Workload) bool {
	return w.Party == inventory.DNS || w.Party == inventory.Prometheus || w.Party == inventory.ControlPlane || w.Party == inventory.Waypoint
}

// allowed holds what the manifests allow against what is meant.
func (d *drawing) allowed() {
	for con := range d.c.Pairs() {
		from, to := d.own[con.From.Workload], d.own[con.To.Workload]
		if from == nil || to == nil || from.Party != "" && to.Party != "" {
			continue
		}
		a, b := d.ids[con.From.Workload], d.ids[con.To.Workload]
		ports, _ := con.Any().On(con.To.Workload)
		ports = ports.Minus(d.tunnels(to))
		if ports.IsEmpty() && len(to.Ports) == 0 && !con.Any().IsEmpty() {
			ports = con.Any()
		}
		if a == b && d.links[[2]string{a, b}] == nil || ports.IsEmpty() {
			continue
		}
		l := d.link(a, b)
		if con.Via != nil {
			l.Via = con.Via.Text()
		}
		l.MTLS = l.MTLS || from.Mesh != reach.NoMesh && to.Mesh != reach.NoMesh
		l.Some = l.Some.Union(con.Some.Minus(con.Ports))
		meant := l.Denied.Union(l.Allowed)
		if everybodys(from) || everybodys(to) {
			meant = ports
		}
		l.Allowed = l.Allowed.Union(ports.Intersect(meant))
		l.Denied = l.Denied.Minus(ports)
		l.Undeclared = l.Undeclared.Union(ports.Minus(meant))
	}
	d.border()
}

// tunnels are ports of a pod that its mesh opens for itself.
func (d *drawing) tunnels(w *inventory.Workload) reach.Ports {
	if w.Party == inventory.Waypoint {
		return reach.Ports{}
	}
	return reach.PortsOf(reach.TCP(inventory.HBONE))
}

// border takes down what is allowed from and to the outside and not meant.
func (d *drawing) border() {
	meant, platform := d.meantOutside(), d.inv.PlatformAddresses()
	for con := range d.c.Outside() {
		w := con.From.Workload
		if w == nil {
			w = con.To.Workload
		}
		if own := d.own[w]; own == nil || own.Party != "" {
			continue
		}
		party := con.From.Outside
		if party == nil {
			party = con.To.Outside
		}
		if party.Addresses.Minus(platform).IsEmpty() {
			continue
		}
		node := d.ids[w]
		ports := con.Any()
		if con.To.Workload != nil {
			if ports, _ = ports.On(w); ports.IsEmpty() {
				continue
			}
		}
		ports = ports.Minus(meant[side{node, con.From.Workload != nil}])
		if ports.IsEmpty() {
			continue
		}
		other := con.From.Text()
		if con.From.Workload != nil {
			other = con.To.Text()
		}
		d.outside(other)
		l := d.link(node, other)
		if con.To.Workload != nil {
			l = d.link(other, node)
		}
		l.Undeclared = l.Undeclared.Union(ports.Minus(l.Allowed))
	}
}

// A side is a node and whether it is the one that opens connections.
type side struct {
	node string
	out  bool
}

// meantOutside are the ports on which each node means to talk with any outside,
// and may.
func (d *drawing) meantOutside() map[side]reach.Ports {
	out := map[side]reach.Ports{}
	for at, l := range d.links {
		if from, to := d.inside(at[0]), d.inside(at[1]); from != to {
			s := side{at[0], true}
			if to {
				s = side{at[1], false}
			}
			out[s] = out[s].Union(l.Allowed)
		}
	}
	return out
}

// inside reports whether a node stands for pods.
func (d *drawing) inside(node string) bool { return len(d.sheet.Nodes[node]) > 0 }

// edges draws the links.
func (d *drawing) edges() {
	for _, at := range slices.SortedFunc(maps.Keys(d.links), func(a, b [2]string) int {
		return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1])
	}) {
		l := d.links[at]
		l.Open = !d.declared
		d.sheet.Links = append(d.sheet.Links, *l)
		undeclared := graph.Undeclared
		if l.Open {
			undeclared = graph.Allowed
		}
		for _, part := range []struct {
			ports reach.Ports
			state graph.State
		}{{l.Allowed, graph.Allowed}, {l.Denied, graph.Denied}, {l.Undeclared, undeclared}} {
			if part.ports.IsEmpty() {
				continue
			}
			e := graph.Edge{From: l.From, To: l.To, State: part.state, MTLS: l.MTLS && part.state != graph.Denied, Labels: d.labels(l, part.ports)}
			if part.state == graph.Allowed {
				e.Split = d.split(l.To)
			}
			if l.Via != "" {
				e.Details = append(e.Details, "via "+l.Via)
			}
			if some := part.ports.Intersect(l.Some); !some.IsEmpty() {
				e.Details = append(e.Details, "some requests only: "+some.Text())
			}
			d.sheet.Graph.Edges = append(d.sheet.Graph.Edges, e)
		}
	}
}

// labels are the ports of an edge, one each; many are told as one.
func (d *drawing) labels(l *Link, ports reach.Ports) []string {
	if pods := d.sheet.Nodes[l.To]; len(pods) > 0 {
		listening, other := ports.On(&pods[0].Workload)
		if listening.IsEmpty() {
			listening, other = other, reach.Ports{}
		}
		ports = listening
	}
	var out []string
	for r := range ports.Ranges() {
		out = append(out, r.Text())
	}
	const many = 6
	if len(out) > many {
		return []string{fmt.Sprintf("%d ports", len(out))}
	}
	return out
}

// split is how traffic to a node divides between two versions of its service.
func (d *drawing) split(node string) []graph.Share {
	pods := d.sheet.Nodes[node]
	if len(pods) == 0 || pods[0].Service == nil || pods[0].Service.Canary == nil {
		return nil
	}
	c := pods[0].Service.Canary
	if c.Owned() || c.Pinned() {
		return nil
	}
	return []graph.Share{{Label: c.Stable, Weight: 100 - int(c.Weight)}, {Label: c.Version, Weight: int(c.Weight)}}
}

// Strict reports whether a namespace's pods take mutual TLS alone.
func Strict(inv *inventory.Inventory, namespace string) bool {
	for _, p := range inventory.All[manifest.PeerAuthentication](inv) {
		if p.Namespace == namespace && p.V.Spec.Selector == nil && p.V.Spec.MTLS != nil && p.V.Spec.MTLS.Mode == "STRICT" {
			return true
		}
	}
	return false
}
