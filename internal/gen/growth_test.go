package gen_test

import (
	"sync"
	"testing"

	"kgen.dev/kgen/internal/gen"
)

// TestRenderGrowsInAStraightLine counts templates, bytes and what is allocated:
// twice as many services take twice as much, within what lists of all of them add.
func TestRenderGrowsInAStraightLine(t *testing.T) {
	type work struct{ templates, files, bytes, allocated float64 }
	measure := func(n int) (w work) {
		m := largeModel(n)
		var lock sync.Mutex
		files, err := gen.Render(m, gen.Options{}.Alone().GaveUp(func(string) {
			lock.Lock()
			defer lock.Unlock()
			w.templates++
		}))
		if err != nil {
			t.Fatal(err)
		}
		w.files = float64(files.Len())
		for _, data := range files.All() {
			w.bytes += float64(len(data))
		}
		w.allocated = testing.AllocsPerRun(1, func() {
			if _, err := gen.Render(m, gen.Options{}); err != nil {
				t.Fatal(err)
			}
		})
		return w
	}
	const n = 200
	one, two, four := measure(n), measure(2*n), measure(4*n)
	if one.templates != one.files || four.templates != four.files {
		t.Errorf("%v templates for %v files, %v for %v", one.templates, one.files, four.templates, four.files)
	}
	if four.templates-two.templates != 2*(two.templates-one.templates) {
		t.Errorf("templates: %v, %v, %v", one.templates, two.templates, four.templates)
	}
	for name, of := range map[string]func(work) float64{
		"bytes":       func(w work) float64 { return w.bytes },
		"allocations": func(w work) float64 { return w.allocated },
	} {
		if first, second := of(two)-of(one), of(four)-of(two); second > 2.1*first {
			t.Errorf("%s: %v, %v, %v for %d services, twice and four times as many", name, of(one), of(two), of(four), n)
		}
	}
}
