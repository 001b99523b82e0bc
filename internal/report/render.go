package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/graph"
)

var (
	//go:embed page.tmpl
	pageTemplate string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// gridCells is the number of pairs up to which the matrix is a table of all of
// them: 200 by 200. Above, it is a list of those that have something to say, so
// that the page grows with the connections and not with their square.
const gridCells = 40_000

// HTML writes the page. The same page gives the same bytes. Names and texts may
// hold anything: nothing in them is markup, and what would turn the direction
// of the text around is shown as its code point.
func (p *Page) HTML() ([]byte, error) {
	t, err := template.New("page").Funcs(template.FuncMap{"show": show}).Parse(pageTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, newSheet(p)); err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return b.Bytes(), nil
}

func show(v any) string { return graph.Visible(fmt.Sprint(v)) }

// sheet is the page as the template wants it: every decision made.
type sheet struct {
	Title      string
	Model      string
	CSP        string
	CSS        template.CSS
	JS         template.JS
	SVG        template.HTML
	Notes      []string
	Summary    []Number
	Matrix     *matrixSheet
	Checklist  []itemSheet
	Findings   []findingSheet
	Suppressed []findingSheet
	Canaries   []canarySheet
	Parties    []partySheet
}

func newSheet(p *Page) *sheet {
	css := pageStyle + graph.Style()
	s := &sheet{
		Title: cmp.Or(p.Title, "Network"), Model: p.Model, Notes: p.Notes, Summary: p.Summary,
		CSS: template.CSS(css), JS: template.JS(pageScript),
		CSP: "default-src 'none'; style-src " + hash(css) + "; script-src " + hash(pageScript) + "; base-uri 'none'; form-action 'none'",
	}
	for _, f := range p.Findings {
		if f.Suppressed == "" {
			s.Findings = append(s.Findings, newFinding(f))
		} else {
			s.Suppressed = append(s.Suppressed, newFinding(f))
		}
	}
	for _, state := range []State{Violated, NotChecked, Satisfied} { // what needs doing comes first
		for _, it := range p.Checklist {
			if it.standing() == state {
				s.Checklist = append(s.Checklist, newItem(it))
			}
		}
	}
	for _, c := range p.Canaries {
		s.Canaries = append(s.Canaries, newCanary(c))
	}
	g := &graph.Graph{}
	if p.Graph != nil {
		g = p.Graph.Filter(graph.Filter{}) // in order, every default filled in
	}
	if len(g.Nodes) > 0 {
		s.SVG = template.HTML(g.Inline())
	}
	labels := newLabels(g)
	m := p.Matrix
	if m == nil {
		m = MatrixOf(g)
	}
	if len(m.Cells) > 0 || len(m.From) > 0 {
		s.Matrix = newMatrix(m, labels)
	}
	s.Parties = newParties(p, g, labels)
	return s
}

// hash names an inline script or style in a Content-Security-Policy.
func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// labels says what a node is called, and where it stands in the graph's order.
type labels struct {
	label map[string]string
	at    map[string]int
}

func newLabels(g *graph.Graph) labels {
	l := labels{map[string]string{}, map[string]int{}}
	for i, n := range g.Nodes {
		l.label[n.ID], l.at[n.ID] = n.Label, i
	}
	if twice := repeated(g); len(twice) > 0 { // told apart by their whole ID
		for _, n := range g.Nodes {
			if twice[n.Label] {
				l.label[n.ID] = n.ID
			}
		}
	}
	return l
}

func repeated(g *graph.Graph) map[string]bool {
	count := map[string]int{}
	for _, n := range g.Nodes {
		count[n.Label]++
	}
	twice := map[string]bool{}
	for label, n := range count {
		if n > 1 {
			twice[label] = true
		}
	}
	return twice
}

func (l labels) of(id string) string { return cmp.Or(l.label[id], id) }

// order sorts IDs as the graph does; those that it does not know come last.
func (l labels) order(ids []string) []string {
	rank := func(id string) int {
		if at, ok := l.at[id]; ok {
			return at
		}
		return len(l.at)
	}
	ids = slices.Clone(ids)
	slices.SortFunc(ids, func(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b)) })
	return slices.Compact(ids)
}

type findingSheet struct {
	Finding
	Place string
	Word  string
	Class string
}

func newFinding(f Finding) findingSheet {
	s := findingSheet{Finding: f, Place: f.File, Word: string(f.Severity), Class: "warning"}
	if f.Line > 0 && f.File != "" {
		s.Place += fmt.Sprintf(":%d", f.Line)
		if f.Column > 0 {
			s.Place += fmt.Sprintf(":%d", f.Column)
		}
	}
	if f.Severity == Error {
		s.Class = "error"
	}
	if f.Suppressed != "" {
		s.Class = "suppressed"
	}
	return s
}

// standing is the state; a word that is none of them checks nothing.
func (it *Item) standing() State {
	if it.State == Satisfied || it.State == Violated {
		return it.State
	}
	return NotChecked
}

type itemSheet struct {
	Item
	Class    string
	Sign     string
	Word     string
	Absent   string // the faults that were looked for and not found
	Findings []findingSheet
}

func newItem(it Item) itemSheet {
	s := itemSheet{Item: it, Class: "unchecked", Sign: "?", Word: string(it.State)}
	switch it.State {
	case Satisfied:
		s.Class, s.Sign = "satisfied", "\u2713"
		if it.Pitfall {
			s.Word = "avoided"
		}
	case Violated:
		s.Class, s.Sign = "violated", "\u00d7"
		if it.Pitfall {
			s.Word = "not avoided"
		}
	}
	var absent []string
	for _, c := range it.Passed {
		absent = append(absent, show(c.Title))
	}
	s.Absent = strings.Join(absent, "; ")
	for _, f := range it.Findings {
		s.Findings = append(s.Findings, newFinding(f))
	}
	return s
}

type canarySheet struct {
	Canary
	Bars []barSheet
	Text string
}

type barSheet struct {
	graph.Share
	X, Width int // of 100
	Colour   int
}

func newCanary(c Canary) canarySheet {
	s := canarySheet{Canary: c}
	total := 0
	for _, share := range c.Shares {
		total += max(0, share.Weight)
	}
	sum := 0
	var words []string
	for i, share := range c.Shares {
		b := barSheet{Share: share, Colour: i % 4}
		if total > 0 {
			b.X = 100 * sum / total
			sum += max(0, share.Weight)
			b.Width = 100*sum/total - b.X
		}
		s.Bars = append(s.Bars, b)
		words = append(words, fmt.Sprintf("%s %d %%", show(share.Label), share.Weight))
	}
	s.Text = strings.Join(words, ", ")
	return s
}
