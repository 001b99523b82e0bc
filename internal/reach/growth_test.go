package reach_test

import (
	"testing"

	"kgen.dev/kgen/internal/reach"
)

// TestWorkGrowsInAStraightLine counts what is allocated and what is kept, which
// no other load of the machine changes: ten times the services are at most
// twelve times the work, with the policies that kgen writes and with wide ones,
// in many namespaces and in one.
func TestWorkGrowsInAStraightLine(t *testing.T) {
	for _, shape := range shapes {
		measure := func(n int) (allocations float64, classes, pairs int) {
			s := newShop(t, n, shape)
			allocations = testing.AllocsPerRun(1, func() {
				set, err := reach.New(s.objects, reach.BlocksMatchExternal)
				if err != nil {
					t.Fatal(err)
				}
				c := set.Connections(shape.layer, s.workloads)
				classes, pairs = 0, 0
				for range c.Classes() {
					classes++
				}
				if shape.pairs {
					for range c.Pairs() {
						pairs++
					}
				}
			})
			return allocations, classes, pairs
		}
		few, fewClasses, fewPairs := measure(100)
		many, manyClasses, manyPairs := measure(1_000)
		t.Logf("%s: %.0f and %.0f allocations, %d and %d classes, %d and %d pairs", shape.name, few, many, fewClasses, manyClasses, fewPairs, manyPairs)
		if many > 12*few || manyClasses > 12*fewClasses || manyPairs > 12*fewPairs {
			t.Errorf("%s: ten times the services are more than twelve times the work", shape.name)
		}
	}
}

// TestShop: the sparse result is the right one: every declared edge, DNS and
// the scrape, and nothing else.
func TestShop(t *testing.T) {
	const n = 120
	s := newShop(t, n, shapes[0])
	set, err := reach.New(s.objects, reach.BlocksMatchExternal)
	if err != nil {
		t.Fatal(err)
	}
	c := set.Connections(reach.Network, s.workloads)
	found := map[string]string{}
	for p := range c.Pairs() {
		found[p.From.Workload.Name+" "+p.To.Workload.Name] = p.Ports.Text()
	}
	want := map[string]string{"dns prometheus": "all ports", "prometheus dns": "all ports"}
	for i := range n {
		_, name := service(i)
		want[name+" dns"] = "53/TCP, 53/UDP"
		want["prometheus "+name] = "9102/TCP"
		for _, j := range callees(i, n) {
			_, callee := service(j)
			want[name+" "+callee] = reach.TCP(8080 + j%20).Text()
		}
	}
	for key, ports := range want {
		if found[key] != ports {
			t.Errorf("%s: %q, want %s", key, found[key], ports)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d pairs, want %d", len(found), len(want))
	}
}
