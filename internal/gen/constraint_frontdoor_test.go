package gen_test

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

var frontDoorConstraints = []constraint{
	{"K22", "each backend exists with its port, and crosses namespaces only where granted", checkBackends},
	{"K23", "each route hangs on a listener that takes it", checkListeners},
	{"K24", "TLS covers every host, with a Secret that somebody makes", checkCertificates},
	{"K25", "every host with TLS redirects", checkRedirects},
	{"F1", "hosts, paths and rewrites are the model's, served by the class of the model", checkHosts},
}

func checkBackends(w *world) {
	for _, in := range all[manifest.Ingress](w) {
		for _, rule := range in.v.Spec.Rules {
			for _, p := range rule.HTTP.Paths {
				if p.Backend.Service == nil {
					w.at(in.Object, "path %s has no backend", p.Path)
					continue
				}
				b := p.Backend.Service
				svc, ok := w.renderedService(b.Name)
				if !ok || in.Namespace != w.s.Namespace {
					w.at(in.Object, "backend %s is no Service of its namespace", b.Name)
					continue
				}
				if !slices.ContainsFunc(svc.v.Spec.Ports, func(port manifest.ServicePort) bool {
					return b.Port.Name != "" && port.Name == b.Port.Name || b.Port.Name == "" && port.Port == b.Port.Number
				}) {
					w.at(in.Object, "Service %s has no port %s%d", b.Name, b.Port.Name, b.Port.Number)
				}
			}
		}
	}
	for _, route := range all[manifest.Route](w) {
		for _, rule := range route.v.Spec.Rules {
			for _, b := range rule.BackendRefs {
				ns := b.Namespace
				if ns == "" {
					ns = route.Namespace
				}
				svc, ok := w.renderedService(b.Name)
				switch {
				case b.Kind != "" && b.Kind != "Service" || !ok || ns != w.s.Namespace:
					w.at(route.Object, "backend %s/%s is no Service of the model", ns, b.Name)
				case !hasPort(svc, b.Port):
					w.at(route.Object, "Service %s has no port %d", b.Name, b.Port)
				}
				if ns != route.Namespace && !w.granted(route.Group(), route.Kind, route.Namespace, ns, "Service", b.Name) {
					w.at(route.Object, "refers to Service %s/%s without a ReferenceGrant", ns, b.Name)
				}
			}
		}
	}
	for _, g := range all[manifest.Gateway](w) {
		for _, l := range g.v.Spec.Listeners {
			if l.TLS == nil {
				continue
			}
			for _, ref := range l.TLS.CertificateRefs {
				if ref.Namespace != "" && ref.Namespace != g.Namespace && !w.granted(g.Group(), "Gateway", g.Namespace, ref.Namespace, "Secret", ref.Name) {
					w.at(g.Object, "refers to Secret %s/%s without a ReferenceGrant", ref.Namespace, ref.Name)
				}
			}
		}
	}
}

func (w *world) granted(group, kind, from, to, target, name string) bool {
	for _, g := range all[manifest.ReferenceGrant](w) {
		if g.Namespace != to {
			continue
		}
		for _, f := range g.v.Spec.From {
			for _, t := range g.v.Spec.To {
				if f.Group == group && f.Kind == kind && f.Namespace == from && t.Group == "" && t.Kind == target && (t.Name == "" || t.Name == name) {
					return true
				}
			}
		}
	}
	return false
}

// attachments are the listeners that one parentRef of a route means.
func (w *world) attachments(route item[manifest.Route], ref manifest.ParentRef) (item[manifest.Gateway], []manifest.Listener) {
	ns := ref.Namespace
	if ns == "" {
		ns = route.Namespace
	}
	for _, g := range all[manifest.Gateway](w) {
		if g.Name != ref.Name || g.Namespace != ns {
			continue
		}
		var out []manifest.Listener
		for _, l := range g.v.Spec.Listeners {
			if (ref.SectionName == "" || l.Name == ref.SectionName) && (ref.Port == 0 || l.Port == ref.Port) {
				out = append(out, l)
			}
		}
		return g, out
	}
	return item[manifest.Gateway]{}, nil
}

func checkListeners(w *world) {
	for _, route := range all[manifest.Route](w) {
		if len(route.v.Spec.ParentRefs) == 0 {
			w.at(route.Object, "has no parent")
		}
		var parents []manifest.Listener
		for _, ref := range route.v.Spec.ParentRefs {
			if ref.Service() {
				continue
			}
			g, listeners := w.attachments(route, ref)
			parents = append(parents, listeners...)
			switch {
			case g.v == nil:
				w.at(route.Object, "parent Gateway %s/%s does not exist", ref.Namespace, ref.Name)
				continue
			case len(listeners) == 0:
				w.at(route.Object, "Gateway %s has no listener %s", g.Name, ref.SectionName)
				continue
			}
			if len(route.v.Spec.Hostnames) > 0 && !slices.ContainsFunc(route.v.Spec.Hostnames, func(host string) bool {
				return slices.ContainsFunc(listeners, func(l manifest.Listener) bool { return hostMatches(l.Hostname, host) })
			}) {
				w.at(route.Object, "listener %s of %s takes none of its hosts", ref.SectionName, ref.Name)
			}
			if !slices.ContainsFunc(listeners, func(l manifest.Listener) bool { return w.namespaceAllowed(g, l, route.Namespace) }) {
				w.at(route.Object, "listener %s does not take routes of namespace %s", ref.SectionName, route.Namespace)
			}
		}
		for _, host := range route.v.Spec.Hostnames {
			if !slices.ContainsFunc(parents, func(l manifest.Listener) bool { return hostMatches(l.Hostname, host) }) {
				w.at(route.Object, "no listener takes host %s", host)
			}
		}
	}
	for _, g := range all[manifest.Gateway](w) {
		seen := map[string]bool{}
		for _, l := range g.v.Spec.Listeners {
			key := fmt.Sprintf("%s %s %d", l.Hostname, l.Protocol, l.Port)
			if seen[key] || seen["name "+l.Name] {
				w.at(g.Object, "listener %s is not distinct", l.Name)
			}
			seen[key], seen["name "+l.Name] = true, true
		}
	}
}

func hostMatches(listener, host string) bool {
	if listener == "" || listener == host {
		return true
	}
	suffix, wild := strings.CutPrefix(listener, "*")
	return wild && strings.HasSuffix(host, suffix)
}

func (w *world) namespaceAllowed(g item[manifest.Gateway], l manifest.Listener, namespace string) bool {
	if l.AllowedRoutes == nil || l.AllowedRoutes.Namespaces == nil {
		return g.Namespace == namespace
	}
	switch a := l.AllowedRoutes.Namespaces; a.From {
	case "All":
		return true
	case "Selector":
		labels := map[string]string{reach.NameLabel: namespace}
		if ns := w.object("Namespace", "", namespace); ns != nil {
			for k, v := range ns.Labels {
				labels[k] = v
			}
		}
		return a.Selector != nil && a.Selector.Matches(labels)
	}
	return g.Namespace == namespace
}

// secretCovers reports whether somebody makes this Secret for that host.
func (w *world) secretCovers(o *manifest.Object, namespace, secret, host string) bool {
	tls := w.s.Ingress.TLS
	if tls == nil {
		return false
	}
	if tls.SecretName != "" {
		return secret == tls.SecretName
	}
	for _, c := range all[manifest.Certificate](w) {
		if c.Namespace == namespace && c.v.Spec.SecretName == secret && slices.ContainsFunc(c.v.Spec.DNSNames, func(n string) bool { return hostMatches(n, host) }) {
			ref := c.v.Spec.IssuerRef
			if tls.ClusterIssuer != "" && (ref.Kind != "ClusterIssuer" || ref.Name != tls.ClusterIssuer) ||
				tls.Issuer != "" && (ref.Kind != "Issuer" && ref.Kind != "" || ref.Name != tls.Issuer) {
				w.at(c.Object, "issuerRef is %s %s, which the model does not name", ref.Kind, ref.Name)
			}
			if tls.Issuer != "" && c.Namespace != w.s.Namespace {
				w.at(c.Object, "its Issuer %s is in namespace %s", tls.Issuer, w.s.Namespace)
			}
			return true
		}
	}
	return tls.ClusterIssuer != "" && o.Annotations["cert-manager.io/cluster-issuer"] == tls.ClusterIssuer ||
		tls.Issuer != "" && o.Annotations["cert-manager.io/issuer"] == tls.Issuer
}

func (w *world) insecure() bool { return w.s.Ingress == nil || w.s.Ingress.TLS == nil }

func checkCertificates(w *world) {
	for _, in := range all[manifest.Ingress](w) {
		if w.insecure() {
			if len(in.v.Spec.TLS) > 0 {
				w.at(in.Object, "has TLS though the model is insecure")
			}
			continue
		}
		if w.onlyRedirects(in) {
			continue
		}
		for _, rule := range in.v.Spec.Rules {
			covered := false
			for _, t := range in.v.Spec.TLS {
				if slices.Contains(t.Hosts, rule.Host) {
					covered = true
					if t.SecretName == "" || !w.secretCovers(in.Object, in.Namespace, t.SecretName, rule.Host) {
						w.at(in.Object, "nobody makes Secret %q for %s", t.SecretName, rule.Host)
					}
				}
			}
			if !covered {
				w.at(in.Object, "host %s has no TLS", rule.Host)
			}
		}
	}
	for _, g := range w.frontGateways() {
		for _, l := range g.v.Spec.Listeners {
			switch {
			case w.insecure() && l.Protocol == "HTTPS":
				w.at(g.Object, "listener %s has TLS though the model is insecure", l.Name)
			case l.Protocol == "HTTPS" && l.TLS == nil:
				w.at(g.Object, "listener %s has no certificate", l.Name)
			case l.Protocol == "HTTPS" && l.TLS.Mode != "Passthrough":
				if l.TLS.Mode != "Terminate" {
					w.at(g.Object, "listener %s leaves its mode to a default", l.Name)
				}
				if len(l.TLS.CertificateRefs) == 0 {
					w.at(g.Object, "listener %s has no certificate", l.Name)
				}
				for _, ref := range l.TLS.CertificateRefs {
					ns := ref.Namespace
					if ns == "" {
						ns = g.Namespace
					}
					if w.s.Ingress.TLS.SecretName != "" && ns != w.s.Namespace {
						w.at(g.Object, "the model's Secret is in %s, the listener's in %s", w.s.Namespace, ns)
					}
					if !w.secretCovers(g.Object, ns, ref.Name, l.Hostname) {
						w.at(g.Object, "nobody makes Secret %s/%s for %s", ns, ref.Name, l.Hostname)
					}
				}
			}
		}
	}
	for i := range w.s.Services {
		s := &w.s.Services[i]
		for _, host := range s.Hosts {
			if w.insecure() || !w.gatewayAPI() || w.passthrough(s) {
				continue
			}
			if !slices.ContainsFunc(w.frontGateways(), func(g item[manifest.Gateway]) bool {
				return slices.ContainsFunc(g.v.Spec.Listeners, func(l manifest.Listener) bool { return l.Protocol == "HTTPS" && hostMatches(l.Hostname, host) })
			}) {
				w.model(s, "host %s has no HTTPS listener", host)
			}
		}
	}
}

func (w *world) passthrough(s *spec.Service) bool {
	for _, i := range w.exposedPorts(s) {
		if p := s.Ports[i].Protocol; p == spec.HTTPS || p == spec.TLSP {
			return true
		}
	}
	return false
}
