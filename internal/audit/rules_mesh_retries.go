package audit

import (
	"fmt"
	"regexp"
	"time"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var retriesExceedTimeout = &Rule{
	ID: "SM14", Severity: diag.Warning,
	Title:       "Retries do not fit into the timeout",
	Items:       []string{"C8"},
	Constraints: []string{"K17"},
	Doc: `A route's timeout covers all tries of a request together (Istio, "VirtualService": HTTPRetry), so that ` + "`attempts`" + ` times ` + "`perTryTimeout`" + ` is to be at most the
timeout: beyond that the last tries never end, callers wait for the whole timeout all the same, and what is called does the work in
vain. Of a route of the Gateway API, ` + "`timeouts.backendRequest`" + ` may not be more than ` + "`timeouts.request`" + ` (Gateway API, "HTTPRouteTimeouts"), and its
experimental retries count alike. A Flagger Canary says the same in its service. Without a timeout, or one of 0, there is no limit to exceed.

Raise the timeout, or lower attempts or perTryTimeout.`,
	check: func(c *Check) {
		m := c.mesh()
		for _, r := range m.virtualRoutes() {
			m.budget(r.Object, r.at(), r.Timeout, r.Retries)
		}
		for _, canary := range inventory.All[manifest.Canary](c.Inventory) {
			s := canary.V.Spec.Service
			if canary.V.Spec.Provider == "" || canary.V.Spec.Provider == "istio" {
				m.budget(canary.Object, Field("spec", "service"), s.Timeout, s.Retries)
			}
		}
		for _, r := range inventory.All[manifest.Route](c.Inventory) {
			for i, rule := range r.V.Spec.Rules {
				m.routeBudget(r.Object, i, rule)
			}
		}
	},
}

// budget judges the timeout and the retries that stand at a path.
func (m *mesh) budget(o *manifest.Object, path []any, timeout string, retries *manifest.IstioRetries) {
	if timeout == "" || retries == nil || retries.PerTryTimeout == "" {
		return
	}
	attempts := 2 // Istio's, where they are left out
	if retries.Attempts != nil {
		attempts = *retries.Attempts
	}
	whole, ok := m.duration(o, timeout)
	each, also := m.duration(o, retries.PerTryTimeout)
	if !ok || !also || attempts < 1 {
		return
	}
	m.Looked()
	if whole > 0 && time.Duration(attempts)*each > whole {
		m.Report(o, append(path, "retries", "perTryTimeout"), fmt.Sprintf("write perTryTimeout: %s or less, or timeout: %s or more", whole/time.Duration(attempts), time.Duration(attempts)*each),
			"%d attempts of %s take %s, and the timeout of the whole request is %s", attempts, each, time.Duration(attempts)*each, whole)
	}
}

// routeBudget judges one rule of a route of the Gateway API.
func (m *mesh) routeBudget(o *manifest.Object, i int, rule manifest.RouteRule) {
	if rule.Timeouts == nil || rule.Timeouts.Request == "" || rule.Timeouts.BackendRequest == "" {
		return
	}
	whole, ok := m.duration(o, rule.Timeouts.Request)
	each, also := m.duration(o, rule.Timeouts.BackendRequest)
	if !ok || !also || whole == 0 {
		return
	}
	m.Looked()
	field := Field("spec", "rules", i, "timeouts", "backendRequest")
	tries := 1
	if rule.Retry != nil && rule.Retry.Attempts != nil {
		tries = max(1, *rule.Retry.Attempts)
	}
	switch {
	case each > whole:
		m.Report(o, field, fmt.Sprintf("write backendRequest: %s or less", whole), "one try may take %s, and the whole request %s: the API server refuses that", each, whole)
	case time.Duration(tries)*each > whole:
		m.Report(o, field, fmt.Sprintf("write backendRequest: %s or less, or request: %s or more", whole/time.Duration(tries), time.Duration(tries)*each),
			"%d tries of %s take %s, and the timeout of the whole request is %s", tries, each, time.Duration(tries)*each, whole)
	}
}

// durations are written as numbers with units (protobuf's JSON has seconds alone,
// and Istio and the Gateway API take Go's).
var durations = regexp.MustCompile(`^([0-9.]+(h|m|s|ms|us|ns))+$`)

func (m *mesh) duration(o *manifest.Object, text string) (time.Duration, bool) {
	d, err := time.ParseDuration(text)
	if err != nil || !durations.MatchString(text) {
		m.Skip(o.Ref(), "%q is no duration", text)
		return 0, false
	}
	return d, true
}
