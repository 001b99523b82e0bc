package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// What one HTTPRoute and one Gateway can hold (Gateway API: maxItems of
// hostnames, rules and listeners).
const (
	longestHost  = 253 - len("https-")
	maxHosts     = 16
	maxPaths     = 16
	maxListeners = 64
)

func (v *validator) exposure(path *where, raw, s *Service) {
	if !raw.Exposed() {
		return
	}
	if len(s.Hosts) == 0 {
		v.errorf(path.to("paths"), "missing", "add hosts, or set domain below spec", "paths are served under hosts, and %s has none", s.Name)
		return
	}
	if len(raw.Hosts) > maxHosts || len(raw.Paths) > maxPaths {
		if len(raw.Hosts) > maxHosts {
			v.errorf(path.to("hosts"), "too-many", "split the service, or serve the rest below a shared host", "%d hosts are more than the %d that one route takes", len(raw.Hosts), maxHosts)
		}
		if len(raw.Paths) > maxPaths {
			v.errorf(path.to("paths"), "too-many", "serve fewer, longer prefixes", "%d paths are more than the %d that one route takes", len(raw.Paths), maxPaths)
		}
		return
	}
	in := v.n.Spec.Ingress
	for i, h := range raw.Hosts {
		host := path.in("hosts", i)
		v.check(host, "", CheckHost(h))
		if len(h) > longestHost && in != nil && in.API == GatewayAPI {
			v.errorf(host.text(), "bad-value", "serve a shorter name", "%q has %d characters, and the Gateway's listener for it, which is named after it, can have %d of them", h, len(h), longestHost)
		}
		if slices.Index(raw.Hosts, h) < i {
			v.errorf(host.text(), "duplicate", "remove one", "host %q is listed twice", h)
		}
	}
	if len(raw.Hosts) == 0 {
		v.check(path.below("name"), "set hosts", CheckHost(s.Hosts[0]))
	}
	if firstExposable(s.Ports) == "" {
		v.errorf(path.to("hosts"), "contradiction", "use type: LoadBalancer, or add a port of protocol http, http2 or grpc", "%s has no port that a host could lead to", s.Name)
		return
	}
	passthrough := 0
	for i, p := range s.Paths {
		at := path.in("paths", i)
		v.check(at.below("path"), "", CheckPath(p.Path))
		v.optional(at.below("rewrite"), p.Rewrite, "", CheckPath)
		port, ok := s.Port(p.Port)
		switch {
		case !ok:
			v.errorf(at.to("port"), "undeclared", portsFix(s), "%s has no port named %q", s.Name, p.Port)
		case port.Protocol.IsTLS():
			passthrough++
			if p.Path != "/" || p.Rewrite != "" {
				v.errorf(at.to("path"), "contradiction", "serve / without rewrite", "port %s terminates TLS itself, so the front door sees no paths", p.Port)
			}
			if in != nil && in.API == GatewayAPI && mustClass(in.Class).NoTLSRoute {
				v.errorf(at.to("port"), "contradiction", "use another class, or a port of protocol http", "class %s cannot pass TLS through to port %s", in.Class, p.Port)
			}
			if in != nil && in.API == IngressResource {
				v.errorf(at.to("port"), "contradiction", "use ingress.api: gateway, or a port of protocol http", "an Ingress cannot pass TLS through to port %s", p.Port)
			}
			if in != nil && in.Insecure {
				v.errorf(at.to("port"), "contradiction", "use a port of protocol http", "port %s is TLS, and the front door is insecure", p.Port)
			}
		case !port.Protocol.IsHTTP():
			v.errorf(at.to("port"), "contradiction", "use type: LoadBalancer, or a port of protocol http, http2 or grpc", "port %s speaks %s, which a host cannot lead to", p.Port, port.Protocol)
		case strings.ContainsAny(p.Rewrite, "$%'\\") && in != nil && in.API == IngressResource:
			v.errorf(at.to("rewrite"), "contradiction", "use ingress.api: gateway, or leave $, %% and ' out", "%q holds a character that an Ingress controller would take for one of its own", p.Rewrite)
		case p.Rewrite != "" && p.Rewrite != p.Path && in != nil && in.API == IngressResource && !mustClass(in.Class).RewritesIngress:
			v.errorf(at.to("rewrite"), "contradiction", "use ingress.api: gateway, or serve the path as it is", "an Ingress of class %s cannot rewrite paths", in.Class)
		case port.Protocol == GRPC && p.Rewrite != "" && p.Rewrite != p.Path:
			v.errorf(at.to("rewrite"), "contradiction", "remove it", "the paths of gRPC are its methods and cannot be rewritten")
		case port.Protocol == GRPC && p.Path != "/" && !methodForm.MatchString(p.Path):
			v.errorf(at.to("path"), "contradiction", "write /, /package.Service or /package.Service/Method", "%q names no gRPC service or method", p.Path)
		case port.Protocol == GRPC && in != nil && in.API == IngressResource && in.Class == "gce":
			v.list.Warnf(at.to("port"), "partial", "use ingress.api: gateway", "GKE's Ingress reaches HTTP/2 pods over TLS only, and port %s speaks it in the clear", p.Port)
		}
	}
	if passthrough > 0 && passthrough < len(s.Paths) {
		v.errorf(path.to("paths"), "contradiction", "give the other ports a host through a service of their own", "TLS passed through takes the whole host")
	}
}

func mustClass(name string) Class {
	c, _ := ClassOf(name)
	return c
}

// methodForm is a gRPC service, or one of its methods.
var methodForm = regexp.MustCompile(`^/[A-Za-z_][A-Za-z0-9_.]*(/[A-Za-z_][A-Za-z0-9_]*)?$`)

func portsFix(s *Service) string {
	var names []string
	for _, p := range s.Ports {
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return "declare the port in its ports"
	}
	return "it has " + strings.Join(names, ", ")
}

// hosts checks what hosts and paths claim across services.
func (v *validator) hosts() {
	in := v.n.Spec.Ingress
	claims := map[string]string{}  // host and path -> service
	passes := map[string]string{}  // host -> service that takes it whole
	kinds := map[string]Protocol{} // host -> GRPC or HTTP, under the Gateway API
	owners := map[string]string{}  // host -> the first service that names it
	hosts := map[string]int{}
	for i := range v.n.Spec.Services {
		s := &v.n.Spec.Services[i]
		if len(s.Hosts) > maxHosts || len(s.Paths) > maxPaths {
			continue // said above
		}
		for j, h := range s.Hosts {
			at := ofService(i).in("hosts", j)
			hosts[h]++
			if owners[h] == "" {
				owners[h] = s.Name
			} else if owners[h] != s.Name && in != nil && in.API == IngressResource && mustClass(in.Class).OwnAddress {
				v.errorf(at.text(), "duplicate", "give it a host of its own, or use ingress.api: gateway",
					"every Ingress of class %s has an address of its own, and %s already leads to that of %s", in.Class, h, owners[h])
			}
			for _, p := range s.Paths {
				key := h + strings.TrimSuffix(p.Path, "/") // /x and /x/ are one prefix
				if other, taken := claims[key]; taken && slices.Index(s.Hosts, h) == j {
					who := other
					if other == s.Name {
						who = "the same service"
					}
					v.errorf(at.text(), "duplicate", "serve another path or host", "%s%s is already served by %s", h, p.Path, who)
				}
				claims[key] = s.Name
				if port, ok := s.Port(p.Port); ok && port.Protocol.IsHTTP() && in != nil && in.API == GatewayAPI {
					kind := HTTP
					if port.Protocol == GRPC {
						kind = GRPC
					}
					if other, taken := kinds[h]; taken && other != kind {
						v.errorf(at.text(), "contradiction", "give gRPC a host of its own", "the Gateway API lets no host have both HTTPRoutes and GRPCRoutes, and %s has both", h)
					} else {
						kinds[h] = kind
					}
				}
				if port, ok := s.Port(p.Port); ok && port.Protocol.IsTLS() {
					passes[h] = s.Name
				}
			}
		}
	}
	for i := range v.n.Spec.Services {
		for j, h := range v.n.Spec.Services[i].Hosts {
			if other := passes[h]; other != "" && hosts[h] > 1 {
				v.errorf(fmt.Sprintf("services[%d].hosts[%d]", i, j), "duplicate", "give it a host of its own", "TLS passed through to %s takes all of %s", other, h)
			}
		}
	}
	if in != nil && in.API == GatewayAPI && len(hosts)+1 > maxListeners {
		v.errorf("services", "too-many", "move services to a second kgen.yaml, or serve them below shared hosts", "%d hosts need %d listeners, and a Gateway holds %d", len(hosts), len(hosts)+1, maxListeners)
	}
}
