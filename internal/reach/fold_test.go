package reach_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// TestFoldIsExact: folded or one by one, the connections are the same: those of
// Pairs, each once; and of each pair the groups that hold it say what it may do,
// no more and no less. Sets of all sizes are taken as large ones are, and as
// small ones are.
func TestFoldIsExact(t *testing.T) {
	defer reach.TakeOneByOne(reach.TakeOneByOne(0))
	worlds := 1_500
	if raceEnabled {
		worlds /= 10
	}
	large := 0
	for seed := range uint64(worlds) {
		reach.TakeOneByOne(int(seed % 4))
		d := dice{rand.New(rand.NewPCG(seed, 21))}
		texts := d.randomMesh()
		s := meshSet(t, texts...)
		for _, layer := range []reach.Layer{reach.Network, reach.MeshPolicy, reach.All} {
			c := s.Connections(layer, newMeshWorld().workloads())
			large += unlike(t, fmt.Sprintf("%d: %s:\n%s", seed, layer, strings.Join(texts, "\n")), c)
		}
		chance := newChance(seed)
		objects, err := manifest.Parse("p.yaml", []byte(chance.text))
		if err != nil {
			t.Fatal(err)
		}
		set, err := reach.New(objects, reach.BlocksMatchPods)
		if err != nil {
			t.Fatal(err)
		}
		large += unlike(t, fmt.Sprintf("%d: %s", seed, chance.text), set.Connections(reach.Network, chance.workloads()))
	}
	if large < worlds {
		t.Errorf("%d groups of many, too few to mean anything", large)
	}
}

// unlike holds what is folded against Pairs. It gives how many groups have
// several workloads at both ends.
func unlike(t *testing.T, what string, c *reach.Connections) (large int) {
	t.Helper()
	way := func(con reach.Connection) string {
		if con.Via != nil {
			return " via " + con.Via.Text()
		}
		return ""
	}
	type said struct{ ports, some reach.Ports }
	claims := map[string]reach.Claim{}
	ways := map[string]string{}
	folded := c.Fold(func(w *reach.Workload) string { return w.Namespace[:1] }, func(con reach.Connection) (reach.Claim, bool) {
		text := con.PortsText() + way(con)
		claims[text] = reach.Claim{Ports: con.Ports, Some: con.Some}
		ways[text] = way(con)
		return reach.Claim{Ports: con.Ports, Some: con.Some, Text: text}, true
	})
	key := func(from, to *reach.Workload, via string) string { return from.Text() + " -> " + to.Text() + via }
	got := map[string]said{}
	add := func(from, to *reach.Workload, text string) {
		k := key(from, to, ways[text])
		got[k] = said{got[k].ports.Union(claims[text].Ports), got[k].some.Union(claims[text].Some)}
	}
	for _, g := range folded.Groups() {
		if len(g.From) > 1 && len(g.To) > 1 {
			large++
		}
		for _, from := range g.From {
			for _, to := range g.To {
				if (from == to) == g.Itself {
					add(from, to, g.Text)
				}
			}
		}
	}
	var pairs, one []string
	for con := range c.Pairs() {
		pairs = append(pairs, con.Text())
		k := key(con.From.Workload, con.To.Workload, way(con))
		g, known := got[k]
		if !known || !g.ports.Equal(con.Ports) || !g.some.Minus(g.ports).Equal(con.Some) {
			t.Fatalf("%s\n%s: the groups say %s and some of %s", what, con.Text(), g.ports.Text(), g.some.Text())
		}
		delete(got, k)
	}
	for k, g := range got {
		t.Fatalf("%s\n%s: %s is in a group and not among the pairs", what, k, g.ports.Text())
	}
	for _, con := range folded.Connections() {
		one = append(one, con.Text())
	}
	if strings.Join(pairs, "\n") != strings.Join(one, "\n") || folded.Count != len(pairs) {
		t.Fatalf("%s\n%d pairs:\n%s\n%d folded (%d):\n%s", what, len(pairs), strings.Join(pairs, "\n"), len(one), folded.Count, strings.Join(one, "\n"))
	}
	return large
}

// allocated is how many bytes a function takes from the heap: what is copied
// again and again shows there, and no load of the machine does.
func allocated(do func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}

// TestFoldGrowsInAStraightLine: where nothing restricts every pair, as in the
// mesh's layer alone, ten times the workloads are at most twenty times the bytes
// (lists and maps double as they grow), and twelve times the lines.
func TestFoldGrowsInAStraightLine(t *testing.T) {
	for _, shape := range shapes {
		measure := func(n int) (bytes float64, groups int) {
			s := newShop(t, n, shape)
			set, err := reach.New(s.objects, reach.BlocksMatchExternal)
			if err != nil {
				t.Fatal(err)
			}
			c := set.Connections(shape.layer, s.workloads)
			bytes = allocated(func() {
				f := c.Fold(func(*reach.Workload) string { return "" }, func(con reach.Connection) (reach.Claim, bool) {
					return reach.Claim{Ports: con.Ports, Some: con.Some, Text: con.PortsText()}, true
				})
				groups = len(f.Groups())
			})
			return bytes, groups
		}
		few, fewGroups := measure(200)
		many, manyGroups := measure(2_000)
		t.Logf("%s: %.1f and %.1f MB, %d and %d groups", shape.name, few/1e6, many/1e6, fewGroups, manyGroups)
		if many > 20*few || manyGroups > 12*fewGroups+12 {
			t.Errorf("%s: ten times the services are more than the work of a straight line", shape.name)
		}
	}
}

// TestRangesGrowInAStraightLine: one policy with many ranges, in one rule, in
// one each, as holes, and in the mesh: ten times the ranges are at most twenty
// times the bytes. With the square of them it would be a hundred times.
func TestRangesGrowInAStraightLine(t *testing.T) {
	address := func(i int) string { return fmt.Sprintf("20.%d.%d.%d/32", i>>15, i>>7&255, 2*i&255) }
	each := func(n int, format string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, address(i))
		}
		return strings.TrimSuffix(b.String(), ", ")
	}
	for name, text := range map[string]func(n int) string{
		"peers": func(n int) string {
			return "NP shop: podSelector: {}, ingress: [{ports: [{port: 80}], from: [" + each(n, "{ipBlock: {cidr: %s}}, ") + "]}]"
		},
		"rules": func(n int) string {
			return "NP shop: podSelector: {}, ingress: [" + each(n, "{from: [{ipBlock: {cidr: %s}}]}, ") + "]"
		},
		"holes": func(n int) string {
			return "NP shop: podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [" + each(n, "%s, ") + "]}}]}]"
		},
		"mesh": func(n int) string {
			return "AP shop: rules: [{from: [{source: {ipBlocks: [" + each(n, "%s, ") + "]}}]}]"
		},
	} {
		measure := func(n int) float64 {
			s := meshSet(t, text(n))
			w := &reach.Workload{Namespace: "shop", Name: "web", Mesh: reach.Sidecar}
			return allocated(func() {
				for range s.Connections(reach.All, []*reach.Workload{w}).Outside() {
					continue
				}
			})
		}
		few, many := measure(500), measure(5_000)
		t.Logf("%s: %.2f and %.2f MB", name, few/1e6, many/1e6)
		if many > 20*few {
			t.Errorf("%s: ten times the ranges are %.0f times the work", name, many/few)
		}
	}
}

// BenchmarkFold puts together what is alike.
func BenchmarkFold(b *testing.B) {
	for _, shape := range shapes {
		for _, n := range []int{10, 100, 1_000, 10_000} {
			b.Run(fmt.Sprintf("%s/%d", shape.name, n), func(b *testing.B) {
				s := newShop(b, n, shape)
				set, err := reach.New(s.objects, reach.BlocksMatchExternal)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					c := set.Connections(shape.layer, s.workloads)
					c.Fold(func(*reach.Workload) string { return "" }, func(con reach.Connection) (reach.Claim, bool) {
						return reach.Claim{Ports: con.Ports, Some: con.Some, Text: con.PortsText()}, true
					})
				}
			})
		}
	}
}
