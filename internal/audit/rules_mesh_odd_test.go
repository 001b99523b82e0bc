package audit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/tree"
)

// TestOddTrustDomain: one policy that names another trust domain than all others.
func TestOddTrustDomain(t *testing.T) {
	base := npJoin(smShop, smStrict, smPods("web", "v1", ""), smPods("api", "v1", ""), smService, smDR(smBreaker))
	policy := func(name, source string) string {
		return smIstio("AuthorizationPolicy", name, "selector: {matchLabels: {app: api}}, rules: [{from: [{source: {"+source+"}}]}]")
	}
	const own, other = "principals: [cluster.local/ns/shop/sa/web]", "principals: [corp.example/ns/shop/sa/web]"
	others := npJoin(policy("a", own), policy("b", own), policy("c", own))
	const said = "AuthorizationPolicy shop/odd: it alone names trust domain corp.example, and all other policies say cluster.local: corp.example/ns/shop/sa/web"
	for _, c := range []struct {
		name, manifests string
		want            []string
	}{
		{"the odd one", npJoin(base, others, policy("odd", other)), []string{said}},
		{"excepted", npJoin(base, others, policy("odd", other+", notPrincipals: [cluster.local/ns/shop/sa/api]")), []string{said}},
		{"few others", npJoin(base, policy("a", own), policy("b", own), policy("odd", other)), nil},
		{"two of them", npJoin(base, others, policy("odd", other), policy("odd2", other)), nil},
		{"two domains", npJoin(base, others, policy("odd", other), policy("odd2", "principals: [old.example/ns/shop/sa/web]")), nil},
		{"beside the mesh's own", npJoin(base, others, policy("odd", "principals: [corp.example/ns/shop/sa/web, cluster.local/ns/shop/sa/web]")), nil},
		{"of another mesh's namespace", npJoin(base, others, policy("odd", "principals: [corp.example/ns/pay/sa/web]")), nil},
		{"the mesh's own, which is given", npJoin(base, others, smTrust("corp.example"), policy("odd", other)), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tree.New()
			files.Set("all.yaml", []byte(c.manifests))
			var got []string
			for _, f := range audited(t, files, ".").Findings {
				if f.Rule.ID == "SM18" {
					got = append(got, f.Message)
					if f.Severity != diag.Warning {
						t.Errorf("its severity is %s", f.Severity)
					}
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
