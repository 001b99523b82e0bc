// Package conformance holds what kgen makes against the programs that read it:
// the stock commands, built from their own modules, judge the examples and the
// models of testdata/models; a Kubernetes API server (package cluster) with the
// CRDs, policies and webhooks of the platforms admits them; istiod and proxyless
// gRPC carry the canaries (package mesh), Traefik serves the front door, and the
// Prometheus Operator and Prometheus scrape and alert. Its tests are all there is
// in it, and one command runs them:
//
//	go test ./...                            # all of it: a few minutes, once the programs are built
//	go test -timeout 90m ./...               # the first time: kube-apiserver alone compiles for about five
//	go test -run TestAdmission -v .          # one part; -v tells how long each program took to build
//	go test -run 'TestAdmission/controls' .  # one part of a part
//	go test ./... -update                    # writes what has run into docs/conformance.md (package record)
//
// Tests that need addresses and ports of their own run in a network of their own
// (package namespace), which takes root or user namespaces; where there is
// neither, they fail and say so. Those of disks take the right to mount.
//
// It is a module of its own, so that kgen's go.mod stays light; the programs
// have modules of their own again (components), so that their versions do not
// fight. components/crds has no program: it pins the modules whose CRDs are read.
package conformance
