package alerttest

import (
	"context"
	"slices"
	"sort"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
)

// memory holds the series of one scene: what is scraped, and what rules record.
// Times are milliseconds from the start of the scene.
type memory struct {
	byName map[string][]*stored
	byText map[string]*stored
}

type stored struct {
	labels  labels.Labels
	samples []sample // in the order of time
}

type sample struct {
	at    int64
	value float64
}

func newMemory() *memory {
	return &memory{byName: map[string][]*stored{}, byText: map[string]*stored{}}
}

// add appends a sample. As Prometheus does, it drops one that is not later than
// those that the series has.
func (m *memory) add(l labels.Labels, at int64, value float64) {
	key := l.String()
	s := m.byText[key]
	if s == nil {
		s = &stored{labels: l}
		m.byText[key] = s
		name := l.Get(model.MetricNameLabel)
		m.byName[name] = append(m.byName[name], s)
	}
	if n := len(s.samples); n > 0 && at <= s.samples[n-1].at {
		return
	}
	s.samples = append(s.samples, sample{at, value})
}

// Querier implements storage.Queryable.
func (m *memory) Querier(mint, maxt int64) (storage.Querier, error) {
	return querier{m, mint, maxt}, nil
}

type querier struct {
	*memory
	mint, maxt int64
}

func (q querier) Close() error { return nil }

func (q querier) Select(_ context.Context, sorted bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	mint, maxt := q.mint, q.maxt
	if hints != nil {
		mint, maxt = hints.Start, hints.End
	}
	var out []storage.Series
	for _, s := range q.candidates(matchers) {
		if slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.labels.Get(m.Name)) }) {
			continue
		}
		first := sort.Search(len(s.samples), func(i int) bool { return s.samples[i].at >= mint })
		end := sort.Search(len(s.samples), func(i int) bool { return s.samples[i].at > maxt })
		if first < end {
			out = append(out, stretch{s.labels, s.samples[first:end]})
		}
	}
	if sorted {
		slices.SortFunc(out, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	}
	return &set{series: out}
}

// candidates are the series of the metric that is asked for, if it is one.
func (q querier) candidates(matchers []*labels.Matcher) []*stored {
	for _, m := range matchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return q.byName[m.Value]
		}
	}
	var all []*stored
	for _, s := range q.byText {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *stored) int { return labels.Compare(a.labels, b.labels) })
	return all
}

// LabelValues and LabelNames are asked for by nothing that evaluates rules.
func (q querier) LabelValues(_ context.Context, name string, _ *storage.LabelHints, _ ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	values := map[string]bool{}
	for _, s := range q.byText {
		values[s.labels.Get(name)] = true
	}
	delete(values, "")
	return sortedKeys(values), nil, nil
}

func (q querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	names := map[string]bool{}
	for _, s := range q.byText {
		s.labels.Range(func(l labels.Label) { names[l.Name] = true })
	}
	return sortedKeys(names), nil, nil
}

func sortedKeys(m map[string]bool) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// set is a storage.SeriesSet.
type set struct {
	series []storage.Series
	next   int
}

func (s *set) Next() bool                        { s.next++; return s.next <= len(s.series) }
func (s *set) At() storage.Series                { return s.series[s.next-1] }
func (s *set) Err() error                        { return nil }
func (s *set) Warnings() annotations.Annotations { return nil }

// stretch is a part of a series: a storage.Series.
type stretch struct {
	labels  labels.Labels
	samples []sample
}

func (s stretch) Labels() labels.Labels { return s.labels }

func (s stretch) Iterator(chunkenc.Iterator) chunkenc.Iterator {
	return storage.NewListSeriesIterator(list(s.samples))
}

// list is a storage.Samples.
type list []sample

func (l list) Len() int                { return len(l) }
func (l list) Get(i int) chunks.Sample { return &l[i] }

// A sample is a chunks.Sample, of a float: there are no histograms but classic ones.
func (s *sample) T() int64                      { return s.at }
func (s *sample) ST() int64                     { return 0 }
func (s *sample) F() float64                    { return s.value }
func (s *sample) H() *histogram.Histogram       { return nil }
func (s *sample) FH() *histogram.FloatHistogram { return nil }
func (s *sample) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s *sample) Copy() chunks.Sample           { c := *s; return &c }
