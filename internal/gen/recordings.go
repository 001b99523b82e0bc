package gen

import (
	"slices"
	"time"
)

// Tier is one pair of windows of a burn-rate alert (Site Reliability Workbook,
// "Multiwindow, multi-burn-rate alerts", for an objective over 30 days).
type Tier struct {
	Long, Short string
	Factor      float64
	For         string
	Severity    string
	longest     time.Duration
}

var tiers = []Tier{
	{"1h", "5m", 14.4, "2m", "critical", time.Hour},
	{"6h", "30m", 6, "15m", "critical", 6 * time.Hour},
	{"1d", "2h", 3, "1h", "warning", 24 * time.Hour},
	{"3d", "6h", 1, "3h", "warning", 72 * time.Hour},
}

// Tiers are those whose windows Prometheus keeps.
func (a *App) Tiers() []Tier {
	var out []Tier
	for _, t := range tiers {
		if t.longest <= time.Duration(a.Monitoring.Retention) {
			out = append(out, t)
		}
	}
	return out
}

// tiers are those of the application that the service's objective leaves
// possible: fourteen times a budget of ten percent is more than everything.
func (s *Service) tiers() []Tier {
	if s.SLO == nil || s.SLO.Availability == 0 {
		return nil
	}
	var out []Tier
	for _, t := range s.App.Tiers() {
		if t.Factor*(100-float64(s.SLO.Availability)) < 100 {
			out = append(out, t)
		}
	}
	return out
}

// errorWindows are the windows over which error ratios are recorded.
func (a *App) errorWindows() []string {
	out := []string{"5m"}
	used := map[string]bool{}
	for _, s := range a.Services {
		if !s.MeshHTTP() {
			continue
		}
		for _, t := range s.tiers() {
			used[t.Long], used[t.Short] = true, true
		}
	}
	for _, w := range []string{"30m", "1h", "2h", "6h", "1d", "3d"} {
		if used[w] {
			out = append(out, w)
		}
	}
	return out
}

// percentiles are the latency percentiles that are recorded.
func (a *App) percentiles() []float64 {
	out := []float64{99}
	for _, s := range a.Services {
		if p, _ := s.latency(); s.MeshHTTP() && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// HasRecordings reports whether there are requests to record.
func (a *App) HasRecordings() bool { return len(a.with((*Service).MeshHTTP)) > 0 }

// Recordings are the namespace's: each rule covers every service, so that a
// new service needs none.
func (a *App) Recordings() []Recording {
	out := []Recording{{requestsRecord, sumBy(byService, a.requestRate("istio_requests_total", "5m"))}}
	for _, w := range a.errorWindows() {
		failed := sumBy(byService, a.requestRate("istio_requests_total", w, `response_code=~"5.."`, `grpc_response_status=~"`+grpcErrors+`"`))
		all := sumBy(byService, a.requestRate("istio_requests_total", w))
		out = append(out, Recording{errorsRecord + w, failed + "\n/\n" + all})
	}
	for _, p := range a.percentiles() {
		buckets := sumBy(byService+", le", a.requestRate("istio_request_duration_milliseconds_bucket", "5m"))
		out = append(out, Recording{latencyRecord(p), "histogram_quantile(" + formatFloat(p/100) + ",\n" + indent(buckets) + "\n)"})
	}
	return out
}
