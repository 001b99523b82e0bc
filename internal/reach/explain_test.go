package reach_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// explanation is everything that Explain says, line by line.
func explanation(e reach.Explanation) []string {
	out := []string{string(e.Answer)}
	for _, r := range e.Routes {
		if r.Via != nil {
			out = append(out, "through "+r.Via.Text()+": "+string(r.Answer))
		}
		for _, reason := range r.Reasons {
			out = append(out, string(reason.Verdict)+": "+reason.Text())
		}
	}
	for _, c := range e.Changes {
		out = append(out, "> "+c.Text())
	}
	return append(out, e.Notes...)
}

// TestExplain: every policy and rule that decides, with its place, and what
// would turn the answer.
func TestExplain(t *testing.T) {
	objects, err := manifest.Parse("shop.yaml", []byte(`apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress, Egress]
  egress:
  - to:
    - podSelector: {matchLabels: {app: api}}
    ports:
    - port: 8080
  - to:
    - podSelector: {}
    ports:
    - port: 8080
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  ingress:
  - from:
    - podSelector: {matchLabels: {app: admin}}
`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := reach.New(objects, reach.BlocksMatchExternal)
	if err != nil {
		t.Fatal(err)
	}
	pod := func(namespace, name string) reach.Endpoint {
		return reach.Pod(&reach.Workload{Namespace: namespace, Name: name, Labels: map[string]string{"app": name}})
	}
	for _, test := range []struct {
		name     string
		from, to reach.Endpoint
		port     reach.Port
		want     []string
	}{
		{"the other half is missing", pod("shop", "web"), pod("shop", "api"), reach.TCP(8080), []string{
			"denied",
			"admits: egress rule 1 of NetworkPolicy shop/web (shop.yaml:15:5) admits shop/api on 8080/TCP",
			"admits: egress rule 2 of NetworkPolicy shop/web (shop.yaml:19:5) admits shop/api on 8080/TCP",
			"isolates: NetworkPolicy shop/default-deny (shop.yaml:1:1) isolates shop/api for ingress and has no rule for shop/web on 8080/TCP",
			"isolates: NetworkPolicy shop/api (shop.yaml:24:1) isolates shop/api for ingress and has no rule for shop/web on 8080/TCP",
			"> add an ingress rule for pods app=web, port 8080/TCP, to NetworkPolicy shop/api (shop.yaml:29:3)"}},
		{"both halves are missing", pod("shop", "db"), pod("shop", "api"), reach.TCP(80), []string{
			"denied",
			"isolates: NetworkPolicy shop/default-deny (shop.yaml:1:1) isolates shop/db for egress and has no rule for shop/api on 80/TCP",
			"isolates: NetworkPolicy shop/default-deny (shop.yaml:1:1) isolates shop/api for ingress and has no rule for shop/db on 80/TCP",
			"isolates: NetworkPolicy shop/api (shop.yaml:24:1) isolates shop/api for ingress and has no rule for shop/db on 80/TCP",
			"> add an egress rule for pods app=api, port 80/TCP, for shop/db to a NetworkPolicy of its own (NetworkPolicy shop/default-deny (shop.yaml:4:1) is for all pods of the namespace)",
			"> add an ingress rule for pods app=db, port 80/TCP, to NetworkPolicy shop/api (shop.yaml:29:3)"}},
		{"from another namespace", pod("jobs", "job"), pod("shop", "api"), reach.UDP(9), []string{
			"denied",
			"open: no policy isolates jobs/job for egress",
			"isolates: NetworkPolicy shop/default-deny (shop.yaml:1:1) isolates shop/api for ingress and has no rule for jobs/job on 9/UDP",
			"isolates: NetworkPolicy shop/api (shop.yaml:24:1) isolates shop/api for ingress and has no rule for jobs/job on 9/UDP",
			"> add an ingress rule for pods app=job in namespace jobs, port 9/UDP, to NetworkPolicy shop/api (shop.yaml:29:3)"}},
		{"allowed by nobody's word", pod("jobs", "job"), pod("jobs", "other"), reach.TCP(1), []string{
			"allowed",
			"open: no policy isolates jobs/job for egress",
			"open: no policy isolates jobs/other for ingress",
			"> isolate jobs/job with a NetworkPolicy in namespace jobs that has the policy type Egress",
			"> isolate jobs/other with a NetworkPolicy in namespace jobs that has the policy type Ingress"}},
		{"allowed by a rule", pod("shop", "web"), pod("jobs", "api"), reach.TCP(8080), []string{
			"denied",
			"isolates: NetworkPolicy shop/default-deny (shop.yaml:1:1) isolates shop/web for egress and has no rule for jobs/api on 8080/TCP",
			"isolates: NetworkPolicy shop/web (shop.yaml:8:1) isolates shop/web for egress and has no rule for jobs/api on 8080/TCP",
			"open: no policy isolates jobs/api for ingress",
			"> add an egress rule for pods app=api in namespace jobs, port 8080/TCP, to NetworkPolicy shop/web (shop.yaml:14:3)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, explanation(s.Explain(reach.Network, test.from, test.to, test.port))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestExplainMesh: the mesh's reasons, hop by hop.
func TestExplainMesh(t *testing.T) {
	w := newMeshWorld()
	for _, test := range []struct {
		name     string
		layer    reach.Layer
		policies []string
		from, to string
		want     []string
	}{
		{"nobody says anything", reach.MeshPolicy, nil, "web", "api", []string{
			"allowed", "open: no AuthorizationPolicy restricts shop/api"}},
		{"not in the mesh", reach.MeshPolicy, nil, "web", "old", []string{"allowed", "open: shop/old is not in the mesh"}},
		{"plaintext", reach.MeshPolicy, []string{strictShop}, "old", "api", []string{
			"denied",
			"refuses: shop/api takes mutual TLS alone on 8080/TCP, and shop/old speaks plaintext: PeerAuthentication shop/p0 (m.yaml:2:122) is STRICT",
			"> bring shop/old into the mesh, or let shop/api take plaintext on 8080/TCP with portLevelMtls in a PeerAuthentication that selects it (PeerAuthentication shop/p0 at m.yaml:2:122 says STRICT)"}},
		{"not named", reach.MeshPolicy, []string{"AP shop: ", "AP shop: " + forAPI + "rules: [{" + fromW + "}]"}, "job", "api", []string{
			"denied",
			"isolates: AuthorizationPolicy shop/p0 (m.yaml:2:1) restricts shop/api and has no rule for jobs/job on 8080/TCP",
			"isolates: AuthorizationPolicy shop/p1 (m.yaml:4:1) restricts shop/api and has no rule for jobs/job on 8080/TCP",
			"> add a rule for the principal cluster.local/ns/jobs/sa/job, port 8080, to AuthorizationPolicy shop/p1 (m.yaml:4:147)"}},
		{"named", reach.MeshPolicy, []string{"AP shop: ", "AP shop: " + forAPI + "rules: [{" + fromW + "}]"}, "web", "api", []string{
			"allowed",
			"admits: rule 1 of AuthorizationPolicy shop/p1 (m.yaml:4:155) admits shop/web on 8080/TCP",
			"> remove or narrow rule 1 of AuthorizationPolicy shop/p1 (m.yaml:4:155)"}},
		{"denied by a rule", reach.MeshPolicy, []string{"AP shop: action: DENY, rules: [{" + fromW + "}]"}, "web", "api", []string{
			"denied",
			"refuses: rule 1 of AuthorizationPolicy shop/p0 (m.yaml:2:132) denies shop/web on 8080/TCP",
			"> except shop/web from rule 1 of AuthorizationPolicy shop/p0 (m.yaml:2:132)"}},
		{"some requests", reach.MeshPolicy, []string{"AP shop: rules: [{to: [{operation: {methods: [GET]}}]}]"}, "web", "api", []string{
			"allowed for some requests",
			"partly: rule 1 of AuthorizationPolicy shop/p0 (m.yaml:2:118) is for some requests of shop/web on 8080/TCP (it allows them)",
			"> remove or narrow rule 1 of AuthorizationPolicy shop/p0 (m.yaml:2:118)"}},
		{"the way on from the waypoint is closed", reach.All, []string{
			"NP calm: podSelector: {matchLabels: {app: three}}, ingress: [{from: [{podSelector: {matchLabels: {app: one}}}]}]",
			"NP calm: podSelector: {matchLabels: {app: one}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: way}}}], ports: [{port: 15008}]}]"}, "one", "three", []string{
			"denied",
			"isolates: NetworkPolicy calm/p1 (m.yaml:4:1) isolates calm/one for egress and has no rule for calm/three on 15008/TCP",
			"admits: ingress rule 1 of NetworkPolicy calm/p0 (m.yaml:2:156) admits calm/one on 15008/TCP",
			"open: no AuthorizationPolicy restricts calm/three",
			"through calm/way: denied",
			"admits: egress rule 1 of NetworkPolicy calm/p1 (m.yaml:4:176) admits calm/way on 15008/TCP",
			"open: no policy isolates calm/way for ingress",
			"open: no policy isolates calm/way for egress",
			"isolates: NetworkPolicy calm/p0 (m.yaml:2:1) isolates calm/three for ingress and has no rule for calm/way on 15008/TCP",
			"open: no AuthorizationPolicy restricts calm/three (at the waypoint calm/way, for Service three)",
			"open: no AuthorizationPolicy restricts calm/three",
			"> add an ingress rule for pods app=way, port 15008/TCP, to NetworkPolicy calm/p0 (m.yaml:2:146)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := meshSet(t, test.policies...)
			if diff := cmp.Diff(test.want, explanation(s.Explain(test.layer, w[test.from], w[test.to], reach.TCP(8080)))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
