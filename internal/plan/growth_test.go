package plan

import (
	"fmt"
	"testing"

	"kgen.dev/kgen/internal/tree"
)

// application is what a model of n services may make, each service's files with
// something of their own and the version that is asked for.
func application(n int, version string) *tree.Tree {
	out := tree.New()
	for i := range n {
		for _, dir := range []string{"networking/network-policies", "networking/services", "networking/service-mesh", "monitoring/network-metrics", "monitoring/alerts"} {
			out.Set(fmt.Sprintf("%s/service-%05d.yaml", dir, i), fmt.Appendf(nil,
				"apiVersion: v1\nkind: Service\nmetadata:\n  name: service-%05d\n  labels:\n    part: %s\nspec:\n  ports:\n  - port: 80\n    name: %s\n", i, dir[len(dir)-5:], version))
		}
	}
	return out
}

// inputs are the three cases that a run meets: everything is new, nothing is to
// be done, everything changes.
func inputs(n int) map[string]Input {
	one, two := application(n, "http"), application(n, "http2")
	return map[string]Input{
		"new":     {Base: NewBase(tree.New()), Disk: tree.New(), Wanted: one},
		"nothing": {Base: NewBase(one), Disk: one, Wanted: one},
		"changed": {Base: NewBase(one), Disk: one, Wanted: two},
	}
}

func TestMakeGrowsInAStraightLine(t *testing.T) {
	const n = 200
	small, middle, large := inputs(n), inputs(2*n), inputs(4*n)
	for name := range small {
		allocated := func(in Input) float64 {
			return testing.AllocsPerRun(3, func() {
				p, err := Make(in)
				if err != nil {
					t.Fatal(err)
				}
				p.Removed()
			})
		}
		one, two, four := allocated(small[name]), allocated(middle[name]), allocated(large[name])
		if four-two > 2.1*(two-one)+100 {
			t.Errorf("%s: %v allocations for %d services, %v for twice, %v for four times as many", name, one, n, two, four)
		}
	}
}

// TestRemovedReadsWhatChanged holds that a run which only makes files does not
// read them again to see what has gone.
func TestRemovedReadsWhatChanged(t *testing.T) {
	p, err := Make(inputs(100)["new"])
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(3, func() { p.Removed() }); n > 10 {
		t.Errorf("%v allocations for 500 files that are new", n)
	}
}

func BenchmarkMake(b *testing.B) {
	for _, n := range []int{10, 100, 1000, 10000} {
		for name, in := range inputs(n) {
			b.Run(fmt.Sprint(n, "/", name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Make(in); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
