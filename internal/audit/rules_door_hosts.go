package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var hostAmbiguous = &Rule{
	ID: "IN11", Severity: diag.Warning,
	Title: "A host is empty or a wildcard, or two rules claim the same host and path",
	Items: []string{"C3"},
	Doc: `A rule without a host answers for every name that leads to the front door, and a wildcard for every name below a domain: what a service does
not know it should not answer for. A default backend is the same. Where two Ingresses of one class, or two routes of one kind at one listener, claim the same
host and path, the older one wins, or chance does (Gateway API, "HTTPRouteMatch"; for Ingress each controller decides), and a new
deployment in another order changes who is served.

Write the host; give each path to one object. An Ingress of ingress-nginx with ` + "`canary: \"true\"`" + `, Ingresses at different entry points of
Traefik, and routes that only redirect are no rivals.`,
	check: func(c *Check) {
		d := c.doorway().attach()
		for _, in := range d.ingresses {
			d.checkIngressHosts(in)
		}
		d.checkRivalIngresses()
		for _, r := range d.routes {
			d.checkRouteHosts(r)
		}
		for _, g := range d.order {
			d.checkRivalRoutes(g)
		}
	},
}

func (d *doorway) checkIngressHosts(in inventory.Item[manifest.Ingress]) {
	const fix = "write the host that it is meant for"
	if in.V.Spec.DefaultBackend != nil && len(in.V.Spec.Rules) == 0 {
		d.Looked()
		d.Report(in.Object, Field("spec", "defaultBackend"), "write rules with the host that it is meant for", "it serves any host")
		return
	}
	for i, r := range in.V.Spec.Rules {
		d.Looked()
		switch {
		case r.Host == "":
			d.Report(in.Object, Field("spec", "rules", i), fix, "a rule has no host, so it serves any")
		case strings.HasPrefix(r.Host, "*"):
			d.Report(in.Object, Field("spec", "rules", i, "host"), fix, "it serves every host below %s", strings.TrimPrefix(r.Host, "*."))
		}
	}
}

// checkRivalIngresses reports the second claim to a host and path, once for two Ingresses.
func (d *doorway) checkRivalIngresses() {
	first := map[string]inventory.Item[manifest.Ingress]{}
	place := map[string][]any{}
	said := map[[2]*manifest.Object]bool{}
	for _, in := range d.ingresses {
		if nginxCanary(in) {
			continue
		}
		for i, r := range in.V.Spec.Rules {
			for j, p := range r.HTTP.Paths {
				for _, entry := range d.entries(in) {
					key := strings.Join([]string{classOf(in), entry, r.Host, p.PathType, p.Path}, "\x00")
					other, claimed := first[key]
					field := Field("spec", "rules", i, "http", "paths", j, "path")
					if !claimed {
						first[key], place[key] = in, field
						continue
					}
					if said[[2]*manifest.Object{other.Object, in.Object}] {
						continue
					}
					said[[2]*manifest.Object{other.Object, in.Object}] = true
					d.Report(in.Object, field, "give the path to one of them", "%s%s is %s's already", hostText(r.Host), p.Path, other.Ref()).
						See(other.Object, place[key], "claims the same")
				}
			}
		}
	}
}

// entries are the entry points of a Traefik Ingress; one without a name for others.
func (d *doorway) entries(in inventory.Item[manifest.Ingress]) []string {
	if list := in.Annotations[traefikEntries]; list != "" && d.dialect(in) == "traefik" {
		return words(list)
	}
	return []string{""}
}

// checkRouteHosts: a route that serves names its hosts, or its listeners do.
func (d *doorway) checkRouteHosts(r inventory.Item[manifest.Route]) {
	if !servingRoute(r) || r.Kind == "TCPRoute" || r.Kind == "UDPRoute" {
		return
	}
	ours, open := false, false
	for _, ref := range r.V.Spec.ParentRefs {
		mine, g, _ := d.parent(r, ref)
		ours = ours || mine
		if g == nil {
			continue
		}
		for _, l := range g.meant(ref) {
			open = open || g.V.Spec.Listeners[l].Hostname == ""
		}
	}
	if !ours {
		return
	}
	d.Looked()
	if len(r.V.Spec.Hostnames) == 0 && open {
		d.Report(r.Object, Field("spec"), "write hostnames: [<host>]", "neither it nor its listener names a host, so it serves any")
	}
	for i, h := range r.V.Spec.Hostnames {
		if strings.HasPrefix(h, "*") {
			d.Report(r.Object, Field("spec", "hostnames", i), "write the hosts that it is meant for", "it serves every host below %s", strings.TrimPrefix(h, "*."))
		}
	}
}

// checkRivalRoutes reports the second of two routes with the same match for a
// host at a listener, once for two routes.
func (d *doorway) checkRivalRoutes(g *frontGateway) {
	said := map[[2]*manifest.Object]bool{}
	for i := range g.V.Spec.Listeners {
		first := map[string]inventory.Item[manifest.Route]{}
		for _, a := range g.attached[i] {
			if !servingRoute(a.route) {
				continue
			}
			for rule, matches := range routeMatches(a.route) {
				for _, host := range a.hosts {
					key := a.route.Kind + "\x00" + host + "\x00" + matches
					other, claimed := first[key]
					if !claimed {
						first[key] = a.route
						continue
					}
					pair := [2]*manifest.Object{other.Object, a.route.Object}
					if said[pair] {
						continue
					}
					said[pair] = true
					d.Report(a.route.Object, Field("spec", "rules", rule), "give the path to one of them", "what it matches for %s at listener %s of %s is %s's already",
						hostText(host), g.V.Spec.Listeners[i].Name, g.Ref(), other.Ref())
				}
			}
		}
	}
}

// routeMatches yields the matches of a route's rules, each as text that is the
// same for the same match; "/" for a rule without any.
func routeMatches(r inventory.Item[manifest.Route]) func(yield func(rule int, match string) bool) {
	return func(yield func(int, string) bool) {
		v, err := r.Value()
		if err != nil {
			return
		}
		rules, _ := fieldAt(v, "spec", "rules")
		for i, rule := range rules.Items {
			matches, _ := rule.Field("matches")
			if len(matches.Items) == 0 && !yield(i, "{path{type=PathPrefix value=/}}") {
				return
			}
			for _, m := range matches.Items {
				if !yield(i, canonical(m)) {
					return
				}
			}
		}
	}
}

func fieldAt(v manifest.Value, keys ...string) (manifest.Value, bool) {
	ok := true
	for _, key := range keys {
		if v, ok = v.Field(key); !ok {
			break
		}
	}
	return v, ok
}

// canonical is a value as text, with the keys of mappings in order.
func canonical(v manifest.Value) string {
	switch {
	case len(v.Items) > 0:
		var out []string
		for _, i := range v.Items {
			out = append(out, canonical(i))
		}
		slices.Sort(out) // the order of headers does not count
		return "[" + strings.Join(out, " ") + "]"
	case len(v.Fields) > 0:
		var out []string
		for _, f := range v.Fields {
			if f.Value.Kind == manifest.Scalar {
				out = append(out, fmt.Sprintf("%s=%v", f.Key, f.Value.Scalar))
			} else {
				out = append(out, f.Key+canonical(f.Value))
			}
		}
		slices.Sort(out)
		return "{" + strings.Join(out, " ") + "}"
	}
	return fmt.Sprint(v.Scalar)
}
