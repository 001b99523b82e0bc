//go:build race

package reach_test

const raceEnabled = true
