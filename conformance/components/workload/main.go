// Command workload is the program of a pod that speaks gRPC without a proxy:
// what istiod tells it by xDS is what it does. Where istiod is, and who the
// workload is, stands in the file that GRPC_XDS_BOOTSTRAP names.
//
//	workload serve ADDRESS VERSION   answers every call with its version
//	workload call TARGET             calls when it is told to; see caller
//
// It ends when its standard input does, so that it never outlives its test.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	switch {
	case len(args) == 3 && args[0] == "serve":
		return serve(args[1], args[2], in, out)
	case len(args) == 2 && args[0] == "call":
		return call(args[1], in, out)
	}
	return fmt.Errorf("usage: workload serve ADDRESS VERSION, or workload call TARGET; not %q", args)
}
