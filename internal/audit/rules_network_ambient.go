package audit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var tunnelMissing = &Rule{
	ID: "NP18", Severity: diag.Error,
	Title:       "A hop of the ambient mesh is denied",
	Items:       []string{"C2"},
	Constraints: []string{"K7"},
	Reads:       []Need{NeedsPods, NeedsMesh},
	Doc: `In ambient mode packets between two pods of the mesh travel in a tunnel to port 15008 of the callee's pod, and NetworkPolicies see that
port (Istio, "Ambient and Kubernetes NetworkPolicy"). Each connection that is meant to be needs 15008 at both ends beside its own port.
Where the callee's Service has a waypoint, there are two hops instead: the caller's to the waypoint on 15008, and the waypoint's to the
callee on 15008; the callee admits the waypoint, not the caller. Gateways of the mesh tunnel too, and pass the waypoint only where the
Service says ` + "`istio.io/ingress-use-waypoint: \"true\"`" + `.

Connections are those of kgen.yaml and of containers' variables; without a kgen.yaml also the ones that ingress rules between pods of the
mesh allow on other ports. Add 15008/TCP to the rules, or the rules for the waypoint.`,
	check: func(c *Check) {
		n := c.network()
		if !slices.ContainsFunc(c.Workloads, func(w *inventory.Workload) bool { return w.Mesh == reach.Ambient }) {
			c.Skip("", "no pod is in ambient mode")
			return
		}
		edges := c.Edges()
		if c.Model == nil {
			edges = append(edges, n.ruledEdges()...)
		}
		var gaps []gap
		hop := func(from, to *inventory.Workload, why string) {
			c.Looked()
			for _, g := range n.gaps(why, from.Endpoint(), to.Endpoint(), reach.TCP(inventory.HBONE)) {
				if unsure := n.uncertain(g); unsure != "" {
					c.Skip("the hop from "+from.Text()+" to "+to.Text(), "%s", unsure)
				} else if !n.explained(g) {
					gaps = append(gaps, g)
				}
			}
		}
		for _, e := range edges {
			if e.To == nil || e.To.Mesh != reach.Ambient || e.From.HostNetwork || !slices.ContainsFunc(e.Ports, isTCP) {
				continue
			}
			switch w := n.waypointOf(e); {
			case w != nil:
				hop(e.From, w, n.groupOf(e.From.Endpoint())+" calls "+n.groupOf(e.To.Endpoint())+" through the waypoint")
				hop(w, e.To, "who calls it comes through the waypoint")
			case e.From.Mesh == reach.Ambient && n.passes(e):
				hop(e.From, e.To, "both are in the ambient mesh, which tunnels")
			}
		}
		n.doorHops(hop)
		n.reportGaps(mergeGaps(gaps))
	},
}

func isTCP(p reach.Port) bool { return p.Protocol == "TCP" }

// passes reports whether a connection without a waypoint is allowed but for its
// tunnel; where it is not, NP04 says so.
func (n *network) passes(e inventory.Edge) bool {
	return !slices.ContainsFunc(e.Ports, func(p reach.Port) bool {
		ok, _ := n.Policies.Allowed(e.From.Endpoint(), e.To.Endpoint(), p)
		return !ok
	})
}

// mostRuled bounds the pairs that are taken from one rule: the hops of pods that
// one rule speaks of are alike.
const mostRuled = 2000

// ruledEdges are what ingress rules between known pods of the ambient mesh mean
// to allow: for a repository that declares nothing.
func (n *network) ruledEdges() []inventory.Edge {
	var out []inventory.Edge
	for _, p := range n.policies {
		for _, r := range p.rules {
			ports := n.ownPorts(r)
			if r.direction != reach.Ingress || len(ports) == 0 {
				continue
			}
			to := n.Pods(p.Namespace, p.spec.PodSelector)
			made := 0
			for _, peer := range r.peers {
				if peer.IPBlock != nil {
					continue
				}
				from, _ := n.peerPods(p.Namespace, peer)
				for _, f := range from {
					for _, t := range to {
						if f == t || f.Mesh != reach.Ambient || t.Mesh != reach.Ambient || made == mostRuled {
							continue
						}
						made++
						e := inventory.Edge{From: f, To: t, Ports: ports}
						for _, s := range n.servicesOf(t) {
							if e.Service == nil || n.Waypoint(s) != nil {
								e.Service = s
							}
						}
						out = append(out, e)
					}
				}
			}
		}
	}
	return out
}

// ownPorts are the TCP ports of a rule by number that are not the mesh's own.
func (n *network) ownPorts(r policyRule) []reach.Port {
	var out []reach.Port
	for _, p := range r.ports {
		if p.Port.Number != 0 && transportOf(p.Protocol) == "TCP" && !slices.Contains([]int{inventory.HBONE, inventory.ProxyMetrics, inventory.AgentMetrics}, p.Port.Number) {
			out = append(out, reach.TCP(p.Port.Number))
		}
	}
	return out
}

// doorInMesh reports whether a door's proxies are the mesh's own, and tunnel.
func doorInMesh(d *inventory.Door) bool {
	return d.Class == "istio" && (d.Kind == inventory.RouteDoor || d.Kind == inventory.IstioDoor)
}

// ingressWaypoint is the waypoint that a door's traffic to a Service passes, or nil.
func (n *network) ingressWaypoint(d *inventory.Door, s *inventory.Service, w *inventory.Workload) *inventory.Workload {
	if !doorInMesh(d) || w.Mesh != reach.Ambient || s.Labels[inventory.IngressUsesItToo] != "true" {
		return nil
	}
	return n.Waypoint(s)
}

// doorHops goes through the hops of gateways of the mesh to what they serve.
func (n *network) doorHops(hop func(from, to *inventory.Workload, why string)) {
	for _, d := range n.Doors {
		if !doorInMesh(d) {
			continue
		}
		for _, b := range d.Backends {
			if b.Service == nil {
				continue
			}
			for _, w := range b.Service.Pods {
				if w.Mesh != reach.Ambient {
					continue
				}
				for _, end := range d.From {
					from := n.owners[end.Workload]
					if from == nil {
						continue
					}
					switch point := n.ingressWaypoint(d, b.Service, w); {
					case point != nil:
						hop(from, point, "the front door reaches "+n.groupOf(w.Endpoint())+" through the waypoint")
						hop(point, w, "the front door comes through the waypoint")
					case n.doorPasses(b, end, w):
						hop(from, w, "the front door is in the ambient mesh, which tunnels")
					}
				}
			}
		}
	}
}

// doorPasses reports whether a door is let in but for its tunnel; where it is
// not, NP15 says so.
func (n *network) doorPasses(b inventory.Backend, from reach.Endpoint, w *inventory.Workload) bool {
	for _, p := range backendPorts(b) {
		if target, ok := w.Target(p); ok {
			if passes, _ := n.Policies.Allowed(from, w.Endpoint(), target); !passes {
				return false
			}
		}
	}
	return true
}

var probesMissing = &Rule{
	ID: "NP19", Severity: diag.Warning,
	Title:       "Ambient mode's health probes are not let in",
	Items:       []string{"C2"},
	Constraints: []string{"K7"},
	Reads:       []Need{NeedsPods, NeedsMesh},
	Doc: `In ambient mode the kubelet's probes seem to come from 169.254.7.127 (fd16:9254:7127:1337:ffff:ffff:ffff:ffff over IPv6), not from the node
(Istio, "Ambient and Kubernetes NetworkPolicy"), so the rule that a pod's own node always reaches it does not help: pods of the mesh that
are isolated for ingress never become ready unless a policy admits that address. Pods whose templates have no probe over the network are
left out; where only the model is known of pods, they are taken to have one.

Add one ingress rule for every pod of the namespace: ` + "`from: [{ipBlock: {cidr: 169.254.7.127/32}}]`" + `. The IPv6 address counts where a Service
asks for IPv6.`,
	check: func(c *Check) {
		n := c.network()
		ambient := 0
		type key struct{ namespace, address string }
		missing := map[key][]*inventory.Workload{}
		var order []key
		for _, w := range c.Workloads {
			if w.Mesh != reach.Ambient || w.HostNetwork {
				continue
			}
			ambient++
			for _, at := range n.probeAddresses(w.Namespace) {
				probed := n.probed(w)
				if len(probed) > 0 {
					c.Looked()
				}
				for _, port := range probed {
					if ok, _ := c.Policies.Allowed(reach.Address(at), w.Endpoint(), port); !ok {
						k := key{w.Namespace, at.String()}
						if missing[k] == nil {
							order = append(order, k)
						}
						missing[k] = append(missing[k], w)
						break
					}
				}
			}
		}
		if ambient == 0 {
			c.Skip("", "no pod is in ambient mode")
		}
		for _, k := range order {
			n.reportProbes(missing[k], k.address)
		}
	},
}

var probeAddress, probeAddress6 = netip.MustParseAddr("169.254.7.127"), netip.MustParseAddr("fd16:9254:7127:1337:ffff:ffff:ffff:ffff")

func (n *network) probeAddresses(namespace string) []netip.Addr {
	for _, s := range n.Services {
		if s.Namespace == namespace && (slices.Contains(s.V.Spec.IPFamilies, "IPv6") || strings.HasSuffix(s.V.Spec.IPFamilyPolicy, "DualStack")) {
			return []netip.Addr{probeAddress, probeAddress6}
		}
	}
	return []netip.Addr{probeAddress}
}

// probed are the ports of pods that the kubelet asks over the network: those of
// the template's probes; of a stand-in, all of TCP.
func (n *network) probed(w *inventory.Workload) []reach.Port {
	var out []reach.Port
	if w.Object == nil {
		for _, p := range w.Ports {
			if transportOf(p.Protocol) == "TCP" {
				out = append(out, reach.TCP(p.Number))
			}
		}
		return out
	}
	v, err := w.Object.Value()
	if err != nil {
		return nil
	}
	for _, step := range podsField(w, "spec") {
		if key, ok := step.(string); ok {
			v, _ = v.Field(key)
		}
	}
	for _, list := range []string{"containers", "initContainers"} {
		containers, _ := v.Field(list)
		for _, c := range containers.Items {
			for _, probe := range []string{"startupProbe", "readinessProbe", "livenessProbe"} {
				p, _ := c.Field(probe)
				for _, way := range []string{"httpGet", "tcpSocket", "grpc"} {
					if asked, has := p.Field(way); has {
						port, _ := asked.Field("port")
						out = append(out, probePort(w, port.Scalar)...)
					}
				}
			}
		}
	}
	return out
}

func probePort(w *inventory.Workload, port any) []reach.Port {
	switch port := port.(type) {
	case int:
		return []reach.Port{reach.TCP(port)}
	case string:
		for _, c := range w.Ports {
			if c.Name == port {
				return []reach.Port{reach.TCP(c.Number)}
			}
		}
	}
	return nil
}

func (n *network) reportProbes(pods []*inventory.Workload, address string) {
	var o *manifest.Object
	for _, p := range n.selecting(pods[0].Endpoint(), reach.Ingress) {
		if o == nil || everyPod(p.spec.PodSelector) {
			o = p.Object
		}
	}
	block := address + "/32"
	if strings.Contains(address, ":") {
		block = address + "/128"
	}
	fix := fmt.Sprintf("let it in to every pod of the namespace: {podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: %q}}]}]}", block)
	n.Report(o, n.directionField(o, reach.Ingress), fix,
		"the health probes of %s come from %s in ambient mode, and no policy lets them in: the pods never become ready", n.podNames(pods), address)
}
