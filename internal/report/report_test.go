package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"kgen.dev/kgen/internal/graph"
	"kgen.dev/kgen/internal/graph/graphtest"
	"kgen.dev/kgen/internal/report"
	"kgen.dev/kgen/internal/report/reporttest"
)

var update = flag.Bool("update", false, "write the golden file anew")

func html(t testing.TB, p *report.Page) string {
	t.Helper()
	b, err := p.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// body is the page without its head and its script, which are the same for all.
func body(t testing.TB, p *report.Page) string {
	t.Helper()
	page := html(t, p)
	_, page, _ = strings.Cut(page, "</head>")
	page, _, _ = strings.Cut(page, "<script>")
	return page
}

func TestGolden(t *testing.T) {
	got := body(t, reporttest.Page(graphtest.Boutique()))
	path := filepath.Join("testdata", "boutique.html")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got, -update writes it):\n%s", path, diff)
	}
}

// TestPolicy holds that the page allows its own script and style and nothing
// else, and that it names no address.
func TestPolicy(t *testing.T) {
	page := html(t, reporttest.Page(graphtest.Boutique()))
	between := func(open, close string) string {
		_, rest, ok := strings.Cut(page, open)
		if !ok {
			t.Fatalf("no %s", open)
		}
		text, _, _ := strings.Cut(rest, close)
		return text
	}
	hash := func(s string) string {
		sum := sha256.Sum256([]byte(s))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	want := "default-src 'none'; style-src " + hash(between("<style>", "</style>")) + "; script-src " + hash(between("<script>", "</script>")) + "; base-uri 'none'; form-action 'none'"
	got := strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(between(`Content-Security-Policy" content="`, `">`))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	for _, pattern := range []string{`(src|href|action|data|poster)="[^#]`, `https?://`, `@import`, `url\(`, `\son\w+=`, `\sstyle=`} {
		bare := strings.ReplaceAll(page, `xmlns="http://www.w3.org/2000/svg"`, "")
		if found := regexp.MustCompile(pattern).FindString(bare); found != "" {
			t.Errorf("the page holds %q", found)
		}
	}
}

func TestOrder(t *testing.T) {
	want := html(t, reporttest.Page(graphtest.Boutique()))
	for range 3 { // its nodes come out of a map
		if got := html(t, reporttest.Page(graphtest.Boutique())); got != want {
			i := 0
			for got[i] == want[i] {
				i++
			}
			t.Fatalf("two pages of one graph differ: %.200q against %.200q", got[i:], want[i:])
		}
	}
}

// TestMatrix reads the table back.
func TestMatrix(t *testing.T) {
	p := &report.Page{Title: "x", Graph: &graph.Graph{Nodes: []graph.Node{{ID: "a/s10", Label: "s10"}, {ID: "a/s9", Label: "s9"}, {ID: "b/s9", Label: "s9"}}},
		Matrix: &report.Matrix{Cells: []report.Cell{
			{From: "a/s10", To: "a/s9", Ports: []string{"80/TCP"}},
			{From: "a/s9", To: "b/s9", Ports: []string{"53/UDP", "53/TCP"}, State: graph.Denied, Why: "no rule"},
			{From: "outside", To: "b/s9", State: graph.Undeclared},
			{From: "outside", To: "b/s9", Ports: []string{"1/TCP"}, State: "odd"},
		}}}
	page := body(t, p)
	_, table, _ := strings.Cut(page, `<table class="grid">`)
	table, _, _ = strings.Cut(table, "</table>")
	var got []string
	for row := range strings.SplitSeq(table, "<tr") {
		row = regexp.MustCompile(`</t[hd]>`).ReplaceAllString(row, "|")
		row = regexp.MustCompile(`^[^>]*>|<[^>]*>|\n`).ReplaceAllString(row, "")
		got = append(got, row)
	}
	want := []string{"", "from \\ to|a/s9|b/s9|", "a/s9||× 53/UDP …|", "s10|80||", "outside||! ●? 1|"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if !strings.Contains(page, `title="a/s9 → b/s9: 53/UDP, 53/TCP, denied; no rule"`) {
		t.Error("the square does not say why")
	}
}

// TestMatrixOfMany is a list, of the size of the connections.
func TestMatrixOfMany(t *testing.T) {
	size := func(n int) int {
		g := graphtest.Shop(n)
		page := body(t, &report.Page{Graph: g})
		if lines := strings.Count(page, "data-other="); n > 200 && lines != len(g.Filter(graph.Filter{}).Edges) {
			t.Errorf("%d lines for %d edges", lines, len(g.Filter(graph.Filter{}).Edges))
		}
		return len(page)
	}
	page := body(t, &report.Page{Graph: graphtest.Shop(60)})
	if grids, lists := strings.Count(page, `class="grid wide"`), strings.Count(page, `<div class="onpaper"><table class="list">`); grids != 1 || lists != 1 {
		t.Errorf("60 services make %d wide tables and %d lists for paper, want one of each", grids, lists)
	}
	if small, large := size(300), size(900); large > 6*small {
		t.Errorf("300 services are %d bytes, 900 are %d", small, large)
	}
}

func TestEmpty(t *testing.T) {
	page := body(t, &report.Page{})
	for _, want := range []string{"<h1><bdi>Network</bdi></h1>", "There is no graph", "<p>None.</p>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the empty page does not say %q", want)
		}
	}
	for _, part := range []string{`id="matrix"`, `id="checklist"`, `id="canaries"`, `id="parties"`, `href="#matrix"`} {
		if strings.Contains(page, part) {
			t.Errorf("the empty page has %s", part)
		}
	}
}

// TestFindings looks for each finding where it belongs: in the list, at its
// checklist item, at the services that it is about; suppressed ones apart.
func TestFindings(t *testing.T) {
	f := report.Finding{Rule: "NP04", Severity: report.Error, File: "a.yaml", Line: 3, Column: 7, Object: "NetworkPolicy shop/a", Message: "denied", Fix: "allow it", Nodes: []string{"a", "a"}}
	quiet := f
	quiet.Suppressed, quiet.Until = "known", "2027-01-31"
	p := &report.Page{
		Graph:     &graph.Graph{Nodes: []graph.Node{{ID: "a"}, {ID: "b"}}},
		Findings:  []report.Finding{f, quiet},
		Checklist: []report.Item{{ID: "C1", Title: "policies", State: report.Violated, Findings: []report.Finding{f}}, {ID: "C2", Title: "mesh", State: report.NotChecked, Why: []string{"no mesh"}}, {ID: "C3", Title: "ingress", State: report.Satisfied, Passed: []report.Check{{ID: "IN01", Title: "A door leads nowhere"}}}, {ID: "P1", Title: "exposed", Pitfall: true, State: report.Satisfied}},
	}
	page := body(t, p)
	section := func(id string) string {
		_, rest, _ := strings.Cut(page, `<section id="`+id+`"`)
		text, _, _ := strings.Cut(rest, "</section>")
		return text
	}
	const loud, silent = `<li class="finding error"><span class="tag">NP04</span> <span class="severity">error</span> <code class="place">a.yaml:3:7</code> <span class="object">NetworkPolicy shop/a</span> <p>denied</p><p class="fix">allow it</p></li>`, `<p class="reason">Suppressed: known, until 2027-01-31</p>`
	count := func(id string) []int {
		return []int{strings.Count(section(id), loud), strings.Count(section(id), silent)}
	}
	for id, want := range map[string][]int{"findings": {1, 1}, "checklist": {1, 0}, "parties": {1, 1}} {
		if got := count(id); !slices.Equal(got, want) {
			t.Errorf("in %s there are %v findings and suppressed ones, want %v:\n%s", id, got, want, section(id))
		}
	}
	if _, apart, ok := strings.Cut(section("findings"), `<details class="suppressed"><summary>1 suppressed</summary>`); !ok || !strings.Contains(apart, silent) {
		t.Errorf("the suppressed finding does not stand apart:\n%s", section("findings"))
	}
	for _, want := range []string{"× violated", "? not checked", "✓ satisfied", "<li>no mesh</li>", "&#10003; IN01", "no finding of: A door leads nowhere", "✓ avoided", "<details open><summary>1 finding<"} {
		if !strings.Contains(section("checklist"), want) {
			t.Errorf("the checklist does not say %q", want)
		}
	}
}

// TestChecklist: what needs doing comes first, and says what stands against it.
func TestChecklist(t *testing.T) {
	passed := []report.Check{{ID: "NP02", Title: "A pod is outside of the default-deny"}, {ID: "NP03", Title: "Names"}}
	p := &report.Page{Checklist: []report.Item{
		{ID: "C1", Title: "one", State: report.Satisfied, Passed: passed},
		{ID: "C2", Title: "two", State: report.NotChecked, Why: []string{"SM01: there is no mesh"}},
		{ID: "C3", Title: "three", State: report.Violated, Passed: passed[:1], Findings: []report.Finding{{Rule: "NP01", Message: "open"}}},
		{ID: "P1", Title: "four", Pitfall: true, State: report.Satisfied},
		{ID: "P2", Title: "five", Pitfall: true, State: report.Violated, Findings: []report.Finding{{Rule: "NP01", Message: "open"}}},
	}}
	page := body(t, p)
	var got []string
	for _, item := range regexp.MustCompile(`(?s)<li class="item .*?</div>.*?\n`).FindAllString(page, -1) {
		text := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(strings.ReplaceAll(item, "<details open>", "(open)"), " ")
		got = append(got, strings.Join(strings.Fields(text), " "))
	}
	want := []string{
		"C3 three × violated (open) 1 finding NP01 open &#10003; NP02 no finding of: A pod is outside of the default-deny",
		"P2 five × not avoided (open) 1 finding NP01 open",
		"C2 two ? not checked SM01: there is no mesh",
		"C1 one ✓ satisfied &#10003; NP02 &#10003; NP03 no finding of: A pod is outside of the default-deny; Names",
		"P1 four ✓ avoided",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestPartyDetails: what a node says of itself does not stand among its ports.
func TestPartyDetails(t *testing.T) {
	page := body(t, &report.Page{Graph: &graph.Graph{Nodes: []graph.Node{{ID: "a", Details: []string{"CronJob"}}}}})
	_, cards, _ := strings.Cut(page, `<section id="parties"`)
	if !strings.Contains(cards, `<ul class="details"><li>CronJob</li></ul>`) || strings.Contains(cards, "<h4>Ports</h4>") {
		t.Errorf("the card: %s", cards)
	}
}

func TestCanaries(t *testing.T) {
	p := &report.Page{Canaries: []report.Canary{
		{Name: "api", Shares: []graph.Share{{Label: "v1", Weight: 90}, {Label: "v2", Weight: 10}}},
		{Name: "odd", Shares: []graph.Share{{Label: "v1", Weight: -5}, {Label: "v2", Weight: 0}}},
		{Name: "thirds", Shares: []graph.Share{{Label: "a", Weight: 1}, {Label: "b", Weight: 1}, {Label: "c", Weight: 1}}},
	}}
	var got []string
	for _, m := range regexp.MustCompile(`<rect class="share(\d)" x="(\d+)" width="(\d+)" height="6"/>`).FindAllStringSubmatch(body(t, p), -1) {
		got = append(got, strings.Join(m[1:], " "))
	}
	want := []string{"0 0 90", "1 90 10", "0 0 0", "1 0 0", "0 0 33", "1 33 33", "2 66 34"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("bars: colour, from, width (-want +got):\n%s", diff)
	}
}

// FuzzNames puts any text everywhere: it must not become markup.
func FuzzNames(f *testing.F) {
	for _, s := range []string{`</script><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "\u202egnp", "{{.}}", "\x00", "\xff", `'`, "`", "<!--", "]]>", "web"} {
		f.Add(s)
	}
	tag := regexp.MustCompile(`<[a-zA-Z!/][^>]*>`)
	plain := func(name string) *report.Page {
		g := &graph.Graph{Title: name, Nodes: []graph.Node{{ID: "1" + name, Group: name, Badges: []string{name}, Details: []string{name}}, {ID: "2" + name}},
			Edges: []graph.Edge{{From: "1" + name, To: "2" + name, Labels: []string{name}}}}
		finding := report.Finding{Rule: name, Severity: report.Severity(name), File: name, Object: name, Message: name, Fix: name, Suppressed: name, Until: name, Nodes: []string{"1" + name}}
		return &report.Page{Title: "t" + name, Model: "m" + name, Notes: []string{name}, Summary: []report.Number{{Label: name, Value: name}}, Graph: g,
			Parties:   []report.Party{{ID: "1" + name, Ports: []string{name}, Policies: []report.Policy{{Name: name, Place: name}}}},
			Checklist: []report.Item{{ID: name, Title: name, State: report.State("s" + name), Passed: []report.Check{{ID: name, Title: name}}, Why: []string{name}, Findings: []report.Finding{finding}}},
			Findings:  []report.Finding{finding}, Canaries: []report.Canary{{Node: "1" + name, Name: name, Shares: []graph.Share{{Label: name, Weight: 1}}, Note: "n" + name, Place: name}}}
	}
	names := func(page string) (list []string) {
		page = page[strings.Index(page, "</svg>"):] // the SVG's own test is in package graph
		for _, m := range tag.FindAllString(page, -1) {
			name, _, _ := strings.Cut(strings.Trim(m, "<>"), " ")
			list = append(list, name)
		}
		return list
	}
	want := names(html(f, plain("x")))
	f.Fuzz(func(t *testing.T, name string) {
		if name == "" {
			return // empty parts are left out
		}
		page := html(t, plain(name))
		if bytes.ContainsRune([]byte(page), 0) {
			t.Error("a NUL is in the page")
		}
		if diff := cmp.Diff(want, names(page)); diff != "" {
			t.Errorf("%q changes the elements of the page (-want +got):\n%s", name, diff)
		}
	})
}
