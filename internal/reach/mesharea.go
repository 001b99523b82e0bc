package reach

import (
	"slices"
	"strings"
)

// meshAreas is an upper bound of what the mesh lets pass on the direct way: of
// ALLOW policies whom they name, everything otherwise. What else there is to
// say is said of each pair (Connections.connection).
func (n *network) meshAreas() []area {
	who := n.identities()
	var out []area
	var unguarded []int32
	for i, w := range n.pods {
		r := n.set.meshRulesOf(w)
		if r.captured.IsEmpty() || len(r.guard.allow) == 0 {
			unguarded = append(unguarded, int32(i))
			continue
		}
		self := n.sets.of([]int32{int32(i)})
		out = append(out, area{from: n.sets.everyone, to: self, ports: AllPorts().Minus(r.captured)})
		for _, a := range r.guard.allow {
			for k := range a.rules {
				out = append(out, area{from: who.named(a, k), to: self, ports: ruleLimits(a, k)})
			}
		}
	}
	out = append(out, area{from: n.sets.everyone, to: n.sets.of(unguarded), ports: AllPorts()})
	return n.merge(slices.DeleteFunc(out, func(a area) bool { return a.from.empty() || a.to.empty() || a.ports.IsEmpty() }))
}

func ruleLimits(a *authz, k int) Ports {
	if len(a.rules[k].To) == 0 {
		return allTCP
	}
	var ports Ports
	for i := range a.rules[k].To {
		o := &a.rules[k].To[i].Operation
		ports = ports.Union(limits(o.Ports, o.NotPorts))
	}
	return ports
}

// identities finds workloads of the mesh by who they say they are.
type identities struct {
	n         *network
	byAccount map[string][]int32 // namespace/account
	inMesh    map[string][]int32 // namespace
	known     map[authzRule]*members
}

type authzRule struct {
	policy *authz
	rule   int
}

func (n *network) identities() *identities {
	who := &identities{n: n, byAccount: map[string][]int32{}, inMesh: map[string][]int32{}, known: map[authzRule]*members{}}
	for i, w := range n.pods {
		if w.Mesh != NoMesh {
			who.byAccount[w.Namespace+"/"+w.account()] = append(who.byAccount[w.Namespace+"/"+w.account()], int32(i))
			who.inMesh[w.Namespace] = append(who.inMesh[w.Namespace], int32(i))
		}
	}
	return who
}

// named gives the workloads that a rule may mean: those of its principals,
// accounts or namespaces where it gives such, everyone otherwise.
func (who *identities) named(a *authz, k int) *members {
	key := authzRule{a, k}
	if m, ok := who.known[key]; ok {
		return m
	}
	m := who.n.sets.everyone
	if from := a.rules[k].From; len(from) > 0 {
		var list []int32
		narrow := true
		for i := range from {
			s := &from[i].Source
			var found []int32
			if found, narrow = who.exactly(a, s.Principals, s.ServiceAccounts, s.Namespaces); !narrow {
				break // no set is made that is everyone's
			}
			list = append(list, found...)
		}
		if narrow {
			slices.Sort(list)
			if list = slices.Compact(list); len(list) < len(who.n.pods) {
				m = who.n.sets.of(list)
			}
		}
	}
	who.known[key] = m
	return m
}

// exactly looks up one of the lists that has no wildcard.
func (who *identities) exactly(a *authz, principals, accounts, namespaces []string) (found []int32, narrow bool) {
	exact := func(values []string) bool {
		return len(values) > 0 && !slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "*") })
	}
	switch {
	case exact(principals):
		for _, p := range principals {
			rest, ok := strings.CutPrefix(p, who.n.set.TrustDomain+"/ns/")
			namespace, account, ok2 := strings.Cut(rest, "/sa/")
			if ok && ok2 {
				found = append(found, who.byAccount[namespace+"/"+account]...)
			}
		}
		return found, true
	case exact(accounts):
		for _, v := range accounts {
			if !strings.Contains(v, "/") {
				v = a.object.Namespace + "/" + v
			}
			found = append(found, who.byAccount[v]...)
		}
		return found, true
	case exact(namespaces):
		for _, v := range namespaces {
			found = append(found, who.inMesh[v]...)
		}
		return found, true
	}
	return nil, false
}

// tunnelled turns what policies say of packets into what it means for
// connections: between two that speak through a tunnel, its port is all of TCP
// and the other TCP ports are nothing.
func (n *network) tunnelled(areas []area) []area {
	of := func(meshes ...Mesh) *members {
		return n.sets.where(func(i int32) bool { return slices.Contains(meshes, n.pods[i].Mesh) })
	}
	meshed := of(Sidecar, Ambient, Gateway, Waypoint)
	// The two kinds of pairs for which tunnels holds.
	kinds := []struct{ from, to *members }{
		{meshed, of(Ambient)},
		{of(Ambient, Waypoint), of(Sidecar)},
	}
	for _, k := range kinds {
		var next []area
		for _, a := range areas {
			from, to := n.sets.intersect(a.from, k.from), n.sets.intersect(a.to, k.to)
			if from.empty() || to.empty() {
				next = append(next, a)
				continue
			}
			next = append(next, area{from, to, inTunnel(a.ports), a.via},
				area{n.sets.minus(a.from, from), a.to, a.ports, a.via},
				area{from, n.sets.minus(a.to, to), a.ports, a.via})
		}
		areas = slices.DeleteFunc(next, func(a area) bool { return a.from.empty() || a.to.empty() || a.ports.IsEmpty() })
	}
	return n.merge(areas)
}

// inTunnel is the ports that a connection may have whose packets may have these.
func inTunnel(ports Ports) Ports {
	rest := ports.Intersect(notTCP)
	if ports.Has(TCP(HBONE)) {
		return rest.Union(allTCP)
	}
	return rest
}

// viaAreas is an upper bound of what passes waypoints: the way there and the
// way on, as the network's areas allow (nil: every way is open), by whom the
// waypoint's ALLOW policies name.
func (n *network) viaAreas(policies []area) []area {
	behind := map[*Workload][]int32{}
	var points []*Workload
	for i, w := range n.pods {
		for _, f := range w.Fronts {
			if f.Waypoint == nil {
				continue
			}
			if behind[f.Waypoint] == nil {
				points = append(points, f.Waypoint)
			}
			if list := behind[f.Waypoint]; len(list) == 0 || list[len(list)-1] != int32(i) {
				behind[f.Waypoint] = append(list, int32(i))
			}
		}
	}
	slices.SortFunc(points, compareWorkloads)
	who := n.identities()
	callers := n.sets.where(func(i int32) bool { return n.pods[i].Mesh == Ambient || n.pods[i].Mesh == Gateway })
	// The tunnel of each hop is what counts; a hop to a pod without one is not.
	onward := policies
	if policies != nil {
		onward = n.tunnelled(policies)
	}
	hops := indexAreas(policies, func(a *area) *members { return a.to })
	exits := indexAreas(onward, func(a *area) *members { return a.from })
	met := map[int32]bool{}
	var out []area
	for _, via := range points {
		at := n.sets.of([]int32{int32(n.indexOf(via))})
		to := n.sets.of(behind[via])
		open := []area{{callers, to, allTCP, via}}
		if policies != nil {
			arriving := []*members{n.sets.none}
			hops.meeting(at, met, func(i int32) {
				if policies[i].ports.Has(TCP(HBONE)) {
					arriving = append(arriving, n.sets.intersect(policies[i].from, callers))
				}
			})
			from := n.sets.union(arriving...)
			open = nil
			exits.meeting(at, met, func(i int32) {
				open = append(open, area{from, n.sets.intersect(onward[i].to, to), onward[i].ports.Intersect(allTCP), via})
			})
		}
		open = slices.DeleteFunc(open, func(a area) bool { return a.from.empty() || a.to.empty() || a.ports.IsEmpty() })
		out = append(out, n.join(n.merge(open), n.waypointAreas(who, via, behind[via]))...)
	}
	return out
}

func (n *network) indexOf(w *Workload) int {
	i, _ := slices.BinarySearchFunc(n.pods, w, compareWorkloads)
	for n.pods[i] != w {
		i++
	}
	return i
}

// waypointAreas is whom a waypoint's ALLOW policies name, for each workload behind it.
func (n *network) waypointAreas(who *identities, via *Workload, behind []int32) []area {
	var out []area
	for _, i := range behind {
		self := n.sets.of([]int32{i})
		for _, f := range n.pods[i].Fronts {
			if f.Waypoint != via {
				continue
			}
			g := n.set.waypointGuard(f, n.pods[i])
			if len(g.allow) == 0 {
				out = append(out, area{from: n.sets.everyone, to: self, ports: allTCP})
			}
			for _, a := range g.allow {
				for k := range a.rules {
					if from := who.named(a, k); !from.empty() {
						out = append(out, area{from: from, to: self, ports: allTCP})
					}
				}
			}
		}
	}
	return n.merge(out)
}
