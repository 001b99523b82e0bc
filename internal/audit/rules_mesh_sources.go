package audit

import (
	"net/netip"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// who is one kind of callers that a rule of an AuthorizationPolicy admits. One of
// id, namespace, block, anonymous and anyone says which.
type who struct {
	id        identity     // one service account
	namespace string       // every account of a namespace
	block     netip.Prefix // who comes from these addresses
	anonymous bool         // who has no identity in the mesh
	anyone    bool         // everyone, or all identities like text
	byRequest bool         // it goes by what is in a request; nothing else is set
	text      string       // as the rule writes it
	path      []any        // where, below the rule
}

// sources are those whom a rule admits, as wide as it says it. A condition on the
// source counts as one more list of its sources.
func sources(p *authPolicy, index int) []who {
	r := &p.V.Spec.Rules[index]
	narrowed := authSources(r)
	if narrowed == nil {
		return []who{{byRequest: true}}
	}
	var out []who
	for _, s := range narrowed {
		out = append(out, readSource(p, index, s)...)
	}
	return out
}

// placedSource is a source with its place below the rule.
type placedSource struct {
	manifest.AuthSource
	path []any
}

// authSources are a rule's sources, with what its conditions say of them; nil
// where a condition is about the identity in a request's token.
func authSources(r *manifest.AuthRule) []placedSource {
	var list []placedSource
	for i, f := range r.From {
		list = append(list, placedSource{f.Source, Field("from", i, "source")})
	}
	if len(list) == 0 {
		list = []placedSource{{}}
	}
	for _, w := range r.When {
		if strings.HasPrefix(w.Key, "request.auth.") || w.Key == "remote.ip" {
			return nil
		}
		for i := range list {
			s := &list[i]
			take := func(own *[]string, values []string) {
				if len(*own) == 0 {
					*own = values // of two lists the source's own is the one that is read
				}
			}
			switch w.Key {
			case "source.principal":
				take(&s.Principals, w.Values)
				take(&s.NotPrincipals, w.NotValues)
			case "source.namespace":
				take(&s.Namespaces, w.Values)
				take(&s.NotNamespaces, w.NotValues)
			case "source.serviceAccount":
				take(&s.ServiceAccounts, w.Values)
				take(&s.NotServiceAccounts, w.NotValues)
			case "source.ip":
				take(&s.IPBlocks, w.Values)
				take(&s.NotIPBlocks, w.NotValues)
			}
		}
	}
	return list
}

// readSource reads the narrowest list of a source: of all its lists each has to
// match.
func readSource(p *authPolicy, index int, s placedSource) []who {
	var out []who
	each := func(key string, values []string, read func(string) who) []who {
		for i, text := range values {
			w := read(text)
			w.text, w.path = text, s.path
			if len(s.path) > 0 && p.Has(append(append(Field("spec", "rules", index), s.path...), key)...) {
				w.path = append(slices.Clone(s.path), key, i)
			}
			out = append(out, w)
		}
		return out
	}
	switch {
	case len(s.RequestPrincipals)+len(s.NotRequestPrincipals)+len(s.RemoteIPBlocks)+len(s.NotRemoteIPBlocks) > 0:
		return []who{{byRequest: true}}
	case len(s.Principals) > 0:
		return each("principals", s.Principals, readPrincipal)
	case len(s.ServiceAccounts) > 0:
		return each("serviceAccounts", s.ServiceAccounts, func(text string) who {
			namespace, account, found := strings.Cut(text, "/")
			if !found {
				namespace, account = p.Namespace, text
			}
			return who{id: identity{namespace, account}}
		})
	case len(s.Namespaces) > 0:
		return each("namespaces", s.Namespaces, func(text string) who {
			if strings.Contains(text, "*") {
				return who{anyone: true}
			}
			return who{namespace: text}
		})
	case len(s.IPBlocks) > 0:
		return each("ipBlocks", s.IPBlocks, func(text string) who {
			if ip, err := netip.ParseAddr(text); err == nil {
				return who{block: netip.PrefixFrom(ip, ip.BitLen())}
			}
			block, err := netip.ParsePrefix(text)
			return who{block: block, byRequest: err != nil} // what is no range matches nobody
		})
	case slices.Contains(s.NotPrincipals, "*"), slices.Contains(s.NotNamespaces, "*"):
		return []who{{anonymous: true, path: s.path}}
	}
	return []who{{anyone: true, path: s.path}}
}

// readPrincipal reads one principal, or a pattern of several.
func readPrincipal(text string) who {
	if !strings.Contains(text, "*") {
		id, ok := parsePrincipal(text)
		return who{id: identity{id.namespace, id.account}, byRequest: !ok} // SM18's
	}
	parts := strings.SplitN(text, "/", 4)
	switch {
	case len(parts) < 4 || parts[1] != "ns" || strings.Contains(parts[2], "*"):
		return who{anyone: true}
	case strings.Contains(parts[3], "*"):
		return who{namespace: parts[2]}
	}
	account, found := strings.CutPrefix(parts[3], "sa/")
	return who{id: identity{parts[2], account}, byRequest: !found}
}
