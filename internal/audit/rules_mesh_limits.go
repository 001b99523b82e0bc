package audit

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var limitOfOne = &Rule{
	ID: "SM19", Severity: diag.Warning,
	Title:       "A circuit breaker has a limit of one",
	Items:       []string{"C8"},
	Constraints: []string{"K16"},
	Reads:       []Need{NeedsMesh},
	Doc: `The limits of a DestinationRule's connection pools hold for each caller's proxy by itself. A limit of one, as demonstrations of circuit
breaking set it to see the breaker trip, turns a few callers at a time away with 503 and the flag UO (Istio, "Circuit Breaking"; Envoy,
"Circuit breaking"). Looked at, of the host, its subsets and its ports, are ` + "`http.http2MaxRequests`" + `, the requests under way, and
` + "`http.http1MaxPendingRequests`" + `, those that wait for a connection: both are for HTTP/1.1 and HTTP/2 alike, whatever they are called (istio.io/api
v1.31, ConnectionPoolSettings.HTTPSettings). With ` + "`tcp.maxConnections: 1`" + ` alone requests of HTTP wait and are not refused: it is a finding for
ports that are TCP or TLS, where the second connection is, and together with one pending request.

Derive the limits from what the callee bears: the requests that come at the same time, with room to spare; 100 is a fair beginning. A
callee that really takes one connection at a time is a reason to suppress the finding.`,
	check: func(c *Check) {
		m := c.mesh()
		for _, r := range inventory.All[manifest.DestinationRule](c.Inventory) {
			p := &pools{Check: c, Item: r, host: m.host(r.V.Spec.Host, r.Namespace)}
			p.judge(r.V.Spec.TrafficPolicy, "spec", "trafficPolicy")
			for i, subset := range r.V.Spec.Subsets {
				p.judge(subset.TrafficPolicy, "spec", "subsets", i, "trafficPolicy")
			}
		}
	},
}

// pools are the connection pools of a DestinationRule.
type pools struct {
	*Check
	inventory.Item[manifest.DestinationRule]
	host meshHost
}

// judge judges the pool of a traffic policy, which is for the ports without
// settings of their own, and the pools of those.
func (p *pools) judge(policy *manifest.TrafficPolicy, at ...any) {
	if policy == nil {
		return
	}
	own := map[int]bool{}
	for i, l := range policy.PortLevel {
		own[l.Port.Number] = true
		p.pool(func(number int) bool { return number == l.Port.Number }, append(slices.Clone(at), "portLevelSettings", i, "connectionPool"))
	}
	if policy.ConnectionPool != nil {
		p.pool(func(number int) bool { return !own[number] }, append(slices.Clone(at), "connectionPool"))
	}
}

// pool judges one pool, which is for some of the host's ports.
func (p *pools) pool(isFor func(number int) bool, at []any) {
	p.Looked()
	one := func(steps ...any) bool { return isOne(p.Object, append(slices.Clone(at), steps...)) }
	report := func(section, name, outcome string) {
		p.Report(p.Object, append(slices.Clone(at), section, name), "derive it from how many come at the same time; 100 is a fair beginning", "%s: 1 %s", name, outcome)
	}
	pending := one("http", "http1MaxPendingRequests")
	if one("tcp", "maxConnections") {
		if pending {
			report("tcp", "maxConnections", "with one pending request refuses whoever comes while one is under way and one waits")
		} else if port := p.plainTCP(isFor); port != "" {
			report("tcp", "maxConnections", "refuses the second connection to port "+port)
		}
	}
	if pending {
		report("http", "http1MaxPendingRequests", "refuses whoever comes while one waits for a connection")
	}
	if one("http", "http2MaxRequests") {
		report("http", "http2MaxRequests", "refuses whoever comes while one is under way")
	}
}

// plainTCP is the first of some ports of the host whose connections a proxy
// passes on without taking them for HTTP, "" where there is none.
func (p *pools) plainTCP(isFor func(number int) bool) string {
	s := p.host.Service
	if s == nil {
		p.Skip(p.Ref(), "the Service %s is not given: whether a limit of one connection refuses any depends on what its ports speak", p.V.Spec.Host)
		return ""
	}
	guessed := ""
	for _, q := range s.V.Spec.Ports {
		if !isFor(q.Port) || q.Transport() != "TCP" {
			continue
		}
		said := spoken[strings.ToLower(q.AppProtocol)]
		if said == "" {
			said = spoken[byName(q.Name)]
		}
		_, database := databases[q.Target().Number]
		switch {
		case said == "TCP", said == "TLS", said == "" && database:
			return portText(q)
		case said == "":
			guessed = portText(q)
		}
	}
	if guessed != "" {
		p.Skip(p.Ref(), "port %s does not say what it speaks, and a limit of one connection refuses those that are not HTTP", guessed)
	}
	return ""
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
