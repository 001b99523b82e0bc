package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

var callerNotAuthorised = &Rule{
	ID: "SM12", Severity: diag.Error,
	Title:       "A caller that is meant to call is refused by the mesh",
	Items:       []string{"C4", "C9"},
	Constraints: []string{"K19", "K28"},
	Reads:       []Need{NeedsMesh, NeedsPods},
	Doc: `Each connection that is meant to be, by kgen.yaml, by a container's variable or by a front door's route, is held against the
AuthorizationPolicies and PeerAuthentications of the pods that it leads to. As soon as one ALLOW policy is for a pod, what no rule of any
of them matches is refused with 403, or reset where it is TCP; a DENY that matches refuses in any case (Istio, "Authorization Policy":
implicit enablement). A principal is the caller's service account, ` + "`cluster.local/ns/<namespace>/sa/<account>`" + `; ports are the container's.
In ambient mode, callers of a Service with a waypoint are judged at the waypoint, by policies with targetRefs, and the pods have to admit
the waypoint. A caller without the mesh's mutual TLS has no principal, and a STRICT port refuses it altogether.

Add the rule that the finding shows. A policy that goes by what is in a request, such as its path, is taken to admit. Where a caller's
service account is not known, it is given the benefit of those that the policies name; so is the mesh's trust domain, where neither istiod's
ConfigMap nor its operator's object says it (` + "`cluster.local`" + ` stands for the mesh's own). Monitors are rule MO04's.`,
	check: func(c *Check) {
		a := &authorisation{network: c.network(), accounts: map[string][]string{}, trusted: c.trust()}
		a.takeAccounts()
		for _, e := range c.Edges() {
			if e.To == nil || e.To.Mesh == reach.NoMesh || e.From.HostNetwork || e.To.HostNetwork {
				continue
			}
			via := a.waypointOf(e)
			if via == nil && e.To.Mesh == reach.Ambient && e.Service != nil && !e.Service.Headless() && a.waypointName(e.Service) != "" {
				c.Skip("calls to "+e.To.Text(), "its waypoint %s is not given; rule SM13 says so where it has to be", a.waypointName(e.Service))
				continue
			}
			for _, p := range e.Ports {
				if isTCP(p) {
					c.Looked()
					a.ask(e.From.Endpoint(), e.From, e.To, p, via)
				}
			}
		}
		a.doors()
		a.report()
	},
}

// authorisation asks the mesh about who is meant to call.
type authorisation struct {
	*network
	accounts map[string][]string // the service accounts that policies name, by namespace
	sources  []string            // the namespaces that they name and that hold no workload of the application
	refused  []refusedCall
	trusted  *trust
}

// refusedCall is a call that the mesh refuses.
type refusedCall struct {
	by      *manifest.Object
	field   []any
	from    string
	to      *inventory.Workload
	port    reach.Port
	account string // the caller's principal, "" without one
	plain   bool   // it has no mutual TLS, and is refused for that alone
	denied  bool   // a DENY policy matches
}

// waypointName is the waypoint that a Service's label, or its namespace's,
// names; "" for none.
func (c *Check) waypointName(s *inventory.Service) string {
	name := s.Labels[inventory.UseWaypointLabel]
	if n := c.Namespace(s.Namespace); name == "" && n != nil {
		name = n.Labels[inventory.UseWaypointLabel]
	}
	if name == "none" {
		return ""
	}
	return name
}

// takeAccounts gathers whom AuthorizationPolicies name as sources.
func (a *authorisation) takeAccounts() {
	accounts, sources := map[[2]string]bool{}, map[string]bool{}
	for _, p := range inventory.All[manifest.AuthorizationPolicy](a.Inventory) {
		for _, r := range p.V.Spec.Rules {
			for _, f := range r.From {
				for _, text := range f.Source.Principals {
					parts := strings.Split(text, "/")
					if len(parts) != 5 || parts[1] != "ns" || parts[3] != "sa" {
						continue
					}
					if named := [2]string{parts[2], parts[4]}; !accounts[named] {
						accounts[named] = true
						a.accounts[parts[2]] = append(a.accounts[parts[2]], parts[4])
					}
				}
				for _, n := range f.Source.Namespaces {
					if !a.HasPods(n) && !sources[n] {
						sources[n] = true
						a.sources = append(a.sources, n)
					}
				}
			}
		}
	}
}

// route is the way that a call takes: the waypoint's where it passes one.
func (a *authorisation) route(from, to reach.Endpoint, p reach.Port, via *inventory.Workload) reach.Route {
	return routeIn(a.Policies, from, to, p, via)
}

// ask asks about one call; w is the caller where it is a workload that is known.
func (a *authorisation) ask(from reach.Endpoint, w, to *inventory.Workload, p reach.Port, via *inventory.Workload) {
	r := a.route(from, to.Endpoint(), p, via)
	if r.Answer != reach.Denied {
		return
	}
	if a.maybe(from, to, p, via) {
		a.Skip("the call from "+from.Text()+" to "+to.Text(), "the caller's service account is not known, and the policies admit another one of its namespace")
		return
	}
	switch domain, sure := a.elsewhere(from, to.Endpoint(), p, via); {
	case sure:
		return
	case domain != "":
		a.Skip("the call from "+from.Text()+" to "+to.Text(), "the policies admit it in trust domain %s, and no configuration of the mesh is given that says which is its own", domain)
		return
	}
	call := refusedCall{from: a.callerText(from), to: to, port: p}
	if from.Workload != nil && from.Workload.Mesh != reach.NoMesh {
		account := from.Workload.Account
		if account == "" {
			account = "default"
		}
		call.account = fmt.Sprintf("cluster.local/ns/%s/sa/%s", from.Workload.Namespace, account)
	}
	for _, reason := range r.Reasons {
		if to.Mesh == reach.Ambient && via == nil && blind(reason.Policy) {
			a.Skip("the call from "+from.Text()+" to "+to.Text(), "%s speaks of requests that ztunnel does not see; rule SM13 says so", reason.Policy.Ref())
			return
		}
		if reason.Policy == nil || reason.Verdict != reach.Isolates && reason.Verdict != reach.Refuses {
			continue
		}
		refuses := reason.Verdict == reach.Refuses
		// Of several that do not admit, the one that is most the pods' own is to say more.
		if call.by != nil && (call.denied || call.plain || !refuses && narrowness(reason.Policy) <= narrowness(call.by)) {
			continue
		}
		call.by = reason.Policy
		call.field = Field("spec", "rules")
		switch {
		case refuses && reason.Policy.Kind == "PeerAuthentication":
			call.plain, call.field = true, Field("spec", "mtls", "mode")
		case refuses:
			call.denied, call.field = true, Field("spec", "rules", reason.Rule)
		}
	}
	if call.by == nil {
		return // nothing that is given refuses it
	}
	if call.plain && w != nil && w.Party == inventory.FrontDoor && a.Model == nil && a.unlabelled(w.Namespace) {
		a.Skip("the call from "+from.Text()+" to "+to.Text(), "nobody says whether the front door is in the mesh")
		return
	}
	a.refused = append(a.refused, call)
}

// blind reports whether a policy for pods speaks of requests.
func blind(o *manifest.Object) bool {
	if o == nil || o.Kind != "AuthorizationPolicy" || o.Has("spec", "targetRefs") || o.Has("spec", "targetRef") {
		return false
	}
	p, err := manifest.View[manifest.AuthorizationPolicy](o)
	return err == nil && slices.ContainsFunc(p.Spec.Rules, func(r manifest.AuthRule) bool {
		_, what := speaksOfRequests(r)
		return what != ""
	})
}

// narrowness tells policies for one workload or Service from those for a namespace.
func narrowness(o *manifest.Object) int {
	switch {
	case o.Has("spec", "targetRefs"), o.Has("spec", "targetRef"):
		return 2
	case o.Has("spec", "selector"):
		return 1
	}
	return 0
}

// maybe reports whether a call would pass for another service account of the
// caller's namespace, where nobody says which the caller has.
func (a *authorisation) maybe(from reach.Endpoint, to *inventory.Workload, p reach.Port, via *inventory.Workload) bool {
	if from.Workload == nil || from.Workload.Account != "" || from.Workload.Mesh == reach.NoMesh {
		return false
	}
	for _, account := range a.accounts[from.Workload.Namespace] {
		other := copyOf(from.Workload)
		other.Account = account
		if a.route(reach.Pod(other), to.Endpoint(), p, via).Answer != reach.Denied {
			return true
		}
	}
	return false
}

// copyOf is another workload that is alike.
func copyOf(w *reach.Workload) *reach.Workload {
	out := *w
	return &out
}

func (a *authorisation) callerText(from reach.Endpoint) string {
	if w := a.owners[from.Workload]; w != nil && w.Party == inventory.FrontDoor {
		return "the front door"
	}
	return a.groupOf(from)
}

// doors asks about what front doors lead to.
func (a *authorisation) doors() {
	for _, d := range a.Doors {
		for _, b := range d.Backends {
			if b.Service == nil {
				continue
			}
			for _, port := range backendPorts(b) {
				for _, w := range b.Service.Pods {
					if target, ok := w.Target(port); ok && isTCP(target) {
						a.door(d, w, target, a.ingressWaypoint(d, b.Service, w))
					}
				}
			}
		}
	}
	if a.Model == nil {
		return
	}
	// What a controller that owns a canary routes to is served all the same.
	for _, g := range a.FrontGateways() {
		d := &inventory.Door{Kind: inventory.RouteDoor, Object: g.Object, Class: g.V.Spec.GatewayClassName, From: a.Proxies(g)}
		for _, w := range a.Workloads {
			if w.Service == nil || w.Service.Canary == nil || !w.Service.Canary.Owned() {
				continue
			}
			for _, path := range w.Service.Paths {
				if port, ok := w.Service.Port(path.Port); ok {
					for _, target := range w.PodPorts(w.Service, []spec.Port{port}) {
						a.door(d, w, target, nil)
					}
				}
			}
		}
	}
}

// door asks about one port of pods that a door leads to.
func (a *authorisation) door(d *inventory.Door, w *inventory.Workload, p reach.Port, via *inventory.Workload) {
	if w.Mesh == reach.NoMesh || w.HostNetwork {
		return
	}
	if len(d.From) == 0 {
		a.Skip(d.Object.Ref(), "nobody says which pods are the proxies of %s", classText(d.Class))
		return
	}
	a.Looked()
	if d.Kind == inventory.IstioDoor {
		a.istioDoor(d, w, p, via)
		return
	}
	for _, from := range d.From {
		known := a.owners[from.Workload]
		if from.Workload != nil && doorInMesh(d) && from.Workload.Mesh == reach.NoMesh {
			member := copyOf(from.Workload)
			member.Mesh = reach.Gateway
			if known != nil {
				a.owners[member] = known
			}
			from = reach.Pod(member)
		}
		a.ask(from, known, w, p, via)
	}
}

// istioDoor: where the pods behind a gateway of Istio's own API run, and as whom,
// is a matter of how it was installed; one identity that the policies admit will do.
func (a *authorisation) istioDoor(d *inventory.Door, w *inventory.Workload, p reach.Port, via *inventory.Workload) {
	gateway := &inventory.Workload{Workload: reach.Workload{Namespace: "istio-system", Name: "ingressgateway", Labels: map[string]string{"istio": "ingressgateway"}, Mesh: reach.Gateway}, Party: inventory.FrontDoor}
	for namespace, accounts := range a.accounts {
		if a.HasPods(namespace) {
			continue
		}
		for _, account := range accounts {
			other := copyOf(&gateway.Workload)
			other.Namespace, other.Account = namespace, account
			if a.route(reach.Pod(other), w.Endpoint(), p, via).Answer != reach.Denied {
				return
			}
		}
	}
	for _, namespace := range a.sources {
		other := copyOf(&gateway.Workload)
		other.Namespace = namespace
		if a.route(reach.Pod(other), w.Endpoint(), p, via).Answer != reach.Denied {
			return
		}
	}
	gateway.Account = "istio-ingressgateway"
	a.owners[&gateway.Workload] = gateway
	a.ask(gateway.Endpoint(), gateway, w, p, via)
}

// callees are workloads of which a policy refuses the same callers on the same
// ports, with the calls to the first of them.
type callees struct {
	names []string
	calls []refusedCall
}

// report says each policy's refusals of one callee once.
func (a *authorisation) report() {
	type key struct {
		by            *manifest.Object
		to            string
		plain, denied bool
	}
	calls := map[key][]refusedCall{}
	var order []key
	for _, call := range a.refused {
		k := key{call.by, a.groupOf(call.to.Endpoint()), call.plain, call.denied}
		if calls[k] == nil {
			order = append(order, k)
		}
		calls[k] = append(calls[k], call)
	}
	merged := map[string]*callees{}
	var list []*callees
	for _, k := range order {
		var from []string
		var ports []reach.Port
		for _, call := range calls[k] {
			from, ports = append(from, call.from), append(ports, call.port)
		}
		// Versions of one application are refused by one fault.
		text := fmt.Sprintf("%p %t %t %s %s", k.by, k.plain, k.denied, some(from), portsText(ports))
		if merged[text] == nil {
			merged[text] = &callees{calls: calls[k]}
			list = append(list, merged[text])
		}
		merged[text].names = append(merged[text].names, k.to)
	}
	for _, l := range list {
		to, first := some(l.names), l.calls[0]
		var from, principals, texts []string
		var ports []reach.Port
		for _, call := range l.calls {
			from = append(from, call.from)
			ports = append(ports, call.port)
			if call.account != "" && !slices.Contains(principals, call.account) {
				principals = append(principals, call.account)
			}
			if text := fmt.Sprintf("%q", number(call.port.Number)); !slices.Contains(texts, text) {
				texts = append(texts, text)
			}
		}
		slices.Sort(principals)
		slices.Sort(texts)
		where := portsText(ports)
		switch {
		case first.plain:
			a.Report(first.by, first.field, fmt.Sprintf("bring it into the mesh, or write portLevelMtls: {%s: {mode: PERMISSIVE}} in a PeerAuthentication that selects %s", texts[0], to),
				"%s calls %s on %s without the mesh's mutual TLS, which is all that the port takes (STRICT)", some(from), to, where)
		case first.denied:
			a.Report(first.by, first.field, "except the caller from this rule, with notPrincipals or notPorts", "it denies %s at %s on %s, who is meant to call there", some(from), to, where)
		default:
			a.Report(first.by, first.field, a.admitting(first.by, to, principals, texts), "%s is meant to call %s on %s, and no rule admits it", some(from), to, where)
		}
	}
}

// admitting is the rule that would admit callers.
func (a *authorisation) admitting(by *manifest.Object, to string, principals, ports []string) string {
	source := `notPrincipals: ["*"]`
	if len(principals) > 0 {
		source = "principals: [" + strings.Join(principals, ", ") + "]"
	}
	rule := fmt.Sprintf("{from: [{source: {%s}}], to: [{operation: {ports: [%s]}}]}", source, strings.Join(ports, ", "))
	if narrowness(by) == 0 {
		return fmt.Sprintf("write an AuthorizationPolicy that selects %s, with the rule %s", to, rule)
	}
	return "add to its rules " + rule
}
