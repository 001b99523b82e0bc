package alerttest

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Series is one series that is scraped: its values are in promtool's notation, a
// sample a step ("0+60x10": from 0, ten more that grow by 60).
type Series struct {
	metric string
	labels map[string]string
	values string
}

// Text is the series' name with its labels, as Prometheus writes them.
func (s Series) Text() string {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(s.labels)) {
		pairs = append(pairs, k+"="+strconv.Quote(s.labels[k]))
	}
	return s.metric + "{" + strings.Join(pairs, ",") + "}"
}

// Values are its samples in promtool's notation.
func (s Series) Values() string { return s.values }
