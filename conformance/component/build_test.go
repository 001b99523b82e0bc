package component

import (
	"os"
	"testing"
	"time"
)

// TestEveryComponentIsAtHand builds what this machine has not kept and says how
// long each took: with -v the first run tells what a cold build costs, the
// others what is left of it.
func TestEveryComponentIsAtHand(t *testing.T) {
	s, err := machine()
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(s.sources)
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for _, e := range entries {
		d, err := describe(t.Context(), s.sources+"/"+e.Name())
		if err != nil {
			t.Error(err)
		} else if d.tool == "" {
			Modules(t, e.Name())
		} else {
			Build(t, e.Name())
		}
	}
	t.Logf("%d components are at hand after %s", len(entries), time.Since(start).Round(time.Second))
}
