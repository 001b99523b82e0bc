package audit

import (
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
)

var principalOfNobody = &Rule{
	ID: "SM18", Severity: diag.Warning,
	Title:       "An AuthorizationPolicy names an identity that nobody has",
	Items:       []string{"C4", "C9"},
	Constraints: []string{"K19"},
	Reads:       []Need{NeedsMesh, NeedsPods},
	Doc: `Each identity that an AuthorizationPolicy names, in ` + "`principals`" + `, ` + "`serviceAccounts`" + `, the condition ` + "`source.principal`" + ` and what is excepted, must
be somebody's: ` + "`<trust domain>/ns/<namespace>/sa/<service account>`" + `, without ` + "`spiffe://`" + ` before it (Istio, "Authorization Policy": Source), and
of an account that a workload of that namespace runs under, a ServiceAccount that is given, or kgen.yaml names. An ALLOW for nobody
admits nobody; what a DENY is to keep out comes in, which is an error where it is certain: in the namespace of which kgen.yaml says all
pods, and where the text is no identity at all. Elsewhere there may be more pods than those that are given. A name that nobody has today
is also there for whoever creates the account tomorrow.

Write the account of the caller's pods (` + "`serviceAccountName`" + `; ` + "`default`" + ` where a template names none). Accounts of a namespace of which no
workload is given are not checked. Where nothing that is given says what the mesh's trust domain is, one that a single policy names, and all
others say cluster.local, is taken for a slip.`,
	check: func(c *Check) {
		x := &identities{network: c.network(), accounts: map[string][]string{}, left: map[string]bool{}, near: map[string]*spelling{}, trusted: c.trust()}
		x.gather()
		for _, p := range x.authPolicies() {
			for i, r := range p.V.Spec.Rules {
				for j, f := range r.From {
					at := Field("spec", "rules", i, "from", j, "source")
					x.principals(p, f.Source.Principals, append(at, "principals"))
					x.principals(p, f.Source.NotPrincipals, append(slices.Clone(at), "notPrincipals"))
					x.serviceAccounts(p, f.Source.ServiceAccounts, append(slices.Clone(at), "serviceAccounts"))
					x.serviceAccounts(p, f.Source.NotServiceAccounts, append(slices.Clone(at), "notServiceAccounts"))
				}
				for j, w := range r.When {
					at := Field("spec", "rules", i, "when", j)
					switch w.Key {
					case "source.principal":
						x.principals(p, w.Values, append(at, "values"))
						x.principals(p, w.NotValues, append(slices.Clone(at), "notValues"))
					case "source.serviceAccount":
						x.serviceAccounts(p, w.Values, append(at, "values"))
						x.serviceAccounts(p, w.NotValues, append(slices.Clone(at), "notValues"))
					}
				}
			}
		}
	},
}

// identities are the service accounts that are known.
type identities struct {
	*network
	accounts map[string][]string // by namespace, sorted
	left     map[string]bool     // the namespaces that were left unchecked, once said
	trusted  *trust
	near     map[string]*spelling // of the accounts, by namespace, once one is misspelt
}

// gather takes the accounts of the pods that are given, of the model's services
// with the parties that it names, of the waypoints that labels name, and of
// ServiceAccount objects.
func (x *identities) gather() {
	add := func(namespace, account string) {
		if account != "" {
			x.accounts[namespace] = append(x.accounts[namespace], account)
		}
	}
	for _, w := range x.Workloads {
		add(w.Namespace, ownAccount(w))
		if w.Service != nil {
			add(w.Namespace, w.Service.ServiceAccount)
		}
	}
	for _, p := range x.Parties {
		add(p.Namespace, p.Account)
	}
	for _, s := range x.Services {
		add(s.Namespace, x.waypointName(s))
	}
	for _, o := range x.Objects {
		if o.Kind == "ServiceAccount" && o.Group() == "" {
			add(o.Namespace, o.Name)
		}
	}
	for namespace, list := range x.accounts {
		slices.Sort(list)
		x.accounts[namespace] = slices.Compact(list)
	}
}

func (x *identities) principals(p *authPolicy, texts []string, at []any) {
	for i, text := range texts {
		path := append(slices.Clone(at), i)
		if bare, prefixed := strings.CutPrefix(text, "spiffe://"); prefixed {
			x.Looked()
			x.report(p, path, "write "+bare, "%s matches nobody: principals are written without spiffe://", text)
			continue
		}
		id, whole := parsePrincipal(text)
		switch {
		case !whole && strings.Contains(text, "*"):
			continue // a beginning or an end of many
		case !whole:
			x.Looked()
			x.report(p, path, "write <trust domain>/ns/<namespace>/sa/<service account>", "%q is no identity of the mesh", text)
		case strings.Contains(id.namespace, "*"):
		default:
			if names := x.trusted.names; len(names) > 0 && id.trustDomain != localTrust && !slices.ContainsFunc(names, func(own string) bool { return glob(id.trustDomain, own) }) {
				x.Looked()
				x.report(p, path, "write cluster.local, which stands for the mesh's own", "the mesh's trust domain is %s, and %s is of another: %s", some(names[:1]), id.trustDomain, text)
				continue
			}
			if !x.oddOne(p, texts, i, path) {
				x.account(p, path, text, id.namespace, id.account)
			}
		}
	}
}

// serviceAccounts are written [<namespace>/]<account>; without one it is the policy's.
func (x *identities) serviceAccounts(p *authPolicy, texts []string, at []any) {
	for i, text := range texts {
		namespace, account, found := strings.Cut(text, "/")
		if !found {
			namespace, account = p.Namespace, text
		}
		x.account(p, append(slices.Clone(at), i), text, namespace, account)
	}
}

// account judges one account of a namespace; text is how the policy writes it.
func (x *identities) account(p *authPolicy, path []any, text, namespace, account string) {
	known := x.accounts[namespace]
	if slices.ContainsFunc(known, func(a string) bool { return glob(account, a) }) {
		x.Looked()
		return
	}
	if !x.HasPods(namespace) {
		if !x.left[namespace] {
			x.left[namespace] = true
			x.Skip("accounts of "+namespaceText(namespace), "no workload of it is given")
		}
		return
	}
	x.Looked()
	fix := "the pods of " + namespaceText(namespace) + " run under " + some(known[:min(len(known), 4)])
	if x.near[namespace] == nil {
		x.near[namespace] = newSpelling(known)
	}
	if near := x.near[namespace].nearest(account); near != "" {
		fix = fmt.Sprintf("did you mean %s?", strings.TrimSuffix(text, account)+near)
	}
	if !x.whole(namespace) {
		x.Report(p.Object, path, fix, "of the pods of %s that are given none runs under the service account %s: %s", namespaceText(namespace), account, text)
		return
	}
	x.report(p, path, fix, "no pod of %s runs under the service account %s: %s", namespaceText(namespace), account, text)
}

// report says it, as an error where somebody is let in by it.
func (x *identities) report(p *authPolicy, path []any, fix, format string, args ...any) {
	f := x.Report(p.Object, path, fix, format, args...)
	list, _ := path[len(path)-2].(string)
	if denies := p.action == "DENY"; denies != strings.HasPrefix(list, "not") {
		f.Severity = diag.Error
	}
}

// glob matches as Istio does: exactly, or with one asterisk at the beginning or
// at the end.
func glob(pattern, value string) bool {
	switch {
	case pattern == "*":
		return value != ""
	case strings.HasPrefix(pattern, "*"):
		return strings.HasSuffix(value, pattern[1:])
	case strings.HasSuffix(pattern, "*"):
		return strings.HasPrefix(value, strings.TrimSuffix(pattern, "*"))
	}
	return pattern == value
}
