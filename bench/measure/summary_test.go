package measure

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSpreadOf(t *testing.T) {
	for _, c := range []struct {
		name    string
		figures []float64
		want    Spread
	}{
		{"none", nil, Spread{}},
		{"one", []float64{3}, Spread{3, 3, 3}},
		{"odd", []float64{9, 1, 4}, Spread{1, 4, 9}},
		{"even", []float64{8, 1, 4, 2}, Spread{1, 3, 8}},
	} {
		if diff := cmp.Diff(c.want, SpreadOf(c.figures)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestSpreadLeavesTheFiguresInTheirOrder(t *testing.T) {
	figures := []float64{3, 1, 2}
	SpreadOf(figures)
	if diff := cmp.Diff([]float64{3, 1, 2}, figures); diff != "" {
		t.Error(diff)
	}
}

func TestRatiosAreThoseOfTurns(t *testing.T) {
	a := []Run{{User: 1, System: 1}, {User: 9}, {User: 5}}
	b := []Run{{User: 4}, {System: 3}, {}}
	if diff := cmp.Diff([]float64{0.5, 3}, Ratios(a, b, Run.CPU)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{0.5}, Ratios(a, b[:1], Run.CPU)); diff != "" {
		t.Errorf("a turn that one side has not had (-want +got):\n%s", diff)
	}
}

func TestFiguresAsAPersonReadsThem(t *testing.T) {
	var got []string
	for _, s := range []float64{0.0094, 0.0996, 0.1, 1.234, 12.34, 155.4} {
		got = append(got, Seconds(s))
	}
	for _, r := range []float64{0, 1.0 / 238, 0.08, 1.0 / 3, 2.04, 12.34, 155.4} {
		got = append(got, Ratio(r))
	}
	for _, m := range []int64{0, 6_400_000, 99_500_000} {
		got = append(got, Megabytes(m))
	}
	want := []string{
		"9 ms", "100 ms", "0.10 s", "1.23 s", "12.3 s", "155 s",
		"0", "1/238", "1/12", "0.33", "2.04", "12.3", "155",
		"–", "6 MB", "100 MB",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
