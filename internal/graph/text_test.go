package graph_test

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/graph/graphtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// small has one of everything.
func small() *graph.Graph {
	return &graph.Graph{
		Title:  "shop",
		Groups: []graph.Group{{ID: "shop", Label: "shop (production)"}},
		Nodes: []graph.Node{
			{ID: "shop/web", Label: "web", Group: "shop", Badges: []string{"mTLS"}, Details: []string{"http 80 → 8080/TCP"}},
			{ID: "shop/api", Label: "api", Group: "shop", Badges: []string{"mTLS", "canary 10 %"}},
			{ID: "shop/waypoint", Label: "waypoint", Group: "shop", Kind: graph.Waypoint},
			{ID: "data/db", Label: "end", Group: "data"},
			{ID: "shop.example.com", Kind: graph.FrontDoor},
			{ID: "10.0.0.0/8", Kind: graph.External},
			{ID: "monitoring/prometheus", Label: "prometheus", Kind: graph.Prometheus, Group: "monitoring"},
		},
		Edges: []graph.Edge{
			{From: "shop.example.com", To: "shop/web", Labels: []string{"443/TCP"}},
			{From: "shop/web", To: "shop/api", Labels: []string{"9000/TCP"}, MTLS: true, Split: []graph.Share{{Label: "v1", Weight: 90}, {Label: "v2", Weight: 10}}},
			{From: "shop/api", To: "data/db", Labels: []string{"5432/TCP"}, State: graph.Denied},
			{From: "shop/web", To: "data/db", Labels: []string{"5432/TCP"}, State: graph.Undeclared},
			{From: "shop/api", To: "10.0.0.0/8", Labels: []string{"443/TCP"}, State: graph.Unknown},
			{From: "shop/api", To: "shop/web", Labels: []string{"8080/TCP"}, MTLS: true},
			{From: "shop/api", To: "shop/api", Labels: []string{"7000/TCP"}},
			{From: "shop/web", To: "shop/waypoint", Labels: []string{"15008/TCP"}, MTLS: true},
			{From: "monitoring/prometheus", To: "shop/web", Labels: []string{"15090/TCP"}},
		},
	}
}

func TestGolden(t *testing.T) {
	for name, g := range map[string]*graph.Graph{"small": small(), "boutique": graphtest.Boutique()} {
		flow, err := g.Mermaid()
		if err != nil {
			t.Fatal(err)
		}
		for ext, got := range map[string][]byte{"mmd": flow, "dot": g.DOT(), "svg": g.SVG()} {
			path := filepath.Join("testdata", name+"."+ext)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("%s (-want +got, -update writes it):\n%s", path, diff)
			}
		}
	}
}

func TestMermaidLimits(t *testing.T) {
	many, long := &graph.Graph{}, &graph.Graph{}
	for i := range 501 {
		many.Edges = append(many.Edges, graph.Edge{From: "a", To: strconv.Itoa(i)})
	}
	for i := range 60 {
		long.Nodes = append(long.Nodes, graph.Node{ID: fmt.Sprint(i, strings.Repeat("x", 1000))})
	}
	for _, g := range []*graph.Graph{many, long} {
		if _, err := g.Mermaid(); err == nil || !strings.Contains(err.Error(), "filter the graph") {
			t.Errorf("the error is %v, want one that says the way out", err)
		}
	}
	many.Edges = many.Edges[:500]
	if _, err := many.Mermaid(); err != nil {
		t.Error(err)
	}
}

func TestFilter(t *testing.T) {
	edges := func(g *graph.Graph) (list []string) {
		for _, e := range g.Edges {
			list = append(list, e.From+" > "+e.To)
		}
		return list
	}
	nodes := func(g *graph.Graph) (list []string) {
		for _, n := range g.Nodes {
			list = append(list, n.ID)
		}
		return list
	}
	for _, c := range []struct {
		name         string
		filter       graph.Filter
		nodes, edges []string
	}{
		{"a group, and whom it talks with", graph.Filter{Groups: []string{"data"}},
			[]string{"data/db", "shop/api", "shop/web"}, []string{"shop/api > data/db", "shop/web > data/db"}},
		{"a name", graph.Filter{Names: []string{"waypoint"}},
			[]string{"shop/waypoint", "shop/web"}, []string{"shop/web > shop/waypoint"}},
		{"a pattern", graph.Filter{Names: []string{"data/*"}, States: []graph.State{graph.Denied}},
			[]string{"data/db", "shop/api"}, []string{"shop/api > data/db"}},
		{"kinds", graph.Filter{Kinds: []graph.Kind{graph.Service}, Names: []string{"web"}},
			[]string{"data/db", "shop/api", "shop/web"}, []string{"shop/api > shop/web", "shop/web > data/db", "shop/web > shop/api"}},
		{"a state", graph.Filter{States: []graph.State{graph.Unknown, graph.Denied}},
			[]string{"10.0.0.0/8", "data/db", "shop/api"}, []string{"shop/api > 10.0.0.0/8", "shop/api > data/db"}},
		{"a name in a state that it is not in", graph.Filter{Names: []string{"waypoint"}, States: []graph.State{graph.Denied}}, []string{"shop/waypoint"}, nil},
		{"a group and a name", graph.Filter{Groups: []string{"shop"}, Names: []string{"end"}}, nil, nil},
		{"nobody", graph.Filter{Names: []string{"nobody"}}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := small().Filter(c.filter)
			if diff := gocmp.Diff(c.nodes, nodes(got)); diff != "" {
				t.Errorf("nodes (-want +got):\n%s", diff)
			}
			if diff := gocmp.Diff(c.edges, edges(got)); diff != "" {
				t.Errorf("edges (-want +got):\n%s", diff)
			}
		})
	}
	if got := small().Matching("shop/w*"); gocmp.Diff([]string{"shop/waypoint", "shop/web"}, got) != "" {
		t.Errorf("shop/w* means %q", got)
	}
}

// TestFold keeps what is not as it should be, and says the rest on badges.
func TestFold(t *testing.T) {
	g := small()
	g.Nodes = append(g.Nodes, graph.Node{ID: "dns", Kind: graph.DNS})
	for _, n := range []string{"shop/web", "shop/api", "data/db"} {
		g.Edges = append(g.Edges, graph.Edge{From: n, To: "dns"})
	}
	g.Edges[len(g.Edges)-1].State = graph.Denied
	got := g.Fold()
	badges, rest := map[string][]string{}, []string{}
	for _, n := range got.Nodes {
		badges[n.ID] = n.Badges
	}
	for _, e := range got.Edges {
		if e.From == "monitoring/prometheus" || e.To == "dns" {
			rest = append(rest, e.From+" > "+e.To)
		}
	}
	want := map[string][]string{
		"shop/web": {"DNS", "mTLS", "scraped"}, "shop/api": {"DNS", "canary 10 %", "mTLS"}, "data/db": nil, "dns": nil,
		"shop/waypoint": nil, "shop.example.com": nil, "10.0.0.0/8": nil,
	}
	if diff := gocmp.Diff(want, badges); diff != "" {
		t.Errorf("badges (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"data/db > dns"}, rest); diff != "" {
		t.Errorf("edges that are left (-want +got):\n%s", diff)
	}
}

// TestContrast holds the colours to the contrast that they are to have: 4.5:1
// for text, 3:1 for lines and signs, by day and by night.
func TestContrast(t *testing.T) {
	day, night := map[string]string{}, map[string]string{}
	for _, h := range graph.Hues {
		day[h.Name()], night[h.Name()] = h.Day(), h.Night()
	}
	for _, c := range []struct {
		on, what string
		least    float64
	}{
		{"paper", "ink", 7}, {"paper", "muted", 4.5}, {"group", "muted", 4.5}, {"node", "ink", 7}, {"badge", "ink", 7}, {"badge", "muted", 4.5}, {"door", "ink", 7}, {"waypoint", "ink", 7}, {"infra", "ink", 7},
		{"paper", "denied", 4.5}, {"paper", "undeclared", 4.5}, {"paper", "unknown", 4.5}, {"group", "denied", 4.5}, {"group", "undeclared", 4.5}, {"group", "waypoint-line", 4.5}, {"group", "mtls", 4.5},
		{"group", "allowed", 3}, {"group", "unknown", 3}, {"paper", "mtls", 3}, {"node", "node-line", 3}, {"group", "door-line", 3}, {"group", "waypoint-line", 3}, {"group", "infra-line", 3}, {"node", "focus", 3},
	} {
		for name, colours := range map[string]map[string]string{"day": day, "night": night} {
			if got := contrast(t, colours[c.on], colours[c.what]); got < c.least {
				t.Errorf("by %s, %s on %s has a contrast of %.2f, want %.1f", name, c.what, c.on, got, c.least)
			}
		}
	}
}

// contrast is the ratio of WCAG 2.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) float64 {
		n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		part := func(v uint64) float64 {
			c := float64(v&255) / 255
			if c <= 0.04045 {
				return c / 12.92
			}
			return math.Pow((c+0.055)/1.055, 2.4)
		}
		return 0.2126*part(n>>16) + 0.7152*part(n>>8) + 0.0722*part(n)
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestClip(t *testing.T) {
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"cart", 100, "cart"},
		{"recommendationservice", 100, "recomme…nservice"},
		{"", 10, ""},
		{"ab", 3, "…"},
	} {
		if got := graph.Clip(c.text, c.limit, 13, false); graph.Width(got, 13, false) > max(c.limit, graph.Width("…", 13, false)) || c.limit != 100 && got != c.want {
			t.Errorf("Clip(%q, %d) = %q of width %d, want %q", c.text, c.limit, got, graph.Width(got, 13, false), c.want)
		}
	}
}

// quotedMermaid is what a line of a flowchart may look like, whatever its names are.
var quotedMermaid = regexp.MustCompile(`^(flowchart LR|  (  )?n\d+(\(\[|\[/|\{\{|\[\[|\[)"[^"\x60<>\\;]*((#\d+;|<br>)[^"\x60<>\\;]*)*"(\]\)|/\]|\}\}|\]\]|\])|  subgraph g\d+\["([^"\x60<>\\;]|#\d+;)*"\]|  end|  n\d+ (-->|-\.-x|==>|-\.-o)(\|"([^"\x60<>\\;]|#\d+;)*"\|)? n\d+)$`)

func FuzzNames(f *testing.F) {
	for _, s := range []string{
		"web", "", `</title><script>alert(1)</script>`, `"];x`, "a\nb", "end", "\u202eabc", "\x00\x1b[31m", "\xff\xfe", `\`, `\"`, "&lt;", "#35;", "`md`", "]]>", "-->", "\ufffe", "\U0001F600", "%%{init}%%", "a|b", strings.Repeat("长", 300),
	} {
		f.Add(s, s+"x")
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		g := &graph.Graph{Title: a, Description: b,
			Groups: []graph.Group{{ID: b, Label: a}},
			Nodes:  []graph.Node{{ID: a, Label: b, Group: b, Badges: []string{a}, Details: []string{a, b}, Kind: graph.Kind(a)}, {ID: b, Kind: graph.FrontDoor}},
			Edges:  []graph.Edge{{From: a, To: b, Labels: []string{a, b}, Split: []graph.Share{{Label: a, Weight: 3}}, State: graph.State(b), Details: []string{a}}}}
		for _, svg := range [][]byte{g.SVG(), g.Inline()} {
			d := xml.NewDecoder(bytes.NewReader(svg))
			for {
				token, err := d.Token()
				if token == nil {
					break
				}
				if err != nil {
					t.Fatalf("not well formed: %v", err)
				}
				if e, ok := token.(xml.StartElement); ok && (e.Name.Local == "script" || e.Name.Local == "image" || e.Name.Local == "a") {
					t.Fatalf("%q and %q make an element %s", a, b, e.Name.Local)
				}
			}
			if !utf8.Valid(svg) {
				t.Error("the SVG is no UTF-8")
			}
			if _, err := xml.NewDecoder(bytes.NewReader(svg)).Token(); err != nil {
				t.Error(err)
			}
		}
		if err := xml.Unmarshal(g.SVG(), new(element)); err != nil {
			t.Errorf("not well formed: %v", err)
		}
		flow, err := g.Mermaid()
		if err == nil {
			for line := range strings.Lines(string(flow)) {
				if !quotedMermaid.MatchString(strings.TrimSuffix(line, "\n")) {
					t.Errorf("%q and %q make the line %q", a, b, line)
				}
			}
		}
		// Outside of its quoted texts, DOT has no character of a name.
		bare := regexp.MustCompile(`"(\\.|[^"\\])*"`).ReplaceAllString(string(g.DOT()), `""`)
		if strings.ContainsAny(bare, "<>&\\'") && !strings.Contains(bare, "->") || strings.Count(bare, `"`)%2 != 0 {
			t.Errorf("%q and %q break out of their quotes:\n%s", a, b, bare)
		}
		m := graph.Measure(g)
		page := graph.NewRect(0, 0, m.Width, m.Height)
		for id, r := range m.Nodes {
			if !contains(page, r) {
				t.Errorf("node %q is not on the page", id)
			}
		}
	})
}
