package graph_test

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/graph/graphtest"
)

// random is a graph of any form: cycles, loops, several edges between two
// nodes, nodes without edges, long and odd names, all kinds and states.
func random(seed uint64) *graph.Graph {
	r := rand.New(rand.NewPCG(seed, 7))
	g := &graph.Graph{Title: fmt.Sprintf("random %d", seed)}
	n := 1 + r.IntN(60)
	kinds := []graph.Kind{graph.Service, graph.Service, graph.Service, graph.FrontDoor, graph.External, graph.Waypoint, graph.Prometheus, graph.DNS, graph.ControlPlane, "thing"}
	groups := r.IntN(6)
	for i := range n {
		node := graph.Node{ID: fmt.Sprintf("n%d", i), Kind: kinds[r.IntN(len(kinds))]}
		node.Label = strings.Repeat("long-name-", r.IntN(7)) + node.ID
		if groups > 0 && r.IntN(4) > 0 {
			node.Group = fmt.Sprintf("group %d", r.IntN(groups))
		}
		for range r.IntN(3) {
			node.Badges = append(node.Badges, []string{"mTLS", "canary 10 %", "a rather long badge that wraps", strings.Repeat("x", 80)}[r.IntN(4)])
		}
		g.Nodes = append(g.Nodes, node)
	}
	for range r.IntN(3*n + 1) {
		e := graph.Edge{From: fmt.Sprintf("n%d", r.IntN(n)), To: fmt.Sprintf("n%d", r.IntN(n)), MTLS: r.IntN(2) == 0, State: append(graph.States, "", "odd")[r.IntN(6)]}
		for range r.IntN(4) {
			e.Labels = append(e.Labels, fmt.Sprintf("%d/TCP", 1000+r.IntN(60000)))
		}
		if r.IntN(5) == 0 {
			e.Split = []graph.Share{{Label: "v1", Weight: 90}, {Label: strings.Repeat("v2", 1+r.IntN(20)), Weight: 10}}
		}
		g.Edges = append(g.Edges, e)
	}
	return g
}

func samples() map[string]*graph.Graph {
	all := map[string]*graph.Graph{"boutique": graphtest.Boutique(), "empty": {}, "one": {Nodes: []graph.Node{{ID: "a"}}}}
	for _, n := range []int{3, 12, 50, 150, 200} {
		all[fmt.Sprintf("shop of %d", n)] = graphtest.Shop(n)
	}
	for seed := range uint64(150) {
		all[fmt.Sprintf("random %d", seed)] = random(seed)
	}
	star := &graph.Graph{}
	chain := &graph.Graph{}
	for i := range 120 {
		star.Edges = append(star.Edges, graph.Edge{From: "center", To: fmt.Sprintf("s%d", i), Labels: []string{"80/TCP"}})
		chain.Edges = append(chain.Edges, graph.Edge{From: fmt.Sprintf("s%d", i), To: fmt.Sprintf("s%d", (i+1)%120)})
	}
	all["star"], all["ring"] = star, chain
	return all
}

func overlap(a, b graph.Rect) bool {
	ax, ay, aw, ah := a.Box()
	bx, by, bw, bh := b.Box()
	return ax < bx+bw && bx < ax+aw && ay < by+bh && by < ay+ah
}

func contains(outer, inner graph.Rect) bool {
	ox, oy, ow, oh := outer.Box()
	ix, iy, iw, ih := inner.Box()
	return ox <= ix && oy <= iy && ix+iw <= ox+ow && iy+ih <= oy+oh
}

// TestGeometry holds of every drawing that nothing stands on anything else.
func TestGeometry(t *testing.T) {
	for name, g := range samples() {
		t.Run(name, func(t *testing.T) {
			m := graph.Measure(g)
			page := graph.NewRect(0, 0, m.Width, m.Height)
			type thing struct {
				what string
				box  graph.Rect
			}
			var things []thing
			for _, id := range slices.Sorted(maps.Keys(m.Nodes)) {
				things = append(things, thing{"node " + id, m.Nodes[id]})
			}
			for i, r := range m.Labels {
				things = append(things, thing{"a label at " + m.LabelOf[i], r})
			}
			for i, r := range m.Legend {
				things = append(things, thing{fmt.Sprintf("legend %d", i), r})
			}
			for i, a := range things {
				if !contains(page, a.box) {
					t.Errorf("%s at %v is not on the page of %d by %d", a.what, a.box, m.Width, m.Height)
				}
				for _, b := range things[:i] {
					if overlap(a.box, b.box) {
						t.Errorf("%s at %v overlaps %s at %v", a.what, a.box, b.what, b.box)
					}
				}
				for _, line := range m.Bends { // lines that pass
					if overlap(a.box, line) {
						t.Errorf("a line at %v runs through %s at %v", line, a.what, a.box)
					}
				}
			}
			for id, group := range m.Member {
				for other, box := range m.Groups {
					if other == group && !contains(box, m.Nodes[id]) {
						t.Errorf("node %s at %v is outside of its group %s at %v", id, m.Nodes[id], group, box)
					}
					if other != group && overlap(box, m.Nodes[id]) {
						t.Errorf("node %s at %v of group %q stands in group %s at %v", id, m.Nodes[id], group, other, box)
					}
				}
			}
			names := slices.Sorted(maps.Keys(m.Groups))
			for i, a := range names {
				if !contains(page, m.Groups[a]) {
					t.Errorf("group %s at %v is not on the page", a, m.Groups[a])
				}
				for _, b := range names[:i] {
					if overlap(m.Groups[a], m.Groups[b]) {
						t.Errorf("groups %s and %s overlap", a, b)
					}
				}
			}
		})
	}
}

// element is one element of an SVG, as it was written.
type element struct {
	XMLName  xml.Name
	Attr     []xml.Attr `xml:",any,attr"`
	Children []element  `xml:",any"`
	Text     string     `xml:",chardata"`
}

func (e *element) attr(name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (e *element) all(class string) []*element {
	var found []*element
	if slices.Contains(strings.Fields(e.attr("class")), class) {
		found = append(found, e)
	}
	for i := range e.Children {
		found = append(found, e.Children[i].all(class)...)
	}
	return found
}

func parse(t *testing.T, svg []byte) *element {
	t.Helper()
	var root element
	d := xml.NewDecoder(bytes.NewReader(svg))
	if err := d.Decode(&root); err != nil {
		t.Fatalf("not well formed: %v", err)
	}
	if _, err := d.Token(); err != io.EOF {
		if rest, _ := d.Token(); rest != nil {
			t.Fatal("something follows the svg element")
		}
	}
	return &root
}

// numbers reads all numbers of a path.
func numbers(t *testing.T, path string) []int {
	t.Helper()
	var list []int
	for _, f := range strings.FieldsFunc(path, func(r rune) bool { return (r < '0' || r > '9') && r != '-' }) {
		n, err := strconv.Atoi(f)
		if err != nil {
			t.Fatalf("path %q: %v", path, err)
		}
		list = append(list, n)
	}
	return list
}

// TestLines follows every edge in the SVG as it was written: from the side of
// its node, line by line without a gap, into the arrow at the other node.
func TestLines(t *testing.T) {
	for name, g := range samples() {
		t.Run(name, func(t *testing.T) {
			svg := parse(t, g.SVG())
			m := graph.Measure(g)
			lines := map[string]*element{}
			for _, l := range svg.all("line") {
				lines[l.attr("data-line")] = l
			}
			slots := map[string]*element{}
			for _, s := range svg.all("slot") {
				slots[s.attr("data-slot")] = s
			}
			begin := func(l *element) [2]int { n := numbers(t, l.attr("d")); return [2]int{n[0], n[1]} }
			finish := func(l *element) [2]int {
				d := l.attr("d")
				n := numbers(t, d)
				if strings.Contains(d, "C") {
					return [2]int{n[len(n)-2], n[len(n)-1]}
				}
				return [2]int{n[len(n)-1], n[1]}
			}
			type pair struct{ from, to string }
			got := map[pair]int{}
			for _, first := range lines {
				from, ok := attribute(first, "data-from")
				if !ok {
					continue
				}
				x, y, w, h := m.Nodes[from].Box()
				at := begin(first)
				if (at[0] != x && at[0] != x+w) || at[1] < y || at[1] > y+h {
					t.Errorf("the line from %s begins at %v, not at its side: %v", from, at, m.Nodes[from])
				}
				last := first
				for steps := 0; last.attr("data-next") != ""; steps++ {
					next := lines[last.attr("data-next")]
					if next == nil || steps > len(lines) {
						t.Fatalf("the line from %s leads nowhere", from)
					}
					if begin(next) != finish(last) {
						t.Errorf("the line from %s has a gap from %v to %v", from, finish(last), begin(next))
					}
					last = next
				}
				slot := slots[last.attr("data-slot")]
				to := slot.attr("data-to")
				stem := slot.all("stem")[0]
				if begin(stem) != finish(last) {
					t.Errorf("%s to %s: the line ends at %v, the arrow begins at %v", from, to, finish(last), begin(stem))
				}
				x, y, w, h = m.Nodes[to].Box()
				tip := finish(stem)
				if d := min(abs(tip[0]-x), abs(tip[0]-x-w)); d > 8 || tip[1] < y || tip[1] > y+h {
					t.Errorf("%s to %s: the arrow ends at %v, not at %v", from, to, tip, m.Nodes[to])
				}
				got[pair{from, to}]++
			}
			want := map[pair]int{}
			for _, e := range graph.Drawn(g).Edges {
				want[pair{e.From, e.To}]++
			}
			if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(pair{})); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
}

func attribute(e *element, name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value, true
		}
	}
	return "", false
}

func abs(n int) int { return max(n, -n) }

// TestRoom holds that every text of a node and of a label has room in its box,
// by the widths that the layout reckons with. That those are no narrower than
// a browser's is tested in a browser.
func TestRoom(t *testing.T) {
	for name, g := range samples() {
		svg := parse(t, g.SVG())
		measured := 0
		for class, of := range map[string]string{"node": "box", "slot": "pill", "badge": ""} {
			for _, e := range svg.all(class) {
				var boxes []*element
				if of != "" {
					boxes = e.all(of)
				} else {
					boxes = []*element{&e.Children[0]}
				}
				for _, c := range e.Children {
					if c.XMLName.Local != "text" {
						continue
					}
					left := number(t, boxes[0], "x")
					x, w := number(t, &c, "x"), graph.Width(c.Text, 11, false)
					if c.attr("class") == "name" {
						w = graph.Width(c.Text, 13, true)
					}
					if x < left || x+w > left+number(t, boxes[0], "width") {
						t.Errorf("%s: %q from %d to %d is not within its box, from %d on, %s wide", name, c.Text, x, x+w, left, boxes[0].attr("width"))
					}
					measured++
				}
			}
		}
		if measured < len(svg.all("node")) {
			t.Errorf("%s: %d texts in %d nodes", name, measured, len(svg.all("node")))
		}
	}
}

// number is an attribute's, 0 where there is none.
func number(t *testing.T, e *element, name string) int {
	t.Helper()
	text := e.attr(name)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCrossings measures the order of columns against that of names: in one
// namespace, where the order is free, and in several, whose lanes force lines
// from one to another to cross what lies between.
func TestCrossings(t *testing.T) {
	for _, n := range []int{12, 50, 100, 150, 200} {
		several := graphtest.Shop(n)
		one := graphtest.Shop(n)
		for i := range one.Nodes {
			if strings.HasPrefix(one.Nodes[i].Group, "team-") {
				one.Nodes[i].Group = "shop"
			}
		}
		m := graph.Measure(one)
		t.Logf("%d services in one namespace: %d crossings, %d in the order of names", n, m.Crossings, m.Naive)
		if m.Crossings*100 > m.Naive*55 {
			t.Errorf("%d services in one namespace: %d crossings, and only %d in the order of names", n, m.Crossings, m.Naive)
		}
		m = graph.Measure(several)
		t.Logf("%d services: %d crossings, %d in the order of names", n, m.Crossings, m.Naive)
		if m.Crossings*100 > m.Naive*85 {
			t.Errorf("%d services: %d crossings, and only %d in the order of names", n, m.Crossings, m.Naive)
		}
	}
	// What can be drawn without a crossing is.
	tree := &graph.Graph{}
	for i := 1; i < 40; i++ {
		tree.Edges = append(tree.Edges, graph.Edge{From: fmt.Sprintf("%x", (i*7)%40/3), To: fmt.Sprintf("leaf %d", i)})
	}
	if m := graph.Measure(tree); m.Crossings != 0 {
		t.Errorf("a forest is drawn with %d crossings", m.Crossings)
	}
}

// TestOrder holds that the order in which a graph is given changes nothing.
func TestOrder(t *testing.T) {
	for name, g := range samples() {
		r := rand.New(rand.NewPCG(5, uint64(len(name))))
		svg, dot, flow := g.SVG(), g.DOT(), fmt.Sprint(g.Mermaid())
		for range 2 {
			shuffled := &graph.Graph{Title: g.Title, Groups: slices.Clone(g.Groups), Nodes: slices.Clone(g.Nodes), Edges: slices.Clone(g.Edges)}
			r.Shuffle(len(shuffled.Nodes), func(i, j int) { shuffled.Nodes[i], shuffled.Nodes[j] = shuffled.Nodes[j], shuffled.Nodes[i] })
			r.Shuffle(len(shuffled.Edges), func(i, j int) { shuffled.Edges[i], shuffled.Edges[j] = shuffled.Edges[j], shuffled.Edges[i] })
			for i := range shuffled.Edges {
				e := &shuffled.Edges[i]
				e.Labels = slices.Clone(e.Labels)
				slices.Reverse(e.Labels)
			}
			if !bytes.Equal(shuffled.SVG(), svg) {
				t.Errorf("%s: the SVG depends on the order", name)
			}
			if !bytes.Equal(shuffled.DOT(), dot) {
				t.Errorf("%s: DOT depends on the order", name)
			}
			if fmt.Sprint(shuffled.Mermaid()) != flow {
				t.Errorf("%s: Mermaid depends on the order", name)
			}
		}
	}
}

// TestDirection holds that a graph without cycles is drawn from left to right,
// and that a cycle costs one edge.
func TestDirection(t *testing.T) {
	tree := &graph.Graph{}
	for i := 1; i < 60; i++ {
		for _, j := range []int{i / 2, i / 3} {
			if i != j {
				tree.Edges = append(tree.Edges, graph.Edge{From: fmt.Sprint(j * 37 % 61), To: fmt.Sprint(i * 37 % 61)}) // names in no order
			}
		}
	}
	if n := graph.Acyclic(tree); n != 0 {
		t.Errorf("%d edges of a graph without cycles run backwards", n)
	}
	if n := graph.Acyclic(samples()["ring"]); n != 1 {
		t.Errorf("%d edges of a ring run backwards, want 1", n)
	}
}

func TestNatural(t *testing.T) {
	want := []string{"", "007", "07", "7", "8", "10", "a", "a2", "a10", "a10b", "b"}
	got := slices.Clone(want)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(got), func(i, j int) { got[i], got[j] = got[j], got[i] })
	slices.SortFunc(got, graph.Natural)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	for _, a := range want {
		for _, b := range want {
			if cmp.Compare(graph.Natural(a, b), 0) != -cmp.Compare(graph.Natural(b, a), 0) || (graph.Natural(a, b) == 0) != (a == b) {
				t.Errorf("%q against %q is %d, the other way %d", a, b, graph.Natural(a, b), graph.Natural(b, a))
			}
		}
	}
}

// TestHuge draws far more than is legible: it has to end, and to grow in
// proportion to what is drawn.
func TestHuge(t *testing.T) {
	small, large := graph.Measure(graphtest.Shop(500)), graph.Measure(graphtest.Shop(2000))
	if large.Vertices > 12*small.Vertices {
		t.Errorf("500 services are %d nodes and bends, 2,000 are %d", small.Vertices, large.Vertices)
	}
	deep := &graph.Graph{}
	r := rand.New(rand.NewPCG(3, 3))
	for i := range 3000 {
		deep.Edges = append(deep.Edges, graph.Edge{From: fmt.Sprint(i), To: fmt.Sprint(i + 1)}, graph.Edge{From: fmt.Sprint(r.IntN(i + 1)), To: fmt.Sprint(i)})
	}
	if m := graph.Measure(deep); m.Vertices > 500_000 {
		t.Errorf("a chain of 3,000 with as many shortcuts is %d nodes and bends", m.Vertices)
	}
}

func BenchmarkSVG(b *testing.B) {
	for _, n := range []int{12, 200, 1000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := graphtest.Shop(n)
			for b.Loop() {
				g.SVG()
			}
		})
	}
}
