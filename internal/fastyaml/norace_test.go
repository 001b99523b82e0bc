//go:build !race

package fastyaml_test

const streams = 50_000
