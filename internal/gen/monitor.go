package gen

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

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

// ScrapedByPod reports whether a PodMonitor of the service's own scrapes it, and
// not the ServiceMonitor of all that are scraped alike: Flagger's Services have
// no port for metrics, and each selects one of the two Deployments.
func (s *Service) ScrapedByPod() bool { return s.Metrics != nil && s.Flagger() }

// PodMonitor scrapes the pods of a service that is scraped by its pods.
func (s *Service) PodMonitor() Monitor {
	m := Monitor{Kind: "PodMonitor", Name: s.App.Name + "-" + s.Stem, Namespace: s.App.Namespace, Number: s.Metrics.Port, Path: s.Metrics.Path, App: s.App}
	m.Labels, m.Either = s.pods()
	return m
}

// Job is the label job of the service's own metrics, as the Prometheus Operator
// sets it: the Service's name, or with a PodMonitor the monitor's.
func (s *Service) Job() string {
	if s.ScrapedByPod() {
		return s.App.Monitoring.Namespace + "/" + s.PodMonitor().Name
	}
	return s.MetricsService()
}

// ScrapeLabel is the label that has a Service scraped, and whose value says how.
const ScrapeLabel = "kgen.dev/scrape"

// Scrape is the value of [ScrapeLabel] on the Service through which the metrics
// are scraped, or empty: the port's name, and behind it the path where it is not
// the usual one. It depends on nothing else, so that no other service changes it.
func (s *Service) Scrape() string {
	if s.Metrics == nil || s.ScrapedByPod() {
		return ""
	}
	return scrapeValue(s.metricsPortName(), s.Metrics.Path)
}

// metricsPortName is the name of the Service's port that serves the metrics.
func (s *Service) metricsPortName() string {
	if p, declared := s.metricsPort(); declared {
		return p.Name
	}
	return spec.MetricsPortName
}

// plainPath matches the paths that a name can show: neither a dot nor two hyphens
// in a row are in them, which stand for something else there.
var plainPath = regexp.MustCompile(`^(/[a-z0-9]+(-[a-z0-9]+)*)+$`)

// usualPath is where metrics are unless something else is said (Prometheus,
// "Configuration": metrics_path).
const usualPath = "/metrics"

// mostLabel is the greatest length of a label's value (Kubernetes, "Labels and
// Selectors").
const mostLabel = 63

// scrapeValue is a value of a label, and a part of an object's name, that no
// other port or path has. A path that cannot stand there is told by its hash.
func scrapeValue(port, path string) string {
	if path == usualPath {
		return port
	}
	if value := port + strings.ReplaceAll(path, "/", "."); plainPath.MatchString(path) && len(value) <= mostLabel {
		return value
	}
	return fmt.Sprintf("%s.path--%.8x", port, sha256.Sum256([]byte(path)))
}

// ScrapesServices reports whether any service is scraped through its Service.
func (a *App) ScrapesServices() bool {
	return slices.ContainsFunc(a.Services, func(s *Service) bool { return s.Scrape() != "" })
}

// ServiceMonitors scrape the services' own metrics: one for all services that are
// scraped alike, so that a service more or less changes none of them. They select
// by the application too, because two may share a namespace. Behind "services"
// their names have a dot, which keeps them apart from all others.
func (a *App) ServiceMonitors() []Monitor {
	monitors := map[string]Monitor{}
	for _, s := range a.Services {
		if how := s.Scrape(); how != "" {
			monitors[how] = Monitor{
				Kind: "ServiceMonitor", Name: a.Name + "-services." + how, Namespace: a.Namespace,
				Comment: "The services' own metrics: of every Service with this label.",
				Labels:  map[string]string{partOfLabel: a.Name, ScrapeLabel: how},
				Port:    s.metricsPortName(), Path: s.Metrics.Path, App: a,
			}
		}
	}
	var out []Monitor
	for _, how := range slices.Sorted(maps.Keys(monitors)) {
		out = append(out, monitors[how])
	}
	return out
}

// partOfLabel names the application that a Service belongs to.
const partOfLabel = "app.kubernetes.io/part-of"

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
