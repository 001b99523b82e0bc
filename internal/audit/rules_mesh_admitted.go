package audit

import (
	"fmt"
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var callerUndeclared = &Rule{
	ID: "SM15", Severity: diag.Warning,
	Title:       "The mesh admits a caller that nobody declares",
	Items:       []string{"C4", "C9"},
	Constraints: []string{"K19"},
	Reads:       []Need{NeedsMesh, NeedsPods},
	Doc: `Each rule of an ALLOW policy is held against who is meant to call the pods that the policy is for, port by port: the callers that kgen.yaml declares,
the front door where the service has hosts, a load balancer's ranges, Prometheus at the metrics, and the waypoint before pods in ambient mode, who
are called by it alone. Anyone else in ` + "`principals`" + `, a whole namespace in place of one account, an empty rule, a port or a path too many and a selector
that takes other pods in admit more than was declared; so do pods of the mesh that no ALLOW policy is for, which Istio lets everyone call
("Authorization Policy": implicit enablement). NetworkPolicies may still stand before it; the identity of the caller was to hold where they fail.

Remove what the finding names, or declare the caller in kgen.yaml. Without a kgen.yaml, a service account that no NetworkPolicy lets in to
the pods and an empty rule, which admits everyone to everything, are findings; other sources are not checked then. Rules that go by
a token in the request are left alone, identities that nobody has are rule SM18's, and what another policy denies is none.`,
	check: func(c *Check) {
		x := &admission{network: c.network(), meant: map[*inventory.Workload]*callers{}, public: map[*inventory.Workload]bool{}}
		x.gather()
		x.takeMeant()
		guarded := map[*inventory.Workload]bool{}
		targeted := map[*inventory.Service]bool{}
		for _, p := range x.authPolicies() {
			if p.action != "ALLOW" || p.dryRun {
				continue
			}
			for _, s := range p.services {
				targeted[s] = true
			}
			if !p.targeted {
				for _, w := range p.pods {
					guarded[w] = true
				}
			}
			for i := range p.V.Spec.Rules {
				x.rule(p, i)
			}
		}
		if x.unjudged {
			c.Skip("callers that are not one service account", "there is no kgen.yaml that says who is meant to call")
		}
		x.unguarded(guarded, targeted)
	},
}

// admission holds what the mesh admits against who is meant to call.
type admission struct {
	*network
	ids      map[identity][]*inventory.Workload
	meant    map[*inventory.Workload]*callers // of the model's workloads
	public   map[*inventory.Workload]bool     // those that clients reach without a front door
	unjudged bool
}

// gather finds the workloads of each service account, and those with a load
// balancer or node port of their own.
func (x *admission) gather() {
	x.ids = map[identity][]*inventory.Workload{}
	for _, w := range slices.Concat(x.Workloads, x.Parties) {
		x.ids[identity{w.Namespace, ownAccount(w)}] = append(x.ids[identity{w.Namespace, ownAccount(w)}], w)
	}
	for _, d := range x.Doors {
		if d.Kind == inventory.LoadBalancerDoor || d.Kind == inventory.NodePortDoor {
			for _, b := range d.Backends {
				if b.Service != nil {
					for _, w := range b.Service.Pods {
						x.public[w] = true
					}
				}
			}
		}
	}
}

// mostOffended bounds how many workloads one rule is held against once it admits
// somebody to each: they are named, not counted.
const mostOffended = 100

// excess is somebody whom a rule admits and nobody declares.
type excess struct {
	who     who
	pods    []*inventory.Workload
	ports   []reach.Port
	byPaths bool // the paths are what is too many
}

// rule judges one rule of a policy.
func (x *admission) rule(p *authPolicy, index int) {
	r := &p.V.Spec.Rules[index]
	for _, source := range sources(p, index) {
		if source.byRequest || x.ofNobody(source.id) {
			continue
		}
		e := excess{who: source}
		for _, w := range p.pods {
			if w.Mesh == reach.NoMesh || w.Mesh == reach.Gateway || w.HostNetwork || p.targeted && !x.passesWaypoint(w) {
				continue
			}
			switch {
			case w.Service != nil:
				x.Looked()
				x.against(p, r, w, &e)
			case w.Party == "":
				x.foreign(p, r, w, &e)
			}
			if len(e.pods) >= mostOffended {
				break
			}
		}
		if len(e.pods) > 0 && (p.targeted || x.passes(e)) {
			x.report(p, index, e)
		}
	}
}

// ofNobody reports whether a service account is one that no pod runs under, where
// the pods are known: rule SM18 says so.
func (x *admission) ofNobody(id identity) bool {
	return id.account != "" && len(x.ids[id]) == 0 && x.HasPods(id.namespace) && !slices.ContainsFunc(x.Services, func(s *inventory.Service) bool {
		return s.Namespace == id.namespace && x.waypointName(s) == id.account
	})
}

// passesWaypoint reports whether calls to pods pass a waypoint, where a policy
// with targets is carried out; where it is not, rule SM13 says so.
func (x *admission) passesWaypoint(w *inventory.Workload) bool {
	return w.Mesh == reach.Ambient && slices.ContainsFunc(x.servicesOf(w), func(s *inventory.Service) bool { return x.Waypoint(s) != nil })
}

// against holds one source against who is meant to call a workload of the model.
func (x *admission) against(p *authPolicy, r *manifest.AuthRule, w *inventory.Workload, e *excess) {
	meant := x.meant[w]
	var extra, fine []reach.Port
	paths := false
	for _, port := range x.portsOfPods(w) {
		for _, o := range operations(r) {
			if !x.covers(p, w, o, port.Number) {
				continue
			}
			ok, byPath := meant.admits(p.targeted, port.Number, e.who, o, x.HasPods)
			if ok {
				fine = append(fine, port)
			} else {
				extra, paths = append(extra, port), paths || byPath
			}
		}
	}
	// Where a port is known by name alone, a rule for one port has to be one for all.
	if slices.ContainsFunc(w.Ports, unknownPort) && len(fine) > 0 || len(extra) == 0 {
		return
	}
	e.add(w, extra)
	e.byPaths = paths
}

func (e *excess) add(w *inventory.Workload, ports []reach.Port) {
	e.pods = append(e.pods, w)
	for _, p := range ports {
		if !slices.Contains(e.ports, p) {
			e.ports = append(e.ports, p)
		}
	}
}

// portsOfPods are the TCP ports that a workload's containers listen on.
func (x *admission) portsOfPods(w *inventory.Workload) []reach.Port {
	var out []reach.Port
	for _, c := range w.Ports {
		if p := reach.TCP(c.Number); transportOf(c.Protocol) == "TCP" && !meshPorts.Has(p) && !slices.Contains(w.Uncaptured, c.Number) && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// operations are those of a rule; one for everything where it has none.
func operations(r *manifest.AuthRule) []*manifest.AuthOperation {
	if len(r.To) == 0 {
		return []*manifest.AuthOperation{{}}
	}
	var out []*manifest.AuthOperation
	for i := range r.To {
		out = append(out, &r.To[i].Operation)
	}
	return out
}

// covers reports whether an operation is for a container port; at a waypoint
// also by the number of the Service's port before it.
func (x *admission) covers(p *authPolicy, w *inventory.Workload, o *manifest.AuthOperation, port int) bool {
	names := []string{number(port)}
	for _, s := range p.services {
		for _, q := range s.V.Spec.Ports {
			if target, ok := w.Target(q); ok && target == reach.TCP(port) {
				names = append(names, number(q.Port))
			}
		}
	}
	in := func(list []string) bool {
		return slices.ContainsFunc(list, func(text string) bool { return slices.Contains(names, text) })
	}
	return (len(o.Ports) == 0 || in(o.Ports)) && !in(o.NotPorts)
}

// foreign judges a source at pods that no model speaks of: by what NetworkPolicies
// let in, and an empty rule.
func (x *admission) foreign(p *authPolicy, r *manifest.AuthRule, w *inventory.Workload, e *excess) {
	switch {
	case e.who.anyone && len(r.From)+len(r.To)+len(r.When) == 0:
		x.Looked()
		if !x.public[w] {
			e.add(w, x.portsOfPods(w))
		}
		return
	case e.who.id == identity{} || len(x.ids[e.who.id]) == 0:
		x.unjudged = true
		return
	}
	if isolated, _ := x.Policies.Isolated(&w.Workload); !isolated || p.targeted || slices.ContainsFunc(x.servicesOf(w), func(s *inventory.Service) bool { return x.Waypoint(s) != nil }) {
		return
	}
	x.Looked()
	var extra []reach.Port
	for _, port := range x.portsOfPods(w) {
		for _, o := range operations(r) {
			if x.covers(p, w, o, port.Number) {
				extra = append(extra, port)
			}
		}
	}
	for _, from := range x.ids[e.who.id] {
		for _, port := range append(slices.Clone(extra), reach.TCP(inventory.HBONE)) {
			if ok, _ := x.Policies.Allowed(from.Endpoint(), w.Endpoint(), port); ok {
				return
			}
		}
	}
	if len(extra) > 0 {
		e.add(w, extra)
	}
}

// passes reports whether the mesh really lets somebody in whom a rule admits:
// another policy may deny it, or the port take mutual TLS alone.
func (x *admission) passes(e excess) bool {
	for _, w := range e.pods {
		for _, from := range x.probes(e.who, w) {
			for _, port := range e.ports {
				if x.Policies.Explain(reach.MeshPolicy, from, w.Endpoint(), port).Answer != reach.Denied {
					return true
				}
			}
		}
	}
	return len(e.ports) == 0
}

// stranger is a service account that nobody has.
const stranger = "somebody-else"

// probes are who may stand for a source.
func (x *admission) probes(s who, to *inventory.Workload) []reach.Endpoint {
	member := func(namespace, account string) reach.Endpoint {
		return reach.Pod(&reach.Workload{Namespace: namespace, Name: account, Account: account, Mesh: to.Mesh})
	}
	switch {
	case s.id.account != "":
		if known := x.ids[s.id]; len(known) > 0 && known[0].Mesh != reach.NoMesh {
			return []reach.Endpoint{known[0].Endpoint()}
		}
		return []reach.Endpoint{member(s.id.namespace, s.id.account)}
	case s.namespace != "":
		return []reach.Endpoint{member(s.namespace, stranger)}
	case s.block.IsValid():
		return []reach.Endpoint{reach.Address(s.block.Masked().Addr())}
	case s.anonymous:
		return []reach.Endpoint{inventory.Internet()}
	}
	return []reach.Endpoint{member(to.Namespace, stranger), inventory.Internet()}
}

func (x *admission) report(p *authPolicy, index int, e excess) {
	to := x.podNames(e.pods)
	if len(e.pods) >= mostOffended {
		to = x.podNames(e.pods[:1]) + " and many others"
	}
	callee := e.pods[0].Name
	if s := e.pods[0].Service; s != nil {
		callee = s.Name
	}
	fix := "remove it, or declare it in kgen.yaml: under calls of the caller, or under callers of " + callee
	why := "kgen.yaml declares no such call"
	switch {
	case e.byPaths:
		fix, why = "write paths: ["+e.pods[0].Service.Metrics.Path+"] for who scrapes", "it is to read the metrics there and nothing else"
	case e.pods[0].Service == nil && e.who.anyone:
		fix, why = "name who is meant to call: from: [{source: {principals: [cluster.local/ns/<namespace>/sa/<account>]}}]", "whatever else is written, the policy refuses nobody"
	case e.pods[0].Service == nil:
		fix, why = "remove it, or let it in by a NetworkPolicy too", "no NetworkPolicy lets it in there"
	case e.who.anyone:
		fix = "name the callers that kgen.yaml declares; kgen generate writes them"
	}
	on := ""
	if len(e.ports) > 0 {
		on = " on " + portsText(e.ports)
	}
	x.Report(p.Object, append(Field("spec", "rules", index), e.who.path...), fix, "it admits %s to %s%s: %s", x.whoText(e.who), to, on, why)
}

func (x *admission) whoText(s who) string {
	switch {
	case s.id.account != "" && len(x.ids[s.id]) > 0:
		return x.groupOf(x.ids[s.id][0].Endpoint())
	case s.id.account != "":
		return "the service account " + s.id.namespace + "/" + s.id.account
	case s.namespace != "":
		return "every account of " + namespaceText(s.namespace)
	case s.block.IsValid():
		return "clients from " + s.text
	case s.anonymous:
		return "whoever has no identity in the mesh"
	case s.text != "":
		return "every identity like " + s.text
	}
	return "anyone"
}

// unguarded reports the model's pods in the mesh that no ALLOW policy is for, and
// its Services that no policy guards at their waypoint.
func (x *admission) unguarded(guarded map[*inventory.Workload]bool, targeted map[*inventory.Service]bool) {
	var pods []*inventory.Workload
	for _, w := range x.Workloads {
		if w.Service == nil || w.Mesh != reach.Sidecar && w.Mesh != reach.Ambient {
			continue
		}
		x.Looked()
		if e := (excess{who: who{anyone: true}, pods: []*inventory.Workload{w}, ports: x.portsOfPods(w)}); !guarded[w] && len(e.ports) > 0 && x.passes(e) {
			pods = append(pods, w)
		}
	}
	if len(pods) > 0 {
		const outcome = "no AuthorizationPolicy that allows is for %s: the mesh admits anyone there"
		fix := fmt.Sprintf("write {apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: default-deny, namespace: %s}, spec: {}}, and policies for who is meant to call; kgen generate writes them", pods[0].Namespace)
		if at := x.firstInMesh(pods[0]); at != nil {
			x.Report(at, nil, fix, outcome, x.podNames(pods))
		} else {
			x.ReportModel("mesh", fix, outcome, x.podNames(pods))
		}
	}
	for _, s := range x.Services {
		if s.Model == nil || s.Version != "" || targeted[s] || x.Waypoint(s) == nil || !x.called(s) || !slices.ContainsFunc(s.Pods, x.passesWaypoint) {
			continue
		}
		x.Looked()
		x.Report(s.Object, Field("metadata", "name"), fmt.Sprintf("write an AuthorizationPolicy with targetRefs: [{kind: Service, group: \"\", name: %s}] for who is meant to call; kgen generate writes it", s.Name),
			"no AuthorizationPolicy guards it at its waypoint, and its pods admit the waypoint: the mesh admits anyone there")
	}
}

// called reports whether the pods behind a Service admit its waypoint, which
// they do where anybody is declared.
func (x *admission) called(s *inventory.Service) bool {
	return slices.ContainsFunc(s.Pods, func(w *inventory.Workload) bool { return x.meant[w] != nil && len(x.meant[w].through) > 0 })
}

// firstInMesh is an object to show for pods that nothing guards: their own, or
// their namespace's, or a Service's of theirs.
func (x *admission) firstInMesh(w *inventory.Workload) *manifest.Object {
	if w.Object != nil {
		return w.Object
	}
	if n := x.Namespace(w.Namespace); n != nil && n.Object != nil {
		return n.Object
	}
	for _, s := range x.servicesOf(w) {
		return s.Object
	}
	return nil
}

// identity is a service account.
type identity struct{ namespace, account string }
