package gen_test

import (
	"maps"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// redirectAnnotations say, for the classes that take the word of an annotation,
// which makes plain HTTP redirect. Where the class is not listed, the redirect
// is an object of its own or the controller's own setting.
// Any one of a class's annotations does.
var redirectAnnotations = map[string]map[string]string{
	"nginx":   {"nginx.ingress.kubernetes.io/ssl-redirect": "true", "nginx.ingress.kubernetes.io/force-ssl-redirect": "true"},
	"haproxy": {"haproxy.org/ssl-redirect": "true"},
	"contour": {"ingress.kubernetes.io/force-ssl-redirect": "true"},
	"cilium":  {"ingress.cilium.io/force-https": "enabled"},
	"alb":     {"alb.ingress.kubernetes.io/ssl-redirect": "443"},
}

func checkRedirects(w *world) {
	if w.insecure() {
		for _, route := range all[manifest.Route](w) {
			for _, rule := range route.v.Spec.Rules {
				if redirects(rule) {
					w.at(route.Object, "redirects to HTTPS though the model is insecure")
				}
			}
		}
		return
	}
	for i := range w.s.Services {
		s := &w.s.Services[i]
		for _, host := range s.Hosts {
			if w.gatewayAPI() && !w.passthrough(s) && !w.hostRedirects(host) {
				w.model(s, "plain HTTP to %s is not redirected", host)
			}
			if w.gatewayAPI() {
				w.checkPlainHTTP(s, host)
			}
		}
	}
	for _, in := range all[manifest.Ingress](w) {
		if in.Annotations["nginx.ingress.kubernetes.io/canary"] == "true" {
			continue
		}
		wanted := redirectAnnotations[w.s.Ingress.Class]
		redirected := len(wanted) == 0
		for key, want := range wanted {
			redirected = redirected || in.Annotations[key] == want
		}
		if !redirected {
			w.at(in.Object, "has no annotation of %v", slices.Sorted(maps.Keys(wanted)))
		}
		switch w.s.Ingress.Class {
		case "traefik":
			w.checkTraefikRedirect(in)
		case "gce":
			name := in.Annotations["networking.gke.io/v1beta1.FrontendConfig"]
			if !slices.ContainsFunc(all[manifest.FrontendConfig](w), func(f item[manifest.FrontendConfig]) bool {
				return f.Name == name && f.Namespace == in.Namespace && f.v.Spec.RedirectToHTTPS != nil && f.v.Spec.RedirectToHTTPS.Enabled
			}) {
				w.at(in.Object, "FrontendConfig %q does not redirect", name)
			}
		}
	}
}

func redirects(rule manifest.RouteRule) bool {
	return slices.ContainsFunc(rule.Filters, func(f manifest.RouteFilter) bool {
		r := f.RequestRedirect
		return f.Type == "RequestRedirect" && r != nil && r.Scheme == "https" && r.StatusCode == 301
	})
}

func (w *world) hostRedirects(host string) bool {
	for _, route := range all[manifest.Route](w, "HTTPRoute") {
		if len(route.v.Spec.Hostnames) > 0 && !slices.Contains(route.v.Spec.Hostnames, host) || !slices.ContainsFunc(route.v.Spec.Rules, redirects) {
			continue
		}
		for _, ref := range route.v.Spec.ParentRefs {
			_, listeners := w.attachments(route, ref)
			if slices.ContainsFunc(listeners, func(l manifest.Listener) bool { return l.Protocol == "HTTP" && hostMatches(l.Hostname, host) }) {
				return true
			}
		}
	}
	return false
}

// checkPlainHTTP: behind TLS, no route may serve a host on a plain listener too.
func (w *world) checkPlainHTTP(s *spec.Service, host string) {
	for _, route := range all[manifest.Route](w, "HTTPRoute", "GRPCRoute") {
		if !slices.Contains(route.v.Spec.Hostnames, host) || !slices.ContainsFunc(route.v.Spec.Rules, func(r manifest.RouteRule) bool { return len(r.BackendRefs) > 0 }) {
			continue
		}
		for _, ref := range route.v.Spec.ParentRefs {
			_, listeners := w.attachments(route, ref)
			for _, l := range listeners {
				if l.Protocol == "HTTP" {
					w.at(route.Object, "serves %s in the clear on listener %s", host, l.Name)
				}
			}
		}
	}
}

func (w *world) checkTraefikRedirect(in item[manifest.Ingress]) {
	if w.traefikRedirects(in) || slices.ContainsFunc(all[manifest.Ingress](w), func(other item[manifest.Ingress]) bool {
		return w.onlyRedirects(other) && sharesHost(in, other)
	}) {
		return
	}
	w.at(in.Object, "no Middleware redirects its hosts")
}

// traefikRedirects reports whether a Middleware of the Ingress redirects.
func (w *world) traefikRedirects(in item[manifest.Ingress]) bool {
	named := strings.Split(in.Annotations["traefik.ingress.kubernetes.io/router.middlewares"], ",")
	return slices.ContainsFunc(all[manifest.Middleware](w), func(m item[manifest.Middleware]) bool {
		r := m.v.Spec.RedirectScheme
		return r != nil && r.Scheme == "https" && slices.Contains(named, m.Namespace+"-"+m.Name+"@kubernetescrd")
	})
}

// onlyRedirects: an Ingress of Traefik's plain entry point serves nothing once
// its Middleware redirects.
func (w *world) onlyRedirects(in item[manifest.Ingress]) bool {
	return in.Annotations["traefik.ingress.kubernetes.io/router.entrypoints"] == "web" && w.traefikRedirects(in)
}

func sharesHost(a, b item[manifest.Ingress]) bool {
	for _, r := range a.v.Spec.Rules {
		for _, o := range b.v.Spec.Rules {
			if r.Host == o.Host {
				return true
			}
		}
	}
	return false
}
