package spec

import (
	"fmt"
	"slices"
	"strings"
)

// CanaryOwner names who moves the weights of a canary.
type CanaryOwner string

const (
	KgenOwner     CanaryOwner = "kgen"          // kgen.yaml says the weight
	FlaggerOwner  CanaryOwner = "flagger"       // a Canary object of flagger.app
	RolloutsOwner CanaryOwner = "argo-rollouts" // the application's own Rollout
)

// Owned reports whether a controller moves the weights, which are then not
// kgen's to say.
func (c *Canary) Owned() bool { return c.Owner == FlaggerOwner || c.Owner == RolloutsOwner }

// Versions are the names of the versions between which traffic is split, the
// stable one first. With a controller they are its own words for the two.
func (c *Canary) Versions() []string {
	switch {
	case c.Owner == FlaggerOwner:
		return []string{"primary", "canary"}
	case c.Owner == RolloutsOwner:
		return []string{"stable", "canary"}
	case c.Pinned():
		return []string{c.Stable}
	}
	return []string{c.Stable, c.Version}
}

// OwnersWay says how weights are moved where a controller moves them, as the
// way out of an error; "" where kgen does.
func (s *Service) OwnersWay() string {
	if s.Canary == nil {
		return ""
	}
	switch s.Canary.Owner {
	case FlaggerOwner:
		return fmt.Sprintf("change the pods of Deployment %s and Flagger begins; kubectl get canary %s shows how far it is", s.Name, s.Name)
	case RolloutsOwner:
		return fmt.Sprintf("use kubectl argo rollouts set image, promote and abort with Rollout %s", s.Name)
	}
	return ""
}

// flaggerLabels are the labels by which Flagger tells a Deployment's pods from
// those of its primary, in the order in which it looks for them (Flagger's flag
// -selector-labels).
var flaggerLabels = []string{"app", "name", "app.kubernetes.io/name"}

// PrimarySuffix ends the value of that label on the primary's pods.
const PrimarySuffix = "-primary"

// FlaggerLabel is the label of the service's pods whose value Flagger changes
// on the primary's, "" where there is none that it would know.
func (s *Service) FlaggerLabel() string {
	for _, key := range flaggerLabels {
		if _, has := s.PodLabels[key]; has {
			return key
		}
	}
	return ""
}

// TwinPods are the labels of the service's pods and of those that Flagger runs
// beside them, so that whatever selects the service selects both; one set where
// Flagger is not the owner.
func (s *Service) TwinPods() []map[string]string {
	sets := []map[string]string{s.PodLabels}
	key := s.FlaggerLabel()
	if s.Canary == nil || s.Canary.Owner != FlaggerOwner || key == "" {
		return sets
	}
	twin := map[string]string{}
	for k, value := range s.PodLabels {
		twin[k] = value
	}
	twin[key] += PrimarySuffix
	return append(sets, twin)
}

// owner checks what a controller asks of the service whose canary it owns.
func (v *validator) owner(path *where, raw, s *Service) {
	at := path.below("canary")
	enum(v, at.below("owner"), raw.Canary.Owner, KgenOwner, FlaggerOwner, RolloutsOwner)
	if !s.Canary.Owned() {
		return
	}
	owner := s.Canary.Owner
	for _, said := range []struct {
		key   string
		given bool
	}{{"stable", raw.Canary.Stable != ""}, {"version", raw.Canary.Version != ""}, {"weight", raw.Canary.Weight != 0}} {
		if said.given {
			v.errorf(at.to(said.key), "contradiction", "remove it, or set owner: kgen", "%s tells versions apart by their pods and moves the weights itself", owner)
		}
	}
	if owner == FlaggerOwner {
		v.flagger(path, s)
		v.flaggerBreaker(path, raw)
	}
}

// flagger checks what Flagger's Canary object cannot say, and what Flagger
// cannot work with. The facts are those of its canary, router and metrics
// packages.
func (v *validator) flagger(path *where, s *Service) {
	at := path.below("canary.owner")
	mesh := v.n.Spec.Mesh
	switch {
	case mesh.Provider != Istio:
		v.errorf(at.text(), "contradiction", "set mesh.provider: istio, or owner: argo-rollouts or kgen",
			"without a mesh nothing here measures the two versions apart, and Flagger decides by measurement")
	case mesh.Mode == Ambient:
		v.errorf(at.text(), "contradiction", "use mesh.mode: sidecar, or owner: argo-rollouts or kgen",
			"in ambient mode the pods have no sidecars, whose routes Flagger sets and whose metrics it reads")
	}
	if len(s.Ports) > 1 {
		v.errorf(path.to("ports"), "contradiction", "split the service, or use owner: argo-rollouts",
			"Flagger makes the Service of %s itself, with one port; others it would take from the pods, under the pods' own names and numbers", s.Name)
	}
	if s.Type == LoadBalancer {
		v.errorf(path.to("type"), "contradiction", "use type: ClusterIP, or owner: argo-rollouts", "Flagger makes the Service of %s itself, and makes none of type LoadBalancer", s.Name)
	}
	key := s.FlaggerLabel()
	if key == "" {
		v.errorf(path.to("podLabels"), "missing", "add one of them that says which service it is, such as app: "+s.Name,
			"Flagger tells its primary from the canary by one of the labels %s, and the pods of %s have none", strings.Join(flaggerLabels, ", "), s.Name)
	} else if value := s.PodLabels[key] + PrimarySuffix; len(value) > 63 {
		v.errorf(path.to("podLabels"), "bad-value", "shorten it", "%q, the label %s of Flagger's primary, has %d characters, more than 63", value, key, len(value))
	}
	inside := v.calledInside(s)
	in := v.n.Spec.Ingress
	switch {
	case !s.Exposed() && !inside:
		v.list.Warnf(at.text(), "no-effect", "declare who calls it, or generate load with a webhook of Flagger's",
			"nobody is declared to call %s, and Flagger promotes nothing that it has seen no requests to", s.Name)
	case !s.Exposed() || in == nil:
	case in.API == IngressResource && !inside:
		v.errorf(at.text(), "contradiction", "use ingress.api: gateway, or owner: kgen",
			"an Ingress leads to Flagger's primary only, and nobody else calls %s, so the canary would never see a request", s.Name)
	case in.API == GatewayAPI:
		v.flaggerRoute(path, s, inside)
	}
}

// flaggerBreaker warns of limits that Flagger's Canary object has no field for,
// where it makes the destination rules: not at the Gateway, where they are rendered.
func (v *validator) flaggerBreaker(path *where, raw *Service) {
	in := v.n.Spec.Ingress
	if raw.CircuitBreaker == nil || raw.Exposed() && in != nil && in.API == GatewayAPI {
		return
	}
	for _, limit := range []struct {
		key   string
		given bool
	}{{"maxConnections", raw.CircuitBreaker.MaxConnections != 0}, {"connectTimeout", raw.CircuitBreaker.ConnectTimeout != 0}} {
		if limit.given {
			v.list.Warnf(path.to("circuitBreaker."+limit.key), "no-effect", "remove it, or use owner: argo-rollouts or kgen", "Flagger makes the circuit breaker, and its Canary object has no place for this limit")
		}
	}
}

// flaggerRoute checks what Flagger's one HTTPRoute, which serves the front door
// and callers inside alike, cannot carry.
func (v *validator) flaggerRoute(path *where, s *Service, inside bool) {
	if i := slices.IndexFunc(s.Ports, func(p Port) bool { return p.Protocol == GRPC }); i >= 0 {
		v.errorf(fmt.Sprintf("%s.ports[%d].protocol", path.text(), i), "contradiction", "use owner: argo-rollouts or kgen, or leave hosts out",
			"Flagger writes HTTPRoutes, and what the Gateway serves of gRPC needs a GRPCRoute")
	}
	if s.Retries != nil {
		v.errorf(path.to("retries"), "contradiction", "remove it, or use owner: argo-rollouts or kgen", "Flagger's HTTPRoute has no retries")
	}
	rewritten, whole := false, true
	for _, p := range s.Paths {
		rewritten = rewritten || p.Rewrite != "" && p.Rewrite != p.Path
		whole = whole && p.Path == "/"
	}
	switch {
	case rewritten && len(s.Paths) > 1:
		v.errorf(path.to("paths"), "contradiction", "serve one path, or none rewritten, or use owner: argo-rollouts or kgen", "Flagger's HTTPRoute rewrites all of its paths alike")
	case inside && (rewritten || !whole):
		v.errorf(path.to("paths"), "contradiction", "serve / as it is, or use owner: argo-rollouts or kgen",
			"Flagger has one route for the front door and for the callers inside, who would see the front door's paths")
	}
}

// calledInside reports whether a declared caller reaches the service through the mesh.
func (v *validator) calledInside(s *Service) bool {
	if len(s.Callers) > 0 {
		return true
	}
	if v.called == nil {
		v.called = map[string]bool{}
		for i := range v.n.Spec.Services {
			for _, c := range v.n.Spec.Services[i].Calls {
				if c.Namespace == "" {
					v.called[c.Service] = true
				}
			}
		}
	}
	return v.called[s.Name]
}
