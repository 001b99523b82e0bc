package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var ingressBackendMissing = &Rule{
	ID: "IN01", Severity: diag.Error,
	Title:       "An Ingress leads to a Service or a port that does not exist",
	Items:       []string{"C3", "P4"},
	Constraints: []string{"K22"},
	Doc: `Each backend of an Ingress names a Service of its own namespace and one of that Service's ports, by name or by number. The API server takes
names that exist nowhere (Kubernetes, "Ingress"); the controller then answers 503 or 404, or leaves the host out.

Write the Service's name, and its port as it stands in ` + "`spec.ports`" + `: the Service's ` + "`port`" + `, not the container's. Services that Flagger makes
count as there. Where no Service of the namespace is given, its Ingresses are not checked.`,
	check: func(c *Check) {
		d := c.doorway()
		for _, in := range d.ingresses {
			if why := d.unknownIn(in.Namespace); why != "" {
				c.Skip(in.Ref(), "%s", why)
				continue
			}
			if b := in.V.Spec.DefaultBackend; b != nil {
				d.checkIngressBackend(in, b, "spec", "defaultBackend")
			}
			for i, r := range in.V.Spec.Rules {
				for j := range r.HTTP.Paths {
					d.checkIngressBackend(in, &r.HTTP.Paths[j].Backend, "spec", "rules", i, "http", "paths", j, "backend")
				}
			}
			if in.V.Spec.DefaultBackend == nil && len(in.V.Spec.Rules) == 0 {
				c.Looked()
				c.Report(in.Object, Field("spec"), "give it rules, or a defaultBackend", "it has neither rules nor a default backend")
			}
		}
	},
}

func (d *doorway) checkIngressBackend(in inventory.Item[manifest.Ingress], b *manifest.IngressBackend, path ...any) {
	if in.Has(append(slices.Clone(path), "resource")...) {
		d.Skip(in.Ref()+", "+manifest.PathText(path...), "what its controller makes of a resource as backend is not known")
		return
	}
	d.Looked()
	if b.Service == nil {
		d.Report(in.Object, path, "write service: {name: <Service>, port: {name: <port>}}", "it leads to no Service")
		return
	}
	port := b.Service.Port
	if port.Name == "use-annotation" && d.dialect(in) == "alb" {
		key := "alb.ingress.kubernetes.io/actions." + b.Service.Name
		if in.Annotations[key] == "" {
			d.Report(in.Object, append(path, "service", "name"), "write the annotation "+key, "the action %s has no annotation %s", b.Service.Name, key)
		}
		return
	}
	d.checkServicePort(in.Object, in.Namespace, b.Service.Name, manifest.IntOrString{Name: port.Name, Number: port.Number},
		append(slices.Clone(path), "service", "name"), append(slices.Clone(path), "service", "port"))
}

// checkServicePort reports a reference to a Service that is missing, or to a
// port that it does not have.
func (d *doorway) checkServicePort(o *manifest.Object, namespace, name string, port manifest.IntOrString, nameField, portField []any) {
	if d.held[objectAt{namespace, name}] {
		return // Flagger makes it, with the ports of its Canary
	}
	s := d.Service(namespace, name)
	switch {
	case s == nil:
		d.Report(o, nameField, d.nearestService(namespace, name), "there is no Service %s", inNamespace(namespace, name))
	case s.External() && len(s.V.Spec.Ports) == 0:
	case port.IsZero():
		d.Report(o, portField, "name one of its ports: "+servicePorts(s), "it says no port of Service %s", name)
	default:
		if _, ok := s.Port(port); !ok {
			d.Report(o, portField, d.nearestPort(s, port), "Service %s has no port %s", name, port.Text()).
				See(s.Object, Field("spec", "ports"), "has %s", servicePorts(s))
		}
	}
}

func (d *doorway) nearestService(namespace, name string) string {
	d.step()
	known := d.serviceNames()
	elsewhere := ""
	for _, s := range known.called[name] {
		if s.Namespace != namespace {
			elsewhere = s.Namespace
		}
	}
	if elsewhere != "" {
		return fmt.Sprintf("it is in namespace %s: name it from an object there", elsewhere)
	}
	own := known.spelt[namespace]
	if own == nil {
		return "add the Service"
	}
	if near := own.nearest(name); near != "" {
		return "did you mean " + near + "?"
	}
	return "name one that exists: " + some(own.words)
}

// nearestPort says which of a Service's ports was meant: one that leads to the
// number that was written, or the one of a like name.
func (d *doorway) nearestPort(s *inventory.Service, port manifest.IntOrString) string {
	for _, p := range s.V.Spec.Ports {
		if port.Number != 0 && p.Target().Number == port.Number || port.Name != "" && p.TargetPort.Name == port.Name {
			return fmt.Sprintf("write the Service's port %s, which leads to the container's %s", portText(p), port.Text())
		}
	}
	var names []string
	for _, p := range s.V.Spec.Ports {
		names = append(names, p.Name)
	}
	if near := diag.Nearest(port.Name, names); near != "" {
		return "did you mean " + near + "?"
	}
	return "it has " + servicePorts(s)
}

// portText names a Service's port: its number and, where it has one, its name.
func portText(p manifest.ServicePort) string {
	if p.Name == "" {
		return number(p.Port)
	}
	return number(p.Port) + " (" + p.Name + ")"
}

func servicePorts(s *inventory.Service) string {
	var out []string
	for _, p := range s.V.Spec.Ports {
		out = append(out, portText(p))
	}
	if len(out) == 0 {
		return "no ports"
	}
	return strings.Join(out, ", ")
}

var routeBackendMissing = &Rule{
	ID: "IN02", Severity: diag.Error,
	Title:       "A route leads to a Service or a port that does not exist",
	Items:       []string{"C3", "P4"},
	Constraints: []string{"K22"},
	Doc: `Each backendRef of an HTTPRoute, GRPCRoute, TLSRoute, TCPRoute or UDPRoute names a Service, and one of its ports by number, which is required
for Services (Gateway API, "BackendObjectReference"). A reference that leads nowhere makes its share of the requests fail with 500. A rule
without backends that answers nothing itself does so for all of them. Routes of a mesh, whose parent is a Service, are looked at too.

Write the Service's name and its ` + "`port`" + `, not the container's. Services that Flagger makes count as there. Other kinds of backends, and
namespaces of which no Service is given, are not checked.`,
	check: func(c *Check) {
		d := c.doorway()
		for _, r := range d.routes {
			for i, rule := range r.V.Spec.Rules {
				for j, b := range rule.BackendRefs {
					d.checkRouteBackend(r, b, Field("spec", "rules", i, "backendRefs", j))
				}
				if len(rule.BackendRefs) == 0 && !answers(rule) && (r.Kind == "HTTPRoute" || r.Kind == "GRPCRoute") {
					c.Looked()
					c.Report(r.Object, Field("spec", "rules", i), "give it backendRefs: [{name: <Service>, port: <port>}]", "the rule has no backends, so what matches it fails")
				}
			}
		}
	},
}

// answers reports whether a rule has a filter that may answer by itself.
func answers(r manifest.RouteRule) bool {
	return slices.ContainsFunc(r.Filters, func(f manifest.RouteFilter) bool { return f.RequestRedirect != nil || f.ExtensionRef != nil })
}

// isService reports whether a backendRef names a Service.
func isService(b manifest.BackendRef) bool {
	return (b.Kind == "" || b.Kind == "Service") && (b.Group == nil || *b.Group == "")
}

// backendNamespace is where a backendRef of a route leads.
func backendNamespace(r inventory.Item[manifest.Route], b manifest.BackendRef) string {
	if b.Namespace == "" {
		return r.Namespace
	}
	return b.Namespace
}

func (d *doorway) checkRouteBackend(r inventory.Item[manifest.Route], b manifest.BackendRef, path []any) {
	namespace := backendNamespace(r, b)
	what := r.Ref() + ", " + manifest.PathText(path...)
	if !isService(b) {
		d.Skip(what, "whether %s %s exists is not known", b.Kind, b.Name)
		return
	}
	if why := d.unknownIn(namespace); why != "" {
		d.Skip(what, "%s", why)
		return
	}
	d.Looked()
	d.checkServicePort(r.Object, namespace, b.Name, manifest.IntOrString{Number: b.Port}, append(slices.Clone(path), "name"), append(slices.Clone(path), "port"))
}
