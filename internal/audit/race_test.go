//go:build race

package audit

// stride is how far apart the mutants are that are tried: the race detector
// makes each take several times as long, and finds the same in a few.
const stride = 7
