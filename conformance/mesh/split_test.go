package mesh

import (
	"bytes"
	"fmt"
	"strconv"
	"testing"

	"kgen.dev/kgen/conformance/record"
)

// split: the share of the new version is the model's.
func (w *world) split(t *testing.T, caller *workload) {
	for _, weight := range []int{0, 1, 10, 50, 100} {
		t.Run(strconv.Itoa(weight), func(t *testing.T) {
			w.run(t, "canary", "set", "cart", strconv.Itoa(weight))
			w.applyAll(t)
			w.settle(t, caller)
			got := caller.calls(t, manyCalls)
			record.Checks(t, 1)
			t.Logf("%d%%: %s", weight, got)
			if err := uneven(got, weight); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("control: another weight than the model's", func(t *testing.T) {
		w.run(t, "canary", "set", "cart", "10")
		for _, o := range w.build(t) {
			if o.String() == "VirtualService shop/cart" {
				broken := o.Text
				for _, weight := range [][2]string{{"weight: 90", "weight: 85"}, {"weight: 10", "weight: 15"}} {
					if bytes.Count(broken, []byte(weight[0])) != 1 {
						t.Fatalf("there is not one %s to change in\n%s", weight[0], broken)
					}
					broken = bytes.Replace(broken, []byte(weight[0]), []byte(weight[1]), 1)
				}
				o.Text = broken
			}
			w.apply(t, o)
		}
		w.settle(t, caller)
		got := caller.calls(t, manyCalls)
		record.Checks(t, 1)
		t.Logf("15%% instead of 10%%: %s", got)
		if err := uneven(got, 10); err == nil {
			t.Errorf("a share of 15%% passes for one of 10%%: %s", got)
		}
	})
	t.Run("control: a version that nobody serves", func(t *testing.T) {
		w.reset(t, caller, 50)
		for _, o := range w.build(t) {
			if o.String() == "DestinationRule shop/cart" {
				o.Text = bytes.Replace(o.Text, []byte("version: v2"), []byte("version: v7"), 1)
			}
			w.apply(t, o)
		}
		until(t, "calls fail", func() (bool, string) {
			got := caller.calls(t, 50)
			return got.failed() > 0 && uneven(got, 50) != nil, fmt.Sprint(got)
		})
		w.applyAll(t)
		until(t, "they do not any more", func() (bool, string) {
			got := caller.calls(t, 50)
			return got.failed() == 0, got.String()
		})
		record.Checks(t, 2)
	})
}

// applyAll applies what kgen build prints, in its order.
func (w *world) applyAll(t *testing.T) {
	t.Helper()
	for _, o := range w.build(t) {
		w.apply(t, o)
	}
}
