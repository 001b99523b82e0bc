package gen

import (
	"fmt"
	"maps"
	"strconv"

	"kgen.dev/kgen/internal/spec"
)

// Flagger reports whether Flagger owns the service's canary. It then makes the
// Services, the routes and the circuit breaker of the mesh from its Canary
// object, and runs the pods in service as a Deployment of its own, <name>-primary.
func (s *Service) Flagger() bool { return s.Canary != nil && s.Canary.Owner == spec.FlaggerOwner }

// FlaggerRoute reports whether Flagger writes an HTTPRoute, which is where the
// front door's requests are split as well, and not a VirtualService.
func (s *Service) FlaggerRoute() bool { return s.Flagger() && s.Exposed() && s.App.UsesGateway() }

// pods is what selects the service's pods: labels, and beside them the label
// that has another value on the pods that Flagger runs.
func (s *Service) pods() (map[string]string, *Either) {
	sets := s.TwinPods()
	if len(sets) == 1 {
		return s.PodLabels, nil
	}
	key := s.FlaggerLabel()
	same := maps.Clone(s.PodLabels)
	delete(same, key)
	return same, &Either{key, []string{sets[0][key], sets[1][key]}}
}

// twins makes of an object that selects workloads by plain labels, as Istio's
// do, one for each set of labels that the service's pods have.
func twins[T any](s *Service, make func(suffix string, pods map[string]string) T) []T {
	out := []T{make("", s.PodLabels)}
	if sets := s.TwinPods(); len(sets) > 1 {
		out = append(out, make(".primary", sets[1]))
	}
	return out
}

// FlaggerCanary is the Canary object of flagger.app.
type FlaggerCanary struct {
	Service *Service
	Port    spec.Port
	// AppProtocol is what the port speaks, in the words of those who read it.
	AppProtocol string
	Annotations []Annotation
	// Provider is the way in which Flagger splits: istio or gatewayapi:v1.
	Provider string
	// Of an HTTPRoute: what it hangs on, its hosts and what it matches.
	Parents  []Parent
	Hosts    []string
	Prefixes []string
	Rewrite  string
	// Timeout is written as the provider reads it.
	Timeout string
	Metrics []FlaggerMetric
	App     *App
}

// FlaggerMetric is what Flagger asks Prometheus before it goes on. Without a
// query it is one of those that Flagger brings.
type FlaggerMetric struct {
	Name     string
	Min, Max string // "" is no bound
	Query    string
}

// FlaggerCanary is the service's, or nil.
func (s *Service) FlaggerCanary() *FlaggerCanary {
	if !s.Flagger() || len(s.Ports) == 0 {
		return nil
	}
	p := s.Ports[0]
	c := &FlaggerCanary{
		Service: s, App: s.App, Port: p, AppProtocol: s.appProtocol(p), Annotations: s.ServiceAnnotations(),
		Provider: "istio", Metrics: s.flaggerMetrics(),
	}
	if s.Timeout != 0 {
		c.Timeout = seconds(s.Timeout)
	}
	if !s.FlaggerRoute() {
		return c
	}
	c.Provider = "gatewayapi:v1"
	if s.Timeout != 0 {
		c.Timeout = routeDuration(s.Timeout)
	}
	c.Parents = s.gatewayParents()
	if len(s.CalledBy) > 0 || len(s.Outside) > 0 {
		c.Parents = append(c.Parents, Parent{Kind: "Service", Name: s.Name, Port: p.Port})
	}
	c.Hosts = s.Service.Hosts
	for _, path := range s.Paths {
		if path.Path != "/" || len(s.Paths) > 1 {
			c.Prefixes = append(c.Prefixes, path.Path)
		}
		if c.Rewrite = path.Rewrite; c.Rewrite != "" && len(c.Prefixes) == 0 {
			c.Prefixes = []string{path.Path} // a rewrite is of the prefix that is matched
		}
	}
	return c
}

// defaultSuccess is the share of requests that has to succeed where the model
// has no objective: the bound of the alert that the service then has.
const defaultSuccess = 95

// flaggerMetrics are the model's objectives as Flagger's thresholds. Where the
// metrics that it brings say the same, they are used; they know HTTP's answers
// and the 99th percentile only, and with an HTTPRoute they are not Istio's. A
// query of its own stands in the object then, and not in a MetricTemplate, which
// would have to know Prometheus' address.
func (s *Service) flaggerMetrics() []FlaggerMetric {
	success := float64(defaultSuccess)
	if s.SLO != nil && s.SLO.Availability != 0 {
		success = float64(s.SLO.Availability)
	}
	percentile, threshold := s.latency()
	rate := FlaggerMetric{Name: "request-success-rate", Min: formatFloat(success)}
	duration := FlaggerMetric{Name: "request-duration", Max: strconv.FormatInt(threshold.Milliseconds(), 10)}
	pods := `reporter="destination",destination_workload_namespace="{{ namespace }}",destination_workload="{{ target }}"`
	if s.FlaggerRoute() || s.Ports[0].Protocol == spec.GRPC {
		all := "rate(istio_requests_total{" + pods + "}[{{ interval }}])"
		failed := "(\n  sum(rate(istio_requests_total{" + pods + `,response_code=~"5.."}[{{ interval }}])` +
			"\n    or rate(istio_requests_total{" + pods + `,grpc_response_status=~"` + grpcErrors + `"}[{{ interval }}]))` +
			"\n  or 0 * sum(" + all + ")\n)"
		rate.Name = "success-rate"
		rate.Query = "100 - 100 * " + failed + "\n/\nsum(" + all + ")"
	}
	if s.FlaggerRoute() || percentile != 99 {
		duration.Name = "latency"
		duration.Query = fmt.Sprintf("histogram_quantile(%s,\n  sum by (le) (rate(istio_request_duration_milliseconds_bucket{%s}[{{ interval }}]))\n)", formatFloat(percentile/100), pods)
	}
	return []FlaggerMetric{rate, duration}
}
