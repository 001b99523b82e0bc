package reach

import (
	"net/netip"
	"slices"
	"sync"
)

// HBONE is the port of ambient mode's tunnels.
const HBONE = 15008

// sidecarsOwn are the sidecar's own TCP ports, which it does not guard
// (istio.io/istio, cni/pkg/plugin/sidecar_redirect.go).
var sidecarsOwn = []int{15020, 15021, 15090}

// gatewayNameLabel ties a pod to its Gateway.
const gatewayNameLabel = "gateway.networking.k8s.io/gateway-name"

// ruling is what the mesh says of a source's TCP ports at one place: those that
// always pass, and those that pass for some requests.
type ruling struct{ yes, some Ports }

// any is the ports on which something may pass.
func (r ruling) any() Ports { return r.yes.Union(r.some) }

// within keeps some of the ports.
func (r ruling) within(p Ports) ruling { return ruling{r.yes.Intersect(p), r.some.Intersect(p)} }

// then is what passes here and there.
func (r ruling) then(o ruling) ruling {
	yes := r.yes.Intersect(o.yes)
	return ruling{yes, r.any().Intersect(o.any()).Minus(yes)}
}

// guard is the policies at one proxy, in Istio's order of precedence: CUSTOM,
// then DENY, then ALLOW.
type guard struct {
	custom, deny, allow []*authz
	opaque              Ports // not read as HTTP
	ztunnel             bool
	means               func(Ports) Ports // the container ports that a rule's ports stand for; nil: themselves
}

// judge gives what the policies say of a source. Where there is any ALLOW
// policy, what none of them matches is refused.
func (g *guard) judge(s source) ruling {
	all := func(policies []*authz) (yes, some Ports) {
		for _, a := range policies {
			for i := range a.rules {
				y, m := g.matches(a, i, s)
				yes, some = yes.Union(y), some.Union(m)
			}
		}
		return yes, some
	}
	yes, some := allTCP, Ports{}
	if len(g.allow) > 0 {
		yes, some = all(g.allow)
	}
	deniedYes, deniedSome := all(g.deny)
	askedYes, askedSome := all(g.custom)
	doubt := deniedSome.Union(askedYes).Union(askedSome)
	some = some.Union(yes.Intersect(doubt)).Minus(deniedYes)
	yes = yes.Minus(deniedYes).Minus(doubt)
	return ruling{yes, some.Minus(yes)}
}

func (g *guard) matches(a *authz, i int, s source) (yes, some Ports) {
	yes, some = a.matches(i, s, g.opaque, g.ztunnel)
	if g.means != nil {
		yes, some = g.means(yes), g.means(some)
	}
	return yes, some
}

// tell gives what the policies tell of a source with an identity.
func (g *guard) tell(s *source) string {
	var b []byte
	for _, list := range [][]*authz{g.custom, g.deny, g.allow} {
		for _, a := range list {
			b = append(a.names.tell(b, s), ';')
		}
	}
	return string(b)
}

func (g *guard) add(a *authz) {
	switch a.action {
	case allow:
		g.allow = append(g.allow, a)
	case deny:
		g.deny = append(g.deny, a)
	case custom:
		g.custom = append(g.custom, a)
	}
}

// meshRules is what the mesh says of what comes in at a workload.
type meshRules struct {
	guard     guard
	transport transportMode
	captured  Ports // what the mesh looks at
	strict    Ports // refused in plaintext
	disabled  Ports // spoken in plaintext

	mu     sync.Mutex
	judged map[sourceKey]ruling
}

// sourceKey is what the policies at one proxy tell of a source. Sources that no
// policy there names share one, so that what is kept follows the policies and
// not the number of workloads.
type sourceKey struct {
	told     string
	identity bool
	ip       netip.Addr
}

func (s *Set) meshRulesOf(w *Workload) *meshRules {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.rules[w]; ok {
		return r
	}
	r := &meshRules{captured: allTCP, judged: map[sourceKey]ruling{}}
	s.rules[w] = r
	switch w.Mesh {
	case Sidecar:
		var own []Port
		for _, number := range slices.Concat(sidecarsOwn, w.Uncaptured) {
			own = append(own, TCP(number))
		}
		r.captured = allTCP.Minus(PortsOf(own...))
	case Ambient:
		r.guard.ztunnel, r.guard.opaque = true, allTCP
	case Gateway:
	default: // nothing guards it; a waypoint guards Services
		r.captured = Ports{}
		return r
	}
	if w.Mesh != Ambient {
		r.guard.opaque = w.opaque()
	}
	if w.Mesh != Gateway {
		r.transport = s.transportOf(w)
		r.strict = r.transport.portsIn(strict).Intersect(r.captured)
		if w.Mesh == Sidecar {
			r.disabled = r.transport.portsIn(disable).Intersect(r.captured)
		}
	}
	for _, a := range s.authzFor(w) {
		r.guard.add(a)
	}
	return r
}

// sourceOf is how w looks to a destination.
func (s *Set) sourceOf(w, to *Workload) source {
	out := source{addresses: addressOf(w.IP)}
	if w.Mesh != NoMesh && to.Mesh != NoMesh {
		out.identity = true
		out.namespace, out.account, out.trustDomain = w.Namespace, w.account(), s.TrustDomain
	}
	return out
}

// enter gives what the mesh lets a workload open at another.
func (s *Set) enter(from, to *Workload) ruling {
	r := s.meshRulesOf(to)
	key := sourceKey{ip: from.IP}
	source := s.sourceOf(from, to)
	if source.identity {
		key.identity, key.told = true, r.guard.tell(&source)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if known, ok := r.judged[key]; ok {
		return known
	}
	out := r.judge(source)
	r.judged[key] = out
	return out
}

// judge gives what a source may open, all protocols: what the mesh does not
// capture passes.
func (r *meshRules) judge(src source) ruling {
	out := r.guard.judge(src)
	if !src.identity {
		out = out.within(allTCP.Minus(r.strict))
	} else if !r.disabled.IsEmpty() {
		plain := r.guard.judge(source{addresses: src.addresses}).within(r.disabled)
		out = out.within(allTCP.Minus(r.disabled))
		out = ruling{out.yes.Union(plain.yes), out.some.Union(plain.some)}
	}
	out = out.within(r.captured)
	return ruling{out.yes.Union(AllPorts().Minus(r.captured)), out.some}
}

// opaque are the ports that no proxy reads as HTTP.
func (w *Workload) opaque() Ports {
	var ports []Port
	for _, p := range w.Ports {
		if p.App == AppTCP && transport(p.Protocol) == "TCP" {
			ports = append(ports, TCP(p.Number))
		}
	}
	return PortsOf(ports...)
}

// tunnels reports whether the two speak through ambient's tunnel.
func tunnels(from, to *Workload) bool {
	switch {
	case from.Mesh == NoMesh || to.Mesh == NoMesh:
		return false
	case to.Mesh == Ambient:
		return true
	}
	return to.Mesh == Sidecar && (from.Mesh == Ambient || from.Mesh == Waypoint)
}
