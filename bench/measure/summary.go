package measure

import (
	"fmt"
	"slices"
)

// A Spread is the least, the middle and the greatest of several figures.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// SpreadOf is the zero Spread where there is no figure. The middle of an even
// number of figures is the mean of the two in the middle.
func SpreadOf(figures []float64) Spread {
	n := len(figures)
	if n == 0 {
		return Spread{}
	}
	s := slices.Sorted(slices.Values(figures))
	return Spread{Min: s[0], Median: (s[(n-1)/2] + s[n/2]) / 2, Max: s[n-1]}
}

// Of is the spread of one figure of some runs.
func Of(runs []Run, figure func(Run) float64) Spread {
	figures := make([]float64, len(runs))
	for i, r := range runs {
		figures[i] = figure(r)
	}
	return SpreadOf(figures)
}

// Ratios are those of runs that took turns: the first of one to the first of the
// other, and so on. What slows both for a while leaves their ratio alone. A pair
// whose divisor is 0 (a program too quick for the clock) has none.
func Ratios(a, b []Run, figure func(Run) float64) []float64 {
	var out []float64
	for i := range min(len(a), len(b)) {
		if d := figure(b[i]); d > 0 {
			out = append(out, figure(a[i])/d)
		}
	}
	return out
}

// Seconds is a time as a person reads it: three figures that mean something.
func Seconds(s float64) string {
	switch {
	case s < 0.1:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 10:
		return fmt.Sprintf("%.2f s", s)
	case s < 100:
		return fmt.Sprintf("%.1f s", s)
	}
	return fmt.Sprintf("%.0f s", s)
}

// Ratio is a ratio as a person reads it: 1/240, 0.77, 2.1, 12.3, 105.
func Ratio(r float64) string {
	switch {
	case r <= 0:
		return "0"
	case r < 0.095:
		return fmt.Sprintf("1/%.0f", 1/r)
	case r < 9.95:
		return fmt.Sprintf("%.2f", r)
	case r < 99.5:
		return fmt.Sprintf("%.1f", r)
	}
	return fmt.Sprintf("%.0f", r)
}

// Megabytes is an amount of memory in units of 1,000,000 bytes.
func Megabytes(bytes int64) string {
	if bytes == 0 {
		return "–"
	}
	return fmt.Sprintf("%d MB", (bytes+500_000)/1_000_000)
}
