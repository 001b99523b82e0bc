package conformance

import (
	"fmt"
	"slices"
	"time"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// The platform is what stands in a cluster beside the applications: pods as the
// charts of Istio, cert-manager, Traefik, ingress-nginx and
// kube-prometheus-stack deploy them, by what they have been asked for.
type platform struct {
	pods     []*standIn
	services []*manifest.Service
	monitors []fields // the platform's own, not kgen's
}

// selected are the labels by which every Prometheus of these tests selects.
var selected = map[string]string{"release": "kube-prometheus-stack", "prometheus": "ours", "team": "k8s"}

// pod returns the pod of that name, which has one container with one port, and
// says whether it has just been made.
func (pl *platform) pod(namespace, name string, labels map[string]string, portName string, port int) (p *standIn, made bool) {
	i := slices.IndexFunc(pl.pods, func(p *standIn) bool { return p.namespace == namespace && p.name == name })
	if i >= 0 {
		return pl.pods[i], false
	}
	p = &standIn{namespace: namespace, name: name, labels: labels, containers: []podContainer{{name, false, []podPort{{portName, port, "TCP"}}}}}
	pl.pods = append(pl.pods, p)
	return p, true
}

func (pl *platform) service(namespace, name string, labels map[string]string, port string, number int) {
	s := &manifest.Service{}
	s.Metadata.Namespace, s.Metadata.Name, s.Metadata.Labels = namespace, name, labels
	s.Spec.Selector, s.Spec.Ports = labels, []manifest.ServicePort{{Name: port, Port: number}}
	pl.services = append(pl.services, s)
}

// monitor is one of the platform's own.
func (pl *platform) monitor(kind, name, namespace string, labels map[string]string, port, path string, honorLabels bool) {
	endpoints := map[string]string{"ServiceMonitor": "endpoints", "PodMonitor": "podMetricsEndpoints"}[kind]
	pl.monitors = append(pl.monitors, fields{"apiVersion": "monitoring.coreos.com/v1", "kind": kind,
		"metadata": fields{"namespace": "monitoring", "name": name, "labels": selected},
		"spec": fields{"namespaceSelector": fields{"matchNames": []string{namespace}}, "selector": fields{"matchLabels": labels},
			endpoints: []fields{{"port": port, "path": path, "honorLabels": honorLabels}}}})
}

// istiod, with its Service as Istio's chart labels it.
func (pl *platform) istiod(namespace string) *exposition {
	labels := map[string]string{"app": "istiod", "istio": "pilot"}
	p, made := pl.pod(namespace, "istiod", labels, "http-monitoring", 15014)
	target := p.serves(15014, "/metrics")
	if made {
		pl.service(namespace, "istiod", labels, "http-monitoring", 15014)
		target.add("citadel_server_root_cert_expiry_timestamp", nil, float64(begun.Add(29*24*time.Hour).Unix()))
	}
	return target
}

// ztunnel is one node's (Istio's chart ztunnel).
func (pl *platform) ztunnel(namespace string) *exposition {
	p, _ := pl.pod(namespace, "ztunnel", map[string]string{"app": "ztunnel"}, "ztunnel-stats", 15020)
	return p.serves(15020, "/stats/prometheus")
}

// waypoint is that of a namespace, deployed by istiod (its template waypoint).
func (pl *platform) waypoint(namespace string) *exposition {
	p, _ := pl.pod(namespace, "waypoint", map[string]string{"gateway.networking.k8s.io/gateway-name": "waypoint"}, "metrics", 15020)
	return p.serves(15020, "/stats/prometheus")
}

// door is the front door's proxy: one deployed by istiod for the model's Gateway
// (its template kube-gateway), or that of a controller's chart.
func (pl *platform) door(m *model) *exposition {
	if m.network.Spec.Ingress.Class == "istio" {
		for _, g := range objectsOf[manifest.Gateway](m.objects, "Gateway") {
			if g.Spec.GatewayClassName == "istio" {
				p, _ := pl.pod(g.Metadata.Namespace, g.Metadata.Name+"-istio",
					map[string]string{"gateway.networking.k8s.io/gateway-name": g.Metadata.Name}, "http-envoy-prom", 15090)
				return p.serves(15090, "/stats/prometheus")
			}
		}
		panic(m.name + " has no Gateway of Istio's")
	}
	if m.network.Spec.Ingress.Class == "nginx" {
		p, _ := pl.pod("ingress-nginx", "ingress-nginx-controller", map[string]string{"app.kubernetes.io/name": "ingress-nginx"}, "metrics", 10254)
		return p.serves(10254, "/metrics")
	}
	p, _ := pl.pod("traefik", "traefik", map[string]string{"app.kubernetes.io/name": "traefik"}, "metrics", 9100)
	return p.serves(9100, "/metrics")
}

// certManager is its controller (its chart).
func (pl *platform) certManager() *exposition {
	p, _ := pl.pod("cert-manager", "cert-manager", map[string]string{"app.kubernetes.io/name": "cert-manager", "app.kubernetes.io/component": "controller"}, "http-metrics", 9402)
	return p.serves(9402, "/metrics")
}

// stateMetrics is kube-state-metrics, whose monitor kube-prometheus-stack brings.
func (pl *platform) stateMetrics() *exposition {
	labels := map[string]string{"app.kubernetes.io/name": "kube-state-metrics"}
	p, made := pl.pod("monitoring", "kube-state-metrics", labels, "http", 8080)
	if made {
		pl.service("monitoring", "kube-state-metrics", labels, "http", 8080)
		pl.monitor("ServiceMonitor", "kube-state-metrics", "monitoring", labels, "http", "/metrics", true)
	}
	return p.serves(8080, "/metrics")
}

// dns is CoreDNS, whose monitor kube-prometheus-stack brings. A tenth of its answers fail.
func (pl *platform) dns() {
	labels := map[string]string{"k8s-app": "kube-dns"}
	p, _ := pl.pod("kube-system", "coredns", labels, "metrics", 9153)
	pl.service("kube-system", "kube-dns", labels, "metrics", 9153)
	pl.monitor("ServiceMonitor", "coredns", "kube-system", labels, "metrics", "/metrics", false)
	for rcode, values := range map[string]string{"NOERROR": steady(perMinute), "SERVFAIL": steady(perMinute / 9)} {
		p.serves(9153, "/metrics").tell(series{"coredns_dns_responses_total", map[string]string{"rcode": rcode}, values})
	}
}

// neighbour is a caller in a namespace of somebody else, whose sidecar is
// scraped by a monitor of theirs.
func (pl *platform) neighbour(namespace string) *exposition {
	labels := map[string]string{"security.istio.io/tlsMode": "istio"}
	p, made := pl.pod(namespace, "caller", labels, "http-envoy-prom", 15090)
	if made {
		pl.monitor("PodMonitor", namespace+"-sidecars", namespace, labels, "http-envoy-prom", "/stats/prometheus", false)
	}
	return p.serves(15090, "/stats/prometheus")
}

// targets are all places at which a model's own monitors have to scrape, told
// from the model: "pod port/path".
func (pl *platform) targets(m *model, pods []*standIn) []string {
	n := m.network.Spec
	var out []string
	add := func(p *standIn, e *exposition) {
		for at, served := range p.metrics {
			if served == e {
				out = append(out, fmt.Sprintf("%s/%s %s", p.namespace, p.name, at))
			}
		}
	}
	platform := func(e *exposition) {
		for _, p := range pl.pods {
			add(p, e)
		}
	}
	for _, p := range pods {
		for _, e := range p.metrics { // the service's own and its sidecar's
			add(p, e)
		}
	}
	if n.Mesh.Provider == spec.Istio {
		platform(pl.istiod(n.Mesh.Namespace))
	}
	if m.ambient() {
		platform(pl.ztunnel(n.Mesh.Namespace))
		if slices.ContainsFunc(m.objects, func(o *manifest.Object) bool { return o.Kind == "Gateway" && o.Name == "waypoint" }) {
			platform(pl.waypoint(n.Namespace))
		}
	}
	exposed := slices.ContainsFunc(n.Services, func(s spec.Service) bool { return len(s.Hosts) > 0 })
	if in := n.Ingress; in != nil && exposed {
		if onMesh := n.Mesh.Provider == spec.Istio && in.Class == "istio"; onMesh || in.Class == "traefik" || in.Class == "nginx" && in.Controller.MetricsPort != "" {
			platform(pl.door(m))
		}
		if slices.ContainsFunc(m.objects, func(o *manifest.Object) bool { return o.Kind == "Certificate" }) {
			platform(pl.certManager())
		}
	}
	slices.Sort(out)
	return out
}
