package conformance

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"kgen.dev/kgen/internal/spec"
)

// An exposition is what one target of Prometheus' serves, in its text format.
// Counters grow with the time. It is complete before it is served.
type exposition struct{ samples []sample }

type sample struct {
	series          string
	base, perSecond float64
}

// begun is when every counter stood at its base.
var begun = time.Now()

func (e *exposition) add(metric string, labels map[string]string, value float64) {
	e.samples = append(e.samples, sample{series{metric: metric, labels: labels}.text(), value, 0})
}

func (e *exposition) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	for _, s := range e.samples {
		fmt.Fprintf(w, "%s %f\n", s.series, s.base+s.perSecond*time.Since(begun).Seconds())
	}
}

// scraped are the labels that a scrape adds to what a target says of itself.
var scraped = []string{"namespace", "pod", "container", "endpoint", "instance", "job"}

// tell lets the target serve what the rule tests say that Prometheus has:
// without the scrape's labels, and with those that the scrape has moved aside
// under the names that their maker gives them.
func (e *exposition) tell(list ...series) {
	for _, s := range list {
		own := maps.Clone(s.labels)
		for _, label := range scraped {
			delete(own, label)
			if aside, moved := own["exported_"+label]; moved {
				own[label] = aside
				delete(own, "exported_"+label)
			}
		}
		at := sample{series: series{metric: s.metric, labels: own}.text()}
		from, step, _ := strings.Cut(strings.TrimSuffix(s.values, "x300"), "+")
		var err error
		if at.base, err = strconv.ParseFloat(from, 64); err == nil {
			at.perSecond, err = strconv.ParseFloat(step, 64)
			at.perSecond /= 60
		}
		if err != nil {
			panic(fmt.Sprintf("the values %q are not those of a steady series", s.values))
		}
		e.samples = append(e.samples, at)
	}
}

// A bad day is what the targets tell: everything that an alert can be about is
// going on, but for what is noticed by its absence. An alert is active from the
// moment that its expression holds.
var badDay = map[string]string{
	"ServiceErrorsHigh": "active", "ServiceErrorBudgetBurn": "active", "ServiceLatencyHigh": "active", "CircuitBreakerOpen": "active",
	"CanaryErrorsHigh": "active", "FrontDoorErrorsHigh": "active", "FrontDoorLatencyHigh": "active", "CertificateExpiresSoon": "active",
	"DNSErrorsHigh": "active", "MeshRootCertificateExpiresSoon": "active",
	"ServiceTrafficAbsent": "inactive", "ServiceWithoutEndpoints": "inactive", "ScrapeDown": "inactive",
}

// perMinute is the traffic of the bad day, of each kind.
const perMinute = 60000

// tell lets the pods of the model's services and of its platform tell of a bad day.
func (pl *platform) tell(m *model, pods []*standIn) {
	for i := range m.network.Spec.Services {
		w := world{m: m, s: &m.network.Spec.Services[i]}
		http := len(w.httpPorts()) > 0
		for _, src := range w.sources(http) {
			for _, s := range pl.traffic(w, src, http) {
				if target := pl.reporter(w, src, s.labels["reporter"], pods); target != nil {
					target.tell(s)
				}
			}
		}
		pl.tellDoor(w)
		for _, name := range w.certificates() {
			labels := map[string]string{"name": name, "namespace": w.namespace()}
			pl.certManager().add("certmanager_certificate_expiration_timestamp_seconds", labels, float64(begun.Add(13*24*time.Hour).Unix()))
		}
	}
}

// traffic is what the mesh tells of one source: half of the requests fail, or
// where there is a new version, most of its own and few of the other's; all are
// slow, and some are turned away by the breaker.
func (pl *platform) traffic(w world, src source, http bool) []series {
	if !http {
		extra := map[string]string{"request_protocol": "tcp", "response_code": "0"}
		return w.istio("istio_tcp_connections_closed_total", src, outcome{flags: "UO"}, extra, steady(perMinute))
	}
	var out []series
	for _, s := range w.speeches() {
		if c := w.s.Canary; c != nil && !c.Pinned() {
			out = append(out, w.answers(src, s, "", perMinute, 0.1)...)
			out = append(out, w.answers(src, s, c.Versions()[1], perMinute, 0.9)...)
		} else {
			out = append(out, w.answers(src, s, "", perMinute, 0.5)...)
		}
		high, _ := above(istioBuckets, float64(w.threshold().Milliseconds()))
		for le, values := range histogram(istioBuckets, high, 1, perMinute) {
			out = append(out, w.istio("istio_request_duration_milliseconds_bucket", src, s.good, map[string]string{"le": le}, values)...)
		}
	}
	return append(out, w.requests(src, outcome{code: "503", flags: "UO"}, steady(perMinute/100))...)
}

// reporter is where a reporter of the mesh serves what it tells.
func (pl *platform) reporter(w world, src source, reporter string, pods []*standIn) *exposition {
	sidecar := func(service string) *exposition {
		i := slices.IndexFunc(pods, func(p *standIn) bool { return strings.HasPrefix(p.name, service+"-0-") && p.namespace == w.namespace() })
		if i < 0 {
			return nil
		}
		return pods[i].serves(15090, "/stats/prometheus")
	}
	elsewhere, outside := strings.CutPrefix(src.workload, "caller-in-")
	switch {
	case reporter == "waypoint":
		return pl.waypoint(w.namespace())
	case reporter == "destination":
		return sidecar(w.s.Name)
	case outside:
		return pl.neighbour(elsewhere)
	case src.workload == w.m.network.Metadata.Name+"-istio":
		return pl.door(w.m)
	}
	return sidecar(src.workload)
}

// tellDoor is the same bad day as a front door sees it that is no part of a mesh.
func (pl *platform) tellDoor(w world) {
	in := w.m.network.Spec.Ingress
	if in == nil || in.Controller.MetricsPort == "" || in.Class != "traefik" && in.Class != "nginx" {
		return
	}
	for _, b := range w.backends() {
		pl.door(w.m).tell(
			w.doorSeries(w.doorCounter(), b, "200", nil, steady(perMinute)),
			w.doorSeries(w.doorCounter(), b, "502", nil, steady(perMinute)))
		if in.Class != "traefik" {
			continue
		}
		high, ok := above(traefikBuckets, w.threshold().Seconds())
		if !ok {
			high = traefikBuckets[len(traefikBuckets)-1] + 1
		}
		for le, values := range histogram(traefikBuckets, high, 1, perMinute) {
			pl.door(w.m).tell(w.doorSeries("traefik_service_request_duration_seconds_bucket", b, "200", map[string]string{"le": le}, values))
		}
	}
}

// exists tells kube-state-metrics' clients of a Service and its ready addresses.
func (pl *platform) exists(namespace, service string, addresses []string) {
	pl.stateMetrics().add("kube_service_info", map[string]string{"namespace": namespace, "service": service, "cluster_ip": "10.96.7.7"}, 1)
	for _, address := range addresses {
		pl.stateMetrics().add("kube_endpoint_address", map[string]string{"namespace": namespace, "endpoint": service, "ip": address, "ready": "true"}, 1)
	}
}

// ambient reports whether the model runs on a mesh without sidecars.
func (m *model) ambient() bool {
	return m.network.Spec.Mesh.Provider == spec.Istio && m.network.Spec.Mesh.Mode == spec.Ambient
}
