package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/reach"
)

// mostLines is how many connections a table lists one by one. Of more, those
// that are alike become one line.
const mostLines = 500

// fewPairs is how many connections are listed one by one nevertheless: a line
// for several is worth its thought where it stands for many.
const fewPairs = 10

// mostNames is how many names a cell has. Longer lists stand below the table.
const mostNames = 6

// folded are lines for what is alike, and the lists that they refer to.
type folded struct {
	lines [][3]string
	lists []string
	at    map[string]int
}

// foldedRows gives the lines of a table of very many connections. A line with
// several workloads is for each of the one side with each of the other.
func foldedRows(groups []reach.Group, outside []connectionRow, n *namer) *folded {
	f := &folded{at: map[string]int{}}
	for _, g := range groups {
		pairs := len(g.From) * len(g.To)
		if g.Itself {
			pairs = len(g.From)
		}
		switch {
		case pairs < fewPairs:
			for _, from := range g.From {
				for _, to := range g.To {
					if (from == to) == g.Itself {
						f.lines = append(f.lines, [3]string{from.Text(), to.Text(), g.Text})
					}
				}
			}
		case g.Itself:
			f.lines = append(f.lines, [3]string{f.cell(n.names(g.From)), "itself", g.Text})
		default:
			f.lines = append(f.lines, [3]string{f.cell(n.names(g.From)), f.cell(n.names(g.To)), g.Text})
		}
	}
	f.addOutside(outside, n)
	slices.SortStableFunc(f.lines, func(a, b [3]string) int {
		return cmp.Or(strings.Compare(a[0], b[0]), strings.Compare(a[1], b[1]))
	})
	return f
}

// addOutside puts together the workloads that do the same with the same addresses.
func (f *folded) addOutside(rows []connectionRow, n *namer) {
	type key struct {
		outward      bool
		other, words string
	}
	var order []key
	of := map[key][]string{}
	cells := briefly(rows)
	kinds := map[string]bool{} // the texts that are addresses, among those that callers and destinations have
	for _, r := range rows {
		if r.Source == outsideKind {
			kinds[inBrief(r.From)] = true
		} else {
			kinds[inBrief(r.To)] = true
		}
	}
	for _, c := range cells {
		k, inside := key{true, c[1], c[2]}, c[0]
		if kinds[c[0]] {
			k, inside = key{false, c[0], c[2]}, c[1]
		}
		if of[k] == nil {
			order = append(order, k)
		}
		of[k] = append(of[k], inside)
	}
	for _, k := range order {
		insides := of[k]
		if len(insides) >= fewPairs {
			insides = []string{f.cell(n.texts(insides))}
		}
		for _, inside := range insides {
			line := [3]string{inside, k.other, k.words}
			if !k.outward {
				line[0], line[1] = line[1], line[0]
			}
			f.lines = append(f.lines, line)
		}
	}
}

// cell are names in a cell, or where to find them.
func (f *folded) cell(names []string, count int) string {
	all := strings.Join(names, ", ")
	if len(names) <= mostNames {
		return all
	}
	i, known := f.at[all]
	if !known {
		f.lists = append(f.lists, all)
		i = len(f.lists)
		f.at[all] = i
	}
	return fmt.Sprintf("%d workloads (list %d)", count, i)
}

// namer spells sets of workloads.
type namer struct {
	count  map[string]int // workloads by namespace
	all    int
	byText map[string]*reach.Workload
	of     map[string][]*reach.Workload
}

// newNamer knows whom namespace/* means: all that are given.
func newNamer(all []*reach.Workload) *namer {
	n := &namer{count: map[string]int{}, all: len(all), byText: map[string]*reach.Workload{}, of: map[string][]*reach.Workload{}}
	for _, w := range all {
		n.count[w.Namespace]++
		n.of[w.Namespace] = append(n.of[w.Namespace], w)
		n.byText[w.Text()] = w
	}
	return n
}

// texts is names for workloads by their texts.
func (n *namer) texts(list []string) ([]string, int) {
	var set []*reach.Workload
	for _, text := range list {
		if w := n.byText[text]; w != nil {
			set = append(set, w)
		}
	}
	if len(set) < len(list) {
		return list, len(list)
	}
	return n.names(set)
}

// names are as few names as say exactly these workloads: everybody is *, all of
// a namespace are namespace/*, and nearly all of it are so without some.
func (n *namer) names(list []*reach.Workload) ([]string, int) {
	in := map[string][]*reach.Workload{}
	var namespaces []string
	for _, w := range list {
		if in[w.Namespace] == nil {
			namespaces = append(namespaces, w.Namespace)
		}
		in[w.Namespace] = append(in[w.Namespace], w)
	}
	if len(list) == n.all && len(namespaces) > 1 {
		return []string{"*"}, len(list)
	}
	var out []string
	for _, namespace := range namespaces {
		some := in[namespace]
		missing := n.count[namespace] - len(some)
		switch {
		case missing == 0 && len(some) > 1:
			out = append(out, namespace+"/*")
		case missing > 0 && missing <= 3 && len(some) > 3*missing:
			has := map[*reach.Workload]bool{}
			for _, w := range some {
				has[w] = true
			}
			var without []string
			for _, w := range n.of[namespace] {
				if !has[w] {
					without = append(without, w.Name)
				}
			}
			out = append(out, namespace+"/* (without "+strings.Join(without, ", ")+")")
		default:
			for _, w := range some {
				out = append(out, w.Text())
			}
		}
	}
	return out, len(list)
}
