package gen_test

import (
	"slices"
	"time"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

func checkBreaker(w *world) {
	for i := range w.s.Services {
		s := &w.s.Services[i]
		rules := w.destinationRules(w.fqdn(s.Name))
		if flagger(s) {
			w.checkTwinBreakers(s)
			continue
		}
		if len(rules) == 0 {
			// ztunnel alone breaks no circuits: in ambient it takes a waypoint.
			if (w.sidecar() || w.waypoint(s) != "") && w.called(s) && w.hasTCP(s) {
				w.model(s, "is called in a mesh and has no DestinationRule")
			}
			continue
		}
		dr := rules[0]
		if dr.v.Spec.TrafficPolicy == nil {
			w.at(dr.Object, "has no trafficPolicy")
			continue
		}
		w.checkTraffic(s, dr, dr.v.Spec.TrafficPolicy)
		for _, subset := range dr.v.Spec.Subsets {
			if subset.TrafficPolicy != nil && subset.TrafficPolicy.OutlierDetection != nil {
				w.checkEjection(s, dr, subset.TrafficPolicy.OutlierDetection)
			}
		}
	}
}

// checkTwinBreakers: Flagger sends requests to the hosts of its two Services, so
// that each of them has the breaker.
func (w *world) checkTwinBreakers(s *spec.Service) {
	for _, version := range versionsOf(s) {
		rules := w.destinationRules(w.fqdn(s.Name + "-" + version))
		if len(rules) != 1 || rules[0].v.Spec.TrafficPolicy == nil {
			w.model(s, "its %s has %d DestinationRules, want one with a trafficPolicy", version, len(rules))
			continue
		}
		w.checkTraffic(s, rules[0], rules[0].v.Spec.TrafficPolicy)
	}
}

func (w *world) checkTraffic(s *spec.Service, dr item[manifest.DestinationRule], tp *manifest.TrafficPolicy) {
	b := s.CircuitBreaker
	// What Flagger makes of a Canary knows no limits of connections.
	if tp.ConnectionPool == nil || tp.ConnectionPool.TCP == nil && dr.File != madeByFlagger || tp.OutlierDetection == nil {
		w.at(dr.Object, "lacks connectionPool.tcp or outlierDetection")
		return
	}
	want := func(what string, got, model int) {
		if got != model {
			w.at(dr.Object, "%s is %d, want %d", what, got, model)
		}
	}
	wantTime := func(what, got string, model spec.Duration) {
		if d, err := time.ParseDuration(got); err != nil || d != time.Duration(model) {
			w.at(dr.Object, "%s is %q, want %s", what, got, time.Duration(model))
		}
	}
	if tcp := tp.ConnectionPool.TCP; tcp != nil {
		want("maxConnections", tcp.MaxConnections, int(b.MaxConnections))
		wantTime("connectTimeout", tcp.ConnectTimeout, b.ConnectTimeout)
	}
	http := slices.ContainsFunc(s.Ports, func(p spec.Port) bool { return speaksHTTP(p.Protocol) })
	switch {
	case http && tp.ConnectionPool.HTTP == nil:
		w.at(dr.Object, "lacks connectionPool.http")
	case http:
		want("http1MaxPendingRequests", tp.ConnectionPool.HTTP.HTTP1MaxPendingRequests, int(b.MaxPendingRequests))
		want("http2MaxRequests", tp.ConnectionPool.HTTP.HTTP2MaxRequests, int(b.MaxRequests))
	case tp.ConnectionPool.HTTP != nil:
		w.at(dr.Object, "has connectionPool.http for a service without HTTP")
	}
	o := tp.OutlierDetection
	if o.Consecutive5xxErrors == nil {
		w.at(dr.Object, "lacks consecutive5xxErrors")
	} else {
		want("consecutive5xxErrors", *o.Consecutive5xxErrors, int(b.Consecutive5xxErrors))
	}
	if o.ConsecutiveGatewayErrors != nil {
		want("consecutiveGatewayErrors", *o.ConsecutiveGatewayErrors, int(b.ConsecutiveGatewayErrors))
	} else if http {
		w.at(dr.Object, "lacks consecutiveGatewayErrors")
	}
	wantTime("interval", o.Interval, b.Interval)
	wantTime("baseEjectionTime", o.BaseEjectionTime, b.BaseEjectionTime)
	w.checkEjection(s, dr, o)
}

func (w *world) checkEjection(s *spec.Service, dr item[manifest.DestinationRule], o *manifest.OutlierDetection) {
	least := (100 + int(s.Replicas) - 1) / int(s.Replicas)
	got := 10 // Envoy's default
	if o.MaxEjectionPercent != nil {
		got = *o.MaxEjectionPercent
	}
	if got < least {
		w.at(dr.Object, "maxEjectionPercent %d of %d pods is less than one pod, want at least %d", got, s.Replicas, least)
	}
	if got != int(s.CircuitBreaker.MaxEjectionPercent) {
		w.at(dr.Object, "maxEjectionPercent is %d, want %d", got, s.CircuitBreaker.MaxEjectionPercent)
	}
}

func checkRetries(w *world) {
	timed, retried := map[string]bool{}, map[string]bool{}
	for _, vs := range all[manifest.VirtualService](w) {
		for _, r := range vs.v.Spec.HTTP {
			s, _ := w.serviceOf(hostOf(r))
			if s == nil {
				continue
			}
			var attempts *int
			var perTry string
			if r.Retries != nil {
				attempts, perTry = r.Retries.Attempts, r.Retries.PerTryTimeout
			}
			w.checkBudget(vs.Object, s, r.Timeout, attempts, perTry)
			timed[s.Name] = timed[s.Name] || r.Timeout != ""
			if attempts != nil {
				retried[s.Name] = true
				if s.Retries != nil && *attempts != int(s.Retries.Attempts) {
					w.at(vs.Object, "retries %d times, want %d", *attempts, s.Retries.Attempts)
				}
			}
		}
	}
	for _, route := range all[manifest.Route](w, "HTTPRoute", "GRPCRoute") {
		for _, r := range route.v.Spec.Rules {
			_, s := w.routeSplit(r)
			if s == nil || r.Timeouts == nil {
				continue
			}
			if route.Kind == "GRPCRoute" {
				w.at(route.Object, "a GRPCRoute has no timeouts")
			}
			w.checkBudget(route.Object, s, r.Timeouts.Request, nil, r.Timeouts.BackendRequest)
			timed[s.Name] = timed[s.Name] || r.Timeouts.Request != ""
		}
		for _, r := range route.v.Spec.Rules {
			if r.Retry != nil {
				w.at(route.Object, "retry is in the Gateway API's experimental channel only")
			}
		}
	}
	for i := range w.s.Services {
		s := &w.s.Services[i]
		onlyGRPC := !slices.ContainsFunc(s.Ports, func(p spec.Port) bool { return p.Protocol == spec.HTTP || p.Protocol == spec.HTTP2 })
		carried := w.sidecar() || w.ambient() && !onlyGRPC || w.gatewayAPI() && len(s.Hosts) > 0 && !onlyGRPC
		if s.Timeout != 0 && carried && !timed[s.Name] {
			w.model(s, "nothing carries its timeout of %s", time.Duration(s.Timeout))
		}
		if s.Retries != nil && w.sidecar() && !retried[s.Name] {
			w.model(s, "nothing carries its retries")
		}
	}
}

func hostOf(r manifest.VirtualRoute) string {
	if len(r.Route) == 0 {
		return ""
	}
	return r.Route[0].Destination.Host
}

func (w *world) checkBudget(o *manifest.Object, s *spec.Service, timeout string, attempts *int, perTry string) {
	parse := func(what, text string) time.Duration {
		if text == "" {
			return 0
		}
		d, err := time.ParseDuration(text)
		if err != nil {
			w.at(o, "%s of %s: %q is no duration", what, s.Name, text)
		}
		return d
	}
	whole, each := parse("timeout", timeout), parse("perTryTimeout", perTry)
	if whole != time.Duration(s.Timeout) {
		w.at(o, "timeout of %s is %s, want %s", s.Name, whole, time.Duration(s.Timeout))
	}
	tries := 1
	if attempts != nil {
		tries = *attempts
	}
	if whole > 0 && time.Duration(tries)*each > whole {
		w.at(o, "%d tries of %s exceed the timeout of %s", tries, each, whole)
	}
	if s.Retries != nil && attempts != nil && *attempts > 0 && each != time.Duration(s.Retries.PerTryTimeout) {
		w.at(o, "perTryTimeout of %s is %s, want %s", s.Name, each, time.Duration(s.Retries.PerTryTimeout))
	}
}
