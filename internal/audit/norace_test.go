//go:build !race

package audit

// stride is how far apart the mutants are that are tried: all are.
const stride = 1
