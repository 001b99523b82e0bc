package draw

import (
	"slices"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/reach"
)

// openness is whom no policy isolates, in each direction.
type openness struct {
	in  map[*reach.Workload]bool // any pod of the application reaches it
	out map[*reach.Workload]bool // it may open connections with anybody
}

// covers reports whether a connection is one that anybody may have.
func (o openness) covers(from, to *inventory.Workload) bool {
	if to.Party == inventory.DNS || to.Party == inventory.ControlPlane && from.Mesh != reach.NoMesh {
		return false // what it does there is known, and worth a badge of its own
	}
	if !o.out[&from.Workload] {
		return false
	}
	return o.in[&to.Workload] || to.Party != ""
}

// unisolated finds the pods that no policy isolates. What everybody may reach is
// a badge on its node, in place of an edge from everybody.
func (d *drawing) unisolated() {
	d.open = openness{map[*reach.Workload]bool{}, map[*reach.Workload]bool{}}
	candidates := map[*reach.Workload]bool{}
	senders, own := 0, 0
	for _, w := range slices.Concat(d.inv.Workloads, d.inv.Parties) {
		if d.own[&w.Workload] == nil {
			continue // is not drawn
		}
		in, out := d.inv.Policies.Isolated(&w.Workload)
		if d.c.Layer() == reach.MeshPolicy {
			in, out = false, false
		}
		if !out && w.Party != inventory.Waypoint {
			d.open.out[&w.Workload] = true
			senders++
			if w.Party == "" {
				own++
			}
		}
		if !in && w.Party == "" {
			candidates[&w.Workload] = true
		}
	}
	reached, reachedByOwn := d.callers(candidates)
	badges := map[string][]string{}
	for _, w := range d.inv.Workloads {
		self := 0
		if d.open.out[&w.Workload] {
			self = 1
		}
		node := d.ids[&w.Workload]
		switch {
		case !candidates[&w.Workload]:
		case reached[&w.Workload] == senders-self:
			badges[node] = append(badges[node], "open: any pod reaches it")
			d.open.in[&w.Workload] = true
		case own-self > 0 && reachedByOwn[&w.Workload] == own-self:
			badges[node] = append(badges[node], "open: any pod of the mesh reaches it")
			d.open.in[&w.Workload] = true
		}
		if d.open.in[&w.Workload] && !slices.Contains(d.sheet.Open, node) {
			d.sheet.Open = append(d.sheet.Open, node)
		}
		if self == 1 {
			badges[node] = append(badges[node], "open: it reaches anything")
		}
	}
	g := d.sheet.Graph
	for i := range g.Nodes {
		g.Nodes[i].Badges = append(g.Nodes[i].Badges, badges[g.Nodes[i].ID]...)
	}
}

// callers counts from how many unisolated workloads each candidate can be reached
// on all of its ports, and how many of those are the application's own.
func (d *drawing) callers(candidates map[*reach.Workload]bool) (all, own map[*reach.Workload]int) {
	all, own = map[*reach.Workload]int{}, map[*reach.Workload]int{}
	if len(candidates) == 0 {
		return all, own
	}
	for con := range d.c.Pairs() {
		from, to := con.From.Workload, con.To.Workload
		if con.Via != nil || from == to || !candidates[to] || !d.open.out[from] || !whole(con) {
			continue
		}
		all[to]++
		if d.own[from].Party == "" {
			own[to]++
		}
	}
	return all, own
}

// whole reports whether a connection is open on every port that there is.
func whole(con reach.Connection) bool {
	listening, _ := reach.AllPorts().On(con.To.Workload)
	if listening.IsEmpty() {
		return con.Any().IsAll()
	}
	return listening.Minus(con.Any()).IsEmpty()
}
