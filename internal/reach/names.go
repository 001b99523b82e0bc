package reach

import "strings"

// named is a value by which rules name sources: a field of a source, or the
// condition of the same name.
type named struct {
	field namedField
	value string
}

type namedField byte

const (
	byPrincipal namedField = 'p'
	byNamespace namedField = 'n'
	byAccount   namedField = 'a' // namespace/account
)

// names are the values by which a policy's rules name sources. Two sources with
// an identity for which tell says the same, and of one address, are the same to
// the policy: all of them are of one trust domain.
type names struct {
	exact map[named]bool
	globs []named
}

// readNames collects the values of all rules, those that name whom they do not
// mean as well.
func (a *authz) readNames() {
	add := func(field namedField, lists ...[]string) {
		for _, list := range lists {
			for _, v := range list {
				n := named{field, v}
				switch {
				case field == byAccount:
					if !strings.Contains(v, "/") {
						n.value = a.object.Namespace + "/" + v
					}
				case strings.HasPrefix(v, "*") || strings.HasSuffix(v, "*"):
					a.names.globs = append(a.names.globs, n)
					continue
				}
				if a.names.exact == nil {
					a.names.exact = map[named]bool{}
				}
				a.names.exact[n] = true
			}
		}
	}
	for i := range a.rules {
		for j := range a.rules[i].From {
			s := &a.rules[i].From[j].Source
			add(byPrincipal, s.Principals, s.NotPrincipals)
			add(byNamespace, s.Namespaces, s.NotNamespaces)
			add(byAccount, s.ServiceAccounts, s.NotServiceAccounts)
		}
		for _, w := range a.rules[i].When {
			switch w.Key {
			case "source.principal":
				add(byPrincipal, w.Values, w.NotValues)
			case "source.namespace":
				add(byNamespace, w.Values, w.NotValues)
			case "source.serviceAccount":
				add(byAccount, w.Values, w.NotValues)
			}
		}
	}
}

// tell appends which of the values a source has.
func (n *names) tell(b []byte, s *source) []byte {
	if len(n.exact) > 0 {
		for _, own := range []named{{byPrincipal, s.principal()}, {byNamespace, s.namespace}, {byAccount, s.namespace + "/" + s.account}} {
			if n.exact[own] {
				b = append(append(append(b, byte(own.field)), own.value...), ',')
			}
		}
	}
	for _, g := range n.globs {
		value := s.namespace
		if g.field == byPrincipal {
			value = s.principal()
		}
		if glob(g.value, value) {
			b = append(b, '1')
		} else {
			b = append(b, '0')
		}
	}
	return b
}
