package audit

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

var typesContradictRules = &Rule{
	ID: "NP12", Severity: diag.Error,
	Title:       "A policy's types and its rules contradict each other",
	Items:       []string{"C1"},
	Constraints: []string{"K1"},
	Doc: `A rule of a direction that policyTypes does not name is ignored, silently (Kubernetes API, NetworkPolicySpec). Without policyTypes a policy
is for ingress, always, and for egress if it has an egress rule: ` + "`egress: []`" + ` then denies nothing, and egress rules alone deny all
ingress besides.

Write policyTypes in every policy, and in it each direction that the policy has rules for or is to deny.`,
	check: func(c *Check) {
		n := c.network()
		for _, p := range n.policies {
			c.Looked()
			for _, d := range directions {
				given := p.Has("spec", string(d))
				switch {
				case given && !p.isolates[d] && len(p.spec.PolicyTypes) > 0:
					what := "its rules are ignored"
					if !n.hasRules(p, d) {
						what = "nothing is denied"
					}
					c.Report(p.Object, Field("spec", string(d)), "add "+title(d)+" to policyTypes, or remove "+string(d),
						"it has %s, and policyTypes does not name %s: %s", d, title(d), what)
				case given && !p.isolates[d]:
					c.Report(p.Object, Field("spec", string(d)), "write policyTypes: [Ingress, Egress]",
						"it has egress without a rule and no policyTypes: so it is for ingress alone, and denies no egress")
				case d == reach.Ingress && !given && len(p.spec.PolicyTypes) == 0 && len(p.spec.Egress) > 0 && n.isolatesAlone(p, d):
					c.Report(p.Object, Field("spec", "egress"), "write policyTypes: [Egress], or [Ingress, Egress] if that is meant",
						"it has egress rules alone and no policyTypes: so it is for ingress too, and the pods that it selects take nothing in")
				}
			}
		}
	},
}

func (n *network) hasRules(p *networkPolicy, d reach.Direction) bool {
	return slices.ContainsFunc(p.rules, func(r policyRule) bool { return r.direction == d })
}

// isolatesAlone reports whether a policy is the only one to isolate pods in a
// direction; for pods that are not known, any.
func (n *network) isolatesAlone(p *networkPolicy, d reach.Direction) bool {
	pods := n.selected(p)
	for _, w := range pods {
		if len(n.selecting(w.Endpoint(), d)) == 1 {
			return true
		}
	}
	if len(pods) > 0 {
		return false
	}
	// A policy without labels and expressions is among those without labels.
	return n.bySelector[p.Namespace] == nil || !slices.ContainsFunc(n.bySelector[p.Namespace].rest, func(o *networkPolicy) bool {
		return o != p && o.isolates[d] && everyPod(o.spec.PodSelector)
	})
}

var invalidPolicy = &Rule{
	ID: "NP13", Severity: diag.Error,
	Title:       "A policy that the API server refuses",
	Items:       []string{"C1"},
	Constraints: []string{"K1"},
	Doc: `Each NetworkPolicy is held against what the API server checks (pkg/apis/networking/validation): a peer names something, an ipBlock stands
alone, exceptions lie inside their block, a range of ports starts at a number and ends above it, operators fit their values. A field
that NetworkPolicy does not have is refused by kubectl and dropped by older clients, which is worse: a selector with a mistyped key is an
empty one, and selects every pod.

A policy that is refused protects nothing; the ones beside it are applied. Correct what the finding names.`,
	check: func(c *Check) {
		refused := c.refused()
		for _, o := range c.Objects {
			if o.Kind != "NetworkPolicy" || o.Group() != "networking.k8s.io" {
				continue
			}
			c.Looked()
			list := slices.Clone(refused[o.Ref()])
			var faults diag.List
			if _, err := manifest.View[manifest.NetworkPolicy](o); errors.As(err, &faults) {
				list = append(diag.List(nil), faults...)
			}
			list = append(list, unknownFields(o)...)
			for _, d := range list {
				text := strings.TrimPrefix(d.Message, o.Ref()+": ")
				if d.Path != "" && text == d.Message {
					text = d.Path + " " + text
				}
				f := c.Report(o, nil, d.Fix, "%s", text)
				f.Field = d.Path
				if d.Line > 0 {
					f.Position = manifest.Position{File: d.File, Line: d.Line, Column: d.Column}
				}
			}
		}
	},
}

// fields are the keys of a part of a NetworkPolicy, with those of what is below;
// nil for a leaf and for labels, whose keys are free. A list has the fields of its items.
type fields map[string]fields

var policyFields = func() fields {
	selector := fields{"matchLabels": nil, "matchExpressions": {"key": nil, "operator": nil, "values": nil}}
	peer := fields{"podSelector": selector, "namespaceSelector": selector, "ipBlock": {"cidr": nil, "except": nil}}
	ports := fields{"port": nil, "protocol": nil, "endPort": nil}
	return fields{"podSelector": selector, "policyTypes": nil, "ingress": {"from": peer, "ports": ports}, "egress": {"to": peer, "ports": ports}}
}()

// unknownFields are the keys below spec that a NetworkPolicy does not have.
func unknownFields(o *manifest.Object) diag.List {
	var out diag.List
	var walk func(n *yaml.Node, known fields, at []any)
	walk = func(n *yaml.Node, known fields, at []any) {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		at = at[:len(at):len(at)]
		switch {
		case known == nil:
		case n.Kind == yaml.SequenceNode:
			for i, item := range n.Content {
				walk(item, known, append(at, i))
			}
		case n.Kind == yaml.MappingNode:
			for i := 0; i+1 < len(n.Content); i += 2 {
				key := n.Content[i].Value
				below, has := known[key]
				if has || n.Content[i].Tag == "!!merge" {
					walk(n.Content[i+1], below, append(at, key))
					continue
				}
				position := o.At(at...)
				if position.File == o.At(append(at, key)...).File {
					position.Line, position.Column = n.Content[i].Line, n.Content[i].Column
				}
				fix := "remove it"
				if near := diag.Nearest(key, slices.Sorted(maps.Keys(known))); near != "" {
					fix = "write " + near
				}
				out = append(out, diag.Diagnostic{File: position.File, Line: position.Line, Column: position.Column, Path: manifest.PathText(append(at, key)...),
					Fix: fix, Message: "is no field of a NetworkPolicy"})
			}
		}
	}
	for i := 0; o.Node != nil && i+1 < len(o.Node.Content); i += 2 {
		if o.Node.Content[i].Value == "spec" {
			walk(o.Node.Content[i+1], policyFields, []any{"spec"})
		}
	}
	return out
}

var allowAll = &Rule{
	ID: "NP11", Severity: diag.Warning,
	Title:       "A rule lets everyone through",
	Items:       []string{"C9", "P2"},
	Constraints: []string{"K1"},
	Doc: `A rule without ` + "`from`" + ` admits everyone, from outside the cluster too; one without ` + "`to`" + ` lets pods send anywhere, to the cloud's metadata
service as well; ` + "`namespaceSelector: {}`" + ` without a podSelector means every pod of the cluster; and 0.0.0.0/0 the whole internet
(Kubernetes, "Network Policies"). Such a rule undoes the default-deny for its pods, whatever the other rules say: rules only ever add.

Name the peers and the ports. Left alone are: ports that everyone may reach of pods that are meant for everyone, behind a Service of type
LoadBalancer or NodePort, or a gateway's proxies; DNS to anyone on port 53; and an address range on ports that are named, for egress.`,
	check: func(c *Check) {
		n := c.network()
		for _, p := range n.policies {
			for _, r := range p.rules {
				c.Looked()
				n.checkOpen(r)
			}
		}
	},
}

func (n *network) checkOpen(r policyRule) {
	egress := r.direction == reach.Egress
	all := everyPort(r.ports)
	if len(r.peers) == 0 {
		switch {
		case egress && onlyDNS(r.ports), !egress && !all && n.public(r.policy):
		case egress:
			n.Report(r.policy.Object, r.path(), n.narrower(r, "write to whom: to: [{podSelector: {matchLabels: …}}] with ports, and DNS in a rule of its own"),
				"this rule lets its pods send to everyone%s, inside the cluster and outside", n.onPorts(r, all))
		case !all && !n.HasPods(r.policy.Namespace):
			n.Skip(r.policy.Ref()+", "+manifest.PathText(r.path()...), "whether these pods are meant for everyone is not known: no workload of %s is given", namespaceText(r.policy.Namespace))
		default:
			n.Report(r.policy.Object, r.path(), n.narrower(r, "write who: from: [{podSelector: {matchLabels: …}}], with ports"),
				"this rule lets everyone in%s, from inside the cluster and from outside", n.onPorts(r, all))
		}
		return
	}
	for i, peer := range r.peers {
		switch {
		case peer.NamespaceSelector != nil && everyPod(*peer.NamespaceSelector) && (peer.PodSelector == nil || everyPod(*peer.PodSelector)) && !(egress && onlyDNS(r.ports)):
			n.Report(r.policy.Object, r.path("peers", i), fmt.Sprintf("name the namespaces: namespaceSelector: {matchLabels: {%s: <name>}}, and their pods", reach.NameLabel),
				"this peer is every pod of the cluster%s", n.onPorts(r, all))
		case peer.IPBlock != nil && wholeInternet(peer.IPBlock) && (all || !egress && !n.public(r.policy)):
			n.Report(r.policy.Object, r.path("peers", i), "name the addresses, and the ports",
				"this peer is the whole internet (%s)%s", peer.IPBlock.CIDR, n.onPorts(r, all))
		}
	}
}

// narrower is what to write for a rule for everyone: what its pods are declared
// to call, or by whom to be called; otherwise what somebody has to find out.
func (n *network) narrower(r policyRule, otherwise string) string {
	var at []int
	for _, w := range n.selected(r.policy) {
		n.step()
		at = append(at, n.edgesAt(w, r.direction)...)
	}
	slices.Sort(at)
	var gaps []gap
	for _, i := range slices.Compact(at) {
		e := n.edges()[i]
		g := gap{direction: r.direction, self: e.From.Endpoint(), other: edgeEnd(e), ports: e.Ports}
		if r.direction == reach.Ingress {
			g.self, g.other = e.To.Endpoint(), e.From.Endpoint()
		}
		if e.To == nil && strings.Contains(e.Outside, "/") {
			g.block = e.Outside
		}
		gaps = append(gaps, g)
	}
	if len(gaps) == 0 {
		return otherwise
	}
	return "write what is declared instead: " + n.rulesYAML(r.policy.Namespace, gaps)
}

// edgesAt are the declared connections that a workload opens, or takes: indices
// into edges.
func (n *network) edgesAt(w *inventory.Workload, d reach.Direction) []int {
	if n.outgoing == nil {
		n.outgoing, n.incoming = map[*inventory.Workload][]int{}, map[*inventory.Workload][]int{}
		for i, e := range n.edges() {
			n.outgoing[e.From] = append(n.outgoing[e.From], i)
			if e.To != nil {
				n.incoming[e.To] = append(n.incoming[e.To], i)
			}
		}
	}
	if d == reach.Ingress {
		return n.incoming[w]
	}
	return n.outgoing[w]
}

// edges are the declared connections, found once.
func (n *network) edges() []inventory.Edge {
	if n.declared == nil {
		n.declared = append([]inventory.Edge{}, n.Edges()...)
	}
	return n.declared
}

func (n *network) onPorts(r policyRule, all bool) string {
	if all {
		return ", on every port"
	}
	var out []string
	for _, p := range r.ports {
		text := transportOf(p.Protocol)
		if !p.Port.IsZero() {
			text = p.Port.Text() + "/" + text
		}
		out = append(out, text)
	}
	return " on " + strings.Join(out, ", ")
}

// everyPort reports whether ports leave none of TCP out.
func everyPort(ports []manifest.PolicyPort) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p manifest.PolicyPort) bool {
		return transportOf(p.Protocol) == "TCP" && (p.Port.IsZero() || p.Port.Name == "" && p.Port.Number <= 1 && p.EndPort == 65535)
	})
}

func onlyDNS(ports []manifest.PolicyPort) bool {
	return len(ports) > 0 && !slices.ContainsFunc(ports, func(p manifest.PolicyPort) bool {
		return p.EndPort != 0 || p.Port.Number != 53 && p.Port.Number != 5353
	})
}

// wholeInternet reports whether a block is all public addresses of a family.
func wholeInternet(b *manifest.IPBlock) bool {
	block, err := netip.ParsePrefix(b.CIDR)
	return err == nil && block.Bits() <= 1
}

// public reports whether a policy is for pods that everyone may reach: all that
// it selects are behind a Service that the outside reaches, or proxies of a gateway.
func (n *network) public(p *networkPolicy) bool {
	if p.spec.PodSelector.MatchLabels[gatewayLabel] != "" {
		return true
	}
	if n.open == nil {
		n.open = map[*inventory.Workload]bool{}
		for _, d := range n.Doors {
			for _, b := range d.Backends {
				if b.Service != nil && (d.Kind == inventory.LoadBalancerDoor || d.Kind == inventory.NodePortDoor) {
					for _, w := range b.Service.Pods {
						n.open[w] = true
					}
				}
			}
		}
		for _, w := range n.PartiesOf(inventory.FrontDoor) {
			n.open[w] = true
		}
	}
	pods := n.selected(p)
	return len(pods) > 0 && !slices.ContainsFunc(pods, func(w *inventory.Workload) bool { return !n.open[w] })
}

var wideAddressRange = &Rule{
	ID: "NP14", Severity: diag.Warning,
	Title:       "An address range lets pods out to the cloud's metadata service, or to other pods",
	Items:       []string{"C9"},
	Constraints: []string{"K1"},
	Doc: `Each ipBlock of an egress rule is looked at. 169.254.169.254 (on AWS also fd00:ec2::254) is where clouds hand out credentials of the
machine to whoever asks from it, and a range such as 0.0.0.0/0 includes it. And ipBlocks are meant for addresses outside the cluster;
whether they match pods is left to the network plugin (Kubernetes, "Network Policies"), so a range that holds all of 10.0.0.0/8 may
open every pod of clusters that take theirs from it, as kubeadm, k3s and most clouds do.

Except what is not meant: ` + "`except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]`" + `, or name the range itself. Rules
without any peer are rule NP11's.`,
	check: func(c *Check) {
		n := c.network()
		for _, p := range n.policies {
			for _, r := range p.rules {
				for i, peer := range r.peers {
					if r.direction == reach.Egress && peer.IPBlock != nil {
						c.Looked()
						n.checkRange(r, i, peer.IPBlock)
					}
				}
			}
		}
	},
}

var (
	metadata  = netip.MustParseAddr("169.254.169.254")
	metadata6 = netip.MustParseAddr("fd00:ec2::254")
	tenSlash8 = netip.MustParsePrefix("10.0.0.0/8")
)

func (n *network) checkRange(r policyRule, i int, b *manifest.IPBlock) {
	block, err := netip.ParsePrefix(b.CIDR)
	if err != nil {
		return
	}
	var what, fix []string
	for _, at := range []netip.Addr{metadata, metadata6} {
		if blockHas(b, at) {
			what = append(what, "the cloud's metadata service at "+at.String())
			fix = append(fix, netip.PrefixFrom(at, at.BitLen()).String())
		}
	}
	if block.Bits() <= tenSlash8.Bits() && block.Contains(tenSlash8.Addr()) && mostly(b, tenSlash8) && !n.declaresRange(b.CIDR) {
		what = append(what, "every address that pods of most clusters have")
		fix = append(fix, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
	}
	if len(what) == 0 {
		return
	}
	advice := fmt.Sprintf("add to its except: [%s]", strings.Join(fix, ", "))
	if block == tenSlash8 {
		advice = "name the range that is meant"
	}
	if block.Bits() == block.Addr().BitLen() {
		advice = "remove it"
	}
	n.Report(r.policy.Object, r.path("peers", i, "ipBlock", "cidr"), advice, "%s includes %s", b.CIDR, strings.Join(what, ", and "))
}

// mostly reports whether a block's exceptions leave more than half of a range in.
func mostly(b *manifest.IPBlock, whole netip.Prefix) bool {
	out := 0.0
	for _, text := range b.Except {
		hole, err := netip.ParsePrefix(text)
		switch {
		case err != nil || !hole.Overlaps(whole):
		case hole.Bits() <= whole.Bits():
			return false
		default:
			out += 1 / float64(uint64(1)<<(hole.Bits()-whole.Bits()))
		}
	}
	return out < 0.5
}

// declaresRange reports whether the model names the range as a destination.
func (n *network) declaresRange(cidr string) bool {
	if n.Model == nil {
		return false
	}
	for i := range n.Model.Spec.Services {
		for _, e := range n.Model.Spec.Services[i].Egress {
			if e.CIDR == cidr {
				return true
			}
		}
	}
	return false
}
