package audit

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

var doorNotAdmitted = &Rule{
	ID: "NP15", Severity: diag.Error,
	Title:       "What is served to the outside does not let the front door in",
	Items:       []string{"C3"},
	Constraints: []string{"K4"},
	Reads:       []Need{NeedsPods},
	Doc: `For each backend of an Ingress, a Gateway API route, an Istio gateway and a Service of type LoadBalancer or NodePort, the pods behind it
must admit who brings the traffic in, on the container's port: the controller's proxies, by their namespace and labels as its own
documentation or chart names them or kgen.yaml does (` + "`ingress.controller`" + `), or the clients' addresses. A gateway of the mesh reaches
pods in ambient mode by their tunnel's port, 15008, and that one is what counts. Cilium's proxies have no labels;
they need a CiliumNetworkPolicy with ` + "`fromEntities: [ingress]`" + `. While certificates are issued over HTTP-01, the front door must
reach cert-manager's solver pods on port 8089 as well, where an Issuer says so or kgen.yaml names an issuer.

Add the ingress rule that the finding shows. Where nobody knows the pods of a class, its backends are not checked; nor are
those of a gateway of Istio's own API whose workload is not given, where the pods admit somebody of another namespace: it may run there.`,
	check: func(c *Check) {
		n := c.network()
		var gaps []gap
		for _, d := range c.Doors {
			gaps = append(gaps, n.doorGaps(d)...)
		}
		gaps = append(gaps, n.heldDoorGaps()...)
		gaps = append(gaps, n.solverGaps()...)
		n.reportGaps(mergeGaps(gaps))
	},
}

// mergeGaps leaves out what is said twice, as two routes to one Service say it.
func mergeGaps(gaps []gap) []gap {
	type same struct {
		direction   reach.Direction
		self, other reach.Endpoint
		ports       string
	}
	var out []gap
	said := map[same]bool{}
	for _, g := range gaps {
		var ports strings.Builder
		for _, p := range g.ports {
			ports.WriteString(p.Text() + ",")
		}
		if k := (same{g.direction, g.self, g.other, ports.String()}); !said[k] {
			said[k] = true
			out = append(out, g)
		}
	}
	return out
}

func (n *network) doorGaps(d *inventory.Door) []gap {
	var out []gap
	why := d.Object.Ref() + " serves it"
	for _, b := range d.Backends {
		if b.Service == nil {
			continue
		}
		for _, port := range backendPorts(b) {
			for _, w := range b.Service.Pods {
				target, ok := w.Target(port)
				if !ok || w.HostNetwork || n.ingressWaypoint(d, b.Service, w) != nil {
					continue
				}
				out = append(out, n.enter(d, w, target, why)...)
			}
		}
	}
	return out
}

// heldDoorGaps: the route to a service whose canary a controller owns may be
// that controller's to write, so that no door among the manifests leads there;
// the front door brings traffic in all the same.
func (n *network) heldDoorGaps() []gap {
	if n.Model == nil {
		return nil
	}
	led := map[*spec.Service]bool{}
	for _, d := range n.Doors {
		for _, b := range d.Backends {
			if b.Service != nil {
				led[b.Service.Model] = true
			}
		}
	}
	var fronts []*inventory.Door
	for _, g := range n.FrontGateways() {
		fronts = append(fronts, &inventory.Door{Kind: inventory.RouteDoor, Object: g.Object, Class: g.V.Spec.GatewayClassName, From: n.Proxies(g)})
	}
	var out []gap
	for _, w := range n.Workloads {
		if w.Service == nil || len(w.Service.Hosts) == 0 || led[w.Service] || w.Service.Canary == nil || !w.Service.Canary.Owned() {
			continue
		}
		for _, path := range w.Service.Paths {
			port, ok := w.Service.Port(path.Port)
			if !ok {
				continue
			}
			for _, d := range fronts {
				for _, target := range w.PodPorts(w.Service, []spec.Port{port}) {
					out = append(out, n.enter(d, w, target, "kgen.yaml serves it as "+w.Service.Hosts[0])...)
				}
			}
		}
	}
	return out
}

// enter asks whether a door's proxies reach a port of pods.
func (n *network) enter(d *inventory.Door, w *inventory.Workload, target reach.Port, why string) []gap {
	isolated, _ := n.Policies.Isolated(&w.Workload)
	if len(d.From) == 0 {
		switch {
		case !isolated || n.entityAdmitted(w, target):
			n.Looked()
		case d.Class == "cilium":
			n.Looked()
			n.reportEntity(d, w, target)
		default:
			n.Skip(d.Object.Ref(), "nobody says which pods are the proxies of %s; kgen.yaml can, in ingress.controller", classText(d.Class))
		}
		return nil
	}
	n.Looked()
	var out []gap
	ranges := doorRanges(d)
	for i, from := range d.From {
		for _, g := range n.gaps(why, from, w.Endpoint(), n.doorPorts(d, from, w, target)...) {
			switch unsure := n.uncertain(g); {
			case unsure != "":
				n.Skip(d.Object.Ref(), "%s", unsure)
			case n.nodeSources(d) && g.direction == reach.Ingress && n.admitsBlock(w, target):
				n.Skip(d.Object.Ref(), "its clients may have the addresses of nodes, and %s admits some addresses; externalTrafficPolicy: Local keeps the clients' own", n.blamed(g).Ref())
			case d.Kind == inventory.IstioDoor && g.direction == reach.Ingress && n.imaginedGateway(from) && n.admitsOthers(w, target):
				n.Skip(d.Object.Ref(), "no workload of its gateway is given, and %s admits pods of another namespace", n.blamed(g).Ref())
			case !n.explained(g):
				if i < len(ranges) && g.direction == reach.Ingress {
					g.name, g.block = ranges[i], ranges[i]
				}
				out = append(out, g)
			}
		}
	}
	return out
}

// imaginedGateway reports whether pods of a gateway of Istio's own API are not
// given but supposed to be where the mesh is installed: they may as well run
// elsewhere (Istio, "Installing Gateways").
func (n *network) imaginedGateway(from reach.Endpoint) bool {
	w := n.owners[from.Workload]
	return w != nil && w.Party == inventory.FrontDoor && w.Object == nil
}

// doorPorts are the ports on which a door's proxies must be let in to reach a
// port of pods. What they tunnel through ambient comes in on the tunnel's port,
// and where that is all that is missing, rule NP18 says so.
func (n *network) doorPorts(d *inventory.Door, from reach.Endpoint, w *inventory.Workload, target reach.Port) []reach.Port {
	proxies := n.owners[from.Workload]
	tunnels := doorInMesh(d) || proxies != nil && proxies.Mesh != reach.NoMesh
	if w.Mesh != reach.Ambient || proxies == nil || !tunnels || !isTCP(target) {
		return []reach.Port{target}
	}
	tunnel := reach.TCP(inventory.HBONE)
	for _, p := range []reach.Port{tunnel, target} {
		if ok, _ := n.Policies.Allowed(from, w.Endpoint(), p); ok {
			return nil
		}
	}
	return []reach.Port{target, tunnel}
}

// doorRanges are the ranges that a Service of type LoadBalancer names, in the
// order of the door's From.
func doorRanges(d *inventory.Door) []string {
	if d.Kind != inventory.LoadBalancerDoor && d.Kind != inventory.NodePortDoor {
		return nil
	}
	v, err := manifest.View[manifest.Service](d.Object)
	if err != nil || len(v.Spec.LoadBalancerSourceRanges) != len(d.From) {
		return nil
	}
	return v.Spec.LoadBalancerSourceRanges
}

func classText(class string) string {
	if class == "" {
		return "its class, which it does not name"
	}
	return "class " + class
}

// backendPorts are the Service's ports that a backend means: the one that it
// names, or the only one.
func backendPorts(b inventory.Backend) []manifest.ServicePort {
	if b.Port.IsZero() {
		if ports := b.Service.V.Spec.Ports; len(ports) == 1 {
			return ports
		}
		return nil
	}
	if p, ok := b.Service.Port(b.Port); ok {
		return []manifest.ServicePort{p}
	}
	return nil
}

// nodeSources reports whether clients may arrive with a node's address: by a
// node's port, unless the Service keeps traffic on the node where it came in
// (Kubernetes, "Source IP").
func (n *network) nodeSources(d *inventory.Door) bool {
	if d.Kind != inventory.LoadBalancerDoor && d.Kind != inventory.NodePortDoor {
		return false
	}
	v, err := manifest.View[manifest.Service](d.Object)
	return err == nil && v.Spec.ExternalTrafficPolicy != "Local" && len(v.Spec.LoadBalancerSourceRanges) == 0
}

// admitsBlock reports whether pods admit any address range on a port.
func (n *network) admitsBlock(w *inventory.Workload, target reach.Port) bool {
	for _, p := range n.selecting(w.Endpoint(), reach.Ingress) {
		for _, r := range p.rules {
			if r.direction == reach.Ingress && matchesPorts(r, w.Endpoint(), target) &&
				slices.ContainsFunc(r.peers, func(peer manifest.Peer) bool { return peer.IPBlock != nil }) {
				return true
			}
		}
	}
	return false
}

// entityAdmitted reports whether a CiliumNetworkPolicy lets Cilium's own proxies
// in to a port (Cilium, "Ingress: network policy").
func (n *network) entityAdmitted(w *inventory.Workload, target reach.Port) bool {
	for _, p := range inventory.All[manifest.CiliumNetworkPolicy](n.Inventory) {
		if p.Namespace != w.Namespace || !p.V.Spec.EndpointSelector.Matches(w.Labels) {
			continue
		}
		for _, r := range p.V.Spec.Ingress {
			if !slices.Contains(r.FromEntities, "ingress") && !slices.Contains(r.FromEntities, "all") {
				continue
			}
			if len(r.ToPorts) == 0 {
				return true
			}
			for _, to := range r.ToPorts {
				for _, port := range to.Ports {
					protocol := port.Protocol
					number, err := strconv.Atoi(port.Port)
					named := err != nil && matchesPort(manifest.PolicyPort{Protocol: target.Protocol, Port: manifest.IntOrString{Name: port.Port}}, w.Endpoint(), target)
					if (number == target.Number || named) && (protocol == "" || protocol == "ANY" || protocol == target.Protocol) {
						return true
					}
				}
			}
		}
	}
	return false
}

func (n *network) reportEntity(d *inventory.Door, w *inventory.Workload, target reach.Port) {
	policy := n.selecting(w.Endpoint(), reach.Ingress)
	at := policy[0]
	for _, p := range policy {
		if !everyPod(p.spec.PodSelector) {
			at = p
			break
		}
	}
	fix := fmt.Sprintf("write a CiliumNetworkPolicy: {endpointSelector: {matchLabels: %s}, ingress: [{fromEntities: [ingress], toPorts: [{ports: [{port: %q, protocol: %s}]}]}]}",
		flowLabels(podLabelsOf(w)), strconv.Itoa(target.Number), target.Protocol)
	f := n.Report(at.Object, n.directionField(at.Object, reach.Ingress), fix,
		"it isolates %s, which %s serves, and nothing lets Cilium's proxies in on %s", n.groupOf(w.Endpoint()), d.Object.Ref(), target.Text())
	for _, p := range inventory.All[manifest.CiliumNetworkPolicy](n.Inventory) {
		if p.Namespace == w.Namespace && p.V.Spec.EndpointSelector.Matches(w.Labels) && len(p.V.Spec.EndpointSelector.MatchLabels) > 0 {
			f.See(p.Object, Field("spec", "ingress"), "selects the pods")
		}
	}
}

// solverGaps: the front door passes HTTP-01 challenges on to cert-manager's
// solvers, which run in the namespace of what asks for the certificate.
func (n *network) solverGaps() []gap {
	solvers := n.PartiesOf(inventory.Solver)
	if len(solvers) == 0 || !n.challenged() {
		return nil
	}
	var out []gap
	type question struct {
		from   reach.Endpoint
		solver *inventory.Workload
	}
	seen, known := map[question]bool{}, false
	for _, d := range n.Doors {
		if d.Kind != inventory.IngressDoor && d.Kind != inventory.RouteDoor {
			continue
		}
		for _, from := range d.From {
			known = true
			for _, s := range solvers {
				if q := (question{from, s}); seen[q] || !n.serves(d, s.Namespace) {
					continue
				} else {
					seen[q] = true
				}
				n.Looked()
				for _, g := range n.gaps("cert-manager's HTTP-01 challenges are answered there", from, s.Endpoint(), reach.TCP(solverPort)) {
					if n.uncertain(g) == "" && !n.explained(g) {
						out = append(out, g)
					}
				}
			}
		}
	}
	if !known {
		for _, s := range solvers {
			if isolated, _ := n.Policies.Isolated(&s.Workload); isolated && n.cilium() && !n.entityAdmitted(s, reach.TCP(solverPort)) {
				n.Looked()
				for _, d := range n.Doors {
					if d.Class == "cilium" {
						n.reportEntity(d, s, reach.TCP(solverPort))
						break
					}
				}
			}
		}
	}
	return out
}

// solverPort is where the solver listens (cert-manager, pkg/issuer/acme/http/solver).
const solverPort = 8089

func (n *network) cilium() bool {
	return slices.ContainsFunc(n.Doors, func(d *inventory.Door) bool { return d.Class == "cilium" })
}

// serves reports whether a door leads into a namespace.
func (n *network) serves(d *inventory.Door, namespace string) bool {
	return d.Object.Namespace == namespace || slices.ContainsFunc(d.Backends, func(b inventory.Backend) bool { return b.Namespace == namespace })
}

// challenged reports whether certificates are issued over HTTP-01: an issuer
// that is given says so, or the model names one, and nobody knows that it does not.
func (n *network) challenged() bool {
	given, http01 := false, false
	for _, o := range n.Objects {
		if o.Group() == "cert-manager.io" && (o.Kind == "Issuer" || o.Kind == "ClusterIssuer") {
			given = true
			for i := 0; o.Has("spec", "acme", "solvers", i); i++ {
				http01 = http01 || o.Has("spec", "acme", "solvers", i, "http01")
			}
		}
	}
	if given {
		return http01
	}
	return n.Model != nil
}
