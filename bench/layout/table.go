package main

import (
	"fmt"
	"strings"

	"kgen.dev/kgen/bench/measure"
	"kgen.dev/kgen/bench/trees"
)

type cell struct {
	layout   string
	services int
}

// A table is the processor time of each layout at each number of services.
type table struct {
	layouts []trees.Layout
	sizes   []int
	runs    map[cell][]measure.Run
}

// turns says how often each layout was built at each number of services; one
// that did not end was not built again.
func (t table) turns() string {
	var each []string
	for _, n := range t.sizes {
		most := 0
		for _, l := range t.layouts {
			most = max(most, len(t.runs[cell{l.Name, n}]))
		}
		each = append(each, fmt.Sprintf("%d at %d", most, n))
	}
	return "Turns: " + strings.Join(each, ", ") + " services; medians."
}

// text is the table in Markdown. The ratios are those to the first layout, turn
// by turn; kgen's own layout is in bold.
func (t table) text() string {
	var b strings.Builder
	b.WriteString("| layout | what it is |")
	for _, n := range t.sizes {
		fmt.Fprintf(&b, " %d | ratio |", n)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("--:|--:|", len(t.sizes)) + "\n")
	for _, l := range t.layouts {
		name := l.Name
		if name == trees.Kgens {
			name = "**" + name + "**"
		}
		fmt.Fprintf(&b, "| %s | %s |", name, l.Doc)
		for _, n := range t.sizes {
			runs, first := t.runs[cell{l.Name, n}], t.runs[cell{t.layouts[0].Name, n}]
			if len(runs) == 0 {
				b.WriteString(" – | – |")
				continue
			}
			seconds := measure.Seconds(measure.Of(runs, measure.Run.CPU).Median)
			ratio := measure.Ratio(measure.SpreadOf(measure.Ratios(runs, first, measure.Run.CPU)).Median)
			switch late, firstLate := timedOut(runs), timedOut(first); {
			case len(first) == 0:
				ratio = "–"
				if late {
					seconds = "> " + seconds
				}
			case late && firstLate:
				seconds, ratio = "> "+seconds, "–"
			case late:
				seconds, ratio = "> "+seconds, "> "+ratio
			case firstLate:
				ratio = "< " + ratio
			}
			fmt.Fprintf(&b, " %s | %s |", seconds, ratio)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func timedOut(runs []measure.Run) bool {
	return len(runs) > 0 && runs[len(runs)-1].TimedOut
}
