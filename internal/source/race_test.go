//go:build race

package source_test

const rounds = 30
