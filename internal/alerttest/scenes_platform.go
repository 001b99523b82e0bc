package alerttest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"kgen.dev/kgen/internal/manifest"
)

// Scenarios of what does not come from the mesh: the front door, cert-manager,
// kube-state-metrics, the scrape itself.

// A backend is a Service's port that the front door sends requests to, and the
// object that makes it do so.
type backend struct {
	kind, route   string // Ingress, HTTPRoute or GRPCRoute, and its name
	service, port string
}

// backends are the front door's for the service, read from the rendered routes.
func (w world) backends() []backend {
	own := map[string]bool{w.s.Name: true}
	if c := w.s.Canary; c != nil {
		for _, version := range c.Versions() {
			own[w.s.Name+"-"+version] = true
		}
	}
	var out []backend
	add := func(b backend) {
		if own[b.service] && !slices.Contains(out, b) {
			out = append(out, b)
		}
	}
	for _, in := range objectsOf[manifest.Ingress](w.objects, "Ingress") {
		for _, rule := range in.Spec.Rules {
			for _, path := range rule.HTTP.Paths {
				if s := path.Backend.Service; s != nil {
					port := s.Port.Name
					if port == "" {
						port = strconv.Itoa(s.Port.Number)
					}
					add(backend{"Ingress", in.Metadata.Name, s.Name, port})
				}
			}
		}
	}
	for _, kind := range []string{"HTTPRoute", "GRPCRoute"} {
		for _, route := range objectsOf[manifest.Route](w.objects, kind) {
			for _, rule := range route.Spec.Rules {
				for _, ref := range rule.BackendRefs {
					add(backend{kind, route.Metadata.Name, ref.Name, fmt.Sprint(ref.Port)})
				}
			}
		}
	}
	return out
}

// doorSeries is a counter of the front door's for one backend.
func (w world) doorSeries(metric string, b backend, code string, extra map[string]string, values string) Series {
	labels := map[string]string{"namespace": "edge", "pod": "proxy-5d8c", "endpoint": "metrics", "method": "GET"}
	if w.network.Spec.Ingress.Class == "nginx" {
		maps.Copy(labels, map[string]string{"exported_namespace": w.namespace(), "ingress": b.route, "service": b.service, "status": code, "host": "example.test", "path": "/"})
	} else {
		// Traefik's own names: pkg/provider/kubernetes/ingress (namespace, Service,
		// port as the Ingress says it) and pkg/provider/kubernetes/gateway
		// (httproute.go, grpcroute.go: they differ in where the protocol stands).
		name := w.namespace() + "-" + b.service
		switch b.kind {
		case "Ingress":
			name += "-" + b.port + "@kubernetes"
		case "HTTPRoute":
			name += "-http-" + b.port + "@kubernetesgateway"
		case "GRPCRoute":
			name += "-" + b.port + "-grpc@kubernetesgateway"
		}
		maps.Copy(labels, map[string]string{"service": name, "code": code, "protocol": "http"})
	}
	maps.Copy(labels, extra)
	return Series{metric, labels, values}
}

func (w world) doorCounter() string {
	if w.network.Spec.Ingress.Class == "nginx" {
		return "nginx_ingress_controller_requests"
	}
	return "traefik_service_requests_total"
}

func doorErrors(w world) []Scene {
	in := w.network.Spec.Ingress
	var out []Scene
	for _, b := range w.backends() {
		answers := func(perMinute, share float64) []Series {
			return []Series{
				w.doorSeries(w.doorCounter(), b, "200", nil, steady(perMinute*(1-share))),
				w.doorSeries(w.doorCounter(), b, "502", nil, steady(perMinute*share)),
			}
		}
		other := w.doorSeries(w.doorCounter(), backend{b.kind, "elsewhere", "elsewhere", b.port}, "502", nil, steady(600))
		out = append(out,
			Scene{What: "a tenth fails at " + b.service, Variant: in.Class + " " + string(in.API), Input: answers(600, 0.1), Fires: true, onset: rate, value: "10%"},
			Scene{What: "one in twenty-five fails at " + b.service, Input: answers(600, 0.04)},
			Scene{What: "all fail, of three a minute, at " + b.service, Input: answers(3, 1)},
			Scene{What: "another backend fails", Input: append(answers(600, 0), other)},
		)
	}
	return out
}

func doorLatency(w world) []Scene {
	quantile, threshold := w.latency()
	low, high, ok := above(traefikBuckets, threshold.Seconds())
	value := time.Duration((low + (high-low)/3) * float64(time.Second)).Round(time.Millisecond).String()
	if !ok {
		// Slower than the last bound is all that the histogram can tell.
		low = traefikBuckets[len(traefikBuckets)-1]
		high, value = low+1, fmt.Sprintf("%gs", low)
	}
	var out []Scene
	for _, b := range w.backends() {
		took := func(slow, perMinute float64) []Series {
			input := []Series{w.doorSeries("traefik_service_requests_total", b, "200", nil, steady(perMinute))}
			for le, values := range buckets(traefikBuckets, high, slow, perMinute) {
				input = append(input, w.doorSeries("traefik_service_request_duration_seconds_bucket", b, "200", map[string]string{"le": le}, values))
			}
			return input
		}
		out = append(out,
			Scene{What: "more are slow than may be at " + b.service, Variant: fmt.Sprintf("p%g", quantile*100), Input: took(1.5*(1-quantile), 6000), Fires: true, onset: rate, value: value},
			Scene{What: "as many are slow as may be at " + b.service, Input: took(0.5*(1-quantile), 6000)},
			Scene{What: "all are slow, of three a minute, at " + b.service, Input: took(1, 3)},
		)
	}
	return out
}

// certificates are the names of the Certificates of the service's own hosts.
func (w world) certificates() []string {
	var out []string
	for _, c := range objectsOf[manifest.Certificate](w.objects, "Certificate") {
		if slices.ContainsFunc(c.Spec.DNSNames, func(host string) bool { return slices.Contains(w.s.Hosts, host) }) {
			out = append(out, c.Metadata.Name)
		}
	}
	return out
}

func certificateExpires(w world) []Scene {
	var out []Scene
	for _, name := range w.certificates() {
		// cert-manager names the certificate's namespace itself; the scrape's takes the label's place.
		labels := map[string]string{"name": name, "exported_namespace": w.namespace(), "namespace": "cert-manager",
			"issuer_name": "letsencrypt-prod", "issuer_kind": "ClusterIssuer", "issuer_group": "cert-manager.io", "pod": "cert-manager-7b5d", "job": "cert-manager"}
		once := map[string]string{"name": name, "exported_namespace": w.namespace()}
		at := func(name, ready string, days float64) []Series {
			own := maps.Clone(labels)
			own["name"] = name
			input := []Series{{"certmanager_certificate_expiration_timestamp_seconds", own, constant(days * day)}}
			for _, condition := range []string{"True", "False", "Unknown"} {
				status := maps.Clone(own)
				status["condition"] = condition
				value := 0.0
				if condition == ready {
					value = 1
				}
				input = append(input, Series{"certmanager_certificate_ready_status", status, constant(value)})
			}
			return input
		}
		out = append(out,
			Scene{What: "in 13 days", Input: at(name, "True", 13), Fires: true, labels: once, value: "12d 22h 40m 0s"},
			Scene{What: "in 13 days, as two applications' monitors have it", Input: append(at(name, "True", 13), again(at(name, "True", 13))...), Fires: true, labels: once, value: "12d 22h 40m 0s"},
			Scene{What: "expired", Input: at(name, "False", 0.01), Fires: true, labels: once, value: "-1h 5m 36s"},
			Scene{What: "in 16 days", Input: at(name, "True", 16)},
			Scene{What: "not issued yet", Input: at(name, "False", 0)},
			Scene{What: "another's, in one day", Input: append(at("elsewhere-tls", "True", 1), at(name, "True", 60)...)},
		)
	}
	return out
}

// again is the same once more, as another monitor of the same pods has it.
func again(input []Series) []Series {
	out := slices.Clone(input)
	for i := range out {
		out[i].labels = maps.Clone(out[i].labels)
		out[i].labels["job"] += "-again"
	}
	return out
}

func withoutEndpoints(w world) []Scene {
	info := map[string]string{"namespace": w.namespace(), "service": w.s.Name, "cluster_ip": "10.96.7.7", "uid": "5f1c", "job": "kube-state-metrics", "instance": "10.0.0.8:8080"}
	known := Series{"kube_service_info", info, constant(1)}
	address := func(endpoint, ready string) Series {
		return Series{"kube_endpoint_address", map[string]string{"namespace": w.namespace(), "endpoint": endpoint, "ip": "10.0.1.7", "ready": ready,
			"job": "kube-state-metrics", "instance": "10.0.0.8:8080"}, constant(1)}
	}
	return []Scene{
		{What: "there is no pod", Input: []Series{known}, Fires: true, labels: info},
		{What: "no pod is ready", Input: []Series{known, address(w.s.Name, "false")}, Fires: true, labels: info},
		{What: "another's are ready", Input: []Series{known, address("elsewhere", "true")}, Fires: true, labels: info},
		{What: "one of two is ready", Input: []Series{known, address(w.s.Name, "true"), address(w.s.Name, "false")}},
	}
}

// scrapeJobs are the jobs under which Prometheus scrapes the service: the names
// of the Services that its ServiceMonitor selects and that have the port, or that
// of the PodMonitor that asks its pods for the port by number.
func (w world) scrapeJobs() []string {
	selects := func(labels map[string]string, selector manifest.Selector) bool { return selector.Matches(labels) }
	var out []string
	for _, monitor := range objectsOf[manifest.Monitor](w.objects, "PodMonitor") {
		if s := monitor.Spec; len(s.PodMetricsEndpoints) > 0 && s.PodMetricsEndpoints[0].PortNumber != 0 && s.Selector.Matches(w.s.PodLabels) {
			out = append(out, monitor.Metadata.Namespace+"/"+monitor.Metadata.Name)
		}
	}
	for _, monitor := range objectsOf[manifest.Monitor](w.objects, "ServiceMonitor") {
		if !slices.Contains(monitor.Spec.NamespaceSelector.MatchNames, w.namespace()) {
			continue
		}
		for _, s := range objectsOf[manifest.Service](w.objects, "Service") {
			if !maps.Equal(s.Spec.Selector, w.s.PodLabels) && !versioned(s.Spec.Selector, w.s.PodLabels) {
				continue
			}
			for _, p := range s.Spec.Ports {
				if selects(s.Metadata.Labels, monitor.Spec.Selector) && p.Name == monitor.Spec.Endpoints[0].Port && !slices.Contains(out, s.Metadata.Name) {
					out = append(out, s.Metadata.Name)
				}
			}
		}
	}
	return out
}

// versioned reports whether a selector is that of one version of the pods.
func versioned(selector, pods map[string]string) bool {
	own := maps.Clone(selector)
	delete(own, "version")
	return maps.Equal(own, pods)
}

func scrapeDown(w world) []Scene {
	var out []Scene
	for _, job := range w.scrapeJobs() {
		up := func(pod string, value float64) Series {
			return Series{"up", map[string]string{"namespace": w.namespace(), "job": job, "service": job, "pod": pod, "instance": "10.0.1.7:9090", "endpoint": "http-metrics"}, constant(value)}
		}
		down := up("a", 0).labels
		out = append(out,
			Scene{What: "one of two pods is down", Input: []Series{up("a", 0), up("b", 1)}, Fires: true, labels: down},
			Scene{What: "there is nothing to scrape", Input: []Series{{"up", map[string]string{"namespace": w.namespace(), "job": "elsewhere"}, constant(1)}},
				Fires: true, labels: map[string]string{"namespace": w.namespace(), "job": job}},
			Scene{What: "both are up", Input: []Series{up("a", 1), up("b", 1)}},
		)
	}
	return out
}
