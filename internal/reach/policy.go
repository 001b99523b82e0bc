package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// policy is one NetworkPolicy, checked and ready to be asked.
type policy struct {
	object          *manifest.Object
	spec            manifest.NetworkPolicySpec
	ingress, egress bool // which directions it isolates
	in, out         []rule
}

// rule is one ingress or egress rule. No peers means anyone; no ports, any port.
type rule struct {
	peers []peer
	ports []manifest.PolicyPort
}

// peer is either a block with holes, or selectors.
type peer struct {
	pods, namespaces *manifest.Selector
	block            netip.Prefix
	except           []netip.Prefix
}

func byPlace(a, b *policy) int {
	return cmp.Or(strings.Compare(a.object.File, b.object.File), cmp.Compare(a.object.Line, b.object.Line),
		strings.Compare(a.object.Name, b.object.Name))
}

// compile checks what the API server checks (pkg/apis/networking/validation)
// and fills in what it defaults: without policyTypes a policy isolates ingress,
// and egress if it has any egress rule.
func compile(o *manifest.Object) (*policy, error) {
	typed, err := manifest.As[manifest.NetworkPolicy](o)
	if err != nil {
		return nil, err
	}
	p := &policy{object: o, spec: typed.Spec}
	c := compiler{object: o}
	if len(p.spec.PolicyTypes) == 0 {
		p.ingress, p.egress = true, len(p.spec.Egress) > 0
	}
	for i, kind := range p.spec.PolicyTypes {
		switch kind {
		case "Ingress":
			p.ingress = true
		case "Egress":
			p.egress = true
		default:
			c.fault(fmt.Sprintf("spec.policyTypes[%d]", i), "write Ingress or Egress", "%q is no policy type", kind)
		}
	}
	c.selector("spec.podSelector", &p.spec.PodSelector)
	for i, r := range p.spec.Ingress {
		p.in = append(p.in, c.rule(fmt.Sprintf("spec.ingress[%d]", i), "from", r.From, r.Ports))
	}
	for i, r := range p.spec.Egress {
		p.out = append(p.out, c.rule(fmt.Sprintf("spec.egress[%d]", i), "to", r.To, r.Ports))
	}
	return p, c.findings.Err()
}

type compiler struct {
	object   *manifest.Object
	findings diag.List
}

func (c *compiler) fault(path, fix, format string, args ...any) {
	c.findings = append(c.findings, diag.Diagnostic{
		File: c.object.File, Line: c.object.Line, Path: path, Severity: diag.Error,
		Code: "invalid-policy", Message: c.object.Ref() + ": " + fmt.Sprintf(format, args...), Fix: fix,
	})
}

func (c *compiler) rule(path, side string, peers []manifest.Peer, ports []manifest.PolicyPort) rule {
	r := rule{ports: ports}
	for i, given := range peers {
		r.peers = append(r.peers, c.peer(fmt.Sprintf("%s.%s[%d]", path, side, i), given))
	}
	for i, port := range ports {
		c.port(fmt.Sprintf("%s.ports[%d]", path, i), port)
	}
	return r
}

func (c *compiler) peer(path string, given manifest.Peer) peer {
	p := peer{pods: given.PodSelector, namespaces: given.NamespaceSelector}
	c.selector(path+".podSelector", p.pods)
	c.selector(path+".namespaceSelector", p.namespaces)
	switch {
	case given.IPBlock == nil && p.pods == nil && p.namespaces == nil:
		c.fault(path, "name a podSelector, a namespaceSelector or an ipBlock", "an empty peer is nobody")
	case given.IPBlock != nil && (p.pods != nil || p.namespaces != nil):
		c.fault(path, "write two peers", "an ipBlock stands alone, without selectors")
	case given.IPBlock != nil:
		block, err := netip.ParsePrefix(given.IPBlock.CIDR)
		if err != nil {
			c.fault(path+".ipBlock.cidr", "write a range such as 10.0.0.0/8", "%q is no CIDR", given.IPBlock.CIDR)
			break
		}
		p.block = block.Masked()
		for i, text := range given.IPBlock.Except {
			hole, err := netip.ParsePrefix(text)
			if err != nil || !p.block.Contains(hole.Addr()) || hole.Bits() <= p.block.Bits() {
				c.fault(fmt.Sprintf("%s.ipBlock.except[%d]", path, i), "write a range inside it", "%q is not inside %s", text, given.IPBlock.CIDR)
				continue
			}
			p.except = append(p.except, hole.Masked())
		}
	}
	return p
}

func (c *compiler) port(path string, p manifest.PolicyPort) {
	if !slices.Contains([]string{"TCP", "UDP", "SCTP"}, transport(p.Protocol)) {
		c.fault(path+".protocol", "write TCP, UDP or SCTP", "%q is no protocol", p.Protocol)
	}
	if p.Port.Name == "" && !p.Port.IsZero() && (p.Port.Number < 1 || p.Port.Number > 65535) {
		c.fault(path+".port", "write 1 to 65535", "%d is no port", p.Port.Number)
	}
	switch {
	case p.EndPort == 0:
	case p.Port.IsZero():
		c.fault(path+".endPort", "add port", "a range needs its first port")
	case p.Port.Name != "":
		c.fault(path+".endPort", "write port as a number", "a range cannot start at a named port")
	case p.EndPort < p.Port.Number || p.EndPort > 65535:
		c.fault(path+".endPort", "write the range's last port", "%d is not between %d and 65535", p.EndPort, p.Port.Number)
	}
}

func (c *compiler) selector(path string, s *manifest.Selector) {
	if s == nil {
		return
	}
	for i, r := range s.MatchExpressions {
		at := fmt.Sprintf("%s.matchExpressions[%d]", path, i)
		switch r.Operator {
		case "In", "NotIn":
			if len(r.Values) == 0 {
				c.fault(at+".values", "list them", "%s needs values", r.Operator)
			}
		case "Exists", "DoesNotExist":
			if len(r.Values) > 0 {
				c.fault(at+".values", "remove them", "%s takes no values", r.Operator)
			}
		default:
			c.fault(at+".operator", "write In, NotIn, Exists or DoesNotExist", "%q is no operator", r.Operator)
		}
	}
}
