package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var noBreaker = &Rule{
	ID: "SM09", Severity: diag.Warning,
	Title:       "A service that is called has no circuit breaker",
	Items:       []string{"C8"},
	Constraints: []string{"K16"},
	Reads:       []Need{NeedsMesh, NeedsPods},
	Doc: `Each Service that pods of the mesh call, by kgen.yaml or by a container's variable, is to have a DestinationRule whose trafficPolicy bounds what
callers send (` + "`connectionPool`" + `) and leaves failing pods alone (` + "`outlierDetection`" + `): Istio's own limits are practically none, and without outlier
detection every pod gets its share however it fails (Istio, "Circuit breaking"). A rule for a wildcard host counts, as do the subsets'
own policies where every subset has one, and a Flagger Canary's. In ambient mode ztunnel breaks no circuits, so that only Services with a
waypoint are looked at; a caller outside the mesh heeds no DestinationRule.

Write the DestinationRule that the finding shows, with numbers from what the service can bear.`,
	check: func(c *Check) {
		m := c.mesh()
		n := c.network()
		judged := map[string]bool{}
		for _, e := range c.Edges() {
			if e.To == nil || !slices.ContainsFunc(e.Ports, isTCP) || !n.heedsRules(e) {
				continue
			}
			h, ok := m.called(e)
			if !ok || judged[h.key] {
				continue
			}
			judged[h.key] = true
			c.Looked()
			m.judgeBreaker(h, n.groupOf(e.From.Endpoint()))
		}
		if len(judged) == 0 {
			c.Skip("", "no pod of the mesh is known to call a Service that is given")
		}
	},
}

// called is the host by which an edge's caller calls.
func (m *mesh) called(e inventory.Edge) (meshHost, bool) {
	if e.Service != nil {
		return m.host(e.Service.Name+"."+e.Service.Namespace+".svc."+m.domain(), e.Service.Namespace), true
	}
	if e.To.Service != nil {
		h := m.host(e.To.Service.Name+"."+e.To.Namespace+".svc."+m.domain(), e.To.Namespace)
		return h, m.made[h.key] != nil
	}
	return meshHost{}, false
}

// heedsRules reports whether the caller's side of an edge has a proxy that
// carries DestinationRules out.
func (n *network) heedsRules(e inventory.Edge) bool {
	switch e.From.Mesh {
	case reach.Sidecar, reach.Gateway:
		return true
	case reach.Ambient:
		return n.waypointOf(e) != nil
	}
	return false
}

func (m *mesh) judgeBreaker(h meshHost, caller string) {
	rules := slices.Clone(m.rules[h.key])
	canary := m.made[h.key]
	if canary != nil && m.versioned[h.key] == "" {
		if tp := canary.V.Spec.Service.TrafficPolicy; tp != nil && tp.OutlierDetection != nil {
			return
		}
		// Flagger sends to the hosts of its two Services.
		for _, twin := range []string{"primary", "canary"} {
			rules = append(rules, m.rules[serviceKey(h.Namespace, h.Name+"-"+twin)]...)
		}
	}
	if len(rules) == 0 {
		for _, d := range m.wild {
			if strings.HasSuffix("."+m.full(h), strings.TrimPrefix(d.V.Spec.Host, "*")) {
				rules = append(rules, d)
			}
		}
	}
	pool, outlier := false, false
	for _, d := range rules {
		p, o := breaks(d.V)
		pool, outlier = pool || p, outlier || o
	}
	if pool && outlier {
		return
	}
	policy := "connectionPool: {tcp: {maxConnections: 100, connectTimeout: 3s}}, outlierDetection: {consecutive5xxErrors: 5, interval: 10s, baseEjectionTime: 30s, maxEjectionPercent: 100}"
	switch {
	case len(rules) == 0 && canary != nil:
		m.Report(canary.Object, Field("spec", "service"), "write trafficPolicy: {"+strings.Replace(policy, "tcp: {maxConnections: 100, connectTimeout: 3s}", "http: {http1MaxPendingRequests: 100, http2MaxRequests: 200}", 1)+"}",
			"%s calls %s, which has no circuit breaker", caller, h.Name)
	case len(rules) == 0:
		m.Report(h.Service.Object, nil, fmt.Sprintf("write a DestinationRule: {host: %s, trafficPolicy: {%s}}", m.full(h), policy),
			"%s calls it, and no DestinationRule gives it a circuit breaker", caller)
	default:
		lacks := map[[2]bool]string{{false, false}: "neither connectionPool nor outlierDetection", {true, false}: "connectionPool, and no outlierDetection", {false, true}: "outlierDetection, and no connectionPool"}[[2]bool{pool, outlier}]
		m.Report(rules[0].Object, Field("spec", "trafficPolicy"), "write trafficPolicy: {"+policy+"}", "%s calls %s, and its circuit breaker has %s", caller, m.full(h), lacks)
	}
}

// breaks reports which halves of a circuit breaker a rule has for all of its host.
func breaks(d *manifest.DestinationRule) (pool, outlier bool) {
	has := func(tp *manifest.TrafficPolicy) (bool, bool) {
		return tp != nil && tp.ConnectionPool != nil, tp != nil && tp.OutlierDetection != nil
	}
	pool, outlier = has(d.Spec.TrafficPolicy)
	subPool, subOutlier := len(d.Spec.Subsets) > 0, len(d.Spec.Subsets) > 0
	for _, s := range d.Spec.Subsets {
		p, o := has(s.TrafficPolicy)
		subPool, subOutlier = subPool && p, subOutlier && o
	}
	return pool || subPool, outlier || subOutlier
}
