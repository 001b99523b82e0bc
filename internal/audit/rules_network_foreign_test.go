package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/tree"
)

// npFound are the findings of the network's rules: "error NP01", "warning NP03".
func npFound(t *testing.T, manifests string) (severities []string, texts string) {
	t.Helper()
	files := tree.New()
	files.Set("all.yaml", []byte(manifests))
	w, _ := world(t, files, ".")
	r, err := Run(t.Context(), w, Options{Rules: []string{"NP"}, Today: today})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.Findings {
		word := "error"
		if f.Severity == diag.Warning {
			word = "warning"
		}
		severities = append(severities, word+" "+f.Rule.ID)
	}
	slices.Sort(severities)
	return severities, strings.Join(open(r), "\n")
}

// TestNetworkSeverities: what does not work is an error, what may be well, or is
// somebody else's to write, a warning.
func TestNetworkSeverities(t *testing.T) {
	dns := func(ports string) string {
		return npOne("dns", "podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: ["+ports+"]}]")
	}
	in := func(ports string) string {
		return npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npWebOut, strings.Replace(npAPIIn, "{port: 9000}", ports, 1))
	}
	alone := npJoin(npDeny)
	for name, test := range map[string]struct {
		manifests string
		want      []string
	}{
		"DNS over UDP alone":                        {npJoin(npShop, npWeb, npAPI, npDeny, npWebOut, npAPIIn, dns("{port: 53, protocol: UDP}")), []string{"warning NP03"}},
		"DNS over TCP alone":                        {npJoin(npShop, npWeb, npAPI, npDeny, npWebOut, npAPIIn, dns("{port: 53}")), []string{"error NP03"}},
		"policies alone, without DNS":               {alone, []string{"error NP03"}},
		"policies alone, DNS over UDP":              {npJoin(alone, dns("{port: 53, protocol: UDP}")), []string{"warning NP03"}},
		"policies alone, DNS by a name":             {npJoin(alone, dns("{port: dns, protocol: UDP}, {port: dns-tcp}")), nil},
		"policies alone, DNS of one app":            {npJoin(alone, strings.Replace(npDNS, "podSelector: {}", "podSelector: {matchLabels: {app: web}}", 1)), nil},
		"policies alone, everything out":            {npJoin(alone, npOne("out", "podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/9}}]}]")), nil},
		"policies alone, an ingress rule for 53":    {npJoin(alone, npOne("in", "podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}], ports: [{port: 53}, {port: 53, protocol: UDP}]}]")), []string{"error NP03"}},
		"policies alone, egress is not isolated":    {strings.Replace(alone, "[Ingress, Egress]", "[Ingress]", 1), []string{"warning NP01"}},
		"no policy, and the Namespace":              {npJoin(npShop, npWeb, npAPI), []string{"error NP01"}},
		"no policy, and no Namespace":               {npJoin(npWeb, npAPI), []string{"warning NP01"}},
		"ingress alone, and the Namespace":          {npJoin(npShop, npAPI, npOne("deny", "podSelector: {}, policyTypes: [Ingress]")), []string{"warning NP01"}},
		"ingress alone, and no Namespace":           {npJoin(npAPI, npOne("deny", "podSelector: {}, policyTypes: [Ingress]")), []string{"warning NP01"}},
		"a port that nobody declares":               {in("{port: 9000}, {port: 5433}"), []string{"warning NP09"}},
		"nor that one, and it is the only":          {in("{port: 5433}"), []string{"error NP04", "warning NP09"}},
		"of containers that declare none":           {strings.Replace(in("{port: 9000}, {port: 5433}"), "ports: [{name: http, containerPort: 9000}]", "image: x", 1), nil},
		"a port that is probed":                     {strings.Replace(in("{port: 9000}, {port: 5433}"), "{name: api, ports:", "{name: api, livenessProbe: {httpGet: {port: 5433}}, ports:", 1), nil},
		"a port that is scraped":                    {strings.Replace(in("{port: 9000}, {port: 5433}"), "labels: {app: api}}", `labels: {app: api}, annotations: {prometheus.io/port: "5433"}}`, 1), nil},
		"a port that a Service leads to":            {strings.Replace(in("{port: 9000}, {port: 5433}"), "targetPort: 9000}]", "targetPort: 9000}, {name: pg, port: 5, targetPort: 5433}]", 1), nil},
		"the tunnel's port":                         {in("{port: 9000}, {port: 15008}"), nil},
		"name=kube-system, and no Namespace":        {npJoin(npDeny, npDNS, strings.Replace(dns("{port: 53}"), "kubernetes.io/metadata.name", "name", 1)), []string{"warning NP20"}},
		"name=team, and no Namespace":               {npJoin(npDeny, npDNS, strings.Replace(dns("{port: 53}"), "kubernetes.io/metadata.name: kube-system", "name: team", 1)), nil},
		"another key with the name, no Namespace":   {npJoin(npDeny, npDNS, strings.Replace(dns("{port: 53}"), "kubernetes.io/metadata.name", "team", 1)), nil},
		"name=kube-system, which a Namespace there": {npJoin(strings.Replace(npShop, "shop}", "kube-system, labels: {name: kube-system}}", 1), npDeny, npDNS, strings.Replace(dns("{port: 53}"), "kubernetes.io/metadata.name", "name", 1)), nil},
	} {
		got, texts := npFound(t, test.manifests)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", name, diff, texts)
		}
	}
}

// TestNetworkHalves: rules that admit whom another end's policies hold back, with
// the pods given and by the policies alone.
func TestNetworkHalves(t *testing.T) {
	silent := strings.Replace(npWeb, `, env: [{name: API_ADDR, value: "api:80"}]`, "", 1)
	with := func(policies ...string) string {
		return npJoin(append([]string{npShop, silent, npAPI, npDeny, npDNS}, policies...)...)
	}
	alone := func(policies ...string) string { return npJoin(append([]string{npDeny, npDNS}, policies...)...) }
	half := []string{"warning NP04"}
	cilium := "\napiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: web, namespace: shop}\nspec: {endpointSelector: {matchLabels: {app: web}}, egress: [{}]}\n"
	for name, test := range map[string]struct {
		manifests string
		want      []string
	}{
		"both halves":                          {with(npWebOut, npAPIIn), nil},
		"in alone":                             {with(npAPIIn), half},
		"out alone":                            {with(npWebOut), half},
		"out to every pod of the namespace":    {with(npAPIIn, strings.Replace(npWebOut, "matchLabels: {app: api}", "", 1)), nil},
		"out to a range that may hold pods":    {with(npAPIIn, npOne("w", "podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 10.0.0.0/9}}], ports: [{port: 9000}]}]")), nil},
		"in from every pod of the namespace":   {with(strings.Replace(npAPIIn, "matchLabels: {app: web}", "", 1)), nil},
		"the caller is not isolated":           {npJoin(npShop, silent, npAPI, npOne("deny", "podSelector: {}, policyTypes: [Ingress]"), npAPIIn), []string{"warning NP01"}},
		"a plugin's policy may let it out":     {with(npAPIIn, cilium), nil},
		"a declared connection is said once":   {npJoin(npShop, npWeb, npAPI, npDeny, npDNS, npAPIIn), []string{"error NP04"}},
		"alone, both halves":                   {alone(npWebOut, npAPIIn), nil},
		"alone, in":                            {alone(npAPIIn), half},
		"alone, out":                           {alone(npWebOut), half},
		"alone, on other ports":                {alone(npAPIIn, strings.Replace(npWebOut, "9000", "9001", 1)), []string{"warning NP04", "warning NP04"}},
		"alone, out by a port's name":          {alone(npAPIIn, strings.Replace(npWebOut, "port: 9000", "port: http", 1)), nil},
		"alone, out by another label":          {alone(npAPIIn, strings.Replace(npWebOut, "matchLabels: {app: web}", "matchLabels: {tier: front}", 1)), nil},
		"alone, to pods by another label":      {alone(npAPIIn, strings.Replace(npWebOut, "matchLabels: {app: api}", "matchLabels: {tier: back}", 1)), nil},
		"alone, out of other pods":             {alone(npAPIIn, strings.Replace(npWebOut, "matchLabels: {app: web}", "matchLabels: {app: job}", 1)), []string{"warning NP04", "warning NP04"}},
		"alone, from a namespace without any":  {alone(strings.Replace(npAPIIn, "{podSelector: {matchLabels: {app: web}}}]", "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}, podSelector: {matchLabels: {app: web}}}]", 1)), nil},
		"alone, from a namespace that denies":  {alone(strings.Replace(npAPIIn, "{podSelector: {matchLabels: {app: web}}}]", "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ops}}, podSelector: {matchLabels: {app: web}}}]", 1), strings.ReplaceAll(npDeny, "shop", "ops"), strings.ReplaceAll(npDNS, "shop", "ops")), half},
		"alone, from nobody knows which place": {alone(strings.Replace(npAPIIn, "{podSelector: {matchLabels: {app: web}}}]", "{namespaceSelector: {matchLabels: {team: x}}, podSelector: {matchLabels: {app: web}}}]", 1)), nil},
	} {
		got, texts := npFound(t, test.manifests)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", name, diff, texts)
		}
	}
}

// TestNetworkDoorTunnels: a gateway of the mesh comes to pods in ambient mode by
// the tunnel's port, and one outside of it does not.
func TestNetworkDoorTunnels(t *testing.T) {
	door := func(class string) string {
		return "\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: shop}\nspec: {gatewayClassName: " + class + ", listeners: [{name: http, port: 80, protocol: HTTP}]}\n" +
			"---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: api, namespace: shop}\nspec: {parentRefs: [{name: edge}], rules: [{backendRefs: [{name: api, port: 80}]}]}\n"
	}
	ambient := func(class, mode, ports string) string {
		return npJoin(strings.Replace(npShop, "shop}", "shop, labels: {istio.io/dataplane-mode: "+mode+"}}", 1), npAPI, npDeny, npDNS, door(class),
			npOne("edge", "podSelector: {matchLabels: {gateway.networking.k8s.io/gateway-name: edge}}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: 80}]}], egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: 9000}, {port: 15008}]}, {to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}}], ports: [{port: 15012}]}]"),
			npOne("mesh", "podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{ipBlock: {cidr: 169.254.7.127/32}}]}]"),
			npIn("{from: [{podSelector: {matchLabels: {gateway.networking.k8s.io/gateway-name: edge}}}], ports: ["+ports+"]}"))
	}
	for name, test := range map[string]struct {
		manifests string
		want      string
	}{
		"the tunnel's port alone":            {ambient("istio", "ambient", "{port: 15008}"), ""},
		"both ports":                         {ambient("istio", "ambient", "{port: 15008}, {port: 9000}"), ""},
		"the container's alone":              {ambient("istio", "ambient", "{port: 9000}"), "NP18"},
		"neither":                            {ambient("istio", "ambient", "{port: 7}"), "NP15"},
		"pods outside of the mesh":           {ambient("istio", "none", "{port: 15008}"), "NP15"},
		"pods outside, the container's port": {ambient("istio", "none", "{port: 9000}"), ""},
	} {
		files := tree.New()
		files.Set("all.yaml", []byte(test.manifests))
		w, _ := world(t, files, ".")
		r, err := Run(t.Context(), w, Options{Rules: []string{"NP15", "NP18"}, Today: today})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, strings.Join(fired(r), " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s\n%s", name, diff, strings.Join(open(r), "\n"))
		}
	}
}

// TestNetworkTexts: what findings call a namespace that nobody names, and whom
// they take a mistyped peer for.
func TestNetworkTexts(t *testing.T) {
	nowhere := strings.ReplaceAll(npJoin(npWeb, npAPI, npDeny, npDNS, npWebOut, npAPIIn, npIn("{from: [{podSelector: {matchLabels: {app: apu}}}], ports: [{port: 9000}]}")), ", namespace: shop", "")
	_, texts := npFound(t, nowhere)
	if !strings.Contains(texts, "no pod of the namespace that they are applied to has the labels app=apu") {
		t.Errorf("a namespace without a name:\n%s", texts)
	}
	if strings.Contains(texts, "did you mean the pods of api") {
		t.Errorf("a policy's own pods are taken for its peer:\n%s", texts)
	}
	_, texts = npFound(t, npBase+"---"+npIn("{from: [{podSelector: {matchLabels: {app: wep}}}], ports: [{port: 9000}]}"))
	if !strings.Contains(texts, "did you mean the pods of web: {matchLabels: {app: web}}?") {
		t.Errorf("another's pods are not:\n%s", texts)
	}
}
