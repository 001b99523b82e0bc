package audit

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// doorRules are about what comes in from outside: Ingresses, Gateways and their
// routes, with their certificates.
var doorRules = []*Rule{
	ingressBackendMissing, routeBackendMissing, referenceUngranted,
	noTLS, certificateMissesHost, noRedirect,
	classWrong, controllerRetired, rewriteDropsSuffix, snippetAnnotation, hostAmbiguous,
	routeDetached, grpcWithoutH2C,
}

// objectAt names an object of a kind.
type objectAt struct{ namespace, name string }

// doorway is what the rules about the front door share.
type doorway struct {
	*Check
	ingresses []inventory.Item[manifest.Ingress]
	routes    []inventory.Item[manifest.Route]
	gateways  map[objectAt]*frontGateway
	order     []*frontGateway // in the order of the objects
	held      map[objectAt]bool
	loose     map[*frontGateway][]inventory.Item[manifest.Route] // filled by detached
}

// frontGateway is a Gateway with its listeners by name and the routes that hang on them.
type frontGateway struct {
	inventory.Item[manifest.Gateway]
	sections map[string]int
	attached [][]attachment // by listener
}

// attachment is a route that a listener takes.
type attachment struct {
	route inventory.Item[manifest.Route]
	ref   int
	hosts []string // what both serve; "" alone for any
}

func (c *Check) doorway() *doorway {
	d := &doorway{Check: c, gateways: map[objectAt]*frontGateway{}, held: map[objectAt]bool{}}
	for _, in := range inventory.All[manifest.Ingress](c.Inventory) {
		if in.APIVersion == "networking.k8s.io/v1" {
			d.ingresses = append(d.ingresses, in)
		} else {
			c.Skip(in.Ref(), "%s is no longer served, and its fields are other ones", in.APIVersion)
		}
	}
	d.routes = inventory.All[manifest.Route](c.Inventory)
	for _, g := range c.FrontGateways() {
		known := &frontGateway{Item: g, sections: map[string]int{}, attached: make([][]attachment, len(g.V.Spec.Listeners))}
		for i, l := range g.V.Spec.Listeners {
			if _, twice := known.sections[l.Name]; !twice {
				known.sections[l.Name] = i
			}
		}
		if d.gateways[objectAt{g.Namespace, g.Name}] == nil {
			d.gateways[objectAt{g.Namespace, g.Name}] = known
			d.order = append(d.order, known)
		}
	}
	for _, o := range inventory.All[manifest.Canary](c.Inventory) {
		name := o.V.Spec.Service.Name
		if name == "" {
			name = o.V.Spec.TargetRef.Name
		}
		for _, made := range []string{name, name + "-primary", name + "-canary"} {
			d.held[objectAt{o.Namespace, made}] = true
		}
	}
	return d
}

// attach hangs every route on the listeners that take it.
func (d *doorway) attach() *doorway {
	for _, r := range d.routes {
		for i, ref := range r.V.Spec.ParentRefs {
			if _, g, why := d.parent(r, ref); why == "" {
				for _, l := range g.meant(ref) {
					if hosts := d.taken(g, l, r); len(hosts) > 0 {
						g.attached[l] = append(g.attached[l], attachment{r, i, hosts})
					}
				}
			}
		}
	}
	return d
}

// parent is the Gateway that a parentRef names. ours is false where it names no
// front Gateway at all: a Service, a waypoint or another kind; why says what is
// missing where the Gateway is not known.
func (d *doorway) parent(r inventory.Item[manifest.Route], ref manifest.ParentRef) (ours bool, g *frontGateway, why string) {
	if ref.Service() || ref.Kind != "" && ref.Kind != "Gateway" || ref.Group != nil && *ref.Group != r.Group() {
		return false, nil, "it is no Gateway"
	}
	namespace := ref.Namespace
	if namespace == "" {
		namespace = r.Namespace
	}
	if g = d.gateways[objectAt{namespace, ref.Name}]; g != nil {
		return true, g, ""
	}
	if d.Object(r.Group(), "Gateway", namespace, ref.Name) != nil {
		return false, nil, "it is a waypoint"
	}
	return true, nil, "Gateway " + namespace + "/" + ref.Name + " is not given"
}

// meant are the listeners that a parentRef means, by index.
func (g *frontGateway) meant(ref manifest.ParentRef) []int {
	var out []int
	if ref.SectionName != "" {
		i, ok := g.sections[ref.SectionName]
		if !ok || ref.Port != 0 && g.V.Spec.Listeners[i].Port != ref.Port {
			return nil
		}
		return []int{i}
	}
	for i, l := range g.V.Spec.Listeners {
		if ref.Port == 0 || l.Port == ref.Port {
			out = append(out, i)
		}
	}
	return out
}

// taken are the hosts of a route that a listener takes; none where it does not
// take the route.
func (d *doorway) taken(g *frontGateway, i int, r inventory.Item[manifest.Route]) []string {
	l := &g.V.Spec.Listeners[i]
	if admits, _ := d.admits(g, l, r.Namespace); !admits || !takesKind(l, r.Kind) {
		return nil
	}
	return sharedHosts(l.Hostname, r.V.Spec.Hostnames)
}

// admits reports whether a listener takes routes of a namespace; unsure where
// it goes by labels of a namespace that has no manifest.
func (d *doorway) admits(g *frontGateway, l *manifest.Listener, namespace string) (yes, unsure bool) {
	if l.AllowedRoutes == nil || l.AllowedRoutes.Namespaces == nil {
		return g.Namespace == namespace, false
	}
	switch allowed := l.AllowedRoutes.Namespaces; allowed.From {
	case "All":
		return true, false
	case "Selector":
		if allowed.Selector == nil {
			return false, false
		}
		labels, given := map[string]string{reach.NameLabel: namespace}, false
		if n := d.Namespace(namespace); n != nil {
			labels, given = n.Labels, n.Object != nil
		}
		if allowed.Selector.Matches(labels) {
			return true, false
		}
		_, named := allowed.Selector.MatchLabels[reach.NameLabel]
		unsure = !given && !named && len(allowed.Selector.MatchExpressions) == 0
		return unsure, unsure
	case "None":
		return false, false
	}
	return g.Namespace == namespace, false
}

// takesKind reports whether a listener takes routes of a kind: those that it
// lists, otherwise those that its protocol can carry (Gateway API, "ProtocolType").
func takesKind(l *manifest.Listener, kind string) bool {
	if l.AllowedRoutes != nil && len(l.AllowedRoutes.Kinds) > 0 {
		for _, k := range l.AllowedRoutes.Kinds {
			if k.Kind == kind {
				return true
			}
		}
		return false
	}
	switch l.Protocol {
	case "HTTP", "HTTPS":
		return kind == "HTTPRoute" || kind == "GRPCRoute"
	case "TLS":
		return kind == "TLSRoute" || kind == "TCPRoute" && !passesThrough(l)
	case "TCP":
		return kind == "TCPRoute"
	case "UDP":
		return kind == "UDPRoute"
	}
	return true // a protocol of the controller's own
}

func passesThrough(l *manifest.Listener) bool { return l.TLS != nil && l.TLS.Mode == "Passthrough" }

// encrypted reports whether what comes in by a listener is TLS.
func encrypted(l *manifest.Listener) bool { return l.Protocol == "HTTPS" || l.Protocol == "TLS" }

// sharedHosts are those that a listener and a route both serve (Gateway API,
// "HTTPRoute.hostnames"): the narrower of each pair; "" where neither names any.
func sharedHosts(listener string, hosts []string) []string {
	if len(hosts) == 0 {
		return []string{listener}
	}
	var out []string
	for _, h := range hosts {
		switch {
		case listener == "" || below(listener, h):
			out = append(out, h)
		case below(h, listener):
			out = append(out, listener)
		}
	}
	return out
}

// below reports whether a host is another, or below one that begins with "*.",
// by any number of labels.
func below(pattern, host string) bool {
	suffix, wild := strings.CutPrefix(pattern, "*")
	return pattern == host || wild && strings.HasSuffix(host, suffix) && len(host) > len(suffix)
}

// redirectsHTTPS reports whether a rule answers with the way to HTTPS.
func redirectsHTTPS(r manifest.RouteRule) bool {
	return slices.ContainsFunc(r.Filters, func(f manifest.RouteFilter) bool {
		return f.RequestRedirect != nil && f.RequestRedirect.Scheme == "https"
	})
}

// servingRoute reports whether any rule of a route leads to backends.
func servingRoute(r inventory.Item[manifest.Route]) bool {
	return slices.ContainsFunc(r.V.Spec.Rules, func(rule manifest.RouteRule) bool { return len(rule.BackendRefs) > 0 && !redirectsHTTPS(rule) })
}

func redirectingRoute(r inventory.Item[manifest.Route]) bool {
	return slices.ContainsFunc(r.V.Spec.Rules, redirectsHTTPS)
}

// hostSet holds host names; "" stands for any, and "*.x" for all below x.
type hostSet map[string]bool

func (s hostSet) add(hosts ...string) {
	for _, h := range hosts {
		s[h] = true
	}
}

// has reports whether a host is in the set, by itself or by a wildcard.
func (s hostSet) has(host string) bool {
	if s[host] || s[""] {
		return true
	}
	for rest := strings.TrimPrefix(host, "*."); ; {
		_, below, found := strings.Cut(rest, ".")
		if !found {
			return false
		}
		if s["*."+below] {
			return true
		}
		rest = below
	}
}

// hostText names a host for a reader.
func hostText(host string) string {
	if host == "" {
		return "any host"
	}
	return host
}

func hostTexts(hosts []string) []string {
	out := make([]string, len(hosts))
	for i, h := range hosts {
		out[i] = hostText(h)
	}
	return out
}

// served are the host names of an Ingress; "" for a rule without one and for a
// default backend.
func served(in inventory.Item[manifest.Ingress]) []string {
	var out []string
	if in.V.Spec.DefaultBackend != nil && len(in.V.Spec.Rules) == 0 {
		out = append(out, "")
	}
	for _, r := range in.V.Spec.Rules {
		if !slices.Contains(out, r.Host) {
			out = append(out, r.Host)
		}
	}
	return out
}

// classOf is the class that an Ingress asks for, "" where it asks for none.
func classOf(in inventory.Item[manifest.Ingress]) string {
	if in.V.Spec.IngressClassName != "" {
		return in.V.Spec.IngressClassName
	}
	return in.Annotations[classAnnotation]
}

// classAnnotation chose the class before spec.ingressClassName did.
const classAnnotation = "kubernetes.io/ingress.class"

// ingressControllers are what IngressClass objects name, by the class whose words the
// controller understands (each controller's own documentation).
var ingressControllers = map[string]string{
	"k8s.io/ingress-nginx": "nginx", "nginx.org/ingress-controller": "nginx", "traefik.io/ingress-controller": "traefik",
	"haproxy.org/ingress-controller": "haproxy", "ingress.k8s.aws/alb": "alb", "cilium.io/ingress-controller": "cilium",
	"projectcontour.io/ingress-controller": "contour", "istio.io/ingress-controller": "istio",
}

// annotationPrefixes are those of annotations that one controller alone reads.
var annotationPrefixes = []struct{ prefix, class string }{
	{"nginx.ingress.kubernetes.io/", "nginx"}, {"nginx.org/", "nginx"}, {"traefik.ingress.kubernetes.io/", "traefik"},
	{"haproxy.org/", "haproxy"}, {"projectcontour.io/", "contour"}, {"ingress.cilium.io/", "cilium"}, {"alb.ingress.kubernetes.io/", "alb"},
}

// dialect is the class whose words an Ingress is to be read in: by the
// IngressClass that is given, by its name, or by its annotations; "" where
// nothing says it.
func (d *doorway) dialect(in inventory.Item[manifest.Ingress]) string {
	class := classOf(in)
	if o := d.Object("networking.k8s.io", "IngressClass", "", class); o != nil {
		if known := ingressControllers[textAt(o, "spec", "controller")]; known != "" {
			return known
		}
	}
	if _, known := spec.ClassOf(class); known {
		return class
	}
	for _, p := range annotationPrefixes {
		for key := range in.Annotations {
			if strings.HasPrefix(key, p.prefix) {
				return p.class
			}
		}
	}
	for _, name := range []string{"nginx", "traefik", "haproxy", "contour", "cilium"} {
		if strings.Contains(class, name) {
			return name
		}
	}
	return ""
}

// textAt is the scalar at a path of an object, as text; "" where there is none.
func textAt(o *manifest.Object, path ...string) string {
	v, err := o.Value()
	if err != nil {
		return ""
	}
	for _, key := range path {
		v, _ = v.Field(key)
	}
	word, _ := v.Scalar.(string)
	return word
}

// insecure reports whether the model says that the front door serves plain HTTP.
func (d *doorway) insecure() bool {
	return d.Model != nil && d.Model.Spec.Ingress != nil && d.Model.Spec.Ingress.Insecure
}

// nginxCanary reports whether an Ingress only lends another one a share of its
// traffic (ingress-nginx, "Canary"): hosts, TLS and redirect are the other's.
func nginxCanary(in inventory.Item[manifest.Ingress]) bool {
	return in.Annotations["nginx.ingress.kubernetes.io/canary"] == "true"
}

// unknownIn says why it is not known which Services a namespace has, "" where it is.
func (d *doorway) unknownIn(namespace string) string {
	if d.HasPods(namespace) || slices.ContainsFunc(d.Services, func(s *inventory.Service) bool { return s.Namespace == namespace }) {
		return ""
	}
	return "no Service of " + namespaceText(namespace) + " is given"
}
