package gen

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// HTTPRoute is a route of the Gateway API: an HTTPRoute, or a GRPCRoute or
// TLSRoute by Kind.
type HTTPRoute struct {
	Kind    string
	Name    string
	Comment string
	Parents []Parent
	Hosts   []string
	Rules   []RouteRule
	App     *App
}

// Parent is what a route hangs on: a listener of the Gateway, or a Service's
// port inside the mesh.
type Parent struct {
	Kind      string // "" is a Gateway
	Name      string
	Namespace string
	Listener  string
	Port      spec.PortNumber
}

// RouteRule sends what matches to backends, or redirects it.
type RouteRule struct {
	Prefix   string
	Method   GRPCMethod
	Rewrite  string
	Redirect bool
	Backends []Backend
	Timeout  spec.Duration
}

// GRPCMethod is a gRPC service, and one of its methods if not all; the zero
// value matches everything.
type GRPCMethod struct{ Service, Method string }

// HasFilters reports whether the rule changes the request.
func (r RouteRule) HasFilters() bool { return r.Rewrite != "" || r.Redirect }

// Backend is a Service's port and its share; Weighted where there is more than one.
type Backend struct {
	Service  string
	Port     spec.Port
	Weight   spec.Percent
	Weighted bool
}

func routeKind(p spec.Port) string {
	switch {
	case p.Protocol == spec.GRPC:
		return "GRPCRoute"
	case p.Protocol.IsTLS():
		return "TLSRoute"
	}
	return "HTTPRoute"
}

// backends are where requests to a port go: the Service, or its two versions.
func (s *Service) backends(p spec.Port) []Backend {
	if s.Canary == nil || !p.Protocol.IsHTTP() {
		return []Backend{{Service: s.Name, Port: p}}
	}
	var out []Backend
	for _, v := range s.Versions() {
		out = append(out, Backend{Service: v.Service, Port: p, Weight: v.Weight, Weighted: true})
	}
	return out
}

// listener names the Gateway's listener for a host.
func (h *Host) Listener(a *App) string {
	switch {
	case h.Passthrough:
		return "tls-" + h.Name
	case a.Ingress.TLS != nil:
		return "https-" + h.Name
	}
	return "http-" + h.Name
}

// Secret is the one that holds the host's certificate.
func (h *Host) Secret(a *App) string {
	if a.Ingress.TLS.SecretName != "" {
		return a.Ingress.TLS.SecretName
	}
	return h.Owner.TLSSecret()
}

// TLSSecret is what cert-manager writes the certificate of the service's own hosts into.
func (s *Service) TLSSecret() string { return s.Stem + "-tls" }

// CertificateHosts are the hosts that the service's Certificate covers; none
// where it owns none or nobody issues.
func (s *Service) CertificateHosts() []string {
	if !s.App.Issued() || s.Passthrough() {
		return nil
	}
	return s.OwnedHosts()
}

// CrossNamespace reports whether the Gateway reads its Secrets from another
// namespace, which a ReferenceGrant has to allow.
func (a *App) CrossNamespace() bool { return a.GatewayNamespace() != a.Namespace }

// TLSSecrets are the Secrets that the Gateway's listeners name, each once.
func (a *App) TLSSecrets() []string {
	var out []string
	for _, h := range a.Hosts {
		if a.Ingress.TLS != nil && !h.Passthrough && !slices.Contains(out, h.Secret(a)) {
			out = append(out, h.Secret(a))
		}
	}
	return out
}

// Redirects reports whether the Gateway has a plain listener that only redirects.
func (a *App) Redirects() bool {
	return a.Ingress.TLS != nil && slices.ContainsFunc(a.Hosts, func(h *Host) bool { return !h.Passthrough })
}

// gatewayParent is a listener of the Gateway, as a route names it.
func (a *App) gatewayParent(listener string) Parent {
	p := Parent{Name: a.Name, Listener: listener}
	if a.CrossNamespace() {
		p.Namespace = a.GatewayNamespace()
	}
	return p
}

// gatewayParents are the listeners of the service's hosts.
func (s *Service) gatewayParents() []Parent {
	var parents []Parent
	for _, name := range s.Service.Hosts {
		parents = append(parents, s.App.gatewayParent(s.App.hosts[name].Listener(s.App)))
	}
	return parents
}

// GatewayRoutes are the service's routes at the front door: one for each kind
// of protocol that its paths lead to, and the redirect of its own hosts.
func (s *Service) GatewayRoutes() []HTTPRoute {
	if !s.Exposed() || !s.App.UsesGateway() {
		return nil
	}
	a := s.App
	parents := s.gatewayParents()
	var routes []HTTPRoute
	for _, kind := range []string{"HTTPRoute", "GRPCRoute", "TLSRoute"} {
		if s.Flagger() {
			break // it writes the route itself
		}
		route := HTTPRoute{Kind: kind, Name: s.Stem, Parents: parents, Hosts: s.Service.Hosts, App: a}
		for _, path := range s.Paths {
			p, ok := s.Port(path.Port)
			if !ok || routeKind(p) != kind {
				continue
			}
			rule := RouteRule{Prefix: path.Path, Rewrite: path.Rewrite, Backends: s.backends(p), Timeout: s.timeoutFor(p)}
			if kind != "HTTPRoute" {
				// gRPC's paths are /service/method; a TLS stream has none.
				rule.Prefix = ""
				rule.Method.Service, rule.Method.Method, _ = strings.Cut(strings.TrimPrefix(path.Path, "/"), "/")
			}
			route.Rules = append(route.Rules, rule)
		}
		if len(route.Rules) > 0 {
			routes = append(routes, route)
		}
	}
	if owned := s.OwnedHosts(); len(owned) > 0 && !s.Passthrough() && a.Redirects() {
		routes = append(routes, HTTPRoute{
			Kind: "HTTPRoute", Name: s.Stem + ".redirect", App: a, Hosts: owned,
			Comment: "Plain HTTP is answered with the way to HTTPS and nothing else.",
			Parents: []Parent{a.gatewayParent("http")},
			Rules:   []RouteRule{{Redirect: true}},
		})
	}
	return routes
}

// Annotation is one annotation, in the order in which it is written.
type Annotation struct{ Key, Value string }

// Ingress is one Ingress object. Annotations hold for all of an object, so a
// service has one for each set of annotations that its paths need.
type Ingress struct {
	Name        string
	Comment     string
	Class       string
	Annotations []Annotation
	Hosts       []string
	Paths       []IngressPath
	TLS         []IngressTLS
	App         *App
}

// IngressPath leads a path to a Service's port.
type IngressPath struct {
	Path    string
	Type    string
	Service string
	Port    string
}

// IngressTLS is one certificate and the hosts that it covers.
type IngressTLS struct {
	Hosts  []string
	Secret string
}

// Middleware is a Traefik middleware that replaces a path's prefix.
type Middleware struct {
	Name    string
	Regex   string
	Replace string
	App     *App
}

// tlsEntries group the service's hosts by the Secret that covers them.
func (s *Service) tlsEntries() []IngressTLS {
	a := s.App
	if a.Ingress.TLS == nil {
		return nil
	}
	var out []IngressTLS
	for _, name := range s.Service.Hosts {
		secret := a.hosts[name].Secret(a)
		i := slices.IndexFunc(out, func(t IngressTLS) bool { return t.Secret == secret })
		if i < 0 {
			i = len(out)
			out = append(out, IngressTLS{Secret: secret})
		}
		out[i].Hosts = append(out[i].Hosts, name)
	}
	return out
}

// Ingresses are the service's Ingress objects.
func (s *Service) Ingresses() []Ingress {
	if !s.Exposed() || !s.App.UsesIngress() {
		return nil
	}
	a := s.App
	d := dialect(a.Ingress.Class)
	var out []Ingress
	for _, path := range s.Paths {
		p, ok := s.Port(path.Port)
		if !ok {
			continue
		}
		annotations, form := d.path(s, p, path)
		backend := s.Name
		if vs := s.Versions(); len(vs) > 0 {
			backend = vs[0].Service // the stable version: only the mesh, or a second Ingress, splits
		}
		item := IngressPath{Path: form.path, Type: form.kind, Service: backend, Port: p.Name}
		i := slices.IndexFunc(out, func(o Ingress) bool { return slices.Equal(o.Annotations, annotations) })
		if i < 0 {
			i = len(out)
			name := s.Stem
			if i > 0 {
				name = fmt.Sprintf("%s.%d", s.Stem, i+1)
			}
			out = append(out, Ingress{Name: name, Class: a.Ingress.Class, Annotations: annotations, Hosts: s.Service.Hosts, TLS: s.tlsEntries(), App: a})
		}
		out[i].Paths = append(out[i].Paths, item)
	}
	class := a.Class()
	if vs := s.Versions(); len(vs) > 1 && class.SplitsIngress && !s.Canary.Owned() {
		for _, o := range slices.Clone(out) {
			canary := o
			canary.Name += ".canary"
			canary.Comment = fmt.Sprintf("The canary's share: %s.", vs[1].Name)
			canary.Annotations = append(slices.Clone(o.Annotations),
				Annotation{"nginx.ingress.kubernetes.io/canary", "true"},
				Annotation{"nginx.ingress.kubernetes.io/canary-weight", fmt.Sprint(vs[1].Weight)})
			canary.Paths = slices.Clone(o.Paths)
			for i := range canary.Paths {
				canary.Paths[i].Service = vs[1].Service
			}
			out = append(out, canary)
		}
	} else if len(vs) > 1 {
		for i := range out {
			out[i].Comment = fmt.Sprintf("An Ingress of class %s cannot split by weight: the front door serves %s only.", a.Ingress.Class, vs[0].Name)
		}
	}
	if d.redirectObject() && a.Ingress.TLS != nil && len(s.OwnedHosts()) > 0 {
		out = append(out, d.redirect(s, out[0]))
	}
	return out
}

// Middlewares are what Traefik needs beside its Ingresses.
func (s *Service) Middlewares() []Middleware {
	if !s.Exposed() || !s.App.UsesIngress() || s.App.Ingress.Class != "traefik" {
		return nil
	}
	var out []Middleware
	for i, path := range s.Paths {
		if path.Rewrite != "" {
			regex, replace := rewriteRegex(path)
			out = append(out, Middleware{Name: s.rewriteName(i), Regex: regex, Replace: replace, App: s.App})
		}
	}
	return out
}

// rewriteName has no dot: Traefik takes it into a name of its own, in which it
// would become a hyphen.
func (s *Service) rewriteName(i int) string {
	if i == 0 {
		return s.Name + "-rewrite"
	}
	return fmt.Sprintf("%s-rewrite-%d", s.Name, i+1)
}

// rewriteRegex gives the expression that matches the prefix as whole segments,
// and what takes the path's place: the rest of the path stays.
func rewriteRegex(p spec.Path) (regex, replace string) {
	prefix, root := regexpQuote(strings.TrimSuffix(p.Path, "/")), strings.TrimSuffix(p.Rewrite, "/")
	if root == "" {
		return "^" + prefix + "(?:/(.*))?$", "/$1"
	}
	return "^" + prefix + "(/.*)?$", strings.ReplaceAll(root, "$", "$$") + "$1"
}

// regexpQuote escapes what is special in a regular expression of RE2 and PCRE alike.
func regexpQuote(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strings.ContainsRune(`\.+*?()|[]{}^$`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// ServiceAnnotations are what a front door reads off a Service.
func (s *Service) ServiceAnnotations() []Annotation {
	if !s.Exposed() || !s.App.UsesIngress() {
		return nil
	}
	return dialect(s.App.Ingress.Class).service(s, s.exposedPorts())
}
