package gen

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// A dialect is how one ingress controller is told what the Ingress resource
// itself has no words for. Each annotation is documented by its controller.
type dialect string

// pathForm is a path as the controller wants it written.
type pathForm struct{ path, kind string }

const implementationSpecific = "ImplementationSpecific"

// path returns what an Ingress for this path has to be annotated with, and the
// form of the path itself.
func (d dialect) path(s *Service, p spec.Port, path spec.Path) ([]Annotation, pathForm) {
	form := pathForm{path.Path, "Prefix"}
	tls := s.App.Ingress.TLS != nil
	var out []Annotation
	add := func(when bool, key, value string) {
		if when {
			out = append(out, Annotation{key, value})
		}
	}
	rewrite := path.Rewrite != ""
	prefix := regexpQuote(strings.TrimSuffix(path.Path, "/"))
	root := strings.TrimSuffix(path.Rewrite, "/")
	grpc := p.Protocol == spec.GRPC
	switch d {
	case "nginx":
		add(tls, "nginx.ingress.kubernetes.io/force-ssl-redirect", "true")
		add(grpc, "nginx.ingress.kubernetes.io/backend-protocol", "GRPC")
		if rewrite {
			// A prefix match would also take /application for /app, and drop what follows.
			add(true, "nginx.ingress.kubernetes.io/use-regex", "true")
			add(true, "nginx.ingress.kubernetes.io/rewrite-target", root+"/$2")
			form = pathForm{prefix + "(/|$)(.*)", implementationSpecific}
			if prefix == "" {
				form.path = "/()(.*)"
			}
		} else if slices.ContainsFunc(s.Service.Hosts, func(h string) bool { return s.App.hosts[h].Rewritten }) {
			// One regular expression on a host makes all of the host's paths into such,
			// and a plain prefix would take /docsx for /docs.
			add(true, "nginx.ingress.kubernetes.io/use-regex", "true")
			form.kind = implementationSpecific
			if prefix != "" {
				form.path = prefix + "(/|$)"
			}
		}
	case "traefik":
		entry := "web"
		if tls {
			entry = "websecure"
		}
		add(true, "traefik.ingress.kubernetes.io/router.entrypoints", entry)
		add(tls, "traefik.ingress.kubernetes.io/router.tls", "true")
		if rewrite {
			i := slices.Index(s.Paths, path)
			add(true, "traefik.ingress.kubernetes.io/router.middlewares", s.App.Namespace+"-"+s.rewriteName(i)+"@kubernetescrd")
		}
	case "haproxy":
		add(tls, "haproxy.org/ssl-redirect", "true")
		add(p.Protocol != spec.HTTP, "haproxy.org/server-proto", "h2")
		if rewrite {
			add(true, "haproxy.org/path-rewrite", fmt.Sprintf(`%s(/|$)(.*) %s/\2`, prefix, root))
		}
	case "contour":
		add(tls, "ingress.kubernetes.io/force-ssl-redirect", "true")
	case "cilium":
		// One load balancer for all Ingresses, so that they can share a host.
		add(true, "ingress.cilium.io/loadbalancer-mode", "shared")
		add(tls, "ingress.cilium.io/force-https", "enabled")
	case "alb":
		add(true, "alb.ingress.kubernetes.io/group.name", s.App.Name)
		// Between Ingresses the longer path has to come first.
		add(true, "alb.ingress.kubernetes.io/group.order", fmt.Sprint(max(1, 1000-len(path.Path))))
		add(true, "alb.ingress.kubernetes.io/scheme", "internet-facing")
		// Pods are the targets: their Services have no node ports.
		add(true, "alb.ingress.kubernetes.io/target-type", "ip")
		add(tls, "alb.ingress.kubernetes.io/listen-ports", `[{"HTTP": 80}, {"HTTPS": 443}]`)
		add(tls, "alb.ingress.kubernetes.io/ssl-redirect", "443")
		add(grpc, "alb.ingress.kubernetes.io/backend-protocol-version", "GRPC")
		add(p.Protocol == spec.HTTP2, "alb.ingress.kubernetes.io/backend-protocol-version", "HTTP2")
	case "gce":
		// GKE reads the old annotation and ignores ingressClassName.
		add(true, "kubernetes.io/ingress.class", "gce")
		add(tls, "networking.gke.io/v1beta1.FrontendConfig", s.App.Name)
	}
	return out, form
}

// service returns what the controller reads off the Service of exposed ports.
func (d dialect) service(s *Service, exposed []spec.Port) []Annotation {
	http2 := portsWith(exposed, func(p spec.Port) bool { return p.Protocol == spec.GRPC || p.Protocol == spec.HTTP2 })
	var names []string
	protocols := map[string]string{}
	for _, p := range http2 {
		names = append(names, p.Name)
		protocols[p.Name] = "HTTP2"
	}
	switch {
	case d == "traefik" && len(http2) > 0 && len(http2) == len(exposed):
		return []Annotation{{"traefik.ingress.kubernetes.io/service.serversscheme", "h2c"}}
	case d == "contour" && len(http2) > 0:
		return []Annotation{{"projectcontour.io/upstream-protocol.h2c", strings.Join(names, ",")}}
	case d == "gce":
		out := []Annotation{{"cloud.google.com/neg", `{"ingress": true}`}}
		if len(http2) > 0 {
			text, err := json.Marshal(protocols) // sorted keys
			if err != nil {
				panic(err) // a map of strings marshals
			}
			out = append(out, Annotation{"cloud.google.com/app-protocols", string(text)})
		}
		return out
	}
	return nil
}

// redirectObject reports a controller for which the redirect is an Ingress of its own.
func (d dialect) redirectObject() bool { return d == "traefik" }

// redirect is that Ingress: the same hosts at the plain entry point, through
// the middleware that answers with the way to HTTPS.
func (d dialect) redirect(s *Service, like Ingress) Ingress {
	r := like
	r.Name = s.Stem + ".redirect"
	r.Comment = "Plain HTTP is answered with the way to HTTPS and nothing else."
	r.Annotations = []Annotation{
		{"traefik.ingress.kubernetes.io/router.entrypoints", "web"},
		{"traefik.ingress.kubernetes.io/router.middlewares", s.App.Namespace + "-redirect-https@kubernetescrd"},
	}
	r.TLS = nil
	r.Hosts = s.OwnedHosts()
	r.Paths = []IngressPath{{Path: "/", Type: "Prefix", Service: like.Paths[0].Service, Port: like.Paths[0].Port}}
	return r
}

// RedirectMiddleware reports whether Traefik's redirect has to be described.
func (a *App) RedirectMiddleware() bool {
	return a.UsesIngress() && dialect(a.Ingress.Class).redirectObject() && a.Ingress.TLS != nil
}

// FrontendConfig reports whether GKE's redirect has to be described.
func (a *App) FrontendConfig() bool {
	return a.UsesIngress() && a.Ingress.Class == "gce" && a.Ingress.TLS != nil
}
