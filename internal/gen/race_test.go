//go:build race

package gen_test

// racing: with the race detector, which slows everything down and looks for
// something else than these tests do, the matrix is gone through in strides.
const racing = true
