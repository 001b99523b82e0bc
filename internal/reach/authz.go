package reach

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

// action is what an AuthorizationPolicy does with what its rules match.
type action string

const (
	allow  action = "ALLOW"
	deny   action = "DENY"
	custom action = "CUSTOM"
	audit  action = "AUDIT"
)

// authz is one AuthorizationPolicy.
type authz struct {
	object  *manifest.Object
	action  action
	dryRun  bool // istio.io/dry-run: it is logged and not carried out
	labels  map[string]string
	targets []manifest.TargetRef
	rules   []manifest.AuthRule
	via     string                // the provider that a CUSTOM action asks
	blocks  map[*string]Addresses // what each list of blocks in the rules holds, by its first
	names   names
}

func compileAuthz(o *manifest.Object) (*authz, error) {
	typed, err := manifest.View[manifest.AuthorizationPolicy](o)
	if err != nil {
		return nil, err
	}
	a := &authz{object: o, action: action(typed.Spec.Action), targets: typed.Spec.TargetRefs, rules: typed.Spec.Rules}
	a.dryRun, _ = strconv.ParseBool(o.Annotations["istio.io/dry-run"])
	if typed.Spec.Selector != nil {
		a.labels = typed.Spec.Selector.MatchLabels
	}
	if typed.Spec.TargetRef != nil && len(a.targets) == 0 {
		a.targets = []manifest.TargetRef{*typed.Spec.TargetRef}
	}
	if typed.Spec.Provider != nil {
		a.via = typed.Spec.Provider.Name
	}
	a.readBlocks()
	a.readNames()
	switch a.action {
	case "":
		a.action = allow
	case allow, deny, custom, audit:
	default:
		return nil, meshFault(o, at("spec", "action"), "write ALLOW, DENY, CUSTOM or AUDIT", "%q is no action", a.action)
	}
	return a, nil
}

// readBlocks reads the lists of blocks once: a rule is asked about many sources.
func (a *authz) readBlocks() {
	read := func(lists ...[]string) {
		for _, list := range lists {
			if len(list) == 0 {
				continue
			}
			var blocks []netip.Prefix
			for _, v := range list {
				if block, ok := parseBlock(v); ok {
					blocks = append(blocks, block)
				}
			}
			if a.blocks == nil {
				a.blocks = map[*string]Addresses{}
			}
			a.blocks[&list[0]] = AddressesOf(blocks...)
		}
	}
	for i := range a.rules {
		for j := range a.rules[i].From {
			s := &a.rules[i].From[j].Source
			read(s.IPBlocks, s.NotIPBlocks)
		}
		for _, w := range a.rules[i].When {
			if w.Key == "source.ip" {
				read(w.Values, w.NotValues)
			}
		}
	}
}

func meshFault(o *manifest.Object, where path, fix, format string, args ...any) error {
	c := compiler{object: o}
	c.fault(where, fix, format, args...)
	return diag.List(c.findings)
}

// source is who asks, as the mesh sees it.
type source struct {
	namespace, account, trustDomain string
	identity                        bool      // it speaks mutual TLS; else the three above are unknown
	addresses                       Addresses // where it may come from; empty: unknown
}

func (s *source) principal() string {
	return s.trustDomain + "/ns/" + s.namespace + "/sa/" + s.account
}

// match is a truth that may depend on the request.
type match int

const (
	never match = iota
	sometimes
	always
)

func truth(b bool) match {
	if b {
		return always
	}
	return never
}

func not(m match) match { return always - m }

// asker holds a rule against a source.
type asker struct {
	policy  *authz
	source  source
	request match // what a condition on a request counts for
}

// rule gives the ports on which a rule matches, always and for some requests.
func (q asker) rule(r *manifest.AuthRule) (yes, some Ports) {
	from := truth(len(r.From) == 0)
	for i := range r.From {
		from = max(from, q.from(&r.From[i].Source))
	}
	ports := allTCP
	for _, w := range r.When {
		m, limit := q.when(w.Key, w.Values, w.NotValues)
		from, ports = min(from, m), ports.Intersect(limit)
	}
	add := func(m match, p Ports) {
		switch p = p.Intersect(ports); min(m, from) {
		case always:
			yes = yes.Union(p)
		case sometimes:
			some = some.Union(p)
		}
	}
	if len(r.To) == 0 {
		add(always, allTCP)
	}
	for i := range r.To {
		o := &r.To[i].Operation
		m := always
		if o.HTTP() {
			m = q.request
		}
		add(m, limits(o.Ports, o.NotPorts))
	}
	return yes, some.Minus(yes)
}

// limits are the ports that a positive and a negative list leave.
func limits(ports, notPorts []string) Ports {
	p := allTCP
	if len(ports) > 0 {
		p = tcpPorts(ports)
	}
	return p.Minus(tcpPorts(notPorts))
}

func tcpPorts(texts []string) Ports {
	var spans []span
	for _, text := range texts {
		if n, err := strconv.Atoi(text); err == nil {
			spans = append(spans, spansOf("TCP", n, n)...)
		}
	}
	return normal(spans)
}

func (q asker) from(s *manifest.AuthSource) match {
	m := min(
		lists(s.Principals, s.NotPrincipals, q.isPrincipal),
		lists(s.Namespaces, s.NotNamespaces, q.isNamespace),
		lists(s.ServiceAccounts, s.NotServiceAccounts, q.isAccount),
		lists(s.TrustDomains, s.NotTrustDomains, q.isTrustDomain),
		q.addresses(s.IPBlocks, s.NotIPBlocks),
	)
	if len(s.RemoteIPBlocks)+len(s.NotRemoteIPBlocks) > 0 {
		m = min(m, sometimes)
	}
	if len(s.RequestPrincipals)+len(s.NotRequestPrincipals) > 0 {
		m = min(m, q.request)
	}
	return m
}

// lists combine the values of which one must match and those of which none may.
func lists(values, notValues []string, is func(string) match) match {
	m := always
	if len(values) > 0 {
		m = never
		for _, v := range values {
			m = max(m, is(v))
		}
	}
	for _, v := range notValues {
		m = min(m, not(is(v)))
	}
	return m
}

func (q asker) when(key string, values, notValues []string) (match, Ports) {
	is := map[string]func(string) match{
		"source.principal":      q.isPrincipal,
		"source.namespace":      q.isNamespace,
		"source.serviceAccount": q.isAccount,
		"source.trustDomain":    q.isTrustDomain,
	}[key]
	switch {
	case is != nil:
		return lists(values, notValues, is), allTCP
	case key == "source.ip":
		return q.addresses(values, notValues), allTCP
	case key == "destination.port":
		return always, limits(values, notValues)
	case key == "destination.ip", key == "remote.ip", key == "connection.sni", strings.HasPrefix(key, "experimental.envoy.filters."):
		return sometimes, allTCP
	case strings.HasPrefix(key, "request."):
		return q.request, allTCP
	}
	return never, allTCP // istiod leaves out a rule with a condition that it does not know
}

func (q asker) isPrincipal(v string) match {
	return truth(q.source.identity && glob(v, q.source.principal()))
}

func (q asker) isNamespace(v string) match {
	return truth(q.source.identity && glob(v, q.source.namespace))
}

func (q asker) isTrustDomain(v string) match {
	return truth(q.source.identity && glob(v, q.source.trustDomain))
}

// isAccount compares with [namespace/]name; without one it is the policy's.
func (q asker) isAccount(v string) match {
	namespace, name, found := strings.Cut(v, "/")
	if !found {
		namespace, name = q.policy.object.Namespace, v
	}
	return truth(q.source.identity && q.source.namespace == namespace && q.source.account == name)
}

// addresses is lists for blocks: each of the two is asked as a whole, because
// what is in one of its blocks or in another is in the list.
func (q asker) addresses(values, notValues []string) match {
	m := always
	if len(values) > 0 {
		m = q.within(q.policy.blocks[&values[0]])
	}
	if len(notValues) > 0 {
		m = min(m, not(q.within(q.policy.blocks[&notValues[0]])))
	}
	return m
}

func (q asker) within(blocks Addresses) match {
	switch inside := q.source.addresses.Intersect(blocks); {
	case blocks.IsEmpty():
		return never
	case q.source.addresses.IsEmpty():
		return sometimes
	case inside.IsEmpty():
		return never
	case inside.Equal(q.source.addresses):
		return always
	}
	return sometimes
}

// parseBlock reads a block or a single address.
func parseBlock(text string) (netip.Prefix, bool) {
	if block, err := netip.ParsePrefix(text); err == nil {
		return block, true
	}
	ip, err := netip.ParseAddr(text)
	return netip.PrefixFrom(ip, ip.BitLen()), err == nil
}

// glob matches exactly, by prefix (abc*), by suffix (*abc), or anything that is
// not empty (*).
func glob(pattern, value string) bool {
	switch {
	case pattern == "*":
		return value != ""
	case strings.HasPrefix(pattern, "*"):
		return strings.HasSuffix(value, pattern[1:])
	case strings.HasSuffix(pattern, "*"):
		return strings.HasPrefix(value, pattern[:len(pattern)-1])
	}
	return pattern == value
}

// asksRequests reports whether any part of a rule is about requests, which only
// a proxy that reads HTTP can tell. Ztunnel can tell less than Envoy.
func asksRequests(r *manifest.AuthRule, ztunnel bool) bool {
	for i := range r.To {
		if r.To[i].Operation.HTTP() {
			return true
		}
	}
	for i := range r.From {
		s := &r.From[i].Source
		if len(s.RequestPrincipals)+len(s.NotRequestPrincipals) > 0 || ztunnel && len(s.RemoteIPBlocks)+len(s.NotRemoteIPBlocks) > 0 {
			return true
		}
	}
	layer4 := []string{"source.ip", "source.namespace", "source.principal", "destination.ip", "destination.port"}
	return slices.ContainsFunc(r.When, func(w struct {
		Key       string   `yaml:"key"`
		Values    []string `yaml:"values"`
		NotValues []string `yaml:"notValues"`
	}) bool {
		return strings.HasPrefix(w.Key, "request.") || ztunnel && !slices.Contains(layer4, w.Key)
	})
}

// matches gives the ports on which a rule of the policy matches a source:
// always, and for some requests. On ports that are not read as HTTP, a rule
// about requests never allows and always denies: what cannot be looked at
// counts against the client (istio.io/istio, pilot/pkg/security/authz/model;
// for ztunnel pilot/pkg/serviceregistry/ambient/authorization.go).
func (a *authz) matches(i int, s source, opaque Ports, ztunnel bool) (yes, some Ports) {
	r := &a.rules[i]
	yes, some = asker{a, s, sometimes}.rule(r)
	if !asksRequests(r, ztunnel) {
		return yes, some
	}
	yes, some = yes.Minus(opaque), some.Minus(opaque)
	if a.action == allow {
		return yes, some
	}
	blindYes, blindSome := asker{a, s, always}.rule(r)
	return yes.Union(blindYes.Intersect(opaque)), some.Union(blindSome.Intersect(opaque))
}
