// Compare runs kgen against what a user would run instead, each pair in turn,
// and says how their times compare.
//
//	go run ./bench/compare                            # each pair at the sizes that its goal is for
//	go run ./bench/compare -n 100,3000 -runs 3        # pairs with a peer at other sizes
//	go run ./bench/compare -pairs 'helm|cp' -o json
//	go run ./bench/compare -small                     # what CI runs: are the results right?
//	go run ./bench/compare -write docs/performance.md
//
// The peers are built from their modules once. Where a result is not what it
// should be (bytes that differ from kustomize's, objects that differ from
// Helm's, a file that should not have changed), compare ends with 1; it never
// does because of a time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"kgen.dev/kgen/bench/measure"
)

func main() {
	measure.Child()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "compare:", err)
		}
		stop()
		os.Exit(1)
	}
}
