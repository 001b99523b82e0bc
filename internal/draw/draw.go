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
	// Open are the nodes that any pod reaches, because no policy isolates them:
	// they have a badge in place of an edge from everybody.
	Open []string
}

// Link is what runs, or is meant to run, from one node to another.
type Link struct {
	From, To string // node IDs
	// Allowed and meant, meant but denied, allowed but not meant.
	Allowed, Denied, Undeclared reach.Ports
	// Some are ports of Allowed on which only some requests pass.
	Some reach.Ports
	MTLS bool
	// Via are the waypoints that it may pass, beside the direct way.
	Via []string
}

// Of draws an inventory, with the connections that its manifests allow.
func Of(inv *inventory.Inventory, c *reach.Connections) *Sheet {
	d := &drawing{
		inv: inv, c: c, sheet: &Sheet{Graph: &graph.Graph{Title: title(inv)}, Nodes: map[string][]*inventory.Workload{}},
		ids: map[*reach.Workload]string{}, links: map[[2]string]*Link{}, own: map[*reach.Workload]*inventory.Workload{}, outsides: map[string]reach.Addresses{},
	}
	d.nodes()
	d.meant()
	d.unisolated()
	d.allowed()
	d.border()
	d.edges()
	d.idle()
	d.groups()
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
	outsides map[string]reach.Addresses // what the nodes of the outside stand for
	open     openness
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
}

// groups gives each namespace that somebody is in its box.
func (d *drawing) groups() {
	seen := map[string]bool{}
	g := d.sheet.Graph
	for _, n := range g.Nodes {
		if n.Group != "" && !seen[n.Group] {
			seen[n.Group] = true
			g.Groups = append(g.Groups, graph.Group{ID: n.Group, Label: "namespace " + n.Group})
		}
	}
}

// idle leaves out who is not the application's own and has nothing to do with it.
func (d *drawing) idle() {
	g := d.sheet.Graph
	busy := map[string]bool{}
	for _, e := range g.Edges {
		busy[e.From], busy[e.To] = true, true
	}
	g.Nodes = slices.DeleteFunc(g.Nodes, func(n graph.Node) bool {
		pods := d.sheet.Nodes[n.ID]
		return !busy[n.ID] && (len(pods) == 0 || pods[0].Party != "")
	})
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
	if s == nil && w.Kind != "" {
		n.Details = append(n.Details, w.Kind)
	}
	for _, f := range w.Fronts {
		if f.Waypoint != nil {
			n.Badges = append(n.Badges, "via "+f.Waypoint.Name)
		}
	}
	for _, p := range w.Ports {
		text := fmt.Sprintf("%d/%s", p.Number, p.Protocol)
		if p.Name != "" {
			text += " " + p.Name
		}
		n.Details = append(n.Details, "listens on "+text)
	}
	if s == nil {
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
			d.outside(to, meantAddresses(to))
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
	l := d.link(from, to)
	l.Denied = l.Denied.Union(ports)
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
				node := d.ids[from.Workload]
				if from.Workload == nil {
					var addresses reach.Addresses
					node, addresses = d.origin(door, from.IP)
					d.outside(node, addresses)
				}
				if node == "" {
					continue
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
		d.allow(con)
	}
	// Pairs leaves out what replicas that no policy isolates may do among
	// themselves. Of that, only what is meant is of interest.
	for _, w := range d.inv.Workloads {
		if node := d.ids[&w.Workload]; d.links[[2]string{node, node}] != nil {
			for _, con := range d.c.Between(&w.Workload, &w.Workload) {
				d.allow(con)
			}
		}
	}
}

func (d *drawing) allow(con reach.Connection) {
	from, to := d.own[con.From.Workload], d.own[con.To.Workload]
	if from == nil || to == nil || from.Party != "" && to.Party != "" {
		return
	}
	// Traffic through a waypoint is drawn once, from who calls to who is called.
	if from.Party == inventory.Waypoint || to.Party == inventory.Waypoint {
		return
	}
	a, b := d.ids[con.From.Workload], d.ids[con.To.Workload]
	ports, _ := con.Any().On(con.To.Workload)
	ports = ports.Minus(tunnel)
	if ports.IsEmpty() && len(to.Ports) == 0 && !con.Any().IsEmpty() {
		ports = con.Any()
	}
	var meant reach.Ports
	if l := d.links[[2]string{a, b}]; l != nil {
		meant = l.Denied.Union(l.Allowed)
	}
	if d.open.covers(from, to) || a == b {
		ports = ports.Intersect(meant)
	}
	if ports.IsEmpty() {
		return
	}
	l := d.link(a, b)
	if con.Via != nil && !slices.Contains(l.Via, con.Via.Text()) {
		l.Via = append(l.Via, con.Via.Text())
	}
	l.MTLS = l.MTLS || from.Mesh != reach.NoMesh && to.Mesh != reach.NoMesh
	l.Some = l.Some.Union(con.Some.Minus(con.Ports))
	if everybodys(from) || everybodys(to) || d.inv.Model == nil {
		meant = ports
	}
	l.Allowed = l.Allowed.Union(ports.Intersect(meant))
	l.Denied = l.Denied.Minus(ports)
	l.Undeclared = l.Undeclared.Union(ports.Minus(meant))
}

// tunnel is the port of a pod that an ambient mesh opens for itself.
var tunnel = reach.PortsOf(reach.TCP(inventory.HBONE))

// edges draws the links.
func (d *drawing) edges() {
	for _, at := range slices.SortedFunc(maps.Keys(d.links), func(a, b [2]string) int {
		return strings.Compare(a[0]+"\x00"+a[1], b[0]+"\x00"+b[1])
	}) {
		l := d.links[at]
		slices.Sort(l.Via)
		d.sheet.Links = append(d.sheet.Links, *l)
		for _, part := range []struct {
			ports reach.Ports
			state graph.State
		}{{l.Allowed, graph.Allowed}, {l.Denied, graph.Denied}, {l.Undeclared, graph.Undeclared}} {
			if part.ports.IsEmpty() {
				continue
			}
			e := graph.Edge{From: l.From, To: l.To, State: part.state, MTLS: l.MTLS && part.state != graph.Denied, Labels: d.labels(l, part.ports)}
			if part.state == graph.Allowed {
				e.Split = d.split(l.To)
			}
			if part.state != graph.Denied {
				for _, via := range l.Via {
					e.Details = append(e.Details, "via "+via)
				}
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
	if ports.IsAll() {
		return []string{"all ports"}
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
