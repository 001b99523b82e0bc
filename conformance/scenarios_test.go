package conformance

import (
	"slices"
	"time"

	"kgen.dev/kgen/internal/spec"
)

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
func (w world) answers(src source, s speech, version string, perMinute, share float64) []series {
	in := func(o outcome) outcome { o.version = version; return o }
	out := w.requests(src, in(s.good), steady(perMinute*(1-share)))
	for _, fault := range s.faults {
		if share > 0 {
			out = append(out, w.requests(src, in(fault), steady(perMinute*share/float64(len(s.faults))))...)
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
