package gen_test

import (
	"regexp"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

func checkHosts(w *world) {
	known := map[string]bool{}
	for i := range w.s.Services {
		s := &w.s.Services[i]
		for _, host := range s.Hosts {
			known[host] = true
			for _, p := range s.Paths {
				w.checkServed(s, host, p)
			}
		}
	}
	for _, in := range all[manifest.Ingress](w) {
		if in.v.Spec.IngressClassName != w.s.Ingress.Class && (w.s.Ingress.Class != "gce" || in.Annotations["kubernetes.io/ingress.class"] != "gce") {
			w.at(in.Object, "class is %q, want %q", in.v.Spec.IngressClassName, w.s.Ingress.Class)
		}
		for _, r := range in.v.Spec.Rules {
			if !known[r.Host] {
				w.at(in.Object, "serves %q, which is not in the model", r.Host)
			}
		}
	}
	for _, g := range w.frontGateways() {
		if g.v.Spec.GatewayClassName != w.s.Ingress.Class {
			w.at(g.Object, "class is %q, want %q", g.v.Spec.GatewayClassName, w.s.Ingress.Class)
		}
		for _, l := range g.v.Spec.Listeners {
			if l.Protocol != "HTTP" && !known[l.Hostname] {
				w.at(g.Object, "listener %s is for %q, which is not in the model", l.Name, l.Hostname)
			}
		}
	}
	for _, route := range all[manifest.Route](w) {
		door := slices.ContainsFunc(route.v.Spec.ParentRefs, func(p manifest.ParentRef) bool { return !p.Service() })
		if door && len(route.v.Spec.Hostnames) == 0 && slices.ContainsFunc(route.v.Spec.Rules, func(r manifest.RouteRule) bool { return len(r.BackendRefs) > 0 }) {
			w.at(route.Object, "serves every host")
		}
		for _, h := range route.v.Spec.Hostnames {
			if !known[h] {
				w.at(route.Object, "serves %q, which is not in the model", h)
			}
		}
	}
	if !w.anyExposed() && len(all[manifest.Ingress](w))+len(w.frontGateways()) > 0 {
		w.fault("-", "front door", "nothing is exposed, and there is an Ingress or a Gateway")
	}
}

// checkServed looks for the rule that leads host and path to the port.
func (w *world) checkServed(s *spec.Service, host string, p spec.Path) {
	index := slices.IndexFunc(s.Ports, func(port spec.Port) bool { return port.Name == p.Port })
	if index < 0 {
		return
	}
	port := s.Ports[index]
	leads := func(name string) bool {
		owner, _ := w.serviceOf(w.fqdn(name))
		return owner == s
	}
	found := false
	for _, in := range all[manifest.Ingress](w) {
		for _, rule := range in.v.Spec.Rules {
			for _, path := range rule.HTTP.Paths {
				if rule.Host == host && path.Backend.Service != nil && leads(path.Backend.Service.Name) && strings.HasPrefix(path.Path, p.Path) {
					found = true
					if path.PathType == "" {
						w.at(in.Object, "path %s has no pathType", path.Path)
					}
					if p.Rewrite != "" {
						w.checkIngressRewrite(in, path.Path, p)
					}
				}
			}
		}
	}
	for _, route := range all[manifest.Route](w) {
		if !slices.Contains(route.v.Spec.Hostnames, host) {
			continue
		}
		for _, rule := range route.v.Spec.Rules {
			for _, b := range rule.BackendRefs {
				if !leads(b.Name) || b.Port != int(port.Port) {
					continue
				}
				switch route.Kind {
				case "HTTPRoute":
					found = found || w.ruleServes(route, rule, p)
				case "GRPCRoute":
					found = found || port.Protocol == spec.GRPC
				case "TLSRoute":
					found = found || port.Protocol == spec.HTTPS || port.Protocol == spec.TLSP
				}
			}
		}
	}
	if !found {
		w.model(s, "nothing leads %s%s to port %s", host, p.Path, p.Port)
	}
}

func (w *world) ruleServes(route item[manifest.Route], rule manifest.RouteRule, p spec.Path) bool {
	matches := len(rule.Matches) == 0 && p.Path == "/"
	for _, m := range rule.Matches {
		matches = matches || m.Path != nil && m.Path.Type == "PathPrefix" && m.Path.Value == p.Path
	}
	if !matches {
		return false
	}
	rewrite := ""
	for _, f := range rule.Filters {
		if f.URLRewrite != nil && f.URLRewrite.Path != nil && f.URLRewrite.Path.ReplacePrefixMatch != nil && f.URLRewrite.Path.Type == "ReplacePrefixMatch" {
			rewrite = *f.URLRewrite.Path.ReplacePrefixMatch
		}
	}
	if rewrite != p.Rewrite && (p.Rewrite != p.Path || rewrite != "") {
		w.at(route.Object, "path %s is rewritten to %q, want %q", p.Path, rewrite, p.Rewrite)
	}
	return true
}

// checkIngressRewrite sends three requests through what the class's own words
// say: the prefix alone, something below it, and something that only starts
// with the same letters.
func (w *world) checkIngressRewrite(in item[manifest.Ingress], at string, p spec.Path) {
	rewrite := w.ingressRewrite(in, at)
	if rewrite == nil {
		w.at(in.Object, "path %s is not rewritten to %s", p.Path, p.Rewrite)
		return
	}
	below := func(suffix string) string { return strings.TrimSuffix(p.Rewrite, "/") + suffix }
	for request, want := range map[string][]string{
		p.Path + "/a/b": {below("/a/b")},
		p.Path:          {p.Rewrite, below("/"), below("")},
		p.Path + "x/a":  {p.Path + "x/a"},
	} {
		if got := rewrite(request); !slices.Contains(want, got) {
			w.at(in.Object, "a request for %s arrives as %q, want %q", request, got, want[0])
		}
	}
}

// ingressRewrite is what an Ingress does to a request's path: nginx by regex
// path and rewrite-target, Traefik by Middleware, HAProxy by "regex replacement".
func (w *world) ingressRewrite(in item[manifest.Ingress], at string) func(string) string {
	replace := func(pattern, replacement string) func(string) string {
		expression, err := regexp.Compile(pattern)
		if err != nil {
			w.at(in.Object, "%v", err)
			return nil
		}
		numbered := regexp.MustCompile(`[\\$]([0-9])`).ReplaceAllString(replacement, "$${$1}")
		return func(request string) string { return expression.ReplaceAllString(request, numbered) }
	}
	switch w.s.Ingress.Class {
	case "nginx":
		target, ok := in.Annotations["nginx.ingress.kubernetes.io/rewrite-target"]
		if ok && in.Annotations["nginx.ingress.kubernetes.io/use-regex"] == "true" {
			return replace("^"+at, target)
		}
	case "traefik":
		named := strings.Split(in.Annotations["traefik.ingress.kubernetes.io/router.middlewares"], ",")
		for _, m := range all[manifest.Middleware](w) {
			if r := m.v.Spec.ReplacePathRegex; r != nil && slices.Contains(named, m.Namespace+"-"+m.Name+"@kubernetescrd") {
				return replace(r.Regex, r.Replacement)
			}
		}
	case "haproxy":
		pattern, replacement, ok := strings.Cut(in.Annotations["haproxy.org/path-rewrite"], " ")
		if ok {
			return replace(pattern, replacement)
		}
	}
	return nil
}
