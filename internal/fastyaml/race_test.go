//go:build race

package fastyaml_test

const streams = 4_000
