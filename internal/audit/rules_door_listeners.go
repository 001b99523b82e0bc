package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var routeDetached = &Rule{
	ID: "IN12", Severity: diag.Error,
	Title:       "A route hangs on no listener that takes it",
	Items:       []string{"C3"},
	Constraints: []string{"K23"},
	Doc: `Each parentRef of a route must name a Gateway that exists, a listener of it by ` + "`sectionName`" + ` or ` + "`port`" + ` where it says one, and that
listener must take the route: its kind by the listener's protocol or ` + "`allowedRoutes.kinds`" + `, its namespace by ` + "`allowedRoutes.namespaces`" + `
(which is the Gateway's own without any), and one of its host names (Gateway API, "Listener", "HTTPRoute.hostnames"). Otherwise the
route is not accepted and serves nothing; a host that no listener takes is passed over without a word. Two listeners of a Gateway must
differ in name, and in port, protocol or host.

The gateways of a VirtualService are looked for likewise.

Correct the reference, or the listener. A Gateway of a namespace of which nothing is given, parents of other kinds (for
Services see SM03), and namespaces whose labels are not given are not checked.`,
	check: func(c *Check) {
		d := c.doorway()
		for _, r := range d.routes {
			d.checkParents(r)
		}
		for _, g := range d.order {
			d.checkDistinct(g)
		}
		d.checkBound()
	},
}

func (d *doorway) checkParents(r inventory.Item[manifest.Route]) {
	if len(r.V.Spec.ParentRefs) == 0 {
		d.Looked()
		d.Report(r.Object, Field("spec"), "write parentRefs: [{name: <Gateway>, sectionName: <listener>}]", "it has no parent, so nobody serves it")
		return
	}
	taken, whole := hostSet{}, true
	for i, ref := range r.V.Spec.ParentRefs {
		path := Field("spec", "parentRefs", i)
		ours, g, why := d.parent(r, ref)
		switch {
		case !ours:
			whole = false
		case g == nil && d.gatewayUnknown(r, ref):
			whole = false
			d.Skip(r.Ref()+", "+manifest.PathText(path...), "%s, nor anything else of its namespace", why)
		case g == nil:
			whole = false
			d.Looked()
			d.Report(r.Object, append(path, "name"), d.nearestGateway(ref.Name), "%s", strings.Replace(why, "is not given", "does not exist", 1))
		default:
			d.Looked()
			if !d.checkListeners(r, ref, g, path) {
				whole = false
				continue
			}
			for _, l := range g.meant(ref) {
				taken.add(d.taken(g, l, r)...)
			}
		}
	}
	if !whole {
		return
	}
	for i, h := range r.V.Spec.Hostnames {
		if !taken.has(h) && !slices.ContainsFunc(keys(taken), func(t string) bool { return below(h, t) }) {
			d.Report(r.Object, Field("spec", "hostnames", i), fmt.Sprintf("add a listener with hostname: %s, or a parentRef to the one that has it", h), "no listener that it hangs on takes the host %s", h)
		}
	}
}

func keys(s hostSet) []string {
	var out []string
	for h := range s {
		out = append(out, h)
	}
	return out
}

// gatewayUnknown reports whether nothing is given of the namespace where a
// Gateway would be, so that it may stand in another repository.
func (d *doorway) gatewayUnknown(r inventory.Item[manifest.Route], ref manifest.ParentRef) bool {
	return ref.Namespace != "" && ref.Namespace != r.Namespace && d.Namespace(ref.Namespace) == nil ||
		(ref.Namespace == "" || ref.Namespace == r.Namespace) && len(d.order) == 0
}

func (d *doorway) nearestGateway(name string) string {
	var names []string
	for _, g := range d.order {
		if g.Name == name {
			return fmt.Sprintf("it is in namespace %s: write namespace: %s", g.Namespace, g.Namespace)
		}
		names = append(names, g.Name)
	}
	if near := diag.Nearest(name, names); near != "" {
		return "did you mean " + near + "?"
	}
	if len(names) > 0 {
		return "name one that exists: " + some(names)
	}
	return "add the Gateway"
}

// checkListeners reports why none of the listeners that a parentRef means takes
// the route; true where one does.
func (d *doorway) checkListeners(r inventory.Item[manifest.Route], ref manifest.ParentRef, g *frontGateway, path []any) bool {
	listeners := g.V.Spec.Listeners
	i, named := g.sections[ref.SectionName]
	meant := g.meant(ref)
	switch {
	case ref.SectionName != "" && !named:
		var names []string
		for _, l := range listeners {
			names = append(names, l.Name)
		}
		fix := "it has " + some(names)
		if near := diag.Nearest(ref.SectionName, names); near != "" {
			fix = "did you mean " + near + "?"
		}
		d.Report(r.Object, append(path, "sectionName"), fix, "%s has no listener %s", g.Ref(), ref.SectionName)
		return false
	case len(meant) == 0 && named:
		d.Report(r.Object, append(path, "port"), fmt.Sprintf("write port: %d, or leave it out", listeners[i].Port), "listener %s of %s has port %d, not %d", ref.SectionName, g.Ref(), listeners[i].Port, ref.Port)
		return false
	case len(meant) == 0:
		d.Report(r.Object, append(path, "port"), "name a port that it listens on, or a listener by sectionName", "%s has no listener on port %d", g.Ref(), ref.Port)
		return false
	}
	of := g.Ref()
	if len(meant) == 1 {
		of = "listener " + listeners[meant[0]].Name + " of " + g.Ref()
	}
	left := func(ok func(l *manifest.Listener) bool) bool {
		meant = slices.DeleteFunc(meant, func(l int) bool { return !ok(&listeners[l]) })
		return len(meant) > 0
	}
	where := func(more ...any) []any { return append(Field("spec", "listeners", g.meant(ref)[0]), more...) }
	if !left(func(l *manifest.Listener) bool { return takesKind(l, r.Kind) }) {
		l := listeners[g.meant(ref)[0]]
		d.Report(r.Object, path, "hang it on a listener for its kind", "%s takes no %s", of, r.Kind).See(g.Object, where("protocol"), "listener %s speaks %s", l.Name, l.Protocol)
		return false
	}
	unsure := false
	if !left(func(l *manifest.Listener) bool {
		yes, guess := d.admits(g, l, r.Namespace)
		unsure = unsure || guess
		return yes
	}) {
		d.Report(r.Object, path, fmt.Sprintf("write in the listener: allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: %s}}}}", r.Namespace),
			"%s takes no routes of namespace %s", of, r.Namespace).See(g.Object, where("allowedRoutes"), "says which namespaces it takes routes of")
		return false
	}
	if unsure {
		d.Skip(r.Ref()+", "+manifest.PathText(path...), "the labels of namespace %s, by which %s takes routes, are not given", r.Namespace, of)
		return true
	}
	if !left(func(l *manifest.Listener) bool { return len(sharedHosts(l.Hostname, r.V.Spec.Hostnames)) > 0 }) {
		d.Report(r.Object, Field("spec", "hostnames"), "write the same host in both, or hang it on the listener that has it",
			"%s takes none of its hosts: it is for %s", of, hostText(listeners[g.meant(ref)[0]].Hostname)).See(g.Object, where("hostname"), "is the listener's host")
		return false
	}
	return true
}

// checkDistinct: two listeners that do not differ are in conflict, and neither
// need be served (Gateway API, "Distinct Listeners").
func (d *doorway) checkDistinct(g *frontGateway) {
	names, places := map[string]bool{}, map[string]string{}
	for i, l := range g.V.Spec.Listeners {
		d.Looked()
		protocol := l.Protocol
		if protocol == "TLS" {
			protocol = "HTTPS" // one port cannot tell them apart but by host
		}
		key := fmt.Sprintf("%d %s %s", l.Port, protocol, l.Hostname)
		switch other, taken := places[key]; {
		case names[l.Name]:
			d.Report(g.Object, Field("spec", "listeners", i, "name"), "give it a name of its own", "two of its listeners are named %s", l.Name)
		case taken:
			d.Report(g.Object, Field("spec", "listeners", i), "give it another host or port, or remove one of them", "its listeners %s and %s have the same port, protocol and host", other, l.Name)
		default:
			places[key] = l.Name
		}
		names[l.Name] = true
	}
}
