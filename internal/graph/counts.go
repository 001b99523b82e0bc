package graph

// Counts is how much of what a picture shows.
type Counts struct {
	Services                    int
	Connections                 int // pairs of nodes with an edge, in one direction
	Denied, Undeclared, Unknown int // of these, those with an edge in this state
}

// Counts counts what the SVG shows: what is folded into badges is not in it.
func (g *Graph) Counts() Counts { return g.fold(crowd).counts() }

func (g *Graph) counts() Counts {
	var c Counts
	for _, n := range g.Nodes {
		if n.Kind == Service {
			c.Services++
		}
	}
	type pair struct {
		from, to string
		state    State
	}
	seen := map[pair]bool{}
	count := func(n *int, p pair) {
		if !seen[p] {
			seen[p] = true
			*n++
		}
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		count(&c.Connections, pair{e.From, e.To, ""})
		switch p := (pair{e.From, e.To, e.look()}); p.state {
		case Denied:
			count(&c.Denied, p)
		case Undeclared:
			count(&c.Undeclared, p)
		case Unknown:
			count(&c.Unknown, p)
		}
	}
	return c
}
