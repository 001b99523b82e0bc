package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

var destinationMissing = &Rule{
	ID: "SM03", Severity: diag.Error,
	Title:       "A host or port that Istio is told of does not exist",
	Items:       []string{"C2", "P4"},
	Constraints: []string{"K13"},
	Reads:       []Need{NeedsMesh},
	Doc: `The hosts of VirtualServices and of DestinationRules, the destinations of routes are looked up among the Services (those that Flagger makes of a Canary too) and the ServiceEntries. A destination needs
` + "`port.number`" + ` as soon as its Service has more than one port, and a metrics port is enough for that; the number is the Service's, not the
container's (Istio, "VirtualService": Destination; analysis messages IST0101 and IST0112, which need a live cluster). A short name is one
of the object's own namespace, and Istio completes names of one label only: ` + "`api.shop`" + ` is taken as it stands, and is no Service.

Write the full name, ` + "`api.shop.svc.cluster.local`" + `, and the Service's port. Hosts of a namespace of which no Service is given are not
checked, nor, without a kgen.yaml, hosts outside the cluster that no ServiceEntry names.`,
	check: func(c *Check) {
		m := c.mesh()
		type key struct {
			o    *manifest.Object
			host string
			port int
		}
		said := map[key]bool{}
		for _, r := range m.virtualRoutes() {
			for i, d := range r.Route {
				port := 0
				if d.Destination.Port != nil {
					port = d.Destination.Port.Number
				}
				at := key{r.Object, d.Destination.Host, port}
				if d.Destination.Host == "" || said[at] {
					continue
				}
				said[at] = true
				path := r.at("route", i, "destination")
				if h, ok := m.existing(r.Object, d.Destination.Host, append(slices.Clone(path), "host"), "what is routed there gets 503"); ok {
					m.checkPort(r.Object, h, port, path)
				}
			}
		}
		for _, d := range inventory.All[manifest.DestinationRule](c.Inventory) {
			m.existing(d.Object, d.V.Spec.Host, Field("spec", "host"), "the rule is about nothing")
		}
		for _, v := range inventory.All[manifest.VirtualService](c.Inventory) {
			for i, host := range v.V.Spec.Hosts {
				if h := m.host(host, v.Namespace); h.InCluster && forMesh(v.V) {
					m.existing(v.Object, host, Field("spec", "hosts", i), "no call meets these routes")
				}
			}
		}
	},
}

// existing looks a host up, and reports it where it is not there. A host of
// which nothing is known is skipped.
func (m *mesh) existing(o *manifest.Object, host string, field []any, outcome string) (meshHost, bool) {
	h := m.host(host, o.Namespace)
	if strings.HasPrefix(host, "*") {
		return h, false // a pattern for many hosts
	}
	switch m.presence(h) {
	case unknownHost:
		why := "nothing of namespace " + h.Namespace + " is given"
		if !h.InCluster {
			why = "no ServiceEntry for it is given, and it may be elsewhere"
		}
		m.Skip(fmt.Sprintf("host %s of %s", host, o.Ref()), "%s", why)
		return h, false
	case absentHost:
		m.Looked()
		m.reportHost(o, h, host, field, outcome)
		return h, false
	}
	m.Looked()
	if h.partial {
		m.Report(o, field, "write "+m.full(h), "Istio completes names of one label only, and takes %s as it stands, which is no Service: %s", host, outcome)
		return h, false
	}
	return h, true
}

func (m *mesh) reportHost(o *manifest.Object, h meshHost, host string, field []any, outcome string) {
	if !h.InCluster {
		fix := fmt.Sprintf("write a ServiceEntry: {hosts: [%s], location: MESH_EXTERNAL, resolution: DNS, ports: [{number: 443, name: tls, protocol: TLS}]}, or correct the name", host)
		m.Report(o, field, fix, "%s is no Service, and no ServiceEntry names it: %s", host, outcome)
		return
	}
	var fix string
	if near := m.nearestService(h.Namespace, h.Name); near != "" {
		h.Name = near
		fix = "did you mean " + m.full(h) + "?"
		h.Name = m.host(host, o.Namespace).Name
	} else {
		fix = fmt.Sprintf("%s has the Services %s", namespaceText(h.Namespace), some(m.services[h.Namespace]))
	}
	var elsewhere []string
	for _, s := range m.serviceNames().called[h.Name] {
		if s.Namespace != h.Namespace {
			elsewhere = append(elsewhere, s.Namespace)
		}
	}
	if len(elsewhere) > 0 && !strings.Contains(host, ".") {
		h.Namespace = elsewhere[0]
		m.Report(o, field, "write "+m.full(h), "the short name %s means a Service of %s, which has none of that name (%s has): %s", host, namespaceText(o.Namespace), some(elsewhere), outcome)
		return
	}
	m.Report(o, field, fix, "there is no Service %s in %s: %s", h.Name, namespaceText(h.Namespace), outcome)
}

// checkPort judges a destination's port; 0 is none.
func (m *mesh) checkPort(o *manifest.Object, h meshHost, port int, path []any) {
	ports, known := m.ports(h)
	switch {
	case !known || port != 0 && slices.Contains(ports, port) || port == 0 && len(ports) == 1:
	case port == 0:
		m.Report(o, path, fmt.Sprintf("add port: {number: %d}, or another one of its ports", ports[0]),
			"%s has %d ports (%s), and the destination leaves open which of them is meant", m.full(h), len(ports), numbers(ports))
	default:
		m.Report(o, append(path, "port", "number"), m.portFix(h, port, ports), "%s has no port %d; what is routed there gets 503", m.full(h), port)
	}
}

// portFix says which port is meant: the one that leads to the container's port,
// where that was written.
func (m *mesh) portFix(h meshHost, port int, ports []int) string {
	if h.Service != nil {
		for _, p := range h.Service.V.Spec.Ports {
			for _, w := range h.Service.Pods {
				if target, ok := w.Target(p); ok && target.Number == port {
					return fmt.Sprintf("write number: %d; %d is the container's port, and the Service's is wanted", p.Port, port)
				}
			}
		}
	}
	return "its ports are " + numbers(ports)
}

func numbers(ports []int) string {
	var out []string
	for _, p := range ports {
		out = append(out, number(p))
	}
	if len(out) == 1 {
		return out[0]
	}
	return strings.Join(out[:len(out)-1], ", ") + " and " + out[len(out)-1]
}
