package spec

import (
	"fmt"
	"slices"
	"time"
)

func (v *validator) canary(path *where, raw, s *Service) {
	c := s.Canary
	if c == nil {
		return
	}
	at := path.below("canary")
	v.owner(path, raw, s)
	if !c.Owned() {
		v.check(at.below("stable"), "", CheckVersion(c.Stable))
	}
	if c.Version != "" && !c.Owned() {
		v.check(at.below("version"), "", CheckVersion(c.Version))
	}
	if c.Pinned() && c.Weight != 0 {
		v.errorf(at.to("weight"), "contradiction", "name the new version, or leave weight out", "no version is named that could have a share")
	}
	if c.Stable == c.Version && !c.Owned() {
		v.errorf(at.to("version"), "contradiction", "name the new version", "%q is the stable version already", c.Version)
	}
	if !slices.ContainsFunc(s.Ports, func(p Port) bool { return p.Protocol.IsHTTP() }) {
		v.errorf(at.text(), "contradiction", "add a port of protocol http, http2 or grpc, or remove the canary", "%s has no port whose requests can be split by weight", s.Name)
	}
	if s.Type == Headless {
		v.errorf(at.text(), "contradiction", "use type: ClusterIP", "callers of a headless service choose their pod themselves, so no weight can hold")
	}
	in := v.n.Spec.Ingress
	gateway := in != nil && in.API == GatewayAPI
	switch {
	case v.n.Spec.Mesh.Provider == Istio:
		if s.Exposed() && in != nil && in.API == IngressResource && (c.Owned() || !mustClass(in.Class).SplitsIngress) {
			v.list.Warnf(at.text(), "partial", "use ingress.api: gateway to split the front door's traffic as well",
				"an Ingress of class %s cannot split by weight: the front door serves %s only, the mesh splits", in.Class, c.Versions()[0])
		}
	case gateway && s.Exposed():
	case gateway:
		v.errorf(at.text(), "contradiction", "set mesh.provider: istio, or give the service hosts", "without a mesh only the Gateway can split traffic, and %s is not exposed", s.Name)
	default:
		v.errorf(at.text(), "contradiction", "set mesh.provider: istio, or ingress.api: gateway", "there is neither a mesh nor the Gateway API to carry a canary")
	}
}

func (v *validator) behaviour(path *where, raw, s *Service) {
	http := slices.ContainsFunc(s.Ports, func(p Port) bool { return p.Protocol.IsHTTP() })
	carried := v.n.Spec.Mesh.Provider == Istio || s.Exposed() && v.n.Spec.Ingress != nil && v.n.Spec.Ingress.API == GatewayAPI
	if raw.Timeout != 0 && !http {
		v.list.Warnf(path.to("timeout"), "no-effect", "remove it", "%s serves no HTTP requests that could time out", s.Name)
	} else if raw.Timeout != 0 && !carried {
		v.list.Warnf(path.to("timeout"), "no-effect", "set mesh.provider: istio", "nothing here carries a timeout without a mesh")
	} else if in := v.n.Spec.Ingress; raw.Timeout != 0 && s.Exposed() && in != nil && in.API == GatewayAPI && mustClass(in.Class).NoTimeouts {
		v.list.Warnf(path.to("timeout"), "no-effect", "use another class", "class %s does not carry the timeout of a route, so requests from outside have none", in.Class)
	} else if grpc := slices.IndexFunc(s.Ports, func(p Port) bool { return p.Protocol == GRPC }); raw.Timeout != 0 && grpc >= 0 && v.n.Spec.Mesh.Mode != Sidecar {
		v.list.Warnf(path.to("timeout"), "no-effect", "set a deadline in the client, or use mesh.mode: sidecar", "a GRPCRoute, which carries port %s, has no timeout", s.Ports[grpc].Name)
	}
	if r := s.Retries; r != nil {
		if !http {
			v.list.Warnf(path.to("retries"), "no-effect", "remove it", "%s serves no HTTP requests that could be tried again", s.Name)
		}
		if budget := time.Duration(r.PerTryTimeout) * time.Duration(r.Attempts); raw.Timeout != 0 && raw.Retries.PerTryTimeout != 0 && budget > time.Duration(raw.Timeout) {
			v.errorf(path.to("retries"), "contradiction", "raise timeout, or lower attempts or perTryTimeout", "%d attempts of %s take %s, longer than the timeout of %s", r.Attempts, time.Duration(r.PerTryTimeout), budget, time.Duration(raw.Timeout))
		}
		if v.n.Spec.Mesh.Provider != Istio {
			v.list.Warnf(path.to("retries"), "no-effect", "set mesh.provider: istio", "nothing here carries retries without a mesh")
		} else if v.n.Spec.Mesh.Mode == Ambient {
			v.list.Warnf(path.to("retries"), "no-effect", "use mesh.mode: sidecar", "the Gateway API, which routes in ambient mode, has no retries in its standard channel; the waypoint's own two retries apply")
		}
	}
	if b := raw.CircuitBreaker; b != nil {
		if v.n.Spec.Mesh.Provider != Istio {
			v.list.Warnf(path.to("circuitBreaker"), "no-effect", "set mesh.provider: istio", "nothing here breaks circuits without a mesh")
		}
		if least := LeastEjection(s.Replicas, false); b.MaxEjectionPercent != 0 && b.MaxEjectionPercent < least {
			v.errorf(path.to("circuitBreaker.maxEjectionPercent"), "contradiction", fmt.Sprintf("write at least %d, or raise replicas", least),
				"%d %% of %d pods is less than one, so no pod would ever be ejected", b.MaxEjectionPercent, s.Replicas)
		}
		if b.ConsecutiveGatewayErrors != 0 && b.ConsecutiveGatewayErrors > s.CircuitBreaker.Consecutive5xxErrors {
			v.errorf(path.to("circuitBreaker.consecutiveGatewayErrors"), "contradiction", "write at most that", "%d is above consecutive5xxErrors, which counts them too (%d)", b.ConsecutiveGatewayErrors, s.CircuitBreaker.Consecutive5xxErrors)
		}
	}
	if s.SLO != nil {
		if s.SLO.Availability == 0 && s.SLO.Latency == nil {
			v.errorf(path.to("slo"), "missing", "add availability: 99.9, or latency", "promises nothing")
		}
		if !http {
			v.list.Warnf(path.to("slo"), "no-effect", "remove it", "%s serves no HTTP requests to count", s.Name)
		}
	}
}
