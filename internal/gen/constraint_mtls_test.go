package gen_test

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/spec"
)

// party is someone without mutual TLS who must reach a port.
type party struct {
	name string
	ips  []string // where it may come from
}

// plaintextPorts are the container ports of s that parties without mutual TLS
// must reach: Prometheus, a front door outside the mesh, a load balancer's clients.
func (w *world) plaintextPorts(s *spec.Service) map[int][]party {
	out := map[int][]party{}
	add := func(port int, name string, blocks ...string) {
		p := party{name: name}
		for _, b := range blocks {
			p.ips = append(p.ips, netip.MustParsePrefix(b).Addr().Next().String())
		}
		if !slices.ContainsFunc(out[port], func(o party) bool { return o.name == name }) {
			out[port] = append(out[port], p)
		}
	}
	for _, scrape := range w.scrapes() {
		if scrape.pod.service == s && scrape.port != 15090 && scrape.port != 15020 {
			add(scrape.port, "Prometheus", anyPod)
		}
	}
	if !w.frontDoorInMesh() {
		for _, i := range w.exposedPorts(s) {
			blocks := []string{anyPod}
			if c := w.s.Ingress.Controller; len(c.IPBlocks) > 0 {
				blocks = c.IPBlocks
			}
			add(containerPort(s.Ports[i], i), "the front door", blocks...)
		}
	}
	if s.Type == spec.LoadBalancer {
		for i, p := range s.Ports {
			if transportOf(p.Protocol) == "TCP" {
				add(containerPort(p, i), "clients of the load balancer", s.LoadBalancer.SourceRanges...)
			}
		}
	}
	return out
}

// anyPod holds the address of a pod that no policy can know.
const anyPod = "10.99.99.98/31"

// names lists parties for a reader.
func names(parties []party) string {
	var out []string
	for _, p := range parties {
		out = append(out, p.name)
	}
	return strings.Join(out, ", ")
}

// tlsMode is what a pod with these labels accepts on a container port (Istio:
// a selector's policy before the namespace's before the mesh's, PERMISSIVE if none).
func (w *world) tlsMode(labels map[string]string, port int) string {
	mode := "PERMISSIVE"
	for _, level := range []func(item[manifest.PeerAuthentication]) bool{
		func(p item[manifest.PeerAuthentication]) bool {
			return p.Namespace == w.s.Mesh.Namespace && p.v.Spec.Selector == nil
		},
		func(p item[manifest.PeerAuthentication]) bool {
			return p.Namespace == w.s.Namespace && p.v.Spec.Selector == nil
		},
		func(p item[manifest.PeerAuthentication]) bool {
			return p.Namespace == w.s.Namespace && p.v.Spec.Selector != nil && p.v.Spec.Selector.Matches(labels)
		},
	} {
		for _, p := range all[manifest.PeerAuthentication](w) {
			if !level(p) {
				continue
			}
			if p.v.Spec.MTLS != nil && p.v.Spec.MTLS.Mode != "" && p.v.Spec.MTLS.Mode != "UNSET" {
				mode = p.v.Spec.MTLS.Mode
			}
			if m, ok := p.v.Spec.PortLevelMTLS[strconv.Itoa(port)]; ok && p.v.Spec.Selector != nil {
				mode = m.Mode
			}
		}
	}
	return mode
}

func checkMutualTLS(w *world) {
	if !w.mesh() {
		return
	}
	whole := 0
	for _, p := range all[manifest.PeerAuthentication](w) {
		if p.Namespace == w.s.Namespace && p.v.Spec.Selector == nil {
			whole++
			if len(p.v.Spec.PortLevelMTLS) > 0 {
				w.at(p.Object, "portLevelMtls needs a selector")
			}
		}
	}
	if whole != 1 {
		w.fault("-", "PeerAuthentication", "%d are for the whole namespace, want one", whole)
	}
	for _, p := range w.pods {
		open := w.plaintextPorts(p.service)
		for _, port := range p.workload.Ports {
			if port.Protocol != "TCP" || port.Number == 15090 {
				continue
			}
			want := "STRICT"
			if open[port.Number] != nil {
				want = "PERMISSIVE"
			}
			if got := w.tlsMode(p.workload.Labels, port.Number); got != want {
				w.model(p.service, "port %d is %s, want %s (plaintext from: %s)", port.Number, got, want, names(open[port.Number]))
			}
		}
		matching := 0
		for _, pa := range all[manifest.PeerAuthentication](w) {
			if pa.Namespace == w.s.Namespace && pa.v.Spec.Selector != nil && pa.v.Spec.Selector.Matches(p.workload.Labels) {
				matching++
			}
		}
		if matching > 1 {
			w.model(p.service, "%d PeerAuthentications select its pods; only the oldest counts", matching)
		}
	}
	if w.ambient() && w.certificatesHere() && !w.frontDoorInMesh() && len(w.frontDoors()) > 0 {
		solver := map[string]string{"acme.cert-manager.io/http01-solver": "true"}
		if got := w.tlsMode(solver, 8089); got != "PERMISSIVE" {
			w.fault("-", "solver", "solver pods, which ambient captures, are %s for a front door without a mesh identity", got)
		}
	}
}

func checkClientTLS(w *world) {
	for _, dr := range all[manifest.DestinationRule](w) {
		tp := dr.v.Spec.TrafficPolicy
		if tp == nil || tp.TLS == nil {
			continue
		}
		s, _ := w.serviceOf(dr.v.Spec.Host)
		switch {
		case s == nil && tp.TLS.Mode == "ISTIO_MUTUAL" && !strings.HasSuffix(dr.v.Spec.Host, "."+w.s.ClusterDomain):
			w.at(dr.Object, "speaks the mesh's TLS to a host outside it")
		case s != nil && tp.TLS.Mode != "ISTIO_MUTUAL":
			w.at(dr.Object, "speaks %s to pods that accept the mesh's mutual TLS only", tp.TLS.Mode)
		}
		for _, port := range tp.PortLevel {
			if s != nil && port.TLS != nil && port.TLS.Mode != "ISTIO_MUTUAL" {
				w.at(dr.Object, "speaks %s to port %d, which accepts the mesh's mutual TLS only", port.TLS.Mode, port.Port.Number)
			}
		}
	}
}
