// Package conformance holds what kgen makes against the programs that read it:
// the stock commands, built from their own modules, judge the examples and the
// models of testdata/models. Its tests are all there is in it.
//
// It is a module of its own, so that kgen's go.mod stays light; the programs
// have modules of their own again (components), so that their versions do not
// fight.
package conformance
