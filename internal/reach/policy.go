package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// policy is one NetworkPolicy, checked and ready to be asked.
type policy struct {
	object          *manifest.Object
	spec            *manifest.NetworkPolicySpec
	ingress, egress bool // which directions it isolates
	in, out         []rule
}

func (p *policy) rules(d Direction) (rules []rule, isolates bool) {
	if d == Ingress {
		return p.in, p.ingress
	}
	return p.out, p.egress
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

// addresses is what a block holds.
func (p peer) addresses() Addresses { return AddressesOf(p.block).Minus(AddressesOf(p.except...)) }

func byPlace(a, b *policy) int { return placeOrder(a.object, b.object) }

func placeOrder(a, b *manifest.Object) int {
	return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}

// compile checks what the API server checks (pkg/apis/networking/validation)
// and fills in what it defaults: without policyTypes a policy isolates ingress,
// and egress if it has any egress rule. Keys that it does not know are passed
// over, as foreign manifests have them.
func compile(o *manifest.Object) (*policy, error) {
	typed, err := manifest.View[manifest.NetworkPolicy](o)
	if err != nil {
		return nil, err
	}
	p := &policy{object: o, spec: &typed.Spec}
	c := compiler{object: o}
	if len(p.spec.PolicyTypes) == 0 {
		p.ingress, p.egress = true, len(p.spec.Egress) > 0
	}
	if len(p.spec.PolicyTypes) > 2 {
		c.fault(at("spec", "policyTypes"), "write each once", "more than two policy types")
	}
	for i, kind := range p.spec.PolicyTypes {
		switch kind {
		case "Ingress":
			p.ingress = true
		case "Egress":
			p.egress = true
		default:
			c.fault(at("spec", "policyTypes", i), "write Ingress or Egress", "%q is no policy type", kind)
		}
	}
	c.selector(at("spec", "podSelector"), &p.spec.PodSelector)
	c.whole(at("spec", "ingress"), len(p.spec.Ingress))
	c.whole(at("spec", "egress"), len(p.spec.Egress))
	for i, r := range p.spec.Ingress {
		p.in = append(p.in, c.rule(at("spec", "ingress", i), "from", r.From, r.Ports))
	}
	for i, r := range p.spec.Egress {
		p.out = append(p.out, c.rule(at("spec", "egress", i), "to", r.To, r.Ports))
	}
	return p, c.findings.Err()
}

// path leads to a part of an object, as Object.At takes it.
type path []any

func at(steps ...any) path { return steps }

func (p path) below(steps ...any) path { return append(p[:len(p):len(p)], steps...) }

type compiler struct {
	object   *manifest.Object
	findings diag.List
}

func (c *compiler) fault(where path, fix, format string, args ...any) {
	position := c.object.At(where...)
	c.findings = append(c.findings, diag.Diagnostic{
		File: position.File, Line: position.Line, Column: position.Column, Path: manifest.PathText(where...), Severity: diag.Error,
		Code: "invalid-policy", Message: c.object.Ref() + ": " + fmt.Sprintf(format, args...), Fix: fix,
	})
}

// whole reports a list that has more items than were read: nulls, which kubectl
// refuses, and which are everything to a server that takes them.
func (c *compiler) whole(list path, read int) {
	if c.object.Has(list.below(read)...) {
		c.fault(list, "remove it, or write {} for an empty item", "an item is null")
	}
}

func (c *compiler) rule(where path, side string, peers []manifest.Peer, ports []manifest.PolicyPort) rule {
	c.whole(where.below(side), len(peers))
	c.whole(where.below("ports"), len(ports))
	r := rule{ports: ports}
	for i, given := range peers {
		r.peers = append(r.peers, c.peer(where.below(side, i), given))
	}
	for i, port := range ports {
		c.port(where.below("ports", i), port)
	}
	return r
}

func (c *compiler) peer(where path, given manifest.Peer) peer {
	p := peer{pods: given.PodSelector, namespaces: given.NamespaceSelector}
	c.selector(where.below("podSelector"), p.pods)
	c.selector(where.below("namespaceSelector"), p.namespaces)
	switch {
	case given.IPBlock == nil && p.pods == nil && p.namespaces == nil:
		c.fault(where, "name a podSelector, a namespaceSelector or an ipBlock", "an empty peer is nobody")
	case given.IPBlock != nil && (p.pods != nil || p.namespaces != nil):
		c.fault(where, "write two peers", "an ipBlock stands alone, without selectors")
	case given.IPBlock != nil:
		block, err := netip.ParsePrefix(given.IPBlock.CIDR)
		if err != nil {
			c.fault(where.below("ipBlock", "cidr"), "write a range such as 10.0.0.0/8", "%q is no CIDR", given.IPBlock.CIDR)
			break
		}
		p.block = block.Masked()
		for i, text := range given.IPBlock.Except {
			hole, err := netip.ParsePrefix(text)
			if err != nil || !p.block.Contains(hole.Addr()) || hole.Bits() <= p.block.Bits() {
				c.fault(where.below("ipBlock", "except", i), "write a range inside it", "%q is not inside %s", text, given.IPBlock.CIDR)
				continue
			}
			p.except = append(p.except, hole.Masked())
		}
	}
	return p
}

// portName is an IANA service name (IsValidPortName of apimachinery).
var portName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (c *compiler) port(where path, p manifest.PolicyPort) {
	if !slices.Contains(protocols, transport(p.Protocol)) {
		c.fault(where.below("protocol"), "write TCP, UDP or SCTP", "%q is no protocol", p.Protocol)
	}
	switch {
	case p.Port.IsZero() && c.given(where.below("port")):
		c.fault(where.below("port"), "write 1 to 65535, or leave port out for all", "this is no port")
	case p.Port.Name != "" && (len(p.Port.Name) > 15 || !portName.MatchString(p.Port.Name) || !strings.ContainsAny(p.Port.Name, "abcdefghijklmnopqrstuvwxyz")):
		c.fault(where.below("port"), "write a number, or a container port's name", "%q is no port", p.Port.Name)
	case p.Port.Name == "" && !p.Port.IsZero() && (p.Port.Number < 1 || p.Port.Number > lastPort):
		c.fault(where.below("port"), "write 1 to 65535", "%d is no port", p.Port.Number)
	}
	switch {
	case p.EndPort == 0 && !c.given(where.below("endPort")):
	case p.Port.IsZero():
		c.fault(where.below("endPort"), "add port", "a range needs its first port")
	case p.Port.Name != "":
		c.fault(where.below("endPort"), "write port as a number", "a range cannot start at a named port")
	case p.EndPort < p.Port.Number || p.EndPort > lastPort:
		c.fault(where.below("endPort"), "write the range's last port", "%d is not between %d and 65535", p.EndPort, p.Port.Number)
	}
}

// given reports whether a part is there and not null: in a typed view a number
// that is left out and 0 look alike.
func (c *compiler) given(where path) bool {
	if !c.object.Has(where...) {
		return false
	}
	value, err := c.object.Value()
	for _, step := range where {
		switch step := step.(type) {
		case string:
			value, _ = value.Field(step)
		case int:
			if step >= len(value.Items) {
				return false
			}
			value = value.Items[step]
		}
	}
	return err == nil && value.Scalar != nil
}

// The grammar of labels (apimachinery, pkg/api/validate/content).
var (
	labelName   = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
	labelPrefix = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
)

func validLabelKey(key string) bool {
	prefix, name, found := strings.Cut(key, "/")
	if !found {
		return labelName.MatchString(key)
	}
	return len(prefix) <= 253 && labelPrefix.MatchString(prefix) && labelName.MatchString(name)
}

func (c *compiler) selector(where path, s *manifest.Selector) {
	if s == nil {
		return
	}
	for _, key := range sortedKeys(s.MatchLabels) {
		if !validLabelKey(key) {
			c.fault(where.below("matchLabels", key), "write [prefix/]name", "%q is no label key", key)
		}
		c.value(where.below("matchLabels", key), s.MatchLabels[key])
	}
	for i, r := range s.MatchExpressions {
		where := where.below("matchExpressions", i)
		if !validLabelKey(r.Key) {
			c.fault(where.below("key"), "write [prefix/]name", "%q is no label key", r.Key)
		}
		switch r.Operator {
		case "In", "NotIn":
			if len(r.Values) == 0 {
				c.fault(where.below("values"), "list them", "%s needs values", r.Operator)
			}
			for j, v := range r.Values {
				c.value(where.below("values", j), v)
			}
		case "Exists", "DoesNotExist":
			if len(r.Values) > 0 {
				c.fault(where.below("values"), "remove them", "%s takes no values", r.Operator)
			}
		default:
			c.fault(where.below("operator"), "write In, NotIn, Exists or DoesNotExist", "%q is no operator", r.Operator)
		}
	}
}

func (c *compiler) value(where path, v string) {
	if v != "" && !labelName.MatchString(v) {
		c.fault(where, "write at most 63 letters, digits, '-', '_' and '.'", "%q is no label value", v)
	}
}
