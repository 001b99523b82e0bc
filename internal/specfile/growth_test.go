package specfile

import (
	"testing"

	"kgen.dev/kgen/internal/spec"
)

// TestParseGrowsInAStraightLine holds that a file of four times the services
// takes four times the memory, piece by piece, and how many pieces a service is:
// its labels, its lists, and what validation sees with the defaults.
func TestParseGrowsInAStraightLine(t *testing.T) {
	const n = 100
	allocated := func(n int) float64 {
		text := []byte(many(n))
		return testing.AllocsPerRun(2, func() {
			if _, errs := Parse("kgen.yaml", text); len(errs) > 0 {
				t.Fatal(errs)
			}
		})
	}
	one, two, four := allocated(n), allocated(2*n), allocated(4*n)
	if four-two > 2.1*(two-one)+100 {
		t.Errorf("%v allocations for %d services, %v for twice, %v for four times as many", one, n, two, four)
	}
	const most = 12
	if each := (four - two) / (2 * n); each > most {
		t.Errorf("%v allocations a service, more than %d", each, most)
	}
}

// TestAChangeCostsWhatItChanges holds that beside the judgement of the model, a
// change of one service takes hardly more in a file of a thousand than in one
// of a hundred.
func TestAChangeCostsWhatItChanges(t *testing.T) {
	beside := func(n int, change func(f *File) (*File, error)) float64 {
		f, _ := Parse("kgen.yaml", []byte(many(n)))
		now, err := change(f)
		if err != nil {
			t.Fatal(err)
		}
		judging := testing.AllocsPerRun(2, func() { spec.Validate(now.Network) })
		return testing.AllocsPerRun(2, func() { _, _ = change(f) }) - judging
	}
	for name, change := range map[string]func(f *File) (*File, error){
		"a service": func(f *File) (*File, error) {
			now, _, err := f.Added(paying, by("svc-1", "svc-50"))
			return now, err
		},
		"a canary": func(f *File) (*File, error) {
			now, _, err := f.Changed(withCanary(f.Network, 60))
			return now, err
		},
		"nothing": func(f *File) (*File, error) {
			same := *f.Network
			now, _, err := f.Changed(&same)
			return now, err
		},
	} {
		few, lots := beside(100, change), beside(1000, change)
		if lots > few+150 {
			t.Errorf("%s: %v allocations beside the judgement in a file of 100 services, %v in one of 1000", name, few, lots)
		}
	}
}
