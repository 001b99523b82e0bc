// Command kgen turns one description of an application's network into a
// Kubernetes networking repository.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"kgen.dev/kgen/internal/cli"
)

func main() {
	spend()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process where it is
	os.Exit(cli.Main(ctx, cli.StdIO(), os.Args[1:]))
}
