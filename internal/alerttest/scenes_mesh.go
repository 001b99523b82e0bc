package alerttest

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"kgen.dev/kgen/internal/spec"
)

// rate is the first sample of a counter's rate: it takes two samples.
const rate = time.Minute

func (w world) callee(src source, version string) map[string]string {
	return map[string]string{"destination_service_namespace": w.namespace(), "destination_service_name": w.serviceName(src, version)}
}

// whole is the service by its own name, by which recorded series go whatever
// Service the requests were sent to.
func (w world) whole() map[string]string {
	return map[string]string{"destination_service_namespace": w.namespace(), "destination_service_name": w.s.Name}
}

// speech is a protocol that the service's callers speak, with a good answer,
// the faults that are the service's, and one that is the caller's own.
type speech struct {
	name       string
	good, poor outcome
	faults     []outcome
}

func (w world) speeches() []speech {
	var out []speech
	isGRPC := func(p spec.Port) bool { return p.Protocol == spec.GRPC }
	if ports := w.httpPorts(); slices.ContainsFunc(ports, isGRPC) {
		s := speech{"grpc", outcome{grpc: true}, outcome{grpc: true, status: "5"}, nil}
		for _, status := range []string{"2", "13", "14"} {
			s.faults = append(s.faults, outcome{grpc: true, status: status})
		}
		out = append(out, s)
		if !slices.ContainsFunc(ports, func(p spec.Port) bool { return !isGRPC(p) }) {
			return out
		}
	}
	return append(out, speech{"http", outcome{}, outcome{code: "404"}, []outcome{{code: "500"}, {code: "503"}}})
}

// answers is traffic of which one share ends badly, spread over the kinds of fault.
func (w world) answers(src source, s speech, version string, perMinute, share float64) []Series {
	in := func(o outcome) outcome { o.version = version; return o }
	out := w.requests(src, in(s.good), steady(perMinute*(1-share)))
	for _, fault := range s.faults {
		if share > 0 {
			out = append(out, w.requests(src, in(fault), steady(perMinute*share/float64(len(s.faults))))...)
		}
	}
	return out
}

func percent(share float64) string { return strconv.FormatFloat(share*100, 'g', 4, 64) + "%" }

func serviceErrors(w world) []Scene {
	var out []Scene
	for _, src := range w.sources(true) {
		for _, s := range w.speeches() {
			other := outcome{other: true, grpc: s.good.grpc, code: s.faults[0].code, status: s.faults[0].status}
			out = append(out,
				Scene{What: "a tenth fails", Variant: s.name + " " + src.reporter, Input: w.answers(src, s, "", 600, 0.1),
					Fires: true, onset: rate, labels: w.whole(), value: "10%"},
				Scene{What: "one in twenty-five fails", Input: w.answers(src, s, "", 600, 0.04)},
				Scene{What: "all fail, of three a minute", Input: w.answers(src, s, "", 3, 1)},
				Scene{What: "half are the callers' own mistakes", Input: append(w.answers(src, s, "", 300, 0), w.requests(src, s.poor, steady(300))...)},
				Scene{What: "another service fails", Input: append(w.answers(src, s, "", 600, 0), w.requests(src, other, steady(600))...)},
			)
		}
	}
	return out
}

func budgetBurn(w world) []Scene {
	window := w.rule.Labels["window"]
	tier := tiers[window]
	threshold := tier.factor * (100 - float64(w.s.SLO.Availability)) / 100
	var out []Scene
	for _, src := range w.sources(true) {
		s := w.speeches()[0]
		const total = 6000
		minutes := func(d time.Duration) int { return int(d / time.Minute) }
		out = append(out,
			Scene{What: "burns a fifth too fast", Variant: window, Input: w.answers(src, s, "", total, 1.2*threshold),
				Fires: true, onset: rate, labels: w.whole(), value: percent(1.2 * threshold)},
			Scene{What: "burns a little slower than that", Input: w.answers(src, s, "", total, 0.9*threshold)},
		)
		// An hour of nothing but failures that is over: the long window still
		// sees it, the short one does not.
		over := time.Hour + tier.short + 2*time.Minute
		recovered := w.requests(src, s.good, fmt.Sprintf("0+0x60 0+%dx%d", total, minutes(over)))
		recovered = append(recovered, w.requests(src, s.faults[0], fmt.Sprintf("0+%dx60 %d+0x%d", total, 60*total, minutes(over)))...)
		out = append(out, Scene{What: "it is over", Input: recovered, at: []time.Duration{over, over + 10*time.Minute}})
		// A peak too short to matter to the long window.
		if share := 3 * threshold; share < 1 {
			step := tier.short / 5
			step = min(step, 5*time.Minute)
			calm, peak := int(tier.long/step), int(tier.wait/step)+2
			good := float64(total) * (1 - share)
			input := w.requests(src, s.good, fmt.Sprintf("0+%dx%d %.3f+%.3fx%d", total, calm, float64(total*calm)+good, good, peak))
			input = append(input, w.requests(src, s.faults[0], fmt.Sprintf("0+0x%d %.3f+%.3fx%d", calm, total*share, total*share, peak))...)
			out = append(out, Scene{What: "a short peak after a calm " + window, Input: input, Step: step,
				at: []time.Duration{tier.long + time.Duration(peak)*step}})
		}
	}
	return out
}

// latency is what the model promises, or what kgen takes for granted.
func (w world) latency() (quantile float64, threshold time.Duration) {
	if w.s.SLO != nil && w.s.SLO.Latency != nil {
		return float64(w.s.SLO.Latency.Percentile) / 100, time.Duration(w.s.SLO.Latency.Threshold)
	}
	return 0.99, 500 * time.Millisecond
}

func serviceLatency(w world) []Scene {
	quantile, threshold := w.latency()
	low, high, ok := above(istioBuckets, float64(threshold.Milliseconds()))
	if !ok {
		return nil
	}
	var out []Scene
	for _, src := range w.sources(true) {
		for _, s := range w.speeches() {
			took := func(slow, perMinute float64) []Series {
				out := w.requests(src, s.good, steady(perMinute))
				for le, values := range buckets(istioBuckets, high, slow, perMinute) {
					out = append(out, w.istio("istio_request_duration_milliseconds_bucket", src, s.good, map[string]string{"le": le}, values)...)
				}
				return out
			}
			out = append(out,
				// With half as many again as may be slow, the quantile lies a third into their bucket.
				Scene{What: "more are slow than may be", Variant: fmt.Sprintf("p%g", quantile*100), Input: took(1.5*(1-quantile), 6000),
					Fires: true, onset: rate, labels: w.whole(), value: fmt.Sprintf("%.0f", low+(high-low)/3)},
				Scene{What: "as many are slow as may be", Input: took(0.5*(1-quantile), 6000)},
				Scene{What: "all are slow, of three a minute", Input: took(1, 3)},
			)
		}
	}
	return out
}

func trafficAbsent(w world) []Scene {
	var out []Scene
	for _, src := range w.sources(true) {
		s := w.speeches()[0]
		out = append(out,
			Scene{What: "callers have stopped", Variant: src.reporter, Input: w.requests(src, s.good, "500+0x100"),
				Fires: true, onset: rate, labels: map[string]string{"destination_service_namespace": w.namespace()}},
			Scene{What: "somebody calls now and then", Input: w.requests(src, s.good, steady(0.2))},
		)
	}
	if out == nil {
		return nil
	}
	nobody := map[string]string{"destination_service_namespace": w.namespace(), "destination_service_name": w.s.Name}
	if w.s.Canary != nil && (w.mesh() == string(spec.Ambient) || len(w.s.Hosts) > 0 || w.s.Canary.Owner == spec.FlaggerOwner) {
		delete(nobody, "destination_service_name") // it goes by several names
	}
	src := w.sources(true)[0]
	return append(out, Scene{What: "nobody has ever called", Input: w.requests(src, outcome{other: true}, steady(60)),
		Fires: true, labels: nobody})
}

func breakerOpen(w world) []Scene {
	var out []Scene
	refused := func(src source, flags string, values string) []Series {
		if len(w.httpPorts()) > 0 {
			return w.requests(src, outcome{code: "503", flags: flags}, values)
		}
		extra := map[string]string{"request_protocol": "tcp", "response_code": "0"}
		return w.istio("istio_tcp_connections_closed_total", src, outcome{flags: flags}, extra, values)
	}
	for _, src := range w.sources(len(w.httpPorts()) > 0) {
		variant := "http " + src.reporter
		if len(w.httpPorts()) == 0 {
			variant = "tcp"
		}
		if src.reporter == "destination" {
			continue // who has no proxy has no breaker
		}
		other := outcome{other: true, code: "503", flags: "UO"}
		out = append(out,
			Scene{What: "too many at once", Variant: variant, Input: refused(src, "UO", steady(120)),
				Fires: true, onset: rate, labels: w.callee(src, ""), value: "2"},
			Scene{What: "every pod is ejected", Variant: variant, Input: refused(src, "UH", steady(120)),
				Fires: true, onset: rate, labels: w.callee(src, ""), value: "2"},
			Scene{What: "it answers badly by itself", Input: refused(src, "-", steady(120))},
			Scene{What: "another's is open", Input: append(refused(src, "-", steady(120)), w.requests(src, other, steady(120))...)},
			Scene{What: "it was open for two minutes", Input: refused(src, "UO", "0+60x2 120+0x60"), at: []time.Duration{20 * time.Minute}},
		)
	}
	return out
}

func canaryErrors(w world) []Scene {
	var out []Scene
	canary := w.s.Canary.Version
	for _, src := range w.sources(true) {
		for _, s := range w.speeches() {
			both := func(stable, stableShare, perMinute, share float64) []Series {
				return append(w.answers(src, s, "", stable, stableShare), w.answers(src, s, canary, perMinute, share)...)
			}
			labels := map[string]string{"destination_service_namespace": w.namespace()}
			out = append(out,
				Scene{What: "the stable version has never failed", Variant: src.reporter, Input: both(900, 0, 100, 0.1),
					Fires: true, onset: rate, labels: labels, value: "10%"},
				Scene{What: "more than twice the stable version's share", Variant: src.reporter, Input: both(900, 0.04, 100, 0.1),
					Fires: true, onset: rate, labels: labels, value: "10%"},
				Scene{What: "less than twice the stable version's share", Input: both(900, 0.04, 100, 0.08)},
				Scene{What: "both fail alike", Input: both(900, 0.5, 100, 0.5)},
				Scene{What: "it fails, of six a minute", Input: both(900, 0, 6, 1)},
				Scene{What: "only the stable version fails", Input: both(900, 0.5, 100, 0)},
			)
		}
	}
	return out
}

func dnsErrors(world) []Scene {
	answers := func(failed float64) []Series {
		at := func(rcode, pod string, perMinute float64) Series {
			return Series{"coredns_dns_responses_total", map[string]string{"rcode": rcode, "server": "dns://:53", "zone": ".", "plugin": "forward",
				"namespace": "kube-system", "job": "kube-dns", "pod": pod}, steady(perMinute)}
		}
		return []Series{at("NOERROR", "coredns-a", 500), at("NOERROR", "coredns-b", 500-failed), at("SERVFAIL", "coredns-b", failed)}
	}
	return []Scene{
		{What: "one in fifty fails", Input: answers(20), Fires: true, onset: rate, value: "2%"},
		{What: "one in two hundred fails", Input: answers(5)},
	}
}

// constant is a gauge that stays where it is.
func constant(value float64) string {
	return strconv.FormatFloat(value, 'f', -1, 64) + "+0x300"
}

const day = 86400.0

func rootExpires(w world) []Scene {
	at := func(days float64) []Series {
		return []Series{{"citadel_server_root_cert_expiry_timestamp", istiod, constant(days * day)}}
	}
	return []Scene{
		{What: "in 29 days", Input: at(29), Fires: true, value: "28d 22h 40m 0s"},
		{What: "in 29 days, as two applications' monitors have it", Input: append(at(29), again(at(29))...), Fires: true, value: "28d 22h 40m 0s"},
		{What: "in 31 days", Input: at(31)},
	}
}

var istiod = map[string]string{"job": "istiod", "pod": "istiod-6f9c", "instance": "10.0.0.9:15014", "endpoint": "http-monitoring", "container": "discovery"}
