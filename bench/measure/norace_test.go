//go:build !race

package measure

const instrumented = 1
