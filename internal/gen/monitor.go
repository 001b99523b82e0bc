package gen

import (
	"slices"

	"kgen.dev/kgen/internal/spec"
)

// Monitor is a ServiceMonitor or a PodMonitor.
type Monitor struct {
	Kind      string
	Name      string
	Comment   string
	Namespace string // of what is scraped
	Labels    map[string]string
	Either    *Either // a label that Labels leaves out
	Port      string
	Number    spec.PortNumber // the container's port, where no name of it is known
	Path      string
	App       *App
}

// Job is the label job of what is scraped, as the Prometheus Operator sets it:
// the Service's name, or with a PodMonitor the monitor's.
func (m Monitor) Job() string {
	if m.Kind == "PodMonitor" {
		return m.App.Monitoring.Namespace + "/" + m.Name
	}
	return m.Labels["app.kubernetes.io/name"]
}

// MetricsService names the Service through which the metrics are scraped: the
// service's own, but for a load balancer, which would publish the port.
func (s *Service) MetricsService() string {
	if _, declared := s.metricsPort(); s.Type == spec.LoadBalancer && !declared {
		return s.Name + "-metrics"
	}
	return s.Name
}

// AddsMetricsPort reports whether the Service has a port for the metrics alone.
func (s *Service) AddsMetricsPort() bool {
	_, declared := s.metricsPort()
	return s.Metrics != nil && !declared && s.MetricsService() == s.Name
}

// Monitor scrapes the service's own metrics. Flagger's Services have no port for
// them, and each selects one of the two Deployments, so that the pods are asked.
func (s *Service) Monitor() Monitor {
	if s.Flagger() {
		m := Monitor{Kind: "PodMonitor", Name: s.App.Name + "-" + s.Stem, Namespace: s.App.Namespace, Number: s.Metrics.Port, Path: s.Metrics.Path, App: s.App}
		m.Labels, m.Either = s.pods()
		return m
	}
	port := spec.MetricsPortName
	if p, declared := s.metricsPort(); declared {
		port = p.Name
	}
	return Monitor{
		Kind: "ServiceMonitor", Name: s.App.Name + "-" + s.Stem, Namespace: s.App.Namespace,
		Labels: map[string]string{"app.kubernetes.io/name": s.MetricsService()}, Port: port, Path: s.Metrics.Path, App: s.App,
	}
}

// envoyStatsPath is the path under which Istio's proxies serve their metrics.
const envoyStatsPath = "/stats/prometheus"

// MeshMonitors scrape the mesh itself: the series that alerts and recording
// rules stand on.
func (a *App) MeshMonitors() []Monitor {
	monitors := []Monitor{}
	if a.Sidecar() {
		monitors = append(monitors, Monitor{
			Kind: "PodMonitor", Name: a.Name + "-sidecars", Namespace: a.Namespace, Comment: "The sidecars: what callers see of every request.",
			Labels: map[string]string{"security.istio.io/tlsMode": "istio"}, Port: "http-envoy-prom", Path: envoyStatsPath,
		})
	} else {
		monitors = append(monitors, Monitor{
			Kind: "PodMonitor", Name: a.Name + "-ztunnel", Namespace: a.Mesh.Namespace, Comment: "ztunnel on every node: connections.",
			Labels: map[string]string{"app": "ztunnel"}, Port: "ztunnel-stats", Path: envoyStatsPath,
		})
		if a.Waypoint() {
			monitors = append(monitors, Monitor{
				Kind: "PodMonitor", Name: a.Name + "-waypoint", Namespace: a.Namespace, Comment: "The waypoint: requests.",
				Labels: waypointLabels, Port: "metrics", Path: envoyStatsPath,
			})
		}
	}
	monitors = append(monitors, Monitor{
		Kind: "ServiceMonitor", Name: a.Name + "-istiod", Namespace: a.Mesh.Namespace, Comment: "istiod: the mesh's certificates.",
		Labels: map[string]string{"istio": "pilot"}, Port: "http-monitoring", Path: "/metrics",
	})
	for i := range monitors {
		monitors[i].App = a
	}
	return monitors
}

// ScrapedNamespaces are those in which Prometheus discovers what to scrape: the
// application's own, and where the Prometheus Operator's chart has not already
// given it the whole cluster (kube-prometheus), those of the platform.
func (a *App) ScrapedNamespaces() []string {
	out := []string{a.Namespace}
	if a.Monitoring.SelectorLabels["release"] != "" {
		return out
	}
	var monitors []Monitor
	if a.Meshed() {
		monitors = append(monitors, a.MeshMonitors()...)
	}
	if a.ScrapesDoor() {
		monitors = append(monitors, a.DoorMonitor())
	}
	if a.Issued() {
		monitors = append(monitors, a.CertManagerMonitor())
	}
	for _, m := range monitors {
		if !slices.Contains(out, m.Namespace) {
			out = append(out, m.Namespace)
		}
	}
	return out
}

// RBACName names Prometheus' Roles. The platform's namespaces are shared with
// other applications, so it holds this one's name.
func (a *App) RBACName() string { return a.Name + "-prometheus" }

// ScrapesDoor reports whether the front door's proxies serve metrics that this
// repository's rules read.
func (a *App) ScrapesDoor() bool {
	if len(a.Exposed()) == 0 {
		return false
	}
	if a.DoorInMesh() {
		return true
	}
	c := a.Ingress.Controller
	return c.MetricsPort != "" && c.PodLabels != nil
}

// DoorMonitor scrapes the front door.
func (a *App) DoorMonitor() Monitor {
	m := Monitor{
		Kind: "PodMonitor", Name: a.Name + "-front-door", Namespace: a.Ingress.Controller.Namespace,
		Labels: a.Ingress.Controller.PodLabels, Port: a.Ingress.Controller.MetricsPort, Path: "/metrics", App: a,
		Comment: "The front door's proxies: requests from outside.",
	}
	if a.DoorInMesh() {
		m.Port, m.Path = "http-envoy-prom", envoyStatsPath
	}
	return m
}

// CertManagerMonitor scrapes cert-manager, which knows when certificates expire.
func (a *App) CertManagerMonitor() Monitor {
	return Monitor{
		Kind: "PodMonitor", Name: a.Name + "-cert-manager", Namespace: "cert-manager", App: a, Comment: "cert-manager: when certificates expire.",
		Labels: map[string]string{"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller"}, Port: "http-metrics", Path: "/metrics",
	}
}
