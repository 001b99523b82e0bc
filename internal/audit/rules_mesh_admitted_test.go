package audit

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/tree"
)

// smShut lets web alone in to the api; smNone is the mesh policy that admits nobody.
const (
	smShut = "\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: api, namespace: shop}\nspec: {podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 8080}]}]}\n"
	smNone = "\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: none, namespace: shop}\nspec: {}\n"
)

func TestMeshAdmitted(t *testing.T) {
	policy := func(spec string) string {
		return smIstio("AuthorizationPolicy", "api", "selector: {matchLabels: {app: api}}, "+spec)
	}
	rule := func(source, ports string) string {
		return "{from: [{source: {" + source + "}}], to: [{operation: {ports: [" + ports + "]}}]}"
	}
	web := rule("principals: [cluster.local/ns/shop/sa/web]", `"8080"`)
	more := func(rules ...string) string { return policy("rules: [" + strings.Join(append(rules, web), ", ") + "]") }
	base := npJoin(smCalled, smDR(smBreaker), smPods("batch", "v1", ""), smNone)
	metrics := strings.Replace(smMixedWay, "ports: [{name: http, port: 80, targetPort: 8080}]}", "ports: [{name: http, port: 80, targetPort: 8080}], metrics: {port: 8080, path: /metrics}}", 1)
	batch := "principals: [cluster.local/ns/shop/sa/batch]"
	smRun(t, []npCase{
		{name: "the declared caller", manifests: npJoin(base, more()), model: smMixedWay},
		{name: "its service account", manifests: npJoin(base, more(rule("serviceAccounts: [shop/web]", `"8080"`))), model: smMixedWay},
		{name: "in any trust domain", manifests: npJoin(base, more(rule(`principals: ["*/ns/shop/sa/web"]`, `"8080"`))), model: smMixedWay},
		{name: "by a condition", manifests: npJoin(base, more(`{when: [{key: source.principal, values: [cluster.local/ns/shop/sa/web]}], to: [{operation: {ports: ["8080"]}}]}`)), model: smMixedWay},
		{name: "another by a condition", manifests: npJoin(base, more(`{when: [{key: source.principal, values: [cluster.local/ns/shop/sa/batch]}], to: [{operation: {ports: ["8080"]}}]}`)), model: smMixedWay, want: []string{"SM15"}},
		{name: "by a token", manifests: npJoin(base, more(rule(`requestPrincipals: ["*"]`, `"8080"`))), model: smMixedWay},
		{name: "another", manifests: npJoin(base, more(rule(batch, `"8080"`))), model: smMixedWay, want: []string{"SM15"}},
		{name: "another for some requests", manifests: npJoin(base, more(`{from: [{source: {`+batch+`}}], to: [{operation: {methods: [GET]}}]}`)), model: smMixedWay, want: []string{"SM15"}},
		{name: "another whom a denial stops", manifests: npJoin(base, more(rule(batch, `"8080"`)), smIstio("AuthorizationPolicy", "deny", "action: DENY, rules: ["+rule(batch, `"8080"`)+"]")), model: smMixedWay},
		{name: "another in a rehearsal", manifests: npJoin(base, more(), strings.Replace(strings.Replace(policy("rules: [{}]"), "name: api", "name: later", 1), "metadata: {", `metadata: {annotations: {istio.io/dry-run: "true"}, `, 1)), model: smMixedWay},
		{name: "nobody without an identity gets through", manifests: npJoin(base, more(rule(`notPrincipals: ["*"]`, `"8080"`))), model: smMixedWay},
		{name: "somebody without an identity does", manifests: npJoin(base, more(rule(`notPrincipals: ["*"]`, `"8080"`)), smIstio("PeerAuthentication", "api", `selector: {matchLabels: {app: api}}, mtls: {mode: STRICT}, portLevelMtls: {"8080": {mode: PERMISSIVE}}`)), model: smMixedWay, want: []string{"SM11", "SM15"}},
		{name: "all but one", manifests: npJoin(base, more(rule("notPrincipals: [cluster.local/ns/shop/sa/batch]", `"8080"`))), model: smMixedWay, want: []string{"SM15"}},
		{name: "a custom action admits nobody", manifests: npJoin(base, more(), strings.Replace(policy("action: CUSTOM, provider: {name: ext}, rules: [{}]"), "name: api", "name: ext", 1)), model: smMixedWay},
		{name: "no policy at all", manifests: npJoin(smCalled, smDR(smBreaker)), model: smMixedWay, want: []string{"SM15"}},
		{name: "a policy for one of two", manifests: npJoin(smCalled, smDR(smBreaker), more()), model: smMixedWay, want: []string{"SM15"}},
		{name: "the mesh's own refuses for all", manifests: npJoin(smCalled, smDR(smBreaker), strings.Replace(smNone, "namespace: shop", "namespace: istio-system", 1), more()), model: smMixedWay},
		{name: "metrics by their path", manifests: npJoin(base, more(`{to: [{operation: {ports: ["8080"], paths: [/metrics]}}], from: [{source: {namespaces: [monitoring]}}]}`)), model: metrics},
		{name: "metrics and more", manifests: npJoin(base, more(`{to: [{operation: {ports: ["8080"], paths: [/metrics, /admin]}}], from: [{source: {namespaces: [monitoring]}}]}`)), model: metrics, want: []string{"SM15"}},
		{name: "metrics and everything", manifests: npJoin(base, more(rule("namespaces: [monitoring]", `"8080"`))), model: metrics, want: []string{"SM15"}},

		{name: "without a model, a caller that is let in", manifests: npJoin(base, smShut, more())},
		{name: "without a model, one that is not", manifests: npJoin(base, smShut, more(rule(batch, `"8080"`))), want: []string{"SM15"}},
		{name: "without a model and policies", manifests: npJoin(base, more(rule(batch, `"8080"`)))},
		{name: "without a model, an empty rule", manifests: npJoin(smCalled, smDR(smBreaker), policy("rules: [{}]")), want: []string{"SM15"}},
		{name: "without a model, an empty rule for a load balancer", manifests: npJoin(strings.Replace(smCalled, "spec: {selector: {app: api}", "spec: {type: LoadBalancer, selector: {app: api}", 1), smDR(smBreaker), policy("rules: [{}]"),
			smIstio("PeerAuthentication", "api", `selector: {matchLabels: {app: api}}, mtls: {mode: STRICT}, portLevelMtls: {"8080": {mode: PERMISSIVE}}`))},
		{name: "without a model, a namespace", manifests: npJoin(base, smShut, more(rule("namespaces: [shop]", `"8080"`))), skipped: []string{"SM15"}},
	})
}

func TestMeshPolicyPorts(t *testing.T) {
	on := func(ports string) string {
		return smIstio("AuthorizationPolicy", "api", "selector: {matchLabels: {app: api}}, action: DENY, rules: [{from: [{source: {namespaces: [elsewhere]}}], to: [{operation: {ports: ["+ports+"]}}]}]")
	}
	undeclared := strings.ReplaceAll(smBase, "ports: [{name: http, containerPort: 8080}]", "image: x")
	served := strings.Replace(smBase, "{name: http, port: 80, targetPort: 8080, appProtocol: http}", "{name: http, port: 80, targetPort: 8080, appProtocol: http}, {name: http-more, port: 81, targetPort: 9000, appProtocol: http}", 1)
	target := npJoin(smAmbient, smLabelled("waypoint"), smWaypoint("istio.io/waypoint-for: service", smHBONE))
	at := func(port string) string {
		return smIstio("AuthorizationPolicy", "api", `targetRefs: [{group: "", kind: Service, name: api}], action: DENY, rules: [{to: [{operation: {ports: ["`+port+`"]}}]}]`)
	}
	smRun(t, []npCase{
		{name: "the container's", manifests: npJoin(smBase, on(`"8080"`))},
		{name: "the Service's", manifests: npJoin(smBase, on(`"80"`)), want: []string{"SM16"}},
		{name: "one of two", manifests: npJoin(smBase, on(`"8080", "8081"`)), want: []string{"SM16"}},
		{name: "two of two", manifests: npJoin(smBase, on(`"8082", "8081"`)), want: []string{"SM16", "SM16"}},
		{name: "a name", manifests: npJoin(smBase, on(`http`)), want: []string{"SM16"}},
		{name: "no port of any", manifests: npJoin(smBase, on(`"70000"`)), want: []string{"SM16"}},
		{name: "with a sign", manifests: npJoin(smBase, on(`"+8080"`)), want: []string{"SM16"}},
		{name: "with a zero before it", manifests: npJoin(smBase, on(`"08080"`))},
		{name: "the proxy's own", manifests: npJoin(smBase, on(`"15020"`))},
		{name: "one that a Service leads to", manifests: npJoin(served, on(`"9000"`))},
		{name: "of pods that declare none", manifests: npJoin(undeclared, on(`"9000"`)), skipped: []string{"SM16"}},
		{name: "of nobody", manifests: npJoin(smBase, strings.Replace(on(`"9000"`), "app: api", "app: apy", 1)), want: []string{"SM17"}},
		{name: "the Service's at its waypoint", manifests: npJoin(target, at("80"))},
		{name: "the container's at its waypoint", manifests: npJoin(target, at("8080"))},
		{name: "nobody's at its waypoint", manifests: npJoin(target, at("81")), want: []string{"SM16"}},
	})
	const place = "spec.rules[0].to[0].operation.ports[0] AuthorizationPolicy shop/api: "
	judge(t, "SM16", []doorCase{
		{"no pod serves it", []string{smBase, on(`"81"`)}, []string{place + "shop/api-v1 and shop/api-v2 does not serve port 81: it denies nothing"}},
		{"zero is a port to Istio", []string{smBase, on(`"0"`)}, []string{place + "shop/api-v1 and shop/api-v2 does not serve port 0: it denies nothing"}},
		{"a sign is none", []string{smBase, on(`"+8080"`)}, []string{place + `"+8080" is no port: istiod's webhook refuses the policy`}},
		{"too great", []string{smBase, on(`"65536"`)}, []string{place + `"65536" is no port: istiod's webhook refuses the policy`}},
	})
}

func TestMeshPolicyPods(t *testing.T) {
	denial := func(labels string) string {
		return smIstio("AuthorizationPolicy", "keep-out", "selector: {matchLabels: {"+labels+"}}, action: DENY, rules: [{from: [{source: {namespaces: [elsewhere]}}]}]")
	}
	root := func(p string) string { return strings.Replace(p, "namespace: shop", "namespace: istio-system", 1) }
	smRun(t, []npCase{
		{name: "pods", manifests: npJoin(smBase, denial("app: api"))},
		{name: "one version", manifests: npJoin(smBase, denial("app: api, version: v2"))},
		{name: "a version that is gone", manifests: npJoin(smBase, denial("app: api, version: v3")), want: []string{"SM17"}},
		{name: "the Deployment's name", manifests: npJoin(smBase, denial("app: api-v1")), want: []string{"SM17"}},
		{name: "what a controller puts on pods", manifests: npJoin(smBase, denial(`pod-template-hash: "7d5"`)), skipped: []string{"SM17"}},
		{name: "a namespace of which nothing is given", manifests: npJoin(smBase, strings.Replace(denial("app: api"), "namespace: shop", "namespace: data", 1)), skipped: []string{"SM17"}},
		{name: "everywhere, for pods", manifests: npJoin(smBase, root(denial("app: api")))},
		{name: "everywhere, for a gateway perhaps", manifests: npJoin(smBase, root(denial("istio: ingressgateway"))), skipped: []string{"SM17"}},
	})
}

func TestMeshPrincipals(t *testing.T) {
	denial := func(source string) string {
		return smIstio("AuthorizationPolicy", "keep-out", "selector: {matchLabels: {app: api}}, action: DENY, rules: [{from: [{source: {"+source+"}}]}]")
	}
	base := npJoin(smBase, smPods("web", "v1", ""))
	account := "\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: later, namespace: shop}\n"
	bare := strings.Replace(smPods("job", "v1", ""), "serviceAccountName: job, ", "", 1)
	smRun(t, []npCase{
		{name: "somebody's", manifests: npJoin(base, denial("principals: [cluster.local/ns/shop/sa/web]"))},
		{name: "nobody's", manifests: npJoin(base, denial("principals: [cluster.local/ns/shop/sa/wbe]")), want: []string{"SM18"}},
		{name: "nobody's that is excepted", manifests: npJoin(base, denial("notPrincipals: [cluster.local/ns/shop/sa/wbe]")), want: []string{"SM18"}},
		{name: "of an account that is given alone", manifests: npJoin(base, account, denial("principals: [cluster.local/ns/shop/sa/later]"))},
		{name: "the default one", manifests: npJoin(base, bare, denial("principals: [cluster.local/ns/shop/sa/default]"))},
		{name: "the default one of nobody", manifests: npJoin(base, denial("principals: [cluster.local/ns/shop/sa/default]")), want: []string{"SM18"}},
		{name: "elsewhere", manifests: npJoin(base, denial("principals: [cluster.local/ns/ops/sa/job]")), skipped: []string{"SM18"}},
		{name: "with a scheme", manifests: npJoin(base, denial(`principals: ["spiffe://cluster.local/ns/shop/sa/web"]`)), want: []string{"SM18"}},
		{name: "an account's name", manifests: npJoin(base, denial("principals: [web]")), want: []string{"SM18"}},
		{name: "everyone", manifests: npJoin(base, denial(`principals: ["*"]`))},
		{name: "many by a beginning", manifests: npJoin(base, denial(`principals: ["cluster.local/ns/shop/*"]`))},
		{name: "many by an end", manifests: npJoin(base, denial(`principals: ["*/sa/web"]`))},
		{name: "a beginning of nobody's", manifests: npJoin(base, denial(`principals: ["cluster.local/ns/shop/sa/x*"]`)), want: []string{"SM18"}},
		{name: "a service account", manifests: npJoin(base, denial("serviceAccounts: [shop/web, api]"))},
		{name: "a service account of nobody", manifests: npJoin(base, denial("serviceAccounts: [wbe]")), want: []string{"SM18"}},
	})
}

// TestMeshNobodyOfSome: what is given may be some of a namespace's pods, unless
// kgen.yaml is about it; what nobody can have is an error in either case.
func TestMeshNobodyOfSome(t *testing.T) {
	const (
		warns = diag.Warning
		fails = diag.Error
		model = "  namespace: shop\n  mesh: {provider: istio}\n  services:\n  - {name: api, ports: [{name: http, port: 80, targetPort: 8080}]}\n"
	)
	denial := func(labels, source string) string {
		return smIstio("AuthorizationPolicy", "keep-out", "selector: {matchLabels: {"+labels+"}}, action: DENY, rules: [{from: [{source: {"+source+"}}]}]")
	}
	elsewhere := func(m string) string { return strings.ReplaceAll(m, "namespace: shop", "namespace: pay") }
	job := denial("app: api", "principals: [cluster.local/ns/shop/sa/job]")
	wrong := denial("app: apy", "namespaces: [elsewhere]")
	type said struct {
		Severity diag.Severity
		Message  string
	}
	for _, c := range []struct {
		name, rule, manifests, model string
		want                         []said
	}{
		{"an account", "SM18", npJoin(smBase, job), "", []said{{warns, "of the pods of namespace shop that are given none runs under the service account job: cluster.local/ns/shop/sa/job"}}},
		{"an account, with the model", "SM18", npJoin(smBase, job), model, []said{{fails, "no pod of namespace shop runs under the service account job: cluster.local/ns/shop/sa/job"}}},
		{"an account, with the model of another namespace", "SM18", npJoin(smBase, elsewhere(smBase), strings.ReplaceAll(job, "/ns/shop/", "/ns/pay/")), model, []said{{warns, "of the pods of namespace pay that are given none runs under the service account job: cluster.local/ns/pay/sa/job"}}},
		{"no identity at all", "SM18", npJoin(smBase, denial("app: api", "principals: [job]")), "", []said{{fails, `"job" is no identity of the mesh`}}},
		{"a scheme", "SM18", npJoin(smBase, denial("app: api", `principals: ["spiffe://cluster.local/ns/shop/sa/api"]`)), "", []said{{fails, "spiffe://cluster.local/ns/shop/sa/api matches nobody: principals are written without spiffe://"}}},
		{"labels", "SM17", npJoin(smBase, wrong), "", []said{{warns, "of the pods of namespace shop that are given none has the labels app=apy: without others it denies nobody anything"}}},
		{"labels, with the model", "SM17", npJoin(smBase, wrong), model, []said{{fails, "no pod of namespace shop has the labels app=apy, so it denies nobody anything"}}},
		{"labels, with the model of another namespace", "SM17", npJoin(smBase, elsewhere(smBase), elsewhere(wrong)), model, []said{{warns, "of the pods of namespace pay that are given none has the labels app=apy: without others it denies nobody anything"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tree.New()
			files.Set("all.yaml", []byte(c.manifests))
			if c.model != "" {
				files.Set("kgen.yaml", []byte("apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\nspec:\n"+c.model))
			}
			w, _ := world(t, files, ".")
			r, err := Run(context.Background(), w, Options{Today: today, Rules: []string{c.rule}})
			if err != nil {
				t.Fatal(err)
			}
			var got []said
			for _, f := range r.Findings {
				_, fact, _ := strings.Cut(f.Message, "/keep-out: ")
				got = append(got, said{f.Severity, fact})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
