package reach

import "slices"

// passes reports whether what from sends to a Service goes to its waypoint.
func (f Front) passes(from *Workload) bool {
	switch {
	case f.Waypoint == nil || f.Waypoint == from:
		return false
	case from.Mesh == Gateway:
		return f.Ingress
	}
	return from.Mesh == Ambient
}

// waypoints of w that from passes, each once.
func (w *Workload) waypoints(from *Workload) []*Workload {
	var out []*Workload
	for _, f := range w.Fronts {
		if f.passes(from) && !slices.Contains(out, f.Waypoint) {
			out = append(out, f.Waypoint)
		}
	}
	slices.SortFunc(out, compareWorkloads)
	return out
}

// through gives what may be opened at to by way of a waypoint: what the
// waypoint admits for one of the Services behind it, and the workload from the
// waypoint.
func (s *Set) through(from, via, to *Workload) ruling {
	var sum ruling
	for _, f := range to.Fronts {
		if f.Waypoint != via || !f.passes(from) {
			continue
		}
		r := s.waypointGuard(f, to).judge(s.sourceOf(from, via)).within(f.targets())
		sum = ruling{sum.yes.Union(r.yes), sum.some.Union(r.some)}
	}
	sum.some = sum.some.Minus(sum.yes)
	return sum.then(s.enter(via, to).within(allTCP))
}

// targets are the container ports behind a Service, any where that is unknown.
func (f Front) targets() Ports {
	if len(f.Ports) == 0 {
		return allTCP
	}
	var ports []Port
	for _, p := range f.Ports {
		ports = append(ports, TCP(p.Target))
	}
	return PortsOf(ports...)
}

// guarded is a workload behind a Service with a waypoint.
type guarded struct {
	service  string
	waypoint *Workload
	to       *Workload
}

// waypointGuard is what a waypoint holds against requests to a Service in front
// of a workload.
func (s *Set) waypointGuard(f Front, to *Workload) *guard {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := guarded{f.Service, f.Waypoint, to}
	if g, ok := s.guards[key]; ok {
		return g
	}
	g := &guard{means: f.means, opaque: to.opaque()}
	for _, a := range s.authzAt(f, to) {
		g.add(a)
	}
	for _, p := range f.Ports {
		if g.opaque.Has(TCP(p.Target)) {
			g.opaque = g.opaque.Union(PortsOf(TCP(p.Port)))
		}
	}
	s.guards[key] = g
	return g
}

// means gives the container ports that a rule's ports stand for at a waypoint,
// which sees the Service's number or the pod's, by how the caller dialled.
func (f Front) means(ports Ports) Ports {
	out := ports
	for _, p := range f.Ports {
		if ports.Has(TCP(p.Port)) {
			out = out.Union(PortsOf(TCP(p.Target)))
		}
	}
	return out
}
