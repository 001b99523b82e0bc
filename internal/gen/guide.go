package gen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// Mermaid draws who talks to whom, as the text of a Mermaid flowchart. Nodes
// are numbered, because Mermaid gives some words a meaning ("end").
func (a *App) Mermaid() string {
	var b strings.Builder
	b.WriteString("flowchart LR")
	line := func(format string, args ...any) { fmt.Fprintf(&b, "\n  "+format, args...) }
	ids := map[string]string{}
	// Services and the outside are kept apart: a host may be called like a service.
	node := func(key, shape string) string {
		id, known := ids[shape+key]
		if !known {
			id = fmt.Sprintf("n%d", len(ids))
			ids[shape+key] = id
			line(shape, id, key)
		}
		return id
	}
	const inside, outside = "%s[\"%s\"]", "%s([\"%s\"])"
	for _, s := range a.Services {
		node(s.Name, inside)
	}
	for _, s := range a.Services {
		to := node(s.Name, inside)
		for _, h := range s.Service.Hosts {
			line("%s -->|%s| %s", node(h, outside), s.doorText(), to)
		}
		if s.Type == spec.LoadBalancer {
			for _, block := range s.LoadBalancer.SourceRanges {
				line("%s -->|%s| %s", node(block, outside), protocols(s.Ports), to)
			}
		}
		for _, c := range s.Outside {
			line("%s -->|%s| %s", node(c.Namespace+"/"+labelText(c.PodLabels), outside), protocols(s.PortsFor(c.Port)), to)
		}
	}
	for _, s := range a.Services {
		from := node(s.Name, inside)
		for _, e := range s.CallsTo {
			label := protocols(e.Ports)
			if c := e.Peer.Canary; c != nil && c.Owned() {
				label += " " + strings.Join(c.Versions(), " / ")
			} else if c != nil && c.Pinned() {
				label += " " + c.Stable
			} else if c != nil {
				label += fmt.Sprintf(" %s %d%% / %s %d%%", c.Stable, 100-c.Weight, c.Version, c.Weight)
			}
			line("%s -->|%s| %s", from, label, node(e.Peer.Name, inside))
		}
		for _, c := range s.Calls {
			if c.Namespace != "" {
				line("%s -->|%s| %s", from, c.Port.Text(), node(c.Namespace+"/"+c.Service, outside))
			}
		}
		for _, e := range s.Egress {
			var ports []string
			for _, p := range e.Ports {
				ports = append(ports, fmt.Sprint(p))
			}
			line("%s -->|%s| %s", from, strings.Join(ports, ", "), node(e.Host+e.CIDR, outside))
		}
	}
	return b.String()
}

// doorText says how the front door serves the service.
func (s *Service) doorText() string {
	switch {
	case s.Passthrough():
		return "tls"
	case s.App.Ingress.TLS != nil:
		return "https"
	}
	return "http"
}

func labelText(m map[string]string) string {
	if m == nil {
		return "*"
	}
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, k+"="+m[k])
	}
	return strings.Join(parts, ", ")
}

// protocols names ports in a label: 8080 http.
func protocols(ports []spec.Port) string {
	var out []string
	for _, p := range ports {
		out = append(out, fmt.Sprintf("%d %s", p.Port, p.Protocol))
	}
	return strings.Join(out, ", ")
}

// PortsText lists the service's ports for a table.
func (s *Service) PortsText() string { return orDash(protocols(s.Ports)) }

// CallersText lists who calls it.
func (s *Service) CallersText() string {
	var out []string
	for _, e := range s.CalledBy {
		out = append(out, e.Peer.Name)
	}
	for _, c := range s.Outside {
		out = append(out, c.Namespace+"/"+labelText(c.PodLabels))
	}
	return orDash(strings.Join(out, ", "))
}

// HostsText says where the outside finds it.
func (s *Service) HostsText() string {
	out := slices.Clone(s.Service.Hosts)
	if s.Type == spec.LoadBalancer {
		out = append(out, "load balancer")
	}
	return orDash(strings.Join(out, ", "))
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// Needs lists what has to be in the cluster before this can be applied.
func (a *App) Needs() []string {
	out := []string{"a network plugin that enforces NetworkPolicies"}
	if a.Meshed() {
		mode := "with sidecar injection"
		if a.Ambient() {
			mode = "in ambient mode"
		}
		out = append(out, fmt.Sprintf("Istio %s, its control plane in namespace `%s`", mode, a.Mesh.Namespace))
	}
	if len(a.Exposed()) > 0 {
		what := "ingress class"
		if a.UsesGateway() {
			what = "the CRDs of Gateway API 1.6 or newer (standard channel) and the gateway class"
		}
		need := fmt.Sprintf("%s `%s`", what, a.Ingress.Class)
		if ns := a.Ingress.Controller.Namespace; ns != "" {
			need += fmt.Sprintf(", its proxies in namespace `%s`", ns)
		}
		out = append(out, need)
		if a.UsesIngress() && a.Ingress.Class == "traefik" {
			out = append(out, "Traefik's `providers.kubernetesIngress.strictPrefixMatching: true`, without which `/api` also takes `/apiary`")
		}
		if tls := a.Ingress.TLS; tls != nil {
			switch {
			case tls.ClusterIssuer != "":
				out = append(out, fmt.Sprintf("cert-manager in namespace `cert-manager`, with the ClusterIssuer `%s`", tls.ClusterIssuer))
			case tls.Issuer != "":
				out = append(out, fmt.Sprintf("cert-manager in namespace `cert-manager`, with the Issuer `%s` in namespace `%s`", tls.Issuer, a.Namespace))
			default:
				out = append(out, fmt.Sprintf("the Secret `%s` in namespace `%s`, with a certificate for every host above", tls.SecretName, a.Namespace))
			}
		}
	}
	if a.Meshed() {
		var outside []string
		for _, s := range a.Services {
			for _, c := range s.Outside {
				if name := "`" + c.Namespace + "`"; !slices.Contains(outside, name) {
					outside = append(outside, name)
				}
			}
		}
		if len(outside) > 0 {
			out = append(out, "callers from "+enumerate(outside)+" in the mesh as well: without an identity they are refused")
		}
	}
	for _, s := range a.Services {
		if vs := s.Versions(); len(vs) > 0 && !s.Canary.Owned() {
			var labels []string
			for _, v := range vs {
				labels = append(labels, "`version: "+v.Name+"`")
			}
			out = append(out, fmt.Sprintf("the pods of `%s` labelled %s", s.Name, strings.Join(labels, " and ")))
		}
	}
	out = append(out, a.ownerNeeds()...)
	out = append(out,
		fmt.Sprintf("the Prometheus Operator and kube-state-metrics; Prometheus in namespace `%s`, where its ServiceAccount is `%s`", a.Monitoring.Namespace, a.Monitoring.ServiceAccount),
		fmt.Sprintf("the workloads in namespace `%s`, their pods labelled as the Services select them and each with its own ServiceAccount", a.Namespace))
	return out
}

// Runbook says what an alert means and what to look at.
type Runbook struct {
	Name, Meaning string
	Steps         []string
}

// Runbooks are those of the alerts that this repository has, in whatever environment.
func (a *App) Runbooks() []Runbook {
	used := map[string]bool{}
	a.alertNames(used)
	for _, e := range a.Environments {
		e.App.alertNames(used)
	}
	var out []Runbook
	for _, r := range runbooks {
		if used[r.Name] {
			out = append(out, r)
		}
	}
	return out
}

func (a *App) alertNames(into map[string]bool) {
	for _, al := range a.PlatformAlerts() {
		into[al.Name] = true
	}
	for _, s := range a.Services {
		for _, w := range s.watches() {
			into[w.name] = true
		}
	}
}

var runbooks = []Runbook{
	{"CanaryErrorsHigh", "The new version fails more than twice as often as the stable one.", []string{
		"Set the canary's weight in kgen.yaml to 0 and run `kgen generate`; apply.",
		"Compare the logs of both versions for the same requests.",
	}},
	{"CertificateExpiresSoon", "cert-manager renews a certificate a month before it expires; this one is overdue.", []string{
		"`kubectl describe certificate` in the namespace, then the CertificateRequest, Order and Challenge that it names.",
		"With HTTP-01, see that the front door reaches the solver pod on port 8089 (allow-acme-solver).",
	}},
	{"CircuitBreakerOpen", "Callers are refused before they reach the service: UO means its limits are full, UH that every pod is ejected.", []string{
		"Look at the response flags of the refused requests to tell the two apart.",
		"Limits: is the load real? Then add replicas, or raise circuitBreaker in kgen.yaml. Ejections: the pods fail; read their logs.",
	}},
	{"DNSErrorsHigh", "The cluster's DNS answers SERVFAIL.", []string{
		"Look at the DNS pods' logs and at the upstream resolvers that they forward to.",
		"If lookups time out instead, compare allow-dns with where DNS really runs (dns in kgen.yaml).",
	}},
	{"FrontDoorErrorsHigh", "Requests from outside fail at the service.", []string{
		"Ask the service from inside the cluster: if that works, look at the front door's own logs.",
		"Look for missing endpoints and for a recent change of the route.",
	}},
	{"FrontDoorLatencyHigh", "Requests from outside take too long.", []string{
		"Compare with the service's own metrics to tell the network from the application.",
	}},
	{"MeshRootCertificateExpiresSoon", "The certificate that signs every identity of the mesh is about to expire.", []string{
		"Rotate it as Istio's \"Plug in CA certificates\" describes, before it does.",
	}},
	{"ScrapeDown", "Prometheus gets no metrics from the service.", []string{
		"Look at the target's error on Prometheus' targets page.",
		"Connection refused: the pod does not serve there. Timeout: compare the policy's scrape rule with Prometheus' labels. Not listed: compare the monitor's labels with what Prometheus selects.",
	}},
	{"ServiceErrorBudgetBurn", "The service uses up its error budget faster than its objective allows.", []string{
		"See when it began and what was deployed then; take it back if in doubt.",
		"See which of its callees fail at the same time.",
	}},
	{"ServiceErrorsHigh", "More than one request in twenty fails.", []string{
		"See when it began and what was deployed then; take it back if in doubt.",
		"See which of its callees fail at the same time.",
	}},
	{"ServiceLatencyHigh", "The slowest requests are slower than they may be.", []string{
		"Compare with the latency of its callees.",
		"Look at CPU throttling and at the requests that wait for a connection (circuitBreaker.maxPendingRequests).",
	}},
	{"ServiceTrafficAbsent", "Nobody has called the service for half an hour, though it has callers.", []string{
		"Ask it from a caller's pod: a refusal by name is a route, a 403 an authorization policy, a timeout a NetworkPolicy.",
		"If silence is normal here, silence it where alerts are routed.",
	}},
	{"ServiceWithoutEndpoints", "The Service selects no ready pod.", []string{
		"Compare the Service's selector with the labels of the pods.",
		"If they match, the pods are not ready: read their events and probes.",
	}},
}
