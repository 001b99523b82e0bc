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

var servicePortInPolicy = &Rule{
	ID: "NP08", Severity: diag.Error,
	Title:       "A policy names a Service's port where the container's is meant",
	Items:       []string{"C1"},
	Constraints: []string{"K2"},
	Reads:       []Need{NeedsPods},
	Doc: `Each port of a rule is held against the containers of the pods that it is for: the selected ones for ingress, the peers for egress. It is
wrong where none of them listens on it, and a Service in front of them has a port of that number which leads to another one.
A NetworkPolicy is applied after the Service's address and port have been replaced by a pod's (Kubernetes, "Network Policies"), so port
80 of a Service with ` + "`targetPort: 8080`" + ` is 8080 in every policy. It is the commonest fault in policies written by hand, and denies all.

Write the container's port, or its name. A rule that names both is left alone.`,
	check: func(c *Check) { c.network().checkPorts(aServicesPort) },
}

var portUnresolved = &Rule{
	ID: "NP09", Severity: diag.Error,
	Title:       "A policy's port is none of its pods', by name or by protocol",
	Items:       []string{"C1"},
	Constraints: []string{"K2"},
	Reads:       []Need{NeedsPods},
	Doc: `A port by name means the container port of that name and protocol, on each destination pod for itself (Kubernetes API, NetworkPolicyPort).
The rule looks for names that no container of the selected pods has, or has with another protocol; for names that some pods behind one
Service have and others do not; for names in rules about address ranges, which have no containers; and for numbers that the containers
serve over another protocol only. Without ` + "`protocol`" + `, TCP is meant. Such a port admits nothing.

A number that the selected pods' containers do not declare, though each declares others, is a warning: a container may listen without
saying so. Ports that a Service, a probe or a scrape annotation leads to are somebody's, and so are the mesh's own.

Write the name as it is in the pod template, or the number, with its protocol. Where the pods are not known, named ports are not checked.`,
	check: func(c *Check) { c.network().checkPorts(noPort, undeclaredPort) },
}

// wrong is what is wrong with a port, by which rules tell it apart.
type wrong int

const (
	aServicesPort wrong = iota
	noPort
	undeclaredPort // a number that containers do not declare: perhaps nothing is wrong
)

// wrongPort is an entry of a rule's ports that admits nothing.
type wrongPort struct {
	kind      wrong
	index     int
	text, fix string
	service   *inventory.Service // whose port it is instead; nil for none
}

func (n *network) checkPorts(kinds ...wrong) {
	for _, p := range n.policies {
		for _, r := range p.rules {
			if why := n.destinationsUnknown(r); why != "" {
				n.Skip(p.Ref()+", "+manifest.PathText(r.path("ports")...), "%s", why)
				continue
			}
			if len(r.ports) > 0 {
				n.Looked()
			}
			for _, w := range n.wrongPorts(r) {
				if !slices.Contains(kinds, w.kind) {
					continue
				}
				field := r.path("ports", w.index)
				if !r.ports[w.index].Port.IsZero() {
					field = append(field, "port")
				}
				f := n.Report(p.Object, field, w.fix, "%s", w.text)
				if w.kind == undeclaredPort {
					f.Severity = diag.Warning
				}
				if w.service != nil {
					f.See(w.service.Object, Field("spec", "ports"), "has that port, in front of the pods")
				}
			}
		}
	}
}

// destinationsUnknown says why the ports of a rule cannot be judged, "" where
// they can or where there is nothing to judge.
func (n *network) destinationsUnknown(r policyRule) string {
	named := slices.ContainsFunc(r.ports, func(p manifest.PolicyPort) bool { return p.Port.Name != "" })
	if !named || len(n.destinations(r)) > 0 || onlyBlocks(r) && r.direction == reach.Egress {
		return ""
	}
	return "the pods whose ports it names are not given"
}

func onlyBlocks(r policyRule) bool {
	return len(r.peers) > 0 && !slices.ContainsFunc(r.peers, func(p manifest.Peer) bool { return p.IPBlock == nil })
}

// destinations are the known pods whose ports a rule names. A rule for everyone
// names nobody's.
func (n *network) destinations(r policyRule) []*inventory.Workload {
	if r.direction == reach.Ingress {
		return n.selected(r.policy)
	}
	var out []*inventory.Workload
	for _, peer := range r.peers {
		if peer.IPBlock != nil {
			continue
		}
		pods, _ := n.peerPods(r.policy.Namespace, peer)
		out = append(out, pods...)
	}
	return out
}

// wrongPorts are the ports of a rule that admit nothing.
func (n *network) wrongPorts(r policyRule) []wrongPort {
	if len(r.ports) == 0 {
		return nil
	}
	if known, again := n.wrong[r.at()]; again {
		return known
	}
	if n.wrong == nil {
		n.wrong = map[ruleAt][]wrongPort{}
	}
	n.wrong[r.at()] = n.findWrongPorts(r)
	return n.wrong[r.at()]
}

func (n *network) findWrongPorts(r policyRule) []wrongPort {
	pods := n.destinations(r)
	var out []wrongPort
	for i, p := range r.ports {
		switch {
		case p.Port.Name != "" && onlyBlocks(r) && r.direction == reach.Egress:
			out = append(out, wrongPort{kind: noPort, index: i, fix: "write the number",
				text: fmt.Sprintf("port %s is a name, and addresses have no containers that could have it: it admits nothing", p.Port.Name)})
		case len(pods) == 0:
		case p.Port.Name != "":
			out = append(out, n.unresolved(r, i, pods)...)
		case p.Port.Number != 0 && p.EndPort == 0:
			out = append(out, n.misnumbered(r, i, pods)...)
		}
	}
	return out
}

// unresolved judges a port by name.
func (n *network) unresolved(r policyRule, i int, pods []*inventory.Workload) []wrongPort {
	p := r.ports[i]
	protocol := transportOf(p.Protocol)
	var with, without []*inventory.Workload
	other := ""
	for _, w := range pods {
		found := false
		for _, c := range w.Ports {
			if c.Name != p.Port.Name {
				continue
			}
			if transportOf(c.Protocol) == protocol {
				found = true
			} else {
				other = transportOf(c.Protocol)
			}
		}
		if found {
			with = append(with, w)
		} else {
			without = append(without, w)
		}
	}
	switch {
	case len(with) == 0 && other != "":
		return []wrongPort{{kind: noPort, index: i, fix: "write protocol: " + other,
			text: fmt.Sprintf("port %s is served over %s, not over %s: it admits nothing", p.Port.Name, other, protocol)}}
	case len(with) == 0:
		return []wrongPort{{kind: noPort, index: i, fix: n.portNames(pods),
			text: fmt.Sprintf("no container of %s has a port named %s: it admits nothing", n.podNames(pods), p.Port.Name)}}
	case len(without) > 0:
		if s := n.apart(with, without, p.Port.Name); s != nil {
			return []wrongPort{{kind: noPort, index: i, fix: "name the container port in each of the templates, or write the number", service: s,
				text: fmt.Sprintf("port %s is a container's on %s and on none of %s, behind the same Service: these stay closed", p.Port.Name, n.podNames(with), n.podNames(without))}}
		}
	}
	return nil
}

// apart is a Service that leads by a port's name to pods of both lists.
func (n *network) apart(with, without []*inventory.Workload, port string) *inventory.Service {
	for _, w := range without {
		for _, s := range n.servicesOf(w) {
			by := slices.ContainsFunc(s.V.Spec.Ports, func(p manifest.ServicePort) bool { return p.Target().Name == port })
			if by && slices.ContainsFunc(with, func(o *inventory.Workload) bool { return slices.Contains(s.Pods, o) }) {
				return s
			}
		}
	}
	return nil
}

// misnumbered judges a port by number.
func (n *network) misnumbered(r policyRule, i int, pods []*inventory.Workload) []wrongPort {
	p := r.ports[i]
	at := reach.Port{Protocol: transportOf(p.Protocol), Number: p.Port.Number}
	other := ""
	for _, w := range pods {
		if w.Serves(at) {
			return nil
		}
		for _, c := range w.Ports {
			if c.Number == at.Number {
				other = transportOf(c.Protocol)
			}
		}
	}
	for _, w := range pods {
		for _, s := range n.servicesOf(w) {
			port, ok := s.Port(manifest.IntOrString{Number: at.Number})
			if !ok || port.Transport() != at.Protocol {
				continue
			}
			target, ok := w.Target(port)
			if !ok || target == at || admitsPort(r, w, target) {
				continue
			}
			return []wrongPort{{kind: aServicesPort, index: i, service: s, fix: fmt.Sprintf("write port: %d", target.Number),
				text: fmt.Sprintf("port %d is that of Service %s; the pods of %s listen on %s, which stays closed", at.Number, s.Name, n.podNames([]*inventory.Workload{w}), target.Text())}}
		}
	}
	if other != "" && !slices.ContainsFunc(pods, func(w *inventory.Workload) bool {
		return admitsPort(r, w, reach.Port{Protocol: other, Number: at.Number})
	}) {
		return []wrongPort{{kind: noPort, index: i, fix: "write protocol: " + other,
			text: fmt.Sprintf("port %d is served over %s, not over %s: it admits nothing", at.Number, other, at.Protocol)}}
	}
	if other == "" && r.direction == reach.Ingress && !n.ledTo(at, pods) {
		return []wrongPort{{kind: undeclaredPort, index: i, fix: n.portNames(pods),
			text: fmt.Sprintf("no container of %s declares port %s, and each declares others", n.podNames(pods), at.Text())}}
	}
	return nil
}

// ledTo reports whether anything but a container's own declaration says that
// pods listen on a port, or nothing can be told because one declares no port.
func (n *network) ledTo(at reach.Port, pods []*inventory.Workload) bool {
	if meshPorts.Has(at) {
		return true
	}
	return slices.ContainsFunc(pods, func(w *inventory.Workload) bool {
		if len(w.Ports) == 0 || w.Party != "" || w.Annotations["prometheus.io/port"] == number(at.Number) || slices.Contains(n.probed(w), at) {
			return true
		}
		return slices.ContainsFunc(n.servicesOf(w), func(s *inventory.Service) bool {
			return slices.ContainsFunc(s.V.Spec.Ports, func(p manifest.ServicePort) bool {
				target, ok := w.Target(p)
				return ok && target == at || p.Port == at.Number // NP08's, if it is wrong
			})
		})
	})
}

func admitsPort(r policyRule, w *inventory.Workload, port reach.Port) bool {
	return matchesPorts(r, w.Endpoint(), port)
}

// servicesOf are the Services that select a workload's pods.
func (n *network) servicesOf(w *inventory.Workload) []*inventory.Service {
	if n.fronts == nil {
		n.fronts = map[*inventory.Workload][]*inventory.Service{}
		for _, s := range n.Services {
			for _, w := range s.Pods {
				n.fronts[w] = append(n.fronts[w], s)
			}
		}
	}
	return n.fronts[w]
}

func (n *network) podNames(pods []*inventory.Workload) string {
	var out []string
	for _, w := range pods {
		out = append(out, n.groupOf(w.Endpoint()))
	}
	return some(out)
}

// portNames says which container ports pods have.
func (n *network) portNames(pods []*inventory.Workload) string {
	var out []string
	for _, w := range pods {
		for _, c := range w.Ports {
			text := fmt.Sprintf("%d/%s", c.Number, transportOf(c.Protocol))
			if c.Name != "" {
				text = c.Name
			}
			if !slices.Contains(out, text) {
				out = append(out, text)
			}
		}
	}
	if len(out) == 0 {
		return "name the container port in the pod template, or write the number"
	}
	slices.Sort(out)
	return "its container ports are " + strings.Join(out[:min(len(out), 6)], ", ")
}
