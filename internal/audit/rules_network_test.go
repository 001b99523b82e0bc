package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/tree"
)

// The pieces that cases are put together from: two Deployments of namespace
// shop, web that is given the address of api, and policies that let it pass.
const (
	npShop = `
apiVersion: v1
kind: Namespace
metadata: {name: shop}
`
	npWeb = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, ports: [{name: http, containerPort: 8080}], env: [{name: API_ADDR, value: "api:80"}]}]}
`
	npAPI = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata: {labels: {app: api}}
    spec: {containers: [{name: api, ports: [{name: http, containerPort: 9000}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: 9000}]}
`
	npDeny = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`
	npDNS = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-dns, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
  - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}, podSelector: {matchLabels: {k8s-app: kube-dns}}}]
    ports: [{port: 53, protocol: UDP}, {port: 53}]
`
	npWebOut = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 9000}]}]}
`
	npAPIIn = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec: {podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 9000}]}]}
`
)

// npOne is a policy for the pods of api, or for others, with a spec in one line.
func npOne(name, spec string) string {
	return "\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: " + name + ", namespace: shop}\nspec: {" + spec + "}\n"
}

// npIn is one more ingress rule for api, npOut one more egress rule.
func npIn(rule string) string {
	return npOne("more", "podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: ["+rule+"]")
}

func npOut(rule string) string {
	return npOne("more", "podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], egress: ["+rule+"]")
}

func npJoin(parts ...string) string { return strings.Join(parts, "---") }

var npBase = npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npWebOut, npAPIIn)

type npCase struct {
	name, manifests, model string
	want                   []string // the rules that fire, once for each finding
	skipped                []string // rules that say of something that it was not checked
}

func npRun(t *testing.T, cases []npCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(strings.ReplaceAll(test.name, " ", "_"), func(t *testing.T) {
			files := tree.New()
			files.Set("all.yaml", []byte(test.manifests))
			if test.model != "" {
				files.Set("kgen.yaml", []byte("apiVersion: kgen.dev/v1alpha1\nkind: Network\nmetadata: {name: shop}\nspec:\n"+test.model))
			}
			w, _ := world(t, files, ".")
			r, err := Run(t.Context(), w, Options{Rules: []string{"NP", "EX"}, Today: today})
			if err != nil {
				t.Fatal(err)
			}
			var got, skipped []string
			for _, f := range r.Findings {
				got = append(got, f.Rule.ID)
			}
			for _, s := range r.Skipped {
				if s.What != "" && !slices.Contains(skipped, s.Rule.ID) {
					skipped = append(skipped, s.Rule.ID)
				}
			}
			slices.Sort(got)
			slices.Sort(skipped)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s\n%s", diff, strings.Join(open(r), "\n"))
			}
			if diff := cmp.Diff(test.skipped, skipped); diff != "" {
				t.Errorf("not checked (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNetworkDefaults(t *testing.T) {
	npRun(t, []npCase{
		{name: "all is well", manifests: npBase},
		{name: "no policy at all", manifests: npJoin(npShop, npWeb, npAPI), want: []string{"NP01"}},
		{name: "no policy and no Namespace", manifests: npJoin(npWeb, npAPI), want: []string{"NP01"}},
		{name: "ConfigMaps are no application", manifests: npShop + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: shop}\n"},
		{name: "a namespace of the cluster", manifests: strings.ReplaceAll(npJoin(npWeb, npAPI), "shop", "kube-system")},
		{name: "denied by two policies", manifests: npJoin(npShop, npWeb, npAPI, npOne("in", "podSelector: {}, policyTypes: [Ingress]"), npDNS, npWebOut, npAPIIn)},
		{name: "Cilium denies by default", manifests: npJoin(npShop, npWeb, npAPI,
			"\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: deny, namespace: shop}\nspec: {endpointSelector: {}, ingress: [{}]}\n"), skipped: []string{"NP01"}},
		{name: "Cilium speaks for some pods", manifests: npJoin(npShop, npWeb, npAPI,
			"\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: web, namespace: shop}\nspec: {endpointSelector: {matchLabels: {app: web}}, ingress: [{}]}\n"), want: []string{"NP01"}},
		{name: "a cluster-wide policy", manifests: npJoin(npShop, npWeb, npAPI,
			"\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: all}\nspec: {tier: Baseline}\n"), skipped: []string{"NP01"}},
		{name: "pods on the node's network", manifests: strings.Replace(npBase, "spec: {containers: [{name: web", "spec: {hostNetwork: true, containers: [{name: web", 1), skipped: []string{"NP02"}},
		{name: "an exception in one direction", manifests: npJoin(npShop, npWeb, npAPI, npDNS, npWebOut, npAPIIn,
			npOne("default-deny", "podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web]}]}, policyTypes: [Ingress, Egress]")), want: []string{"NP02"}},
		{name: "an exception with a policy of its own", manifests: npJoin(npShop, npWeb, npAPI, npDNS, npWebOut, npAPIIn,
			npOne("default-deny", "podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [api]}]}, policyTypes: [Ingress, Egress]"))},
		{name: "the namespace is left open by whoever applies it", manifests: strings.ReplaceAll(npJoin(npWeb, npAPI), ", namespace: shop", ""), want: []string{"NP01"}},
	})
}

func TestNetworkDNS(t *testing.T) {
	without := npJoin(npShop, npWeb, npAPI, npDeny, npWebOut, npAPIIn)
	to := func(peer, ports string) string {
		return without + "---" + npOne("dns", "podSelector: {}, policyTypes: [Egress], egress: [{"+peer+"ports: ["+ports+"]}]")
	}
	both := "{port: 53, protocol: UDP}, {port: 53, protocol: TCP}"
	npRun(t, []npCase{
		{name: "forgotten, said once", manifests: without, want: []string{"NP03"}},
		{name: "for one of two", manifests: without + "---" + strings.Replace(npDNS, "podSelector: {}", "podSelector: {matchLabels: {app: web}}", 1), want: []string{"NP03"}},
		{name: "to anyone", manifests: to("", both)},
		{name: "to every namespace's DNS pods", manifests: to("to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ", both)},
		{name: "to a ClusterIP", manifests: to("to: [{ipBlock: {cidr: 10.96.0.10/32}}], ", both)},
		{name: "to the node's cache", manifests: to("to: [{ipBlock: {cidr: 169.254.20.10/32}}], ", both)},
		{name: "to OpenShift's", manifests: to("to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}], ", "{port: 5353, protocol: UDP}, {port: 5353}"), skipped: []string{"NP07"}},
		{name: "UDP is not said", manifests: to("to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ", "{port: 53}"), want: []string{"NP03"}},
		{name: "to a range that may hold pods", manifests: to("to: [{ipBlock: {cidr: 10.96.0.0/12}}], ", both), skipped: []string{"NP03"}},
		{name: "to a namespace by a label that may be there", manifests: strings.Replace(to("to: [{namespaceSelector: {matchLabels: {name: kube-system}}}], ", both), npShop+"---", "", 1), want: []string{"NP20"}, skipped: []string{"NP03"}},
		{name: "to public resolvers only", manifests: to("to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16]}}], ", both), want: []string{"NP03"}},
	})
}

func TestNetworkEdges(t *testing.T) {
	denied := npJoin(npShop, npAPI, npDeny, npDNS)
	env := func(name, value string) string {
		return denied + "---" + strings.Replace(npWeb, `{name: API_ADDR, value: "api:80"}`, "{name: "+name+`, value: "`+value+`"}`, 1)
	}
	both := []string{"NP04", "NP04"} // a rule is missing at each end
	npRun(t, []npCase{
		{name: "one half", manifests: npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npAPIIn), want: []string{"NP04"}},
		{name: "both halves", manifests: npJoin(npShop, npWeb, npAPI, npDeny, npDNS), want: both},
		{name: "a URL", manifests: env("X", "http://api/v1"), want: both},
		{name: "a full name", manifests: env("X", "api.shop.svc.cluster.local"), want: both},
		{name: "a database's URL", manifests: env("X", "postgres://me:secret@api:80/db"), want: both},
		{name: "a bare name in a variable for addresses", manifests: env("API_HOST", "api"), want: both},
		{name: "a word that is a Service's name", manifests: env("MODE", "api")},
		{name: "another Service's name", manifests: env("X", "http://other:80")},
		{name: "a port that the Service does not have", manifests: env("X", "api:81")},
		{name: "a name outside", manifests: env("X", "https://api.example.com")},
		{name: "allowed by an address range, perhaps", manifests: npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npAPIIn,
			npOne("web", "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/9}}], ports: [{port: 9000}]}]")), skipped: []string{"NP04"}},
		{name: "the model declares it", manifests: npJoin(npShop, npAPI, npDeny, npDNS, npWebOut), model: `
  services:
  - {name: web, calls: [api]}
  - {name: api, ports: [{name: http, port: 80, targetPort: 9000}]}
`, want: []string{"NP04"}},
		{name: "several callers, one rule", manifests: npJoin(npShop, npAPI, npDeny, npDNS, npWebOut, npOne("job", "podSelector: {matchLabels: {app: job}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 9000}]}]")), model: `
  services:
  - {name: web, calls: [api]}
  - {name: job, calls: [api]}
  - {name: api, ports: [{name: http, port: 80, targetPort: 9000}]}
`, want: []string{"NP04"}},
		{name: "a peer that is mistyped", manifests: npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npWebOut, strings.Replace(npAPIIn, "app: web", "app: wbe", 1)), want: []string{"NP04", "NP07"}},
	})
}

func TestNetworkPorts(t *testing.T) {
	pods := npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npWebOut)
	in := func(ports string) string {
		return pods + "---" + strings.Replace(npAPIIn, "ports: [{port: 9000}]", "ports: ["+ports+"]", 1)
	}
	npRun(t, []npCase{
		{name: "the Service's", manifests: in("{port: 80}"), want: []string{"NP08"}},
		{name: "the Service's beside the container's", manifests: in("{port: 80}, {port: 9000}")},
		{name: "by name", manifests: in("{port: http}")},
		{name: "by a name that nobody has", manifests: in("{port: web}"), want: []string{"NP09"}},
		{name: "by name over UDP", manifests: in("{port: http, protocol: UDP}"), want: []string{"NP09"}},
		{name: "by number over UDP", manifests: in("{port: 9000, protocol: UDP}"), want: []string{"NP09"}},
		{name: "over both", manifests: in("{port: 9000, protocol: UDP}, {port: 9000, protocol: TCP}")},
		{name: "a range", manifests: in("{port: 8000, endPort: 9999}")},
		{name: "the Service's at the caller", manifests: npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npAPIIn, strings.Replace(npWebOut, "port: 9000", "port: 80", 1)), want: []string{"NP08"}},
		{name: "a name for addresses", manifests: npBase + "---" + npOut("{to: [{ipBlock: {cidr: 203.0.113.0/24}}], ports: [{port: https}]}"), want: []string{"NP09"}},
		{name: "a name, and the pods are not given", manifests: npJoin(npShop, npDeny, npDNS, strings.Replace(npAPIIn, "{port: 9000}", "{port: http}", 1), npWeb), want: []string{"NP06"}, skipped: []string{"NP08", "NP09"}},
		{name: "a name that one version lacks", manifests: npBase + "---" + strings.NewReplacer("name: api,", "name: api-v2,", "name: http, containerPort: 9000", "containerPort: 9000", "app: api}", "app: api, version: v2}").Replace(strings.Split(npAPI, "---")[0]) +
			"---\napiVersion: v1\nkind: Service\nmetadata: {name: both, namespace: shop}\nspec: {selector: {app: api}, ports: [{name: http, port: 80, targetPort: http}]}\n---" + npIn("{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: http}]}"), want: []string{"NP09"}},
	})
}

func TestNetworkSelectors(t *testing.T) {
	kubeSystem := "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}"
	npRun(t, []npCase{
		{name: "nobody is selected", manifests: npBase + "---" + npOne("x", "podSelector: {matchLabels: {app: apii}}, policyTypes: [Ingress]"), want: []string{"NP06"}},
		{name: "a label that a controller puts there", manifests: npBase + "---" + npOne("x", "podSelector: {matchLabels: {job-name: nightly}}, policyTypes: [Ingress]"), skipped: []string{"NP06"}},
		{name: "a gateway's proxies, and no Gateway", manifests: npBase + "---" + npOne("x", "podSelector: {matchLabels: {gateway.networking.k8s.io/gateway-name: x}}, policyTypes: [Ingress]"), skipped: []string{"NP06"}},
		{name: "the namespace's pods are not given", manifests: npBase + "---" + strings.ReplaceAll(npJoin(npDeny, npDNS, npAPIIn), "shop", "other"), want: []string{"NP04"}, skipped: []string{"NP06", "NP07"}},
		{name: "a peer that nobody is", manifests: npBase + "---" + npIn("{from: [{podSelector: {matchLabels: {app: cart}}}], ports: [{port: 9000}]}"), want: []string{"NP07"}},
		{name: "a peer whose namespace is not given", manifests: npBase + "---" + npIn("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: team}}, podSelector: {matchLabels: {app: x}}}], ports: [{port: 9000}]}"), skipped: []string{"NP07"}},
		{name: "a peer of any namespace", manifests: npBase + "---" + npIn("{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: x}}}], ports: [{port: 9000}]}"), skipped: []string{"NP07"}},
		{name: "two dashes", manifests: npBase + "---" + npOut("{to: [{"+kubeSystem+"}, {podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53}]}"), want: []string{"NP10"}},
		{name: "two dashes the other way round", manifests: npBase + "---" + npOut("{to: [{podSelector: {matchLabels: {k8s-app: kube-dns}}}, {"+kubeSystem+"}], ports: [{port: 53}]}"), want: []string{"NP10"}},
		{name: "two that are both meant", manifests: npBase + "---" + npIn("{from: [{"+kubeSystem+"}, {podSelector: {matchLabels: {app: web}}}], ports: [{port: 9000}]}")},
		{name: "two with an address between", manifests: npBase + "---" + npIn("{from: [{"+kubeSystem+"}, {ipBlock: {cidr: 203.0.113.0/24}}, {podSelector: {matchLabels: {app: web}}}], ports: [{port: 9000}]}")},
		{name: "a label that no namespace has", manifests: npBase + "---" + npIn("{from: [{namespaceSelector: {matchLabels: {team: x}}}], ports: [{port: 9000}]}"), want: []string{"NP20"}},
		{name: "a key that no namespace has", manifests: npBase + "---" + npIn("{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: Exists}]}}], ports: [{port: 9000}]}"), want: []string{"NP20"}},
		{name: "a label that one has", manifests: npBase + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: ops, labels: {team: x}}\n---" + npIn("{from: [{namespaceSelector: {matchLabels: {team: x}}}], ports: [{port: 9000}]}"), skipped: []string{"NP07"}},
		{name: "a label that OpenShift keeps", manifests: npBase + "---" + npIn("{from: [{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}], ports: [{port: 9000}]}")},
		{name: "namespaces without a label", manifests: npBase + "---" + npIn("{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}, podSelector: {matchLabels: {app: web}}}], ports: [{port: 9000}]}")},
	})
}

func TestNetworkOpenRules(t *testing.T) {
	balancer := "---\napiVersion: v1\nkind: Service\nmetadata: {name: open, namespace: shop}\nspec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: api}, ports: [{name: http, port: 80, targetPort: 9000}]}\n"
	private := "except: [10.0.0.0/8, 100.64.0.0/10, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16]"
	npRun(t, []npCase{
		{name: "in, on one port", manifests: npBase + "---" + npIn("{ports: [{port: 9000}]}"), want: []string{"NP11"}},
		{name: "in, on one port of a load balancer's pods", manifests: npBase + balancer + "---" + npIn("{ports: [{port: 9000}]}")},
		{name: "in, on every port of a load balancer's pods", manifests: npBase + balancer + "---" + npIn("{}"), want: []string{"NP11"}},
		{name: "from: []", manifests: npBase + "---" + npIn("{from: []}"), want: []string{"NP11"}},
		{name: "the internet, in", manifests: npBase + "---" + npIn("{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 9000}]}"), want: []string{"NP11"}},
		{name: "the internet, to a load balancer's pods", manifests: npBase + balancer + "---" + npIn("{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 9000}]}")},
		{name: "every namespace", manifests: npBase + "---" + npIn("{from: [{namespaceSelector: {}}], ports: [{port: 9000}]}"), want: []string{"NP11"}},
		{name: "every pod of the namespace", manifests: npBase + "---" + npIn("{from: [{podSelector: {}}], ports: [{port: 9000}]}")},
		{name: "out, anywhere", manifests: npBase + "---" + npOut("{}"), want: []string{"NP11"}},
		{name: "out, anywhere on 443", manifests: npBase + "---" + npOut("{ports: [{port: 443}]}"), want: []string{"NP11"}},
		{name: "DNS, anywhere", manifests: npBase + "---" + npOut("{ports: [{port: 53, protocol: UDP}]}")},
		{name: "the internet on 443", manifests: npBase + "---" + npOut("{to: [{ipBlock: {cidr: 0.0.0.0/0, "+private+"}}], ports: [{port: 443}]}")},
		{name: "the internet on every port", manifests: npBase + "---" + npOut("{to: [{ipBlock: {cidr: 0.0.0.0/0, "+private+"}}]}"), want: []string{"NP11"}},
		{name: "the metadata service", manifests: npBase + "---" + npOut("{to: [{ipBlock: {cidr: 169.254.0.0/16}}], ports: [{port: 80}]}"), want: []string{"NP14"}},
		{name: "the metadata service over IPv6", manifests: npBase + "---" + npOut(`{to: [{ipBlock: {cidr: "::/0"}}], ports: [{port: 443}]}`), want: []string{"NP14"}},
		{name: "half of the private addresses is excepted", manifests: npBase + "---" + npOut("{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.128.0.0/9]}}], ports: [{port: 443}]}")},
		{name: "a part of the private addresses is excepted", manifests: npBase + "---" + npOut("{to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.20.0.0/16]}}], ports: [{port: 443}]}"), want: []string{"NP14"}},
		{name: "a private range", manifests: npBase + "---" + npOut("{to: [{ipBlock: {cidr: 10.20.0.0/16}}], ports: [{port: 5432}]}")},
		{name: "clients of a load balancer are shut out", manifests: npBase + balancer, want: []string{"NP15"}},
		{name: "clients may have nodes' addresses", manifests: npBase + strings.Replace(balancer, "Local", "Cluster", 1) + "---" + npIn("{from: [{ipBlock: {cidr: 10.0.0.0/16}}], ports: [{port: 9000}]}"), skipped: []string{"NP15"}},
	})
}

func TestNetworkShapes(t *testing.T) {
	npRun(t, []npCase{
		{name: "egress without its type", manifests: npBase + "---" + npOne("x", "podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], egress: [{ports: [{port: 53, protocol: UDP}]}]"), want: []string{"NP12"}},
		{name: "an empty list without its type", manifests: npBase + "---" + npOne("x", "podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], ingress: []"), want: []string{"NP12"}},
		{name: "egress: [] without types", manifests: npBase + "---" + npOne("x", "podSelector: {matchLabels: {app: api}}, egress: []"), want: []string{"NP12"}},
		{name: "egress alone, where ingress is denied anyway", manifests: npBase + "---" + npOne("x", "podSelector: {matchLabels: {app: api}}, egress: [{to: [{ipBlock: {cidr: 10.20.0.0/16}}], ports: [{port: 443}]}]")},
		{name: "egress alone denies ingress", manifests: npJoin(npShop, npWeb, npAPI, npOne("x", "podSelector: {matchLabels: {app: web}}, egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 9000}]}, {ports: [{port: 53}, {port: 53, protocol: UDP}]}]")), want: []string{"NP01", "NP12"}},
		{name: "an empty peer", manifests: npBase + "---" + npIn("{from: [{}], ports: [{port: 9000}]}"), want: []string{"NP13"}},
		{name: "a block and a selector", manifests: npBase + "---" + npIn("{from: [{ipBlock: {cidr: 10.0.0.0/24}, podSelector: {}}], ports: [{port: 9000}]}"), want: []string{"NP13"}},
		{name: "an exception outside of its block", manifests: npBase + "---" + npIn("{from: [{ipBlock: {cidr: 10.0.0.0/24, except: [10.1.0.0/28]}}], ports: [{port: 9000}]}"), want: []string{"NP13"}},
		{name: "a mistyped key", manifests: npBase + "---" + npIn("{from: [{podselector: {matchLabels: {app: web}}, ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 9000}]}"), want: []string{"NP13"}},
		{name: "a mistyped key of a selector", manifests: npBase + "---" + npOne("x", "podSelector: {matchLabel: {app: api}}, policyTypes: [Ingress]"), want: []string{"NP13"}},
		{name: "what servers add", manifests: npBase + "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x, namespace: shop, creationTimestamp: null, uid: a}\nspec: {podSelector: {}, policyTypes: [Ingress]}\nstatus: {}\n"},
		{name: "a refused policy explains what it would allow", manifests: npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npWebOut, strings.Replace(npAPIIn, "{port: 9000}", "{port: 9000, endPort: 8000}", 1)), want: []string{"NP13"}},
	})
}

func TestNetworkMesh(t *testing.T) {
	sidecars := strings.Replace(npBase, "metadata: {name: shop}", "metadata: {name: shop, labels: {istio-injection: enabled}}", 1)
	ambient := strings.Replace(npBase, "metadata: {name: shop}", "metadata: {name: shop, labels: {istio.io/dataplane-mode: ambient}}", 1)
	tunnels := strings.ReplaceAll(ambient, "{port: 9000}", "{port: 9000}, {port: 15008}")
	probed := strings.Replace(tunnels, "{name: api, ports:", "{name: api, readinessProbe: {tcpSocket: {port: 9000}}, ports:", 1)
	istiod := func(labels, more string) string {
		return sidecars + "---" + npOne("mesh", "podSelector: {}, policyTypes: [Egress], egress: [{to: [{"+more+labels+"}], ports: [{port: 15012}]}]")
	}
	name := "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}"
	waypoint := func(policies ...string) string {
		return strings.Replace(ambient, "metadata: {name: api, namespace: shop}\nspec: {selector", "metadata: {name: api, namespace: shop, labels: {istio.io/use-waypoint: waypoint}}\nspec: {selector", 1) +
			"---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: waypoint, namespace: shop}\nspec: {gatewayClassName: istio-waypoint, listeners: [{name: mesh, port: 15008, protocol: HBONE}]}\n" +
			"---" + npOne("waypoint", "podSelector: {matchLabels: {gateway.networking.k8s.io/gateway-name: waypoint}}, policyTypes: [Ingress, Egress], ingress: [{from: [{podSelector: {}}], ports: [{port: 15008}]}], egress: [{to: [{podSelector: {}}], ports: [{port: 15008}]}, {to: [{"+name+"}], ports: [{port: 15012}]}]") +
			strings.Join(append([]string{""}, policies...), "---")
	}
	point := "podSelector: {matchLabels: {gateway.networking.k8s.io/gateway-name: waypoint}}"
	out := npOne("web-hop", "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{"+point+"}], ports: [{port: 15008}]}]")
	in := npIn("{from: [{" + point + "}], ports: [{port: 15008}]}")
	npRun(t, []npCase{
		{name: "sidecars without istiod", manifests: sidecars, want: []string{"NP17"}},
		{name: "the namespace of istiod", manifests: istiod("", name)},
		{name: "istiod's pods", manifests: istiod(", podSelector: {matchLabels: {app: istiod}}", name)},
		{name: "istiod by a label that may be there", manifests: istiod("", "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-sytem}}"), want: []string{"NP17"}, skipped: []string{"NP07"}},
		{name: "pods that are not injected", manifests: strings.ReplaceAll(strings.ReplaceAll(sidecars, "labels: {app: web}}", `labels: {app: web, sidecar.istio.io/inject: "false"}}`), "labels: {app: api}}", `labels: {app: api, sidecar.istio.io/inject: "false"}}`)},
		{name: "ambient without tunnels", manifests: ambient, want: []string{"NP18", "NP18"}},
		{name: "ambient with tunnels", manifests: tunnels},
		{name: "probes that nothing lets in", manifests: probed, want: []string{"NP19"}},
		{name: "probes on their port", manifests: probed + "---" + npIn("{from: [{ipBlock: {cidr: 169.254.7.127/32}}], ports: [{port: 9000}]}")},
		{name: "a command is no probe over the network", manifests: strings.Replace(tunnels, "{name: api, ports:", "{name: api, readinessProbe: {exec: {command: [x]}}, ports:", 1)},
		{name: "a waypoint and no hop", manifests: waypoint(), want: []string{"NP18", "NP18"}},
		{name: "a waypoint and one hop", manifests: waypoint(out), want: []string{"NP18"}},
		{name: "a waypoint and both hops", manifests: waypoint(out, in)},
	})
}

func TestNetworkUndeclared(t *testing.T) {
	services := `
  services:
  - {name: web, calls: [api]}
  - name: api
    ports: [{name: http, port: 80, targetPort: 9000}]
    callers: [{namespace: ops, podLabels: {app: portal}}]
    egress: [{cidr: 10.20.0.0/16, port: 5432}]
  - {name: job}
`
	ops := "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}, podSelector: {matchLabels: {app: portal}}}"
	well := npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npWebOut, npAPIIn, npOne("ops", "podSelector: {matchLabels: {app: api}}, policyTypes: [Ingress], ingress: [{from: ["+ops+"], ports: [{port: 9000}]}]"),
		npOne("db", "podSelector: {matchLabels: {app: api}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.20.0.0/16}}], ports: [{port: 5432}]}]"))
	job := npOne("job", "podSelector: {matchLabels: {app: job}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 9000}]}]")
	npRun(t, []npCase{
		{name: "all is declared", manifests: well, model: services},
		{name: "one half opens nothing", manifests: npJoin(well, job), model: services, want: []string{"NP04"}},
		{name: "both halves", manifests: npJoin(well, job, npIn("{from: [{podSelector: {matchLabels: {app: job}}}], ports: [{port: 9000}]}")), model: services, want: []string{"NP05"}},
		{name: "a port that no container has", manifests: npJoin(well, strings.Replace(job, "9000", "9001", 1), npIn("{from: [{podSelector: {matchLabels: {app: job}}}], ports: [{port: 9001}]}")), model: services, want: []string{"NP09"}},
		{name: "all of the caller's namespace", manifests: npJoin(well, npIn("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}}], ports: [{port: 9000}]}")), model: services, want: []string{"NP05"}},
		{name: "all of it, and that is declared", manifests: npJoin(well, npIn("{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}}], ports: [{port: 9000}]}")), model: strings.Replace(services, ", podLabels: {app: portal}", "", 1), skipped: []string{"NP07"}},
		{name: "a part of the declared range", manifests: npJoin(well, npOut("{to: [{ipBlock: {cidr: 10.20.7.0/24}}], ports: [{port: 5432}]}")), model: services},
		{name: "more than the declared range", manifests: npJoin(well, npOut("{to: [{ipBlock: {cidr: 10.16.0.0/12}}], ports: [{port: 5432}]}")), model: services, want: []string{"NP05"}},
		{name: "what is open by default is said once", manifests: npJoin(npShop, npWeb, npAPI), model: services, want: []string{"NP01"}},
		{name: "an expectation that is met", manifests: well, model: services + "  expect: [allow web -> api:80, allow web -> api:9000, deny job -> api, deny internet -> api, allow api -> 10.20.0.1:5432, deny elsewhere/x -> api]\n"},
		{name: "a denial that is not", manifests: well, model: services + "  expect: [deny ops/portal -> api:http]\n", want: []string{"EX01"}},
		{name: "a permission that is not", manifests: well, model: services + "  expect: [allow job -> api]\n", want: []string{"EX01"}},
		{name: "nobody, with two exceptions", manifests: well, model: services + "  expect: [deny * -> api, allow web -> api]\n"},
		{name: "nobody, with the wrong exception", manifests: well, model: services + "  expect: [deny * -> api, allow web -> api:9001]\n", want: []string{"EX01", "EX01"}},
		{name: "a front door that nobody knows", manifests: well, model: services + "  expect: [allow front-door -> web]\n", skipped: []string{"EX01"}},
	})
}

// TestNetworkGuide: the practice guide's two policies with the workloads that
// they are for. They allow nothing: no DNS, half of the one connection, and no
// way in from outside.
func TestNetworkGuide(t *testing.T) {
	workload := func(name, container string) string {
		return "\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + name + "}\nspec: {template: {metadata: {labels: {app: " + name + "}}, spec: {containers: [{name: a, " + container + "}]}}}\n"
	}
	guide := npJoin(`
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
`, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: allow-frontend-backend}
spec:
  podSelector: {matchLabels: {app: backend}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: frontend}}}]
    ports: [{protocol: TCP, port: 8080}]
`, workload("frontend", `ports: [{containerPort: 3000}], env: [{name: BACKEND, value: "http://backend:8080"}]`), workload("backend", "ports: [{containerPort: 8080}]"), `
apiVersion: v1
kind: Service
metadata: {name: backend}
spec: {selector: {app: backend}, ports: [{port: 8080}]}
`, `
apiVersion: v1
kind: Service
metadata: {name: frontend}
spec: {type: LoadBalancer, selector: {app: frontend}, ports: [{port: 80, targetPort: 3000}]}
`)
	npRun(t, []npCase{{name: "as it stands", manifests: guide, want: []string{"NP03", "NP04", "NP15"}}})
}
