package main

import (
	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// A world is the ends of a question as cyclonus sees them.
type world struct {
	ends  []end
	ports []port
}

// An end is a pod or an address, with the policies that select it.
type end struct {
	peer  *matcher.TrafficPeer
	ports []namedPort
	// policies are those for connections with any end, and amongPods those for
	// connections with another pod.
	policies, amongPods *matcher.Policy
}

// nobody is a block that holds no pod's address and no address that is asked about.
const nobody = "255.255.255.255/32"

func newWorld(pods []*pod, namespaces map[string]map[string]string, policies []*networkingv1.NetworkPolicy, q question) *world {
	all := matcher.BuildNetworkPolicies(false, policies)
	among := all
	if !q.BlocksMatchPods {
		among = matcher.BuildNetworkPolicies(false, withoutBlocks(policies))
	}
	w := &world{ports: q.Ports}
	for _, p := range pods {
		inside := &matcher.InternalPeer{PodLabels: p.Labels, Namespace: p.Namespace, NamespaceLabels: namespaces[p.Namespace]}
		w.ends = append(w.ends, end{
			peer:      &matcher.TrafficPeer{Internal: inside, IP: p.IP},
			ports:     p.Ports,
			policies:  selecting(all, inside),
			amongPods: selecting(among, inside),
		})
	}
	for _, address := range q.Addresses {
		nothing := matcher.NewPolicy()
		w.ends = append(w.ends, end{peer: &matcher.TrafficPeer{IP: address}, policies: nothing, amongPods: nothing})
	}
	return w
}

// selecting are the policies that select one pod, so that the others need not
// be passed over once a connection.
func selecting(all *matcher.Policy, p *matcher.InternalPeer) *matcher.Policy {
	return matcher.NewPolicyWithTargets(
		all.TargetsApplyingToPod(true, p.Namespace, p.PodLabels),
		all.TargetsApplyingToPod(false, p.Namespace, p.PodLabels))
}

// withoutBlocks has each block hold nobody, which is not the same as leaving it
// out: a rule without peers would let everyone in.
func withoutBlocks(policies []*networkingv1.NetworkPolicy) []*networkingv1.NetworkPolicy {
	var out []*networkingv1.NetworkPolicy
	empty := func(peers []networkingv1.NetworkPolicyPeer) {
		for i := range peers {
			if peers[i].IPBlock != nil {
				peers[i].IPBlock = &networkingv1.IPBlock{CIDR: nobody}
			}
		}
	}
	for _, p := range policies {
		own := p.DeepCopy()
		for _, rule := range own.Spec.Ingress {
			empty(rule.From)
		}
		for _, rule := range own.Spec.Egress {
			empty(rule.To)
		}
		out = append(out, own)
	}
	return out
}

func (w *world) connections() string {
	out := make([]byte, 0, len(w.ends)*len(w.ends)*len(w.ports))
	for _, from := range w.ends {
		for _, to := range w.ends {
			for _, p := range w.ports {
				verdict := byte('0')
				if allowed(from, to, p) {
					verdict = '1'
				}
				out = append(out, verdict)
			}
		}
	}
	return string(out)
}

func allowed(from, to end, p port) bool {
	egress, ingress := from.policies, to.policies
	if from.peer.Internal != nil && to.peer.Internal != nil {
		egress, ingress = from.amongPods, to.amongPods
	}
	return admits(egress, false, from, to, p) && admits(ingress, true, from, to, p)
}

// admits asks the policies of one side. cyclonus is told one name of the port a
// time; a container's port may have several, and each names the same port.
func admits(policies *matcher.Policy, ingress bool, from, to end, p port) bool {
	names := []string{}
	for _, own := range to.ports {
		if own.port == p {
			names = append(names, own.Name)
		}
	}
	if len(names) == 0 {
		names = []string{""}
	}
	for _, name := range names {
		traffic := &matcher.Traffic{Source: from.peer, Destination: to.peer, ResolvedPort: p.Number, ResolvedPortName: name, Protocol: corev1.Protocol(p.Protocol)}
		if policies.IsIngressOrEgressAllowed(traffic, ingress).IsAllowed() {
			return true
		}
	}
	return false
}
