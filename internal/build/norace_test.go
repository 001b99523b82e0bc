//go:build !race

package build_test

const rounds = 3600
