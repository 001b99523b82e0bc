package conformance

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"kgen.dev/kgen/internal/manifest"
)

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
	for _, in := range objectsOf[manifest.Ingress](w.m.objects, "Ingress") {
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
		for _, route := range objectsOf[manifest.Route](w.m.objects, kind) {
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
func (w world) doorSeries(metric string, b backend, code string, extra map[string]string, values string) series {
	labels := map[string]string{"namespace": "edge", "pod": "proxy-5d8c", "endpoint": "metrics", "method": "GET"}
	if w.m.network.Spec.Ingress.Class == "nginx" {
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
	return series{metric, labels, values}
}

func (w world) doorCounter() string {
	if w.m.network.Spec.Ingress.Class == "nginx" {
		return "nginx_ingress_controller_requests"
	}
	return "traefik_service_requests_total"
}

// certificates are the names of the Certificates of the service's own hosts.
func (w world) certificates() []string {
	var out []string
	for _, c := range objectsOf[manifest.Certificate](w.m.objects, "Certificate") {
		if slices.ContainsFunc(c.Spec.DNSNames, func(host string) bool { return slices.Contains(w.s.Hosts, host) }) {
			out = append(out, c.Metadata.Name)
		}
	}
	return out
}
