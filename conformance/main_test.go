package conformance

import (
	"flag"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"testing"
)

// scratch is a folder for what several tests share, which goes with the process.
var scratch string

// TestMain lets twice as many tests run at once as there are processors, unless
// -parallel says otherwise: those that run side by side mostly wait for programs
// of their own. Garbage may lie about for longer than in a program that stays.
func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", strconv.Itoa(2*runtime.GOMAXPROCS(0))); err != nil {
			log.Fatal(err)
		}
	}
	debug.SetGCPercent(400)
	debug.SetMemoryLimit(1 << 30)
	var err error
	if scratch, err = os.MkdirTemp("", "kgen-conformance-"); err != nil {
		log.Fatal(err)
	}
	code := m.Run()
	if err := os.RemoveAll(scratch); err != nil {
		log.Print(err)
		code = max(code, 1)
	}
	os.Exit(code)
}
