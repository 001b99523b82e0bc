package inventory

import (
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// The labels by which pods join the mesh (Istio, "Installing the Sidecar" and
// "Add workloads to an ambient mesh").
const (
	InjectionLabel    = "istio-injection"         // on a namespace: enabled or disabled
	RevisionLabel     = "istio.io/rev"            // on a namespace or a pod: which istiod injects
	InjectLabel       = "sidecar.istio.io/inject" // on a pod: "true" or "false"
	DataplaneLabel    = "istio.io/dataplane-mode" // on a namespace or a pod: ambient or none
	UseWaypointLabel  = "istio.io/use-waypoint"   // on a namespace, a Service or a pod
	IngressUsesItToo  = "istio.io/ingress-use-waypoint"
	WaypointNamespace = "istio.io/use-waypoint-namespace"
)

// templatesAnnotation names the templates that a pod is injected with: "gateway"
// makes it a proxy at the edge (Istio, "Installing Gateways").
const templatesAnnotation = "inject.istio.io/templates"

// HBONE is the port of ambient's tunnels, ProxyMetrics and AgentMetrics are
// those of a sidecar, XDS is istiod's (Istio, "Application requirements").
const (
	HBONE        = 15008
	ProxyMetrics = 15090
	AgentMetrics = 15020
	XDS          = 15012
)

// Meshed reports whether the application is in a mesh: the model says so, or a
// namespace takes part, or the mesh is configured by any object.
func (inv *Inventory) Meshed() bool {
	if inv.Model != nil {
		return inv.Model.Spec.Mesh.Provider == spec.Istio
	}
	for _, n := range inv.Namespaces {
		if inv.namespaceMode(n) != reach.NoMesh {
			return true
		}
	}
	for _, o := range inv.Objects {
		if g := o.Group(); g == "networking.istio.io" || g == "security.istio.io" {
			return true
		}
	}
	return false
}

func (inv *Inventory) namespaceMode(n *Namespace) reach.Mesh {
	if n == nil {
		return reach.NoMesh
	}
	// Of both, the sidecar stays: ambient mode leaves pods with one alone.
	switch {
	case n.Labels[InjectionLabel] == "enabled", n.Labels[InjectionLabel] != "disabled" && n.Labels[RevisionLabel] != "":
		return reach.Sidecar
	case n.Labels[DataplaneLabel] == "ambient":
		return reach.Ambient
	}
	return reach.NoMesh
}

// meshMode is how a workload's pods take part in the mesh: as their own labels
// say, otherwise as their namespace's do; for a namespace of the model without a
// manifest, as the model says.
func (inv *Inventory) meshMode(w *Workload) reach.Mesh {
	switch {
	case w.HostNetwork:
		return reach.NoMesh // neither injected nor captured
	case w.Party == Waypoint:
		return reach.Waypoint
	}
	of := func(key string) string {
		if v := w.Labels[key]; v != "" {
			return v
		}
		return w.Annotations[key]
	}
	// Injection happens where neither the namespace nor the pod says no, and one of
	// them says yes; the pod only by a label (Istio, "Controlling the injection policy").
	n := inv.namespaces[w.Namespace]
	refused := of(InjectLabel) == "false" || n != nil && n.Labels[InjectionLabel] == "disabled"
	switch {
	case !refused && strings.Contains(w.Annotations[templatesAnnotation], "gateway"):
		return reach.Gateway
	case !refused && (w.Labels[InjectLabel] == "true" || w.Labels[RevisionLabel] != ""):
		return reach.Sidecar
	case of(DataplaneLabel) == "ambient":
		return reach.Ambient
	}
	mode := inv.namespaceMode(inv.namespaces[w.Namespace])
	if inv.Model != nil {
		m := inv.Model.Spec.Mesh
		// Whom the model names elsewhere is taken for a member of the mesh where
		// nothing says otherwise: it is known there by its identity.
		named := w.Namespace == inv.Model.Spec.Namespace || w.Party == Caller || w.Party == Callee
		if named && (n == nil || n.Object == nil) && m.Provider == spec.Istio {
			mode = reach.Sidecar
			if m.Mode == spec.Ambient {
				mode = reach.Ambient
			}
		}
		if w.Party == FrontDoor && inv.doorInMesh() {
			return reach.Gateway
		}
	}
	if mode == reach.Sidecar && refused || mode == reach.Ambient && of(DataplaneLabel) == "none" {
		return reach.NoMesh
	}
	return mode
}

// doorInMesh reports whether the model's front door is a proxy of the mesh.
func (inv *Inventory) doorInMesh() bool {
	s := &inv.Model.Spec
	if s.Mesh.Provider != spec.Istio || s.Ingress == nil {
		return false
	}
	class, _ := spec.ClassOf(s.Ingress.Class)
	return class.InMesh
}

// Waypoint is the waypoint that traffic to a Service passes through in an
// ambient mesh: as the Service's label says, otherwise its namespace's; nil for
// none, and for a headless Service, which has no address to send there.
func (inv *Inventory) Waypoint(s *Service) *Workload {
	if s.Headless() {
		return nil
	}
	waypoint, namespace := s.Labels[UseWaypointLabel], s.Labels[WaypointNamespace]
	if n := inv.namespaces[s.Namespace]; waypoint == "" && n != nil {
		waypoint, namespace = n.Labels[UseWaypointLabel], n.Labels[WaypointNamespace]
	}
	if waypoint == "" || waypoint == "none" {
		return nil
	}
	if namespace == "" {
		namespace = s.Namespace
	}
	for _, w := range inv.PartyPods(namespace, manifest.Selector{MatchLabels: map[string]string{gatewayNameLabel: waypoint}}) {
		if w.Party == Waypoint && forServices(w) {
			return w
		}
	}
	return nil
}

// forServices reports whether a waypoint takes what is sent to Services: all do
// but those that are labelled to be for workloads alone, or for nothing (Istio,
// "Waypoint traffic types").
func forServices(w *Workload) bool {
	if w.Object == nil {
		return true
	}
	kind := w.Object.Labels["istio.io/waypoint-for"]
	return kind == "" || kind == "service" || kind == "all"
}

// probeAddresses are from where the kubelet's probes seem to come to pods in
// ambient mode (Istio, "Ambient and Kubernetes NetworkPolicy").
var probeAddresses = []string{"169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"}

// PlatformAddresses are addresses outside all pods that belong to the platform:
// those that answer DNS on a node, and those of probes in ambient mode.
func (inv *Inventory) PlatformAddresses() reach.Addresses {
	blocks := slices.Clone(probeAddresses)
	if inv.Model != nil {
		blocks = append(blocks, inv.Model.Spec.DNS.IPBlocks...)
	}
	var out []netip.Prefix
	for _, text := range blocks {
		if block, err := netip.ParsePrefix(text); err == nil {
			out = append(out, block)
		}
	}
	return reach.AddressesOf(out...)
}
