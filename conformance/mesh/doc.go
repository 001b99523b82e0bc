// Package mesh puts traffic on what kgen makes. A Kubernetes API server holds a
// repository's manifests, istiod reads them there, and workloads that speak gRPC
// without a proxy do what istiod tells them: split calls between two versions,
// prove who they are, let in whom they may. Its tests are all there is in it.
//
// They run in a network of their own (package namespace), so that pods have
// addresses as pods have.
package mesh
