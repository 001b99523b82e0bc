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

// text is the table in Markdown. The ratios are those to the first layout.
func (t table) text() string {
	var b strings.Builder
	b.WriteString("| layout | what it is |")
	for _, n := range t.sizes {
		fmt.Fprintf(&b, " %d | ratio |", n)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("--:|--:|", len(t.sizes)) + "\n")
	for _, l := range t.layouts {
		fmt.Fprintf(&b, "| %s | %s |", l.Name, l.Doc)
		for _, n := range t.sizes {
			runs, first := t.runs[cell{l.Name, n}], t.runs[cell{t.layouts[0].Name, n}]
			seconds := measure.Seconds(measure.Of(runs, measure.Run.CPU).Median)
			ratio := measure.Ratio(measure.SpreadOf(measure.Ratios(runs, first, measure.Run.CPU)).Median)
			switch late, firstLate := timedOut(runs), timedOut(first); {
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
