package audit

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var noRedirect = &Rule{
	ID: "IN06", Severity: diag.Warning,
	Title:       "Plain HTTP is not redirected to HTTPS",
	Items:       []string{"C4"},
	Constraints: []string{"K25"},
	Doc: `For each host that is served over TLS, plain HTTP must be answered with the way to HTTPS, or not be listened to at all. Controllers differ:
those named nginx, haproxy and cilium redirect where there is TLS unless an annotation says no; contour, alb and gce do so where an
annotation or a FrontendConfig says so; Traefik by a Middleware with ` + "`redirectScheme`" + ` on a router of the plain entry point that has no TLS
itself (a router with TLS answers TLS alone); the Gateway API by an HTTPRoute with ` + "`RequestRedirect`" + ` at an HTTP listener,
Istio's own Gateway by ` + "`httpsRedirect`" + `.
A host that is served in the clear beside TLS is a fault as well.

Write what the finding shows. What another controller does is in no manifest, and is not checked; nor are hosts of Traefik's, whose entry
point may redirect by itself, unless the manifests show that it does not: by a kgen.yaml, by Traefik's own Deployment, by a Middleware
that redirects others, or by an Ingress at the plain entry point for the same host.`,
	check: func(c *Check) {
		d := c.doorway().attach()
		if d.insecure() {
			c.Skip("", "kgen.yaml says that the front door is insecure: it serves plain HTTP on purpose")
			return
		}
		s := d.secured()
		d.checkIngressRedirects()
		d.checkIstioRedirects()
		for _, g := range d.order {
			d.checkClear(g, s)
			d.checkRedirects(g)
		}
	},
}

// redirecting are the Middlewares that redirect to HTTPS and the hosts that
// Traefik redirects by them.
type redirecting struct {
	middlewares map[string]bool // by namespace-name@kubernetescrd; false for one that does something else
	hosts       hostSet
	uncertain   hostSet // of Ingresses whose Middlewares other providers hold
	entry       entry
}

// entry is what Traefik's plain entry point does by itself.
type entry int

const (
	entryUnknown   entry = iota // its configuration is not given
	entryRedirects              // to HTTPS
	entryServes                 // what its routers say
)

const traefikProvider = "@kubernetescrd"

func (d *doorway) redirecting() redirecting {
	r := redirecting{middlewares: map[string]bool{}, hosts: hostSet{}, uncertain: hostSet{}, entry: d.plainEntry()}
	all := inventory.All[manifest.Middleware](d.Inventory)
	for _, m := range all {
		s := m.V.Spec.RedirectScheme
		r.middlewares[m.Namespace+"-"+m.Name+traefikProvider] = s != nil && strings.EqualFold(s.Scheme, "https")
	}
	for _, m := range all {
		if r.entry == entryUnknown && r.redirectsBy(m.Namespace+"-"+m.Name+traefikProvider) {
			r.entry = entryServes // or nobody would have written it
		}
		if m.V.Spec.Chain == nil {
			continue
		}
		for _, link := range m.V.Spec.Chain.Middlewares {
			namespace := link.Namespace
			if namespace == "" {
				namespace = m.Namespace
			}
			if r.redirectsBy(namespace + "-" + link.Name + traefikProvider) {
				r.middlewares[m.Namespace+"-"+m.Name+traefikProvider] = true
			}
		}
	}
	for _, in := range d.ingresses {
		if d.dialect(in) != "traefik" || in.Annotations[traefikTLS] == "true" || !atPlainEntry(in) {
			continue
		}
		yes, foreign := r.by(in)
		switch {
		case yes:
			r.hosts.add(served(in)...)
		case foreign:
			r.uncertain.add(served(in)...)
		}
	}
	return r
}

// redirectsBy reports whether a Middleware that an annotation names redirects to
// HTTPS. One without a namespace may be in any.
func (r redirecting) redirectsBy(annotated string) bool {
	if r.middlewares[annotated] {
		return true
	}
	for i, c := range annotated {
		if c == '-' && r.middlewares[annotated[i:]] {
			return true
		}
	}
	return false
}

// plainEntry is what Traefik's entry point web does, by the arguments of its
// own containers (Traefik, "EntryPoints: HTTP Redirection"), or by the model,
// whose repositories redirect by Middlewares.
func (d *doorway) plainEntry() entry {
	if d.Model != nil {
		return entryServes
	}
	found := entryUnknown
	for _, w := range d.Workloads {
		if w.Object == nil || w.Template == nil {
			continue
		}
		for _, list := range []string{"command", "args"} {
			var below []string
			for _, step := range w.Template.At("spec", "containers", "*", list, "*") {
				below = append(below, fmt.Sprint(step))
			}
			for _, at := range pathsTo(w.Object.Node, below) {
				arg := strings.ToLower(strings.TrimLeft(scalarAt(w.Object.Node, at), "-"))
				switch {
				case strings.HasPrefix(arg, "entrypoints.web.http.redirections.entrypoint.to"):
					return entryRedirects
				case strings.HasPrefix(arg, "entrypoints.web.address"):
					found = entryServes
				}
			}
		}
	}
	return found
}

// atPlainEntry reports whether a Traefik Ingress is at the entry point web,
// where it names none too: it is then at all of them.
func atPlainEntry(in inventory.Item[manifest.Ingress]) bool {
	entries := in.Annotations[traefikEntries]
	return entries == "" || slices.Contains(words(entries), "web")
}

// words are the parts of a list with commas.
func words(list string) []string {
	var out []string
	for word := range strings.SplitSeq(list, ",") {
		out = append(out, strings.TrimSpace(word))
	}
	return out
}

// by reports whether one of an Ingress's Middlewares redirects; foreign, whether
// one is of a provider that is in no manifest.
func (r redirecting) by(in inventory.Item[manifest.Ingress]) (yes, foreign bool) {
	for _, name := range words(in.Annotations[traefikMiddlewares]) {
		yes = yes || r.redirectsBy(name)
		foreign = foreign || name != "" && !strings.HasSuffix(name, traefikProvider)
	}
	return yes, foreign
}

// An outcome is what becomes of plain HTTP.
type outcome int

const (
	redirected outcome = iota // or not listened to
	inTheClear                // served, or answered without the way
	unsure
)

func (d *doorway) checkIngressRedirects() {
	r := d.redirecting()
	said := hostSet{}
	plain := map[string][]inventory.Item[manifest.Ingress]{} // Traefik's, by host
	for _, in := range d.ingresses {
		if d.dialect(in) == "traefik" && !d.hasTLS(in) && atPlainEntry(in) {
			for _, host := range served(in) {
				plain[host] = append(plain[host], in)
			}
		}
	}
	for _, in := range d.ingresses {
		if nginxCanary(in) || !d.hasTLS(in) {
			continue
		}
		became, fix, why := d.plain(in, r)
		hosts := served(in)
		if d.dialect(in) == "traefik" {
			hosts = slices.DeleteFunc(hosts, r.hosts.has)
			if len(hosts) == 0 || became == inTheClear && r.entry == entryRedirects {
				became = redirected
			} else if became == inTheClear && r.entry == entryUnknown && !slices.ContainsFunc(hosts, func(h string) bool { return len(plain[h]) > 0 }) {
				became, why = unsure, "Traefik's entry point may redirect, whose configuration is not given"
			} else if slices.ContainsFunc(hosts, r.uncertain.has) {
				became, why = unsure, "a Middleware of theirs is in no manifest"
			}
		}
		switch became {
		case redirected:
			d.Looked()
		case unsure:
			d.Skip(in.Ref(), "%s", why)
		case inTheClear:
			d.Looked()
			hosts = slices.DeleteFunc(hosts, func(h string) bool { return said[h] })
			said.add(hosts...)
			if len(hosts) == 0 {
				continue
			}
			f := d.Report(in.Object, d.redirectField(in), fix, "it serves %s over TLS, and %s", some(hostTexts(hosts)), why)
			for _, host := range hosts {
				for _, other := range plain[host] {
					f.See(other.Object, Field("metadata", "annotations"), "is at the plain entry point for %s, and no Middleware of its redirects", hostText(host))
				}
			}
		}
	}
}

func (d *doorway) redirectField(in inventory.Item[manifest.Ingress]) []any {
	for _, key := range []string{
		"nginx.ingress.kubernetes.io/ssl-redirect", "nginx.org/ssl-redirect", "ingress.kubernetes.io/ssl-redirect", "haproxy.org/ssl-redirect", "haproxy-ingress.github.io/ssl-redirect",
		"ingress.cilium.io/force-https", "ingress.kubernetes.io/force-ssl-redirect", frontendConfig, traefikMiddlewares, traefikEntries,
	} {
		if in.Annotations[key] != "" {
			return Field("metadata", "annotations", key)
		}
	}
	return Field("spec", "tls")
}

const frontendConfig = "networking.gke.io/v1beta1.FrontendConfig"

// plain says what becomes of plain HTTP to an Ingress with TLS, by its
// controller's documentation; for Traefik, where no Middleware redirects.
func (d *doorway) plain(in inventory.Item[manifest.Ingress], r redirecting) (became outcome, fix, why string) {
	a := in.Annotations
	off := func(keys ...string) (outcome, string, string) {
		for _, key := range keys {
			if word := a[key]; word == "false" || word == "disabled" {
				return inTheClear, "remove the annotation " + key, fmt.Sprintf("its annotation %s: %q turns the redirect off", key, word)
			}
		}
		return redirected, "", ""
	}
	on := func(key, value string) (outcome, string, string) {
		if a[key] == value {
			return redirected, "", ""
		}
		return inTheClear, fmt.Sprintf("add the annotation %s: %q", key, value), "plain HTTP to it is not redirected"
	}
	if a["kubernetes.io/ingress.allow-http"] == "false" {
		return redirected, "", ""
	}
	switch class := d.dialect(in); class {
	case "nginx":
		if a["nginx.ingress.kubernetes.io/force-ssl-redirect"] == "true" {
			return redirected, "", ""
		}
		return off("nginx.ingress.kubernetes.io/ssl-redirect", "nginx.org/ssl-redirect", "ingress.kubernetes.io/ssl-redirect")
	case "haproxy":
		return off("haproxy.org/ssl-redirect", "haproxy-ingress.github.io/ssl-redirect")
	case "cilium":
		return off("ingress.cilium.io/force-https")
	case "contour":
		return on("ingress.kubernetes.io/force-ssl-redirect", "true")
	case "alb":
		return d.albPlain(in)
	case "gce":
		name := a[frontendConfig]
		if name == "" {
			return inTheClear, fmt.Sprintf("add the annotation %s: <name>, and {apiVersion: networking.gke.io/v1beta1, kind: FrontendConfig, spec: {redirectToHttps: {enabled: true}}}", frontendConfig), "plain HTTP to it is not redirected"
		}
		for _, f := range inventory.All[manifest.FrontendConfig](d.Inventory) {
			if f.Namespace == in.Namespace && f.Name == name && f.V.Spec.RedirectToHTTPS != nil && f.V.Spec.RedirectToHTTPS.Enabled {
				return redirected, "", ""
			}
		}
		return inTheClear, "write in it: redirectToHttps: {enabled: true}", "FrontendConfig " + name + " does not redirect, or is not there"
	case "traefik":
		for _, name := range words(a[traefikMiddlewares]) {
			if r.redirectsBy(name) && a[traefikTLS] == "true" {
				return inTheClear, fmt.Sprintf("remove the annotation %s (the entry point websecure has TLS), or add an Ingress for the same hosts with %s: web and %s: %s", traefikTLS, traefikEntries, traefikMiddlewares, name),
					"a router with TLS does not answer plain HTTP, so its Middleware never redirects"
			}
		}
		return inTheClear, fmt.Sprintf("add an Ingress for the same hosts with the annotations %s: web and %s: %s-redirect-https%s, and a Middleware redirect-https with redirectScheme: {scheme: https, permanent: true}",
			traefikEntries, traefikMiddlewares, cmp.Or(in.Namespace, "<namespace>"), traefikProvider), "no Middleware at the plain entry point redirects it"
	case "istio":
		return inTheClear, "serve it by the Gateway API, with a route that redirects", "Istio does not redirect for an Ingress"
	default:
		return unsure, "", "how " + classText(classOf(in)) + " redirects is not known"
	}
}

// albPlain: one Ingress of a group redirects for all (AWS Load Balancer
// Controller, "ssl-redirect").
func (d *doorway) albPlain(in inventory.Item[manifest.Ingress]) (outcome, string, string) {
	const redirect, group = "alb.ingress.kubernetes.io/ssl-redirect", "alb.ingress.kubernetes.io/group.name"
	a := in.Annotations
	if !strings.Contains(a[albPorts], `"HTTP"`) {
		return redirected, "", "" // it does not listen there
	}
	for _, other := range d.ingresses {
		same := other.Object == in.Object || a[group] != "" && other.Annotations[group] == a[group]
		if same && other.Annotations[redirect] != "" {
			return redirected, "", ""
		}
	}
	for key, value := range a {
		if strings.HasPrefix(key, "alb.ingress.kubernetes.io/actions.") && strings.Contains(value, "redirect") && strings.Contains(value, "HTTPS") {
			return redirected, "", ""
		}
	}
	return inTheClear, fmt.Sprintf("add the annotation %s: \"443\"", redirect), "plain HTTP to it is not redirected"
}

// checkClear reports routes that serve on a plain listener what is served over
// TLS as well.
func (d *doorway) checkClear(g *frontGateway, s secured) {
	for i := range g.V.Spec.Listeners {
		l := &g.V.Spec.Listeners[i]
		if l.Protocol != "HTTP" {
			continue
		}
		for _, a := range g.attached[i] {
			if !servingRoute(a.route) {
				continue
			}
			hosts := slices.DeleteFunc(slices.Clone(a.hosts), func(h string) bool { return !s.gateway.has(h) })
			if len(hosts) == 0 {
				continue
			}
			fix := "hang it on the listener of HTTPS alone, by its sectionName"
			d.Report(a.route.Object, Field("spec", "parentRefs", a.ref), fix, "listener %s of %s serves %s in the clear, beside TLS", l.Name, g.Ref(), some(hostTexts(hosts)))
		}
	}
}

// checkRedirects: each host that a Gateway serves over TLS is redirected at its
// plain listeners, if it has any that take it.
func (d *doorway) checkRedirects(g *frontGateway) {
	away, inClear, plain := hostSet{}, hostSet{}, g.plainHosts()
	for i := range g.V.Spec.Listeners {
		if g.V.Spec.Listeners[i].Protocol != "HTTP" {
			continue
		}
		for _, a := range g.attached[i] {
			if redirectingRoute(a.route) {
				away.add(a.hosts...)
			}
			if servingRoute(a.route) {
				inClear.add(a.hosts...)
			}
		}
	}
	d.addDetached(g, away)
	type place struct {
		listener int
		hosts    []string
	}
	var order []string
	missing := map[string]*place{}
	for i := range g.V.Spec.Listeners {
		l := &g.V.Spec.Listeners[i]
		if !encrypted(l) || passesThrough(l) {
			continue
		}
		for host, owner := range d.hostsAt(g, i) {
			if !plain.has(host) && (host != "" || len(plain) == 0) {
				continue
			}
			d.Looked()
			if away.has(host) || inClear.has(host) {
				continue
			}
			if missing[owner] == nil {
				missing[owner] = &place{listener: i}
				order = append(order, owner)
			}
			missing[owner].hosts = append(missing[owner].hosts, host)
		}
	}
	for _, owner := range order {
		p := missing[owner]
		field := Field("spec", "listeners", p.listener)
		if g.V.Spec.Listeners[p.listener].Hostname != "" {
			field = append(field, "hostname")
		}
		d.Report(g.Object, field, d.redirectFix(g, p.hosts), "it serves %s over TLS, and no route at a plain listener redirects there", some(hostTexts(p.hosts)))
	}
}

// hostsAt yields the hosts of a listener in their order, each with the route
// that serves it: those of the routes, or its own where it has none.
func (d *doorway) hostsAt(g *frontGateway, i int) func(yield func(host, owner string) bool) {
	return func(yield func(host, owner string) bool) {
		l := &g.V.Spec.Listeners[i]
		seen := hostSet{}
		for _, a := range g.attached[i] {
			for _, h := range a.hosts {
				if servingRoute(a.route) && !seen[h] {
					seen[h] = true
					if !yield(h, a.route.Ref()) {
						return
					}
				}
			}
		}
		if len(seen) == 0 && l.Hostname != "" {
			yield(l.Hostname, "listener "+l.Name)
		}
	}
}

// plainHosts are the hosts that a Gateway's plain listeners take.
func (g *frontGateway) plainHosts() hostSet {
	out := hostSet{}
	for _, l := range g.V.Spec.Listeners {
		if l.Protocol == "HTTP" {
			out.add(l.Hostname)
		}
	}
	return out
}

// addDetached adds the hosts of routes that are meant to redirect and hang on no
// listener of the Gateway: why not is rule IN12's to say.
func (d *doorway) addDetached(g *frontGateway, away hostSet) {
	for _, r := range d.detached()[g] {
		if hosts := r.V.Spec.Hostnames; len(hosts) > 0 {
			away.add(hosts...)
		} else {
			away.add("")
		}
	}
}

// detached are the redirecting routes that name a Gateway, and of which it takes
// no host at all.
func (d *doorway) detached() map[*frontGateway][]inventory.Item[manifest.Route] {
	if d.loose != nil {
		return d.loose
	}
	d.loose = map[*frontGateway][]inventory.Item[manifest.Route]{}
	for _, r := range d.routes {
		if !redirectingRoute(r) {
			continue
		}
		for _, ref := range r.V.Spec.ParentRefs {
			_, g, _ := d.parent(r, ref)
			if g != nil && !slices.ContainsFunc(g.meant(ref), func(l int) bool { return len(d.taken(g, l, r)) > 0 }) {
				d.loose[g] = append(d.loose[g], r)
			}
		}
	}
	return d.loose
}

func (d *doorway) redirectFix(g *frontGateway, hosts []string) string {
	section := "http"
	for _, l := range g.V.Spec.Listeners {
		if l.Protocol == "HTTP" {
			section = l.Name
			break
		}
	}
	return fmt.Sprintf("add {apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, spec: {parentRefs: [{%s, sectionName: %s}], hostnames: [%s], rules: [{filters: [{type: RequestRedirect, requestRedirect: {scheme: https, statusCode: 301}}]}]}}",
		metadataText(g.Name, g.Namespace), section, strings.Join(hosts, ", "))
}
