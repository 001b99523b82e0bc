package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var clientTLSRefused = &Rule{
	ID: "SM10", Severity: diag.Error,
	Title:       "Callers are told to speak TLS in a way that the pods do not take",
	Items:       []string{"C4"},
	Constraints: []string{"K18"},
	Reads:       []Need{NeedsMesh},
	Doc: `A DestinationRule's ` + "`tls.mode`" + ` is held against what the pods of its host take, port by port: STRICT, PERMISSIVE or DISABLE as the narrowest
PeerAuthentication says, nothing of the mesh's where they are not in it. To a STRICT port anything but ISTIO_MUTUAL is refused: DISABLE is
plaintext, and SIMPLE and MUTUAL are TLS without the mesh's certificates. ISTIO_MUTUAL in turn reaches nobody at a port with DISABLE, at
pods outside the mesh and at hosts outside the cluster (Istio, "Understanding TLS Configuration"; 503 with UF). The rule that counts is the
one for the host itself, with settings for ports and subsets before those for all, and one for a wildcard host only where there is none.

Leave ` + "`tls`" + ` out, so that Istio finds out by itself what each pod takes, or write ISTIO_MUTUAL for pods of the mesh. Where no pods are
known, and for pods in ambient mode, which take their connections from ztunnel, the mode is not checked.`,
	check: func(c *Check) {
		m := c.mesh()
		for _, d := range inventory.All[manifest.DestinationRule](c.Inventory) {
			if !saysTLS(d.V) {
				continue
			}
			if !strings.HasPrefix(d.V.Spec.Host, "*") {
				m.clientTLS(d, m.host(d.V.Spec.Host, d.Namespace))
				continue
			}
			for _, s := range c.Services {
				h := m.host(s.Name+"."+s.Namespace+".svc."+m.domain(), s.Namespace)
				if len(m.rules[h.key]) == 0 && strings.HasSuffix("."+m.full(h), strings.TrimPrefix(d.V.Spec.Host, "*")) {
					m.clientTLS(d, h)
				}
			}
		}
	},
}

// saysTLS reports whether any policy of a rule has TLS settings.
func saysTLS(d *manifest.DestinationRule) bool {
	says := func(tp *manifest.TrafficPolicy) bool {
		if tp == nil {
			return false
		}
		for _, p := range tp.PortLevel {
			if p.TLS != nil {
				return true
			}
		}
		return tp.TLS != nil
	}
	return says(d.Spec.TrafficPolicy) || slices.ContainsFunc(d.Spec.Subsets, func(s manifest.Subset) bool { return says(s.TrafficPolicy) })
}

// tlsOf is the mode that a policy names for a Service's port, and where.
func tlsOf(tp *manifest.TrafficPolicy, port int, path ...any) (string, []any) {
	if tp == nil {
		return "", nil
	}
	path = append(path, "trafficPolicy")
	for i, p := range tp.PortLevel {
		// What is said for a port replaces all that is said for the host.
		if p.Port.Number == port {
			if p.TLS == nil {
				return "", nil
			}
			return p.TLS.Mode, append(path, "portLevelSettings", i, "tls", "mode")
		}
	}
	if tp.TLS == nil {
		return "", nil
	}
	return tp.TLS.Mode, append(path, "tls", "mode")
}

// clientTLS judges one rule for one host.
func (m *mesh) clientTLS(d destinationRule, h meshHost) {
	if !h.InCluster {
		m.outsideTLS(d, h)
		return
	}
	pods := m.pods(h)
	if len(pods) == 0 {
		m.Skip(d.Ref(), "no pods of %s are known", m.full(h))
		return
	}
	said := map[string]bool{}
	for _, p := range m.servicePorts(h) {
		if transportOf(p.Protocol) != "TCP" {
			continue
		}
		mode, path := tlsOf(d.V.Spec.TrafficPolicy, p.Port, "spec")
		m.judgeTLS(d, h, p, mode, path, pods, said)
		for i, s := range d.V.Spec.Subsets {
			if own, at := tlsOf(s.TrafficPolicy, p.Port, "spec", "subsets", i); at != nil {
				m.judgeTLS(d, h, p, own, at, selectedBy(pods, s.Labels), said)
			}
		}
	}
}

// servicePorts are the ports of a host's Service.
func (m *mesh) servicePorts(h meshHost) []manifest.ServicePort {
	if h.Service != nil {
		return h.Service.V.Spec.Ports
	}
	if c := m.made[h.key]; c != nil {
		v := c.V.Spec.Service
		return []manifest.ServicePort{{Port: v.Port, TargetPort: v.TargetPort, Protocol: "TCP"}}
	}
	return nil
}

// judgeTLS holds what callers speak to a Service's port against what its pods
// take; once for each place that says it.
func (m *mesh) judgeTLS(d destinationRule, h meshHost, p manifest.ServicePort, mode string, path []any, pods []*inventory.Workload, said map[string]bool) {
	if path == nil || said[manifest.PathText(path...)] {
		return
	}
	for _, w := range pods {
		target, ok := w.Target(p)
		if !ok {
			continue
		}
		takes, by := "", (*manifest.Object)(nil)
		switch w.Mesh {
		case reach.Sidecar:
			takes, by = m.Policies.MutualTLS(&w.Workload, target.Number)
			if slices.Contains(w.Uncaptured, target.Number) {
				takes, by = "DISABLE", nil
			}
		case reach.NoMesh:
			if why := m.mayJoin(w.Namespace); why != "" {
				m.Skip(d.Ref(), "%s", why)
				return
			}
			takes = "no mesh"
		default:
			m.Skip(d.Ref(), "the pods of %s are in ambient mode", m.full(h))
			return
		}
		m.Looked()
		why := refusal(mode, takes)
		if why == "" {
			continue
		}
		said[manifest.PathText(path...)] = true
		fix := "leave tls out, or write mode: ISTIO_MUTUAL"
		if takes != "STRICT" {
			fix = "leave tls out, or write mode: DISABLE for pods that take no TLS of the mesh's"
		}
		f := m.Report(d.Object, path, fix, "callers of %s speak %s, and its pods %s on port %d: %s", m.full(h), clientText(mode), serverText(takes), target.Number, why)
		if by != nil {
			f.See(by, Field("spec"), "says %s", takes)
		}
		return
	}
}

// mayJoin says why pods that nothing brings into the mesh may be in it, or are
// meant to be; "" where they are not.
func (m *mesh) mayJoin(namespace string) string {
	switch n := m.Namespace(namespace); {
	case n == nil || n.Object == nil:
		return "no manifest says whether namespace " + namespace + " is in the mesh"
	case len(joining(n)) == 0 && slices.ContainsFunc(m.Objects, func(o *manifest.Object) bool { return o.Namespace == namespace && istioObject(o) }):
		return "namespace " + namespace + " does not join the mesh, though it has objects of Istio's; rule SM11 says so"
	}
	return ""
}

// istioObject reports whether an object tells a mesh's proxies what to do.
func istioObject(o *manifest.Object) bool {
	switch o.Kind {
	case "VirtualService", "DestinationRule", "PeerAuthentication", "AuthorizationPolicy":
		return o.Group() == "networking.istio.io" || o.Group() == "security.istio.io"
	}
	return false
}

// refusal says what becomes of a connection, "" where it is taken.
func refusal(mode, takes string) string {
	switch {
	case takes == "STRICT" && mode != "ISTIO_MUTUAL":
		return "every connection is reset"
	case (takes == "DISABLE" || takes == "no mesh") && mode == "ISTIO_MUTUAL":
		return "the handshake fails, and callers get 503"
	}
	return ""
}

func clientText(mode string) string {
	switch mode {
	case "", "DISABLE":
		return "plaintext (mode DISABLE)"
	case "ISTIO_MUTUAL":
		return "the mesh's mutual TLS"
	}
	return fmt.Sprintf("TLS of their own (mode %s)", mode)
}

func serverText(takes string) string {
	switch takes {
	case "STRICT":
		return "take the mesh's mutual TLS alone (STRICT)"
	case "no mesh":
		return "are not in the mesh, and take none of its TLS"
	}
	return "take none of the mesh's TLS (DISABLE)"
}

// outsideTLS: a host outside the mesh knows nothing of its certificates.
func (m *mesh) outsideTLS(d destinationRule, h meshHost) {
	entries := m.entriesFor(h.key)
	if len(entries) == 0 {
		m.Skip(d.Ref(), "nobody says what %s is", h.key)
		return
	}
	m.Looked()
	if slices.ContainsFunc(entries, func(e inventory.Item[manifest.ServiceEntry]) bool { return e.V.Spec.Location == "MESH_INTERNAL" }) {
		return
	}
	for _, e := range entries {
		for _, p := range e.V.Spec.Ports {
			if mode, path := tlsOf(d.V.Spec.TrafficPolicy, p.Number, "spec"); mode == "ISTIO_MUTUAL" {
				m.Report(d.Object, path, "write mode: SIMPLE with sni, or leave tls out where the application speaks TLS itself",
					"%s is outside the mesh, and takes none of its mutual TLS", h.key).See(e.Object, Field("spec", "location"), "says so")
				return
			}
		}
	}
}
