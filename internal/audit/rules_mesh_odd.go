package audit

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

// leastOthers is how many other policies have to say cluster.local before one that
// says something else is taken for a slip.
const leastOthers = 3

// findOdd finds the one trust domain that a single policy names where all others
// say cluster.local, and nothing that is given says what the mesh's own is.
func (c *Check) findOdd(t *trust) string {
	if len(t.names) > 0 || len(t.named) != 1 {
		return ""
	}
	with, others := 0, 0
	for _, p := range inventory.All[manifest.AuthorizationPolicy](c.Inventory) {
		local := false
		odd := false
		for _, text := range allPrincipals(p.V) {
			id, whole := parsePrincipal(text)
			local = local || whole && id.trustDomain == localTrust
			odd = odd || whole && id.trustDomain == t.named[0]
		}
		switch {
		case odd:
			with++
		case local:
			others++
		}
	}
	if with != 1 || others < leastOthers {
		return ""
	}
	return t.named[0]
}

// allPrincipals are those that a policy names, also in what it excepts and in
// conditions.
func allPrincipals(p *manifest.AuthorizationPolicy) []string {
	var out []string
	for _, r := range p.Spec.Rules {
		for _, f := range r.From {
			out = slices.Concat(out, f.Source.Principals, f.Source.NotPrincipals)
		}
		for _, w := range r.When {
			if w.Key == "source.principal" {
				out = slices.Concat(out, w.Values, w.NotValues)
			}
		}
	}
	return out
}

// oddOne says that one of a list's identities is of the odd trust domain, and
// reports whether it is. The account has to be one of those that are known here,
// and the list must not name it in the mesh's own domain as well: then a mesh
// that is joined to this one may be meant.
func (x *identities) oddOne(p *authPolicy, texts []string, i int, path []any) bool {
	id, _ := parsePrincipal(texts[i])
	if x.trusted.odd == "" || id.trustDomain != x.trusted.odd || !slices.Contains(x.accounts[id.namespace], id.account) {
		return false
	}
	own := localTrust + strings.TrimPrefix(texts[i], id.trustDomain)
	if slices.Contains(texts, own) {
		return false
	}
	x.Looked()
	x.Report(p.Object, path, "write "+own+", or give the mesh's configuration, which lists "+id.trustDomain+" in trustDomainAliases",
		"it alone names trust domain %s, and all other policies say cluster.local: %s", id.trustDomain, texts[i])
	return true
}
