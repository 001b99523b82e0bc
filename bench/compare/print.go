package main

import (
	"fmt"
	"strings"

	"kgen.dev/kgen/bench/measure"
)

// text is two tables in Markdown: the ratios of the pairs, and what each
// program took.
func text(results []result) string {
	var b strings.Builder
	b.WriteString("| pair | ratio of processor times: median | least | greatest | of wall times | goal | turns |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range results {
		cpu, wall := r.ratio(measure.Run.CPU), r.ratio(elapsed)
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %d |\n", r.pair, r.bound(cpu.Median), r.bound(cpu.Min), r.bound(cpu.Max), r.bound(wall.Median), r.pair.goal, len(r.a))
	}
	b.WriteString("\n| program | user time: median | processor time: median | least | greatest | wall time: median | peak memory |\n|---|--:|--:|--:|--:|--:|--:|\n")
	for _, r := range results {
		row(&b, r.pair.a, r.a)
		row(&b, r.pair.b, r.b)
	}
	return b.String()
}

func row(b *strings.Builder, s side, runs []measure.Run) {
	user, cpu, wall := measure.Of(runs, userTime), measure.Of(runs, measure.Run.CPU), measure.Of(runs, elapsed)
	more := ""
	if late(runs) {
		more = "> "
	}
	fmt.Fprintf(b, "| %s | %s%s | %s%s | %s%s | %s%s | %s%s | %s |\n", s, more, measure.Seconds(user.Median),
		more, measure.Seconds(cpu.Median), more, measure.Seconds(cpu.Min), more, measure.Seconds(cpu.Max), more, measure.Seconds(wall.Median),
		measure.Megabytes(int64(measure.Of(runs, peak).Max)))
}

func elapsed(r measure.Run) float64  { return r.Wall }
func userTime(r measure.Run) float64 { return r.User }
func peak(r measure.Run) float64     { return float64(r.Peak) }

// late is whether the last run was ended before it was through.
func late(runs []measure.Run) bool { return len(runs) > 0 && runs[len(runs)-1].TimedOut }

func (r result) ratio(figure func(measure.Run) float64) measure.Spread {
	return measure.SpreadOf(measure.Ratios(r.a, r.b, figure))
}

// bound is a ratio, which is only a bound where a side was ended.
func (r result) bound(ratio float64) string {
	switch a, b := late(r.a), late(r.b); {
	case a && b:
		return "–"
	case ratio == 0:
		return "–" // too quick for the clock
	case a:
		return "> " + measure.Ratio(ratio)
	case b:
		return "< " + measure.Ratio(ratio)
	}
	return measure.Ratio(ratio)
}

// A pairDocument is a pair as -o json prints it. Times are in seconds, memory in bytes.
type pairDocument struct {
	Pair      string         `json:"pair"`
	A         sideDocument   `json:"a"`
	B         sideDocument   `json:"b"`
	Processor measure.Spread `json:"processorRatio"`
	Wall      measure.Spread `json:"wallRatio"`
	// Bound says that a run was ended, so that the ratios are no more than bounds.
	Bound  bool    `json:"bound"`
	Goal   float64 `json:"goal,omitempty"`
	GoalOf string  `json:"goalOf,omitempty"`
	// Limit is the wall time of A that is aimed at.
	Limit float64 `json:"limit,omitempty"`
}

type sideDocument struct {
	Program  string        `json:"program"`
	Services int           `json:"services,omitempty"`
	Runs     []measure.Run `json:"runs"`
}

func document(results []result) []pairDocument {
	out := make([]pairDocument, 0, len(results))
	for _, r := range results {
		d := pairDocument{
			Pair: r.pair.String(),
			A:    sideDocument{r.pair.a.name, r.pair.a.services, r.a},
			B:    sideDocument{r.pair.b.name, r.pair.b.services, r.b},

			Processor: r.ratio(measure.Run.CPU), Wall: r.ratio(elapsed),
			Bound: late(r.a) || late(r.b), Limit: r.pair.goal.limit,
		}
		if d.Goal = r.pair.goal.ratio; d.Goal > 0 {
			d.GoalOf = "processor"
			if r.pair.goal.wall {
				d.GoalOf = "wall"
			}
		}
		out = append(out, d)
	}
	return out
}
