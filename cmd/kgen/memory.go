package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// room is how many bytes the heap may grow by before it is collected. A run is
// short, and for most of them that is never.
const room = 64 << 20

// spend gives the collector of garbage less to do than it does by default, which
// suits what runs for days: it works whenever the heap has doubled, and that of a
// run starts at nothing. GOGC in the environment keeps it as that says.
func spend() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(growth(4 << 20)) // from the least that Go takes a heap to be
	watch()
}

// watch sets the next limit each time that a collection ends: it takes the
// garbage that tells of it.
func watch() {
	type garbage struct{ _ *byte } // not of those tiny things that are kept together
	runtime.AddCleanup(&garbage{}, func(struct{}) {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetGCPercent(growth(live[0].Value.Uint64()))
		watch()
	}, struct{}{})
}

// growth is by how many percent a heap of so many bytes in use may grow: by room
// while that is more than half of it, later by half, so that what a large
// repository takes stays in proportion to it.
func growth(live uint64) int { return int(max(room*100/max(live, 1<<20), 50)) }
