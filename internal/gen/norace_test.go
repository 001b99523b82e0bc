//go:build !race

package gen_test

const racing = false
