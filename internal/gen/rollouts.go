package gen

import (
	"fmt"
	"slices"

	"kgen.dev/kgen/internal/spec"
)

// rolloutHash is the label by which Argo Rollouts tells ReplicaSets apart. It
// writes it into the subsets and selectors of the two versions.
const rolloutHash = "rollouts-pod-template-hash"

// Rollout is what the application's own Rollout has to say, so that its
// controller finds the routes that are rendered for it.
type Rollout struct {
	Name, Namespace string
	// Stable and Canary are the Services of the two, "" where subsets tell them apart.
	Stable, Canary string
	// VirtualService holds the named Routes, DestinationRule the subsets stable
	// and canary; "" where there is no sidecar that would heed them.
	VirtualService, DestinationRule string
	Routes                          []string
	// HTTPRoutes and GRPCRoutes are those whose backends are the two Services.
	HTTPRoutes, GRPCRoutes []string
}

// Rollouts reports whether a Rollout of the application moves the weights.
func (s *Service) Rollouts() bool { return s.Canary != nil && s.Canary.Owner == spec.RolloutsOwner }

// Rollout is the service's, or nil.
func (s *Service) Rollout() *Rollout {
	if !s.Rollouts() {
		return nil
	}
	r := &Rollout{Name: s.Name, Namespace: s.App.Namespace}
	if vs := s.VersionServices(); len(vs) > 0 {
		r.Stable, r.Canary = vs[0].Service, vs[1].Service
	}
	for _, route := range s.Routes() {
		r.VirtualService, r.DestinationRule = s.Stem, s.Stem
		r.Routes = append(r.Routes, route.Port.Name)
	}
	for _, route := range s.splitRoutes() {
		if route.Kind == "GRPCRoute" {
			r.GRPCRoutes = append(r.GRPCRoutes, route.Name)
		} else {
			r.HTTPRoutes = append(r.HTTPRoutes, route.Name)
		}
	}
	return r
}

// splitRoutes are the service's routes of the Gateway API that split by weight.
func (s *Service) splitRoutes() []HTTPRoute {
	var out []HTTPRoute
	for _, route := range slices.Concat(s.MeshRoutes(), s.GatewayRoutes()) {
		if slices.ContainsFunc(route.Rules, func(r RouteRule) bool {
			return slices.ContainsFunc(r.Backends, func(b Backend) bool { return b.Weighted })
		}) {
			out = append(out, route)
		}
	}
	return out
}

// Moved is an object in which a controller moves fields that are rendered once
// and for all: a GitOps engine has to leave them as it finds them.
type Moved struct {
	Group, Kind, Name, Namespace string
	Expressions                  []string // the fields as jq expressions, as Argo CD takes them
	Pointers                     []string // the same as JSON pointers, as Flux does
}

// Pattern is the name as a regular expression, which is what Flux takes it for.
func (m Moved) Pattern() string { return "^" + regexpQuote(m.Name) + "$" }

// Moved lists the fields that controllers move. Flagger's objects are its own
// and none of them is rendered, so they are those of Rollouts.
func (a *App) Moved() []Moved {
	var out []Moved
	for _, s := range a.with((*Service).Rollouts) {
		out = append(out, s.moved()...)
	}
	return out
}

func (s *Service) moved() []Moved {
	var out []Moved
	add := func(group, kind, name, expression string, pointers ...string) {
		out = append(out, Moved{group, kind, name, s.App.Namespace, []string{expression}, pointers})
	}
	if routes := s.Routes(); len(routes) > 0 {
		var weights, subsets []string
		for i, route := range routes {
			for j := range route.Versions {
				weights = append(weights, fmt.Sprintf("/spec/http/%d/route/%d/weight", i, j))
			}
		}
		for i := range s.Versions() {
			subsets = append(subsets, fmt.Sprintf("/spec/subsets/%d/labels/%s", i, rolloutHash))
		}
		add("networking.istio.io", "VirtualService", s.Stem, ".spec.http[].route[].weight", weights...)
		add("networking.istio.io", "DestinationRule", s.Stem, `.spec.subsets[].labels."`+rolloutHash+`"`, subsets...)
	}
	for _, route := range s.splitRoutes() {
		var weights []string
		for i, rule := range route.Rules {
			for j, b := range rule.Backends {
				if b.Weighted {
					weights = append(weights, fmt.Sprintf("/spec/rules/%d/backendRefs/%d/weight", i, j))
				}
			}
		}
		add("gateway.networking.k8s.io", route.Kind, route.Name, ".spec.rules[].backendRefs[].weight", weights...)
	}
	for _, v := range s.VersionServices() {
		add("", "Service", v.Service, `.spec.selector."`+rolloutHash+`"`, "/spec/selector/"+rolloutHash)
	}
	return out
}

// MovedText names what server-side apply takes for the controller's: it knows no
// owner of less than the whole of these (atomic lists and maps).
func (a *App) MovedText() string {
	fields := map[string]string{
		"VirtualService": "`spec.http`", "DestinationRule": "`spec.subsets`", "HTTPRoute": "`spec.rules`", "GRPCRoute": "`spec.rules`", "Service": "`spec.selector`",
	}
	var parts []string
	for _, m := range a.Moved() {
		if part := fields[m.Kind] + " of " + m.Kind + "s"; !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return enumerate(parts)
}

// OwnedCanaries are the services whose canary a controller owns.
func (a *App) OwnedCanaries() []*Service {
	return a.with(func(s *Service) bool { return s.Canary != nil && s.Canary.Owned() })
}

// FlaggerCanaries and RolloutCanaries are those of each controller.
func (a *App) FlaggerCanaries() []*Service { return a.with((*Service).Flagger) }
func (a *App) RolloutCanaries() []*Service { return a.with((*Service).Rollouts) }

// RolloutPlugin reports whether a Rollout needs Argo Rollouts' plugin for the
// Gateway API.
func (a *App) RolloutPlugin() bool {
	return slices.ContainsFunc(a.RolloutCanaries(), func(s *Service) bool { return len(s.splitRoutes()) > 0 })
}

// ownerNeeds are what the controllers ask of the cluster and of the workloads.
func (a *App) ownerNeeds() []string {
	var out []string
	if len(a.FlaggerCanaries()) > 0 {
		out = append(out, "Flagger 1.36 or newer, its `-metrics-server` the Prometheus that scrapes this mesh")
	}
	for _, s := range a.FlaggerCanaries() {
		out = append(out, fmt.Sprintf("the Deployment `%s`, whose selector holds `%s: %s`, and whose pods declare their ports", s.Name, s.FlaggerLabel(), s.PodLabels[s.FlaggerLabel()]))
	}
	if len(a.RolloutCanaries()) > 0 {
		need := "Argo Rollouts"
		if a.RolloutPlugin() {
			need += " with its plugin `argoproj-labs/gatewayAPI`"
		}
		out = append(out, need)
	}
	for _, s := range a.RolloutCanaries() {
		out = append(out, fmt.Sprintf("the Rollout `%s`, with the traffic routing [above](#who-moves-the-canaries)", s.Name))
	}
	return out
}

// FlaggerText and RolloutText name the services of each controller.
func (a *App) FlaggerText() string { return namesOf(a.FlaggerCanaries()) }
func (a *App) RolloutText() string { return namesOf(a.RolloutCanaries()) }

func namesOf(services []*Service) string {
	var names []string
	for _, s := range services {
		names = append(names, s.Name)
	}
	return enumerate(names)
}
