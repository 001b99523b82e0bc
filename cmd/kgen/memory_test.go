package main

import "testing"

// TestGrowth holds that a small heap has the whole room, and that a large one
// stays in proportion to what is in use.
func TestGrowth(t *testing.T) {
	for _, tt := range []struct {
		live uint64
		want int
	}{{0, 6400}, {4 << 20, 1600}, {room, 100}, {2 * room, 50}, {1 << 40, 50}} {
		if got := growth(tt.live); got != tt.want {
			t.Errorf("growth(%d) = %d, want %d", tt.live, got, tt.want)
		}
	}
}
