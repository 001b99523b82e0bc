package alerttest

import (
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// A world is one service (nil for what is the whole platform's) of one model,
// and knows what its cluster exports. It is told by the model and the objects,
// never by the rules.
type world struct {
	network *spec.Network // with its defaults
	objects []*manifest.Object
	s       *spec.Service
	rule    manifest.Rule
}

func (w world) mesh() string {
	if w.network.Spec.Mesh.Provider != spec.Istio {
		return ""
	}
	return string(w.network.Spec.Mesh.Mode)
}

func (w world) namespace() string { return w.network.Spec.Namespace }

// httpPorts are the service's ports whose requests a proxy tells of.
func (w world) httpPorts() []spec.Port {
	return slices.DeleteFunc(slices.Clone(w.s.Ports), func(p spec.Port) bool { return !p.Protocol.IsHTTP() })
}

// A source is somebody who sends requests, as the mesh tells of them.
type source struct {
	reporter string // source, destination or waypoint
	workload string // what source_workload says
	// split: it is routed to a version's own Service, as routes of the Gateway
	// API do it, so that the Service is what the telemetry names.
	split bool
}

// sources are those who send the service requests that some proxy tells of.
func (w world) sources(http bool) []source {
	wanted := func(p spec.Port) bool { return p.Protocol.IsHTTP() == http && p.Protocol.Transport() == "TCP" }
	if w.mesh() == "" || !slices.ContainsFunc(w.s.Ports, wanted) {
		return nil
	}
	var out []source
	for _, from := range w.network.Spec.Services {
		if slices.ContainsFunc(from.Calls, func(c spec.Call) bool {
			return c.Namespace == "" && c.Service == w.s.Name && slices.ContainsFunc(w.s.PortsFor(c.Port), wanted)
		}) {
			out = append(out, source{reporter: "source", workload: from.Name})
			break
		}
	}
	for _, c := range w.s.Callers {
		if slices.ContainsFunc(w.s.PortsFor(c.Port), wanted) {
			out = append(out, source{reporter: "source", workload: "caller-in-" + c.Namespace})
		}
	}
	door := w.network.Spec.Ingress
	exposed := http && slices.ContainsFunc(w.s.Paths, func(path spec.Path) bool {
		p, ok := w.s.Port(path.Port)
		return ok && wanted(p)
	})
	outside := source{reporter: "destination", workload: "unknown", split: true}
	if exposed && door.Class == "istio" {
		out = append(out, source{reporter: "source", workload: w.network.Metadata.Name + "-istio", split: true})
	} else if exposed {
		out = append(out, outside)
	}
	if http && w.s.Type == spec.LoadBalancer && !exposed {
		out = append(out, outside)
	}
	if w.mesh() != string(spec.Ambient) {
		return out
	}
	// Nobody but the waypoint tells of requests, and it stands before Services
	// that have an address. What does not come through the mesh passes it by.
	if !http || w.s.Type == spec.Headless || !slices.ContainsFunc(out, func(s source) bool { return s.reporter == "source" }) {
		return nil
	}
	return []source{{reporter: "waypoint", workload: "somebody", split: true}}
}

// An outcome is how requests end.
type outcome struct {
	version string // "" is the stable one
	grpc    bool
	code    string // HTTP status; "" is 200
	status  string // gRPC status; "" is 0
	flags   string // Envoy's response flags; "" is none
	other   bool   // it is another service's
}

// serviceName is what the telemetry calls the service for requests of a version.
func (w world) serviceName(src source, version string) string {
	if w.s.Canary == nil || !src.split && w.s.Canary.Owner != spec.FlaggerOwner {
		return w.s.Name
	}
	if version == "" {
		version = w.s.Canary.Versions()[0]
	}
	return w.s.Name + "-" + version
}

// steady grows by so much a minute for five hours.
func steady(perMinute float64) string { return ramp(perMinute, 300) }

func ramp(perMinute float64, steps int) string {
	return "0+" + strconv.FormatFloat(perMinute, 'f', -1, 64) + "x" + strconv.Itoa(steps)
}

// istioLabels are those of Istio's standard metrics (its "Standard Metrics" reference),
// with what the scrape adds.
func (w world) istioLabels(src source, o outcome) map[string]string {
	version := o.version
	if version == "" {
		version = "latest"
		if w.s.Canary != nil && !w.s.Canary.Owned() {
			version = w.s.Canary.Stable
		}
	}
	name := w.serviceName(src, o.version)
	if o.other {
		name = "somebody-else"
	}
	protocol, code, flags := "http", o.code, o.flags
	if o.grpc {
		protocol = "grpc"
	}
	if code == "" {
		code = "200"
	}
	if flags == "" {
		flags = "-"
	}
	security := "mutual_tls"
	if src.workload == "unknown" {
		security = "none"
	}
	out := map[string]string{
		"reporter": src.reporter, "source_workload": src.workload, "source_workload_namespace": w.namespace(),
		"destination_service": name + "." + w.namespace() + ".svc.cluster.local", "destination_service_name": name,
		"destination_service_namespace": w.namespace(), "destination_workload": w.s.Name + "-" + version,
		"destination_version": version, "request_protocol": protocol, "response_code": code, "response_flags": flags,
		"connection_security_policy": security, "namespace": w.namespace(), "pod": src.workload + "-7d9f", "container": "istio-proxy",
	}
	if o.grpc {
		out["grpc_response_status"] = "0"
		if o.status != "" {
			out["grpc_response_status"] = o.status
		}
	}
	return out
}

// istio is a metric as the mesh tells it: what a caller's proxy reports, the
// callee's does too.
func (w world) istio(metric string, src source, o outcome, extra map[string]string, values string) []Series {
	labels := w.istioLabels(src, o)
	maps.Copy(labels, extra)
	out := []Series{{metric, labels, values}}
	if src.reporter == "source" && !strings.ContainsAny(o.flags, "U") {
		twin := maps.Clone(labels)
		twin["reporter"], twin["pod"] = "destination", w.s.Name+"-5c6b"
		out = append(out, Series{metric, twin, values})
	}
	return out
}

// requests is traffic with one outcome.
func (w world) requests(src source, o outcome, values string) []Series {
	return w.istio("istio_requests_total", src, o, nil, values)
}

// istioBuckets are the bounds of Istio's duration histograms, in milliseconds
// (Envoy's default, as Istio's bootstrap leaves it).
var istioBuckets = []float64{0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 600000, 1800000, 3600000}

// traefikBuckets are the default bounds of Traefik's, in seconds.
var traefikBuckets = []float64{0.1, 0.3, 1.2, 5}

// above is the first bucket that lies wholly above a bound.
func above(buckets []float64, bound float64) (low, high float64, ok bool) {
	for i, b := range buckets[:len(buckets)-1] {
		if b >= bound {
			return b, buckets[i+1], true
		}
	}
	return 0, 0, false
}

// buckets are what a share of slow requests, all in the bucket below high,
// makes of the buckets: each one's label le and its values, in the order of the
// bounds. The others are as fast as can be.
func buckets(bounds []float64, high, slow, perMinute float64) iter.Seq2[string, string] {
	return func(yield func(le, values string) bool) {
		for _, b := range bounds {
			rate := perMinute
			if b < high {
				rate = perMinute * (1 - slow)
			}
			if !yield(strconv.FormatFloat(b, 'f', -1, 64), steady(rate)) {
				return
			}
		}
		yield("+Inf", steady(perMinute))
	}
}
