package reach

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// Answer is what comes of a question.
type Answer string

const (
	Allowed Answer = "allowed"
	ForSome Answer = "allowed for some requests"
	Denied  Answer = "denied"
	// ForSomeAddresses is the answer about many addresses at once, as the internet is.
	ForSomeAddresses Answer = "allowed for some addresses"
)

// Explanation answers whether one party may open a port of another, and why.
type Explanation struct {
	Layer    Layer
	From, To Endpoint
	Port     Port
	Answer   Answer   // the best of the routes
	Routes   []Route  // the direct way first, then one for each waypoint
	Changes  []Change // what would turn the answer, all of them needed to open and any one of them to close a side
	Notes    []string
}

// Route is one way from one end to the other.
type Route struct {
	Via     *Workload // nil for the direct way
	Answer  Answer
	Reasons []Reason // network before mesh, in the order of the hops
	changes []Change
}

// Change is one thing to do about an answer.
type Change struct {
	Layer     Layer
	Direction Direction
	Policy    *manifest.Object // nil where a new one is needed
	Position  manifest.Position
	Opens     bool // it lets more pass; else less
	text      string
}

// Text says what to do in a sentence.
func (c Change) Text() string { return c.text }

// Explain answers one question with every policy and rule that decides it.
func (s *Set) Explain(layer Layer, from, to Endpoint, port Port) Explanation {
	e := Explanation{Layer: layer, From: from, To: to, Port: port, Answer: Denied, Notes: s.Notes()}
	e.Routes = append(e.Routes, s.direct(layer, from, to, port))
	if layer != Network && from.Workload != nil && to.Workload != nil && port.Protocol == "TCP" {
		for _, via := range to.Workload.waypoints(from.Workload) {
			if leads(from.Workload, via, to.Workload, port) {
				e.Routes = append(e.Routes, s.byWaypoint(layer, from, via, to, port))
			}
		}
	}
	best := slices.MaxFunc(e.Routes, func(a, b Route) int { return a.Answer.rank() - b.Answer.rank() })
	e.Answer = best.Answer
	// A caller in ambient mode dials the Service: where there is a waypoint, that is the way to mend.
	turn := best
	if e.Answer == Denied {
		turn = e.Routes[len(e.Routes)-1]
	}
	for _, c := range turn.changes {
		// What closes a side is no way out of a denial, nor what opens one out of a permission.
		if c.Opens == (e.Answer == Denied) || e.Answer == ForSome {
			e.Changes = append(e.Changes, c)
		}
	}
	if from.Workload != nil && from.Workload.HostNetwork || to.Workload != nil && to.Workload.HostNetwork {
		e.Notes = append(e.Notes, "an end is on its node's network, where network plugins differ")
	}
	return e
}

func leads(from, via, to *Workload, port Port) bool {
	return slices.ContainsFunc(to.Fronts, func(f Front) bool {
		return f.Waypoint == via && f.passes(from) && f.targets().Has(port)
	})
}

func (a Answer) rank() int { return slices.Index([]Answer{Denied, ForSome, Allowed}, a) }

func answerOf(ok bool) Answer {
	if ok {
		return Allowed
	}
	return Denied
}

func worse(a, b Answer) Answer {
	if a.rank() < b.rank() {
		return a
	}
	return b
}

func (s *Set) direct(layer Layer, from, to Endpoint, port Port) Route {
	r := Route{Answer: Allowed}
	if layer != MeshPolicy {
		packets := port
		if layer == All && from.Workload != nil && to.Workload != nil && port.Protocol == "TCP" && tunnels(from.Workload, to.Workload) {
			packets = TCP(HBONE)
		}
		s.hop(&r, from, to, packets)
	}
	if layer != Network && to.Workload != nil {
		s.door(&r, from, to, port)
	}
	return r
}

func (s *Set) byWaypoint(layer Layer, from Endpoint, via *Workload, to Endpoint, port Port) Route {
	r := Route{Via: via, Answer: Allowed}
	point := Pod(via)
	if layer != MeshPolicy {
		s.hop(&r, from, point, TCP(HBONE))
		onward := port
		if tunnels(via, to.Workload) {
			onward = TCP(HBONE)
		}
		s.hop(&r, point, to, onward)
	}
	// One of the Services behind the waypoint must admit the caller.
	best := Route{Answer: Denied}
	for _, f := range to.Workload.Fronts {
		if f.Waypoint != via || !f.passes(from.Workload) || !f.targets().Has(port) {
			continue
		}
		one := Route{Answer: Allowed}
		s.ask(&one, s.waypointGuard(f, to.Workload), s.sourceOf(from.Workload, via), from, to, port, fmt.Sprintf("at the waypoint %s, for Service %s", via.Text(), f.Service))
		if len(best.Reasons) == 0 || one.Answer.rank() > best.Answer.rank() {
			best = one
		}
	}
	r.Answer = worse(r.Answer, best.Answer)
	r.Reasons = append(r.Reasons, best.Reasons...)
	r.changes = append(r.changes, best.changes...)
	s.door(&r, point, to, port)
	return r
}

// hop adds what NetworkPolicies say of packets from one end to the other.
func (s *Set) hop(r *Route, from, to Endpoint, port Port) {
	out, _ := s.side(Egress, from, to, port)
	in, _ := s.side(Ingress, to, from, port)
	r.Answer = worse(r.Answer, answerOf(out && in))
	s.explainSide(r, Egress, from, to, port, out)
	s.explainSide(r, Ingress, to, from, port, in)
}

// explainSide adds one side's reasons, all of them, and what would turn it.
func (s *Set) explainSide(r *Route, d Direction, self, other Endpoint, port Port, ok bool) {
	_, reasons := s.side(d, self, other, port)
	if ok && reasons[0].Verdict == Admits {
		reasons = s.admitting(d, self, other, port)
	}
	r.Reasons = append(r.Reasons, reasons...)
	if !ok {
		r.changes = append(r.changes, s.addRule(d, self, other, port))
	} else {
		r.changes = append(r.changes, closing(d, self, reasons)...)
	}
}

// admitting lists every rule that lets a connection pass.
func (s *Set) admitting(d Direction, self, other Endpoint, port Port) []Reason {
	destination := self
	if d == Egress {
		destination = other
	}
	var out []Reason
	for _, p := range s.policiesOf(self.Workload) {
		rules, isolates := p.rules(d)
		if !isolates {
			continue
		}
		for i, r := range rules {
			if s.peersMatch(r.peers, p.object.Namespace, other) && portsMatch(r.ports, destination, port) {
				out = append(out, Reason{Layer: Network, Direction: d, Verdict: Admits, Policy: p.object, Rule: i, self: self, other: other, port: port})
			}
		}
	}
	return out
}

// addRule says which rule is missing, in the policy that is most the pod's own.
func (s *Set) addRule(d Direction, self, other Endpoint, port Port) Change {
	var best *policy
	for _, p := range s.policiesOf(self.Workload) {
		if _, isolates := p.rules(d); isolates && (best == nil || narrower(p, best)) {
			best = p
		}
	}
	c := Change{Layer: Network, Direction: d, Policy: best.object, Position: best.object.At("spec", string(d)), Opens: true}
	who := peerText(other, best.object.Namespace)
	where := fmt.Sprintf("to %s", refAt(best.object, c.Position))
	if len(best.spec.PodSelector.MatchLabels)+len(best.spec.PodSelector.MatchExpressions) == 0 {
		where = fmt.Sprintf("for %s to a NetworkPolicy of its own (%s is for all pods of the namespace)", self.Text(), refAt(best.object, c.Position))
	}
	c.text = fmt.Sprintf("add an %s rule for %s, port %s, %s", d, who, port.Text(), where)
	return c
}

// narrower prefers the policy whose selector says more.
func narrower(a, b *policy) bool {
	size := func(p *policy) int {
		return len(p.spec.PodSelector.MatchLabels) + len(p.spec.PodSelector.MatchExpressions)
	}
	return size(a) > size(b)
}

// peerText spells the peer that a rule would name.
func peerText(e Endpoint, namespace string) string {
	if e.Workload == nil && e.name != "" {
		return e.name
	}
	if e.Workload == nil {
		return "the address " + e.Text()
	}
	if e.Workload.HostNetwork {
		return "the node addresses of " + e.Text()
	}
	text := "pods " + labelsText(e.Workload.Labels)
	if e.Workload.Namespace != namespace {
		text += " in namespace " + e.Workload.Namespace
	}
	return text
}

// labelsText is the labels by which people select: app and its like, or all.
func labelsText(labels map[string]string) string {
	for _, key := range []string{"app", "app.kubernetes.io/name", "k8s-app", gatewayNameLabel} {
		if v, ok := labels[key]; ok {
			return key + "=" + v
		}
	}
	if len(labels) == 0 {
		return "without labels"
	}
	var parts []string
	for _, key := range sortedKeys(labels) {
		parts = append(parts, key+"="+labels[key])
	}
	return strings.Join(parts, ",")
}

// closing says what would close an open side.
func closing(d Direction, self Endpoint, reasons []Reason) []Change {
	var out []Change
	for _, r := range reasons {
		switch {
		case r.Verdict == Admits:
			out = append(out, Change{Layer: Network, Direction: d, Policy: r.Policy, Position: r.Position(),
				text: fmt.Sprintf("remove or narrow %s rule %d of %s", d, r.Rule+1, refAt(r.Policy, r.Position()))})
		case r.Verdict == Open && self.Workload != nil && !r.other.node:
			kind := map[Direction]string{Ingress: "Ingress", Egress: "Egress"}[d]
			out = append(out, Change{Layer: Network, Direction: d,
				text: fmt.Sprintf("isolate %s with a NetworkPolicy in namespace %s that has the policy type %s", self.Text(), self.Workload.Namespace, kind)})
		}
	}
	return out
}

// door adds what the mesh says at a workload.
func (s *Set) door(r *Route, from, to Endpoint, port Port) {
	w := to.Workload
	rules := s.meshRulesOf(w)
	quiet := func(format string, args ...any) {
		r.Reasons = append(r.Reasons, Reason{Layer: MeshPolicy, Direction: Ingress, Verdict: Open, Rule: -1, self: to, other: from, port: port, note: fmt.Sprintf(format, args...)})
	}
	switch {
	case from.node:
		quiet("the mesh lets a pod's own node in")
		return
	case port.Protocol != "TCP":
		quiet("the mesh does not look at %s", port.Protocol)
		return
	case w.Mesh == NoMesh:
		quiet("%s is not in the mesh", w.Text())
		return
	case !rules.captured.Has(port):
		quiet("the mesh does not guard %s on %s", w.Text(), port.Text())
		return
	}
	src := source{addresses: addressOf(from.IP)}
	if from.Workload != nil {
		src = s.sourceOf(from.Workload, w)
	}
	if !src.identity && rules.strict.Has(port) {
		_, policy := rules.transport.of(port.Number)
		r.Answer = Denied
		r.Reasons = append(r.Reasons, Reason{Layer: MeshPolicy, Direction: Ingress, Verdict: Refuses, Policy: policy, Rule: -1, self: to, other: from, port: port, plaintext: true})
		r.changes = append(r.changes, plaintextChange(policy, from, to, port))
		return
	}
	if rules.disabled.Has(port) {
		src = source{addresses: src.addresses}
	}
	s.ask(r, &rules.guard, src, from, to, port, "")
}

func plaintextChange(policy *manifest.Object, from, to Endpoint, port Port) Change {
	c := Change{Layer: MeshPolicy, Direction: Ingress, Policy: policy, Opens: true}
	text := fmt.Sprintf("let %s take plaintext on %s with portLevelMtls in a PeerAuthentication that selects it", to.Text(), port.Text())
	if from.Workload != nil {
		text = fmt.Sprintf("bring %s into the mesh, or %s", from.Text(), text)
	}
	if policy != nil {
		c.Position = policy.At("spec", "mtls", "mode")
		text += " (" + policy.Ref() + " at " + c.Position.String() + " says STRICT)"
	}
	c.text = text
	return c
}

// ask adds what the policies of one proxy say, in their order.
func (s *Set) ask(r *Route, g *guard, src source, from, to Endpoint, port Port, note string) {
	because := func(v Verdict, a *authz, rule int, extra string) {
		r.Reasons = append(r.Reasons, Reason{Layer: MeshPolicy, Direction: Ingress, Verdict: v, Policy: a.object, Rule: rule, self: to, other: from, port: port,
			note: strings.Join(slices.DeleteFunc([]string{note, extra}, func(t string) bool { return t == "" }), "; ")})
	}
	change := func(a *authz, rule int, format string, args ...any) {
		c := Change{Layer: MeshPolicy, Direction: Ingress, Policy: a.object, Position: a.object.At("spec", "rules", rule), Opens: true}
		c.text = fmt.Sprintf(format, args...) + " " + refAt(a.object, c.Position)
		r.changes = append(r.changes, c)
	}
	answer := Allowed
	each := func(policies []*authz, do func(a *authz, i int, m match)) {
		for _, a := range policies {
			for i := range a.rules {
				yes, some := g.matches(a, i, src)
				switch {
				case yes.Has(port):
					do(a, i, always)
				case some.Has(port):
					do(a, i, sometimes)
				}
			}
		}
	}
	each(g.custom, func(a *authz, i int, _ match) {
		because(Partly, a, i, "the provider "+a.via+" decides")
		answer = worse(answer, ForSome)
	})
	each(g.deny, func(a *authz, i int, m match) {
		if m == always {
			because(Refuses, a, i, "")
			change(a, i, "except %s from rule %d of", from.Text(), i+1)
			answer = Denied
			return
		}
		because(Partly, a, i, "it denies them")
		answer = worse(answer, ForSome)
	})
	if len(g.allow) > 0 {
		best := never
		var opening []Change
		each(g.allow, func(a *authz, i int, m match) {
			best = max(best, m)
			if m == always {
				because(Admits, a, i, "")
			} else {
				because(Partly, a, i, "it allows them")
			}
			position := a.object.At("spec", "rules", i)
			opening = append(opening, Change{Layer: MeshPolicy, Direction: Ingress, Policy: a.object, Position: position,
				text: fmt.Sprintf("remove or narrow rule %d of %s", i+1, refAt(a.object, position))})
		})
		answer = worse(answer, []Answer{Denied, ForSome, Allowed}[best])
		if best == never {
			for _, a := range g.allow {
				because(Isolates, a, -1, "")
			}
			r.changes = append(r.changes, admitChange(narrowest(g.allow), src, from, port))
		} else if answer != Denied {
			r.changes = append(r.changes, opening...)
		}
	} else if answer == Allowed {
		text := "no AuthorizationPolicy restricts " + to.Text()
		if note != "" {
			text += " (" + note + ")"
		}
		r.Reasons = append(r.Reasons, Reason{Layer: MeshPolicy, Direction: Ingress, Verdict: Open, Rule: -1, self: to, other: from, port: port, note: text})
	}
	r.Answer = worse(r.Answer, answer)
}

// narrowest is the ALLOW policy that is most the workload's own.
func narrowest(policies []*authz) *authz {
	return slices.MaxFunc(policies, func(a, b *authz) int {
		return len(a.labels) + 2*len(a.targets) - len(b.labels) - 2*len(b.targets)
	})
}

func admitChange(a *authz, src source, from Endpoint, port Port) Change {
	c := Change{Layer: MeshPolicy, Direction: Ingress, Policy: a.object, Position: a.object.At("spec", "rules"), Opens: true}
	who := "the ipBlock of " + from.Text()
	if src.identity {
		who = "the principal " + src.principal()
	}
	where := "to " + refAt(a.object, c.Position)
	if len(a.labels)+len(a.targets) == 0 {
		where = "to an ALLOW policy of its own (" + refAt(a.object, c.Position) + " is for the whole namespace)"
	}
	c.text = fmt.Sprintf("add a rule for %s, port %d, %s", who, port.Number, where)
	return c
}
