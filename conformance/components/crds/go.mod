module kgen.dev/kgen/conformance/components/crds

go 1.26.3

require (
	github.com/argoproj/argo-cd/v3 v3.5.0
	github.com/cert-manager/cert-manager v1.21.2
	github.com/cilium/cilium v1.18.2
	github.com/fluxcd/flagger v1.36.1
	github.com/fluxcd/kustomize-controller v1.9.6
	github.com/fluxcd/source-controller v1.9.6
	github.com/prometheus-operator/prometheus-operator v0.85.0
	github.com/traefik/traefik/v3 v3.6.15
	istio.io/api v1.31.1
	sigs.k8s.io/gateway-api v1.6.3
)
