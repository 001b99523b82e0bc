// Layout arranges kgen's manifests in other ways and lets stock kustomize build
// each: what a layout costs whoever does without kgen build.
//
//	go run ./bench/layout                       # 10, 100 and 300 services
//	go run ./bench/layout -layouts naive,leaves-fifo-monitor -runs 3
//	go run ./bench/layout -at 1000=naive,leaves-fifo-monitor -timeout 20m
//	go run ./bench/layout -write docs/performance.md
//
// The layouts take turns, and each figure is processor time. It fails where a
// layout builds other objects than it should; never because of a time.
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
			fmt.Fprintln(os.Stderr, "layout:", err)
		}
		stop()
		os.Exit(1)
	}
}
