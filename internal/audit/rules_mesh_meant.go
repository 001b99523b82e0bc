package audit

import (
	"net/netip"
	"slices"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// callers are those who are meant to call a workload of the model.
type callers struct {
	direct  map[int]*portCallers // by container port: at the pods themselves
	through map[int]*portCallers // at a waypoint
	points  []identity           // the waypoints before the pods, who come on every port that anyone is meant to call
}

// portCallers are those of one port.
type portCallers struct {
	ids       map[identity]bool
	spaces    map[string]bool // namespaces that may be named as a whole
	loose     map[string]bool // namespaces of which any one account may be named
	ranges    []netip.Prefix
	anonymous bool // who has no identity
	anyone    bool
	proxies   bool // gateways that nobody knows the namespace of
	// scrapers are Prometheus, who comes for one path alone where the port serves more.
	scrapers *portCallers
	path     string
}

func newPortCallers() *portCallers {
	return &portCallers{ids: map[identity]bool{}, spaces: map[string]bool{}, loose: map[string]bool{}}
}

// at are the callers of a port, made when first asked for.
func at(ports map[int]*portCallers, number int) *portCallers {
	if ports[number] == nil {
		ports[number] = newPortCallers()
	}
	return ports[number]
}

// pod takes a workload in as a caller.
func (c *portCallers) pod(w *inventory.Workload) {
	if w.Account == "" {
		c.spaces[w.Namespace], c.loose[w.Namespace] = true, true
	} else {
		c.ids[identity{w.Namespace, w.Account}] = true
	}
	if w.Service != nil {
		c.ids[identity{w.Namespace, w.Service.ServiceAccount}] = true
	}
	c.anonymous = c.anonymous || w.Mesh == reach.NoMesh
}

// admits reports whether somebody is meant to call a port by an operation; byPath
// that the operation's paths are what is too many. waypoint: at a waypoint, not
// at the pods.
func (c *callers) admits(waypoint bool, number int, s who, o *manifest.AuthOperation, known func(string) bool) (ok, byPath bool) {
	if c == nil {
		return false, false
	}
	ports := c.direct
	if waypoint {
		ports = c.through
	} else if slices.Contains(c.points, s.id) {
		return c.through[number] != nil || len(c.through) == 0 && c.direct[number] != nil, false
	}
	p := ports[number]
	switch {
	case p == nil:
		return false, false
	case p.has(s, known):
		return true, false
	case p.scrapers == nil || !p.scrapers.has(s, known):
		return false, false
	}
	only := p.path == "" || len(o.Paths) > 0 && !slices.ContainsFunc(o.Paths, func(path string) bool { return path != p.path })
	return only, !only
}

// has reports whether all of a source are meant; known whether the pods of a
// namespace are known.
func (c *portCallers) has(s who, known func(string) bool) bool {
	switch {
	case c.anyone:
		return true
	case s.id != identity{}:
		return c.ids[s.id] || c.loose[s.id.namespace] || c.proxies && !known(s.id.namespace)
	case s.namespace != "":
		return c.spaces[s.namespace] || c.proxies && !known(s.namespace)
	case s.block.IsValid():
		return c.anonymous && len(c.ranges) == 0 || slices.ContainsFunc(c.ranges, func(r netip.Prefix) bool { return r.Bits() <= s.block.Bits() && r.Contains(s.block.Addr()) })
	}
	return s.anonymous && c.anonymous
}

// takeMeant gathers who is meant to call each workload of the model.
func (x *admission) takeMeant() {
	if x.Model == nil {
		return
	}
	for _, w := range x.Workloads {
		if w.Service != nil {
			x.meant[w] = &callers{direct: map[int]*portCallers{}, through: map[int]*portCallers{}}
			for _, s := range x.servicesOf(w) {
				switch p := x.Waypoint(s); {
				case p != nil:
					x.meant[w].points = append(x.meant[w].points, identity{p.Namespace, ownAccount(p)})
				case x.waypointName(s) != "":
					// It is not there, or not for Services: rule SM13 says so.
					x.meant[w].points = append(x.meant[w].points, identity{s.Namespace, x.waypointName(s)})
				}
			}
		}
	}
	for _, e := range x.Edges() {
		if e.To == nil || x.meant[e.To] == nil {
			continue
		}
		ports := x.meant[e.To].direct
		if x.waypointOf(e) != nil {
			ports = x.meant[e.To].through
		}
		for _, p := range e.Ports {
			at(ports, p.Number).pod(e.From)
		}
	}
	for _, d := range x.Doors {
		x.meantByDoor(d)
	}
	x.meantByModel()
	for _, t := range x.Targets() {
		x.scraped(t.Pods, t.Port.Number, "")
	}
}

// meantByDoor takes in who brings traffic in by a door.
func (x *admission) meantByDoor(d *inventory.Door) {
	for _, b := range d.Backends {
		if b.Service == nil {
			continue
		}
		for _, port := range backendPorts(b) {
			for _, w := range b.Service.Pods {
				target, ok := w.Target(port)
				if !ok || x.meant[w] == nil {
					continue
				}
				ports := x.meant[w].direct
				if x.ingressWaypoint(d, b.Service, w) != nil {
					ports = x.meant[w].through
				}
				x.enters(at(ports, target.Number), d)
			}
		}
	}
}

// enters takes a door's proxies in, or its clients.
func (x *admission) enters(c *portCallers, d *inventory.Door) {
	c.proxies = c.proxies || len(d.From) == 0 || d.Kind == inventory.IstioDoor
	c.anonymous = c.anonymous || len(d.From) == 0
	for _, from := range d.From {
		w := x.owners[from.Workload]
		if w == nil {
			c.anonymous = true
			continue
		}
		c.pod(w)
		c.spaces[w.Namespace] = true
		c.anonymous = c.anonymous || !doorInMesh(d)
	}
	if v, err := manifest.View[manifest.Service](d.Object); err == nil && v != nil && v.Spec.Type == "LoadBalancer" {
		c.anyone = c.anyone || len(v.Spec.LoadBalancerSourceRanges) == 0
		c.take(v.Spec.LoadBalancerSourceRanges)
	}
}

func (c *portCallers) take(ranges []string) {
	for _, text := range ranges {
		if r, err := netip.ParsePrefix(text); err == nil {
			c.ranges = append(c.ranges, r)
		}
	}
}

// meantByModel takes in whom the model brings to a service besides callers: the
// front door to its paths, whoever writes the route, clients of its load
// balancer, and Prometheus.
func (x *admission) meantByModel() {
	var fronts []*inventory.Door
	for _, g := range x.FrontGateways() {
		fronts = append(fronts, &inventory.Door{Kind: inventory.RouteDoor, Object: g.Object, Class: g.V.Spec.GatewayClassName, From: x.Proxies(g)})
	}
	for _, w := range x.Workloads {
		s := w.Service
		if s == nil {
			continue
		}
		direct := x.meant[w].direct
		for _, path := range s.Paths {
			if port, ok := s.Port(path.Port); ok {
				for _, p := range w.PodPorts(s, []spec.Port{port}) {
					for _, d := range fronts {
						x.enters(at(direct, p.Number), d)
					}
				}
			}
		}
		if s.LoadBalancer != nil {
			for _, p := range w.PodPorts(s, s.Ports) {
				c := at(direct, p.Number)
				c.anonymous = true
				c.take(s.LoadBalancer.SourceRanges)
			}
		}
		if s.Metrics != nil {
			path, number := "", int(s.Metrics.Port)
			if slices.Contains(w.PodPorts(s, s.Ports), reach.TCP(number)) && w.Mesh == reach.Sidecar {
				path = s.Metrics.Path
			}
			x.scraped(w, number, path)
		}
	}
}

// scraped takes Prometheus in at a port; a path that is named is all that it
// comes for.
func (x *admission) scraped(w *inventory.Workload, number int, path string) {
	if x.meant[w] == nil || x.Model == nil {
		return
	}
	c := at(x.meant[w].direct, number)
	if c.scrapers == nil {
		c.scrapers, c.path = newPortCallers(), path
	}
	namespace := x.Model.Spec.Monitoring.Namespace
	c.scrapers.anonymous = true
	c.scrapers.spaces[namespace], c.scrapers.loose[namespace] = true, true
}
