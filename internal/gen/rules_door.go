package gen

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kgen.dev/kgen/internal/spec"
)

// doorWatches are on what the front door itself exports: the only tale of an
// exposed service's requests where no mesh tells it.
func (s *Service) doorWatches() []watch {
	if !s.Exposed() || s.MeshHTTP() || !s.App.ScrapesDoor() || s.Passthrough() {
		return nil
	}
	switch s.App.Ingress.Class {
	case "traefik":
		out := []watch{{"FrontDoorErrorsHigh", func() []Alert { return []Alert{s.traefikErrors()} }}}
		if _, threshold := s.latency(); threshold < traefikLongest {
			out = append(out, watch{"FrontDoorLatencyHigh", func() []Alert { return []Alert{s.traefikLatency()} }})
		}
		return out
	case "nginx":
		if s.App.UsesIngress() {
			return []watch{{"FrontDoorErrorsHigh", func() []Alert { return []Alert{s.nginxErrors()} }}}
		}
	}
	return nil
}

// traefikMatcher picks the service's series out of Traefik's, and requests is the
// rate of all of them.
func (s *Service) traefikMatcher() (match, requests string) {
	// Traefik names a backend <namespace>-<service>-<port name>@kubernetes for an
	// Ingress; for a route <namespace>-<service>-http-<port>@kubernetesgateway, or
	// …-<port>-grpc (its kubernetes/ingress and kubernetes/gateway providers).
	var names []string
	for _, p := range s.exposedPorts() {
		for _, b := range s.backends(p) {
			switch {
			case s.App.UsesIngress():
				names = append(names, fmt.Sprintf("%s-%s-%s@kubernetes", s.App.Namespace, b.Service, p.Name))
			case p.Protocol == spec.GRPC:
				names = append(names, fmt.Sprintf("%s-%s-%d-grpc@kubernetesgateway", s.App.Namespace, b.Service, p.Port))
			default:
				names = append(names, fmt.Sprintf("%s-%s-http-%d@kubernetesgateway", s.App.Namespace, b.Service, p.Port))
			}
		}
	}
	match = `service=~"` + strings.Join(names, "|") + `"`
	return match, `sum(rate(traefik_service_requests_total{` + match + `}[5m]))`
}

func (s *Service) traefikErrors() Alert {
	match, all := s.traefikMatcher()
	return Alert{
		For: "10m", Severity: "critical",
		Expr:        `sum(rate(traefik_service_requests_total{` + match + `,code=~"5.."}[5m]))` + "\n/\n" + all + " > 0.05\nand\n" + all + " > " + leastTraffic,
		Summary:     "More than 5 % of the requests from outside to " + s.Name + " fail.",
		Description: "{{ $value | humanizePercentage }} of the requests that the front door passed to " + s.Name + " failed over the last 5 minutes.",
	}
}

func (s *Service) traefikLatency() Alert {
	match, all := s.traefikMatcher()
	percentile, threshold := s.latency()
	return Alert{
		For: "10m", Severity: "warning",
		Expr: fmt.Sprintf("histogram_quantile(%s, sum by (le) (rate(traefik_service_request_duration_seconds_bucket{%s}[5m]))) > %s\nand\n%s > %s",
			formatFloat(percentile/100), match, formatFloat(threshold.Seconds()), all, leastTraffic),
		Summary:     "The slowest requests from outside to " + s.Name + " take longer than " + strconv.FormatInt(threshold.Milliseconds(), 10) + " ms.",
		Description: formatFloat(percentile) + " % of them are answered within {{ $value | humanizeDuration }}.",
	}
}

// traefikLongest is the last of Traefik's default latency buckets: no quantile
// is ever seen above it.
const traefikLongest = 5 * time.Second

func (s *Service) nginxErrors() Alert {
	var names []string
	for _, in := range s.Ingresses() {
		names = append(names, regexpQuote(in.Name))
	}
	match := fmt.Sprintf(`exported_namespace=%q,ingress=~%q`, s.App.Namespace, strings.Join(names, "|"))
	all := "sum(rate(nginx_ingress_controller_requests{" + match + "}[5m]))"
	return Alert{
		For: "10m", Severity: "critical",
		Expr:        "sum(rate(nginx_ingress_controller_requests{" + match + `,status=~"5.."}[5m]))` + "\n/\n" + all + " > 0.05\nand\n" + all + " > " + leastTraffic,
		Summary:     "More than 5 % of the requests from outside to " + s.Name + " fail.",
		Description: "{{ $value | humanizePercentage }} of the requests that the front door passed to " + s.Name + " failed over the last 5 minutes.",
	}
}
