package audit

import (
	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var limitOfOne = &Rule{
	ID: "SM19", Severity: diag.Warning,
	Title:       "A circuit breaker refuses the second request",
	Items:       []string{"C8"},
	Constraints: []string{"K16"},
	Reads:       []Need{NeedsMesh},
	Doc: `The limits of a DestinationRule's connection pools hold for each caller's proxy by itself. A limit of one, as demonstrations of circuit
breaking set it to see the breaker trip, lets one request wait or one connection be open: two callers at a time are enough for 503 with the flag
UO (Istio, "Circuit Breaking"; Envoy, "Circuit breaking"). Looked at are ` + "`tcp.maxConnections`, `http.http1MaxPendingRequests` and `http.http2MaxRequests`" + `, of
the host, its subsets and its ports; requests of gRPC and HTTP/2 are bounded by the last alone.

Derive the limits from what the callee bears: the requests that come at the same time, with room to spare; 100 is a fair beginning. A
callee that really takes one connection at a time is a reason to suppress the finding.`,
	check: func(c *Check) {
		for _, r := range inventory.All[manifest.DestinationRule](c.Inventory) {
			c.limits(r.Object, r.V.Spec.TrafficPolicy, "spec", "trafficPolicy")
			for i, subset := range r.V.Spec.Subsets {
				c.limits(r.Object, subset.TrafficPolicy, "spec", "subsets", i, "trafficPolicy")
			}
		}
	},
}

// limits judges the pools of a traffic policy, and of its ports.
func (c *Check) limits(o *manifest.Object, policy *manifest.TrafficPolicy, at ...any) {
	if policy == nil {
		return
	}
	one := func(path []any, name string) {
		c.Report(o, append(path, name), "derive it from how many requests come at the same time; 100 is a fair beginning", "%s: 1 refuses whoever comes while one is under way", name)
	}
	if pool := policy.ConnectionPool; pool != nil {
		c.Looked()
		path := append(at[:len(at):len(at)], "connectionPool")
		if pool.TCP != nil && pool.TCP.MaxConnections == 1 {
			one(append(path[:len(path):len(path)], "tcp"), "maxConnections")
		}
		if pool.HTTP != nil && pool.HTTP.HTTP1MaxPendingRequests == 1 {
			one(append(path[:len(path):len(path)], "http"), "http1MaxPendingRequests")
		}
		if pool.HTTP != nil && pool.HTTP.HTTP2MaxRequests == 1 {
			one(append(path[:len(path):len(path)], "http"), "http2MaxRequests")
		}
	}
	for i := range policy.PortLevel {
		for _, limit := range [][]string{{"tcp", "maxConnections"}, {"http", "http1MaxPendingRequests"}, {"http", "http2MaxRequests"}} {
			path := append(at[:len(at):len(at)], "portLevelSettings", i, "connectionPool", limit[0])
			if c.Looked(); isOne(o, append(path[:len(path):len(path)], limit[1])) {
				one(path, limit[1])
			}
		}
	}
}

// isOne reports whether the number 1 stands at a path of an object.
func isOne(o *manifest.Object, path []any) bool {
	v, err := o.Value()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			v, _ = v.Field(step)
		case int:
			if step >= len(v.Items) {
				return false
			}
			v = v.Items[step]
		}
	}
	return err == nil && (v.Scalar == 1 || v.Scalar == int64(1) || v.Scalar == uint64(1))
}
