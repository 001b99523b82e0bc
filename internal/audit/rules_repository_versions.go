package audit

import (
	"slices"

	"kgen.dev/kgen/internal/diag"
)

var formerVersion = &Rule{
	ID: "RP03", Severity: diag.Warning,
	Title: "An object is written in a former version of its API",
	Items: []string{"C10"},
	Doc: `Istio's APIs are served as ` + "`v1`" + ` since 1.22 (Istio, "Introducing Istio v1 APIs") and stored as that since 1.27 (the CustomResourceDefinitions of
istio.io/api); ` + "`v1alpha3`, `v1beta1` and the like" + ` are served beside it, and may go as versions of other APIs did. The API server converts, so
nothing is broken; but what ` + "`kubectl get`" + ` shows is not what stands in the repository, patches and policies that go by the version miss it,
and the upgrade that drops it is one that finds every file at once. The same goes for the kinds of the Gateway API that are v1.

Write ` + "`v1`" + `, which every Istio from 1.22 on serves: the fields are the same. Kinds that have no v1, as EnvoyFilter, are left alone; versions that are no longer served are rule RP02's.`,
	check: func(c *Check) {
		looked := false
		for _, o := range c.Objects {
			now, kinds := currentVersion[o.Group()], stableKinds[o.Group()]
			if now == "" || !slices.Contains(kinds, o.Kind) {
				continue
			}
			looked = true
			c.Looked()
			if _, gone := unserved(o); o.APIVersion != now && !gone {
				c.Report(o, Field("apiVersion"), "write apiVersion: "+now, "%s is a former version of %s", o.APIVersion, o.Kind)
			}
		}
		if !looked {
			c.Skip("", "no object of Istio's or of the Gateway API's is given")
		}
	},
}

// currentVersion is the stable version of an API group's kinds.
var currentVersion = map[string]string{
	"networking.istio.io":       "networking.istio.io/v1",
	"security.istio.io":         "security.istio.io/v1",
	"gateway.networking.k8s.io": "gateway.networking.k8s.io/v1",
}

// stableKinds are those that have that version (istio.io/api v1.31,
// kubernetes/customresourcedefinitions.gen.yaml; Gateway API 1.6, standard channel).
var stableKinds = map[string][]string{
	"networking.istio.io":       {"DestinationRule", "Gateway", "ServiceEntry", "Sidecar", "VirtualService", "WorkloadEntry", "WorkloadGroup"},
	"security.istio.io":         {"AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"},
	"gateway.networking.k8s.io": {"GatewayClass", "Gateway", "HTTPRoute", "GRPCRoute"},
}
