package mesh

import (
	"fmt"
	"math"
	"testing"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/namespace"
	"kgen.dev/kgen/conformance/record"
)

// TestMesh has one caller, of the one identity that the model lets in, from the
// beginning to the end: whatever moves, moves under way.
func TestMesh(t *testing.T) {
	if !namespace.Inside(t) {
		for _, name := range []string{"etcd", "kube-apiserver", "istiod", "workload"} {
			component.Build(t, name)
		}
		component.Modules(t, "crds")
		kgen, err := component.Kgen(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(kgenVariable, kgen)
		namespace.Run(t)
		return
	}
	record.Start(t, record.Mesh, "istiod and gRPC without proxies do what the manifests say, for 10,000 calls at each weight: splits, kgen canary without a lost call, callers by certificate, STRICT, the breaker; broken ones are seen")
	w := newWorld(t)
	cartV1.serve(t, w.authority, cartTarget)
	cartV2.serve(t, w.authority, cartTarget)
	caller := start(t, "web", web.identify(t, w.authority, w.authority), "call", target)
	w.settle(t, caller)
	t.Run("split", func(t *testing.T) { w.split(t, caller) })
	t.Run("release", func(t *testing.T) { w.release(t, caller) })
	t.Run("order", func(t *testing.T) { w.order(t, caller) })
	t.Run("callers", func(t *testing.T) { w.callers(t, caller) })
	t.Run("strict", func(t *testing.T) { w.strict(t, caller) })
	t.Run("breaker", func(t *testing.T) { w.breaker(t, caller) })
}

// target is cart by its name in the mesh.
var target = fmt.Sprintf("xds:///cart.shop.svc.cluster.local:%d", cartPort)

// manyCalls are enough to tell a percent from none, and 10 from 15.
const manyCalls = 10_000

// uneven says how a tally differs from a canary that gets weight percent: by more
// than four standard deviations, by a call that failed, or by an answer of
// somebody else.
func uneven(got tally, weight int) error {
	if got.failed() > 0 {
		return fmt.Errorf("calls fail: %s", got)
	}
	n, p := got.answered(), float64(weight)/100
	if v1, v2 := got.Answers["v1"], got.Answers["v2"]; v1+v2 != n || n == 0 {
		return fmt.Errorf("not v1 and v2 alone: %s", got)
	}
	want := float64(n) * p
	limit := 4 * math.Sqrt(float64(n)*p*(1-p))
	if off := math.Abs(float64(got.Answers["v2"]) - want); off > limit {
		return fmt.Errorf("v2 has %d of %d, want %.0f and at most %.0f more or less", got.Answers["v2"], n, want, limit)
	}
	return nil
}
