// Package conformance holds what kgen makes against the programs that read it:
// the stock commands, built from their own modules, judge the examples and the
// models of testdata/models, and a Kubernetes API server (package cluster) with
// the CRDs of the platforms admits them; Istio's own validation is asked about
// Istio's objects. Its tests are all there is in it:
//
//	go test ./...                            # all of it: a few minutes, once the programs are built
//	go test -timeout 40m ./...               # the first time: kube-apiserver alone compiles for about five
//	go test -run TestAdmission -v .          # one part; -v tells how long each program took to build
//	go test -run 'TestAdmission/controls' .  # one part of a part
//
// With the tag live the programs run on what kgen makes: istiod and proxyless
// gRPC carry its canaries (package mesh), istiod's webhook admits its objects, Traefik serves its front door, and
// the Prometheus Operator and Prometheus scrape and alert with it. That builds
// istiod, Traefik, Prometheus and the operator as well, and wants network namespaces:
//
//	go test -tags live -timeout 90m ./...
//
// It is a module of its own, so that kgen's go.mod stays light; the programs
// have modules of their own again (components), so that their versions do not
// fight. components/crds has no program: it pins the modules whose CRDs are read.
package conformance
