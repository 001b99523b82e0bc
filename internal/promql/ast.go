package promql

import (
	"iter"
	"time"
)

// Type is what an expression gives.
type Type string

const (
	Scalar Type = "scalar"
	Vector Type = "instant vector"
	Matrix Type = "range vector"
	String Type = "string"
)

// Kind tells nodes of an expression apart.
type Kind string

const (
	Number      Kind = "number"
	Text        Kind = "text"
	Select      Kind = "selector"    // Selector; of type Matrix if it has a range
	Call        Kind = "function"    // Op is its name
	Aggregation Kind = "aggregation" // Op is its name
	Binary      Kind = "binary"      // Op is the operator, of two Args
	Unary       Kind = "unary"
	Paren       Kind = "parentheses"
	Subquery    Kind = "subquery"
)

// Node is one part of an expression.
type Node struct {
	Kind Kind
	Type Type
	// Offset is where it starts, in bytes of the text; of a Binary, where its
	// operator does.
	Offset int
	// Op is an operator or a name in lower case.
	Op string
	// Bool: a comparison gives 0 or 1 and leaves nothing out.
	Bool     bool
	Args     []*Node
	Value    float64 // of a Number
	Text     string  // of a Text
	Selector *Selector
	// Range is that of a selector or of a subquery, Back what offset adds to how
	// far back it looks; negative for a look ahead. Step is a subquery's.
	Range, Step, Back time.Duration

	modified, at bool // offset, or @, was given
}

// Selector is which series are meant.
type Selector struct {
	Name     string // "" where only matchers say it
	Matchers []Matcher
}

// Matcher is one condition on a label.
type Matcher struct {
	Label, Op, Value string // Op is =, !=, =~ or !~
	Offset           int
}

// All are the node and everything below it, outermost first, each with how far
// back the subqueries around it move it.
func (n *Node) All() iter.Seq2[*Node, time.Duration] {
	return func(yield func(*Node, time.Duration) bool) { n.walk(0, yield) }
}

func (n *Node) walk(back time.Duration, yield func(*Node, time.Duration) bool) bool {
	if !yield(n, back) {
		return false
	}
	if n.Kind == Subquery {
		back += n.Range + n.Back
	}
	for _, a := range n.Args {
		if !a.walk(back, yield) {
			return false
		}
	}
	return true
}

var comparisons = map[string]bool{"==": true, "!=": true, ">": true, "<": true, ">=": true, "<=": true}

// Filters reports whether the expression leaves something out by its values: a
// comparison, or a series' being there or not. An alert on anything else fires
// as long as its series exist.
func (n *Node) Filters() bool {
	switch n.Kind {
	case Binary:
		switch left, right := n.Args[0].Filters(), n.Args[1].Filters(); {
		case comparisons[n.Op]:
			return !n.Bool || left || right
		case n.Op == "unless":
			return true
		case n.Op == "or":
			return left && right
		default:
			return left || right
		}
	case Call:
		if n.Op == "absent" || n.Op == "absent_over_time" {
			return true
		}
		if n.Op == "vector" || n.Op == "scalar" {
			return false
		}
	}
	for _, a := range n.Args {
		if a.Filters() {
			return true
		}
	}
	return false
}
