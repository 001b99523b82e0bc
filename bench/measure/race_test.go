//go:build race

package measure

// instrumented is how many times the memory of a program may be when the race
// detector keeps its notes beside it.
const instrumented = 3
