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

var noDNS = &Rule{
	ID: "NP03", Severity: diag.Error,
	Title:       "Pods that may send nothing else cannot look up names either",
	Items:       []string{"C1", "P4"},
	Constraints: []string{"K3"},
	Doc: `Each pod that is isolated for egress must reach the cluster's DNS on port 53, over UDP and over TCP: answers that do not fit into a
datagram are asked for again over TCP (RFC 7766). Without it no name of any Service resolves, so everything else that the policies
allow is of no use; it is the first thing that a default-deny breaks.

Add an egress rule for every pod of the namespace, to namespace ` + "`kube-system`" + ` and pods ` + "`k8s-app: kube-dns`" + ` in **one** peer. kgen.yaml
says where DNS answers, if it is elsewhere (` + "`dns`" + `). Without a kgen.yaml a cluster's usual DNS pods, OpenShift's on port 5353,
a cache on every node (169.254.20.10) and any other single address on port 53 all do.

UDP alone answers most questions: that TCP is missing is a warning. Where nothing is given of a namespace but its policies, they are
looked at alone: they must let somebody out on port 53, if they isolate every pod for egress.`,
	check: func(c *Check) {
		n := c.network()
		type lack struct{ namespace, what string }
		missing := map[lack][]*inventory.Workload{}
		var order []lack
		isolated := map[string]int{}
		for _, w := range slices.Concat(c.Workloads, c.PartiesOf(inventory.Waypoint), c.PartiesOf(inventory.FrontDoor)) {
			if _, egress := c.Policies.Isolated(&w.Workload); !egress || w.HostNetwork {
				continue
			}
			isolated[w.Namespace]++
			what, unsure := n.lookups(w)
			if what == "" && unsure != "" {
				c.Skip(w.Ref(), "%s", unsure)
				continue
			}
			c.Looked()
			if what == "" {
				continue
			}
			k := lack{w.Namespace, what}
			if missing[k] == nil {
				order = append(order, k)
			}
			missing[k] = append(missing[k], w)
		}
		for _, k := range order {
			n.reportLookups(missing[k], k.what, len(missing[k]) == isolated[k.namespace])
		}
		judged := n.lookupsOfUnknown()
		if len(c.Workloads) == 0 && !judged {
			c.Skip("", "no workloads are given, and no policies isolate every pod of a namespace for egress")
		}
	},
}

// lookupsOfUnknown judges namespaces of which nothing but policies is given, by
// these alone: those that isolate every pod for egress and have no rule that leads to
// DNS, wherever it is. It reports whether there were any such to judge.
func (n *network) lookupsOfUnknown() bool {
	judged := false
	for _, ns := range n.Namespaces {
		if len(n.in[ns.Name]) == 0 || !n.policiesAlone(ns.Name) || slices.Contains(n.openByDefault(ns.Name), reach.Egress) {
			continue
		}
		if other := n.overridden(ns.Name); other != nil {
			n.Skip(namespaceText(ns.Name), "%s speaks for every pod, and kgen does not know what it allows", other.Ref())
			continue
		}
		judged = true
		n.Looked()
		var closed []string
		for _, protocol := range []string{"UDP", "TCP"} {
			if !n.leadsToDNS(ns.Name, protocol) {
				closed = append(closed, "53/"+protocol)
			}
		}
		if len(closed) == 0 {
			continue
		}
		what := "the cluster's DNS pods on " + strings.Join(closed, ", ")
		n.reportLookups([]*inventory.Workload{{Workload: *stray(ns.Name)}}, what, true)
	}
	return judged
}

// policiesAlone reports whether nothing is given of a namespace but its policies.
func (n *network) policiesAlone(namespace string) bool {
	if n.more == nil {
		n.more = map[string]bool{}
		for _, o := range n.Objects {
			if o.Kind != "NetworkPolicy" && !(o.Kind == "Namespace" && o.Group() == "") {
				n.more[o.Namespace] = true
			}
		}
	}
	return !n.HasPods(namespace) && !n.more[namespace]
}

// leadsToDNS reports whether any egress rule of a namespace admits a port on
// which DNS may answer, to whomever. A port by name may be that one.
func (n *network) leadsToDNS(namespace, protocol string) bool {
	for _, p := range n.in[namespace] {
		for _, r := range p.rules {
			if r.direction != reach.Egress || !p.isolates[reach.Egress] {
				continue
			}
			if len(r.ports) == 0 || slices.ContainsFunc(r.ports, func(port manifest.PolicyPort) bool {
				nowhere := reach.Endpoint{}
				return transportOf(port.Protocol) == protocol && (port.Port.Name != "" ||
					slices.ContainsFunc(dnsPorts, func(number int) bool {
						return matchesPort(port, nowhere, reach.Port{Protocol: protocol, Number: number})
					}))
			}) {
				return true
			}
		}
	}
	return false
}

// dnsPorts are where a cluster's DNS answers: OpenShift's pods on 5353.
var dnsPorts = []int{53, 5353}

// resolver is one place that answers DNS.
type resolver struct {
	at   reach.Endpoint
	port int
	text string
}

// The usual places: Kubernetes, "DNS for Services and Pods" and "NodeLocal
// DNSCache"; OpenShift, "DNS Operator".
var (
	kubeDNS      = &reach.Workload{Namespace: "kube-system", Name: "kube-dns", Labels: map[string]string{"k8s-app": "kube-dns"}}
	openShiftDNS = &reach.Workload{Namespace: "openshift-dns", Name: "dns-default", Labels: map[string]string{"dns.operator.openshift.io/daemonset-dns": "default"}}
	nodeLocalDNS = netip.MustParseAddr("169.254.20.10")
)

// resolvers are the places that must all be reached, where the model says them,
// or else those of which one is enough.
func (n *network) resolvers() (all []resolver, any []resolver) {
	if n.Model == nil {
		return nil, []resolver{
			{reach.Pod(kubeDNS), 53, "the cluster's DNS pods"}, {reach.Pod(openShiftDNS), 5353, "the cluster's DNS pods"},
			{reach.Address(nodeLocalDNS), 53, "the node's DNS cache"},
		}
	}
	s := n.Model.Spec.DNS
	all = append(all, resolver{n.Party(inventory.DNS).Endpoint(), int(s.Port), "the cluster's DNS pods"})
	for _, text := range s.IPBlocks {
		if block, err := netip.ParsePrefix(text); err == nil {
			all = append(all, resolver{reach.Address(block.Addr()), 53, text})
		}
	}
	return all, nil
}

// lookups says what of DNS a pod does not reach, "" for nothing; unsure is why
// that cannot be told.
func (n *network) lookups(w *inventory.Workload) (what, unsure string) {
	all, any := n.resolvers()
	protocols := []string{"UDP", "TCP"}
	if len(all) > 0 {
		var lacks []string
		for _, r := range all {
			var closed []reach.Port
			for _, p := range protocols {
				at := reach.Port{Protocol: p, Number: r.port}
				if ok, _ := n.Policies.Allowed(w.Endpoint(), r.at, at); !ok {
					closed = append(closed, at)
				}
			}
			if len(closed) == 0 {
				continue
			}
			if why := n.uncertain(gap{direction: reach.Egress, self: w.Endpoint(), other: r.at, ports: closed}); why != "" {
				unsure = why
				continue
			}
			lacks = append(lacks, r.text+" on "+portsText(closed))
		}
		return strings.Join(lacks, ", and "), unsure
	}
	var closed []string
	for _, p := range protocols {
		open := slices.ContainsFunc(any, func(r resolver) bool {
			ok, _ := n.Policies.Allowed(w.Endpoint(), r.at, reach.Port{Protocol: p, Number: r.port})
			return ok
		})
		if open || n.singleAddress(w, p) {
			continue
		}
		maybe := ""
		for _, r := range any[:2] {
			if why := n.uncertain(gap{direction: reach.Egress, self: w.Endpoint(), other: r.at, ports: []reach.Port{{Protocol: p, Number: r.port}}}); why != "" {
				maybe = why
			}
		}
		if maybe != "" {
			unsure = maybe
			continue
		}
		closed = append(closed, "53/"+p)
	}
	if len(closed) == 0 {
		return "", unsure
	}
	return "the cluster's DNS pods on " + strings.Join(closed, ", "), unsure
}

// singleAddress reports whether a pod may send to port 53 of some one address:
// a DNS server whose address somebody knows, as a ClusterIP.
func (n *network) singleAddress(w *inventory.Workload, protocol string) bool {
	for _, p := range n.selecting(w.Endpoint(), reach.Egress) {
		for _, r := range p.rules {
			if r.direction != reach.Egress {
				continue
			}
			for _, peer := range r.peers {
				if peer.IPBlock == nil {
					continue
				}
				block, err := netip.ParsePrefix(peer.IPBlock.CIDR)
				if err == nil && block.IsSingleIP() && matchesPorts(r, reach.Address(block.Addr()), reach.Port{Protocol: protocol, Number: 53}) {
					return true
				}
			}
		}
	}
	return false
}

func (n *network) reportLookups(pods []*inventory.Workload, what string, everyone bool) {
	who := "no pod of " + namespaceText(pods[0].Namespace) + " reaches"
	if !everyone {
		var names []string
		for _, w := range pods {
			names = append(names, n.groupOf(w.Endpoint()))
		}
		who = some(names) + " cannot reach"
	}
	o, field := n.dnsRule(pods)
	_, any := n.resolvers()
	labels, namespace, port := kubeDNS.Labels, kubeDNS.Namespace, 53
	if len(any) == 0 {
		dns := n.Party(inventory.DNS)
		labels, namespace, port = dns.Labels, dns.Namespace, int(n.Model.Spec.DNS.Port)
	}
	fix := fmt.Sprintf("let every pod of the namespace out to it: egress: [{to: [{namespaceSelector: {matchLabels: {%s: %s}}, podSelector: {matchLabels: %s}}], ports: [{port: %d, protocol: UDP}, {port: %d, protocol: TCP}]}]",
		reach.NameLabel, namespace, flowLabels(labels), port, port)
	if n.Model != nil && len(n.Model.Spec.DNS.IPBlocks) > 0 {
		fix += fmt.Sprintf(", and likewise to the addresses %s on port 53", strings.Join(n.Model.Spec.DNS.IPBlocks, ", "))
	}
	if strings.Contains(what, "/UDP") {
		n.Report(o, field, fix, "%s %s: names do not resolve", who, what)
		return
	}
	n.Report(o, field, fix, "%s %s: answers that do not fit into a datagram are lost", who, what).Severity = diag.Warning
}

// dnsRule is where a rule for DNS is, or is missing: a rule about port 53 that
// says too little, else what isolates all of these pods.
func (n *network) dnsRule(pods []*inventory.Workload) (*manifest.Object, []any) {
	policies := n.selecting(pods[0].Endpoint(), reach.Egress)
	for _, p := range policies {
		for _, r := range p.rules {
			for i, port := range r.ports {
				if r.direction == reach.Egress && (port.Port.Number == 53 || port.Port.Number == 5353) {
					if len(r.ports) > 1 {
						return p.Object, r.path("ports", i)
					}
					return p.Object, r.path("ports")
				}
			}
		}
	}
	for _, p := range policies {
		if everyPod(p.spec.PodSelector) {
			return p.Object, n.directionField(p.Object, reach.Egress)
		}
	}
	return policies[0].Object, n.directionField(policies[0].Object, reach.Egress)
}
