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

var requestsUnseen = &Rule{
	ID: "SM13", Severity: diag.Error,
	Title:       "What speaks of requests has no proxy that sees them",
	Items:       []string{"C2"},
	Constraints: []string{"K21"},
	Reads:       []Need{NeedsMesh},
	Doc: `In ambient mode ztunnel sees connections, not requests. Routes of the Gateway API on a Service, VirtualServices, and AuthorizationPolicies with
` + "`targetRefs`" + ` to a Service need that Service's waypoint: the label ` + "`istio.io/use-waypoint`" + ` on the Service or its namespace, which has to name a Gateway of
class istio-waypoint that is there, listens on 15008 for HBONE and is for Services (` + "`istio.io/waypoint-for`" + `). Without one they do nothing, and a
policy that does nothing admits everyone. A headless Service never has one. An AuthorizationPolicy that selects pods and speaks of
methods, paths or hosts is worse: ztunnel makes it deny what it was to allow (Istio, "Ambient: Layer 4 security policy"). A policy has
either a selector or targetRefs. In any mode, one Service is steered by VirtualServices or by routes of the Gateway API, not by both
(Istio, "Kubernetes Gateway API": mixing is not supported).

Label the Service and write the waypoint, or leave it to rules about ports and principals.`,
	check: func(c *Check) {
		r := &requests{mesh: c.mesh(), network: c.network()}
		r.policies()
		r.routes()
		r.labelled()
		r.waypoints()
	},
}

// requests looks for what needs a waypoint.
type requests struct {
	*mesh
	network *network
}

// ambientPods reports whether the pods behind a Service are in ambient mode.
func ambientPods(s *inventory.Service) bool {
	return s != nil && slices.ContainsFunc(s.Pods, func(w *inventory.Workload) bool { return w.Mesh == reach.Ambient })
}

// policies judges AuthorizationPolicies.
func (r *requests) policies() {
	for _, p := range inventory.All[manifest.AuthorizationPolicy](r.Inventory) {
		refs, key := p.V.Spec.TargetRefs, "targetRefs"
		if len(refs) == 0 && p.V.Spec.TargetRef != nil {
			refs, key = []manifest.TargetRef{*p.V.Spec.TargetRef}, "targetRef"
		}
		r.Check.Looked()
		if len(refs) > 0 && p.V.Spec.Selector != nil {
			r.Report(p.Object, Field("spec", "selector"), "leave one of them out", "it has a selector and %s, and the API server refuses both at once", key)
			continue
		}
		for i, ref := range refs {
			path := Field("spec", key)
			if key == "targetRefs" {
				path = append(path, i)
			}
			r.target(p, ref, path)
		}
		if len(refs) == 0 {
			r.bySelector(p)
		}
	}
}

// target judges one targetRef.
func (r *requests) target(p inventory.Item[manifest.AuthorizationPolicy], ref manifest.TargetRef, path []any) {
	if ref.Kind != "Service" {
		return
	}
	s := r.Service(p.Namespace, ref.Name)
	switch {
	case s == nil && len(r.services[p.Namespace]) > 0 && r.made[serviceKey(p.Namespace, ref.Name)] == nil:
		var fix string
		if near := r.nearestService(p.Namespace, ref.Name); near != "" {
			fix = "did you mean " + near + "?"
		} else {
			fix = fmt.Sprintf("%s has the Services %s", namespaceText(p.Namespace), some(r.services[p.Namespace]))
		}
		r.Report(p.Object, append(path, "name"), fix, "there is no Service %s in %s: the policy does nothing", ref.Name, namespaceText(p.Namespace))
	case s == nil:
		r.Skip(p.Ref(), "Service %s is not given", ref.Name)
	case ambientPods(s):
		r.needsWaypoint(p.Object, path, s, "the policy is carried out nowhere, and admits everyone")
	case len(s.Pods) > 0 && slices.ContainsFunc(s.Pods, func(w *inventory.Workload) bool { return w.Mesh == reach.Sidecar }) && r.Waypoint(s) == nil:
		r.Report(p.Object, path, fmt.Sprintf("write selector: {matchLabels: %s} in its place", flowLabels(s.V.Spec.Selector)),
			"the pods of Service %s have sidecars, which heed no targetRefs: the policy is carried out nowhere", ref.Name)
	}
}

// needsWaypoint reports what is bound to a Service without a waypoint. One whose
// label names a Gateway that is not there is reported with that label.
func (r *requests) needsWaypoint(o *manifest.Object, path []any, s *inventory.Service, outcome string) {
	if r.Waypoint(s) != nil || r.waypointName(s) != "" && !s.Headless() {
		return
	}
	fix := fmt.Sprintf("label Service %s istio.io/use-waypoint: waypoint, and write the Gateway waypoint of class istio-waypoint", s.Name)
	why := "has no waypoint"
	if s.Headless() {
		fix, why = "give the Service an address of its own, or leave it to policies with a selector that speak of ports and principals", "is headless, and no waypoint is ever asked"
	}
	r.Report(o, path, fix, "Service %s %s: %s", s.Name, why, outcome)
}

// bySelector judges a policy for pods: what it says of requests, ztunnel cannot see.
func (r *requests) bySelector(p inventory.Item[manifest.AuthorizationPolicy]) {
	selector := manifest.Selector{}
	if p.V.Spec.Selector != nil {
		selector = *p.V.Spec.Selector
	}
	var pods []*inventory.Workload
	for _, w := range r.Pods(p.Namespace, selector) {
		if w.Mesh == reach.Ambient {
			pods = append(pods, w)
		}
	}
	if len(pods) == 0 {
		return
	}
	for i, rule := range p.V.Spec.Rules {
		at, what := speaksOfRequests(rule)
		if what == "" {
			continue
		}
		outcome := "the rule never matches, and what it was to allow is denied"
		if p.V.Spec.Action == "DENY" {
			outcome = "the rule denies as if that were not there"
		}
		fix := "write targetRefs: [{kind: Service, group: \"\", name: …}] in place of the selector, and give the Service a waypoint"
		if s := r.network.servicesOf(pods[0]); len(s) > 0 {
			fix = strings.Replace(fix, "…", s[0].Name, 1)
		}
		r.Report(p.Object, append(Field("spec", "rules", i), at...), fix, "it speaks of %s to pods of %s, whose ztunnel sees no requests: %s", what, r.network.podNames(pods), outcome)
		return
	}
}

// speaksOfRequests is the first part of a rule that is about requests, and what it is.
func speaksOfRequests(r manifest.AuthRule) ([]any, string) {
	for i, to := range r.To {
		if to.Operation.HTTP() {
			return Field("to", i, "operation"), "methods, paths or hosts"
		}
	}
	for i, from := range r.From {
		if len(from.Source.RequestPrincipals)+len(from.Source.NotRequestPrincipals) > 0 {
			return Field("from", i, "source"), "the identity in a request's token"
		}
	}
	for i, w := range r.When {
		if strings.HasPrefix(w.Key, "request.") {
			return Field("when", i, "key"), w.Key
		}
	}
	return nil, ""
}

// routes judges what steers calls to a Service.
func (r *requests) routes() {
	steered := map[string]*manifest.Object{}
	for _, v := range inventory.All[manifest.VirtualService](r.Inventory) {
		if !forMesh(v.V) {
			continue
		}
		for i, host := range v.V.Spec.Hosts {
			h := r.host(host, v.Namespace)
			if steered[h.key] == nil {
				steered[h.key] = v.Object
			}
			r.Check.Looked()
			if ambientPods(h.Service) {
				r.needsWaypoint(v.Object, Field("spec", "hosts", i), h.Service, "nothing in ambient mode carries the VirtualService out")
			}
		}
	}
	for _, route := range inventory.All[manifest.Route](r.Inventory) {
		for i, p := range route.V.Spec.ParentRefs {
			if !p.Service() {
				continue
			}
			namespace := p.Namespace
			if namespace == "" {
				namespace = route.Namespace
			}
			r.Check.Looked()
			path := Field("spec", "parentRefs", i)
			if v := steered[serviceKey(namespace, p.Name)]; v != nil {
				r.Report(route.Object, path, "write all routes of the Service in one of the two APIs", "%s steers Service %s as well, and Istio does not support the two together", v.Ref(), p.Name).
					See(v, Field("spec", "hosts"), "steers the same Service")
				continue
			}
			if s := r.Service(namespace, p.Name); ambientPods(s) {
				r.needsWaypoint(route.Object, path, s, "nothing carries the route out")
			}
		}
	}
}

// labelled judges the labels that name a waypoint.
func (r *requests) labelled() {
	judge := func(o *manifest.Object, namespace string, ambient bool) {
		name := o.Labels[inventory.UseWaypointLabel]
		if name == "" || name == "none" || !ambient {
			return
		}
		if other := o.Labels[inventory.WaypointNamespace]; other != "" {
			namespace = other
		}
		r.Check.Looked()
		field := Field("metadata", "labels", inventory.UseWaypointLabel)
		fix := fmt.Sprintf("write {kind: Gateway, metadata: {name: %s, namespace: %s, labels: {istio.io/waypoint-for: service}}, spec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}}", name, namespace)
		gateway := r.Object("gateway.networking.k8s.io", "Gateway", namespace, name)
		if gateway == nil {
			if namespace != o.Namespace && o.Kind != "Namespace" && len(r.services[namespace]) == 0 {
				r.Skip(o.Ref(), "nothing of %s is given", namespaceText(namespace))
				return
			}
			r.Report(o, field, fix, "there is no waypoint %s in %s: whoever calls goes past every rule about requests", name, namespaceText(namespace))
			return
		}
		switch of := gateway.Labels["istio.io/waypoint-for"]; of {
		case "", "service", "all":
		default:
			r.Report(gateway, Field("metadata", "labels", "istio.io/waypoint-for"), "write istio.io/waypoint-for: service", "it is for %s, and %s sends it what is for a Service: that goes past it", of, o.Ref())
		}
	}
	for _, s := range r.Services {
		judge(s.Object, s.Namespace, ambientPods(s))
	}
	for _, n := range r.Namespaces {
		if n.Object != nil {
			judge(n.Object, n.Name, n.Labels[inventory.DataplaneLabel] == "ambient")
		}
	}
}

// waypoints judges the Gateways that are waypoints.
func (r *requests) waypoints() {
	for _, g := range inventory.All[manifest.Gateway](r.Inventory) {
		if g.V.Spec.GatewayClassName != "istio-waypoint" {
			continue
		}
		r.Check.Looked()
		if !slices.ContainsFunc(g.V.Spec.Listeners, func(l manifest.Listener) bool { return l.Port == inventory.HBONE && l.Protocol == "HBONE" }) {
			r.Report(g.Object, Field("spec", "listeners"), "write listeners: [{name: mesh, port: 15008, protocol: HBONE}]", "it is a waypoint, and does not listen for tunnels (HBONE on 15008)")
		}
	}
}
