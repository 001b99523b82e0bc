package gen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"kgen.dev/kgen/internal/spec"
)

// Recording is a recording rule.
type Recording struct{ Record, Expr string }

// Alert is an alerting rule. Its labels and annotations are fixed text: only
// the description may quote the sample's value.
type Alert struct {
	Name        string
	Expr        string
	For         string
	Severity    string // critical, warning or info
	Service     string
	Namespace   string
	Window      string // tells the tiers of one burn-rate alert apart; "" elsewhere
	Summary     string
	Description string
	App         *App
}

// RunbookURL is where the way out of the alert is written down.
func (al Alert) RunbookURL() string {
	base := al.App.Monitoring.RunbookBase
	if base == "" {
		base = "monitoring/alerts/README.md#"
	}
	return base + strings.ToLower(al.Name)
}

// byService is what the mesh's series are summed by: the callee.
const byService = "destination_service_namespace, destination_service_name"

// grpcErrors are the gRPC status codes that are the server's fault (Unknown,
// DeadlineExceeded, ResourceExhausted, Unimplemented, Internal, Unavailable, DataLoss).
const grpcErrors = "2|4|8|12|13|14|15"

// reporters are who tells of requests to the application's services: the
// caller's proxy or the waypoint, because what the callee's proxy tells misses
// the requests that the breaker stopped. Callers that have no proxy are told of
// by the callee's only, as unknown; so are scrapes, which is why only services
// with such callers are asked.
func (a *App) reporters() []string {
	out := []string{`reporter=~"source|waypoint"`}
	var names []string
	if a.Sidecar() {
		for _, s := range a.with((*Service).plainCallers) {
			names = append(names, s.Name)
			for _, v := range s.VersionServices() {
				names = append(names, v.Service)
			}
		}
	}
	if len(names) > 0 {
		out = append(out, `reporter="destination",source_workload="unknown",destination_service_name=~"`+strings.Join(names, "|")+`"`)
	}
	return out
}

// oneName is a vector in which the per-version Services of canaries go by their
// service's name, so that a service is judged as a whole.
func (a *App) oneName(vector string) string {
	if a.versionNames == "" {
		return vector
	}
	return fmt.Sprintf(`label_replace(%s, "destination_service_name", %q, "destination_service_name", %q)`, vector, a.versionGroups, a.versionNames)
}

// versions prepares oneName: an expression with a group for each service whose
// versions have Services of their own, and the reference to all groups.
func (a *App) versions() (names, groups string) {
	var parts []string
	for _, s := range a.Services {
		if vs := s.VersionServices(); len(vs) > 0 && s.MeshHTTP() {
			var labels []string
			for _, v := range vs {
				labels = append(labels, v.Name)
			}
			parts = append(parts, fmt.Sprintf("(%s)-(?:%s)", s.Name, strings.Join(labels, "|")))
			groups += fmt.Sprintf("${%d}", len(parts))
		}
	}
	return strings.Join(parts, "|"), groups
}

// plainCallers reports whether requests reach the service from outside the mesh.
func (s *Service) plainCallers() bool {
	return len(s.HTTPPorts()) > 0 && (s.Exposed() && !s.App.DoorInMesh() || s.Type == spec.LoadBalancer)
}

// proxiedCallers reports whether somebody calls the service through a proxy or
// the waypoint: whom the breaker turns away, and who tells of it.
func (s *Service) proxiedCallers() bool {
	return s.App.Ambient() || s.Exposed() && s.App.DoorInMesh() || len(s.CalledBy) > 0 || len(s.Outside) > 0
}

// requestRate is the rate of requests, as a vector of single series, for the
// whole namespace. Extra matchers are given without braces; each of them makes
// a selection of its own, and a series in several counts once.
func (a *App) requestRate(metric, window string, extra ...string) string {
	return a.rates(a.oneName, metric, window, extra...)
}

// plain leaves a vector as it is.
func plain(vector string) string { return vector }

// rates is requestRate with each of its vectors told as named says.
func (a *App) rates(named func(string) string, metric, window string, extra ...string) string {
	if len(extra) == 0 {
		extra = []string{""}
	}
	var parts []string
	for _, reporter := range a.reporter {
		for _, x := range extra {
			matchers := reporter + `,destination_service_namespace="` + a.Namespace + `"`
			if x != "" {
				matchers += "," + x
			}
			parts = append(parts, named(fmt.Sprintf("rate(%s{%s}[%s])", metric, matchers, window)))
		}
	}
	return strings.Join(parts, "\n  or ")
}

func sumBy(labels, vector string) string {
	if strings.Contains(vector, "\n") {
		return "sum by (" + labels + ") (\n  " + vector + "\n)"
	}
	return "sum by (" + labels + ") (" + vector + ")"
}

const (
	requestsRecord = "namespace_service:istio_requests:rate5m"
	errorsRecord   = "namespace_service:istio_requests_errors:ratio_rate"
)

func latencyRecord(percentile float64) string {
	return "namespace_service:istio_request_duration_milliseconds:p" + strings.ReplaceAll(formatFloat(percentile), ".", "_") + "_5m"
}

func formatFloat(f float64) string {
	// Rounded to nine decimals: what (100 - 99.9) / 100 has beyond them is the
	// machine's, not the model's.
	return strconv.FormatFloat(math.Round(f*1e9)/1e9, 'f', -1, 64)
}

// MeshHTTP reports whether the mesh tells of requests to the service: somebody
// with a proxy, or with the waypoint in between, sends them.
func (s *Service) MeshHTTP() bool {
	if !s.App.Meshed() || len(s.HTTPPorts()) == 0 {
		return false
	}
	if s.App.Ambient() && !s.UsesWaypoint() {
		return false
	}
	if s.Exposed() && s.App.DoorInMesh() && !s.Passthrough() {
		return true
	}
	if s.App.Sidecar() && s.plainCallers() {
		return true
	}
	for _, e := range s.CalledBy {
		for _, p := range e.Ports {
			if p.Protocol.IsHTTP() {
				return true
			}
		}
	}
	for _, c := range s.Outside {
		for _, p := range s.PortsFor(c.Port) {
			if p.Protocol.IsHTTP() {
				return true
			}
		}
	}
	return false
}

// selector is a recorded series of one service.
func (s *Service) selector(record string) string {
	return fmt.Sprintf(`%s{destination_service_namespace=%q,destination_service_name=%q}`, record, s.App.Namespace, s.Name)
}

// matchers pick the service's series out of the mesh's.
func (s *Service) matchers() string {
	return fmt.Sprintf(`destination_service_namespace=%q,`, s.App.Namespace) + s.nameMatcher()
}

// nameMatcher picks the service by name, and by the names of its per-version
// Services, under which proxies that split by them report.
func (s *Service) nameMatcher() string {
	if vs := s.VersionServices(); len(vs) > 0 {
		names := s.Name
		for _, v := range vs {
			names += "|" + v.Service
		}
		return fmt.Sprintf(`destination_service_name=~"%s"`, names)
	}
	return fmt.Sprintf(`destination_service_name=%q`, s.Name)
}

// latency is the percentile and the threshold that the latency alert watches.
func (s *Service) latency() (percentile float64, threshold time.Duration) {
	if s.SLO != nil && s.SLO.Latency != nil {
		return float64(s.SLO.Latency.Percentile), time.Duration(s.SLO.Latency.Threshold)
	}
	return 99, 500 * time.Millisecond
}

// leastTraffic is how many requests a second make a ratio worth an alert.
const leastTraffic = "0.1"

func (s *Service) alert(a Alert) Alert {
	a.Service, a.Namespace, a.App = s.Name, s.App.Namespace, s.App
	return a
}

// A watch is one thing that is watched of a service: the name of its alerts, and
// what makes them, at least one.
type watch struct {
	name   string
	alerts func() []Alert
}

// watches are the service's: each on series that something scraped here exports.
// What is watched is known at once; the alerts' texts are made by whoever prints them.
func (s *Service) watches() []watch {
	var out []watch
	one := func(name string, alert func() Alert) {
		out = append(out, watch{name, func() []Alert { return []Alert{alert()} }})
	}
	if s.MeshHTTP() {
		out = append(out, s.errorWatch())
		one("ServiceLatencyHigh", s.latencyAlert)
		if !s.plainCallers() || s.Metrics == nil {
			// Among what the callee's proxy counts as unknown are the scrapes, so that
			// a service with both would never be silent.
			one("ServiceTrafficAbsent", s.absentAlert)
		}
	}
	if metric, ok := s.breakerMetric(); ok {
		one("CircuitBreakerOpen", func() Alert { return s.breakerAlert(metric) })
	}
	if s.Canary != nil && !s.Canary.Pinned() && !s.Canary.Owned() && s.MeshHTTP() {
		one("CanaryErrorsHigh", s.canaryAlert)
	}
	out = append(out, s.doorWatches()...)
	if len(s.CertificateHosts()) > 0 {
		one("CertificateExpiresSoon", s.certificateAlert)
	}
	if len(s.Ports) > 0 {
		one("ServiceWithoutEndpoints", s.endpointsAlert)
	}
	if s.Metrics != nil {
		one("ScrapeDown", s.scrapeAlert)
	}
	return out
}

// Watched reports whether the service has alerts.
func (s *Service) Watched() bool { return len(s.watches()) > 0 }

// Alerts are those of all that is watched.
func (s *Service) Alerts() []Alert {
	var out []Alert
	for _, w := range s.watches() {
		for _, a := range w.alerts() {
			a.Name = w.name
			out = append(out, s.alert(a))
		}
	}
	return out
}

func (s *Service) errorWatch() watch {
	if len(s.tiers()) == 0 {
		return watch{"ServiceErrorsHigh", s.errorAlerts}
	}
	return watch{"ServiceErrorBudgetBurn", s.errorAlerts}
}

func (s *Service) errorAlerts() []Alert {
	tiers := s.tiers()
	if len(tiers) == 0 {
		return []Alert{{
			For: "10m", Severity: "critical",
			Expr:        s.selector(errorsRecord+"5m") + " > 0.05\nand on (" + byService + ")\n" + s.selector(requestsRecord) + " > " + leastTraffic,
			Summary:     "More than 5 % of the requests to " + s.Name + " fail.",
			Description: "{{ $value | humanizePercentage }} of the requests to " + s.Name + " answered with a server error over the last 5 minutes.",
		}}
	}
	budget := formatFloat((100 - float64(s.SLO.Availability)) / 100)
	var out []Alert
	for _, t := range tiers {
		threshold := " > (" + formatFloat(t.Factor) + " * " + budget + ")"
		out = append(out, Alert{
			For: t.For, Severity: t.Severity, Window: t.Long,
			Expr:    s.selector(errorsRecord+t.Long) + threshold + "\nand on (" + byService + ")\n" + s.selector(errorsRecord+t.Short) + threshold,
			Summary: fmt.Sprintf("%s burns its error budget %s times too fast.", s.Name, formatFloat(t.Factor)),
			Description: fmt.Sprintf("{{ $value | humanizePercentage }} of the requests to %s failed over the last %s; the objective is %s %% over 30 days.",
				s.Name, t.Long, formatFloat(float64(s.SLO.Availability))),
		})
	}
	return out
}

func (s *Service) latencyAlert() Alert {
	percentile, threshold := s.latency()
	ms := strconv.FormatInt(threshold.Milliseconds(), 10)
	return Alert{
		For: "10m", Severity: "warning",
		Expr:        s.selector(latencyRecord(percentile)) + " > " + ms + "\nand on (" + byService + ")\n" + s.selector(requestsRecord) + " > " + leastTraffic,
		Summary:     fmt.Sprintf("The slowest requests to %s take longer than %s ms.", s.Name, ms),
		Description: fmt.Sprintf("%s %% of the requests to %s are answered within {{ $value | printf \"%%.0f\" }} ms; the threshold is %s ms.", formatFloat(percentile), s.Name, ms),
	}
}

func (s *Service) absentAlert() Alert {
	reporter := `reporter=~"source|waypoint"`
	if s.App.Sidecar() && s.plainCallers() {
		reporter = `reporter=~"source|waypoint|destination"`
	}
	series := "istio_requests_total{" + reporter + "," + s.matchers() + "}"
	return Alert{
		For: "15m", Severity: "warning",
		Expr:        "(sum by (destination_service_namespace) (rate(" + series + "[15m])) == 0)\nor\nabsent(" + series + ")",
		Summary:     "Nobody has called " + s.Name + " for half an hour.",
		Description: "No request has reached " + s.Name + ", which has declared callers: a route, a policy or a caller may be broken.",
	}
}

// breakerMetric counts whom the service's circuit breaker turns away, if it has
// one and somebody can tell.
func (s *Service) breakerMetric() (metric string, ok bool) {
	switch {
	case !s.App.Meshed() || len(s.DestinationRules()) == 0 && !s.Flagger():
		return "", false
	case s.MeshHTTP() && s.proxiedCallers():
		return "istio_requests_total", true
	case len(s.HTTPPorts()) == 0 && s.App.Sidecar() && (len(s.CalledBy) > 0 || len(s.Outside) > 0):
		return "istio_tcp_connections_closed_total", true
	}
	return "", false
}

func (s *Service) breakerAlert(metric string) Alert {
	return Alert{
		For: "2m", Severity: "warning",
		Expr: fmt.Sprintf("sum by (%s) (\n  rate(%s{reporter=~\"source|waypoint\",%s,response_flags=~\".*(UO|UH).*\"}[5m])\n) > 0",
			byService, metric, s.matchers()),
		Summary:     "Callers of " + s.Name + " are turned away by its circuit breaker.",
		Description: "{{ $value | printf \"%.2g\" }} a second are refused before they reach " + s.Name + ": its limits are reached, or every pod is ejected.",
	}
}

func (s *Service) canaryAlert() Alert {
	vs := s.Versions()
	stable, canary := vs[0].Name, vs[1].Name
	rate := func(version string, extra ...string) string {
		own := s.nameMatcher() + fmt.Sprintf(",destination_version=%q", version)
		matchers := []string{own}
		if len(extra) > 0 {
			matchers = nil
		}
		for _, x := range extra {
			matchers = append(matchers, own+","+x)
		}
		// Summed up over the service's names, so that they need not be made one.
		return sumBy("destination_service_namespace", s.App.rates(plain, "istio_requests_total", "10m", matchers...))
	}
	ratio := func(version string) string {
		failed := rate(version, `response_code=~"5.."`, `grpc_response_status=~"`+grpcErrors+`"`)
		return "(\n" + indent("("+failed+" or 0 * "+rate(version)+")\n/\n"+rate(version)) + "\n)"
	}
	return Alert{
		For: "5m", Severity: "critical",
		// Without "or 0 * …" there would be no ratio, and so no alert, while the
		// stable version has not failed once.
		Expr:        "(" + ratio(canary) + "\n> 2 * " + ratio(stable) + " + 0.005)\nand\n" + rate(canary) + " > 0.5",
		Summary:     fmt.Sprintf("The canary %s of %s fails more often than %s.", canary, s.Name, stable),
		Description: fmt.Sprintf("{{ $value | humanizePercentage }} of the requests to version %s of %s fail, more than twice the share of %s.", canary, s.Name, stable),
	}
}

func indent(text string) string { return "  " + strings.ReplaceAll(text, "\n", "\n  ") }

func (s *Service) certificateAlert() Alert {
	match := fmt.Sprintf(`exported_namespace=%q,name=%q`, s.App.Namespace, s.TLSSecret())
	return Alert{
		For: "1h", Severity: "critical",
		// Zero is a certificate that was not issued yet. Whether it is ready is not
		// asked: one that has expired is not. Each application has cert-manager
		// scraped, and one alert is enough.
		Expr:        "min by (exported_namespace, name) (certmanager_certificate_expiration_timestamp_seconds{" + match + "} > 0) - time() < 14 * 86400",
		Summary:     "The certificate of " + enumerate(s.CertificateHosts()) + " expires within two weeks.",
		Description: "cert-manager should have renewed it by now; it expires in {{ $value | humanizeDuration }}.",
	}
}

func (s *Service) endpointsAlert() Alert {
	ns := s.App.Namespace
	match := "="
	names := []string{s.Name}
	for _, v := range s.VersionServices() {
		if v.Weight > 0 { // a version without traffic may be without pods
			names, match = append(names, v.Service), "=~"
		}
	}
	name := strconv.Quote(strings.Join(names, "|"))
	return Alert{
		For: "5m", Severity: "critical",
		Expr: fmt.Sprintf("kube_service_info{namespace=%q,service%s%s}\nunless on (namespace, service)\nlabel_replace(\n  sum by (namespace, endpoint) (kube_endpoint_address{namespace=%q,endpoint%s%s,ready=\"true\"}) > 0,\n  \"service\", \"$1\", \"endpoint\", \"(.+)\"\n)",
			ns, match, name, ns, match, name),
		Summary:     "No pod stands behind " + s.Name + ".",
		Description: "The Service " + s.Name + ", or that of one of its versions, has no ready endpoint in " + ns + ": calls to it fail.",
	}
}

func (s *Service) scrapeAlert() Alert {
	series := fmt.Sprintf(`up{namespace=%q,job=%q}`, s.App.Namespace, s.Job())
	return Alert{
		For: "10m", Severity: "warning",
		Expr:        series + " == 0\nor\nabsent(" + series + ")",
		Summary:     "Prometheus cannot scrape " + s.Name + ".",
		Description: "No metrics arrive from " + s.Name + " on port " + fmt.Sprint(s.Metrics.Port) + s.Metrics.Path + "; what watches them is blind.",
	}
}

// PlatformAlerts watch what every service stands on.
func (a *App) PlatformAlerts() []Alert {
	out := []Alert{{
		Name: "DNSErrorsHigh", For: "10m", Severity: "warning", Service: "dns", Namespace: a.DNS.Namespace,
		Expr:        "sum(rate(coredns_dns_responses_total{rcode=\"SERVFAIL\"}[5m]))\n/\nsum(rate(coredns_dns_responses_total[5m])) > 0.01",
		Summary:     "The cluster's DNS fails to answer.",
		Description: "{{ $value | humanizePercentage }} of the DNS answers were SERVFAIL over the last 5 minutes; calls between services fail with them.",
	}}
	if a.Meshed() {
		out = append(out, Alert{
			Name: "MeshRootCertificateExpiresSoon", For: "1h", Severity: "critical", Service: "istiod", Namespace: a.Mesh.Namespace,
			// Every istiod tells of it, to every application's monitor.
			Expr:        "min(citadel_server_root_cert_expiry_timestamp) - time() < 30 * 86400",
			Summary:     "The mesh's root certificate expires within a month.",
			Description: "When it does, mutual TLS stops and with it every call; it expires in {{ $value | humanizeDuration }}.",
		})
	}
	for i := range out {
		out[i].App = a
	}
	return out
}
