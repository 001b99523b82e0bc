package gen_test

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

var authzConstraints = []constraint{
	{"K18", "a DestinationRule's TLS fits what the pods accept", checkClientTLS},
	{"K19", "AuthorizationPolicies let in the declared callers and nobody else", checkAuthorized},
	{"K28", "mutual TLS is strict except on ports where a party without it must get in", checkMutualTLS},
}

// identity is who asks, as the mesh sees it. Without a mesh there is no
// principal and no namespace.
type identity struct {
	namespace, account string
	ip                 string
}

func (i identity) principal() string {
	if i.account == "" {
		return ""
	}
	// The trust domain is istiod's (cluster.local unless meshConfig says so),
	// whatever the cluster's DNS domain.
	return "cluster.local/ns/" + i.namespace + "/sa/" + i.account
}

// plaintext is a party without a mesh identity, at an address.
func plaintext(ip string) identity { return identity{ip: ip} }

// authorized evaluates ALLOW and DENY policies for one proxy (Istio
// "authorization policy precedence"): any matching DENY denies; without an
// ALLOW policy all is allowed; otherwise one must match.
func authorized(policies []item[manifest.AuthorizationPolicy], who identity, port int) bool {
	allows, allowed := false, false
	for _, p := range policies {
		matches := slices.ContainsFunc(p.v.Spec.Rules, func(r manifest.AuthRule) bool { return ruleMatches(r, who, port) })
		switch p.v.Spec.Action {
		case "DENY":
			if matches {
				return false
			}
		case "", "ALLOW":
			allows, allowed = true, allowed || matches
		}
	}
	return !allows || allowed
}

func ruleMatches(r manifest.AuthRule, who identity, port int) bool {
	from := len(r.From) == 0
	for _, f := range r.From {
		from = from || sourceMatches(f.Source, who)
	}
	to := len(r.To) == 0
	for _, t := range r.To {
		o := t.Operation
		number := strconv.Itoa(port)
		to = to || (len(o.Ports) == 0 || slices.Contains(o.Ports, number)) && !slices.Contains(o.NotPorts, number)
	}
	return from && to
}

func sourceMatches(s manifest.AuthSource, who identity) bool {
	ok := true
	list := func(patterns []string, value string, negate bool) {
		if len(patterns) > 0 {
			ok = ok && slices.ContainsFunc(patterns, func(p string) bool { return wildcard(p, value) }) != negate
		}
	}
	list(s.Principals, who.principal(), false)
	list(s.NotPrincipals, who.principal(), true)
	list(s.Namespaces, who.namespace, false)
	list(s.NotNamespaces, who.namespace, true)
	if len(s.ServiceAccounts) > 0 {
		ok = ok && who.account != "" && (slices.Contains(s.ServiceAccounts, who.namespace+"/"+who.account))
	}
	if len(s.IPBlocks) > 0 {
		ok = ok && who.ip != "" && slices.ContainsFunc(s.IPBlocks, func(b string) bool {
			prefix, err := netip.ParsePrefix(b)
			return err == nil && prefix.Contains(netip.MustParseAddr(who.ip))
		})
	}
	return ok
}

// wildcard is Istio's: exact, prefix*, *suffix, or * for anything present.
func wildcard(pattern, value string) bool {
	switch {
	case pattern == "*":
		return value != ""
	case strings.HasPrefix(pattern, "*"):
		return strings.HasSuffix(value, pattern[1:])
	case strings.HasSuffix(pattern, "*"):
		return strings.HasPrefix(value, pattern[:len(pattern)-1])
	}
	return pattern == value
}

// atPod are the policies that a pod's own proxy, sidecar or ztunnel, enforces.
func (w *world) atPod(labels map[string]string) []item[manifest.AuthorizationPolicy] {
	var out []item[manifest.AuthorizationPolicy]
	for _, p := range all[manifest.AuthorizationPolicy](w) {
		if len(p.v.Spec.TargetRefs) > 0 || p.Namespace != w.s.Namespace && p.Namespace != w.s.Mesh.Namespace {
			continue
		}
		if p.v.Spec.Selector == nil || p.v.Spec.Selector.Matches(labels) {
			out = append(out, p)
		}
	}
	return out
}

// atWaypoint are the policies that a waypoint enforces for one Service.
func (w *world) atWaypoint(name, service string) []item[manifest.AuthorizationPolicy] {
	var out []item[manifest.AuthorizationPolicy]
	for _, p := range all[manifest.AuthorizationPolicy](w) {
		if p.Namespace == w.s.Namespace && slices.ContainsFunc(p.v.Spec.TargetRefs, func(r manifest.TargetRef) bool {
			return r.Kind == "Service" && r.Name == service || r.Kind == "Gateway" && r.Name == name
		}) {
			out = append(out, p)
		}
	}
	return out
}

// doorIdentities are the identities that Istio's own gateway can have: the
// account that the Gateway's deployment makes, or the Helm chart's.
func (w *world) doorIdentities() []identity {
	c := w.s.Ingress.Controller
	var out []identity
	for _, g := range w.frontGateways() {
		out = append(out, identity{g.Namespace, g.Name + "-istio", ""})
	}
	if len(out) == 0 {
		out = append(out, identity{c.Namespace, "istio-ingressgateway-service-account", ""})
	}
	return out
}

func checkAuthorized(w *world) {
	if !w.mesh() {
		return
	}
	for _, p := range w.pods {
		open := w.plaintextPorts(p.service)
		for i, port := range p.service.Ports {
			if transportOf(port.Protocol) == "TCP" {
				w.checkCallers(p, i, open)
			}
		}
		for port, parties := range open {
			for _, who := range parties {
				for _, ip := range who.ips {
					if !authorized(w.atPod(p.workload.Labels), plaintext(ip), port) {
						w.model(p.service, "%s (%s) is not authorized on port %d", who.name, ip, port)
					}
				}
			}
		}
		if authorized(w.atPod(p.workload.Labels), identity{"elsewhere", "stray", "10.0.0.9"}, 1) {
			w.model(p.service, "anyone is authorized on a port that nobody declares")
		}
	}
	if w.ambient() && w.certificatesHere() {
		solver := map[string]string{"acme.cert-manager.io/http01-solver": "true"}
		who := []identity{plaintext("10.99.99.99")}
		if w.frontDoorInMesh() {
			who = w.doorIdentities()
		}
		for _, id := range who {
			if len(w.frontDoors()) > 0 && !authorized(w.atPod(solver), id, 8089) {
				w.fault("-", "solver", "the front door is not authorized at the certificate's solver pods")
			}
		}
	}
	if w.frontDoorInMesh() {
		for _, g := range w.frontGateways() {
			w.checkGatewayAuthorized(g)
		}
	}
	for _, p := range all[manifest.AuthorizationPolicy](w) {
		if p.v.Spec.Selector != nil && len(p.v.Spec.TargetRefs) > 0 {
			w.at(p.Object, "has both a selector and targetRefs")
		}
	}
}

// checkGatewayAuthorized: a policy for a whole namespace is for the gateways
// that run in it too, and clients from outside have no identity.
func (w *world) checkGatewayAuthorized(g item[manifest.Gateway]) {
	if g.Namespace != w.s.Namespace {
		return
	}
	policies := w.atPod(map[string]string{"gateway.networking.k8s.io/gateway-name": g.Name})
	for _, p := range all[manifest.AuthorizationPolicy](w) {
		if p.Namespace == g.Namespace && slices.ContainsFunc(p.v.Spec.TargetRefs, func(r manifest.TargetRef) bool { return r.Kind == "Gateway" && r.Name == g.Name }) {
			policies = append(policies, p)
		}
	}
	for _, l := range g.v.Spec.Listeners {
		if !authorized(policies, plaintext("198.51.100.77"), l.Port) {
			w.at(g.Object, "clients from outside are not authorized on port %d", l.Port)
		}
	}
}

// checkCallers asks for everyone at one port of one pod.
func (w *world) checkCallers(p *pod, index int, open map[int][]party) {
	s, port := p.service, containerPort(p.service.Ports[index], index)
	point := w.waypoint(s)
	ask := func(what string, who identity, want, throughWaypoint bool) {
		got := authorized(w.atPod(p.workload.Labels), who, port)
		if throughWaypoint {
			got = authorized(w.atWaypoint(point, s.Name), who, int(s.Ports[index].Port)) &&
				authorized(w.atPod(p.workload.Labels), identity{w.s.Namespace, point, ""}, port)
		}
		switch {
		case want && !got:
			w.model(s, "%s (%s) is declared on port %d and not authorized", what, who.principal(), port)
		case !want && got && open[port] == nil:
			w.model(s, "%s (%s) is authorized on port %d and not declared", what, who.principal(), port)
		case !want && got && throughWaypoint && w.waypointUsed(s):
			w.model(s, "%s (%s) is authorized on port %d at the waypoint and not declared", what, who.principal(), port)
		}
	}
	for i := range w.s.Services {
		a := &w.s.Services[i]
		want := a != s && w.accountDeclared(a.ServiceAccount, s, index)
		ask("caller "+a.Name, identity{w.s.Namespace, a.ServiceAccount, ""}, want, point != "")
		if point != "" && open[port] == nil && a.ServiceAccount != point {
			ask("caller "+a.Name+", past the waypoint,", identity{w.s.Namespace, a.ServiceAccount, ""}, false, false)
		}
	}
	for _, c := range s.Callers {
		account := c.ServiceAccount
		if account == "" {
			account = "any"
		}
		want := slices.ContainsFunc(s.Callers, func(o spec.Caller) bool {
			return o.Namespace == c.Namespace && (o.ServiceAccount == "" || o.ServiceAccount == account) && slices.Contains(portsFor(s, o.Port), index)
		})
		ask("the caller of "+c.Namespace, identity{c.Namespace, account, ""}, want, point != "")
	}
	ask("a stranger", identity{"elsewhere", "stray", ""}, false, point != "")
	if w.frontDoorInMesh() {
		exposed := slices.Contains(w.exposedPorts(s), index)
		for _, door := range w.doorIdentities() {
			ask("the front door", door, exposed, w.ingressUsesWaypoint(s))
		}
	}
}

// accountDeclared: services that share an account share what they may call.
func (w *world) accountDeclared(account string, callee *spec.Service, index int) bool {
	for i := range w.s.Services {
		a := &w.s.Services[i]
		if a.ServiceAccount == account && a != callee && slices.Contains(w.declared(a, callee), index) {
			return true
		}
	}
	return false
}
