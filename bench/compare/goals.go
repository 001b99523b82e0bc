package main

import "kgen.dev/kgen/bench/measure"

// A goal is what a pair is to come to. It is printed beside what the pair did
// come to, and never makes compare fail.
type goal struct {
	// ratio is that of processor times, or of wall times where wall is set; 0
	// where there is none.
	ratio float64
	wall  bool
	// limit is the wall time of the first program, in seconds; 0 where there is none.
	limit float64
}

// goals are those of the pairs of a name, each for the sizes in that name alone:
// at others the same ratio would mean less, or more.
var goals = map[string]goal{
	"kgen build / kustomize build, 300":                  {ratio: 1.0 / 25},
	"kgen build / kustomize build, 1000":                 {ratio: 1.0 / 100},
	"kgen build / helm template, 1000":                   {ratio: 2, wall: true},
	"kgen init / cp -r, 1000":                            {ratio: 2, wall: true},
	"kgen generate / kgen init, 1000":                    {ratio: 0.7, wall: true},
	"kgen add service, 1000 / 10":                        {ratio: 3, wall: true},
	"kgen build, 10000 / 1000":                           {ratio: 12},
	"kgen audit, 10000 / 1000":                           {ratio: 12},
	"kustomize build: kgen's layout / naive layout, 300": {ratio: 1.0 / 3},
	"start: kgen --help / helm --help":                   {limit: 0.03},
	"start: kgen __complete / helm __complete":           {limit: 0.03},
}

// String is "–" where nothing is asked of a pair.
func (g goal) String() string {
	switch {
	case g.limit > 0:
		return "first ≤ " + measure.Seconds(g.limit) + " wall"
	case g.ratio == 0:
		return "–"
	case g.wall:
		return "≤ " + measure.Ratio(g.ratio) + " wall"
	}
	return "≤ " + measure.Ratio(g.ratio)
}
