package conformance

import (
	"slices"
	"time"

	"kgen.dev/kgen/internal/spec"
)

// speech is a protocol that the service's callers speak: a good answer and the
// faults that are the service's.
type speech struct {
	good   outcome
	faults []outcome
}

func (w world) speeches() []speech {
	var out []speech
	isGRPC := func(p spec.Port) bool { return p.Protocol == spec.GRPC }
	if ports := w.httpPorts(); slices.ContainsFunc(ports, isGRPC) {
		s := speech{good: outcome{grpc: true}}
		for _, status := range []string{"2", "13", "14"} {
			s.faults = append(s.faults, outcome{grpc: true, status: status})
		}
		out = append(out, s)
		if !slices.ContainsFunc(ports, func(p spec.Port) bool { return !isGRPC(p) }) {
			return out
		}
	}
	return append(out, speech{faults: []outcome{{code: "500"}, {code: "503"}}})
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

// threshold is the latency that the model promises, or that kgen takes for granted.
func (w world) threshold() time.Duration {
	if w.s.SLO != nil && w.s.SLO.Latency != nil {
		return time.Duration(w.s.SLO.Latency.Threshold)
	}
	return 500 * time.Millisecond
}
