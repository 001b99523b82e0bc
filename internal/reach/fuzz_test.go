package reach_test

import (
	"testing"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// FuzzPolicies: whatever stands in policies, nothing panics, and Connections
// and Allowed agree.
func FuzzPolicies(f *testing.F) {
	for _, c := range semantics {
		f.Add([]byte(policies(c.policies...)))
	}
	for _, c := range invalid {
		f.Add([]byte(policies(c.spec)))
	}
	for seed := range uint64(20) {
		f.Add([]byte(newChance(seed).text))
	}
	f.Add([]byte("{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: a}, spec: {action: DENY, selector: {matchLabels: {app: web}}, rules: [{from: [{source: {ipBlocks: [x]}}], to: [{operation: {ports: ['x']}}], when: [{key: request.headers}]}]}}"))
	f.Add([]byte("{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: a}, spec: {mtls: {mode: STRICT}, portLevelMtls: {0: {mode: X}}}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, _ := manifest.Parse("f.yaml", data)
		set, _ := reach.New(objects, reach.BlocksMatchPods)
		w := newMeshWorld()
		list := w.workloads()
		for _, name := range sorted(world) {
			if x := world[name].Workload; x != nil {
				list = append(list, x)
			}
		}
		for _, layer := range []reach.Layer{reach.Network, reach.MeshPolicy, reach.All} {
			all := set.Connections(layer, list)
			for c := range all.Pairs() {
				_ = c.Text()
			}
			for c := range all.Outside() {
				_ = c.Text()
			}
			for range all.Classes() {
			}
			for _, to := range []reach.Endpoint{world["db"], world["far"], w["three"], reach.OwnNode()} {
				e := set.Explain(layer, world["web"], to, reach.TCP(9090))
				_ = explanation(e)
				if layer != reach.Network || to.Workload == nil || world["web"].Workload == to.Workload {
					continue
				}
				if ok, _ := set.Allowed(world["web"], to, reach.TCP(9090)); ok != inConnections(all, world["web"], to, reach.TCP(9090)) || ok != (e.Answer == reach.Allowed) {
					t.Errorf("web -> %s: Allowed says %t, and others otherwise", to.Text(), ok)
				}
			}
			reach.Compare(all, set.Connections(layer, list[:len(list)/2]))
		}
	})
}
