package gen

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// App is the resolved model: defaults filled in, names looked up, every edge
// known at both of its ends. Templates and their data see the model only
// through it.
type App struct {
	Name string
	spec.Spec
	Services []*Service // in the order of the file
	Hosts    []*Host    // in the order in which services name them

	// Where else the application runs. (The model's own are hidden by them.)
	Environments []*Environment

	// Looked up again and again while rendering, so kept; see newApp.
	hosts    map[string]*Host
	reporter []string
	settled  *Settled
	// What oneName replaces, see versions.
	versionNames, versionGroups string
}

// Service is one service of the resolved model.
type Service struct {
	spec.Service
	App      *App
	CallsTo  []Edge        // to services of this model, in the order of the file
	CalledBy []Edge        // from services of this model, in the order of the file
	Outside  []spec.Caller // from outside this model
	Stem     string        // the name of its objects and files

	owned []string // the hosts whose certificate and redirect belong to it
}

// Edge is a declared connection, seen from one end.
type Edge struct {
	Peer  *Service
	Ports []spec.Port // the callee's
}

// Host is a host name and the service that owns its certificate and redirect:
// the first that names it. Others may serve further paths below it.
type Host struct {
	Name        string
	Owner       *Service
	Passthrough bool // TLS goes through to the pod
	Rewritten   bool // some path below it is rewritten
}

// reserved are the names that objects and files of the whole application take,
// the files' own among them. A service of such a name keeps it for its Service;
// its other objects and its files get a dot, which no service name contains.
// So do the objects that a service has beside its own (redirect, canary …):
// that no two ever have the same name does not depend on a list.
var reserved = map[string]bool{
	"kustomization": true, "README": true,
	// Objects that are not named like their file.
	"default": true, "sidecars": true, "istiod": true, "ztunnel": true,
}

func init() {
	for _, f := range folders {
		if len(f.services) == 0 {
			continue // no service has a file there
		}
		for _, file := range f.files {
			reserved[strings.TrimSuffix(file.name, ".yaml")] = true
		}
	}
}

// stem is the name of a service's files and objects.
func stem(service string) string {
	if reserved[service] {
		return service + ".service"
	}
	return service
}

// FileName is what a service's file is called in each of the folders that have one.
func FileName(service string) string { return stem(service) + ".yaml" }

func newApp(raw *spec.Network) *App {
	n := raw.WithDefaults()
	app := &App{Name: n.Metadata.Name, Spec: n.Spec}
	byName := make(map[string]*Service, len(n.Spec.Services))
	for _, s := range n.Spec.Services {
		svc := &Service{Service: s, App: app, Stem: stem(s.Name)}
		for i, p := range svc.Paths {
			if p.Rewrite == p.Path {
				svc.Paths[i].Rewrite = "" // nothing to rewrite
			}
		}
		app.Services = append(app.Services, svc)
		byName[s.Name] = svc
	}
	for _, from := range app.Services {
		index := map[*Service]int{}
		for _, c := range from.Calls {
			to := byName[c.Service]
			if c.Namespace != "" || to == nil {
				continue
			}
			i, known := index[to]
			if !known {
				i = len(from.CallsTo)
				index[to] = i
				from.CallsTo = append(from.CallsTo, Edge{Peer: to})
			}
			edge := &from.CallsTo[i]
			for _, p := range to.PortsFor(c.Port) {
				if !slices.Contains(edge.Ports, p) {
					edge.Ports = append(edge.Ports, p)
				}
			}
		}
		for _, c := range from.Callers {
			if !from.IsPeer(c, app.Namespace) {
				from.Outside = append(from.Outside, c)
				continue
			}
			from.CallsTo = append(from.CallsTo, Edge{Peer: from, Ports: from.PortsFor(c.Port)})
		}
		for _, e := range from.CallsTo {
			e.Peer.CalledBy = append(e.Peer.CalledBy, Edge{Peer: from, Ports: e.Ports})
		}
	}
	app.hosts = map[string]*Host{}
	for _, s := range app.Services {
		for _, name := range s.Service.Hosts {
			if app.hosts[name] == nil {
				h := &Host{Name: name, Owner: s, Passthrough: s.Passthrough()}
				app.Hosts = append(app.Hosts, h)
				app.hosts[name] = h
				s.owned = append(s.owned, name)
			}
			if slices.ContainsFunc(s.Paths, func(p spec.Path) bool { return p.Rewrite != "" }) {
				app.hosts[name].Rewritten = true
			}
		}
	}
	app.reporter = app.reporters()
	app.versionNames, app.versionGroups = app.versions()
	return app
}

// Sidecar, Ambient and Meshed say how the mesh runs, if it does.
func (a *App) Sidecar() bool { return a.Mesh.Provider == spec.Istio && a.Mesh.Mode == spec.Sidecar }
func (a *App) Ambient() bool { return a.Mesh.Provider == spec.Istio && a.Mesh.Mode == spec.Ambient }
func (a *App) Meshed() bool  { return a.Mesh.Provider == spec.Istio }

// Waypoint reports whether any service needs the namespace's waypoint proxy.
func (a *App) Waypoint() bool { return slices.ContainsFunc(a.Services, (*Service).UsesWaypoint) }

// Exposed lists the services that the front door serves.
func (a *App) Exposed() []*Service { return a.with((*Service).Exposed) }

func (a *App) with(keep func(*Service) bool) []*Service {
	var out []*Service
	for _, s := range a.Services {
		if keep(s) {
			out = append(out, s)
		}
	}
	return out
}

// UsesGateway and UsesIngress say by which API exposed services are served;
// neither where nothing is exposed.
func (a *App) UsesGateway() bool {
	return a.Ingress != nil && a.Ingress.API == spec.GatewayAPI && len(a.Exposed()) > 0
}
func (a *App) UsesIngress() bool {
	return a.Ingress != nil && a.Ingress.API == spec.IngressResource && len(a.Exposed()) > 0
}

// Issued reports whether cert-manager issues certificates here.
func (a *App) Issued() bool {
	return a.Ingress != nil && a.Ingress.TLS != nil && a.Ingress.TLS.SecretName == "" &&
		slices.ContainsFunc(a.Hosts, func(h *Host) bool { return !h.Passthrough })
}

// Class is what is known of the front door's controller.
func (a *App) Class() spec.Class {
	if a.Ingress == nil {
		return spec.Class{}
	}
	c, _ := spec.ClassOf(a.Ingress.Class)
	return c
}

// DoorInMesh reports whether the front door's proxies speak the mesh's mutual TLS.
func (a *App) DoorInMesh() bool { return a.Meshed() && a.Class().InMesh }

// GatewayNamespace is where the Gateway lives: with its proxies where the
// controller deploys them beside it, otherwise with the application.
func (a *App) GatewayNamespace() string {
	if a.Class().FollowsGateway && a.Ingress.Controller.Namespace != "" {
		return a.Ingress.Controller.Namespace
	}
	return a.Namespace
}

// GatewayHere reports whether the Gateway's proxies run in the application's own
// namespace, below its default deny.
func (a *App) GatewayHere() bool {
	return a.UsesGateway() && a.Class().FollowsGateway && !a.CrossNamespace()
}

// HasService reports whether there is anything to connect to, by a Service that
// is not Flagger's to make.
func (s *Service) HasService() bool {
	return !s.Flagger() && (len(s.Ports) > 0 || s.Metrics != nil)
}

// FQDN is the Service's full DNS name: short names resolve in the namespace of
// whoever reads them, which is not always this one.
func (s *Service) FQDN() string { return fqdn(s.Name, s.App) }

func fqdn(service string, a *App) string {
	return service + "." + a.Namespace + ".svc." + a.ClusterDomain
}

// HTTPPorts are the ports whose requests a proxy can route.
func (s *Service) HTTPPorts() []spec.Port {
	return portsWith(s.Ports, func(p spec.Port) bool { return p.Protocol.IsHTTP() })
}

// StreamPorts are the ports that the mesh carries: all that run over TCP.
func (s *Service) StreamPorts() []spec.Port { return portsWith(s.Ports, carried) }

func carried(p spec.Port) bool { return p.Protocol.Transport() == "TCP" }

func portsWith(ports []spec.Port, keep func(spec.Port) bool) []spec.Port {
	var out []spec.Port
	for _, p := range ports {
		if keep(p) {
			out = append(out, p)
		}
	}
	return out
}

// UsesWaypoint reports whether callers reach the service through the waypoint:
// in ambient mode, where there is HTTP to route, to observe and to protect. A
// headless service has no address of its own that a waypoint could stand in for.
func (s *Service) UsesWaypoint() bool {
	return s.App.Ambient() && s.Type != spec.Headless && len(s.HTTPPorts()) > 0
}

// Exposed reports whether the front door serves the service.
func (s *Service) Exposed() bool { return len(s.Service.Hosts) > 0 }

// Passthrough reports whether the front door passes TLS through to the pod.
func (s *Service) Passthrough() bool {
	return len(s.Paths) > 0 && slices.ContainsFunc(s.exposedPorts(), func(p spec.Port) bool { return p.Protocol.IsTLS() })
}

// exposedPorts are the ports that paths lead to, each once.
func (s *Service) exposedPorts() []spec.Port {
	var out []spec.Port
	for _, path := range s.Paths {
		if p, ok := s.Port(path.Port); ok && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// OwnedHosts are the hosts whose certificate and redirect belong to the service.
func (s *Service) OwnedHosts() []string { return s.owned }

// Version is one version of a service whose versions are told apart.
type Version struct {
	Name    string            // the version's: its subset's, and with a controller its own word for it
	Service string            // the Service that selects this version alone
	Weight  spec.Percent      // its share of the traffic
	Labels  map[string]string // what tells its pods from the service's others
}

// Versions are the stable version and the canary; the stable one alone where
// the service is pinned to it; or none. Where a controller moves the weights,
// they are what it starts from: everything to the stable version.
func (s *Service) Versions() []Version {
	c := s.Canary
	if c == nil {
		return nil
	}
	var versions []Version
	for i, name := range c.Versions() {
		v := Version{Name: name, Service: s.Name + "-" + name, Weight: c.Weight}
		if i == 0 {
			v.Weight = 100 - c.Weight
		}
		switch c.Owner {
		case spec.RolloutsOwner:
			v.Labels = s.PodLabels // until the Rollout adds its hash
		case spec.KgenOwner:
			v.Labels = map[string]string{"version": name}
		}
		versions = append(versions, v)
	}
	return versions
}

// VersionServices are the versions that have a Service of their own: where the
// Gateway API or an Ingress splits the traffic, which knows no subsets, and
// where Flagger does, which makes them.
func (s *Service) VersionServices() []Version {
	if s.App.Ambient() || s.Exposed() || s.Flagger() {
		return s.Versions()
	}
	return nil
}

// metricsPort is the declared port that also serves the metrics, if one does.
func (s *Service) metricsPort() (spec.Port, bool) {
	for _, p := range s.Ports {
		if s.Metrics != nil && p.ContainerPort == s.Metrics.Port && carried(p) {
			return p, true
		}
	}
	return spec.Port{}, false
}
