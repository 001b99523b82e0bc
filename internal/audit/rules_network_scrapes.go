package audit

import (
	"fmt"
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var scrapeNotAdmitted = &Rule{
	ID: "NP16", Severity: diag.Error,
	Title:       "A port that is scraped does not let Prometheus in",
	Items:       []string{"C5", "P5"},
	Constraints: []string{"K5", "K28"},
	Reads:       []Need{NeedsPods},
	Doc: `Each ServiceMonitor and PodMonitor is followed to the pods and container ports that it makes Prometheus read, those of sidecars (15090) and
waypoints (15020) among them, and these must admit Prometheus' pods. Otherwise the target is down, and every alert about it stays silent.
Prometheus is where kgen.yaml says (` + "`monitoring`" + `); without one, pods ` + "`app.kubernetes.io/name: prometheus`" + ` of namespace ` + "`monitoring`" + `, as the
Prometheus Operator labels them.

Add the ingress rule that the finding shows. Without a kgen.yaml, a port that admits pods of any other namespace is not judged: Prometheus may
be there.`,
	check: func(c *Check) {
		n := c.network()
		prometheus := c.Party(inventory.Prometheus)
		targets := c.Targets()
		if prometheus == nil || len(targets) == 0 {
			c.Skip("", "no monitor is given that leads to a pod that is known")
			return
		}
		var gaps []gap
		for _, t := range targets {
			if t.Pods.HostNetwork {
				continue
			}
			c.Looked()
			for _, g := range n.gaps(t.Monitor.Ref()+" has it scraped", prometheus.Endpoint(), t.Pods.Endpoint(), t.Port) {
				unsure := n.uncertain(g)
				if unsure == "" && c.Model == nil && g.direction == reach.Ingress && n.admitsOthers(t.Pods, t.Port) {
					unsure = "it admits pods of another namespace, and nobody says where Prometheus runs"
				}
				if unsure != "" {
					c.Skip(t.Monitor.Ref(), "%s", unsure)
					continue
				}
				if !n.explained(g) {
					gaps = append(gaps, g)
				}
			}
		}
		n.reportGaps(mergeGaps(gaps))
	},
}

// admitsOthers reports whether pods admit pods of another namespace on a port.
func (n *network) admitsOthers(w *inventory.Workload, port reach.Port) bool {
	for _, p := range n.selecting(w.Endpoint(), reach.Ingress) {
		for _, r := range p.rules {
			if r.direction == reach.Ingress && matchesPorts(r, w.Endpoint(), port) &&
				slices.ContainsFunc(r.peers, func(peer manifest.Peer) bool { return peer.NamespaceSelector != nil }) {
				return true
			}
		}
	}
	return false
}

var istiodUnreachable = &Rule{
	ID: "NP17", Severity: diag.Error,
	Title:       "Proxies of the mesh cannot reach istiod",
	Items:       []string{"C2"},
	Constraints: []string{"K6"},
	Reads:       []Need{NeedsPods, NeedsMesh},
	Doc: `Each pod with a sidecar, each waypoint and each gateway of the mesh that is isolated for egress must reach istiod on port 15012, from where
it has its configuration and its certificate (Istio, "Ports used by Istio"). Without it the proxy does not become ready, and the pod
with it.

Add one egress rule for every pod of the namespace, to namespace ` + "`istio-system`" + ` and pods ` + "`app: istiod`" + `, on 15012/TCP. In ambient mode only
waypoints and gateways need it; ztunnel is on the nodes.`,
	check: func(c *Check) {
		n := c.network()
		istiod := c.Party(inventory.ControlPlane)
		var gaps []gap
		proxies := 0
		for _, w := range slices.Concat(c.Workloads, c.PartiesOf(inventory.Waypoint), c.PartiesOf(inventory.FrontDoor)) {
			if w.Mesh != reach.Sidecar && w.Mesh != reach.Waypoint && w.Mesh != reach.Gateway || w.HostNetwork {
				continue
			}
			proxies++
			c.Looked()
			for _, g := range n.gaps("", w.Endpoint(), istiod.Endpoint(), reach.TCP(inventory.XDS)) {
				if unsure := n.uncertain(g); unsure != "" {
					c.Skip(w.Ref(), "%s", unsure)
				} else if !n.explained(g) {
					gaps = append(gaps, g)
				}
			}
		}
		if proxies == 0 {
			c.Skip("", "no pod is given that has a sidecar, and no waypoint")
		}
		n.reportIstiod(gaps)
	},
}

// reportIstiod says once for a namespace what all of its proxies lack.
func (n *network) reportIstiod(gaps []gap) {
	byNamespace := map[string][]gap{}
	var order []string
	for _, g := range gaps {
		k := g.self.Workload.Namespace + " " + string(g.direction)
		if byNamespace[k] == nil {
			order = append(order, k)
		}
		byNamespace[k] = append(byNamespace[k], g)
	}
	for _, k := range order {
		list := byNamespace[k]
		var names []string
		for _, g := range list {
			names = append(names, n.groupOf(g.self))
		}
		o := n.commonPolicy(list)
		text := fmt.Sprintf("the proxies of %s cannot reach %s on %s: they get neither configuration nor certificates", some(names), list[0].other.Text(), portsText(list[0].ports))
		if list[0].direction == reach.Ingress {
			text = fmt.Sprintf("istiod does not let the proxies in: %s on %s", list[0].other.Text(), portsText(list[0].ports))
		}
		n.Report(o, n.directionField(o, list[0].direction), fmt.Sprintf("write a NetworkPolicy with podSelector: {}, policyTypes: [%s], %s: [%s]", title(list[0].direction), list[0].direction, n.rulesYAML(o.Namespace, list[:1])), "%s", text)
	}
}

// commonPolicy is a policy for every pod among those that isolate, or else the
// one of the first pods.
func (n *network) commonPolicy(gaps []gap) *manifest.Object {
	for _, o := range gaps[0].policies {
		if v, err := manifest.View[manifest.NetworkPolicy](o); err == nil && everyPod(v.Spec.PodSelector) && len(gaps) > 1 {
			return o
		}
	}
	return n.blamed(gaps[0])
}
