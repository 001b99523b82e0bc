// Package report makes one HTML page of what is known about a network: the
// graph, the matrix of connections, the audit by checklist, the canaries.
//
// The page needs nothing but itself: no network, no file beside it. Its
// Content-Security-Policy forbids all else, and names its one script and its
// one style sheet by their hashes. It can be read without the script, which
// adds pan and zoom, search, and a panel that follows one service.
//
// The package judges nothing. Whoever fills in a Page says what is so.
package report

import "kgen.dev/kgen/internal/graph"

// Page is all that the page says. A part that is empty is left out, except for the
// graph and the findings, whose absence is news.
type Page struct {
	Title     string
	Model     string   // what it was computed from, in a few words: "kgen.yaml", "12 files in networking/"
	Notes     []string // what a reader has to know first: "NetworkPolicy-only view: …"
	Summary   []Number
	Graph     *graph.Graph
	Parties   []Party // of the graph's nodes, those that have more to say than the graph does; by node ID
	Matrix    *Matrix // nil: MatrixOf(Graph)
	Checklist []Item
	Findings  []Finding // all of them, in the order in which they are to be read
	Canaries  []Canary
}

// Number is one figure of the summary.
type Number struct {
	Label string // "services"
	Value string // "12"
	State Mood
}

// Mood colours what is good or bad. The word stands beside the colour.
type Mood string

const (
	Plain Mood = ""
	Good  Mood = "good"
	Poor  Mood = "poor"
	Bad   Mood = "bad"
)

// Party is what is known of one node. Who calls it and whom it calls is read
// from the graph.
type Party struct {
	ID       string   // of the node
	Ports    []string // "http 80 → 8080/TCP"
	Policies []Policy
}

// Policy is a resource that decides over a party.
type Policy struct {
	Name  string // "NetworkPolicy shop/api"
	Place string // file:line
}

// Matrix says for each pair of nodes what is allowed between them.
type Matrix struct {
	From, To []string // node IDs, in order; empty: those of the cells, in the graph's order
	Cells    []Cell
}

// Cell is a pair of nodes that has something to say. Two cells of one pair
// stand in it one below the other.
type Cell struct {
	From, To string // node IDs
	Ports    []string
	State    graph.State
	Why      string // a sentence, shown on demand
}

// MatrixOf reads the matrix from the edges of a graph.
func MatrixOf(g *graph.Graph) *Matrix {
	m := &Matrix{}
	for _, e := range g.Filter(graph.Filter{}).Edges {
		m.Cells = append(m.Cells, Cell{From: e.From, To: e.To, Ports: e.Labels, State: e.State})
	}
	return m
}

// State says how an item of the checklist stands.
type State string

const (
	Satisfied  State = "satisfied"
	Violated   State = "violated"
	NotChecked State = "not checked"
)

// Item is one of the checklist's ten items or five pitfalls.
type Item struct {
	ID       string // "C1"
	Title    string
	Pitfall  bool // it is to be avoided, not done
	State    State
	Passed   []Check  // what looked at something and found no fault
	Why      []string // why it was not checked
	Findings []Finding
}

// Check is a rule that an item is judged by.
type Check struct {
	ID    string // "NP02"
	Title string // the fault that it looks for: "A pod is outside of the default-deny"
}

// Finding is what a rule has to say about a place.
type Finding struct {
	Rule       string   // "NP03"
	Severity   Severity // Error, Warning
	File       string
	Line       int    // 1-based; 0 if unknown
	Column     int    // 1-based; 0 if unknown
	Object     string // "NetworkPolicy shop/api"
	Message    string
	Fix        string
	Suppressed string   // the reason, where somebody gave one; such a finding counts for nothing
	Until      string   // the day on which that ends, where it does
	Nodes      []string // IDs of the nodes that it is about
}

// Severity of a finding.
type Severity string

const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Canary is a service two versions of which share its traffic.
type Canary struct {
	Node   string // ID of its node; may be empty
	Name   string
	Shares []graph.Share
	Note   string // "raised in steps of 10 % by Flagger"
	Place  string // file:line
}
