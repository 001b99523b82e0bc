package mesh

import (
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/record"
)

// release: kgen's own way through a canary, applied in the order in which kgen
// build prints it, moves every call and fails none, while calls are going on.
func (w *world) release(t *testing.T, caller *workload) {
	w.reset(t, caller, 0)
	// Another caller, who is under way all the time.
	busy := start(t, "busy", web.identify(t, w.authority, w.authority), "call", target)
	busy.calls(t, 1)
	for _, step := range []struct {
		args  []string
		comes bool // a version comes to the route
	}{
		{[]string{"set", "cart", "1"}, true},
		{[]string{"set", "cart", "50"}, false},
		{[]string{"set", "cart", "100"}, false},
		{[]string{"promote", "cart"}, false},
		{[]string{"start", "cart", "--version", "v1", "--weight", "30"}, true}, // the way back is a canary too
		{[]string{"set", "cart", "0"}, false},
		{[]string{"abort", "cart"}, false},
	} {
		name := "kgen canary " + strings.Join(step.args, " ")
		tell[tally](t, busy, "begin")
		w.run(t, append([]string{"canary"}, step.args...)...)
		for _, o := range w.build(t) {
			if w.apply(t, o) && o.Name == "cart" {
				w.settle(t, busy) // the slowest way: everybody has heard of each object before the next
			}
		}
		w.settle(t, busy)
		got := tell[tally](t, busy, "end")
		record.Checks(t, 1)
		t.Logf("%s: %v: %s", name, w.route.weights, got)
		lost := got.failed()
		if step.comes {
			lost -= got.Failures[notYetKnown]
		}
		if lost > 0 || got.answered() == 0 {
			t.Errorf("%s: calls were lost: %s", name, got)
		}
	}
	if got := busy.calls(t, 1000); got.Answers["v2"] != 1000 {
		t.Errorf("after abort not everything goes to the stable version v2: %s", got)
	}
	record.Checks(t, 1)
}

// order measures what it costs to end a canary at once. kgen build prints the
// DestinationRule, which takes the other version away, before the VirtualService
// that sends calls there. The other way round is no remedy in itself: where both
// come at once istiod tells callers of clusters first and of routes last, so here
// each object is heard of before the next is applied.
func (w *world) order(t *testing.T, caller *workload) {
	for _, tt := range []struct {
		name      string
		weight    int
		verb      string
		routeTurn bool // the VirtualService first
		lossy     bool
	}{
		{"promote from 100", 100, "promote", false, false},
		{"promote from 100, the route first", 100, "promote", true, false},
		{"promote from 50", 50, "promote", false, true},
		{"promote from 50, the route first", 50, "promote", true, false},
		{"abort from 0", 0, "abort", false, false},
		{"abort from 50", 50, "abort", false, true},
		{"abort from 50, the route first", 50, "abort", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.reset(t, caller, tt.weight)
			busy := start(t, "busy", web.identify(t, w.authority, w.authority), "call", target)
			busy.calls(t, 1)
			tell[tally](t, busy, "begin")
			_, talk := w.run(t, "canary", tt.verb, "cart")
			objects := w.build(t)
			if tt.routeTurn {
				slices.SortStableFunc(objects, func(a, b cluster.Object) int { return turn(a) - turn(b) })
			}
			for _, o := range objects {
				if w.apply(t, o) && o.Name == "cart" {
					w.settle(t, busy)
				}
			}
			w.settle(t, busy)
			got := tell[tally](t, busy, "end")
			record.Checks(t, 2)
			t.Logf("%d calls: %s", got.answered()+got.failed(), got)
			if lost := got.failed() > 0; lost != tt.lossy {
				t.Errorf("that calls are lost is %t, want %t: %s", lost, tt.lossy, got)
			}
			if warned := strings.Contains(talk, "may fail"); warned != (tt.weight == 50) {
				t.Errorf("that kgen warns is %t:\n%s", warned, talk)
			}
		})
	}
}

// turn puts VirtualServices before DestinationRules.
func turn(o cluster.Object) int {
	switch o.Kind {
	case "VirtualService":
		return 1
	case "DestinationRule":
		return 2
	}
	return 0
}
